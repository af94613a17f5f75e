"""Two editions side by side: which figures are the same, which are not, and why.

A figure is compared as people read it: two that are shown alike are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

import pandas as pd

from dashboard import words
from dashboard.definitions import differing
from dashboard.export.tables import readable, shown_columns
from dashboard.frozen import Correction, Frozen
from dashboard.measures import MEASURES
from dashboard.measures.common import FINAL, quarter_end
from dashboard.model import Result
from db.ledger import month_end
from db.vocab import LANGUAGES, Lang, text

STATES = frozenset({"status", "phase", "hidden", "lost_to"})
"""Columns of words that say how a row stands, not which row it is."""
PLACES = frozenset({"weekday", "hour"})
"""Columns of numbers that say which row it is."""
PROJECTED = frozenset({"expected", "fitted", "projected", "projected_low", "projected_high", "plan"})
"""Columns that are drawn through the past anew with every new month: another line is no correction."""
OBSERVED = {
    "repeat_call_effect": frozenset({"observed"}),
    "officer_hours_returned": frozenset({"observed"}),
    "effect_residuals": frozenset[str](),
    "effect_detectable": frozenset[str](),
}
"""Measures of a model → the columns of theirs that are not its estimates."""
SETTLES = {"connection_rate": 30, "eligible_served": 8, "within_48h": 3, "reach_rate": None}
"""Days from a period's end until what happened in it can be judged; None: it may always be reached later."""


PERIODS = {"week": words.week, "month": words.month, "quarter": words.quarter}


class Why(StrEnum):
    """What makes a figure another one than in the edition before."""

    new_data = "new data"
    correction = "correction"
    definition = "definition"


class Kind(StrEnum):
    changed = "changed"
    new = "new"
    gone = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of a measure: of its headline (``cell`` empty) or of one cell of its table."""

    measure: str
    cell: str
    """Which row and column, in English."""
    kind: Kind
    was: str
    """As it was shown; empty where it is new."""
    now: str
    why: Why
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of every figure of ``old`` in ``new``."""

    old: str
    new: str
    changes: tuple[Change, ...]
    same: int
    """How many figures are shown alike in both."""
    definitions: Mapping[str, tuple[str, ...]]
    """Key of the measure → the parts of its definition that differ (``definitions.PARTS``)."""

    def because(self, why: Why) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.why is why)

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """What was told otherwise about a time that ``old`` had told: headline first, in the order of the measures."""
        return tuple(
            Correction(each.measure, each.cell, each.was, each.now, each.why.value, each.said)
            for each in self.changes
            if each.why is not Why.new_data
        )


def compare(old: Frozen, new: Frozen, old_number: str, new_number: str) -> Comparison:
    """Every headline, and every cell of every table by what its row is about. Measures in the order of ``new``."""
    there, here = old.results["en"], new.results["en"]
    changes: list[Change] = []
    same = 0
    definitions: dict[str, tuple[str, ...]] = {}
    for key in (*here, *(key for key in there if key not in here)):
        if key not in there or key not in here:
            changes.append(_whole(key, old, new, old_number))
            continue
        parts = differing(old.definitions[key], new.definitions[key]) if key in old.definitions else ()
        if parts:
            definitions[key] = parts
        pair = _Pair(key, {lang: (old.results[lang][key], new.results[lang][key]) for lang in LANGUAGES}, bool(parts))
        found = list(pair.changes(old_number))
        changes += found
        same += pair.figures() - len(found)
    return Comparison(old_number, new_number, tuple(changes), same, definitions)


def _whole(key: str, old: Frozen, new: Frozen, old_number: str) -> Change:
    """A measure that only one of the two has."""
    kind = Kind.new if key in new.results["en"] else Kind.gone
    shown = {lang: (new if kind is Kind.new else old).results[lang][key].display for lang in LANGUAGES}
    said = {
        lang: text(f"compare.{kind}", lang, what=text(f"measure.{key}.title", lang), value=shown[lang], old=old_number)
        for lang in LANGUAGES
    }
    was, now = ("", shown["en"]) if kind is Kind.new else (shown["en"], "")
    return Change(key, "", kind, was, now, Why.new_data, said)


_Both = dict[Lang, tuple[str, str]]
"""Language → a figure as it was shown in the one and in the other."""


