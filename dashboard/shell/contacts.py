"""``tandem contacts …``: load contacts that were typed elsewhere."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dashboard.shell import opened
from db.commands.contacts import ContactReport, import_contacts
from db.engine import record_session, to_try_on
from db.forms.contacts import EXAMPLE

app = typer.Typer(help="Contacts typed elsewhere: load them from a file.", no_args_is_help=True)

SHOWN = 20
"""Refused rows printed; the rest is counted, and complete with ``--format json``."""


class Format(StrEnum):
    table = "table"
    json = "json"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz or zip), .xlsx or .xls.", show_default=False)],
    staff: Annotated[str, typer.Option(help="Whose work it is, where no column “staff” says so.")] = "",
    add_people: Annotated[bool, typer.Option("--add-people", help="Add people nobody knows yet.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; store nothing.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to report.")] = Format.table,
) -> None:
    """Load contacts: every row by the rules of the form, one that was loaded before is not stored again.

    Columns: date, mode, purpose, minutes, outcome are required; time, person (code or name), birth date,
    needs (by semicolons), incident number, provider, disposition, staff, note and more if there are such.
    Exit code 1 when a row was refused. “tandem contacts example” prints a file to start from.

    tandem contacts import contacts.csv --staff "J. Rivera" --dry-run
    tandem contacts import old-log.xlsx --staff "J. Rivera" --add-people
    """
    bind, _, viewer = opened()
    with to_try_on(bind) if dry_run else nullcontext(bind) as target, record_session(target, viewer) as session:
        report = import_contacts(session, viewer, file, staff=staff, add_people=add_people, dry_run=dry_run)
    print(json.dumps(asdict(report), indent=2, ensure_ascii=False) if output is Format.json else _table(report))
    if report.refused:
        raise typer.Exit(1)


@app.command()
def example() -> None:
    """Print a file to start from: the header and two rows."""
    print("\n".join(EXAMPLE))


def _table(report: ContactReport) -> str:
    lines = [
        f"{'Dry run of' if report.dry_run else 'Import of'} {report.file_name}",
        f"  rows read      {report.rows:>8,}",
        f"  {'would be added' if report.dry_run else 'added         '} {report.added:>8,}",
        f"  new people     {report.people_added:>8,}",
        f"  already there  {report.already_there:>8,}",
        f"  refused        {len(report.refused):>8,}",
    ]
    lines += [f"    line {row.line:,}: {row.reason}" for row in report.refused[:SHOWN]]
    if len(report.refused) > SHOWN:
        lines.append(f"    … and {len(report.refused) - SHOWN:,} more (--format json lists all)")
    if report.at_noon:
        lines.append(f"  ! {report.at_noon:,} without a time of day: put at noon")
    if report.unread:
        lines.append(f"  ! not read: {', '.join(report.unread)}")
    lines += [f"  ? line {line:,}: {doubt}" for line, doubt in report.doubts[:SHOWN]]
    return "\n".join(lines)
