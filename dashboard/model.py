"""Five words: Filters, Measure, Result, Slide (and Viewer, in ``db.access``). Dataclasses only.

A measure is computed once into a Result; card, chart, slide, file and shell all read the same Result.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

import pandas as pd


class Audience(StrEnum):
    """Who will see the figures: ``internal`` (chief, analyst, desk) or ``public`` (disclosure rule applies)."""

    internal = "internal"
    public = "public"


class Direction(StrEnum):
    """What a rise means."""

    up_good = "up_good"
    down_good = "down_good"
    neither = "neither"


@dataclass(frozen=True, slots=True)
class Filters:
    """What slice is asked for: the only meaning of "filtered". Days are inclusive, in the pilot's zone."""

    first: date
    last: date
    as_of: date
    """What is known, and which weeks are over, is judged on this day."""
    staff_id: int | None = None
    window_days: int = 90
    lang: str = "en"
    without_pay: bool = False
    """Budget lines that pay people are left out; set by ``compute`` for who may not see them."""

    def between(self, first: date, last: date) -> "Filters":
        return replace(self, first=first, last=last)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and the count it rests on. ``None`` where it cannot be stated."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """What the disclosure rule must know of a result about people, told by the measure that made it.

    Numeric columns that are not named here are hidden whole in a public table. Without any guard one small
    number anywhere in the table hides the whole answer.
    """

    bars: tuple[str, ...] = ()
    """Count columns that are drawn. A series coarsens (week → month → quarter) until none of them is hidden."""
    nested: tuple[str, ...] = ()
    """Count columns in which each row includes the next (a ladder): the differences are counts as well."""
    running: tuple[str, ...] = ()
    """Count columns of running totals, oldest first: what one shown row has more than the one before is a count
    as well. The newest, which is the headline, is kept."""
    extras: tuple[str, ...] = ()
    """Further count columns: hidden whole, and all of them, when one of their cells would be."""
    within: Mapping[str, str] = field(default_factory=dict)
    """Extra column → the count column it is part of: what it leaves of that is a count as well, and hides the extras
    where it is small. Of a ladder it is part of what stopped on the rung."""
    plain: tuple[str, ...] = ()
    """Numeric columns that say nothing of anybody (a capacity band, a year)."""
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column → the count columns it would give away (a share, a rate, an interval's limit): hidden with them."""
    remake: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    """Recomputes the derived columns after a series was coarsened."""
    sums: bool = True
    """The sum of each bar column is published (a headline), so hidden cells need complements."""
    by: str | None = None
    """A column whose values split the table into parts with a sum each."""
    period: str | None = None
    """The column of dates of a series that may be coarsened; None where the rows are no series."""
    stocks: tuple[str, ...] = ()
    """Columns that take a coarser period's last value; all other counts are summed."""
    cumulative: Mapping[str, str] = field(default_factory=dict)
    """Column of running totals → the bar column it accumulates."""
    spark: str | None = None
    """The column that the card's spark line follows."""
    headline: tuple[int, ...] = ()
    """The counts that display and estimate rest on, complements (n − k) included."""
    said: tuple[int, ...] = ()
    """Further counts that context and sentence give away."""
    noted: tuple[int, ...] = ()
    """Further counts that the caveats give away."""


@dataclass(frozen=True, slots=True)
class Result:
    """A measure's answer for one slice and audience, already safe to show to that audience.

    ``table`` is tidy: one row per mark of the chart, columns named as in ``columns`` (name → plain label).
    Charts find what they draw in it by name, and extra marks (targets, bands, events) in ``marks``.
    A hidden cell is ``pd.NA`` in ``table`` and its row's ``hidden`` column is True.
    """

    key: str
    filters: Filters
    audience: Audience
    table: pd.DataFrame
    columns: Mapping[str, str]
    estimate: Estimate
    display: str
    """The headline number as it is shown ("263", "61 %", "hidden")."""
    context: str
    """Against what, in words ("target 300", "of 402 connections")."""
    sentence: str
    """The computed answer: caption, alt text and speaker's note."""
    caveats: tuple[str, ...] = ()
    spark: tuple[float, ...] = ()
    provisional: bool = False
    marks: Mapping[str, Any] = field(default_factory=dict)
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """The records behind a count, from the very query that the count is made of.

    ``table``: one row a record, with ``kind`` (a key of ``RECORD_KINDS``), ``id``, ``person_id``, ``day``,
    ``week`` (its Monday), ``mode``, and one column for each of ``parts``.
    """

    table: pd.DataFrame
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """A column of ``table`` → its values, each with its plain name: how the count falls apart."""
    cells: pd.DataFrame | None = None
    """Of a count that is logged or tallied: week, staff_id, item, value, logged, status (see ``common.weekly``).
    Where value and logged differ, the certified tally says so many more or fewer than there are records."""


RECORD_KINDS = ("person", "episode", "intervention", "referral", "connection", "sheet", "cell")


@dataclass(frozen=True, slots=True)
class Measure:
    """One definition: the question, the rule, how it is computed, and the chart's key."""

    key: str
    title: str
    question: str
    definition: str
    counts: str
    leaves_out: str
    unit: str
    source: str
    direction: Direction
    chart: str | None
    """A key of ``dashboard.charts.FORMS``, or None where a number says it all."""
    about_people: bool
    """Subject to the disclosure rule: a count of people or of events about people."""
    scopes: tuple[str, ...]
    """The change counters (``db.vocab.Scope`` values) its figures depend on."""
    permission: str
    """The ``db.access.Permission`` value that the internal audience needs."""
    run: Callable[..., Result]
    """``run(session, pilot, filters, audience) → Result``, called by ``compute()`` only."""
    records: Callable[..., Records] | None = None
    """``records(session, pilot, filters) → Records``: what ``run`` counts; None where no list stands behind it."""
    card: str = ""
    """A short label for the card; the title otherwise."""


@dataclass(frozen=True, slots=True)
class Slide:
    """One claim and one picture. A slide of one measure says its Result's sentence and draws its chart."""

    key: str
    title: str
    """A vocabulary key: the question, or the heading."""
    measure: str | None
    notes: str = ""
    """A vocabulary key: what else the speaker may say."""
    body: str = ""
    """For a slide without a measure of its own: a key of ``dashboard.bodies.BODIES``."""
    parts: tuple[int, ...] = ()
    """Which ways of breaking the count down are drawn (0: the table's first); empty: all. The table keeps all."""
