"""The ledger as a file: every entry, voids beside what they void; amounts are numbers. It can be loaded again."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.cells import harmless
from db.models import LedgerEntry
from db.vocab import label

COLUMNS: Mapping[str, int] = {
    "No.": 7, "Date": 12, "Kind": 13, "Line": 34, "Amount": 14, "Payee": 30, "Contract": 14, "Invoice number": 16,
    "Paid": 12, "One-off": 9, "Description": 40, "Voids": 8, "Voided by": 10, "Void reason": 34, "Booked": 12,
}  # fmt: skip
"""Header → width in a workbook, in characters."""
Cell = int | str | date | Decimal | None


def ledger_rows(session: Session, first: date | None = None, last: date | None = None) -> list[tuple[Cell, ...]]:
    """One row per entry dated ``first`` to ``last`` (both inclusive; None: all), in the order of booking."""
    wanted = select(LedgerEntry).order_by(LedgerEntry.id)
    whole = (joinedload(LedgerEntry.line), joinedload(LedgerEntry.invoice), joinedload(LedgerEntry.contract))
    if first is not None:
        wanted = wanted.where(LedgerEntry.on_date >= first)
    if last is not None:
        wanted = wanted.where(LedgerEntry.on_date <= last)
    voids = select(LedgerEntry.voids_id, LedgerEntry.id).where(LedgerEntry.voids_id.is_not(None))
    voided_by: dict[Any, int] = {row.voids_id: row.id for row in session.execute(voids)}
    return [_row(entry, voided_by.get(entry.id)) for entry in session.scalars(wanted.options(*whole))]


def _row(entry: LedgerEntry, voided_by: int | None) -> tuple[Cell, ...]:
    return (
        entry.id,
        entry.on_date,
        label(entry.kind),
        entry.line.name,
        entry.amount,
        entry.payee,
        entry.contract.number if entry.contract else None,
        entry.invoice.number if entry.invoice else None,
        entry.paid_on,
        "yes" if entry.one_off else None,
        entry.description or None,
        entry.voids_id,
        voided_by,
        entry.void_reason,
        entry.created_at.date(),
    )


def ledger_csv(rows: Sequence[tuple[Cell, ...]]) -> bytes:
    """UTF-8 with a mark at its start; amounts plain (-1234.50), dates ISO, no text that a spreadsheet would run."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow(COLUMNS)
    out.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def ledger_xlsx(rows: Sequence[tuple[Cell, ...]]) -> bytes:
    """A workbook of one sheet: amounts are numbers of two decimals, dates are dates."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Ledger")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGHIJKLMNO", COLUMNS.values(), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_styled(sheet, name, bold=True) for name in COLUMNS])
    for row in rows:
        sheet.append([_styled(sheet, cell) for cell in row])
    sheet.auto_filter.ref = f"A1:O{len(rows) + 1}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _styled(sheet: Any, value: Cell, *, bold: bool = False) -> Any:
    cell: Any = WriteOnlyCell(sheet, cast(Any, harmless(value)))
    if isinstance(value, Decimal):
        cell.number_format = "#,##0.00"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    if bold:
        cell.font = Font(bold=True)
    return cell
