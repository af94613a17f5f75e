"""What a month costs by the pilot's own last closed months, and “continue as is” made of it, to the cent."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db import hours
from db.forms.scenarios import CENT, PERIODS, Assumptions, Post, Source
from db.ledger import SPENT_KINDS, ZERO, closed_through, month_after, month_of
from db.models import BudgetLine, LedgerEntry, Pilot, Shift, Staff
from db.vocab.money import FundingKind

MONTHS = 3
EXAMPLE = "Like Stamford's: $550,000 over three years, as reported"
"""What the press reported of the sponsor city: an example, kept but not counted until somebody says so."""
EXAMPLE_AMOUNTS = (ZERO, Decimal("183333.33"), Decimal("183333.33"), Decimal("183333.34"))


@dataclass(frozen=True, slots=True)
class LineRate:
    """One budget line. ``by_month``: what each of the months cost without one-off entries; ``mean`` to the cent.

    ``fte``: of the post that the line pays; None for a line that pays no post.
    """

    line_id: int
    name: str
    is_pay: bool
    fte: Decimal | None
    by_month: tuple[Decimal, ...]

    @property
    def mean(self) -> Decimal:
        count = len(self.by_month)
        return (sum(self.by_month, ZERO) / count).quantize(CENT, ROUND_HALF_UP) if count else ZERO


@dataclass(frozen=True, slots=True)
class RunRate:
    """``months``: first days of the last closed months that lie wholly inside the pilot, oldest first."""

    months: tuple[date, ...]
    lines: tuple[LineRate, ...]

    @property
    def monthly(self) -> Decimal:
        return sum((line.mean for line in self.lines), ZERO)


def last_closed(session: Session, pilot: Pilot) -> tuple[date, ...]:
    """First days of up to ``MONTHS`` closed months wholly inside the pilot, oldest first."""
    through, found = closed_through(session), list[date]()
    month = month_of(pilot.starts_on) if pilot.starts_on.day == 1 else month_after(pilot.starts_on)
    while through is not None and month_after(month) - timedelta(days=1) <= min(through, pilot.ends_on):
        found.append(month)
        month = month_after(month)
    return tuple(found[-MONTHS:])


def run_rate(session: Session, pilot: Pilot) -> RunRate:
    """By line, in the budget's order. A session of somebody who may not see money finds no entry."""
    months = last_closed(session, pilot)
    spent: dict[tuple[int, date], Decimal] = {}
    if months:
        rows = session.execute(
            select(LedgerEntry.line_id, LedgerEntry.on_date, LedgerEntry.amount).where(
                LedgerEntry.kind.in_(SPENT_KINDS),
                LedgerEntry.one_off.is_(False),
                LedgerEntry.on_date >= months[0],
                LedgerEntry.on_date < month_after(months[-1]),
            )
        )
        for line_id, day, amount in rows:
            key = (line_id, month_of(day))
            spent[key] = spent.get(key, ZERO) + amount
    lines = session.execute(
        select(BudgetLine, Staff.fte_percent)
        .outerjoin(Staff, Staff.id == BudgetLine.post_id)
        .order_by(BudgetLine.position, BudgetLine.id)
    )
    return RunRate(
        months,
        tuple(
            LineRate(
                line.id,
                line.name,
                line.is_pay,
                Decimal(percent) / 100 if percent is not None else None,
                tuple(spent.get((line.id, month), ZERO) for month in months),
            )
            for line, percent in lines
        ),
    )


def as_is(session: Session, pilot: Pilot, day: date) -> Assumptions:
    """“Continue as is” on ``day``: what the last closed months cost, and the shifts that are valid then.

    A line that pays a post becomes that post at full time; other pay lines are benefits, as a percentage of the
    posts; all else, and the cents that rounding leaves, are other costs. So the sum is the ledger's, to the cent.
    """
    rate = run_rate(session, pilot)
    posts = tuple(_posts(session, rate, day))
    pay = sum((post.monthly for post in posts), ZERO)
    benefits = sum((line.mean for line in rate.lines if line.is_pay and line.fte is None), ZERO)
    percent = (benefits / pay * 100).quantize(Decimal("0.0001"), ROUND_HALF_UP) if pay > 0 and benefits > 0 else ZERO
    percent = min(percent, Decimal(200))
    made = Assumptions(posts=posts, benefits_percent=percent)
    return made.model_copy(
        update={
            "other_monthly": max(rate.monthly - made.monthly, ZERO),
            "hours": hours.written(_shifts(session, day)),
            "funding": no_funding(),
        }
    )


def no_funding() -> tuple[Source, ...]:
    """Every kind of source with nothing in it, and the federal example, which is not counted."""
    return tuple(
        Source(kind=kind, note=EXAMPLE, amounts=EXAMPLE_AMOUNTS, counted=False)
        if kind is FundingKind.federal
        else Source(kind=kind, amounts=(ZERO,) * PERIODS)  # pyright: ignore[reportArgumentType]
        for kind in FundingKind
    )


def _posts(session: Session, rate: RunRate, day: date) -> list[Post]:
    """The posts that lines pay; where no line is tied to one, who works there, at no cost of their own."""
    tied = [Post(name=line.name[:60], fte=line.fte, yearly=_yearly(line, line.fte)) for line in rate.lines if line.fte]
    if tied:
        return tied
    staff = session.scalars(
        select(Staff)
        .where(Staff.starts_on <= day, or_(Staff.ends_on.is_(None), Staff.ends_on >= day))
        .order_by(Staff.id)
    )
    return [Post(name=member.name, fte=Decimal(member.fte_percent) / 100, yearly=ZERO) for member in staff]


def _yearly(line: LineRate, fte: Decimal) -> Decimal:
    """At full time; an adjustment may leave a line below zero, which is no price of a post."""
    return max((line.mean * 12 / fte).quantize(CENT, ROUND_HALF_UP), ZERO)


def _shifts(session: Session, day: date) -> hours.Week:
    """The rostered hours of all staff on ``day``, overlaps joined."""
    valid = select(Shift).where(Shift.valid_from <= day, or_(Shift.valid_until.is_(None), Shift.valid_until >= day))
    spans = ((shift.weekday - 1, _minute(shift.starts_at), _minute(shift.ends_at)) for shift in session.scalars(valid))
    return hours.joined(tuple(spans))


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
