"""Where series are hard: break lines, gaps on both sides, counts on a line, one giant month, and anything at random."""

import inspect
import math
import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.random import default_rng

from dashboard import cautions
from dashboard.effects import Family, Fit, Plan, against_control, estimated, interrupted
from dashboard.periods import EffectError, Series, only, period_start, positions, series
from dashboard.verdict import detectable, sight, smallest_fall
from db.vocab import text
from tests.dashboard.test_effects import TEN, made, monthly

FAMILIES: tuple[Family, ...] = ("poisson", "quasipoisson", "negbin", "gaussian")


# --- break lines -----------------------------------------------------------------------------------------


def with_a_break(at: int = 20) -> tuple[Series, Plan]:
    """48 months, a fall to 0.7 at month 36, and counts that double from month ``at`` on by definition alone."""
    plain = made(3)
    doubled = replace(plain, counts=plain.counts * np.where(np.arange(48) >= at, 2, 1))
    return doubled, Plan(breaks=(plain.starts[at],))


def test_a_break_line_is_a_step_that_is_expected_anyway() -> None:
    data, plan = with_a_break()
    fit = interrupted(data, plan)
    assert fit.step.low <= 0.7 <= fit.step.high
    expected = fit.periods["expected"].to_numpy()
    assert expected[20] / expected[19] == pytest.approx(2, rel=0.15)
    time = np.arange(48.0)
    design = np.column_stack([np.ones(48), time, time >= 36, time >= 20]).astype(float)
    by_hand = sm.GLM(data.counts, design, family=sm.families.Poisson()).fit(scale="X2")
    assert np.log(fit.step.estimate) == pytest.approx(by_hand.params[2])
    assert fit.step.se == pytest.approx(by_hand.bse[2])


def test_any_day_of_the_month_breaks_it_and_two_lines_in_a_month_are_one() -> None:
    data, plan = with_a_break()
    twice = replace(plan, breaks=(date(2021, 9, 28), date(2021, 9, 2)))
    assert interrupted(data, twice).step == interrupted(data, plan).step


def test_a_break_line_counts_weeks_from_the_first_even_after_a_gap() -> None:
    days = [date(2020, 1, 6) + timedelta(7 * k) for k in range(60)]
    counts = default_rng(1).poisson(np.where(np.arange(60) >= 20, 80, 40)).astype(float)
    data = series(days, counts, days[40])
    late = only(data, data.index >= 5)  # the first weeks are missing
    fit = interrupted(late, Plan(breaks=(days[20],)))
    expected = fit.periods["expected"].to_numpy()
    assert expected[15] / expected[14] == pytest.approx(2, rel=0.3)
    assert period_start(late, 20) == days[20]


def test_break_lines_that_cannot_be_used() -> None:
    data, plan = with_a_break()
    with pytest.raises(EffectError, match="The break line of 2023-01-09 cannot be told apart from the intervention"):
        interrupted(data, replace(plan, breaks=(date(2023, 1, 9),)))
    outside = interrupted(data, replace(plan, breaks=(date(2030, 1, 1), date(2020, 1, 5))))
    assert [w for w in outside.warnings if "break line" in w] == [
        "The break line of 2020-01-05 lies outside the data and was left out.",
        "The break line of 2030-01-01 lies outside the data and was left out.",
    ]


def test_what_could_have_been_seen_is_less_with_a_break_line_near_the_start() -> None:
    data, plan = with_a_break(at=30)
    near, none = (detectable(interrupted(data, one)) for one in (plan, replace(plan, breaks=())))
    assert near is not None
    assert none is not None
    assert near != pytest.approx(none, rel=0.02)


# --- families --------------------------------------------------------------------------------------------


def test_newey_west_of_gaussian_is_statsmodels_with_student_limits() -> None:
    values = default_rng(6).normal(10, 2, 40)
    dates, _ = monthly(values)
    fit = interrupted(series(dates, values, dates[25]), Plan("gaussian", errors="newey-west", lag=4))
    time = np.arange(40.0)
    design = np.column_stack([np.ones(40), time, time >= 25])
    by_hand = sm.OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}, use_t=True)
    low, high = by_hand.conf_int()[2]
    assert (fit.step.low, fit.step.high, fit.step.p_value) == pytest.approx((low, high, by_hand.pvalues[2]))