@dataclass(frozen=True)
class _Pair:
    """One measure in both editions, in each language."""

    key: str
    results: Mapping[Lang, tuple[Result, Result]]
    redefined: bool

    def changes(self, number: str) -> Iterator[Change]:
        old, new = self.results["en"]
        if old.display != new.display:
            displays: _Both = {lang: (was.display, now.display) for lang, (was, now) in self.results.items()}
            yield self._change(dict.fromkeys(self.results, ""), displays, self._why(self._of_headline()), number)
        if _grain(old) != _grain(new):
            coarse: _Both = {
                lang: (_grain_name(was, lang), _grain_name(now, lang)) for lang, (was, now) in self.results.items()
            }
            over: dict[Lang, str] = {lang: text("compare.grain", lang) for lang in LANGUAGES}
            yield self._change(over, coarse, self._why(Why.new_data), number)
            return
        yield from self._cells(number)

    @cached_property
    def english(self) -> tuple["_Grid", "_Grid"]:
        was, now = self.results["en"]
        return _Grid(was), _Grid(now)

    @cached_property
    def grids(self) -> Mapping[Lang, tuple["_Grid", "_Grid"]]:
        """In each language, in its own words where it stands in the same order as the English one."""
        found: dict[Lang, tuple[_Grid, _Grid]] = {}
        for lang, (was, now) in self.results.items():
            mine = self.english if lang == "en" else (_Grid(was), _Grid(now))
            found[lang] = mine if all(a.like(b) for a, b in zip(self.english, mine, strict=True)) else self.english
        return found

    def figures(self) -> int:
        """How many figures the two have together: headline, and each cell of either."""
        grids = self.english
        if _grain(self.results["en"][0]) != _grain(self.results["en"][1]):
            return 2
        return 1 + sum(1 for row in {*grids[0].rows, *grids[1].rows} for _ in {*grids[0].figures, *grids[1].figures})

    def _cells(self, number: str) -> Iterator[Change]:
        old, new = self.english
        for row in (*new.rows, *(row for row in old.rows if row not in new.rows)):
            there, here = old.place(row), new.place(row)
            for name in (*new.figures, *(each for each in old.figures if each not in new.figures)):
                if old.at(there, name) == new.at(here, name):
                    continue
                shown: _Both = {}
                where: dict[Lang, str] = {}
                for lang, (was, now) in self.grids.items():
                    shown[lang] = (was.at(there, name), now.at(here, name))
                    where[lang] = now.name(here, name) or was.name(there, name)
                yield self._change(where, shown, self._why(self._told(old, new, row, name)), number)

    def _told(self, old: "_Grid", new: "_Grid", row: tuple[object, ...], name: str) -> Why:
        """Whether the old edition had told of this cell as settled; without a date it is as its headline."""
        was, hidden = old.result.filters, text("chart.hidden", "en")
        if hidden in (old.cell(row, name), new.cell(row, name)):
            return Why.new_data  # shown or hidden for what came since, to protect somebody
        if name in PROJECTED or (self.key in OBSERVED and name not in OBSERVED[self.key]):
            return self._of_headline()
        day = next((part for part in row if isinstance(part, date)), None)
        if day is None:
            return self._of_headline()
        wait = SETTLES.get(self.key, 0)
        settled = min(was.last + timedelta(days=wait), was.as_of) if wait is not None else date.min
        over = old.ends(day)
        if over > new.result.filters.last or over + timedelta(days=wait or 0) > settled:
            return Why.new_data
        return Why.correction if old.status(row) in (None, FINAL) else Why.new_data

    def _of_headline(self) -> Why:
        old, new = self.results["en"]
        moved = (old.filters.first, old.filters.last) != (new.filters.first, new.filters.last)
        return Why.new_data if moved or old.provisional else Why.correction

    def _shorter(self) -> bool:
        """The newer one tells of less time: certified figures after provisional ones."""
        old, new = self.results["en"]
        return new.filters.last < old.filters.last

    def _why(self, otherwise: Why) -> Why:
        return Why.definition if self.redefined else otherwise

    def _change(
        self, where: Mapping[Lang, str], shown: Mapping[Lang, tuple[str, str]], why: Why, number: str
    ) -> Change:
        was, now = shown["en"]
        kind = Kind.new if not was else Kind.gone if not now else Kind.changed
        said = {}
        for lang in LANGUAGES:
            what = ", ".join(filter(None, (text(f"measure.{self.key}.title", lang), where[lang])))
            key = _sentence(kind, why, shown[lang], lang)
            if key == "compare.new_data" and self._shorter():
                key = "compare.shorter"
            value = shown[lang][1] or shown[lang][0]
            said[lang] = text(key, lang, what=what, was=shown[lang][0], now=shown[lang][1], value=value, old=number)
        return Change(self.key, where["en"], kind, was, now, why, said)


