"""What an analyst decides about calls: rules, institutions, saved mappings; and the history they make."""

from collections.abc import Callable, Sequence
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine, func, select

from db.access import Viewer
from db.cad import current
from db.cad.history import bh_calls
from db.cad.mapping import parse_mapping
from db.cad.meaning import falls_in
from db.cad.rule_effects import catches, type_volumes
from db.cad.rules import valid_rules
from db.commands import call_rules, calls
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.calls import MappingForm, RuleForm
from db.models import Call, CallDay, CallRepeat, CallRuleChange, CallType, Event, Location
from db.vocab import CallCategory, Role, Scope
from db.vocab.rules import RuleAction
from tests.conftest import TODAY
from tests.db.commands.test_calls import LINES, MAPPING, analyst, csv_of, load_file

__all__ = ["analyst"]


BH, CONTROL, EXCLUDED = CallCategory.behavioural_health, CallCategory.control, CallCategory.excluded


def test_rules_are_the_analysts(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of([*LINES, "A4,2026-03-02 10:00:00,CODE 77,4,Oak,,"]))

    def category(name: str) -> CallCategory | None:
        with aggregate_session(small_pilot) as session:
            return session.scalars(select(CallType.category).where(CallType.name == name)).one()

    with record_session(small_pilot, analyst) as session:
        uncovered = [v for v in type_volumes(session) if v.category is None]
        assert [(v.name, v.calls) for v in uncovered] == [("CODE 77", 1)]
        [rule] = call_rules.assign_categories(session, analyst, [uncovered[0].type_id], BH)
        assert category("CODE 77") is BH
        [same] = call_rules.assign_categories(session, analyst, [uncovered[0].type_id], CONTROL)
        assert same.id == rule.id
        assert category("CODE 77") is CONTROL
        form = rule_form("pattern", "code|noise", EXCLUDED)
        wide = call_rules.add_rule(session, analyst, form)
        assert (category("CODE 77"), category("NOISE")) == (EXCLUDED, EXCLUDED)
        with pytest.raises(Invalid, match=r"There is a rule “code.noise” already"):
            call_rules.add_rule(session, analyst, form)
        call_rules.edit_rule(session, analyst, wide.id, rule_form("pattern", "code|noise", CONTROL))
        assert call_rules.remove_rule(session, analyst, wide.id) == 0
        assert category("NOISE") is CONTROL
        with pytest.raises(NotFound):
            call_rules.remove_rule(session, analyst, wide.id)


def rule_form(kind: str, value: str, category: CallCategory, **more: object) -> RuleForm:
    return checked(RuleForm, {"kind": kind, "value": value, "category": category, **more})


def lines(events: Sequence[tuple[date, str]], bind: Engine) -> None:
    with aggregate_session(bind) as session:
        found = session.execute(select(Event.on_date, Event.label).order_by(Event.on_date)).all()
    assert [tuple(row) for row in found] == list(events)


CODES = [
    *(f"B{k},2025-0{k}-10 10:00:00,CODE 77,4,Oak,," for k in range(1, 7)),
    *(f"C{k},2025-0{k}-11 10:00:00,NOISE,6,Oak,," for k in range(1, 4)),
]


