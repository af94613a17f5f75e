"""The city's books beside the ledger: totals by line and month, and every difference, each one once.

Both sides hold what is spent (expenditures and adjustments). The ledger's side are entries that stand: those matched
to a row count in the month of the city's date, the others in their own, if a loaded file covers it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.ledger import SPENT_KINDS, ZERO, month_of, payee_key
from db.models import BudgetLine, LedgerEntry, Statement, StatementRow
from db.statement.match import Booked, booked, number_key
from db.vocab import ImportStatus

NO_LINE = 0
"""Stands for the line of a row that names none."""


@dataclass(frozen=True, slots=True)
class Total:
    """One line in one month (its first day). ``aside``: what of ``city`` was set aside."""

    line_id: int
    name: str
    month: date
    city: Decimal
    aside: Decimal
    ledger: Decimal

    @property
    def difference(self) -> Decimal:
        return self.city - self.aside - self.ledger


@dataclass(frozen=True, slots=True)
class Near:
    """A row and an entry that are probably one thing, told otherwise: another amount or another line."""

    row: StatementRow
    entry: LedgerEntry
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """``covers``: (first, last) day of each stretch that loaded files cover, inclusive; empty before the first load."""

    covers: tuple[tuple[date, date], ...]
    totals: tuple[Total, ...]
    only_city: tuple[StatementRow, ...]
    only_ledger: tuple[LedgerEntry, ...]
    near: tuple[Near, ...]
    aside: tuple[StatementRow, ...]
    matched: tuple[StatementRow, ...]
    other_month: int
    """Matched pairs whose two dates lie in different months."""

    @property
    def open(self) -> int:
        """How many differences wait."""
        return len(self.only_city) + len(self.only_ledger) + len(self.near)

    @property
    def by_line(self) -> tuple[Total, ...]:
        """The totals of each line over all months; their ``month`` is the first one."""
        return _summed(self.totals)


def reconcile(session: Session) -> Reconciliation:
    """Compare all loads in force with the ledger. Reads only."""
    names = {line.id: line.name for line in session.scalars(select(BudgetLine).order_by(BudgetLine.position))}
    loads = session.scalars(select(Statement).where(Statement.status == ImportStatus.done)).all()
    covers = _stretches((load.covers_from, load.covers_to) for load in loads if load.covers_from and load.covers_to)
    in_force = select(StatementRow).join(Statement).where(Statement.status == ImportStatus.done)
    rows = session.scalars(in_force.order_by(StatementRow.on_date, StatementRow.id)).all()
    whole = (joinedload(LedgerEntry.line), joinedload(LedgerEntry.invoice))
    entries = {e.id: e for e in session.scalars(select(LedgerEntry).options(*whole).order_by(LedgerEntry.on_date))}
    known = {one.id: one for one in booked(entries.values())}
    matched = _matched(rows, known)
    spent = [row for row in rows if row.kind in SPENT_KINDS]
    lone = [row for row in spent if row.id not in matched and row.aside_reason is None]
    aside = [row for row in spent if row.id not in matched and row.aside_reason is not None]
    taken = set(matched.values())
    others = [e for e in entries.values() if e.id not in taken and known[e.id].stands and e.kind in SPENT_KINDS]
    covered = [entry for entry in others if any(first <= entry.on_date <= last for first, last in covers)]
    near = _near(lone, others, known)
    paired = {pair.row.id for pair in near}, {pair.entry.id for pair in near}
    counted = {entry.id: entry for entry in [*covered, *(pair.entry for pair in near)]}
    pairs = [(row, entries[matched[row.id]]) for row in spent if row.id in matched]
    return Reconciliation(
        covers=covers,
        totals=_totals(names, spent, aside, pairs, counted.values(), near),
        only_city=tuple(row for row in lone if row.id not in paired[0]),
        only_ledger=tuple(entry for entry in covered if entry.id not in paired[1]),
        near=near,
        aside=tuple(aside),
        matched=tuple(row for row in rows if row.id in matched),
        other_month=sum(month_of(row.on_date) != month_of(entry.on_date) for row, entry in pairs),
    )


def _stretches(spans: Iterable[tuple[date, date]]) -> tuple[tuple[date, date], ...]:
    """The spans put together where they touch or overlap."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if found and first.toordinal() <= found[-1][1].toordinal() + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def _matched(rows: Sequence[StatementRow], known: dict[int, Booked]) -> dict[int, int]:
    """Row → its entry. One that was voided since is none, unless the city has its reversal too."""
    linked = {row.entry_id for row in rows}
    found: dict[int, int] = {}
    for row in rows:
        entry = known.get(row.entry_id) if row.entry_id is not None else None
        if entry is not None and (entry.stands or (entry.void_of or entry.voided_by) in linked):
            found[row.id] = entry.id
    return found


