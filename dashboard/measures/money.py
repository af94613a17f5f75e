"""Will the money last? Exact sums from the ledger; floats only where a chart draws them (measures.md, section 6)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, connections, reach
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from db.access import Permission
from db.ledger import (
    SPENT_KINDS,
    ZERO,
    LineTotal,
    closed_through,
    grand_total,
    line_totals,
    month_after,
    month_of,
    the_grant,
)
from db.models import LedgerEntry, Pilot, PlanMonth
from db.vocab import Scope, text

RATE_MONTHS = 3
"""The daily rate is that of so many closed months; fewer is marked as early."""


class Charge(NamedTuple):
    """One expenditure or adjustment; a void is one with the opposite amount."""

    day: date
    amount: Decimal
    one_off: bool


Charges = tuple[Charge, ...]

# --- by line ---------------------------------------------------------------------------------------------


def _by_line(
    amount: Callable[[LineTotal], Decimal],
    key: str,
    session: Session,
    pilot: Pilot,
    filters: Filters,
    audience: Audience,
) -> Result:
    """One amount per budget line, of entries dated through the period's end (inclusive)."""
    lang, through = filters.lang, common.until(filters)
    lines = line_totals(session, through)
    total = grand_total(lines)
    rows = [
        {
            "group": line.name,
            "value": float(amount(line)),
            "budget": float(line.budget),
            "share": float(amount(line) / line.budget) if line.budget else None,
        }
        for line in lines
    ]
    closed = closed_through(session)
    provisional = key != "obligated" and _spent(_charges(session), after=closed, through=through) != 0
    values = {
        "amount": words.money(amount(total), lang),
        "budget": words.money(total.budget, lang),
        "share": words.percent(amount(total) / total.budget, lang) if total.budget else "–",
        "day": words.day(through, lang),
    }
    open_months = text("money.open_months", _lang(lang), day=words.day(closed, lang))
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["group", "value", "budget", "share"]),
        columns=common.columns(
            lang, group="money_line", value=f"money_{key}", budget="money_budget", share="money_share"
        ),
        estimate=Estimate(float(amount(total))),
        display=words.money(amount(total), lang),
        context=common.said(key, "context", lang, **values),
        sentence=common.said(key, "sentence", lang, **values) if lines else text("money.no_budget", _lang(lang)),
        caveats=(open_months,) if provisional else (),
        provisional=provisional,
        marks={"exact": {line.name: amount(line) for line in lines}, "total": amount(total), "budget": total.budget},
    )


# --- burn and projection ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Projection:
    """Where the money will stand on the pilot's last day. Dollars and cents, exact; shares are 0–1.

    ``through`` is S, the end of the last month finance has closed; None when there is none yet: then the
    plan is the projection. ``rate``, ``slow``, ``fast``: dollars a day (mean, lowest and highest month).
    ``months`` closed months stand behind the rate.
    """

    budget: Decimal
    through: date | None
    spent: Decimal
    known: Decimal
    rate: Decimal
    slow: Decimal
    fast: Decimal
    months: int
    days_left: int
    planned: Decimal

    def at(self, rate: Decimal) -> Decimal:
        """Total spent on the last day, at ``rate`` dollars a day from S on."""
        if self.through is None:
            return self.planned
        return cents(self.spent + self.known + rate * self.days_left)

    @property
    def close(self) -> Decimal:
        return self.at(self.rate)

    @property
    def left(self) -> Decimal:
        """Budget not spent on the last day; negative is over."""
        return self.budget - self.close


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def project(session: Session, pilot: Pilot) -> Projection:
    """``projected_close`` = spent through S + known future charges + r × days from S to the last day.

    Known future charges are one-off entries already booked for days after S. r is the mean daily spend of
    the last three closed months inside the pilot, one-off entries left out.
    """
    through, charges = closed_through(session), _charges(session)
    rates = _daily_rates(charges, pilot, through) if through else []
    spending = sum((amount for amount, _ in rates), ZERO)
    days = sum(days for _, days in rates)
    by_month = [amount / days for amount, days in rates]
    planned = sum(_plan(session).values(), ZERO)
    return Projection(
        budget=grand_total(line_totals(session)).budget,
        through=through,
        spent=_spent(charges, through=through) if through else ZERO,
        known=_spent(charges, after=through, through=pilot.ends_on, one_off=True) if through else ZERO,
        rate=spending / days if days else ZERO,
        slow=min(by_month, default=ZERO),
        fast=max(by_month, default=ZERO),
        months=len(rates),
        days_left=max((pilot.ends_on - through).days, 0) if through else 0,
        planned=planned,
    )


def _daily_rates(charges: Charges, pilot: Pilot, through: date) -> list[tuple[Decimal, int]]:
    """(regular spending, days) of the last closed months, newest first; days outside the pilot do not count."""
    found: list[tuple[Decimal, int]] = []
    end = through
    while len(found) < RATE_MONTHS and end >= pilot.starts_on:
        month = month_of(end)
        days = (min(end, pilot.ends_on) - max(month, pilot.starts_on)).days + 1
        if days > 0:
            before = month - timedelta(days=1)
            found.append((_spent(charges, after=before, through=end, one_off=False), days))
        end = month - timedelta(days=1)
    return found


