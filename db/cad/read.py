"""An export's rows as columns of codes: what is the same is held once, so three million rows fit in memory."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from db.cad.mapping import ColumnMapping, Header
from db.cad.moments import cut, describe_refusal, joined, read_moments
from db.cad.normalise import blank, place, tidy
from db.errors import Unreadable
from db.types import keyed_hash

CHUNK = 20_000
NO_TYPE = "(not recorded)"
Progress = Callable[[str, int, int], None]
"""``progress(stage, done, of)``: "reading" counts lines, "storing" counts calls. It may raise to cancel."""


def silent(_stage: str, _done: int, _of: int) -> None:
    """No progress shown."""


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int
    reason: str


@dataclass(slots=True)
class Parsed:
    """The readable rows. ``calls`` has one row per file row, with the columns line, utc (seconds), day (days since
    1970, local), incident (str, "" where blank) and the codes type, location, disposition, person (-1: blank).
    """

    calls: pd.DataFrame
    types: list[str]
    places: list[str]
    dispositions: list[str]
    persons: list[str]
    rows_read: int
    refused: list[Refusal]
    notes: list[str] = field(default_factory=list)


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
    incidents: list[pd.Series] = field(default_factory=list)
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
    calls, parts = _coded(gathered, header)
    calls["line"], calls["utc"], calls["day"] = lines, moments.utc, moments.day
    notes = _clock_notes(moments.skipped, moments.doubled)
    refused.sort(key=lambda r: r.line)
    return Parsed(calls[moments.good].reset_index(drop=True), *parts, gathered.rows, refused, notes)


def _gather(header: Header, *, whole_cells: bool, progress: Progress) -> _Gathered:
    got = _Gathered()
    rows = (row for row in header.sheet.walk() if row[0] > header.line)
    width = len(header.names)
    needed = 1 + max(place for places in header.places.values() for place in places)
    while chunk := list(islice(rows, CHUNK)):
        got.rows += len(chunk)
        kept = []
        for line, fields in chunk:
            if len(fields) > width and any(cell.strip() for cell in fields[width:]):
                got.refused.append(Refusal(line, f"{len(fields)} fields where the header has {width}"))
                continue
            if len(fields) < needed:
                fields = fields + [""] * (needed - len(fields))
            kept.append((line, fields))
        if kept:
            _add(got, header, kept, whole_cells=whole_cells)
        progress("reading", min(chunk[-1][0], header.sheet.about), header.sheet.about)
    return got


def _add(got: _Gathered, header: Header, rows: list[tuple[int, list[str]]], *, whole_cells: bool) -> None:
    lines, fields = zip(*rows, strict=True)
    count = len(lines)
    columns = {name: [row[k] for row in fields] for name, places in header.places.items() for k in places[:1]}
    got.lines.append(np.fromiter(lines, np.int64, count))
    cells = [" ".join(cell.split()) for cell in columns["received"]]
    for extra in header.places["received"][1:]:
        cells = [joined(a, " ".join(row[extra].split())) for a, row in zip(cells, fields, strict=True)]
    pieces = [(cell, "") for cell in cells] if whole_cells else [cut(cell) for cell in cells]
    got.days.add((day for day, _ in pieces), count)
    got.clocks.add((clock for _, clock in pieces), count)
    got.type.add(columns["type"], count)
    for name in ("disposition", "person"):
        if name in columns:
            getattr(got, name).add(columns[name], count)
    if "location" in header.places:
        places = header.places["location"]
        got.location.add(([*zip(*([row[k] for row in fields] for k in places), strict=True)]), count)
    if "incident" in columns:
        got.incidents.append(pd.Series([tidy(cell) for cell in columns["incident"]], dtype="str"))


def _unreadable(got: _Gathered, good: np.ndarray, lines: np.ndarray, date_format: str | None) -> list[Refusal]:
    days, clocks = got.days.distinct, got.clocks.distinct
    day_codes, clock_codes = got.days.codes(), got.clocks.codes()
    refused = []
    for row in np.flatnonzero(~good):
        cell = f"{days[day_codes[row]]} {clocks[clock_codes[row]]}".strip().replace("\0", "")
        reason = "received is blank" if blank(cell) else describe_refusal(cell, date_format)
        refused.append(Refusal(int(lines[row]), reason))
    return refused


def _coded(got: _Gathered, header: Header) -> tuple[pd.DataFrame, tuple[list[str], list[str], list[str], list[str]]]:
    count = len(got.days.codes())
    crossing = next(
        (k for k, place in enumerate(header.places.get("location", ())) if k and _is_crossing(header.names[place])),
        None,
    )
    none = np.full(count, -1, np.int32)
    kind, types = got.type.mapped(lambda raw: NO_TYPE if blank(raw) else tidy(raw)[:160])
    places, place_names = got.location.mapped(lambda raw: place(raw, crossing))
    outcome, dispositions = got.disposition.mapped(lambda raw: None if blank(raw) else tidy(raw)[:80])
    person, persons = got.person.mapped(
        lambda raw: None if blank(raw) else keyed_hash(tidy(raw).upper(), "call person")
    )
    incidents = (
        pd.concat(got.incidents, ignore_index=True) if got.incidents else pd.Series("", range(count), dtype="str")
    )
    frame = pd.DataFrame(
        {
            "incident": incidents,
            "type": kind,
            "location": places if len(places) else none,
            "disposition": outcome if len(outcome) else none,
            "person": person if len(person) else none,
        }
    )
    return frame, (types, place_names, dispositions, persons)


def _is_crossing(name: str) -> bool:
    return any(word in name.casefold() for word in ("intersect", "cross"))


def _clock_notes(skipped: int, doubled: int) -> list[str]:
    notes = []
    if skipped:
        notes.append(f"{skipped:,} times fall into the hour that daylight saving skips; they are moved on by it.")
    if doubled:
        notes.append(f"{doubled:,} times fall into the hour that autumn has twice; they are taken as the first.")
    return notes
