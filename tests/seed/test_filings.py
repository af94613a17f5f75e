"""The demo's filings: true when they were made, and moved by one late bill."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from db.arpa.calendar import calendar, due_on, quarters
from db.arpa.changes import changes
from db.arpa.checks import newest, problems
from db.arpa.fields import fields
from db.arpa.worksheet import build, from_json
from db.engine import aggregate_session
from db.ledger import closed_through, grand_total, line_totals, month_of, quarter_end
from db.models import LedgerEntry, MonthClose, QuarterFiling
from seed.filings import LATE
from tests.seed.conftest import PINNED

City = Callable[..., Engine]


@pytest.mark.parametrize("today", PINNED)
def test_cumulative_is_the_sum_of_all_quarters_of_the_demo(harbor: City, today: date) -> None:
    with aggregate_session(harbor(today)) as session:
        sums = {"obligations": Decimal(0), "expenditures": Decimal(0)}
        for quarter in quarters(session):
            sheet = build(session, quarter)
            total = grand_total(line_totals(session, quarter_end(quarter)))
            for what, own in (("obligations", total.obligated), ("expenditures", total.spent)):
                sums[what] += Decimal(sheet.project[f"current_{what}"])
                assert Decimal(sheet.project[f"total_{what}"]) == sums[what] == own
            spent = [r["amount"] for r in sheet.part("expenditures").rows]
            spent += [r["expenditures"] for r in sheet.part("aggregates").rows]
            assert sum(map(Decimal, spent), Decimal(0)) == Decimal(sheet.project["current_expenditures"])
        whole = grand_total(line_totals(session))
        assert (whole.obligated, whole.spent) == (sums["obligations"], sums["expenditures"])


@pytest.mark.parametrize("today", PINNED)
def test_all_quarters_that_are_over_but_the_last_are_filed_in_time(harbor: City, today: date) -> None:
    with aggregate_session(harbor(today)) as session:
        over = [due for due in calendar(session, today) if due.over]
        assert [due.version for due in over] == [1] * (len(over) - 1) + [0]
        assert len(over) > 2
        for filing in session.scalars(select(QuarterFiling)):
            assert quarter_end(filing.quarter) < filing.filed_at.date() <= due_on(filing.quarter)


@pytest.mark.parametrize("today", PINNED)
def test_one_late_bill_is_all_that_moved(harbor: City, today: date) -> None:
    with aggregate_session(harbor(today)) as session:
        filed = list(session.scalars(select(QuarterFiling).order_by(QuarterFiling.quarter)))
        assert [bool(changes(session, filing)) for filing in filed] == [False] * (len(filed) - 1) + [True]
        moved = changes(session, filed[-1])
        assert [(Decimal(c.now) - Decimal(c.filed), [e.amount for e in c.entries]) for c in moved] == [
            (LATE, [LATE])
        ] * 3
        assert {c.label for c in moved} == {
            "Total Cumulative Expenditures",
            "Current Period Expenditures",
            "Total Expenditure Amount",
        }
        [entry] = moved[0].entries
        month = month_of(entry.on_date)
        closes = session.scalars(select(MonthClose).where(MonthClose.month == month).order_by(MonthClose.id)).all()
        assert [close.reopened_at is not None for close in closes] == [True, False]
        assert closes[0].reopened_at is not None
        assert closes[0].reopened_at <= entry.created_at <= closes[1].closed_at
        later = select(MonthClose.closed_at).where(MonthClose.month == quarter_end(month) + timedelta(days=1))
        assert all(at > closes[1].closed_at for at in session.scalars(later))


def test_what_was_filed_passed_the_checks_of_the_day(harbor: City) -> None:
    """The next quarter waits until the one that the late bill moved is filed again."""
    today = PINNED[0]
    with aggregate_session(harbor(today)) as session:
        assert (closed_through(session) or date.min) >= date(2026, 9, 30)
        for quarter in quarters(session)[:5]:
            filing = newest(session, quarter)
            assert filing is not None
            assert [p.sentence for p in problems(session, from_json(filing.worksheet), today) if p.error] == []
        waiting = [p.sentence for p in problems(session, build(session, date(2026, 7, 1)), today) if p.error]
        assert [s for s in waiting if s.endswith("File 2026Q2 again first.")] == waiting
        assert len(waiting) == 1


def test_the_words_fit_the_treasurys_limits(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        project = build(session, date(2026, 7, 1)).project
        for field in fields("1.12", "project"):
            if field.length:
                assert len(project[field.name]) <= field.length
        assert session.scalars(select(LedgerEntry).where(LedgerEntry.amount == LATE)).one().contract_id == 1