def _charges(session: Session) -> Charges:
    rows = session.execute(
        select(LedgerEntry.on_date, LedgerEntry.amount, LedgerEntry.one_off).where(LedgerEntry.kind.in_(SPENT_KINDS))
    )
    return tuple(Charge(*row) for row in rows)


def _spent(
    charges: Charges, *, after: date | None = None, through: date | None = None, one_off: bool | None = None
) -> Decimal:
    """The sum of what is dated in (after, through], to the cent."""
    dated = (c for c in charges if (after is None or c.day > after) and (through is None or c.day <= through))
    return sum((c.amount for c in dated if one_off is None or c.one_off is one_off), ZERO)


def spent_through(session: Session, day: date) -> Decimal:
    """All expenditures and adjustments dated on or before ``day``, to the cent."""
    return _spent(_charges(session), through=day)


def _plan(session: Session) -> dict[date, Decimal]:
    """First day of each planned month → what all lines planned to spend in it."""
    plan: dict[date, Decimal] = {}
    for part in session.scalars(select(PlanMonth)):
        plan[part.month] = plan.get(part.month, ZERO) + part.amount
    return plan


def _burn_table(session: Session, pilot: Pilot, found: Projection) -> pd.DataFrame:
    """Cumulative dollars at the eve of the first day, each month's end, S and the last day."""
    plan, charges = _plan(session), _charges(session)
    eve = pilot.starts_on - timedelta(days=1)
    ends = [month_after(month) - timedelta(days=1) for month in common.months(pilot.starts_on, pilot.ends_on)]
    days = sorted(
        {eve, *(end for end in ends if end < pilot.ends_on), pilot.ends_on}
        | ({found.through} if found.through else set())
    )
    rows: list[dict[str, Any]] = []
    for day in days:
        row: dict[str, Any] = {
            "date": day,
            "plan": float(
                sum((v for month, v in plan.items() if min(common.month_end(month), pilot.ends_on) <= day), ZERO)
            ),
        }
        through = found.through
        row["spent"] = float(_spent(charges, through=day)) if through and day <= through else None
        for name, rate in (("projected", found.rate), ("projected_low", found.slow), ("projected_high", found.fast)):
            row[name] = float(_projected(charges, found, through, day, rate)) if through and day >= through else None
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(table.columns.drop("date"), float))


def _projected(charges: Charges, found: Projection, through: date, day: date, rate: Decimal) -> Decimal:
    booked = _spent(charges, after=through, through=day, one_off=True)
    return cents(found.spent + booked + rate * (day - through).days)


