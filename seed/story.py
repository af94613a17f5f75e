"""What is true of the fictional city: the numbers its rows are made from, and that tests look for in figures.

Weeks are counted as people do: week 1 is the Monday week of launch. Weeks before launch are negative:
week −1 is the week before week 1 (there is no week 0). ``Clock`` turns them into dates of the day on
which the city is built, so that the same seed gives the same city on any date.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from db.vocab import Need

ZONE = "America/New_York"
WEEKS_IN = 44
"""The pilot's week that holds "today"; it is not over."""
BASELINE_WEEKS = 184
"""Weeks of calls before launch: about 42 months."""


@dataclass(frozen=True, slots=True)
class Truths:
    """What was planted. Ratios are after ÷ before; weeks as the module's first lines say."""

    repeat_ratio: float = 0.70
    """Repeat behavioural-health calls after launch ÷ what they would have been."""
    control_ratio: float = 1.0
    first_call_ratio: float = 1.0
    """Behavioural-health calls that are no repeat: the pilot does not touch them."""
    gap_week: int = -179
    """Call data lost when dispatch moved to a new system: a known gap."""
    bad_week: int = -60
    """Non-behavioural-health calls of one week, all stamped midnight of its Wednesday, without place or type."""
    slow_provider: str = "Gullwing Counseling Center"
    slow_days: int = 42
    """Median days from made to attended at the slow provider; elsewhere ``usual_days``."""
    usual_days: int = 12
    unmet_need: Need = Need.transport
    """No provider of the directory offers it: every such need is a service gap."""
    startup_weeks: int = 6
    """Mostly outreach to providers, few referrals."""
    part_time_from: int = 20
    missing_tally: int = 31
    """The clinician's only week over without a certified tally."""
    late_tallies: tuple[int, int] = (13, 26)
    vacation_week: int = 29
    holidays: tuple[tuple[int, int, str], ...] = (
        (6, 1, "Founders’ Day"),
        (17, 5, "Fleet Blessing"),
        (20, 1, "Day of the Drowned Bell"),
        (25, 4, "Lantern Night"),
        (34, 1, "Dockhands’ Day"),
    )
    """Week, ISO weekday, name. The city's own holidays: real ones would move with the date."""
    sick_days: tuple[tuple[int, int], ...] = ((5, 3), (9, 2), (22, 4), (33, 5), (38, 2))
    """Week and ISO weekday on which the clinician was ill."""


TRUTHS = Truths()


def monday_of(week: int) -> int:
    """The relative day (0 = launch) of the Monday of ``week``."""
    return (week - 1 if week > 0 else week) * 7


@dataclass(frozen=True)
class Clock:
    """Relative days and minutes → dates and moments. Day 0 is launch, a Monday 43 weeks before today's week."""

    today: date

    @cached_property
    def launch(self) -> date:
        return self.today - timedelta(days=self.today.weekday(), weeks=WEEKS_IN - 1)

    @property
    def cut(self) -> int:
        """The first relative day that has not happened yet: today. What lies on or after it is left out."""
        return (self.today - self.launch).days

    def day(self, relative: int) -> date:
        return self.launch + timedelta(days=relative)

    def at(self, relative: int, minute: float) -> datetime:
        """The moment ``minute`` minutes of wall clock after local midnight of the relative day, UTC."""
        local = datetime.combine(self.day(relative), datetime.min.time(), ZoneInfo(ZONE))
        return (local + timedelta(seconds=round(minute * 60))).astimezone(UTC)

    def month(self, index: int) -> date:
        """First day of the calendar month ``index`` months after the one that holds launch."""
        months = self.launch.year * 12 + self.launch.month - 1 + index
        return date(months // 12, months % 12 + 1, 1)


def stream(seed: int, name: str) -> Random:
    """A random generator of its own for each part of the city, so that one part can change alone."""
    return Random(f"{seed}/{name}")
