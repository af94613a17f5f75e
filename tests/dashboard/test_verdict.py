"""The verdict's rules, case by case; the smallest visible fall by formula, and checked by simulation."""

from datetime import date

import numpy as np
import pytest
from numpy.random import default_rng

from dashboard.effects import Interval, Plan, interrupted
from dashboard.periods import series
from dashboard.verdict import Ruling, TargetStanding, Verdict, detectable, rule, sight, smallest_fall

T = 0.80


def ruling(estimate: float, low: float, high: float, **given: object) -> Ruling:
    settings: dict = {"target": T, "before": 36, "after": 9, "verdict_months": [6, 9, 12]} | given
    return rule(Interval(estimate, low, high, 0.0, 0.0), **settings)


@pytest.mark.parametrize(
    ("ratio", "verdict", "standing"),
    [
        # falling as hoped: upper limit < 1 and estimate ≤ T
        ((0.70, 0.60, 0.79), "falling_as_hoped", "beyond"),
        ((0.70, 0.60, 0.80), "falling_as_hoped", "beyond"),
        ((0.80, 0.66, 0.97), "falling_as_hoped", "reached"),
        # falling: upper limit < 1, estimate > T
        ((0.86, 0.76, 0.97), "falling", "open"),
        ((0.86, 0.80, 0.97), "falling", "open"),
        ((0.90, 0.83, 0.999), "falling", "ruled_out"),
        # rising: lower limit > 1
        ((1.20, 1.001, 1.40), "rising", "ruled_out"),
        # no sign of change: interval holds 1 and lower limit > T
        ((0.95, 0.81, 1.12), "no_sign", "ruled_out"),
        ((1.10, 1.0, 1.25), "no_sign", "ruled_out"),
        ((0.90, 0.82, 1.0), "no_sign", "ruled_out"),
        # else inconclusive
        ((0.90, 0.80, 1.05), "inconclusive", "open"),
        ((0.75, 0.50, 1.20), "inconclusive", "reached"),
    ],
)
def test_every_rule(ratio: tuple[float, float, float], verdict: str, standing: str) -> None:
    found = ruling(*ratio)
    assert (found.verdict, found.standing) == (Verdict(verdict), TargetStanding(standing))
    assert not found.control_overrules


@pytest.mark.parametrize(("before", "after"), [(23, 12), (36, 5), (0, 0)])
def test_too_early_comes_before_everything(before: int, after: int) -> None:
    assert ruling(0.5, 0.4, 0.6, before=before, after=after).verdict is Verdict.too_early
    assert ruling(2.0, 1.5, 2.6, before=before, after=after).verdict is Verdict.too_early


def test_six_and_twenty_four_are_enough() -> None:
    assert ruling(0.5, 0.4, 0.6, before=24, after=6).verdict is Verdict.falling_as_hoped


@pytest.mark.parametrize(("estimate", "low", "high"), [(0.70, 0.60, 0.79), (0.86, 0.76, 0.97)])
@pytest.mark.parametrize(("to_control", "overruled"), [(0.99, False), (1.0, True), (1.2, True), (None, False)])
def test_a_fall_that_the_control_shares_is_inconclusive(
    estimate: float, low: float, high: float, to_control: float | None, overruled: bool
) -> None:
    found = ruling(estimate, low, high, to_control=to_control)
    assert found.control_overrules is overruled
    assert (found.verdict is Verdict.inconclusive) is overruled


def test_the_control_overrules_falls_only() -> None:
    assert ruling(1.2, 1.1, 1.4, to_control=1.2).verdict is Verdict.rising
    assert ruling(0.95, 0.85, 1.1, to_control=1.2).verdict is Verdict.no_sign


def test_interim_between_the_verdict_months_only() -> None:
    interim = [after for after in range(6, 16) if ruling(0.7, 0.6, 0.8, after=after).interim]
    assert interim == [7, 8, 10, 11]
    # a month missing from the data does not move the calendar
    assert not ruling(0.7, 0.6, 0.8, after=8, elapsed=9).interim


# --- what could have been seen ---------------------------------------------------------------------------


def design(before: int, after: int, season: int) -> tuple[np.ndarray, int]:
    index = np.arange(before + after)
    pairs = [f(2 * np.pi * k * index / 12) for k in range(1, season + 1) for f in (np.sin, np.cos)]
    return np.column_stack([np.ones(len(index)), index, index >= before, *pairs]).astype(float), 2


@pytest.mark.parametrize(
    ("before", "after", "season", "scatter", "low", "high"),
    [
        (12, 12, 0, 1.0, 0.24, 0.28),  # "falls of roughly a quarter …
        (12, 12, 0, 2.2, 0.33, 0.40),  # … to two fifths"
        (36, 12, 2, 1.0, 0.16, 0.18),  # "17 to …
        (36, 12, 2, 2.0, 0.22, 0.24),  # … 23 %"
    ],
)
def test_falls_visible_with_67_calls_a_month(
    before: int, after: int, season: int, scatter: float, low: float, high: float
) -> None:
    matrix, step = design(before, after, season)
    found = smallest_fall(matrix, step, np.full(before + after, 67.0), scatter)
    assert found is not None
    assert low <= 1 - found <= high


def test_too_few_calls_see_nothing() -> None:
    matrix, step = design(12, 3, 0)
    assert smallest_fall(matrix, step, np.full(15, 0.5), 1.0) is None


def test_the_formula_agrees_with_simulation() -> None:
    """80 % power by formula; 200 simulated series find the fall in 70 to 90 % (simulation error ± 6 points)."""
    matrix, step = design(36, 12, 0)
    ratio = smallest_fall(matrix, step, np.full(48, 67.0), 1.0)
    assert ratio is not None
    random = default_rng(11)
    dates = [date(2020 + k // 12, k % 12 + 1, 1) for k in range(48)]
    level = np.where(np.arange(48) >= 36, 67 * ratio, 67)
    found = [
        interrupted(series(dates, random.poisson(level), dates[36]), Plan("poisson")).step.high < 1 for _ in range(200)
    ]
    assert 0.70 <= np.mean(found) <= 0.90


def test_more_months_see_smaller_falls_until_the_target_is_within_reach() -> None:
    dates = [date(2020 + k // 12, k % 12 + 1, 1) for k in range(40)]
    counts = default_rng(3).poisson(67, 40)
    fit = interrupted(series(dates, counts, dates[36]), Plan(season=2, launch="exclude", errors="wider"))
    curve = [detectable(fit, after) for after in (3, 6, 12, 24)]
    assert all(value is not None for value in curve)
    assert curve == sorted(curve, key=lambda value: value or 0)
    month = sight(fit, 0.80, longest=60).reached
    assert month is not None
    assert (detectable(fit, month) or 0) >= 0.80 > (detectable(fit, month - 1) or 0)
    assert sight(fit, 0.99, longest=60).reached is None
    assert detectable(fit, 3) == pytest.approx(detectable(fit), rel=0.1)  # 3 months are what it has