def burn(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Spent against plan, cumulative, with the projected close. The period filter does not apply."""
    found = project(session, pilot)
    lang = filters.lang
    table = _burn_table(session, pilot, found)
    return Result(
        key="burn",
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: f"money_{name}" for name in table.columns}),
        estimate=_estimate(found),
        display=words.money(found.spent, lang),
        context=_of_budget(found, lang),
        sentence=_sentence(pilot, found, lang),
        caveats=_caveats(found, lang),
        spark=common.spark(table["spent"]),
        provisional=0 < found.months < RATE_MONTHS,
        marks=_burn_marks(session, pilot, filters, found),
    )


def projected_close(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """What will have been spent on the pilot's last day, with its range. The period filter does not apply."""
    found = project(session, pilot)
    lang = filters.lang
    low, high = found.at(found.slow), found.at(found.fast)
    table = pd.DataFrame(
        [{"budget": float(found.budget), "value": float(found.close), "low": float(low), "high": float(high)}]
    )
    return Result(
        key="projected_close",
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(
            lang, budget="money_budget", value="money_projected", low="money_projected_low", high="money_projected_high"
        ),
        estimate=_estimate(found),
        display=words.money(found.close, lang),
        context=text("money.of", _lang(lang), budget=words.money(found.budget, lang)),
        sentence=_sentence(pilot, found, lang),
        caveats=_caveats(found, lang),
        provisional=found.months < RATE_MONTHS,
        marks=_burn_marks(session, pilot, filters, found),
    )


def _of_budget(found: Projection, lang: str) -> str:
    """ "of $216,000, through 31 Oct 2026"."""
    key = "money.of_through" if found.through else "money.of"
    return text(key, _lang(lang), budget=words.money(found.budget, lang), day=words.day(found.through, lang))


def _estimate(found: Projection) -> Estimate:
    return Estimate(float(found.close), float(found.at(found.slow)), float(found.at(found.fast)), found.months)


def _burn_marks(session: Session, pilot: Pilot, filters: Filters, found: Projection) -> dict[str, Any]:
    grant = the_grant(session)
    obligated = grand_total(line_totals(session, filters.as_of)).obligated
    return common.marks(session, pilot, filters, "burn") | {
        "budget": float(found.budget),
        "projected_close": float(found.close),
        "obligate_by": grant.obligate_by if grant else None,
        "expend_by": grant.expend_by if grant else None,
        "closed_through": found.through,
        "time_share": _gone(pilot, found.through or filters.as_of),
        "spent_share": float(found.spent / found.budget) if found.budget else None,
        "obligated_share": float(obligated / found.budget) if found.budget else None,
        "exact": found,
    }


def _gone(pilot: Pilot, day: date) -> float:
    """Share of the pilot's days that are over at the end of ``day``."""
    total = (pilot.ends_on - pilot.starts_on).days + 1
    return min(max((day - pilot.starts_on).days + 1, 0) / total, 1.0)


def _sentence(pilot: Pilot, found: Projection, lang: str) -> str:
    """Money and time are both taken at S, so that like is set against like."""
    if not found.budget:
        return text("money.no_budget", _lang(lang))
    ending = "over" if found.left < 0 else "left"
    values = {"rest": words.money(_about(abs(found.left)), lang)}
    if found.through is None:
        return text(f"money.plan_{ending}", _lang(lang), **values)
    spent = words.percent(found.spent / found.budget, lang)
    gone = words.percent(_gone(pilot, found.through), lang)
    return text(f"money.burn_{ending}", _lang(lang), spent=spent, gone=gone, **values)


def _about(amount: Decimal) -> Decimal:
    """Sensibly round: to $1,000 from $5,000 on, to $100 below."""
    step = Decimal(1000) if amount >= 5000 else Decimal(100)
    return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _caveats(found: Projection, lang: str) -> tuple[str, ...]:
    if found.through is None:
        return (text("money.none_closed", _lang(lang)),)
    said = [text("money.closed_through", _lang(lang), day=words.day(found.through, lang))]
    if found.months < RATE_MONTHS:
        said.append(text("money.early", _lang(lang), n=words.number(found.months, lang)))
    low, high = words.money(found.at(found.slow), lang), words.money(found.at(found.fast), lang)
    return (*said, text("money.range", _lang(lang), low=low, high=high))


# --- what it bought --------------------------------------------------------------------------------------


COUNTED = {
    "cost_per_person": reach.people_served,
    "cost_per_intervention": reach.interventions,
    "cost_per_connection": connections.connections_made,
}


def _cost_per(key: str, session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Expenditures ÷ count, both from the pilot's start through S; never budget ÷ count."""
    lang, through = filters.lang, closed_through(session)
    spent = _spent(_charges(session), through=through) if through else ZERO
    count = 0
    if through and through >= pilot.starts_on:
        slice_ = replace(filters, first=pilot.starts_on, last=through, staff_id=None)
        count = round(COUNTED[key](session, pilot, slice_, Audience.internal).estimate.value or 0)
    cost = cents(spent / count) if count else None
    values = {
        "cost": words.money(cost, lang),
        "spent": words.money(spent, lang),
        "n": words.number(count, lang),
        "day": words.day(through, lang),
    }
    part = "sentence" if cost is not None else "nothing"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(
            [{"spent": float(spent), "count": count, "value": float(cost) if cost is not None else None}]
        ),
        columns=common.columns(lang, spent="money_spent", count="money_count", value="money_cost"),
        estimate=Estimate(None if cost is None else float(cost), n=count),
        display=words.money(cost, lang),
        context=common.said(key, "context", lang, **values) if cost is not None else "",
        sentence=common.said(key, part, lang, **values) if cost is not None else text("money.no_cost", _lang(lang)),
        marks=common.marks(session, pilot, filters, key) | {"closed_through": through},
        guard=Guard(
            bars=("count",),
            plain=("spent",),
            derived={"value": ("count",)},
            sums=False,
            headline=(count,),
            said=(count,),
        ),
    )


def _lang(lang: str) -> Any:
    return "es" if lang == "es" else "en"


_MONEY = {"about_people": False, "scopes": (Scope.money, Scope.setup), "permission": Permission.see_money}
_COST = {"scopes": (Scope.money, Scope.work, Scope.setup), "permission": Permission.see_money, "chart": None}

MEASURES: tuple[Measure, ...] = (
    common.define("obligated", partial(_by_line, lambda line: line.obligated, "obligated"), chart="bars", **_MONEY),
    common.define("spent", partial(_by_line, lambda line: line.spent, "spent"), chart="bars", **_MONEY),
    common.define("remaining", partial(_by_line, lambda line: line.remaining, "remaining"), chart="bars", **_MONEY),
    common.define("burn", burn, chart="burn", **_MONEY),
    common.define("projected_close", projected_close, chart=None, **_MONEY),
    common.define("cost_per_person", partial(_cost_per, "cost_per_person"), direction=Direction.down_good, **_COST),
    common.define(
        "cost_per_intervention", partial(_cost_per, "cost_per_intervention"), direction=Direction.down_good, **_COST
    ),
    common.define(
        "cost_per_connection", partial(_cost_per, "cost_per_connection"), direction=Direction.down_good, **_COST
    ),
)
