"""A Result's table as people read it, and as a CSV that no spreadsheet will execute."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

import pandas as pd

from dashboard import words
from dashboard.charts.axes import Kind, kind_of
from dashboard.charts.axes import words as written
from dashboard.model import Measure, Result
from db.cells import harmless
from db.vocab import Lang, text

RATIOS = frozenset({"share", "share_low", "share_high", "keyed"})
"""Columns that hold ratios whatever the measure's unit is."""
COUNTS = frozenset(
    {"n", "hours", "yes", "no", "count", "calls", "judged", "unjudged", "nobody", "added", "unknown", "known"}
    | {"people_low", "people_high", "people_base", "covered"}
    | {"weekday", "hour", "staffed", "months", "before", "after", "averted", "averted_low", "averted_high"}
)
"""Columns that hold counts whatever the measure's unit is."""
PERIODS = {"week": words.week, "month": words.month, "date": words.day, "period": words.day}
COARSER = {"month": words.month, "quarter": words.quarter}
"""How the periods of a series are called that was coarsened for the public."""


def readable(result: Result, measure: Measure) -> pd.DataFrame:
    """All cells as text under their plain labels; a hidden one reads "hidden", a missing one "–"."""
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    table, kind = result.table, kind_of(measure.unit)
    coarser = COARSER.get(str(result.marks.get("grain", "")))
    columns: dict[str, list[str]] = {}
    for name in shown_columns(result):
        own = _kind(name, kind, "share" in table)
        called = (coarser if name in ("week", "period") else None) or PERIODS.get(name, words.day)
        cells = zip(table[name], _gone(result, name), strict=True)
        columns[_label(result, name)] = [_cell(value, name, own, gone, called, lang) for value, gone in cells]
    return pd.DataFrame(columns)


class Blank(Enum):
    """What a cell without a value is: hidden from this audience, or not there at all."""

    hidden = "hidden"
    missing = "missing"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Result's table for a file: plain Python values, to the digit."""

    name: str
    label: str
    kind: Kind | Literal["date", "text"]
    """Of ``percent`` the values are ratios."""
    cells: tuple[str | int | float | date | Blank, ...]


def columns(result: Result, measure: Measure) -> tuple[Column, ...]:
    """The labelled columns with their values: whole numbers as int, days as date, words in the Result's language."""
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    table, unit = result.table, kind_of(measure.unit)
    return tuple(_column(result, name, _kind(name, unit, "share" in table), lang) for name in shown_columns(result))


def _gone(result: Result, name: str) -> list[bool]:
    """Which cells without a value are hidden: those of a marked row, and those of a column that is hidden whole."""
    table = result.table
    if "hidden" not in table:
        return [False] * len(table)
    if str(table[name].dtype) == "Float64" and bool(table[name].isna().all()):
        return [True] * len(table)
    return [value is True or value == 1 for value in table["hidden"]]


def _column(result: Result, name: str, kind: Kind, lang: Lang) -> Column:
    gone = _gone(result, name)
    found = [_value(cell, name, hidden, lang) for cell, hidden in zip(result.table[name], gone, strict=True)]
    there = [cell for cell in found if not isinstance(cell, Blank)]
    if there and all(isinstance(cell, float) and cell.is_integer() for cell in there):
        found = [int(cell) if isinstance(cell, float) else cell for cell in found]
    dates, numbers = ([isinstance(cell, of) for cell in there] for of in (date, int | float))
    of: Any = "date" if there and all(dates) else kind if all(numbers) else "text"
    return Column(name, _label(result, name), of, tuple(found))


def _value(value: Any, name: str, hidden: bool, lang: Lang) -> str | int | float | date | Blank:
    if value is None or value is pd.NA or value != value:
        return Blank.hidden if hidden else Blank.missing
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool | str):
        return text(f"status.{value}", lang) if name in ("status", "phase") else str(value)
    return int(value) if pd.api.types.is_integer(value) else float(value)


def _kind(name: str, unit: Kind, shares: bool) -> Kind:
    """Of a table with shares the values are counts, even of a measure stated in %."""
    if name in RATIOS:
        return "percent"
    return "number" if name in COUNTS or (shares and unit == "percent") else unit


def shown_columns(result: Result) -> list[str]:
    """The columns that have a label, in the table's order; the mark ``hidden`` is not one of them."""
    return [name for name in result.table.columns if name != "hidden" and name in result.columns]


def _label(result: Result, name: str) -> str:
    return str(result.columns[name])


def _cell(value: object, name: str, kind: Kind, hidden: bool, called: Callable[..., str], lang: Lang) -> str:
    if value is None or value is pd.NA or value != value:
        return text("chart.hidden", lang) if hidden else words.NOTHING
    if isinstance(value, date):
        return called(value, lang)
    if isinstance(value, bool | str):
        return text(f"status.{value}", lang) if name in ("status", "phase") else str(value)
    number = float(value)  # type: ignore[arg-type]
    step = 1.0 if number == int(number) else 0.01 if abs(number) < 10 else 0.1
    return written(number, kind, lang, step=step if kind == "number" else None)


def csv(result: Result, measure: Measure) -> bytes:
    """UTF-8 with a mark at its start (spreadsheets need it), raw numbers, ISO dates, two lines of origin."""
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    columns = {}
    for name in shown_columns(result):
        cells = list(result.table[name])
        for k, gone in enumerate(_gone(result, name)):
            if gone and (cells[k] is None or cells[k] is pd.NA or cells[k] != cells[k]):
                cells[k] = text("chart.hidden", lang)
        columns[str(harmless(_label(result, name)))] = [harmless(cell) for cell in cells]
    table = pd.DataFrame(columns)
    origin = pd.DataFrame([f"# {line}" for line in _origin(result, measure, lang)])
    form = {"index": False, "lineterminator": "\r\n"}
    return ("\ufeff" + origin.to_csv(header=False, **form) + table.to_csv(**form)).encode()


def _origin(result: Result, measure: Measure, lang: Lang) -> Iterator[str]:
    yield f"{text(f'measure.{measure.key}.title', lang)} · {result.sentence}".replace("\n", " ")
    yield source_line(result, measure)


def source_line(result: Result, measure: Measure) -> str:
    """Where the figures come from, what period they cover, up to which day they are known."""
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    f = result.filters
    return text(
        "deck.source",
        lang,
        source=text(f"measure.{measure.key}.source", lang).rstrip("."),
        first=words.day(f.first, lang),
        last=words.day(min(f.last, f.as_of), lang),
        as_of=words.day(f.as_of, lang),
    )
