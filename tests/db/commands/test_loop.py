"""Closing the loop: consent first, a slip accounted for, a link that works once per answer, calls, what waits."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from db.access import ROLES, Permission, Viewer
from db.commands import tokens, waiting
from db.commands.connections import (
    end_connection,
    record_connection,
    record_step,
    reopen_connection,
    take_back_step,
    void_connection,
)
from db.commands.consents import record_consent, revoke_consent
from db.commands.desk import Saved
from db.commands.tokens import LINK_LASTS, NoConsent, Slip
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.connections import AnswerForm, CallForm, SlipForm
from db.forms.people import ConsentGiven
from db.forms.work import ConnectionEndForm, ConnectionForm, StepForm, VoidForm
from db.models import (
    AuditEntry,
    Connection,
    Disclosure,
    PersonChange,
    Provider,
    ProviderCall,
    ProviderReport,
    ProviderToken,
)
from db.vocab import ConnectionEnd, Role, Step
from db.vocab.care import DisclosureKind
from db.vocab.links import CallOutcome, LinkAnswer
from tests.conftest import NOW, TODAY
from tests.db.commands.test_at_once import at_once
from tests.db.desk_world import who

CLINICIAN, WORKER = who(Role.clinician), who(Role.social_worker)
OPENED = date(2026, 11, 10)


def connect(bind: Engine, **changes: Any) -> int:
    plain = {"person_id": 1, "need": "housing", "provider_id": 1, "reached": "accepted", "opened_on": OPENED}
    with record_session(bind, CLINICIAN) as session:
        return record_connection(session, CLINICIAN, checked(ConnectionForm, plain | changes)).id


def agree(bind: Engine, **changes: Any) -> int:
    plain = {
        "person_id": 1,
        "discloser": "Harbor pilot",
        "recipient_kind": "provider",
        "purpose": "referral_to_provider",
        "scope": "referral_facts",
        "form": "signed",
        "starts_on": OPENED,
    }
    with record_session(bind, CLINICIAN) as session:
        return record_consent(session, CLINICIAN, checked(ConsentGiven, plain | changes)).id


def slip(bind: Engine, number: int, *, with_link: bool = True) -> Slip:
    with record_session(bind, CLINICIAN) as session:
        return tokens.make_slip(session, CLINICIAN, SlipForm(connection_id=number), with_link=with_link)


def linked(bind: Engine, **changes: Any) -> tuple[int, str]:
    """A connection with a consent and a slip: its id, and the link's secret part."""
    number = connect(bind, **changes)
    agree(bind)
    token = slip(bind, number).token
    assert token is not None
    return number, token


def holder(days: int = 0) -> Viewer:
    return tokens.link_viewer("192.0.2.7", NOW + timedelta(days=days), TODAY + timedelta(days=days))


def answer(bind: Engine, token: str, what: str, on: date = TODAY, days: int = 0, **more: Any) -> tokens.Page | None:
    with aggregate_session(bind) as session:
        form = checked(AnswerForm, {"answer": what, "on_date": on, **more})
        return tokens.answer_link(session, holder(days), token, form)


def look(bind: Engine, token: str, days: int = 0) -> tokens.Page | None:
    with aggregate_session(bind) as session:
        return tokens.look(session, holder(days), token)


def rungs(bind: Engine, number: int) -> dict[Step, date]:
    with aggregate_session(bind) as session:
        return {step.step: step.on_date for step in session.get_one(Connection, number).steps}


def test_the_whole_loop(desk: Engine) -> None:
    number = connect(desk)
    with pytest.raises(NoConsent, match="No consent in force covers telling Harbor House about P-0001"):
        slip(desk, number)
    agree(desk)
    made = slip(desk, number)
    assert (made.code, made.token is not None, made.expires_on) == ("P-0001", True, TODAY + LINK_LASTS)
    with aggregate_session(desk) as session:
        line = session.scalars(select(Disclosure)).one()
        stored = session.scalars(select(ProviderToken)).one()
        assert (line.kind, line.recipient, line.connection_id) == (DisclosureKind.slip, "Harbor House", number)
        assert made.token not in (stored.token_hash, line.what)
    token = made.token or ""
    page = look(desk, token)
    assert page is not None
    assert (page.code, page.provider, page.offers) == ("P-0001", "Harbor House", tuple(LinkAnswer))
    page = answer(desk, token, "appointment", appointment_on=TODAY + timedelta(days=4))
    assert page is not None
    assert LinkAnswer.appointment not in page.offers
    assert answer(desk, token, "missed", on=TODAY) is not None
    page = answer(desk, token, "attended")
    assert page is not None
    assert page.offers == ()
    assert (look(desk, token), answer(desk, token, "attended")) == (None, None)
    assert rungs(desk, number)[Step.attended] == TODAY
    with record_session(desk, WORKER) as session:
        assert [r.answer for r in waiting.unseen_reports(session)] == [
            LinkAnswer.appointment,
            LinkAnswer.missed,
            LinkAnswer.attended,
        ]
        tokens.see_reports(session, WORKER, number)
        assert waiting.unseen_reports(session) == []
        assert session.get_one(Connection, number).appointment_on == TODAY + timedelta(days=4)
    with aggregate_session(desk) as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.action == "answer provider link")).all()
        assert {(e.actor, e.address, e.subject) for e in said} == {
            ("provider link", "192.0.2.7", f"connection {number}")
        }


