"""Dates and times as exports write them, read for the whole column at once.

A cell is cut into its date and its time; a column holds few distinct ones of either, so each distinct
text is read once, in plain Python, and the rows are put together as arrays. The order of day and month
is found from the whole column; where no date tells, the caller must say it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd

from db.cad.iso import read_iso
from db.errors import Unreadable

Order = Literal["month-first", "day-first"]
YEARS = range(1980, 2101)
"""A call outside these years is a slip of the pen and refused."""

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {m: k for k, m in enumerate(_MONTH_NAMES, start=1)}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$")
_PACKED = re.compile(r"(\d{4})(\d\d)(\d\d)$")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-\s/]+([a-z]{3})[a-z]*\.?,?[-\s/]+(\d{4}|\d{2})$", re.I)
_MONTH_NAMED = re.compile(r"([a-z]{3})[a-z]*\.?[-\s/]+(\d{1,2})(?:st|nd|rd|th)?,?[-\s/]+(\d{4}|\d{2})$", re.I)
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.I)
_SERIAL = re.compile(r"\d{5}$")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?$")
_TIME = re.compile(
    r"(\d{1,2})(?::?(\d\d))?(?::?(\d\d)(?:[.,]\d+)?)?\s*([ap])?\.?(?:m\.?)?\s*(z|utc|gmt|[+-]\d\d(?::?\d\d)?)?$", re.I
)
_HAS_TIME = re.compile(r"^(.*?)(?:T|[\s,]|@|\bat\b)*((?<![\d:])\d{1,2}:\d\d.*)$", re.I)
_TIME_FIRST = re.compile(r"(\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*[ap]\.?m\.?)?),?\s+(\S*\d{2}.*)$", re.I)
_UNIX = re.compile(r"((?:[a-z]{3},?\s+)?[a-z]{3}\s+\d{1,2})\s+(\d{1,2}:\d\d:\d\d(?:\s+[a-z]{3,4})?)\s+(\d{4})$", re.I)
_DOTTED = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{1,2}-[a-z]{3}-\d{2,4})[-\s]+(\d{1,2})\.(\d\d)\.(\d\d)(?:\.\d+)?(\s*[ap]m)?$", re.I
)
_JSON = re.compile(r"/?Date\((\d{10})\d{3}(?:[+-]\d{4})?\)/?$")
_RANGE = re.compile(r"\s+(?:-|–|—|to|thru|through|until)\s+", re.I)
"""Between the start and the end of a stretch: 12/25/2020 21:41 - 12/25/2020 22:45."""
_HOURS = re.compile(r"\s*(?:hrs?|hours|h)\.?$", re.I)
_ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10, "AST": -4, "ADT": -3,
}  # fmt: skip


def cut(text: str) -> tuple[str, str]:
    """(date, time) of a tidy cell; the time is "" where there is none."""
    if len(text) > 11 and text[4] in "-/" and text[10] in " T":
        return text[:10], text[11:]
    if ":" not in text:
        if len(text) in (12, 14) and text.isdigit() and text[:2] in ("19", "20"):
            return text[:8], text[8:]
        if "." in text and _SERIAL.match(text.partition(".")[0]):
            serial, _, fraction = text.partition(".")
            return serial, f".{fraction}" if fraction.isdigit() else text
        if found := _JSON.match(text):
            return found[1], ""
        if found := _DOTTED.match(text):  # as Oracle and DB2 write it: 10-NOV-22 02.05.33.000000 PM
            return found[1], f"{found[2]}:{found[3]}:{found[4]}{found[5] or ''}"
        head, _, tail = _HOURS.sub("", text).rpartition(" ")
        return (head, tail) if len(tail) in (4, 6) and tail.isdigit() and len(head) >= 8 else (text, "")
    head, _, tail = text.partition(" ")
    if tail[:1].isdigit() and head[:1].isdigit() and ":" in tail[:3]:
        return head, tail
    if found := _UNIX.match(text):  # Thu Nov 10 14:05:00 EST 2022
        return f"{found[1]} {found[3]}", found[2]
    if (found := _TIME_FIRST.match(text)) and _RANGE.match(f" {found[2]}") is None and found[2][0] not in "+-":
        return found[2], found[1]
    found = _HAS_TIME.match(text)
    return (found[1].strip(), found[2]) if found else (text, "")


def joined(date_cell: str, time_cell: str) -> str:
    """One cell from a date column and a time column.

    A dummy midnight after the date goes, and so does a dummy day before the time.
    """
    if not time_cell:
        return date_cell
    if not date_cell:
        return time_cell  # the second column stands in where the first is blank
    day, dummy = cut(date_cell)
    _, clock = cut(time_cell)
    if dummy and not re.fullmatch(r"0?0:00(:00(\.0+)?)?|12:00(:00)? ?AM", dummy, re.I):
        return date_cell  # the date column already holds a time of its own
    return f"{day} {clock or time_cell}"


@dataclass(frozen=True, slots=True)
class OrderFound:
    """What a column's dates tell of the order of day and month, in rows; ``doubtful`` is one that tells nothing."""

    month_first: int
    day_first: int
    doubtful: str

    @property
    def mixed(self) -> bool:
        """Dates of both orders, more than a slip (1 %)."""
        return min(self.month_first, self.day_first) > max(self.month_first, self.day_first) // 100

    @property
    def order(self) -> Order | None:
        if not (self.month_first or self.day_first):
            return None
        return "month-first" if self.month_first > self.day_first else "day-first"

    @property
    def ambiguous(self) -> bool:
        return bool(self.doubtful) and self.order is None


