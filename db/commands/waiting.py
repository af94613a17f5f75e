"""Connections as the desk reads them: what waits on a provider and since when, what a person or a need has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from db.commands.connections import LADDER, RETAINED_AFTER
from db.models import (
    Connection,
    Pilot,
    Provider,
    ProviderCall,
    ProviderReport,
    ProviderToken,
)
from db.pilot import local_day
from db.vocab import Step

ASK_AFTER = {Step.offered: timedelta(days=7), Step.accepted: timedelta(days=7), Step.appointment: timedelta(days=14)}
"""Days after a step on which to ask what became of it; an appointment whose day is known: the day after."""
AFTER_CALL = timedelta(days=7)
"""A call that reached somebody is given so long."""
ON_PROVIDER = (Step.accepted, Step.appointment)
"""The rungs on which it is the provider's turn."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open connection, the last rung it reached, since when it stands there, when to ask."""

    connection: Connection
    step: Step
    since: date
    due: date
    last_call: date | None = None

    def overdue(self, today: date) -> bool:
        return self.due <= today

    @property
    def on_provider(self) -> bool:
        return self.step in ON_PROVIDER


def open_connections(session: Session, person_id: int | None = None) -> list[Waiting]:
    """Every open connection with a provider that is not yet retained, the one to ask about first on top."""
    rows = _rows(
        session,
        Connection.ended_on.is_(None),
        Connection.provider_id.is_not(None),
        *(() if person_id is None else (Connection.person_id == person_id,)),
    )
    zone = session.get_one(Pilot, 1).time_zone
    calls = session.execute(
        select(ProviderCall.connection_id, func.max(ProviderCall.at)).group_by(ProviderCall.connection_id)
    )
    called = {number: local_day(at, zone) for number, at in calls}
    found = [_waiting(row, called.get(row.id)) for row in rows if row.steps]
    return sorted((w for w in found if w.step is not Step.retained), key=lambda w: (w.due, w.since, w.connection.id))


def waiting_on_provider(session: Session) -> list[Waiting]:
    """Accepted or with an appointment, and not heard of since: the provider's turn. The one to ask first on top."""
    return [waiting for waiting in open_connections(session) if waiting.on_provider]


def _waiting(row: Connection, last_call: date | None) -> Waiting:
    last = max(row.steps, key=lambda step: LADDER.index(step.step))
    if last.step is Step.attended:
        due = last.on_date + RETAINED_AFTER
    elif last.step is Step.appointment and row.appointment_on is not None:
        due = max(row.appointment_on, last.on_date) + timedelta(days=1)
    else:
        due = last.on_date + ASK_AFTER.get(last.step, timedelta(0))
    if last_call is not None and last.step is not Step.attended:
        due = max(due, last_call + AFTER_CALL)
    return Waiting(row, last.step, last.on_date, due, last_call)


def closed_since(session: Session, day: date) -> Sequence[Connection]:
    """Connections with a provider that ended on ``day`` or later, the latest first."""
    rows = _rows(session, Connection.ended_on >= day, Connection.provider_id.is_not(None))
    return sorted(rows, key=lambda row: (row.ended_on or day, row.id), reverse=True)


def gaps_since(session: Session, day: date) -> Sequence[Connection]:
    """Needs that met no provider on ``day`` or later, the latest first."""
    rows = _rows(session, Connection.provider_id.is_(None), Connection.opened_on >= day)
    return sorted(rows, key=lambda row: (row.opened_on, row.id), reverse=True)


def of_person(session: Session, person_id: int) -> Sequence[Connection]:
    """All of one person's connections and gaps, the latest first."""
    rows = _rows(session, Connection.person_id == person_id)
    return sorted(rows, key=lambda row: (row.ended_on is None, row.opened_on, row.id), reverse=True)


def one(session: Session, connection_id: int) -> Connection | None:
    return next(iter(_rows(session, Connection.id == connection_id)), None)


def _rows(session: Session, *which: ColumnElement[bool]) -> Sequence[Connection]:
    query = (
        select(Connection)
        .where(Connection.voided_at.is_(None), *which)
        .options(
            joinedload(Connection.person),
            joinedload(Connection.provider).selectinload(Provider.services),
            selectinload(Connection.steps),
        )
    )
    return session.scalars(query).all()


def unseen_reports(session: Session) -> Sequence[ProviderReport]:
    """What came back through links and nobody of the desk has read, the oldest first."""
    query = select(ProviderReport).where(ProviderReport.seen_at.is_(None))
    return session.scalars(query.order_by(ProviderReport.at, ProviderReport.id)).all()


def reports_of(session: Session, connection_id: int) -> Sequence[ProviderReport]:
    query = select(ProviderReport).where(ProviderReport.connection_id == connection_id)
    return session.scalars(query.order_by(ProviderReport.id)).all()


def calls_of(session: Session, connection_id: int) -> Sequence[ProviderCall]:
    query = select(ProviderCall).where(ProviderCall.connection_id == connection_id)
    return session.scalars(query.order_by(ProviderCall.at.desc())).all()


def link_of(session: Session, connection_id: int) -> ProviderToken | None:
    """The newest link of the connection, living or not."""
    query = select(ProviderToken).where(ProviderToken.connection_id == connection_id)
    return session.scalars(query.order_by(ProviderToken.id.desc()).limit(1)).first()
