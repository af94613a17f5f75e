"""What the ledger adds up to: quarters, and what an empty post did not cost, counted by hand."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from db.engine import aggregate_session
from db.ledger import ZERO, quarter_end, quarter_of, vacancy_savings
from db.models import BudgetLine, LedgerEntry, PlanMonth, Staff
from db.pilot import the_pilot
from db.vocab import EntryKind
from tests.conftest import NOW, add_small_pilot


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 2, 28), date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 6, 30), date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 9, 1), date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_quarter_is_of_the_calendar(day: date, first: date, last: date) -> None:
    assert quarter_of(day) == first
    assert quarter_end(first) == quarter_end(day) == last


def _planned(bind: Engine, begins: date, spent: Decimal = ZERO) -> None:
    """The pilot begins on 12 Jan 2026. A line is planned at $2,000 in January (20 days), $2,800 in February (28)."""
    add_small_pilot(bind)
    with aggregate_session(bind) as session:
        session.get_one(Staff, 2).starts_on = begins
        session.add(BudgetLine(id=1, name="Part-time", amount=Decimal(9000), position=1, post_id=2, is_pay=True))
        session.add(BudgetLine(id=2, name="No post", amount=Decimal(9000), position=2))
        session.flush()
        for line in (1, 2):
            session.add(PlanMonth(line_id=line, month=date(2026, 1, 1), amount=Decimal(2000)))
            session.add(PlanMonth(line_id=line, month=date(2026, 2, 1), amount=Decimal(2800)))
        if spent:
            entry = LedgerEntry(
                line_id=1,
                kind=EntryKind.expenditure,
                amount=spent,
                on_date=date(2026, 1, 31),
                payee="Agency",
                created_at=NOW,
            )
            session.add(entry)
        session.commit()


@pytest.mark.parametrize(
    ("begins", "through", "until", "planned"),
    [
        (date(2026, 2, 11), date(2026, 10, 31), date(2026, 2, 10), "3000.00"),  # January, and 10 days at $100
        (date(2026, 1, 17), date(2026, 10, 31), date(2026, 1, 16), "500.00"),  # 5 of 20 days inside the pilot
        (date(2026, 6, 1), date(2026, 2, 28), date(2026, 2, 28), "4800.00"),  # not filled yet: through the day asked
        (date(2026, 6, 1), date(2026, 10, 31), date(2026, 5, 31), "4800.00"),
    ],
)
def test_an_empty_post_saves_what_was_planned(
    sqlite: Engine, begins: date, through: date, until: date, planned: str
) -> None:
    _planned(sqlite, begins)
    with aggregate_session(sqlite) as session:
        [vacancy] = vacancy_savings(session, the_pilot(session), through)
    assert (vacancy.line_id, vacancy.name, vacancy.until) == (1, "Part-time", until)
    assert (vacancy.planned, vacancy.spent, vacancy.saved) == (Decimal(planned), ZERO, Decimal(planned))


def test_what_was_spent_all_the_same_is_taken_off_and_never_more_than_the_plan(sqlite: Engine) -> None:
    _planned(sqlite, date(2026, 2, 11), spent=Decimal("2900.10"))
    with aggregate_session(sqlite) as session:
        [vacancy] = vacancy_savings(session, the_pilot(session), date(2026, 10, 31))
        assert vacancy.saved == Decimal("99.90")
        [over] = vacancy_savings(session, the_pilot(session), date(2026, 1, 31))
        assert (over.planned, over.spent, over.saved) == (Decimal("2000.00"), Decimal("2900.10"), ZERO)


def test_a_post_filled_from_the_first_day_or_not_begun_saves_nothing(sqlite: Engine) -> None:
    _planned(sqlite, date(2026, 1, 12))
    with aggregate_session(sqlite) as session:
        assert vacancy_savings(session, the_pilot(session), date(2026, 10, 31)) == ()
        session.get_one(Staff, 2).starts_on = date(2026, 6, 1)
        session.commit()
        assert vacancy_savings(session, the_pilot(session), date(2026, 1, 11)) == ()
