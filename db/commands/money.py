"""Writes to the ledger: an entry, its void by a counter-entry, a month closed, a month reopened.

Nothing is changed or deleted. What is doubtful but allowed is stored and said (:attr:`Saved.doubts`).
"""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands import books
from db.commands.base import write
from db.commands.books import month_name
from db.commands.desk import Saved, once
from db.errors import Conflict, NotFound
from db.forms import Now, day
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.ledger import (
    ZERO,
    closed_through,
    month_after,
    month_of,
    next_to_close,
    payee_key,
    quarter_end,
    quarter_of,
    standing_invoice,
)
from db.models import Invoice, LedgerEntry, MonthClose, QuarterFiling
from db.pilot import the_pilot
from db.vocab import EntryKind, Scope


def record_entry(session: Session, viewer: Viewer, form: EntryForm) -> Saved:
    """Book one entry. The same ``submit_key`` again returns the entry that is there and stores nothing.

    Raises Invalid for an unknown line or contract, a closed month, an obligation after the last day to
    obligate, and an invoice that stands already, pending or accepted.
    """
    return once(session, LedgerEntry, form.submit_key, lambda: _record(session, viewer, form))


def _record(session: Session, viewer: Viewer, form: EntryForm) -> Saved:
    with write(session, viewer, Permission.write_money, "record ledger entry", Scope.money) as note:
        books.alone(session)
        entry, doubts = book_entry(session, viewer, form)
        note.subject = f"ledger_entry {entry.id}"
        note.detail = {"kind": entry.kind.value, "line": entry.line_id, "amount": str(entry.amount)}
        return Saved(entry.id, doubts)


def book_entry(session: Session, viewer: Viewer, form: EntryForm) -> tuple[LedgerEntry, tuple[str, ...]]:
    """The new entry and what is doubtful about it, inside the transaction of a command that asked who writes.

    Raises Invalid as :func:`record_entry`.
    """
    pilot = the_pilot(session)
    form.check(Now.of(pilot, viewer.now))
    books.refuse(_contradictions(session, form))
    values = form.model_dump(exclude={"invoice_number"})
    entry = LedgerEntry(**values, created_at=viewer.now, created_by=viewer.user_id)
    if form.invoice_number:
        entry.invoice = _accepted(viewer, form, form.invoice_number)
    session.add(entry)
    session.flush()
    return entry, tuple(books.entry_doubts(session, pilot, [entry]))


def void_entry(session: Session, viewer: Viewer, form: VoidForm) -> LedgerEntry:
    """Book the counter-entry of an entry and return it. It carries the entry's date, or today's if its month is closed.

    Raises NotFound for an entry that is not there, Conflict for one that is voided, or is itself a void.
    """
    with write(session, viewer, Permission.write_money, "void ledger entry", Scope.money) as note:
        books.alone(session)
        entry = session.get(LedgerEntry, form.entry_id)
        if entry is None:
            raise NotFound(f"There is no entry {form.entry_id} in the ledger. Reload the page.")
        if entry.voids_id is not None:
            raise Conflict(
                f"Entry {entry.id} is itself the void of entry {entry.voids_id} and cannot be voided. "
                "Book the right amount as a new entry."
            )
        if books.voided_by(session, entry) is not None:
            raise Conflict(f"Entry {entry.id} has been voided already. Nothing was changed.")
        counter = books.counter_entry(session, viewer, entry, form.reason)
        if entry.invoice_id is not None:
            _free_number(session, viewer, entry.invoice_id, form.reason)
        note.subject = f"ledger_entry {entry.id}"
        note.detail = {"counter_entry": counter.id, "reason": form.reason}
    return counter


def close_month(session: Session, viewer: Viewer, month: date) -> MonthClose:
    """Close the calendar month that holds ``month``. Raises Conflict unless it is over and its turn."""
    with write(session, viewer, Permission.write_money, "close month", Scope.money) as note:
        books.alone(session)
        month = month_of(month)
        turn = next_to_close(session, the_pilot(session))
        if month < turn:
            raise Conflict(f"{month_name(month)} is closed already. The next to close is {month_name(turn)}.")
        if month > turn:
            raise Conflict(
                f"{month_name(turn)} is still open. Months are closed in order: close {month_name(turn)} first."
            )
        if viewer.today < month_after(month):
            raise Conflict(f"{month_name(month)} is not over. It can be closed from {day(month_after(month))}.")
        closed = MonthClose(month=month, closed_at=viewer.now, closed_by=viewer.user_id)
        session.add(closed)
        note.subject = f"month {month:%Y-%m}"
    return closed