def test_quasi_poisson_is_poisson_with_pearsons_scale_and_students_p() -> None:
    data = made(7)
    fit = interrupted(data, Plan(season=1))
    month = data.index.astype(float)
    angle = 2 * np.pi * month / 12
    design = np.column_stack([np.ones(48), month - month[0], month >= data.launch, np.sin(angle), np.cos(angle)])
    by_hand = sm.GLM(data.counts, design, family=sm.families.Poisson()).fit(scale="X2", use_t=True)
    assert fit.step.se == pytest.approx(by_hand.bse[2])
    assert fit.step.p_value == pytest.approx(by_hand.pvalues[2])
    assert fit.step.high == pytest.approx(np.exp(by_hand.params[2] + 1.959964 * by_hand.bse[2]))
    assert fit.dispersion == pytest.approx(by_hand.scale)


def test_negbin_says_its_alpha_or_that_there_is_none() -> None:
    counts = default_rng(4).negative_binomial(5, 5 / 65, 60)  # alpha 0.2
    dates, _ = monthly(counts)
    fit = interrupted(series(dates, counts, dates[40]), Plan("negbin"))
    assert fit.alpha == pytest.approx(0.2, abs=0.12)
    assert fit.design.inflation == pytest.approx(1 + (fit.alpha or 0) * 60, rel=0.15)
    regular = interrupted(
        series(*monthly([9, 10, 11, 10, 9, 10, 11, 10, 7, 6, 7, 6]), date(2020, 9, 1)), Plan("negbin")
    )
    assert regular.alpha is None
    assert (
        "The counts scatter no more than a Poisson model allows, so negbin is the Poisson model here."
        in regular.warnings
    )


def test_the_season_of_half_the_periods_has_no_sine() -> None:
    """Six pairs of twelve months, two of four quarters: there the sine is zero in every period."""
    fit = interrupted(made(2), Plan(season=6))
    assert len(fit.design.coefficients) == 3 + 11
    with pytest.raises(EffectError, match="7 harmonic pairs are not possible for months: choose 0 to 6"):
        interrupted(made(2), Plan(season=7))


