"""Intervals of proportions, counts and waiting times: arrays in, an :class:`Estimate` out. All 95 %.

Engines: statsmodels (Wilson, Kaplan–Meier, Poisson regression), scipy (exact Poisson by gamma quantiles,
Garwood 1936; conditional exact ratio by Clopper–Pearson, as R's ``poisson.test``).
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.special import gammaincinv
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from dashboard.model import Estimate

ALPHA = 0.05
FEWEST_PEOPLE = 10
"""Robust errors of fewer people are not to be trusted: no interval."""


def wilson(k: int, n: int) -> Estimate:
    """The share ``k`` of ``n`` with its Wilson interval. Nothing to state for ``n`` = 0. Raises for k outside 0..n."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a share")
    if n == 0:
        return Estimate(None, n=0)
    low, high = np.asarray(proportion_confint(k, n, alpha=ALPHA, method="wilson"), float)
    return Estimate(k / n, max(0.0, float(low)), min(1.0, float(high)), n)


def poisson_exact(k: int) -> Estimate:
    """A count with its exact (Garwood) Poisson interval; the lower limit of 0 is 0."""
    if k < 0:
        raise ValueError(f"a count cannot be {k}")
    low = 0.0 if k == 0 else float(gammaincinv(k, ALPHA / 2))
    return Estimate(float(k), low, float(gammaincinv(k + 1, 1 - ALPHA / 2)), k)


def km_quantile(durations: Sequence[float] | np.ndarray, observed: Sequence[bool] | np.ndarray, q: float) -> Estimate:
    """Kaplan–Meier quantile of waiting times: the first time by which more than ``q`` of all have ended.

    ``durations`` and ``observed`` are aligned; an unobserved one is censored (still waiting) at its
    duration. The interval inverts the log-transformed test (Brookmeyer & Crowley; R's ``survfit``
    default). ``None`` where the curve never falls that far. ``n`` counts all, censored ones included.
    """
    times, ended = np.asarray(durations, float), np.asarray(observed, bool)
    if times.shape != ended.shape:
        raise ValueError("durations and observed differ in length")
    if not ended.any():
        return Estimate(None, n=len(times))
    curve = SurvfuncRight(times, ended.astype(int))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = curve.quantile_ci(q, alpha=ALPHA, method="log")
    return Estimate(*map(_finite, np.asarray([curve.quantile(q), low, high], float)), n=len(times))


def ratio_exact(after: int, before: int, time_after: float = 1.0, time_before: float = 1.0) -> Estimate:
    """Ratio of two Poisson rates (after ÷ before) with its conditional exact interval. ``n``: both counts.

    Given the sum, the count after is binomial; its Clopper–Pearson limits become the ratio's. Nothing to
    state where both are zero or nothing came before; the upper limit is then open. Raises for negative counts.
    """
    if min(after, before) < 0 or min(time_after, time_before) <= 0:
        raise ValueError(f"{after} in {time_after} and {before} in {time_before} are no two rates")
    n = after + before
    if n == 0:
        return Estimate(None, n=0)
    limits = stats.binomtest(after, n).proportion_ci(1 - ALPHA, method="exact")
    low, high = (p / (1 - p) * time_before / time_after if p < 1 else math.inf for p in limits)
    value = after / before * time_before / time_after if before else math.inf
    return Estimate(_finite(value), low, _finite(high), n)


def change_by_person(*groups: Sequence[tuple[int, int]]) -> list[Estimate]:
    """Counts after ÷ before of the same people, group by group, and with two groups the ratio of their ratios.

    ``groups``: one (before, after) pair a person, the windows of equal length. Poisson regression on time,
    group and their product (statsmodels), errors clustered by person, Student's t with people − 1 (a few people
    carry most calls, so counts of one person are not independent). ``n`` counts people. Without a call before,
    nothing is stated; without a call after, or with fewer than ``FEWEST_PEOPLE`` in a group, no interval.
    """
    found = [_change([group]) for group in groups]
    return [*found, _change(groups)] if len(groups) == 2 else found


def _change(groups: Sequence[Sequence[tuple[int, int]]]) -> Estimate:
    """After ÷ before of one group, or the first group's ratio ÷ the second's."""
    n = sum(len(group) for group in groups)
    sums = [[sum(pair[k] for pair in group) for k in (0, 1)] for group in groups]
    if not all(before for before, _ in sums) or (len(sums) == 2 and not sums[1][1]):
        return Estimate(None, n=n)
    if any(after == 0 or len(group) < FEWEST_PEOPLE for (_, after), group in zip(sums, groups, strict=True)):
        own = [after / before for before, after in sums]
        return Estimate(own[0] / (own[1] if len(own) == 2 else 1), n=n)
    rows = [
        (count, side, place) for place, group in enumerate(groups) for pair in group for side, count in enumerate(pair)
    ]
    counts, after, second = np.array(rows, float).T
    first = 1 - second
    columns = [np.ones_like(counts), after] + ([first, first * after] if len(groups) == 2 else [])
    person = np.repeat(np.arange(n), 2)
    fit = _by_person(counts, np.column_stack(columns), person)
    low, high = np.exp(fit.conf_int(ALPHA)[-1])
    return Estimate(float(np.exp(fit.params[-1])), float(low), float(high), n)


def _by_person(counts: np.ndarray, columns: np.ndarray, person: np.ndarray) -> Any:
    """Poisson regression, errors clustered by person, Student's t with people − 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # everybody alike: the interval is a point
        model = sm.GLM(counts, columns, family=sm.families.Poisson())
        return model.fit(cov_type="cluster", cov_kwds={"groups": person}, use_t=True)


def mean_by_person(counts: Sequence[int] | np.ndarray) -> Estimate:
    """Mean count per person: Poisson regression on a constant, errors by person, Student's t (people − 1).

    No interval for fewer than ``FEWEST_PEOPLE`` or where nobody has any; nothing to state without people.
    """
    values = np.asarray(counts, float)
    if not len(values):
        return Estimate(None, n=0)
    if len(values) < FEWEST_PEOPLE or not values.any():
        return Estimate(float(values.mean()), n=len(values))
    fit = _by_person(values, np.ones((len(values), 1)), np.arange(len(values)))
    low, high = np.exp(fit.conf_int(ALPHA)[0])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def share_difference(k: int, n: int, other_k: int, other_n: int) -> Estimate:
    """Share ``k/n`` − share ``other_k/other_n`` with Newcombe's hybrid score interval (from the Wilson limits)."""
    if not n or not other_n:
        return Estimate(None, n=n + other_n)
    low, high = confint_proportions_2indep(k, n, other_k, other_n, method="newcomb", compare="diff", alpha=ALPHA)
    return Estimate(k / n - other_k / other_n, float(low), float(high), n + other_n)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