def test_a_dated_rule_counts_on_its_days_only_and_draws_a_line(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(CODES))
    april = date(2025, 4, 1)
    with record_session(small_pilot, analyst) as session:
        rule = call_rules.add_rule(session, analyst, rule_form("exact", "CODE 77", BH, valid_from=april))
    assert bh_days(small_pilot) == [date(2025, 4, 10), date(2025, 5, 10), date(2025, 6, 10)]
    lines([(april, "Call rules: CODE 77: behavioral health")], small_pilot)
    kept_as_counted(small_pilot)
    with record_session(small_pilot, analyst) as session:
        call_rules.end_rule(session, analyst, rule.id, date(2025, 5, 31))
    assert bh_days(small_pilot) == [date(2025, 4, 10), date(2025, 5, 10)]
    lines(
        [(april, "Call rules: CODE 77: behavioral health"), (date(2025, 6, 1), "Call rules: CODE 77: not covered")],
        small_pilot,
    )
    kept_as_counted(small_pilot)
    with record_session(small_pilot, analyst) as session:
        volumes = [(v.calls, v.category) for v in type_volumes(session) if v.name == "CODE 77"]
        assert volumes == [(4, None), (2, BH)], "each call by the rule of its own day, whatever today says"
        first, second = session.scalars(select(CallRuleChange).order_by(CallRuleChange.id)).all()
        assert (first.action, first.types, first.calls) == (RuleAction.added, 1, 3)
        assert (second.action, second.types, second.calls) == (RuleAction.ended, 1, 1)
        with pytest.raises(Conflict, match="changed again after this"):
            call_rules.undo_change(session, analyst, first.id)
        call_rules.undo_change(session, analyst, second.id)
        call_rules.undo_change(session, analyst, first.id)
        with pytest.raises(Conflict, match="This was undone on 14 Nov 2026 by analyst"):
            call_rules.undo_change(session, analyst, first.id)
    assert bh_days(small_pilot) == []
    lines([], small_pilot)
    kept_as_counted(small_pilot)


def test_calls_that_a_dated_rule_waits_for_bring_its_line_and_take_it_away(
    small_pilot: Engine, analyst: Viewer
) -> None:
    load_file(small_pilot, analyst, csv_of(LINES))
    april = date(2025, 4, 1)
    with record_session(small_pilot, analyst) as session:
        call_rules.add_rule(session, analyst, rule_form("exact", "CODE 77", BH, valid_from=april))
    lines([], small_pilot)
    before = data_version(small_pilot)[Scope.setup]
    loaded = load_file(small_pilot, analyst, csv_of(CODES)).import_id
    assert loaded
    drawn = [(april, "Call rules: CODE 77: behavioral health")]
    lines(drawn, small_pilot)
    assert data_version(small_pilot)[Scope.setup] == before + 1  # each axis that draws it is drawn anew
    load_file(small_pilot, analyst, csv_of([*CODES, "Z9,2025-07-01 10:00:00,CODE 77,4,Oak,,"]))
    lines(drawn, small_pilot)
    assert data_version(small_pilot)[Scope.setup] == before + 1
    with record_session(small_pilot, analyst) as session:
        calls.take_back_import(session, analyst, loaded)
    lines(drawn, small_pilot)  # a call of the later file is left
    with record_session(small_pilot, analyst) as session:
        calls.take_back_import(session, analyst, loaded + 1)
    lines([], small_pilot)
    assert data_version(small_pilot)[Scope.setup] == before + 2
    kept_as_counted(small_pilot)


def bh_days(bind: Engine) -> list[date]:
    with aggregate_session(bind) as session:
        asked = session.scalars(select(Call.received_on).where(falls_in(BH)).order_by(Call.received_on)).all()
        assert bh_calls(session)["received_on"].dt.date.tolist() == asked
        return list(asked)


def kept_as_counted(bind: Engine) -> None:
    """The kept counts of each category are the calls of that category, counted one by one."""
    with aggregate_session(bind) as session:
        for category in CallCategory:
            mine = session.scalar(select(func.count(Call.id)).where(falls_in(category)))
            by_day = session.scalar(select(func.sum(CallDay.calls)).where(CallDay.category == category.value))
            assert (by_day or 0) == mine, category
        columns = ("category", "basis", "window_days", "day", "repeats", "judged", "unjudged")
        kept = select(*(getattr(CallRepeat, name) for name in columns)).order_by(*columns)
        before = session.execute(kept).all()
        current.refresh(session)
        assert session.execute(kept).all() == before


