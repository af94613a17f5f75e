"""Made-up cities, and how often the whole verdict procedure is right about them. Seeded, so repeatable.

Every city has repeat calls and a control series by month: a slow trend, a season, days in the month, a planted
ratio (1: none) after the start. ``plain`` counts are Poisson's; ``overdispersed`` ones vary twice as much;
in ``autocorrelated`` ones good and bad months come in spells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator, default_rng

from dashboard import verdict
from dashboard.effects import Fit, Plan, against_control, estimated, interrupted
from dashboard.model import Estimate
from dashboard.periods import EffectError, Floats, Series, only
from dashboard.stats import wilson
from dashboard.verdict import Ruling, Verdict, rule

City = Literal["plain", "overdispersed", "autocorrelated"]
CITIES: tuple[City, ...] = get_args(City)

BEFORE, AFTER = 36, 12
CALLS, CONTROL_CALLS = 67.0, 300.0
"""Mean repeat calls a month of behavioural health, and of the control's types."""
VERDICT_MONTHS = (6, 9, 12)
PRIMARY = Plan(season=2, launch="exclude", errors="wider")
SCATTER = 2.0
"""Variance ÷ mean of an overdispersed city."""
SPELL, SPREAD = 0.5, 0.12
"""Of an autocorrelated city: how much of a month's deviation the next one keeps, and its size (log scale)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A city's own series and its control, month by month alike."""

    calls: Series
    control: Floats


@dataclass(frozen=True, slots=True)
class Tried:
    """How the procedure did in many cities. Shares with Wilson's 95 % interval, which is the simulation error."""

    city: City
    ratio: float
    fell_at_end: Estimate
    """Says "falling" (as hoped or not) at the last verdict date."""
    fell_ever: Estimate
    """Says so at one verdict date at least."""
    fell_without_control: Estimate
    """Says so at the last verdict date where there is no control series."""
    rose_at_end: Estimate
    covered: Estimate
    """The interval at the last verdict date holds the planted ratio."""
    warned: Estimate
    """The fit at the last verdict date warns that one month depends on another."""


def city(kind: City, random: Generator, *, ratio: float = 1.0, before: int = BEFORE, after: int = AFTER) -> Pair:
    """One made-up city: ``before`` months, the month of the start, ``after`` months."""
    months = np.arange(before + 1 + after)
    starts = tuple(date(2020 + number // 12, number % 12 + 1, 1) for number in months)
    index = np.array([day.year * 12 + day.month for day in starts], np.int64)
    days = np.diff(np.array([*starts, date(2020 + len(months) // 12, len(months) % 12 + 1, 1)], "datetime64[D]"))
    exposure = days.astype(float)
    shape = exposure / 30.4 * np.exp(0.004 * (months - before) + 0.12 * np.sin(2 * np.pi * (months + 2) / 12))
    effect = np.where(months >= before, ratio, 1.0)
    own, control = (drawn(kind, mean * shape * step, random) for mean, step in ((CALLS, effect), (CONTROL_CALLS, 1.0)))
    return Pair(Series("month", starts, index, own, exposure, int(index[before])), control)


def drawn(kind: City, mean: Floats, random: Generator) -> Floats:
    """Counts around ``mean`` (one per month, in order)."""
    if kind == "overdispersed":
        return scattered(mean, SCATTER, random)
    if kind == "plain":
        return random.poisson(mean).astype(float)
    deviation = np.empty(len(mean))
    deviation[0] = random.normal(0, SPREAD)
    shocks = random.normal(0, SPREAD * np.sqrt(1 - SPELL**2), len(mean))
    for month in range(1, len(mean)):
        deviation[month] = SPELL * deviation[month - 1] + shocks[month]
    return random.poisson(mean * np.exp(deviation - SPREAD**2 / 2)).astype(float)


def scattered(mean: Floats, scatter: float, random: Generator) -> Floats:
    """Counts with variance ``scatter`` × mean; Poisson's for 1 and less."""
    if scatter <= 1:
        return random.poisson(mean).astype(float)
    return random.negative_binomial(mean / (scatter - 1), 1 / scatter).astype(float)


# --- the whole procedure ---------------------------------------------------------------------------------


def judged(pair: Pair, after: int, *, target: float = 0.80, with_control: bool = True) -> Ruling:
    """The verdict as it would have been given with ``after`` full months of follow-up."""
    known = pair.calls.index <= pair.calls.launch + after
    calls = only(pair.calls, known)
    effect = estimated(calls, PRIMARY)
    to_control = against_control(calls, pair.control[known], PRIMARY).ratio.estimate if with_control else None
    return rule(
        effect.step,
        target=target,
        before=effect.n_before,
        after=effect.n_after,
        verdict_months=VERDICT_MONTHS,
        to_control=to_control,
    )


FALLS = (Verdict.falling, Verdict.falling_as_hoped)


def tried(kind: City, *, ratio: float = 1.0, runs: int = 500, seed: int = 1) -> Tried:
    """Run the procedure at every verdict date in ``runs`` cities."""
    counted = np.array(list(_runs(kind, ratio, runs, seed))).sum(axis=0).tolist()
    return Tried(kind, ratio, *(wilson(int(k), runs) for k in counted))


def _runs(kind: City, ratio: float, runs: int, seed: int) -> Iterator[tuple[bool, ...]]:
    random = default_rng(seed)
    for _ in range(runs):
        pair = city(kind, random, ratio=ratio)
        rulings = [judged(pair, after) for after in VERDICT_MONTHS]
        alone = judged(pair, VERDICT_MONTHS[-1], with_control=False)
        last = rulings[-1]
        yield (
            last.verdict in FALLS,
            any(ruling.verdict in FALLS for ruling in rulings),
            alone.verdict in FALLS,
            last.verdict is Verdict.rising,
            last.ratio.low <= ratio <= last.ratio.high,
            any(caution.code == "autocorrelated" for caution in interrupted(pair.calls, PRIMARY).cautions),
        )


# --- power -----------------------------------------------------------------------------------------------


def power(fit: Fit, ratio: float, *, after: int | None = None, runs: int = 200, seed: int = 1) -> Estimate:
    """How often the primary plan would see a fall to ``ratio``, by simulation from the fitted earlier trend.

    The share of ``runs`` whose 95 % interval lies below 1, with Wilson's interval. ``after``: as if there were that
    many periods of follow-up. Counts scatter as they do in the data. Log-link fits only. It checks the formula of
    :func:`dashboard.verdict.detectable`.
    """
    data, level = verdict.follow_up(fit, after)
    mean = np.where(data.index >= data.launch, level * ratio, level)
    random = default_rng(seed)
    return wilson(sum(_seen(data, mean, fit, random) for _ in range(runs)), runs)


def _seen(data: Series, mean: Floats, fit: Fit, random: Generator) -> bool:
    drawn_again = replace(data, counts=scattered(mean, verdict.scatter(fit), random))
    try:
        return estimated(drawn_again, fit.plan).step.high < 1
    except EffectError:
        return False
