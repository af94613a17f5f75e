"""The directory as one CSV file: Open Referral HSDS 3 names where they fit, a dry run before anything is stored.

A row is one service of one provider. HSDS columns of the service stand under their own names, those of its
related tables as ``table.column``; what HSDS does not know (kind, partner, room) has plain names. In a file
that comes in, an absent column and an empty cell change nothing.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad.text import text_of
from db.cells import bare, harmless
from db.commands.base import write
from db.commands.desk import now_of
from db.commands.directory import FIELDS, change_provider, differences, everyone, insert_provider, needs_of
from db.commands.people import fold
from db.errors import Invalid, Unreadable
from db.forms import Now, checked
from db.forms.connections import ProviderForm
from db.models import Provider
from db.vocab import Need, ProviderKind, Scope, label

COLUMNS: Mapping[str, str] = {
    "id": "external_id",
    "name": "name",
    "status": "active",
    "description": "description",
    "taxonomy_terms.name": "services",
    "phones.number": "phone",
    "email": "email",
    "url": "website",
    "addresses.address_1": "address",
    "languages.name": "languages",
    "schedules.description": "hours",
    "eligibility_description": "eligibility",
    "minimum_age": "minimum_age",
    "maximum_age": "maximum_age",
    "service_areas.name": "service_area",
    "fees_description": "fees",
    "assured_date": "verified_on",
    "kind": "kind",
    "in_city": "in_city",
    "partner": "is_partner",
    "has_capacity": "has_capacity",
    "capacity_note": "capacity_note",
}
"""Column of the file → field of a provider, in the order of the file."""
ALIASES = {
    "needs": "services",
    "services": "services",
    "phone": "phone",
    "number": "phone",
    "phone_number": "phone",
    "website": "website",
    "address": "address",
    "address_1": "address",
    "languages": "languages",
    "language": "languages",
    "hours": "hours",
    "schedule": "hours",
    "eligibility": "eligibility",
    "service_area": "service_area",
    "area": "service_area",
    "fees": "fees",
    "verified_on": "verified_on",
    "last_verified": "verified_on",
    "is_partner": "is_partner",
    "capacity": "has_capacity",
    "organization": "name",
}
KIND_OF_NEED = {
    Need.mental_health: ProviderKind.mental_health,
    Need.substance_use: ProviderKind.substance_use,
    Need.housing: ProviderKind.shelter,
    Need.basic_needs: ProviderKind.food,
    Need.medical: ProviderKind.health_centre,
    Need.benefits: ProviderKind.benefits,
    Need.legal: ProviderKind.legal_aid,
    Need.domestic_violence: ProviderKind.victim_services,
    Need.older_adult: ProviderKind.aging,
    Need.child_family: ProviderKind.family,
    Need.employment: ProviderKind.employment,
    Need.transport: ProviderKind.transport,
}
"""The kind of a new provider whose file does not say it: that of the first need."""
OWN_ID = "tandem-"
LARGEST, MOST_ROWS = 4_000_000, 5_000
_YES, _NO = {"yes", "y", "true", "1", "si", "sí"}, {"no", "n", "false", "0"}


@dataclass(slots=True)
class Row:
    """What becomes of one line of the file: ``new``, ``changed``, ``same`` or ``refused`` (with a sentence)."""

    line: int
    name: str
    fate: str
    sentence: str = ""
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    rows: list[Row]
    unknown_columns: tuple[str, ...] = ()
    dry: bool = True

    def count(self, fate: str) -> int:
        return sum(row.fate == fate for row in self.rows)

    def __str__(self) -> str:
        told = [f"{self.count(fate)} {fate}" for fate in ("new", "changed", "same", "refused")]
        return ", ".join(told)


def export(session: Session) -> str:
    """The whole directory, closed providers included, as CSV text. A spreadsheet finds no formula in it."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for provider in everyone(session, closed=True):
        table.writerow([harmless(_cell(provider, name)) for name in COLUMNS.values()])
    return out.getvalue()


