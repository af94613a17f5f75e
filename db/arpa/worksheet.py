"""The worksheet of one quarter: figures summed from the ledger, words that finance typed, awards one by one.

The current period of a quarter is what is dated in it; of the grant's first quarter also what is dated before, as
the Treasury's first report covers all up to its end. So cumulative is always the sum of the current periods.
Expenditures are expenditures and adjustments; a void counts as its opposite amount (``db.ledger``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.arpa.calendar import quarter_code, quarters
from db.arpa.fields import SECTIONS, Field, Filled, Kind, category_of, fields
from db.errors import NotFound, Setup
from db.ledger import SPENT_KINDS, ZERO, grand_total, line_totals, payee_key, quarter_end, the_grant
from db.models import BudgetLine, Contract, Grant, Invoice, LedgerEntry, Payee, Pilot, ReportField
from db.pilot import the_pilot
from db.vocab import EntryKind, label
from db.vocab.money import AwardKind

ITEMISED_OVER = Decimal("50000.00")
"""An award of more than this, not of exactly this, is reported by itself."""
AWARD_TYPE = {
    AwardKind.contract: "Contract: Definitive Contract",
    AwardKind.subaward: "Grant: Reimbursable",
    AwardKind.direct_payment: "Direct Payment",
}
"""What Tandem proposes; a subaward is paid by invoice here, so it reimburses."""
AGGREGATE_TYPE = {
    AwardKind.contract: "Aggregate of Contracts Awarded",
    AwardKind.subaward: "Aggregate of Grants Awarded",
    AwardKind.direct_payment: "Aggregate of Direct Payments",
}
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A field as it stood when the worksheet was made."""

    name: str
    id: str
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Part:
    """One section: its rows by field. Amounts are text with two decimals, dates ISO text, nothing is empty text."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """All sections of one quarter. ``quarter`` is its first day."""

    quarter: date
    category: str
    parts: tuple[Part, ...]

    def part(self, key: str) -> Part:
        return next(part for part in self.parts if part.key == key)

    @property
    def project(self) -> Row:
        return self.part("project").rows[0]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for ``QuarterFiling.worksheet``."""
        return {
            "quarter": self.quarter.isoformat(),
            "category": self.category,
            "parts": [
                {
                    "key": part.key,
                    "title": part.title,
                    "columns": [
                        {"name": c.name, "id": c.id, "label": c.label, "kind": c.kind.value} for c in part.columns
                    ],
                    "rows": [dict(row) for row in part.rows],
                }
                for part in self.parts
            ],
        }


def from_json(frozen: Mapping[str, Any]) -> Worksheet:
    """What :meth:`Worksheet.as_json` wrote."""
    return Worksheet(
        quarter=date.fromisoformat(frozen["quarter"]),
        category=frozen["category"],
        parts=tuple(
            Part(
                key=part["key"],
                title=part["title"],
                columns=tuple(Column(c["name"], c["id"], c["label"], Kind(c["kind"])) for c in part["columns"]),
                rows=tuple(dict(row) for row in part["rows"]),
            )
            for part in frozen["parts"]
        ),
    )


@dataclass(frozen=True, slots=True)
class Typed:
    """A value finance typed, and the first day of the quarter from which it holds."""

    value: str
    since: date


def typed(session: Session, quarter: date) -> dict[str, Typed]:
    """What is typed for ``quarter``, by :func:`key_of`: each field's newest value up to it."""
    rows = session.scalars(select(ReportField).where(ReportField.quarter <= quarter).order_by(ReportField.quarter))
    return {row.field: Typed(row.value, row.quarter) for row in rows}


def key_of(section: str, field: str, award: str = "") -> str:
    """How a typed value is found again: “project.name”, “awards.city:HR-2025-7”."""
    return f"{section}.{field}" + (f":{award}" if award else "")


def reported(session: Session, quarter: date) -> tuple[date | None, date]:
    """(first, last) day of the current period, both inclusive; first is None for the grant's first quarter.

    Raises Setup without a grant, NotFound for a quarter outside it.
    """
    known = quarters(session)
    if not known:
        raise Setup("There is no grant yet, so there is nothing to report. Run “tandem init”.")
    if quarter not in known:
        raise NotFound(
            f"{quarter_code(quarter)} is not a quarter of the grant. "
            f"It runs from {quarter_code(known[0])} to {quarter_code(known[-1])}."
        )
    return (None if quarter == known[0] else quarter), quarter_end(quarter)


