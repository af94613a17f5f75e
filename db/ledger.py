"""What the ledger adds up to, to the cent: the one place that sums money. Measures, page and commands read it.

A void is a counter-entry of the same kind with the opposite amount, so plain sums are always right.
Sums are made in whole cents by the database (``db.types.Money``) and come out as ``Decimal``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.models import BudgetLine, Grant, LedgerEntry, MonthClose, Pilot
from db.vocab import EntryKind

ZERO = Decimal("0.00")
SPENT_KINDS = (EntryKind.expenditure, EntryKind.adjustment)
"""What ``spent`` sums: an adjustment corrects expenditures, in an open month, by either sign."""


@dataclass(frozen=True, slots=True)
class LineTotal:
    """One budget line, in dollars and cents. ``remaining`` = budget − spent; ``uncommitted`` = budget − obligated."""

    line_id: int
    name: str
    budget: Decimal
    obligated: Decimal
    spent: Decimal

    @property
    def remaining(self) -> Decimal:
        return self.budget - self.spent

    @property
    def uncommitted(self) -> Decimal:
        return self.budget - self.obligated


def line_totals(session: Session, until: date | None = None) -> tuple[LineTotal, ...]:
    """Totals of each line in the budget's order, of entries dated up to and including ``until``.

    A record session of somebody who may not see money gets lines without any entry.
    """
    sums = select(LedgerEntry.line_id, LedgerEntry.kind, func.sum(LedgerEntry.amount))
    if until is not None:
        sums = sums.where(LedgerEntry.on_date <= until)
    rows = session.execute(sums.group_by(LedgerEntry.line_id, LedgerEntry.kind))
    by_kind = {(line, kind): total for line, kind, total in rows}
    return tuple(
        LineTotal(
            line_id=line.id,
            name=line.name,
            budget=line.amount,
            obligated=by_kind.get((line.id, EntryKind.obligation), ZERO),
            spent=sum((by_kind.get((line.id, kind), ZERO) for kind in SPENT_KINDS), ZERO),
        )
        for line in session.scalars(select(BudgetLine).order_by(BudgetLine.position, BudgetLine.id))
    )


def grand_total(lines: Sequence[LineTotal], name: str = "Total") -> LineTotal:
    """The sum of ``lines`` as one more row (``line_id`` 0)."""
    return LineTotal(
        line_id=0,
        name=name,
        budget=sum((line.budget for line in lines), ZERO),
        obligated=sum((line.obligated for line in lines), ZERO),
        spent=sum((line.spent for line in lines), ZERO),
    )


def month_of(day: date) -> date:
    """The first day of the calendar month that holds ``day``."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next calendar month."""
    return month_of(month.replace(day=1) + timedelta(days=31))


def closed_through(session: Session) -> date | None:
    """S of measures.md, section 6: the last day of the last month finance has closed; None before the first."""
    last = session.scalar(select(func.max(MonthClose.month)).where(MonthClose.reopened_at.is_(None)))
    return None if last is None else month_after(last) - timedelta(days=1)


def next_to_close(session: Session, pilot: Pilot) -> date:
    """The month whose turn it is: months are closed in order, from the first entry or the pilot's first day."""
    through = closed_through(session)
    if through is not None:
        return through + timedelta(days=1)
    first = session.scalar(select(func.min(LedgerEntry.on_date)))
    return month_of(min(first, pilot.starts_on) if first else pilot.starts_on)


def payee_key(name: str) -> str:
    """A payee's name without case and surplus spaces: what invoices and payees are found by."""
    return " ".join(name.split()).casefold()


def standing() -> Select[LedgerEntry]:
    """Entries that count by themselves: neither voided nor the void of another."""
    void = aliased(LedgerEntry)
    return select(LedgerEntry).where(
        LedgerEntry.voids_id.is_(None), ~select(void.id).where(void.voids_id == LedgerEntry.id).exists()
    )


def the_grant(session: Session) -> Grant | None:
    """The grant the pilot is paid from; None before one is set up."""
    return session.scalars(select(Grant).order_by(Grant.id)).first()
