"""Did repeat calls fall? The primary analysis of measures.md, section 5, as it was fixed before the start."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import verdict, words
from dashboard.effects import Caution, ControlRatio, Fit, Interval, Plan, against_control, expected, interrupted
from dashboard.measures import common, history
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from dashboard.periods import EffectError, Series, series
from dashboard.repeats import Monthly, launch_shift
from dashboard.verdict import Ruling, Verdict
from db.access import Permission
from db.commands.call_rules import CHANGED
from db.ledger import month_end
from db.models import EffectPlan, Event, Pilot
from db.vocab import CallCategory, Scope, text

KEYED_JUMP = 0.05
"""A larger change of the keyed share at launch is a warning."""
TABLE = ("month", "observed", "expected", "low", "high", "fitted", "phase")


@dataclass(frozen=True, slots=True)
class Primary:
    """The pre-specified analysis on one day, as far as it could be carried out.

    ``months``: month, observed (NaN: a gap), phase. ``problem``: why there is no fit, in a sentence.
    """

    plan: EffectPlan
    months: pd.DataFrame
    monthly: Monthly | None
    fit: Fit | None = None
    control: ControlRatio | None = None
    ruling: Ruling | None = None
    problem: str = ""


def the_plan(session: Session) -> EffectPlan:
    """The newest pre-specified plan, or the documented defaults where none was frozen (``id`` None)."""
    newest = session.scalars(select(EffectPlan).order_by(EffectPlan.frozen_at.desc(), EffectPlan.id.desc())).first()
    return newest or EffectPlan(window_days=90, target_ratio=0.80, verdict_months=[6, 9, 12])


def primary(session: Session, pilot: Pilot, as_of: date) -> Primary:
    """Carry the plan out with what is known on ``as_of``. Never raises for thin data: ``problem`` says why."""
    return common.once(session, ("primary", as_of), lambda: _primary(session, pilot, as_of))


def _primary(session: Session, pilot: Pilot, as_of: date) -> Primary:
    found, data, model = fitted(session, pilot, as_of)
    if found.fit is None or data is None:
        return found
    control = _control(history.repeat_series(session, CallCategory.control, found.plan.window_days, as_of), data, model)
    ruling = verdict.rule(
        found.fit.step,
        target=found.plan.target_ratio,
        before=found.fit.n_before,
        after=found.fit.n_after,
        verdict_months=found.plan.verdict_months,
        elapsed=list(found.months["phase"]).count("after"),
        to_control=control.ratio.estimate if control else None,
    )
    return replace(found, control=control, ruling=ruling)


def fitted(session: Session, pilot: Pilot, as_of: date) -> tuple[Primary, Series | None, Plan]:
    """The plan's own series and its fit, without control and verdict."""
    return common.once(session, ("fitted", as_of), lambda: _fitted(session, pilot, as_of))


def _fitted(session: Session, pilot: Pilot, as_of: date) -> tuple[Primary, Series | None, Plan]:
    plan, model = the_plan(session), Plan()
    monthly = history.repeat_series(session, CallCategory.behavioural_health, plan.window_days, as_of)
    if monthly is None:
        return Primary(plan, pd.DataFrame(columns=["month", "observed", "phase"]), None), None, model
    months = months_of(monthly.table, pilot)
    model = model_of(months)
    try:
        data = series_of(months, pilot)
        return Primary(plan, months, monthly, interrupted(data, model)), data, model
    except EffectError as problem:
        return Primary(plan, months, monthly, problem=str(problem)), None, model


def model_of(months: pd.DataFrame) -> Plan:
    """The pre-specified model: two harmonic pairs from 24 judged months before on, launch month out, wider errors."""
    before = int(months.loc[months["phase"] == "before", "observed"].notna().sum())
    return Plan(season=2 if before >= verdict.MONTHS_BEFORE else 0, launch="exclude", errors="wider")


def months_of(table: pd.DataFrame, pilot: Pilot) -> pd.DataFrame:
    """From the baseline's first whole month to the last one of data and pilot; a broken month is a gap.

    ``table``: month, whole, repeats, one row a month, as in :class:`Monthly`. Out: month, observed, phase.
    """
    whole = table.loc[table["whole"], "month"]
    first = max(pilot.baseline_starts_on, whole.iloc[0]) if len(whole) else date.max
    last = max(whole) if len(whole) else date.min
    inside = [first <= month <= last and month_end(month) <= pilot.ends_on for month in table["month"]]
    kept = table.loc[inside]
    launch = pilot.starts_on.replace(day=1)
    phase = ["launch" if m == launch else "before" if m < launch else "after" for m in kept["month"]]
    observed = kept["repeats"].where(kept["whole"]).astype(float)
    return pd.DataFrame({"month": kept["month"], "observed": observed, "phase": phase}).reset_index(drop=True)


