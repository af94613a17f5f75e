"""Rules: the defaults on types as departments write them, precedence, what applying changes."""

from datetime import date

import pytest
from sqlalchemy import Engine, func, select

from db.cad.rules import apply_rules, decider, install_default_rules, valid_rules
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
        assert apply_rules(session, date(2025, 12, 31)) == 1
        assert apply_rules(session, date(2026, 1, 1)) == 1
        assert apply_rules(session, date(2026, 1, 1)) == 0
        kinds = dict(session.execute(select(CallType.name, CallType.category)).all())
    assert kinds == {"MENTAL TEST": EXCLUDED, "Noise": CONTROL}
