"""Writes to the ledger: an entry, its void by a counter-entry, a month closed, a month reopened.

Nothing is changed or deleted. What is doubtful but allowed is stored and said (:attr:`Saved.doubts`).
"""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, once
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.ledger import (
    SPENT_KINDS,
    ZERO,
    LineTotal,
    closed_through,
    line_totals,
    month_after,
    month_of,
    next_to_close,
    payee_key,
    standing,
    the_grant,
)
from db.models import BudgetLine, Invoice, LedgerEntry, MonthClose, Pilot
from db.pilot import the_pilot
from db.vocab import EntryKind, Scope


def record_entry(session: Session, viewer: Viewer, form: EntryForm) -> Saved:
    """Book one entry. The same ``submit_key`` again returns the entry that is there and stores nothing.

    Raises Invalid for an unknown line, a closed month, an obligation after the last day to obligate, and an
    invoice that stands on this line already.
    """
    return once(session, LedgerEntry, form.submit_key, lambda: _record(session, viewer, form))


def _record(session: Session, viewer: Viewer, form: EntryForm) -> Saved:
    with write(session, viewer, Permission.write_money, "record ledger entry", Scope.money) as note:
        pilot = the_pilot(session)
        form.check(Now.of(pilot, viewer.now))
        if broken := dict(_contradictions(session, form)):
            raise Invalid(broken)
        values = form.model_dump(exclude={"invoice_number"})
        entry = LedgerEntry(**values, created_at=viewer.now, created_by=viewer.user_id)
        if form.invoice_number:
            entry.invoice = _accepted(viewer, form, form.invoice_number)
        session.add(entry)
        session.flush()
        note.subject = f"ledger_entry {entry.id}"
        note.detail = {"kind": entry.kind.value, "line": entry.line_id, "amount": str(entry.amount)}
        return Saved(entry.id, tuple(_doubts(session, pilot, entry)))


def void_entry(session: Session, viewer: Viewer, form: VoidForm) -> LedgerEntry:
    """Book the counter-entry of an entry and return it. It carries the entry's date, or today's if its month is closed.

    Raises NotFound for an entry that is not there, Conflict for one that is voided, or is itself a void.
    """
    with write(session, viewer, Permission.write_money, "void ledger entry", Scope.money) as note:
        entry = session.get(LedgerEntry, form.entry_id)
        if entry is None:
            raise NotFound(f"There is no entry {form.entry_id} in the ledger. Reload the page.")
        if entry.voids_id is not None:
            raise Conflict(
                f"Entry {entry.id} is itself the void of entry {entry.voids_id} and cannot be voided. "
                "Book the right amount as a new entry."
            )
        if session.scalar(select(LedgerEntry.id).where(LedgerEntry.voids_id == entry.id)) is not None:
            raise Conflict(f"Entry {entry.id} has been voided already. Nothing was changed.")
        through = closed_through(session)
        counter = LedgerEntry(
            line_id=entry.line_id,
            kind=entry.kind,
            amount=-entry.amount,
            on_date=viewer.today if through and entry.on_date <= through else entry.on_date,
            payee=entry.payee,
            contract_id=entry.contract_id,
            invoice_id=entry.invoice_id,
            description=entry.description,
            one_off=entry.one_off,
            voids_id=entry.id,
            void_reason=form.reason,
            created_at=viewer.now,
            created_by=viewer.user_id,
        )
        session.add(counter)
        session.flush()
        if entry.invoice is not None:
            _free_number(session, viewer, entry.invoice, form.reason)
        note.subject = f"ledger_entry {entry.id}"
        note.detail = {"counter_entry": counter.id, "reason": form.reason}
    return counter


def close_month(session: Session, viewer: Viewer, month: date) -> MonthClose:
    """Close the calendar month that holds ``month``. Raises Conflict unless it is over and its turn."""
    with write(session, viewer, Permission.write_money, "close month", Scope.money) as note:
        month = month_of(month)
        turn = next_to_close(session, the_pilot(session))
        if month < turn:
            raise Conflict(f"{_name(month)} is closed already. The next to close is {_name(turn)}.")
        if month > turn:
            raise Conflict(f"{_name(turn)} is still open. Months are closed in order: close {_name(turn)} first.")
        if viewer.today < month_after(month):
            raise Conflict(f"{_name(month)} is not over. It can be closed from {day(month_after(month))}.")
        closed = MonthClose(month=month, closed_at=viewer.now, closed_by=viewer.user_id)
        session.add(closed)
        note.subject = f"month {month:%Y-%m}"
    return closed


