"""What the first weeks went into, counted on fingers."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters
from db.engine import aggregate_session
from db.vocab import Mode, Purpose
from tests.dashboard.measures.city import SHELL, TODAY, WHOLE, ask, intervention, person

LAST_EARLY, FIRST_LATER = date(2026, 3, 8), date(2026, 3, 9)
"""The pilot begins on Monday 12 Jan 2026: eight ISO weeks end on the Sunday, the ninth begins on the Monday."""


def work(bind: Engine) -> None:
    """Early: 90 minutes of outreach, 30 with a person. Later: 30 of finding resources, 90 with the person."""
    with aggregate_session(bind) as session:
        person(session, 1)
        intervention(session, date(2026, 1, 12), None, mode=Mode.outreach, purpose=Purpose.relationship, minutes=90)
        intervention(session, LAST_EARLY, 1, minutes=30)
        intervention(session, FIRST_LATER, 1, minutes=90)
        intervention(session, date(2026, 5, 4), 1, purpose=Purpose.navigation, minutes=30)
        intervention(session, TODAY, 1, minutes=600)  # the week is not over: it counts nowhere
        session.commit()


def test_shares_before_and_since(small_pilot: Engine) -> None:
    work(small_pilot)
    found = ask(small_pilot, "first_weeks")
    assert found.estimate.value == pytest.approx(0.75)
    assert list(found.table["by"].drop_duplicates()) == ["The first 8 weeks", "Since then"]
    assert list(found.table["value"]) == pytest.approx([0.25, 0, 0.75, 0, 0.75, 0.25, 0, 0])
    assert list(found.table["hours"]) == pytest.approx([0.5, 0, 1.5, 0, 1.5, 0.5, 0, 0])
    assert found.sentence == (
        "In the first 8 weeks, 75\u00a0% of the hours went into finding help and building ties with providers; "
        "since then it is 25\u00a0%."
    )
    assert found.provisional


def test_the_period_asked_for_does_not_move_the_first_weeks(small_pilot: Engine) -> None:
    work(small_pilot)
    later = ask(small_pilot, "first_weeks", replace(WHOLE, first=date(2026, 4, 1)))
    assert later.table.equals(ask(small_pilot, "first_weeks").table)


def test_a_young_pilot_has_no_since(small_pilot: Engine) -> None:
    work(small_pilot)
    day = date(2026, 1, 21)
    young = ask(small_pilot, "first_weeks", Filters(WHOLE.first, day, day))
    assert young.sentence.startswith("So far, 100\u00a0% of the hours")
    assert set(young.table["by"]) == {"The first week"}


def test_without_work_nothing_is_drawn(small_pilot: Engine) -> None:
    nothing = ask(small_pilot, "first_weeks")
    assert (nothing.sentence, len(nothing.table)) == ("No work is logged in a week that is over.", 0)
    public = compute(small_pilot, SHELL, "first_weeks", WHOLE, Audience.public)
    assert public.display == "–"
