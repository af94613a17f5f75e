"""The effect engine against published values, against statsmodels by hand, and against its own traps."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.random import default_rng

from dashboard.effects import Plan, against_control, default_lag, interrupted
from dashboard.periods import EffectError, Series, series
from tests.conftest import real_data

BAN = date(2005, 1, 1)


@pytest.fixture(scope="module")
def sicily() -> Series:
    data = pd.read_csv(real_data("its", "sicily.csv"))
    months = pd.to_datetime(data[["year", "month"]].assign(day=1))
    return series(months, data["aces"].to_numpy(), BAN, exposure=data["stdpop"].to_numpy())


# Lopez Bernal, Cummins & Gasparrini, IJE 2017: R output of the authors' code.
PUBLISHED = [
    (Plan("poisson"), (0.894, 0.865, 0.925), None),
    (Plan("quasipoisson"), (0.894, 0.839, 0.953), 3.559),
    (Plan("quasipoisson", season=2), (0.885, 0.839, 0.933), 2.262),
    (Plan("quasipoisson", season=2, slope=True), (0.876, 0.827, 0.929), None),
]


@pytest.mark.parametrize(("plan", "ratio", "dispersion"), PUBLISHED)
def test_sicily_as_published(sicily: Series, plan: Plan, ratio: tuple[float, ...], dispersion: float | None) -> None:
    fit = interrupted(sicily, plan)
    assert (fit.scale, fit.n_before, fit.n_after) == ("ratio", 36, 23)
    assert (fit.step.estimate, fit.step.low, fit.step.high) == pytest.approx(ratio, abs=0.0005)
    if dispersion is not None:
        assert fit.dispersion == pytest.approx(dispersion, abs=0.0005)


def test_sicily_slope_is_counted_from_the_last_month_before(sicily: Series) -> None:
    fit = interrupted(sicily, Plan(season=2, slope=True))
    assert fit.slope_change is not None
    assert fit.slope_change.estimate == pytest.approx(0.00148, abs=0.000005)
    assert fit.slope_change.p_value == pytest.approx(0.428, abs=0.0005)
    # The trap: an uncentred interaction (time × after) reads the step at time 0, three years before the ban.
    assert fit.step.estimate == pytest.approx(0.876, abs=0.0005)
    at_time_zero = np.exp(np.log(fit.step.estimate) - 36 * fit.slope_change.estimate)
    assert at_time_zero == pytest.approx(0.831, abs=0.0005)


def test_the_centre_moves_the_step_and_nothing_else(sicily: Series) -> None:
    last, first = (interrupted(sicily, Plan(season=2, slope=True, centre=c)) for c in ("last", "first"))
    assert last.slope_change is not None
    assert first.slope_change is not None
    assert first.slope_change.estimate == pytest.approx(last.slope_change.estimate)
    assert np.log(first.step.estimate / last.step.estimate) == pytest.approx(last.slope_change.estimate)
    assert list(first.periods["fitted"]) == pytest.approx(list(last.periods["fitted"]))
    assert first.average_effect.estimate == pytest.approx(last.average_effect.estimate)
    mean_after = np.mean(np.arange(1, 24))
    expected = np.exp(np.log(last.step.estimate) + mean_after * last.slope_change.estimate)
    assert last.average_effect.estimate == pytest.approx(expected)


# --- synthetic checks that always run --------------------------------------------------------------------


def monthly(counts: Sequence[float] | np.ndarray) -> tuple[list[date], np.ndarray]:
    months = [date(2020 + k // 12, k % 12 + 1, 1) for k in range(len(counts))]
    return months, np.asarray(counts, float)


def made(seed: int = 1, n: int = 48, launch: int = 36, ratio: float = 0.7, mean: float = 80) -> Series:
    random = default_rng(seed)
    level = np.where(np.arange(n) >= launch, mean * ratio, mean)
    dates, counts = monthly(random.poisson(level))
    return series(dates, counts, dates[launch])


def test_a_step_without_trend_is_the_ratio_of_the_means() -> None:
    """Balanced counts with no slope: the step is exactly 60/100, and Poisson's variance is 1/Σ by hand."""
    dates, counts = monthly([90, 110, 110, 90, 54, 66, 66, 54])
    fit = interrupted(series(dates, counts, date(2020, 5, 1)), Plan("poisson"))
    assert fit.step.estimate == pytest.approx(0.6, abs=0.005)
    assert (fit.n_before, fit.n_after) == (4, 4)


