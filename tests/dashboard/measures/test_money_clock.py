"""The clock says ahead, on or behind, and why; each case set up by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from dashboard.measures.compute import compute
from dashboard.measures.money_clock import TOLERANCE, Clock, clock
from dashboard.model import Filters
from db import access
from db.engine import aggregate_session
from db.models import BudgetLine, LedgerEntry, MonthClose, PlanMonth
from db.pilot import the_pilot
from db.vocab import EntryKind
from tests.conftest import NOW
from tests.dashboard.measures.ledger import BOOKED, add_budget

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
APRIL = Filters(date(2026, 1, 12), date(2026, 4, 20), date(2026, 4, 20))


def said(bind: Engine, lang: str = "en") -> str:
    filters = Filters(APRIL.first, APRIL.last, APRIL.as_of, lang=lang)
    return compute(bind, SHELL, "pilot_clock", filters).sentence.replace("\u00a0", " ")


def add(bind: Engine, *rows: Any) -> None:
    with aggregate_session(bind) as session:
        for row in rows:
            session.add(row)
            session.flush()
        session.commit()


def spent(line: int, amount: str, *, one_off: bool = False) -> LedgerEntry:
    return LedgerEntry(
        line_id=line,
        kind=EntryKind.expenditure,
        amount=Decimal(amount),
        on_date=date(2026, 3, 31),
        payee="Payee",
        one_off=one_off,
        created_at=BOOKED,
    )


def closed() -> MonthClose:
    return MonthClose(month=date(2026, 3, 1), closed_at=BOOKED)


def line(number: int, name: str, amount: str, **more: Any) -> BudgetLine:
    return BudgetLine(id=number, name=name, amount=Decimal(amount), position=number, **more)


def test_three_shares_through_the_last_closed_month(small_pilot: Engine) -> None:
    """79 of 365 days, 11,000.00 and 8,899.90 of 15,000.00: 900.00 of April do not count."""
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        found = clock(session, the_pilot(session))
    assert found is not None
    assert (found.through, found.time) == (date(2026, 3, 31), Decimal(79) / 365)
    assert (found.obligated, found.spent) == (Decimal(11000) / 15000, Decimal("8899.90") / 15000)
    table = compute(small_pilot, SHELL, "pilot_clock", APRIL).table
    assert list(table["mark"]) == ["time", "obligated", "spent"]
    assert list(table["value"]) == pytest.approx([79 / 365, 11 / 15, 8899.9 / 15000])


def test_ahead_and_the_line_that_makes_it_so(small_pilot: Engine) -> None:
    """Pay: 7,899.90 against 79/365 of 12,000.00 = 2,597.26. Equipment, 350.68 above, is under a quarter of the gap."""
    add_budget(small_pilot)
    assert said(small_pilot) == (
        "Spending is ahead of the clock: 59 % of the money with 22 % of the year gone. That is 37.7 points more; "
        "73 % is obligated. All is counted through 31 Mar 2026. "
        "Why: Clinician: $5,303 above its share of the year."
    )
    assert said(small_pilot, "es").startswith("El gasto va por delante del reloj: el 59 % del dinero")


def test_ahead_because_equipment_was_bought_early(small_pilot: Engine) -> None:
    """1,500.00 of 2,000.00 at once, 79/365 of it = 432.88; pay lies 79/365 × 8,000 − 1,700 = 31.51 below."""
    add(small_pilot, line(1, "Pay", "8000"), line(2, "Equipment", "2000"), closed())
    add(small_pilot, spent(1, "1700.00"), spent(2, "1500.00", one_off=True))
    assert said(small_pilot).startswith("Spending is ahead of the clock: 32 % of the money with 22 % of the year")
    assert said(small_pilot).endswith("Why: Equipment: bought early ($1,067 more than its share of the year).")


def test_behind_because_a_post_stood_empty(small_pilot: Engine) -> None:
    """The social worker begins on 1 June: 1,000.00 planned for each of three months, nothing spent."""
    add(small_pilot, line(1, "Pay", "8000"), line(2, "Second post", "12000", post_id=2), closed())
    add(
        small_pilot,
        spent(1, "1731.51"),
        *(PlanMonth(line_id=2, month=date(2026, m, 1), amount=1000) for m in (1, 2, 3)),
    )
    assert said(small_pilot) == (
        "Spending is behind the clock: 9 % of the money with 22 % of the year gone. That is 13 points less; "
        "0 % is obligated. All is counted through 31 Mar 2026. "
        "Why: Second post: the post was empty until 31 Mar 2026 ($3,000 saved)."
    )


def test_behind_as_planned(small_pilot: Engine) -> None:
    """Nothing of 12,000.00 was planned to be spent before April."""
    add(small_pilot, line(1, "Training", "12000"), closed())
    add(small_pilot, PlanMonth(line_id=1, month=date(2026, 3, 1), amount=0), spent(1, "100.00"))
    assert said(small_pilot).endswith("Why: Training: $2,497 below its share of the year, as planned.")


def test_on_the_clock_needs_no_reason(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "36500"), closed())
    add(small_pilot, spent(1, "7900.00"))
    assert said(small_pilot) == (
        "Spending is on the clock: 22 % of the money with 22 % of the year gone. That is 0 points apart, and up to 5 "
        "is on the clock; 0 % is obligated. All is counted through 31 Mar 2026."
    )


@pytest.mark.parametrize(
    ("apart", "state"),
    [
        (TOLERANCE, "on"),
        (-TOLERANCE, "on"),
        (TOLERANCE + Decimal("0.0001"), "ahead"),
        (-TOLERANCE - Decimal("0.0001"), "behind"),
    ],
)
def test_five_points_are_still_on_the_clock(apart: Decimal, state: str) -> None:
    half = Decimal("0.5")
    assert Clock(date(2026, 3, 31), half, half, half + apart, Decimal(100), ()).state == state


def test_no_closed_month_is_a_sentence(small_pilot: Engine) -> None:
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.execute(delete(MonthClose))
        session.commit()
    assert said(small_pilot) == "No month has been closed yet, so the clock has not started."


def test_nothing_short_of_all_reads_as_all(small_pilot: Engine) -> None:
    add(small_pilot, line(1, "Pay", "1000"), closed())
    add(small_pilot, spent(1, "997.00"))
    assert compute(small_pilot, SHELL, "pilot_clock", APRIL).display == "99.7\u00a0%"
