"""The meeting's routes: who may open what, the council's link, and questions that are stored once."""

import json
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, update
from starlette.requests import Request
from starlette.routing import BaseRoute

from dashboard import deck, frozen, meeting_page
from dashboard.export import routes
from dashboard.frozen import Frozen
from dashboard.measures.compute import pilot_to_date
from dashboard.provider_page import Limiter
from db.access import Viewer, viewer_for
from db.commands import edition_links, editions, questions
from db.commands.signin import Seat
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms.meetings import DeckForm, EditionForm, SlideWords
from db.forms.questions import AnswerForm, CareForm
from db.models import AuditEntry, Edition, EditionLink, Question, User
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW, TODAY, add_small_pilot
from tests.dashboard.asgi import Answer, ask

APPROVED, DRAFT = "2026-11-19", "2026-12-03"
PRESENTS = {Role.chief, Role.analyst, Role.council}
OURS = {"origin": "http://localhost"}


def viewer(role: Role) -> Viewer:
    return viewer_for(role, name=role.value, now=NOW, today=TODAY, user_id=None, staff_id=None, address="127.0.0.1")


CHIEF = viewer(Role.chief)


@pytest.fixture
def town(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A pilot without work, one approved edition with a note on its first slide, and one draft."""
    add_small_pilot(sqlite)
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY))
    with record_session(sqlite, CHIEF) as session:
        pilot = the_pilot(session)
        facts = deck.facts(pilot, pilot_to_date(pilot, TODAY))
        written = frozen.freeze(Frozen({"en": {}, "es": {}}, facts=facts))
        for day, approved in ((APPROVED, True), (DRAFT, False)):
            form = EditionForm(meeting_on=date.fromisoformat(day), title="Committee")
            saved = editions.keep_edition(session, CHIEF, form, TODAY, TODAY, written, None)
            title = SlideWords(key="title", note={"en": "Thank the committee."})
            editions.set_deck(session, CHIEF, saved.id, DeckForm(slides=(title,)))
            if approved:
                editions.approve(session, CHIEF, saved.id)
    return sqlite


def as_(role: Role | None) -> list[BaseRoute]:
    """The routes as somebody of ``role`` meets them; None: nobody is signed in."""

    def seat(request: Request) -> Seat | None:
        return None if role is None else Seat(1, User(id=1, username=role.value, role=role, must_change=False))

    return routes.routes(seat, lambda request: request.headers.get("origin") == OURS["origin"])


def audited(bind: Engine, action: str) -> list[AuditEntry]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def edition_id(bind: Engine, number: str = APPROVED) -> int:
    with aggregate_session(bind) as session:
        return session.scalars(select(Edition.id).where(Edition.number == number)).one()


def withdraw(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        row = session.get_one(Edition, edition_id(bind))
        row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = NOW, "chief", "A wrong month."
        session.commit()


@pytest.mark.parametrize("role", Role)
def test_who_may_open_what(town: Engine, role: Role) -> None:
    mine, drafts = as_(role), role in (Role.chief, Role.analyst)
    seen = ask(mine, f"/meeting/{APPROVED}")
    assert seen.status == (200 if role in PRESENTS else 403)
    assert ("Harbor pilot" in seen.text) == (role in PRESENTS)
    draft = ask(mine, f"/meeting/{DRAFT}")
    assert draft.status == (403 if role not in PRESENTS else 200 if drafts else 404)
    assert ("Draft of edition 2026-12-03, not approved" in draft.text) == drafts
    newest = ask(mine, "/meeting?lang=es")
    assert newest.status == (303 if role in PRESENTS else 403)
    assert newest.headers.get("location", "") == (f"/meeting/{APPROVED}?lang=es" if role in PRESENTS else "")
    outcomes = [entry.outcome for entry in audited(town, "open edition")]
    assert set(outcomes) == ({"done"} if role in PRESENTS else {"refused"})


def test_nobody_signed_in_is_led_to_the_sign_in(town: Engine) -> None:
    for path in ("/meeting", f"/meeting/{APPROVED}", "/deck"):
        answer = ask(as_(None), path)
        assert (answer.status, answer.headers["location"]) == (303, "/present")


def test_the_page_runs_under_its_own_policy_and_says_which_edition_it_is(town: Engine) -> None:
    page = ask(as_(Role.council), f"/meeting/{APPROVED}")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "Edition 2026-11-19 · figures to 14 Nov 2026" in page.text
    assert "español aún sin revisar</span>" in page.text
    assert "Thank the committee." in page.text
    file = ask(as_(Role.council), f"/meeting/{APPROVED}?file=1&lang=es")
    assert file.headers["content-disposition"] == 'attachment; filename="edition-2026-11-19.html"'
    assert '<html lang="es">' in file.text
    assert "connect-src" not in file.text


def test_spanish_that_was_signed_is_not_marked(town: Engine) -> None:
    with aggregate_session(town) as session:
        row = session.get_one(Edition, edition_id(town))
        row.spanish_signed_at, row.spanish_signed_by = NOW, "Rosa Vega"
        session.commit()
    page = ask(as_(Role.council), f"/meeting/{APPROVED}")
    assert 'class="warning">' not in page.text


def test_a_withdrawn_edition_says_so_and_shows_nothing(town: Engine) -> None:
    withdraw(town)
    answer = ask(as_(Role.chief), f"/meeting/{APPROVED}")
    assert answer.status == 410
    assert answer.text == (
        "Edition 2026-11-19 was withdrawn on 14 Nov 2026 and is not shown any more. Reason: A wrong month."
    )
    assert ask(as_(Role.council), "/meeting").status == 404


def test_altered_figures_are_not_shown(town: Engine) -> None:
    with aggregate_session(town) as session:
        row = session.get_one(Edition, edition_id(town))
        other = {**row.figures, "facts": {**row.figures["facts"], "week": 45}}
        session.execute(update(Edition).where(Edition.id == row.id).values(figures=other, title="Another title"))
        session.commit()
    answer = ask(as_(Role.council), f"/meeting/{APPROVED}")
    assert answer.status == 409
    assert "somebody changed the database by hand" in answer.text


# --- the council's link --------------------------------------------------------------------------


def linked(bind: Engine, last_day: date = TODAY) -> str:
    with record_session(bind, CHIEF) as session:
        return edition_links.create_link(session, CHIEF, edition_id(bind), "Member Ortiz", last_day)


def follow(token: str, guard: Limiter | None = None, query: str = "") -> Answer:
    return ask(meeting_page.routes(guard), f"/meeting/link/{token}{query}")


def test_a_link_opens_its_edition_without_cookie_notes_or_a_way_to_write(town: Engine) -> None:
    token = linked(town)
    page = follow(token, query="?lang=es")
    assert page.status == 200
    assert "Edition 2026-11-19 · figures to 14 Nov 2026" in page.text
    assert '<html lang="es">' in page.text
    assert "Thank the committee." not in page.text
    assert '"ask": false' in page.text
    assert "connect-src" not in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    (entry,) = audited(town, "open edition link")
    assert (entry.actor, entry.outcome, entry.address) == ("edition link", "done", "192.0.2.7")
    assert entry.detail["label"] == "Member Ortiz"
    with aggregate_session(town) as session:
        stored = session.scalars(select(EditionLink)).one()
        assert token not in json.dumps([stored.token_hash, stored.label])
    assert len(token) == 32  # 192 bits


def test_a_link_opens_nothing_but_its_edition(town: Engine) -> None:
    token = linked(town)
    mine = [*meeting_page.routes(), *as_(None)]
    assert ask(mine, f"/meeting/link/{token}/{DRAFT}").status == 404
    assert ask(mine, f"/meeting/{DRAFT}?token={token}").status == 303
    sent = ask(mine, f"/meeting/{APPROVED}/questions", json={"questions": []}, headers=OURS)
    assert sent.status == 401


def test_links_that_do_not_open_read_the_same(town: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    revoked, expired = linked(town), linked(town)
    with record_session(town, CHIEF) as session:
        there = edition_links.links(session, CHIEF, edition_id(town))
        edition_links.revoke_link(session, CHIEF, there[1].id)
        assert edition_links.revoke_link(session, CHIEF, there[1].id).again
    answers = [follow("wrong"), follow("x" * 500), follow(revoked)]
    assert follow(expired).status == 200  # on its last day
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY + timedelta(days=1)))
    answers.append(follow(expired))
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len(audited(town, "open edition link")) == 1
    with record_session(town, CHIEF) as session:
        tomorrow = replace(CHIEF, now=NOW + timedelta(days=1))
        states = [link.state for link in edition_links.links(session, tomorrow, edition_id(town))]
    assert states == ["expired", "revoked"]


def test_a_link_to_a_withdrawn_edition_says_so(town: Engine) -> None:
    token = linked(town)
    withdraw(town)
    page = follow(token)
    assert page.status == 410
    assert "was withdrawn on 14 Nov 2026" in page.text
    assert "Harbor pilot" not in page.text
    assert [entry.outcome for entry in audited(town, "open edition link")] == ["refused"]


def test_guessing_is_slowed_down_by_address(town: Engine) -> None:
    token, guard = linked(town), Limiter(misses=3)
    assert [follow("wrong", guard).status for _ in range(4)] == [404, 404, 404, 429]
    assert follow(token, guard).status == 429
    elsewhere = ask(meeting_page.routes(guard), f"/meeting/link/{token}", address="192.0.2.8")
    assert elsewhere.status == 200


def test_who_may_make_a_link_and_to_what(town: Engine) -> None:
    with record_session(town, CHIEF) as session:
        with pytest.raises(Conflict, match="is a draft"):
            edition_links.create_link(session, CHIEF, edition_id(town, DRAFT), "Member Ortiz", TODAY)
        with pytest.raises(Invalid, match="13 Nov 2026 has passed"):
            edition_links.create_link(session, CHIEF, edition_id(town), "Member Ortiz", TODAY - timedelta(days=1))
        with pytest.raises(Invalid, match="Write whom the link is for"):
            edition_links.create_link(session, CHIEF, edition_id(town), " ", TODAY)
    council = viewer(Role.council)
    with record_session(town, council) as session, pytest.raises(Forbidden):
        edition_links.create_link(session, council, edition_id(town), "Member Ortiz", TODAY)


# --- questions -----------------------------------------------------------------------------------


def asked(**more: str) -> dict[str, str]:
    return {"send_key": str(uuid4()), "asked": "How many were veterans?", "slide": "title", **more}


def send(role: Role | None, *items: dict[str, str], origin: str = OURS["origin"], number: str = APPROVED) -> Answer:
    return ask(as_(role), f"/meeting/{number}/questions", json={"questions": items}, headers={"origin": origin})


def stored(bind: Engine) -> list[Question]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(Question).order_by(Question.id)))


def test_questions_are_stored_once_and_a_bad_one_does_not_hold_up_the_others(town: Engine) -> None:
    before = NOW - timedelta(hours=2)
    good = asked(asked_by="Member Lee", owner="Chief", due_on="2026-12-01", asked_at=before.isoformat())
    bad = asked(due_on="2026-11-01")
    first = json.loads(send(Role.council, good, bad).text)
    assert first["stored"] == [good["send_key"]]
    assert first["refused"] == {
        bad["send_key"]: "1 Nov 2026 is before the day of the question, 14 Nov 2026. Check the date."
    }
    second = json.loads(send(Role.chief, good, asked(asked="")).text)
    assert second["again"] == [good["send_key"]]
    assert list(second["refused"].values()) == ["Write what was asked."]
    (row,) = stored(town)
    assert (row.asked_by, row.owner, row.due_on, row.taken_by) == ("Member Lee", "Chief", date(2026, 12, 1), "council")
    assert row.asked_at == before
    assert [entry.detail["edition"] for entry in audited(town, "take question") if entry.outcome == "done"] == [
        APPROVED
    ]


def test_a_clock_that_is_wrong_does_not_date_a_question(town: Engine) -> None:
    send(Role.council, asked(asked_at="2031-01-01T00:00:00Z"), asked(asked_at="2001-01-01T00:00:00Z"))
    assert {row.asked_at.date() for row in stored(town)} == {TODAY}


@pytest.mark.parametrize(
    ("role", "origin", "number", "status"),
    [
        (Role.council, "http://elsewhere.example", APPROVED, 403),
        (Role.officer, OURS["origin"], APPROVED, 403),
        (None, OURS["origin"], APPROVED, 401),
        (Role.council, OURS["origin"], DRAFT, 404),
    ],
)
def test_who_may_not_send_stores_nothing(
    town: Engine, role: Role | None, origin: str, number: str, status: int
) -> None:
    assert send(role, asked(), origin=origin, number=number).status == status
    assert stored(town) == []


def test_of_a_draft_nothing_is_asked(town: Engine) -> None:
    (said,) = json.loads(send(Role.chief, asked(), number=DRAFT).text)["refused"].values()
    assert said == "Edition 2026-12-03 is a draft: nobody has been shown it. Approve it first."


@pytest.mark.parametrize("body", [[], {"questions": "no"}, {"questions": [1]}, {}])
def test_what_our_page_would_not_send_is_refused(town: Engine, body: object) -> None:
    answer = ask(as_(Role.council), f"/meeting/{APPROVED}/questions", json=body, headers=OURS)
    assert answer.status == 400


def test_a_question_is_looked_after_answered_and_removed_for_good(town: Engine) -> None:
    item = asked()
    send(Role.council, item)
    council = viewer(Role.council)
    with record_session(town, CHIEF) as session:
        number = questions.questions(session, CHIEF, APPROVED)[0].id
        questions.edit(session, CHIEF, number, CareForm(owner="Clinician", due_on=TODAY))
        questions.answer(session, CHIEF, number, AnswerForm(answer="Nine were."))
        (row,) = questions.questions(session, CHIEF)
        assert (row.owner, row.answer, row.answered_by) == ("Clinician", "Nine were.", "chief")
        questions.remove(session, CHIEF, number)
        assert questions.questions(session, CHIEF) == ()
        with pytest.raises(Conflict, match="was removed"):
            questions.answer(session, CHIEF, number, AnswerForm(answer="Ten."))
    assert json.loads(send(Role.council, item).text)["again"] == [item["send_key"]]
    assert [row.removed_at for row in stored(town)] == [NOW]
    assert [entry.subject for entry in audited(town, "remove question")] == [f"question {number}"]
    with record_session(town, council) as session, pytest.raises(Forbidden):
        questions.remove(session, council, number)


def test_a_file_of_questions_is_taken_in_like_those_that_were_sent(town: Engine) -> None:
    items = [asked(), asked(), {"asked": "Without a key"}]
    with record_session(town, CHIEF) as session:
        taken = questions.take_many(session, CHIEF, APPROVED, items)
        assert len(taken.stored) == 2
        assert list(taken.refused) == ["question 3"]
        assert questions.take_many(session, CHIEF, APPROVED, items).again == taken.stored
        with pytest.raises(Invalid, match="201 questions are too many"):
            questions.take_many(session, CHIEF, APPROVED, [asked()] * 201)
