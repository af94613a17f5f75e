"""``tandem measures``: every figure, for scripts. One measure in full, or all of them in one line each."""

import csv
import io
import json
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pandas as pd
import typer

from dashboard.measures import MEASURES
from dashboard.measures.common import said
from dashboard.measures.compute import compute, measure, pilot_to_date
from dashboard.model import Audience, Filters, Result
from dashboard.shell import Language, opened
from db.cells import harmless
from db.errors import Unreadable


class Format(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


def measures(
    key: Annotated[str | None, typer.Argument(help="Which measure; all of them without.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, like 2026-01-12; the pilot's first.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day, inclusive; today, or the pilot's last.")] = None,
    audience: Annotated[Audience, typer.Option(help="public hides small counts.")] = Audience.internal,
    format: Annotated[Format, typer.Option(help="table to read, json or csv for scripts.")] = Format.table,
    lang: Annotated[Language, typer.Option(help="Language of titles and sentences.")] = Language.en,
) -> None:
    """Print every figure with its definition, interval and table.

    tandem measures                              all measures, one line each
    tandem measures connection_rate --format json
    tandem measures referral_flow --from 2026-07-01 --to 2026-09-30 --format csv
    """
    if key is not None:
        measure(key)  # an unknown key is refused before anything is opened
    bind, pilot, viewer = opened()
    whole = pilot_to_date(pilot, viewer.today)
    filters = Filters(
        first=_day(first, "--from") or whole.first, last=_day(last, "--to") or whole.last, as_of=viewer.today, lang=lang
    )
    if filters.last < filters.first:
        raise Unreadable(
            f"The period ends on {filters.last} before it begins on {filters.first}. Check --from and --to."
        )
    keys = [key] if key is not None else list(MEASURES)
    results = [compute(bind, viewer, each, replace(filters, lang=lang.value), audience) for each in keys]
    writer = {Format.table: _text, Format.json: _json, Format.csv: _csv}[format]
    typer.echo(writer(results, whole=key is not None), nl=False)


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"“{text}” after {option} is not a date. Write it like 2026-11-14.") from None
    if not 1990 <= day.year <= 2100:
        raise Unreadable(f"{text} after {option} is out of reach. Choose a day from 1990 to 2100.")
    return day


def as_dict(result: Result) -> dict[str, Any]:
    """A Result as plain JSON values: dates as ISO text, hidden and missing cells as null."""
    lang = result.filters.lang
    return {
        "key": result.key,
        **{part: said(result.key, part, lang) for part in ("title", "question", "definition", "unit")},
        "value": result.estimate.value,
        "low": result.estimate.low,
        "high": result.estimate.high,
        "n": result.estimate.n,
        "display": result.display,
        "context": result.context,
        "sentence": result.sentence,
        "caveats": list(result.caveats),
        "audience": result.audience.value,
        "from": result.filters.first.isoformat(),
        "to": result.filters.last.isoformat(),
        "as_of": result.filters.as_of.isoformat(),
        "provisional": result.provisional,
        "columns": dict(result.columns),
        "table": [{str(name): _plain(cell) for name, cell in row.items()} for row in result.table.to_dict("records")],
    }


def _plain(cell: Any) -> Any:
    if isinstance(cell, date):
        return cell.isoformat()
    if pd.isna(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell


def _json(results: list[Result], *, whole: bool) -> str:
    found = [as_dict(result) for result in results]
    return json.dumps(found[0] if whole else found, ensure_ascii=False, indent=2, default=str) + "\n"


def _csv(results: list[Result], *, whole: bool) -> str:
    """One measure: its table. All: one line each. Text that a spreadsheet would run is made harmless."""
    out = io.StringIO()
    if whole:
        rows: list[list[Any]] = [list(results[0].table.columns)]
        rows += [[_cell(result_cell, result) for result_cell in row] for result in results for row in _rows(result)]
    else:
        names = ["key", "title", "unit", "value", "low", "high", "n", "display", "context", "provisional", "sentence"]
        rows = [names, *([harmless(as_dict(result)[name]) for name in names] for result in results)]
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _rows(result: Result) -> list[list[Any]]:
    return result.table.astype(object).to_numpy().tolist()


def _cell(cell: Any, result: Result) -> Any:
    """A hidden cell says so; one that is merely missing is empty."""
    plain = _plain(cell)
    if plain is None:
        return "hidden" if cell is pd.NA and result.audience is Audience.public else ""
    return harmless(plain)


def _short(value: Any) -> Any:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def _text(results: list[Result], *, whole: bool) -> str:
    if not whole:
        widths = [max(len(result.key) for result in results), max(len(result.display) for result in results)]
        lines = [
            f"{result.key:<{widths[0]}}  {result.display:>{widths[1]}}  "
            + said(result.key, "title", result.filters.lang)
            + (f" ({result.context})" if result.context else "")
            for result in results
        ]
        return "\n".join(lines) + "\n"
    result = results[0]
    about = as_dict(result)
    table = pd.DataFrame(
        [[_short(_cell(c, result)) for c in row] for row in _rows(result)], columns=result.table.columns
    )
    table = table.drop(columns="hidden", errors="ignore")  # the cells say it
    parts = [
        f"{about['title']}: {result.display}" + (f" ({result.context})" if result.context else ""),
        about["question"] + " " + result.sentence,
        *result.caveats,
        f"Definition: {about['definition']}",
        f"{about['from']} to {about['to']}, as of {about['as_of']}, {about['audience']}",
        "",
        table.rename(columns=dict(result.columns)).to_string(index=False) if len(table) else "(no rows)",
    ]
    return "\n".join(parts) + "\n"
