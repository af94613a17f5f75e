"""What one of something cost, through each closed month, by hand; and what the public may see of it."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete

from dashboard.measures.compute import compute
from dashboard.measures.money_cost import Bought
from dashboard.model import Audience, Filters
from db import access
from db.engine import aggregate_session
from db.models import MonthClose
from db.vocab import Step
from tests.conftest import NOW
from tests.dashboard.measures.city import at, connection, intervention, person, provider
from tests.dashboard.measures.ledger import add_budget

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
APRIL = Filters(date(2026, 1, 12), date(2026, 4, 20), date(2026, 4, 20))
COSTS = ("cost_per_person", "cost_per_intervention", "cost_per_connection")


def met(bind: Engine, *days: date) -> None:
    """A new person on each day, with one intervention and one connection made."""
    with aggregate_session(bind) as session:
        provider(session)
        for number, day in enumerate(days, 1):
            person(session, number)
            intervention(session, at(day), number)
            connection(session, number, {Step.offered: day, Step.accepted: day})
        session.commit()


@pytest.mark.parametrize("key", COSTS)
def test_both_through_the_same_month_end(small_pilot: Engine, key: str) -> None:
    """2,000.00 through January for one, 5,800.00 through February for two, 8,899.90 through March for four."""
    add_budget(small_pilot)
    met(small_pilot, date(2026, 1, 20), date(2026, 2, 3), date(2026, 3, 3), date(2026, 3, 24), date(2026, 4, 7))
    found = compute(small_pilot, SHELL, key, APRIL)
    assert list(found.table.itertuples(index=False, name=None)) == [
        (date(2026, 1, 31), 2000.0, 1, 2000.0, "startup"),
        (date(2026, 2, 28), 5800.0, 2, 2900.0, "running"),
        (date(2026, 3, 31), 8899.9, 4, 2224.98, "running"),
    ]
    assert (found.estimate.value, found.estimate.n) == (2224.98, 4)
    assert "The first month is start-up" in found.caveats[0]


def test_startup_lasts_until_the_first_whole_month_with_work(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    met(small_pilot, date(2026, 3, 3))
    phases = compute(small_pilot, SHELL, "cost_per_person", APRIL).table["phase"]
    assert list(phases) == ["startup", "startup", "running"]


def test_a_month_closed_after_the_as_of_day_does_not_count(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    met(small_pilot, date(2026, 2, 3), date(2026, 3, 3))
    early = Filters(APRIL.first, date(2026, 3, 15), date(2026, 3, 15))
    assert compute(small_pilot, SHELL, "cost_per_person", early).estimate.value == 5800.0


def test_side_by_side_they_are_the_same_figures(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    met(small_pilot, date(2026, 2, 3), date(2026, 3, 3))
    found = compute(small_pilot, SHELL, "what_it_bought", APRIL)
    single = [compute(small_pilot, SHELL, key, APRIL).estimate.value for key in COSTS]
    assert list(found.table["value"]) == single == [4449.95] * 3
    assert found.sentence == (
        "$8,900 has come to $4,450 for each of 2 people served, $4,450 for each of 2 interventions and $4,450 for "
        "each of 2 connections made. All are counted through 31 Mar 2026."
    )


def test_without_a_closed_month_nothing_is_divided(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    met(small_pilot, date(2026, 2, 3))
    with aggregate_session(small_pilot) as session:
        session.execute(delete(MonthClose))
        session.commit()
    for key in (*COSTS, "what_it_bought"):
        found = compute(small_pilot, SHELL, key, APRIL)
        assert found.estimate.value is None
        assert found.sentence.startswith("Nothing can be divided yet")


def test_the_public_sees_no_cost_that_gives_a_small_count_away(small_pilot: Engine) -> None:
    """12 people through January, 15 through February, 30 through March: of the first two, one would tell 3."""
    add_budget(small_pilot)
    met(small_pilot, *[date(2026, 1, 20)] * 12, *[date(2026, 2, 3)] * 3, *[date(2026, 3, 3)] * 15)
    found = compute(small_pilot, SHELL, "cost_per_person", APRIL, Audience.public)
    assert list(found.table["hidden"]) == [True, False, False]
    assert found.table["count"].isna().tolist() == [True, False, False]
    assert found.table["value"].isna().tolist() == [True, False, False]
    assert found.display == "$297"
    assert found.sentence == "Each of 30 people served has cost $297, through 31 Mar 2026."


def test_the_public_sees_no_headline_of_a_small_count(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    met(small_pilot, date(2026, 2, 3), date(2026, 3, 3))
    for key in (*COSTS, "what_it_bought"):
        found = compute(small_pilot, SHELL, key, APRIL, Audience.public)
        assert (found.display, found.estimate.value) == ("hidden", None), key
        assert found.table["value"].isna().all(), key
        assert "4,450" not in str(found) + str(found.caveats), key


def test_money_is_exact_before_it_is_divided() -> None:
    third = Bought(date(2026, 3, 31), Decimal("100.00"), 3, "running")
    assert third.cost == Decimal("33.33")
    assert Bought(date(2026, 3, 31), Decimal("100.00"), 0, "startup").cost is None
