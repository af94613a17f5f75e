"""What counting needs is read before the lock, and only what still stands is taken: the counts are the same."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.cad import current
from db.cad.counting import read_ahead
from db.commands import call_rules
from db.engine import aggregate_session, record_session
from db.forms import checked
from db.forms.calls import RuleForm
from db.models import CallDay, CallRepeat, CallType, Location
from db.vocab import CallCategory
from tests.db.commands.test_calls import LINES, analyst, csv_of, load_file

__all__ = ["analyst"]
MORE = [f"B{k},2026-0{1 + k % 6}-0{1 + k % 9} 1{k % 10}:00:00,KIND {k % 4},{k % 3},Oak,," for k in range(60)]


@pytest.fixture
def many() -> Iterator[None]:
    """So few calls are many."""
    usual, current.MANY = current.MANY, 1
    yield
    current.MANY = usual


def kept(bind: Engine) -> list[Any]:
    def columns(row: Any) -> list[Any]:
        return [getattr(row, column.key) for column in type(row).__table__.columns]

    with aggregate_session(bind) as session:
        rows = [columns(row) for table in (CallDay, CallRepeat) for row in session.scalars(select(table))]
    return sorted(rows, key=str)


def anew(bind: Engine) -> list[Any]:
    with aggregate_session(bind) as session:
        current.refresh(session)
        session.commit()
    return kept(bind)


def test_counts_read_ahead_are_those_counted_anew(small_pilot: Engine, analyst: Viewer, many: None) -> None:
    load_file(small_pilot, analyst, csv_of([*LINES, *MORE]))
    with record_session(small_pilot, analyst) as session:
        types = {kind.name: kind.id for kind in session.scalars(select(CallType))}
        places = session.scalars(select(Location.id).order_by(Location.name)).all()
        before = kept(small_pilot)
        call_rules.assign_categories(session, analyst, [types["KIND 1"]], CallCategory.behavioural_health)
        assert before != kept(small_pilot) == anew(small_pilot)
        form = checked(
            RuleForm, {"kind": "pattern", "value": "kind", "category": "control", "valid_from": date(2026, 3, 1)}
        )
        rule = call_rules.add_rule(session, analyst, form)
        assert kept(small_pilot) == anew(small_pilot)
        call_rules.mark_institutions(session, analyst, {places[0]: True, places[1]: True})
        assert kept(small_pilot) == anew(small_pilot)
        call_rules.remove_rule(session, analyst, rule.id)
        assert kept(small_pilot) == anew(small_pilot)
        assert not {"counts read ahead", "counts may be read ahead"} & session.info.keys()


def test_what_was_read_before_others_changed_the_calls_is_left(
    small_pilot: Engine, analyst: Viewer, many: None
) -> None:
    load_file(small_pilot, analyst, csv_of(LINES))
    with aggregate_session(small_pilot) as session:
        kinds = session.scalars(select(CallType.id)).all()
        stale = read_ahead(session, kinds)
    load_file(small_pilot, analyst, csv_of([*LINES, *MORE]))
    with record_session(small_pilot, analyst) as session:
        session.info["counts read ahead"] = stale
        once: Any = call_rules.assign_categories
        once.__wrapped__(session, analyst, [kinds[0]], CallCategory.behavioural_health)
    assert kept(small_pilot) == anew(small_pilot)
