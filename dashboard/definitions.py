"""What each measure of an edition meant on its day, so that a changed definition can be told from changed figures."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.measures import MEASURES
from dashboard.measures.common import said
from dashboard.measures.effect import the_plan
from dashboard.model import Filters
from db.models import CallRuleChange, Event
from db.pilot import the_pilot
from db.vocab import LANGUAGES, EventKind, Scope

WORDS = ("definition", "counts", "leaves_out")
PARTS = ("words", "unit", "window", "rules", "breaks", "plan", "threshold")
"""What a definition is made of; a part that a measure has no use for is absent."""
BY_PLAN = frozenset(
    {"repeat_call_effect", "effect_plan", "effect_axis", "effect_residuals", "effect_detectable", "effect_robustness"}
    | {"repeat_calls", "repeat_calls_before_after", "people_before_after", "later_calls_by_mode"}
    | {"officer_hours_returned", "cost_per_call_averted"}
)
"""Measures that are computed as the plan of the effect says."""


def definitions(session: Session, keys: Iterable[str], filters: Filters) -> dict[str, dict[str, Any]]:
    """Key of the measure → its definition in plain values: see ``PARTS``.

    ``rules``: how many changes of the call rules moved calls; ``breaks``: the days on which a definition changed.
    """
    plan = the_plan(session)
    planned = {"window_days": plan.window_days, "target_ratio": plan.target_ratio, "months": list(plan.verdict_months)}
    threshold = the_pilot(session).small_count_threshold
    rules = _rules(session)
    breaks = _breaks(session, filters.as_of)
    found = {}
    for key in keys:
        measure = MEASURES[key]
        of_calls = Scope.calls.value in measure.scopes
        found[key] = {
            "words": {lang: " ".join(filter(None, (said(key, part, lang) for part in WORDS))) for lang in LANGUAGES},
            "unit": {lang: said(key, "unit", lang) for lang in LANGUAGES},
            "breaks": [day for day, of_rules in breaks if of_calls or not of_rules],
            **({"window": filters.window_days, "rules": rules} if of_calls else {}),
            **({"plan": planned} if key in BY_PLAN else {}),
            **({"threshold": threshold} if measure.about_people else {}),
        }
    return found


def differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of ``PARTS`` are not the same in two definitions of one measure."""
    return tuple(part for part in PARTS if was.get(part) != now.get(part))


def _rules(session: Session) -> int:
    changes = select(func.count()).where(CallRuleChange.undone_at.is_(None), CallRuleChange.calls > 0)
    return session.scalar(changes) or 0


def _breaks(session: Session, as_of: date) -> list[tuple[str, bool]]:
    """(ISO day, whether a call rule drew it), oldest first."""
    drawn = set(session.scalars(select(CallRuleChange.event_id).where(CallRuleChange.event_id.is_not(None))))
    events = session.execute(
        select(Event.id, Event.on_date)
        .where(Event.kind == EventKind.definition, Event.on_date <= as_of)
        .order_by(Event.on_date, Event.id)
    )
    return [(day.isoformat(), number in drawn) for number, day in events]
