"""Who is at work when, and which half hour is still free."""

from dataclasses import dataclass, field
from random import Random

from seed.story import TRUTHS, monday_of

CLINICIAN, SOCIAL_WORKER = 1, 2
"""Ids of the two members of staff."""
ACCOUNT = {CLINICIAN: 1, SOCIAL_WORKER: 2}
"""Their accounts."""

When = tuple[int, int]
"""Relative day, minute of the day."""

_HOURS = {
    CLINICIAN: {1: (540, 1020), 2: (540, 1020), 3: (540, 1020), 4: (540, 1020), 5: (540, 1020)},
    SOCIAL_WORKER: {2: (840, 1200), 3: (840, 1200), 4: (840, 1200)},
}
"""ISO weekday → first and last minute of the shift; the part-time worker brings extended hours."""


def shift_hours(staff: int) -> dict[int, tuple[int, int]]:
    return _HOURS[staff]


def days_off(staff: int) -> set[int]:
    """Relative days of the roster on which nobody came: the city's holidays, vacation, illness."""
    off = {monday_of(week) + weekday - 1 for week, weekday, _ in TRUTHS.holidays}
    if staff == CLINICIAN:
        off |= set(range(monday_of(TRUTHS.vacation_week), monday_of(TRUTHS.vacation_week) + 7))
        off |= {monday_of(week) + weekday - 1 for week, weekday in TRUTHS.sick_days}
    return off


@dataclass
class Roster:
    """Hands out time at work, never the same minute of one person twice."""

    random: Random
    _taken: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    _off: dict[int, set[int]] = field(default_factory=lambda: {s: days_off(s) for s in _HOURS})

    def hours(self, staff: int, day: int) -> tuple[int, int] | None:
        """First and last minute of the shift of that day, None when nobody works."""
        if day < 0 or day in self._off[staff] or (staff == SOCIAL_WORKER and day < monday_of(TRUTHS.part_time_from)):
            return None
        return _HOURS[staff].get(day % 7 + 1)

    def works(self, staff: int, when: When) -> bool:
        hours = self.hours(staff, when[0])
        return hours is not None and hours[0] <= when[1] < hours[1]

    def claim(self, staff: int, when: When, minutes: int) -> bool:
        """Take exactly this time, if it is free."""
        day, start = when
        hours = self.hours(staff, day)
        if hours is None or start < hours[0] or start + minutes > hours[1]:
            return False
        taken = self._taken.setdefault((staff, day), [])
        if any(start < end and begin < start + minutes for begin, end in taken):
            return False
        taken.append((start, start + minutes))
        return True

    def book(self, staff: int, after: When, minutes: int) -> When:
        """The next free time of the grid of five minutes at or after ``after``, somewhere in its day."""
        day, earliest = after
        while True:
            hours = self.hours(staff, day)
            first = max(earliest, hours[0]) if hours else 0
            last = hours[1] - minutes if hours else -1
            for _ in range(6 if last >= first else 0):
                start = self.random.randint(-(-first // 5), last // 5) * 5 if last // 5 >= -(-first // 5) else first
                if self.claim(staff, (day, start), minutes):
                    return day, start
            day, earliest = day + 1, 0