def series_of(months: pd.DataFrame, pilot: Pilot) -> Series:
    """Those months as the engine's series, offset by their days. Raises EffectError where they are too few."""
    days = [month_end(m).day for m in months["month"]]
    counts = months["observed"].to_numpy(float)
    return series(list(months["month"]), counts, pilot.starts_on, exposure=np.array(days, float), every="month")


def _control(monthly: Monthly | None, data: Series, model: Plan) -> ControlRatio | None:
    """The ratio to the control series, or None where there is none that can be analysed."""
    if monthly is None:
        return None
    whole = monthly.table.loc[monthly.table["whole"]]
    counts = dict(zip(whole["month"], whole["repeats"], strict=True))
    try:
        return against_control(data, [counts.get(month, np.nan) for month in data.starts], model)
    except EffectError:
        return None


def expected_by_month(session: Session, pilot: Pilot, as_of: date) -> dict[date, float]:
    """First day of each month → repeat calls expected had nothing changed; empty without a fit."""
    fit = fitted(session, pilot, as_of)[0].fit
    if fit is None:
        return {}
    return dict(zip(fit.periods["period"], fit.periods["expected"], strict=True))


# --- the measure -----------------------------------------------------------------------------------------


def repeat_call_effect(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Observed against expected repeat calls. The period and staff filters do not apply: the plan is fixed."""
    key, lang = "repeat_call_effect", filters.lang
    found = primary(session, pilot, filters.as_of)
    since = min([filters.first, *found.months["month"]])  # the chart begins with the baseline, not with the period
    marks = common.marks(session, pilot, filters, key, since=since, target_ratio=found.plan.target_ratio)
    marks |= _facts(found)
    estimate, display, context = _headline(found, lang)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=_table(found),
        columns=common.columns(lang, **{name: f"effect_{name}" for name in TABLE}),
        estimate=estimate,
        display=display,
        context=context,
        sentence=sentence(found, lang),
        caveats=caveats(session, pilot, found, lang),
        spark=common.spark(found.months["observed"]),
        marks=marks,
    )


def _headline(found: Primary, lang: str) -> tuple[Estimate, str, str]:
    """(estimate, display, context); nothing is stated while it is too early."""
    fit, ruling = found.fit, found.ruling
    if fit is None or ruling is None or ruling.verdict is Verdict.too_early:
        return Estimate(None), _say("too_early_short", lang), ""
    step = fit.step
    context = _say("interval", lang, interval=limits(step, lang))
    return Estimate(step.estimate, step.low, step.high, fit.n_before + fit.n_after), shown(step, lang), context


def _table(found: Primary) -> pd.DataFrame:
    """One row per month, gaps included (their ``observed`` is missing), with the line of the earlier trend."""
    if found.fit is None:
        empty = dict.fromkeys(("expected", "low", "high", "fitted"), np.nan)
        return found.months.assign(**empty).loc[:, list(TABLE)]
    lines = found.fit.periods.rename(columns={"period": "month"}).loc[:, ["month", "expected", "low", "high", "fitted"]]
    table = found.months.merge(lines, on="month", how="left")
    if found.ruling is None or found.ruling.verdict is Verdict.too_early:
        table.loc[table["phase"] == "after", "fitted"] = np.nan  # the estimate could be read from it
    gaps = table["expected"].isna().to_numpy()
    if gaps.any():
        missing = table.loc[gaps, "month"]
        index = np.array([m.year * 12 + m.month for m in missing], np.int64)
        days = np.array([month_end(m).day for m in missing], float)
        table.loc[gaps, "expected"] = expected(found.fit.design, index, days)[0]
    return table.loc[:, list(TABLE)]


def _facts(found: Primary) -> dict[str, Any]:
    """What page and slide may say beside the sentence: the checks, the control, what could have been seen."""
    facts: dict[str, Any] = {
        "window_days": found.plan.window_days,
        "verdict": Verdict.too_early.value,
        "interim": False,
    }
    facts["frozen_at"] = found.plan.frozen_at
    if found.monthly is not None:
        facts |= {"basis": found.monthly.basis, "institution_calls": found.monthly.institutions}
    if found.fit is None or found.ruling is None:
        return facts
    fit, control = found.fit, found.control
    return facts | {
        "verdict": found.ruling.verdict.value,
        "interim": found.ruling.interim,
        "target_standing": found.ruling.standing.value,
        "n_before": fit.n_before,
        "n_after": fit.n_after,
        "dispersion": fit.dispersion,
        "durbin_watson": fit.durbin_watson,
        "ljung_box_p": fit.ljung_box_p,
        "errors_used": fit.errors_used,
        "by_model": (fit.by_model.estimate, fit.by_model.low, fit.by_model.high),
        "by_newey_west": (fit.by_newey_west.estimate, fit.by_newey_west.low, fit.by_newey_west.high),
        "control_ratio": (control.ratio.estimate, control.ratio.low, control.ratio.high) if control else None,
        "detectable_ratio": verdict.detectable(fit),
    }


# --- in words --------------------------------------------------------------------------------------------


def sentence(found: Primary, lang: str) -> str:
    """The verdict as one can repeat it. "Interim" between the verdict dates."""
    if found.monthly is None:
        return _say("no_data", lang)
    ruling = found.ruling
    if ruling is None or ruling.verdict is Verdict.too_early:
        judged = list(found.months.loc[found.months["observed"].notna(), "phase"])
        return _say(
            "too_early",
            lang,
            after=judged.count("after"),
            before=judged.count("before"),
            need_after=verdict.MONTHS_AFTER,
            need_before=verdict.MONTHS_BEFORE,
        )
    values = {"change": change(ruling.ratio, lang), "interval": limits(ruling.ratio, lang)}
    if ruling.control_overrules:
        said = _say("overruled", lang, **values)
    else:
        standing = _say(f"target.{ruling.standing.value}", lang, target=words.percent(1 - ruling.target, lang))
        said = _say(ruling.verdict.value, lang, **values) + " " + standing
    return _say("interim", lang, sentence=said[0].lower() + said[1:]) if ruling.interim else said


def change(ratio: Interval, lang: str) -> str:
    """ "14 % below", "3 % above" or "level with", before "what the earlier trend predicts"."""
    return _side(ratio.estimate, "", lang)


def shown(ratio: Interval, lang: str) -> str:
    """The same, standing alone."""
    return _side(ratio.estimate, "shown_", lang)


def _side(ratio: float, prefix: str, lang: str) -> str:
    percent = words.percent(abs(1 - ratio), lang)
    if percent == words.percent(0, lang):
        return _say(f"{prefix}level", lang)
    return _say(prefix + ("below" if ratio < 1 else "above"), lang, percent=percent)


def limits(ratio: Interval, lang: str) -> str:
    """ "3 % to 24 % below", "24 % below to 5 % above" or "2 % to 9 % above"."""
    low, high = (words.percent(abs(1 - limit), lang) for limit in (ratio.low, ratio.high))
    if ratio.high < 1:
        return _say("both_below", lang, near=high, far=low)
    if ratio.low > 1:
        return _say("both_above", lang, near=low, far=high)
    return _say("across", lang, below=low, above=high)


def caveats(session: Session, pilot: Pilot, found: Primary, lang: str) -> tuple[str, ...]:
    """What a reader must know: thin or odd data, the control, the subject's basis, a changed plan."""
    said: list[str] = []
    if found.fit is not None:
        said += [_caution(caution, lang) for caution in found.fit.cautions if caution.code != "short_after"]
        said += [_caution(c, lang) for c in found.control.cautions] if found.control else [_say("no_control", lang)]
    if found.monthly is not None:
        said.append(_say(f"basis.{found.monthly.basis}", lang))
        shift = launch_shift(found.monthly.table, pilot.starts_on)
        if shift is not None and abs(shift) > KEYED_JUMP:
            said.append(_say("keyed_jump", lang, points=words.number(abs(shift) * 100, lang)))
    if found.plan.frozen_at is None:
        said.append(_say("not_frozen", lang))
    elif len(session.scalars(select(EffectPlan.id)).all()) > 1:
        when = words.day(found.plan.frozen_at.date(), lang)
        said.append(_say("plan_changed", lang, day=when, reason=found.plan.reason or "–"))
    elif found.plan.frozen_at.date() >= pilot.starts_on:
        said.append(_say("frozen_late", lang, day=words.day(found.plan.frozen_at.date(), lang)))
    return (*said, *_redefined(session, found.plan, lang))


def _redefined(session: Session, plan: EffectPlan, lang: str) -> list[str]:
    """Changes of the call rules that moved a series after the plan was fixed, each with its day."""
    if plan.frozen_at is None:
        return []
    rows = session.execute(
        select(Event.on_date, Event.label)
        .where(Event.source == CHANGED, Event.on_date > plan.frozen_at.date())
        .order_by(Event.on_date)
    )
    return [_say("definition_changed", lang, day=words.day(day, lang), label=label) for day, label in rows]


def _caution(caution: Caution, lang: str) -> str:
    shown = {
        name: words.month(value, lang)
        if isinstance(value, date)
        else value
        if isinstance(value, str)
        else words.number(value, lang, 2)
        for name, value in caution.values.items()
    }
    return _say(f"caution.{caution.code}", lang, **shown)


def _say(key: str, lang: str, /, **values: object) -> str:
    return text(f"effect.{key}", "es" if lang == "es" else "en", **values)


MEASURES: tuple[Measure, ...] = (
    common.define(
        "repeat_call_effect",
        repeat_call_effect,
        chart="effect",
        direction=Direction.down_good,
        about_people=False,
        scopes=(Scope.calls, Scope.setup),
        permission=Permission.see_overview,
    ),
)
