"""An export's rows as columns of codes, by the chunk: what is the same is held once, and a file of any size streams."""

import gc
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from db.cad.cells import coordinates, cut_column, is_crossing, minutes
from db.cad.chunks import Chunk, Columns, Listed, Texts
from db.cad.iso import ISO_WIDTH
from db.cad.mapping import MOMENTS, ColumnMapping, Header
from db.cad.moments import (
    MomentReader,
    Moments,
    Order,
    describe_refusal,
    find_order,
    judge_order,
    read_day,
    stated_order,
    to_utc,
    year_last,
)
from db.cad.names import folded_name
from db.cad.normalise import SAYS_NOTHING, blank, place, tidy
from db.cad.said import Said
from db.cad.sheet import ByColumns
from db.errors import Unreadable
from db.types import keyed_hash

NO_TYPE = "(not recorded)"
NEVER = -1
"""In ``Rows.dispatched``, ``arrived`` and ``cleared``: no such moment."""
Progress = Callable[[str, int, int], None]
"""``progress(stage, done, of)``: "reading" counts lines, "storing" and "counting" calls. It may raise to cancel."""


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
    ``type``, ``location``, ``disposition``, ``person`` codes into :class:`Reading`'s lists, -1 where blank;
    ``key`` str, what makes it the same call in two files ("" until it is known).

    One row may tell of one unit: ``unit`` is a code into ``Reading.units``, -1 where there is none, and
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


