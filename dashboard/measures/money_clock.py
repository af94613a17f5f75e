"""The pilot clock: how much of the year, of the obligations and of the money is gone, all through S, and why."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.measures.money import cents, percent, said_in
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.access import Permission
from db.ledger import SPENT_KINDS, ZERO, LineTotal, closed_through, grand_total, line_totals, vacancy_savings
from db.models import LedgerEntry, Pilot, PlanMonth
from db.vocab import Scope

TOLERANCE = Decimal("0.05")
"""Spending within five points of the clock, this much included, is on it. Ours: no standard gives one."""
WEIGHT = Decimal("0.25")
"""A line is named as a reason when it makes at least this part of the gap; at most ``REASONS`` are."""
REASONS = 2
AHEAD, ON, BEHIND = "ahead", "on", "behind"


@dataclass(frozen=True, slots=True)
class Gap:
    """One line against an even year, through S, in dollars: ``apart`` = spent − time × budget.

    ``one_off``: spent once (equipment, training); ``planned``: the plan through S; ``vacant``: saved while
    the post stood empty, up to and including ``until``.
    """

    name: str
    apart: Decimal
    one_off: Decimal
    planned: Decimal | None
    even: Decimal
    vacant: Decimal
    until: date | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Shares of 0–1, exact: of the pilot's days, of the budget. ``through`` is S."""

    through: date
    time: Decimal
    obligated: Decimal
    spent: Decimal
    budget: Decimal
    gaps: tuple[Gap, ...]

    @property
    def state(self) -> str:
        """ "ahead" of the clock, "on" it or "behind": what is spent against the time that is gone."""
        apart = self.spent - self.time
        return ON if abs(apart) <= TOLERANCE else AHEAD if apart > 0 else BEHIND

    @property
    def reasons(self) -> tuple[Gap, ...]:
        """The lines that make most of the gap, the largest first; none on the clock."""
        apart = (self.spent - self.time) * self.budget
        if self.state == ON:
            return ()
        same = [gap for gap in self.gaps if gap.apart * apart > 0 and abs(gap.apart) >= WEIGHT * abs(apart)]
        return tuple(sorted(same, key=lambda gap: -abs(gap.apart))[:REASONS])


def clock(session: Session, pilot: Pilot) -> Clock | None:
    """The clock at S; None before the first closed month, or without a budget."""
    through = closed_through(session)
    lines = line_totals(session, through)
    total = grand_total(lines)
    if through is None or total.budget <= 0:
        return None
    time = time_gone(pilot, through)
    return Clock(
        through=through,
        time=time,
        obligated=total.obligated / total.budget,
        spent=total.spent / total.budget,
        budget=total.budget,
        gaps=_gaps(session, pilot, lines, through, time),
    )


def time_gone(pilot: Pilot, day: date) -> Decimal:
    """Share of the pilot's days that are over at the end of ``day``, 0–1."""
    days = (pilot.ends_on - pilot.starts_on).days + 1
    return min(Decimal(max((day - pilot.starts_on).days + 1, 0)) / days, Decimal(1))


def _gaps(
    session: Session, pilot: Pilot, lines: tuple[LineTotal, ...], through: date, time: Decimal
) -> tuple[Gap, ...]:
    once = case((LedgerEntry.one_off, LedgerEntry.amount), else_=None)
    one_off = session.execute(
        select(LedgerEntry.line_id, func.sum(once))
        .where(LedgerEntry.kind.in_(SPENT_KINDS), LedgerEntry.on_date <= through)
        .group_by(LedgerEntry.line_id)
    )
    planned = session.execute(
        select(PlanMonth.line_id, func.sum(PlanMonth.amount))
        .where(PlanMonth.month <= through)
        .group_by(PlanMonth.line_id)
    )
    spent_once, plan = (
        {line: amount or ZERO for line, amount in one_off},
        {line: amount or ZERO for line, amount in planned},
    )
    vacant = {found.line_id: found for found in vacancy_savings(session, pilot, through)}
    return tuple(
        Gap(
            name=line.name,
            apart=line.spent - cents(time * line.budget),
            one_off=spent_once.get(line.line_id, ZERO),
            planned=plan.get(line.line_id),
            even=cents(time * line.budget),
            vacant=vacant[line.line_id].saved if line.line_id in vacant else ZERO,
            until=vacant[line.line_id].until if line.line_id in vacant else None,
        )
        for line in lines
    )


def reason(gap: Gap, lang: str) -> str:
    """Why a line is away from an even year, in a few words."""
    values = {
        "line": gap.name,
        "amount": words.money(abs(gap.apart), lang),
        "saved": words.money(gap.vacant, lang),
        "day": words.day(gap.until, lang),
    }
    if gap.apart < 0 and gap.vacant >= WEIGHT * abs(gap.apart):
        return said_in("money.why_vacant", lang, **values)
    if gap.apart > 0 and gap.one_off >= WEIGHT * gap.apart:
        return said_in("money.why_early", lang, **values)
    side = "more" if gap.apart > 0 else "less"
    meant = ZERO if gap.planned is None else (gap.planned - gap.even) * (1 if gap.apart > 0 else -1)
    return said_in(f"money.why_planned_{side}" if meant >= abs(gap.apart) / 2 else f"money.why_{side}", lang, **values)


def sentence(found: Clock, lang: str, *, why: bool = True) -> str:
    """Ahead, on or behind, the three shares; and why, by line."""
    values = {
        "time": percent(found.time, lang),
        "obligated": percent(found.obligated, lang),
        "spent": percent(found.spent, lang),
        "day": words.day(found.through, lang),
        "points": words.number(abs(found.spent - found.time) * 100, lang, 1),
        "within": words.number(TOLERANCE * 100, lang),
    }
    said = said_in(f"money.clock_{found.state}", lang, **values)
    reasons = [reason(gap, lang) for gap in found.reasons] if why else []
    return said if not reasons else f"{said} {said_in('money.clock_why', lang, reasons='; '.join(reasons))}"


def pilot_clock(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """% time, % obligated and % spent, all three through S. The period filter does not apply."""
    key, lang, found = "pilot_clock", filters.lang, clock(session, pilot)
    shares: dict[str, Any] = {}
    if found is not None:
        shares = {"time": found.time, "obligated": found.obligated, "spent": found.spent}
    rows = [(said_in(f"money.share_{name}", lang), float(share), name) for name, share in shares.items()]
    spent = percent(found.spent, lang) if found else words.NOTHING
    nothing = "money.clock_none" if grand_total(line_totals(session)).budget > 0 else "money.no_budget"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["group", "value", "mark"]),
        columns=common.columns(lang, group="money_clock", value="money_clock_share"),
        estimate=Estimate(float(found.spent) if found else None),
        display=spent,
        context=common.said(key, "context", lang, time=percent(found.time, lang)) if found else "",
        sentence=sentence(found, lang, why=not filters.without_pay) if found else said_in(nothing, lang),
        caveats=(common.said(key, "tolerance", lang, within=words.number(TOLERANCE * 100, lang)),),
        marks={
            "closed_through": found.through if found else None,
            "state": found.state if found else None,
            "formulas": tuple(said_in(f"money.formula.share_{name}", lang) for name in shares),
        },
    )


MEASURES: tuple[Measure, ...] = (
    common.define(
        "pilot_clock",
        pilot_clock,
        chart="clock",
        about_people=False,
        scopes=(Scope.money, Scope.setup),
        permission=Permission.see_money,
    ),
)
