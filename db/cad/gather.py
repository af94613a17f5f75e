"""From a file's readable rows, chunk by chunk, to its calls and their units: the same call once, held as numbers.

Two rows tell of the same call when they have the same incident number and were received within
:data:`SAME_CALL_DAYS` of each other (some departments use a number again); without a number, when moment,
type and place are the same. A call costs about fifty bytes here, so three million of them fit in memory.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

import numpy as np

from db.cad.keys import in_order, packed, repeated
from db.cad.read import NEVER, NO_TYPE, Reading, Refusal, Rows
from db.cad.report import EPOCH
from db.cad.rules import folded
from db.vocab import counted

SAME_CALL_DAYS = 7
DATED = len("@20180101")
"""What the key of a later call under a number used before is longer by."""
_LONGEST_NUMBER = 40
_TEXT = np.dtypes.StringDType()
_FAR = np.iinfo(np.int64).max


@dataclass(slots=True)
class Calls:
    """Calls of one file, column by column.

    ``key`` is what makes it the same call in two files: the incident number where there is one (``numbered``),
    with “@day” behind it where that number was used before (``dated``), else “~”, the moment and a hash of type
    and place; never a person key. ``utc`` seconds since 1970, ``day`` local days since 1970; ``type``, ``location``,
    ``disposition`` and ``person`` are codes into the :class:`Reading`'s lists, -1 where nothing was told.
    """

    key: np.ndarray
    numbered: np.ndarray
    dated: np.ndarray
    utc: np.ndarray
    day: np.ndarray
    type: np.ndarray
    location: np.ndarray
    disposition: np.ndarray
    person: np.ndarray

    def __len__(self) -> int:
        return len(self.utc)

    def at(self, which: np.ndarray | slice) -> "Calls":
        """The calls that a mask, a slice or positions pick."""
        return Calls(*(getattr(self, column.name)[which] for column in fields(self)))

    def number(self, row: int) -> str:
        """The incident number of one call; "" where it has none."""
        key = str(self.key[row])
        return "" if not self.numbered[row] else key[:-DATED] if self.dated[row] else key

    def numbers(self) -> list[str | None]:
        """The incident numbers, None where there is none."""
        told: list[str | None] = self.key.tolist()
        for row in np.flatnonzero(~self.numbered | self.dated).tolist():
            told[row] = self.number(row) or None
        return told


@dataclass(slots=True)
class Units:
    """Units that went, one row a unit and call: ``call`` a position in :class:`Calls`, ``unit`` a code (-1 unnamed),
    the times UTC seconds or :data:`NEVER`.
    """

    call: np.ndarray
    unit: np.ndarray
    dispatched: np.ndarray
    arrived: np.ndarray
    cleared: np.ndarray

    def __len__(self) -> int:
        return len(self.call)

    def at(self, which: np.ndarray) -> "Units":
        return Units(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(slots=True)
class Gathered:
    """The file's calls in order of their keys, their units, and what happened on the way."""

    reading: Reading
    calls: Calls
    units: Units
    merged: int
    refused: list[Refusal]
    notes: list[str]


def gather(reading: Reading) -> Gathered:
    """Walk the file. Raises :class:`~db.errors.Unreadable` where it cannot be read; nothing is stored."""
    refused: list[Refusal] = []
    calls, units = _walked(reading, refused)
    _name_unnumbered(calls, reading)
    merged, notes = 0, list[str]()
    owner = np.arange(len(calls), dtype=np.int32) if len(units) else None
    codes = packed(calls.key)
    again = repeated(calls.key, codes)
    if len(again):
        keep, notes = _merge(calls, again, reading, owner)
        merged = int((~keep).sum())
        if owner is not None:
            owner = (np.cumsum(keep, dtype=np.int32) - 1)[owner]
        if merged:
            calls, codes = calls.at(keep), None if codes is None else codes[keep]
    order = in_order(calls.key, codes, calls.dated)
    if owner is not None:
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        units.call = place[owner[units.call]]
        units, more = _one_each(units)
        notes += more
    everything = sorted(reading.refused + refused, key=lambda refusal: refusal.line)
    return Gathered(reading, calls.at(order), units, merged, everything, reading.notes + notes)


def _walked(reading: Reading, refused: list[Refusal]) -> tuple[Calls, Units]:
    """All readable rows as one call each, still without keys for those that have no number."""
    kept: dict[str, list[np.ndarray]] = {column.name: [] for column in fields(Calls) if column.name != "dated"}
    units: dict[str, list[np.ndarray]] = {column.name: [] for column in fields(Units)}
    rows = 0
    for whole in reading:
        chunk = _short_numbers(whole, refused)
        number = chunk.incident.astype(_TEXT)
        kept["key"].append(number)
        kept["numbered"].append(number != "")
        kept["utc"].append(chunk.utc)
        for name in ("day", "type", "location", "disposition", "person"):
            kept[name].append(getattr(chunk, name).astype(np.int32))
        went = (chunk.unit >= 0) | (np.maximum(np.maximum(chunk.dispatched, chunk.arrived), chunk.cleared) != NEVER)
        if went.any():
            units["call"].append(rows + np.flatnonzero(went).astype(np.int32))
            for name in ("unit", "dispatched", "arrived", "cleared"):
                units[name].append(getattr(chunk, name)[went])
        rows += len(chunk)

    def joined(parts: list[np.ndarray]) -> np.ndarray:
        whole = np.concatenate(parts) if parts else np.empty(0, np.int64)
        parts.clear()  # one column at a time, else all of it is held twice
        return whole

    columns = {name: joined(parts) for name, parts in kept.items()}
    return Calls(**columns, dated=np.zeros(rows, bool)), Units(**{name: joined(parts) for name, parts in units.items()})


