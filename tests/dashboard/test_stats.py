"""Estimates against published values."""

import math

import numpy as np
import pytest
from scipy import stats

from dashboard.stats import (
    change_by_person,
    km_quantile,
    mean_by_person,
    poisson_exact,
    ratio_exact,
    share_difference,
    wilson,
)

# Newcombe, Statistics in Medicine 1998, table I, method 3 (score): his four examples.
NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]

# Exact 95 % limits of a Poisson count (Garwood 1936; printed in most tables of vital statistics).
GARWOOD = [(0, 0.0, 3.689), (1, 0.025, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390), (100, 81.364, 121.627)]

# R's survival::aml (Miller 1981): maintained and non-maintained chemotherapy; survfit prints 31 (18, NA), 23 (8, NA).
MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
NOT_MAINTAINED = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])


@pytest.mark.parametrize(("k", "n", "low", "high"), NEWCOMBE)
def test_wilson_agrees_with_newcombe(k: int, n: int, low: float, high: float) -> None:
    got = wilson(k, n)
    assert (got.value, got.n) == (k / n, n)
    assert got.low == pytest.approx(low, abs=5e-5)
    assert got.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(("k", "low", "high"), GARWOOD)
def test_exact_poisson_agrees_with_garwood(k: int, low: float, high: float) -> None:
    got = poisson_exact(k)
    assert got.low == pytest.approx(low, abs=5e-4)
    assert got.high == pytest.approx(high, abs=5e-4)


# Where the curve ends at zero R prints no upper limit; inverting the test, as SAS does, gives the last time, 45.
@pytest.mark.parametrize(("data", "median", "low", "high"), [(MAINTAINED, 31, 18, None), (NOT_MAINTAINED, 23, 8, 45)])
def test_kaplan_meier_agrees_with_r_on_aml(
    data: tuple[list[float], list[bool]], median: float, low: float, high: float | None
) -> None:
    got = km_quantile(*data, 0.5)
    assert (got.value, got.low, got.high) == (median, low, high)


def test_the_ratio_of_two_rates_agrees_with_r() -> None:
    """R's own example: poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878))."""
    got = ratio_exact(11, 21, 800, 3011)
    assert (got.value, got.low, got.high) == pytest.approx((1.971488, 0.8584264, 4.2772659), abs=5e-7)
    assert got.n == 32


def test_a_ratio_without_a_count_on_one_side() -> None:
    none_after = ratio_exact(0, 5)
    assert (none_after.value, none_after.low) == (0.0, 0.0)
    # binomial upper limit 1 - 0.025^(1/5) = 0.5218, as odds
    assert none_after.high == pytest.approx(0.5218 / 0.4782, abs=1e-3)
    none_before = ratio_exact(5, 0)
    assert (none_before.value, none_before.high) == (None, None)
    assert none_before.low == pytest.approx(0.4782 / 0.5218, abs=1e-3)


def test_the_difference_of_two_shares_agrees_with_newcombe() -> None:
    """Statistics in Medicine 1998, comparison of eleven methods, table II, method 10: his examples (a), (b) and (c)."""
    for counts, low, high in (
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
    ):
        got = share_difference(*counts)
        assert (got.low, got.high) == pytest.approx((low, high), abs=5e-5), counts


def test_calls_after_and_before_of_the_same_people() -> None:
    """By hand: ratio 12/33; the log ratio's variance is Σ (after/12 − before/33)² over people, × G/(G−1)."""
    pairs = [(3, 1), (2, 2), (5, 1), (1, 0)] * 3
    own, others, against = change_by_person(pairs, [(2, 2), (1, 1), (4, 3)] * 4)
    assert (own.value, others.value) == pytest.approx((4 / 11, 6 / 7))
    assert against.value == pytest.approx((4 / 11) / (6 / 7))
    people = len(pairs)
    spread = sum((after / 12 - before / 33) ** 2 for before, after in pairs) * people / (people - 1)
    se = math.sqrt(spread * (2 * people - 1) / (2 * people - 2))  # statsmodels: (n − 1)/(n − k) beside
    reach = stats.t.ppf(0.975, people - 1) * se
    assert (own.low, own.high) == pytest.approx((4 / 11 * math.exp(-reach), 4 / 11 * math.exp(reach)), rel=1e-6)
    assert (own.n, others.n, against.n) == (12, 12, 24)


