"""An invoice's way: received (pending), disputed, accepted (its parts are expenditures), paid; or withdrawn."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands import books
from db.commands.base import write
from db.commands.desk import Saved, hold, once
from db.commands.money import invoice_twice
from db.errors import Conflict, Invalid
from db.forms import Now, day
from db.forms.invoices import AcceptForm, DisputeForm, InvoiceForm, PaymentForm, WithdrawForm
from db.ledger import LineTotal, closed_through, line_totals, payee_key
from db.models import Contract, Invoice, InvoicePart, LedgerEntry, Pilot
from db.pilot import the_pilot
from db.vocab import EntryKind, Scope


def receive_invoice(session: Session, viewer: Viewer, form: InvoiceForm) -> Saved:
    """Store an invoice and its parts as pending. The same ``submit_key`` again returns the invoice that is there.

    Raises Invalid for an unknown line, a contract of somebody else, and a number of this payee that stands
    already, pending or accepted.
    """
    return once(session, Invoice, form.submit_key, lambda: _receive(session, viewer, form))


def _receive(session: Session, viewer: Viewer, form: InvoiceForm) -> Saved:
    with write(session, viewer, Permission.write_money, "receive invoice", Scope.money) as note:
        books.alone(session)
        pilot = the_pilot(session)
        form.check(Now.of(pilot, viewer.now))
        books.refuse(_refusals(session, form))
        invoice = Invoice(
            **form.model_dump(exclude={"parts"}),
            payee_key=payee_key(form.payee),
            number_key=payee_key(form.number),
            parts=[InvoicePart(**part.model_dump()) for part in form.parts],
            created_at=viewer.now,
            created_by=viewer.user_id,
        )
        session.add(invoice)
        session.flush()
        note.subject = f"invoice {invoice.id}"
        note.detail = {"amount": str(form.total), "parts": len(form.parts)}
        return Saved(invoice.id, tuple(_received_doubts(session, pilot, form)))


def _refusals(session: Session, form: InvoiceForm) -> Iterator[tuple[str, str]]:
    for part in form.parts:
        yield from books.unknown_line(session, part.line_id, "parts")
    yield from books.unknown_contract(session, form.contract_id, payee_key(form.payee))
    yield from invoice_twice(session, form.payee, form.number, "number")


def _received_doubts(session: Session, pilot: Pilot, form: InvoiceForm) -> Iterator[str]:
    lines = {total.line_id: total for total in line_totals(session)}
    for line_id in dict.fromkeys(part.line_id for part in form.parts):
        yield from _over(lines[line_id])
    yield from books.out_of_time(session, pilot, form.service_from, spent=False)
    if form.service_to != form.service_from:
        yield from books.out_of_time(session, pilot, form.service_to, spent=True)
    contract = session.get(Contract, form.contract_id) if form.contract_id is not None else None
    if contract and not contract.starts_on <= form.service_from <= form.service_to <= contract.ends_on:
        yield (
            f"Contract {contract.number} runs from {day(contract.starts_on)} to {day(contract.ends_on)}; "
            "some of this service lies outside."
        )


def _over(line: LineTotal) -> Iterator[str]:
    asked = line.spent + line.pending
    if asked > line.budget:
        yield (
            f"With what is pending, “{line.name}” comes to ${asked:,}, ${asked - line.budget:,} over its budget of "
            f"${line.budget:,}. It was stored; the line needs a transfer before this is accepted."
        )
    if asked > line.obligated:
        yield (
            f"“{line.name}” has ${asked - line.obligated:,} spent or pending without an obligation behind it. "
            "Book the contract or order it rests on."
        )


def accept_invoice(session: Session, viewer: Viewer, form: AcceptForm) -> Saved:
    """Book each part of a pending invoice as an expenditure dated ``accrued_on``; the same again adds nothing.

    Raises NotFound for an invoice that is not there, Conflict for one that is accepted or withdrawn, Invalid
    for a day before the service was rendered and for one in a closed month.
    """
    with write(session, viewer, Permission.write_money, "accept invoice", Scope.money) as note:
        books.alone(session)
        pilot = the_pilot(session)
        form.check(Now.of(pilot, viewer.now))
        invoice = _standing(session, form.invoice_id)
        note.subject = f"invoice {invoice.id}"
        if invoice.accrued_on is not None:
            if invoice.accrued_on == form.accrued_on:
                return Saved(invoice.id, again=True)
            raise Conflict(
                f"Invoice {invoice.number} of {invoice.payee} was accepted as of {day(invoice.accrued_on)}. "
                "Nothing was changed; withdraw it to book it otherwise."
            )
        books.refuse(_not_yet(session, invoice, form.accrued_on))
        entries = [_expenditure(viewer, invoice, part, form.accrued_on) for part in invoice.parts]
        session.add_all(entries)
        invoice.accrued_on, invoice.accepted_at, invoice.accepted_by = form.accrued_on, viewer.now, viewer.user_id
        session.flush()
        note.detail = {"accrued_on": f"{form.accrued_on}", "entries": [entry.id for entry in entries]}
        if invoice.disputed:
            note.detail["dispute"], invoice.disputed = invoice.disputed, None
        return Saved(invoice.id, tuple(books.entry_doubts(session, pilot, entries)))


def _not_yet(session: Session, invoice: Invoice, on: date) -> Iterator[tuple[str, str]]:
    if on < invoice.service_to:
        yield (
            "accrued_on",
            f"The service runs to {day(invoice.service_to)}; on {day(on)} it was not rendered. "
            f"Choose {day(invoice.service_to)} or a later day.",
        )
    through = closed_through(session)
    if through and on <= through:
        yield (
            "accrued_on",
            f"{books.month_name(on)} is closed. Choose a day after {day(through)}, on which the cost is then counted, "
            f"or reopen {books.month_name(on)}.",
        )


def _expenditure(viewer: Viewer, invoice: Invoice, part: InvoicePart, on: date) -> LedgerEntry:
    return LedgerEntry(
        line_id=part.line_id,
        kind=EntryKind.expenditure,
        amount=part.amount,
        on_date=on,
        payee=invoice.payee,
        contract_id=invoice.contract_id,
        invoice_id=invoice.id,
        description=part.description,
        one_off=part.one_off,
        created_at=viewer.now,
        created_by=viewer.user_id,
    )


def dispute_invoice(session: Session, viewer: Viewer, form: DisputeForm) -> Saved:
    """Say why a pending invoice waits, or, without a reason, that the dispute is settled.

    Raises Invalid where there is no dispute to settle, Conflict for an invoice that is not pending any more.
    """
    with write(session, viewer, Permission.write_money, "dispute invoice", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        invoice = _standing(session, form.invoice_id)
        if invoice.accrued_on is not None:
            raise Conflict(
                f"Invoice {invoice.number} of {invoice.payee} was accepted as of {day(invoice.accrued_on)} "
                "and is not disputed any more. Void the entry that is wrong, or withdraw the invoice."
            )
        if form.reason is None and invoice.disputed is None:
            raise Invalid({"reason": "Write what is disputed: the service, the amount, the days."})
        note.subject = f"invoice {invoice.id}"
        note.detail = {"before": invoice.disputed, "after": form.reason}
        again, invoice.disputed = invoice.disputed == form.reason, form.reason
        return Saved(invoice.id, again=again)


def withdraw_invoice(session: Session, viewer: Viewer, form: WithdrawForm) -> Saved:
    """Send an invoice back; what stands of it in the ledger is voided, each entry by a counter-entry.

    Raises NotFound for an invoice that is not there, Conflict for one that was withdrawn before.
    """
    with write(session, viewer, Permission.write_money, "withdraw invoice", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        invoice = _standing(session, form.invoice_id)
        entries = books.standing_entries(session, invoice)
        counters = [books.counter_entry(session, viewer, entry, form.reason) for entry in entries]
        invoice.withdrawn_at, invoice.withdrawn_reason = viewer.now, form.reason
        note.subject = f"invoice {invoice.id}"
        note.detail = {"reason": form.reason, "counter_entries": [counter.id for counter in counters]}
        return Saved(invoice.id, tuple(_withdrawn_doubts(entries, counters)))


def _withdrawn_doubts(entries: list[LedgerEntry], counters: list[LedgerEntry]) -> Iterator[str]:
    paid = sorted({entry.paid_on for entry in entries if entry.paid_on is not None})
    if paid:
        yield f"It was paid on {day(paid[-1])}. The money has to come back."
    for entry, counter in zip(entries, counters, strict=True):
        if counter.on_date != entry.on_date:
            yield (
                f"{books.month_name(entry.on_date)} is closed, so what is taken back counts "
                f"from {day(counter.on_date)} on."
            )
            return


def record_payment(session: Session, viewer: Viewer, form: PaymentForm) -> Saved:
    """Store the day an invoice, or one expenditure, was paid; the id is the first entry's. Old and new are audited.

    A payment may precede the day its cost counts from (an advance): that is said. Raises NotFound for what is
    not there, Conflict for an invoice that is not accepted, Invalid for what is no standing expenditure.
    """
    with write(session, viewer, Permission.write_money, "record payment", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        entries = _paid(session, form)
        old = {str(entry.id): f"{entry.paid_on}" if entry.paid_on else None for entry in entries}
        again = all(entry.paid_on == form.paid_on for entry in entries)
        if again and form.paid_on is None:
            raise Invalid({"paid_on": "Choose the day it was paid."})
        for entry in entries:
            entry.paid_on = form.paid_on
        note.subject = f"invoice {form.invoice_id}" if form.invoice_id is not None else f"ledger_entry {form.entry_id}"
        note.detail = {"before": old, "after": f"{form.paid_on}" if form.paid_on else None}
        return Saved(entries[0].id, tuple(_advance(entries, form.paid_on)), again)


def _paid(session: Session, form: PaymentForm) -> list[LedgerEntry]:
    """The standing expenditures a payment is about, at least one."""
    if form.invoice_id is not None:
        invoice = _standing(session, form.invoice_id)
        if invoice.accrued_on is None:
            raise Conflict(
                f"Invoice {invoice.number} of {invoice.payee} is pending. Accept it first: a payment belongs to a cost."
            )
        entries = [e for e in books.standing_entries(session, invoice) if e.kind is EntryKind.expenditure]
        if not entries:
            raise Invalid(
                {"invoice_id": f"Nothing of invoice {invoice.number} is an expenditure. There is no payment."}
            )
        return entries
    entry = hold(session, LedgerEntry, form.entry_id, "ledger entry")
    if entry.kind is not EntryKind.expenditure:
        raise Invalid({"entry_id": f"Entry {entry.id} is no expenditure and is not paid. Choose an expenditure."})
    if entry.voids_id is not None or books.voided_by(session, entry) is not None:
        raise Invalid({"entry_id": f"Entry {entry.id} was taken back. Choose an expenditure that stands."})
    return [entry]


def _advance(entries: list[LedgerEntry], paid_on: date | None) -> Iterator[str]:
    first = min(entry.on_date for entry in entries)
    if paid_on is not None and paid_on < first:
        yield (
            f"It was paid on {day(paid_on)}, before {day(first)}, from which the cost counts. "
            "Check that it was an advance."
        )


def _standing(session: Session, invoice_id: int) -> Invoice:
    """The invoice, read anew and locked. Raises Conflict for one that was withdrawn."""
    invoice = hold(session, Invoice, invoice_id, "invoice")
    if invoice.withdrawn_at is not None:
        raise Conflict(
            f"Invoice {invoice.number} of {invoice.payee} was withdrawn ({invoice.withdrawn_reason}). "
            "Receive it anew if it stands after all."
        )
    return invoice
