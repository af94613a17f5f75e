"""The answer under every choice: the planted fall stands, an effect made by one month does not, placebos keep quiet."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.random import default_rng

from dashboard.effects import Plan, interrupted
from dashboard.periods import Series, only, series
from dashboard.robustness import Choice, placebo, robustness, variations
from dashboard.simulate import PRIMARY, city
from dashboard.verdict import period_start


@pytest.fixture(scope="module")
def fallen() -> Series:
    return city("plain", default_rng(8), ratio=0.7).calls


def test_a_planted_fall_stands_under_every_choice(fallen: Series) -> None:
    longer = replace(fallen, counts=fallen.counts * 1.5)
    found = robustness(Choice("window_90", fallen, PRIMARY), [Choice("window_180", longer, PRIMARY)])
    assert found.specified.label == "window_90"
    assert found.specified.step == interrupted(fallen, PRIMARY).step
    assert [a.label for a in found.of("choice")] == ["window_180", "launch_include", "season_0", "season_1", "slope"]
    assert found.agreeing() == (5, 5)
    assert found.agreeing("left_out") == (48, 48)  # 36 before, 12 after; the launch month is out anyway
    span = found.span()
    assert span is not None
    assert found.specified.step is not None
    assert span[0] <= found.specified.step.estimate <= span[1] < 1


def test_each_answer_is_the_engines_own(fallen: Series) -> None:
    found = {answer.label: answer for answer in robustness(Choice("it", fallen, PRIMARY)).of("choice")}
    by_hand = interrupted(fallen, replace(PRIMARY, slope=True))
    assert found["slope"].step == by_hand.average_effect  # the step alone would be the effect of one month
    assert found["season_0"].step == interrupted(fallen, replace(PRIMARY, season=0)).step
    assert found["launch_include"].n_after == found["season_0"].n_after + 1 == 13


def test_leaving_out_each_month_finds_the_one_that_made_the_effect() -> None:
    """Three quiet months after; one more, of four calls instead of sixty, makes the fall."""
    months = [date(2022 + k // 12, k % 12 + 1, 1) for k in range(40)]
    counts = np.tile([58.0, 62, 60], 14)[:40]
    counts[38] = 4
    data = series(months, counts, months[36])
    found = robustness(Choice("it", data, Plan("poisson")), placebos=False)
    without = next(a for a in found.of("left_out") if a.period == months[38])
    assert found.specified.reads() == "below"
    assert without.reads() == "neither"
    assert found.agreeing("left_out")[0] < found.agreeing("left_out")[1] == 40


def test_placebo_starts_lie_before_the_real_one_and_see_nothing_of_it(fallen: Series) -> None:
    found = placebo(Choice("it", fallen, PRIMARY))
    real = fallen.starts[36]
    # Twelve months before a pretended start and six after it, all of them before the real one.
    assert [a.period for a in found] == [month for month in fallen.starts[12:30] if month < real]
    assert (found[0].n_before, found[0].n_after, found[-1].n_before, found[-1].n_after) == (12, 12, 29, 6)
    by_hand = only(fallen, fallen.index <= fallen.index[29 + 6])
    assert found[-1].step == interrupted(replace(by_hand, launch=int(fallen.index[29])), PRIMARY).step


def test_placebos_of_a_fall_planted_too_early_cry_out(fallen: Series) -> None:
    """Calls fell a year before the pilot began: pretended starts there look like a change."""
    late = replace(fallen, launch=int(fallen.index[44]))
    found = robustness(Choice("it", late, replace(PRIMARY, season=0)), leave_out=False)
    at_the_fall = next(answer for answer in found.of("placebo") if answer.period == fallen.starts[36])
    assert at_the_fall.reads() == "below"
    assert found.moved()[0] >= 1


def test_placebos_of_a_city_without_a_change_mostly_keep_quiet() -> None:
    """200 placebo starts in ten seeded cities; autocorrelation between them widens the margin."""
    found = [robustness(Choice("it", city("plain", default_rng(seed)).calls, PRIMARY)).moved() for seed in range(10)]
    moved, tested = np.sum(found, axis=0)
    assert tested == 180
    assert moved / tested < 0.15


def test_what_cannot_be_estimated_says_why_and_takes_no_part() -> None:
    data = city("plain", default_rng(1), before=10, after=4).calls
    found = robustness(Choice("it", data, replace(PRIMARY, season=0)))
    assert found.of("placebo") == ()
    assert found.moved() == (0, 0)
    short = only(data, data.index < data.launch + 3)
    thin = robustness(Choice("it", short, replace(PRIMARY, season=0)), leave_out=False)
    assert thin.specified.step is None
    assert thin.specified.problem.startswith("Too early: only 2 months after the intervention")
    assert thin.specified.reads() == "neither"


def test_a_choice_of_the_caller_replaces_the_engines_own(fallen: Series) -> None:
    mine = Choice("season_0", fallen, replace(PRIMARY, season=0, errors="model"))
    labels = [a.label for a in robustness(Choice("it", fallen, PRIMARY), [mine]).of("choice")]
    assert labels.count("season_0") == 1


def test_the_alternatives_of_a_plan(fallen: Series) -> None:
    plan = Plan(season=1, slope=True)
    labels = [choice.label for choice in variations(Choice("it", fallen, plan))]
    assert labels == ["launch_exclude", "season_0", "season_2", "no_slope"]


def test_differences_are_read_against_zero() -> None:
    months = [date(2022 + k // 12, k % 12 + 1, 1) for k in range(40)]
    values = default_rng(2).normal(0, 1, 40) - np.where(np.arange(40) >= 30, 8, 0)
    found = robustness(Choice("it", series(months, values, months[30]), Plan("gaussian")), placebos=False)
    assert (found.nothing, found.specified.reads(found.nothing)) == (0.0, "below")
    assert found.agreeing("left_out") == (40, 40)


def test_period_starts_beyond_the_data(fallen: Series) -> None:
    last = fallen.starts[-1]
    assert period_start(fallen, int(fallen.index[-1]) + 12) == last.replace(year=last.year + 1)
