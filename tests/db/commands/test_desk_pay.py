"""Whether the desk sees what pays people: finance or an administrator says so, nobody else, and it is recorded."""

import pytest
from sqlalchemy import Engine, select

from db.commands.desk_pay import show_pay_to_desk
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden
from db.models import AuditEntry
from db.pilot import DESK_SEES_PAY, the_pilot
from db.vocab import Role, Scope


@pytest.mark.parametrize("role", [Role.finance, Role.admin])
def test_it_is_set_recorded_and_set_back(small_pilot: Engine, viewer, role: Role) -> None:
    who, before = viewer(role), data_version(small_pilot)
    for shown in (True, False):
        with record_session(small_pilot, who) as session:
            show_pay_to_desk(session, who, shown)
        with aggregate_session(small_pilot) as session:
            assert the_pilot(session).settings == {DESK_SEES_PAY: shown}
    with aggregate_session(small_pilot) as session:
        audit = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.subject, entry.detail, entry.outcome) for entry in audit] == [
        ("show pay lines to the desk", "pilot 1", {DESK_SEES_PAY: True}, "done"),
        ("hide pay lines from the desk", "pilot 1", {DESK_SEES_PAY: False}, "done"),
    ]
    after = data_version(small_pilot)
    assert all(after[scope] == before[scope] + 2 for scope in (Scope.setup, Scope.money))


def test_other_settings_stay(small_pilot: Engine, viewer) -> None:
    with aggregate_session(small_pilot) as session:
        the_pilot(session).settings = {"officer_shifts_per_week": 40}
        session.commit()
    with record_session(small_pilot, viewer(Role.finance)) as session:
        show_pay_to_desk(session, viewer(Role.finance), True)
    with aggregate_session(small_pilot) as session:
        assert the_pilot(session).settings == {"officer_shifts_per_week": 40, DESK_SEES_PAY: True}


def test_saying_the_same_again_changes_nothing(small_pilot: Engine, viewer) -> None:
    with (
        record_session(small_pilot, viewer(Role.finance)) as session,
        pytest.raises(Conflict, match="The desk does not see these lines already"),
    ):
        show_pay_to_desk(session, viewer(Role.finance), False)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.finance, Role.admin}))
def test_nobody_else_may(small_pilot: Engine, viewer, role: Role) -> None:
    with record_session(small_pilot, viewer(role)) as session, pytest.raises(Forbidden):
        show_pay_to_desk(session, viewer(role), True)
    with aggregate_session(small_pilot) as session:
        assert the_pilot(session).settings == {}
