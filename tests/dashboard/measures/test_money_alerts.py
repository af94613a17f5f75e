"""Every alert fires, and does not fire at its boundary."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, update

from dashboard.measures.money_alerts import alerts
from db.engine import aggregate_session
from db.models import BudgetLine, Grant, MonthClose, PlanMonth
from db.pilot import the_pilot
from tests.dashboard.measures.ledger import add_budget
from tests.dashboard.measures.test_money_clock import add, closed, line, spent

QUIET = date(2026, 4, 20)
"""Far from every deadline of the small ledger."""


def told(bind: Engine, today: date = QUIET, lang: str = "en") -> dict[str, str]:
    with aggregate_session(bind) as session:
        found = alerts(session, the_pilot(session), today, lang)
    assert [alert.grave for alert in found] == sorted((alert.grave for alert in found), reverse=True)
    return {alert.kind: alert.said.replace("\u00a0", " ") for alert in found}


def planned(bind: Engine, number: int = 1) -> None:
    add(bind, *(PlanMonth(line_id=number, month=date(2026, m, 1), amount=Decimal(1)) for m in range(1, 13)))


def grant(bind: Engine, obligate_by: date, expend_by: date) -> None:
    add(
        bind,
        Grant(
            name="Award",
            amount=Decimal(1000),
            awarded_on=date(2025, 1, 1),
            obligate_by=obligate_by,
            expend_by=expend_by,
            retain_until=date(2032, 1, 1),
        ),
    )


@pytest.mark.parametrize(("amount", "fires"), [("900.00", False), ("900.01", True), ("1000.00", True)])
def test_a_line_over_ninety_percent(small_pilot: Engine, amount: str, fires: bool) -> None:
    add(small_pilot, line(1, "Pay", "1000"), line(2, "Other", "9000"))
    add(small_pilot, spent(1, amount))
    planned(small_pilot)
    found = told(small_pilot)
    assert ("full_spent" in found) is fires
    assert "over_spent" not in found
    if fires:
        share = "100 %" if amount == "1000.00" else "90 %"
        assert found["full_spent"] == f"More than 90 % is spent: Pay ({share})."


def test_obligated_is_said_apart_from_spent(small_pilot: Engine) -> None:
    add_budget(small_pilot)  # 11,000 of 12,000 is obligated, 8,799.90 spent
    found = told(small_pilot)
    assert found["full_obligated"] == "More than 90 % is obligated: Clinician (92 %)."
    assert "full_spent" not in found
    assert told(small_pilot, lang="es")["full_obligated"] == "Se ha comprometido más del 90 %: Clinician (92 %)."


def test_a_line_over_its_budget(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"), line(2, "Other", "9000"))
    add(small_pilot, spent(1, "1000.01"))
    planned(small_pilot)
    found = told(small_pilot)
    assert found == {"over_spent": "“Pay” is spent $0.01 over its budget of $1,000.00."}


@pytest.mark.parametrize(("ahead", "fires"), [(61, False), (60, True), (0, True), (-1, False)])
def test_a_deadline_within_sixty_days(small_pilot: Engine, ahead: int, fires: bool) -> None:
    add(small_pilot, line(1, "Pay", "1000"))
    by = QUIET + timedelta(ahead)
    grant(small_pilot, by, date(2027, 6, 30))
    found = told(small_pilot)
    assert (f"in {ahead} days" in found.get("obligate_by", "")) is fires
    if ahead == 60:
        assert found["obligate_by"] == "Money must be obligated by 19 Jun 2026, in 60 days; $1,000 is not."
    if ahead == -1:
        assert found["obligate_by"] == "$1,000 was not obligated by 19 Apr 2026 and is lost to the pilot."


def test_the_day_to_spend_by_and_the_last_day(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"))
    grant(small_pilot, date(2026, 1, 1), date(2027, 1, 20))
    found = told(small_pilot, date(2027, 1, 10))
    assert found["last_day"] == "The pilot ends on 11 Jan 2027, in 1 day; $1,000 of the budget is not spent."
    assert found["expend_by"] == "Money must be spent by 20 Jan 2027, in 10 days; $1,000 is not."
    over = told(small_pilot, date(2027, 1, 21))
    assert over["expend_by"] == "$1,000 was not spent by 20 Jan 2027 and must go back."
    assert "last_day" not in over


def test_a_deadline_with_nothing_left_to_do_says_so(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"))
    add(small_pilot, spent(1, "1000.00"))
    grant(small_pilot, date(2026, 4, 1), QUIET + timedelta(30))
    assert told(small_pilot)["expend_by"] == "Money must be spent by 20 May 2026, in 30 days; all of it is."


def test_a_passed_deadline_with_nothing_left_is_no_alert(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"))
    add(small_pilot, spent(1, "1000.00"))
    grant(small_pilot, date(2026, 1, 1), date(2026, 4, 1))
    assert "expend_by" not in told(small_pilot)
    assert "obligate_by" in told(small_pilot)  # nothing of it was ever obligated


def test_spending_without_a_plan(small_pilot: Engine) -> None:
    """The small ledger plans pay and no equipment: 1,000.00 of February; the voided 500.55 do not count."""
    add_budget(small_pilot)
    assert told(small_pilot)["unplanned"] == "“Equipment” spent $1,000 without a plan in Feb 2026."
    planned(small_pilot, 2)
    assert "unplanned" not in told(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.execute(delete(PlanMonth))
        session.commit()
    assert told(small_pilot)["unplanned"] == (
        "$9,800 is spent and no month has a plan: enter what each line is to spend by month."
    )


def test_a_negative_forecast(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    assert told(small_pilot)["forecast"] == (
        "On course to run over the budget by $22,750; it is used up about 29 May 2026."
    )
    with aggregate_session(small_pilot) as session:
        session.execute(update(BudgetLine).where(BudgetLine.id == 2).values(amount=Decimal("25749.54")))
        session.commit()
    assert "forecast" not in told(small_pilot)  # it closes with exactly nothing left


def test_a_plan_over_the_budget_before_the_first_closed_month(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.execute(delete(MonthClose))
        session.execute(update(BudgetLine).where(BudgetLine.id == 1).values(amount=Decimal("8999.99")))
        session.commit()
    assert told(small_pilot)["forecast"] == "The plan itself runs over the budget by $0."


def test_an_empty_budget_raises_no_alert_but_the_dates(small_pilot: Engine) -> None:
    assert told(small_pilot) == {}
    assert set(told(small_pilot, date(2027, 1, 1))) == {"last_day"}


def test_what_is_booked_for_later_is_not_told_of_today(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"), closed())
    add(small_pilot, spent(1, "1000.00"))
    assert "full_spent" not in told(small_pilot, date(2026, 3, 30))
    assert "full_spent" in told(small_pilot, date(2026, 3, 31))
