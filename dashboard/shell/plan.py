"""``tandem plan``: the analysis that was fixed in advance, and the only way to change it: with a reason."""

from collections.abc import Sequence
from typing import Annotated

import typer

from dashboard import words
from dashboard.shell import opened
from db.commands.effect_plan import change_effect_plan, versions
from db.engine import record_session
from db.errors import Invalid
from db.forms import checked
from db.forms.effect_plan import EffectPlanForm
from db.models import EffectPlan, Pilot
from db.pilot import local_day

NOTHING = "Nothing was fixed in advance: the documented defaults are used (90 days, 20 %, months 6, 9 and 12)."


def plan(
    window: Annotated[int | None, typer.Option(help="Days within which a call is a repeat.")] = None,
    fall: Annotated[float | None, typer.Option(help="The fall in repeat calls aimed at, in percent.")] = None,
    month: Annotated[list[int] | None, typer.Option(help="A month of verdict; may be repeated.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is changed; shown beside every answer from then on.")] = "",
) -> None:
    """Show every version of the analysis that was fixed in advance; with options, change it from today on.

    tandem plan
    tandem plan --window 180 --reason "The evaluator asked for half a year"
    tandem plan --fall 15 --month 6 --month 12 --reason "Agreed with the council"
    """
    bind, pilot, viewer = opened()
    asked = {"window_days": window, "fall_percent": fall, "verdict_months": tuple(month) if month else None}
    wanted = {name: value for name, value in asked.items() if value is not None}
    if reason and not wanted:
        raise Invalid({"window": "A reason alone changes nothing. Say what is to change: --window, --fall or --month."})
    with record_session(bind, viewer) as session:
        if wanted:
            form = checked(EffectPlanForm, {**_now(versions(session)), **wanted, "reason": reason})
            change_effect_plan(session, viewer, form)
        told = [_line(each, pilot) for each in versions(session)]
    print("\n".join(told) or NOTHING)


def _now(plans: Sequence[EffectPlan]) -> dict[str, object]:
    """What the newest plan says; empty without one: the form's own defaults are the documented ones."""
    if not plans:
        return {}
    newest = plans[-1]
    fall = round(100 * (1 - newest.target_ratio), 2)
    return {
        "window_days": newest.window_days,
        "fall_percent": fall,
        "verdict_months": tuple(newest.verdict_months),
    }


def _line(each: EffectPlan, pilot: Pilot) -> str:
    """ "22 Dec 2025  window 90 days, target 20 %, verdict after 6, 9 and 12 months"."""
    day = local_day(each.frozen_at, pilot.time_zone)
    late = "" if day < pilot.starts_on else " (after the start)"
    months = words.listing([str(number) for number in each.verdict_months])
    target = words.percent(1 - each.target_ratio, digits=1).replace(words.NBSP, " ")
    why = f": {each.reason}" if each.reason else ""
    told = f"window {each.window_days} days, target {target}, verdict after {months} months"
    return f"{words.day(day)}{late}  {told}{why}"
