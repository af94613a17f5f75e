"""Opening hours as people write them ("Mon–Fri 9–17; Sat 10–14"), read into spans of the week.

Read are: days (Mon, Mon–Fri, Tue and Thu, daily, weekdays, weekends), spans of the clock (9–17, 9:30–5 pm,
17–9 over midnight, 9–5 as until 17) and "24 hours" or "24/7". What holds anything else is not guessed at.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

Week = tuple[tuple[int, int, int], ...]
"""(weekday, first minute, last minute): Monday is 0, minutes of the local day, the last one exclusive."""
Time = TypeVar("Time", bound=float)

DAY = 24 * 60
EVENING = 18 * 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TOKEN = re.compile(
    r"(?P<always>24\s*/\s*7|24\s*h(?:ou)?rs?(?:\s+a\s+day)?|around the clock)"
    r"|(?P<all>daily|every\s*day)|(?P<work>weekdays)|(?P<free>weekends?)"
    r"|(?P<span>\d{1,2}(?::\d\d)?\s*(?:am|pm)?\s*(?:-|to)\s*\d{1,2}(?::\d\d)?\s*(?:am|pm)?)"
    r"|(?P<days>[a-z]{3,9}\.?\s*(?:-|to)\s*[a-z]{3,9}\.?)|(?P<day>[a-z]{3,9}\.?)|(?P<gap>[\s,;&.]+)"
)
_TIME = re.compile(r"(\d{1,2})(?::(\d\d))?\s*(am|pm)?")


@lru_cache(maxsize=512)
def read(text: str) -> Week | None:
    """The week that ``text`` describes; None where it cannot be read for certain (also for an empty one)."""
    words = re.sub(r"[\u2010-\u2015]", "-", text.lower()).replace("noon", "12:00").replace("midnight", "24:00")
    words = re.sub(r"\b(?:and|from|open)\b", " ", words)
    spans: list[tuple[int, int, int]] = []
    days: list[int] = []
    told = True  # whether the days at hand have had their hours
    place = 0
    while place < len(words):
        found = _TOKEN.match(words, place)
        if found is None:
            return None
        place, kind = found.end(), str(found.lastgroup)
        if kind == "gap":
            continue
        if kind in ("always", "span"):
            hours = [(0, DAY)] if kind == "always" else _clock(found.group())
            if hours is None:
                return None
            spans += [(day, *span) for day in days or range(7) for span in hours]
            told = True
            continue
        new = _named(kind, found.group())
        if new is None:
            return None
        days = new if told else days + new
        told = False
    if not spans or not told:
        return None
    return tuple(sorted({part for span in spans for part in _within_days(*span)}))


def _named(kind: str, words: str) -> list[int] | None:
    if kind in ("all", "work", "free"):
        return list({"all": range(7), "work": range(5), "free": range(5, 7)}[kind])
    ends = [_weekday(word) for word in re.split(r"\s*(?:-|\bto\b)\s*", words)]
    if any(end is None for end in ends):
        return None
    first, last = ends[0] or 0, ends[-1] or 0
    return [(first + k) % 7 for k in range((last - first) % 7 + 1)]


def _weekday(word: str) -> int | None:
    name = word.strip(". ")
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    known = name[:3] in _DAYS and any(day.startswith(name.rstrip("s")) or day == name for day in full)
    return _DAYS.index(name[:3]) if known else None


def _clock(words: str) -> list[tuple[int, int]] | None:
    (h1, m1, half1), (h2, m2, half2) = _TIME.findall(words)[:2]
    start, end = _minute(h1, m1, half1), _minute(h2, m2, half2)
    if start is None or end is None:
        return None
    if not half1 and half2 == "pm" and start < end - 12 * 60 and int(h1) < 12 and int(h1) <= int(h2) % 12:
        start += 12 * 60  # "1–5 pm" is the afternoon
    if half1 != "pm" and not half2 and start < 12 * 60 and end <= start < end + 12 * 60:
        end += 12 * 60  # "9–5" ends in the afternoon; "17–9" goes over midnight
    return [(start, end if end > start else end + DAY)]


def _minute(hour: str, minute: str, half: str) -> int | None:
    h, m = int(hour), int(minute or 0)
    if half and not 1 <= h <= 12:
        return None
    if half:
        h = h % 12 + (12 if half == "pm" else 0)
    return h * 60 + m if h * 60 + m <= DAY and m < 60 else None


def _within_days(day: int, start: int, end: int) -> list[tuple[int, int, int]]:
    if end <= DAY:
        return [(day, start, end)]
    return [(day, start, DAY), ((day + 1) % 7, 0, end - DAY)]


def written(week: Week) -> str:
    """The week as people write it ("Mon–Fri 9–17; Sat 10–14"): what :func:`read` reads as the same hours."""
    parts: list[str] = []
    for start, end, days in runs(week):
        named = (_DAYS[a].title() + (f"–{_DAYS[b].title()}" if b > a else "") for a, b in days)
        parts.append(f"{', '.join(named)} {_clock_said(start)}–{_clock_said(end)}")
    return "; ".join(parts)


def runs(week: Iterable[tuple[int, Time, Time]]) -> Iterator[tuple[Time, Time, list[tuple[int, int]]]]:
    """The spans of a week by their hours: (from, to, runs of weekdays with them), both weekdays inclusive."""
    spans = sorted(week, key=lambda span: (span[1], span[2], span[0]))
    for (start, end), group in groupby(spans, key=lambda span: span[1:]):
        days: list[tuple[int, int]] = []
        for day, _, _ in group:
            if days and day == days[-1][1] + 1:
                days[-1] = (days[-1][0], day)
            else:
                days.append((day, day))
        yield start, end, days


def _clock_said(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"


def joined(week: Week) -> Week:
    """The same hours without overlaps: spans of one day that touch are one."""
    whole: list[tuple[int, int, int]] = []
    for day, start, end in sorted(week):
        if whole and whole[-1][0] == day and start <= whole[-1][2]:
            whole[-1] = (day, whole[-1][1], max(end, whole[-1][2]))
        else:
            whole.append((day, start, end))
    return tuple(whole)


def total(week: Week) -> int:
    """Minutes of all spans; an hour listed twice counts twice."""
    return sum(end - start for _, start, end in week)


def open_at(week: Sequence[tuple[int, int, int]], local: datetime) -> bool:
    """Whether it is open at this moment of the local clock."""
    minute = local.hour * 60 + local.minute
    return any(day == local.weekday() and start <= minute < end for day, start, end in week)


def open_evenings(week: Sequence[tuple[int, int, int]]) -> bool:
    """Whether it is open later than 18:00 on a weekday."""
    return any(day < 5 and end > EVENING for day, _, end in week)


def open_weekends(week: Sequence[tuple[int, int, int]]) -> bool:
    return any(day >= 5 for day, _, _ in week)