def test_looking_and_guessing_change_nothing(one: Engine) -> None:
    number, token = linked(one)

    def state() -> tuple[Any, ...]:
        with aggregate_session(one) as session:
            return (dict(data_version(one)), session.scalar(select(func.count(AuditEntry.id))), rungs(one, number))

    before = state()
    for _ in range(3):
        assert look(one, token) is not None
    for guess in ("", "x", token[:-1], token + "x", token.swapcase()):
        assert look(one, guess) is None
        assert answer(one, guess, "attended") is None
    assert state() == before


def test_one_answer_sent_twice_at_once_is_stored_once(desk: Engine) -> None:
    number, token = linked(desk)

    def send() -> Saved:
        if answer(desk, token, "attended") is None:
            raise Conflict("spent")
        return Saved(number)

    ended = at_once(send, send)
    assert sum(isinstance(e, Conflict) for e in ended) == 1, ended
    with aggregate_session(desk) as session:
        assert session.scalar(select(func.count(ProviderReport.id))) == 1


def test_an_answer_counts_once_and_the_rungs_below_are_filled_in(one: Engine) -> None:
    number, token = linked(one, reached="offered")
    answer(one, token, "appointment")
    with pytest.raises(Conflict, match="“Appointment made” was recorded already"):
        answer(one, token, "appointment")
    assert rungs(one, number) == {Step.offered: OPENED, Step.accepted: TODAY, Step.appointment: TODAY}


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("declined", ConnectionEnd.declined),
        ("waitlisted", ConnectionEnd.waitlisted),
        ("not_eligible", ConnectionEnd.not_eligible),
        ("no_capacity", ConnectionEnd.no_capacity),
    ],
)
def test_a_no_closes_the_connection_and_spends_the_link(one: Engine, what: str, reason: ConnectionEnd) -> None:
    number, token = linked(one)
    page = answer(one, token, what)
    assert page is not None
    assert page.offers == ()
    with aggregate_session(one) as session:
        row = session.get_one(Connection, number)
        assert (row.ended_on, row.end_reason) == (TODAY, reason)
    assert look(one, token) is None