def judge_order(days: Mapping[str, int]) -> OrderFound:
    """Look at all of a column's dates (distinct text → rows)."""
    month_first = day_first = 0
    doubtful = ""
    for text, rows in days.items():
        if not (found := year_last(text)):
            continue
        first, second = int(found[1]), int(found[3])
        if second > 12 >= first:
            month_first += rows
        elif first > 12 >= second:
            day_first += rows
        elif first != second and first <= 12 and second <= 12:
            doubtful = doubtful or text
    return OrderFound(month_first, day_first, doubtful)


def find_order(days: Mapping[str, int], stated: Order | None = None) -> Order | None:
    """The order of day and month in ``days`` (distinct text → rows). None where it makes no difference.

    Raises :class:`Unreadable` where no date tells, or where dates of both orders are mixed.
    """
    if stated:
        return stated
    found = judge_order(days)
    if found.mixed or found.ambiguous:
        raise Unreadable(order_question(found))
    return found.order


def order_question(found: OrderFound) -> str:
    """What must be answered about the order of day and month."""
    if found.mixed:
        return (
            f"The dates mix both orders: {found.month_first:,} can only be month/day and {found.day_first:,} only "
            "day/month. Split the file, or say which counts with --date-format month-first or day-first."
        )
    match = year_last(found.doubtful)
    assert match
    first, second = f"{int(match[1])}", f"{int(match[3])}"
    return (
        f"“{found.doubtful}” can be month {first}, day {second} or day {first}, month {second}, and no date of the "
        "file tells which. Say --date-format month-first or --date-format day-first."
    )


def year_last(text: str) -> re.Match[str] | None:
    """A date of two numbers and a year, in which the order of day and month matters: groups 1, 3 and 4 (the year)."""
    return _YEAR_LAST.match(_WEEKDAY.sub("", _RANGE.split(text, maxsplit=1)[0] if " " in text else text))


def read_day(text: str, order: Order | None) -> date | None:
    """A date in any common writing (of a range its start); None for what is none."""
    text = _WEEKDAY.sub("", _RANGE.split(text, maxsplit=1)[0] if " " in text else text)
    try:
        if found := _YEAR_FIRST.match(text):
            return date(int(found[1]), int(found[3]), int(found[4]))
        if found := _YEAR_LAST.match(text):
            first, second = int(found[1]), int(found[3])
            month, day = (second, first) if order == "day-first" else (first, second)
            return date(_year(found[4]), month, day)
        if found := _DAY_NAMED.match(text):
            return date(_year(found[3]), _MONTHS.get(found[2].lower(), 0), int(found[1]))
        if found := _MONTH_NAMED.match(text):
            return date(_year(found[3]), _MONTHS.get(found[1].lower(), 0), int(found[2]))
        if found := _PACKED.match(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if _SERIAL.match(text):  # Excel counts days from 1899-12-30
            return date(1899, 12, 30) + timedelta(days=int(text))
    except ValueError:
        return None
    return None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else (1900 if int(text) >= 70 else 2000) + int(text)


def read_clock(text: str) -> tuple[int, int | None] | None:
    """(seconds after midnight, offset from UTC in seconds or None); None for what is no time."""
    if re.fullmatch(r"0?\.\d+", text):  # a fraction of a day
        return round(float(text) * 86_400) % 86_400, None
    found = _TIME.match(text)
    if not found:
        return _odd_clock(text)
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    elif found[2] is None:
        return None
    if hour == 24 and minute == second == 0:
        return 86_400, None
    if hour > 23 or minute > 59 or second > 59:
        return None
    zone = found[5]
    if zone is None:
        return hour * 3600 + minute * 60 + second, None
    offset = 0
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)
    return hour * 3600 + minute * 60 + second, offset


