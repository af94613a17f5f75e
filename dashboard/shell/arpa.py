"""``tandem arpa-report``: the quarterly worksheet as a file, and the activity sheet of the same quarter."""

import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dashboard.export import arpa
from dashboard.model import Audience
from dashboard.shell import opened
from db.arpa.calendar import quarter_name, read_quarter
from db.engine import record_session
from db.errors import Invalid, Unreadable


class Form(StrEnum):
    csv = "csv"
    xlsx = "xlsx"


def arpa_report(
    quarter: Annotated[str, typer.Option(help="Which quarter, like 2026Q3.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    format: Annotated[Form | None, typer.Option(help="csv or xlsx; by the file's ending without.")] = None,
    filed: Annotated[bool, typer.Option("--filed", help="As it was filed, not as it stands now.")] = False,
    version: Annotated[int | None, typer.Option(help="Which filed version; the newest without.")] = None,
    sheet: Annotated[bool, typer.Option("--activity", help="The activity sheet instead (xlsx).")] = False,
    audience: Annotated[Audience, typer.Option(help="Of the activity sheet: public hides small counts.")] = (
        Audience.internal
    ),
) -> None:
    """Write the quarterly Project & Expenditure worksheet, in the Treasury's labels and formats.

    Not filed yet, it is a draft and says so; exit code 1 when the checks find what must be mended before filing,
    with a sentence each on standard error (the file is written all the same).

    tandem arpa-report --quarter 2026Q3 --format xlsx --out q3.xlsx
    tandem arpa-report --quarter 2026Q2 --filed --version 1 --format csv --out q2-as-filed.csv
    tandem arpa-report --quarter 2026Q3 --activity --out activity-q3.xlsx
    """
    asked = read_quarter(quarter)
    kind = _format(out, Form.xlsx if sheet and format is None and not out.suffix else format)
    if sheet and kind is Form.csv:
        raise Invalid({"format": "The activity sheet is a workbook. Leave out --format, or write --format xlsx."})
    if sheet and (filed or version is not None):
        raise Invalid({"filed": "An activity sheet is not filed. Leave out --filed and --version."})
    if sheet:
        _activity(asked, out, audience)
        return
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        if filed or version is not None:
            paper = arpa.filed(session, asked, version)
        else:
            paper = arpa.draft(session, asked, viewer.today)
    _write(out, arpa.as_csv(paper) if kind is Form.csv else arpa.as_xlsx(paper))
    print(f"{quarter_name(asked)}: {paper.status}. Written to {out}.")
    for sentence in paper.warnings:
        print(f"? {sentence}", file=sys.stderr)
    for sentence in paper.errors:
        print(f"! {sentence}", file=sys.stderr)
    if paper.errors:
        raise typer.Exit(1)


def _activity(quarter: date, out: Path, audience: Audience) -> None:
    from dashboard.export import activity  # measures are slow to load, and the worksheet needs none

    bind, pilot, viewer = opened()
    made = activity.activity(bind, viewer, pilot, quarter, audience)
    _write(out, activity.as_xlsx(made))
    print(f"{quarter_name(quarter)}: {len(made.results)} measures, {audience.value}. Written to {out}.")


def _format(out: Path, given: Form | None) -> Form:
    if given is not None:
        return given
    try:
        return Form(out.suffix.removeprefix(".").lower())
    except ValueError:
        raise Invalid(
            {"format": f"“{out.name}” ends in neither .csv nor .xlsx. Say which with --format csv or --format xlsx."}
        ) from None


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Unreadable(f"{out} cannot be written ({error.strerror}). Choose another place for --out.") from None
