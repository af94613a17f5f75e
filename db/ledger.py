"""What the ledger adds up to, to the cent: the one place that sums money. Measures, page and commands read it.

A void is a counter-entry of the same kind with the opposite amount, so plain sums are always right.
Sums are made in whole cents by the database (``db.types.Money``) and come out as ``Decimal``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.models import (
    BudgetLine,
    Grant,
    Invoice,
    InvoicePart,
    LedgerEntry,
    LineTransfer,
    MonthClose,
    Pilot,
    PlanMonth,
    Staff,
)
from db.vocab import EntryKind
from db.vocab.money import TransferDecision

ZERO = Decimal("0.00")
SPENT_KINDS = (EntryKind.expenditure, EntryKind.adjustment)
"""What ``spent`` sums: an adjustment corrects expenditures, in an open month, by either sign."""


@dataclass(frozen=True, slots=True)
class LineTotal:
    """One budget line, in dollars and cents.

    ``adopted`` is the line as adopted, ``budget`` that and the approved transfers in − out. ``pending`` is
    what invoices ask that are received and neither accepted nor withdrawn: no part of ``spent``.
    """

    line_id: int
    name: str
    adopted: Decimal
    budget: Decimal
    obligated: Decimal
    spent: Decimal
    pending: Decimal = ZERO
    is_pay: bool = False

    @property
    def remaining(self) -> Decimal:
        """Budget − spent (measures.md, section 6)."""
        return self.budget - self.spent

    @property
    def uncommitted(self) -> Decimal:
        """Budget − obligated: what no contract or order holds yet."""
        return self.budget - self.obligated

    @property
    def committed(self) -> Decimal:
        """The larger of obligated, and spent with what is pending: the line cannot do with less."""
        return max(self.obligated, self.spent + self.pending)

    @property
    def available(self) -> Decimal:
        """Budget − committed: what may still be obligated, or moved to another line. Negative is over."""
        return self.budget - self.committed


def line_totals(session: Session, until: date | None = None) -> tuple[LineTotal, ...]:
    """Totals of each line in the budget's order, as of the end of the day ``until`` (None: of all there is).

    Entries by their date, transfers by the day they were approved, invoices as pending from the day they were
    received up to the eve of the day their cost counts from; a withdrawn one never. A record session of
    somebody who may not see money gets lines as adopted, without anything on them.
    """
    sums = select(LedgerEntry.line_id, LedgerEntry.kind, func.sum(LedgerEntry.amount))
    if until is not None:
        sums = sums.where(LedgerEntry.on_date <= until)
    rows = session.execute(sums.group_by(LedgerEntry.line_id, LedgerEntry.kind))
    by_kind = {(line, kind): total for line, kind, total in rows}
    moved, waiting = _moved(session, until), _pending(session, until)
    return tuple(
        LineTotal(
            line_id=line.id,
            name=line.name,
            adopted=line.amount,
            budget=line.amount + moved.get(line.id, ZERO),
            obligated=by_kind.get((line.id, EntryKind.obligation), ZERO),
            spent=sum((by_kind.get((line.id, kind), ZERO) for kind in SPENT_KINDS), ZERO),
            pending=waiting.get(line.id, ZERO),
            is_pay=line.is_pay,
        )
        for line in session.scalars(select(BudgetLine).order_by(BudgetLine.position, BudgetLine.id))
    )


def grand_total(lines: Sequence[LineTotal], name: str = "Total") -> LineTotal:
    """The sum of ``lines`` as one more row (``line_id`` 0)."""
    return LineTotal(
        line_id=0,
        name=name,
        adopted=sum((line.adopted for line in lines), ZERO),
        budget=sum((line.budget for line in lines), ZERO),
        obligated=sum((line.obligated for line in lines), ZERO),
        spent=sum((line.spent for line in lines), ZERO),
        pending=sum((line.pending for line in lines), ZERO),
    )


def _moved(session: Session, until: date | None) -> dict[int, Decimal]:
    """What approved transfers added to each line, by its id; together always nothing."""
    moved: dict[int, Decimal] = {}
    for side, sign in ((LineTransfer.to_line_id, 1), (LineTransfer.from_line_id, -1)):
        sums = select(side, func.sum(LineTransfer.amount)).where(LineTransfer.decision == TransferDecision.approved)
        if until is not None:
            sums = sums.where(LineTransfer.decided_on <= until)
        for line, amount in session.execute(sums.group_by(side)):
            moved[line] = moved.get(line, ZERO) + sign * amount
    return moved


def _pending(session: Session, until: date | None) -> dict[int, Decimal]:
    sums = select(InvoicePart.line_id, func.sum(InvoicePart.amount)).join(Invoice, Invoice.id == InvoicePart.invoice_id)
    sums = sums.where(Invoice.withdrawn_at.is_(None))
    if until is None:
        sums = sums.where(Invoice.accrued_on.is_(None))
    else:
        sums = sums.where(Invoice.received_on <= until)
        sums = sums.where(Invoice.accrued_on.is_(None) | (Invoice.accrued_on > until))
    rows = session.execute(sums.group_by(InvoicePart.line_id)).all()
    return {row[0]: row[1] for row in rows}


# --- months and quarters ---------------------------------------------------------------------------------


def month_of(day: date) -> date:
    """The first day of the calendar month that holds ``day``."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """The first day of the next calendar month."""
    return month_of(month.replace(day=1) + timedelta(days=31))


def month_end(month: date) -> date:
    """The last day of the calendar month that holds ``month``."""
    return month_after(month) - timedelta(days=1)


def quarter_of(day: date) -> date:
    """The first day of the calendar quarter that holds ``day``."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def quarter_end(quarter: date) -> date:
    """The last day of the calendar quarter that holds ``quarter``."""
    return month_end(quarter_of(quarter) + timedelta(days=62))


