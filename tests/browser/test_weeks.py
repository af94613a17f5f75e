"""A week on a phone: typed with the keyboard, lost by nobody, certified, accepted by the chief, amended by asking."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Tally, TallyAmendment, TallyValue
from db.vocab import TallyItem, TallyStatus
from tests.browser.conftest import Server, settled, sign_in
from tests.browser.test_desk import PHONE, SIDEWAYS, TOO_SMALL

pytestmark = pytest.mark.browser

WEEK = date(2026, 11, 9)
SHEET = f"/tally?staff=1&week={WEEK}"
ITEMS = list(TallyItem)


def type_in(page: Page, item: TallyItem, text: str) -> None:
    """Into the cell of ``item``, by the keyboard: one click into the sheet, then arrows, digits, Enter.

    The sheet is drawn on a canvas, and nothing says when it listens: what it did not hear is typed again.
    """
    sheet = page.get_by_test_id("stDataFrame").first
    first, cell = (sheet.locator(f"#glide-cell-{place}") for place in ("0-0", f"2-{ITEMS.index(item)}"))
    settled(page)
    sheet.scroll_into_view_if_needed()
    for _ in range(5):
        settled(page)
        box = sheet.bounding_box()
        assert box is not None
        sheet.click(position={"x": 60, "y": (box["height"] - 2) / (len(ITEMS) + 1) * 1.5})
        expect(first).to_be_focused()
        for key in ["ArrowRight"] * 2 + ["ArrowDown"] * ITEMS.index(item):
            page.keyboard.press(key)
        expect(cell).to_be_focused()
        page.keyboard.type(text, delay=60)
        page.wait_for_timeout(150)
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        settled(page)
        if cell.text_content() == text:
            return
    expect(cell).to_have_text(text)


def stored(server: Server, item: TallyItem = TallyItem.office) -> tuple[TallyStatus, float | None, str | None]:
    with aggregate_session(server.bind) as session:
        row = session.scalars(select(Tally).where(Tally.week == WEEK, Tally.staff_id == 1)).one()
        value = next(v for v in row.values if v.item is item)
        return row.status, None if value.reported is None else float(value.reported), value.reason


def log_of(server: Server, item: TallyItem) -> int:
    with aggregate_session(server.bind) as session:
        found = session.scalars(
            select(TallyValue.log).join(Tally).where(Tally.week == WEEK, Tally.staff_id == 1, TallyValue.item == item)
        ).one()
        return int(found)


def test_a_week_from_the_first_digit_to_an_amendment(new_page: Callable[..., Page], server: Server) -> None:
    log = log_of(server, TallyItem.office)
    hers = new_page(**PHONE)
    sign_in(hers, "clinician", SHEET)
    assert hers.evaluate(SIDEWAYS) is False
    type_in(hers, TallyItem.office, str(log + 2))
    why = hers.get_by_label(f"Office visits: log {log}, reported {log + 2}")
    expect(why).to_be_visible()
    hers.reload()  # half typed, and nothing saved
    expect(why).to_be_visible()
    expect(hers.get_by_text("restored")).to_be_visible()
    settled(hers)
    hers.get_by_role("button", name="Certify the week").click()
    expect(hers.get_by_text(f"log {log}, reported {log + 2}. Say why it differs.").first).to_be_visible()
    settled(hers)
    assert hers.evaluate(TOO_SMALL) == []

    his = new_page()  # the social worker has the same week open, and saves first
    sign_in(his, "socialworker", SHEET)
    type_in(his, TallyItem.office, str(log + 5))
    his.get_by_label(f"Office visits: log {log}, reported {log + 5}").fill("Counted in the waiting room")
    his.keyboard.press("Tab")
    settled(his)
    his.get_by_role("button", name="Save draft").click()
    expect(his.get_by_text("Saved by Orlick Saltwick")).to_be_visible()

    why.fill("Two visits without a record")
    hers.keyboard.press("Tab")
    expect(hers.get_by_text("Somebody saved this week while you had it open").first).to_be_visible()
    settled(hers)
    hers.get_by_role("button", name="Keep mine").click()
    expect(hers.get_by_text("Somebody saved this week while you had it open")).to_have_count(0)
    settled(hers)
    hers.get_by_role("button", name="Certify the week").click()
    expect(hers.get_by_text("Was it zero, or was it not recorded?")).to_be_visible()
    hers.get_by_role("radio", name="0", exact=True).or_(hers.get_by_role("button", name="0", exact=True)).first.click()
    settled(hers)
    hers.get_by_text("I expect no more work in it").click()
    settled(hers)
    hers.get_by_role("button", name="Certify", exact=True).click()
    expect(hers.get_by_text("Locked.")).to_be_visible()
    settled(hers)
    assert stored(server) == (TallyStatus.certified, log + 2, "Two visits without a record")

    chief = new_page()
    sign_in(chief, "chief", f"/weeks?staff=1&week={WEEK}")
    chief.get_by_role("button", name="Accept this week").click()
    expect(chief.get_by_text("Week of 9 Nov 2026 accepted")).to_be_visible()
    settled(chief)
    assert stored(server)[0] is TallyStatus.accepted

    hers.reload()
    settled(hers)
    hers.get_by_role("button", name="Ask the chief to amend it").click()
    settled(hers)
    type_in(hers, TallyItem.office, str(log + 1))
    hers.get_by_label("Why is it amended").fill("One of the two was a call")
    hers.keyboard.press("Tab")
    settled(hers)
    hers.get_by_role("button", name="Ask the chief", exact=True).click()
    expect(hers.get_by_text("The chief is asked to amend the week of 9 Nov 2026")).to_be_visible()
    assert stored(server)[1] == log + 2

    chief.goto("/weeks")
    question = "week of 9 Nov 2026: may it be amended?"
    asked = chief.get_by_test_id("stVerticalBlock").filter(has_text=question).last
    expect(asked).to_be_visible()
    settled(chief)
    asked.get_by_role("button", name="Approve").click()
    expect(chief.get_by_text(question)).to_have_count(0)
    settled(chief)
    assert stored(server) == (TallyStatus.accepted, log + 1, "One of the two was a call")
    with aggregate_session(server.bind) as session:
        line = session.scalars(select(TallyAmendment).order_by(TallyAmendment.id.desc())).first()
        assert line is not None
        assert (line.item, line.old_reported, line.new_reported) == (TallyItem.office, log + 2, log + 1)


def test_the_calendar_on_a_phone_opens_a_week_and_its_paper_form(new_page: Callable[..., Page]) -> None:
    page = new_page(**PHONE)
    sign_in(page, "clinician", "/weeks")
    expect(page.get_by_text("Orlick Saltwick").first).to_be_visible()
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []
    page.get_by_role("radiogroup", name="Maristel Quaymoor, Aug 2026").get_by_text("10").click()
    expect(page.get_by_text("was due on the Monday after it")).to_be_visible()
    assert "week=2026-08-10" in page.url
    settled(page)
    page.get_by_role("button", name="Paper form").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="As it stands").click()
    paper = opened.value
    expect(paper.get_by_role("heading", name="Weekly tally")).to_be_visible()
    expect(paper.get_by_text("10 Aug 2026 to 16 Aug 2026")).to_be_visible()
    assert paper.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert paper.request.get(f"{paper.url}&blank=1").ok
    assert paper.request.get(paper.url.replace("08-10", "08-11")).status == 404