def test_an_undated_change_counts_all_anew_and_draws_one_line_on_its_day(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(CODES))
    before = data_version(small_pilot)
    with record_session(small_pilot, analyst) as session:
        call_rules.add_rule(session, analyst, rule_form("pattern", "code", BH, note="what the county calls 77"))
        lines([(TODAY, "Call rules: “code”: behavioral health")], small_pilot)
        call_rules.add_rule(session, analyst, rule_form("exact", "noise", EXCLUDED))
        call_rules.add_rule(session, analyst, rule_form("exact", "never seen", EXCLUDED))
    assert len(bh_days(small_pilot)) == 6
    lines([(TODAY, "Call rules: 2 changes")], small_pilot)
    kept_as_counted(small_pilot)
    after = data_version(small_pilot)
    assert {scope for scope in Scope if after[scope] != before[scope]} == {Scope.calls, Scope.setup}
    with record_session(small_pilot, analyst) as session:
        for change in session.scalars(select(CallRuleChange).order_by(CallRuleChange.id)).all():
            call_rules.undo_change(session, analyst, change.id)
    assert bh_days(small_pilot) == []
    lines([], small_pilot)
    kept_as_counted(small_pilot)


def test_rules_are_put_in_order_edited_and_brought_back(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(CODES))

    def order() -> list[str]:
        with aggregate_session(small_pilot) as session:
            return [rule.value for rule in valid_rules(session)][:3]

    with record_session(small_pilot, analyst) as session:
        wide = call_rules.add_rule(session, analyst, rule_form("pattern", "code", CONTROL)).id
        narrow = call_rules.add_rule(session, analyst, rule_form("exact", "CODE 77", BH)).id
        assert order()[:2] == ["CODE 77", "code"]
        call_rules.move_rule(session, analyst, narrow, 2)
        assert order()[:2] == ["code", "CODE 77"]
        assert bh_days(small_pilot) == []
        with pytest.raises(Invalid, match="There is no place 0"):
            call_rules.move_rule(session, analyst, narrow, 0)
        caught, uncovered = catches(session)
        by_value = {catch.rule.value: catch for catch in caught}
        assert (by_value["code"].calls, by_value["code"].types) == (6, (("CODE 77", 6),))
        assert (by_value["CODE 77"].calls, by_value["CODE 77"].taken) == (0, ("CODE 77",))
        assert uncovered == []
        call_rules.remove_rule(session, analyst, wide)
        assert len(bh_days(small_pilot)) == 6
        again = call_rules.add_rule(session, analyst, rule_form("pattern", "code", EXCLUDED))
        assert again.id == wide
        moved = session.scalars(select(CallRuleChange).where(CallRuleChange.action == RuleAction.moved)).one()
        newest = session.scalars(select(CallRuleChange).order_by(CallRuleChange.id.desc())).first()
        assert newest is not None
        call_rules.undo_change(session, analyst, newest.id)
        call_rules.undo_change(session, analyst, moved.id)
        assert order()[0] == "CODE 77"
        kept_as_counted(small_pilot)


def test_a_codebook_lets_patterns_find_codes(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(["D1,2025-01-10 10:00:00,9150X,4,Oak,,", *CODES]))
    with record_session(small_pilot, analyst) as session:
        told = {"9150x": "MENTAL CASE", "CODE 77": "", "UNUSED": "SUICIDE"}
        assert call_rules.describe_types(session, analyst, told) == 1
        assert bh_days(small_pilot) == [date(2025, 1, 10)]
        assert call_rules.describe_types(session, analyst, told) == 0
        change = session.scalars(select(CallRuleChange)).one()
        assert (change.action, change.types, change.calls) == (RuleAction.described, 1, 1)
        call_rules.undo_change(session, analyst, change.id)
        assert bh_days(small_pilot) == []


