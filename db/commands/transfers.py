"""Money moved from line to line: finance asks, the chief decides. The budget's total never changes."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands import books
from db.commands.base import write
from db.commands.desk import Saved, hold, once
from db.errors import Conflict
from db.forms import Now, day
from db.forms.budget import DecisionForm, TransferForm
from db.ledger import LineTotal, line_totals
from db.models import LineTransfer
from db.pilot import the_pilot
from db.vocab import Scope
from db.vocab.money import TransferDecision


def ask_transfer(session: Session, viewer: Viewer, form: TransferForm) -> Saved:
    """Ask that money moves. The same ``submit_key`` again returns the transfer that is there.

    Raises Invalid for a line that is not there, for the same line twice, and for more than the giving line
    can do without.
    """
    return once(session, LineTransfer, form.submit_key, lambda: _ask(session, viewer, form))


def _ask(session: Session, viewer: Viewer, form: TransferForm) -> Saved:
    with write(session, viewer, Permission.write_money, "ask transfer", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        lines = {total.line_id: total for total in line_totals(session)}
        books.refuse(books.unknown_line(session, form.from_line_id, "from_line_id"))
        books.refuse(books.unknown_line(session, form.to_line_id, "to_line_id"))
        books.refuse(too_much(lines[form.from_line_id], form.amount))
        transfer = LineTransfer(**form.model_dump(), asked_at=viewer.now, asked_by=viewer.user_id)
        session.add(transfer)
        session.flush()
        note.subject = f"line_transfer {transfer.id}"
        note.detail = _detail(transfer)
        return Saved(transfer.id)


def decide_transfer(session: Session, viewer: Viewer, form: DecisionForm) -> Saved:
    """Approve a transfer, and the money moves today, or decline it with a note. The same decision again adds nothing.

    Raises NotFound for a transfer that is not there, Conflict for one that is decided or was asked by whoever
    decides, Invalid where the giving line cannot do without the money any more.
    """
    with write(session, viewer, Permission.approve_transfers, "decide transfer", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        transfer = hold(session, LineTransfer, form.transfer_id, "transfer")
        note.subject = f"line_transfer {transfer.id}"
        if transfer.decision is not None:
            if (transfer.decision, transfer.decided_by) == (form.decision, viewer.user_id):
                return Saved(transfer.id, again=True)
            on = f" on {day(transfer.decided_on)}" if transfer.decided_on else ""
            raise Conflict(f"This transfer was {transfer.decision.value}{on}. Nothing was changed.")
        if transfer.asked_by == viewer.user_id:
            raise Conflict("Who asks for a transfer does not decide it. Somebody else who may has to.")
        lines = {total.line_id: total for total in line_totals(session)}
        if form.decision is TransferDecision.approved:
            books.refuse(too_much(lines[transfer.from_line_id], transfer.amount))
        transfer.decision, transfer.decision_note = form.decision, form.note
        transfer.decided_on, transfer.decided_at, transfer.decided_by = viewer.today, viewer.now, viewer.user_id
        note.detail = {"decision": form.decision.value, **_detail(transfer)}
        return Saved(transfer.id)


def too_much(line: LineTotal, amount: Decimal) -> Iterator[tuple[str, str]]:
    """A transfer that would take ``line`` below what it has obligated, or spent and pending."""
    if amount <= line.available:
        return
    free = f"${line.available:,} can move" if line.available > 0 else "nothing can move"
    yield (
        "amount",
        f"“{line.name}” holds ${line.budget:,}, of which ${line.obligated:,} is obligated and "
        f"${line.spent + line.pending:,} spent or pending: {free}, not ${amount:,}.",
    )


def _detail(transfer: LineTransfer) -> dict[str, str | int]:
    return {"from": transfer.from_line_id, "to": transfer.to_line_id, "amount": str(transfer.amount)}
