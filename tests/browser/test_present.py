"""A rehearsal at 1920 × 1080: keys, the speaker's window, a server that goes away, a file on a disk, a link."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from dashboard import edition as editions_above
from dashboard import meeting_page
from dashboard.ui.session import SESSION_COOKIE
from db.access import Viewer, shell_viewer
from db.commands import edition_links, editions, questions
from db.engine import aggregate_session, record_session
from db.forms.meetings import EditionForm
from db.models import Edition, Question
from tests.browser.conftest import Server, settled, sign_in, stop
from tests.conftest import NOW, TODAY
from tests.dashboard.conftest import new_session

pytestmark = pytest.mark.browser
New = Callable[..., Page]


def rehearsing() -> Viewer:
    return shell_viewer("rehearsal", now=NOW, today=TODAY)


@pytest.fixture(scope="module")
def number(server: Server) -> str:
    """An approved edition of the demo city."""
    viewer = rehearsing()
    saved = editions_above.prepare(server.bind, viewer, EditionForm(meeting_on=date(2026, 11, 25), title="Committee"))
    with record_session(server.bind, viewer) as session:
        editions.approve(session, viewer, saved.id)
        return session.get_one(Edition, saved.id).number


def opened(page: Page, server: Server, number: str) -> Page:
    token = new_session(server.bind, "chief")
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])
    page.goto(f"/meeting/{number}")
    return ready(page)


def ready(page: Page) -> Page:
    expect(page.locator("body[data-ready=yes]")).to_be_attached()
    return page


def presenter(page: Page) -> Page:
    """The speaker's window, which P opens."""
    with page.expect_popup() as second:
        page.keyboard.press("p")
    expect(second.value.locator("#view-now h1")).to_be_visible()
    return second.value


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [violation["id"] for violation in found if violation["impact"] in ("serious", "critical")]


def asked(bind: Server) -> list[str]:
    with aggregate_session(bind.bind) as session:
        return list(session.scalars(select(Question.asked).order_by(Question.id)))


def ask(page: Page, words: str) -> None:
    page.keyboard.press("q")
    page.get_by_label("What was asked").fill(words)
    page.get_by_role("button", name="Keep question").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


LOOKED_AT = """() => {
    const slide = document.querySelector('.slide.on'), chart = slide.querySelector('.wide svg');
    const seen = [...slide.querySelectorAll('p, h1, span, strong, text')]
        .filter(e => e.textContent.trim() && !e.closest('.small, .figures, .note'));
    const box = chart && chart.getBoundingClientRect();
    return {
        claim: parseFloat(getComputedStyle(slide.querySelector('h1')).fontSize),
        smallest: Math.min(...seen.map(e => parseFloat(getComputedStyle(e).fontSize))),
        over: slide.scrollHeight - 1080,
        low: Math.max(...seen.filter(e => !e.closest('.foot')).map(e => e.getBoundingClientRect().bottom))
            - slide.querySelector('.foot').getBoundingClientRect().top,
        drawn: chart ? Math.min(box.width / chart.viewBox.baseVal.width, box.height / chart.viewBox.baseVal.height) : 1,
    };
}"""


def test_every_slide_can_be_read_at_the_far_end_of_the_chamber(new_page: New, server: Server, number: str) -> None:
    page = opened(new_page(1920, 1080), server, number)
    for lang in ("en", "es"):
        page.keyboard.press("Home")
        for place in range(page.evaluate("slides[live.lang].length")):
            slide = page.locator(".slide.on")
            expect(slide).to_have_attribute("lang", lang)
            expect(slide.locator(".stamp")).to_contain_text(number)
            expect(slide.locator(".warning")).to_have_count(0 if lang == "en" else 1)
            expect(slide.locator(".number")).to_have_text(page.locator("#counter").inner_text())
            found = page.evaluate(LOOKED_AT)
            assert found["claim"] >= 44 * 96 / 72, (lang, place)
            assert found["smallest"] >= 28, (lang, place)
            assert found["drawn"] >= 0.999, (lang, place)
            assert found["over"] <= 0, (lang, place)
            assert found["low"] <= 0, (lang, place)
            page.keyboard.press("ArrowRight")
        page.keyboard.press("l")