def closed_through(session: Session) -> date | None:
    """S of measures.md, section 6: the last day of the last month finance has closed; None before the first."""
    last = session.scalar(select(func.max(MonthClose.month)).where(MonthClose.reopened_at.is_(None)))
    return None if last is None else month_end(last)


def next_to_close(session: Session, pilot: Pilot) -> date:
    """The month whose turn it is: months are closed in order, from the first entry or the pilot's first day."""
    through = closed_through(session)
    if through is not None:
        return through + timedelta(days=1)
    first = session.scalar(select(func.min(LedgerEntry.on_date)))
    return month_of(min(first, pilot.starts_on) if first else pilot.starts_on)


# --- posts that stood empty ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A line whose post stood empty: planned up to and including ``until``, what was spent all the same, the rest."""

    line_id: int
    name: str
    until: date
    planned: Decimal
    spent: Decimal
    saved: Decimal


def vacancy_savings(session: Session, pilot: Pilot, through: date) -> tuple[Vacancy, ...]:
    """What each line did not cost because its post was not filled yet, through ``through`` (inclusive).

    Only lines that name a post whose holder began after the pilot's first day. ``until`` is the eve of that
    day, or ``through`` while the post stands empty; a month that is cut there counts by its days inside the
    pilot. Spent beyond the plan is no saving: ``saved`` is never below zero.
    """
    lines = select(BudgetLine, Staff.starts_on).join(Staff, Staff.id == BudgetLine.post_id)
    lines = lines.where(Staff.starts_on > pilot.starts_on).order_by(BudgetLine.position, BudgetLine.id)
    found = []
    for line, begins in session.execute(lines):
        until = min(begins - timedelta(days=1), through, pilot.ends_on)
        if until < pilot.starts_on:
            continue
        planned = _planned(session, pilot, line.id, until)
        sums = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.line_id == line.id)
        sums = sums.where(LedgerEntry.kind.in_(SPENT_KINDS), LedgerEntry.on_date <= until)
        spent = session.scalar(sums) or ZERO
        found.append(Vacancy(line.id, line.name, until, planned, spent, max(planned - spent, ZERO)))
    return tuple(found)


def _planned(session: Session, pilot: Pilot, line_id: int, until: date) -> Decimal:
    """The line's plan through ``until``; the month that holds it by its days inside the pilot, to the cent."""
    planned = ZERO
    for part in session.scalars(select(PlanMonth).where(PlanMonth.line_id == line_id, PlanMonth.month <= until)):
        first, last = max(part.month, pilot.starts_on), min(month_end(part.month), pilot.ends_on)
        if last <= until or last < first:
            planned += part.amount
        elif first <= until:
            planned += part.amount * ((until - first).days + 1) / ((last - first).days + 1)
    return planned.quantize(ZERO, ROUND_HALF_UP)


# --- what is found by name -------------------------------------------------------------------------------


def payee_key(name: str) -> str:
    """A payee's name without case and surplus spaces: what invoices and payees are found by."""
    return " ".join(name.split()).casefold()


def standing() -> Select[LedgerEntry]:
    """Entries that count by themselves: neither voided nor the void of another."""
    void = aliased(LedgerEntry)
    return select(LedgerEntry).where(
        LedgerEntry.voids_id.is_(None), ~select(void.id).where(void.voids_id == LedgerEntry.id).exists()
    )


def standing_invoice(session: Session, payee: str, number: str) -> Invoice | None:
    """The invoice of this payee with this number, pending or accepted, unless it was withdrawn."""
    wanted = select(Invoice).where(Invoice.payee_key == payee_key(payee), Invoice.number_key == payee_key(number))
    return session.scalars(wanted.where(Invoice.withdrawn_at.is_(None))).first()


def the_grant(session: Session) -> Grant | None:
    """The grant the pilot is paid from; None before one is set up."""
    return session.scalars(select(Grant).order_by(Grant.id)).first()
