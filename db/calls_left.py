"""Which behavioral-health calls did nobody take up? One criterion for the desk's list and for the measure."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, false, func, or_, select, union
from sqlalchemy.orm import Session

from db.cad.meaning import falls_in
from db.engine import aggregate_session
from db.models import Call, CallReview, Intervention, Location, Pilot, Referral, Shift
from db.vocab import CallCategory

FOLLOW_UP_DAYS = 7
"""A call is judged once it is more than this many days old."""


def last_judged(today: date) -> date:
    """The last day whose calls are over seven days old on ``today``."""
    return today - timedelta(days=FOLLOW_UP_DAYS + 1)


def eligible(first: date, last: date) -> ColumnElement[bool]:
    """Behavioral-health calls received on the days ``first`` to ``last``, both included, not at an institution.

    Needs no join: meaning and place are asked for in subqueries, so that a record session may use it as well.
    """
    institutions = select(Location.id).where(Location.is_institution)
    return and_(
        falls_in(CallCategory.behavioural_health),
        or_(Call.location_id.is_(None), Call.location_id.not_in(institutions)),
        Call.received_on.between(first, last) if first <= last else false(),
    )


def taken_up() -> ColumnElement[bool]:
    """The incident number stands on a referral or on work that counts, or somebody said why not."""
    return or_(
        exists().where(Referral.incident_number == Call.incident_number),
        exists().where(Intervention.incident_number == Call.incident_number, Intervention.voided_at.is_(None)),
        exists().where(CallReview.call_id == Call.id),
    )


def left(pilot: Pilot, today: date, first: date | None = None, last: date | None = None) -> ColumnElement[bool]:
    """Eligible calls of the pilot, over seven days old on ``today``, that nobody took up.

    ``first`` and ``last`` narrow it further, both inclusive.
    """
    begins = max(first or pilot.starts_on, pilot.starts_on)
    ends = min(last or pilot.ends_on, pilot.ends_on, last_judged(today))
    return and_(eligible(begins, ends), ~taken_up())


def count_left(session: Session, pilot: Pilot, today: date) -> int:
    """How many calls wait for an answer."""
    return session.scalar(select(func.count(Call.id)).where(left(pilot, today))) or 0


def bare(number: str | None) -> str:
    """An incident number without what people write differently: “hb 41877” and “HB-41877” are the same."""
    return "".join(c for c in (number or "").upper() if c.isalnum())


def as_dispatch_writes(session: Session, number: str | None) -> str | None:
    """The incident number as a loaded call has it, where it is the one that was typed; else as it was typed.

    Asked over all calls, whoever types: nothing but the spelling of their own number comes back.
    """
    typed = bare(number)
    if not number or not typed:
        return number
    parts = re.fullmatch(r"([A-Z]+|\d\d(?=\d{4}))(\d+)", typed)
    spelled = {number, number.upper(), typed, *([f"{parts[1]}-{parts[2]}", f"{parts[1]} {parts[2]}"] if parts else [])}
    spelled |= {number.upper().replace(" ", "-"), number.upper().replace("-", " ")}
    with aggregate_session(session.get_bind()) as calls:  # type: ignore[arg-type]
        found = calls.scalars(numbered(sorted(spelled))).all()
    return found[0] if len(found) == 1 and found[0] else number


def numbered(spelled: Sequence[str]) -> CompoundSelect[str | None]:
    """Which of these incident numbers calls have, each once; both halves are asked by an index."""
    own = select(Call.incident_number).where(Call.identity_key.in_(spelled), Call.incident_number.in_(spelled))
    again = Call.incident_number != Call.identity_key  # a number that was used before stands behind a key with a day
    return union(own, select(Call.incident_number).where(Call.incident_number.in_(spelled), again))


def on_shift(shifts: Sequence[Shift], moment: datetime, zone: str) -> bool:
    """Whether a rostered shift ran at ``moment`` (start inclusive, end exclusive, local time)."""
    local = moment.astimezone(ZoneInfo(zone))
    day, clock = local.date(), local.time()
    return any(
        shift.weekday == day.isoweekday()
        and shift.valid_from <= day
        and (shift.valid_until is None or day <= shift.valid_until)
        and shift.starts_at <= clock < shift.ends_at
        for shift in shifts
    )
