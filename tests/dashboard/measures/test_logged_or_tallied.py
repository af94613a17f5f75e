"""Logged or tallied: which number counts, per week × staff member × item (measures.md, section 3)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from dashboard.model import Filters
from db.engine import aggregate_session
from db.models import Pilot, TallyValue
from db.vocab import TallyItem, TallyStatus
from tests.dashboard.measures.city import TODAY, WEEK, WHOLE, ask, at, certify, referral, row, tally, three_referrals


def received(bind: Engine, filters: Filters = WHOLE) -> dict[str, object]:
    return row(ask(bind, "referrals_received", filters), "period", WEEK)


def test_without_a_sheet_the_log_counts_and_is_provisional(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    assert (received(small_pilot)["value"], received(small_pilot)["status"]) == (3, "provisional")
    assert ask(small_pilot, "referrals_received").provisional


def test_a_certified_figure_counts_over_the_log(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 5)
    assert (received(small_pilot)["value"], received(small_pilot)["status"]) == (5, "final")
    assert ask(small_pilot, "referrals_received").estimate.value == 5


def test_a_certified_zero_counts_over_the_log(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 0)
    assert (received(small_pilot)["value"], received(small_pilot)["status"]) == (0, "final")


def test_a_blank_is_not_zero(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, None)
    assert (received(small_pilot)["value"], received(small_pilot)["status"]) == (3, "provisional")


def test_a_draft_counts_for_nothing(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 9, TallyStatus.draft)
    assert (received(small_pilot)["value"], received(small_pilot)["status"]) == (3, "provisional")


def test_an_amended_figure_counts_as_amended(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 5)
    with aggregate_session(small_pilot) as session:
        for value in session.query(TallyValue):
            value.reported = Decimal(4)
        session.commit()
    assert received(small_pilot)["value"] == 4


def test_the_rule_holds_for_each_member_of_staff(small_pilot: Engine) -> None:
    """In the week of 8 June both work: one certified 5 over a log of 1, the other's log of 2 still counts."""
    week = date(2026, 6, 8)
    with aggregate_session(small_pilot) as session:
        referral(session, at(week), staff_id=1)
        for hour in (14, 15):
            referral(session, at(week, hour), staff_id=2)
        tally(session, week, {TallyItem.referrals_received: 5})
        session.commit()
    both = row(ask(small_pilot, "referrals_received"), "period", week)
    assert (both["value"], both["status"]) == (7, "provisional")
    one = row(ask(small_pilot, "referrals_received", replace(WHOLE, staff_id=1)), "period", week)
    assert (one["value"], one["status"]) == (5, "final")


def test_a_week_that_is_not_over_is_unfinished_even_when_certified(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 5)
    for as_of, status in ((WEEK + timedelta(days=4), "unfinished"), (WEEK + timedelta(days=7), "final")):
        assert received(small_pilot, Filters(date(2026, 1, 12), as_of, as_of))["status"] == status


def test_a_week_belongs_to_the_month_of_its_thursday(small_pilot: Engine) -> None:
    """Monday 30 Mar to Sunday 5 Apr: Thursday is 2 April, so the whole week is April's."""
    with aggregate_session(small_pilot) as session:
        referral(session, at(date(2026, 3, 30)), staff_id=1)
        session.commit()
    march = Filters(date(2026, 3, 1), date(2026, 3, 31), TODAY)
    april = Filters(date(2026, 4, 1), date(2026, 4, 30), TODAY)
    assert ask(small_pilot, "referrals_received", march).estimate.value == 0
    assert ask(small_pilot, "referrals_received", april).estimate.value == 1
    assert ask(small_pilot, "referrals_received", april).table["period"].iloc[0] == date(2026, 3, 30)


def test_every_week_the_pilot_touches_is_there_up_to_54(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        pilot = session.get(Pilot, 1)
        assert pilot is not None
        pilot.starts_on, pilot.ends_on = date(2026, 2, 1), date(2027, 2, 1)  # a Sunday to a Monday
        session.commit()
    year = Filters(date(2026, 2, 1), date(2027, 2, 1), date(2027, 3, 1))
    weeks = list(ask(small_pilot, "referrals_received", year).table["period"])
    assert len(weeks) == 54
    assert (weeks[0], weeks[-1]) == (date(2026, 1, 26), date(2027, 2, 1))


def test_the_running_week_is_shown_before_its_thursday(small_pilot: Engine) -> None:
    tuesday = date(2026, 2, 3)
    result = ask(small_pilot, "referrals_received", Filters(date(2026, 1, 12), tuesday, tuesday))
    assert list(result.table["period"])[-1] == WEEK
    assert list(result.table["status"])[-1] == "unfinished"
