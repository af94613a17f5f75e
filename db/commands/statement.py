"""The city's finance export in: matched to the ledger, what is missing there booked, taken back whole.

Nothing is written to the ledger but by its own commands, each a part of this one's transaction: a row that the books
refuse is refused here with their sentence, and a load is stored whole or not at all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad.profile import Layout
from db.cad.sniff import CadFile, open_file
from db.commands.base import write
from db.commands.money import void_entry
from db.commands.statement_rows import Job, settle
from db.engine import raise_version
from db.errors import Conflict, NotFound, Unreadable
from db.forms.money import VoidForm
from db.forms.statement import StatementBackForm, StatementMappingForm
from db.ledger import payee_key, standing
from db.models import BudgetLine, LedgerEntry, Statement, StatementMapping, StatementRow
from db.statement.mapping import StatementColumns, own_names
from db.statement.propose import accounts_question
from db.statement.read import Row, StatementRead, read_statement
from db.statement.report import StatementReport
from db.vocab import ImportStatus, Scope, counted

Progress = Callable[[int, int], object]


class _Tried(Exception):
    """Ends a dry run: everything is rolled back."""


def lines_of(session: Session) -> dict[int, str]:
    """Budget line id → its name, in the budget's order."""
    found = session.scalars(select(BudgetLine).order_by(BudgetLine.position, BudgetLine.id))
    return {line.id: line.name for line in found}


def import_statement(
    session: Session,
    viewer: Viewer,
    source: Path | BinaryIO,
    mapping: StatementColumns,
    *,
    name: str = "",
    sheet: str | None = None,
    book: bool = True,
    dry_run: bool = False,
    progress: Progress = lambda done, of: None,
) -> StatementReport:
    """Load one file and say what happened; the same file again changes nothing, an overlapping one only adds.

    A row that is in the ledger is matched, any other booked as an expenditure, or a negative one as an adjustment,
    never as an obligation. Without ``book`` it is stored to be reconciled. ``dry_run`` stores nothing. Raises
    Unreadable for a file or mapping that cannot be read, and for an account whose budget line nobody said.
    """
    if not viewer.may(Permission.write_money):
        with write(session, viewer, Permission.write_money, "import statement"):
            raise AssertionError("write() lets nobody in without the permission")
    file = open_file(source, name)
    found = _read(session, file, mapping, sheet)
    report: StatementReport | None = None
    with suppress(_Tried), write(session, viewer, Permission.write_money, "import statement", Scope.money) as note:
        raise_version(session, Scope.money)  # one load after the other, or two could book the same row
        there = set(_already_there(session, file.sha256, sheet, found.rows))
        fresh = [row for row in found.rows if row.line not in there]
        job = Job(session, viewer, book, _taken(session), progress)
        settled = settle(job, fresh)
        report = StatementReport(
            file_name=file.name[:200],
            rows_read=found.rows_read,
            matched=len(settled.matched),
            booked=len(settled.booked),
            differing=tuple(settled.differing),
            already_there=len(there),
            left_out=found.left_out,
            refused=tuple(sorted([*found.refused, *settled.refused], key=lambda refusal: refusal.line)),
            notes=(*found.notes, *(_would(doubt) if dry_run else doubt for doubt in settled.doubts)),
            mapping=mapping.stored(),
            first_day=min((row.on_date for row in found.rows), default=None),
            last_day=max((row.on_date for row in found.rows), default=None),
            dry_run=dry_run,
        )
        if dry_run:
            raise _Tried
        if settled.stored:
            report = replace(report, statement_id=_store(session, viewer, report, file.sha256, sheet, settled.stored))
        note.subject = f"statement {report.statement_id}" if report.statement_id else "nothing new"
        note.detail = {"rows": report.rows_read, "matched": report.matched, "booked": report.booked}
    assert report is not None
    return report


def _read(session: Session, file: CadFile, mapping: StatementColumns, sheet: str | None) -> StatementRead:
    """The file's rows, each with its budget line. Raises Unreadable, asking for accounts nobody said the line of."""
    lines = lines_of(session)
    found = read_statement(file, mapping, sheet)
    own = own_names(lines, list(found.unknown))
    found.unknown = {account: sums for account, sums in found.unknown.items() if payee_key(account) not in own}
    if found.unknown:
        raise Unreadable(accounts_question(found.unknown, lines))
    found.rows = [replace(row, line_id=own.get(payee_key(row.account), row.line_id)) for row in found.rows]
    return found


def _already_there(session: Session, sha256: str, sheet: str | None, rows: Sequence[Row]) -> Iterator[int]:
    """Lines of rows that a load in force has: this file's, or the same content in an overlapping one."""
    in_force = select(StatementRow.row_key).join(Statement).where(Statement.status == ImportStatus.done)
    keys: set[str] = set()
    wanted = [row.key for row in rows]
    for start in range(0, len(wanted), 500):
        keys |= set(session.scalars(in_force.where(StatementRow.row_key.in_(wanted[start : start + 500]))))
    same = select(StatementRow.line_number, Statement.mapping).join(Statement)
    same = same.where(Statement.status == ImportStatus.done, Statement.file_hash == sha256)
    lines = {line for line, stored in session.execute(same) if stored.get("sheet", "") == (sheet or "")}
    yield from (row.line for row in rows if row.key in keys or row.line in lines)