def _odd_clock(text: str) -> tuple[int, int | None] | None:
    """A time with the letters of a zone, with “hrs”, or the start of a range."""
    head, _, zone = text.rpartition(" ")
    if zone.upper() in _ZONES and (clock := read_clock(head)):
        return clock[0], _ZONES[zone.upper()] * 3600
    if (short := _HOURS.sub("", text)) != text:
        return read_clock(short)
    start, *rest = _RANGE.split(text, maxsplit=1)
    return read_clock(start) if rest else None


def is_range(text: str) -> bool:
    """Whether a date or a time is written as a stretch, from one to another."""
    return _RANGE.search(text) is not None


@dataclass(frozen=True, slots=True)
class Moments:
    """Row by row: ``utc`` seconds since 1970, ``day`` local days since 1970, ``good`` whether it could be read."""

    utc: np.ndarray
    day: np.ndarray
    good: np.ndarray
    skipped: int
    """Times in the hour that spring left out, moved on by it."""
    doubled: int
    """Times in the hour that autumn has twice, taken as the first."""
    clock: np.ndarray
    """Local seconds after midnight."""
    undated: np.ndarray
    """Rows that hold a time of day and no date (not good); their ``clock`` is right."""
    ranges: int = 0
    """Rows that tell from when to when: the start counts."""


class MomentReader:
    """Reads one column's moments chunk by chunk; each distinct date and each distinct time is read once.

    ``order`` is asked for the column's order of day and month (:func:`find_order`) when a date leaves it open. With
    ``pattern`` (like ``%d/%m/%Y %H:%M``) the days are whole cells and the clocks are not looked at.
    """

    def __init__(self, zone: str, order: Callable[[], Order | None], pattern: str | None = None) -> None:
        self._zone, self._order, self._pattern = zone, order, pattern
        self._days = _Known(self._day)
        self._clocks = _Known(_clock)

    def read(self, days: Sequence[str], clocks: Sequence[str]) -> Moments:
        """The moments of one chunk: its dates and its times, of one length."""
        number, at, at_offset, day_range = self._days.of(days)
        if self._pattern:
            clock, offset, ranges = at, at_offset, 0
        else:
            clock, _, offset, clock_range = self._clocks.of(clocks)
            whole = at != _NONE  # seconds since 1970 tell the time as well
            clock, offset = np.where(whole, at, clock), np.where(whole, 0, offset)
            ranges = int(((day_range | clock_range) > 0).sum())
        undated = (number == _UNDATED) & (clock != _NONE)
        good = (number != _NONE) & (number != _UNDATED) & (clock != _NONE)
        return _together(np.where(good, number, 0), np.where(good | undated, clock, 0), offset, good, undated, ranges,
                         self._zone)  # fmt: skip

    def read_plain(self, letters: np.ndarray | None) -> Moments | None:
        """The moments of one chunk written like 2018-01-01 18:19:00, as letters; None where they must be read."""
        if letters is None or self._pattern or (found := read_iso(letters, YEARS)) is None:
            return None
        day, clock = found
        nowhere, everywhere = np.full(len(day), _NONE), np.ones(len(day), bool)
        return _together(day, clock, nowhere, everywhere, ~everywhere, 0, self._zone)

    def _day(self, text: str) -> tuple[int, int, int, int]:
        """(days since 1970, seconds where the text holds the time too, offset, whether a range)."""
        if self._pattern:
            return _by_pattern(text, self._pattern)
        if text == "":
            return _UNDATED, _NONE, _NONE, 0
        if found := _EPOCH.match(text):
            return *divmod(int(found[1]), 86_400), 0, 0
        day = read_day(text, self._order() if year_last(text) else None)
        number = (day - date(1970, 1, 1)).days if day and day.year in YEARS else _NONE
        return number, _NONE, _NONE, is_range(text)


_NONE = np.iinfo(np.int64).min
_UNDATED = _NONE + 1


def _clock(text: str) -> tuple[int, int, int, int]:
    if text == "":
        return 0, _NONE, _NONE, 0
    clock = read_clock(text)
    if clock is None:
        return _NONE, _NONE, _NONE, 0
    return clock[0], _NONE, _NONE if clock[1] is None else clock[1], is_range(text)


class _Known:
    """Distinct texts and the four numbers each was read as."""

    def __init__(self, read: Callable[[str], tuple[int, int, int, int]]) -> None:
        self._codes: defaultdict[str, int] = defaultdict()
        self._codes.default_factory = self._codes.__len__
        self._read = read
        self._numbers = np.empty((4, 0), np.int64)

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """The numbers of ``texts``: an array of four rows."""
        codes = np.fromiter(map(self._codes.__getitem__, texts), np.int64, len(texts))
        if len(self._codes) > self._numbers.shape[1]:
            new = [self._read(text) for text in islice(self._codes, self._numbers.shape[1], None)]
            self._numbers = np.concatenate([self._numbers, np.array(new, np.int64).T], axis=1)
        return self._numbers[:, codes]


