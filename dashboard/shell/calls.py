"""``tandem calls …``: load an export of the dispatch system, see what was loaded, take it back."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select

from dashboard.shell import Format, opened
from dashboard.shell.calls_sniff import as_json, as_text, chosen
from dashboard.shell.refused import write_refused
from db.cad.propose import DEFAULT_ZONE, propose
from db.cad.report import ImportReport
from db.cad.sniff import open_file
from db.commands import calls
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.calls import MappingForm
from db.models import Import
from db.pilot import the_pilot
from db.vocab import label

app = typer.Typer(help="Calls for service: load an export, list the loads, take one back.", no_args_is_help=True)

SHOWN = 20
"""Refused rows printed; the rest is counted, and complete with ``--format json``."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz or zip), .xlsx or .xls.", show_default=False)],
    columns: Annotated[
        str, typer.Option("--map", help="field=COLUMN, by commas; or auto: what “tandem calls sniff” proposes.")
    ] = "",
    profile: Annotated[str, typer.Option(help="A saved mapping instead of --map.")] = "",
    codebook: Annotated[
        Path | None, typer.Option(help="A table of type codes and what they mean; stored with the type.")
    ] = None,
    save_as: Annotated[str, typer.Option(help="Save this mapping under a name.")] = "",
    sheet: Annotated[str, typer.Option(help="The sheet of an Excel file; else the first one that fits.")] = "",
    date_format: Annotated[
        str, typer.Option(help="month-first, day-first, or a pattern such as “%d/%m/%Y %H:%M”; else found.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; store nothing.")] = False,
    refused: Annotated[
        Path | None, typer.Option(help="Write the refused rows, with the reason, to this CSV: mend it and load it.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How to report.")] = Format.table,
) -> None:
    """Load one export, all or nothing; the same file again changes nothing, an overlapping one updates.

    Fields: received and type are required; incident, location, latitude, longitude, disposition, person, unit,
    dispatched, arrived, cleared, ready_minutes if there are such columns. A column name with a comma or a plus stands
    in double quotes. A person key is kept as a keyed hash only.

    tandem calls import log.csv --map received=incident_date_time,type=call_type,incident=case,location=address
    tandem calls import cad.xlsx --map "received=Date+Time,type=Nature,location=Number+Street" --dry-run
    """
    bind, _, viewer = opened()
    kept_as = checked(MappingForm, {"name": save_as}) if save_as else None
    with record_session(bind, viewer) as session:
        zone = the_pilot(session).time_zone
        mapping, layout, told = chosen(session, file, columns, profile, sheet, date_format, codebook, zone)
        for line in told:
            print(f"  {line}", file=sys.stderr)
        with _Bar() as bar:
            report = calls.import_calls(
                session,
                viewer,
                file,
                mapping,
                sheet=layout.sheet or None,
                date_format=layout.date_format or None,
                codes=layout.codes,
                dry_run=dry_run,
                progress=bar.show,
            )
        if kept_as and not dry_run:
            calls.save_mapping(session, viewer, kept_as, mapping, layout)
    if refused:
        said = write_refused(refused, open_file(file), mapping, layout.sheet, report.refused)
        print(said, file=sys.stderr)
    print(json.dumps(report.as_json(), indent=2, ensure_ascii=False) if output is Format.json else _table(report))


@app.command("sniff")
def sniff(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz or zip), .xlsx or .xls.", show_default=False)],
    sheet: Annotated[str, typer.Option(help="The sheet of an Excel file; else the one that holds calls.")] = "",
    date_format: Annotated[str, typer.Option(help="month-first or day-first, where the dates do not tell.")] = "",
    output: Annotated[Format, typer.Option("--format", help="How to tell it.")] = Format.table,
) -> None:
    """Say what a file seems to hold: which column is which and why, what is open, and the first rows as stored.

    Nothing is loaded. The ending of the command is 0 whether or not something is open.
    """
    found = propose(open_file(file), sheet=sheet or None, date_format=date_format or None, zone=_zone())
    print(json.dumps(as_json(found), indent=2, ensure_ascii=False) if output is Format.json else as_text(found))


def _zone() -> str:
    """The pilot's time zone; a file may be looked at before there is a pilot."""
    try:
        bind, _, viewer = opened()
        with record_session(bind, viewer) as session:
            return the_pilot(session).time_zone
    except TandemError:
        return DEFAULT_ZONE


@app.command("list")
def list_() -> None:
    """List the loads, newest first."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        imports = session.scalars(select(Import).order_by(Import.id.desc())).all()
    if not imports:
        print("No calls were loaded yet. Start with: tandem calls import --help")
        return
    print(
        f"{'id':>4}  {'when (UTC)':<17}{'by':<16}{'added':>9}{'there':>9}"
        f"{'updated':>9}{'refused':>9}  {'status':<11}file"
    )
    for load in imports:
        print(
            f"{load.id:>4}  {load.at:%Y-%m-%d %H:%M} {load.by[:15]:<16}{load.added:>9,}{load.already_there:>9,}"
            f"{load.updated:>9,}{load.refused:>9,}  {label(load.status):<11}{load.file_name}"
        )


@app.command("take-back")
def take_back(
    import_id: Annotated[
        int, typer.Argument(help="Its id in “tandem calls list”.", metavar="ID", min=1, max=2**31 - 1)
    ],
) -> None:
    """Undo one load: what it added goes, what it changed is put back. It stays listed as taken back."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        done = calls.take_back_import(session, viewer, import_id)
    print(f"Took back import {import_id}: {done.sentence()}")


def _table(report: ImportReport) -> str:
    lines = [
        f"{'Dry run of' if report.dry_run else 'Import of'} {report.file_name}",
        f"  rows read      {report.rows_read:>10,}",
        f"  {'would be added' if report.dry_run else 'added         '} {report.kept:>10,}",
        f"  merged         {report.merged:>10,}",
        f"  already there  {report.already_there:>10,}",
        f"    {'would change' if report.dry_run else 'updated     '} {report.updated:>10,}",
        f"  refused        {len(report.refused):>10,}",
    ]
    lines += [f"    line {refusal.line:,}: {refusal.reason}" for refusal in report.refused[:SHOWN]]
    if len(report.refused) > SHOWN:
        lines.append(f"    … and {len(report.refused) - SHOWN:,} more (--format json lists all)")
    lines += [f"  ! {warning}" for warning in report.warnings]
    if report.import_id:
        lines.append(f"Import {report.import_id}. To undo it: tandem calls take-back {report.import_id}")
    elif not report.dry_run:
        lines.append("Nothing new: every call of this file is already there.")
    return "\n".join(lines)


class _Bar:
    """A progress bar on standard error, where that is a terminal: standard output stays clean for scripts."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, stage: str, done: int, of: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = int(self._bar.add_task(stage.capitalize(), total=of))
        self._bar.update(self._tasks[stage], completed=done)  # type: ignore[arg-type]