def test_gaussian_is_ordinary_least_squares_with_student_limits() -> None:
    dates, counts = monthly([3, 5, 4, 6, 5, 1, 2, 0, 2, 1])
    fit = interrupted(series(dates, counts, date(2020, 6, 1)), Plan("gaussian"))
    time = np.arange(10.0)
    by_hand = sm.OLS(counts, np.column_stack([np.ones(10), time, time >= 5])).fit()
    low, high = by_hand.conf_int()[2]
    assert fit.scale == "difference"
    assert (fit.step.estimate, fit.step.low, fit.step.high) == pytest.approx((by_hand.params[2], low, high))
    assert fit.step.p_value == pytest.approx(by_hand.pvalues[2])
    assert fit.dispersion == pytest.approx(by_hand.scale)


def test_newey_west_has_the_stated_lag_and_correction() -> None:
    data = made()
    fit = interrupted(data, Plan("poisson", errors="newey-west"))
    time = np.arange(48.0)
    terms = np.column_stack([np.ones(48), time, time >= 36])
    plain = sm.GLM(data.counts, terms, family=sm.families.Poisson()).fit(
        cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": False}
    )
    assert (default_lag(48), default_lag(100), fit.lag) == (3, 4, 3)
    assert fit.step.se == pytest.approx(plain.bse[2] * np.sqrt(48 / 45))
    assert interrupted(data, Plan("poisson", errors="newey-west", lag=6)).lag == 6


@pytest.mark.parametrize("seed", range(6))
def test_the_wider_interval_is_the_wider(seed: int) -> None:
    fit = interrupted(made(seed), Plan(errors="wider"))
    assert fit.step.se == max(fit.by_model.se, fit.by_newey_west.se)
    assert fit.step.se == {"model": fit.by_model.se, "newey-west": fit.by_newey_west.se}[fit.errors_used]


def test_negative_binomial_is_maximum_likelihood() -> None:
    """At the maximum no nearby alpha does better, and the plain Poisson does worse."""
    random = default_rng(4)
    counts = random.negative_binomial(5, 5 / (5 + np.where(np.arange(60) >= 40, 40, 60)))
    dates, counts = monthly(counts)
    data = series(dates, counts, dates[40])
    fit = interrupted(data, Plan("negbin"))
    time = np.arange(60.0)
    likelihood = sm.NegativeBinomial(counts, np.column_stack([np.ones(60), time, time >= 40])).fit(disp=False)
    assert np.log(fit.step.estimate) == pytest.approx(likelihood.params[2], abs=1e-4)
    assert fit.step.se == pytest.approx(likelihood.bse[2], rel=1e-3)
    assert fit.dispersion == pytest.approx(1, abs=0.35)
    assert fit.step.se > 2 * interrupted(data, Plan("poisson")).step.se


def test_negative_binomial_of_regular_counts_is_the_poisson_model() -> None:
    dates, counts = monthly([9, 10, 11, 10, 9, 10, 11, 10, 7, 6, 7, 6])
    data = series(dates, counts, date(2020, 9, 1))
    assert interrupted(data, Plan("negbin")).step == interrupted(data, Plan("poisson")).step


def test_a_missing_period_is_a_gap_and_keeps_its_place_in_time() -> None:
    """A perfect exponential trend with two months missing: only a clock that counts them finds no step."""
    counts = 100 * 1.02 ** np.arange(24.0)
    dates, values = monthly(counts)
    values[7] = np.nan
    keep = np.arange(24) != 10
    rest = [day for day, kept in zip(dates, keep, strict=True) if kept]
    fit = interrupted(series(rest, values[keep], dates[16]), Plan("poisson"))
    assert fit.step.estimate == pytest.approx(1, abs=1e-6)
    assert (fit.n_before, fit.n_after) == (14, 8)
    assert "2 missing months are left out as gaps, not counted as zero." in fit.warnings


