"""Estimates against published values."""

import pytest

from dashboard.stats import km_quantile, poisson_exact, wilson

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


def test_nothing_is_stated_of_nothing() -> None:
    assert wilson(0, 0).value is None
    assert km_quantile([], [], 0.5).value is None
    assert km_quantile([3, 4], [False, False], 0.5).value is None
    assert km_quantile([1, 9, 9, 9], [True, False, False, False], 0.5).value is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="-1"):
        poisson_exact(-1)
    with pytest.raises(ValueError, match="length"):
        km_quantile([1], [True, False], 0.5)
