"""The push under the conditions of an office: many tabs, a server that restarts, a screen nobody touches."""

import time
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.access import Viewer
from db.commands.money import record_entry
from db.engine import record_session
from db.forms.money import EntryForm
from db.models import BudgetLine
from db.vocab import EntryKind, Role
from tests.browser.conftest import PATIENCE, Server, settled, sign_in, stop

pytestmark = pytest.mark.browser


class Received:
    """What the server has sent to one page. A canvas redraws only in the tab in front; this sees every tab."""

    def __init__(self, page: Page) -> None:
        self.page, self.frames = page, b""
        page.on("websocket", lambda channel: channel.on("framereceived", lambda frame: self.take(frame)))

    def take(self, frame: bytes | str) -> None:
        self.frames += frame if isinstance(frame, bytes) else frame.encode()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE / 1000
        while words.encode() not in self.frames:
            assert time.monotonic() < deadline, f"{words} was not sent"
            self.page.wait_for_timeout(100)


def book(server: Server, finance: Viewer, payee: str) -> None:
    """What finance saves, somewhere else."""
    with record_session(server.bind, finance) as session:
        line = session.scalars(select(BudgetLine.id)).first()
        assert line is not None
        record_entry(
            session,
            finance,
            EntryForm(
                kind=EntryKind.obligation,
                line_id=line,
                amount=Decimal("512.34"),
                on_date=date(2026, 11, 13),
                payee=payee,
                submit_key=str(uuid.uuid4()),
            ),
        )


@pytest.fixture
def finance(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer(Role.finance, user_id=7)


def test_eight_tabs_of_one_browser_all_hear_of_a_save(page: Page, server: Server, finance: Viewer) -> None:
    tabs = [page, *(page.context.new_page() for _ in range(7))]
    received = [Received(tab) for tab in tabs]
    sign_in(page, "chief", "/budget?part=Ledger")
    for tab in tabs[1:]:
        tab.goto("/budget?part=Ledger")
        expect(tab.get_by_role("heading", name="Budget")).to_be_visible()
        settled(tab)
    book(server, finance, "Eight Tabs Supply")
    for tab in received:
        tab.wait_for("Eight Tabs Supply")


def test_an_untouched_screen_asks_for_nothing(page: Page) -> None:
    said: list[object] = []
    page.on("websocket", lambda channel: channel.on("framesent", lambda frame: said.append(frame)))
    sign_in(page, "chief", "/budget?part=Ledger")
    heard = -1
    while len(said) != heard:  # whatever a page asks for when it opens, it has asked for
        heard = len(said)
        page.wait_for_timeout(2_000)
    assert said
    said.clear()
    page.on("request", lambda request: said.append(request.url) if "/static/" not in request.url else None)
    page.wait_for_timeout(8_000)
    assert said == []


def test_the_page_comes_back_by_itself_when_the_server_was_away(page: Page, server: Server, finance: Viewer) -> None:
    received = Received(page)
    sign_in(page, "chief", "/budget?part=Ledger")
    stop(server)
    book(server, finance, "While You Were Out")
    server.start_again()
    received.wait_for("While You Were Out")
    expect(page.get_by_role("heading", name="Budget")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_count(0)


def test_the_listener_takes_no_room(page: Page) -> None:
    sign_in(page, "chief", "/account")
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    listener = page.get_by_test_id("stElementContainer").filter(has=page.get_by_test_id("stBidiComponentIsolated"))
    expect(listener).to_have_count(1)
    box = listener.bounding_box()
    assert box is not None
    assert box["height"] == 0
    assert listener.evaluate("e => getComputedStyle(e).position") == "absolute"
