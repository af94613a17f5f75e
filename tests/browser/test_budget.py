"""A month-end in a real browser as finance does it, with the chief at a second machine; every part on a phone."""

from collections.abc import Callable
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from dashboard import words
from db.access import Viewer
from db.commands.money import reopen_month
from db.engine import aggregate_session, record_session
from db.forms.money import ReopenForm
from db.ledger import LineTotal, closed_through, grand_total, line_totals
from db.models import Invoice, LedgerEntry
from db.vocab import Role
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser

PAYEE = "Brasslamp Recovery"
PARTS = (("Full-time", "400.00"), ("Benefits", "118.40"), ("Administrative", "61.60"))


FORMS = {"include": [["[data-testid='stMain']"]], "exclude": [["[data-testid='stButtonGroup']"]]}
"""What axe looks at: the page without the framework's menu, and without its row of buttons while the mouse is on it."""


def choose(page: Page, label: str, typed: str, option: str = "") -> None:
    box = page.get_by_role("combobox", name=label, exact=True)
    box.click()
    box.fill(typed)
    page.get_by_role("option", name=option or typed).first.click()
    settled(page)


def write(page: Page, label: str, text: str) -> None:
    """Type into a field and leave it: the server hears of it then, and what is tapped next finds a quiet page."""
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")
    settled(page)


def pick_day(page: Page, label: str, day: date) -> None:
    field = page.get_by_test_id("stDateInput").filter(has_text=label)
    for part, digits in (("month", f"{day:%m}"), ("day", f"{day:%d}"), ("year", f"{day:%Y}")):
        field.get_by_role("spinbutton", name=part).press_sequentially(digits)
    settled(page)


def open_part(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    ).first.click()
    settled(page)


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    settled(page)


def totals(server: Server) -> dict[str, LineTotal]:
    with aggregate_session(server.bind) as session:
        lines = line_totals(session)
    return {total.name: total for total in (*lines, grand_total(lines))}


def receive(page: Page) -> None:
    """The month's last invoice, in three parts."""
    page.get_by_text("Receive an invoice", exact=True).click()
    choose(page, "Payee", PAYEE)
    write(page, "Invoice number", "BR-10-B")
    pick_day(page, "Service from", date(2026, 10, 1))
    pick_day(page, "Service to", date(2026, 10, 31))
    pick_day(page, "Received", date(2026, 11, 13))
    for number, (line, amount) in enumerate(PARTS, start=1):
        if number > 1:
            tap(page, "Add a part")
        choose(page, f"Line of part {number}", line)
        write(page, f"Amount of part {number}", amount)
    expect(page.get_by_text("$580.00")).to_be_visible()
    tap(page, "Receive it")
    expect(page.get_by_text("received. It is pending until it is accepted.")).to_be_visible()


def test_a_month_end_as_finance_does_it(
    new_page: Callable[..., Page], server: Server, viewer: Callable[..., Viewer]
) -> None:
    somebody = viewer(Role.finance, user_id=7)
    with record_session(server.bind, somebody) as session:
        reopen_month(session, somebody, ReopenForm(month=date(2026, 10, 1), reason="The last invoice is late"))
    before = totals(server)
    chief, finance = new_page(), new_page()
    sign_in(chief, "chief", "/budget?part=Lines+and+transfers")
    expect(chief.get_by_text("Transfers between lines")).to_be_visible()
    sign_in(finance, "finance", "/budget?part=Invoices")

    receive(finance)
    with aggregate_session(server.bind) as session:
        invoice = session.scalars(select(Invoice).where(Invoice.number == "BR-10-B")).one().id
    card = finance.locator(f".st-key-invoice-list-{invoice}")
    settled(finance)
    card.get_by_role("button", name="Dispute").click()
    write(finance, "Why it waits", "The office hours are not confirmed")
    tap(finance, "Save the dispute")
    expect(card.get_by_text("Disputed: The office hours are not confirmed")).to_be_visible()
    card.get_by_role("button", name="Accept").click()
    expect(finance.get_by_text("Will be booked as expenditures on 31 Oct 2026")).to_be_visible()
    tap(finance, "Accept BR-10-B")
    expect(finance.get_by_text("accepted, $580.00 booked.")).to_be_visible()

    open_part(finance, "Ledger")
    void_and_rebook(finance, server)
    ask_and_approve(finance, chief)
    close(finance)

    open_part(chief, "Overview")
    expect(chief.get_by_text("closed through 31 Oct 2026")).to_be_visible()
    after = totals(server)
    assert after["Total"].spent - before["Total"].spent == 580
    assert after["Equipment"].budget - before["Equipment"].budget == 75
    table = chief.get_by_test_id("stDataFrame").first
    expect(table.get_by_text(words.money(after["Total"].spent, cents=True)).first).to_be_attached()
    with aggregate_session(server.bind) as session:
        assert closed_through(session) == date(2026, 10, 31)


