"""What later entries did to a filed quarter: field by field, as filed and as it would be now, with the entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.arpa.fields import Kind
from db.arpa.worksheet import Part, Row, build, contract_of, from_json, reported, service_of
from db.ledger import SPENT_KINDS
from db.models import Invoice, LedgerEntry, QuarterFiling
from db.vocab import EntryKind

_KEYS = {
    "project": (),
    "payees": ("payee",),
    "awards": ("award",),
    "expenditures": ("award", "starts", "ends"),
    "aggregates": ("type",),
}
"""What tells the rows of a section apart."""
_SUMS = {
    "total_obligations": (EntryKind.obligation,),
    "current_obligations": (EntryKind.obligation,),
    "obligations": (EntryKind.obligation,),
    "total_expenditures": SPENT_KINDS,
    "current_expenditures": SPENT_KINDS,
    "expenditures": SPENT_KINDS,
}
"""Field that sums entries → their kinds. An ``amount`` is of its section."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that differs. ``row`` names the row in words; ``entries`` were booked after the filing."""

    part: str
    section: str
    row: str
    label: str
    filed: str
    now: str
    entries: tuple[LedgerEntry, ...]


def changes(session: Session, filing: QuarterFiling) -> tuple[Changed, ...]:
    """Where the worksheet of a filed quarter, made now, differs from what was filed; () where it does not."""
    old, new = from_json(filing.worksheet), build(session, filing.quarter)
    first, last = reported(session, filing.quarter)
    later = _booked_after(session, filing, last)
    itemised = {row["award"] for row in new.part("awards").rows}
    small = [e for e in later if (contract := contract_of(e)) is None or contract.number not in itemised]
    return tuple(
        changed
        for part in new.parts
        for changed in _between(old.part(part.key), part, small if part.key == "aggregates" else later, first)
    )


def _booked_after(session: Session, filing: QuarterFiling, last: date) -> Sequence[LedgerEntry]:
    whole = (
        joinedload(LedgerEntry.line),
        joinedload(LedgerEntry.contract),
        joinedload(LedgerEntry.invoice).joinedload(Invoice.contract),
    )
    wanted = select(LedgerEntry).options(*whole).order_by(LedgerEntry.id)
    return session.scalars(wanted.where(LedgerEntry.created_at > filing.filed_at, LedgerEntry.on_date <= last)).all()


def _between(old: Part, new: Part, later: Sequence[LedgerEntry], first: date | None) -> Iterator[Changed]:
    keys = _KEYS[new.key]
    before, after = _rows(old, keys), _rows(new, keys)
    labels = {c.name: c.label for c in (*old.columns, *new.columns)}
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, {}), after.get(key, {})
        for name in _told(new, was, now):
            if was.get(name, "") != now.get(name, ""):
                yield Changed(
                    part=new.title,
                    section=new.key,
                    row=", ".join(key),
                    label=labels[name],
                    filed=was.get(name, ""),
                    now=now.get(name, ""),
                    entries=tuple(e for e in later if _behind(e, new.key, name, now or was, first)),
                )


def _told(part: Part, was: Row, now: Row) -> list[str]:
    """The fields to compare; of a row that is new, or gone, its amounts: what else it says names it."""
    amounts = [column.name for column in part.columns if column.kind is Kind.amount]
    return amounts if amounts and not (was and now) else list(dict.fromkeys([*was, *now]))


def _rows(part: Part, keys: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    return {tuple(row[key] for key in keys): row for row in part.rows}


def _behind(entry: LedgerEntry, section: str, name: str, row: Row, first: date | None) -> bool:
    """Whether the entry is among what this field sums."""
    if name == "amount":
        return _of_award(entry, section, row, first)
    if name not in _SUMS or entry.kind not in _SUMS[name]:
        return False
    return name.startswith("total_") or first is None or entry.on_date >= first


def _of_award(entry: LedgerEntry, section: str, row: Row, first: date | None) -> bool:
    contract = contract_of(entry)
    if contract is None or contract.number != row["award"]:
        return False
    if section == "awards":
        return entry.kind is EntryKind.obligation
    service = tuple(day.isoformat() for day in service_of(entry))
    dated = first is None or entry.on_date >= first
    return dated and entry.kind in SPENT_KINDS and service == (row["starts"], row["ends"])
