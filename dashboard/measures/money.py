"""Will the money last? Exact sums from the ledger; floats only where a chart draws them (measures.md, section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.access import Permission
from db.ledger import (
    SPENT_KINDS,
    ZERO,
    closed_through,
    grand_total,
    line_totals,
    month_after,
    month_end,
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
NEAR_DAYS = 45
"""A deadline so soon after the last drawn day is drawn as well; a later one is named in the caption."""


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
    last_day: date
    booked: Charges
    """Charges that ``known`` sums: one-off ones dated after S, through the last day."""
    reached: date | None
    """The day on which what was spent through S reached the budget; None while it has not."""

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

    @property
    def over(self) -> bool:
        """Whether the pilot's last day is closed: then nothing is projected any more."""
        return self.through is not None and self.through >= self.last_day

    def runs_out(self, rate: Decimal) -> date | None:
        """The first day before the last one on which spending at ``rate`` dollars a day reaches the budget.

        None where the money lasts to the last day, and without a closed month.
        """
        if self.reached is not None or self.through is None:
            return self.reached
        for ahead in range(1, self.days_left):
            day = self.through + timedelta(days=ahead)
            if self.spent + _spent(self.booked, through=day) + rate * ahead >= self.budget:
                return day
        return None


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
    budget = grand_total(line_totals(session)).budget
    booked = tuple(c for c in charges if through and through < c.day <= pilot.ends_on and c.one_off)
    return Projection(
        budget=budget,
        through=through,
        spent=_spent(charges, through=through) if through else ZERO,
        known=_spent(booked),
        rate=spending / days if days else ZERO,
        slow=min(by_month, default=ZERO),
        fast=max(by_month, default=ZERO),
        months=len(rates),
        days_left=max((pilot.ends_on - through).days, 0) if through else 0,
        planned=planned,
        last_day=pilot.ends_on,
        booked=booked,
        reached=_reached(charges, budget, through) if through and budget else None,
    )


def _reached(charges: Charges, budget: Decimal, through: date) -> date | None:
    """The first day from which spending has stood at the budget or above it, through ``through``."""
    found, total = None, ZERO
    for day in sorted({c.day for c in charges if c.day <= through}):
        total += sum((c.amount for c in charges if c.day == day), ZERO)
        found = None if total < budget else found or day
    return found


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
            "plan": float(sum((v for month, v in plan.items() if min(month_end(month), pilot.ends_on) <= day), ZERO)),
        }
        through = found.through
        row["spent"] = float(_spent(charges, through=day)) if through and day <= through else None
        for name, rate in (("projected", found.rate), ("projected_low", found.slow), ("projected_high", found.fast)):
            ahead = through is not None and day >= through and not found.over
            row[name] = float(_projected(charges, found, through, day, rate)) if through and ahead else None
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
    marks = _burn_marks(session, pilot, filters, found)
    later = deadlines(marks, "beyond", lang)
    beyond = (said_in("money.beyond", lang, days=later),) if later else ()
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
        caveats=(*_caveats(found, lang), *filter(None, (formula(found, lang),)), *beyond),
        spark=common.spark(table["spent"]),
        provisional=0 < found.months < RATE_MONTHS,
        marks=marks,
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
        context=said_in("money.of", lang, budget=words.money(found.budget, lang)),
        sentence=_sentence(pilot, found, lang),
        caveats=_caveats(found, lang),
        provisional=found.months < RATE_MONTHS,
        marks=_burn_marks(session, pilot, filters, found),
    )


def _of_budget(found: Projection, lang: str) -> str:
    """ "of $216,000, through 31 Oct 2026"."""
    key = "money.of_through" if found.through else "money.of"
    return said_in(key, lang, budget=words.money(found.budget, lang), day=words.day(found.through, lang))


def _estimate(found: Projection) -> Estimate:
    return Estimate(float(found.close), float(found.at(found.slow)), float(found.at(found.fast)), found.months)