def test_the_launch_period_is_the_first_one_after_or_left_out() -> None:
    data = made()
    assert (interrupted(data, Plan()).n_after, interrupted(data, Plan(launch="exclude")).n_after) == (12, 11)
    inside = series(*monthly(data.counts), date(2023, 1, 20))
    assert inside.launch == data.launch  # any day of the month
    left_out = interrupted(data, Plan(launch="exclude", slope=True))
    assert [list(left_out.periods["phase"]).count(p) for p in ("before", "launch", "after")] == [36, 1, 11]
    assert left_out.periods["fitted"].isna()[36]
    assert left_out.design.series.index[36] - data.launch == 1  # the first after counts from the calendar


@pytest.mark.parametrize(("freq", "every"), [("D", "day"), ("W-MON", "week"), ("MS", "month"), ("YS", "year")])
def test_any_regular_series(freq: str, every: str) -> None:
    dates = [day.date() for day in pd.date_range("2001-01-01", periods=40, freq=freq).to_pydatetime()]
    counts = default_rng(2).poisson(np.where(np.arange(40) >= 30, 50, 100))
    data = series(dates, counts, dates[30])
    assert data.every == every
    fit = interrupted(data, Plan(season=1))
    assert (fit.n_before, fit.n_after) == (30, 10)
    assert fit.step.estimate == pytest.approx(0.5, abs=0.12)
    assert any("no season" in w for w in fit.warnings) == (every == "year")


def test_expected_is_the_earlier_trend_and_the_band_holds_most_months_before() -> None:
    fit = interrupted(made(3), Plan())
    after = fit.periods.loc[fit.periods["phase"] == "after"]
    ratio = np.sum(after["fitted"]) / np.sum(after["expected"])
    assert ratio == pytest.approx(fit.step.estimate)
    before = fit.periods.loc[fit.periods["phase"] == "before"]
    inside = [
        low <= seen <= high for seen, low, high in zip(before["observed"], before["low"], before["high"], strict=True)
    ]
    assert np.mean(inside) > 0.85
    assert all(np.less(fit.periods["low"], fit.periods["line_low"]))


# --- control ---------------------------------------------------------------------------------------------


def test_the_control_ratio_is_the_ratio_of_the_two_ratios() -> None:
    data = made(1, ratio=0.7)
    other = default_rng(9).poisson(np.where(np.arange(48) >= 36, 360, 400)).astype(float)
    both = against_control(data, other, Plan(season=2))
    own = interrupted(data, Plan(season=2)).step.estimate
    theirs = interrupted(series(data.starts, other, data.starts[36]), Plan(season=2)).step.estimate
    assert both.control.estimate == pytest.approx(theirs)
    assert both.ratio.estimate == pytest.approx(own / theirs)
    assert both.warnings == (
        "The control series moved at the intervention too, so part of the change may be a general one.",
    )


def test_a_control_that_moves_with_the_pilot_leaves_no_effect() -> None:
    data = made(1, ratio=0.7)
    both = against_control(data, data.counts * 5, Plan())
    assert both.ratio.estimate == pytest.approx(1)


def test_a_gap_of_the_control_leaves_the_month_out_for_both() -> None:
    data = made(1)
    other = data.counts.copy() + 20
    other[3] = np.nan
    assert against_control(data, other, Plan()).n == 47


# --- bad input -------------------------------------------------------------------------------------------

TEN = [5.0, 6, 7, 5, 6, 7, 5, 6, 7, 5]


