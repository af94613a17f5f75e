"""Follow-ups: scheduled, moved, ended; and which of them are due. A contact on the day or later meets one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, at_work, hold, now_of, once
from db.errors import Conflict, Invalid
from db.forms import Now, day
from db.forms.flow import FollowUpEndForm, FollowUpForm, MoveForm
from db.log import was_direct
from db.models import Attempt, FollowUp, Intervention, Person, Referral, Staff
from db.vocab import ReferralStatus, Scope, label


def schedule(session: Session, viewer: Viewer, form: FollowUpForm) -> Saved:
    """Promise to contact somebody again by a day. One open follow-up a person and day."""
    return once(session, FollowUp, form.submit_key, lambda: _schedule(session, viewer, form))


def _schedule(session: Session, viewer: Viewer, form: FollowUpForm) -> Saved:
    with write(session, viewer, Permission.log_work, "schedule follow-up", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        referral = hold(session, Referral, form.referral_id, "referral") if form.referral_id is not None else None
        person_id = form.person_id or (referral.person_id if referral else None)
        if person_id is not None:
            hold(session, Person, person_id, "person")
        staff = at_work(session, viewer) if form.staff_id is None else session.get(Staff, form.staff_id)
        if staff is None or (staff.ends_on is not None and staff.ends_on < form.due_on):
            raise Invalid({"staff_id": "Whoever should do it does not work here on that day. Choose somebody else."})
        same = FollowUp.person_id == person_id if person_id is not None else FollowUp.referral_id == form.referral_id
        if session.scalar(select(FollowUp.id).where(same, FollowUp.due_on == form.due_on, FollowUp.ended_at.is_(None))):
            raise Invalid({"due_on": f"A follow-up on {day(form.due_on)} stands already. Choose another day."})
        row = FollowUp(
            person_id=person_id,
            referral_id=form.referral_id,
            staff_id=staff.id,
            due_on=form.due_on,
            what=form.what,
            submit_key=form.submit_key,
            created_at=viewer.now,
            created_by=viewer.user_id,
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"follow-up {row.id}", {"due": form.due_on.isoformat()}
    return Saved(row.id)


def move(session: Session, viewer: Viewer, follow_up_id: int, form: MoveForm) -> Saved:
    """Another day. The audit keeps the one before."""
    with write(session, viewer, Permission.log_work, "move follow-up", Scope.work) as note:
        form.check(now_of(session, viewer))
        row = _open(session, viewer, follow_up_id)
        note.subject = f"follow-up {row.id}"
        note.detail = {"from": row.due_on.isoformat(), "to": form.due_on.isoformat()}
        row.due_on = form.due_on
    return Saved(row.id)


def end(session: Session, viewer: Viewer, follow_up_id: int, form: FollowUpEndForm) -> Saved:
    """Done, or no longer needed."""
    with write(session, viewer, Permission.log_work, "end follow-up", Scope.work) as note:
        row = _open(session, viewer, follow_up_id)
        row.ended_at, row.ended_by, row.end_reason = viewer.now, viewer.user_id, form.reason
        note.subject, note.detail = f"follow-up {row.id}", {"reason": form.reason.value}
    return Saved(row.id)


def take_back_end(session: Session, viewer: Viewer, follow_up_id: int) -> Saved:
    """Undo :func:`end`."""
    with write(session, viewer, Permission.log_work, "reopen follow-up", Scope.work) as note:
        row = hold(session, FollowUp, follow_up_id, "follow-up")
        row.ended_at = row.ended_by = row.end_reason = None
        note.subject = f"follow-up {row.id}"
    return Saved(row.id)


def _open(session: Session, viewer: Viewer, follow_up_id: int) -> FollowUp:
    row = hold(session, FollowUp, follow_up_id, "follow-up")
    if row.ended_at is not None and row.end_reason is not None:
        when = now_of(session, viewer).local(row.ended_at)
        raise Conflict(f"This follow-up was ended on {when} already ({label(row.end_reason)}). Reload the list.")
    return row


@dataclass(frozen=True, slots=True)
class Due:
    """A follow-up that nothing has met yet. ``days_late`` is negative while it lies ahead."""

    row: FollowUp
    days_late: int

    @property
    def person_id(self) -> int | None:
        referral = self.row.referral
        return self.row.person_id or (referral.person_id if referral else None)


def unmet(session: Session, now: Now, until: date | None = None) -> list[Due]:
    """Open follow-ups due by ``until`` (inclusive; None: all), oldest first, that no contact has met.

    Met: a direct contact with the person, or a try that reached whoever the referral is about, on the
    local day it was due or later. Nobody who may not see people gets any.
    """
    query = select(FollowUp).where(FollowUp.ended_at.is_(None)).order_by(FollowUp.due_on, FollowUp.id)
    if until is not None:
        query = query.where(FollowUp.due_on <= until)
    rows = session.scalars(query.options(joinedload(FollowUp.referral).options(selectinload(Referral.detail)))).unique()
    found = [Due(row, (now.today - row.due_on).days) for row in rows]
    people = last_contacts(session, {due.person_id for due in found if due.person_id is not None})
    reached = _reached(session, {due.row.referral_id for due in found if due.row.referral_id is not None})
    return [
        due
        for due in found
        if not _on_or_after(people.get(due.person_id or 0), due, now)
        and not _on_or_after(reached.get(due.row.referral_id or 0), due, now)
        and not (due.person_id is None and due.row.referral and due.row.referral.status is ReferralStatus.declined)
    ]


def last_contacts(session: Session, people: Iterable[int] | None = None) -> Mapping[int, datetime]:
    """Person → the moment of the latest direct contact."""
    query = (
        select(Intervention.person_id, func.max(Intervention.at))
        .where(
            *was_direct(),
            Intervention.person_id.is_not(None),
        )
        .group_by(Intervention.person_id)
    )
    if people is not None:
        query = query.where(Intervention.person_id.in_(sorted(people)))
    return {person: at for person, at in session.execute(query) if person is not None}


def _reached(session: Session, referrals: Iterable[int]) -> Mapping[int, datetime]:
    query = (
        select(Attempt.referral_id, func.max(Attempt.at))
        .where(Attempt.reached, Attempt.referral_id.in_(sorted(referrals)))
        .group_by(Attempt.referral_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _on_or_after(at: datetime | None, due: Due, now: Now) -> bool:
    return at is not None and now.local_day(at) >= due.row.due_on
