"""Whether the books agree, with themselves and with the city's: what ``tandem ledger check`` says."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db.forms import day
from db.ledger import SPENT_KINDS, ZERO, grand_total, line_totals
from db.models import Invoice, LedgerEntry, Statement, StatementRow
from db.statement.reconcile import Reconciliation, reconcile
from db.vocab import ImportStatus, counted


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """``failures``: one sentence for each thing that does not add up; ``passed``: what was looked at and is right."""

    found: Reconciliation
    passed: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return bool(self.failures) or self.found.open > 0

    def as_json(self) -> dict[str, Any]:
        """For scripts; amounts are text of two decimals."""
        return {
            "agrees": not self.differs,
            "covers": [{"from": first.isoformat(), "to": last.isoformat()} for first, last in self.found.covers],
            "lines": [
                {
                    "line": one.name,
                    "city": str(one.city),
                    "set_aside": str(one.aside),
                    "ledger": str(one.ledger),
                    "difference": str(one.difference),
                }
                for one in self.found.by_line
            ],
            "differences": list(differences(self.found)),
            "failures": list(self.failures),
            "passed": list(self.passed),
        }

    def text(self) -> str:
        """For people: the totals by line, the differences, then each check of the books."""
        lines = []
        if not self.found.covers:
            lines.append("No file of the city's books is loaded yet. Start with: tandem ledger import --help")
        else:
            stretches = ", ".join(f"{day(first)} to {day(last)}" for first, last in self.found.covers)
            lines += [
                f"The city's books from {stretches}",
                f"{'':<36}{'city':>15}{'set aside':>13}{'ledger':>15}{'difference':>13}",
            ]
            lines += [
                f"{one.name[:35]:<36}{one.city:>15,}{one.aside:>13,}{one.ledger:>15,}{one.difference:>13,}"
                for one in self.found.by_line
            ]
        lines += [f"  ≠ {sentence}" for sentence in differences(self.found)]
        lines += [f"  ✗ {sentence}" for sentence in self.failures]
        lines += [f"  ✓ {sentence}" for sentence in self.passed]
        lines.append("Something differs." if self.differs else "Everything agrees.")
        return "\n".join(lines)


def check_books(session: Session) -> BooksCheck:
    """Every check of the ledger and the reconciliation. Reads only."""
    passed: list[str] = []
    failures: list[str] = []
    for what, said in (
        ("The parts of every accepted invoice are its entries.", _invoices(session)),
        ("Every void is the exact opposite of what it voids.", _voids(session)),
        ("The quarters add up to the totals of the lines.", _quarters(session)),
        ("Every entry is one row of the city's at most, of the same amount.", _links(session)),
    ):
        wrong = list(said)
        failures += wrong
        passed += [] if wrong else [what]
    return BooksCheck(reconcile(session), tuple(passed), tuple(failures))


def differences(found: Reconciliation) -> Iterator[str]:
    """Each difference in a sentence."""
    for row in found.only_city:
        where = f"line {row.line_number:,} of load {row.statement_id}"
        yield f"Only the city has ${row.amount:,} of {row.payee or 'no payee'}, {day(row.on_date)} ({where})."
    for entry in found.only_ledger:
        where = f"entry {entry.id}, {entry.line.name}"
        yield f"Only the ledger has ${entry.amount:,} of {entry.payee}, {day(entry.on_date)} ({where})."
    for pair in found.near:
        yield (
            f"{pair.row.payee}, {day(pair.row.on_date)}: ${pair.row.amount:,} in the city's books, "
            f"${pair.entry.amount:,} in the ledger (entry {pair.entry.id}, {pair.entry.line.name}): {pair.why}."
        )


def _invoices(session: Session) -> Iterator[str]:
    """Of invoices with parts: those booked at once have none, their entry says all."""
    accepted = select(Invoice).where(Invoice.accepted_at.is_not(None), Invoice.withdrawn_at.is_(None))
    for invoice in session.scalars(accepted.options(selectinload(Invoice.parts), selectinload(Invoice.entries))):
        if not invoice.parts:
            continue
        sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for part in invoice.parts:
            sums[part.line_id] += part.amount
        voided = {entry.voids_id for entry in invoice.entries}
        for entry in invoice.entries:
            if entry.voids_id is None and entry.id not in voided:
                sums[entry.line_id] -= entry.amount
        for line, rest in sums.items():
            if rest:
                name = f"Invoice {invoice.number} of {invoice.payee}"
                yield f"{name}: parts and entries on line {line} differ by ${rest:,}."


def _voids(session: Session) -> Iterator[str]:
    entries = {entry.id: entry for entry in session.scalars(select(LedgerEntry))}
    for counter in entries.values():
        entry = entries.get(counter.voids_id) if counter.voids_id is not None else None
        if entry and (counter.amount, counter.line_id, counter.kind) != (-entry.amount, entry.line_id, entry.kind):
            what = f"entry {entry.id} (${entry.amount:,})"
            yield f"Entry {counter.id} (${counter.amount:,}) is not the opposite of {what}."


def _quarters(session: Session) -> Iterator[str]:
    spent: dict[date, Decimal] = defaultdict(lambda: ZERO)
    obligated: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for entry in session.scalars(select(LedgerEntry)):
        quarter = entry.on_date.replace(month=(entry.on_date.month - 1) // 3 * 3 + 1, day=1)
        (spent if entry.kind in SPENT_KINDS else obligated)[quarter] += entry.amount
    total = grand_total(line_totals(session))
    for name, sums, whole in (("spent", spent, total.spent), ("obligated", obligated, total.obligated)):
        if sum(sums.values(), ZERO) != whole:
            yield f"The quarters hold ${sum(sums.values(), ZERO):,} {name}, the lines ${whole:,}."


def _links(session: Session) -> Iterator[str]:
    linked = select(StatementRow, LedgerEntry).join(LedgerEntry, LedgerEntry.id == StatementRow.entry_id)
    linked = linked.join(Statement, Statement.id == StatementRow.statement_id)
    seen: dict[int, int] = defaultdict(int)
    for row, entry in session.execute(linked.where(Statement.status == ImportStatus.done)):
        seen[entry.id] += 1
        if row.amount != entry.amount:
            where = f"Row {row.line_number:,} of load {row.statement_id}"
            yield f"{where} is ${row.amount:,}, its entry {entry.id} ${entry.amount:,}."
    for entry_id, times in seen.items():
        if times > 1:
            yield f"Entry {entry_id} is {counted(times, 'row', 'rows')} of the city's."
