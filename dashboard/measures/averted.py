"""What the effect on repeat calls comes to: officers' hours returned, and what one averted call cost."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.effects import Fit
from dashboard.measures import common, effect, money
from dashboard.measures.effect import Primary
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from dashboard.verdict import Verdict
from db.access import Permission
from db.cad.meaning import KINDS, day_number, meanings
from db.ledger import closed_through, month_end
from db.models import Call, CallUnit, Pilot
from db.vocab import CallCategory, Scope, text

BH = CallCategory.behavioural_health
MONTHS = ("period", "observed", "expected", "value", "hours", "status")


@dataclass(frozen=True, slots=True)
class Averted:
    """Repeat calls that did not happen: expected − observed over the judged months after; negative: more came.

    ``low``/``high``: the observed calls are known, the expected ones are uncertain as the model's ratio is.
    """

    months: pd.DataFrame
    """period, observed, expected: the judged months after, up to ``through``."""
    observed: float
    expected: float
    low: float
    high: float

    @property
    def calls(self) -> float:
        return self.expected - self.observed


def averted(fit: Fit, through: date | None = None) -> Averted | None:
    """Of the months after that end on or before ``through`` (None: all of them); None where there is none."""
    after = fit.periods.loc[fit.periods["phase"] == "after", ["period", "observed", "expected"]]
    if through is not None:
        after = after.loc[[month_end(month) <= through for month in after["period"]]]
    if after.empty:
        return None
    observed, expected = float(after["observed"].sum()), float(after["expected"].sum())
    step = fit.step
    low, high = (expected * step.estimate / limit - observed for limit in (step.high, step.low))
    return Averted(after.reset_index(drop=True), observed, expected, low, high)


def stated(found: Primary) -> Fit | None:
    """The fit, unless the verdict's rules call it too early to state anything."""
    early = found.ruling is None or found.ruling.verdict is Verdict.too_early
    return None if early else found.fit


# --- officers' hours -------------------------------------------------------------------------------------


def median_unit_hours(session: Session, pilot: Pilot) -> Estimate:
    """Median over the baseline's behavioural-health calls of Σ over units of arrival → clear, in hours.

    Calls from the baseline's first day to the eve of the pilot; a call none of whose units has both times is
    left out. ``n`` calls.
    """
    first, last = pilot.baseline_starts_on, pilot.starts_on - timedelta(days=1)
    spent = cast(extract("epoch", CallUnit.cleared_at), BigInteger) - cast(
        extract("epoch", CallUnit.arrived_at), BigInteger
    )
    mean = meanings(session)
    asked = (
        select(Call.type_id, Call.received_on, func.sum(spent))
        .join(CallUnit, CallUnit.call_id == Call.id)
        .where(Call.type_id.in_(mean.types_of([BH])), Call.received_on.between(first, last))
        .where(CallUnit.arrived_at.is_not(None), CallUnit.cleared_at.is_not(None))
        .group_by(Call.id)
    )
    hours = np.array([(kind, day_number(day), int(total)) for kind, day, total in session.execute(asked)], np.int64)
    if len(hours):  # a type is of the category on its days
        hours = hours[mean.kinds(hours[:, 0], hours[:, 1]) == KINDS.index(BH), 2] / 3600
    return Estimate(float(np.median(hours)) if len(hours) else None, n=len(hours))


def officer_hours_returned(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """(expected − observed repeat calls) × median unit-hours; negatives kept. Period and staff do not apply."""
    key, lang = "officer_hours_returned", filters.lang
    found = effect.primary(session, pilot, filters.as_of)
    fit, median = stated(found), median_unit_hours(session, pilot)
    gone = None if fit is None else averted(fit)
    each = median.value
    hours = (
        Estimate(None)
        if gone is None or each is None
        else Estimate(gone.calls * each, gone.low * each, gone.high * each, len(gone.months))
    )
    values = _values(gone, lang) | {
        "hours": words.number(hours.value, lang),
        "low": words.number(hours.low, lang),
        "high": words.number(hours.high, lang),
        "median": words.number(each, lang, 2),
        "n": words.number(median.n, lang),
    }
    form = "early" if gone is None else "untimed" if each is None else "sentence"
    said = common.said(key, form, lang, **values)
    if hours.value is not None:
        said += " " + common.said(key, _beside(hours), lang)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=_months(gone, each),
        columns=common.columns(lang, **{name: f"averted_{name}" for name in MONTHS}),
        estimate=hours,
        display=words.NOTHING if hours.value is None else common.said(key, "display", lang, **values),
        context="" if hours.value is None else common.said(key, "context", lang, **values),
        sentence=said,
        caveats=_caveats(found, lang) if hours.value is not None else (),
        marks=common.marks(session, pilot, filters, key)
        | {"median_unit_hours": each, "median_n": median.n}
        | {"averted": None if gone is None else (gone.calls, gone.low, gone.high)},
    )


