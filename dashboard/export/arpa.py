"""The quarterly worksheet as files: XLSX with a sheet a section, CSV with a line a field. Page and shell give the same.

CSV: Status, Quarter, Section, Row, Field ID, Label, Value; rows of a section are counted from 1. Dates are
MM/DD/YYYY, amounts have two decimals and neither $ nor commas. A draft says DRAFT on every line and sheet.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from dashboard import words
from dashboard.export import workbook
from db.arpa.calendar import due_on, quarter_code, quarter_name
from db.arpa.checks import filings, problems
from db.arpa.fields import Kind
from db.arpa.worksheet import Part, Worksheet, build, from_json
from db.cells import harmless
from db.errors import NotFound
from db.ledger import quarter_end
from db.models import QuarterFiling
from db.pilot import local_day, the_pilot

NOTE = (
    "A worksheet in the Treasury's labels and formats, to copy from. It is not the Treasury's upload template: "
    "field IDs change from quarter to quarter."
)
COLUMNS = ("Status", "Quarter", "Section", "Row", "Field ID", "Label", "Value")


@dataclass(frozen=True, slots=True)
class Paper:
    """A worksheet to be written: which, how it stands, what the checks said."""

    pilot: str
    worksheet: Worksheet
    version: int
    """0: not filed, a draft."""
    status: str
    """ "DRAFT, not filed" or "Filed 20 Jul 2026 by finance, version 1"."""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"arpa-{quarter_code(self.worksheet.quarter)}-" + (f"v{self.version}" if self.version else "DRAFT")


def draft(session: Session, quarter: date, today: date) -> Paper:
    """What would be filed now, with what the checks say of it."""
    worksheet = build(session, quarter)
    found = problems(session, worksheet, today)
    return Paper(
        pilot=the_pilot(session).name,
        worksheet=worksheet,
        version=0,
        status="DRAFT, not filed",
        errors=tuple(p.sentence for p in found if p.error),
        warnings=tuple(p.sentence for p in found if not p.error),
    )


def filed(session: Session, quarter: date, version: int | None = None) -> Paper:
    """A quarter as it was filed, the newest version unless another is asked for. Raises NotFound."""
    found = {filing.version: filing for filing in filings(session, quarter)}
    wanted = max(found, default=0) if version is None else version
    if wanted not in found:
        there = f" There is {words.listing([f'version {n}' for n in sorted(found)])}." if found else ""
        what = f"version {version} of {quarter_name(quarter)}" if version else quarter_name(quarter)
        raise NotFound(f"{what[0].upper()}{what[1:]} was not filed.{there} Without --filed you get a draft.")
    filing = found[wanted]
    pilot = the_pilot(session)
    return Paper(pilot.name, from_json(filing.worksheet), wanted, _stamp(filing, pilot.time_zone))


def _stamp(filing: QuarterFiling, zone: str) -> str:
    return f"Filed {words.day(local_day(filing.filed_at, zone))} by {filing.filed_by}, version {filing.version}"


def as_csv(paper: Paper) -> bytes:
    """UTF-8 with a mark at its start, CRLF, one line a field."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    quarter = quarter_code(paper.worksheet.quarter)
    for part in paper.worksheet.parts:
        for number, row in enumerate(part.rows, start=1):
            for column in part.columns:
                value = _value(column.kind, row[column.name])
                if isinstance(value, date):
                    value = f"{value:%m/%d/%Y}"
                line = (paper.status, quarter, part.title, number, column.id, column.label, value)
                writer.writerow([harmless(cell) for cell in line])
    for number, (kind, sentence) in enumerate(_said(paper), start=1):
        writer.writerow([harmless(c) for c in (paper.status, quarter, "Checks", number, "", kind, sentence)])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(paper: Paper) -> bytes:
    """One sheet a section under its field ids and labels, and one that says what this is and what the checks found."""
    made = workbook.book()
    worksheet = paper.worksheet
    about = [
        ("Pilot", paper.pilot),
        ("Status", paper.status),
        ("Quarter", quarter_name(worksheet.quarter)),
        ("First day", worksheet.quarter),
        ("Last day", quarter_end(worksheet.quarter)),
        ("Due", due_on(worksheet.quarter)),
        ("Expenditure category", worksheet.category),
        ("What this is", NOTE),
        *_said(paper),
    ]
    workbook.sheet(made, "About", [_mark(paper)], ("", ""), about)
    for part in worksheet.parts:
        page = workbook.sheet(made, part.title, [_mark(paper), ""], [c.label for c in part.columns], _rows(part))
        for number, column in enumerate(part.columns, start=1):
            page.cell(2, number, column.id).font = workbook.SMALL
    return workbook.packed(made)


def _mark(paper: Paper) -> str:
    return f"{paper.status} · {quarter_name(paper.worksheet.quarter)} · {paper.pilot}"


def _said(paper: Paper) -> Sequence[tuple[str, str]]:
    return [
        *(("Must be mended before filing", sentence) for sentence in paper.errors),
        *(("Worth a look", sentence) for sentence in paper.warnings),
    ]


def _rows(part: Part) -> list[list[workbook.Value]]:
    return [[_value(column.kind, row[column.name]) for column in part.columns] for row in part.rows]


def _value(kind: Kind, text: str) -> workbook.Value:
    """Text as the cell it is: an exact number, a day, or text. What cannot be one stays as it was typed."""
    if not text:
        return None
    try:
        if kind is Kind.amount:
            return Decimal(text)
        if kind is Kind.date:
            return date.fromisoformat(text)
    except (ArithmeticError, ValueError):
        return text
    return text