def _burn_marks(session: Session, pilot: Pilot, filters: Filters, found: Projection) -> dict[str, Any]:
    grant = the_grant(session)
    end = max(pilot.ends_on, found.through or pilot.ends_on)
    days = {
        "obligate_by": grant.obligate_by if grant else None,
        "expend_by": grant.expend_by if grant else None,
        "last_day": pilot.ends_on,
    }
    drawn = {name: day for name, day in days.items() if day and pilot.starts_on <= day <= end + timedelta(NEAR_DAYS)}
    return common.marks(session, pilot, filters, "burn") | {
        **days,
        "drawn": drawn,
        "beyond": {name: day for name, day in days.items() if day and name not in drawn},
        "budget": float(found.budget),
        "projected_close": float(found.close),
        "closed_through": found.through,
        "runs_out": found.runs_out(found.rate),
        "formula": formula(found, filters.lang),
        "exact": found,
    }


def gone(pilot: Pilot, day: date) -> float:
    """Share of the pilot's days that are over at the end of ``day``."""
    total = (pilot.ends_on - pilot.starts_on).days + 1
    return min(max((day - pilot.starts_on).days + 1, 0) / total, 1.0)


def _sentence(pilot: Pilot, found: Projection, lang: str) -> str:
    """Money and time are both taken at S, so that like is set against like."""
    if not found.budget:
        return said_in("money.no_budget", lang)
    ending = "over" if found.left < 0 else "left"
    values = {"rest": words.money(_about(abs(found.left)), lang)}
    if found.through is None:
        return said_in(f"money.plan_{ending}", lang, **values)
    values["spent"] = words.percent(found.spent / found.budget, lang)
    if found.over:
        return said_in(f"money.ended_{ending}", lang, **values)
    time = words.percent(gone(pilot, found.through), lang)
    said = said_in(f"money.burn_{ending}", lang, gone=time, **values)
    reached = found.runs_out(found.rate)
    return said if reached is None else f"{said} {said_in('money.runs_out', lang, day=words.day(reached, lang))}"


def _about(amount: Decimal) -> Decimal:
    """Sensibly round: to $1,000 from $5,000 on, to $100 below."""
    step = Decimal(1000) if amount >= 5000 else Decimal(100)
    return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _caveats(found: Projection, lang: str) -> tuple[str, ...]:
    if found.through is None:
        return (said_in("money.none_closed", lang),)
    said = [said_in("money.closed_through", lang, day=words.day(found.through, lang))]
    if found.months < RATE_MONTHS:
        said.append(said_in("money.early", lang, n=words.number(found.months, lang)))
    if found.over:
        return tuple(said)
    low, high = words.money(found.at(found.slow), lang), words.money(found.at(found.fast), lang)
    return (*said, said_in("money.range", lang, low=low, high=high), *_run_out(found, lang))


def formula(found: Projection, lang: str) -> str:
    """How the projected close comes about, with its numbers; empty where nothing is projected."""
    if found.through is None or found.over:
        return ""
    values = {name: words.money(getattr(found, name), lang) for name in ("close", "spent", "known")}
    values |= {"rate": words.money(found.rate, lang, cents=True), "days": words.number(found.days_left, lang)}
    return said_in("money.formula.close", lang, day=words.day(found.through, lang), **values)


def _run_out(found: Projection, lang: str) -> tuple[str, ...]:
    """When the budget would be reached, at the pace of the highest and of the lowest month."""
    soon, late = found.runs_out(found.fast), found.runs_out(found.slow)
    if found.reached or soon is None:
        return ()
    key = "money.run_out_range" if late else "money.run_out_perhaps"
    return (said_in(key, lang, first=words.day(soon, lang), last=words.day(late, lang)),)


def deadlines(marks: Mapping[str, Any], which: str, lang: str = "en") -> str:
    """The dates under ``which`` ("drawn" or "beyond") of a burn's marks in words; empty where there are none."""
    named = [said_in(f"money.{name}", lang, day=words.day(day, lang)) for name, day in marks.get(which, {}).items()]
    return words.listing(named, lang)


def percent(share: Decimal | float, lang: str) -> str:
    """A whole percentage, but nothing short of all of it reads as 100 %: "99.7 %"."""
    return words.percent(share, lang, 1 if Decimal("0.995") <= share < 1 else 0)


def said_in(key: str, lang: str, /, **values: object) -> str:
    """Words of the vocabulary in the language of a slice."""
    return text(key, "es" if lang == "es" else "en", **values)


_MONEY = {"about_people": False, "scopes": (Scope.money, Scope.setup), "permission": Permission.see_money}

MEASURES: tuple[Measure, ...] = (
    common.define("burn", burn, chart="burn", **_MONEY),
    common.define("projected_close", projected_close, chart=None, **_MONEY),
)