def _beside(amount: Estimate) -> str:
    """Which sentence says what the interval means: it holds zero, lies above it, or below."""
    if (amount.low or 0) <= 0 <= (amount.high or 0):
        return "unsure"
    return "returned" if (amount.value or 0) > 0 else "more"


def _values(gone: Averted | None, lang: str) -> dict[str, str]:
    if gone is None:
        return {}
    return {
        "expected": words.number(gone.expected, lang),
        "observed": words.number(gone.observed, lang),
        "months": words.number(len(gone.months), lang),
        "calls": words.number(gone.calls, lang),
        "calls_low": words.number(gone.low, lang),
        "calls_high": words.number(gone.high, lang),
    }


def _months(gone: Averted | None, each: float | None) -> pd.DataFrame:
    """One row per judged month after: calls expected and observed, their difference, and its hours."""
    if gone is None:
        return pd.DataFrame(columns=list(MONTHS))
    table = gone.months.assign(value=gone.months["expected"] - gone.months["observed"], status=common.FINAL)
    table["hours"] = table["value"] * (np.nan if each is None else each)
    return table[list(MONTHS)]


def _caveats(found: Primary, lang: str) -> tuple[str, ...]:
    said = [_say("interval", lang)]
    if found.ruling is not None and found.ruling.control_overrules:
        said.append(_say("control", lang))
    return tuple(said)


def _say(key: str, lang: str) -> str:
    return text(f"averted.{key}", "es" if lang == "es" else "en")


# --- money -----------------------------------------------------------------------------------------------


def cost_per_call_averted(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Expenditures ÷ repeat calls averted, both through the last month that finance closed and calls cover.

    Stated only where the interval of the calls averted lies above zero. Period and staff do not apply.
    """
    key, lang = "cost_per_call_averted", filters.lang
    found = effect.primary(session, pilot, filters.as_of)
    fit, closed = stated(found), closed_through(session)
    gone = None if fit is None or closed is None else averted(fit, closed)
    through = None if gone is None else month_end(gone.months["period"].iloc[-1])
    spent = float(money.spent_through(session, through)) if through else 0.0
    worth = gone is not None and gone.low > 0 and spent > 0
    cost = Estimate(spent / gone.calls, spent / gone.high, spent / gone.low) if gone and worth else Estimate(None)
    values = _values(gone, lang) | {
        "cost": words.money(cost.value, lang),
        "low": words.money(cost.low, lang),
        "high": words.money(cost.high, lang),
        "spent": words.money(spent, lang),
        "day": words.day(through, lang),
    }
    form = "sentence" if worth else "early" if fit is None else "not_closed" if gone is None else "not_stated"
    row = {
        "spent": spent if gone else np.nan,
        "averted": gone.calls if gone else np.nan,
        "averted_low": gone.low if gone else np.nan,
        "averted_high": gone.high if gone else np.nan,
    }
    limits = {name: np.nan if limit is None else limit for name, limit in _limits(cost).items()}
    table = pd.DataFrame([row | limits], dtype=float)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: f"averted_cost_{name}" for name in table.columns}),
        estimate=cost,
        display=words.money(cost.value, lang) if worth else _say("cannot", lang),
        context=common.said(key, "context", lang, **values) if worth else "",
        sentence=common.said(key, form, lang, **values),
        caveats=_caveats(found, lang) if worth else (),
        marks=common.marks(session, pilot, filters, key) | {"closed_through": closed, "through": through},
    )


def _limits(cost: Estimate) -> dict[str, float | None]:
    return {"value": cost.value, "low": cost.low, "high": cost.high}


_CALLS = (Scope.calls, Scope.setup)
_CITY: dict[str, Any] = {"about_people": False, "chart": None}
MEASURES: tuple[Measure, ...] = (
    common.define(
        "officer_hours_returned",
        officer_hours_returned,
        direction=Direction.up_good,
        scopes=_CALLS,
        permission=Permission.see_overview,
        **_CITY,
    ),
    common.define(
        "cost_per_call_averted",
        cost_per_call_averted,
        direction=Direction.down_good,
        scopes=(Scope.money, *_CALLS),
        permission=Permission.see_money,
        **_CITY,
    ),
)
