"""Did the level of a series change on a given day? Interrupted time series, its control and its power.

Arrays in, frozen dataclasses out; the regressions are statsmodels'. Conventions (measures.md, section 5):
the intervention day is inclusive, so the period that holds it is the first one *after*; missing periods
are gaps, never zeros; log-link intervals use the normal quantile, gaussian ones Student's t; the *p* of
models that estimate their dispersion uses Student's t(n - k); Newey-West has the lag
floor(4 (n/100)^(2/9)) unless told otherwise and the correction n/(n - k), over the rows as they follow.
"""

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import optimize, stats
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from dashboard.periods import FEWEST, SEASON, EffectError, Floats, Series

Family = Literal["poisson", "quasipoisson", "negbin", "gaussian"]
Centre = Literal["last", "first"]
Launch = Literal["include", "exclude"]
Used = Literal["model", "newey-west"]
Errors = Literal["model", "newey-west", "wider"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % limits and *p* value, on the scale of the fit (ratio or difference)."""

    estimate: float
    low: float
    high: float
    p_value: float
    se: float
    """Standard error of the coefficient itself (log ratio, or difference)."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about the data or the fit that a reader must know. ``code`` and ``values`` for translators."""

    code: str
    values: dict[str, Any]
    sentence: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The model that is fitted. ``lag`` None: the default rule. ``errors`` "wider": whichever interval is."""

    family: Family = "quasipoisson"
    season: int = 0
    slope: bool = False
    centre: Centre = "last"
    launch: Launch = "include"
    errors: Errors = "model"
    lag: int | None = None


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
    durbin_watson: float
    ljung_box_p: float | None
    n_before: int
    n_after: int
    periods: pd.DataFrame
    """One row per observed period: period (its first day), phase (before, launch, after), observed, fitted,
    expected (had nothing changed), line_low/line_high (95 % of that line), low/high (where 19 of 20
    periods would lie had nothing changed), residual (Pearson)."""
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
    """Variance of one count ÷ its mean, errors as used: dispersion × (wider / model)²."""


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
    """Fit ``plan`` to ``data``.

    Raises :class:`EffectError` for fewer than 3 points on a side, no event on a side (log links), more
    matrix than points allow, and an exposure with gaussian.
    """
    kept, before, after = _sides(data, plan)
    if data.exposure is not None and plan.family == "gaussian":
        raise EffectError("An exposure goes with a log link; for gaussian divide the counts by it first.")
    matrix, names = terms(kept.index, kept, plan)
    n, k = matrix.shape
    if n <= k or np.linalg.matrix_rank(matrix) < k:
        raise EffectError(f"{n} periods cannot carry {k} terms: leave out the season or the slope.")
    lag = plan.lag if plan.lag is not None else default_lag(n)
    model, robust, variance = _regress(kept, matrix, plan.family, lag)
    beta = np.asarray(model.params)[:k]
    covariances = {"model": np.asarray(model.cov_params())[:k, :k], "newey-west": np.asarray(robust)[:k, :k]}
    step = names.index("step")
    wider: Used = "model"
    if covariances["newey-west"][step, step] > covariances["model"][step, step]:
        wider = "newey-west"
    used: Used = wider if plan.errors == "wider" else plan.errors
    contrast = np.zeros(k)
    contrast[step] = 1
    by = {name: _interval(contrast, beta, cov, plan.family, n - k) for name, cov in covariances.items()}
    slope, average = None, contrast.copy()
    if plan.slope:
        column = np.zeros(k)
        column[names.index("slope")] = 1
        slope = _interval(column, beta, covariances[used], plan.family, n - k, exponentiate=False)
        average[names.index("slope")] = matrix[after, names.index("slope")].mean()
    fitted = _mean(matrix @ beta, kept.exposure, plan.family)
    residual = (kept.counts - fitted) / np.sqrt(variance(fitted))
    dispersion = float((residual**2).sum() / (n - k))
    spread = 1.0 if plan.family in ("poisson", "negbin") else dispersion
    inflation = spread * float(covariances[used][step, step] / covariances["model"][step, step])
    design = Design(plan, kept, beta, covariances[used], inflation)
    lags = min(12 if data.every == "month" else 10, n // 5)
    fit = Fit(
        plan=plan,
        scale="difference" if plan.family == "gaussian" else "ratio",
        step=by[used],
        by_model=by["model"],
        by_newey_west=by["newey-west"],
        errors_used=used,
        lag=lag,
        slope_change=slope,
        average_effect=_interval(average, beta, covariances[used], plan.family, n - k),
        dispersion=dispersion,
        durbin_watson=float(durbin_watson(residual)),
        ljung_box_p=float(acorr_ljungbox(residual, lags=[lags])["lb_pvalue"].iloc[0]) if lags else None,
        n_before=int(before.sum()),
        n_after=int(after.sum()),
        periods=_against_expected(data, kept, plan, design, variance, fitted, residual),
        cautions=(),
        design=design,
    )
    return replace(fit, cautions=_cautions(fit, kept))


def default_lag(n: int) -> int:
    """Newey and West's rule of thumb: floor(4 (n / 100)^(2/9))."""
    return int(4 * (n / 100) ** (2 / 9))


def _sides(data: Series, plan: Plan) -> tuple[Series, NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows that take part, and which of them lie before and after. Refuses what cannot be analysed."""
    keep = np.ones(len(data.index), bool) if plan.launch == "include" else data.index != data.launch
    kept = Series(
        data.every,
        tuple(start for start, there in zip(data.starts, keep, strict=True) if there),
        data.index[keep],
        data.counts[keep],
        None if data.exposure is None else data.exposure[keep],
        data.launch,
    )
    before = kept.index < data.launch
    for side, mask in (("before", before), ("after", ~before)):
        if mask.sum() < FEWEST:
            raise EffectError(
                f"Only {mask.sum()} {data.every}s {side} the intervention can be used; at least {FEWEST} are needed."
            )
    if plan.family != "gaussian":
        if (kept.counts < 0).any():
            raise EffectError(f"The count {kept.counts.min():g} is negative; use gaussian for such a series.")
        for side, mask in (("before", before), ("after", ~before)):
            if not kept.counts[mask].any():
                both = "anywhere" if not kept.counts.any() else f"{side} the intervention"
                raise EffectError(f"All counts {both} are zero, so a ratio cannot be estimated.")
    elif np.ptp(kept.counts) == 0:
        raise EffectError(f"All values are {kept.counts[0]:g}: there is nothing to explain.")
    return kept, before, ~before


def terms(index: NDArray[np.int64], data: Series, plan: Plan) -> tuple[Floats, list[str]]:
    """The design of the periods ``index``: intercept, time, step, slope, harmonic pairs."""
    after = index >= data.launch
    columns = {"intercept": np.ones(len(index)), "time": (index - data.index[0]) / 1.0, "step": after.astype(float)}
    if plan.slope:
        since = index - data.launch + (1 if plan.centre == "last" else 0)
        columns["slope"] = np.where(after, since, 0).astype(float)
    year = SEASON[data.every]
    for pair in range(1, plan.season + 1 if year else 1):
        angle = 2 * np.pi * pair * index / (year or 1)
        columns[f"sin{pair}"], columns[f"cos{pair}"] = np.sin(angle), np.cos(angle)
    return np.column_stack(list(columns.values())), list(columns)


def _regress(data: Series, terms: Floats, family: Family, lag: int) -> tuple[Any, Floats, Any]:
    """(statsmodels result, Newey–West covariance, variance function) of one family."""
    hac = {"cov_type": "HAC", "cov_kwds": {"maxlags": lag, "use_correction": True}}
    if family == "gaussian":
        least_squares = sm.OLS(data.counts, terms)
        return least_squares.fit(), least_squares.fit(**hac).cov_params(), lambda mu: np.ones_like(mu)
    if family == "negbin":
        found = _negative_binomial(data, terms, lag)
        if found is not None:
            return found
    poisson = sm.GLM(data.counts, terms, family=sm.families.Poisson(), exposure=data.exposure)
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", PerfectSeparationWarning)  # counts on the line: said in words below
        model = poisson.fit(scale="X2" if family == "quasipoisson" else 1.0)
        return model, poisson.fit(**hac).cov_params(), lambda mu: mu


def _negative_binomial(data: Series, terms: Floats, lag: int) -> tuple[Any, Floats, Any] | None:
    """NB2 by maximum likelihood, started where the profile over alpha is highest; None: no overdispersion."""
    poisson = sm.GLM(data.counts, terms, family=sm.families.Poisson(), exposure=data.exposure).fit()
    if ((data.counts - poisson.mu) ** 2 - data.counts).sum() <= 0:
        return None  # the likelihood is highest at alpha = 0, which is the Poisson model

    def at(log_alpha: float) -> Any:
        family = sm.families.NegativeBinomial(alpha=float(np.exp(log_alpha)))
        return sm.GLM(data.counts, terms, family=family, exposure=data.exposure).fit(tol=1e-12)

    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # far from the maximum, steps may overflow harmlessly
        best: Any = optimize.minimize_scalar(lambda log_alpha: -at(log_alpha).llf, bounds=(-14, 4), method="bounded")
        start = np.append(at(best.x).params, np.exp(best.x))
        likelihood = NegativeBinomial(data.counts, terms, exposure=data.exposure)
        model = likelihood.fit(start_params=start, method="newton", disp=False)
        kind = {"cov_type": "HAC", "cov_kwds": {"maxlags": lag, "use_correction": False}}
        robust = likelihood.fit(start_params=start, method="newton", disp=False, **kind).cov_params()
    n, k = terms.shape
    alpha = float(model.params[-1])
    return model, robust * n / (n - k), lambda mu: mu + alpha * mu**2


def _mean(linear: Floats, exposure: Floats | None, family: Family) -> Floats:
    if family == "gaussian":
        return linear
    return np.exp(linear) * (1.0 if exposure is None else exposure)


def _interval(
    contrast: Floats, beta: Floats, covariance: Floats, family: Family, freedom: int, *, exponentiate: bool = True
) -> Interval:
    """95 % limits and *p* of one combination of coefficients, by the conventions at the top."""
    value, se = float(contrast @ beta), float(np.sqrt(max(contrast @ covariance @ contrast, 0)))
    student = family in ("gaussian", "quasipoisson")
    z = abs(value) / se if se else np.inf
    p = float(2 * (stats.t.sf(z, freedom) if student else stats.norm.sf(z)))
    reach = se * float(stats.t.ppf(0.975, freedom) if family == "gaussian" else stats.norm.ppf(0.975))
    shown = np.exp if exponentiate and family != "gaussian" else float
    return Interval(float(shown(value)), float(shown(value - reach)), float(shown(value + reach)), p, se)


def _against_expected(
    data: Series, kept: Series, plan: Plan, design: Design, variance: Any, fitted: Floats, residual: Floats
) -> pd.DataFrame:
    """The table of ``Fit.periods``; a left-out launch period is there too, without a residual."""
    line, low, high = expected(design, data.index, data.exposure)
    scatter = np.sqrt(design.inflation * variance(line) if plan.family != "gaussian" else design.inflation + 0 * line)
    normal = stats.norm.ppf(0.975)
    reach_low, reach_high = (np.hypot(line - low, normal * scatter), np.hypot(high - line, normal * scatter))
    phase = np.where(data.index < data.launch, "before", "after").astype(object)
    if plan.launch == "exclude":
        phase[data.index == data.launch] = "launch"
    frame = pd.DataFrame(
        {
            "period": data.starts,
            "phase": phase,
            "observed": data.counts,
            "expected": line,
            "line_low": low,
            "line_high": high,
            "low": line - reach_low if plan.family == "gaussian" else np.maximum(line - reach_low, 0),
            "high": line + reach_high,
        },
        index=data.index,
    )
    taken = pd.DataFrame({"fitted": fitted, "residual": residual}, index=kept.index)
    return frame.join(taken).reset_index(drop=True)


def expected(design: Design, index: NDArray[np.int64], exposure: Floats | None) -> tuple[Floats, Floats, Floats]:
    """The line of the earlier trend, and its 95 % limits, at any periods: step and slope are taken out."""
    matrix, names = terms(index, design.series, design.plan)
    matrix[:, [i for i, name in enumerate(names) if name in ("step", "slope")]] = 0
    linear = matrix @ design.coefficients
    reach = stats.norm.ppf(0.975) * np.sqrt(np.einsum("ij,jk,ik->i", matrix, design.covariance, matrix))
    family = design.plan.family
    return tuple(_mean(value, exposure, family) for value in (linear, linear - reach, linear + reach))  # type: ignore[return-value]


# --- what a reader must know -----------------------------------------------------------------------------


def _cautions(fit: Fit, kept: Series) -> tuple[Caution, ...]:
    """Sentences about short, gappy, scattered, clustered or lopsided data; none when all is well."""
    year = SEASON[kept.every] or 12
    every = kept.every
    found: list[Caution] = []

    def say(code: str, sentence: str, **values: Any) -> None:
        found.append(Caution(code, values, sentence.format(**values)))

    if fit.n_before < 24 and every == "month":
        say("short_before", "Only {n} months before the intervention: the earlier trend is uncertain.", n=fit.n_before)
    if fit.n_after < 6 and every == "month":
        say("short_after", "Only {n} months after the intervention: too early for a verdict.", n=fit.n_after)
    span = int(kept.index[-1] - kept.index[0] + 1)
    missing = span - len(kept.index) - (fit.plan.launch == "exclude")
    if missing:
        say("gaps", "{n} missing {every}s are left out as gaps, not counted as zero.", n=missing, every=every)
    if fit.plan.season and SEASON[every] is None:
        say("no_season", "Yearly data have no season: the harmonic pairs were left out.")
    elif fit.plan.season and fit.n_before < 2 * year:
        say("short_season", "Fewer than two years before the intervention: the season is uncertain.")
    if fit.plan.family == "poisson" and fit.dispersion > 1.5:
        say(
            "overdispersed",
            "The counts vary {d:.1f} times as much as a Poisson model allows: its interval is too narrow.",
            d=fit.dispersion,
        )
    elif fit.plan.family == "quasipoisson" and fit.dispersion < 0.5:
        say("regular", "The counts vary less than chance alone would make them: check how they were made.")
    elif fit.plan.family == "quasipoisson" and fit.dispersion > 5:
        say("scattered", "The counts scatter widely around the line (dispersion {d:.1f}).", d=fit.dispersion)
    if fit.durbin_watson < 1.3 or fit.durbin_watson > 2.7 or (fit.ljung_box_p or 1) < 0.05:
        say(
            "autocorrelated",
            "Beyond trend and season, one {every} still depends on another (Durbin–Watson {dw:.2f}):"
            " trust the wider interval.",
            every=every,
            dw=fit.durbin_watson,
        )
    standard = fit.periods["residual"].abs() / np.sqrt(fit.dispersion if fit.plan.family != "poisson" else 1)
    if standard.max() > 4:
        worst = fit.periods.loc[standard.idxmax()]
        say(
            "outlier",
            "The {every} of {period} ({observed:g}) lies far from the line and may drive the estimate.",
            every=every,
            period=worst["period"],
            observed=worst["observed"],
        )
    return tuple(found)


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
    there = ~np.isnan(values)
    pick = [i for i, yes in enumerate(there) if yes]
    exposure = None if data.exposure is None else data.exposure[there]
    starts = tuple(data.starts[i] for i in pick)
    pair = [
        Series(data.every, starts, data.index[there], counts, exposure, data.launch)
        for counts in (data.counts[there], values[there])
    ]
    alone = replace(plan, family=family)
    kept, other = (_sides(one, alone)[0] for one in pair)
    matrix, names = terms(kept.index, kept, alone)
    n, k = matrix.shape
    if n <= k or np.linalg.matrix_rank(matrix) < k:
        raise EffectError(f"{n} periods cannot carry {k} terms: leave out the season or the slope.")
    zero = np.zeros_like(matrix)
    stacked = np.block([[matrix, matrix], [matrix, zero]])  # columns: both series, then what the first has on top
    counts = np.concatenate([kept.counts, other.counts])
    clusters = {"cov_type": "cluster", "cov_kwds": {"groups": np.tile(kept.index, 2)}}
    if family == "gaussian":
        model = sm.OLS(counts, stacked).fit(**clusters)
    else:
        twice = None if kept.exposure is None else np.tile(kept.exposure, 2)
        model = sm.GLM(counts, stacked, family=sm.families.Poisson(), exposure=twice).fit(**clusters)
    beta, covariance = np.asarray(model.params), np.asarray(model.cov_params())
    step = names.index("step")
    own, extra = np.eye(2 * k)[step], np.eye(2 * k)[k + step]
    ratio = _interval(extra, beta, covariance, family, 2 * n - 2 * k)
    moved = _interval(own, beta, covariance, family, 2 * n - 2 * k)
    nothing = 0.0 if family == "gaussian" else 1.0
    cautions: tuple[Caution, ...] = ()
    if not moved.low <= nothing <= moved.high:
        sentence = "The control series moved at the intervention too, so part of the change may be a general one."
        cautions = (Caution("control_moved", {}, sentence),)
    return ControlRatio(ratio, moved, n, cautions)
