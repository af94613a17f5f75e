"""Every measure by its key. A theme file ends in a tuple ``MEASURES``; this table puts them together."""

from collections.abc import Mapping

from dashboard.measures import (
    after,
    averted,
    by_mode,
    calls,
    comparators,
    connections,
    effect,
    eligible,
    evidence,
    first_weeks,
    money,
    money_clock,
    money_cost,
    money_lines,
    outcomes,
    people_effect,
    plan,
    quality,
    reach,
    referrals,
    same_months,
    sturdy,
)
from dashboard.model import Measure

MEASURES: Mapping[str, Measure] = {
    measure.key: measure
    for theme in (
        reach.MEASURES,
        first_weeks.MEASURES,
        referrals.MEASURES,
        connections.MEASURES,
        calls.MEASURES,
        eligible.MEASURES,
        effect.MEASURES,
        plan.MEASURES,
        evidence.MEASURES,
        sturdy.MEASURES,
        same_months.MEASURES,
        people_effect.MEASURES,
        averted.MEASURES,
        by_mode.MEASURES,
        outcomes.MEASURES,
        money_lines.MEASURES,
        money.MEASURES,
        after.MEASURES,
        money_clock.MEASURES,
        money_cost.MEASURES,
        comparators.MEASURES,
        quality.MEASURES,
    )
    for measure in theme
}
"""In the order of the glossary."""