class Reading:
    """A file's readable rows, chunk by chunk. Walk it once; afterwards the counts and notes are complete.

    Codes keep their meaning from chunk to chunk: ``types``, ``places``, ``dispositions``, ``persons`` and ``units``
    only grow. Raises :class:`Unreadable` on the way where the order of day and month cannot be told, and at the end
    where no row could be read: whoever stores the chunks must be able to take them back.
    """

    def __init__(
        self,
        header: Header,
        mapping: ColumnMapping,
        zone: str,
        date_format: str | None = None,
        *,
        codes: Mapping[str, str] | None = None,
        progress: Progress = silent,
    ) -> None:
        """``date_format``: None (find it), “month-first”, “day-first”, or a pattern like ``%d/%m/%Y %H:%M``.

        ``codes``: type → description, from a codebook; then a type is stored as “5150 MENTAL CASE”.
        """
        self._header, self._zone, self._progress = header, zone, progress
        self._pattern = date_format if date_format and "%" in date_format else None
        self._stated: Order | None = stated_order(date_format)
        self._orders: dict[str, Order | None] = {}
        self._moments = {name: self._reader(name) for name in header.places if name in MOMENTS}
        self._book = {folded_name(code): tidy(said) for code, said in (codes or {}).items()}
        self._type = Texts(self._kind)
        self._location = Texts(self._place_cleaner())
        self._disposition = Texts(lambda raw: None if blank(raw) else tidy(raw)[:80])
        self._person = Texts(lambda raw: None if blank(raw) else keyed_hash(tidy(raw).upper(), "call person"))
        self._unit = Texts(lambda raw: None if blank(raw) else tidy(raw).upper()[:20])
        self.types, self.places = self._type.texts, self._location.texts
        self.dispositions, self.persons, self.units = self._disposition.texts, self._person.texts, self._unit.texts
        self.described: dict[str, str] = {}
        self.rows_read = 0
        self.refused: list[Refusal] = []
        self._said = Said()

    def _reader(self, name: str) -> MomentReader:
        return MomentReader(self._zone, lambda: self._order(name), self._pattern if name == "received" else None)

    def __iter__(self) -> Iterator[Rows]:
        readable = False
        with unswept():
            for lines, rows in _below(self._header, self._header.places):
                self.rows_read += len(rows)
                if not isinstance(rows, Columns):
                    lines, rows = self._evened(lines, rows)
                if not rows:
                    continue
                self._said.last_line = lines[-1]
                chunk = self._chunk(lines, rows if isinstance(rows, Columns) else Listed(rows))
                self._progress("reading", min(lines[-1], self._header.sheet.about), self._header.sheet.about)
                if len(chunk):
                    readable = True
                    yield chunk
        self.refused.sort(key=lambda refusal: refusal.line)
        if not self.rows_read:
            raise Unreadable("The file has a header and no rows below it.")
        if not readable:
            line, reason = self.refused[0].line, self.refused[0].reason
            raise Unreadable(f"No row can be loaded. Line {line:,}: {reason}. Is “received” the right column?")

    @property
    def notes(self) -> list[str]:
        """What was odd and how it was read, in sentences; complete when all chunks were walked."""
        return self._said.sentences(self._header, self.rows_read)

    def _kind(self, raw: str) -> str | None:
        if blank(raw):
            return NO_TYPE
        name = tidy(raw)
        if not self._book:
            return name[:160]
        if said := self._book.get(folded_name(name)):
            self.described[f"{name} {said}"[:160]] = said
            return f"{name} {said}"[:160]
        self._said.unexplained.add(name)
        return name[:160]

    def _place_cleaner(self) -> Callable[[Any], str | None]:
        """A function from the cells of the location (and of the coordinates, if they are mapped) to one spelling."""
        where = self._header.places.get("location", ())
        crossing = next((k for k, column in enumerate(where) if k and is_crossing(self._header.names[column])), None)
        if "latitude" not in self._header.places:
            return lambda raw: place((raw,) if isinstance(raw, str) else raw, crossing) or None
        return lambda raw: (place(raw[:-2], crossing) if where else None) or coordinates(raw[-2], raw[-1])

    def _evened(
        self, lines: Sequence[int], rows: list[list[str]], *, quietly: bool = False
    ) -> tuple[Sequence[int], list[list[str]]]:
        """Rows cut short are filled with blanks; rows with more cells than the header has names are refused."""
        wide = len(self._header.names)
        narrow = 1 + max(place for places in self._header.places.values() for place in places)
        widths = set(map(len, rows))
        if not widths or (min(widths) >= wide and max(widths) <= wide):
            return lines, rows
        kept_lines, kept = [], []
        for line, row in zip(lines, rows, strict=True):
            if len(row) > wide and any(cell.strip() for cell in row[wide:]):
                if not quietly:
                    self.refused.append(Refusal(line, f"{len(row)} fields where the header has {wide}"))
                continue
            if len(row) < wide and not quietly:
                self._said.short += 1
                self._said.first_short = self._said.first_short or line
            kept_lines.append(line)
            kept.append(row + [""] * (narrow - len(row)))
        return kept_lines, kept

    def _chunk(self, lines: Sequence[int], rows: Chunk) -> Rows:
        count, places = len(rows), self._header.places
        moments = self._read("received", rows)
        self._said.heard(moments)

        def coded(texts: Texts, columns: Sequence[int]) -> np.ndarray:
            return rows.codes(texts, columns) if columns else np.full(count, -1, np.int32)

        spots = (*places.get("location", ()), *places.get("latitude", ()), *places.get("longitude", ()))
        times = self._unit_times(rows, moments)
        chunk = Rows(
            line=np.array(lines, np.int64),
            utc=moments.utc,
            day=moments.day,
            incident=self._incidents(rows),
            type=coded(self._type, places["type"]),
            location=coded(self._location, spots),
            disposition=coded(self._disposition, places.get("disposition", ())),
            person=coded(self._person, places.get("person", ())),
            key=np.full(count, "", dtype=object),
            unit=coded(self._unit, places.get("unit", ())),
            **times,
        )
        good = moments.good
        if not good.all():
            days, clocks = self._cut("received", rows)
            for row in np.flatnonzero(~good).tolist():
                self.refused.append(Refusal(lines[row], self._why(f"{days[row]} {clocks[row]}")))
        good = good & ~self._tests(chunk, lines, good)
        return chunk if good.all() else chunk.at(good)

    def _tests(self, chunk: Rows, lines: Sequence[int], good: np.ndarray) -> np.ndarray:
        """Rows whose disposition says that they are tests of the system, not calls; they are refused."""
        marked = [k for k, text in enumerate(self.dispositions) if _TEST.fullmatch(text)]
        if not marked:
            return np.zeros(len(chunk), bool)
        tests = np.isin(chunk.disposition, marked) & good
        for row in np.flatnonzero(tests).tolist():
            said = self.dispositions[chunk.disposition[row]]
            self.refused.append(Refusal(lines[row], f"marked as a test: disposition is “{said}”"))
        return tests

    def _why(self, cell: str) -> str:
        """Why a received cell is refused."""
        cell = cell.strip().replace("\0", "")
        if folded_name(cell) == folded_name(self._header.names[self._header.places["received"][0]]):
            return "the header stands here again"
        return "received is blank" if blank(cell) else describe_refusal(cell, self._pattern)

    def _incidents(self, rows: Chunk) -> np.ndarray:
        if "incident" not in self._header.places:
            return np.full(len(rows), "", dtype=object)
        numbers = rows.column(self._header.places["incident"][0])
        if not "".join(numbers).replace("-", "").isalnum() or not SAYS_NOTHING.isdisjoint(numbers):
            numbers = ["" if blank(number) and number != "0" else tidy(number) for number in numbers]
        return np.array(numbers, dtype=object)

    def _read(self, name: str, rows: Chunk) -> Moments:
        """One column's moments: at once where all of them are written like 2018-01-01 18:19:00."""
        places, reader = self._header.places[name], self._moments[name]
        if len(places) == 1 and (found := reader.read_plain(rows.letters(places[0], ISO_WIDTH))) is not None:
            return found
        return reader.read(*self._cut(name, rows))

    def _cut(self, name: str, rows: Chunk) -> tuple[list[str], list[str]]:
        columns = [rows.column(k) for k in self._header.places[name]]
        whole = self._pattern is not None and name == "received"
        return cut_column(columns, whole_cells=whole, last=name == "cleared")

    def _unit_times(self, rows: Chunk, received: Moments) -> dict[str, np.ndarray]:
        """dispatched, arrived and cleared as UTC seconds; a time of day alone is dated by when the call came in."""
        found = {name: np.full(len(rows), NEVER) for name in ("dispatched", "arrived", "cleared")}
        before = np.full(len(rows), NEVER)
        for name in found:
            if name in self._header.places:
                moments = self._read(name, rows)
                utc = np.where(moments.good, moments.utc, NEVER)
                if moments.good.all():
                    found[name] = before = utc
                    continue
                days, clocks = self._cut(name, rows)
                alone = moments.undated & received.good & np.array([bool(clock) for clock in clocks])
                if alone.any():
                    utc[alone] = self._dated(received, moments.clock, alone)
                    passed = alone & (before != NEVER) & (utc < before - _EARLY)
                    utc[passed] += 86_400  # midnight came between two steps
                found[name] = utc
                unread = ~moments.good & ~alone
                self._said.unread(name, [f"{days[k]} {clocks[k]}".strip() for k in np.flatnonzero(unread).tolist()])
            before = np.where(found[name] != NEVER, found[name], before)
        if "ready_minutes" in self._header.places:
            stretch = minutes(rows.column(self._header.places["ready_minutes"][0]))
            start = np.where(found["dispatched"] != NEVER, found["dispatched"], found["arrived"])
            start = np.where(start != NEVER, start, np.where(received.good, received.utc, NEVER))
            given = (stretch >= 0) & (start != NEVER) & (found["cleared"] == NEVER)
            found["cleared"] = np.where(given, start + (stretch * 60).astype(np.int64), found["cleared"])
        wrong = (found["cleared"] != NEVER) & (found["arrived"] != NEVER) & (found["cleared"] < found["arrived"])
        self._said.backwards += int((wrong & received.good).sum())
        found["cleared"] = np.where(wrong, NEVER, found["cleared"])
        return found

    def _dated(self, received: Moments, clock: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Times of day of rows ``which`` on the day that brings them closest after the call, midnight passed or not."""
        ahead = clock[which] - received.clock[which]
        told = received.clock[which] != 0  # a call at 00:00:00 is most often one of which only the day is known
        day = received.day[which] + np.where(ahead < -_EARLY, 1, 0) - np.where(told & (ahead >= 86_400 - _EARLY), 1, 0)
        local = day * 86_400 + clock[which]
        return to_utc(local, np.ones(len(local), bool), self._zone)[0]

    def _order(self, name: str) -> Order | None:
        """The order of day and month in a column, found by walking all of it the first time a date leaves it open."""
        if name not in self._orders:
            if self._stated:
                self._orders[name] = self._stated
            elif name != "received" and self._orders.get("received"):
                self._orders[name] = self._orders["received"]
            elif name == "received":
                self._orders[name] = find_order(day_counts(self._header))
            else:
                found: Order | None = judge_order(day_counts(self._header, name)).order
                self._orders[name] = found or self._near_received(name)
        return self._orders[name]

    def _near_received(self, name: str) -> Order:
        """Where a unit's dates do not tell their order: the one that brings most of them to the day of the call."""
        orders: tuple[Order, Order] = ("month-first", "day-first")
        near: dict[Order, int] = dict.fromkeys(orders, 0)
        for lines, cells in self._header.sheet.walk():
            rows = Listed(self._evened(lines, cells, quietly=True)[1])
            received = self._read("received", rows)
            texts, _ = self._cut(name, rows)
            for order in orders:
                dates = [read_day(text, order) if year_last(text) else None for text in texts]
                told = [k for k, day in enumerate(dates) if day and received.good[k]]
                near[order] += sum(abs((dates[k] - EPOCH).days - received.day[k]) <= 1 for k in told)  # type: ignore[operator]
            break
        return "day-first" if near["day-first"] > near["month-first"] else "month-first"


def day_counts(header: Header, name: str = "received") -> dict[str, int]:
    """Distinct dates of a mapped column, as written, with how many rows have each: the whole column is walked."""
    counts: defaultdict[str, int] = defaultdict(int)
    narrow = 1 + max(header.places[name])
    for _, rows in _below(header, {name: header.places[name]}):
        chunk = rows if isinstance(rows, Columns) else Listed([row for row in rows if len(row) >= narrow])
        days, _ = cut_column([chunk.column(k) for k in header.places[name]])
        for day in days:
            counts[day] += 1
    return dict(counts)


def _below(header: Header, places: Mapping[str, Sequence[int]]) -> ByColumns:
    """The rows below the header, at least these columns of them."""
    return header.sheet.below(header.line, len(header.names), sorted({k for each in places.values() for k in each}))


EPOCH = date(1970, 1, 1)
_EARLY = 2 * 3600
"""A unit's time of day may lie this much before the call's; what is earlier is past midnight."""
_TEST = re.compile(r"(?:this is a )?test(?:ing| call| only| record| incident| event)?\W*", re.I)
