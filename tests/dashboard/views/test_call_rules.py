"""The Calls page's parts on rules and institutions without a browser: preview, save, undo, codebook."""

from collections.abc import Callable

from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from db.engine import aggregate_session
from db.models import CallRule, CallRuleChange, CallType, Event, Location
from db.vocab import CallCategory
from db.vocab.rules import RuleAction
from tests.dashboard.views.asking import press, said, widget

Open = Callable[..., AppTest]
CONTROL = CallCategory.control


def part(app: AppTest, name: str) -> AppTest:
    widget(app, "calls-part").set_value(name)
    return app.run()


def choose(app: AppTest, table: str, *rows: int) -> AppTest:
    app.session_state[table] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def ending(app: AppTest, kind: str, tail: str) -> list:  # type: ignore[type-arg]
    return [found for found in app.get(kind) if found.key and found.key.endswith(tail)]


def category(bind: Engine, name: str) -> CallCategory | None:
    with aggregate_session(bind) as session:
        return session.scalars(select(CallType.category).where(CallType.name == name)).one()


def changes(bind: Engine) -> list[CallRuleChange]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(CallRuleChange).order_by(CallRuleChange.id.desc())))


def test_uncovered_types_are_covered_at_once_and_it_is_undone(signed_in: Open, demo_city: Engine) -> None:
    before = len(changes(demo_city))
    app = part(signed_in("analyst", "calls.py"), "types")
    types = app.dataframe[0].value["Type"].tolist()
    choose(app, "calls-uncovered", 0, 1)
    assert "2 types" in str(ending(app, "button_group", "-category")[0].label)
    ending(app, "button_group", "-category")[0].set_value(CONTROL).run()
    press(app, "Save")
    assert [category(demo_city, name) for name in types[:2]] == [CONTROL, CONTROL]
    first, second = changes(demo_city)[:2]
    assert first.event_id == second.event_id is not None
    assert len(changes(demo_city)) == before + 2
    assert "Rule added" in said(app)
    widget(app, f"undo-{first.id}").click().run()
    assert changes(demo_city)[0].undone_by == "analyst"
    assert category(demo_city, types[1]) is None
    assert not app.exception


def test_a_rule_is_previewed_added_edited_moved_and_removed(signed_in: Open, demo_city: Engine) -> None:
    app = part(signed_in("analyst", "calls.py"), "types")
    ending(app, "text_input", "-value")[-1].set_value("lift").run()
    ending(app, "button_group", "-category")[-1].set_value(CONTROL).run()
    assert "Saving moves" in said(app)
    moved = app.dataframe[-1].value.to_dict("records")[0]
    assert (moved["Type"], moved["Was"], moved["Becomes"]) == ("LIFT ASSIST", "Not covered", "Comparison type")
    press(app, "Add")
    assert category(demo_city, "LIFT ASSIST") is CONTROL

    choose(app, "calls-rules", 0)
    assert "**Rule 1 of" in said(app)
    assert f"It decides {moved['Calls']:,} calls of 1 type." in " ".join(c.value for c in app.caption)
    ending(app, "text_input", "-value")[0].set_value("lift (").run()
    assert "is not a pattern" in app.error[0].value.replace("\\", "")
    ending(app, "text_input", "-value")[0].set_value("lift").run()
    ending(app, "number_input", "-place")[0].set_value(2).run()
    press(app, "Save")
    assert changes(demo_city)[0].action is RuleAction.moved
    choose(app, "calls-rules", 1)
    press(app, "Remove this rule")
    assert category(demo_city, "LIFT ASSIST") is None
    with aggregate_session(demo_city) as session:
        assert session.scalars(select(CallRule.removed_at).where(CallRule.value == "lift")).one() is not None
    assert not app.exception


def test_a_codebook_is_read_on_the_page(signed_in: Open, demo_city: Engine) -> None:
    app = part(signed_in("analyst", "calls.py"), "types")
    text = "Code,Description\nLIFT ASSIST,Person needs help to stand\nFOUND PROPERTY,Suicide note found\nX,Unused\n"
    widget(app, "calls-codebook").set_value(("codes.csv", text.encode(), "text/csv")).run()
    press(app, "Read it")
    assert category(demo_city, "FOUND PROPERTY") is CallCategory.behavioural_health
    assert changes(demo_city)[0].subject == "2 types described"
    assert not app.exception


def test_institutions_are_ticked_and_the_series_counted_anew(signed_in: Open, demo_city: Engine) -> None:
    app = part(signed_in("analyst", "calls.py"), "places")
    assert "marked" in said(app)
    app.session_state["calls-places"] = {
        "edited_rows": {0: {"Institution": False}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()

    def marked() -> int:
        with aggregate_session(demo_city) as session:
            return session.scalar(select(func.count(Location.id)).where(Location.is_institution)) or 0

    before = marked()
    press(app, "Save 1 change")
    assert marked() == before - 1
    change = changes(demo_city)[0]
    assert change.action is RuleAction.unmarked
    assert change.calls > 0
    with aggregate_session(demo_city) as session:
        assert session.get_one(Event, change.event_id).label == f"Call rules: {change.subject}"
    widget(app, "places-find").set_value("no such place").run()
    assert "No place is called" in said(app)
    assert not app.exception
