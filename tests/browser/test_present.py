"""The council's meeting: keys, counter, blank screen, another language, and a server that goes away."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from dashboard.deck import SLIDES
from tests.browser.conftest import Server, recognised, settled, sign_in

pytestmark = pytest.mark.browser
New = Callable[..., Page]
LAST = len(SLIDES)


def opened(page: Page, username: str = "council", query: str = "") -> Page:
    recognised(page, username)
    page.goto(f"/deck{query}")
    expect(page.locator("body[data-ready=yes]")).to_be_attached()
    return page


TURN = """() => new Promise(done => {
    const begun = performance.now();
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun), 0));
})"""
"""Milliseconds from a key to the next slide on the screen."""


def shown(page: Page) -> str:
    return page.locator(".slide.on h1").inner_text()


def test_keys_turn_the_slides(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    counter = page.locator("#counter")
    expect(counter).to_have_text(f"1 / {LAST}")
    for key, place in (
        ("ArrowRight", 2),
        ("Space", 3),
        ("PageDown", 4),
        ("ArrowLeft", 3),
        ("PageUp", 2),
        ("End", LAST),
        ("ArrowRight", LAST),
        ("Home", 1),
        ("ArrowLeft", 1),
    ):
        page.keyboard.press(key)
        expect(counter).to_have_text(f"{place} / {LAST}")
    expect(page.locator(".slide.on")).to_have_count(1)


def test_blank_notes_and_escape(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(page.locator("#blank")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#blank")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("#notes")).to_be_visible()
    assert len(page.locator("#notes").inner_text()) > 40
    page.keyboard.press("n")
    expect(page.locator("#notes")).to_be_hidden()


def test_each_slide_has_its_claim_its_picture_its_source_and_big_type(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    for place in range(1, LAST + 1):
        slide = page.locator(".slide.on")
        assert len(shown(page)) > 5
        expect(slide.locator(".source")).to_contain_text("14 Nov 2026")
        expect(slide.locator(".number")).to_have_text(f"{place} / {LAST}")
        if place > 1:
            expect(slide.locator(".chart .main-svg").first).to_be_visible()
        sizes = page.evaluate(
            """() => [...document.querySelectorAll('.slide.on p, .slide.on h1, .slide.on span, .slide.on text')]
                .filter(e => e.textContent.trim()).map(e => parseFloat(getComputedStyle(e).fontSize))"""
        )
        assert min(sizes) >= 28, place
        assert page.evaluate("document.querySelector('.slide.on').scrollHeight") <= 1080, place
        page.keyboard.press("ArrowRight")


def test_spanish_at_one_key_on_the_same_slide(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    page.keyboard.press("End")
    english = shown(page)
    page.keyboard.press("l")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#counter")).to_have_text(f"{LAST} / {LAST}")
    assert shown(page) != english


def test_it_goes_on_without_a_server_and_asks_nobody(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    for _ in range(LAST):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    expect(page.locator("#counter")).to_have_text(f"{LAST} / {LAST}")
    expect(page.locator(".slide.on .chart .main-svg").first).to_be_visible()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == []


def test_the_next_slide_is_there_within_a_tenth_of_a_second(new_page: New) -> None:
    page = opened(new_page(1920, 1080))
    times: dict[int, list[float]] = {}
    for _ in range(5):  # a machine that does something else for a moment is no slow deck
        page.keyboard.press("Home")
        for place in range(2, LAST + 1):
            times.setdefault(place, []).append(page.evaluate(TURN))
            expect(page.locator("#counter")).to_have_text(f"{place} / {LAST}")
    assert {place: seconds for place, seconds in times.items() if min(seconds) >= 100} == {}


def test_the_page_prepares_checks_and_hands_out_the_file(new_page: New, tmp_path: Path) -> None:
    page = new_page()
    sign_in(page, "chief", "/present")
    expect(page.locator(".js-plotly-plot")).to_have_count(LAST - 1)
    settled(page)
    expect(page.get_by_text(f"1 / {LAST}")).to_be_visible()
    with page.expect_download() as download:
        page.evaluate("location.assign('/deck?lang=es&file=1')")
    download.value.save_as(tmp_path / "deck.html")
    alone = new_page(1920, 1080)
    asked: list[Request] = []
    alone.on("request", lambda request: asked.append(request))
    alone.goto((tmp_path / "deck.html").as_uri())
    expect(alone.locator("body[data-ready=yes]")).to_be_attached()
    expect(alone.locator("html")).to_have_attribute("lang", "es")
    assert [r.url for r in asked if re.match("https?:", r.url)] == []


def test_who_may_not_present_gets_no_deck(new_page: New, server: Server) -> None:
    stranger = new_page()
    stranger.goto("/deck")
    expect(stranger.get_by_label("Username")).to_be_visible()
    officer = new_page()
    sign_in(officer, "officer")
    answer = officer.goto("/deck")
    assert answer is not None
    assert answer.status == 403
    assert "Presenting is not part of your role" in officer.content()
