"""Dates and times as exports write them, read for the whole column at once.

A cell is cut into its date and its time; a column holds few distinct ones of either, so each distinct
text is read once, in plain Python, and the rows are put together as arrays. The order of day and month
is found from the whole column; where no date tells, the caller must say it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd

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
_HAS_TIME = re.compile(r"^(.*?)[T\s,]*((?<![\d:])\d{1,2}:\d\d.*)$")


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
        head, _, tail = text.rpartition(" ")
        return (head, tail) if len(tail) == 4 and tail.isdigit() and len(head) >= 8 else (text, "")
    head, _, tail = text.partition(" ")
    if tail[:1].isdigit() and head[:1].isdigit() and ":" in tail[:3]:
        return head, tail
    found = _HAS_TIME.match(text)
    return (found[1].strip(), found[2]) if found else (text, "")


def joined(date_cell: str, time_cell: str) -> str:
    """One cell from a date column and a time column.

    A dummy midnight after the date goes, and so does a dummy day before the time.
    """
    day, dummy = cut(date_cell)
    if not time_cell:
        return date_cell
    _, clock = cut(time_cell)
    if dummy and not re.fullmatch(r"0?0:00(:00(\.0+)?)?|12:00(:00)? ?AM", dummy, re.I):
        return date_cell  # the date column already holds a time of its own
    return f"{day} {clock or time_cell}"


def find_order(days: Mapping[str, int], stated: Order | None = None) -> Order | None:
    """The order of day and month in ``days`` (distinct text → rows). None where it makes no difference.

    Raises :class:`Unreadable` where no date tells, or where dates of both orders are mixed.
    """
    month_first = day_first = 0
    doubtful = ""
    for text, rows in days.items():
        if not (found := _YEAR_LAST.match(text)):
            continue
        first, second = int(found[1]), int(found[3])
        if second > 12 >= first:
            month_first += rows
        elif first > 12 >= second:
            day_first += rows
        elif first != second and first <= 12 and second <= 12:
            doubtful = doubtful or text
    if stated:
        return stated
    if min(month_first, day_first) > max(month_first, day_first) // 100:
        raise Unreadable(
            f"The dates mix both orders: {month_first:,} can only be month/day and {day_first:,} only day/month. "
            "Split the file, or say which counts with --date-format month-first or day-first."
        )
    if month_first or day_first:
        return "month-first" if month_first > day_first else "day-first"
    if doubtful:
        found = _YEAR_LAST.match(doubtful)
        assert found
        first, second = f"{int(found[1])}", f"{int(found[3])}"
        raise Unreadable(
            f"“{doubtful}” can be month {first}, day {second} or day {first}, month {second}, and no date of the file "
            "tells which. Say --date-format month-first or --date-format day-first."
        )
    return None


def read_day(text: str, order: Order | None) -> date | None:
    """A date in any common writing; None for what is none."""
    text = _WEEKDAY.sub("", text)
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
    if text.startswith("."):
        return round(float(f"0{text}") * 86_400) % 86_400, None
    found = _TIME.match(text)
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    elif found[2] is None:
        return None
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


def read_moments(
    days: Sequence[str],
    day_codes: np.ndarray,
    clocks: Sequence[str],
    clock_codes: np.ndarray,
    zone: str,
    date_format: str | None = None,
) -> Moments:
    """Put dates and times together. ``*_codes`` point into the distinct texts; a day of code -1 is blank.

    ``date_format``: None (find it), ``month-first``, ``day-first``, or a pattern like ``%d/%m/%Y %H:%M``, in
    which case ``days`` hold the whole cells.
    """
    if date_format and "%" in date_format:
        numbers, seconds, offsets = _by_pattern(days, day_codes, date_format)
    else:
        numbers, seconds, offsets = _by_parts(days, day_codes, clocks, clock_codes, _order(date_format))
    good = numbers != _NONE
    local = np.where(good, numbers * 86_400 + seconds, 0)
    aware = good & (offsets != _NONE)
    utc, skipped, doubled = _to_utc(local, good & ~aware, zone)
    utc = np.where(aware, local - np.where(aware, offsets, 0), utc)
    day = np.where(good, numbers, 0)
    if aware.any():
        shown = pd.DatetimeIndex(utc[aware].astype("datetime64[s]"), tz="UTC").tz_convert(zone).tz_localize(None)
        day[aware] = shown.to_numpy().astype("datetime64[D]").astype(np.int64)
    return Moments(utc, day, good, skipped, doubled)


_NONE = np.iinfo(np.int64).min


def _order(date_format: str | None) -> Order | None:
    if date_format is None:
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


def _by_parts(
    days: Sequence[str], day_codes: np.ndarray, clocks: Sequence[str], clock_codes: np.ndarray, stated: Order | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = np.bincount(day_codes[day_codes >= 0], minlength=len(days))
    order = find_order(dict(zip(days, counts.tolist(), strict=True)), stated)
    day_numbers = np.full(len(days) + 1, _NONE)
    epoch_seconds = np.zeros(len(days) + 1, np.int64)
    is_epoch = np.zeros(len(days) + 1, bool)
    for k, text in enumerate(days):
        if found := _EPOCH.match(text):
            day_numbers[k], epoch_seconds[k] = divmod(int(found[1]), 86_400)
            is_epoch[k] = True
        elif (day := read_day(text, order)) and day.year in YEARS:
            day_numbers[k] = (day - date(1970, 1, 1)).days
    seconds = np.full(len(clocks) + 1, _NONE)
    offsets = np.full(len(clocks) + 1, _NONE)
    for k, text in enumerate(clocks):
        if text == "":
            seconds[k] = 0
        elif clock := read_clock(text):
            seconds[k] = clock[0]
            offsets[k] = _NONE if clock[1] is None else clock[1]
    numbers = np.where(seconds[clock_codes] == _NONE, _NONE, day_numbers[day_codes])
    epoch = is_epoch[day_codes]
    return (
        numbers,
        np.where(epoch, epoch_seconds[day_codes], np.where(numbers == _NONE, 0, seconds[clock_codes])),
        np.where(epoch, 0, offsets[clock_codes]),
    )


def _by_pattern(cells: Sequence[str], codes: np.ndarray, pattern: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    numbers, seconds, offsets = (np.full(len(cells) + 1, _NONE) for _ in range(3))
    seconds[:] = 0
    start = date(1970, 1, 1)
    for k, text in enumerate(cells):
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007  (the zone is added for the whole column)
        except ValueError:
            continue
        if moment.year in YEARS:
            numbers[k] = (moment.date() - start).days
            seconds[k] = moment.hour * 3600 + moment.minute * 60 + moment.second
            if (offset := moment.utcoffset()) is not None:
                offsets[k] = int(offset.total_seconds())
    return numbers[codes], seconds[codes], offsets[codes]


def _to_utc(local: np.ndarray, wanted: np.ndarray, zone: str) -> tuple[np.ndarray, int, int]:
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
