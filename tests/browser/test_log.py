"""The log in a real browser: nothing typed is lost, two editors see both versions, a file is tried and loaded."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Draft, Intervention, InterventionRevision, Person, Referral
from tests.browser.conftest import Server, settled, sign_in, stop
from tests.browser.test_desk import PHONE, SIDEWAYS, TOO_SMALL, tap

pytestmark = pytest.mark.browser


def drafts(server: Server) -> list[str]:
    with aggregate_session(server.bind) as session:
        return list(session.scalars(select(Draft.form)))


def chosen(page: Page, name: str) -> None:
    expect(page.get_by_role("radio", name=name, exact=True).first).to_be_checked()


def test_from_a_referral_half_typed_work_survives_reload_page_and_restart(
    new_page: Callable[..., Page], server: Server
) -> None:
    with aggregate_session(server.bind) as session:
        query = select(Referral, Person).join(Person, Person.id == Referral.person_id).order_by(Referral.id.desc())
        sent, person = next((r, p) for r, p in session.execute(query) if r.status.value in ("new", "accepted"))
        address = f"/log?person={person.code}&referral={sent.id}"
    page = new_page(**PHONE)
    sign_in(page, "clinician", address)
    expect(page.get_by_text("Answers the referral")).to_be_visible()
    expect(page.get_by_role("combobox", name="Person")).to_have_value(re.compile(f"^{person.code} "))
    page.get_by_role("button", name="Start timer").click()
    expect(page.get_by_role("button", name="Stop timer")).to_be_visible()
    settled(page)
    tap(page, "On-scene co-response")
    expect(page.get_by_text("probable cause for a misdemeanor")).to_be_visible()
    page.get_by_label("Note").fill("Half a sentence")
    page.get_by_label("Note").press("Tab")
    settled(page)
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []

    page.reload()
    expect(page.get_by_text("Draft from")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Note")).to_have_value("Half a sentence")
    chosen(page, "On-scene co-response")
    expect(page.get_by_role("button", name="Stop timer")).to_be_visible()

    # another entry begun in between does not mix with it
    page.goto("/log")
    settled(page)
    page.get_by_text(f"Half typed: {person.code}").click()
    expect(page.get_by_text("Answers the referral")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Note")).to_have_value("Half a sentence")
    page.get_by_label("Note").fill("A whole sentence")
    page.get_by_label("Note").press("Tab")
    settled(page)

    stop(server)
    server.start_again()
    page.goto(address)
    expect(page.get_by_text("Draft from")).to_be_visible()
    settled(page)
    expect(page.get_by_label("Note")).to_have_value("A whole sentence")
    chosen(page, "On-scene co-response")
    assert drafts(server) == [f"log-{person.code}-r{sent.id}"]

    tap(page, "Phone or video")
    for answer in ("Follow-up", "Reached"):
        tap(page, answer)
    page.get_by_role("button", name="Stop timer").click()
    expect(page.get_by_role("button", name="Start timer")).to_be_visible()
    expect(page.get_by_label("How many minutes")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("You can undo it for one minute")).to_be_visible()
    settled(page)
    assert drafts(server) == []
    with aggregate_session(server.bind) as session:
        row = session.scalars(select(Intervention).order_by(Intervention.id.desc()).limit(1)).one()
        assert (row.person_id, row.referral_id) == (person.id, sent.id)
        assert 1 <= row.minutes <= 10


def test_a_stale_edit_shows_both_and_a_file_is_tried_first(new_page: Callable[..., Page], server: Server) -> None:
    with aggregate_session(server.bind) as session:
        row = session.scalars(
            select(Intervention).where(Intervention.minutes == 40, Intervention.person_id.is_not(None)).limit(1)
        ).one()
        number, code = row.id, session.get_one(Person, row.person_id).code
    mine, theirs = new_page(**PHONE), new_page()
    for page, username in ((mine, "clinician"), (theirs, "socialworker")):
        sign_in(page, username, f"/log?entry={number}")
        expect(page.get_by_role("dialog").get_by_text("Edit an entry")).to_be_visible()
        settled(page)
    assert mine.evaluate(TOO_SMALL.replace("stMain", "stDialog")) == []

    def change(page: Page, length: str, why: str) -> None:
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("radio", name=length, exact=True).click()
        settled(page)
        dialog.get_by_label("Why is it changed?").fill(why)
        dialog.get_by_label("Why is it changed?").press("Tab")
        settled(page)
        dialog.get_by_role("button", name="Save the change").click()

    change(theirs, "60", "Travel was not counted")
    expect(theirs.get_by_role("dialog")).to_have_count(0)
    change(mine, "30", "It was shorter")
    dialog = mine.get_by_role("dialog")
    expect(dialog.get_by_text("while you had it open")).to_be_visible()
    expect(dialog.get_by_text("Theirs: 60")).to_be_visible()
    expect(dialog.get_by_text("Yours: 30")).to_be_visible()
    dialog.get_by_role("button", name="Go on with mine").click()
    expect(dialog.get_by_text("while you had it open")).to_have_count(0)
    settled(mine)
    dialog.get_by_role("button", name="Save the change").click()
    expect(dialog).to_have_count(0)
    with aggregate_session(server.bind) as session:
        assert session.get_one(Intervention, number).minutes == 30
        said = [r.reason for r in session.scalars(select(InterventionRevision).order_by(InterventionRevision.id))]
        assert said[-2:] == ["Travel was not counted", "It was shorter"]

    page = theirs
    settled(page)
    page.get_by_text("Contacts typed elsewhere").click()
    content = f"date,person,mode,purpose,minutes,outcome\n11/12/2026,{code},Office visit,Other,20,Reached\n"
    content += "11/12/2026,Nobody At All,Office visit,Other,20,Reached\n"
    page.get_by_test_id("stFileUploader").locator("input").set_input_files(
        {"name": "old.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    expect(page.get_by_role("button", name="Try it")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("1 contact would be added")).to_be_visible()
    expect(page.get_by_text("1 row was refused")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("1 contact added")).to_be_visible()
    with aggregate_session(server.bind) as session:
        last = session.scalars(select(Intervention).order_by(Intervention.id.desc()).limit(1)).one()
        assert (last.minutes, last.staff_id) == (20, 2)
