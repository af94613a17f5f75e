"""The plain comparison that everybody makes: the same calendar months a year before. Descriptive, and says so."""

import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, effect
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from dashboard.stats import ratio_exact
from db.access import Permission
from db.ledger import month_end
from db.models import Pilot
from db.vocab import Scope

TABLE = ("group", "period", "value", "before", "days", "days_before")


def repeat_calls_before_after(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Repeat calls of each judged month after and of the same month a year before. Period and staff do not apply.

    A pair counts when both months could be judged and the earlier one lies before the launch month.
    """
    key, lang = "repeat_calls_before_after", filters.lang
    table = _pairs(effect.fitted(session, pilot, filters.as_of)[0].months, lang)
    after, before = int(table["value"].sum()), int(table["before"].sum())
    days = (int(table["days"].sum()), int(table["days_before"].sum()))
    found = ratio_exact(after, before, *days) if len(table) else Estimate(None)
    stated = found.value is not None
    values = {
        "n": words.number(len(table), lang),
        "after": words.number(after, lang),
        "before": words.number(before, lang),
        "ratio": words.ratio(found.value, lang),
        "low": words.ratio(found.low, lang),
        "high": words.ratio(found.high, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: f"same_months_{name}" for name in TABLE}),
        estimate=found,
        display=words.ratio(found.value, lang),
        context=common.said(key, "context", lang, **values) if stated else "",
        sentence=common.said(key, "sentence" if stated else "nothing", lang, **values),
        caveats=(common.said(key, "descriptive", lang),) if stated else (),
        marks=common.marks(session, pilot, filters, key),
    )


def _pairs(months: pd.DataFrame, lang: str) -> pd.DataFrame:
    """One row per pair: the month after by name, its repeat calls, those of the year before, and both months' days."""
    judged = months.loc[months["observed"].notna()]
    counts = {row["month"]: (row["phase"], row["observed"]) for row in judged.to_dict("records")}
    rows = []
    for month, (phase, observed) in counts.items():
        year_before = month.replace(year=month.year - 1)
        earlier = counts.get(year_before)
        if phase == "after" and earlier is not None and earlier[0] == "before":
            days = (month_end(month).day, month_end(year_before).day)
            rows.append((words.month(month, lang), month, int(observed), int(earlier[1]), *days))
    return pd.DataFrame(rows, columns=list(TABLE))


MEASURES: tuple[Measure, ...] = (
    common.define(
        "repeat_calls_before_after",
        repeat_calls_before_after,
        chart="compare",
        direction=Direction.down_good,
        about_people=False,
        scopes=(Scope.calls, Scope.setup),
        permission=Permission.see_overview,
    ),
)
