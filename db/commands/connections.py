"""Connections: person → provider for one need, up the ladder rung by rung, or a service gap."""

from datetime import date, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.care import record
from db.commands.desk import Saved, at_work, hold, now_of
from db.errors import Conflict, Invalid
from db.forms import day, quoted
from db.forms.work import ConnectionEndForm, ConnectionForm, ConnectionPart, StepForm, VoidForm
from db.models import Connection, ConnectionStep, Person, Provider, Staff
from db.vocab import ConnectionEnd, Need, Scope, Step, label

LADDER = tuple(Step)
RETAINED_AFTER = timedelta(days=30)


def record_connection(session: Session, viewer: Viewer, form: ConnectionForm) -> Saved:
    """A connection on its own. Raises Conflict where the same one is open already."""
    with write(session, viewer, Permission.log_work, "record connection", Scope.work) as note:
        form.check(now_of(session, viewer))
        person = hold(session, Person, form.person_id, "person")
        row, doubts = insert_connection(session, at_work(session, viewer), person, form, form.opened_on)
        note.subject = f"connection {row.id}"
    return Saved(row.id, tuple(doubts))


def insert_connection(
    session: Session,
    staff: Staff,
    person: Person,
    form: ConnectionPart,
    opened_on: date,
    intervention_id: int | None = None,
) -> tuple[Connection, list[str]]:
    """The same inside another command's transaction, with the person's row held. Returns row and doubts."""
    provider = _provider(session, form)
    alike = _alike(person.id, form.need, form.provider_id)
    if provider is not None and (since := session.scalars(alike).first()) is not None:
        raise Invalid(
            {
                "connection": f"{person.code} has been connected with {provider.name} for {quoted(form.need)} "
                f"since {day(since)}. Record the next step there, or leave the connection out."
            }
        )
    gap = form.gap_reason is not None
    reached = LADDER[: LADDER.index(form.reached) + 1] if not gap else ()
    row = Connection(
        person_id=person.id,
        need=form.need,
        provider_id=form.provider_id,
        staff_id=staff.id,
        intervention_id=intervention_id,
        opened_on=opened_on,
        ended_on=opened_on if gap else None,
        end_reason=form.gap_reason,
        steps=[ConnectionStep(step=step, on_date=opened_on) for step in reached],
    )
    session.add(row)
    session.flush()
    return row, _doubts(provider, form)


def record_step(session: Session, viewer: Viewer, form: StepForm) -> Saved:
    """The next rung of the ladder, not before the one below it."""
    with write(session, viewer, Permission.log_work, "record connection step", Scope.work) as note:
        form.check(now_of(session, viewer))
        row = hold_open(session, form.connection_id)
        climb(row, form)
        note.subject, note.detail = f"connection {row.id}", {"step": form.step.value}
    return Saved(row.id)


def climb(row: Connection, form: StepForm) -> None:
    """The same inside another command's transaction, with the open connection held."""
    dates = {step.step: step.on_date for step in row.steps}
    if form.step in dates:
        raise Conflict(f"{quoted(form.step)} was recorded already, on {day(dates[form.step])}.")
    below = [step for step in LADDER[: LADDER.index(form.step)] if step not in dates]
    if below and not form.fill:
        raise Invalid(
            {
                "step": f"Before {quoted(form.step)} comes {quoted(below[0])}. Record that first; "
                "it may have been the same day."
            }
        )
    for step in below:
        _not_before(step, form.on_date, row, dates)
        dates[step] = form.on_date
        row.steps.append(ConnectionStep(step=step, on_date=form.on_date))
    _not_before(form.step, form.on_date, row, dates)
    row.steps.append(ConnectionStep(step=form.step, on_date=form.on_date))
    if form.step is Step.appointment:
        row.appointment_on = form.appointment_on


def end_connection(session: Session, viewer: Viewer, form: ConnectionEndForm) -> Saved:
    """A connection ends before its ladder does, with a reason."""
    with write(session, viewer, Permission.log_work, "end connection", Scope.work) as note:
        form.check(now_of(session, viewer))
        row = hold_open(session, form.connection_id)
        finish(row, form.on_date, form.reason)
        note.subject, note.detail = f"connection {row.id}", {"reason": form.reason.value}
    return Saved(row.id)


def finish(row: Connection, on_date: date, reason: ConnectionEnd) -> None:
    """The same inside another command's transaction, with the open connection held."""
    last = max((step.on_date for step in row.steps), default=row.opened_on)
    if on_date < last:
        raise Invalid({"on_date": f"{day(on_date)} is before its last step, {day(last)}. Check the date."})
    row.ended_on, row.end_reason = on_date, reason


