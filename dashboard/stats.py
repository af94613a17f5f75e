"""Intervals of proportions, counts and waiting times: arrays in, an :class:`Estimate` out. All 95 %.

Engines: statsmodels (Wilson, Kaplan–Meier), scipy (exact Poisson by gamma quantiles, Garwood 1936).
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincinv
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from dashboard.model import Estimate

ALPHA = 0.05


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


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
