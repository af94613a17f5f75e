"""Interventions: recording one with all that follows from it, undoing it within a minute, voiding it."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.connections import insert_connection
from db.commands.desk import Saved, at_work, hold, now_of, once
from db.commands.people import insert_person
from db.commands.referrals import OPEN, accept, reopen
from db.errors import Conflict, Forbidden, Invalid
from db.forms import Now, day
from db.forms.work import InterventionForm, VoidForm
from db.log import is_direct
from db.models import (
    Attempt,
    Connection,
    Episode,
    Intervention,
    InterventionNeed,
    InterventionNote,
    Person,
    Provider,
    Referral,
    Staff,
    Tally,
)
from db.pilot import local_day, monday, the_pilot
from db.vocab import PERSONAL_MODES, AttemptMode, Mode, Scope, TallyStatus

UNDO = timedelta(minutes=1)
UNDONE = "Undone within a minute"

_ATTEMPT_BY = {Mode.phone_video: AttemptMode.phone, Mode.family: AttemptMode.through_family}


def record_intervention(session: Session, viewer: Viewer, form: InterventionForm) -> Saved:
    """Store one event of work. In the same transaction, where they apply:

    a new person is added; the first direct contact opens an episode; the person's open referral is tied
    to it (an undecided one is thereby accepted) and gets its attempt; a connection is made. The same
    ``submit_key`` again stores nothing. Raises Invalid, Forbidden, NotFound, Conflict.
    """
    return once(session, Intervention, form.submit_key, lambda: _record(session, viewer, form))


def _record(session: Session, viewer: Viewer, form: InterventionForm) -> Saved:
    with write(session, viewer, Permission.log_work, "record intervention", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        staff = at_work(session, viewer)
        _fits_in_the_day(session, staff, form, now)
        person = _person(session, viewer, form, now)
        referral = _referral(session, viewer, form, person, now)
        row = _row(viewer, form, staff, person, referral)
        _known_provider(session, form)
        session.add(row)
        session.flush()
        if person is not None:
            row.episode_id = _episode(session, row, person, now)
        if referral is not None and row.mode in PERSONAL_MODES:
            session.add(_attempt(row, referral))
        if form.note:
            session.add(InterventionNote(intervention_id=row.id, text=form.note))
        doubts = [*form.doubts(now), *_doubts(session, staff, form, now)]
        if form.connection is not None and person is not None:
            _, more = insert_connection(
                session, staff, person, form.connection, now.local_day(form.at), intervention_id=row.id
            )
            doubts += more
        note.subject = f"intervention {row.id}"
    return Saved(row.id, tuple(doubts))


def undo_intervention(session: Session, viewer: Viewer, intervention_id: int) -> Saved:
    """Take back what its author saved less than a minute ago, with the connection, attempt and episode it made."""
    with write(session, viewer, Permission.log_work, "undo intervention", Scope.work) as note:
        row = hold(session, Intervention, intervention_id, "intervention")
        _not_voided(row)
        if row.created_by != viewer.user_id:
            raise Forbidden("Only the person who saved it can undo it. Void it with a reason instead.")
        age = viewer.now - row.created_at
        if age > UNDO:
            raise Conflict(f"It was saved {_ago(age)} ago; undo works for one minute. Void it with a reason instead.")
        note.subject = f"intervention {row.id}"
        return Saved(row.id, tuple(_void(session, viewer, row, UNDONE)))


def void_intervention(session: Session, viewer: Viewer, intervention_id: int, form: VoidForm) -> Saved:
    """Void an entry with a reason: it stays readable and counts nowhere."""
    with write(session, viewer, Permission.log_work, "void intervention", Scope.work) as note:
        row = hold(session, Intervention, intervention_id, "intervention")
        _not_voided(row)
        note.subject = f"intervention {row.id}"
        return Saved(row.id, tuple(_void(session, viewer, row, form.reason)))


def _row(
    viewer: Viewer, form: InterventionForm, staff: Staff, person: Person | None, referral: Referral | None
) -> Intervention:
    same = form.model_dump(
        include={
            *("at", "mode", "purpose", "outcome", "minutes", "provider_id", "incident_number", "disposition"),
            *("arrest_eligible", "arrested", "transport_intended", "transport_avoided", "force_used", "injury"),
            "submit_key",
        }
    )
    return Intervention(
        **same,
        staff_id=staff.id,
        person_id=person.id if person else None,
        referral_id=referral.id if referral else None,
        created_at=viewer.now,
        created_by=viewer.user_id,
        needs=[InterventionNeed(need=need) for need in sorted(form.needs)],
    )


def _fits_in_the_day(session: Session, staff: Staff, form: InterventionForm, now: Now) -> None:
    today, zone = now.local_day(form.at), ZoneInfo(now.zone)
    start, end = (datetime.combine(d, time(), zone) for d in (today, today + timedelta(days=1)))
    logged = session.scalar(
        select(func.coalesce(func.sum(Intervention.minutes), 0)).where(
            Intervention.staff_id == staff.id,
            Intervention.voided_at.is_(None),
            Intervention.at >= start,
            Intervention.at < end,
        )
    )
    minutes = int(logged or 0) + form.minutes
    if minutes > 1440:
        raise Invalid(
            {
                "minutes": f"With these {form.minutes} minutes, {day(today)} would have {minutes / 60:.1f} hours "
                "of work. A day has 24: check the minutes and the date."
            }
        )


def _person(session: Session, viewer: Viewer, form: InterventionForm, now: Now) -> Person | None:
    if form.new_person is not None:
        return insert_person(session, viewer, form.new_person, now, field="new_person.name")
    # Held, so that two first contacts saved at the same moment open one episode.
    return hold(session, Person, form.person_id, "person") if form.person_id is not None else None


def _referral(
    session: Session, viewer: Viewer, form: InterventionForm, person: Person | None, now: Now
) -> Referral | None:
    """The referral this work answers: the one chosen, else the person's only open one received before it."""
    if form.referral_id is not None:
        row = hold(session, Referral, form.referral_id, "referral")
        if form.at < row.received_at:
            raise Invalid(
                {
                    "referral_id": f"The contact ({now.local(form.at)}) is before the referral was received "
                    f"({now.local(row.received_at)}). Check the date, or do not tie the two."
                }
            )
        if person is not None and row.person_id not in (None, person.id):
            raise Invalid({"referral_id": f"Referral {row.id} is about another person. Choose this person's, or none."})
    elif form.link_referral and form.person_id is not None and form.mode in PERSONAL_MODES:
        rows = session.scalars(
            select(Referral).where(
                Referral.person_id == form.person_id, Referral.status.in_(OPEN), Referral.received_at <= form.at
            )
        ).all()
        row = hold(session, Referral, rows[0].id, "referral") if len(rows) == 1 else None
    else:
        row = None
    if row is not None:
        if person is not None and row.person_id is None:
            row.person_id = person.id
        accept(row, viewer, viewer.staff_id)
    return row


