"""Settling a difference between the city's books and the ledger: match, book, set aside, undo."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved
from db.commands.money import void_entry
from db.commands.statement_rows import as_row, book_rows
from db.engine import raise_version
from db.errors import Conflict, NotFound
from db.forms.money import VoidForm
from db.forms.statement import RowAsideForm, RowBookForm, RowCorrectForm, RowMatchForm, RowUndoForm
from db.ledger import standing
from db.models import BudgetLine, LedgerEntry, Statement, StatementRow
from db.statement.match import same_kind
from db.vocab import ImportStatus, Scope


def match_row(session: Session, viewer: Viewer, form: RowMatchForm) -> None:
    """This row is that entry, whatever payee, line or date say. Raises Conflict unless the amounts are equal.

    Also for an entry that is another row already, or voided, and for a row that is settled.
    """
    with write(session, viewer, Permission.write_money, "match statement row", Scope.money) as note:
        row = _open_row(session, form.row_id)
        entry = session.get(LedgerEntry, form.entry_id)
        if entry is None:
            raise NotFound(f"There is no entry {form.entry_id} in the ledger. Reload the page.")
        if session.scalars(standing().where(LedgerEntry.id == entry.id)).first() is None:
            raise Conflict(f"Entry {entry.id} is voided and counts no more. Choose another, or book the row.")
        if entry.amount != row.amount or not same_kind(entry.kind, row.kind):
            raise Conflict(
                f"The row is ${row.amount:,} and entry {entry.id} is ${entry.amount:,}: they cannot be the same. "
                "Void the entry and book the row, or set the row aside with a reason."
            )
        if _row_of(session, entry.id) is not None:
            raise Conflict(f"Entry {entry.id} is another row of the city's already. Undo that first, or book this row.")
        row.entry_id, row.booked, row.aside_reason = entry.id, False, None
        note.subject = f"statement_row {row.id}"
        note.detail = {"entry": entry.id}


def book_row(session: Session, viewer: Viewer, form: RowBookForm) -> Saved:
    """Book a row that only the city has, on ``line_id``. Raises what the ledger refuses, in its words."""
    with write(session, viewer, Permission.write_money, "book statement row", Scope.money) as note:
        row = _open_row(session, form.row_id)
        if session.get(BudgetLine, form.line_id) is None:
            raise NotFound(f"There is no budget line {form.line_id}. Choose one from the list.")
        row.line_id = form.line_id
        (entry_id,), doubts = book_rows(session, viewer, [as_row(row)])
        row.entry_id, row.booked, row.aside_reason = entry_id, True, None
        note.subject = f"statement_row {row.id}"
        note.detail = {"entry": entry_id}
    return Saved(entry_id, doubts)


def correct_row(session: Session, viewer: Viewer, form: RowCorrectForm) -> Saved:
    """The city is right: void the entry that tells it otherwise and book the row, both or neither."""
    with write(session, viewer, Permission.write_money, "correct by statement row", Scope.money) as note:
        void_entry(session, viewer, VoidForm(entry_id=form.entry_id, reason=form.reason))
        saved = book_row(session, viewer, RowBookForm(row_id=form.row_id, line_id=form.line_id))
        note.subject = f"statement_row {form.row_id}"
        note.detail = {"voided": form.entry_id, "entry": saved.id}
    return saved


def set_row_aside(session: Session, viewer: Viewer, form: RowAsideForm) -> None:
    """A row that only the city has is no difference, and why. Raises Conflict for one that is settled."""
    with write(session, viewer, Permission.write_money, "set statement row aside", Scope.money) as note:
        row = _open_row(session, form.row_id)
        row.entry_id, row.booked, row.aside_reason = None, False, form.reason
        note.subject = f"statement_row {row.id}"
        note.detail = {"reason": form.reason}


def undo_row(session: Session, viewer: Viewer, form: RowUndoForm) -> None:
    """A row that was matched, booked or set aside is a difference again; an entry booked for it is voided."""
    with write(session, viewer, Permission.write_money, "undo statement row", Scope.money) as note:
        row = _row(session, form.row_id)
        if row.entry_id is None and row.aside_reason is None:
            raise Conflict("This row is a difference already. There is nothing to undo.")
        if row.booked and row.entry_id is not None and _stands(session, row.entry_id):
            void_entry(session, viewer, VoidForm(entry_id=row.entry_id, reason=form.reason))
        note.subject = f"statement_row {row.id}"
        note.detail = {"entry": row.entry_id, "booked": row.booked, "reason": form.reason}
        row.entry_id, row.booked, row.aside_reason = None, False, None


def _row(session: Session, row_id: int) -> StatementRow:
    raise_version(session, Scope.money)  # one after the other, or two rows could become one entry
    row = session.get(StatementRow, row_id, with_for_update=True, populate_existing=True)
    statement = session.get(Statement, row.statement_id) if row else None
    if row is None or statement is None or statement.status is not ImportStatus.done:
        raise NotFound(f"There is no row {row_id} of the city's books in force. Reload the page.")
    return row


def _open_row(session: Session, row_id: int) -> StatementRow:
    row = _row(session, row_id)
    if row.entry_id is not None and _stands(session, row.entry_id):
        raise Conflict(f"This row is entry {row.entry_id} already. Undo that first.")
    return row


def _stands(session: Session, entry_id: int) -> bool:
    return session.scalars(standing().where(LedgerEntry.id == entry_id)).first() is not None


def _row_of(session: Session, entry_id: int) -> int | None:
    rows = select(StatementRow.id).join(Statement).where(StatementRow.entry_id == entry_id)
    return session.scalars(rows.where(Statement.status == ImportStatus.done)).first()