def test_only_who_may_import_changes_rules(small_pilot: Engine, analyst: Viewer, viewer: Callable[..., Viewer]) -> None:
    load_file(small_pilot, analyst, csv_of(CODES))
    for role in (role for role in Role if role is not Role.analyst):
        who = viewer(role)
        with record_session(small_pilot, who) as session:
            rule = valid_rules(session)[0].id
            changes: list[tuple[Callable[..., object], tuple[object, ...]]] = [
                (call_rules.add_rule, (rule_form("exact", "CODE 77", BH),)),
                (call_rules.edit_rule, (rule, rule_form("exact", "CODE 77", BH))),
                (call_rules.remove_rule, (rule,)),
                (call_rules.move_rule, (rule, 2)),
                (call_rules.end_rule, (rule, TODAY)),
                (call_rules.mark_institutions, ({1: True},)),
                (call_rules.describe_types, ({"CODE 77": "x"},)),
                (call_rules.undo_change, (1,)),
            ]
            for change, told in changes:
                with pytest.raises(Forbidden):
                    change(session, who, *told)
    with aggregate_session(small_pilot) as session:
        assert session.scalar(select(func.count(CallRuleChange.id))) == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "pattern", "value": "a(", "category": "control"}, "“a(” is not a pattern"),
        ({"kind": "pattern", "value": "x*", "category": "control"}, "fits every type"),
        ({"kind": "exact", "value": " ", "category": "control"}, "The rule is empty."),
        ({"kind": "exact", "value": "NOISE"}, "Choose what the rule makes of the type."),
        ({"kind": "pattern", "value": "(a+)+b", "category": "control"}, "repeats a repetition"),
        (
            {
                "kind": "exact",
                "value": "N",
                "category": "control",
                "valid_from": "2026-02-01",
                "valid_until": "2026-01-01",
            },
            "The rule would end on 1 Jan 2026, before it begins on 1 Feb 2026.",
        ),
    ],
)
def test_a_rule_that_is_none_is_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(RuleForm, values)
    assert words in str(refused.value)


def test_mappings_are_saved_by_name_and_institutions_marked(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(LINES))
    mapping = parse_mapping(MAPPING)
    with record_session(small_pilot, analyst) as session:
        calls.save_mapping(session, analyst, MappingForm(name="Monthly"), parse_mapping("received=a,type=b"))
        calls.save_mapping(session, analyst, MappingForm(name="monthly"), mapping)
        assert calls.saved_profile(session, " MONTHLY ")[0] == mapping
        with pytest.raises(NotFound, match=r"no saved mapping “other”. Saved: “Monthly”"):
            calls.saved_profile(session, "other")
        place = session.scalars(select(Location).where(Location.name == "12 N MAIN ST")).one()
        assert call_rules.mark_institutions(session, analyst, {place.id: True}) == 1
        assert place.is_institution
    with aggregate_session(small_pilot) as session:
        history = bh_calls(session)
    assert history["institution"].tolist() == [True, True]


def test_the_history_by_hand(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of([*LINES, "A0,2026-02-01 00:30:00,SUICIDAL PERSON,,,,"]))
    with aggregate_session(small_pilot) as session:
        history = bh_calls(session)
        every = bh_calls(session, list(CallCategory), first=date(2026, 3, 1), last=date(2026, 3, 1))
        nothing = bh_calls(session, [CallCategory.excluded])
    moments = pd.to_datetime(history["received_at"], utc=True)
    assert moments.tolist() == [
        pd.Timestamp("2026-02-01 05:30Z"),
        pd.Timestamp("2026-03-01 14:00Z"),
        pd.Timestamp("2026-03-02 04:30Z"),
    ]
    assert history["received_on"].dt.date.tolist() == [date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 1)]
    assert history["person"].tolist() == [-1, 0, 0]
    assert history["location"].iloc[0] == -1
    assert history["location"].iloc[1] == history["location"].iloc[2] > 0
    assert set(history["category"]) == {CallCategory.behavioural_health.value}
    assert len(every) == 2
    assert (len(nothing), list(nothing.columns)) == (0, list(history.columns))
