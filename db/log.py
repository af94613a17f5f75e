"""What the log says, week by week: the log side of the rule "logged or tallied" (measures.md, section 3).

One function counts for the tally sheet and for every measure, so the two cannot disagree.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Connection, ConnectionStep, Intervention, Referral, Staff
from db.pilot import local_day, monday
from db.vocab import (
    DIRECT_MODES,
    HOUR_ITEMS,
    PEOPLE_ITEMS,
    Mode,
    Outcome,
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


class LogCount(NamedTuple):
    """``value`` is a whole count, or hours to two decimals for the hour items."""

    week: date
    """The Monday of the ISO week, in the pilot's zone."""
    staff_id: int
    item: TallyItem
    value: Decimal


Key = tuple[date, int, TallyItem]


def log_counts(
    session: Session,
    zone: str,
    staff_id: int | None,
    first_monday: date,
    last_monday: date,
    items: Collection[TallyItem] = tuple(TallyItem),
) -> list[LogCount]:
    """Every non-zero (week, staff, item) from ``first_monday``'s week to ``last_monday``'s, both included.

    ``items``: which ones are asked for; only what they need is read.
    What is not listed is zero. Voided work never counts. What each item counts:

    - modes: interventions, whether the person was reached or not; ``family_contacts``: those of mode
      *family* that reached somebody.
    - hours: minutes / 60 of each kind of work, rounded once per week and staff member to two decimals.
    - people: unduplicated people with a direct contact; ``people_first_seen`` belongs to the week and the
      staff member of the person's first direct contact ever. Neither may be summed over weeks or staff.
    - connections: rungs *accepted* (made) and *attended*, by their own date, of connections with a provider.
    - referrals: received by ``received_at``; accepted by ``decided_at`` (later closed ones included). They
      count for the staff member they are assigned to; an unassigned one counts for :func:`lead` of that day.
    """
    first, last = first_monday, last_monday + timedelta(days=6)
    counts: Counter[Key] = Counter()
    wanted = set(items)
    if wanted & {*ITEM_OF_MODE.values(), *HOUR_ITEMS}:
        counts.update(_work(session, zone, first, last))
    if wanted & {*PEOPLE_ITEMS}:
        counts.update(_people(session, zone, first, last))
    if wanted & {TallyItem.connections_made, TallyItem.connections_attended}:
        counts.update(_connections(session, first, last))
    if wanted & {TallyItem.referrals_received, TallyItem.referrals_accepted}:
        counts.update(_referrals(session, zone, first, last))
    rows = [
        LogCount(*key, _hours(value) if key[2] in HOUR_ITEMS else Decimal(value))
        for key, value in counts.items()
        if staff_id in (None, key[1]) and key[2] in wanted
    ]
    return sorted(rows, key=lambda row: (row.week, row.staff_id, _ORDER[row.item]))


def is_direct(mode: Mode, outcome: Outcome) -> bool:
    """A direct contact: the person was reached, on scene, in person, by phone or video, or in the office."""
    return mode in DIRECT_MODES and outcome is not Outcome.no_contact


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


def _work(session: Session, zone: str, first: date, last: date) -> Counter[Key]:
    """Interventions by mode, and minutes (not yet hours) by kind of work."""
    start, end = _bounds(zone, first, last)
    columns = (
        Intervention.at,
        Intervention.staff_id,
        Intervention.mode,
        Intervention.purpose,
        Intervention.outcome,
        Intervention.minutes,
    )
    rows = session.execute(
        select(*columns).where(Intervention.voided_at.is_(None), Intervention.at >= start, Intervention.at < end)
    )
    counts: Counter[Key] = Counter()
    for at, staff, mode, purpose, outcome, minutes in rows:
        week = monday(local_day(at, zone))
        if mode is not Mode.family or outcome is not Outcome.no_contact:
            counts[week, staff, ITEM_OF_MODE[mode]] += 1
        counts[week, staff, TallyItem(f"hours_{work_kind(mode, purpose).value}")] += minutes
    return counts


def _people(session: Session, zone: str, first: date, last: date) -> Counter[Key]:
    _, end = _bounds(zone, first, last)
    rows = session.execute(
        select(Intervention.person_id, Intervention.at, Intervention.staff_id)
        .where(
            Intervention.voided_at.is_(None),
            Intervention.mode.in_(DIRECT_MODES),
            Intervention.outcome != Outcome.no_contact,
            Intervention.at < end,
        )
        .order_by(Intervention.at, Intervention.id)
    )
    seen: set[tuple[date, int, int | None]] = set()
    met: set[int | None] = set()
    counts: Counter[Key] = Counter()
    for person, at, staff in rows:
        week = monday(local_day(at, zone))
        if person not in met:
            met.add(person)
            counts[week, staff, TallyItem.people_first_seen] += week >= first
        if week >= first and (week, staff, person) not in seen:
            seen.add((week, staff, person))
            counts[week, staff, TallyItem.people_seen] += 1
    return +counts  # drops the zeros of first contacts before the range


def _connections(session: Session, first: date, last: date) -> Counter[Key]:
    items = {Step.accepted: TallyItem.connections_made, Step.attended: TallyItem.connections_attended}
    rows = session.execute(
        select(ConnectionStep.on_date, Connection.staff_id, ConnectionStep.step)
        .join(Connection, Connection.id == ConnectionStep.connection_id)
        .where(
            Connection.voided_at.is_(None),
            Connection.provider_id.is_not(None),
            ConnectionStep.step.in_(items),
            ConnectionStep.on_date.between(first, last),
        )
    )
    return Counter((monday(day), staff, items[step]) for day, staff, step in rows)


def _referrals(session: Session, zone: str, first: date, last: date) -> Counter[Key]:
    start, end = _bounds(zone, first, last)
    staff = session.scalars(select(Staff)).all()
    columns = (Referral.received_at, Referral.decided_at, Referral.staff_id, Referral.status)

    def keys() -> Iterator[Key]:
        for received, _, who, _ in session.execute(
            select(*columns).where(Referral.received_at >= start, Referral.received_at < end)
        ):
            if whose := who or lead(staff, local_day(received, zone)):
                yield monday(local_day(received, zone)), whose, TallyItem.referrals_received
        for _, decided, who, status in session.execute(
            select(*columns).where(Referral.decided_at >= start, Referral.decided_at < end)
        ):
            if decided is None or status not in (ReferralStatus.accepted, ReferralStatus.closed):
                continue
            if whose := who or lead(staff, local_day(decided, zone)):
                yield monday(local_day(decided, zone)), whose, TallyItem.referrals_accepted

    return Counter(keys())
