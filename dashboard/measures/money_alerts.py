"""What about the money wants attention today, each in one sentence, the gravest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures.money import percent, project, said_in
from db.ledger import SPENT_KINDS, LineTotal, grand_total, line_totals, month_of, the_grant
from db.models import LedgerEntry, Pilot, PlanMonth

FULL = Decimal("0.90")
"""A line is told of when more than this share of it is spent or obligated; exactly this share is not."""
SOON_DAYS = 60
"""A deadline is told of from so many days before it on, that day and the deadline's own included."""


@dataclass(frozen=True, slots=True)
class Alert:
    """``grave``: something is over or too late; otherwise it is worth a look."""

    kind: str
    said: str
    grave: bool = False


def alerts(session: Session, pilot: Pilot, today: date, lang: str = "en") -> tuple[Alert, ...]:
    """All that holds on ``today``, of everything booked through it. Reads a session that sees the ledger."""
    lines = line_totals(session, today)
    found = [
        *_over(lines, lang),
        *_forecast(session, pilot, lang),
        *_deadlines(session, pilot, lines, today, lang),
        *_full(lines, lang),
        *_unplanned(session, today, lang),
    ]
    return tuple(sorted(found, key=lambda alert: not alert.grave))


def _over(lines: tuple[LineTotal, ...], lang: str) -> Iterator[Alert]:
    """Spent or obligated beyond the line's budget."""
    for line in lines:
        for name, amount in (("spent", line.spent), ("obligated", line.obligated)):
            if amount > line.budget:
                over, budget = (words.money(x, lang, cents=True) for x in (amount - line.budget, line.budget))
                values = {"line": line.name, "over": over, "budget": budget}
                yield Alert(f"over_{name}", said_in(f"money.alert_over_{name}", lang, **values), grave=True)


def _full(lines: tuple[LineTotal, ...], lang: str) -> Iterator[Alert]:
    """Over 90 % and not over the budget: all lines of one kind in one sentence."""
    for name in ("spent", "obligated"):
        shares = [(line.name, getattr(line, name) / line.budget) for line in lines if line.budget > 0]
        full = [f"{line} ({_more_than_full(share, lang)})" for line, share in shares if FULL < share <= 1]
        if full:
            values = {"lines": words.listing(full, lang), "limit": words.percent(FULL, lang)}
            yield Alert(f"full_{name}", said_in(f"money.alert_full_{name}", lang, **values))


def _more_than_full(share: Decimal, lang: str) -> str:
    """A share just over the limit does not read as the limit itself: "90.4 %"."""
    said = percent(share, lang)
    return words.percent(share, lang, 1) if said == words.percent(FULL, lang) else said


def _forecast(session: Session, pilot: Pilot, lang: str) -> Iterator[Alert]:
    """Projected to end below zero."""
    found = project(session, pilot)
    if found.budget <= 0 or found.left >= 0:
        return
    reached = found.runs_out(found.rate)
    key = "ended" if found.over else "plan" if found.through is None else "forecast" if reached is None else "runs_out"
    values = {"amount": words.money(-found.left, lang), "day": words.day(reached, lang)}
    yield Alert("forecast", said_in(f"money.alert_{key}", lang, **values), grave=True)


def _deadlines(session: Session, pilot: Pilot, lines: tuple[LineTotal, ...], today: date, lang: str) -> Iterator[Alert]:
    """What the grant or the pilot ends within 60 days, and what it still leaves open; or ended with it open."""
    grant, total = the_grant(session), grand_total(lines)
    dates = [("last_day", pilot.ends_on, total.remaining)]
    if grant is not None:
        dates += [
            ("obligate_by", grant.obligate_by, total.uncommitted),
            ("expend_by", grant.expend_by, total.remaining),
        ]
    for name, day, left in sorted(dates, key=lambda one: one[1]):
        ahead = (day - today).days
        values = {"day": words.day(day, lang), "n": words.number(ahead, lang), "left": words.money(left, lang)}
        if 0 <= ahead <= SOON_DAYS:
            key = f"money.alert_{name}" if left > 0 else f"money.alert_{name}_done"
            yield Alert(name, said_in(key, lang, **values))
        elif ahead < 0 < left and name != "last_day":
            yield Alert(name, said_in(f"money.alert_{name}_passed", lang, **values), grave=True)


def _unplanned(session: Session, today: date, lang: str) -> Iterator[Alert]:
    """Months in which a line spent without a plan, voids taken off; one sentence for all where nothing is planned."""
    planned = {
        (line, month)
        for line, month in session.execute(select(PlanMonth.line_id, PlanMonth.month).where(PlanMonth.amount > 0))
    }
    spent: dict[tuple[int, date], Decimal] = {}
    sums = select(LedgerEntry.line_id, LedgerEntry.on_date, func.sum(LedgerEntry.amount))
    sums = sums.where(LedgerEntry.kind.in_(SPENT_KINDS), LedgerEntry.on_date <= today)
    for line, day, amount in session.execute(sums.group_by(LedgerEntry.line_id, LedgerEntry.on_date)):
        place = (line, month_of(day))
        spent[place] = spent.get(place, Decimal(0)) + amount
    missing = {place: amount for place, amount in spent.items() if amount > 0 and place not in planned}
    if not missing:
        return
    total = words.money(sum(missing.values()), lang)
    if not planned:
        yield Alert("unplanned", said_in("money.alert_no_plan", lang, amount=total))
        return
    for line in line_totals(session, today):
        months = sorted(month for found, month in missing if found == line.line_id)
        if months:
            amount = sum(missing[line.line_id, month] for month in months)
            named = words.listing([words.month(month, lang) for month in months], lang)
            values = {"line": line.name, "amount": words.money(amount, lang), "months": named}
            yield Alert("unplanned", said_in("money.alert_unplanned", lang, **values))
