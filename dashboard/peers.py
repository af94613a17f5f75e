"""Other cities beside ours: what makes a figure comparable, and lines that say whose they are and what they mean.

A count is set beside another for each 1,000 residents; never beside one that is defined otherwise.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from dashboard import words
from dashboard.leaf import Row
from dashboard.model import Audience, Estimate, Filters, Result
from db.commands.peers import difference
from db.forms.peers import Definition, Figure, How, PortableEdition
from db.models import PeerEdition
from db.vocab import Lang, text

COMPARED: Mapping[str, How] = {
    "people_served": How.people,
    "referrals_received": How.events,
    "within_48h": How.as_it_is,
    "reach_rate": How.as_it_is,
    "time_to_first_contact": How.as_it_is,
    "interventions": How.events,
    "connections_made": How.events,
    "connection_rate": How.as_it_is,
    "days_to_connect": How.as_it_is,
    "bh_calls": How.events,
    "repeat_calls": How.events,
    "repeat_call_effect": How.ratio,
    "officer_hours": How.events,
    "call_coverage": How.as_it_is,
    "eligible_served": How.as_it_is,
}
"""The measures that a portable edition holds, and how each is set beside another city's."""
WINDOWED = frozenset({"repeat_calls", "repeat_call_effect"})
RESIDENTS = 1_000
MONTH = 365.25 / 12
"""Days."""


@dataclass(frozen=True, slots=True)
class Home:
    """Which city ours is, for its own line."""

    city: str
    population: int
    started_on: date
    number: str = ""
    """Of the edition; empty for figures of today."""


@dataclass(frozen=True, slots=True)
class Line:
    """One city's figure, made comparable."""

    city: str
    number: str
    as_of: date
    first: date
    last: date
    months: tuple[int, int]
    """Which months of its pilot it tells, counted from 1, both inclusive."""
    value: float
    low: float | None = None
    high: float | None = None
    ours: bool = False

    def label(self, lang: Lang) -> str:
        """ "Kelp Bay, months 1–12"."""
        return text("peers.label", lang, city=self.city, first=self.months[0], last=self.months[1])


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of ours with those of other cities that mean the same: our line first."""

    key: str
    how: How
    definition: Definition
    lines: tuple[Line, ...]

    def title(self, lang: Lang) -> str:
        """The measure's."""
        return text(f"measure.{self.key}.title", lang)

    def unit(self, lang: Lang) -> str:
        """ "referrals per 1,000 residents a month"."""
        own = text(f"measure.{self.key}.unit", lang)
        return own if self.how is How.as_it_is else text(f"peers.unit.{self.how.value}", lang, unit=own)

    def said(self, line: Line, lang: Lang) -> str:
        """The figure as it is shown, and as the chart says it."""
        if self.how is How.as_it_is and "%" in self.definition.unit.split(",")[0]:
            return words.percent(line.value, lang)
        return words.number(line.value, lang, 0 if abs(line.value) >= 10 else 1 if abs(line.value) >= 1 else 2)

    def row(self, lang: Lang) -> Row:
        """A line of a slide that is a list: every city with its months, figure and what is counted."""
        told = "; ".join(f"{line.label(lang)}: {self.said(line, lang)}" for line in self.lines)
        defined = text(f"measure.{self.key}.definition", lang)
        return Row(f"{self.title(lang)} ({self.unit(lang)})", f"{told}. {defined}")

    def result(self, lang: Lang) -> Result:
        """For a chart of the form “bars”, drawn with :meth:`unit`: one bar a city."""
        table = pd.DataFrame(
            {
                "group": [line.label(lang) for line in self.lines],
                "value": [line.value for line in self.lines],
                "low": [line.low for line in self.lines],
                "high": [line.high for line in self.lines],
            }
        ).astype({"low": "float64", "high": "float64"})
        columns = {"group": text("peers.city", lang), "value": self.unit(lang)}
        ours = self.lines[0]
        sentence = text("peers.sentence", lang, title=text(f"measure.{self.key}.title", lang), told=self.row(lang).body)
        estimate = Estimate(ours.value, ours.low, ours.high)
        return Result(
            self.key,
            Filters(ours.first, ours.last, ours.as_of, lang=lang),
            Audience.public,
            table,
            columns,
            estimate,
            self.said(ours, lang),
            "",
            sentence,
        )


