"""Episodes by hand: closing one with a reason, opening one again, opening one where no contact did."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.care import record
from db.commands.desk import Saved, at_work, hold, now_of
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day, quoted
from db.forms.people import EpisodeCloseForm, EpisodeOpenForm
from db.log import was_direct
from db.models import Connection, Episode, Intervention, Person
from db.vocab import Scope, label


def open_episode(session: Session, viewer: Viewer, person_id: int, form: EpisodeOpenForm) -> Saved:
    """Begin a stretch of care by hand. The first direct contact does it by itself; this is for what was not logged."""
    with write(session, viewer, Permission.log_work, "open episode", Scope.work) as note:
        form.check(now_of(session, viewer))
        person = hold(session, Person, person_id, "person")
        for row in _episodes(session, person.id):
            if row.closed_on is None:
                raise Conflict(f"{person.code} has an open episode since {day(row.opened_on)}. Close that one first.")
            if row.closed_on >= form.opened_on:
                raise Invalid(
                    {
                        "opened_on": f"An episode lasted until {day(row.closed_on)}. Choose a later day, "
                        "or reopen that one."
                    }
                )
        row = Episode(person_id=person.id, staff_id=at_work(session, viewer).id, opened_on=form.opened_on)
        session.add(row)
        session.flush()
        record(session, viewer, person.id, "episode", None, f"opened {day(row.opened_on)}")
        note.subject, note.detail = f"episode {row.id}", {"person": person.code}
    doubt = "No direct contact is logged yet. Log it as well: only contacts count people as served."
    return Saved(row.id, () if _last_contact(session, row, now_of(session, viewer)) else (doubt,))


def close_episode(session: Session, viewer: Viewer, episode_id: int, form: EpisodeCloseForm) -> Saved:
    """End a stretch of care, not before its last contact."""
    with write(session, viewer, Permission.log_work, "close episode", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        row, person = _held(session, episode_id)
        if row.closed_on is not None and row.close_reason is not None:
            raise Conflict(
                f"This episode was closed on {day(row.closed_on)} ({label(row.close_reason)}). Reopen it first."
            )
        if form.closed_on < row.opened_on:
            raise Invalid(
                {"closed_on": f"{day(form.closed_on)} is before it was opened, {day(row.opened_on)}. Check the date."}
            )
        last = _last_contact(session, row, now)
        if last is not None and form.closed_on < last:
            raise Invalid(
                {"closed_on": f"{day(form.closed_on)} is before the last contact, {day(last)}. Check the date."}
            )
        row.closed_on, row.close_reason = form.closed_on, form.reason
        words = f"closed {day(form.closed_on)}: {label(form.reason).lower()}"
        record(session, viewer, person.id, "episode", f"open since {day(row.opened_on)}", words)
        note.subject, note.detail = f"episode {row.id}", {"reason": form.reason.value}
        waiting = session.scalar(
            select(func.count(Connection.id)).where(
                Connection.person_id == person.id, Connection.ended_on.is_(None), Connection.voided_at.is_(None)
            )
        )
    doubts = (f"{waiting} of {person.code}'s connections are not closed yet.",) if waiting else ()
    return Saved(row.id, doubts)


def reopen_episode(session: Session, viewer: Viewer, episode_id: int) -> Saved:
    """Closed too early, or by mistake: the latest episode goes on as if it had not been closed."""
    with write(session, viewer, Permission.log_work, "reopen episode", Scope.work) as note:
        row, person = _held(session, episode_id)
        if row.closed_on is None or row.close_reason is None:
            raise Conflict("This episode is open already. Reload the page.")
        later = [e for e in _episodes(session, person.id) if e.opened_on > row.opened_on]
        if later:
            raise Conflict(f"A later episode began on {day(later[0].opened_on)}: only the latest one can be reopened.")
        words = f"closed {day(row.closed_on)}: {label(row.close_reason).lower()}"
        record(session, viewer, person.id, "episode", words, "reopened")
        note.subject, note.detail = f"episode {row.id}", {"was": quoted(row.close_reason)}
        row.closed_on = row.close_reason = None
    return Saved(row.id)


def _held(session: Session, episode_id: int) -> tuple[Episode, Person]:
    """The person first, as everybody locks them: two at once then wait, and never for each other."""
    whose = session.scalar(select(Episode.person_id).where(Episode.id == episode_id))
    if whose is None:
        raise NotFound(f"There is no episode {episode_id} here. Go back to the person and open it again.")
    person = hold(session, Person, whose, "person")
    return hold(session, Episode, episode_id, "episode"), person


def _episodes(session: Session, person_id: int) -> list[Episode]:
    return list(session.scalars(select(Episode).where(Episode.person_id == person_id).order_by(Episode.opened_on)))


def _last_contact(session: Session, row: Episode, now: Now) -> date | None:
    at = session.scalar(
        select(func.max(Intervention.at)).where(
            Intervention.episode_id == row.id,
            *was_direct(),
        )
    )
    return now.local_day(at) if at else None
