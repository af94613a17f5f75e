"""The pre-specified analysis of repeat calls: fixed when the pilot is set up, changed only with a reason and a date."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.errors import Conflict
from db.forms.effect_plan import EffectPlanForm
from db.models import EffectPlan
from db.vocab import Scope


def versions(session: Session) -> Sequence[EffectPlan]:
    """Every plan that was ever fixed, oldest first; the last one counts."""
    return session.scalars(select(EffectPlan).order_by(EffectPlan.frozen_at, EffectPlan.id)).all()


def change_effect_plan(session: Session, viewer: Viewer, form: EffectPlanForm) -> EffectPlan:
    """Fix the plan anew from this moment on; the older ones stay to be shown. Conflict where nothing would change."""
    with write(session, viewer, Permission.manage_setup, "change effect plan", Scope.setup) as note:
        new = EffectPlan(
            frozen_at=viewer.now,
            window_days=form.window_days,
            target_ratio=round(1 - form.fall_percent / 100, 4),
            verdict_months=list(form.verdict_months),
            reason=form.reason,
        )
        before = versions(session)
        if before and _same(before[-1], new):
            raise Conflict("The plan says exactly this already. Nothing was changed.")
        session.add(new)
        session.flush()
        note.subject = f"effect_plan {new.id}"
        note.detail = {"window_days": new.window_days, "target_ratio": new.target_ratio, "months": new.verdict_months}
    return new


def _same(one: EffectPlan, other: EffectPlan) -> bool:
    told = [(plan.window_days, plan.target_ratio, list(plan.verdict_months)) for plan in (one, other)]
    return told[0] == told[1]