def take_back_step(session: Session, viewer: Viewer, connection_id: int) -> Saved:
    """The last rung was recorded by mistake; the audit keeps which one it was. The first one stays."""
    with write(session, viewer, Permission.log_work, "take back connection step", Scope.work) as note:
        row = hold_open(session, connection_id)
        if len(row.steps) < 2:
            raise Conflict("The first step opened this connection. Void the connection if it never was.")
        last = max(row.steps, key=lambda step: LADDER.index(step.step))
        row.steps.remove(last)
        if last.step is Step.appointment:
            row.appointment_on = None
        note.subject = f"connection {row.id}"
        note.detail = {"step": last.step.value, "on_date": last.on_date.isoformat()}
    return Saved(row.id)


def reopen_connection(session: Session, viewer: Viewer, connection_id: int) -> Saved:
    """A connection that was closed goes on. A service gap cannot: connect the person anew instead."""
    with write(session, viewer, Permission.log_work, "reopen connection", Scope.work) as note:
        row = hold(session, Connection, connection_id, "connection")
        if row.voided_at is not None or row.ended_on is None or row.end_reason is None:
            raise Conflict("This connection is not closed. Nothing was changed.")
        if row.provider is None:
            raise Conflict("This is a service gap: no provider to go back to. Make a new connection instead.")
        if not row.provider.active:
            raise Conflict(f"{row.provider.name} is closed in the directory. Make a new connection instead.")
        if (since := session.scalars(_alike(row.person_id, row.need, row.provider_id)).first()) is not None:
            raise Conflict(f"The same connection is open since {day(since)}. Go on with that one.")
        note.subject = f"connection {row.id}"
        note.detail = {"ended_on": row.ended_on.isoformat(), "reason": row.end_reason.value}
        row.ended_on, row.end_reason = None, None
    return Saved(connection_id)


def void_connection(session: Session, viewer: Viewer, connection_id: int, form: VoidForm) -> Saved:
    """Take one out of all figures. It stays in the database; why, in the history of the person's record alone."""
    with write(session, viewer, Permission.log_work, "void connection", Scope.work) as note:
        row = hold(session, Connection, connection_id, "connection")
        if row.voided_at is not None:
            raise Conflict("This connection was voided already. Nothing was changed.")
        row.voided_at = viewer.now
        what = f"{quoted(row.need)}, {row.provider.name if row.provider else 'no provider'}"
        record(session, viewer, row.person_id, "Connection", what, f"voided: {form.reason}")
        note.subject = f"connection {row.id}"
    return Saved(connection_id)


def hold_open(session: Session, connection_id: int) -> Connection:
    """The row of an open connection, locked. Raises Conflict for one that is closed or voided."""
    row = hold(session, Connection, connection_id, "connection")
    if row.voided_at is not None:
        raise Conflict("This connection was voided. Nothing was changed.")
    if row.ended_on is not None and row.end_reason is not None:
        raise Conflict(f"This connection was closed on {day(row.ended_on)} ({label(row.end_reason)}).")
    return row


def _not_before(step: Step, on_date: date, row: Connection, dates: dict[Step, date]) -> None:
    below = LADDER.index(step) - 1
    floor = dates[LADDER[below]] if below >= 0 else row.opened_on
    what = quoted(LADDER[below]) if below >= 0 else "the connection"
    if on_date < floor:
        raise Invalid({"on_date": f"{quoted(step)} on {day(on_date)} is before {what}, {day(floor)}. Check the date."})
    if step is Step.retained and on_date < floor + RETAINED_AFTER:
        since = day(floor + RETAINED_AFTER)
        raise Invalid({"on_date": f"{quoted(step)} can be recorded from {since}, 30 days after {day(floor)}."})


def _alike(person_id: int, need: Need, provider_id: int | None) -> Select[date]:
    return select(Connection.opened_on).where(
        Connection.person_id == person_id,
        Connection.need == need,
        Connection.provider_id == provider_id,
        Connection.ended_on.is_(None),
        Connection.voided_at.is_(None),
    )


def _provider(session: Session, form: ConnectionPart) -> Provider | None:
    if form.provider_id is None:
        return None
    provider = session.get(Provider, form.provider_id)
    if provider is None:
        raise Invalid({"connection": f"There is no provider {form.provider_id}. Choose one from the list."})
    if not provider.active:
        raise Invalid({"connection": f"{provider.name} is closed in the directory. Choose another provider."})
    return provider


def _doubts(provider: Provider | None, form: ConnectionPart) -> list[str]:
    if provider is None:
        return []
    doubts = []
    if form.need not in {service.need for service in provider.services}:
        doubts.append(f"{provider.name} does not list {quoted(form.need)} among its services.")
    if not provider.has_capacity:
        doubts.append(f"{provider.name} had no capacity when last verified.")
    return doubts
