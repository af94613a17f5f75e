"""What a reader of a fit must know: sentences about short, gappy, scattered, clustered or lopsided data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy import stats

from dashboard.periods import SEASON, Series

if TYPE_CHECKING:
    from dashboard.effects import Fit


OUTLYING = 0.01
"""Bonferroni's *p* (times the number of periods) below which a period is said to lie far from the line."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about the data or the fit that a reader must know. ``code`` and ``values`` for translators."""

    code: str
    values: dict[str, Any]
    sentence: str


def cautions(fit: "Fit", kept: Series, unused: tuple[str, ...] = ()) -> tuple[Caution, ...]:
    """The sentences of one fit; none when all is well. ``unused``: days of break lines outside the data."""
    return (*_about_the_data(fit, kept, unused), *_about_the_scatter(fit, kept))


def say(code: str, sentence: str, **values: Any) -> Caution:
    return Caution(code, values, sentence.format(**values))


def _about_the_data(fit: "Fit", kept: Series, unused: tuple[str, ...]) -> list[Caution]:
    year, every = SEASON[kept.every], kept.every
    found: list[Caution] = []
    if fit.n_before < (24 if every == "month" else 12):
        short = "Only {n} {every}s before the intervention: the earlier trend is uncertain."
        found.append(say("short_before", short, n=fit.n_before, every=every))
    if fit.n_after < 6:
        short = "Only {n} {every}s after the intervention: too early for a verdict."
        found.append(say("short_after", short, n=fit.n_after, every=every))
    span = int(kept.index[-1] - kept.index[0] + 1)
    missing = span - len(kept.index) - (fit.plan.launch == "exclude")
    if missing == 1:
        found.append(say("gap", "1 missing {every} is left out as a gap, not counted as zero.", every=every))
    elif missing:
        gaps = "{n} missing {every}s are left out as gaps, not counted as zero."
        found.append(say("gaps", gaps, n=missing, every=every))
    if fit.plan.season and year is None:
        found.append(say("no_season", "Yearly data have no season: the harmonic pairs were left out."))
    elif fit.plan.season and year is not None and fit.n_before < int(2 * year):
        short = "Fewer than two years before the intervention: the season is uncertain."
        found.append(say("short_season", short))
    for day in unused:
        outside = "The break line of {day} lies outside the data and was left out."
        found.append(say("break_outside", outside, day=day))
    return found


def _about_the_scatter(fit: "Fit", kept: Series) -> list[Caution]:
    family, d, every = fit.plan.family, fit.dispersion, kept.every
    found: list[Caution] = []
    if family == "poisson" and d > 1.5:
        narrow = "The counts vary {d:.1f} times as much as a Poisson model allows: its interval is too narrow."
        found.append(say("overdispersed", narrow, d=d))
    elif family == "quasipoisson" and d < 0.5:
        regular = "The counts vary less than chance alone would make them: check how they were made."
        found.append(say("regular", regular))
    elif family == "quasipoisson" and d > 5:
        found.append(say("scattered", "The counts scatter widely around the line (dispersion {d:.1f}).", d=d))
    if family == "negbin" and fit.alpha is None:
        plain = "The counts scatter no more than a Poisson model allows, so negbin is the Poisson model here."
        found.append(say("not_overdispersed", plain))
    if fit.durbin_watson < 1.3 or fit.durbin_watson > 2.7 or (fit.ljung_box_p is not None and fit.ljung_box_p < 0.05):
        depends = "Beyond trend and season, one {every} still depends on another (Durbin–Watson {dw:.2f}): "
        found.append(say("autocorrelated", depends + "trust the wider interval.", every=every, dw=fit.durbin_watson))
    apart = fit.periods["studentized"].abs()
    freedom = len(kept.index) - len(fit.design.coefficients) - 1
    if apart.notna().any() and 2 * len(kept.index) * stats.t.sf(apart.max(), freedom) < OUTLYING:
        worst = fit.periods.iloc[int(apart.argmax())]
        far = "The {every} of {period} ({observed:g}) lies far from the line and may drive the estimate."
        found.append(say("outlier", far, every=every, period=worst["period"], observed=worst["observed"]))
    return found
