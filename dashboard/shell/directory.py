"""``tandem directory …``: the providers out and in as CSV, with Open Referral HSDS column names where they fit."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dashboard.shell import opened
from db.commands import directory_csv
from db.commands.directory import said
from db.engine import record_session
from db.errors import Unreadable

app = typer.Typer(help="Who can help: the directory of providers, out and in as CSV.", no_args_is_help=True)


@app.command("export")
def export_(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; without one, to standard output.")] = None,
) -> None:
    """Write the whole directory as CSV, closed providers included.

    tandem directory export providers.csv
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        text = directory_csv.export(session)
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.write_text("\ufeff" + text, encoding="utf-8", newline="")
    except OSError as error:
        raise Unreadable(f"{file} cannot be written ({error.strerror}). Choose another place.") from None
    print(f"Wrote {file}: {text.count(chr(10)) - 1} lines.", file=sys.stderr)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The CSV file; its first line names the columns.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; store nothing.")] = False,
) -> None:
    """Add and change providers from a CSV. A bad row is refused alone, with a sentence; the others are stored.

    Columns: those of `tandem directory export`; `name` is a must, for a new provider also the needs
    (`taxonomy_terms.name`). An absent column and an empty cell change nothing.

    tandem directory import providers.csv --dry-run
    tandem directory import providers.csv
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file} cannot be read ({error.strerror}). Check the name. Nothing was stored.") from None
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        report = directory_csv.read_in(session, viewer, data, dry=dry_run)
    for row in report.rows:
        if row.fate == "same":
            continue
        told = row.sentence or ", ".join(
            f"{name}: {said(old) or '(empty)'} → {said(new) or '(empty)'}" for name, (old, new) in row.changes.items()
        )
        print(f"{row.fate:<8} line {row.line:<5} {row.name}" + (f": {told}" if told else ""))
    if report.unknown_columns:
        print(f"Not read: {', '.join(report.unknown_columns)}")
    print(f"{'Nothing stored yet' if dry_run else 'Stored'}: {report}.")
    if report.count("refused"):
        raise typer.Exit(1)
