"""What an edition cannot say yet, told first: weeks that are not certified, calls not loaded, months not closed …"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.frozen import Gap
from dashboard.measures.common import employed
from dashboard.measures.effect import the_plan
from dashboard.measures.evidence_words import verdict_due
from db.arpa.calendar import due_on, quarters
from db.cad import current
from db.engine import aggregate_session
from db.ledger import month_end, month_of, quarter_end
from db.models import CallGap, MonthClose, Pilot, QuarterFiling, Staff, Tally, Target
from db.pilot import pilot_weeks, the_pilot
from db.vocab import LANGUAGES, Lang, TallyStatus, label, text
from db.weeks import over_from

WITH_TARGET = ("people_served", "connections_made", "connection_rate", "within_48h")
"""Measures whose figure says little without a target."""
NAMED = 3
"""Weeks of one member of staff that are named; more are counted."""


@dataclass(frozen=True)
class Ground:
    """What an edition stands on: the pilot, what is known on ``as_of``, and who has certified which week."""

    pilot: Pilot
    as_of: date
    open_weeks: tuple[tuple[date, Staff], ...]
    """(Monday, member of staff employed in it) of each week over by ``as_of`` that is not certified, oldest first."""
    weeks: tuple[date, ...]
    """Mondays of the pilot's weeks over by ``as_of``."""

    @cached_property
    def certified_to(self) -> date | None:
        """The last day of the newest week that everybody certified; None where there is none."""
        waiting = {week for week, _ in self.open_weeks}
        newest = next((week for week in reversed(self.weeks) if week not in waiting), None)
        return None if newest is None else min(newest + timedelta(days=6), self.pilot.ends_on)


def ground(bind: Engine, as_of: date) -> Ground:
    """How the weeks of everybody stand."""
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
        # The same words as the measures': a week whose Sunday is the as-of day is not over.
        over = tuple(week for week in pilot_weeks(pilot) if week + timedelta(days=6) < as_of)
        sheets = session.execute(select(Tally.week, Tally.staff_id).where(Tally.status != TallyStatus.draft))
        certified = {(week, staff_id) for week, staff_id in sheets}
        staff = session.scalars(select(Staff).order_by(Staff.id)).all()
        waiting = tuple(
            (week, one)
            for week in over
            for one in staff
            if employed(one, pilot, week) and (week, one.id) not in certified
        )
    return Ground(pilot, as_of, waiting, over)


def found(bind: Engine, stands: Ground, last: date, provisional: bool) -> tuple[Gap, ...]:
    """Every gap in the order in which it is told. ``last``: where the figures end; ``provisional``: weeks that are
    not certified are in them."""
    with aggregate_session(bind) as session:
        return (
            *_weeks(stands, last, provisional),
            *_calls(session, stands),
            *_ledger(session, stands),
            *_quarters(session, stands),
            *_targets(session),
            *_verdict(session, stands),
        )


Say = Callable[[Lang], dict[str, object]]


def _gap(kind: str, key: str, say: Say = lambda lang: {}) -> Gap:
    return Gap(kind, {lang: text(f"gap.{key}", lang, **say(lang)) for lang in LANGUAGES})


def _weeks(stands: Ground, last: date, provisional: bool) -> Iterator[Gap]:
    by_role: dict[object, list[date]] = {}
    for week, one in stands.open_weeks:
        by_role.setdefault(one.role, []).append(week)
    for role, weeks in by_role.items():
        several = "week" if len(weeks) == 1 else "weeks" if len(weeks) <= NAMED else "many_weeks"
        yield _gap(
            "weeks",
            several,
            lambda lang, role=role, weeks=weeks: {
                "weeks": words.listing([words.short_day(week, lang) for week in weeks[:NAMED]], lang),
                "count": words.number(len(weeks), lang),
                "first": words.day(weeks[0], lang),
                "who": label(role, lang).lower(),  # type: ignore[arg-type]
            },
        )
    if stands.open_weeks:
        within = {week < last for week, _ in stands.open_weeks}
        key = (
            "weeks_marked" if provisional or within == {True} else "weeks_both" if True in within else "weeks_left_out"
        )
        yield _gap("weeks", key, lambda lang: {"last": words.day(last, lang)})


def _calls(session: Session, stands: Ground) -> Iterator[Gap]:
    covered = current.coverage(session, stands.as_of)
    if covered is None:
        yield _gap("calls", "no_calls")
        return
    wanted = min(stands.as_of - timedelta(days=1), stands.pilot.ends_on)
    if covered.last < wanted:
        values = {"last": covered.last, "as_of": wanted}
        yield _gap("calls", "calls", lambda lang: {name: words.day(day, lang) for name, day in values.items()})
    inside = CallGap.last_day >= stands.pilot.starts_on, CallGap.first_day <= stands.as_of
    for gap in session.scalars(select(CallGap).where(*inside).order_by(CallGap.first_day)):
        days = {"first": gap.first_day, "last": gap.last_day}
        yield _gap(
            "calls", "call_gap", lambda lang, days=days: {name: words.day(day, lang) for name, day in days.items()}
        )


def _ledger(session: Session, stands: Ground) -> Iterator[Gap]:
    closed = session.scalar(
        select(func.max(MonthClose.month)).where(
            MonthClose.reopened_at.is_(None), MonthClose.closed_at < _end_of(stands)
        )
    )
    over = month_of(stands.as_of) - timedelta(days=1)  # the last day of the last month that is over
    if over < stands.pilot.starts_on:
        return
    if closed is None:
        yield _gap("ledger", "nothing_closed", lambda lang: {"month": words.month(over, lang)})
    elif month_end(closed) < min(over, month_end(stands.pilot.ends_on)):
        values = {"closed": closed, "open": over}
        yield _gap("ledger", "ledger", lambda lang: {name: words.month(day, lang) for name, day in values.items()})


def _quarters(session: Session, stands: Ground) -> Iterator[Gap]:
    filed = set(session.scalars(select(QuarterFiling.quarter).where(QuarterFiling.filed_at < _end_of(stands))))
    for quarter in quarters(session):
        if quarter_end(quarter) >= stands.as_of or quarter in filed:
            continue
        key = "quarter_late" if due_on(quarter) < stands.as_of else "quarter"
        yield _gap(
            "quarter",
            key,
            lambda lang, quarter=quarter: {
                "quarter": words.quarter(quarter, lang),
                "due": words.day(due_on(quarter), lang),
            },
        )


def _targets(session: Session) -> Iterator[Gap]:
    there = set(session.scalars(select(Target.measure)))
    missing = [key for key in WITH_TARGET if key not in there]
    if missing:
        yield _gap("targets", "targets", lambda lang: {"measures": _titles(missing, lang)})


def _titles(keys: Sequence[str], lang: Lang) -> str:
    return words.listing([f"“{text(f'measure.{key}.title', lang)}”" for key in keys], lang)


def _verdict(session: Session, stands: Ground) -> Iterator[Gap]:
    ahead = [
        day
        for months in sorted(the_plan(session).verdict_months)
        if (day := verdict_due(stands.pilot, months)) > stands.as_of
    ]
    if ahead:
        yield _gap("verdict", "verdict", lambda lang: {"month": words.month(ahead[0], lang)})


def _end_of(stands: Ground) -> datetime:
    """The moment at which the as-of day is over."""
    return over_from(stands.as_of - timedelta(days=6), stands.pilot.time_zone)
