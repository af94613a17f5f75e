"""The years after the pilot, added up: what they cost, which calls find somebody on shift, who pays, what is missing.

Pure: assumptions and what the pilot itself showed in, figures out. Money is exact; nothing here reads a database
or a clock. Nothing is a forecast: every figure follows from what somebody assumed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from dashboard.stats import poisson_exact
from db.forms.scenarios import Assumptions
from db.hours import Week
from db.vocab.money import FundingKind

CENT = Decimal("0.01")
YEARS = 3
FISCAL_MONTH = 7
"""A fiscal year of Connecticut's municipalities begins on 1 July."""
Grid = tuple[tuple[int, ...], ...]
"""Calls by weekday (seven, Monday first) and hour (24) of the local clock."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both inclusive. ``months``: 12 for a fiscal year; of the part before the first one, days by their month."""

    first: date
    last: date
    months: Decimal
    whole: bool

    @property
    def year(self) -> int:
        """The calendar year in which the fiscal year ends: its name."""
        return self.last.year


def periods(ends_on: date, fiscal_month: int = FISCAL_MONTH) -> tuple[Period, ...]:
    """After a pilot's last day: the rest of that fiscal year, then three whole ones. Four, always.

    The first has no day (``months`` 0) where the pilot ends with a fiscal year.
    """
    first = ends_on + timedelta(days=1)
    start = date(first.year + (first > date(first.year, fiscal_month, 1)), fiscal_month, 1)
    rest = Period(first, start - timedelta(days=1), _months(first, start), False)
    starts = [date(start.year + k, fiscal_month, 1) for k in range(YEARS + 1)]
    whole = [Period(a, b - timedelta(days=1), Decimal(12), True) for a, b in pairwise(starts)]
    return (rest, *whole)


def _months(first: date, end: date) -> Decimal:
    """Months from ``first`` to before ``end``, each day counting as its part of its own month."""
    total = Decimal(0)
    while first < end:
        month = first.replace(day=1)
        after = (month + timedelta(days=31)).replace(day=1)
        total += Decimal((min(after, end) - first).days) / (after - month).days
        first = after
    return total


@dataclass(frozen=True, slots=True)
class Reached:
    """``people`` met for the first time in so many months of full-time work: the pilot's own rate."""

    people: int
    fte_months: Decimal

    def a_year(self, fte: Decimal) -> tuple[int, int] | None:
        """People a year at ``fte``: the exact (Garwood) 95 % Poisson interval of the count, scaled, rounded outward.

        None where the pilot has no month of work to go by.
        """
        if self.fte_months <= 0:
            return None
        around = poisson_exact(self.people)
        scale = float(fte * 12 / self.fte_months)
        low, high = (around.low or 0.0) * scale, (around.high or 0.0) * scale
        return math.floor(low + 1e-9), math.ceil(high - 1e-9)


@dataclass(frozen=True, slots=True)
class Basis:
    """What all scenarios share: the years to pay for, the calls of the pilot so far, the people it reached."""

    periods: tuple[Period, ...]
    calls: Grid
    reached: Reached


@dataclass(frozen=True, slots=True)
class Coverage:
    """``by_hour``: for each of 24 hours (calls, those that come while somebody is on shift), all weekdays together."""

    by_hour: tuple[tuple[int, float], ...]
    staffed_hours: Decimal

    @property
    def calls(self) -> int:
        return sum(calls for calls, _ in self.by_hour)

    @property
    def share(self) -> float | None:
        """0–1; None without calls."""
        return sum(covered for _, covered in self.by_hour) / self.calls if self.calls else None


def coverage(calls: Grid, week: Week) -> Coverage:
    """Which of ``calls`` come inside ``week`` (spans without overlaps). An hour staffed in part counts in part."""
    staffed = [[0] * 24 for _ in range(7)]
    for day, start, end in week:
        for hour in range(start // 60, -(-end // 60)):
            staffed[day][hour] += min(end, hour * 60 + 60) - max(start, hour * 60)
    by_hour = tuple(
        (sum(calls[day][hour] for day in range(7)), sum(calls[day][hour] * staffed[day][hour] for day in range(7)) / 60)
        for hour in range(24)
    )
    return Coverage(by_hour, Decimal(sum(map(sum, staffed))) / 60)


@dataclass(frozen=True, slots=True)
class Year:
    """One period of one scenario, in dollars and cents. ``gap`` = cost − funding; below zero it is a surplus."""

    period: Period
    cost: Decimal
    by_source: dict[FundingKind, Decimal]

    @property
    def funding(self) -> Decimal:
        return sum(self.by_source.values(), Decimal("0.00"))

    @property
    def gap(self) -> Decimal:
        return self.cost - self.funding


@dataclass(frozen=True, slots=True)
class Figures:
    """One scenario, added up. ``people``: a range a year; None where the pilot gives no rate."""

    name: str
    assumed: Assumptions
    coverage: Coverage
    people: tuple[int, int] | None
    years: tuple[Year, ...]

    @property
    def monthly(self) -> Decimal:
        return self.assumed.monthly

    @property
    def shown(self) -> tuple[Year, ...]:
        """Without a part that has no day."""
        return tuple(year for year in self.years if year.period.months)

    @property
    def paid_for(self) -> bool:
        """Whether no fiscal year has a gap."""
        return all(year.gap <= 0 for year in self.shown)


def cost(assumed: Assumptions, span: Sequence[Period]) -> tuple[Decimal, ...]:
    """Dollars and cents of each period: monthly × months, dearer by the yearly increase from the second whole year on.

    The one-time cost falls into the first period that has a day.
    """
    found: list[Decimal] = []
    factor, once, whole = Decimal(1), assumed.one_time, 0
    for period in span:
        if period.whole:
            factor = (1 + assumed.rise_percent / 100) ** whole
            whole += 1
        here = once if period.months else Decimal(0)
        once -= here
        found.append((assumed.monthly * period.months * factor + here).quantize(CENT, ROUND_HALF_UP))
    return tuple(found)


def figures(name: str, assumed: Assumptions, basis: Basis) -> Figures:
    """Everything that is shown of one scenario."""
    sources = [source for source in assumed.funding if source.counted]
    years = []
    for k, (period, amount) in enumerate(zip(basis.periods, cost(assumed, basis.periods), strict=True)):
        paid: dict[FundingKind, Decimal] = {}
        for source in sources if period.months else ():
            paid[source.kind] = paid.get(source.kind, Decimal("0.00")) + source.amounts[k]
        years.append(Year(period, amount, paid))
    people = basis.reached.a_year(assumed.fte)
    return Figures(name, assumed, coverage(basis.calls, assumed.week), people, tuple(years))
