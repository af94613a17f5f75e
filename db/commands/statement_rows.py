"""What becomes of each row of a statement: matched to an entry, booked, or stored as a difference, or refused."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.access import Viewer
from db.cad.read import Refusal
from db.commands.invoices import accept_invoice, receive_invoice
from db.commands.money import record_entry
from db.errors import TandemError
from db.forms import checked
from db.forms.invoices import AcceptForm, InvoiceForm
from db.forms.money import EntryForm
from db.ledger import payee_key, standing, standing_invoice
from db.models import LedgerEntry, StatementRow
from db.statement.match import booked, match
from db.statement.read import Row
from db.vocab import EntryKind

NEVER_BOOKED = (
    "An encumbrance is never booked from a file: enter its contract or order on the Budget page, then load this again."
)
NO_LINE = (
    "Nothing says which budget line this belongs to. Map the account's column, or say the line of all others with *."
)
ONLY_THEIRS = "Only the city has this."


@dataclass(slots=True)
class Job:
    """One load on its way in. ``taken``: entries that a row is already."""

    session: Session
    viewer: Viewer
    book: bool
    taken: set[int]
    progress: Callable[[int, int], object] = lambda done, of: None


@dataclass(slots=True)
class Settled:
    """``stored``: (row, its entry, whether the load booked it)."""

    matched: dict[int, int] = field(default_factory=dict)
    booked: list[int] = field(default_factory=list)
    differing: list[Refusal] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    stored: list[tuple[Row, int | None, bool]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def settle(job: Job, rows: Sequence[Row]) -> Settled:
    """Match what is in the ledger, book the rest. Within the transaction of the load."""
    entries = booked(job.session.scalars(select(LedgerEntry).options(joinedload(LedgerEntry.invoice))))
    done = Settled(matched=match(rows, [entry for entry in entries if entry.id not in job.taken]))
    job.taken |= set(done.matched.values())
    said: dict[str, str] = {}
    count = 0
    for group in _together(rows):
        for row in group:
            if row.line in done.matched:
                done.stored.append((row, done.matched[row.line], False))
        missing = [row for row in group if row.line not in done.matched]
        if missing:
            _one(job, done, missing, said)
        count += len(group)
        job.progress(count, len(rows))
    done.doubts += said.values()
    done.stored.sort(key=lambda stored: stored[0].line)
    return done


def _together(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of one invoice on one day are one: its parts on several lines, or several on one."""
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        whole = row.invoice and row.payee and row.kind is EntryKind.expenditure
        groups[(payee_key(row.payee), payee_key(row.invoice), row.on_date) if whole else row.line].append(row)
    return list(groups.values())


def _one(job: Job, done: Settled, rows: Sequence[Row], said: dict[str, str]) -> None:
    """Book ``rows`` (one row, or the parts of one invoice), or say of each why not."""
    if any(row.kind is EntryKind.obligation for row in rows):
        done.refused += [Refusal(row.line, NEVER_BOOKED) for row in rows]
        return
    if (why := _unlike(job, rows)) or not job.book:
        done.differing += [Refusal(row.line, why or ONLY_THEIRS) for row in rows]
        done.stored += [(row, None, False) for row in rows]
        return
    if any(row.line_id is None for row in rows):
        done.refused += [Refusal(row.line, NO_LINE) for row in rows]
        return
    try:
        ids, doubts = book_rows(job.session, job.viewer, rows)
    except TandemError as error:
        done.refused += [Refusal(row.line, str(error)) for row in rows]
        return
    for row, entry_id in zip(rows, ids, strict=True):
        done.booked.append(entry_id)
        done.stored.append((row, entry_id, True))
        job.taken.add(entry_id)
    for doubt in doubts:  # of sentences that differ in a figure only the last, when all is booked, is true
        said[re.sub(r"\d[\d,.]*", "#", doubt)] = doubt


def _unlike(job: Job, rows: Sequence[Row]) -> str:
    """The ledger has this invoice, but not so: what to say of the difference. "" where it has not."""
    first = rows[0]
    invoice = standing_invoice(job.session, first.payee, first.invoice) if first.invoice and first.payee else None
    if invoice is None:
        return ""
    if invoice.accepted_at is None:
        return f"Invoice {invoice.number} of {invoice.payee} is not accepted yet: accept it, then match this row to it."
    entries = job.session.scalars(standing().where(LedgerEntry.invoice_id == invoice.id).order_by(LedgerEntry.id)).all()
    free = [entry for entry in entries if entry.id not in job.taken]
    if not free:
        return ""
    amounts = ", ".join(f"${entry.amount:,}" for entry in free)
    return f"Invoice {invoice.number} of {invoice.payee} is in the ledger, but not so: {amounts} there."


def book_rows(session: Session, viewer: Viewer, rows: Sequence[Row]) -> tuple[list[int], tuple[str, ...]]:
    """Book ``rows``, one row or the parts of one invoice: (an entry's id for each, what is doubtful about them).

    Within the transaction of a command. Raises what the ledger's own commands refuse; then nothing of it is stored.
    """
    first, *others = rows
    if not others:
        saved = record_entry(session, viewer, _entry_form(first))
        return [saved.id], saved.doubts
    with session.begin_nested():
        invoice = receive_invoice(session, viewer, _invoice_form(rows)).id
        accepted = accept_invoice(session, viewer, AcceptForm(invoice_id=invoice, accrued_on=first.on_date))
        entries = select(LedgerEntry.id).where(LedgerEntry.invoice_id == invoice).order_by(LedgerEntry.id)
        return list(session.scalars(entries)), accepted.doubts


def _invoice_form(rows: Sequence[Row]) -> InvoiceForm:
    first = rows[0]
    return checked(
        InvoiceForm,
        {
            "payee": first.payee,
            "number": first.invoice,
            "service_from": first.on_date,
            "service_to": first.on_date,
            "received_on": first.on_date,
            "parts": [{"line_id": row.line_id, "amount": row.amount, "description": row.description} for row in rows],
            "submit_key": str(uuid4()),
        },
    )


def _entry_form(row: Row) -> EntryForm:
    adjusts = row.kind is EntryKind.adjustment
    description = row.description or ("As in the city's books" if adjusts else "")
    if adjusts and row.invoice:
        description = f"Invoice {row.invoice}: {description}"[:200]
    return checked(
        EntryForm,
        {
            "kind": row.kind,
            "line_id": row.line_id,
            "amount": row.amount,
            "on_date": row.on_date,
            "payee": row.payee,
            "invoice_number": None if adjusts else row.invoice or None,
            "description": description,
            "submit_key": str(uuid4()),
        },
    )


def as_row(row: StatementRow) -> Row:
    """A stored row as it was read."""
    return Row(
        line=row.line_number,
        kind=row.kind,
        on_date=row.on_date,
        amount=row.amount,
        payee=row.payee,
        invoice=row.invoice_number or "",
        account=row.account,
        line_id=row.line_id,
        description=row.description,
        key=row.row_key,
    )
