"""Rules: the defaults on types as departments write them, precedence, what applying changes."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from db.cad.meaning import KINDS, UNCOVERED, day_number, meanings
from db.cad.rules import apply_rules, decider, holds_on, install_default_rules, timeline, valid_rules
from db.engine import aggregate_session
from db.models import CallRule, CallType
from db.vocab import CallCategory, RuleKind

BH, CONTROL, EXCLUDED = CallCategory.behavioural_health, CallCategory.control, CallCategory.excluded


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("MENTAL SUBJECT", BH),
        ("121C_Mental Disordr NonViolent", BH),
        ("CHECK ON WELFARE OF PERSON", BH),
        ("Well Being Check", BH),
        ("SUICIDE RELATED", BH),
        ("127D_Suicide Threat", BH),
        ("5150V", BH),
        ("PSYCHIATRIC PATIENT", BH),
        ("EDP - VIOLENT", BH),
        ("46A - CIT w/Ambulance", BH),
        ("CRISIS CALL", BH),
        ("OVERDOSE", BH),
        ("LOUD NOISE", CONTROL),
        ("LARCENY FROM AUTO", CONTROL),
        ("DISTURBANCE", CONTROL),
        ("12R - Residential Alarm", CONTROL),
        ("TRAFFIC ACCIDENTS", CONTROL),
        ("Traffic Stop", EXCLUDED),
        ("TEST EVENT TYPE", EXCLUDED),
        ("LICENSE CHECK", EXCLUDED),
        ("ENVIRONMENTAL HAZARD", None),
        ("DEPARTMENTAL ERRAND", None),
        ("PROTEST", None),
        ("HOMICIDE", None),
        ("SEDAN", None),
    ],
)
def test_the_defaults_on_real_vocabularies(sqlite: Engine, name: str, category: CallCategory | None) -> None:
    with aggregate_session(sqlite) as session:
        install_default_rules(session)
        rule = decider(valid_rules(session))(name)
    assert (rule.category if rule else None) is category


def test_defaults_are_installed_once_and_every_pattern_is_one(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        added = install_default_rules(session)
        assert added == session.scalar(select(func.count(CallRule.id)))
        assert added > 30
        assert install_default_rules(session) == 0
        for rule in valid_rules(session):
            if rule.kind is RuleKind.pattern:
                assert decider([rule])("") is None, rule.value


def test_the_lowest_position_wins_and_validity_counts(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        session.add_all(
            [
                CallType(id=1, name="MENTAL TEST"),
                CallType(id=2, name="Noise"),
                CallRule(position=2, kind=RuleKind.pattern, value="mental", category=BH),
                CallRule(position=1, kind=RuleKind.pattern, value=r"\btest\b", category=EXCLUDED),
                CallRule(
                    position=3, kind=RuleKind.exact, value="  noise ", category=CONTROL, valid_from=date(2026, 1, 1)
                ),
            ]
        )
        assert apply_rules(session, date(2025, 12, 31)) == 2
        days = np.array([day_number(date(2025, 12, 31)), day_number(date(2026, 1, 1))])
        types = np.array([2, 2])
        assert meanings(session).kinds(types, days).tolist() == [UNCOVERED, KINDS.index(CONTROL)]
        assert session.get_one(CallType, 2).category is None
        apply_rules(session, date(2026, 1, 1))
        assert meanings(session).kinds(types, days).tolist() == [UNCOVERED, KINDS.index(CONTROL)]
        assert apply_rules(session, date(2026, 1, 1)) == 0
        kinds = dict(session.execute(select(CallType.name, CallType.category)).all())
    assert kinds == {"MENTAL TEST": EXCLUDED, "Noise": CONTROL}


NAME, DAY = st.sampled_from(["MENTAL TEST", "NOISE", "FIRE"]), st.dates(date(2026, 1, 1), date(2026, 1, 9))
RULE = st.builds(
    CallRule,
    kind=st.just(RuleKind.pattern),
    value=st.sampled_from(["mental", "test", "noise", "e", "x"]),
    category=st.sampled_from(list(CallCategory)),
    valid_from=st.none() | DAY,
    valid_until=st.none() | DAY,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(RULE, max_size=5), NAME, DAY)
def test_the_timeline_is_the_first_valid_rule_of_each_day(rules: list[CallRule], name: str, day: date) -> None:
    rules = [r for r in rules if (r.valid_from or date.min) <= (r.valid_until or date.max)]
    spans = timeline(rules)((name, None))
    assert (spans[0].first, spans[-1].last) == (date.min, date.max)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(spans))
    by_span = next(span.rule for span in spans if span.first <= day <= span.last)
    assert by_span is decider([rule for rule in rules if holds_on(rule, day)])(name)
