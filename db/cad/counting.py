"""Calls counted by day: from arrays in memory, or from what the database holds. ``db.cad.current`` keeps the counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.orm import Session

from db.cad.judging import HOUR, Coverage, events
from db.cad.meaning import KINDS as _KINDS
from db.cad.meaning import day_number, meanings
from db.models import Call, CallUnit, Change, Location
from db.vocab import CallCategory, Scope

Basis = Literal["person", "location"]
COUNTED = (CallCategory.behavioural_health, CallCategory.control)
"""Categories whose subjects and repeats are kept."""
REPEAT_COLUMNS = ("repeats", "judged", "unjudged")


@dataclass(slots=True)
class Facts:
    """Calls as arrays of one length, in any order: what counting needs.

    ``utc`` int64 seconds; ``day`` int64 local days since 1970; ``kind`` position in :class:`CallCategory`, -1
    uncovered; ``person`` and ``location`` int64 codes or ids, -1 where there is none; ``institution`` bool.
    """

    utc: NDArray[np.int64]
    day: NDArray[np.int64]
    kind: NDArray[np.int64]
    person: NDArray[np.int64]
    location: NDArray[np.int64]
    institution: NDArray[np.bool_]

    def at(self, which: Any) -> "Facts":
        return Facts(*(getattr(self, name)[which] for name in self.__slots__))


def count_days(facts: Facts, units: pd.DataFrame | None) -> pd.DataFrame:
    """day (number), category, and the columns of :class:`CallDay`."""
    outside = ~facts.institution & np.isin(facts.kind, [_KINDS.index(c) for c in COUNTED])
    frame = pd.DataFrame(
        {
            "day": facts.day,
            "kind": facts.kind,
            "calls": 1,
            "at_institutions": facts.institution & np.isin(facts.kind, [_KINDS.index(c) for c in COUNTED]),
            "keyed": outside & (facts.person >= 0),
            "located": outside & (facts.location >= 0),
        }
    )
    counted = frame.groupby(["day", "kind"], as_index=False, sort=True).sum()
    return with_units(_named(counted), units)


def _category_of(counted: pd.DataFrame) -> pd.DataFrame:
    names = np.array([*(c.value for c in _KINDS), ""], dtype=object)
    return counted.assign(category=names[counted["kind"].to_numpy(np.int64)]).drop(columns="kind")


def _named(counted: pd.DataFrame) -> pd.DataFrame:
    return _category_of(counted).astype(dict.fromkeys(("calls", "at_institutions", "keyed", "located"), np.int64))


def with_units(counted: pd.DataFrame, units: pd.DataFrame | None) -> pd.DataFrame:
    counted = counted.drop(columns=[c for c in ("units", "timed_units", "unit_seconds") if c in counted])
    if units is None or units.empty:
        return counted.assign(units=0, timed_units=0, unit_seconds=0)
    merged = counted.merge(units, on=["day", "category"], how="left")
    return merged.fillna(dict.fromkeys(("units", "timed_units", "unit_seconds"), 0)).astype(
        dict.fromkeys(("units", "timed_units", "unit_seconds"), np.int64)
    )


def count_repeats(facts: Facts, covered: Coverage, windows: Sequence[int], bases: Sequence[Basis]) -> pd.DataFrame:
    """basis, window_days, day (number) and the columns of :class:`CallRepeat`, for the calls of one category."""
    facts = facts.at(~facts.institution)
    moments = facts.utc * 1_000_000_000
    parts = []
    for basis in bases:
        start, _, since = events(moments, facts.person if basis == "person" else facts.location)
        if not len(start):
            continue
        when, day = moments[start], facts.day[start]
        low = int(day.min())
        for window in windows:
            judged = covered.judgeable(when, window)
            repeat = judged & (since > 0) & (since <= window * 24 * HOUR)
            sums = [np.bincount(day[which] - low, minlength=day.max() - low + 1) for which in (repeat, judged, ~judged)]
            seen = np.flatnonzero(sums[1] + sums[2])
            told = dict(zip(REPEAT_COLUMNS, (each[seen].astype(np.int64) for each in sums), strict=True))
            parts.append(pd.DataFrame({"basis": basis, "window_days": window, "day": seen + low} | told))
    empty = pd.DataFrame(columns=["basis", "window_days", "day", *REPEAT_COLUMNS], dtype=np.int64)
    return pd.concat(parts, ignore_index=True) if parts else empty


@dataclass(slots=True)
class Raw:
    """Stored calls as arrays of one length, before rules and institutions say what they are. ``location`` an id."""

    utc: NDArray[np.int64]
    day: NDArray[np.int64]
    type: NDArray[np.int64]
    person: NDArray[np.int64]
    location: NDArray[np.int64]


@dataclass(slots=True)
class Ahead:
    """All that counting reads from the calls, read before anybody is kept waiting; no rule is in it.

    ``version`` of the calls' scope when it was read: while that stands, so does this. ``days`` and ``units`` are
    counts by day and type, under the ``institutions`` of then; ``calls`` all those of ``types``.
    """

    version: int
    institutions: frozenset[int]
    days: pd.DataFrame
    units: pd.DataFrame
    types: frozenset[int]
    calls: Raw


def version(session: Session) -> int:
    """How often the calls, or what they mean, have changed."""
    return session.scalar(select(Change.version).where(Change.scope == Scope.calls)) or 0


def read_ahead(session: Session, types: Sequence[int]) -> Ahead:
    """Everything that counting calls of these types anew will ask for."""
    return Ahead(
        version(session),  # first: what is read after a change under an older version will not be taken
        _institutions(session),
        _days_by_type(session, None),
        _units_by_type(session, None),
        frozenset(types),
        _raw(session, types, None),
    )


def _institutions(session: Session) -> frozenset[int]:
    return frozenset(session.scalars(select(Location.id).where(Location.is_institution)))


def read_facts(
    session: Session, categories: Sequence[CallCategory], since: date | None = None, ahead: Ahead | None = None
) -> Facts:
    """The stored calls of these categories (from a day on), read as whole numbers, a part at a time."""
    mean = meanings(session)
    types = mean.types_of(categories)
    raw = ahead.calls if ahead is not None and ahead.types.issuperset(types) else _raw(session, types, since)
    institutions = list(_institutions(session))
    kind = mean.kinds(raw.type, raw.day)
    found = Facts(raw.utc, raw.day, kind, raw.person, raw.location, np.isin(raw.location, institutions))
    wanted = np.isin(kind, [_KINDS.index(category) for category in categories])
    if since is not None:
        wanted &= raw.day >= day_number(since)
    return found.at(wanted)  # a type may be of another category on some days


def _raw(session: Session, types: Sequence[int], since: date | None) -> Raw:
    asked = select(
        cast(extract("epoch", Call.received_at), BigInteger),
        Call.received_on,
        Call.type_id,
        Call.person_key,
        Call.location_id,
    ).where(Call.type_id.in_(types))
    asked = asked if since is None else asked.where(Call.received_on >= since)
    utc, day, kind, person, location = ([np.empty(0, np.int64)] for _ in range(5))
    known: dict[str, int] = {}
    for rows in _parts(session, asked):
        moments, dates, kinds, keys, places = zip(*rows, strict=True)
        distinct = {each: day_number(each) for each in set(dates)}
        utc.append(np.array(moments, np.int64))
        day.append(np.array([distinct[each] for each in dates], np.int64))
        kind.append(np.array(kinds, np.int64))
        person.append(np.array([-1 if key is None else known.setdefault(key, len(known)) for key in keys], np.int64))
        location.append(np.array([-1 if place is None else place for place in places], np.int64))
    return Raw(*(np.concatenate(parts) for parts in (utc, day, kind, person, location)))


def _parts(session: Session, asked: Any) -> Iterator[Sequence[Any]]:
    yield from session.execute(asked, execution_options={"yield_per": 50_000}).partitions()


def stored_days(session: Session, since: date | None, ahead: Ahead | None = None) -> pd.DataFrame:
    """The columns of :class:`CallDay` but for units, counted by the database: (day, type) → (day, category)."""
    stands = ahead is not None and ahead.institutions == _institutions(session)
    frame = _from(ahead.days, since) if ahead is not None and stands else _days_by_type(session, since)
    frame["kind"] = meanings(session).kinds(frame["kind"].to_numpy(), frame["day"].to_numpy())
    outside = ["at_institutions", "keyed", "located"]
    frame.loc[~frame["kind"].isin([_KINDS.index(c) for c in COUNTED]), outside] = 0
    return _named(frame.groupby(["day", "kind"], as_index=False).sum())


def _from(frame: pd.DataFrame, since: date | None) -> pd.DataFrame:
    return (frame if since is None or frame.empty else frame.loc[frame["day"] >= day_number(since)]).copy()


def _days_by_type(session: Session, since: date | None) -> pd.DataFrame:
    """day (number), kind (the type's id), calls, at_institutions, keyed, located."""
    institutions = select(Location.id).where(Location.is_institution)
    there = Call.location_id.in_(institutions)
    outside = ~func.coalesce(there, False)
    asked = select(
        Call.received_on,
        Call.type_id,
        func.count(),
        func.count().filter(there),
        func.count(Call.person_key).filter(outside),
        func.count(Call.location_id).filter(outside),
    ).group_by(Call.received_on, Call.type_id)
    rows = session.execute(asked if since is None else asked.where(Call.received_on >= since)).all()
    names = ["day", "kind", "calls", "at_institutions", "keyed", "located"]
    counted = [(day_number(day), kind, *(int(each) for each in rest)) for day, kind, *rest in rows]
    return pd.DataFrame(counted, columns=names).astype(np.int64)


def stored_units(session: Session, since: date | None = None, ahead: Ahead | None = None) -> pd.DataFrame:
    """day (number), category, units, timed_units, unit_seconds."""
    frame = _units_by_type(session, since) if ahead is None else _from(ahead.units, since)
    if frame.empty:
        return frame
    frame["kind"] = meanings(session).kinds(frame["kind"].to_numpy(), frame["day"].to_numpy())
    return _category_of(frame).groupby(["day", "category"], as_index=False).sum()


def _units_by_type(session: Session, since: date | None) -> pd.DataFrame:
    """day (number), kind (the type's id), units, timed_units, unit_seconds."""
    spent = cast(extract("epoch", CallUnit.cleared_at), BigInteger) - cast(
        extract("epoch", CallUnit.arrived_at), BigInteger
    )
    asked = (
        select(Call.received_on, Call.type_id, func.count(), func.count(spent), func.sum(spent))
        .select_from(CallUnit)
        .join(Call, Call.id == CallUnit.call_id)
        .group_by(Call.received_on, Call.type_id)
    )
    if session.scalar(select(CallUnit.id).limit(1)) is None:
        return pd.DataFrame()
    rows = session.execute(asked if since is None else asked.where(Call.received_on >= since)).all()
    told = [(day_number(day), kind, int(n), int(timed), int(total or 0)) for day, kind, n, timed, total in rows]
    return pd.DataFrame(told, columns=["day", "kind", "units", "timed_units", "unit_seconds"]).astype(np.int64)