def reopen_month(session: Session, viewer: Viewer, form: ReopenForm) -> None:
    """Open the last closed month again; who and why stand in the audit. Raises Conflict for any other month."""
    with write(session, viewer, Permission.write_money, "reopen month", Scope.money) as note:
        month = month_of(form.month)
        through = closed_through(session)
        if through is None or month > through:
            raise Conflict(f"{_name(month)} is open. There is nothing to reopen.")
        if month != month_of(through):
            raise Conflict(f"Only the last closed month can be reopened: reopen {_name(through)} first.")
        close = select(MonthClose).where(MonthClose.month == month, MonthClose.reopened_at.is_(None))
        closed = session.scalars(close).one()
        closed.reopened_at, closed.reopened_by, closed.reopen_reason = viewer.now, viewer.user_id, form.reason
        note.subject = f"month {month:%Y-%m}"
        note.detail = {"reason": form.reason}


def _contradictions(session: Session, form: EntryForm) -> Iterator[tuple[str, str]]:
    """(field, sentence) for each rule that needs the books."""
    if session.get(BudgetLine, form.line_id) is None:
        yield "line_id", f"There is no budget line {form.line_id}. Choose one from the list."
    through = closed_through(session)
    if through and form.on_date <= through:
        yield (
            "on_date",
            f"{_name(form.on_date)} is closed. Date an adjustment after {day(through)}, or reopen the month.",
        )
    grant = the_grant(session)
    if grant and form.kind is EntryKind.obligation and form.on_date > grant.obligate_by:
        yield (
            "on_date",
            f"{day(form.on_date)} is after {day(grant.obligate_by)}, the grant's last day to obligate. "
            "This cannot be charged to the grant.",
        )
    if form.invoice_number and (twin := standing_invoice(session, form.payee, form.invoice_number)):
        total = sum((entry.amount for entry in twin.entries or twin.parts), ZERO)
        yield (
            "invoice_number",
            f"Invoice {form.invoice_number} of {form.payee} is there already (${total:,}, received "
            f"{day(twin.received_on)}). Check the number, or void its entries first.",
        )


def standing_invoice(session: Session, payee: str, number: str) -> Invoice | None:
    """The invoice of this payee with this number, pending or accepted, unless it was withdrawn."""
    wanted = select(Invoice).where(Invoice.payee_key == payee_key(payee), Invoice.number_key == payee_key(number))
    return session.scalars(wanted.where(Invoice.withdrawn_at.is_(None))).first()


def _accepted(viewer: Viewer, form: EntryForm, number: str) -> Invoice:
    """The invoice behind an entry that is booked at once: received, accepted and due on the entry's day."""
    return Invoice(
        payee=form.payee,
        payee_key=payee_key(form.payee),
        number=number,
        number_key=payee_key(number),
        service_from=form.on_date,
        service_to=form.on_date,
        received_on=form.on_date,
        accrued_on=form.on_date,
        accepted_at=viewer.now,
        accepted_by=viewer.user_id,
        created_at=viewer.now,
        created_by=viewer.user_id,
    )


def _free_number(session: Session, viewer: Viewer, invoice: Invoice, reason: str) -> None:
    """An invoice none of whose entries stands is withdrawn: the right one may come under its number."""
    if session.scalars(standing().where(LedgerEntry.invoice_id == invoice.id)).first() is None:
        invoice.withdrawn_at, invoice.withdrawn_reason = viewer.now, reason


def _doubts(session: Session, pilot: Pilot, entry: LedgerEntry) -> Iterator[str]:
    """What is allowed, but said. The entry is among the totals already."""
    line = next(total for total in line_totals(session) if total.line_id == entry.line_id)
    yield from _over(line, entry)
    if not pilot.starts_on <= entry.on_date <= pilot.ends_on:
        yield (
            f"{day(entry.on_date)} is outside the pilot ({day(pilot.starts_on)} to {day(pilot.ends_on)}). "
            "Say in the description why it belongs here."
        )
    grant = the_grant(session)
    if grant and entry.kind in SPENT_KINDS and entry.on_date > grant.expend_by:
        yield f"{day(entry.on_date)} is after {day(grant.expend_by)}, the grant's last day to spend."


def _over(line: LineTotal, entry: LedgerEntry) -> Iterator[str]:
    if entry.kind is EntryKind.obligation:
        if line.uncommitted < 0:
            yield (
                f"“{line.name}” is now obligated ${-line.uncommitted:,} over its budget of ${line.budget:,}. "
                "It was stored; the line needs a transfer or a smaller contract."
            )
        return
    if line.remaining < 0:
        yield (
            f"“{line.name}” is now ${-line.remaining:,} over its budget of ${line.budget:,}. "
            "It was stored; the line needs a transfer."
        )
    if line.spent > line.obligated:
        yield (
            f"“{line.name}” has ${line.spent - line.obligated:,} spent without an obligation behind it. "
            "Book the contract or order it rests on."
        )


def _name(month: date) -> str:
    """“October 2026”."""
    return f"{month:%B %Y}"
