"""What may be said about an effect, by rules fixed in advance; and how small a fall could have been seen.

The rules are those of measures.md, section 5, items 6 and 7. Numbers in, frozen dataclasses out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from dashboard.effects import Fit, Interval, expected, terms
from dashboard.periods import FEWEST, SEASON, Floats, Series, period_start

MONTHS_AFTER = 6
MONTHS_BEFORE = 24
"""Fewer full months after, or judged months before: too early."""


class Verdict(StrEnum):
    too_early = "too_early"
    falling_as_hoped = "falling_as_hoped"
    falling = "falling"
    rising = "rising"
    no_sign = "no_sign"
    inconclusive = "inconclusive"


class TargetStanding(StrEnum):
    """Where the target ratio lies against the estimate and its interval."""

    beyond = "beyond"  # the whole interval lies at or below the target
    reached = "reached"  # the estimate does, its upper limit does not
    open = "open"  # inside the interval, below the estimate
    ruled_out = "ruled_out"  # below the whole interval


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict with what it rests on. ``control_overrules``: a fall that the control series shared."""

    verdict: Verdict
    standing: TargetStanding
    interim: bool
    control_overrules: bool
    ratio: Interval
    target: float
    before: int
    after: int


def rule(
    ratio: Interval,
    *,
    target: float,
    before: int,
    after: int,
    verdict_months: Sequence[int],
    elapsed: int | None = None,
    to_control: float | None = None,
) -> Ruling:
    """Apply the rules.

    ``before``: judged months before; ``after``: full months after that were judged; ``elapsed``: full
    months since the launch month by the calendar, gaps included (default: ``after``). ``to_control``: the
    ratio of the two ratios, None without a control series. On a verdict month, and after the last one, the
    verdict is not interim.
    """
    full = after if elapsed is None else elapsed
    overrules = False
    if after < MONTHS_AFTER or before < MONTHS_BEFORE:
        verdict = Verdict.too_early
    elif ratio.high < 1:
        verdict = Verdict.falling_as_hoped if ratio.estimate <= target else Verdict.falling
        overrules = to_control is not None and to_control >= 1
        verdict = Verdict.inconclusive if overrules else verdict
    elif ratio.low > 1:
        verdict = Verdict.rising
    else:
        verdict = Verdict.no_sign if ratio.low > target else Verdict.inconclusive
    dates = sorted(verdict_months)
    interim = bool(dates) and full not in dates and full < dates[-1]
    return Ruling(verdict, _standing(ratio, target), interim, overrules, ratio, target, before, after)


# --- what could have been seen ---------------------------------------------------------------------------

POWER = 0.80


def detectable(fit: Fit, after: int | None = None) -> float | None:
    """The ratio of the smallest fall seen with 80 % power by a two-sided 5 % test; None: not even a full stop.

    The fitted earlier trend gives the counts to expect, the fit's own scatter their variance (never less than
    chance's). ``after``: as if there were that many periods of follow-up. Log-link fits only.
    """
    data, level = follow_up(fit, after)
    matrix, names = terms(data.index, fit.design.series, fit.plan)
    return smallest_fall(matrix, names.index("step"), level, scatter(fit))


def scatter(fit: Fit) -> float:
    """Variance of a count ÷ its mean, as power needs it: counts that lie closer than chance will not stay so."""
    return max(1.0, fit.design.inflation)


def follow_up(fit: Fit, after: int | None) -> tuple[Series, Floats]:
    """The fit's periods, or those before with ``after`` periods of follow-up; and the counts expected in each.

    Beyond the data the earlier trend and season go on, and the exposure is the mean of the last year before.
    """
    design = fit.design
    data = design.series
    if after is not None:
        before, year = data.index < data.launch, int(SEASON[data.every] or 1)
        numbers = np.arange(after) + data.launch + (fit.plan.launch == "exclude")
        index = np.concatenate([data.index[before], numbers])
        starts = tuple(period_start(data, number) for number in index.tolist())
        exposure = None
        if data.exposure is not None:
            known = dict(zip(data.index.tolist(), data.exposure, strict=True))
            usual = float(data.exposure[before][-year:].mean())
            exposure = np.array([known.get(number, usual) for number in index.tolist()])
        data = replace(data, starts=starts, index=index, counts=np.full(len(index), np.nan), exposure=exposure)
    return data, expected(design, data.index, data.exposure)[0]


@dataclass(frozen=True, slots=True)
class Sight:
    """What could have been seen. Ratios: 0.83 is a fall by 17 %; None where not even a full stop would show."""

    now: float | None
    """The smallest fall seen with 80 % power, with the follow-up there is."""
    target: float
    reached: int | None
    """Periods of follow-up after which a fall to the target becomes detectable; None: not within the curve."""
    reached_on: date | None
    """First day of the last of those periods."""
    curve: pd.DataFrame
    """One row per length of follow-up: after (periods), period (first day of the last of them), ratio (NaN: none),
    observed (whether the data reach that far)."""


def sight(fit: Fit, target: float, longest: int = 24) -> Sight:
    """Smallest detectable fall by length of follow-up, from the fewest that can be analysed to ``longest``."""
    data = fit.design.series
    first = data.launch + (fit.plan.launch == "exclude")
    lengths = range(FEWEST, max(longest, fit.n_after) + 1)
    ratios = [detectable(fit, after) for after in lengths]
    days = [period_start(data, first + after - 1) for after in lengths]
    curve = pd.DataFrame({"after": list(lengths), "period": days, "ratio": np.array(ratios, float)})
    curve["observed"] = curve["after"] <= int(data.index[-1]) - first + 1
    enough = curve.loc[curve["ratio"] >= target]
    reached, day = (int(enough["after"].iloc[0]), enough["period"].iloc[0]) if len(enough) else (None, None)
    return Sight(detectable(fit), target, reached, day, curve)


def smallest_fall(matrix: Floats, step: int, level: Floats, inflation: float) -> float | None:
    """Formula: log ratio = -(z.975 + z.80) × its standard error, the counts after being smaller by that ratio.

    ``matrix``: design (periods × terms), whose column ``step`` marks the periods after; ``level``: mean
    counts without an effect; ``inflation``: variance of a count ÷ its mean.
    """
    reach = float(stats.norm.ppf(0.975) + stats.norm.ppf(POWER))
    after = matrix[:, step] > 0

    def excess(log_ratio: float) -> float:
        weights = np.where(after, np.exp(log_ratio), 1.0) * level
        try:
            with np.errstate(all="ignore"):
                variance = np.linalg.inv((matrix.T * weights) @ matrix)[step, step] * inflation
        except np.linalg.LinAlgError:  # next to nothing is expected somewhere: nothing can be seen
            return np.inf
        return log_ratio + reach * float(np.sqrt(variance)) if variance >= 0 else np.inf

    # From no change downwards the excess starts above zero; where it first crosses lies the smallest visible fall.
    grid = np.log(np.linspace(0.999, 0.01, 100))
    values = [excess(point) for point in grid]
    for upper, lower, one, two in zip(grid, grid[1:], values, values[1:], strict=False):
        if one > 0 >= two:
            crossing: Any = optimize.brentq(excess, lower, upper)
            return float(np.exp(crossing))
    return None


def _standing(ratio: Interval, target: float) -> TargetStanding:
    if ratio.high <= target:
        return TargetStanding.beyond
    if ratio.estimate <= target:
        return TargetStanding.reached
    return TargetStanding.open if ratio.low <= target else TargetStanding.ruled_out