def test_a_change_that_cannot_be_stated() -> None:
    assert change_by_person([(0, 2), (0, 1)])[0].value is None
    no_call_after = change_by_person([(2, 0), (1, 0)] * 9)[0]
    assert (no_call_after.value, no_call_after.low) == (0.0, None)
    nine_people = change_by_person([(2, 1)] * 9)[0]
    assert (nine_people.value, nine_people.low) == (0.5, None)
    assert change_by_person([(2, 1), (1, 1)], [(0, 0)])[2].value is None
    assert change_by_person([])[0].value is None


def test_calls_per_person() -> None:
    """By hand: mean 1.6; the log mean's robust variance is Σ (x − mean)² / (Σ x)², × n/(n−1); t with 9."""
    counts = [0, 1, 2, 5, 0, 0, 1, 2, 5, 0]
    got = mean_by_person(counts)
    se = math.sqrt(sum((x - 1.6) ** 2 for x in counts) * 10 / 9) / 16
    reach = stats.t.ppf(0.975, 9) * se
    assert (got.value, got.low, got.high) == pytest.approx((1.6, 1.6 * math.exp(-reach), 1.6 * math.exp(reach)))
    assert (mean_by_person([0] * 12).value, mean_by_person([0] * 12).low) == (0.0, None)
    assert mean_by_person([]).value is None


def test_nothing_is_stated_of_nothing() -> None:
    assert ratio_exact(0, 0).value is None
    assert share_difference(0, 0, 3, 4).value is None
    assert wilson(0, 0).value is None
    assert km_quantile([], [], 0.5).value is None
    assert km_quantile([3, 4], [False, False], 0.5).value is None
    assert km_quantile([1, 9, 9, 9], [True, False, False, False], 0.5).value is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="no two rates"):
        ratio_exact(3, -1)
    with pytest.raises(ValueError, match="-1"):
        poisson_exact(-1)
    with pytest.raises(ValueError, match="length"):
        km_quantile([1], [True, False], 0.5)


def people_who_call(seed: int, people: int, ratio: float) -> list[tuple[int, int]]:
    """Each with a rate of their own, met because they called: the count before runs high, then falls to their rate."""
    random = np.random.default_rng(seed)
    rates = random.gamma(0.8, 1.0, 20 * people)
    before = random.poisson(rates)
    met = np.flatnonzero(before > 0)[:people]
    return list(zip(before[met].tolist(), random.poisson(rates[met] * ratio).tolist(), strict=True))


def test_regression_to_the_mean_is_no_effect_and_a_planted_one_is_found() -> None:
    """Of 60 made-up pilots without an effect about one in twenty may look like one; a halving is mostly found."""
    looked_like, found, fell = 0, 0, 0
    for seed in range(60):
        others = people_who_call(1000 + seed, 60, 1.0)
        own, _, nothing = change_by_person(people_who_call(seed, 120, 1.0), others)
        halved = change_by_person(people_who_call(2000 + seed, 120, 0.5), others)[2]
        assert own.high is not None
        assert nothing.low is not None
        assert nothing.high is not None
        assert halved.high is not None
        fell += own.high < 1
        looked_like += not nothing.low <= 1 <= nothing.high
        found += halved.high < 1
    assert fell >= 50  # alone, the people met seem to call less, though nobody did anything
    assert looked_like <= 8  # at 5 % more would come by chance in one run of 300
    assert found >= 45
