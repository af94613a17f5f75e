"""What an analyst decides about calls: rules, institutions, saved mappings; and the history they make."""

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.cad.history import bh_calls
from db.cad.mapping import parse_mapping
from db.cad.rules import type_volumes
from db.commands import calls
from db.engine import aggregate_session, record_session
from db.errors import Invalid, NotFound
from db.forms import checked
from db.forms.calls import MappingForm, RuleForm
from db.models import CallType, Location
from db.vocab import CallCategory
from tests.db.commands.test_calls import LINES, MAPPING, analyst, csv_of, load_file

__all__ = ["analyst"]


def test_rules_are_the_analysts(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of([*LINES, "A4,2026-03-02 10:00:00,CODE 77,4,Oak,,"]))

    def category(name: str) -> CallCategory | None:
        with aggregate_session(small_pilot) as session:
            return session.scalars(select(CallType.category).where(CallType.name == name)).one()

    with record_session(small_pilot, analyst) as session:
        uncovered = [v for v in type_volumes(session) if v.category is None]
        assert [(v.name, v.calls) for v in uncovered] == [("CODE 77", 1)]
        rule = calls.assign_category(session, analyst, uncovered[0].type_id, CallCategory.behavioural_health)
        assert category("CODE 77") is CallCategory.behavioural_health
        same = calls.assign_category(session, analyst, uncovered[0].type_id, CallCategory.control)
        assert same.id == rule.id
        assert category("CODE 77") is CallCategory.control
        form = checked(RuleForm, {"kind": "pattern", "value": "code|noise", "category": "excluded"})
        wide = calls.add_rule(session, analyst, form)
        assert (category("CODE 77"), category("NOISE")) == (CallCategory.excluded, CallCategory.excluded)
        with pytest.raises(Invalid, match=r"There is a rule “code.noise” already"):
            calls.add_rule(session, analyst, form)
        assert calls.change_rule(session, analyst, wide.id, CallCategory.control) == 2
        assert calls.remove_rule(session, analyst, wide.id) == 0
        assert category("NOISE") is CallCategory.control
        with pytest.raises(NotFound):
            calls.remove_rule(session, analyst, wide.id)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "pattern", "value": "a(", "category": "control"}, "“a(” is not a pattern"),
        ({"kind": "pattern", "value": "x*", "category": "control"}, "fits every type"),
        ({"kind": "exact", "value": " ", "category": "control"}, "The rule is empty."),
        ({"kind": "exact", "value": "NOISE"}, "Choose what the rule makes of the type."),
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
        assert calls.saved_mapping(session, " MONTHLY ") == mapping
        with pytest.raises(NotFound, match=r"no saved mapping “other”. Saved: “Monthly”"):
            calls.saved_mapping(session, "other")
        place = session.scalars(select(Location).where(Location.name == "12 N MAIN ST")).one()
        assert calls.mark_institution(session, analyst, place.id, True).is_institution
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
