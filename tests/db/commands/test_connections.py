"""The ladder: rung by rung, never before the one below, closed with a reason."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.commands.connections import end_connection, record_connection, record_step
from db.commands.desk import Saved
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, TandemError
from db.forms import checked
from db.forms.work import ConnectionEndForm, ConnectionForm, StepForm
from db.models import Connection
from db.vocab import ConnectionEnd, Role, Step
from tests.conftest import NOW
from tests.db.commands.test_at_once import at_once
from tests.db.desk_world import who

CLINICIAN = who(Role.clinician, now=NOW + timedelta(days=60))
OPENED = date(2026, 11, 10)


def connect(bind: Engine, **changes: Any) -> int:
    plain = {"person_id": 1, "need": "housing", "provider_id": 1, "reached": "accepted", "opened_on": OPENED}
    with record_session(bind, CLINICIAN) as session:
        return record_connection(session, CLINICIAN, checked(ConnectionForm, plain | changes)).id


def step(bind: Engine, number: int, rung: Step, on: date) -> None:
    with record_session(bind, CLINICIAN) as session:
        record_step(session, CLINICIAN, StepForm(connection_id=number, step=rung, on_date=on))


def end(bind: Engine, number: int, on: date) -> None:
    form = ConnectionEndForm(connection_id=number, reason=ConnectionEnd.waitlisted, on_date=on)
    with record_session(bind, CLINICIAN) as session:
        end_connection(session, CLINICIAN, form)


def test_the_whole_ladder_in_order(desk: Engine) -> None:
    number = connect(desk)
    step(desk, number, Step.appointment, OPENED)
    step(desk, number, Step.attended, date(2026, 11, 20))
    step(desk, number, Step.retained, date(2026, 12, 20))
    with aggregate_session(desk) as session:
        rungs = {s.step: s.on_date for s in session.scalars(select(Connection)).one().steps}
    assert rungs == {
        Step.offered: OPENED,
        Step.accepted: OPENED,
        Step.appointment: OPENED,
        Step.attended: date(2026, 11, 20),
        Step.retained: date(2026, 12, 20),
    }


@pytest.mark.parametrize(
    ("reached", "rung", "on", "error", "sentence"),
    [
        (
            *("offered", Step.attended, OPENED, Invalid),
            "Before “Attended first appointment” comes “Accepted”. Record that first; it may have been the same day.",
        ),
        (
            *("accepted", Step.appointment, date(2026, 11, 9), Invalid),
            "“Appointment made” on 9 Nov 2026 is before “Accepted”, 10 Nov 2026. Check the date.",
        ),
        (
            *("attended", Step.retained, date(2026, 12, 9), Invalid),
            "“Retained 30 days” can be recorded from 10 Dec 2026, 30 days after 10 Nov 2026.",
        ),
        (
            *("accepted", Step.accepted, OPENED, Conflict),
            "“Accepted” was recorded already, on 10 Nov 2026.",
        ),
        (
            *("accepted", Step.appointment, date(2027, 2, 1), Invalid),
            "1 Feb 2027 is in the future. Record the step when it has happened.",
        ),
    ],
)
def test_a_rung_that_cannot_be(
    desk: Engine, reached: str, rung: Step, on: date, error: type[TandemError], sentence: str
) -> None:
    number = connect(desk, reached=reached)
    with pytest.raises(error) as refusal:
        step(desk, number, rung, on)
    assert str(refusal.value) == sentence


def test_a_connection_is_closed_once_and_not_before_its_last_rung(desk: Engine) -> None:
    number = connect(desk)
    with pytest.raises(Invalid, match="9 Nov 2026 is before its last step, 10 Nov 2026"):
        end(desk, number, date(2026, 11, 9))
    end(desk, number, date(2026, 11, 12))
    for again in (lambda: end(desk, number, OPENED), lambda: step(desk, number, Step.appointment, OPENED)):
        with pytest.raises(Conflict, match=r"This connection was closed on 12 Nov 2026 \(Waitlisted\)"):
            again()


def test_the_same_need_may_go_to_the_same_provider_once_the_first_is_closed(desk: Engine) -> None:
    end(desk, connect(desk), OPENED)
    connect(desk)
    with pytest.raises(Invalid, match="P-0001 has been connected with Harbor House"):
        connect(desk)


def test_only_the_desk_connects(desk: Engine) -> None:
    number = connect(desk)
    form = StepForm(connection_id=number, step=Step.appointment, on_date=OPENED)
    for role in sorted(Role, key=lambda role: role is Role.social_worker):  # who may comes last
        viewer = who(role, now=CLINICIAN.now)
        with record_session(desk, viewer) as session:
            if role is Role.social_worker:
                record_step(session, viewer, form)
            elif role is not Role.clinician:
                with pytest.raises(Forbidden):
                    record_step(session, viewer, form)


def test_the_second_of_two_recording_a_step_at_once_is_told(desk: Engine) -> None:
    number = connect(desk)

    def record(role: Role) -> Saved:
        viewer = who(role, now=CLINICIAN.now)
        with record_session(desk, viewer) as session:
            form = StepForm(connection_id=number, step=Step.appointment, on_date=OPENED)
            return record_step(session, viewer, form)

    ended = at_once(lambda: record(Role.clinician), lambda: record(Role.social_worker))
    told = [str(e) for e in ended if isinstance(e, Conflict)]
    assert told == ["“Appointment made” was recorded already, on 10 Nov 2026."], ended
