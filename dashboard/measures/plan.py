"""What was fixed before the start, and every change of it with its day and reason."""

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.access import Permission
from db.models import EffectPlan, Pilot
from db.pilot import local_day
from db.vocab import Scope

TABLE = ("group", "window", "target", "months", "when", "reason")


def effect_plan(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Every version of the pre-specified analysis, oldest first; the last one counts. No filter applies."""
    key, lang = "effect_plan", filters.lang
    plans = session.scalars(select(EffectPlan).order_by(EffectPlan.frozen_at, EffectPlan.id)).all()
    days = [local_day(plan.frozen_at, pilot.time_zone) for plan in plans]
    rows = [
        (
            words.day(day, lang),
            words.number(plan.window_days, lang),
            words.percent(1 - plan.target_ratio, lang, 1),
            words.listing([words.number(month, lang) for month in plan.verdict_months], lang),
            common.said(key, "before" if day < pilot.starts_on else "after", lang),
            plan.reason or "",
        )
        for plan, day in zip(plans, days, strict=True)
    ]
    values = {"launch": words.day(pilot.starts_on, lang), "n": words.number(len(plans) - 1, lang)}
    if plans:
        values |= {"day": rows[0][0], "last": rows[-1][0], "reason": plans[-1].reason or words.NOTHING}
    late = bool(days) and days[0] >= pilot.starts_on
    form = "never" if not plans else "changed" if len(plans) > 1 else "late" if late else "kept"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=list(TABLE)),
        columns=common.columns(lang, **{name: f"plan_{name}" for name in TABLE}),
        estimate=Estimate(None, n=len(plans)),
        display=rows[-1][0] if rows else words.NOTHING,
        context=common.said(key, "context", lang, **values) if rows else "",
        sentence=common.said(key, form, lang, **values),
        marks=common.marks(session, pilot, filters, key),
    )


MEASURES: tuple[Measure, ...] = (
    common.define(
        "effect_plan",
        effect_plan,
        chart=None,
        about_people=False,
        scopes=(Scope.setup,),
        permission=Permission.see_overview,
    ),
)
