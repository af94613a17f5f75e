"""The whole verdict procedure on made-up cities (a small seeded set; the bench runs 500), and power by simulation."""

import numpy as np
import pytest
from numpy.random import default_rng

from dashboard.effects import interrupted
from dashboard.simulate import (
    CALLS,
    CITIES,
    CONTROL_CALLS,
    PRIMARY,
    SCATTER,
    City,
    city,
    drawn,
    judged,
    power,
    scattered,
    tried,
)
from dashboard.verdict import Verdict, detectable, follow_up, sight

RUNS = 60
FALSE_FALLS: dict[City, float] = {"plain": 0.05, "overdispersed": 0.05, "autocorrelated": 0.095}
COVERED: dict[City, float] = {"plain": 0.945, "overdispersed": 0.94, "autocorrelated": 0.82}
"""As the bench finds them in 500 cities: spells of good and bad months are where the procedure is too sure."""


def test_a_city_is_repeatable_and_as_large_as_said() -> None:
    one, again = (city("plain", default_rng(5)) for _ in range(2))
    assert list(one.calls.counts) == list(again.calls.counts)
    assert (len(one.calls.index), one.calls.launch) == (49, one.calls.index[36])
    assert one.calls.counts.mean() == pytest.approx(CALLS, rel=0.15)
    assert one.control.mean() == pytest.approx(CONTROL_CALLS, rel=0.15)
    halved = city("plain", default_rng(5), ratio=0.5)
    assert halved.calls.counts[36:].sum() < 0.65 * one.calls.counts[36:].sum()
    assert list(halved.calls.counts[:36]) == list(one.calls.counts[:36])


@pytest.mark.parametrize(("kind", "low", "high"), [("plain", 0.9, 1.1), ("overdispersed", 1.8, 2.2)])
def test_counts_scatter_as_said(kind: City, low: float, high: float) -> None:
    counts = drawn(kind, np.full(20_000, 60.0), default_rng(1))
    assert counts.mean() == pytest.approx(60, rel=0.02)
    assert low <= counts.var() / counts.mean() <= high


def test_autocorrelated_counts_come_in_spells() -> None:
    spells, plain = (drawn(kind, np.full(20_000, 60.0), default_rng(1)) for kind in ("autocorrelated", "plain"))
    assert spells.mean() == pytest.approx(60, rel=0.02)
    assert np.corrcoef(spells[1:], spells[:-1])[0, 1] > 0.15
    assert abs(np.corrcoef(plain[1:], plain[:-1])[0, 1]) < 0.03


def test_less_than_chance_is_drawn_as_chance() -> None:
    counts = scattered(np.full(20_000, 60.0), 0.4, default_rng(1))
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.05)
    assert scattered(np.full(9, 60.0), SCATTER, default_rng(1)).shape == (9,)


@pytest.mark.parametrize("kind", CITIES)
def test_the_whole_procedure_seldom_says_falling_where_nothing_happened(kind: City) -> None:
    """60 cities, allowing for the simulation error of so few."""
    found = tried(kind, runs=RUNS, seed=2026)
    assert found.fell_at_end.n == RUNS
    assert (found.fell_at_end.low or 0) <= FALSE_FALLS[kind]
    assert (found.covered.high or 0) >= COVERED[kind]
    assert (found.fell_ever.value or 0) >= (found.fell_at_end.value or 0)


def test_a_planted_fall_is_found_and_covered() -> None:
    found = tried("plain", ratio=0.70, runs=RUNS, seed=2026)
    assert (found.fell_at_end.value or 0) > 0.9
    assert (found.covered.value or 0) > 0.85


def test_early_looks_are_too_early_and_the_control_may_overrule() -> None:
    pair = city("plain", default_rng(4), ratio=0.5)
    assert judged(pair, 5).verdict is Verdict.too_early
    assert judged(pair, 12).verdict is Verdict.falling_as_hoped
    shared = type(pair)(pair.calls, np.where(pair.calls.index >= pair.calls.launch, pair.control * 0.4, pair.control))
    assert judged(shared, 12).verdict is Verdict.inconclusive
    assert judged(shared, 12, with_control=False).verdict is Verdict.falling_as_hoped


# --- power -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "after"), [("plain", 12), ("overdispersed", 12), ("plain", 6)])
def test_the_formula_of_the_smallest_fall_agrees_with_simulation(kind: City, after: int) -> None:
    """80 % by formula: 200 simulated follow-ups find the fall in 80 %, give or take 10 points."""
    fit = interrupted(city(kind, default_rng(3)).calls, PRIMARY)
    ratio = detectable(fit, after)
    assert ratio is not None
    found = power(fit, ratio, after=after, runs=200, seed=7)
    assert 0.70 <= (found.value or 0) <= 0.90
    assert (power(fit, 1.0, after=after, runs=200, seed=7).value or 0) < 0.08  # nothing to see, little seen


def test_the_curve_of_what_could_have_been_seen() -> None:
    fit = interrupted(city("plain", default_rng(3), after=9).calls, PRIMARY)
    found = sight(fit, 0.80, longest=18)
    assert list(found.curve["after"]) == list(range(3, 19))
    assert list(found.curve["observed"]) == [True] * 7 + [False] * 9  # nine months are there
    assert found.now == detectable(fit)
    assert found.curve.set_index("after").loc[9, "ratio"] == pytest.approx(found.now)  # the curve runs through it
    assert list(found.curve["ratio"]) == sorted(found.curve["ratio"])
    assert found.reached is not None
    row = list(found.curve["after"]).index(found.reached)
    assert found.curve["ratio"].iloc[row] >= 0.80 > found.curve["ratio"].iloc[row - 1]
    assert found.reached_on == found.curve["period"].iloc[row]
    assert sight(fit, 0.97, longest=18).reached is None
    # the first full month after the start is the one after the start's own
    assert found.curve["period"].iloc[0] == fit.design.series.starts[36 + 2]


def test_follow_up_keeps_the_baseline_and_lasts_as_asked() -> None:
    fit = interrupted(city("plain", default_rng(3)).calls, PRIMARY)
    data, level = follow_up(fit, 20)
    assert (len(data.index), len(level), len(data.exposure if data.exposure is not None else [])) == (56, 56, 56)
    fitted = fit.periods["expected"].to_numpy()
    assert level[:36] == pytest.approx(fitted[:36])
    assert level[36:48] == pytest.approx(fitted[37:49])  # the twelve months that are there
    a_year_on = np.exp(12 * fit.design.coefficients[1])
    assert level[48:] == pytest.approx(level[36:44] * a_year_on, rel=0.09)  # days in the month: the usual ones
    assert int(data.index[36]) == data.launch + 1  # the launch month stays out
