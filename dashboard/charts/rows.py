"""A Result's table as plain lists. A hidden cell is missing, like a value nobody recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from dashboard.charts.axes import as_day
from dashboard.model import Result

Values = list[float | None]


def number(value: object) -> float | None:
    """A plain float; anything missing, hidden or not a number becomes None."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return None if found != found else found


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one Result, in the table's order."""

    result: Result

    @property
    def table(self) -> pd.DataFrame:
        return self.result.table

    def __len__(self) -> int:
        return len(self.table)

    def has(self, column: str) -> bool:
        return column in self.table.columns

    @property
    def hidden(self) -> list[bool]:
        return [v is True or v == 1 for v in self.table["hidden"]] if self.has("hidden") else [False] * len(self)

    def values(self, column: str) -> Values:
        """Numbers; None where missing or hidden, everywhere when there is no such column."""
        return [number(v) for v in self.table[column]] if self.has(column) else [None] * len(self)

    @property
    def length(self) -> int:
        """Days of one period: 7, or about a month or a quarter where the public series was coarsened."""
        return {"month": 30, "quarter": 91}.get(str(self.result.marks.get("grain", "")), 7)

    def days(self, column: str) -> list[date]:
        return [as_day(v) for v in self.table[column]]

    def texts(self, column: str) -> list[str]:
        found = self.table[column] if self.has(column) else [""] * len(self)
        return ["" if v is None or v is pd.NA or v != v else str(v) for v in found]

    @property
    def over(self) -> list[bool]:
        """True for periods that are over; all of them where the table says nothing of it."""
        return [s != "unfinished" for s in self.texts("status")]

    def provisional(self, column: str) -> list[date]:
        return [d for d, s in zip(self.days(column), self.texts("status"), strict=True) if s == "provisional"]


def where(values: Sequence[float | None], keep: Iterable[bool]) -> Values:
    """``values`` with None in the places that are not kept."""
    return [v if yes else None for v, yes in zip(values, keep, strict=True)]


def last(values: Sequence[float | None]) -> float | None:
    """The newest known value."""
    return next((v for v in reversed(values) if v is not None), None)


def running_mean(values: Sequence[float | None], length: int = 4) -> Values:
    """Mean of the last ``length`` known values up to and including each; None where fewer than two are known."""
    means: Values = []
    for k, value in enumerate(values):
        known = [v for v in values[max(0, k + 1 - length) : k + 1] if v is not None]
        means.append(sum(known) / len(known) if value is not None and len(known) > 1 else None)
    return means