def _cell(provider: Provider, name: str) -> str:
    if name == "external_id":
        return provider.external_id or f"{OWN_ID}{provider.id}"
    if name == "active":
        return "active" if provider.active else "inactive"
    if name == "services":
        return "; ".join(sorted(need.value for need in needs_of(provider)))
    value = getattr(provider, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def read_in(session: Session, viewer: Viewer, data: bytes, *, dry: bool) -> Report:
    """Compare the file with the directory and, unless ``dry``, store its good rows in one transaction.

    Raises Unreadable for what is no table of providers at all; a bad row is refused alone, with a sentence.
    """
    header, lines, unknown = _table(data)
    if dry:
        viewer.must(Permission.log_work)
        return Report(_plan(session, viewer, header, lines, now_of(session, viewer), store=False), unknown)
    with write(session, viewer, Permission.log_work, "import directory", Scope.work) as note:
        rows = _plan(session, viewer, header, lines, now_of(session, viewer), store=True)
        report = Report(rows, unknown, dry=False)
        note.subject = "provider"
        note.detail = {fate: report.count(fate) for fate in ("new", "changed", "same", "refused")}
    return report


def _table(data: bytes) -> tuple[list[str | None], list[list[str]], tuple[str, ...]]:
    """Fields by column, the lines below the head, the columns nobody knows."""
    if len(data) > LARGEST:
        raise Unreadable(f"The file has {len(data):,} bytes; {LARGEST:,} fit. Split it. Nothing was stored.")
    no_text = "This is not a CSV file with text in it. Save the table as CSV (UTF-8). Nothing was stored."
    try:
        text = text_of(data, "The file")
    except Unreadable:
        raise Unreadable(no_text) from None
    if "\0" in text or not text.strip():
        raise Unreadable(no_text)
    first = text.lstrip().splitlines()[0]
    mark = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=mark))
    except csv.Error as error:
        raise Unreadable(f"The file is no readable CSV ({error}). Export it again. Nothing was stored.") from None
    head = [_plain(cell) for cell in lines[0]]
    known = {_plain(column): name for column, name in COLUMNS.items()} | ALIASES
    fields = [known.get(cell) for cell in head]
    if "name" not in fields:
        raise Unreadable(
            f"The first line has no column “name” (it begins “{first[:60]}”). "
            "Export the directory to see the columns. Nothing was stored."
        )
    twice = {f for f in fields if f is not None and fields.count(f) > 1}
    if twice:
        raise Unreadable(f"Two columns stand for the same field ({', '.join(sorted(twice))}). Keep one of each.")
    body = lines[1:]
    if len(body) > MOST_ROWS:
        raise Unreadable(f"The file has {len(body):,} rows; {MOST_ROWS:,} fit. Split it. Nothing was stored.")
    unknown = tuple(cell for cell, name in zip(lines[0], fields, strict=True) if name is None and cell.strip())
    return fields, body, unknown


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9_.]+", "_", text.strip().lower()).strip("_")


def _plan(
    session: Session,
    viewer: Viewer,
    header: Sequence[str | None],
    lines: Sequence[Sequence[str]],
    now: Now,
    *,
    store: bool,
) -> list[Row]:
    stored = everyone(session, closed=True)
    by_name = {fold(p.name): p for p in stored}
    by_id = {p.external_id: p for p in stored if p.external_id} | {f"{OWN_ID}{p.id}": p for p in stored}
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines, start=2):
        typed = ((name, bare(cell.strip())) for name, cell in zip(header, cells, strict=False))
        given = {name: cell for name, cell in typed if name and cell}
        if not given:
            continue
        name = given.get("name", "")
        row = by_id.get(given.get("external_id", "")) or by_name.get(fold(name))
        try:
            if (before := seen.setdefault(fold(name), number)) != number:
                raise Invalid({"name": f"“{name}” stands on line {before} already. Keep one line for a provider."})
            if row is not None and by_name.get(fold(name), row) is not row:
                raise Invalid({"name": f"“{name}” is another provider's name already. Write another, or mend the id."})
            rows.append(_one_row(session, viewer, row, given, number, now, store))
        except Invalid as error:
            rows.append(Row(number, name or "(no name)", "refused", str(error)))
    return rows


