"""Calls of linked people before and after they were met: the people behind point 5 of measures.md, section 5.

Only the desk may list a link; what leaves this file are sums over people.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.measures import common, history, reach
from dashboard.measures.effect import the_plan
from dashboard.model import Filters
from db.cad.judging import Coverage, events
from db.cad.meaning import KINDS, meanings
from db.models import Call, CallLink, Location, Pilot, Referral
from db.pilot import local_day
from db.vocab import CallCategory

BH = CallCategory.behavioural_health


class Standing(StrEnum):
    """Whether somebody's calls before and after can be set against each other."""

    judged = "judged"
    unlinked = "unlinked"
    """No confirmed link to a subject of the dispatch system."""
    unfinished = "unfinished"
    """The window after has not passed."""
    broken = "broken"
    """A window reaches before the data or into a gap of them."""


def people(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Everybody met or sent to the pilot by the as-of day, once.

    person_id, served (met in a direct contact; else only referred), mode (of the first direct contact, None
    without), day (of it; of the first referral for those never met), standing (:class:`Standing`), before and
    after: behavioural-health events in the plan's window of days before and after that day, itself left out of
    both. Calls of one subject within 2 h are one event; calls at institutions are left out.
    """
    return common.once(session, ("people", filters.as_of), lambda: _people(session, pilot, filters))


def _people(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    whole = replace(filters, first=pilot.starts_on, last=filters.as_of, staff_id=None)
    met = reach.contacts(session, pilot, whole).drop_duplicates("person_id")
    known = set(met["person_id"])
    rows = [(row["person_id"], True, row["mode"], row["day"]) for row in met.to_dict("records")]
    rows += [(who, False, None, day) for who, day in _sent(session, pilot, filters.as_of) if who not in known]
    covered, window = history.covered(session, filters.as_of), the_plan(session).window_days
    linked, calls = _linked(session), _events(session, filters.as_of)
    told = [(*row, *_windows(row[3], calls.get(row[0], []), row[0] in linked, covered, window)) for row in rows]
    names = ["person_id", "served", "mode", "day", "standing", "before", "after"]
    table = pd.DataFrame(told, columns=names, dtype=object)
    return table.astype({"served": bool, "before": int, "after": int})


def _windows(
    day: date, calls: list[date], linked: bool, covered: Coverage | None, window: int
) -> tuple[Standing, int, int]:
    """Standing, events before, events after: [day − window, day − 1] and [day + 1, day + window]."""
    reach_of = timedelta(days=window)
    if not linked:
        return Standing.unlinked, 0, 0
    if covered is None or day + reach_of > covered.last:
        return Standing.unfinished, 0, 0
    gaps = any(first <= day + reach_of and last >= day - reach_of for first, last in covered.gaps)
    if gaps or day - reach_of < covered.first:
        return Standing.broken, 0, 0
    before = bisect_left(calls, day) - bisect_left(calls, day - reach_of)
    after = bisect_right(calls, day + reach_of) - bisect_right(calls, day)
    return Standing.judged, before, after


def _sent(session: Session, pilot: Pilot, as_of: date) -> Iterable[tuple[int, date]]:
    """(person, day of the first referral) of everybody sent to the pilot by the as-of day."""
    rows = session.execute(
        select(Referral.person_id, Referral.received_at)
        .where(Referral.person_id.is_not(None), Referral.received_at < common.moment_of(pilot, as_of))
        .order_by(Referral.received_at)
    )
    first: dict[int, date] = {}
    for person, moment in rows:
        first.setdefault(int(person or 0), local_day(moment, pilot.time_zone))
    return first.items()


def _linked(session: Session) -> set[int]:
    """People with a confirmed link to a subject (a link to one call without a subject tells nothing of others)."""
    confirmed = select(CallLink.person_id).where(CallLink.confirmed, CallLink.person_key.is_not(None))
    return set(session.scalars(confirmed))


def _events(session: Session, as_of: date) -> dict[int, list[date]]:
    """Person → the days of their events before the as-of day, in order. All subjects of a person are one."""
    mean = meanings(session)
    pairs = (
        select(CallLink.person_id, CallLink.person_key)
        .where(CallLink.confirmed, CallLink.person_key.is_not(None))
        .distinct()
        .subquery()
    )
    rows = session.execute(
        select(pairs.c.person_id, Call.received_at, Call.received_on, Call.type_id)
        .join(pairs, pairs.c.person_key == Call.person_key)
        .outerjoin(Location, Location.id == Call.location_id)
        .where(Call.type_id.in_(mean.types_of([BH])), Call.received_on < as_of)
        .where(Location.is_institution.is_not(True))
    ).all()
    if not rows:
        return {}
    who, at, on, types = zip(*rows, strict=True)
    days = np.array(on, dtype="datetime64[D]")
    of_kind = mean.kinds(np.array(types, np.int64), days.astype(np.int64)) == KINDS.index(BH)
    moments = np.array([round(moment.timestamp()) * 1_000_000_000 for moment in at], np.int64)[of_kind]
    start, subject, _ = events(moments, np.array(who, np.int64)[of_kind])
    found: dict[int, list[date]] = {}
    for person, place in zip(subject.tolist(), np.flatnonzero(of_kind)[start].tolist(), strict=True):
        found.setdefault(person, []).append(on[place])
    return {person: sorted(each) for person, each in found.items()}
