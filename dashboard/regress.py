"""The regressions behind an effect, all statsmodels': one family in, coefficients and both covariances out."""

import warnings as python_warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import statsmodels.api as sm
from scipy import optimize, special
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.stats.sandwich_covariance import cov_hac

from dashboard.periods import EffectError, Floats, Series

Family = Literal["poisson", "quasipoisson", "negbin", "gaussian"]
NOTHING = 1e-7
"""A log ratio, or its standard error, that is rounding alone."""
NO_ANSWER = "{what} finds no answer in these values: there are too few events, too many terms, or values too far apart."


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
class Regression:
    """A fitted regression. Covariances are those of the coefficients alone (k × k)."""

    coefficients: Floats
    by_model: Floats
    by_newey_west: Floats
    variance: Callable[[Floats], Floats]
    """Variance of a count by its mean, dispersion left out."""
    leverage: Floats
    alpha: float | None = None
    """The NB2 overdispersion (variance = μ + α μ²); None for other families, and where it is zero."""


def regress(data: Series, matrix: Floats, family: Family, lag: int) -> Regression:
    """Fit ``data.counts`` on ``matrix`` (periods × terms). Raises :class:`EffectError` where no fit is found."""
    with numerically(f"The {family} model"):
        found = _regression(data, matrix, family, lag)
    numbers = (found.coefficients, found.by_model, found.by_newey_west)
    if not all(np.isfinite(each).all() for each in numbers) or (np.diag(found.by_model) < 0).any():
        raise EffectError(NO_ANSWER.format(what=f"The {family} model"))
    return found


@contextmanager
def numerically(what: str) -> Iterator[None]:
    """What goes wrong in the numbers is one sentence: zeros and overflow on the way warn in code, not in words."""
    try:
        with python_warnings.catch_warnings(), np.errstate(all="ignore"):
            python_warnings.simplefilter("ignore")
            yield
    except EffectError:
        raise
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:
        raise EffectError(NO_ANSWER.format(what=what)) from problem


def default_lag(n: int) -> int:
    """Newey and West's rule of thumb: floor(4 (n / 100)^(2/9))."""
    return int(4 * (n / 100) ** (2 / 9))


def interval(
    contrast: Floats, beta: Floats, covariance: Floats, family: Family, freedom: int, *, exponentiate: bool = True
) -> Interval:
    """95 % limits and *p* of one combination of coefficients: normal limits for log links, Student's for gaussian;
    *p* by Student's t(``freedom``) where the dispersion is estimated."""
    value, se = float(contrast @ beta), float(np.sqrt(max(contrast @ covariance @ contrast, 0)))
    student = family in ("gaussian", "quasipoisson")
    if se <= (0 if family == "gaussian" else NOTHING):  # the counts lie on the line: it moved, or it did not
        p = float(abs(value) <= NOTHING)
    else:
        z = abs(value) / se
        p = float(2 * (special.stdtr(freedom, -z) if student else special.ndtr(-z)))
    reach = se * float(special.stdtrit(freedom, 0.975) if family == "gaussian" else special.ndtri(0.975))
    shown = np.exp if exponentiate and family != "gaussian" else float
    with np.errstate(over="ignore"):
        return Interval(float(shown(value)), float(shown(value - reach)), float(shown(value + reach)), p, se)


def _regression(data: Series, matrix: Floats, family: Family, lag: int) -> Regression:
    if family == "gaussian":
        model: Any = sm.OLS(data.counts, matrix).fit()
        leverage = np.asarray(model.get_influence().hat_matrix_diag)
        return Regression(model.params, model.cov_params(), newey_west(model, lag), np.ones_like, leverage)
    poisson: Any = sm.GLM(data.counts, matrix, family=sm.families.Poisson(), exposure=data.exposure)
    model = poisson.fit(scale=1.0, maxiter=200)
    if not model.converged:
        raise EffectError(NO_ANSWER.format(what=f"The {family} model"))
    leverage = np.asarray(model.get_hat_matrix_diag(observed=False))
    if family == "negbin" and ((data.counts - model.mu) ** 2 - data.counts).sum() > 0:
        return _negative_binomial(data, matrix, lag, leverage)
    # For negbin: the likelihood is highest at alpha = 0, which is the Poisson model.
    spread = model.pearson_chi2 / model.df_resid if family == "quasipoisson" else 1.0
    return Regression(model.params, model.cov_params() * spread, newey_west(model, lag), lambda mu: mu, leverage)


def newey_west(model: Any, lag: int) -> Floats:
    """Bartlett weights up to ``lag`` over the rows as they follow, times n / (n - k)."""
    return np.asarray(cov_hac(model, nlags=lag, use_correction=True))


def _negative_binomial(data: Series, matrix: Floats, lag: int, leverage: Floats) -> Regression:
    """NB2 by maximum likelihood, started where the profile over alpha is highest."""

    def at(log_alpha: float) -> Any:
        family = sm.families.NegativeBinomial(alpha=float(np.exp(log_alpha)))
        return sm.GLM(data.counts, matrix, family=family, exposure=data.exposure).fit(tol=1e-12)

    best: Any = optimize.minimize_scalar(lambda log_alpha: -at(log_alpha).llf, bounds=(-14, 4), method="bounded")
    start = np.append(at(best.x).params, np.exp(best.x))
    likelihood = NegativeBinomial(data.counts, matrix, exposure=data.exposure)
    model: Any = likelihood.fit(start_params=start, method="newton", disp=False)
    kind = {"cov_type": "HAC", "cov_kwds": {"maxlags": lag, "use_correction": False}}
    robust = likelihood.fit(start_params=start, method="newton", disp=False, **kind).cov_params()
    (n, k), alpha = matrix.shape, float(model.params[-1])
    return Regression(
        np.asarray(model.params)[:k],
        np.asarray(model.cov_params())[:k, :k],
        np.asarray(robust)[:k, :k] * n / (n - k),
        lambda mu: mu + alpha * mu**2,
        leverage,
        alpha,
    )
