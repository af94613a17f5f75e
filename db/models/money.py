"""The grant's money: lines, plan, ledger, closed months. Amounts are exact dollars and cents."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.types import vocabulary
from db.vocab import EntryKind


class BudgetLine(Base):
    """One line of the adopted budget."""

    __tablename__ = "budget_line"
    __table_args__ = (CheckConstraint("amount >= 0", name="not_negative"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    amount: Mapped[Decimal]
    position: Mapped[int]
    plan: Mapped[list["PlanMonth"]] = relationship()


class PlanMonth(Base):
    """What a line was planned to spend in one month. ``month`` is its first day."""

    __tablename__ = "plan_month"
    line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]


class LedgerEntry(Base):
    """One obligation, expenditure or adjustment on one line. Never changed; voided by a counter-entry.

    ``on_date``: for an expenditure the day the service was rendered or the good delivered and payment
    fell due (accrual); for an obligation the day it was signed. ``paid_on`` stands apart.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="not_zero"),
        CheckConstraint("amount > 0 OR kind = 'adjustment' OR voids_id IS NOT NULL", name="sign"),
        CheckConstraint("(voids_id IS NULL) = (void_reason IS NULL)", name="void_with_reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    kind: Mapped[EntryKind] = mapped_column(vocabulary(EntryKind))
    amount: Mapped[Decimal]
    on_date: Mapped[date] = mapped_column(index=True)
    paid_on: Mapped[date | None]
    payee: Mapped[str] = mapped_column(String(120))
    invoice_number: Mapped[str | None] = mapped_column(String(40))
    description: Mapped[str] = mapped_column(String(200), default="")
    one_off: Mapped[bool] = mapped_column(default=False)
    """Left out of the projected daily rate (equipment, training)."""
    voids_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    void_reason: Mapped[str | None] = mapped_column(String(200))
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    line: Mapped[BudgetLine] = relationship()


class MonthClose(Base):
    """A calendar month finance has closed. ``month`` is its first day."""

    __tablename__ = "month_close"
    __table_args__ = (UniqueConstraint("month"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
