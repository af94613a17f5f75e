"""Books small enough to add up by hand: two lines, an award over $50,000, one of exactly that, an order, a void."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.arpa.worksheet import key_of
from db.engine import aggregate_session
from db.ledger import payee_key
from db.models import BudgetLine, Contract, Grant, Invoice, LedgerEntry, MonthClose, Payee, ReportField
from db.vocab import EntryKind
from db.vocab.money import AwardKind, PayeeKind

BEFORE = datetime(2026, 7, 1, 12, tzinfo=UTC)
PROVIDER, OFFICE, RADIOS = "Harbor Recovery Center", "Capstan Office Supply", "Windlass Radio Works"
LARGE, SMALL = "HR-2025-7", "CO-2026-1"
Q4_2025, Q1, Q2, Q3 = date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
WRITTEN = {
    "project.number": "HPD-07",
    "project.description": "Co-response in Harbor.",
    "project.served": "1 Imp General Public",
    "project.structure": "Two social workers.",
    "project.approach": "Follow-up.",
    "project.evidence": "0.00",
    "project.evaluation": "Yes",
    "project.capital": "No",
    key_of("awards", "city", LARGE): "Harbor",
    key_of("awards", "state", LARGE): "CT",
    key_of("awards", "zip", LARGE): "06800",
}


def entry(kind: str, amount: str, on: date, payee: str = PROVIDER, line: int = 1, **more: Any) -> LedgerEntry:
    return LedgerEntry(
        **{"kind": EntryKind(kind), "amount": Decimal(amount), "on_date": on, "payee": payee, "line_id": line}
        | {"created_at": BEFORE}
        | more
    )


def invoice(number: str, first: date, last: date, payee: str = PROVIDER, contract_id: int | None = 1) -> Invoice:
    """Accepted on the last day of its service."""
    return Invoice(
        payee=payee,
        payee_key=payee_key(payee),
        number=number,
        number_key=payee_key(number),
        contract_id=contract_id,
        service_from=first,
        service_to=last,
        received_on=last,
        accrued_on=last,
        accepted_at=BEFORE,
        created_at=BEFORE,
    )


def fill(bind: Engine, *, typed: bool = True, closed_through: int = 9) -> None:
    """The books in a database that holds the small pilot. Months of 2026 up to ``closed_through`` are closed.

    By hand, obligations: 60,000 + 50,000 in 2025, 1,200 in Q2. Spent: Q1 9,000.10 + 500 (voided), Q2 8,000.20 and
    1,200, Q3 7,000 and −0.30, and 2,500 of the award of exactly 50,000.
    """
    with aggregate_session(bind) as session:
        _frame(session, closed_through)
        session.add_all(_entries())
        session.flush()
        wrong = session.query(LedgerEntry).filter_by(description="wrong").one()
        session.add(
            entry("expenditure", "-500.00", date(2026, 2, 10), OFFICE, 2, voids_id=wrong.id, void_reason="twice")
        )
        if typed:
            session.add_all(
                ReportField(quarter=Q4_2025, field=field, value=value, at=BEFORE) for field, value in WRITTEN.items()
            )
        session.commit()


def _frame(session: Session, closed_through: int) -> None:
    session.add_all(
        [
            BudgetLine(id=1, name="Social worker", amount=Decimal("113800"), position=1),
            BudgetLine(id=2, name="Equipment", amount=Decimal("6200"), position=2),
            Grant(
                name="Award",
                amount=Decimal("120000"),
                awarded_on=date(2025, 11, 1),
                obligate_by=date(2026, 12, 31),
                expend_by=date(2027, 1, 31),
                retain_until=date(2032, 12, 31),
            ),
            Payee(
                name=PROVIDER,
                key=payee_key(PROVIDER),
                kind=PayeeKind.subrecipient,
                uei="DEM0HARBOR01",
                ein="000000147",
                sam_registered=True,
            ),
            _contract(1, LARGE, PROVIDER, AwardKind.subaward),
            _contract(2, SMALL, OFFICE, AwardKind.contract),
        ]
    )
    session.add_all(
        MonthClose(month=month, closed_at=BEFORE)
        for month in (date(2025, 12, 1), *(date(2026, k, 1) for k in range(1, closed_through + 1)))
    )
    session.flush()


def _contract(number: int, name: str, payee: str, kind: AwardKind) -> Contract:
    return Contract(
        id=number,
        number=name,
        payee=payee,
        kind=kind,
        signed_on=date(2025, 12, 8),
        starts_on=date(2026, 1, 12),
        ends_on=date(2027, 1, 11),
        place="1 Harbor Street",
        description="Social workers.",
    )


def _entries() -> list[LedgerEntry]:
    january, may, august = (
        invoice(f"{month:02d}", date(2026, month, 1), date(2026, month, last))
        for month, last in ((1, 31), (5, 31), (8, 31))
    )
    return [
        entry("obligation", "60000.00", date(2025, 12, 8), contract_id=1),
        entry("obligation", "50000.00", date(2025, 12, 9), OFFICE, contract_id=2),
        entry("expenditure", "9000.10", date(2026, 1, 31), invoice=january),
        entry("expenditure", "500.00", date(2026, 2, 10), OFFICE, 2, description="wrong"),
        entry("obligation", "1200.00", date(2026, 4, 2), RADIOS, 2),
        entry("expenditure", "1200.00", date(2026, 4, 20), RADIOS, 2),
        entry("expenditure", "8000.20", date(2026, 5, 31), invoice=may),
        entry("expenditure", "7000.00", date(2026, 8, 31), invoice=august),
        entry("adjustment", "-0.30", date(2026, 9, 2), contract_id=1, description="rounding"),
        entry("expenditure", "2500.00", date(2026, 9, 30), OFFICE, contract_id=2),
    ]
