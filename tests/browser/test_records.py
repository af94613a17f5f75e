"""From a figure to the records behind it, as the desk and as the chief."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled, sign_in

pytestmark = pytest.mark.browser
New = Callable[..., Page]


def serious(page: Page) -> list[str]:
    """What axe finds on the page itself; the folded menu of a phone is the framework's."""
    found = Axe().run(page, context="[data-testid='stMain']").response["violations"]
    return [violation["id"] for violation in found if violation["impact"] in ("serious", "critical")]


def drawn(page: Page) -> None:
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".js-plotly-plot:not(:has(.main-svg))")).to_have_count(0)
    settled(page)


def test_the_desk_opens_a_chart_its_records_and_a_person_on_a_phone(new_page: New) -> None:
    page = new_page(390, 844)
    sign_in(page, "clinician", "/review?theme=Referrals&period=Quarter")
    drawn(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert serious(page) == []
    way = page.locator(".st-key-exhibit-within_48h").get_by_role("link", name="Records")
    box = way.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    way.click()
    page.wait_for_url(re.compile(r"/records\?.*measure=within_48h"))
    expect(page).to_have_url(re.compile("for_period=Quarter"))
    settled(page)
    rows = page.locator(".st-key-records-list").get_by_role("link")
    expect(rows.first).to_be_visible()
    said = page.get_by_text(re.compile(r"^\d+ records$")).inner_text()
    assert rows.count() == min(int(said.split()[0]), 20)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert serious(page) == []
    page.get_by_role("combobox", name="Part").click()
    page.get_by_role("option", name=re.compile("Not tried within 48 h")).click()
    page.wait_for_url(re.compile(r"part=counted\.no"))
    settled(page)
    fewer = int(page.get_by_text(re.compile(r"^\d+ records?$")).inner_text().split()[0])
    assert 0 < fewer < int(said.split()[0])
    page.reload()
    settled(page)
    expect(page.get_by_text(f"{fewer} record", exact=False).first).to_be_visible()
    rows.first.click()
    page.wait_for_url(re.compile(r"/referrals\?referral=\d+"))


def test_the_chief_sees_code_week_and_mode_and_nothing_to_click(new_page: New) -> None:
    page = new_page()
    sign_in(page, "chief", "/overview")
    drawn(page)
    page.locator(".st-key-exhibit-caseload").get_by_role("link", name="Records").click()
    page.wait_for_url(re.compile(r"/records\?measure=caseload"))
    settled(page)
    expect(page.get_by_text("Code, week and mode are all that is shown outside the desk.")).to_be_visible()
    expect(page.locator(".st-key-records-list")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Part")).to_have_count(0)
    page.goto("/records?measure=interventions&week=2026-05-11")
    settled(page)
    expect(page.get_by_text("18 interventions = 16 records + 2 reported without a record")).to_be_visible()


def test_a_bar_opens_its_own_records(new_page: New) -> None:
    page = new_page()
    sign_in(page, "socialworker", "/review?theme=Connections")
    drawn(page)
    exhibit = page.locator(".st-key-exhibit-connections_by_need")
    exhibit.scroll_into_view_if_needed()
    box = exhibit.locator(".point path").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)
    page.wait_for_url(re.compile(r"measure=connections_by_need&part=need\.\w+"))
    settled(page)
    expect(page.get_by_text(re.compile(r"^\d+ records?$"))).to_be_visible()
