"""What the money bought: expenditures ÷ count, both from the start through a closed month; never budget ÷ count."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import takewhile
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, connections, reach
from dashboard.measures.money import cents, said_in, spent_through
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from db.access import Permission
from db.ledger import closed_through, month_end, month_of
from db.models import Pilot
from db.pilot import monday
from db.vocab import Scope

STARTUP, RUNNING = "startup", "running"


@dataclass(frozen=True, slots=True)
class Bought:
    """Cumulative, through ``day`` (inclusive): the money in dollars and cents, and how many."""

    day: date
    spent: Decimal
    count: int
    phase: str
    """ "startup" before the first full month with work, else "running"."""

    @property
    def cost(self) -> Decimal | None:
        return cents(self.spent / self.count) if self.count else None


def people(session: Session, pilot: Pilot, filters: Filters) -> list[tuple[date, int]]:
    """Each person first reached in the period, on the day that decides that week's month, as the other two.

    ``people_served`` is told by the same weeks: of two counts a few days apart the difference would tell how few.
    """
    return [(common.belongs_on(pilot, monday(day)), 1) for day in reach.served(session, pilot, filters).table["day"]]


def interventions(session: Session, pilot: Pilot, filters: Filters) -> list[tuple[date, int]]:
    """Interventions by week, on the day that decides the week's month."""
    return common.once(session, ("bought", filters), lambda: _weekly(session, pilot, filters, reach.work))


def made(session: Session, pilot: Pilot, filters: Filters) -> list[tuple[date, int]]:
    """Connections made by week, on the day that decides the week's month."""
    return _weekly(session, pilot, filters, connections.counted)


def _weekly(session: Session, pilot: Pilot, filters: Filters, records: Callable[..., Any]) -> list[tuple[date, int]]:
    found = common.by_week(pilot, filters, records(session, pilot, filters).cells)
    return [
        (common.belongs_on(pilot, week), round(value))
        for week, value in zip(found["period"], found["value"], strict=True)
    ]


COUNTED: dict[str, Callable[[Session, Pilot, Filters], list[tuple[date, int]]]] = {
    "cost_per_person": people,
    "cost_per_intervention": interventions,
    "cost_per_connection": made,
}


def closed_months(session: Session, pilot: Pilot, filters: Filters) -> list[date]:
    """The last day of each closed month from the pilot's first to the as-of day, in order."""
    through = closed_through(session)
    if through is None:
        return []
    ends = [month_end(month) for month in common.months(pilot.starts_on, through)]
    return list(takewhile(lambda end: end <= min(through, filters.as_of), ends))


def startup_months(session: Session, pilot: Pilot, slice_: Filters, ends: list[date]) -> int:
    """How many of the first months are start-up: all before the first whole month of the pilot with an intervention."""
    work = interventions(session, pilot, slice_)
    for place, end in enumerate(ends):
        first = month_of(end)
        if first >= pilot.starts_on and any(n for day, n in work if first <= day <= end):
            return place
    return len(ends)


def bought(session: Session, pilot: Pilot, filters: Filters, key: str) -> tuple[Bought, ...]:
    """Money and count of ``key`` through each closed month, in order; both through the same day."""
    ends = closed_months(session, pilot, filters)
    if not ends:
        return ()
    over = min(ends[-1] + timedelta(days=6), filters.as_of)  # the month's last week may end in the next one
    slice_ = Filters(pilot.starts_on, over, filters.as_of, window_days=filters.window_days)
    counts = COUNTED[key](session, pilot, slice_)
    startup = startup_months(session, pilot, slice_, ends)
    return tuple(
        Bought(
            day=end,
            spent=spent_through(session, end),
            count=sum(n for day, n in counts if day <= end),
            phase=STARTUP if place < startup else RUNNING,
        )
        for place, end in enumerate(ends)
    )


def _cost_per(key: str, session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Expenditures ÷ count through each closed month; the headline is the last one's. The period does not apply."""
    lang, found = filters.lang, bought(session, pilot, filters, key)
    now = found[-1] if found else None
    cost, count = (now.cost, now.count) if now else (None, 0)
    rows = [(b.day, float(b.spent), b.count, None if b.cost is None else float(b.cost), b.phase) for b in found]
    table = pd.DataFrame(rows, columns=["period", "spent", "count", "value", "phase"])
    values = {
        "cost": words.money(cost, lang),
        "spent": words.money(now.spent if now else None, lang),
        "n": words.number(count, lang),
        "day": words.day(now.day if now else None, lang),
    }
    startup = sum(b.phase == STARTUP for b in found)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype({"spent": float, "value": float}),
        columns=common.columns(
            lang,
            period="money_through",
            spent="money_spent",
            count="money_count",
            value="money_cost",
            phase="money_phase",
        ),
        estimate=Estimate(None if cost is None else float(cost), n=count),
        display=words.money(cost, lang),
        context=common.said(key, "context", lang, **values) if cost is not None else "",
        sentence=said_in("money.no_cost", lang) if cost is None else common.said(key, "sentence", lang, **values),
        caveats=(said_in("money.startup", lang, n=words.number(startup, lang)),) if startup else (),
        spark=common.spark(table["value"]) if audience is Audience.internal else (),
        marks=common.marks(session, pilot, filters, key) | {"closed_through": now.day if now else None},
        guard=Guard(
            running=("count",),
            plain=("spent",),
            derived={"value": ("count",)},
            headline=(count,),
            said=(count,),
        ),
    )


def what_it_bought(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Cost per person, intervention and connection, side by side, through the last closed month."""
    key, lang = "what_it_bought", filters.lang
    found = {name: bought(session, pilot, filters, name)[-1:] for name in COUNTED}
    ends = [end.day for each in found.values() for end in each]
    rows, values = [], {}
    for name, each in found.items():
        end = each[0] if each else Bought(filters.as_of, Decimal(0), 0, STARTUP)
        if end.cost is not None:
            rows.append((common.said(name, "title", lang), float(end.cost), end.count, float(end.spent)))
            values |= {"spent": words.money(end.spent, lang), "day": words.day(end.day, lang)}
        part = name.removeprefix("cost_per_")
        values |= {part: words.money(end.cost, lang), f"n_{part}": words.number(end.count, lang)}
    counts = tuple(row[2] for row in rows)
    table = pd.DataFrame(rows, columns=["group", "value", "count", "spent"])
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype({"value": float, "spent": float}),
        columns=common.columns(lang, group="money_what", value="money_cost", count="money_count", spent="money_spent"),
        estimate=Estimate(rows[0][1] if rows else None, n=counts[0] if rows else 0),
        display=words.money(rows[0][1] if rows else None, lang),
        context=common.said(key, "context", lang, **values) if rows else "",
        sentence=common.said(key, "sentence", lang, **values)
        if len(rows) == len(COUNTED)
        else said_in("money.no_cost", lang),
        marks=common.marks(session, pilot, filters, key) | {"closed_through": ends[-1] if ends else None},
        guard=Guard(
            bars=("count",),
            plain=("spent",),
            derived={"value": ("count",)},
            sums=False,
            headline=counts[:1],
            said=counts,
        ),
    )


_COST = {"scopes": (Scope.money, Scope.work, Scope.setup), "permission": Permission.see_money}

MEASURES: tuple[Measure, ...] = (
    common.define("what_it_bought", what_it_bought, chart="bars", direction=Direction.down_good, **_COST),
    *(
        common.define(key, partial(_cost_per, key), chart="cost", direction=Direction.down_good, **_COST)
        for key in COUNTED
    ),
)
