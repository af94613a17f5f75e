"""Connections: person → provider for one need, up the ladder rung by rung, or a service gap."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, at_work, hold, now_of
from db.errors import Conflict, Invalid
from db.forms import day, quoted
from db.forms.work import ConnectionEndForm, ConnectionForm, ConnectionPart, StepForm
from db.models import Connection, ConnectionStep, Person, Provider, Staff
from db.vocab import Scope, Step, label

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
    alike = select(Connection.opened_on).where(
        Connection.person_id == person.id,
        Connection.need == form.need,
        Connection.provider_id == form.provider_id,
        Connection.ended_on.is_(None),
        Connection.voided_at.is_(None),
    )
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
        row = _open(session, form.connection_id)
        dates = {step.step: step.on_date for step in row.steps}
        if form.step in dates:
            raise Conflict(f"{quoted(form.step)} was recorded already, on {day(dates[form.step])}.")
        missing = next(step for step in LADDER if step not in dates)
        if form.step is not missing:
            raise Invalid(
                {
                    "step": f"Before {quoted(form.step)} comes {quoted(missing)}. Record that first; "
                    "it may have been the same day."
                }
            )
        _not_before(form, row, dates)
        row.steps.append(ConnectionStep(step=form.step, on_date=form.on_date))
        note.subject, note.detail = f"connection {row.id}", {"step": form.step.value}
    return Saved(row.id)


def end_connection(session: Session, viewer: Viewer, form: ConnectionEndForm) -> Saved:
    """A connection ends before its ladder does, with a reason."""
    with write(session, viewer, Permission.log_work, "end connection", Scope.work) as note:
        form.check(now_of(session, viewer))
        row = _open(session, form.connection_id)
        last = max((step.on_date for step in row.steps), default=row.opened_on)
        if form.on_date < last:
            raise Invalid({"on_date": f"{day(form.on_date)} is before its last step, {day(last)}. Check the date."})
        row.ended_on, row.end_reason = form.on_date, form.reason
        note.subject, note.detail = f"connection {row.id}", {"reason": form.reason.value}
    return Saved(row.id)


def _open(session: Session, connection_id: int) -> Connection:
    row = hold(session, Connection, connection_id, "connection")
    if row.voided_at is not None:
        raise Conflict("This connection was voided. Nothing was changed.")
    if row.ended_on is not None and row.end_reason is not None:
        raise Conflict(f"This connection was closed on {day(row.ended_on)} ({label(row.end_reason)}).")
    return row


def _not_before(form: StepForm, row: Connection, dates: dict[Step, date]) -> None:
    below = LADDER.index(form.step) - 1
    floor = dates[LADDER[below]] if below >= 0 else row.opened_on
    what = quoted(LADDER[below]) if below >= 0 else "the connection"
    if form.on_date < floor:
        raise Invalid(
            {"on_date": f"{quoted(form.step)} on {day(form.on_date)} is before {what}, {day(floor)}. Check the date."}
        )
    if form.step is Step.retained and form.on_date < floor + RETAINED_AFTER:
        since = day(floor + RETAINED_AFTER)
        raise Invalid({"on_date": f"{quoted(form.step)} can be recorded from {since}, 30 days after {day(floor)}."})


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