@pytest.mark.parametrize(
    ("what", "changes", "sentence"),
    [
        (
            "attended",
            {"on": TODAY + timedelta(days=1)},
            "15 Nov 2026 is in the future. Give the day on which it happened.",
        ),
        ("missed", {"on": date(2026, 11, 9)}, "9 Nov 2026 is before the referral, 10 Nov 2026. Check the date."),
        (
            "appointment",
            {"appointment_on": date(2026, 11, 1)},
            "The appointment is on 1 Nov 2026, before it was made, 14 Nov 2026. Check the dates.",
        ),
        (
            "appointment",
            {"appointment_on": date(2028, 11, 1)},
            "The appointment is on 1 Nov 2028, more than a year away. Check the year.",
        ),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_may_be_given_again(
    one: Engine, what: str, changes: dict[str, Any], sentence: str
) -> None:
    _, token = linked(one)
    with pytest.raises(Invalid) as refused:
        answer(one, token, what, **changes)
    assert str(refused.value) == sentence
    assert answer(one, token, what) is not None


def test_a_link_ends_by_time_by_another_slip_by_the_desk_by_the_person_and_with_its_connection(one: Engine) -> None:
    number, token = linked(one)
    last = (LINK_LASTS).days
    assert look(one, token, days=last) is not None
    assert look(one, token, days=last + 1) is None
    newer = slip(one, number).token or ""
    assert (look(one, token), look(one, newer) is not None) == (None, True)
    with record_session(one, CLINICIAN) as session:
        tokens.revoke_link(session, CLINICIAN, number)
        with pytest.raises(Conflict, match="No link of this connection is open"):
            tokens.revoke_link(session, CLINICIAN, number)
    assert look(one, newer) is None
    third = slip(one, number).token or ""
    with record_session(one, CLINICIAN) as session:
        end_connection(
            session, CLINICIAN, ConnectionEndForm(connection_id=number, reason=ConnectionEnd.declined, on_date=TODAY)
        )
    assert look(one, third) is None
    with record_session(one, CLINICIAN) as session:
        reopen_connection(session, CLINICIAN, number)
        consent = session.scalars(select(tokens.Consent.id)).one()
        assert look(one, third) is not None
        revoke_consent(session, CLINICIAN, consent)
    later = NOW + timedelta(seconds=1)
    with aggregate_session(one) as session:
        assert tokens.look(session, tokens.link_viewer("", later, TODAY), third) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient_kind": "family", "recipient": "Sister", "purpose": "family_involvement"},
        {"provider_id": 3},
        {"scope": "status_only"},
        {"until": date(2026, 11, 13)},
        {"purpose": "other", "recipient_kind": "provider"},
        {"person_id": 2},
    ],
)
def test_a_consent_for_something_else_covers_no_slip_and_no_talk(one: Engine, changes: dict[str, Any]) -> None:
    number = connect(one)
    agree(one, **changes)
    with record_session(one, CLINICIAN) as session:
        with pytest.raises(NoConsent):
            tokens.preview_slip(session, CLINICIAN, SlipForm(connection_id=number))
        with pytest.raises(NoConsent):
            tokens.log_call(session, CLINICIAN, CallForm(connection_id=number, outcome=CallOutcome.spoke, at=NOW))
        tokens.log_call(session, CLINICIAN, CallForm(connection_id=number, outcome=CallOutcome.no_answer, at=NOW))
    with aggregate_session(one) as session:
        assert session.scalars(select(Disclosure)).all() == []
        assert session.scalars(select(ProviderCall.outcome)).all() == [CallOutcome.no_answer]


def test_a_call_moves_the_ladder_and_stands_in_the_accounting(desk: Engine) -> None:
    number, token = linked(desk)
    form = CallForm(
        connection_id=number,
        outcome=CallOutcome.spoke,
        at=NOW,
        answer=AnswerForm(answer=LinkAnswer.attended, on_date=TODAY),
        note="Ana at the desk",
    )
    with record_session(desk, CLINICIAN) as session:
        tokens.log_call(session, CLINICIAN, form)
        kinds = [d.kind for d in session.scalars(select(Disclosure).order_by(Disclosure.id))]
        assert kinds == [DisclosureKind.slip, DisclosureKind.call_or_visit]
    assert rungs(desk, number)[Step.attended] == TODAY
    assert look(desk, token) is None  # nothing is left to ask


def test_a_message_cannot_have_been_an_answer(one: Engine) -> None:
    number, _ = linked(one)
    form = CallForm(
        connection_id=number,
        outcome=CallOutcome.left_message,
        at=NOW,
        answer=AnswerForm(answer=LinkAnswer.attended, on_date=TODAY),
    )
    with record_session(one, CLINICIAN) as session, pytest.raises(Invalid) as refused:
        tokens.log_call(session, CLINICIAN, form)
    assert str(refused.value) == (
        "“Left a message” cannot end in “Attended the first appointment”. Choose “Spoke with them”."
    )


def test_a_slip_without_a_link_where_outside_access_is_off(one: Engine) -> None:
    number = connect(one)
    agree(one)
    made = slip(one, number, with_link=False)
    assert (made.token, made.expires_on) == (None, None)
    with aggregate_session(one) as session:
        assert session.scalars(select(ProviderToken)).all() == []
        assert session.scalar(select(func.count(Disclosure.id))) == 1


def test_no_slip_for_a_gap_a_closed_connection_or_none(one: Engine) -> None:
    gap = connect(one, provider_id=None, gap_reason="no_provider")
    closed = connect(one)
    agree(one)
    with record_session(one, CLINICIAN) as session:
        end_connection(
            session, CLINICIAN, ConnectionEndForm(connection_id=closed, reason=ConnectionEnd.declined, on_date=TODAY)
        )
    for number, error, words in ((gap, Conflict, "closed on"), (closed, Conflict, "closed on"), (99, NotFound, "99")):
        with pytest.raises(error, match=words):
            slip(one, number)