def _sentence(kind: Kind, why: Why, shown: tuple[str, str], lang: Lang) -> str:
    """Which sentence tells of a change from one text to another."""
    hidden = text("chart.hidden", lang)
    if kind is Kind.changed and hidden in shown:
        return "compare.hid" if shown[1] == hidden else "compare.uncovered"
    return f"compare.{why.name}" if kind is Kind.changed else f"compare.{kind}"


class _Grid:
    """A Result's table as text, found by what each row is about and the column's name."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.table = result.table
        shown = shown_columns(result)
        self.labels = {name: str(result.columns[name]) for name in shown}
        self.keys = [name for name in shown if name not in STATES and _names_rows(name, self.table[name])]
        self.figures = [name for name in shown if name not in self.keys and name not in STATES]
        text_of = readable(result, MEASURES[result.key])
        self.cells = {name: text_of[self.labels[name]].tolist() for name in shown}
        seen: dict[tuple[object, ...], int] = {}
        self.rows: dict[tuple[object, ...], int] = {}
        for k in range(len(self.table)):
            about = tuple(self.table[name].iloc[k] for name in self.keys) or (k,)
            seen[about] = seen.get(about, 0) + 1
            self.rows[about if seen[about] == 1 else (*about, seen[about])] = k

    def place(self, row: tuple[object, ...]) -> int | None:
        return self.rows.get(row)

    def cell(self, row: tuple[object, ...], name: str) -> str:
        return self.at(self.place(row), name)

    def at(self, place: int | None, name: str) -> str:
        return "" if place is None or name not in self.cells else self.cells[name][place]

    def name(self, place: int | None, name: str) -> str:
        """Which row and column, as people say it."""
        if place is None:
            return ""
        about = [self._said(key, place) for key in self.keys]
        return ", ".join(filter(None, [*about, self.labels.get(name, "")]))

    def _said(self, key: str, place: int) -> str:
        value, lang = self.table[key].iloc[place], self.result.filters.lang
        period = PERIODS.get(self.grain())
        if isinstance(value, date) and period is not None:
            return period(value, lang)
        return f"{self.labels[key]} {self.cells[key][place]}" if key in PLACES else self.cells[key][place]

    def like(self, other: "_Grid") -> bool:
        """Whether the other language's table has the same figures in the same order."""
        return (
            self.figures == other.figures
            and len(self.table) == len(other.table)
            and all(
                self.table[name].equals(other.table[name]) for name in self.figures if not _is_words(self.table[name])
            )
        )

    def status(self, row: tuple[object, ...]) -> str | None:
        place = self.place(row)
        return None if place is None or "status" not in self.table else str(self.table["status"].iloc[place])

    def ends(self, day: date) -> date:
        """The last day of the period that begins on ``day``."""
        grain = self.grain()
        if grain == "week":
            return day + timedelta(days=6)
        return month_end(day) if grain == "month" else quarter_end(day) if grain == "quarter" else day

    def grain(self) -> str:
        """How long a period is: "week", "month", "quarter", or "" for single days and tables without."""
        grain = _grain(self.result) or ("week" if "week" in self.keys else "month" if "month" in self.keys else "")
        if not grain:
            days = sorted({value for name in self.keys for value in self.table[name] if isinstance(value, date)})
            steps = [(after - before).days for before, after in pairwise(days)]
            step = min(steps, default=1)
            grain = "quarter" if step > 31 else "month" if step > 7 else "week" if step > 1 else ""
        return grain


def _names_rows(name: str, column: pd.Series) -> bool:
    return name in PLACES or any(isinstance(value, date) for value in column) or _is_words(column)


def _is_words(column: pd.Series) -> bool:
    return any(isinstance(value, str) for value in column)


def _grain(result: Result) -> str:
    return str(result.marks.get("grain", ""))


def _grain_name(result: Result, lang: Lang) -> str:
    return text(f"compare.grain_{_grain(result) or 'whole'}", lang)


def in_words(changes: Sequence[Change], lang: Lang) -> list[str]:
    """The sentences of ``changes`` in one language."""
    return [change.said[lang] for change in changes]
