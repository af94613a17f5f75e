"""Did the level of a series change on a given day? Interrupted time series, its control and its power.

Arrays in, frozen dataclasses out; the regressions are statsmodels'. Conventions (measures.md, section 5):
the intervention day is inclusive, so the period that holds it is the first one *after*; missing periods
are gaps, never zeros; log-link intervals use the normal quantile, gaussian ones Student's t; the *p* of
models that estimate their dispersion uses Student's t(n - k); Newey-West has the lag
floor(4 (n/100)^(2/9)) unless told otherwise and the correction n/(n - k), over the rows as they follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson

from dashboard.cautions import Caution, cautions
from dashboard.periods import FEWEST, SEASON, EffectError, Floats, Series, number_of, only
from dashboard.regress import Family, Interval, Regression, default_lag, interval, numerically, regress

__all__ = ["Caution", "Family", "Interval", "default_lag"]  # part of this module's face, kept in files of their own

Centre = Literal["last", "first"]
Launch = Literal["include", "exclude"]
Used = Literal["model", "newey-west"]
Errors = Literal["model", "newey-west", "wider"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The model that is fitted. ``lag`` None: the default rule. ``errors`` "wider": whichever interval is.

    ``breaks``: days on which a definition changed. Each is a step of its own from the period that holds it on,
    and part of what is expected without the intervention.
    """

    family: Family = "quasipoisson"
    season: int = 0
    slope: bool = False
    centre: Centre = "last"
    launch: Launch = "include"
    errors: Errors = "model"
    lag: int | None = None
    breaks: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """An interrupted time series, fitted. ``scale`` is "ratio" for log links, "difference" for gaussian."""

    plan: Plan
    scale: Literal["ratio", "difference"]
    step: Interval
    """The change at the intervention, by the errors the plan asks for."""
    by_model: Interval
    by_newey_west: Interval
    errors_used: Used
    lag: int
    slope_change: Interval | None
    """The added slope per period: coefficient (log ratio or difference), not exponentiated."""
    average_effect: Interval
    """Mean effect over the follow-up."""
    dispersion: float
    """Pearson chi-square / (n - k); of a gaussian model the residual variance."""
    alpha: float | None
    """Of a negbin model: variance = μ + α μ². None for others, and where the counts scatter no more than Poisson's."""
    durbin_watson: float
    ljung_box_p: float | None
    n_before: int
    n_after: int
    periods: pd.DataFrame
    """One row per observed period: period (its first day), phase (before, launch, after), observed, fitted,
    expected (had nothing changed), line_low/line_high (95 % of that line), low/high (where 19 of 20
    periods would lie had nothing changed), residual (Pearson), studentized (against the scatter of the others)."""
    cautions: tuple[Caution, ...]
    design: "Design"

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(c.sentence for c in self.cautions)


@dataclass(frozen=True, slots=True)
class Design:
    """What a forecast of power needs: the plan, the coefficients of "had nothing changed", the calendar."""

    plan: Plan
    series: Series
    coefficients: Floats
    covariance: Floats
    inflation: float
    """Variance of one count ÷ its mean (gaussian: its variance), errors as used: dispersion × (wider / model)²."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """The effect without the checks; :class:`Fit` says what the first fields mean."""

    step: Interval
    by_model: Interval
    by_newey_west: Interval
    slope_change: Interval | None
    average_effect: Interval
    errors_used: Used
    lag: int
    n_before: int
    n_after: int
    kept: Series
    matrix: Floats
    regression: Regression
    covariance: Floats
    wider_by: float
    """How many times the variance of the step is the model's."""


