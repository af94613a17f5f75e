"""What is made of the ledger and kept: the city's statement beside it, filed quarters, scenarios of the next year."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.models.money import LedgerEntry
from db.types import vocabulary
from db.vocab import EntryKind, ImportStatus


class Statement(Base):
    """One load of the city's finance export. ``covers_from``/``covers_to``: its first and last date, inclusive."""

    __tablename__ = "statement"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    file_name: Mapped[str] = mapped_column(String(200))
    file_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[ImportStatus] = mapped_column(vocabulary(ImportStatus), default=ImportStatus.done)
    rows_read: Mapped[int]
    refused: Mapped[int]
    covers_from: Mapped[date | None]
    covers_to: Mapped[date | None]
    rows: Mapped[list["StatementRow"]] = relationship(order_by="StatementRow.line_number")


class StatementRow(Base):
    """One row of a statement, as the city has it, and the ledger's entry that is the same (None: there is none)."""

    __tablename__ = "statement_row"
    __table_args__ = (UniqueConstraint("statement_id", "line_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"), index=True)
    line_number: Mapped[int]
    """Counts from 1, the header included, as an editor shows it."""
    row_key: Mapped[str] = mapped_column(String(64), index=True)
    """What tells this row from every other, over overlapping files."""
    kind: Mapped[EntryKind] = mapped_column(vocabulary(EntryKind))
    on_date: Mapped[date]
    amount: Mapped[Decimal]
    payee: Mapped[str] = mapped_column(String(120))
    invoice_number: Mapped[str | None] = mapped_column(String(40))
    account: Mapped[str] = mapped_column(String(80), default="")
    """The city's name or number of the line."""
    line_id: Mapped[int | None] = mapped_column(ForeignKey("budget_line.id"))
    description: Mapped[str] = mapped_column(String(200), default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"), index=True)
    booked: Mapped[bool] = mapped_column(default=False)
    """The load booked the entry; taken back, the entry is voided."""
    aside_reason: Mapped[str | None] = mapped_column(String(200))
    """Why a row that only the city has is no difference."""
    entry: Mapped[LedgerEntry | None] = relationship()


class StatementMapping(Base):
    """A saved column mapping of the city's export, by name; ``accounts``: its account → budget line id."""

    __tablename__ = "statement_mapping"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    accounts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    layout: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class ReportField(Base):
    """One typed field of the quarterly report (``db/arpa/fields.csv``). It holds until a later one."""

    __tablename__ = "report_field"
    quarter: Mapped[date] = mapped_column(primary_key=True)
    """First day of the quarter from which the value holds."""
    field: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class QuarterFiling(Base):
    """The figures of one quarter as they were filed. Frozen; filed again, a new version stands beside it."""

    __tablename__ = "quarter_filing"
    __table_args__ = (UniqueConstraint("quarter", "version"), CheckConstraint("version >= 1", name="version_counts"))
    id: Mapped[int] = mapped_column(primary_key=True)
    quarter: Mapped[date]
    version: Mapped[int]
    filed_at: Mapped[datetime]
    filed_by: Mapped[str] = mapped_column(String(80))
    worksheet: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Every section, row and value as written to the file; amounts as text with two decimals."""
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was filed again."""


class Scenario(Base):
    """A saved set of assumptions about the year after the pilot."""

    __tablename__ = "scenario"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    assumptions: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    on_slide: Mapped[bool] = mapped_column(default=False)
