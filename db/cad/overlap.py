"""Calls of a file that the database has already: found by their keys, and changed where the file tells otherwise.

A later export knows better: its type, place, disposition, person and times replace what an earlier one told; what
it leaves blank changes nothing. What stood there before is kept, so that the import can be taken back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    cast,
    extract,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from db.cad.bulk import bulk_insert
from db.cad.gather import SAME_CALL_DAYS, Calls, Gathered, dated_key, parts, rename
from db.cad.load import UNNAMED, Ids, as_day
from db.cad.read import NEVER
from db.models import Call, CallChange, CallUnit

_NEAR = SAME_CALL_DAYS * 86_400
_PART = 5_000


@dataclass(slots=True)
class There:
    """``rows`` of the file's calls that the database has, and the ``ids`` it has them under."""

    rows: np.ndarray
    ids: np.ndarray
    known: bool
    """Whether the database holds any call at all."""

    def mask(self, count: int) -> np.ndarray:
        mask = np.zeros(count, bool)
        mask[self.rows] = True
        return mask


def already_there(session: Session, calls: Calls) -> There:
    """The calls that the database holds. Others that use a number again get its key with their day."""
    nothing = There(np.empty(0, np.int64), np.empty(0, np.int64), known=False)
    if session.scalar(select(Call.id).limit(1)) is None:
        return nothing
    rows, ids, moments = _same_keys(session, calls)
    near = np.abs(moments - calls.utc[rows]) <= _NEAR
    found = dict(zip(rows[near].tolist(), ids[near].tolist(), strict=True))
    again = {*rows[~near].tolist(), *np.flatnonzero(calls.dated).tolist()} - found.keys()
    for row in sorted(again):
        number, utc, day = calls.number(row), int(calls.utc[row]), int(calls.day[row])
        known = _used_again(session, number, utc, day) if number else None
        if known is not None:
            found[row] = known
        elif number:
            rename(calls, row, dated_key(number, day))
    order = sorted(found)
    return There(np.array(order, np.int64), np.array([found[row] for row in order], np.int64), known=True)


_INCOMING = Table(
    "incoming_call",
    MetaData(),
    Column("row", Integer, nullable=False),
    Column("key", String(80), nullable=False),
    prefixes=["TEMPORARY"],
)


def _same_keys(session: Session, calls: Calls) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows whose key the database has, the ids of those calls, when they were received in UTC seconds)."""
    connection = session.connection()
    _INCOMING.create(connection)
    try:
        for part in parts(len(calls), 50_000):
            bulk_insert(session, _INCOMING, ("row", "key"), enumerate(calls.key[part].tolist(), start=part.start))
        asked = select(_INCOMING.c.row, Call.id, cast(extract("epoch", Call.received_at), BigInteger)).join(
            Call, Call.identity_key == _INCOMING.c.key
        )
        found = [np.empty((0, 3), np.int64)]
        for rows in session.execute(asked, execution_options={"yield_per": 50_000}).partitions():
            found.append(np.array([tuple(row) for row in rows], np.int64))
    finally:
        _INCOMING.drop(connection)
    both = np.concatenate(found)
    return both[:, 0], both[:, 1], both[:, 2]


def _used_again(session: Session, number: str, utc: int, day: int) -> int | None:
    """A number the database has for another call, long before or after: this one's id under its dated keys."""
    days = range(day - SAME_CALL_DAYS, day + SAME_CALL_DAYS + 1)
    names = [number, *(dated_key(number, k) for k in days)]
    asked = select(Call.id, cast(extract("epoch", Call.received_at), BigInteger)).where(Call.identity_key.in_(names))
    near = [(abs(moment - utc), call_id) for call_id, moment in session.execute(asked) if abs(moment - utc) <= _NEAR]
    return min(near)[1] if near else None


# --- what the file tells otherwise -----------------------------------------------------------------------


class Told(NamedTuple):
    """One call, or one unit of it, that the file tells otherwise: columns before and after, moments as UTC seconds."""

    call_id: int
    unit: str | None
    old: dict[str, Any] | None
    new: dict[str, Any]
    days: tuple[int, ...]
    """Local days (numbers) on which counts change."""


def differences(session: Session, gathered: Gathered, there: There, ids: Ids) -> Iterator[list[Told]]:
    """What the file tells otherwise of calls that are there, a part at a time, read before it is changed."""
    of_row = _units_by_row(gathered, there)
    for part in parts(len(there.rows), _PART):
        rows = dict(zip(there.ids[part].tolist(), there.rows[part].tolist(), strict=True))
        found = [told for call in _stored_calls(session, rows) if (told := _call_told(gathered, ids, rows, call))]
        if of_row:
            days = {call_id: int(gathered.calls.day[row]) for call_id, row in rows.items()}
            found += _units_told(session, gathered, rows, of_row, days)
        yield found


def _stored_calls(session: Session, wanted: dict[int, int]) -> Sequence[Any]:
    epoch = cast(extract("epoch", Call.received_at), BigInteger).label("utc")
    columns = (Call.id, epoch, Call.received_on, Call.type_id, Call.location_id, Call.disposition, Call.person_key)
    return session.execute(select(*columns).where(Call.id.in_(wanted))).all()


