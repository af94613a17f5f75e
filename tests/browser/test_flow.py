"""From the cruiser to the desk in a real browser: an urgent referral sent, mailed, taken up; the desk on a phone."""

import time
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Attempt, CallReview, FollowUp, Referral, User
from db.vocab import ReferralStatus
from tests.browser.conftest import PATIENCE, Server, settled, sign_in
from tests.browser.test_desk import PHONE, SIDEWAYS, TOO_SMALL, tap
from tests.smtp import MailServer

pytestmark = pytest.mark.browser


@pytest.fixture
def addressed(server: Server) -> None:
    """The clinician's account has an address."""
    with aggregate_session(server.bind) as session:
        session.scalars(select(User).where(User.username == "clinician")).one().email = "clinician@example.gov"
        session.commit()


def choose(page: Page, button: str, option: str, *, inside: str = "") -> None:
    """Open a menu and take one of its answers."""
    settled(page)
    (page.locator(inside) if inside else page).get_by_role("button", name=button, exact=True).first.click()
    page.get_by_role("menuitem", name=option).or_(page.get_by_role("option", name=option)).first.click()


def due_days(server: Server) -> dict[int, date]:
    with aggregate_session(server.bind) as session:
        return {each.id: each.due_on for each in session.scalars(select(FollowUp))}


@pytest.mark.usefixtures("addressed")
def test_an_urgent_referral_from_a_phone_is_mailed_taken_up_and_tried(
    new_page: Callable[..., Page], server: Server, post: MailServer
) -> None:
    mailed = len(post.got)
    desk = new_page()
    sign_in(desk, "clinician")
    expect(desk.get_by_text("things first:")).to_be_visible()
    officer = new_page(**PHONE)
    sign_in(officer, "officer", "/refer")
    began = time.monotonic()
    officer.get_by_label("Who", exact=True).fill("Zeno Quill")
    officer.get_by_label("Where").fill("Pier 4")
    officer.get_by_label("Incident number").fill("HB-555555")
    officer.get_by_label("Incident number").press("Tab")
    settled(officer)
    tap(officer, "Housing or shelter")
    tap(officer, "Today")
    tap(officer, "Yes")
    officer.get_by_role("button", name="Send the referral").click()
    expect(officer.get_by_text("What happens next")).to_be_visible()
    assert time.monotonic() - began < 60
    # the desk that is open moves by itself, and the mail says how many, not who
    expect(desk.get_by_text("Zeno Quill").first).to_be_visible()
    deadline = time.monotonic() + PATIENCE / 1000
    while len(post.got) == mailed and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [m["To"] for m in post.got[mailed:]] == ["clinician@example.gov"]
    assert "Zeno" not in str(post.got[mailed])
    with aggregate_session(server.bind) as session:
        number = session.scalars(select(Referral.id).order_by(Referral.id.desc()).limit(1)).one()
    settled(desk)
    desk.locator(f".st-key-accept-desk-{number} button").click()
    expect(desk.locator(f".st-key-try-desk-{number} button").first).to_be_visible()
    choose(desk, "Log attempt", "Phone: not reached", inside=f".st-key-try-desk-{number}")
    expect(desk.get_by_text("Zeno Quill: attempt logged")).to_be_visible()
    settled(desk)
    with aggregate_session(server.bind) as session:
        assert session.get_one(Referral, number).status is ReferralStatus.accepted
        assert session.scalars(select(Attempt.reached).where(Attempt.referral_id == number)).all() == [False]
    # the same incident again is shown before it is sent
    tap(officer, "Refer somebody else")
    officer.get_by_label("Incident number").fill("hb555555")
    officer.get_by_label("Incident number").press("Tab")
    expect(officer.get_by_text("Referred already?")).to_be_visible()
    assert officer.evaluate(SIDEWAYS) is False


def test_the_desk_on_a_phone_leads_to_the_thing_and_back(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(**PHONE)
    sign_in(page, "clinician", "/desk")
    expect(page.get_by_text("Follow-ups due")).to_be_visible()
    settled(page)
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []
    page.locator("[class*=st-key-first-0] button").click()
    expect(page).not_to_have_url(f"{server.url}/desk")
    page.goto("/desk?list=calls")
    expect(page.get_by_role("heading", name="Calls without follow-up")).to_be_visible()
    settled(page)
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []
    with aggregate_session(server.bind) as session:
        before = len(session.scalars(select(CallReview)).all())
    choose(page, "Say why not", "Person not found")
    expect(page.get_by_text("1 call: person not found.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    settled(page)
    with aggregate_session(server.bind) as session:
        assert len(session.scalars(select(CallReview)).all()) == before
    due = due_days(server)
    page.get_by_role("button", name="My desk").click()
    expect(page.get_by_text("Follow-ups due")).to_be_visible()
    settled(page)
    expect(page.get_by_text("instead of")).to_have_count(0)
    choose(page, "Move", "In a week")
    expect(page.get_by_text("instead of")).to_be_visible()
    settled(page)
    assert len(due_days(server).items() - due.items()) == 1