def _short_numbers(rows: Rows, refused: list[Refusal]) -> Rows:
    lengths = np.fromiter(map(len, rows.incident), np.int64, len(rows))
    too_long = lengths > _LONGEST_NUMBER
    if not too_long.any():
        return rows
    refused += [
        Refusal(line, f"the incident number “{number[:30]}…” is longer than {_LONGEST_NUMBER} characters")
        for line, number in zip(rows.line[too_long].tolist(), rows.incident[too_long], strict=True)
    ]
    return rows.at(~too_long)


def _name_unnumbered(calls: Calls, reading: Reading) -> None:
    without = np.flatnonzero(~calls.numbered)
    if not len(without):
        return
    rows = calls.at(without)
    pairs, codes = np.unique(np.column_stack([rows.type, rows.location]), axis=0, return_inverse=True)
    types, places = reading.types, [*reading.places, ""]
    hashes = [
        hashlib.blake2b(f"{folded(types[t])}\0{places[p]}".encode(), digest_size=10).hexdigest()
        for t, p in pairs.tolist()
    ]
    made = zip(rows.utc.tolist(), codes.ravel().tolist(), strict=True)
    calls.key[without] = np.array([f"~{moment:x}-{hashes[code]}" for moment, code in made], _TEXT)


def _merge(
    calls: Calls, repeated: np.ndarray, reading: Reading, owner: np.ndarray | None
) -> tuple[np.ndarray, list[str]]:
    """Bring rows of one call together, in place: the earliest speaks, others fill its blanks. (rows to keep, notes)."""
    rows = calls.at(repeated)
    codes = np.unique(rows.key, return_inverse=True)[1].ravel()
    order = np.lexsort((np.arange(len(rows)), rows.utc, codes))
    rows, codes, repeated = rows.at(order), codes[order], repeated[order]
    other_key = np.diff(codes, prepend=-1) != 0
    later = ~other_key & (np.diff(rows.utc, prepend=0) > SAME_CALL_DAYS * 86_400)
    starts = np.flatnonzero(other_key | later)
    speaking, again = repeated[starts], np.flatnonzero(later[starts])
    no_type = reading.types.index(NO_TYPE) if NO_TYPE in reading.types else -1
    calls.type[speaking] = _first_told(rows.type, starts, no_type)
    for name in ("location", "disposition", "person"):
        getattr(calls, name)[speaking] = _first_told(getattr(rows, name), starts)
    keep = np.ones(len(calls), bool)
    keep[repeated] = False
    keep[speaking] = True
    if owner is not None:
        owner[repeated] = speaking[np.cumsum(other_key | later) - 1]
    if not len(again):
        return keep, []
    for k in again.tolist():
        rename(calls, int(speaking[k]), dated_key(str(rows.key[starts[k]]), int(rows.day[starts[k]])))
    numbers = "1 incident number is" if len(again) == 1 else f"{len(again):,} incident numbers are"
    example = rows.key[starts[again[0]]]
    return keep, [
        f"{numbers} used again more than {SAME_CALL_DAYS} days later (such as {example}): kept as calls of their own."
    ]


def rename(calls: Calls, row: int, key: str) -> None:
    """Give one call the key of a number that was used before."""
    calls.key[row], calls.dated[row] = key, True


def dated_key(number: str, day: int | np.integer) -> str:
    """The key of a later call under a number that was used before."""
    return f"{number}@{EPOCH + timedelta(days=int(day)):%Y%m%d}"


def _first_told(codes: np.ndarray, starts: np.ndarray, nothing: int = -1) -> np.ndarray:
    """For each run that begins at ``starts`` its first code that says something; its first one where none does."""
    far = len(codes)
    told = np.where((codes >= 0) & (codes != nothing), np.arange(far), far)
    first = np.minimum.reduceat(told, starts)
    return codes[np.where(first < far, first, starts)]


def _one_each(units: Units) -> tuple[Units, list[str]]:
    """One row a call and unit: sent first, there first, free last. A clearing before the arrival is left out."""
    if not len(units):
        return units, []
    units = units.at(np.lexsort((units.unit, units.call)))
    starts = np.flatnonzero((np.diff(units.call, prepend=-1) != 0) | (np.diff(units.unit, prepend=-2) != 0))

    def first(moments: np.ndarray) -> np.ndarray:
        told = np.minimum.reduceat(np.where(moments == NEVER, _FAR, moments), starts)
        return np.where(told == _FAR, NEVER, told)

    arrived, cleared = first(units.arrived), np.maximum.reduceat(units.cleared, starts)
    backwards = (cleared != NEVER) & (arrived != NEVER) & (cleared < arrived)
    cleared = np.where(backwards, NEVER, cleared)
    one = Units(units.call[starts], units.unit[starts], first(units.dispatched), arrived, cleared)
    count = int(backwards.sum())
    units_are = counted(count, "unit is", "units are")
    said = [f"{units_are} cleared before arriving: that clearing time is left out."] if count else []
    return one, said


def parts(count: int, size: int) -> Iterator[slice]:
    """Slices of at most ``size`` that cover ``count`` rows."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def texts_of(codes: np.ndarray, texts: list[str]) -> list[str | None]:
    """The text of each code; None for -1."""
    told: list[Any] = [*texts, None]
    return [told[code] for code in codes.tolist()]


__all__ = ["SAME_CALL_DAYS", "Calls", "Gathered", "Units", "dated_key", "gather", "parts", "rename", "texts_of"]
