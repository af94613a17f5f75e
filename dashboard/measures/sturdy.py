"""Does the answer hang on a choice, and what could have been seen? The fixed analysis from other sides.

Nothing here can move the verdict: the pre-specified choice alone gives it, and is marked.
"""

from datetime import date
from math import ceil
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from dashboard import verdict, words
from dashboard.effects import Fit, Interval
from dashboard.measures import common, effect
from dashboard.measures.choices import choices
from dashboard.measures.evidence import EVIDENCE
from dashboard.measures.evidence_words import choice, say
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from dashboard.robustness import Answer, Robustness, robustness
from dashboard.verdict import MONTHS_AFTER, MONTHS_BEFORE, Sight
from db.models import Pilot

ROBUST = ("kind", "group", "value", "low", "high", "before", "after")
SIGHT = ("month", "months", "fall", "phase")


def effect_robustness(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The effect under each other reasonable choice, without each month, and where nothing happened."""
    key, lang = "effect_robustness", filters.lang
    told = common.once(session, ("robustness", filters.as_of), lambda: _told(session, pilot, filters.as_of))
    own = None if told is None or _early(told.specified) else told.specified.step
    said: dict[str, Any] = {"display": words.NOTHING, "context": "", "sentence": say("robust.early", lang)}
    table = pd.DataFrame(columns=list(ROBUST))
    if told is not None and own is not None:
        agree, of = told.agreeing()
        table = pd.DataFrame([_row(answer, lang) for answer in told.answers], columns=list(ROBUST))
        said = {
            "display": say("robust.display", lang, n=agree, of=of),
            "context": say("robust.context", lang),
            "sentence": _robust_words(told, lang),
            "caveats": _robust_caveats(told, lang),
        }
    marks = common.marks(session, pilot, filters, key, target_ratio=effect.the_plan(session).target_ratio)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(("value", "low", "high"), float)),
        columns=common.columns(lang, **{name: f"evidence_{name}" for name in ROBUST[1:]}),
        estimate=Estimate(None) if own is None else Estimate(own.estimate, own.low, own.high, len(table)),
        marks=marks | {"events": []},
        **said,
    )


def _told(session: Session, pilot: Pilot, as_of: date) -> Robustness | None:
    asked = choices(session, pilot, as_of)
    return robustness(*asked) if asked else None


def _early(answer: Answer) -> bool:
    """Whether the rules of the verdict call it too early to state anything."""
    return answer.n_before < MONTHS_BEFORE or answer.n_after < MONTHS_AFTER


def _row(answer: Answer, lang: str) -> tuple[Any, ...]:
    step = answer.step
    limits = (None, None, None) if step is None else (step.estimate, step.low, step.high)
    return (answer.kind, choice(answer.label, answer.period, lang), *limits, answer.n_before, answer.n_after)


def _robust_words(told: Robustness, lang: str) -> str:
    """How many read the same, how far they lie apart, and what the pretended starts say."""
    agree, of = told.agreeing()
    said = [say("robust.all" if agree == of else "robust.some", lang, n=agree, of=of, span=_span(told.span(), lang))]
    own = told.specified.reads(told.nothing)
    others = [a for a in told.of("choice") if a.step is not None and a.reads(told.nothing) != own]
    if others:
        names = words.listing([choice(a.label, a.period, lang) for a in others], lang)
        said.append(say("robust.other", lang, choices=names))
    moved, tried = told.moved()
    if tried:
        said.append(say("robust.placebo", lang, n=moved, of=tried))
    return " ".join(said)


def _robust_caveats(told: Robustness, lang: str) -> tuple[str, ...]:
    said = []
    same, without = told.agreeing("left_out")
    if without:
        said.append(say("robust.left_out", lang, n=same, of=without, span=_span(told.span("left_out"), lang)))
    for answer in told.of("choice"):
        if answer.step is None:
            name = choice(answer.label, answer.period, lang)
            said.append(say("robust.problem", lang, choice=name, problem=answer.problem))
    return (*said, say("robust.placebo_note", lang))


def _span(span: tuple[float, float] | None, lang: str) -> str:
    """ "22 % below to 31 % below": the smallest and the largest of several estimates."""
    if span is None:
        return words.NOTHING
    ends = [effect.shown(Interval(value, value, value, 1.0, 0.0), lang) for value in span]
    return ends[0] if ends[0] == ends[1] else say("robust.span", lang, first=ends[0], last=ends[1])


# --- what could have been seen ---------------------------------------------------------------------------


def effect_detectable(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The smallest fall that would be seen four times in five, by months of follow-up."""
    key, lang = "effect_detectable", filters.lang
    found = effect.fitted(session, pilot, filters.as_of)[0]
    table = pd.DataFrame(columns=list(SIGHT))
    marks = common.marks(session, pilot, filters, key, target_ratio=found.plan.target_ratio) | {"events": []}
    said: dict[str, Any] = {"display": words.NOTHING, "context": "", "sentence": say("sight.nothing", lang)}
    estimate = Estimate(None)
    if found.fit is not None:
        seen = verdict.sight(found.fit, found.plan.target_ratio)
        curve = seen.curve.rename(columns={"after": "months", "period": "month"})
        phase = ["known" if there else "ahead" for there in curve["observed"]]
        table = curve.assign(fall=1 - curve["ratio"], phase=phase).loc[:, list(SIGHT)]
        known = table.loc[table["phase"] == "known", "fall"].dropna()
        fall = float(known.iloc[-1]) if len(known) else None  # as the curve says, which the chart shows
        estimate = Estimate(fall, n=found.fit.n_before + found.fit.n_after)
        marks |= {"reached_on": seen.reached_on, "reached": seen.reached, "power": verdict.POWER}
        said = {
            "display": words.NOTHING if fall is None else _rounded_up(fall, lang),
            "context": say("sight.context", lang, n=found.fit.n_after),
            "sentence": _sight_words(found.fit, fall, seen, lang),
            "caveats": (say("sight.how", lang),),
        }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: f"evidence_{name}" for name in SIGHT}),
        estimate=estimate,
        marks=marks,
        **said,
    )


def _rounded_up(share: float, lang: str) -> str:
    """A fall that can be seen, never stated smaller than it is."""
    return words.percent(ceil(share * 100 - 1e-9) / 100, lang)


def _sight_words(fit: Fit, fall: float | None, seen: Sight, lang: str) -> str:
    values = {"before": fit.n_before, "after": fit.n_after}
    said = say("sight.none", lang, **values)
    if fall is not None:
        said = say("sight.now", lang, fall=_rounded_up(fall, lang), **values)
    target = words.percent(1 - seen.target, lang)
    if seen.reached is None:
        return f"{said} {say('sight.never', lang, target=target, months=int(seen.curve['after'].iloc[-1]))}"
    key = (
        "sight.since" if bool(seen.curve.loc[seen.curve["after"] == seen.reached, "observed"].iloc[0]) else "sight.from"
    )
    return f"{said} {say(key, lang, target=target, month=words.month(seen.reached_on, lang))}"


MEASURES: tuple[Measure, ...] = (
    common.define("effect_detectable", effect_detectable, chart="detect", **EVIDENCE),
    common.define("effect_robustness", effect_robustness, chart="forest", **EVIDENCE),
)