def _together(
    number: np.ndarray, clock: np.ndarray, offset: np.ndarray, good: np.ndarray, undated: np.ndarray, ranges: int,
    zone: str,
) -> Moments:  # fmt: skip
    local = np.where(good, number * 86_400 + clock, 0)
    aware = good & (offset != _NONE)
    utc, skipped, doubled = to_utc(local, good & ~aware, zone)
    day = local // 86_400
    if aware.any():
        utc = np.where(aware, local - np.where(aware, offset, 0), utc)
        shown = pd.DatetimeIndex(utc[aware].astype("datetime64[s]"), tz="UTC").tz_convert(zone).tz_localize(None)
        local = local.copy()
        local[aware] = shown.to_numpy().astype("datetime64[s]").astype(np.int64)
        day = local // 86_400
    return Moments(utc, day, good, skipped, doubled, np.where(undated, clock, local % 86_400), undated, ranges)


def stated_order(date_format: str | None) -> Order | None:
    """The order that a stated date format means. Raises :class:`Unreadable` for one that is none."""
    if date_format is None or "%" in date_format:
        return None
    folded = date_format.strip().casefold().replace("_", "-")
    names: dict[str, Order] = {
        "month-first": "month-first",
        "mdy": "month-first",
        "day-first": "day-first",
        "dmy": "day-first",
    }
    if folded not in names:
        raise Unreadable(
            f"“{date_format}” is no date format. Say month-first, day-first, or a pattern like %d/%m/%Y %H:%M."
        )
    return names[folded]


def _by_pattern(text: str, pattern: str) -> tuple[int, int, int, int]:
    try:
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007  (the zone is added for the whole column)
    except ValueError:
        return _NONE, _NONE, _NONE, 0
    if moment.year not in YEARS:
        return _NONE, _NONE, _NONE, 0
    offset = moment.utcoffset()
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    number = (moment.date() - date(1970, 1, 1)).days
    return number, seconds, _NONE if offset is None else int(offset.total_seconds()), 0


def to_utc(local: np.ndarray, wanted: np.ndarray, zone: str) -> tuple[np.ndarray, int, int]:
    """Local seconds → UTC seconds, by the hour: a zone's offset never changes within a quarter of one."""
    quarters, codes = np.unique(local[wanted] // 900, return_inverse=True)
    naive = pd.DatetimeIndex((quarters * 900).astype("datetime64[s]"))
    utc = _localized(naive, zone, first=True)
    shown = utc.tz_convert(zone).tz_localize(None)
    skipped = np.asarray(shown != naive)
    doubled = np.asarray(_localized(naive, zone, first=False) != utc)
    starts = utc.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    result = np.zeros(len(local), np.int64)
    # within a skipped hour every quarter lands on the hour's end: keep the distance from the hour's start
    shift = np.where(skipped, quarters * 900 - _gap_start(naive, skipped, zone), 0)
    result[wanted] = (starts + shift)[codes] + local[wanted] % 900
    return result, int(skipped[codes].sum()), int(doubled[codes].sum())


def _localized(naive: pd.DatetimeIndex, zone: str, *, first: bool) -> pd.DatetimeIndex:
    return naive.tz_localize(zone, ambiguous=np.full(len(naive), first), nonexistent="shift_forward").tz_convert("UTC")


def _gap_start(naive: pd.DatetimeIndex, skipped: np.ndarray, zone: str) -> np.ndarray:
    """The wall-clock start (seconds) of the gap each skipped quarter lies in."""
    starts = naive.to_numpy().astype("datetime64[s]").astype(np.int64)
    if not skipped.any():
        return starts
    before = naive[skipped].tz_localize(zone, ambiguous=True, nonexistent="shift_backward").tz_localize(None)
    starts = starts.copy()
    starts[skipped] = before.to_numpy().astype("datetime64[s]").astype(np.int64) + 1  # the last second before the gap
    return starts


def describe_refusal(cell: str, date_format: str | None = None) -> str:
    """Why a cell of the received column could not be read."""
    shown = cell if len(cell) <= 40 else f"{cell[:39]}…"
    if date_format and "%" in date_format:
        return f"received is “{shown}”, which is not of the form {date_format}"
    if read_clock(cell):
        return f"received has a time and no date: “{shown}”"
    day, clock = cut(cell)
    read: Callable[[str], object] = lambda text: read_day(text, "month-first") or read_day(text, "day-first")  # noqa: E731
    known = read(day)
    if isinstance(known, date) and known.year not in YEARS:
        return f"received is “{shown}”: the year {known.year} cannot be right"
    if known and clock and read_clock(clock) is None:
        return f"received is “{shown}”: {clock} is not a time of day"
    return f"received is “{shown}”, which is not a date"