def build(session: Session, quarter: date) -> Worksheet:
    """The worksheet of the quarter that begins on ``quarter``, of what is booked and typed now.

    Raises as :func:`reported` does.
    """
    first, last = reported(session, quarter)
    grant = the_grant(session)
    if grant is None:
        raise Setup("There is no grant yet, so there is nothing to report. Run “tandem init”.")
    books = _Books(session, first, last, typed(session, quarter))
    project = dict(_project(session, books, the_pilot(session), grant))
    awards = books.over()
    rows: dict[str, Sequence[Row]] = {
        "project": [project],
        "payees": _payees(books, awards),
        "awards": [dict(_award(books, contract, project["number"])) for contract in awards],
        "expenditures": _expenditures(books, awards),
        "aggregates": _aggregates(books, awards, project["number"]),
    }
    asked = {key: fields(grant.category, key) for key in SECTIONS}
    parts = (
        Part(
            key=key,
            title=title,
            columns=tuple(Column(f.name, f.id, f.label, f.kind) for f in asked[key]),
            rows=tuple({f.name: row.get(f.name, "") for f in asked[key]} for row in rows[key]),
        )
        for key, title in SECTIONS.items()
    )
    return Worksheet(quarter, grant.category, tuple(parts))


class _Books:
    """The entries through the quarter's end, and what goes with them, read once."""

    def __init__(self, session: Session, first: date | None, last: date, words: Mapping[str, Typed]) -> None:
        whole = (joinedload(LedgerEntry.contract), joinedload(LedgerEntry.invoice).joinedload(Invoice.contract))
        dated = select(LedgerEntry).options(*whole).where(LedgerEntry.on_date <= last).order_by(LedgerEntry.id)
        self.entries: Sequence[LedgerEntry] = session.scalars(dated).all()
        self.first, self.last, self.words = first, last, words
        self.payees = {payee.key: payee for payee in session.scalars(select(Payee))}

    def word(self, section: str, field: str, award: str = "") -> str:
        found = self.words.get(key_of(section, field, award))
        return found.value if found else ""

    def current(self) -> list[LedgerEntry]:
        return [entry for entry in self.entries if self.first is None or entry.on_date >= self.first]

    def over(self) -> list[Contract]:
        """The contracts of more than $50,000, by number."""
        sums: dict[int, Decimal] = {}
        found: dict[int, Contract] = {}
        for entry in self.entries:
            if (contract := contract_of(entry)) and entry.kind is EntryKind.obligation:
                found[contract.id] = contract
                sums[contract.id] = sums.get(contract.id, ZERO) + entry.amount
        large = [found[number] for number, amount in sums.items() if amount > ITEMISED_OVER]
        return sorted(large, key=lambda contract: contract.number)

    def payee(self, name: str) -> Payee | None:
        return self.payees.get(payee_key(name))


def contract_of(entry: LedgerEntry) -> Contract | None:
    """The contract an entry belongs to: its own, or its invoice's."""
    return entry.contract or (entry.invoice.contract if entry.invoice else None)


def service_of(entry: LedgerEntry) -> tuple[date, date]:
    """First and last day of the service an entry pays for: its invoice's, else its own date."""
    invoice = entry.invoice
    return (invoice.service_from, invoice.service_to) if invoice else (entry.on_date, entry.on_date)


def _project(session: Session, books: _Books, pilot: Pilot, grant: Grant) -> Iterator[tuple[str, str]]:
    category = category_of(grant.category)
    total = grand_total(line_totals(session, books.last))
    before = grand_total(line_totals(session, books.first - timedelta(days=1))) if books.first else None
    adopted = sum(session.scalars(select(BudgetLine.amount)), ZERO)
    status = next(f for f in fields(section="project") if f.name == "status")
    proposed = {
        "category_group": category.group,
        "category": category.label,
        "name": pilot.name,
        "starts": pilot.starts_on.isoformat(),
        "ends": pilot.ends_on.isoformat(),
        "status": by_share(status, total.spent, adopted),
        "adopted_budget": money(adopted),
        "total_obligations": money(total.obligated),
        "total_expenditures": money(total.spent),
        "current_obligations": money(total.obligated - (before.obligated if before else ZERO)),
        "current_expenditures": money(total.spent - (before.spent if before else ZERO)),
        "income_earned": money(ZERO),
        "income_expended": money(ZERO),
    }
    for field in fields(grant.category, "project"):
        written = books.word("project", field.name) if field.open else ""
        yield field.name, written or proposed.get(field.name, "")
    yield "number", books.word("project", "number")