def _one_row(
    session: Session, viewer: Viewer, row: Provider | None, given: Mapping[str, str], number: int, now: Now, store: bool
) -> Row:
    values = dict(_values(given))
    checked_on, active = values.pop("verified_on", None), values.pop("active", None)
    if checked_on and checked_on > now.today:
        raise Invalid({"verified_on": f"assured_date {checked_on} is in the future. Check the date."})
    if row is not None:
        kept = {name: getattr(row, name) for name in FIELDS} | {"services": frozenset(needs_of(row))}
        if str(values.get("external_id", "")).startswith(OWN_ID):
            values.pop("external_id")
        form = checked(ProviderForm, kept | values, now)
        changes = dict(differences(row, form))
        if active is not None and active != row.active:
            changes["active"] = (row.active, active)
        if checked_on and (row.verified_on is None or checked_on > row.verified_on):
            changes["verified_on"] = (row.verified_on, checked_on)
        if store and changes:
            change_provider(row, form)
            row.active = row.active if active is None else active
            row.verified_on = changes.get("verified_on", (None, row.verified_on))[1]
            session.flush()
        return Row(number, form.name, "changed" if changes else "same", changes=changes)
    if str(values.get("external_id", "")).startswith(OWN_ID):
        values.pop("external_id")
    if not values.get("services"):
        known = ", ".join(need.value for need in Need)
        raise Invalid({"services": f"A new provider needs at least one need in taxonomy_terms.name: {known}."})
    if "kind" not in values:
        values["kind"] = KIND_OF_NEED[next(need for need in Need if need in values["services"])]
    form = checked(ProviderForm, values, now)
    if store:
        made = insert_provider(session, viewer, form)
        made.verified_on, made.verified_by = checked_on, None  # a file is not somebody who asked
        made.active = active is not False
        session.flush()
    return Row(number, form.name, "new", " ".join(form.doubts(now)))


def _values(given: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """What the cells mean; Invalid for a word that is none of the answers."""
    for name, cell in given.items():
        if name == "services":
            yield name, frozenset(_need(part) for part in re.split(r"[;|]", cell) if part.strip())
        elif name == "kind":
            yield name, _member(ProviderKind, cell, "kind")
        elif name in ("in_city", "is_partner", "has_capacity"):
            yield name, _truth(name, cell)
        elif name == "active":
            yield name, _status(cell)
        elif name == "verified_on":
            yield name, _day(cell)
        elif name in ("minimum_age", "maximum_age"):
            yield name, _age(name, cell)
        else:
            yield name, cell


def _need(word: str) -> Need:
    return _member(Need, word, "need")


def _member(kind: Any, word: str, what: str) -> Any:
    wanted = fold(word.replace("_", " "))
    for member in kind:
        if wanted in (fold(member.value.replace("_", " ")), fold(label(member)), fold(label(member, "es"))):
            return member
    known = ", ".join(member.value for member in kind)
    raise Invalid({what: f"“{word.strip()}” is no {what} Tandem knows. Write one of: {known}."})


def _truth(name: str, cell: str) -> bool:
    if cell.lower() in _YES | _NO:
        return cell.lower() in _YES
    raise Invalid({name: f"“{cell}” is neither yes nor no ({name.replace('_', ' ')}). Write yes or no."})


def _status(cell: str) -> bool:
    known = {"active": True, "inactive": False, "defunct": False, "temporarily closed": False}
    if cell.lower() in known:
        return known[cell.lower()]
    raise Invalid(
        {"status": f"The status “{cell}” is not known. Write active, inactive, defunct or temporarily closed."}
    )


def _day(cell: str) -> date:
    try:
        return date.fromisoformat(cell[:10])
    except ValueError:
        raise Invalid({"verified_on": f"“{cell}” is not a date. Write assured_date like 2026-11-14."}) from None


def _age(name: str, cell: str) -> int:
    try:
        return int(float(cell))
    except (ValueError, OverflowError):
        raise Invalid({name: f"“{cell}” is not an age. Write {name} in digits, like 18."}) from None