def void_and_rebook(page: Page, server: Server) -> None:
    """The office costs were booked on the wrong line: taken back, and booked once on the right one."""
    with aggregate_session(server.bind) as session:
        wrong = session.scalars(
            select(LedgerEntry).where(LedgerEntry.description == "", LedgerEntry.line_id == 5)
        ).all()
        number = max(entry.id for entry in wrong)
    choose(page, "Open an entry", f"{number} ·")
    tap(page, "Void this entry")
    expect(page.get_by_text("Will be booked:")).to_be_visible()
    tap(page, "Void it")
    expect(page.get_by_text("Write why this entry is voided").first).to_be_visible()
    write(page, "Why", "It belongs to equipment")
    tap(page, "Void it")
    expect(page.get_by_text(f"Entry {number} is voided by entry {number + 1}.")).to_be_visible()
    open_part(page, "Add an entry")
    open_part(page, "Expenditure")
    choose(page, "Budget line", "Equipment")
    choose(page, "Payee", PAYEE)
    write(page, "Amount", "61.60")
    book = page.get_by_role("button", name="Book it")
    book.click()
    expect(page.get_by_text("The date is missing.").first).to_be_visible()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("61.60")
    pick_day(page, "Date signed", date(2026, 10, 31))
    book.dblclick()
    expect(page.get_by_text(f"Entry {number + 2} is booked.")).to_be_visible()
    settled(page)  # the second of the two taps has been heard too
    with aggregate_session(server.bind) as session:
        later = session.scalars(select(LedgerEntry).where(LedgerEntry.id > number).order_by(LedgerEntry.id)).all()
        assert [(str(e.amount), e.line_id, str(e.on_date)) for e in later] == [
            ("-61.60", 5, "2026-10-31"),
            ("61.60", 4, "2026-10-31"),
        ]


def ask_and_approve(finance: Page, chief: Page) -> None:
    """Asked at one machine, decided at the other: neither reloads."""
    open_part(finance, "Lines and transfers")
    open_part(finance, "Ask for a transfer")
    choose(finance, "From", "Part-time social worker")
    choose(finance, "To", "Equipment")
    write(finance, "Amount to move", "75")
    write(finance, "Why it should move", "Winter gear for the evening shift")
    tap(finance, "Ask for it")
    expect(finance.get_by_text("The transfer is asked for.")).to_be_visible()
    card = chief.locator("[class*='st-key-transfer-']").filter(has_text="Winter gear for the evening shift").last
    expect(card).to_be_visible()
    settled(chief)
    card.get_by_role("button", name="Approve").click()
    tap(chief, "Approve $75.00")
    expect(chief.get_by_text("The transfer is approved.")).to_be_visible()
    waits = finance.locator("[class*='st-key-transfer-']").filter(has_text="Winter gear for the evening shift")
    expect(waits).to_have_count(0)


def close(page: Page) -> None:
    open_part(page, "Months")
    expect(page.get_by_role("heading", name="October 2026 is open")).to_be_visible()
    expect(page.get_by_text("still pending")).to_be_visible()
    tap(page, "Close October 2026")
    tap(page, "Close it")
    expect(page.get_by_text("October 2026 is closed.")).to_be_visible()


def test_on_a_phone_no_part_is_sideways_or_hard_to_use(new_page: Callable[..., Page]) -> None:
    page = new_page(width=390, height=844)
    sign_in(page, "finance", "/budget")
    main = page.get_by_test_id("stMain")
    for part in ("Overview", "Invoices", "Ledger", "Lines and transfers", "Months"):
        open_part(page, part)
        assert main.evaluate("e => e.scrollWidth <= e.clientWidth"), part
        found = Axe().run(page, context=FORMS).response["violations"]
        serious = {f["id"]: [n["target"] for n in f["nodes"]] for f in found if f["impact"] in ("serious", "critical")}
        assert serious == {}, part
