"""What the log says, week by week: the log side of the rule "logged or tallied" (measures.md, section 3).

One function counts for the tally sheet and for every measure, so the two cannot disagree.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.models import Connection, ConnectionStep, Intervention, Referral, Staff
from db.pilot import local_day, monday
from db.vocab import (
    DIRECT_MODES,
    HOUR_ITEMS,
    PEOPLE_ITEMS,
    Mode,
    Outcome,
    Purpose,
    ReferralStatus,
    Role,
    Step,
    TallyItem,
    work_kind,
)

ITEM_OF_MODE = {
    Mode.on_scene: TallyItem.on_scene,
    Mode.in_person: TallyItem.in_person,
    Mode.phone_video: TallyItem.phone_video,
    Mode.office: TallyItem.office,
    Mode.consultation: TallyItem.consultation,
    Mode.family: TallyItem.family_contacts,
    Mode.outreach: TallyItem.outreach,
}


class LogRecord(NamedTuple):
    """One record of the log behind one item: what :func:`log_counts` adds up."""

    week: date
    """The Monday of the ISO week, in the pilot's zone."""
    staff_id: int
    item: TallyItem
    record_id: int
    """Of an intervention, a referral or a connection: see :func:`record_of`."""
    person_id: int | None
    day: date
    amount: int = 1
    """Minutes for the hour items, else 1."""
    mode: Mode | None = None
    purpose: Purpose | None = None


class LogCount(NamedTuple):
    """``value`` is a whole count, or hours to two decimals for the hour items."""

    week: date
    """The Monday of the ISO week, in the pilot's zone."""
    staff_id: int
    item: TallyItem
    value: Decimal


Key = tuple[date, int, TallyItem]


def record_of(item: TallyItem) -> str:
    """What a record of this item is: "intervention", "referral" or "connection"."""
    return {"referrals": "referral", "connections": "connection"}.get(item.value.partition("_")[0], "intervention")


def log_counts(
    session: Session,
    zone: str,
    staff_id: int | None,
    first_monday: date,
    last_monday: date,
    items: Collection[TallyItem] = tuple(TallyItem),
) -> list[LogCount]:
    """Every non-zero (week, staff, item): the records of :func:`log_records` added up. What is not listed is zero.

    Hours: minutes / 60 of each kind of work, rounded once per week and staff member to two decimals.
    """
    return added_up(log_records(session, zone, staff_id, first_monday, last_monday, items))


def added_up(records: Iterable[LogRecord]) -> list[LogCount]:
    """``records`` summed by week, staff member and item, in that order."""
    counts: Counter[Key] = Counter()
    for record in records:
        counts[record.week, record.staff_id, record.item] += record.amount
    rows = [LogCount(*key, _hours(n) if key[2] in HOUR_ITEMS else Decimal(n)) for key, n in counts.items()]
    return sorted(rows, key=lambda row: (row.week, row.staff_id, _ORDER[row.item]))


def log_records(
    session: Session,
    zone: str,
    staff_id: int | None,
    first_monday: date,
    last_monday: date,
    items: Collection[TallyItem] = tuple(TallyItem),
) -> list[LogRecord]:
    """Every record of the log from ``first_monday``'s week to ``last_monday``'s, both included, item by item.

    ``items``: which ones are asked for; only what they need is read. Voided work never counts. What each
    item counts:

    - modes: interventions, whether the person was reached or not; ``family_contacts``: those of mode
      *family* that reached somebody.
    - hours: the minutes of each kind of work.
    - people: unduplicated people with a direct contact, by their first one of the week and staff member;
      ``people_first_seen`` belongs to the week and the staff member of the person's first direct contact
      ever. Neither may be summed over weeks or staff.
    - connections: rungs *accepted* (made) and *attended*, by their own date, of connections with a provider.
    - referrals: received by ``received_at``; accepted by ``decided_at`` (later closed ones included). They
      count for the staff member they are assigned to; an unassigned one counts for :func:`lead` of that day.
    """
    first, last = first_monday, last_monday + timedelta(days=6)
    found: list[LogRecord] = []
    wanted = set(items)
    if wanted & {*ITEM_OF_MODE.values(), *HOUR_ITEMS}:
        found += _work(session, zone, first, last)
    if wanted & {*PEOPLE_ITEMS}:
        found += _people(session, zone, first, last)
    if wanted & {TallyItem.connections_made, TallyItem.connections_attended}:
        found += _connections(session, first, last)
    if wanted & {TallyItem.referrals_received, TallyItem.referrals_accepted}:
        found += _referrals(session, zone, first, last)
    return [record for record in found if staff_id in (None, record.staff_id) and record.item in wanted]


def is_direct(mode: Mode, outcome: Outcome) -> bool:
    """A direct contact: the person was reached, on scene, in person, by phone or video, or in the office."""
    return mode in DIRECT_MODES and outcome is not Outcome.no_contact