def by_share(status: Field, spent: Decimal, adopted: Decimal) -> str:
    """Status of Completion by the share of the adopted budget that is spent: none, under half, half, all of it."""
    if not spent or not adopted:
        return status.choices[0]
    share = spent / adopted
    return status.choices[1 if share < Decimal("0.5") else 2 if share < 1 else 3]


def _payee(books: _Books, name: str) -> Row:
    payee = books.payee(name)
    sam = {True: "Yes", False: "No", None: ""}
    return {
        "payee": payee.name if payee else name,
        "uei": (payee.uei or "") if payee else "",
        "ein": (payee.ein or "") if payee else "",
        "kind": label(payee.kind) if payee and payee.kind else "",
        "sam": sam[payee.sam_registered] if payee else "",
    }


def _payees(books: _Books, awards: Sequence[Contract]) -> list[Row]:
    names = {payee_key(contract.payee): contract.payee for contract in awards}
    return [_payee(books, name) for name in names.values()]


def _award(books: _Books, contract: Contract, number: str) -> Iterator[tuple[str, str]]:
    yield from _payee(books, contract.payee).items()
    obligations = (e.amount for e in books.entries if _of(e, contract) and e.kind is EntryKind.obligation)
    yield "number", number
    yield "award", contract.number
    yield "award_type", books.word("awards", "award_type", contract.number) or AWARD_TYPE[contract.kind]
    yield "amount", money(sum(obligations, ZERO))
    yield "signed", contract.signed_on.isoformat()
    yield "starts", contract.starts_on.isoformat()
    yield "ends", contract.ends_on.isoformat()
    yield "place", contract.place
    yield "description", contract.description
    for field in fields(section="awards"):
        if field.filled is Filled.typed:
            yield field.name, books.word("awards", field.name, contract.number)


def _of(entry: LedgerEntry, contract: Contract) -> bool:
    found = contract_of(entry)
    return found is not None and found.id == contract.id


def _expenditures(books: _Books, awards: Sequence[Contract]) -> list[Row]:
    """One row a contract and time of service; what an entry and its void leave is nothing, and no row."""
    sums: dict[tuple[str, str, date, date], Decimal] = {}
    large = {contract.id for contract in awards}
    for entry in books.current():
        contract = contract_of(entry)
        if contract is None or contract.id not in large or entry.kind not in SPENT_KINDS:
            continue
        key = (contract.number, contract.payee, *service_of(entry))
        sums[key] = sums.get(key, ZERO) + entry.amount
    return [
        {"award": award, "payee": payee, "starts": start.isoformat(), "ends": end.isoformat(), "amount": money(amount)}
        for (award, payee, start, end), amount in sorted(sums.items())
        if amount
    ]


def _aggregates(books: _Books, awards: Sequence[Contract], number: str) -> list[Row]:
    """What is not itemised, by type. What stands under no contract is an order, which is one."""
    large = {contract.id for contract in awards}
    sums: dict[str, dict[str, Decimal]] = {}
    for entry in books.current():
        contract = contract_of(entry)
        if contract is not None and contract.id in large:
            continue
        kind = contract.kind if contract else AwardKind.contract
        both = sums.setdefault(AGGREGATE_TYPE[kind], {"obligations": ZERO, "expenditures": ZERO})
        both["obligations" if entry.kind is EntryKind.obligation else "expenditures"] += entry.amount
    return [
        {"number": number, "type": kind, **{name: money(amount) for name, amount in both.items()}}
        for kind, both in sorted(sums.items())
        if any(both.values())
    ]


def money(amount: Decimal) -> str:
    """Two decimals, a point, no sign of the currency and no commas: as the Treasury's numeric(12,2)."""
    return f"{amount:.2f}"
