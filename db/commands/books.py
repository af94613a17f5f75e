"""What the writes of money share: one writer at a time, what is refused, what is said, how an entry is taken back."""

from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.engine import raise_version
from db.errors import Invalid
from db.forms import day
from db.ledger import SPENT_KINDS, LineTotal, closed_through, line_totals, standing, the_grant
from db.models import BudgetLine, Contract, Invoice, LedgerEntry, Pilot
from db.vocab import EntryKind, Scope


def alone(session: Session) -> None:
    """Wait for whoever else writes money. What is checked against the books afterwards stays true to the commit.

    On SQLite a write is alone from its first statement; on PostgreSQL it is from here on.
    """
    raise_version(session, Scope.money)


def refuse(broken: Iterable[tuple[str, str]]) -> None:
    """Raise Invalid if there is any (field, sentence); the first sentence for a field wins."""
    found: dict[str, str] = {}
    for field, sentence in broken:
        found.setdefault(field, sentence)
    if found:
        raise Invalid(found)


def month_name(month: date) -> str:
    """“October 2026”."""
    return f"{month:%B %Y}"


# --- what is refused -------------------------------------------------------------------------------------


def unknown_line(session: Session, line_id: int, field: str = "line_id") -> Iterator[tuple[str, str]]:
    if session.get(BudgetLine, line_id) is None:
        yield field, f"There is no budget line {line_id}. Choose one from the list."


def unknown_contract(session: Session, contract_id: int | None, payee_key: str) -> Iterator[tuple[str, str]]:
    """A contract that is not there, or is somebody else's."""
    if contract_id is None:
        return
    contract = session.get(Contract, contract_id)
    if contract is None:
        yield "contract_id", f"There is no contract {contract_id}. Choose one from the list."
    elif " ".join(contract.payee.split()).casefold() != payee_key:
        yield (
            "contract_id",
            f"Contract {contract.number} is with {contract.payee}. Choose a contract of this payee, or none.",
        )


def closed_day(session: Session, on: date, field: str = "on_date") -> Iterator[tuple[str, str]]:
    """A day in a month finance has closed."""
    through = closed_through(session)
    if through and on <= through:
        yield (
            field,
            f"{month_name(on)} is closed. Date an adjustment after {day(through)}, or reopen the month.",
        )


def too_late_to_obligate(session: Session, on: date, field: str = "on_date") -> Iterator[tuple[str, str]]:
    grant = the_grant(session)
    if grant and on > grant.obligate_by:
        yield (
            field,
            f"{day(on)} is after {day(grant.obligate_by)}, the grant's last day to obligate. "
            "This cannot be charged to the grant.",
        )


# --- what is allowed, but said ---------------------------------------------------------------------------


def entry_doubts(session: Session, pilot: Pilot, entries: list[LedgerEntry], *, dated: bool = True) -> Iterator[str]:
    """What is worth a look about entries that are among the totals already; each sentence once.

    ``dated``: their days too, which for what a contract obligates are those of the contract.
    """
    lines = {total.line_id: total for total in line_totals(session)}
    said: dict[str, None] = {}
    for entry in entries:
        line = lines[entry.line_id]
        said |= dict.fromkeys(over_obligated(line) if entry.kind is EntryKind.obligation else over_spent(line))
        if dated:
            said |= dict.fromkeys(out_of_time(session, pilot, entry.on_date, spent=entry.kind in SPENT_KINDS))
    yield from said


def over_obligated(line: LineTotal) -> Iterator[str]:
    if line.uncommitted < 0:
        yield (
            f"“{line.name}” is now obligated ${-line.uncommitted:,} over its budget of ${line.budget:,}. "
            "It was stored; the line needs a transfer or a smaller contract."
        )


def over_spent(line: LineTotal) -> Iterator[str]:
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


def out_of_time(session: Session, pilot: Pilot, on: date, *, spent: bool) -> Iterator[str]:
    """A day outside the pilot, or after the grant's last day to spend."""
    if not pilot.starts_on <= on <= pilot.ends_on:
        yield (
            f"{day(on)} is outside the pilot ({day(pilot.starts_on)} to {day(pilot.ends_on)}). "
            "Say in the description why it belongs here."
        )
    grant = the_grant(session)
    if grant and spent and on > grant.expend_by:
        yield f"{day(on)} is after {day(grant.expend_by)}, the grant's last day to spend."


# --- taking back -----------------------------------------------------------------------------------------


def counter_entry(session: Session, viewer: Viewer, entry: LedgerEntry, reason: str) -> LedgerEntry:
    """Book and return the opposite of ``entry``: on its day, or on today's where its month is closed."""
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
        void_reason=reason,
        created_at=viewer.now,
        created_by=viewer.user_id,
    )
    session.add(counter)
    session.flush()
    return counter


def standing_entries(session: Session, invoice: Invoice) -> list[LedgerEntry]:
    """The entries of an invoice that are not voided."""
    return list(session.scalars(standing().where(LedgerEntry.invoice_id == invoice.id).order_by(LedgerEntry.id)))


def voided_by(session: Session, entry: LedgerEntry) -> int | None:
    """The id of the counter-entry of ``entry``; None while it stands."""
    return session.scalar(select(LedgerEntry.id).where(LedgerEntry.voids_id == entry.id))