def _call_told(gathered: Gathered, ids: Ids, rows: dict[int, int], stored: Any) -> Told | None:
    calls, reading, row = gathered.calls, gathered.reading, rows[stored.id]
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}

    def told(column: str, before: Any, now: Any) -> None:
        if before != now:
            old[column], new[column] = before, now

    utc, kind = int(calls.utc[row]), int(calls.type[row])
    place, outcome, person = int(calls.location[row]), int(calls.disposition[row]), int(calls.person[row])
    day = (stored.received_on - as_day(0)).days
    if utc != stored.utc:
        told("received_at", stored.utc, utc)
        told("received_on", day, int(calls.day[row]))
    if kind != ids.silent_type:
        told("type_id", stored.type_id, int(ids.types[kind]))
    if place >= 0:
        told("location_id", stored.location_id, int(ids.places[place]))
    if outcome >= 0:
        told("disposition", stored.disposition, reading.dispositions[outcome])
    if person >= 0:
        told("person_key", stored.person_key, reading.persons[person])
    return Told(stored.id, None, old, new, (day, int(calls.day[row]))) if new else None


def _units_by_row(gathered: Gathered, there: There) -> dict[int, list[int]]:
    """Row of a call that is there → positions of its units in the file."""
    if not len(gathered.units):
        return {}
    mask = there.mask(len(gathered.calls))
    found: dict[int, list[int]] = {}
    for position in np.flatnonzero(mask[gathered.units.call]).tolist():
        found.setdefault(int(gathered.units.call[position]), []).append(position)
    return found


def _units_told(
    session: Session, gathered: Gathered, rows: dict[int, int], of_row: dict[int, list[int]], days: dict[int, int]
) -> list[Told]:
    times = [cast(extract("epoch", column), BigInteger) for column in _UNIT_TIMES.values()]
    asked = select(CallUnit.call_id, CallUnit.unit, *times).where(CallUnit.call_id.in_(rows))
    stored = {(call_id, unit): dict(zip(_UNIT_TIMES, moments, strict=True)) for call_id, unit, *moments in
              session.execute(asked)}  # fmt: skip
    found, units = [], gathered.units
    for call_id, row in rows.items():
        for position in of_row.get(row, ()):
            code = int(units.unit[position])
            name = gathered.reading.units[code] if code >= 0 else UNNAMED
            moments = (units.dispatched[position], units.arrived[position], units.cleared[position])
            now = {c: int(m) for c, m in zip(_UNIT_TIMES, moments, strict=True) if m != NEVER}
            before = stored.get((call_id, name))
            if before is None:
                found.append(Told(call_id, name, None, now, (days[call_id],)))
                continue
            now = _in_order(before, {column: moment for column, moment in now.items() if before[column] != moment})
            if now:
                found.append(Told(call_id, name, {c: before[c] for c in now}, now, (days[call_id],)))
    return found


_UNIT_TIMES = {
    "dispatched_at": CallUnit.dispatched_at,
    "arrived_at": CallUnit.arrived_at,
    "cleared_at": CallUnit.cleared_at,
}


def _in_order(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Without times that would have a unit clear before it arrived."""
    both = before | now
    arrived, cleared = both["arrived_at"], both["cleared_at"]
    return {} if arrived is not None and cleared is not None and cleared < arrived else now


# --- changing and changing back --------------------------------------------------------------------------


def change(session: Session, found: Sequence[Told], import_id: int) -> None:
    """Store what the file told otherwise, and what stood there before."""
    write_calls(session, {t.call_id: t.new for t in found if t.unit is None})
    write_units(session, {(t.call_id, t.unit): t.new for t in found if t.unit is not None and t.old is not None})
    added = [
        {"call_id": t.call_id, "unit": t.unit, **_moments(dict.fromkeys(_UNIT_TIMES) | t.new)}
        for t in found
        if t.unit is not None and t.old is None
    ]
    if added:
        session.execute(insert(CallUnit), added)
    if found:
        rows = [{"import_id": import_id, "call_id": t.call_id, "unit": t.unit, "old": t.old} for t in found]
        session.execute(insert(CallChange), rows)


def write_calls(session: Session, values: dict[int, dict[str, Any]]) -> None:
    """Give calls (by id) other values; moments and days as numbers."""
    _write(session, Call, [{"id": call_id, **_moments(told)} for call_id, told in values.items()], ("id",))


def write_units(session: Session, values: dict[tuple[int, str], dict[str, Any]]) -> None:
    """Give units (by call and name) other times, as UTC seconds."""
    rows = [{"call_id": call_id, "unit": unit, **_moments(told)} for (call_id, unit), told in values.items()]
    _write(session, CallUnit, rows, ("call_id", "unit"))


def _write(session: Session, model: type, rows: Sequence[dict[str, Any]], by: Sequence[str]) -> None:
    """One statement for each set of columns that rows change."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(row.keys() - set(by))), []).append(row)
    for columns, group in alike.items():
        table: Any = model.__table__  # type: ignore[attr-defined]
        statement = update(table).values({name: bindparam(f"new_{name}") for name in columns})
        for name in by:
            statement = statement.where(table.c[name] == bindparam(f"is_{name}"))
        session.connection().execute(
            statement,
            [{f"new_{c}": row[c] for c in columns} | {f"is_{name}": row[name] for name in by} for row in group],
        )


def _moments(told: dict[str, Any]) -> dict[str, Any]:
    return {column: _value(column, value) for column, value in told.items()}


def _value(column: str, value: Any) -> Any:
    if value is None or not column.endswith(("_at", "_on")):
        return value
    return as_day(value) if column.endswith("_on") else datetime.fromtimestamp(value, UTC)
