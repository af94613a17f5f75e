"""The chief's first minute: everything on one screen, alive, and open to question."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from dashboard.ui.overview import CARDS, EXHIBITS
from db.engine import aggregate_session
from db.models import Identity, Intervention, Person
from db.vocab import DIRECT_MODES
from tests.browser.conftest import Server, settled, sign_in
from tests.browser.test_desk import tap

pytestmark = pytest.mark.browser
New = Callable[..., Page]


def overview(page: Page, query: str = "") -> Page:
    sign_in(page, "chief", f"/overview{query}")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(len(EXHIBITS))
    settled(page)
    return page


def test_a_desk_needs_no_scrolling(new_page: New) -> None:
    page = overview(new_page(1440, 900))
    for key in EXHIBITS:
        box = page.locator(f".st-key-exhibit-{key}").bounding_box()
        assert box is not None, key
        assert box["y"] + box["height"] <= 900, key
    titles = page.get_by_role("heading", level=1)
    expect(titles).to_have_count(1)
    expect(titles).to_contain_text("epeat calls")


def test_a_phone_has_two_cards_a_row_and_no_sideways_scrolling(new_page: New) -> None:
    page = overview(new_page(390, 844))
    boxes = [page.locator(f".st-key-card-{key}").bounding_box() for key in CARDS]
    tops = [round(box["y"]) for box in boxes if box]
    assert len(set(tops)) == 3, tops
    assert tops == sorted(tops)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390


def test_a_card_opens_its_definition_its_table_and_its_file(new_page: New) -> None:
    page = overview(new_page())
    page.locator(".st-key-card-about-people_served button").first.click()
    panel = page.get_by_test_id("stPopoverBody")
    expect(panel).to_contain_text("Unduplicated people")
    expect(panel).to_contain_text("Leaves out")
    expect(panel.get_by_test_id("stDataFrame")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "people_served.csv"
    assert "12 Jan 2026" in download.value.path().read_text("utf-8-sig")


def test_the_filter_is_in_the_address_and_nothing_else_gets_in(new_page: New) -> None:
    page = overview(new_page(), "?period=Quarter&staff=nobody&sort=drop")
    expect(page.get_by_role("radio", name="Quarter")).to_be_checked()
    query = parse_qs(urlsplit(page.url).query)
    assert query.get("period") == ["Quarter"]
    assert "staff" not in query
    page.get_by_role("radio", name="Pilot to date").click()
    page.wait_for_url(lambda url: "period" not in url)


def test_what_the_desk_saves_moves_the_chiefs_screen(new_page: New, server: Server) -> None:
    """No reload, no click: after the clinician's save one more person is served."""
    with aggregate_session(server.bind) as session:
        served = select(Intervention.person_id).where(Intervention.mode.in_(DIRECT_MODES))
        code, name = session.execute(
            select(Person.code, Identity.name)
            .join(Identity, Identity.person_id == Person.id)
            .where(Person.id.not_in(served.where(Intervention.person_id.is_not(None))))
            .order_by(Person.code)
        ).first() or ("", "")
    chief = overview(new_page())
    card = chief.locator(".st-key-card-people_served [data-testid=stMetricValue]")
    before = int(card.inner_text().split()[0].replace(",", ""))
    drawn = chief.locator(".st-key-exhibit-caseload").inner_text()
    desk = new_page(390, 844)
    sign_in(desk, "clinician", "/log")
    desk.get_by_role("combobox", name="Person").fill(code)
    desk.get_by_role("option", name=name).first.click()
    settled(desk)
    for answer in ("Phone or video", "Follow-up", "30", "Engaged, accepted help"):
        tap(desk, answer)
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("You can undo it for one minute")).to_be_visible()
    expect(card).to_contain_text(f"{before + 1:,}")
    expect(chief.locator(".st-key-exhibit-caseload")).not_to_have_text(drawn, use_inner_text=True)


def test_nothing_serious_for_a_screen_reader(page: Page) -> None:
    sign_in(page, "chief", "/overview")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    settled(page)
    found = Axe().run(page).response["violations"]
    serious = {f["id"]: [n["target"] for n in f["nodes"]] for f in found if f["impact"] in ("serious", "critical")}
    assert serious == {}
