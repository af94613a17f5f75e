"""Repeat calls on few enough calls to count on fingers. Expected numbers are written by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from dashboard.repeats import Coverage, Monthly, choose_basis, events, ladder, launch_shift, monthly

ZONE = "America/New_York"
HERE = ZoneInfo(ZONE)
YEAR = Coverage(date(2025, 1, 1), date(2025, 12, 31), (), ZONE)


def at(month: int, day: int, hour: int = 12, minute: int = 0, year: int = 2025) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HERE)


def calls(*rows: tuple[datetime, int] | tuple[datetime, int, int], institutions: tuple[int, ...] = ()) -> pd.DataFrame:
    """Rows of (moment, location[, person]); -1 is none."""
    full = sorted((*row, -1) if len(row) == 2 else row for row in rows)
    return pd.DataFrame(
        {
            "received_at": [int(moment.timestamp()) * 1_000_000_000 for moment, _, _ in full],
            "received_on": np.array([moment.astimezone(HERE).date() for moment, _, _ in full], "datetime64[s]"),
            "location": [place for _, place, _ in full],
            "person": [person for _, _, person in full],
            "institution": [place in institutions for _, place, _ in full],
        }
    )


def count(found: Monthly, column: str) -> dict[int, int]:
    """Month number → figure, zeros left out."""
    return {
        month.month: int(value)
        for month, value in zip(found.table["month"], found.table[column], strict=True)
        if value > 0
    }


def test_six_events_on_fingers() -> None:
    found = monthly(
        calls(
            (at(5, 1), 1),  # first of place 1
            (at(6, 1), 1),  # 31 days later: repeat
            (at(6, 20), 2),  # first of place 2
            (at(7, 2), -1),  # nowhere: no subject
            (at(10, 1), 1),  # 122 days later: no repeat
            (at(10, 5), 1),  # 4 days later: repeat
        ),
        YEAR,
        90,
    )
    assert found.basis == "location"
    assert count(found, "repeats") == {6: 1, 10: 1}
    assert count(found, "judged") == {5: 1, 6: 2, 10: 2}
    assert count(found, "nobody") == {7: 1}
    assert count(found, "unjudged") == {}


@pytest.mark.parametrize(("window", "repeats"), [(30, 0), (90, 1), (180, 2), (365, 2)])
def test_the_window_is_selectable(window: int, repeats: int) -> None:
    coverage = Coverage(date(2023, 1, 1), date(2025, 12, 31), (), ZONE)
    found = monthly(calls((at(1, 1), 1), (at(3, 1), 1), (at(7, 20), 1)), coverage, window)
    assert sum(count(found, "repeats").values()) == repeats  # 59 and 141 days


@pytest.mark.parametrize(("seconds", "repeats"), [(-1, 1), (0, 1), (1, 0)])
def test_exactly_ninety_days_is_within(seconds: int, repeats: int) -> None:
    second = at(5, 1).astimezone(UTC) + timedelta(days=90, seconds=seconds)
    assert sum(count(monthly(calls((at(5, 1), 1), (second, 1)), YEAR, 90), "repeats").values()) == repeats


@pytest.mark.parametrize(("seconds", "judged", "repeats"), [(-1, 1, 0), (0, 1, 0), (1, 2, 1)])
def test_exactly_two_hours_is_one_event(seconds: int, judged: int, repeats: int) -> None:
    found = monthly(calls((at(5, 1), 1), (at(5, 1) + timedelta(hours=2, seconds=seconds), 1)), YEAR, 90)
    assert (count(found, "judged")[5], count(found, "repeats").get(5, 0)) == (judged, repeats)


def test_a_chain_of_calls_is_one_event_at_the_time_of_its_first() -> None:
    """00:00, 01:30, 03:00 hang together; 90 days count from the first call, not from the last."""
    first = at(5, 1, 0)
    chain = [(first + timedelta(minutes=90 * k), 1) for k in range(3)]
    later = first.astimezone(UTC) + timedelta(days=90, hours=1)
    found = monthly(calls(*chain, (later, 1)), YEAR, 90)
    assert count(found, "judged") == {5: 1, 7: 1}
    assert count(found, "repeats") == {}


def test_two_calls_at_the_same_moment_are_one_event() -> None:
    assert count(monthly(calls((at(5, 1), 1), (at(5, 1), 1)), YEAR, 90), "judged") == {5: 1}


def test_the_window_is_elapsed_time_across_daylight_saving() -> None:
    """Clocks go forward on 9 March 2025: 90 × 24 hours from 1 February 12:00 end on 2 May at 13:00."""
    coverage = Coverage(date(2024, 1, 1), date(2025, 12, 31), (), ZONE)
    base = (at(2, 1), 1)
    assert count(monthly(calls(base, (at(5, 2, 13), 1)), coverage, 90), "repeats") == {5: 1}
    assert count(monthly(calls(base, (at(5, 2, 13, 1), 1)), coverage, 90), "repeats") == {}


def test_a_call_is_judged_only_when_its_window_lies_in_the_data() -> None:
    """Data from 1 January 00:00: 1 April 01:00 EDT is exactly 90 × 24 hours later."""
    found = monthly(calls((at(3, 30), 1), (at(3, 31), 1), (at(4, 1, 0, 59), 1), (at(4, 1, 3), 1)), YEAR, 90)
    assert count(found, "judged") == {4: 1}
    assert count(found, "repeats") == {4: 1}
    assert count(found, "unjudged") == {3: 2, 4: 1}


def test_a_known_gap_leaves_unjudged_what_looks_back_into_it() -> None:
    gap = Coverage(date(2025, 1, 1), date(2025, 12, 31), ((date(2025, 6, 1), date(2025, 6, 3)),), ZONE)
    last_inside = datetime(2025, 6, 4, tzinfo=HERE).astimezone(UTC) + timedelta(days=90)
    rows = calls((at(5, 31), 1), (at(6, 10), 1), (last_inside - timedelta(seconds=1), 1), (last_inside, 2))
    found = monthly(rows, gap, 90)
    assert count(found, "judged") == {5: 1, 9: 1}
    assert count(found, "unjudged") == {6: 1, 9: 1}
    whole = {month.month for month, yes in zip(found.table["month"], found.table["whole"], strict=True) if yes}
    assert whole == {5, 10, 11, 12}  # April is not: 1 April looks back to the last hour of the year before


def test_institutions_are_neither_counted_nor_judged_nor_looked_back_to() -> None:
    rows = calls((at(5, 1), 7, 1), (at(5, 2), 7, 1), (at(5, 3), 8, 1), institutions=(7,))
    found = monthly(rows, YEAR, 90)
    assert found.institutions == 2
    assert (count(found, "judged"), count(found, "repeats")) == ({5: 1}, {})


def test_one_basis_for_all_months() -> None:
    """Person keys count when ≥ 95 % of calls carry one in every whole month, else places for all months."""
    table = pd.DataFrame({"whole": [False, True, True], "keyed": [0.1, 0.95, 1.0]})
    assert choose_basis(table) == "person"
    assert choose_basis(table.assign(keyed=[1.0, 0.949, 1.0])) == "location"
    assert choose_basis(table.assign(whole=False)) == "location"


def test_the_basis_decides_who_repeats() -> None:
    keyed = [(at(month, 3), month, 1) for month in range(1, 13)]  # one person, ever another place
    assert count(monthly(calls(*keyed), YEAR, 90), "repeats") == dict.fromkeys(range(4, 13), 1)
    unkeyed = [*keyed[:-1], (at(12, 3), 12, -1)]
    by_place = monthly(calls(*unkeyed), YEAR, 90)
    assert (by_place.basis, count(by_place, "repeats")) == ("location", {})
    assert by_place.table["keyed"].tolist() == [1.0] * 11 + [0.0]


def test_the_keyed_share_before_and_after_launch() -> None:
    rows = [(at(month, day), 1, 1 if month < 7 or day < 15 else -1) for month in range(1, 13) for day in (10, 20)]
    found = monthly(calls(*rows), YEAR, 90)
    assert launch_shift(found.table, date(2025, 7, 10)) == pytest.approx(-0.5)
    assert launch_shift(found.table, date(2024, 1, 1)) is None


def test_only_the_days_asked_for_are_counted_but_all_are_looked_back_to() -> None:
    rows = calls((at(5, 1), 1), (at(6, 10), 1), (at(6, 20), 1))
    found = monthly(rows, YEAR, 90, (date(2025, 6, 15), date(2025, 6, 30)))
    assert (count(found, "judged"), count(found, "repeats")) == ({6: 1}, {6: 1})


def test_a_year_of_random_calls_agrees_with_a_slow_count() -> None:
    random = np.random.default_rng(7)
    rows = [
        (at(1, 1) + timedelta(hours=float(h)), int(p))
        for h, p in zip(random.uniform(0, 8700, 400), random.integers(0, 60, 400), strict=True)
    ]
    found = monthly(calls(*rows), YEAR, 30)
    start = datetime(2025, 1, 1, tzinfo=HERE)
    repeats = judged = 0
    for place in range(60):
        mine = sorted(moment.astimezone(UTC) for moment, p in rows if p == place)
        heads = [m for k, m in enumerate(mine) if k == 0 or m - mine[k - 1] > timedelta(hours=2)]
        for k, moment in enumerate(heads):
            if moment - start.astimezone(UTC) >= timedelta(days=30):
                judged += 1
                repeats += any(timedelta(0) < moment - other <= timedelta(days=30) for other in heads[:k])
    assert sum(found.table["judged"]) == judged
    assert sum(found.table["repeats"]) == repeats
    assert repeats > 50


def test_events_and_ladder_by_hand() -> None:
    hour = 3_600_000_000_000
    order, who, since = events(np.array([0, 5, 1, 9]) * hour, np.array([1, 1, -1, 2]))
    assert (order.tolist(), who.tolist(), since.tolist()) == ([0, 1, 3], [1, 1, 2], [-1, 5 * hour, -1])
    assert ladder(np.array([1, 1, 1, 2, 2, -1]), (3, 2)) == [(3, 1, 3), (2, 2, 5)]
