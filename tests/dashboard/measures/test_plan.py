"""The analysis fixed in advance: its versions in words, rules changed since, definitions as steps."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine

from dashboard.measures.choices import choices
from dashboard.measures.compute import compute
from dashboard.model import Result
from db.engine import aggregate_session
from db.models import EffectPlan, Event
from db.pilot import the_pilot
from db.vocab import EventKind
from tests.conftest import TODAY, add_small_pilot
from tests.dashboard.measures.callmaker import add_calls, local
from tests.dashboard.measures.city import SHELL, WHOLE


def add(bind: Engine, *rows: EffectPlan | Event) -> None:
    with aggregate_session(bind) as session:
        session.add_all(rows)
        session.commit()


def ask(bind: Engine) -> Result:
    return compute(bind, SHELL, "effect_plan", WHOLE)


def test_a_plan_that_was_kept(small_pilot: Engine) -> None:
    assert ask(small_pilot).sentence.startswith("The analysis was not fixed before the start")
    add(small_pilot, EffectPlan(frozen_at=datetime(2025, 12, 1, 15, tzinfo=UTC)))
    assert ask(small_pilot).sentence == "Fixed on 1 Dec 2025, before the start on 12 Jan 2026, and not changed since."


def test_a_late_plan_and_a_changed_one_say_so(small_pilot: Engine) -> None:
    add(small_pilot, EffectPlan(frozen_at=datetime(2026, 2, 1, 15, tzinfo=UTC)))
    assert ask(small_pilot).sentence.startswith("Fixed on 1 Feb 2026, when the pilot had begun on 12 Jan 2026")
    add(
        small_pilot, EffectPlan(frozen_at=datetime(2026, 3, 1, 15, tzinfo=UTC), window_days=180, reason="council asked")
    )
    found = ask(small_pilot)
    assert found.sentence == "First fixed on 1 Feb 2026; changed since: 1, last on 1 Mar 2026: council asked."
    assert found.table[["window", "when"]].to_numpy().tolist() == [
        ["90", "after the start"],
        ["180", "after the start"],
    ]


def test_rules_changed_since_are_told_beside_the_effect(small_pilot: Engine) -> None:
    add_calls(small_pilot, [(local(2026, 11, 1), 1, None)])
    line = {"kind": EventKind.definition, "source": "rule change"}
    add(
        small_pilot,
        EffectPlan(frozen_at=datetime(2025, 12, 1, 15, tzinfo=UTC)),
        Event(on_date=date(2025, 11, 1), label="Before it was fixed", **line),
        Event(on_date=date(2026, 3, 11), label="Call rules: RESPITE", **line),
    )
    caveats = compute(small_pilot, SHELL, "repeat_call_effect", WHOLE).caveats
    assert [caveat for caveat in caveats if "changed on" in caveat] == [
        "Since the analysis was fixed, what counts as a behavioral-health call was changed on 11 Mar 2026 "
        "(Call rules: RESPITE); it holds for the years before as well."
    ]


def test_a_definition_with_dates_becomes_a_step(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    calls = [(local(year, month, day), place, None) for year in range(2022, 2027) for month in range(1, 11)
             for place, day in ((1, 3), (1, 20), (2, 9), (2, 27))]  # fmt: skip
    add_calls(sqlite, calls)
    add(
        sqlite,
        Event(on_date=date(2024, 5, 1), kind=EventKind.definition, label="New codes", source="rule dates"),
        Event(on_date=date(2026, 3, 11), kind=EventKind.definition, label="Rules", source="rule change"),
        Event(on_date=date(2024, 6, 1), kind=EventKind.training, label="Training"),
    )
    with aggregate_session(sqlite) as session:
        asked = choices(session, the_pilot(session), TODAY)
    assert asked is not None
    assert [choice.plan.breaks for choice in asked[1] if choice.label == "breaks"] == [(date(2024, 5, 1),)]
