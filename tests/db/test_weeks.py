"""The calendar of the tally: Friday noon, Monday midnight, and the clock change between them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from db.models import Pilot, Staff
from db.weeks import WeekState, certifiable_from, late_from, over_from, week_state, weeks_of
from tests.db.desk_world import at

ZONE = "America/New_York"


@pytest.mark.parametrize(
    ("week", "friday_noon", "over", "late"),
    [
        (date(2026, 11, 9), "2026-11-13 17:00", "2026-11-16 05:00", "2026-11-17 05:00"),
        (date(2026, 10, 26), "2026-10-30 16:00", "2026-11-02 05:00", "2026-11-03 05:00"),  # summer time ends on Sunday
    ],
)
def test_the_three_moments_of_a_week(week: date, friday_noon: str, over: str, late: str) -> None:
    assert [f(week, ZONE).astimezone(UTC) for f in (certifiable_from, over_from, late_from)] == [
        at(friday_noon),
        at(over),
        at(late),
    ]


@pytest.mark.parametrize(
    ("now", "certified", "draft", "state"),
    [
        ("2026-11-13 16:59", None, False, WeekState.running),
        ("2026-11-13 16:59", None, True, WeekState.running),
        ("2026-11-13 17:00", None, False, WeekState.due),
        ("2026-11-17 04:59", None, True, WeekState.draft),
        ("2026-11-17 05:00", None, True, WeekState.missing),
        ("2026-12-01 05:00", "2026-11-17 04:59", False, WeekState.certified),
        ("2026-12-01 05:00", "2026-11-17 05:00", False, WeekState.late),
    ],
)
def test_how_a_week_stands(now: str, certified: str | None, draft: bool, state: WeekState) -> None:
    assert week_state(date(2026, 11, 9), ZONE, at(now), at(certified) if certified else None, draft) is state


def test_the_weeks_of_somebody_are_those_employed_in() -> None:
    pilot = Pilot(starts_on=date(2026, 1, 14), ends_on=date(2027, 1, 13))
    helper = Staff(starts_on=date(2026, 6, 3), ends_on=date(2026, 6, 22))
    today = datetime(2026, 11, 14, tzinfo=UTC).date()
    assert weeks_of(pilot, helper, today) == (date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 22))
    lead = Staff(starts_on=date(2026, 1, 14), ends_on=None)
    every = weeks_of(pilot, lead, today + timedelta(days=400))
    assert (every[0], every[-1], len(every)) == (date(2026, 1, 12), date(2027, 1, 11), 53)
