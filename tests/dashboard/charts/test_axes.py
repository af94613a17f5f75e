"""Ticks, their words, and labels that never cover each other."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.axes import kind_of, month_ticks, spread, value_ticks, words


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("people", "number"),
        ("%", "percent"),
        ("dollars", "money"),
        ("dólares", "money"),
        ("dollars per person", "money"),
        ("per 100 encounters", "number"),
    ],
)
def test_what_a_unit_says_about_its_numbers(unit: str, kind: str) -> None:
    assert kind_of(unit) == kind


def test_words() -> None:
    assert words(1234, "number", "en") == "1,234"
    assert words(216_000, "money", "es") == "$216,000"
    assert words(0.184, "percent", "en").replace("\u00a0", " ") == "18 %"


def test_value_ticks_start_at_zero_and_count_in_whole_things() -> None:
    assert value_ticks(0, 45, "number", "en")[0] == [0, 20, 40]
    assert value_ticks(0, 3.2, "number", "en")[1] == ["0", "1", "2", "3"]
    assert value_ticks(0, 0.9, "percent", "en")[0][0] == 0
    assert value_ticks(0, 229_000, "money", "en")[1] == ["$0", "$100,000", "$200,000"]


@given(st.floats(min_value=0.01, max_value=1e9))
def test_ticks_stay_inside_and_are_few(high: float) -> None:
    ticks, texts = value_ticks(0, high, "money", "en")
    assert 1 <= len(ticks) <= 6
    assert len(ticks) == len(texts)
    assert 0 <= ticks[0] <= ticks[-1] <= high * (1 + 1e-6)


def test_month_ticks_name_the_year_once() -> None:
    days, texts = month_ticks(date(2025, 11, 3), date(2026, 2, 20), "en", 8)
    assert days == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert texts == ["Dec<br>2025", "Jan<br>2026", "Feb"]
    assert month_ticks(date(2025, 11, 3), date(2026, 2, 20), "es", 8)[1][0] == "dic<br>2025"


def test_long_spans_are_named_in_years() -> None:
    assert month_ticks(date(2022, 7, 1), date(2026, 10, 1), "en", 6)[1] == ["2023", "2024", "2025", "2026"]


def test_short_spans_are_named_in_days() -> None:
    assert month_ticks(date(2026, 3, 2), date(2026, 3, 22), "en", 6)[1] == ["2 Mar", "9 Mar", "16 Mar"]


GAP = 15.0
POSITIONS = st.lists(st.floats(min_value=-50, max_value=250), min_size=1, max_size=6)


@given(POSITIONS)
def test_labels_are_apart_inside_and_in_order(wanted: list[float]) -> None:
    placed = spread(wanted, GAP, 0, 200)
    assert all(-1e-6 <= y <= 200 + 1e-6 for y in placed)
    assert all(b - a >= GAP - 1e-6 for a, b in pairwise(sorted(placed)))
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    assert [placed[k] for k in order] == sorted(placed)


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([100, 10, 50], GAP, 0, 200) == [100, 10, 50]


def test_two_labels_in_one_place_share_the_step_aside() -> None:
    assert spread([50, 50], GAP, 0, 200) == [42.5, 57.5]
