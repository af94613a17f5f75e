"""Finance at work in a real browser: an entry with a new payee, seen live by the chief; the page on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import LedgerEntry
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser


def choose(page: Page, label: str, typed: str, option: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(typed)
    page.get_by_role("option", name=option).first.click()


def test_finance_books_once_and_the_chief_sees_it_without_a_reload(
    new_page: Callable[..., Page], server: Server
) -> None:
    chief = new_page()
    sign_in(chief, "chief", "/budget")
    table = chief.get_by_test_id("stDataFrame").first
    expect(table.get_by_text("$96,000.00").first).to_be_attached()
    finance = new_page()
    sign_in(finance, "finance", "/budget")
    expect(finance.get_by_role("heading", name="Add an entry")).to_be_visible()
    finance.get_by_role("radio", name="Expenditure").or_(
        finance.get_by_role("button", name="Expenditure")
    ).first.click()
    choose(finance, "Budget line", "Equip", "Equipment")
    finance.get_by_label("Amount").fill("123.45")
    finance.get_by_label("Amount").press("Tab")
    choose(finance, "Payee", "Fathom Charts", "Fathom Charts")
    finance.get_by_label("Invoice number").fill("F-1")
    finance.get_by_label("Invoice number").press("Tab")
    settled(finance)
    book = finance.get_by_role("button", name="Book it")
    book.click()
    expect(finance.get_by_text("The date is missing.").first).to_be_visible()
    expect(finance.get_by_label("Amount")).to_have_value("123.45")
    when = finance.get_by_test_id("stDateInput").first
    for part, digits in (("month", "11"), ("day", "13"), ("year", "2026")):
        when.get_by_role("spinbutton", name=part).press_sequentially(digits)
    settled(finance)
    book.dblclick()
    expect(finance.get_by_text("is booked.")).to_be_visible()
    with aggregate_session(server.bind) as session:
        booked = session.scalars(select(LedgerEntry).where(LedgerEntry.payee == "Fathom Charts")).all()
        spent = sum(
            e.amount
            for e in session.scalars(select(LedgerEntry).where(LedgerEntry.line_id == 4))
            if e.kind.value != "obligation"
        )
    assert [(str(e.amount), str(e.on_date)) for e in booked] == [("123.45", "2026-11-13")]
    expect(table.get_by_text(f"${spent:,}").first).to_be_attached()


def test_on_a_phone_nothing_is_sideways(new_page: Callable[..., Page]) -> None:
    page = new_page(width=390, height=844)
    sign_in(page, "finance", "/budget")
    expect(page.get_by_role("heading", name="Ledger")).to_be_attached()
    settled(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
