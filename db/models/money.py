"""The grant's money: lines, plan, contracts, invoices, ledger, closed months. Amounts are exact dollars and cents."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.admin import Staff
from db.models.base import Base
from db.types import vocabulary
from db.vocab import EntryKind
from db.vocab.money import AwardKind, PayeeKind, TransferDecision


class BudgetLine(Base):
    """One line of the budget as adopted; what it holds today is ``amount`` and the approved transfers."""

    __tablename__ = "budget_line"
    __table_args__ = (CheckConstraint("amount >= 0", name="not_negative"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    amount: Mapped[Decimal]
    position: Mapped[int]
    is_pay: Mapped[bool] = mapped_column(default=False, server_default="0")
    """Wages and benefits: the desk sees nothing of such a line unless the set-up allows it."""
    post_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Whose post the line pays: until that person began, what was planned is a vacancy saving."""
    plan: Mapped[list["PlanMonth"]] = relationship()
    post: Mapped[Staff | None] = relationship()


class BudgetChange(Base):
    """A line added, renamed or given another amount or plan: what stood there, what stands there, why."""

    __tablename__ = "budget_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(200))


class PlanMonth(Base):
    """What a line was planned to spend in one month. ``month`` is its first day."""

    __tablename__ = "plan_month"
    line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]


class LineTransfer(Base):
    """Money asked to move from one line to another. It moves on the day it is approved, by somebody else."""

    __tablename__ = "line_transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("from_line_id <> to_line_id", name="two_lines"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_when"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    from_line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    to_line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    amount: Mapped[Decimal]
    reason: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision: Mapped[TransferDecision | None] = mapped_column(vocabulary(TransferDecision))
    decided_on: Mapped[date | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decision_note: Mapped[str | None] = mapped_column(String(200))
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)


class Payee(Base):
    """What the Treasury asks of somebody who is paid. Whoever names a payee finds it by ``key``."""

    __tablename__ = "payee"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """The name without case and surplus spaces (:func:`db.ledger.payee_key`)."""
    kind: Mapped[PayeeKind | None] = mapped_column(vocabulary(PayeeKind))
    uei: Mapped[str | None] = mapped_column(String(12))
    ein: Mapped[str | None] = mapped_column(String(9))
    sam_registered: Mapped[bool | None]


class Contract(Base):
    """A contract, subaward or order. Its sum is that of its obligations (ledger entries that point here)."""

    __tablename__ = "contract"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="ends_after_start"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    payee: Mapped[str] = mapped_column(String(120))
    kind: Mapped[AwardKind] = mapped_column(vocabulary(AwardKind))
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(120), default="")
    description: Mapped[str] = mapped_column(String(750), default="")
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)


class Invoice(Base):
    """A payee's invoice. Received and not yet accepted it is pending: inside the obligation, no expenditure yet.

    Accepted, each part becomes an expenditure dated ``accrued_on``: the service was rendered and payment is due.
    One that is withdrawn (sent back, or accepted and all its entries voided) leaves its number free for the one
    that comes in its place.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("service_to >= service_from", name="service_order"),
        CheckConstraint("(accepted_at IS NULL) = (accrued_on IS NULL)", name="accepted_accrues"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn_with_reason"),
        Index(
            "uq_invoice_payee_number",
            "payee_key",
            "number_key",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    payee: Mapped[str] = mapped_column(String(120))
    payee_key: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(40))
    number_key: Mapped[str] = mapped_column(String(40))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)
    service_from: Mapped[date]
    service_to: Mapped[date]
    received_on: Mapped[date]
    due_on: Mapped[date | None]
    disputed: Mapped[str | None] = mapped_column(String(200))
    """Why it waits, when it does."""
    accrued_on: Mapped[date | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(String(200))
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    parts: Mapped[list["InvoicePart"]] = relationship(order_by="InvoicePart.id")
    entries: Mapped[list["LedgerEntry"]] = relationship(back_populates="invoice", order_by="LedgerEntry.id")
    contract: Mapped[Contract | None] = relationship()


class InvoicePart(Base):
    """What an invoice asks of one budget line."""

    __tablename__ = "invoice_part"
    __table_args__ = (CheckConstraint("amount > 0", name="positive"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    amount: Mapped[Decimal]
    description: Mapped[str] = mapped_column(String(200), default="")
    one_off: Mapped[bool] = mapped_column(default=False)


class LedgerEntry(Base):
    """One obligation, expenditure or adjustment on one line. Never changed; voided by a counter-entry.

    ``on_date``: for an expenditure the day the service was rendered or the good delivered and payment
    fell due (accrual); for an obligation the day it was signed. ``paid_on`` stands apart: it alone may be
    added later.
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
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    description: Mapped[str] = mapped_column(String(200), default="")
    one_off: Mapped[bool] = mapped_column(default=False)
    """Left out of the projected daily rate (equipment, training)."""
    voids_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    void_reason: Mapped[str | None] = mapped_column(String(200))
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    line: Mapped[BudgetLine] = relationship()
    contract: Mapped[Contract | None] = relationship()
    invoice: Mapped[Invoice | None] = relationship(back_populates="entries")


class MonthClose(Base):
    """A calendar month finance has closed. ``month`` is its first day. Reopened, the row stays and says why."""

    __tablename__ = "month_close"
    __table_args__ = (
        CheckConstraint("(reopened_at IS NULL) = (reopen_reason IS NULL)", name="reopened_with_reason"),
        Index(
            "uq_month_close_month",
            "month",
            unique=True,
            sqlite_where=text("reopened_at IS NULL"),
            postgresql_where=text("reopened_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[date]
    closed_at: Mapped[datetime]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reopened_at: Mapped[datetime | None]
    reopened_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reopen_reason: Mapped[str | None] = mapped_column(String(200))