@dataclass(frozen=True, slots=True)
class Apart:
    """A figure that is not set beside ours, and why."""

    city: str
    title: str
    why: str


def definition(result: Result) -> Definition:
    """What makes the figure of ``result`` comparable. KeyError for a measure that is not in ``COMPARED``."""
    key = result.key
    told = {part: text(f"measure.{key}.{part}") for part in ("definition", "counts", "leaves_out", "unit")}
    basis = str(result.marks.get("basis") or "") if key in WINDOWED else ""
    window = result.filters.window_days if key in WINDOWED else None
    return Definition.of(**told, window_days=window, basis=basis, how=COMPARED[key])


def definitions(results: Mapping[str, Result]) -> dict[str, Definition]:
    """Ours, of those measures that are compared."""
    return {key: definition(result) for key, result in results.items() if key in COMPARED}


def figure(result: Result) -> Figure | None:
    """The disclosed figure of ``result``; None where it is hidden or cannot be stated."""
    estimate, filters = result.estimate, result.filters
    if result.audience is not Audience.public or result.guard is not None:
        raise ValueError(f"“{result.key}” has not passed disclosure: it cannot leave the city")
    if result.key not in COMPARED or estimate.value is None or estimate.value != estimate.value:
        return None
    return Figure(
        measure=result.key,
        title=text(f"measure.{result.key}.title"),
        value=float(estimate.value),
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        first=filters.first,
        last=min(filters.last, filters.as_of),
        provisional=result.provisional,
        sentence=result.sentence,
        definition=definition(result),
    )


def compare(
    results: Mapping[str, Result], home: Home, rows: Sequence[PeerEdition]
) -> tuple[tuple[Compared, ...], tuple[Apart, ...]]:
    """Our ``results`` beside the newest edition of each city, and what is left aside.

    A measure that no other city has in the same sense does not appear among the first.
    """
    newest: dict[str, PortableEdition] = {}
    for row in sorted(rows, key=lambda row: (row.as_of, row.id), reverse=True):
        newest.setdefault(row.city.casefold(), PortableEdition.model_validate_json(json.dumps(row.content)))
    found: list[Compared] = []
    apart: list[Apart] = []
    for key, how in COMPARED.items():
        mine = figure(results[key]) if key in results else None
        if mine is None:
            continue
        here = _line(mine, home.city, home.number, home.population, home.started_on, results[key].filters.as_of)
        lines = [replace(here, ours=True)]
        for city in newest.values():
            theirs = next((each for each in city.figures if each.measure == key), None)
            if theirs is None:
                continue
            line = _line(theirs, city.city, city.number, city.population, city.started_on, city.as_of)
            if why := difference(theirs.definition, mine.definition) or _other_length(how, here, line):
                apart.append(Apart(city.city, theirs.title, why))
            else:
                lines.append(line)
        if len(lines) > 1:
            found.append(Compared(key, how, mine.definition, tuple(lines)))
    return tuple(found), tuple(apart)


def _line(told: Figure, city: str, number: str, population: int, started_on: date, as_of: date) -> Line:
    per = _per(told, population)
    low, high = (None if limit is None else limit * per for limit in (told.low, told.high))
    months = (_month(started_on, told.first), _month(started_on, told.last))
    return Line(city, number, as_of, told.first, told.last, months, told.value * per, low, high)


def _per(told: Figure, population: int) -> float:
    """What a figure is multiplied by."""
    if told.definition.how in (How.as_it_is, How.ratio):
        return 1.0
    months = ((told.last - told.first).days + 1) / MONTH if told.definition.how is How.events else 1.0
    return RESIDENTS / population / months


def _month(started_on: date, day: date) -> int:
    """1 for the first month of a pilot, counted from its first day."""
    months = (day.year - started_on.year) * 12 + day.month - started_on.month
    return months + (day.day >= started_on.day)


def _other_length(how: How, ours: Line, theirs: Line) -> str:
    """Different people are counted once however long one counts: only periods of one length can be compared."""
    if how is not How.people:
        return ""
    here, there = (round(((line.last - line.first).days + 1) / MONTH) for line in (ours, theirs))
    return "" if here == there else f"counts people over {there} months there and over {here} here"