def _taken(session: Session) -> set[int]:
    """Entries that a row of a load in force is already."""
    rows = select(StatementRow.entry_id).join(Statement).where(Statement.status == ImportStatus.done)
    return set(session.scalars(rows.where(StatementRow.entry_id.is_not(None))))  # type: ignore[arg-type]


def _would(doubt: str) -> str:
    """A doubt about what was booked, of what would be."""
    return doubt.replace(" is now ", " would be ").replace("It was stored; the", "The")


def _store(
    session: Session,
    viewer: Viewer,
    report: StatementReport,
    sha256: str,
    sheet: str | None,
    stored: Sequence[tuple[Row, int | None, bool]],
) -> int:
    statement = Statement(
        at=viewer.now,
        by=viewer.name,
        file_name=report.file_name,
        file_hash=sha256,
        mapping={**report.mapping, "sheet": sheet or ""},
        rows_read=report.rows_read,
        refused=len(report.refused),
        covers_from=report.first_day,
        covers_to=report.last_day,
        rows=[
            StatementRow(
                line_number=row.line,
                row_key=row.key,
                kind=row.kind,
                on_date=row.on_date,
                amount=row.amount,
                payee=row.payee,
                invoice_number=row.invoice or None,
                account=row.account,
                line_id=row.line_id,
                description=row.description,
                entry_id=entry_id,
                booked=booked,
            )
            for row, entry_id, booked in stored
        ],
    )
    session.add(statement)
    session.flush()
    return statement.id


def take_back_statement(session: Session, viewer: Viewer, form: StatementBackForm) -> str:
    """Undo a load: every entry it booked is voided with the reason, its rows count no more. Says in a sentence what.

    Raises NotFound for a load that is not there, Conflict for one that was taken back before.
    """
    with write(session, viewer, Permission.write_money, "take back statement", Scope.money) as note:
        statement = session.get(Statement, form.statement_id, with_for_update=True, populate_existing=True)
        if statement is None:
            raise NotFound(f"There is no load {form.statement_id} of the city's books. Reload the page.")
        if statement.status is ImportStatus.taken_back:
            raise Conflict(f"Load {statement.id} ({statement.file_name}) was taken back before.")
        mine = select(StatementRow.entry_id).where(StatementRow.statement_id == statement.id, StatementRow.booked)
        stands = session.scalars(standing().where(LedgerEntry.id.in_(mine)).order_by(LedgerEntry.id)).all()
        reason = f"Load {statement.id} taken back: {form.reason}"[:200]
        for entry in stands:
            void_entry(session, viewer, VoidForm(entry_id=entry.id, reason=reason))
        statement.status = ImportStatus.taken_back
        note.subject = f"statement {statement.id}"
        note.detail = {"voided": len(stands), "reason": form.reason}
    voided = counted(len(stands), "entry it had booked was", "entries it had booked were")
    return f"{voided} voided. Rows that a later file told of as well count no more either: load that file again."


def save_statement_mapping(
    session: Session,
    viewer: Viewer,
    form: StatementMappingForm,
    mapping: StatementColumns,
    layout: Layout | None = None,
) -> StatementMapping:
    """Keep a mapping under a name, its accounts with it; the same name again replaces it."""
    with write(session, viewer, Permission.write_money, "save statement mapping", Scope.money) as note:
        same = func.lower(StatementMapping.name) == form.name.lower()
        saved = session.scalar(select(StatementMapping).where(same))
        if saved is None:
            saved = StatementMapping(name=form.name)
            session.add(saved)
        stored = mapping.stored()
        saved.columns, saved.accounts = stored["columns"], stored["accounts"]
        layout = layout or Layout()
        saved.layout = {
            **layout.stored(),
            "date_format": mapping.date_format,
            "reversed_signs": mapping.reversed_signs,
        }
        session.flush()
        note.subject = f"statement mapping {saved.id}"
        return saved


def saved_statement_mapping(session: Session, name: str) -> tuple[StatementColumns, Layout]:
    """The mapping kept under ``name`` and the layout it was made for. Raises NotFound, naming those there are."""
    saved = {
        row.name.casefold(): row for row in session.scalars(select(StatementMapping).order_by(StatementMapping.name))
    }
    if found := saved.get(name.strip().casefold()):
        return as_mapping(found)
    known = ", ".join(f"“{row.name}”" for row in saved.values()) or "none yet"
    raise NotFound(f"There is no saved mapping “{name}” of the city's books. Saved: {known}.")


def as_mapping(row: StatementMapping) -> tuple[StatementColumns, Layout]:
    """A saved mapping as it is used."""
    layout = row.layout or {}
    kept = {name: layout.get(name) for name in ("date_format", "reversed_signs")}
    return StatementColumns.of({"columns": row.columns, "accounts": row.accounts, **kept}), Layout.of(layout)
