"""Interventions: recording one with all that follows from it, undoing it within a minute, voiding it."""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.connections import insert_connection
from db.commands.desk import Saved, at_work, hold, now_of, once
from db.commands.people import insert_person
from db.commands.referrals import OPEN, accept, reopen
from db.commands.revisions import Stale, history, revise, snapshot
from db.errors import Conflict, Forbidden, Invalid
from db.forms import Now, day
from db.forms.work import EditForm, InterventionForm, VoidForm
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
from db.vocab import PERSONAL_MODES, AttemptMode, Mode, Outcome, Scope, TallyStatus

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
        row, doubts = insert_intervention(session, viewer, at_work(session, viewer), form, now)
        note.subject = f"intervention {row.id}"
    return Saved(row.id, tuple(doubts))


def insert_intervention(
    session: Session, viewer: Viewer, staff: Staff, form: InterventionForm, now: Now
) -> tuple[Intervention, list[str]]:
    """The same inside another command's transaction, as the work of ``staff``. Returns row and doubts."""
    form.check(now)
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
    doubts = [*form.doubts(now), *_doubts(session, staff, form.at, now)]
    if form.connection is not None and person is not None:
        day_of_it = now.local_day(form.at)
        _, more = insert_connection(session, staff, person, form.connection, day_of_it, intervention_id=row.id)
        doubts += more
    return row, doubts


def edit_intervention(session: Session, viewer: Viewer, intervention_id: int, form: EditForm) -> Saved:
    """Change an entry; old and new answers, who, when and why are kept, its episode and attempt follow.

    Raises Stale where somebody else changed it after ``form.seen``, Invalid, Conflict, Forbidden, NotFound.
    """
    with write(session, viewer, Permission.log_work, "edit intervention", Scope.work) as note:
        now = now_of(session, viewer)
        row = hold(session, Intervention, intervention_id, "intervention")
        note.subject = f"intervention {row.id}"
        if row.voided_at is not None:
            raise Conflict("This entry was voided and is not edited any more. Log it anew.")
        if since := history(session, row.id, after=form.seen):
            by, when = since[-1].by, now.local(since[-1].at)
            raise Stale(f"{by} changed this entry on {when}, while you had it open. Nothing was saved yet.", since)
        if form.at == row.at.replace(second=0, microsecond=0):
            form = form.model_copy(update={"at": row.at})  # fields show no seconds: that is no change
        form.check(now)
        staff = session.get_one(Staff, row.staff_id)
        _fits_in_the_day(session, staff, form, now, but=row.id)
        _known_provider(session, form)
        before, was_at = snapshot(session, row), row.at
        removed = _rewrite(session, viewer, row, form, now)
        revision = revise(session, viewer, row, before, form.reason)
        note.detail = {"revision": revision.number, "fields": sorted(json.loads(revision.changes))} | removed
        doubts = dict.fromkeys([*form.doubts(now), *_doubts(session, staff, was_at, now)])
        doubts |= dict.fromkeys(_doubts(session, staff, form.at, now))
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
        doubts, note.detail = _void(session, viewer, row, UNDONE)
    return Saved(row.id, doubts)


def void_intervention(session: Session, viewer: Viewer, intervention_id: int, form: VoidForm) -> Saved:
    """Void an entry with a reason: it stays readable and counts nowhere."""
    with write(session, viewer, Permission.log_work, "void intervention", Scope.work) as note:
        row = hold(session, Intervention, intervention_id, "intervention")
        _not_voided(row)
        note.subject = f"intervention {row.id}"
        doubts, note.detail = _void(session, viewer, row, form.reason)
    return Saved(row.id, doubts)


_AS_GIVEN = {
    *("at", "mode", "purpose", "outcome", "minutes", "provider_id", "incident_number", "disposition"),
    *("arrest_eligible", "arrested", "transport_intended", "transport_avoided", "force_used", "injury"),
}


def _row(
    viewer: Viewer, form: InterventionForm, staff: Staff, person: Person | None, referral: Referral | None
) -> Intervention:
    return Intervention(
        **form.model_dump(include=_AS_GIVEN | {"submit_key"}),
        staff_id=staff.id,
        person_id=person.id if person else None,
        referral_id=referral.id if referral else None,
        created_at=viewer.now,
        created_by=viewer.user_id,
        needs=[InterventionNeed(need=need) for need in sorted(form.needs)],
    )


def _rewrite(session: Session, viewer: Viewer, row: Intervention, form: EditForm, now: Now) -> dict[str, Any]:
    """Give the row its new answers and let attempt, referral and episode follow. Returns what the audit should say."""
    person = hold(session, Person, form.person_id, "person") if form.person_id is not None else None
    moved = row.person_id != form.person_id
    if moved or form.outcome is Outcome.no_contact:
        _without_connection(session, row, moved)
    referral = _referral(session, viewer, form, person, now) if form.mode in PERSONAL_MODES else None
    had, was_in, was_direct = row.referral_id, row.episode_id, is_direct(row.mode, row.outcome)
    for field in _AS_GIVEN:
        setattr(row, field, getattr(form, field))
    row.person_id, row.referral_id = form.person_id, referral.id if referral else None
    _renew_needs(session, row, form)
    _renew_note(session, row, form.note)
    _renew_attempt(session, row, referral, had)
    return _renew_episode(session, row, person, now, was_in, was_direct, moved)


def _without_connection(session: Session, row: Intervention, moved: bool) -> None:
    made = select(Connection.id).where(Connection.intervention_id == row.id, Connection.voided_at.is_(None))
    if (connection := session.scalars(made).first()) is not None:
        field = "person_id" if moved else "outcome"
        raise Invalid(
            {field: f"Connection {connection} was made with this entry. Void the entry and log it anew instead."}
        )


