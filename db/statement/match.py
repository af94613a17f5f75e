"""Which row of the city's books is which entry of the ledger: one to one, as many as can be, the nearest dates."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from scipy.optimize import linear_sum_assignment

from db.ledger import SPENT_KINDS, payee_key
from db.models import LedgerEntry
from db.statement.read import Row
from db.vocab import EntryKind

WITHIN_DAYS = 31
"""How far apart the city's date and the ledger's (accrual or payment) may lie, inclusive."""
_NEVER = 1e6


@dataclass(frozen=True, slots=True)
class Booked:
    """An entry of the ledger as matching sees it. ``void_of``/``voided_by``: the other half of a voided pair."""

    id: int
    kind: EntryKind
    line_id: int
    amount: Decimal
    on_date: date
    paid_on: date | None
    payee_key: str
    number: str
    void_of: int | None = None
    voided_by: int | None = None

    @property
    def stands(self) -> bool:
        return self.void_of is None and self.voided_by is None


def booked(entries: Iterable[LedgerEntry]) -> list[Booked]:
    """All ``entries`` (their invoices loaded), each knowing what voids it."""
    rows = list(entries)
    voids = {entry.voids_id: entry.id for entry in rows if entry.voids_id is not None}
    return [
        Booked(
            id=entry.id,
            kind=entry.kind,
            line_id=entry.line_id,
            amount=entry.amount,
            on_date=entry.on_date,
            paid_on=entry.paid_on,
            payee_key=payee_key(entry.payee),
            number=number_key(entry.invoice.number) if entry.invoice else "",
            void_of=entry.voids_id,
            voided_by=voids.get(entry.id),
        )
        for entry in rows
    ]


def number_key(number: str) -> str:
    """An invoice number for comparison: case, spaces and the zeros that a spreadsheet eats do not count."""
    return payee_key(number).lstrip("0")


def same_kind(one: EntryKind, other: EntryKind) -> bool:
    """Obligations are one thing; what is spent or corrects it the other."""
    return one is other or (one in SPENT_KINDS and other in SPENT_KINDS)


def days_apart(row: Row, entry: Booked) -> int:
    """From the city's date to the nearer of accrual and payment."""
    dates = (entry.on_date, entry.paid_on or entry.on_date)
    return min(abs((row.on_date - day).days) for day in dates)


def same_party(row: Row, entry: Booked) -> bool:
    """The same payee or the same invoice; two different invoices are two things."""
    number = number_key(row.invoice)
    if number and entry.number:
        return number == entry.number
    return payee_key(row.payee) == entry.payee_key and row.payee != ""


def equals(row: Row, entry: Booked) -> bool:
    """Whether ``row`` may be ``entry``: amount, kind, line where known, payee or invoice, dates within 31 days."""
    return (
        row.amount == entry.amount
        and same_kind(row.kind, entry.kind)
        and row.line_id in (None, entry.line_id)
        and same_party(row, entry)
        and days_apart(row, entry) <= WITHIN_DAYS
    )


def match(rows: Sequence[Row], entries: Sequence[Booked]) -> dict[int, int]:
    """Line of a row → id of its entry, one to one.

    Entries that stand come first. A voided entry and its counter-entry are matched only both together, with a row
    and its reversal.
    """
    found = _assign(rows, [entry for entry in entries if entry.stands])
    rest = [row for row in rows if row.line not in found]
    return found | _voided_pairs(rest, entries)


def _assign(rows: Sequence[Row], entries: Sequence[Booked]) -> dict[int, int]:
    of_amount: Mapping[Decimal, list[Booked]] = defaultdict(list)
    for entry in entries:
        of_amount[entry.amount].append(entry)
    by_amount: Mapping[Decimal, list[Row]] = defaultdict(list)
    for row in rows:
        if row.amount in of_amount:
            by_amount[row.amount].append(row)
    found: dict[int, int] = {}
    for amount, alike in by_amount.items():
        others = of_amount[amount]
        cost = np.array([[_cost(row, entry) for entry in others] for row in alike])
        for k, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[k, j] < _NEVER:
                found[alike[k].line] = others[j].id
    return found


def _cost(row: Row, entry: Booked) -> float:
    """The less, the likelier; beyond all measure where the two cannot be the same."""
    if not equals(row, entry):
        return _NEVER
    other_number = bool(row.invoice) != bool(entry.number)
    other_payee = payee_key(row.payee) != entry.payee_key
    return days_apart(row, entry) + 40 * other_number + 40 * other_payee + 20 * (row.kind is not entry.kind)


def _voided_pairs(rows: Sequence[Row], entries: Sequence[Booked]) -> dict[int, int]:
    by_id = {entry.id: entry for entry in entries}
    found: dict[int, int] = {}
    for entry in entries:
        if entry.voided_by is None:
            continue
        counter = by_id[entry.voided_by]
        free = [row for row in rows if row.line not in found]
        first = next((row for row in free if equals(row, entry)), None)
        second = next((row for row in free if row is not first and equals(row, counter)), None)
        if first and second:
            found[first.line], found[second.line] = entry.id, counter.id
    return found
