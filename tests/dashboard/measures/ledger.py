"""A ledger small enough to add up by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine

from db.engine import aggregate_session
from db.models import BudgetLine, Grant, LedgerEntry, MonthClose, PlanMonth
from db.vocab import EntryKind

BOOKED = datetime(2026, 11, 1, tzinfo=UTC)


def add_budget(bind: Engine) -> None:
    """$12,000 for pay, $3,000 for equipment; January to March 2026 closed (the pilot begins on 12 January).

    Pay: 2,000.00 in January, 2,800.00 in February, 3,100.00 in March less 0.10 adjusted, 900.00 in April
    (open). Equipment: 1,500.55 once in February, of which 500.55 voided; 250.00 once, booked for May.
    """
    entries = [
        (1, "obligation", "11000.00", date(2026, 1, 5), False),
        (1, "expenditure", "2000.00", date(2026, 1, 31), False),
        (1, "expenditure", "2800.00", date(2026, 2, 28), False),
        (1, "expenditure", "3100.00", date(2026, 3, 31), False),
        (1, "adjustment", "-0.10", date(2026, 3, 31), False),
        (1, "expenditure", "900.00", date(2026, 4, 10), False),
        (2, "expenditure", "1000.00", date(2026, 2, 10), True),
        (2, "expenditure", "250.00", date(2026, 5, 2), True),
    ]
    with aggregate_session(bind) as session:
        session.add_all(
            [
                BudgetLine(id=1, name="Clinician", amount=Decimal("12000"), position=1),
                BudgetLine(id=2, name="Equipment", amount=Decimal("3000"), position=2),
                Grant(
                    name="Award",
                    amount=Decimal("15000"),
                    awarded_on=date(2025, 12, 1),
                    obligate_by=date(2026, 12, 31),
                    expend_by=date(2027, 6, 30),
                    retain_until=date(2031, 12, 31),
                ),
            ]
        )
        session.flush()
        session.add_all(
            PlanMonth(line_id=1, month=date(2026, month, 1), amount=Decimal("1000.00")) for month in range(1, 13)
        )
        for line, kind, amount, day, one_off in entries:
            session.add(_entry(line, EntryKind(kind), amount, day, one_off))
        mistaken = _entry(2, EntryKind.expenditure, "500.55", date(2026, 2, 10), True)
        session.add(mistaken)
        session.flush()
        session.add(_entry(2, EntryKind.expenditure, "-500.55", date(2026, 2, 11), True, mistaken.id))
        session.add_all(MonthClose(month=date(2026, month, 1), closed_at=BOOKED) for month in (1, 2, 3))
        session.commit()


def _entry(line: int, kind: EntryKind, amount: str, day: date, one_off: bool, voids: int | None = None) -> LedgerEntry:
    return LedgerEntry(
        line_id=line,
        kind=kind,
        amount=Decimal(amount),
        on_date=day,
        payee="Payee",
        one_off=one_off,
        voids_id=voids,
        void_reason="typed twice" if voids else None,
        created_at=BOOKED,
    )