def test_quarters_follow_each_other_over_the_year() -> None:
    days = [date(2001 + k // 4, k % 4 * 3 + 1, 1) for k in range(9)]
    assert list(np.diff(positions(days, "quarter"))) == [1] * 8
    data = series(days, [5.0, 6, 7, 5, 6, 7, 5, 6, 7], date(2002, 5, 20))
    assert (data.every, data.starts[int(data.launch - data.index[0])]) == ("quarter", date(2002, 4, 1))


# --- counts that are odd ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "quasipoisson", "negbin"])
def test_counts_on_a_line_show_no_change_and_no_pattern(family: Family) -> None:
    dates, counts = monthly([50.0] * 30)
    fit = interrupted(series(dates, counts, dates[20]), Plan(family, errors="wider"))
    assert (fit.step.estimate, fit.durbin_watson, fit.ljung_box_p) == (pytest.approx(1), 2.0, None)
    assert fit.step.p_value == pytest.approx(1)


def test_a_step_without_any_scatter_is_certain() -> None:
    dates, counts = monthly([50.0] * 20 + [25.0] * 10)
    step = interrupted(series(dates, counts, dates[20]), Plan()).step
    assert (step.estimate, step.p_value) == (pytest.approx(0.5), 0)


@pytest.mark.parametrize("place", [0, 20, 35, 36, 47])
def test_one_giant_month_is_named_wherever_it_stands(place: int) -> None:
    data = made(1)
    counts = data.counts.copy()
    counts[place] = 6000
    fit = interrupted(replace(data, counts=counts), Plan(season=2))
    assert any(str(data.starts[place]) in warning for warning in fit.warnings)
    counts[place] = 6e8
    with pytest.raises(EffectError, match=rf"{data.starts[place]} \(600,000,000\) is a hundred times the usual"):
        interrupted(replace(data, counts=counts), Plan(season=2))


def test_an_odd_month_shows_among_few_and_chance_does_not() -> None:
    """With twelve months no residual is far from the line by the line's own scatter; from that of the others it is."""
    dates, counts = monthly([60, 62, 58, 61, 59, 160, 60, 61, 58, 62, 59, 60])
    fit = interrupted(series(dates, counts, dates[8]), Plan())
    assert "The month of 2020-06-01 (160) lies far from the line and may drive the estimate." in fit.warnings
    named = [any("far from the line" in w for w in interrupted(made(seed), Plan()).warnings) for seed in range(40)]
    assert sum(named) <= 2


@pytest.mark.parametrize(("every", "step"), [("day", 1), ("week", 7)])
def test_a_short_series_is_said_whatever_its_periods(every: str, step: int) -> None:
    days = [date(2026, 1, 5) + timedelta(step * k) for k in range(14)]
    said = interrupted(series(days, default_rng(1).poisson(60, 14), days[9]), Plan()).warnings
    assert f"Only 9 {every}s before the intervention: the earlier trend is uncertain." in said
    assert f"Only 5 {every}s after the intervention: too early for a verdict." in said


def test_next_to_nothing_expected_means_nothing_to_see() -> None:
    matrix = np.column_stack([np.ones(12), np.arange(12), np.arange(12) >= 6]).astype(float)
    assert smallest_fall(matrix, 2, np.full(12, 1e-320), 1.0) is None


def test_a_control_that_no_model_carries_is_one_sentence() -> None:
    data = made(1)
    other = np.where(np.arange(48) == 20, 1e300, 1.0)
    with pytest.raises(EffectError, match=r"finds no answer in these values|say nothing about the control"):
        against_control(data, other, Plan())


def test_an_infinite_lag_is_refused_and_the_longest_is_not() -> None:
    data = series(*monthly(TEN), date(2020, 6, 1))
    with pytest.raises(EffectError, match="A lag of 10 does not go with 10 periods: choose 0 to 9"):
        interrupted(data, Plan(lag=10))
    assert interrupted(data, Plan(lag=9)).lag == 9


def test_every_caution_has_words_in_both_languages() -> None:
    """The codes as they stand in the source, so that a new one is not forgotten."""
    codes = set(re.findall(r'say\(\s*"(\w+)"', inspect.getsource(cautions))) | {"control_moved"}
    assert {"gap", "gaps", "outlier", "break_outside", "not_overdispersed"} <= codes
    values = {"n": 2, "d": "1.0", "dw": "2.0", "day": "x", "period": "x", "observed": "9"}
    for code in codes:
        english, spanish = (text(f"effect.caution.{code}", lang, **values) for lang in ("en", "es"))
        assert english != spanish


COUNTS = some.one_of(
    some.integers(0, 9),
    some.integers(0, 400),
    some.just(0),
    some.integers(10**5, 10**7),
    some.none(),
    some.floats(0, 50),
)


def for_sure(data: Series, plan: Plan, fit: Fit) -> None:
    """What holds for every fit."""
    found = (fit.step.estimate, fit.step.low, fit.step.high, fit.step.p_value, fit.dispersion, fit.durbin_watson)
    assert all(math.isfinite(number) for number in found)
    assert fit.step.low <= fit.step.estimate <= fit.step.high
    assert 0 <= fit.step.p_value <= 1
    assert estimated(data, plan).step == fit.step
    if fit.scale == "ratio":
        assert len(sight(fit, 0.8, longest=6).curve) >= 4


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    counts=some.lists(COUNTS, min_size=6, max_size=40),
    launch=some.integers(1, 39),
    family=some.sampled_from(FAMILIES),
    season=some.integers(0, 2),
    slope=some.booleans(),
    launch_month=some.sampled_from(("include", "exclude")),
    break_at=some.none() | some.integers(0, 39),
)
def test_anything_gives_finite_numbers_or_one_sentence(
    counts, launch, family, season, slope, launch_month, break_at
) -> None:
    dates, _ = monthly(np.zeros(max(len(counts), 40)))
    values = np.array([np.nan if count is None else count for count in counts], float)
    breaks = () if break_at is None else (dates[break_at],)
    plan = Plan(family, season, slope, launch=launch_month, errors="wider", breaks=breaks)
    try:
        data = series(dates[: len(values)], values, dates[launch])
        fit = interrupted(data, plan)
    except EffectError as problem:
        said = str(problem)
    else:
        said = ""
        for_sure(data, plan, fit)
    assert not said or re.fullmatch(r"[^\n]+\.", said)
