"""The counts that repeat-call charts read, kept current: at three million calls an answer takes milliseconds.

:func:`refresh` runs inside the transaction of whatever changed the calls, their categories or the institutions.
:func:`monthly`, :func:`days` and :func:`coverage` read. What they answer is what counting all calls anew
(``dashboard.repeats.monthly``) answers, for every window, as-of day and period. Where the ground has changed
without a refresh (a gap entered by hand, another time zone, a database from before), they count from the calls
themselves: slower, never wrong.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from typing import cast as cast_to

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from db.cad.bulk import bulk_insert
from db.cad.counting import (
    COUNTED,
    REPEAT_COLUMNS,
    Ahead,
    Basis,
    Facts,
    count_days,
    count_repeats,
    read_ahead,
    read_facts,
    stored_days,
    stored_units,
    version,
    with_units,
)
from db.cad.judging import KEYED_ENOUGH, Coverage
from db.cad.meaning import KINDS as _KINDS
from db.cad.meaning import meanings
from db.cad.report import EPOCH, missing_days
from db.engine import aggregate_session
from db.ledger import month_end
from db.models import Call, CallCounts, CallDay, CallGap, CallRepeat
from db.pilot import the_pilot
from db.vocab import CallCategory

BASES: tuple[Basis, Basis] = ("person", "location")
WINDOWS = (30, 90, 180, 365)
"""Windows (days) whose repeats are kept; any other is counted from the calls when it is asked for."""
DERIVED_GAP = "no call in the data"
_LOOK_BACK = max(WINDOWS) + 3
"""Days before a day whose calls decide what repeats on it: the longest window, daylight saving, a chain of calls."""
_DAY_COLUMNS = ("calls", "at_institutions", "keyed", "located", "units", "timed_units", "unit_seconds")


@dataclass(frozen=True, slots=True)
class Repeats:
    """A monthly series of repeat calls on one basis, shaped like :class:`dashboard.repeats.Monthly`.

    ``table``: month (its first day), whole, keyed, repeats, judged, unjudged, nobody; see there.
    """

    basis: Basis
    window_days: int
    table: pd.DataFrame
    institutions: int


# --- reading ---------------------------------------------------------------------------------------------


def coverage(session: Session, as_of: date | None = None) -> Coverage | None:
    """From the first day with a call of any type to the last one (before ``as_of``); None without a call."""
    last_days = select(func.max(CallDay.day))
    last = session.scalar(last_days if as_of is None else last_days.where(CallDay.day < as_of))
    first = session.scalar(select(func.min(CallDay.day)))
    if first is None and session.scalar(select(Call.id).limit(1)) is not None:  # never counted: see the calls
        inside = select(func.min(Call.received_on), func.max(Call.received_on))
        first, last = session.execute(inside if as_of is None else inside.where(Call.received_on < as_of)).one()
    return _covered(session, first, last) if first and last else None


def days(session: Session, category: CallCategory, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """One row for each day with a call of ``category``, both ends inclusive, in order.

    Columns: day (date), calls, at_institutions, keyed, located, units, timed_units, unit_seconds.
    """
    if not _standing(session):
        counted = count_days(read_facts(session, (category,)), stored_units(session))
        kept = counted.loc[counted["category"] == category.value].drop(columns="category")
        kept = kept.assign(day=[_day(number) for number in kept["day"]]).sort_values("day", ignore_index=True)
        inside = [(first or date.min) <= day <= (last or date.max) for day in kept["day"]]
        return kept.loc[inside].reset_index(drop=True)
    asked = select(CallDay.day, *(getattr(CallDay, name) for name in _DAY_COLUMNS)).where(
        CallDay.category == category.value
    )
    asked = asked if first is None else asked.where(CallDay.day >= first)
    asked = asked if last is None else asked.where(CallDay.day <= last)
    return pd.DataFrame(session.execute(asked.order_by(CallDay.day)).all(), columns=["day", *_DAY_COLUMNS])


def monthly(
    session: Session,
    window_days: int,
    category: CallCategory = CallCategory.behavioural_health,
    *,
    as_of: date | None = None,
    counted: tuple[date, date] | None = None,
) -> Repeats | None:
    """Repeat calls by month, as known on ``as_of`` (None: all there is); None where there is no call of the category.

    The basis follows the rule of measures.md, from all months. ``counted`` (both inclusive): count only what falls
    on these days.
    """
    covered = coverage(session, as_of)
    if covered is None:
        return None
    kept = _standing(session)
    if kept:
        of_days = _kept_days(session, category, as_of)
    else:
        facts = read_facts(session, (category,))
        facts = facts if as_of is None else facts.at(facts.day <= _number(as_of))
        of_days = _numbered(count_days(facts, None))
    if not of_days["calls"].sum():
        return None
    months = _months(of_days, covered, window_days)
    basis = _basis(months)
    if kept and window_days in WINDOWS:
        events_of = _kept_repeats(session, category, basis, window_days, as_of)
    else:
        facts = read_facts(session, (category,)) if kept else facts  # pyright: ignore[reportPossiblyUnboundVariable]
        facts = facts if as_of is None else facts.at(facts.day <= _number(as_of))
        events_of = _numbered(count_repeats(facts, covered, (window_days,), (basis,)))
    _not_over(events_of, covered)
    if counted is not None:
        of_days, events_of = _inside(of_days, counted), _inside(events_of, counted)
    for name in REPEAT_COLUMNS:
        months[name] = _per_month(events_of["day"], events_of[name], months)
    subjects = of_days["keyed" if basis == "person" else "located"]
    months["nobody"] = _per_month(of_days["day"], of_days["calls"] - of_days["at_institutions"] - subjects, months)
    table = months.drop(columns="number")
    return Repeats(basis, window_days, table, int(months.attrs["institutions"]))


def _months(of_days: dict[str, NDArray[np.int64]], covered: Coverage, window_days: int) -> pd.DataFrame:
    """Every month of data or calls with its keyed share, and whether all of it could be judged."""
    outside = of_days["calls"] - of_days["at_institutions"]
    seen = _month_numbers(of_days["day"][outside > 0])
    edges = _month_numbers(np.array([_number(covered.first), _number(covered.last)]))
    numbers = np.arange(min([edges[0], *seen[:1]]), max([edges[1], *seen[-1:]]) + 1)
    table = pd.DataFrame({"number": numbers})
    table["month"] = [date(1970 + n // 12, n % 12 + 1, 1) for n in numbers.tolist()]
    table["whole"] = [covered.whole(m, month_end(m), window_days) for m in table["month"]]
    total = _per_month(of_days["day"], outside, table)
    keyed = _per_month(of_days["day"], of_days["keyed"], table)
    table["keyed"] = np.divide(keyed, total, out=np.full(len(numbers), np.nan), where=total > 0)
    table.attrs["institutions"] = of_days["at_institutions"].sum()
    return table


def _basis(months: pd.DataFrame) -> Basis:
    shares = months.loc[months["whole"], "keyed"].dropna()
    return "person" if len(shares) and (shares >= KEYED_ENOUGH).all() else "location"


def _kept_days(session: Session, category: CallCategory, as_of: date | None) -> dict[str, NDArray[np.int64]]:
    names = ("calls", "at_institutions", "keyed", "located")
    asked = select(CallDay.day, *(getattr(CallDay, name) for name in names)).where(CallDay.category == category.value)
    asked = asked if as_of is None else asked.where(CallDay.day <= as_of)
    return _arrays(session.execute(asked.order_by(CallDay.day)).all(), ("day", *names))


def _kept_repeats(
    session: Session, category: CallCategory, basis: Basis, window_days: int, as_of: date | None
) -> dict[str, NDArray[np.int64]]:
    asked = select(CallRepeat.day, CallRepeat.repeats, CallRepeat.judged, CallRepeat.unjudged).where(
        CallRepeat.category == category.value, CallRepeat.basis == basis, CallRepeat.window_days == window_days
    )
    asked = asked if as_of is None else asked.where(CallRepeat.day <= as_of)
    return _arrays(session.execute(asked.order_by(CallRepeat.day)).all(), ("day", *REPEAT_COLUMNS))


def _arrays(rows: Sequence[Any], names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    found = dict(zip(names, columns, strict=True))
    day = np.fromiter((_number(day) for day in found["day"]), np.int64, len(rows))
    return {"day": day} | {name: np.array(found[name], np.int64) for name in names[1:]}


def _numbered(table: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    table = table.sort_values("day")
    return {str(name): table[name].to_numpy(np.int64) for name in table if table[name].dtype.kind == "i"}


def _not_over(of_events: dict[str, NDArray[np.int64]], covered: Coverage) -> None:
    """On a day that the data do not cover, such as the as-of day itself, nothing can be judged yet."""
    late = of_events["day"] > _number(covered.last)
    of_events["unjudged"] = of_events["unjudged"] + np.where(late, of_events["judged"], 0)
    for name in ("repeats", "judged"):
        of_events[name] = np.where(late, 0, of_events[name])


def _inside(columns: dict[str, NDArray[np.int64]], asked: tuple[date, date]) -> dict[str, NDArray[np.int64]]:
    kept = (columns["day"] >= _number(asked[0])) & (columns["day"] <= _number(asked[1]))
    return {name: values[kept] for name, values in columns.items()}


def _per_month(day: NDArray[np.int64], values: NDArray[np.int64], months: pd.DataFrame) -> NDArray[np.int64]:
    first = int(months["number"].iloc[0])
    sums = np.bincount(_month_numbers(day) - first, weights=values, minlength=len(months))
    return np.round(sums).astype(np.int64)


def _month_numbers(day: NDArray[np.int64]) -> NDArray[np.int64]:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _number(day: date) -> int:
    return (day - EPOCH).days


def _day(number: Any) -> date:
    return EPOCH + timedelta(days=int(number))


# --- keeping ---------------------------------------------------------------------------------------------


def refresh(
    session: Session,
    *,
    since: date | None = None,
    facts: Facts | None = None,
    moved: Collection[CallCategory] = COUNTED,
) -> None:
    """Count anew what changed, within the caller's transaction; gaps in the data are found anew first. No commit.

    ``since``: the first day on which a call came, went or changed; None where a category or an institution did
    (everything is counted). ``facts``: all calls there are, where the caller has them in memory; else they are read.
    ``moved``: the categories that calls joined or left, where nothing else changed; the others' repeats stay.
    What :func:`reading_ahead` has read is taken, while it stands.
    """
    start = None if facts is not None else since
    ahead = _ahead(session, moved) if facts is None else None
    _keep_days(session, start, facts, ahead)
    mark_gaps(session)
    first, last = session.execute(select(func.min(CallDay.day), func.max(CallDay.day))).one()
    before = session.get(CallCounts, 1)
    if first is None:
        session.execute(delete(CallRepeat))
        session.execute(delete(CallCounts))
        session.expire_all()
        return
    covered = _covered(session, first, last)
    ground = CallCounts(id=1, zone=covered.zone, first_day=first, gaps=_iso(covered.gaps))
    if start is not None:
        start = _moved_since(start, before, ground)
    same = before is not None and (before.zone, before.first_day, before.gaps) == (ground.zone, first, ground.gaps)
    _keep_repeats(session, start, facts, covered, [c for c in COUNTED if c in moved or not same], ahead)
    if before is None:
        session.add(ground)
    else:
        before.zone, before.first_day, before.gaps = ground.zone, ground.first_day, ground.gaps
    session.flush()


def _moved_since(since: date, before: CallCounts | None, now: CallCounts) -> date | None:
    """From which day on judging may have changed; None: all of it."""
    if before is None or (before.zone, before.first_day) != (now.zone, now.first_day):
        return None
    moved = {tuple(gap) for gap in before.gaps} ^ {tuple(gap) for gap in now.gaps}
    return min([since, *(date.fromisoformat(first) for first, _ in moved)])


def _keep_days(session: Session, since: date | None, facts: Facts | None, ahead: Ahead | None) -> None:
    counted = count_days(facts, None) if facts is not None else stored_days(session, since, ahead)
    counted = with_units(counted, stored_units(session, since, ahead))
    session.execute(delete(CallDay) if since is None else delete(CallDay).where(CallDay.day >= since))
    rows = zip(
        (_day(number).isoformat() for number in counted["day"]),
        counted["category"],
        *(counted[name].tolist() for name in _DAY_COLUMNS),
        strict=True,
    )
    bulk_insert(session, cast_to(Table, CallDay.__table__), ("day", "category", *_DAY_COLUMNS), rows)


def _keep_repeats(
    session: Session,
    since: date | None,
    facts: Facts | None,
    covered: Coverage,
    categories: Sequence[CallCategory],
    ahead: Ahead | None,
) -> None:
    if not categories:
        return
    if facts is None:
        facts = read_facts(session, categories, None if since is None else since - timedelta(days=_LOOK_BACK), ahead)
    old = delete(CallRepeat).where(CallRepeat.category.in_([category.value for category in categories]))
    session.execute(old if since is None else old.where(CallRepeat.day >= since))
    table = cast_to(Table, CallRepeat.__table__)
    for category in categories:
        counted = count_repeats(facts.at(facts.kind == _KINDS.index(category)), covered, WINDOWS, BASES)
        if since is not None:
            counted = counted.loc[counted["day"] >= _number(since)]
        rows = zip(
            [category.value] * len(counted),
            counted["basis"],
            counted["window_days"].tolist(),
            (_day(number).isoformat() for number in counted["day"]),
            *(counted[name].tolist() for name in REPEAT_COLUMNS),
            strict=True,
        )
        bulk_insert(session, table, ("category", "basis", "window_days", "day", *REPEAT_COLUMNS), rows)


class _Unread(Exception):
    """Counting would read many calls while others wait. ``types``: those whose calls it needs."""

    def __init__(self, types: Sequence[int]) -> None:
        self.types = types


MANY = 100_000
"""From so many calls on they are read before the transaction that counts them."""
_WILLING, _READ = "counts may be read ahead", "counts read ahead"
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def reading_ahead(
    command: Callable[Concatenate[Session, Asked], Answer],
) -> Callable[Concatenate[Session, Asked], Answer]:
    """A command that counts calls anew, which holds the lock for the counting only.

    With many calls it is broken off before it reads them, nothing stored; they are read while others write, and it
    is done again. Where somebody changed the calls in between, it reads them itself.
    """

    @wraps(command)
    def run(session: Session, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        session.info[_WILLING] = True
        try:
            return command(session, *asked, **named)
        except _Unread as unread:
            session.info.pop(_WILLING)
            with aggregate_session(session.get_bind()) as reader:  # type: ignore[arg-type]
                session.info[_READ] = read_ahead(reader, unread.types)
            return command(session, *asked, **named)
        finally:
            session.info.pop(_WILLING, None)
            session.info.pop(_READ, None)

    return run


def _ahead(session: Session, categories: Iterable[CallCategory]) -> Ahead | None:
    """What was read ahead and still stands."""
    read: Ahead | None = session.info.get(_READ)
    calls = 0 if read or not session.info.get(_WILLING) else session.scalar(select(func.sum(CallDay.calls))) or 0
    if calls >= MANY:
        raise _Unread(meanings(session).types_of(categories))
    return read if read is not None and read.version == version(session) else None


def mark_gaps(session: Session) -> int:
    """Write down anew which days the kept counts leave out; gaps a person entered stay. How many runs of days."""
    rows = session.execute(select(CallDay.day, func.sum(CallDay.calls)).group_by(CallDay.day).order_by(CallDay.day))
    counted = [(_number(day), int(count)) for day, count in rows]
    columns = zip(*counted, strict=True) if counted else ((), ())
    day, counts = (np.array(column, np.int64) for column in columns)
    session.execute(delete(CallGap).where(CallGap.reason == DERIVED_GAP), execution_options=_BULK)
    entered = session.scalars(select(CallGap)).all()
    runs = [(_day(first), _day(last)) for first, last in missing_days(day, counts)]
    new = [
        CallGap(first_day=first, last_day=last, reason=DERIVED_GAP)
        for first, last in runs
        if not any(gap.first_day <= first and last <= gap.last_day for gap in entered)
    ]
    session.add_all(new)
    session.flush()
    return len(new)


_BULK = {"synchronize_session": False}


def _standing(session: Session) -> bool:
    """Whether the kept counts stand on the present ground."""
    kept = session.get(CallCounts, 1)
    return kept is not None and kept.zone == the_pilot(session).time_zone and kept.gaps == _iso(_known_gaps(session))


def _covered(session: Session, first: date, last: date) -> Coverage:
    return Coverage(first, last, _known_gaps(session), the_pilot(session).time_zone)


def _known_gaps(session: Session) -> tuple[tuple[date, date], ...]:
    found = select(CallGap.first_day, CallGap.last_day).order_by(CallGap.first_day, CallGap.last_day)
    return tuple((first, last) for first, last in session.execute(found))


def _iso(gaps: Iterable[tuple[date, date]]) -> list[list[str]]:
    return [[first.isoformat(), last.isoformat()] for first, last in gaps]
