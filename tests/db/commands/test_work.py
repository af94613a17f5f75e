"""Interventions on both databases: what one save does, what undoing takes back, who may."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from db.access import Permission, Viewer
from db.commands.work import record_intervention, undo_intervention, void_intervention
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound, Setup, TandemError
from db.forms.work import VoidForm
from db.models import (
    Attempt,
    AuditEntry,
    Connection,
    ConnectionStep,
    Episode,
    Intervention,
    InterventionNote,
    Person,
    Referral,
    Tally,
)
from db.vocab import Mode, Need, Outcome, ReferralStatus, Role, Scope, Source, Step, TallyStatus, Urgency
from tests.conftest import NOW
from tests.db.desk_world import at, intervention, log, who

CLINICIAN = who(Role.clinician)


def refer(bind: Engine, number: int, received: str, person_id: int | None = 1, **more: Any) -> None:
    with aggregate_session(bind) as session:
        session.add(
            Referral(
                id=number,
                received_at=at(received),
                source=Source.officer,
                urgency=Urgency.soon,
                person_id=person_id,
                created_at=at(received),
                **more,
            )
        )
        session.commit()


def undo(bind: Engine, viewer: Viewer, number: int) -> None:
    with record_session(bind, viewer) as session:
        undo_intervention(session, viewer, number)


def only(bind: Engine, table: type[Any]) -> Any:
    """The single row of ``table``, with what the tests look at loaded."""
    with aggregate_session(bind) as session:
        row = session.scalars(select(table)).one()
        if table is Connection:
            _ = row.steps
        return row


def count(bind: Engine, table: type[Any]) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_one_save_stores_the_work_its_note_and_its_audit_entry(desk: Engine) -> None:
    before = data_version(desk)
    number = log(desk, CLINICIAN, needs=[Need.housing, Need.medical], note="Call back on Monday.")
    row = only(desk, Intervention)
    assert (row.id, row.staff_id, row.person_id, row.minutes, row.created_by) == (number, 1, 1, 30, CLINICIAN.user_id)
    with aggregate_session(desk) as session:
        assert session.scalars(select(InterventionNote.text)).all() == ["Call back on Monday."]
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor, entry.action, entry.subject) == (
            "clinician",
            "record intervention",
            f"intervention {number}",
        )
        stored = session.connection().exec_driver_sql("SELECT text FROM intervention_note").scalar_one()
        assert b"Monday" not in bytes(stored)
    after = data_version(desk)
    assert {scope for scope in Scope if after[scope] != before[scope]} == {Scope.work}


def test_a_double_click_saves_once(desk: Engine) -> None:
    form = intervention(connection={"need": "housing", "provider_id": 1})
    with record_session(desk, CLINICIAN) as session:
        first = record_intervention(session, CLINICIAN, form)
        second = record_intervention(session, CLINICIAN, form)
    assert (second.id, second.again, first.again) == (first.id, True, False)
    assert [count(desk, t) for t in (Intervention, Connection, Episode, AuditEntry)] == [1, 1, 1, 1]


def test_the_first_direct_contact_opens_an_episode_and_the_next_joins_it(desk: Engine) -> None:
    log(desk, CLINICIAN, outcome=Outcome.no_contact, at=at("2026-11-10 15:00"))
    assert count(desk, Episode) == 0
    log(desk, CLINICIAN)
    log(desk, CLINICIAN, at=at("2026-11-14 14:00"), mode=Mode.family)
    episode = only(desk, Episode)
    assert (episode.person_id, episode.opened_on) == (1, date(2026, 11, 13))
    with aggregate_session(desk) as session:
        assert session.scalars(select(Intervention.episode_id).order_by(Intervention.id)).all() == [
            None,
            episode.id,
            episode.id,
        ]


def test_a_contact_written_down_late_moves_the_episode_back(desk: Engine) -> None:
    log(desk, CLINICIAN)
    log(desk, CLINICIAN, at=at("2026-11-11 15:00"))
    assert only(desk, Episode).opened_on == date(2026, 11, 11)


def test_an_evening_in_new_york_is_that_day_not_the_next_in_utc(desk: Engine) -> None:
    log(desk, CLINICIAN, at=at("2026-11-13 03:30"))
    assert only(desk, Episode).opened_on == date(2026, 11, 12)


def test_the_only_open_referral_is_tied_accepted_and_attempted(desk: Engine) -> None:
    refer(desk, 7, "2026-11-12 14:00")
    log(desk, CLINICIAN)
    referral, attempt = only(desk, Referral), only(desk, Attempt)
    assert (referral.status, referral.staff_id, referral.decided_at) == (ReferralStatus.accepted, 1, NOW)
    assert (attempt.referral_id, attempt.at, attempt.reached) == (7, at("2026-11-13 15:00"), True)
    assert only(desk, Intervention).referral_id == 7


def test_with_two_open_referrals_none_is_guessed(desk: Engine) -> None:
    refer(desk, 7, "2026-11-12 14:00")
    refer(desk, 8, "2026-11-11 14:00")
    log(desk, CLINICIAN)
    assert only(desk, Intervention).referral_id is None
    log(desk, CLINICIAN, referral_id=8)
    assert only(desk, Attempt).referral_id == 8


def test_a_referral_received_after_the_work_is_not_its_cause(desk: Engine) -> None:
    refer(desk, 7, "2026-11-14 14:00")
    log(desk, CLINICIAN)
    assert only(desk, Intervention).referral_id is None
    with pytest.raises(Invalid) as error:
        log(desk, CLINICIAN, referral_id=7)
    assert error.value.errors == {
        "referral_id": "The contact (13 Nov 2026, 10:00) is before the referral was received (14 Nov 2026, 09:00). "
        "Check the date, or do not tie the two."
    }


def test_a_referral_of_somebody_else_is_refused(desk: Engine) -> None:
    refer(desk, 7, "2026-11-12 14:00", person_id=2)
    with pytest.raises(Invalid, match="Referral 7 is about another person"):
        log(desk, CLINICIAN, referral_id=7)


def test_a_new_person_comes_with_the_work_or_not_at_all(desk: Engine) -> None:
    with pytest.raises(Invalid, match="no provider 99"):
        log(
            desk,
            CLINICIAN,
            person_id=None,
            new_person={"name": "Ana Ruiz"},
            connection={"need": "legal", "provider_id": 99},
        )
    assert (count(desk, Person), count(desk, Intervention)) == (2, 0)
    log(desk, CLINICIAN, person_id=None, new_person={"name": "Ana Ruiz"})
    with aggregate_session(desk) as session:
        assert session.scalars(select(Person.code).order_by(Person.code)).all() == ["P-0001", "P-0002", "P-0003"]


def test_a_person_twice_is_told_at_the_new_persons_name(desk: Engine) -> None:
    with pytest.raises(Invalid) as error:
        log(desk, CLINICIAN, person_id=None, new_person={"name": "Maria Lopez"})
    assert error.value.errors == {
        "new_person.name": "“Maria Lopez” is probably P-0001 (María López, born 3 May 1987). "
        "Choose P-0001, or confirm that this is another person."
    }


@pytest.mark.parametrize(
    ("reached", "rungs"),
    [
        (Step.offered, [Step.offered]),
        (Step.accepted, [Step.offered, Step.accepted]),
        (Step.attended, [Step.offered, Step.accepted, Step.appointment, Step.attended]),
    ],
)
def test_a_connection_made_in_the_same_go_has_its_rungs(desk: Engine, reached: Step, rungs: list[Step]) -> None:
    number = log(desk, CLINICIAN, connection={"need": "housing", "provider_id": 1, "reached": reached})
    row = only(desk, Connection)
    assert (row.intervention_id, row.opened_on) == (number, date(2026, 11, 13))
    assert [s.step for s in sorted(row.steps, key=lambda s: list(Step).index(s.step))] == rungs


def test_a_need_without_a_provider_is_a_gap(desk: Engine) -> None:
    log(desk, CLINICIAN, connection={"need": "housing", "gap_reason": "no_provider"})
    row = only(desk, Connection)
    assert (row.provider_id, row.end_reason, row.steps) == (None, "no_provider", [])


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"need": "housing", "provider_id": 2}, "Old Mill is closed in the directory. Choose another provider."),
        ({"need": "housing", "provider_id": 99}, "There is no provider 99. Choose one from the list."),
    ],
)
def test_a_provider_that_cannot_be(desk: Engine, part: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as error:
        log(desk, CLINICIAN, connection=part)
    assert error.value.errors == {"connection": sentence}
    assert (count(desk, Intervention), count(desk, Connection), count(desk, Episode)) == (0, 0, 0)


def test_the_same_connection_is_not_made_twice(desk: Engine) -> None:
    log(desk, CLINICIAN, connection={"need": "housing", "provider_id": 1})
    with pytest.raises(Invalid) as error:
        log(desk, CLINICIAN, connection={"need": "housing", "provider_id": 1})
    assert error.value.errors == {
        "connection": "P-0001 has been connected with Harbor House for “Housing or shelter” since 13 Nov 2026. "
        "Record the next step there, or leave the connection out."
    }


def test_doubts_are_said_and_nothing_is_refused(desk: Engine) -> None:
    with aggregate_session(desk) as session:
        session.add(
            Tally(staff_id=2, week=date(2026, 3, 2), status=TallyStatus.certified, certified_at=at("2026-03-09 15:00"))
        )
        session.commit()
    helper = who(Role.social_worker)
    form = intervention(at=at("2026-03-04 15:00"), connection={"need": "legal", "provider_id": 3})
    with record_session(desk, helper) as session:
        assert record_intervention(session, helper, form).doubts == (
            "4 Mar 2026 is before Social worker began (1 Jun 2026). Check the date.",
            "The week of 2 Mar 2026 is certified: its reported figures stay as they are.",
            "Bay Clinic does not list “Legal” among its services.",
            "Bay Clinic had no capacity when last verified.",
        )


def test_a_day_has_24_hours(desk: Engine) -> None:
    log(desk, CLINICIAN, minutes=1400)
    log(desk, who(Role.social_worker), minutes=600)
    with pytest.raises(Invalid) as error:
        log(desk, CLINICIAN, minutes=160)
    assert error.value.errors == {
        "minutes": "With these 160 minutes, 13 Nov 2026 would have 26.0 hours of work. "
        "A day has 24: check the minutes and the date."
    }
    log(desk, CLINICIAN, minutes=40)


def test_an_account_without_staff_cannot_log(desk: Engine) -> None:
    with pytest.raises(Setup, match="The account “clinician” is not tied to a member of staff"):
        log(desk, who(Role.clinician, staff_id=99))


def test_undo_takes_back_all_that_the_save_made(desk: Engine) -> None:
    refer(desk, 7, "2026-11-12 14:00")
    number = log(desk, CLINICIAN, connection={"need": "housing", "provider_id": 1})
    undo(desk, who(Role.clinician, now=NOW + timedelta(seconds=60)), number)
    row, connection, referral = only(desk, Intervention), only(desk, Connection), only(desk, Referral)
    assert (row.void_reason, row.voided_by, row.episode_id) == ("Undone within a minute", CLINICIAN.user_id, None)
    assert connection.voided_at == NOW + timedelta(seconds=60)
    assert (referral.status, referral.decided_at, referral.staff_id) == (ReferralStatus.new, None, None)
    assert (count(desk, Episode), count(desk, Attempt)) == (0, 0)


def test_undo_leaves_what_was_there_before(desk: Engine) -> None:
    refer(desk, 7, "2026-11-10 14:00", status=ReferralStatus.accepted, decided_at=at("2026-11-10 15:00"), staff_id=2)
    log(desk, CLINICIAN, at=at("2026-11-12 15:00"))
    undo(desk, CLINICIAN, log(desk, CLINICIAN))
    referral = only(desk, Referral)
    assert (referral.status, referral.staff_id) == (ReferralStatus.accepted, 2)
    assert (only(desk, Episode).opened_on, count(desk, Attempt)) == (date(2026, 11, 12), 1)


def test_undoing_the_first_contact_starts_the_episode_at_the_next(desk: Engine) -> None:
    first = log(desk, CLINICIAN, at=at("2026-11-11 15:00"))
    log(desk, CLINICIAN)
    undo(desk, CLINICIAN, first)
    assert only(desk, Episode).opened_on == date(2026, 11, 13)


@pytest.mark.parametrize(
    ("later", "by", "error", "sentence"),
    [
        (
            61,
            Role.clinician,
            Conflict,
            "It was saved 1 minute ago; undo works for one minute. Void it with a reason instead.",
        ),
        (
            7300,
            Role.clinician,
            Conflict,
            "It was saved 2 hours ago; undo works for one minute. Void it with a reason instead.",
        ),
        (5, Role.social_worker, Forbidden, "Only the person who saved it can undo it. Void it with a reason instead."),
    ],
)
def test_undo_is_for_its_author_and_for_a_minute(
    desk: Engine, later: int, by: Role, error: type[TandemError], sentence: str
) -> None:
    number = log(desk, CLINICIAN)
    with pytest.raises(error) as refusal:
        undo(desk, who(by, now=NOW + timedelta(seconds=later)), number)
    assert str(refusal.value) == sentence
    assert only(desk, Intervention).voided_at is None


def test_void_needs_a_reason_keeps_the_row_and_works_once(desk: Engine) -> None:
    number = log(desk, CLINICIAN)
    later = who(Role.social_worker, now=NOW + timedelta(days=3))
    with record_session(desk, later) as session:
        void_intervention(session, later, number, VoidForm(reason="Wrong person"))
        with pytest.raises(Conflict, match="It was voided already"):
            void_intervention(session, later, number, VoidForm(reason="Again"))
        with pytest.raises(NotFound, match="There is no intervention 999 here"):
            void_intervention(session, later, 999, VoidForm(reason="Gone"))
    assert only(desk, Intervention).void_reason == "Wrong person"


def test_a_connection_that_went_further_survives_the_void(desk: Engine) -> None:
    number = log(desk, CLINICIAN, connection={"need": "housing", "provider_id": 1, "reached": "accepted"})
    with aggregate_session(desk) as session:
        made = session.scalars(select(Connection)).one()
        session.add(ConnectionStep(connection_id=made.id, step=Step.appointment, on_date=date(2026, 11, 14)))
        session.commit()
    with record_session(desk, CLINICIAN) as session:
        saved = void_intervention(session, CLINICIAN, number, VoidForm(reason="Typed twice"))
    assert saved.doubts == (f"Connection {made.id} has gone further since and stays.",)
    assert only(desk, Connection).voided_at is None


COMMANDS: list[Callable[[Any, Viewer], Any]] = [
    lambda session, viewer: record_intervention(session, viewer, intervention()),
    lambda session, viewer: undo_intervention(session, viewer, 1),
    lambda session, viewer: void_intervention(session, viewer, 1, VoidForm(reason="x")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=["record", "undo", "void"])
@pytest.mark.parametrize("role", Role)
def test_only_the_desk_writes_work(desk: Engine, role: Role, command: Callable[[Any, Viewer], Any]) -> None:
    viewer = who(role)
    with record_session(desk, viewer) as session:
        if viewer.may(Permission.log_work):
            with suppress(NotFound, Conflict):  # nothing to undo in this world: permitted all the same
                command(session, viewer)
        else:
            with pytest.raises(Forbidden):
                command(session, viewer)
    with aggregate_session(desk) as session:
        outcomes = session.scalars(select(AuditEntry.outcome)).all()
        refused = not viewer.may(Permission.log_work)
        assert ("refused" in outcomes) == refused
        assert (session.scalar(select(func.count(Intervention.id))) or 0) <= (0 if refused else 1)
