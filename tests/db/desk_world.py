"""A few people, providers and accounts for the tests of the desk, on top of the small pilot."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from db.access import Viewer, viewer_for
from db.commands.work import record_intervention
from db.engine import aggregate_session, record_session
from db.forms import checked
from db.forms.work import InterventionForm
from db.models import Identity, Person, Provider, ProviderService, User
from db.vocab import Mode, Need, Outcome, ProviderKind, Purpose, Role
from tests.conftest import NOW

ACCOUNTS = {role: number for number, role in enumerate(Role, start=1)}


def at(text: str) -> datetime:
    """“2026-11-13 10:00” in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def who(role: Role, *, now: datetime = NOW, staff_id: int | None = None) -> Viewer:
    """A signed-in person with an account; clinician and social worker are tied to their staff row."""
    tied = {Role.clinician: 1, Role.social_worker: 2}.get(role) if staff_id is None else staff_id
    return viewer_for(
        role,
        name=role.value,
        now=now,
        today=(now - timedelta(hours=5)).date(),
        user_id=ACCOUNTS[role],
        staff_id=tied,
        address="127.0.0.1",
    )


def settle(bind: Engine) -> None:
    """One account a role, two known people, an open provider, a closed one, a full one."""
    with aggregate_session(bind) as session:
        for role, number in ACCOUNTS.items():
            tied = {Role.clinician: 1, Role.social_worker: 2}.get(role)
            session.add(
                User(
                    id=number,
                    username=role.value,
                    name=role.value.replace("_", " ").title(),
                    role=role,
                    staff_id=tied,
                    password_hash="x",
                    created_at=NOW,
                    password_set_at=NOW,
                )
            )
        session.flush()
        maria = Identity(name="María López", alias="Mari", born_on="1987-05-03")
        session.add(Person(id=1, code="P-0001", created_at=NOW, identity=maria))
        session.add(Person(id=2, code="P-0002", created_at=NOW, identity=Identity(name="James O'Brien")))
        for number, name, active, room in (
            (1, "Harbor House", True, True),
            (2, "Old Mill", False, True),
            (3, "Bay Clinic", True, False),
        ):
            session.add(
                Provider(
                    id=number,
                    name=name,
                    kind=ProviderKind.shelter,
                    active=active,
                    has_capacity=room,
                    verified_on=date(2026, 11, 1),
                    services=[ProviderService(need=Need.housing)],
                )
            )
        session.flush()
        if bind.dialect.name == "postgresql":  # rows with their own ids leave the sequences behind
            for table in ("person", "provider", "account"):
                session.connection().exec_driver_sql(f"SELECT setval('{table}_id_seq', 100)")
        session.commit()


def intervention(changes: Mapping[str, Any] | None = None, /, **more: Any) -> InterventionForm:
    """A phone follow-up of half an hour with P-0001 on Friday 13 Nov 2026, 10:00 in New York, changed as said."""
    plain: dict[str, Any] = {
        "person_id": 1,
        "at": at("2026-11-13 15:00"),
        "mode": Mode.phone_video,
        "purpose": Purpose.follow_up,
        "minutes": 30,
        "outcome": Outcome.engaged,
    }
    return checked(InterventionForm, plain | dict(changes or {}) | more)


def log(bind: Engine, viewer: Viewer, /, **changes: Any) -> int:
    """Record one through the command; its id."""
    with record_session(bind, viewer) as session:
        return record_intervention(session, viewer, intervention(**changes)).id
