"""The desk and the officer at a phone's size: fast enough, nothing sideways, every target wide enough."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Identity, Intervention, Person, Referral
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
TOO_SMALL = """() => ['button', 'input', 'textarea', 'label:has(input)']
    .flatMap(kind => [...document.querySelectorAll(`[data-testid=stMain] ${kind}`)])
    .filter(e => (e.tabIndex >= 0 || e.tagName == 'LABEL') && !['checkbox', 'radio'].includes(e.type))
    .map(e => [e.innerText || e.getAttribute('aria-label') || e.tagName, e.getBoundingClientRect()])
    .filter(([_, box]) => box.width > 1 && box.height < 43.5).map(([what, box]) => `${what}: ${box.height}`)"""
SIDEWAYS = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .some(e => e.scrollWidth > e.clientWidth)"""


def tap(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    ).first.click()
    settled(page)


@pytest.mark.parametrize(
    ("username", "path", "landmark"),
    [
        ("clinician", "/log", "Latest entries"),
        ("clinician", "/referrals", "Tried, not reached"),
        ("clinician", "/tally", "Certify the week"),
        ("officer", "/refer", "My referrals"),
    ],
)
def test_on_a_phone_nothing_is_sideways_or_too_small(
    new_page: Callable[..., Page], username: str, path: str, landmark: str
) -> None:
    page = new_page(**PHONE)
    sign_in(page, username, path)
    expect(page.get_by_text(landmark).first).to_be_visible()
    settled(page)
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []


def test_a_known_person_is_logged_in_under_thirty_seconds_and_twice_clicked_once_saved(
    new_page: Callable[..., Page], server: Server
) -> None:
    with aggregate_session(server.bind) as session:
        code, name = session.execute(
            select(Person.code, Identity.name).join(Identity, Identity.person_id == Person.id).order_by(Person.code)
        ).first() or ("", "")
        before = set(session.scalars(select(Intervention.id)))
    page = new_page(**PHONE)
    sign_in(page, "clinician", "/log")
    began = time.monotonic()
    picker = page.get_by_role("combobox", name="Person")
    picker.fill(code)
    page.get_by_role("option", name=name).first.click()
    for answer in ("Phone or video", "Follow-up", "30", "Engaged, accepted help"):
        tap(page, answer)
    page.get_by_role("button", name="Save").dblclick()
    expect(page.get_by_text("You can undo it for one minute")).to_be_visible()
    assert time.monotonic() - began < 30
    settled(page)
    with aggregate_session(server.bind) as session:
        made = [i for i in session.scalars(select(Intervention)) if i.id not in before]
    assert [(i.minutes, i.voided_at) for i in made] == [(30, None)]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("You can undo it for one minute")).to_have_count(0)
    settled(page)
    with aggregate_session(server.bind) as session:
        assert session.get_one(Intervention, made[0].id).void_reason == "Undone within a minute"


def test_an_officer_refers_in_under_sixty_seconds(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(**PHONE)
    sign_in(page, "officer", "/refer")
    began = time.monotonic()
    page.get_by_label("Who", exact=True).fill("Zeno Quill")
    page.get_by_label("Where").fill("Pier 4")
    page.get_by_label("Where").press("Tab")
    settled(page)
    tap(page, "Housing or shelter")
    tap(page, "Today")
    tap(page, "Yes")
    page.get_by_role("button", name="Send the referral").click()
    expect(page.get_by_text("What happens next")).to_be_visible()
    assert time.monotonic() - began < 60
    with aggregate_session(server.bind) as session:
        row = session.scalars(select(Referral).order_by(Referral.id.desc()).limit(1)).one()
        assert row.detail is not None
        assert (row.detail.name, row.detail.place, row.detail.agreed) == ("Zeno Quill", "Pier 4", True)