def _near(rows: Sequence[StatementRow], entries: Sequence[LedgerEntry], known: dict[int, Booked]) -> tuple[Near, ...]:
    """One to one: the same invoice of the same payee first, then the same payee and amount within 31 days."""
    found: list[Near] = []
    free = {entry.id: entry for entry in entries}
    for same_invoice in (True, False):
        for row in rows:
            if any(pair.row is row for pair in found):
                continue
            for entry in list(free.values()):
                if why := _why_near(row, entry, known[entry.id], same_invoice):
                    found.append(Near(row, free.pop(entry.id), why))
                    break
    return tuple(sorted(found, key=lambda pair: (pair.row.on_date, pair.row.id)))


def _why_near(row: StatementRow, entry: LedgerEntry, known: Booked, same_invoice: bool) -> str:
    number = number_key(row.invoice_number or "")
    payee = payee_key(row.payee) == known.payee_key and row.payee != ""
    if same_invoice:
        if not (payee and number and number == known.number):
            return ""
    else:
        dates = (entry.on_date, entry.paid_on or entry.on_date)
        close = min(abs((row.on_date - day).days) for day in dates) <= 31
        numbers_clash = bool(number and known.number and number != known.number)
        if not (payee and row.amount == entry.amount and close) or numbers_clash:
            return ""
    said = []
    if row.amount != entry.amount:
        said.append("another amount")
    if row.line_id not in (None, entry.line_id):
        said.append("another line")
    return " and ".join(said) or "the dates lie apart"


def _totals(
    names: dict[int, str],
    rows: Sequence[StatementRow],
    aside: Sequence[StatementRow],
    pairs: Sequence[tuple[StatementRow, LedgerEntry]],
    others: Iterable[LedgerEntry],
    near: Sequence[Near],
) -> tuple[Total, ...]:
    line_of = {row.id: entry.line_id for row, entry in pairs if row.line_id is None}
    line_of |= {pair.row.id: pair.entry.line_id for pair in near if pair.row.line_id is None}
    sums: dict[tuple[int, date], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for row in rows:
        sums[row.line_id or line_of.get(row.id, NO_LINE), month_of(row.on_date)][0] += row.amount
    for row in aside:
        sums[row.line_id or NO_LINE, month_of(row.on_date)][1] += row.amount
    for row, entry in pairs:
        sums[entry.line_id, month_of(row.on_date)][2] += entry.amount
    for entry in others:
        sums[entry.line_id, month_of(entry.on_date)][2] += entry.amount
    order = [*names, NO_LINE]
    keys = sorted(sums, key=lambda key: (order.index(key[0]), key[1]))
    return tuple(Total(line, names.get(line, "No line said"), month, *sums[line, month]) for line, month in keys)


def _summed(totals: Sequence[Total]) -> tuple[Total, ...]:
    found: dict[int, Total] = {}
    for one in totals:
        old = found.get(one.line_id)
        if old is None:
            found[one.line_id] = one
            continue
        city, aside, ledger = old.city + one.city, old.aside + one.aside, old.ledger + one.ledger
        found[one.line_id] = Total(one.line_id, one.name, min(old.month, one.month), city, aside, ledger)
    return tuple(found.values())
