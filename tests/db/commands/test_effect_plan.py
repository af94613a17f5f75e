"""The pre-specified analysis changes only with a reason, and nothing of it is ever lost."""

import pytest
from sqlalchemy import Engine, select

from db.commands.effect_plan import change_effect_plan, versions
from db.engine import record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms import checked
from db.forms.effect_plan import EffectPlanForm
from db.models import AuditEntry
from db.vocab import Role
from tests.conftest import NOW


def test_a_change_is_dated_and_the_older_plan_stays(small_pilot: Engine, viewer) -> None:
    admin = viewer(Role.admin)
    with record_session(small_pilot, admin) as session:
        change_effect_plan(session, admin, EffectPlanForm(reason="first"))
        change_effect_plan(session, admin, EffectPlanForm(window_days=180, verdict_months=(12, 6, 6), reason="asked"))
        plans = [(p.window_days, p.target_ratio, p.verdict_months, p.reason, p.frozen_at) for p in versions(session)]
        audited = session.scalars(select(AuditEntry.action).where(AuditEntry.outcome == "done")).all()
    assert plans == [(90, 0.8, [6, 9, 12], "first", NOW), (180, 0.8, [6, 12], "asked", NOW)]
    assert audited == ["change effect plan"] * 2


def test_the_same_plan_again_is_refused(small_pilot: Engine, viewer) -> None:
    admin = viewer(Role.admin)
    with record_session(small_pilot, admin) as session:
        change_effect_plan(session, admin, EffectPlanForm(reason="first"))
        with pytest.raises(Conflict, match="says exactly this already"):
            change_effect_plan(session, admin, EffectPlanForm(reason="again"))
        assert len(versions(session)) == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.admin])
def test_only_the_administrator_changes_it(sqlite: Engine, viewer, role: Role) -> None:
    with record_session(sqlite, viewer(role)) as session, pytest.raises(Forbidden):
        change_effect_plan(session, viewer(role), EffectPlanForm(reason="no"))


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({}, "reason", "Say why the plan is changed: it is shown beside every answer from now on."),
        (
            {"reason": "x", "window_days": 45},
            "window_days",
            "A window of 45 days is not counted. Choose 30, 90, 180 or 365 days.",
        ),
        (
            {"reason": "x", "verdict_months": ()},
            "verdict_months",
            "Name at least one month of verdict, like 6, 9 and 12.",
        ),
    ],
)
def test_a_wrong_field_says_what_to_do(values: dict, field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(EffectPlanForm, values)
    assert refused.value.errors == {field: sentence}


def test_no_fall_and_a_full_stop_are_no_target() -> None:
    for fall in (0, 100, -5):
        with pytest.raises(Invalid):
            checked(EffectPlanForm, {"reason": "x", "fall_percent": fall})