@pytest.mark.parametrize(
    ("counts", "day", "plan", "sentence"),
    [
        (TEN, date(2020, 3, 1), Plan(), "Only 2 months before the intervention can be used; at least 3 are needed."),
        (TEN, date(2020, 9, 15), Plan(), "Too early: only 2 months after the intervention can be used"),
        (TEN, date(2020, 8, 1), Plan(launch="exclude"), "Too early: only 2 months after the intervention can be used"),
        ([0.0] * 10, date(2020, 6, 1), Plan(), "All counts are zero, so a ratio cannot be estimated."),
        ([5.0] * 5 + [0.0] * 5, date(2020, 6, 1), Plan(), "All counts after the intervention are zero"),
        ([5.0] * 10, date(2020, 6, 1), Plan("gaussian"), "All values are 5: there is nothing to explain."),
        ([*TEN[:-1], -1.0], date(2020, 6, 1), Plan(), "The count -1 is negative; use gaussian for such a series."),
        ([*TEN[:-1], np.inf], date(2020, 6, 1), Plan(), "A count is infinite."),
        (TEN, date(2019, 6, 1), Plan(), "lies outside the data (2020-01-01 to 2020-10-01)."),
        (TEN, date(2020, 1, 1), Plan(), "The intervention of 2020-01-01 lies outside the data"),
        (TEN, date(2021, 6, 1), Plan(), "The intervention of 2021-06-01 lies outside the data"),
        (TEN[:5], date(2020, 3, 1), Plan(), "The series has 5 periods; at least 3 before and 3 after are needed."),
        (TEN, date(2020, 6, 1), Plan(season=4), "10 periods cannot carry 11 terms: leave out the season"),
    ],
)
def test_what_cannot_be_analysed_says_why(counts: list[float], day: date, plan: Plan, sentence: str) -> None:
    dates, values = monthly(counts)
    with pytest.raises(EffectError) as error:
        interrupted(series(dates, values, day), plan)
    assert sentence in str(error.value)


def test_exposure_must_be_positive_and_wants_a_log_link() -> None:
    dates, counts = monthly(TEN)
    with pytest.raises(EffectError, match="The exposure of 2020-02-01 is 0; it must be above zero"):
        series(dates, counts, date(2020, 6, 1), exposure=[1.0, 0.0] + [1.0] * 8)
    with pytest.raises(EffectError, match="An exposure goes with a log link"):
        interrupted(series(dates, counts, date(2020, 6, 1), exposure=[1.0] * 10), Plan("gaussian"))


def test_dates_must_be_regular_and_single() -> None:
    dates, counts = monthly(TEN)
    with pytest.raises(EffectError, match="The month of 2020-01-01 stands twice"):
        series([dates[0], *dates[:-1]], counts, date(2020, 6, 1))
    odd = [date(2020, 1, 1 + 3 * k) for k in range(10)]
    with pytest.raises(EffectError, match="3 days apart: they are neither daily, weekly, monthly, quarterly"):
        series(odd, counts, date(2020, 1, 16))


def test_one_giant_month_and_overdispersion_are_said() -> None:
    dates, counts = monthly(default_rng(5).poisson(60, 48))
    counts[20] = 600
    fit = interrupted(series(dates, counts, dates[36]), Plan())
    assert "The month of 2021-09-01 (600) lies far from the line and may drive the estimate." in fit.warnings
    assert "too narrow" in " ".join(interrupted(fit.design.series, Plan("poisson")).warnings)


def test_a_well_behaved_series_brings_no_warning() -> None:
    assert interrupted(made(1), Plan()).warnings == ()


# --- the procedure as a whole ----------------------------------------------------------------------------


def test_no_fall_is_found_where_none_is_and_a_planted_one_is_covered() -> None:
    """60 seeded series each way; target 5 % false falls and 95 % coverage, give or take 6 points at 60."""
    false_falls = sum(interrupted(made(seed, ratio=1.0), Plan(errors="wider")).step.high < 1 for seed in range(60))
    covered = 0
    for seed in range(60):
        step = interrupted(made(seed, ratio=0.75), Plan(errors="wider")).step
        covered += step.low <= 0.75 <= step.high
    assert false_falls <= 5
    assert covered >= 53
