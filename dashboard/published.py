"""The public tables of an edition: a fixed list, and for those about people what adds up to what.

``PUBLISHED`` is what every edition holds, the most important first: where two tables together would give a small
count away, the later one yields (see ``dashboard.holding``). ``DECLARED`` says of each measure about people which
of its columns are counts and what they sum to, so that what can be worked out from all of them is computed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from dashboard.deduction import Fact, Part, Span, Terms
from dashboard.measures import MEASURES
from dashboard.model import Result
from db.ledger import month_end

PUBLISHED: tuple[str, ...] = (
    # about people
    "people_served",
    "connection_ladder",
    "what_it_bought",
    "referral_flow",
    "caseload",
    "interventions_by_week",
    "interventions",
    "after_pilot",
    "connection_rate",
    "days_to_connect",
    "time_to_first_contact",
    "service_gaps",
    "familiar_faces",
    "people_before_after",
    "people_by_group",
    "referrals_by_source",
    "connections_by_need",
    "connections_by_provider",
    "family_contacts",
    "dispositions",
    "referrals_received",
    "arrest_diversion",
    "ed_diversion",
    "force_and_injury",
    "connection_rate_by_mode",
    "days_to_connect_by_mode",
    "later_calls_by_mode",
    "cost_per_intervention",
    "cost_per_connection",
    "cost_per_person",
    # the whole city's calls
    "bh_calls",
    "repeat_calls",
    "officer_hours",
    "call_coverage",
    "repeat_call_effect",
    "effect_axis",
    "effect_detectable",
    "effect_robustness",
    "effect_residuals",
    "effect_plan",
    "repeat_calls_before_after",
    "officer_hours_returned",
    "comparators",
    # money and hours
    "burn",
    "pilot_clock",
    "budget_lines",
    "obligated",
    "spent",
    "remaining",
    "projected_close",
    "cost_per_call_averted",
    "after_coverage",
    "work_hours",
    "first_weeks",
)

MET, REFERRED, LOGGED_REFERRALS = "people met", "referrals", "referrals logged"
WORK, CONNECTED, LOGGED_CONNECTIONS = "interventions", "connections", "connections logged"
ON_SCENE = Part("interventions", "value", "on scene")
FAMILY = Part("interventions", "value", "family")
NUMBER = re.compile(r"\d+(?:,\d{3})*")

Total = Callable[[Result], Terms]


def whole(stream: str) -> Total:
    """All that was counted of a stream in the period of the Result."""
    return lambda result: ((1.0, Span(stream, _eve(result), _end(result))),)


def cell(part: Part) -> Total:
    """One cell that another table has as well."""
    return lambda result: ((1.0, part),)


def _eve(result: Result) -> date:
    return result.filters.first - timedelta(days=1)


def _end(result: Result) -> date:
    return min(result.filters.last, result.filters.as_of)


def told(result: Result) -> bool:
    """Whether the headline stands."""
    return result.estimate.value is not None


@dataclass(frozen=True, slots=True)
class Periods:
    """Counts by week, month or quarter. Each of ``streams`` (column → what is counted) sums to a stream's whole."""

    streams: Mapping[str, str]
    period: str = "period"
    weekly: bool = True
    """Its months and quarters are made of ISO weeks; else of calendar days."""
    running: Mapping[str, str] = field(default_factory=dict)
    """Columns of running totals → stream."""
    said: tuple[str, ...] = ()
    """Streams whose whole the context names, in this order, beside the headline (the first of ``streams``)."""
    headline: bool = True
    share: bool = False
    """The headline is the share of the first of ``streams`` in all of them."""
    same: Total | None = None
    """What the headline's count is elsewhere."""
    only_moves_up: bool = True

    @property
    def counts(self) -> tuple[str, ...]:
        return (*self.streams, *self.running)

    def facts(self, result: Result) -> Iterator[Fact]:
        ends = self._ends(result)
        starts = [_eve(result), *ends[:-1]]
        for column, stream in self.streams.items():
            for start, end, shown in zip(starts, ends, result.table.get(column, ()), strict=False):
                yield _fact(result, ((1.0, Span(stream, start, end)),), shown)
        for column, stream in self.running.items():
            for end, shown in zip(ends, result.table.get(column, ()), strict=False):
                yield _fact(result, ((1.0, Span(stream, _eve(result), end)),), shown, hidden=False)
        if told(result) and self.share:
            yes, no = (Span(stream, _eve(result), _end(result)) for stream in list(self.streams.values())[:2])
            n = float(result.estimate.n or 0)
            yield _is(result, ((1.0, yes),), round(n * float(result.estimate.value or 0)))
            yield _is(result, ((1.0, yes), (1.0, no)), n)
        elif told(result) and self.headline:
            first = next(iter(self.streams.values()))
            all_of = Span(first, _eve(result), _end(result))
            yield _is(result, ((1.0, all_of),), float(result.estimate.value or 0))
            if self.same is not None:
                yield Fact(result.key, ((1.0, all_of), *_minus(self.same(result))), 0, 0, loose=True)
            for stream, number in zip(self.said, numbers(result.context), strict=False):
                yield _is(result, ((1.0, Span(stream, _eve(result), _end(result))),), number)

    def _ends(self, result: Result) -> list[date]:
        grain = str(result.marks.get("grain", "week" if self.weekly else "month"))
        days = [min(end_of(day, grain, self.weekly), _end(result)) for day in result.table.get(self.period, ())]
        return [*days[:-1], _end(result)] if days else []


