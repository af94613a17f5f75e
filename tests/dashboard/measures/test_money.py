"""Money by hand, to the cent."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, update

from dashboard.measures.compute import compute
from dashboard.measures.money import cents, project
from dashboard.model import Audience, Filters, Result
from db import access
from db.engine import aggregate_session
from db.errors import Forbidden
from db.models import BudgetLine, Grant, MonthClose
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW
from tests.dashboard.measures.city import at, intervention, person
from tests.dashboard.measures.ledger import add_budget

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
APRIL = Filters(date(2026, 1, 12), date(2026, 4, 20), date(2026, 4, 20))


def answer(bind: Engine, key: str, filters: Filters = APRIL) -> Result:
    return compute(bind, SHELL, key, filters)


def test_by_line_to_the_cent(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    spent = answer(small_pilot, "spent")
    assert spent.marks["exact"] == {"Clinician": Decimal("8799.90"), "Equipment": Decimal("1000.00")}
    assert spent.marks["total"] == Decimal("9799.90")  # the charge of May is not due yet
    assert spent.provisional  # April is open
    assert spent.sentence.replace("\u00a0", " ") == "$9,800 of $15,000 is spent (65 %), as of 20 Apr 2026."
    left = answer(small_pilot, "remaining").marks["exact"]
    assert left == {"Clinician": Decimal("3200.10"), "Equipment": Decimal("2000.00")}
    assert answer(small_pilot, "obligated").marks["total"] == Decimal("11000.00")


def test_the_projection_by_hand(small_pilot: Engine) -> None:
    """January has 20 days of the pilot, February 28, March 31: 7,899.90 regular dollars over 79 days.

    From 31 March to 11 January are 286 days; 250.00 is booked for May: 8,899.90 + 250.00 + 7,899.90 / 79 × 286.
    """
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        found = project(session, the_pilot(session))
    assert (found.through, found.days_left, found.months) == (date(2026, 3, 31), 286, 3)
    assert (found.spent, found.known) == (Decimal("8899.90"), Decimal("250.00"))
    assert found.close == cents(Decimal("9149.90") + Decimal("7899.90") / 79 * 286) == Decimal("37749.54")
    assert found.at(found.slow) == cents(Decimal("9149.90") + Decimal("3099.90") / 31 * 286)  # March
    assert found.at(found.fast) == Decimal("37749.90")  # 100 dollars a day, January and February
    assert found.left == Decimal("-22749.54")


def test_the_burn_chart_stops_spending_at_the_last_closed_month(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    found = answer(small_pilot, "burn")
    rows = {row["date"]: row for row in found.table.to_dict("records")}
    assert [rows[day]["spent"] for day in (date(2026, 1, 11), date(2026, 2, 28), date(2026, 3, 31))] == [
        0,
        5800,
        8899.9,
    ]
    assert all(row["spent"] != row["spent"] for day, row in rows.items() if day > date(2026, 3, 31))
    assert [rows[day]["plan"] for day in (date(2026, 1, 11), date(2026, 1, 31), date(2027, 1, 11))] == [0, 1000, 12000]
    assert rows[date(2026, 3, 31)]["projected"] == rows[date(2026, 3, 31)]["spent"]
    assert rows[date(2027, 1, 11)]["projected"] == found.marks["projected_close"] == 37749.54
    assert rows[date(2026, 5, 31)]["projected"] - rows[date(2026, 4, 30)]["projected"] == pytest.approx(
        250 + 31 * 7899.9 / 79, abs=0.01
    )
    assert found.marks["expend_by"] == date(2027, 6, 30)
    assert found.sentence.replace("\u00a0", " ") == (
        "59 % of the money is spent with 22 % of the year gone: on course to run over by about $23,000. "
        "The budget is used up about 29 May 2026."
    )


def test_the_run_out_day_by_hand(small_pilot: Engine) -> None:
    """6,100.10 are left after 31 March. At 7,899.90 / 79 = 99.9987 a day and with 250.00 on 2 May the budget is
    reached after 59 days (5,899.92 + 250.00), not yet after 58; at 3,099.90 / 31 a day on the same day."""
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        found = project(session, the_pilot(session))
        assert found.runs_out(found.rate) == date(2026, 5, 29)
        assert found.runs_out(Decimal("6100.10") / 286) == date(2026, 12, 31)  # 5,850.10 / 21.329 = 274.3 days
        assert found.runs_out(Decimal("5850.10") / 286) is None  # reached on the last day: it lasts
        assert found.runs_out(Decimal(0)) is None
        session.execute(update(BudgetLine).where(BudgetLine.id == 1).values(amount=Decimal("5799.90")))
        session.commit()
        spent = project(session, the_pilot(session))
        assert spent.budget == Decimal("8799.90")
        assert spent.runs_out(spent.rate) == spent.reached == date(2026, 3, 31)


def test_deadlines_far_away_are_named_and_near_ones_drawn(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    marks = answer(small_pilot, "burn").marks
    assert marks["drawn"] == {"obligate_by": date(2026, 12, 31), "last_day": date(2027, 1, 11)}
    assert marks["beyond"] == {"expend_by": date(2027, 6, 30)}
    assert "Outside the drawn time: spend by 30 Jun 2027." in answer(small_pilot, "burn").caveats
    for far, drawn in ((45, True), (46, False)):
        with aggregate_session(small_pilot) as session:
            session.execute(update(Grant).values(expend_by=date(2027, 1, 11) + timedelta(far)))
            session.commit()
        assert ("expend_by" in answer(small_pilot, "burn").marks["drawn"]) is drawn


def test_after_the_last_day_nothing_is_projected(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        months = [date(2026, month, 1) for month in range(4, 13)] + [date(2027, 1, 1)]
        session.add_all(MonthClose(month=month, closed_at=NOW) for month in months)
        session.commit()
    late = Filters(date(2026, 1, 12), date(2027, 1, 11), date(2027, 3, 1))
    found = answer(small_pilot, "burn", late)
    assert found.estimate.value == 10049.9  # 8,899.90, 900.00 in April, 250.00 in May
    assert found.sentence.replace("\u00a0", " ") == (
        "The pilot is over: 67 % of the money was spent, and about $5,000 was not."
    )
    assert found.marks["runs_out"] is None
    assert found.marks["formula"] == ""
    assert found.table["projected"].isna().all()


def test_fewer_closed_months_are_marked_early_and_none_is_the_plan(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.execute(delete(MonthClose).where(MonthClose.month == date(2026, 3, 1)))
        session.commit()
    found = answer(small_pilot, "projected_close")
    assert found.provisional
    assert "Early: only 2 closed months stand behind the daily rate." in found.caveats
    with aggregate_session(small_pilot) as session:
        session.execute(delete(MonthClose))
        session.commit()
    plan = answer(small_pilot, "projected_close")
    assert plan.estimate.value == 12000
    assert plan.sentence == "No month has been closed yet; the plan closes the year with about $3,000."


def test_no_budget_is_a_sentence(small_pilot: Engine) -> None:
    for key in ("burn", "projected_close", "spent", "obligated", "remaining", "pending", "budget_lines", "pilot_clock"):
        assert answer(small_pilot, key).sentence == "No budget has been entered yet."


def test_cost_per_person_takes_both_through_the_last_closed_month(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        for number, day in ((1, date(2026, 2, 3)), (2, date(2026, 3, 29)), (3, date(2026, 3, 31))):
            person(session, number)
            intervention(session, at(day), number)
        session.commit()
    found = answer(small_pilot, "cost_per_person")
    assert found.estimate.value == 4449.95  # 8,899.90 over two people: the third was met in a week of April
    assert found.sentence == "Each of 2 people served has cost $4,450, through 31 Mar 2026."
    # All three go by weeks, and the week of 30 March belongs to April, where its Thursday lies.
    assert answer(small_pilot, "cost_per_intervention").estimate.n == 2
    hidden = compute(small_pilot, SHELL, "cost_per_person", APRIL, Audience.public)
    assert (hidden.display, hidden.estimate.value) == ("hidden", None)


def test_a_staff_filter_does_not_divide_the_money(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    assert answer(small_pilot, "burn", replace(APRIL, staff_id=2)).estimate == answer(small_pilot, "burn").estimate


def test_who_may_see_money(small_pilot: Engine, viewer) -> None:
    for role in (Role.clinician, Role.analyst, Role.council):
        with pytest.raises(Forbidden):
            compute(small_pilot, viewer(role), "spent", APRIL)
    assert compute(small_pilot, viewer(Role.council), "spent", APRIL, Audience.public).display == "$0"
