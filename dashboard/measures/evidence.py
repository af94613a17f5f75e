"""How sure is the answer? The effect on one axis beside other calls, and how the model fits.

Both rest on the one pre-specified analysis of ``measures.effect``; nothing here can move the verdict.
"""

from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.effects import Fit
from dashboard.measures import common, effect, evidence_words
from dashboard.measures.effect import Primary
from dashboard.measures.evidence_words import say
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from dashboard.verdict import Verdict
from db.access import Permission
from db.models import Pilot
from db.vocab import Scope

AXIS = ("kind", "group", "value", "low", "high")
BAND = 1.96
"""Standard deviations within which 19 of 20 residuals belong."""


def effect_axis(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The estimate with both of its intervals, the change of other calls, and the ratio of the two.

    Marks: ``method``, the analysis step by step with its numbers. Nothing is stated while it is too early.
    """
    key, lang = "effect_axis", filters.lang
    found = effect.primary(session, pilot, filters.as_of)
    stated = found.ruling is not None and found.ruling.verdict is not Verdict.too_early
    said: dict[str, Any] = {"estimate": Estimate(None), "display": say("too_early", lang), "context": ""}
    said |= _axis_words(found, lang) if stated else {"sentence": effect.sentence(found, lang)}
    marks = common.marks(session, pilot, filters, key, target_ratio=found.plan.target_ratio)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=_axis(found, lang) if stated else pd.DataFrame(columns=list(AXIS)),
        columns=common.columns(lang, **{name: f"evidence_{name}" for name in AXIS[1:]}),
        marks=marks | {"method": evidence_words.method(found, pilot, lang), "events": []},
        **said,
    )


def _axis(found: Primary, lang: str) -> pd.DataFrame:
    fit = found.fit
    assert fit is not None
    wide = fit.errors_used == "newey-west"
    other = ("row.by_model", fit.by_model) if wide else ("row.by_newey_west", fit.by_newey_west)
    steps = [("specified", "row.primary", fit.step), ("choice", *other)]
    if found.control is not None:
        steps += [("choice", "row.ratio", found.control.ratio), ("control", "row.control", found.control.control)]
    rows = [(kind, say(name, lang), step.estimate, step.low, step.high) for kind, name, step in steps]
    return pd.DataFrame(rows, columns=list(AXIS))


def _axis_words(found: Primary, lang: str) -> dict[str, Any]:
    fit, control = found.fit, found.control
    assert fit is not None
    shown, limits = effect.shown(fit.step, lang), effect.limits(fit.step, lang)
    sentence = say("axis.sentence", lang, change=effect.change(fit.step, lang), interval=limits)
    if control is not None:
        beside = {"change": effect.shown(control.ratio, lang), "interval": effect.limits(control.ratio, lang)}
        sentence += " " + say("axis.control", lang, **beside)
    return {
        "estimate": Estimate(fit.step.estimate, fit.step.low, fit.step.high, fit.n_before + fit.n_after),
        "display": shown,
        "context": say("interval", lang, interval=limits),
        "sentence": sentence,
        "caveats": (say("axis.wider", lang),),
    }


# --- does the model fit? ---------------------------------------------------------------------------------


def effect_residuals(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """How far each month lies from the fitted line. Marks: ``checks``, what the model assumes, figure by figure."""
    key, lang = "effect_residuals", filters.lang
    found = effect.primary(session, pilot, filters.as_of)
    table = pd.DataFrame(columns=["month", "value", "phase"])
    said: dict[str, Any] = {"display": words.NOTHING, "context": "", "sentence": effect.sentence(found, lang)}
    if found.fit is not None:
        table = _residuals(found.fit)
        d = words.ratio(found.fit.dispersion, lang)
        outside = int((table["value"].abs() > BAND).sum())
        said = {
            "display": d,
            "context": say("residual.context", lang),
            "sentence": say("residual.sentence", lang, n=outside, of=len(table), d=d),
        }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, month="effect_month", value="evidence_residual", phase="effect_phase"),
        estimate=Estimate(None if found.fit is None else found.fit.dispersion, n=len(table)),
        caveats=effect.caveats(session, pilot, found, lang),
        marks={"checks": evidence_words.checks(found, lang)},
        **said,
    )


def _residuals(fit: Fit) -> pd.DataFrame:
    """month, value (Pearson residual ÷ √dispersion), phase; the left-out month of the launch is not there."""
    taken = fit.periods[fit.periods["phase"] != "launch"].reset_index(drop=True)
    scatter = fit.dispersion**0.5 if fit.dispersion > 0 else 1.0
    return pd.DataFrame({"month": taken["period"], "value": taken["residual"] / scatter, "phase": taken["phase"]})


EVIDENCE: dict[str, Any] = {
    "direction": Direction.neither,
    "about_people": False,
    "scopes": (Scope.calls, Scope.setup),
    "permission": Permission.see_overview,
}
"""What is the same of all measures that say how sure the effect is."""
MEASURES: tuple[Measure, ...] = (
    common.define("effect_axis", effect_axis, chart="forest", **EVIDENCE),
    common.define("effect_residuals", effect_residuals, chart="residuals", **EVIDENCE),
)
