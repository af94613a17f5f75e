"""An export's rows as columns of codes: what is the same is held once, so three million rows fit in memory."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Any

import numpy as np

from db.cad.mapping import ColumnMapping, Header
from db.cad.moments import Moments, cut, describe_refusal, joined, read_moments
from db.cad.normalise import SAYS_NOTHING, blank, place, tidy
from db.errors import Unreadable
from db.types import keyed_hash

NO_TYPE = "(not recorded)"
NEVER = -1
"""In ``Rows.dispatched``, ``arrived`` and ``cleared``: no such moment."""
Progress = Callable[[str, int, int], None]
"""``progress(stage, done, of)``: "reading" counts lines, "storing" counts calls. It may raise to cancel."""


def silent(_stage: str, _done: int, _of: int) -> None:
    """No progress shown."""


@contextmanager
def unswept() -> Iterator[None]:
    """Without garbage collection: sweeping a chunk's thousands of short lists again and again doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int
    reason: str


@dataclass(slots=True)
class Rows:
    """Readable rows of a file (or calls made of them), column by column, all of one length.

    ``line`` int64; ``utc`` seconds since 1970; ``day`` local days since 1970; ``incident`` str, "" where blank;
    ``type``, ``location``, ``disposition``, ``person`` codes into :class:`Parsed`'s lists, -1 where blank;
    ``key`` str, what makes it the same call in two files ("" until it is known).

    One row may tell of one unit: ``unit`` is a code into ``Parsed.units``, -1 where there is none, and
    ``dispatched``, ``arrived``, ``cleared`` are its moments in UTC seconds since 1970, :data:`NEVER` where blank
    or unreadable. Without a unit column the times are those of the call itself (unit -1).
    """

    line: np.ndarray
    utc: np.ndarray
    day: np.ndarray
    incident: np.ndarray
    type: np.ndarray
    location: np.ndarray
    disposition: np.ndarray
    person: np.ndarray
    key: np.ndarray
    unit: np.ndarray
    dispatched: np.ndarray
    arrived: np.ndarray
    cleared: np.ndarray

    def __len__(self) -> int:
        return len(self.line)

    def at(self, which: np.ndarray | slice) -> "Rows":
        """The rows that a mask, a slice or positions pick."""
        return Rows(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(slots=True)
class Parsed:
    """What a file says: its readable rows, the distinct texts their codes point to, and what was refused."""

    calls: Rows
    types: list[str]
    places: list[str]
    dispositions: list[str]
    persons: list[str]
    rows_read: int
    refused: list[Refusal]
    notes: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    described: dict[str, str] = field(default_factory=dict)
    """Call type → its description, where a codebook told one."""


class Codes:
    """A column of codes into its distinct texts, grown chunk by chunk."""

    def __init__(self) -> None:
        self._known: defaultdict[Any, int] = defaultdict()
        self._known.default_factory = self._known.__len__
        self._chunks: list[np.ndarray] = []

    def add(self, cells: Iterable[Any], count: int) -> None:
        self._chunks.append(np.fromiter(map(self._known.__getitem__, cells), np.int32, count))

    @property
    def distinct(self) -> list[Any]:
        return list(self._known)

    def codes(self) -> np.ndarray:
        return np.concatenate(self._chunks) if self._chunks else np.empty(0, np.int32)

    def mapped(self, clean: Callable[[Any], str | None]) -> tuple[np.ndarray, list[str]]:
        """The codes again, after ``clean`` has brought different writings together; -1 where it says None."""
        texts: dict[str, int] = {}
        to = np.full(len(self._known) + 1, -1, np.int32)
        for k, raw in enumerate(self._known):
            if (text := clean(raw)) is not None:
                to[k] = texts.setdefault(text, len(texts))
        return to[self.codes()], list(texts)


@dataclass(slots=True)
class _Gathered:
    lines: list[np.ndarray] = field(default_factory=list)
    days: Codes = field(default_factory=Codes)
    clocks: Codes = field(default_factory=Codes)
    incidents: list[str] = field(default_factory=list)
    type: Codes = field(default_factory=Codes)
    location: Codes = field(default_factory=Codes)
    disposition: Codes = field(default_factory=Codes)
    person: Codes = field(default_factory=Codes)
    refused: list[Refusal] = field(default_factory=list)
    rows: int = 0


def read_calls(
    header: Header, mapping: ColumnMapping, zone: str, date_format: str | None = None, progress: Progress = silent
) -> Parsed:
    """Read every row below the header. Nothing is stored. Raises :class:`Unreadable` where no row can be read."""
    gathered = _gather(header, whole_cells=bool(date_format and "%" in date_format), progress=progress)
    if not gathered.rows:
        raise Unreadable("The file has a header and no rows below it.")
    moments = read_moments(
        gathered.days.distinct,
        gathered.days.codes(),
        gathered.clocks.distinct,
        gathered.clocks.codes(),
        zone,
        date_format,
    )
    lines = np.concatenate(gathered.lines) if gathered.lines else np.empty(0, np.int64)
    refused = gathered.refused + _unreadable(gathered, moments.good, lines, date_format)
    if not moments.good.any():
        raise Unreadable(
            f"No row can be loaded. Line {refused[0].line:,}: {refused[0].reason}. Is “received” the right column?"
        )
    parsed = _coded(gathered, header, lines, moments)
    parsed.refused = sorted(refused, key=lambda refusal: refusal.line)
    parsed.notes = _clock_notes(moments.skipped, moments.doubled)
    if not moments.good.all():
        parsed.calls = parsed.calls.at(moments.good)
    return parsed


def _gather(header: Header, *, whole_cells: bool, progress: Progress) -> _Gathered:
    got = _Gathered()
    width = len(header.names)
    narrow, wide = 1 + max(place for places in header.places.values() for place in places), width
    with unswept():
        for lines, rows in header.sheet.walk():
            if lines and lines[0] <= header.line:
                top = sum(1 for line in lines if line <= header.line)
                lines, rows = lines[top:], rows[top:]
            got.rows += len(rows)
            widths = set(map(len, rows))
            if widths and (min(widths) < narrow or max(widths) > wide):
                lines, rows = _evened(got, lines, rows, narrow, wide)
            if rows:
                _add(got, header, lines, rows, whole_cells=whole_cells)
                progress("reading", min(lines[-1], header.sheet.about), header.sheet.about)
    return got


def _evened(
    got: _Gathered, lines: Sequence[int], rows: list[list[str]], narrow: int, wide: int
) -> tuple[Sequence[int], list[list[str]]]:
    """Rows cut short are filled with blanks; rows with more cells than the header has names are refused."""
    kept_lines, kept = [], []
    for line, row in zip(lines, rows, strict=True):
        if len(row) > wide and any(cell.strip() for cell in row[wide:]):
            got.refused.append(Refusal(line, f"{len(row)} fields where the header has {wide}"))
            continue
        kept_lines.append(line)
        kept.append(row + [""] * (narrow - len(row)))
    return kept_lines, kept


def _add(got: _Gathered, header: Header, lines: Sequence[int], rows: list[list[str]], *, whole_cells: bool) -> None:
    count = len(rows)
    got.lines.append(np.array(lines, np.int64))
    days, clocks = _cut_column([list(map(itemgetter(k), rows)) for k in header.places["received"]], whole_cells)
    got.days.add(days, count)
    got.clocks.add(clocks, count)
    for name, codes in (("type", got.type), ("disposition", got.disposition), ("person", got.person)):
        if name in header.places:
            codes.add(map(itemgetter(*header.places[name]), rows), count)
    if "location" in header.places:
        got.location.add(map(itemgetter(*header.places["location"]), rows), count)
    if "incident" in header.places:
        numbers = list(map(itemgetter(*header.places["incident"]), rows))
        if not "".join(numbers).replace("-", "").isalnum() or not SAYS_NOTHING.isdisjoint(numbers):
            numbers = ["" if blank(number) and number != "0" else tidy(number) for number in numbers]
        got.incidents += numbers


def _cut_column(columns: list[list[str]], whole_cells: bool) -> tuple[list[str], list[str]]:
    """The days and the clocks of a chunk."""
    cells = columns[0]
    common = not whole_cells and len(columns) == 1 and set(map(len, cells)) == {19}
    if common and {c[10] for c in cells} <= {" ", "T"} and {c[4] + c[7] for c in cells} <= {"--", "//"}:
        return [c[:10] for c in cells], [c[11:] for c in cells]  # 2018-01-01 18:19:00
    cells = [" ".join(cell.split()) for cell in cells]
    for extra in columns[1:]:
        cells = [joined(a, " ".join(b.split())) for a, b in zip(cells, extra, strict=True)]
    pieces = [(cell, "") for cell in cells] if whole_cells else [cut(cell) for cell in cells]
    return [day for day, _ in pieces], [clock for _, clock in pieces]


def _unreadable(got: _Gathered, good: np.ndarray, lines: np.ndarray, date_format: str | None) -> list[Refusal]:
    days, clocks = got.days.distinct, got.clocks.distinct
    day_codes, clock_codes = got.days.codes(), got.clocks.codes()
    refused = []
    for row in np.flatnonzero(~good):
        cell = f"{days[day_codes[row]]} {clocks[clock_codes[row]]}".strip().replace("\0", "")
        reason = "received is blank" if blank(cell) else describe_refusal(cell, date_format)
        refused.append(Refusal(int(lines[row]), reason))
    return refused


def _coded(got: _Gathered, header: Header, lines: np.ndarray, moments: Moments) -> Parsed:
    count = len(lines)
    where = header.places.get("location", ())
    crossing = next((k for k, column in enumerate(where) if k and _is_crossing(header.names[column])), None)
    kind, types = got.type.mapped(lambda raw: NO_TYPE if blank(raw) else tidy(raw)[:160])
    spot, places = got.location.mapped(lambda raw: place((raw,) if isinstance(raw, str) else raw, crossing))
    outcome, dispositions = got.disposition.mapped(lambda raw: None if blank(raw) else tidy(raw)[:80])
    who, persons = got.person.mapped(lambda raw: None if blank(raw) else keyed_hash(tidy(raw).upper(), "call person"))
    none, nothing = np.full(count, -1, np.int32), np.full(count, "", dtype=object)
    rows = Rows(
        line=lines,
        utc=moments.utc,
        day=moments.day,
        incident=np.array(got.incidents, dtype=object) if got.incidents else nothing,
        type=kind,
        location=spot if len(spot) else none,
        disposition=outcome if len(outcome) else none,
        person=who if len(who) else none,
        key=nothing,
        unit=none,
        dispatched=np.full(count, NEVER),
        arrived=np.full(count, NEVER),
        cleared=np.full(count, NEVER),
    )
    return Parsed(rows, types, places, dispositions, persons, got.rows, [])


def _is_crossing(name: str) -> bool:
    return any(word in name.casefold() for word in ("intersect", "cross"))


def _clock_notes(skipped: int, doubled: int) -> list[str]:
    notes = []
    if skipped:
        notes.append(f"{skipped:,} times fall into the hour that daylight saving skips; they are moved on by it.")
    if doubled:
        notes.append(f"{doubled:,} times fall into the hour that autumn has twice; they are taken as the first.")
    return notes
