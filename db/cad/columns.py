"""What a column is, told by its name and by its values: the evidence a proposal rests on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from db.cad.cells import coordinates, minutes
from db.cad.moments import cut, read_clock, read_day
from db.cad.names import folded_name
from db.cad.table import Table, is_moment, said

_STREET = re.compile(
    r"\b(st|street|ave?|avenue|rd|road|dr|drive|ln|lane|blvd|ct|court|pl|place|way|hwy|pkwy|cir|ter|trl|pike|block|blk)\b"
    r"|\s[/&]\s",
    re.I,
)
_MIDNIGHT = re.compile(r"0?0:00(:00(\.0+)?)?|12:00(:00)? ?AM", re.I)


@dataclass(frozen=True)
class Column:
    """A column's name, folded with its marks as spaces, and the cells of the sample that say something."""

    name: str
    cells: tuple[str, ...]
    rows: int

    @cached_property
    def plain(self) -> str:
        return " ".join(
            re.sub(
                r"[^\w]+", " ", folded_name(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name.replace("#", " no ")))
            ).split()
        )

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.cells))

    @property
    def told(self) -> float:
        """The share of rows that say something."""
        return len(self.cells) / self.rows if self.rows else 0.0

    @property
    def variety(self) -> float:
        """Distinct cells per cell: 1 where none repeats."""
        return len(self.distinct) / len(self.cells) if self.cells else 0.0

    def _share(self, fits: Sequence[bool]) -> float:
        return sum(fits) / len(fits) if fits else 0.0

    @cached_property
    def _moments(self) -> list[tuple[str, str]]:
        """(date, time) of cells that are moments; of a list of units in a cell its first."""
        cells = (" ".join(cell.split()) for cell in self.distinct[:400])
        cells = (cell.partition("=")[2].partition(",")[0].strip() if "=" in cell else cell for cell in cells)
        return [cut(cell) if is_moment(cell) or _serial(cell) else ("", "") for cell in cells]

    @cached_property
    def dated(self) -> float:
        """The share of cells with a date."""
        return self._share([day != "" for day, _ in self._moments])

    @cached_property
    def timed(self) -> float:
        """The share of cells with a time of day; a dummy midnight that stands everywhere is none."""
        clocks = [clock for _, clock in self._moments if clock]
        dummy = len(clocks) > 3 and all(_MIDNIGHT.fullmatch(clock) for clock in clocks)
        return 0.0 if dummy else self._share([clock != "" for _, clock in self._moments])

    @cached_property
    def clock_only(self) -> float:
        """The share of cells with a time of day under no date, or under the same dummy date."""
        days = {day for day, clock in self._moments if clock}
        if days and (
            days == {""} or (len(days) < 3 and len(self.distinct) > 5 and all(d.startswith("1") for d in days))
        ):
            return self.timed
        digits = [bool(re.fullmatch(r"([01]?\d|2[0-3])?[0-5]?\d([0-5]\d)?", cell)) for cell in self.distinct[:400]]
        most = self._share([len(cell) > 3 for cell in self.distinct[:400]])  # else they are minutes, or seconds
        return self._share(digits) if most > 0.5 and re.search(r"time|tm$|hour", self.plain) else 0.0

    @cached_property
    def numbers(self) -> list[float]:
        found = []
        for cell in self.distinct[:400]:
            try:
                found.append(float(cell.replace(",", "")))
            except ValueError:
                continue
        return found

    @property
    def numeric(self) -> float:
        return len(self.numbers) / min(len(self.distinct), 400) if self.distinct else 0.0

    @cached_property
    def stretches(self) -> float:
        """The share of cells that are lengths of time."""
        return self._share([bool(value >= 0) for value in minutes(list(self.distinct[:400]))])

    @cached_property
    def streets(self) -> float:
        """The share of cells that look like an address, a block or a crossing."""
        return self._share([bool(_STREET.search(cell)) and any(map(str.isalpha, cell)) for cell in self.distinct[:400]])

    @cached_property
    def words(self) -> float:
        """The share of cells with a word of letters."""
        return self._share([bool(re.search(r"[A-Za-z]{2}", cell)) for cell in self.distinct[:400]])

    @property
    def length(self) -> float:
        return sum(map(len, self.distinct)) / len(self.distinct) if self.distinct else 0.0

    @cached_property
    def degrees_inside(self) -> float:
        """The share of cells with coordinates somewhere in them."""
        return self._share(
            [bool(re.search(r"-?\d{1,3}\.\d{3,},? *-?\d{1,3}\.\d{3,}", cell)) for cell in self.distinct[:400]]
        )

    def degrees(self, limit: int) -> float:
        """The share of cells that can be degrees up to ``limit`` with a fraction."""
        fits = [
            bool(re.fullmatch(r"-?\d{1,3}\.\d{3,}", cell)) and abs(float(cell)) <= limit for cell in self.distinct[:400]
        ]
        return self._share(fits)


def _serial(cell: str) -> bool:
    """A spreadsheet's own number of a day with a fraction for the time, or seconds since 1970."""
    if not re.fullmatch(r"[34]\d{4}(\.\d+)?|1\d{9}(\d{3})?|(19|20)\d{6}(\d{4}(\d\d)?)?", cell):
        return False
    day, clock = cut(cell)
    if len(cell) in (10, 13) and "." not in cell:
        return True
    return read_day(day, None) is not None and (clock == "" or read_clock(clock) is not None)


def columns_of(table: Table) -> list[Column]:
    """Every column of a table with the cells of its sample."""
    _, rows = table.sample()
    return [
        Column(name, tuple(" ".join(cell.split()) for cell in said([row[k] for row in rows])), len(rows))
        for k, name in enumerate(table.names)
    ]


def is_pair(latitude: Column, longitude: Column) -> bool:
    """Whether two columns are coordinates of the same places."""
    pairs = list(zip(latitude.cells[:200], longitude.cells[:200], strict=False))
    return bool(pairs) and sum(coordinates(a, b) is not None for a, b in pairs) * 2 > len(pairs)
