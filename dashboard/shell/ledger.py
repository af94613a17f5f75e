"""``tandem ledger …``: the city's finance export in, the ledger out, and whether the books agree."""

import json
from contextlib import nullcontext
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from dashboard.shell import Format, opened
from dashboard.shell.refused import write_refused
from db.cad.mapping import parse_columns
from db.cad.profile import Layout, layout_of
from db.cad.sniff import CadFile, open_file
from db.commands import statement
from db.engine import record_session, to_try_on
from db.errors import Unreadable
from db.forms import checked
from db.forms.statement import StatementBackForm, StatementMappingForm
from db.statement.check import check_books
from db.statement.ledger_file import ledger_csv, ledger_rows, ledger_xlsx
from db.statement.mapping import AUTO, StatementColumns, parse_accounts
from db.statement.propose import StatementProposal, propose_statement
from db.statement.report import StatementReport

app = typer.Typer(
    help="The ledger: load the city's finance export, write the ledger to a file, check that the books agree.",
    no_args_is_help=True,
)

SHOWN = 20
"""Refused rows printed; the rest is counted, and complete with ``--format json``."""


class Signs(StrEnum):
    """How spending is written in the file."""

    as_written = "as-written"
    reversed = "reversed"


class Kind(StrEnum):
    """What file the ledger is written to."""

    csv = "csv"
    xlsx = "xlsx"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz or zip), .xlsx or .xls.", show_default=False)],
    columns: Annotated[
        str, typer.Option("--map", help="field=COLUMN, by commas; auto, or auto,field=COLUMN: as found in the file.")
    ] = AUTO,
    accounts: Annotated[str, typer.Option(help="ACCOUNT=LINE, by commas; - for none of ours, * for all others.")] = "",
    profile: Annotated[str, typer.Option(help="A saved mapping instead of --map.")] = "",
    save_as: Annotated[str, typer.Option(help="Save this mapping and its accounts under a name.")] = "",
    sheet: Annotated[str, typer.Option(help="The sheet of an Excel file; else the one that fits.")] = "",
    date_format: Annotated[str, typer.Option(help="month-first or day-first, where no date tells.")] = "",
    signs: Annotated[
        Signs, typer.Option(help="reversed: spending is written as a negative amount.")
    ] = Signs.as_written,
    book: Annotated[
        bool, typer.Option("--book/--compare", help="Book what the ledger lacks, or only store it to be reconciled.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; store nothing.")] = False,
    refused: Annotated[
        Path | None, typer.Option(help="Write the refused rows, with the reason, to this CSV: mend it and load it.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How to report.")] = Format.table,
) -> None:
    """Load the city's finance export: what the ledger has is matched, what it lacks is booked, all or nothing.

    Fields: date, and amount or debit and credit, are required; payee, invoice, account, description, kind if there
    are such columns. Amounts may stand in parentheses, with a minus, CR, $ and commas. A row is in the ledger if
    amount, line and payee or invoice number are the same and the dates lie within 31 days. What is booked is an
    expenditure, a negative one an adjustment; never an obligation. The same file again changes nothing. Exit code 1
    when a row was refused.

    tandem ledger import october.csv --accounts "51100=Benefits,53000=Equipment,90000=-" --dry-run
    tandem ledger import october.xlsx --map "date=Posted,debit=DR,credit=CR,payee=Vendor" --save-as Monthly
    tandem ledger import november.xlsx --profile Monthly --refused mend.csv
    """
    bind, _, viewer = opened()
    kept_as = checked(StatementMappingForm, {"name": save_as}) if save_as else None
    found = open_file(file)
    with to_try_on(bind) if dry_run else nullcontext(bind) as target, record_session(target, viewer) as session:
        mapping, layout = _chosen(session, found, columns, profile, accounts, sheet, date_format, signs)
        report = statement.import_statement(
            session, viewer, file, mapping, sheet=layout.sheet or None, book=book, dry_run=dry_run
        )
        if kept_as and not dry_run:
            statement.save_statement_mapping(session, viewer, kept_as, mapping, layout)
    said = write_refused(refused, found, mapping, layout.sheet, report.refused) if refused else ""
    if output is Format.json:
        print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        print("\n".join(filter(None, [_table(report), said])))
    if report.refused:
        raise typer.Exit(1)


def _chosen(
    session: Session,
    file: CadFile,
    columns: str,
    profile: str,
    accounts: str,
    sheet: str,
    date_format: str,
    signs: Signs,
) -> tuple[StatementColumns, Layout]:
    """The mapping, from a text, the proposal or a saved profile; raises Unreadable with what is still to be said."""
    lines = statement.lines_of(session)
    said = parse_accounts(accounts, lines)
    if profile:
        if columns != AUTO:
            raise Unreadable("Say --map or --profile, not both.")
        saved, layout = statement.saved_statement_mapping(session, profile)
        mapping = StatementColumns(
            saved.columns,
            {**saved.accounts, **said},
            date_format or saved.date_format,
            saved.reversed_signs or signs is Signs.reversed,
        )
        kept = layout.sheet if any(one.name == layout.sheet for one in file.sheets) else ""
        return mapping, layout_of(file, mapping, sheet or kept)
    first, _, rest = columns.partition(",")
    auto = first.strip().casefold() == AUTO
    given = parse_columns(rest if auto else columns)
    if auto:
        found = propose_statement(file, lines, sheet=sheet or None, columns=given, date_format=date_format)
        if open_ := [question.sentence for question in found.asked if question.field != "accounts"]:
            raise Unreadable(" ".join(open_))
        given, sheet = dict(found.columns), found.sheet
    mapping = StatementColumns(given, said, date_format, signs is Signs.reversed)
    return mapping, layout_of(file, mapping, sheet)


