"""Referrals received: sending one, deciding on it, trying to reach the person."""

from collections.abc import Sequence
from datetime import timedelta

from rapidfuzz import fuzz
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db.access import Permission, Viewer
from db.calls_left import as_dispatch_writes, bare
from db.commands.base import write
from db.commands.desk import Saved, at_work, hold, now_of, once
from db.commands.people import LIKELY, fold, insert_person
from db.errors import Conflict, Invalid
from db.forms import Now, quoted
from db.forms.flow import ReferralEndForm
from db.forms.work import AttemptForm, DecisionForm, PersonForm, ReferralForm
from db.models import Attempt, Person, Referral, ReferralClosing, ReferralDetail, ReferralNeed, Staff
from db.vocab import ReferralStatus, Scope, Source

OPEN = (ReferralStatus.new, ReferralStatus.accepted)
STALE = timedelta(hours=48)
"""A new referral older than this is marked: 48 hours is the published target (measures.md, section 4)."""
_SAME_MATTER = timedelta(days=30)


def record_referral(session: Session, viewer: Viewer, form: ReferralForm) -> Saved:
    """Send somebody to the desk. Who and where are encrypted, and the desk's alone from then on.

    Raises Invalid for a likely duplicate (the same incident, or the same name for the desk) that is not
    confirmed as another matter. An officer is told of referrals of their own only.
    """
    written = as_dispatch_writes(session, form.incident_number)
    form = form.model_copy(update={"incident_number": written})
    return once(session, Referral, form.submit_key, lambda: _record(session, viewer, form))