def was_direct() -> tuple[ColumnElement[bool], ...]:
    """The same of a stored intervention, which does not count once it is voided: conditions of a query."""
    return (
        Intervention.voided_at.is_(None),
        Intervention.mode.in_(DIRECT_MODES),
        Intervention.outcome != Outcome.no_contact,
    )


def lead(staff: Sequence[Staff], day: date) -> int | None:
    """Whose an unassigned referral of ``day`` is: the clinician with most hours employed then, else anybody's.

    Equal shares go to the lower id. None when nobody was employed.
    """
    there = [s for s in staff if s.starts_on <= day and (s.ends_on is None or day <= s.ends_on)]
    ranked = sorted(there, key=lambda s: (s.role is not Role.clinician, -s.fte_percent, s.id))
    return ranked[0].id if ranked else None


_ORDER = {item: place for place, item in enumerate(TallyItem)}


def _hours(minutes: int) -> Decimal:
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _bounds(zone: str, first: date, last: date) -> tuple[datetime, datetime]:
    """Local midnight before ``first`` and after ``last``."""
    local = ZoneInfo(zone)
    return datetime.combine(first, time(), local), datetime.combine(last + timedelta(days=1), time(), local)


def _work(session: Session, zone: str, first: date, last: date) -> Iterator[LogRecord]:
    """Interventions by mode, and minutes (not yet hours) by kind of work."""
    start, end = _bounds(zone, first, last)
    columns = (
        Intervention.id,
        Intervention.at,
        Intervention.staff_id,
        Intervention.person_id,
        Intervention.mode,
        Intervention.purpose,
        Intervention.outcome,
        Intervention.minutes,
    )
    rows = session.execute(
        select(*columns)
        .where(Intervention.voided_at.is_(None), Intervention.at >= start, Intervention.at < end)
        .order_by(Intervention.at, Intervention.id)
    )
    for number, at, staff, person, mode, purpose, outcome, minutes in rows:
        day = local_day(at, zone)
        week = monday(day)
        if mode is not Mode.family or outcome is not Outcome.no_contact:
            yield LogRecord(week, staff, ITEM_OF_MODE[mode], number, person, day, 1, mode, purpose)
        hours = TallyItem(f"hours_{work_kind(mode, purpose).value}")
        yield LogRecord(week, staff, hours, number, person, day, minutes, mode, purpose)


def _people(session: Session, zone: str, first: date, last: date) -> Iterator[LogRecord]:
    _, end = _bounds(zone, first, last)
    rows = session.execute(
        select(
            Intervention.id,
            Intervention.person_id,
            Intervention.at,
            Intervention.staff_id,
            Intervention.mode,
            Intervention.purpose,
        )
        .where(
            *was_direct(),
            Intervention.at < end,
        )
        .order_by(Intervention.at, Intervention.id)
    )
    seen: set[tuple[date, int, int | None]] = set()
    met: set[int | None] = set()
    for number, person, at, staff, mode, purpose in rows:
        day = local_day(at, zone)
        week = monday(day)
        new, known = person not in met, (week, staff, person) in seen
        met.add(person)
        seen.add((week, staff, person))
        if week < first:
            continue
        if new:
            yield LogRecord(week, staff, TallyItem.people_first_seen, number, person, day, 1, mode, purpose)
        if not known:
            yield LogRecord(week, staff, TallyItem.people_seen, number, person, day, 1, mode, purpose)


def _connections(session: Session, first: date, last: date) -> Iterator[LogRecord]:
    items = {Step.accepted: TallyItem.connections_made, Step.attended: TallyItem.connections_attended}
    rows = session.execute(
        select(ConnectionStep.on_date, Connection.staff_id, ConnectionStep.step, Connection.id, Connection.person_id)
        .join(Connection, Connection.id == ConnectionStep.connection_id)
        .where(
            Connection.voided_at.is_(None),
            Connection.provider_id.is_not(None),
            ConnectionStep.step.in_(items),
            ConnectionStep.on_date.between(first, last),
        )
        .order_by(ConnectionStep.on_date, Connection.id)
    )
    for day, staff, step, number, person in rows:
        yield LogRecord(monday(day), staff, items[step], number, person, day)


def _referrals(session: Session, zone: str, first: date, last: date) -> Iterator[LogRecord]:
    start, end = _bounds(zone, first, last)
    staff = session.scalars(select(Staff)).all()
    columns = (Referral.id, Referral.person_id, Referral.staff_id, Referral.status)
    moments = (
        (TallyItem.referrals_received, Referral.received_at, tuple(ReferralStatus)),
        (TallyItem.referrals_accepted, Referral.decided_at, (ReferralStatus.accepted, ReferralStatus.closed)),
    )
    for item, moment, statuses in moments:
        rows = session.execute(
            select(moment, *columns).where(moment >= start, moment < end).order_by(moment, Referral.id)
        )
        for at, number, person, who, status in rows:
            if at is None or status not in statuses:
                continue
            day = local_day(at, zone)
            if whose := who or lead(staff, day):
                yield LogRecord(monday(day), whose, item, number, person, day)