@app.command()
def sniff(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz or zip), .xlsx or .xls.", show_default=False)],
    sheet: Annotated[str, typer.Option(help="The sheet of an Excel file; else the one that fits.")] = "",
    date_format: Annotated[str, typer.Option(help="month-first or day-first, where no date tells.")] = "",
) -> None:
    """Say which column of a finance export is which, and what is still open. Nothing is loaded."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        lines = statement.lines_of(session)
        print(_proposed(propose_statement(open_file(file), lines, sheet=sheet or None, date_format=date_format)))


def _proposed(found: StatementProposal) -> str:
    where = f", sheet “{found.sheet}”" if len(found.sheets) > 1 else ""
    lines = [f"{found.file_name}{where}: names on line {found.header_line}"]
    lines += [f"  {name:<12} {' + '.join(columns)}" for name, columns in found.columns.items()]
    lines += [f"  ? {question.sentence}" for question in found.asked]
    if found.read:
        lines.append(f"  {found.read.rows_read:,} rows, {len(found.read.refused):,} of them cannot be read")
        lines += [f"    line {row.line:,}: {row.reason}" for row in found.read.refused[:SHOWN]]
        lines += [f"  ! {note}" for note in found.read.notes]
    return "\n".join(lines)


@app.command("take-back")
def take_back(
    statement_id: Annotated[
        int, typer.Argument(help="The load's number, as “ledger import” said it.", metavar="ID", min=1, max=2**31 - 1)
    ],
    reason: Annotated[str, typer.Option(help="Why: it stays beside every entry it voids.")] = "",
) -> None:
    """Undo one load: what it booked is voided by counter-entries, its rows count no more. It stays listed."""
    bind, _, viewer = opened()
    form = checked(StatementBackForm, {"statement_id": statement_id, "reason": reason})
    with record_session(bind, viewer) as session:
        said = statement.take_back_statement(session, viewer, form)
    print(f"Took back load {statement_id}: {said}")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    output: Annotated[Kind, typer.Option("--format", help="csv or xlsx.")] = Kind.csv,
    first: Annotated[str, typer.Option("--from", help="First day, such as 2026-07-01, inclusive.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, inclusive.")] = "",
) -> None:
    """Write every entry of the ledger to a file, voids beside what they void. “ledger import” reads it again."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        rows = ledger_rows(session, _day(first, "--from"), _day(last, "--to"))
    content = ledger_csv(rows) if output is Kind.csv else ledger_xlsx(rows)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Unreadable(f"{out} cannot be written ({error.strerror}). Name another file with --out.") from None
    print(f"{len(rows):,} {'entry' if len(rows) == 1 else 'entries'} of the ledger in {out}.")


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"“{text}” is no day. Write {option} like 2026-07-01.") from None


@app.command()
def check(output: Annotated[Format, typer.Option("--format", help="How to report.")] = Format.table) -> None:
    """Do the books agree, with themselves and with the city's? Exit code 1 when something differs."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        found = check_books(session)
    print(json.dumps(found.as_json(), indent=2, ensure_ascii=False) if output is Format.json else found.text())
    if found.differs:
        raise typer.Exit(1)


def _table(report: StatementReport) -> str:
    lines = [
        f"{'Dry run of' if report.dry_run else 'Import of'} {report.file_name}",
        f"  rows read      {report.rows_read:>8,}",
        f"  matched        {report.matched:>8,}",
        f"  {'would be booked' if report.dry_run else 'booked         '}{report.booked:>8,}",
        f"  to reconcile   {len(report.differing):>8,}",
        *(f"    line {row.line:,}: {row.reason}" for row in report.differing[:SHOWN]),
        f"  already there  {report.already_there:>8,}",
        f"  left out       {report.left_out:>8,}",
        f"  refused        {len(report.refused):>8,}",
        *(f"    line {row.line:,}: {row.reason}" for row in report.refused[:SHOWN]),
    ]
    if len(report.refused) > SHOWN:
        lines.append(f"    … and {len(report.refused) - SHOWN:,} more (--format json lists all)")
    lines += [f"  ! {note}" for note in report.notes]
    if report.statement_id:
        lines.append(
            f"Load {report.statement_id}. To undo it: tandem ledger take-back {report.statement_id} --reason …"
        )
    elif not report.dry_run:
        lines.append("Nothing was stored: no row is new.")
    return "\n".join(lines)