def _renew_needs(session: Session, row: Intervention, form: InterventionForm) -> None:
    for kept in list(row.needs):
        if kept.need not in form.needs:
            row.needs.remove(kept)
    there = {kept.need for kept in row.needs}
    row.needs.extend(InterventionNeed(need=need) for need in sorted(form.needs - there))
    session.flush()


def _renew_note(session: Session, row: Intervention, text: str | None) -> None:
    note = session.get(InterventionNote, row.id)
    if note is not None and text is None:
        session.delete(note)
    elif note is not None:
        note.text = text or ""
    elif text is not None:
        session.add(InterventionNote(intervention_id=row.id, text=text))
    session.flush()


def _renew_attempt(session: Session, row: Intervention, referral: Referral | None, had: int | None) -> None:
    """The try that the entry was at its referral follows the entry; a referral it leaves may be new again."""
    old = session.scalars(select(Attempt).where(Attempt.intervention_id == row.id)).one_or_none()
    if old is not None:
        session.delete(old)
        session.flush()
    if had is not None and had != row.referral_id:
        _undecide(session, row, had)
    if referral is not None:
        session.add(_attempt(row, referral))
    session.flush()


def _renew_episode(
    session: Session,
    row: Intervention,
    person: Person | None,
    now: Now,
    was_in: int | None,
    was_direct: bool,
    moved: bool,
) -> dict[str, Any]:
    """Where it still fits, the episode stays and begins with its first contact; else the entry finds its own."""
    direct, on = is_direct(row.mode, row.outcome), now.local_day(row.at)
    if was_in is not None and not moved and person is not None and direct == was_direct:
        episode = hold(session, Episode, was_in, "episode")
        others = select(Episode.id).where(
            Episode.person_id == person.id, Episode.id != was_in, Episode.opened_on <= on, Episode.closed_on >= on
        )
        fits = episode.closed_on is None or on <= episode.closed_on
        if fits and (direct or on >= episode.opened_on) and session.scalars(others).first() is None:
            if direct:
                _settle_episode(session, row)
            return {}
    row.episode_id = None
    session.flush()
    removed = _settle(session, was_in) if was_in is not None and was_direct else {}
    if person is not None:
        row.episode_id = _episode(session, row, person, now)
    return removed


def _fits_in_the_day(session: Session, staff: Staff, form: InterventionForm, now: Now, but: int | None = None) -> None:
    today, zone = now.local_day(form.at), ZoneInfo(now.zone)
    start, end = (datetime.combine(d, time(), zone) for d in (today, today + timedelta(days=1)))
    logged = session.scalar(
        select(func.coalesce(func.sum(Intervention.minutes), 0)).where(
            Intervention.staff_id == staff.id,
            Intervention.voided_at.is_(None),
            Intervention.at >= start,
            Intervention.at < end,
            Intervention.id.is_distinct_from(but),
        )
    )
    minutes = int(logged or 0) + form.minutes
    if minutes > 1440:
        raise Invalid(
            {
                "minutes": f"With these {form.minutes:,} minutes, {day(today)} would have {minutes / 60:.1f} hours "
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


def _doubts(session: Session, staff: Staff, at: datetime, now: Now) -> Iterator[str]:
    on = now.local_day(at)
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


def _void(session: Session, viewer: Viewer, row: Intervention, reason: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Take it out of all figures. Returns sentences for its author, and what the audit should say."""
    row.voided_at, row.voided_by, row.void_reason = viewer.now, viewer.user_id, reason
    detail: dict[str, Any] = {}
    doubts: list[str] = []
    for attempt in session.scalars(select(Attempt).where(Attempt.intervention_id == row.id)):
        session.delete(attempt)
        detail["attempt removed"] = attempt.id
    if row.referral_id is not None and _undecide(session, row, row.referral_id):
        detail["referral new again"] = row.referral_id
    if row.episode_id is not None and is_direct(row.mode, row.outcome):
        detail |= _settle_episode(session, row)
    made = select(Connection).where(Connection.intervention_id == row.id, Connection.voided_at.is_(None))
    for connection in session.scalars(made):
        if any(step.on_date > connection.opened_on for step in connection.steps):
            doubts.append(f"Connection {connection.id} has gone further since and stays.")
        else:
            connection.voided_at = viewer.now
            detail["connection voided"] = connection.id
    return tuple(doubts), detail


def _undecide(session: Session, row: Intervention, referral_id: int) -> bool:
    """A referral that this very entry accepted, and nothing else answered, is new again."""
    referral = hold(session, Referral, referral_id, "referral")
    tried = session.scalar(select(func.count(Attempt.id)).where(Attempt.referral_id == referral.id))
    if referral.decided_at != row.created_at or tried:
        return False
    reopen(referral)
    return True


def _settle_episode(session: Session, gone: Intervention) -> dict[str, Any]:
    return _settle(session, gone.episode_id) if gone.episode_id is not None else {}


def _settle(session: Session, episode_id: int) -> dict[str, Any]:
    """Without its first contact an episode begins at the next one; without any it never was, and the audit says so."""
    episode = hold(session, Episode, episode_id, "episode")
    rows = session.scalars(select(Intervention).where(Intervention.episode_id == episode.id)).all()
    left = [r for r in rows if r.voided_at is None and is_direct(r.mode, r.outcome)]
    if left:
        zone = the_pilot(session).time_zone
        first = min(local_day(r.at, zone) for r in left)
        if first == episode.opened_on:
            return {}
        was, episode.opened_on = episode.opened_on, first
        return {"episode": episode.id, "opened": [str(was), str(first)]}
    if episode.closed_on is not None:
        return {}
    for row in rows:
        row.episode_id = None
    session.flush()
    session.delete(episode)
    return {"episode removed": episode.id, "opened": str(episode.opened_on)}