def _known_provider(session: Session, form: InterventionForm) -> None:
    if form.provider_id is not None and session.get(Provider, form.provider_id) is None:
        raise Invalid({"provider_id": f"There is no provider {form.provider_id}. Choose one from the list."})


def _attempt(row: Intervention, referral: Referral) -> Attempt:
    return Attempt(
        referral_id=referral.id,
        at=row.at,
        mode=_ATTEMPT_BY.get(row.mode, AttemptMode.in_person),
        reached=is_direct(row.mode, row.outcome),
        staff_id=row.staff_id,
        intervention_id=row.id,
    )


def _episode(session: Session, row: Intervention, person: Person, now: Now) -> int | None:
    """The episode the work belongs to; a direct contact outside of any opens one."""
    on = now.local_day(row.at)
    holds_it = or_(Episode.closed_on.is_(None), Episode.closed_on >= on)
    covering = session.scalars(
        select(Episode).where(Episode.person_id == person.id, holds_it).order_by(Episode.opened_on)
    ).first()
    if covering is not None and covering.opened_on <= on:
        return covering.id
    if not is_direct(row.mode, row.outcome):
        return None
    if covering is not None:
        covering.opened_on = on  # written down late: that stretch of care began earlier than thought
        return covering.id
    episode = Episode(person_id=person.id, staff_id=row.staff_id, opened_on=on)
    session.add(episode)
    session.flush()
    return episode.id


def _doubts(session: Session, staff: Staff, form: InterventionForm, now: Now) -> Iterator[str]:
    on = now.local_day(form.at)
    if on < staff.starts_on and on >= now.starts_on:
        yield f"{day(on)} is before {staff.name} began ({day(staff.starts_on)}). Check the date."
    sheet = session.scalar(select(Tally).where(Tally.staff_id == staff.id, Tally.week == monday(on)))
    if sheet is not None and sheet.status is not TallyStatus.draft:
        yield f"The week of {day(sheet.week)} is certified: its reported figures stay as they are."


def _ago(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def _not_voided(row: Intervention) -> None:
    if row.voided_at is not None:
        raise Conflict("It was voided already; nothing was changed.")


def _void(session: Session, viewer: Viewer, row: Intervention, reason: str) -> Iterator[str]:
    row.voided_at, row.voided_by, row.void_reason = viewer.now, viewer.user_id, reason
    for attempt in session.scalars(select(Attempt).where(Attempt.intervention_id == row.id)):
        session.delete(attempt)
    _undecide(session, row)
    if row.episode_id is not None and is_direct(row.mode, row.outcome):
        _settle_episode(session, row)
    made = select(Connection).where(Connection.intervention_id == row.id, Connection.voided_at.is_(None))
    for connection in session.scalars(made):
        if any(step.on_date > connection.opened_on for step in connection.steps):
            yield f"Connection {connection.id} has gone further since and stays."
        else:
            connection.voided_at = viewer.now


def _undecide(session: Session, row: Intervention) -> None:
    """A referral that this very entry accepted, and nothing else answered, is new again."""
    if row.referral_id is None:
        return
    referral = hold(session, Referral, row.referral_id, "referral")
    tried = session.scalar(select(func.count(Attempt.id)).where(Attempt.referral_id == referral.id))
    if referral.decided_at == row.created_at and not tried:
        reopen(referral)


def _settle_episode(session: Session, gone: Intervention) -> None:
    """Without its first contact an episode begins at the next one; without any it never was."""
    episode = hold(session, Episode, gone.episode_id, "episode")
    rows = session.scalars(select(Intervention).where(Intervention.episode_id == episode.id)).all()
    left = [r for r in rows if r.voided_at is None and is_direct(r.mode, r.outcome)]
    if left:
        zone = the_pilot(session).time_zone
        episode.opened_on = min(local_day(r.at, zone) for r in left)
    elif episode.closed_on is None:
        for row in rows:
            row.episode_id = None
        session.flush()
        session.delete(episode)