def end_of(day: date, grain: str, weekly: bool) -> date:
    """The last day of the week, month or quarter that begins with ``day``.

    ``weekly``: of its last ISO week, which belongs to where its Thursday is.
    """
    if grain == "week":
        return day + timedelta(days=6)
    last = month_end(day if grain == "month" else day.replace(month=(day.month - 1) // 3 * 3 + 3, day=1))
    if not weekly:
        return last
    return last - timedelta(days=(last.weekday() - 3) % 7) + timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Groups:
    """Counts in groups; every part (a value of ``by``) sums to ``total``, which is the headline where it stands."""

    total: Total | None = None
    by: str = "by"
    column: str = "value"
    beside: tuple[str, ...] = ()
    """Further count columns, of which ``more`` tells what they sum to."""
    only_moves_up: bool = True
    also: Mapping[int, Part] = field(default_factory=dict)
    """Place of a row → the cell of another table that is the same count."""
    more: Callable[[Result], Iterator[Fact]] | None = None
    parts_told: tuple[int, ...] | None = None
    """Which parts, by place, sum to the headline; all of them without."""

    @property
    def counts(self) -> tuple[str, ...]:
        return (self.column, *self.beside)

    def facts(self, result: Result) -> Iterator[Fact]:
        table = result.table
        if self.column not in table or table.empty:
            return
        label = "group" if "group" in table else "step"
        parts = table[self.by] if self.by in table else pd.Series("", table.index)
        sums: dict[str, list[Part]] = {}
        for place, (part, group, shown) in enumerate(zip(parts, table[label], table[self.column], strict=True)):
            one = Part(result.key, self.column, f"{part}/{group}")
            sums.setdefault(str(part), []).append(one)
            yield _fact(result, ((1.0, one),), shown)
            if place in self.also:
                yield Fact(result.key, ((1.0, one), (-1.0, self.also[place])), 0, 0, loose=True)
        if not told(result):
            return
        total = self.total(result) if self.total else ((1.0, Part(result.key, "total")),)
        if result.estimate.value is not None:
            yield _is(result, total, float(result.estimate.value))
        for place, cells in enumerate(sums.values()):
            if self.parts_told is None or place in self.parts_told:
                yield _is(result, (*((1.0, one) for one in cells), *_minus(total)), 0)
        if self.more is not None:
            yield from self.more(result)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs of which each includes the next: what stopped on a rung is a count, and so is what of it is not lost."""

    only_moves_up: bool = False
    counts: tuple[str, ...] = ("value", "lost")

    def facts(self, result: Result) -> Iterator[Fact]:
        table = result.table
        if table.empty:
            return
        stopped = [Part(result.key, "stopped", str(step)) for step in table["step"]]
        lost = [Part(result.key, "lost", str(step)) for step in table["step"]]
        for place, row in enumerate(table.to_dict("records")):
            yield _fact(result, tuple((1.0, one) for one in stopped[place:]), row["value"])
            yield _fact(result, ((1.0, lost[place]),), row["lost"], hidden=False)
            yield Fact(result.key, ((1.0, stopped[place]),), rest=True)
            yield Fact(result.key, ((1.0, stopped[place]), (-1.0, lost[place])), rest=True)
            yield Fact(result.key, ((1.0, lost[place]),), rest=True)


@dataclass(frozen=True, slots=True)
class Apart:
    """Counts that stand side by side: no sum of them is told, but each may be a stream's count or share a whole."""

    counts: tuple[str, ...]
    same: Callable[[Result], Iterator[Fact]] | None = None
    only_moves_up: bool = True

    def facts(self, result: Result) -> Iterator[Fact]:
        table = result.table
        label = next((name for name in ("group", "scenario", "week", "period", "step") if name in table), None)
        if label is None:
            return
        for name in self.counts:
            for row, shown in zip(table[label], table.get(name, ()), strict=False):
                yield _fact(result, ((1.0, Part(result.key, name, str(row))),), shown)
        if self.same is not None:
            yield from self.same(result)


Declared = Periods | Groups | Ladder | Apart


def _fact(result: Result, terms: Terms, shown: object, *, hidden: bool = True) -> Fact:
    """What one cell of a table tells: its count, or nothing but that it is one."""
    if shown is None or pd.isna(shown):  # pyright: ignore[reportGeneralTypeIssues,reportCallIssue,reportArgumentType]
        return Fact(result.key, terms, hidden=hidden)
    return _is(result, terms, float(shown))  # type: ignore[arg-type]


def _is(result: Result, terms: Terms, number: float) -> Fact:
    return Fact(result.key, terms, number, number)


def _minus(terms: Terms) -> Terms:
    return tuple((-factor, one) for factor, one in terms)


def numbers(said: str) -> list[float]:
    """The whole numbers of an English sentence, in order."""
    return [float(found.replace(",", "")) for found in NUMBER.findall(said)]


# --- what single measures add -----------------------------------------------------------------------------


def _bought(result: Result) -> Iterator[Fact]:
    """Through the last closed month: people, interventions, connections."""
    through = result.marks.get("closed_through")
    if through is None:
        return
    rows = zip((MET, WORK, CONNECTED), result.table["group"], strict=False)
    for stream, group in rows:
        part = Part(result.key, "count", str(group))
        yield _is(result, ((1.0, part), (-1.0, _through(result, stream, through))), 0)


def _through(result: Result, stream: str, month: date) -> Span:
    """From the pilot's first day to the end of a month's last week."""
    end = end_of(month.replace(day=1), "month", weekly=True)
    return Span(stream, _eve(result), min(end, _end(result)))


def _cost(stream: str) -> Callable[[Result], Iterator[Fact]]:
    def facts(result: Result) -> Iterator[Fact]:
        for day in result.table["period"]:
            part = Part(result.key, "count", str(day))
            yield _is(result, ((1.0, part), (-1.0, _through(result, stream, day))), 0)

    return facts


def _reached(result: Result) -> Iterator[Fact]:
    """The rate of people a year rests on those met in the last closed months."""
    months = result.marks.get("months_closed") or ()
    for scenario in result.table["scenario"] if months else ():
        part = Part(result.key, "people_base", str(scenario))
        met = Span(MET, max(min(months) - timedelta(days=1), _eve(result)), min(month_end(max(months)), _end(result)))
        yield _is(result, ((1.0, part), (-1.0, met)), 0)


def _places(result: Result) -> Iterator[Fact]:
    """Where needs were met: those that met no provider are the headline."""
    part, group = result.table.iloc[-1][["by", "group"]]
    nowhere = Part(result.key, "value", f"{part}/{group}")
    yield _is(result, ((1.0, nowhere),), float(result.estimate.value or 0))


def _inactive(result: Result) -> Iterator[Fact]:
    """Who is open and not inactive is a count as well."""
    for week in result.table["week"]:
        inside, all_of = (Part(result.key, name, str(week)) for name in ("inactive", "open"))
        yield Fact(result.key, ((1.0, all_of), (-1.0, inside)), rest=True)


def _modes(stream: str) -> Callable[[Result], Iterator[Fact]]:
    """Two groups of what is published whole: who was met in neither way is the rest."""

    def facts(result: Result) -> Iterator[Fact]:
        if not told(result) and result.table["yes"].isna().any():
            return
        groups = [Part(result.key, name, str(row)) for name in ("yes", "no") for row in result.table["group"]]
        all_of = Span(stream, _eve(result), _end(result))
        rest = Part(result.key, "rest")
        terms = (*((1.0, one) for one in groups), (1.0, rest), (-1.0, all_of))
        yield _is(result, terms, 0)
        yield Fact(result.key, ((1.0, rest),), rest=True)

    return facts


def _callers(result: Result) -> Iterator[Fact]:
    """Subjects with at least so many calls each: the calls bound how many they are."""
    steps = [numbers(str(group))[0] for group in result.table["group"]]
    limits = [None, *(step - 1 for step in steps)]
    made: list[Part] = []
    for step, most, row in zip(steps, limits, result.table.to_dict("records"), strict=False):
        added = Part(result.key, "added", f"/{row['group']}")
        calls = Part(result.key, "calls", str(row["group"]))
        made.append(calls)
        yield Fact(result.key, ((1.0, calls), (-step, added)))
        if most is not None:
            yield Fact(result.key, ((most, added), (-1.0, calls)))
        yield _fact(result, tuple((1.0, one) for one in made), row["calls"], hidden=False)
    if told(result):
        yield from _year_before(result)


def _year_before(result: Result) -> Iterator[Fact]:
    cells = [Part(result.key, "before_added", str(group)) for group in result.table["group"]]
    for one, shown in zip(cells, result.table["before_added"], strict=True):
        yield _fact(result, ((1.0, one),), shown)
    yield _fact(result, tuple((1.0, one) for one in cells), result.table["before"].iloc[-1], hidden=False)


def _waits(stream: str) -> Callable[[Result], Iterator[Fact]]:
    """Of so many, so many are still waiting, as the caveat says."""

    def facts(result: Result) -> Iterator[Fact]:
        if not told(result):
            return
        all_of = Span(stream, _eve(result), _end(result))
        waiting = Part(result.key, "waiting")
        yield _is(result, ((1.0, all_of),), float(result.estimate.n or 0))
        rest = ((1.0, all_of), (-1.0, waiting))
        yield Fact(result.key, rest, rest=True)
        counted = [number for caveat in result.caveats for number in numbers(caveat)]
        if counted and not result.table.get("hidden", pd.Series(dtype=bool)).any():
            yield _is(result, ((1.0, waiting),), counted[0])
        yield Fact(result.key, ((1.0, waiting),), rest=True)

    return facts


DECLARED: Mapping[str, Declared] = {
    "people_served": Periods({"new": MET}, running={"value": MET}),
    "connection_ladder": Ladder(),
    "what_it_bought": Apart(("count",), _bought),
    "referral_flow": Periods(
        {"received": REFERRED, "contacted": "contacted", "connected": "referrals connected"},
        period="week",
        said=("contacted", "referrals connected"),
    ),
    "caseload": Apart(("open", "inactive", "opened", "closed"), _inactive, only_moves_up=False),
    "interventions_by_week": Periods({"value": WORK}),
    "interventions": Groups(whole(WORK), also={0: ON_SCENE, 5: FAMILY}, parts_told=(0,)),  # purposes are logged only
    "after_pilot": Apart(("people_base",), _reached),
    "connection_rate": Periods({"yes": "attended in 30 days", "no": "not in 30 days"}, weekly=False, share=True),
    "days_to_connect": Apart((), _waits(LOGGED_CONNECTIONS)),
    "time_to_first_contact": Apart((), _waits(LOGGED_REFERRALS)),
    "service_gaps": Groups(parts_told=(0, 1), more=_places),
    "familiar_faces": Groups(
        column="added", beside=("value", "calls", "before", "before_added"), more=_callers, only_moves_up=False
    ),
    "people_before_after": Apart(("people", "calls_before", "calls_after")),
    "people_by_group": Groups(whole(MET)),
    "referrals_by_source": Groups(whole(LOGGED_REFERRALS)),
    "connections_by_need": Groups(whole(LOGGED_CONNECTIONS)),
    "connections_by_provider": Groups(whole(LOGGED_CONNECTIONS)),
    "family_contacts": Periods({"value": "family contacts"}, same=cell(FAMILY)),
    "dispositions": Groups(cell(ON_SCENE)),
    "referrals_received": Periods({"value": REFERRED}),
    "arrest_diversion": Periods({"yes": "not arrested", "no": "arrested"}, share=True),
    "ed_diversion": Periods({"yes": "kept from the emergency room", "no": "sent to it"}, share=True),
    "force_and_injury": Apart(("yes", "no")),
    "connection_rate_by_mode": Apart(("yes", "no"), only_moves_up=False),
    "days_to_connect_by_mode": Apart(("yes", "no"), _modes(LOGGED_CONNECTIONS), only_moves_up=False),
    "later_calls_by_mode": Apart(("people", "calls", "calls_before")),
    "cost_per_intervention": Apart(("count",), _cost(WORK)),
    "cost_per_connection": Apart(("count",), _cost(CONNECTED)),
    "cost_per_person": Apart(("count",), _cost(MET)),
}


def facts(result: Result) -> list[Fact]:
    """All that the English Result of a measure about people tells in numbers. None of one that is not declared."""
    return list(DECLARED[result.key].facts(result)) if result.key in DECLARED else []


def about_people(key: str) -> bool:
    """Whether the rule is about this measure."""
    return MEASURES[key].about_people