def test_what_was_recorded_by_mistake_can_be_taken_back(desk: Engine) -> None:
    number = connect(desk, reached="offered")
    with record_session(desk, CLINICIAN) as session:
        with pytest.raises(Conflict, match="The first step opened this connection"):
            take_back_step(session, CLINICIAN, number)
        form = StepForm(connection_id=number, step=Step.attended, on_date=TODAY, fill=True)
        record_step(session, CLINICIAN, form)
        take_back_step(session, WORKER, number)
    assert sorted(rungs(desk, number), key=tuple(Step).index) == [Step.offered, Step.accepted, Step.appointment]
    with record_session(desk, CLINICIAN) as session:
        with pytest.raises(Conflict, match="not closed"):
            reopen_connection(session, CLINICIAN, number)
        void_connection(session, CLINICIAN, number, VoidForm(reason="Entered twice"))
        with pytest.raises(Conflict, match="voided"):
            void_connection(session, CLINICIAN, number, VoidForm(reason="Entered twice"))
        assert waiting.one(session, number) is None
        told = [row.new for row in session.scalars(select(PersonChange))]
        assert told == [
            "voided: Entered twice"
        ]  # in the record, which the desk reads; not in the audit, which it cannot
    with aggregate_session(desk) as session:
        assert not [row for row in session.scalars(select(AuditEntry)) if "Entered twice" in str(row.detail)]


def test_a_connection_reopens_unless_it_cannot(one: Engine) -> None:
    number = connect(one)
    close = ConnectionEndForm(connection_id=number, reason=ConnectionEnd.waitlisted, on_date=TODAY)
    gap = connect(one, provider_id=None, gap_reason="no_capacity")
    with record_session(one, CLINICIAN) as session:
        end_connection(session, CLINICIAN, close)
        twin = connect(one)
        with pytest.raises(Conflict, match="The same connection is open since 10 Nov 2026"):
            reopen_connection(session, CLINICIAN, number)
        void_connection(session, CLINICIAN, twin, VoidForm(reason="no"))
        reopen_connection(session, CLINICIAN, number)
        assert session.get_one(Connection, number).ended_on is None
        with pytest.raises(Conflict, match="This is a service gap"):
            reopen_connection(session, CLINICIAN, gap)
        end_connection(session, CLINICIAN, close)
        session.get_one(Provider, 1).active = False
        session.commit()
        with pytest.raises(Conflict, match="Harbor House is closed in the directory"):
            reopen_connection(session, CLINICIAN, number)


def test_what_waits_on_a_provider_and_when_to_ask(one: Engine) -> None:
    fresh = connect(one, need="legal")
    made = connect(one, need="medical")
    offered = connect(one, need="benefits", reached="offered")
    came = connect(one, need="transport", reached="attended")
    connect(one, need="employment", provider_id=None, gap_reason="no_provider")
    form = StepForm(connection_id=made, step=Step.appointment, on_date=TODAY, appointment_on=TODAY + timedelta(days=2))
    with record_session(one, CLINICIAN) as session:
        record_step(session, CLINICIAN, form)
        rows = {w.connection.id: w.due for w in waiting.open_connections(session)}
        assert rows == {
            made: TODAY + timedelta(days=3),
            fresh: OPENED + timedelta(days=7),
            offered: OPENED + timedelta(days=7),
            came: OPENED + timedelta(days=30),
        }
        assert {w.connection.id for w in waiting.waiting_on_provider(session)} == {made, fresh}
        call = CallForm(connection_id=fresh, outcome=CallOutcome.left_message, at=NOW)
        tokens.log_call(session, CLINICIAN, call)
        asked = waiting.waiting_on_provider(session)
        assert [(w.connection.id, w.due) for w in asked][1] == (fresh, TODAY + timedelta(days=7))
        assert not asked[0].overdue(TODAY)
        assert [row.need.value for row in waiting.gaps_since(session, OPENED)] == ["employment"]


def test_no_role_answers_links_and_only_the_desk_hands_them_out(one: Engine) -> None:
    number, token = linked(one)
    assert not any(Permission.answer_link in permissions for permissions in ROLES.values())
    with aggregate_session(one) as session, pytest.raises(Forbidden):
        tokens.look(session, CLINICIAN, token)
    for role in set(Role) - {Role.clinician, Role.social_worker}:
        viewer = who(role)
        with record_session(one, viewer) as session:
            for attempt in (
                lambda: tokens.make_slip(session, viewer, SlipForm(connection_id=number), with_link=True),  # noqa: B023
                lambda: tokens.revoke_link(session, viewer, number),  # noqa: B023
                lambda: tokens.see_reports(session, viewer, number),  # noqa: B023
            ):
                with pytest.raises(Forbidden):
                    attempt()
            for table in (ProviderToken, ProviderReport, ProviderCall):
                assert session.scalars(select(table)).all() == []