def test_keys_of_a_keyboard_and_of_a_remote(new_page: New, server: Server, number: str) -> None:
    page = opened(new_page(1920, 1080), server, number)
    last = page.evaluate("slides.en.length")
    place = "slides.en.indexOf(document.querySelector('.slide.on')) + 1"
    for key, wanted in (
        ("ArrowRight", 2),
        ("Space", 3),
        ("PageDown", 4),
        ("ArrowLeft", 3),
        ("PageUp", 2),
        ("End", last),
        ("ArrowRight", last),
        ("Home", 1),
        ("ArrowLeft", 1),
    ):
        page.keyboard.press(key)
        assert page.evaluate(place) == wanted, key  # in the very task of the key: nothing is drawn or fetched first
    expect(page.locator(".slide.on")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(page.locator("#blank")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#blank")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("#notes")).to_contain_text(".")
    page.keyboard.press("n")
    expect(page.locator("#notes")).to_be_hidden()
    page.keyboard.press("g")
    expect(page.locator("#grid button")).to_have_count(last)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#grid")).to_be_hidden()
    assert page.evaluate(place) == 3
    page.keyboard.press("a")
    expect(page.locator("#counting")).to_contain_text("Next slide in 1")  # 19 s, and falling
    page.keyboard.press("a")
    expect(page.locator("#counting")).to_be_hidden()
    page.mouse.move(400, 400)
    expect(page.locator("body")).not_to_have_class("live still")
    expect(page.locator("body")).to_have_class("live still")  # three seconds later nothing but the slide is there
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    page.evaluate("document.exitFullscreen()")


def test_tables_are_there_for_everybody_and_nothing_serious_is_wrong(
    new_page: New, server: Server, number: str
) -> None:
    page = opened(new_page(1440, 900), server, number)
    pictures = page.locator(".slide.picture[lang=en]")
    assert pictures.count() > 3
    assert pictures.locator("table").count() == pictures.count()
    while not page.locator(".slide.on.picture").count():
        page.keyboard.press("ArrowRight")
    assert serious(page) == []
    page.keyboard.press("t")
    expect(page.locator(".slide.on .chart")).to_be_hidden()
    expect(page.locator(".slide.on td").first).to_be_in_viewport()
    assert serious(page) == []
    page.keyboard.press("t")
    page.keyboard.press("g")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert serious(presenter(page)) == []


def test_the_speakers_window_keeps_in_step_and_goes_on_without_a_server(
    new_page: New, server: Server, number: str
) -> None:
    wall = opened(new_page(1920, 1080), server, number)
    wall.keyboard.press("ArrowRight")
    stop(server)
    try:
        desk = presenter(wall)
        where, counter = desk.locator("#where"), wall.locator("#counter")
        expect(where).to_contain_text("2 /")
        expect(desk.locator("#told")).to_contain_text(".")
        desk.keyboard.press("PageDown")
        expect(counter).to_contain_text("3 /")
        wall.keyboard.press("ArrowRight")
        expect(where).to_contain_text("4 /")
        expect(desk.locator("#view-after h1")).to_have_text(
            wall.locator(".slide[lang=en] h1").nth(4).text_content() or "a claim"
        )
        desk.keyboard.press("b")
        expect(wall.locator("#blank")).to_be_visible()
        desk.keyboard.press("ArrowRight")
        expect(wall.locator("#blank")).to_be_hidden()
        desk.keyboard.press("l")
        expect(wall.locator("html")).to_have_attribute("lang", "es")
        desk.keyboard.press("l")
        desk.get_by_role("button", name="Start").click()
        expect(desk.locator("#elapsed")).not_to_have_text("00:00")
        desk.get_by_role("button", name="Pause").click()
        ask(desk, "Is that the same as last month?")
        expect(desk.locator("#waiting")).to_have_text("1 question waiting")
        expect(wall.locator("#waiting")).to_have_text("1 question waiting")
        assert wall.locator("dialog[open]").count() == 0
        assert asked(server) == []
    finally:
        server.start_again()
    expect(wall.locator("#waiting")).to_be_hidden()
    expect(desk.locator("#waiting")).to_be_hidden()
    assert asked(server) == ["Is that the same as last month?"]


def test_the_file_from_a_disk_asks_nobody_and_saves_what_was_asked(
    new_page: New, server: Server, number: str, tmp_path: Path
) -> None:
    page = opened(new_page(), server, number)
    answer = page.request.get(f"/meeting/{number}?file=1&lang=es")
    (tmp_path / "deck.html").write_bytes(answer.body())
    alone = new_page(1920, 1080)
    requests: list[str] = []
    alone.context.on("request", lambda request: requests.append(request.url))
    alone.context.set_offline(True)
    alone.goto((tmp_path / "deck.html").as_uri())
    ready(alone)
    expect(alone.locator("html")).to_have_attribute("lang", "es")
    alone.keyboard.press("l")
    for _ in range(4):
        alone.keyboard.press("ArrowRight")
    expect(alone.locator(".slide.on .wide svg")).to_be_visible()
    desk = presenter(alone)
    desk.keyboard.press("ArrowRight")
    expect(alone.locator("#counter")).to_contain_text("6 /")
    ask(desk, "Who pays after the pilot?")
    desk.get_by_role("button", name="1 question waiting").click()
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="Save as a file").click()
    saved.value.save_as(tmp_path / "questions.json")
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    written = json.loads((tmp_path / "questions.json").read_text())
    assert written["edition"] == number
    with record_session(server.bind, rehearsing()) as session:
        taken = questions.take_many(session, rehearsing(), number, written["questions"])
    assert len(taken.stored) == 1
    assert asked(server)[-1] == "Who pays after the pilot?"


def test_whoever_has_a_link_reads_it_on_a_phone_and_leaves_no_trace(new_page: New, server: Server, number: str) -> None:
    viewer = rehearsing()
    with record_session(server.bind, viewer) as session:
        edition = editions.by_number(session, number)
        token = edition_links.create_link(session, viewer, edition.id, "Member Ortiz", TODAY)
    page = new_page(390, 844)
    page.context.clear_cookies()
    page.goto(f"{meeting_page.LINK}{token}")
    ready(page)
    for _ in range(page.evaluate("slides.en.length")):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("ArrowRight")
    assert serious(page) == []
    windows = len(page.context.pages)
    page.keyboard.press("q")
    page.keyboard.press("p")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert len(page.context.pages) == windows
    assert page.context.cookies() == []


def test_nothing_serious_on_the_page_that_prepares_a_meeting(page: Page, number: str) -> None:
    sign_in(page, "chief", "/present")
    expect(page.get_by_text(f"Edition {number}").first).to_be_visible()
    for part in ("Slides", "Questions", "Files", "Links", "What changed", "Other cities", "Check and approve"):
        page.get_by_role("radio", name=part).or_(page.get_by_role("button", name=part)).first.click()
        page.mouse.move(5, 500)  # off the button, whose color under the pointer is Streamlit's
        settled(page)
        assert serious(page) == [], part