def reopen_month(session: Session, viewer: Viewer, form: ReopenForm) -> Saved:
    """Open a closed month again, and every later one that is closed; each closing stays and says who, when and why.

    A doubt names each quarter among them that was filed. Raises Conflict for a month that is open.
    """
    with write(session, viewer, Permission.write_money, "reopen month", Scope.money) as note:
        books.alone(session)
        month, through = month_of(form.month), closed_through(session)
        if through is None or month > through:
            raise Conflict(f"{month_name(month)} is open. There is nothing to reopen.")
        closings = select(MonthClose).where(MonthClose.month >= month, MonthClose.reopened_at.is_(None))
        opened = session.scalars(closings.order_by(MonthClose.month)).all()
        if not opened or opened[0].month != month:
            raise Conflict(f"{month_name(month)} was never closed: the books begin later. There is nothing to reopen.")
        for closed in opened:
            closed.reopened_at, closed.reopened_by, closed.reopen_reason = viewer.now, viewer.user_id, form.reason
        note.subject = f"month {month:%Y-%m}"
        note.detail = {"reason": form.reason}
        if later := [f"{closed.month:%Y-%m}" for closed in opened[1:]]:
            note.detail["later"] = later
        return Saved(opened[0].id, tuple(_filed(session, [closed.month for closed in opened])))


def _filed(session: Session, months: list[date]) -> Iterator[str]:
    """What to say of months that are in a quarter whose report was filed."""
    quarters = sorted({quarter_of(month) for month in months})
    filed = select(QuarterFiling).where(QuarterFiling.quarter.in_(quarters)).order_by(QuarterFiling.version)
    for quarter, filing in sorted({filing.quarter: filing for filing in session.scalars(filed)}.items()):
        yield (
            f"The report of the quarter to {day(quarter_end(quarter))} was filed by {filing.filed_by}. "
            "It keeps its figures: what is booked there now stands as a difference beside it until it is filed again."
        )


def _contradictions(session: Session, form: EntryForm) -> Iterator[tuple[str, str]]:
    """(field, sentence) for each rule that needs the books."""
    yield from books.unknown_line(session, form.line_id)
    yield from books.unknown_contract(session, form.contract_id, payee_key(form.payee))
    yield from books.closed_day(session, form.on_date)
    if form.kind is EntryKind.obligation:
        yield from books.too_late_to_obligate(session, form.on_date)
    if form.invoice_number:
        yield from invoice_twice(session, form.payee, form.invoice_number)


def invoice_twice(
    session: Session, payee: str, number: str, field: str = "invoice_number"
) -> Iterator[tuple[str, str]]:
    """A payee's invoice whose number stands already, pending or accepted."""
    if (twin := standing_invoice(session, payee, number)) is None:
        return
    pending = twin.accrued_on is None
    total = sum((part.amount for part in (twin.parts if pending else twin.entries)), ZERO)
    way_out = "withdraw the other one first" if pending else "void its entries first"
    yield (
        field,
        f"Invoice {number} of {payee} is there already (${total:,}, received {day(twin.received_on)}"
        f"{', pending' if pending else ''}). Check the number, or {way_out}.",
    )


def _accepted(viewer: Viewer, form: EntryForm, number: str) -> Invoice:
    """The invoice behind an entry that is booked at once: received, accepted and due on the entry's day."""
    return Invoice(
        payee=form.payee,
        payee_key=payee_key(form.payee),
        number=number,
        number_key=payee_key(number),
        contract_id=form.contract_id,
        service_from=form.on_date,
        service_to=form.on_date,
        received_on=form.on_date,
        accrued_on=form.on_date,
        accepted_at=viewer.now,
        accepted_by=viewer.user_id,
        created_at=viewer.now,
        created_by=viewer.user_id,
    )


def _free_number(session: Session, viewer: Viewer, invoice_id: int, reason: str) -> None:
    """An invoice none of whose entries stands is withdrawn: the right one may come under its number."""
    invoice = session.get_one(Invoice, invoice_id, populate_existing=True)
    if not books.standing_entries(session, invoice):
        invoice.withdrawn_at, invoice.withdrawn_reason = viewer.now, reason