def _record(session: Session, viewer: Viewer, form: ReferralForm) -> Saved:
    with write(session, viewer, Permission.refer, "record referral", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        desk = viewer.may(Permission.see_people)
        if form.person_id is not None:
            hold(session, Person, form.person_id, "person")
        if not form.confirmed_other:
            _not_twice(session, form, now)
        row = Referral(
            received_at=(form.received_at if desk else None) or viewer.now,
            source=form.source if desk else Source.officer,
            referred_by=None if desk else viewer.user_id,
            person_id=form.person_id,
            incident_number=form.incident_number,
            urgency=form.urgency,
            submit_key=form.submit_key,
            created_at=viewer.now,
            created_by=viewer.user_id,
            needs=[ReferralNeed(need=need) for need in sorted(form.needs)],
            detail=ReferralDetail(
                name=form.name,
                approximate_age=None if form.approximate_age is None else str(form.approximate_age),
                place=form.place,
                happened_at=form.happened_at,
                safety_note=form.safety_note,
                agreed=form.agreed,
            ),
        )
        session.add(row)
        session.flush()
        note.subject = f"referral {row.id}"
    return Saved(row.id, tuple(form.doubts(now)))


def decide_referral(session: Session, viewer: Viewer, referral_id: int, form: DecisionForm) -> Saved:
    """Accept a new referral for a member of staff, or decline it with a reason."""
    action = "accept referral" if form.accept else "decline referral"
    with write(session, viewer, Permission.log_work, action, Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        row = hold(session, Referral, referral_id, "referral")
        note.subject = f"referral {row.id}"
        if row.status is not ReferralStatus.new:
            when = f" on {now.local(row.decided_at)}" if row.decided_at else ""
            raise Conflict(f"This referral was {row.status.value}{when} already. Reload the list.")
        if form.person_id is not None:
            row.person_id = hold(session, Person, form.person_id, "person").id
        if form.accept:
            staff = at_work(session, viewer) if form.staff_id is None else _works_here(session, form.staff_id, now)
            accept(row, viewer, staff.id)
            note.detail = {"staff": staff.id}
        else:
            row.status, row.decline_reason = ReferralStatus.declined, form.reason
            row.decided_at = max(viewer.now, row.received_at)
    return Saved(row.id)


def tie_referral(session: Session, viewer: Viewer, referral_id: int, who: int | PersonForm) -> Saved:
    """Say who the person of a referral is: somebody known, by id, or somebody new."""
    with write(session, viewer, Permission.log_work, "tie referral", Scope.work) as note:
        now = now_of(session, viewer)
        row = hold(session, Referral, referral_id, "referral")
        if isinstance(who, PersonForm):
            who.check(now)
            person = insert_person(session, viewer, who, now, field="new_person.name")
        else:
            person = hold(session, Person, who, "person")
        row.person_id = person.id
        note.subject, note.detail = f"referral {row.id}", {"person": person.code}
    return Saved(person.id)


def record_attempt(session: Session, viewer: Viewer, form: AttemptForm) -> Saved:
    """One try to reach the person of a referral. A try at a new referral accepts it."""
    return once(session, Attempt, form.submit_key, lambda: _try(session, viewer, form))


def _try(session: Session, viewer: Viewer, form: AttemptForm) -> Saved:
    with write(session, viewer, Permission.log_work, "record attempt", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        staff = at_work(session, viewer)
        row = hold(session, Referral, form.referral_id, "referral")
        if row.status not in OPEN:
            raise Conflict(f"Referral {row.id} is {quoted(row.status).lower()}; an attempt would count for nothing.")
        if form.at < row.received_at:
            raise Invalid(
                {
                    "at": f"The attempt ({now.local(form.at)}) is before the referral was received "
                    f"({now.local(row.received_at)}). Check the date."
                }
            )
        accept(row, viewer, staff.id)
        attempt = Attempt(staff_id=staff.id, **form.model_dump())
        session.add(attempt)
        session.flush()
        note.subject, note.detail = f"attempt {attempt.id}", {"referral": row.id}
    return Saved(attempt.id)


def accept(referral: Referral, viewer: Viewer, staff_id: int | None) -> None:
    """A new referral becomes accepted, and somebody's. Anything else stays as it is."""
    if referral.status is ReferralStatus.new:
        referral.status = ReferralStatus.accepted
        referral.decided_at = max(viewer.now, referral.received_at)
        referral.staff_id = referral.staff_id or staff_id


def reopen(referral: Referral) -> None:
    """Undo :func:`accept`."""
    referral.status, referral.decided_at, referral.staff_id = ReferralStatus.new, None, None


def waiting(session: Session) -> Sequence[Referral]:
    """Open referrals whose person nobody has reached yet, oldest first, with needs, detail and attempts."""
    rows = session.scalars(
        select(Referral)
        .where(Referral.status.in_(OPEN))
        .order_by(Referral.received_at)
        .options(selectinload(Referral.needs), selectinload(Referral.attempts), selectinload(Referral.detail))
    ).all()
    return [row for row in rows if not any(attempt.reached for attempt in row.attempts)]


def close_referral(session: Session, viewer: Viewer, referral_id: int, form: ReferralEndForm) -> Saved:
    """An accepted referral ends, with a reason."""
    with write(session, viewer, Permission.log_work, "close referral", Scope.work) as note:
        form.check(now_of(session, viewer))
        row = hold(session, Referral, referral_id, "referral")
        note.subject, note.detail = f"referral {row.id}", {"reason": form.reason.value}
        if row.status is not ReferralStatus.accepted:
            raise Conflict(
                f"Referral {row.id} is {quoted(row.status).lower()}; only an accepted one is closed. Reload the list."
            )
        row.status = ReferralStatus.closed
        session.add(ReferralClosing(referral_id=row.id, at=viewer.now, by=viewer.user_id, reason=form.reason))
    return Saved(row.id)


def reopen_referral(session: Session, viewer: Viewer, referral_id: int) -> Saved:
    """A declined referral is new again, a closed one accepted again. The audit keeps what stood."""
    with write(session, viewer, Permission.log_work, "reopen referral", Scope.work) as note:
        row = hold(session, Referral, referral_id, "referral")
        note.subject = f"referral {row.id}"
        if row.status is ReferralStatus.declined:
            note.detail = {"declined": row.decline_reason.value if row.decline_reason else ""}
            row.decline_reason = None
            reopen(row)
        elif row.status is ReferralStatus.closed:
            closing = session.get(ReferralClosing, row.id)
            note.detail = {"closed": closing.reason.value if closing else ""}
            row.status = ReferralStatus.accepted
            if closing is not None:
                session.delete(closing)
        else:
            raise Conflict(f"Referral {row.id} is {quoted(row.status).lower()} and open already. Reload the list.")
    return Saved(row.id)


def assign_referral(session: Session, viewer: Viewer, referral_id: int, staff_id: int) -> Saved:
    """Another member of staff takes it; a new one is accepted by that."""
    with write(session, viewer, Permission.log_work, "assign referral", Scope.work) as note:
        row = hold(session, Referral, referral_id, "referral")
        staff = _works_here(session, staff_id, now_of(session, viewer))
        note.subject, note.detail = f"referral {row.id}", {"from": row.staff_id, "to": staff.id}
        if row.status not in OPEN:
            raise Conflict(f"Referral {row.id} is {quoted(row.status).lower()}. Reopen it before you hand it on.")
        accept(row, viewer, staff.id)
        row.staff_id = staff.id
    return Saved(row.id)


def _works_here(session: Session, staff_id: int, now: Now) -> Staff:
    staff = session.get(Staff, staff_id)
    if staff is None or (staff.ends_on is not None and staff.ends_on < now.today):
        raise Invalid({"staff_id": "Whoever should take it does not work here now. Choose somebody else."})
    return staff


def alike(session: Session, viewer: Viewer, name: str | None, incident_number: str | None) -> list[Referral]:
    """Referrals of the last month that may be about the same matter, newest first, as this viewer may see them.

    Asked while a referral is written, so that the answer stands there before it is sent. An officer is told
    of referrals of their own, by the incident number; the desk of everybody's, by the name as well.
    """
    now = now_of(session, viewer)
    recent = select(Referral).where(Referral.received_at >= now.at - _SAME_MATTER).order_by(Referral.received_at.desc())
    number = bare(incident_number)
    return [
        row
        for row in session.scalars(recent.options(selectinload(Referral.detail)))
        if (number and bare(row.incident_number) == number) or (name and row.status in OPEN and _alike_name(name, row))
    ]


def _alike_name(name: str, row: Referral) -> bool:
    theirs = row.detail.name if row.detail else None
    return bool(theirs and fuzz.token_sort_ratio(fold(name), fold(theirs)) >= LIKELY)


def same_matter(rows: Sequence[Referral]) -> dict[int, list[Referral]]:
    """Referral → the others of ``rows`` with its incident number, its person, or a name much like its own."""
    names = {row.id: fold(row.detail.name) for row in rows if row.detail and row.detail.name}
    numbers = {row.id: bare(row.incident_number) for row in rows}

    def same(one: Referral, other: Referral) -> bool:
        if numbers[one.id] and numbers[one.id] == numbers[other.id]:
            return True
        if one.person_id is not None and one.person_id == other.person_id:
            return True
        mine, theirs = names.get(one.id), names.get(other.id)
        return bool(mine and theirs and fuzz.token_sort_ratio(mine, theirs) >= LIKELY)

    found = {one.id: [other for other in rows if other.id != one.id and same(one, other)] for one in rows}
    return {key: others for key, others in found.items() if others}


def _not_twice(session: Session, form: ReferralForm, now: Now) -> None:
    """Compare with what this viewer may see: an officer with their own, the desk with all of the last month."""
    recent = select(Referral).where(Referral.received_at >= now.at - _SAME_MATTER).order_by(Referral.received_at.desc())
    for row in session.scalars(recent):
        again = "Send it again only if it is another person or another matter."
        if form.incident_number and bare(form.incident_number) == bare(row.incident_number):
            when = now.local(row.received_at)
            raise Invalid(
                {"incident_number": f"Incident {form.incident_number} was referred on {when} already. {again}"}
            )
        if row.status in OPEN and _same_person(form, row):
            who = f"“{form.name}”" if form.name else "This person"
            raise Invalid({"name": f"{who} was referred on {now.local(row.received_at)} already. {again}"})


def _same_person(form: ReferralForm, row: Referral) -> bool:
    if form.person_id is not None and row.person_id == form.person_id:
        return True
    return bool(form.name and _alike_name(form.name, row))