@dataclass(frozen=True, slots=True)
class ControlRatio:
    """The step of the series ÷ the step of its control (difference for gaussian), errors clustered by period."""

    ratio: Interval
    control: Interval
    """The control's own step: it should not have moved."""
    n: int
    cautions: tuple[Caution, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(c.sentence for c in self.cautions)


# --- the fit ---------------------------------------------------------------------------------------------


def interrupted(data: Series, plan: Plan) -> Fit:
    """Fit ``plan`` to ``data`` and check it. Raises :class:`EffectError` as :func:`estimated` does."""
    found = estimated(data, plan)
    kept, regression, freedom = found.kept, found.regression, len(found.matrix) - found.matrix.shape[1]
    fitted = _mean(found.matrix @ regression.coefficients, kept.exposure, plan.family)
    residual = (kept.counts - fitted) / np.sqrt(regression.variance(fitted))
    dispersion = float((residual**2).sum() / freedom)
    spread = found.wider_by * (1.0 if plan.family in ("poisson", "negbin") else dispersion)
    beyond = float(np.mean(regression.variance(fitted) / fitted)) if plan.family == "negbin" else 1.0
    design = Design(plan, kept, regression.coefficients, found.covariance, spread * beyond)
    fit = Fit(
        plan=plan,
        scale="difference" if plan.family == "gaussian" else "ratio",
        step=found.step,
        by_model=found.by_model,
        by_newey_west=found.by_newey_west,
        errors_used=found.errors_used,
        lag=found.lag,
        slope_change=found.slope_change,
        average_effect=found.average_effect,
        dispersion=dispersion,
        alpha=regression.alpha,
        durbin_watson=2.0 if _on_the_line(residual) else float(durbin_watson(residual)),
        ljung_box_p=_ljung_box(residual, min(12 if data.every == "month" else 10, len(residual) // 5)),
        n_before=found.n_before,
        n_after=found.n_after,
        periods=_against_expected(data, design, regression, fitted, residual, (dispersion, spread)),
        cautions=(),
        design=design,
    )
    return replace(fit, cautions=cautions(fit, kept, breaks_outside(kept, plan)))


def estimated(data: Series, plan: Plan) -> Estimated:
    """The effect alone, for those who ask hundreds of times.

    Raises :class:`EffectError` for fewer than 3 points on a side, no event on a side (log links), more
    terms than points allow, a break line that coincides with the intervention, a lag out of range, and an
    exposure with gaussian.
    """
    kept, before, after = _sides(data, plan)
    matrix, names = design_of(kept, plan)
    n, k = matrix.shape
    lag = _lag(plan, n)
    try:
        found = regress(kept, matrix, plan.family, lag)
    except EffectError as problem:
        raise EffectError(f"{problem}{_giant(kept)}") from problem
    beta, step = found.coefficients, names.index("step")
    covariances: dict[Used, Floats] = {"model": found.by_model, "newey-west": found.by_newey_west}
    by_model, robust = found.by_model[step, step], found.by_newey_west[step, step]
    wider: Used = "newey-west" if robust > by_model else "model"
    used: Used = wider if plan.errors == "wider" else plan.errors
    own = np.eye(k)[step]
    by = {name: interval(own, beta, covariance, plan.family, n - k) for name, covariance in covariances.items()}
    slope, average = None, by[used]
    if plan.slope:
        column = np.eye(k)[names.index("slope")]
        slope = interval(column, beta, covariances[used], plan.family, n - k, exponentiate=False)
        mean_effect = own + column * matrix[after, names.index("slope")].mean()
        average = interval(mean_effect, beta, covariances[used], plan.family, n - k)
    if not np.isfinite([by[used].low, by[used].high, average.low, average.high]).all():
        raise EffectError(f"These values say nothing about the change: its interval is without bounds.{_giant(kept)}")
    return Estimated(
        step=by[used],
        by_model=by["model"],
        by_newey_west=by["newey-west"],
        slope_change=slope,
        average_effect=average,
        errors_used=used,
        lag=lag,
        n_before=int(before.sum()),
        n_after=int(after.sum()),
        kept=kept,
        matrix=matrix,
        regression=found,
        covariance=covariances[used],
        wider_by=float(covariances[used][step, step] / by_model) if by_model > 0 else 1.0,
    )


def _giant(kept: Series) -> str:
    """A sentence that names a count a hundred times the usual one, for an error; else nothing."""
    place = int(kept.counts.argmax())
    if kept.counts[place] <= 100 * max(float(np.median(kept.counts)), 1):
        return ""
    return f" The {kept.every} of {kept.starts[place]} ({kept.counts[place]:,.0f}) is a hundred times the usual."


def _lag(plan: Plan, n: int) -> int:
    if plan.lag is not None and not 0 <= plan.lag < n:
        raise EffectError(f"A lag of {plan.lag} does not go with {n} periods: choose 0 to {n - 1}.")
    return default_lag(n) if plan.lag is None else plan.lag


def _ljung_box(residual: Floats, lags: int) -> float | None:
    if not lags or _on_the_line(residual):
        return None
    return float(acorr_ljungbox(residual, lags=[lags])["lb_pvalue"].iloc[0])


def _on_the_line(residual: Floats) -> bool:
    """Nothing but rounding is left: there is no pattern to test."""
    return bool(np.abs(residual).max() < 1e-6)


def _sides(data: Series, plan: Plan) -> tuple[Series, NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows that take part, and which of them lie before and after. Refuses what cannot be analysed."""
    kept = data if plan.launch == "include" else only(data, data.index != data.launch)
    before = kept.index < data.launch
    for side, mask in (("before", before), ("after", ~before)):
        if mask.sum() < FEWEST:
            several = f"{mask.sum()} {data.every}{'' if mask.sum() == 1 else 's'}"
            early = "Too early: only" if side == "after" else "Only"
            raise EffectError(f"{early} {several} {side} the intervention can be used; at least {FEWEST} are needed.")
    if plan.family != "gaussian":
        if (kept.counts < 0).any():
            raise EffectError(f"The count {kept.counts.min():g} is negative; use gaussian for such a series.")
        for side, mask in (("before", before), ("after", ~before)):
            if not kept.counts[mask].any():
                where = f" {side} the intervention" if kept.counts.any() else ""
                raise EffectError(f"All counts{where} are zero, so a ratio cannot be estimated.")
    elif data.exposure is not None:
        raise EffectError("An exposure goes with a log link; for gaussian divide the counts by it first.")
    elif np.ptp(kept.counts) == 0:
        raise EffectError(f"All values are {kept.counts[0]:g}: there is nothing to explain.")
    return kept, before, ~before


def design_of(kept: Series, plan: Plan) -> tuple[Floats, list[str]]:
    """:func:`terms` of the periods used. Raises :class:`EffectError` where they cannot be told apart."""
    year = SEASON[kept.every]
    if plan.season < 0 or (year is not None and plan.season > year / 2):
        most = int((year or 0) / 2)
        raise EffectError(f"{plan.season} harmonic pairs are not possible for {kept.every}s: choose 0 to {most}.")
    matrix, names = terms(kept.index, kept, plan)
    step = matrix[:, names.index("step")]
    for day, column in zip(breaks_inside(kept, plan), (n for n in names if n.startswith("break")), strict=True):
        if np.array_equal(matrix[:, names.index(column)], step):
            raise EffectError(f"The break line of {day} cannot be told apart from the intervention.")
    n, k = matrix.shape
    if n <= k or np.linalg.matrix_rank(matrix) < k:
        raise EffectError(f"{n} periods cannot carry {k} terms: leave out the season, the slope or a break line.")
    return matrix, names


def terms(index: NDArray[np.int64], data: Series, plan: Plan) -> tuple[Floats, list[str]]:
    """The design of the periods ``index``: intercept, time, step, slope, break lines, harmonic pairs."""
    after = index >= data.launch
    columns = {"intercept": np.ones(len(index)), "time": (index - data.index[0]) / 1.0, "step": after.astype(float)}
    if plan.slope:
        since = index - data.launch + (1 if plan.centre == "last" else 0)
        columns["slope"] = np.where(after, since, 0).astype(float)
    for count, day in enumerate(breaks_inside(data, plan), start=1):
        columns[f"break{count}"] = (index >= number_of(data, day)).astype(float)
    year = SEASON[data.every]
    for pair in range(1, plan.season + 1 if year else 1):
        angle = 2 * np.pi * pair * index / (year or 1)
        if 2 * pair != year:  # there the sine is zero in every period
            columns[f"sin{pair}"] = np.sin(angle)
        columns[f"cos{pair}"] = np.cos(angle)
    return np.column_stack(list(columns.values())), list(columns)


def breaks_inside(data: Series, plan: Plan) -> list[date]:
    """The break lines that have a period of the data on each side, in order, one a period."""
    first, last = int(data.index[0]), int(data.index[-1])
    numbered = {number_of(data, day): day for day in sorted(plan.breaks, reverse=True)}
    return [numbered[number] for number in sorted(numbered) if first < number <= last]


def breaks_outside(data: Series, plan: Plan) -> tuple[str, ...]:
    first, last = int(data.index[0]), int(data.index[-1])
    return tuple(day.isoformat() for day in sorted(plan.breaks) if not first < number_of(data, day) <= last)


def _mean(linear: Floats, exposure: Floats | None, family: Family) -> Floats:
    if family == "gaussian":
        return linear
    with np.errstate(over="ignore"):  # a limit may be endless
        return np.exp(linear) * (1.0 if exposure is None else exposure)


def _against_expected(
    data: Series, design: Design, found: Regression, fitted: Floats, residual: Floats, scatter: tuple[float, float]
) -> pd.DataFrame:
    """The table of ``Fit.periods``; a left-out launch period is there too, without a residual.

    ``scatter``: the dispersion, and what the variance of one count is of the regression's, errors as used.
    """
    plan, kept = design.plan, design.series
    line, low, high = expected(design, data.index, data.exposure)
    with np.errstate(all="ignore"):
        around = np.sqrt(scatter[1] * np.maximum(found.variance(line), 0))
    normal = stats.norm.ppf(0.975)
    reach_low, reach_high = (np.hypot(line - low, normal * around), np.hypot(high - line, normal * around))
    phase = np.where(data.index < data.launch, "before", "after").astype(object)
    if plan.launch == "exclude":
        phase[data.index == data.launch] = "launch"
    used = np.isin(data.index, kept.index)
    place = np.where(used, np.searchsorted(kept.index, data.index), 0)
    studentized = _studentized(residual, found, scatter[0])
    taken = {"fitted": fitted, "residual": residual, "studentized": studentized}
    return pd.DataFrame(
        {
            "period": data.starts,
            "phase": phase,
            "observed": data.counts,
            "expected": line,
            "line_low": low,
            "line_high": high,
            "low": line - reach_low if plan.family == "gaussian" else np.maximum(line - reach_low, 0),
            "high": line + reach_high,
            **{name: np.where(used, values[place], np.nan) for name, values in taken.items()},
        }
    )


def _studentized(residual: Floats, found: Regression, dispersion: float) -> Floats:
    """Each residual against the scatter of the others: Student's t(n - k - 1); NaN where a point has no others."""
    freedom = len(residual) - len(found.coefficients)
    with np.errstate(all="ignore"):
        alone = residual**2 / (dispersion * (1 - found.leverage))
        rest = np.maximum(freedom - alone, 0)
        apart = np.sign(residual) * np.sqrt(alone * (freedom - 1) / rest)
    return np.where((found.leverage < 1 - 1e-8) & (dispersion > 0) & (freedom > 1), apart, np.nan)


def expected(design: Design, index: NDArray[np.int64], exposure: Floats | None) -> tuple[Floats, Floats, Floats]:
    """The line of the earlier trend, and its 95 % limits, at any periods: step and slope are taken out."""
    matrix, names = terms(index, design.series, design.plan)
    matrix[:, [i for i, name in enumerate(names) if name in ("step", "slope")]] = 0
    linear = matrix @ design.coefficients
    variance = np.einsum("ij,jk,ik->i", matrix, design.covariance, matrix)
    reach = stats.norm.ppf(0.975) * np.sqrt(np.maximum(variance, 0))  # rounding may take it below zero
    family = design.plan.family
    return tuple(_mean(value, exposure, family) for value in (linear, linear - reach, linear + reach))  # type: ignore[return-value]


# --- the control -----------------------------------------------------------------------------------------


def against_control(data: Series, control: Sequence[float] | NDArray[Any] | pd.Series, plan: Plan) -> ControlRatio:
    """Ratio of the two steps from one stacked model: all terms × series, errors clustered by period.

    ``control``: counts in the same order as ``data.starts``; NaN leaves the period out for both.
    Raises :class:`EffectError` as :func:`interrupted` does, for either series. negbin stacks as quasi-Poisson.
    """
    family: Family = "gaussian" if plan.family == "gaussian" else "quasipoisson"
    values = np.asarray(control, float)
    if len(values) != len(data.index):
        raise EffectError(f"The control has {len(values)} periods, the series {len(data.index)}.")
    both = only(data, ~np.isnan(values))
    alone = replace(plan, family=family)
    kept = _sides(both, alone)[0]
    other = _sides(replace(both, counts=values[~np.isnan(values)]), alone)[0]
    matrix, names = design_of(kept, alone)
    n, k = matrix.shape
    zero = np.zeros_like(matrix)
    stacked = np.block([[matrix, matrix], [matrix, zero]])  # columns: both series, then what the first has on top
    counts = np.concatenate([kept.counts, other.counts])
    clusters = {"cov_type": "cluster", "cov_kwds": {"groups": np.tile(kept.index, 2)}}
    with numerically("The model of both series"):
        if family == "gaussian":
            model = sm.OLS(counts, stacked).fit(**clusters)
        else:
            twice = None if kept.exposure is None else np.tile(kept.exposure, 2)
            model = sm.GLM(counts, stacked, family=sm.families.Poisson(), exposure=twice).fit(**clusters)
    beta, covariance = np.asarray(model.params), np.asarray(model.cov_params())
    step = names.index("step")
    own, extra = np.eye(2 * k)[step], np.eye(2 * k)[k + step]
    ratio = interval(extra, beta, covariance, family, 2 * n - 2 * k)
    moved = interval(own, beta, covariance, family, 2 * n - 2 * k)
    if not np.isfinite([ratio.low, ratio.high, moved.low, moved.high]).all():
        raise EffectError("These values say nothing about the control: its interval is without bounds.")
    nothing = 0.0 if family == "gaussian" else 1.0
    cautions: tuple[Caution, ...] = ()
    if not moved.low <= nothing <= moved.high:
        sentence = "The control series moved at the intervention too, so part of the change may be a general one."
        cautions = (Caution("control_moved", {}, sentence),)
    return ControlRatio(ratio, moved, n, cautions)
