"""Which quarters are reported, when each is due, and how it stands."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import Unreadable
from db.ledger import quarter_end, quarter_of, the_grant
from db.models import QuarterFiling

DUE_AFTER = timedelta(days=30)
"""A quarter's report is due so long after its last day."""


@dataclass(frozen=True, slots=True)
class Due:
    """One quarter of the calendar. ``version`` 0: not filed. ``days``: from today to the due date, below 0 past it."""

    quarter: date
    due_on: date
    days: int
    over: bool
    version: int

    @property
    def state(self) -> str:
        """ "Filed", "Overdue by 3 days", "Due in 12 days", "Runs until …" is the page's."""
        if self.version:
            return "Filed" if self.version == 1 else f"Filed, version {self.version}"
        if not self.over:
            return "Not over yet"
        if self.days < 0:
            return f"Overdue by {-self.days} {'day' if self.days == -1 else 'days'}"
        return "Due today" if not self.days else f"Due in {self.days} {'day' if self.days == 1 else 'days'}"


def quarters(session: Session) -> tuple[date, ...]:
    """First days of every quarter that the grant touches, from the award to the last day to spend; () without one."""
    grant = the_grant(session)
    if grant is None:
        return ()
    found, last = [quarter_of(grant.awarded_on)], quarter_of(grant.expend_by)
    while found[-1] < last:
        found.append(quarter_end(found[-1]) + timedelta(days=1))
    return tuple(found)


def calendar(session: Session, today: date) -> tuple[Due, ...]:
    """Every quarter of :func:`quarters` in order, as it stands on ``today``."""
    versions: dict[date, int] = {}
    for quarter, version in session.execute(select(QuarterFiling.quarter, QuarterFiling.version)):
        versions[quarter] = max(version, versions.get(quarter, 0))
    return tuple(
        Due(
            quarter=quarter,
            due_on=due_on(quarter),
            days=(due_on(quarter) - today).days,
            over=today > quarter_end(quarter),
            version=versions.get(quarter, 0),
        )
        for quarter in quarters(session)
    )


def due_on(quarter: date) -> date:
    """30 days after the quarter's last day."""
    return quarter_end(quarter) + DUE_AFTER


def quarter_name(quarter: date) -> str:
    """ "Q3 2026"."""
    return f"Q{(quarter.month + 2) // 3} {quarter.year}"


def quarter_code(quarter: date) -> str:
    """ "2026Q3", as it is typed in a shell and stands in the names of files."""
    return f"{quarter.year}Q{(quarter.month + 2) // 3}"


def read_quarter(text: str) -> date:
    """ "2026Q3" (or "2026-Q3", "q3 2026") as the quarter's first day. Raises Unreadable."""
    typed = text.strip().upper().replace("-", "").replace(" ", "")
    year, _, number = typed.partition("Q") if not typed.startswith("Q") else (typed[2:], "Q", typed[1:2])
    if len(year) == 4 and year.isdecimal() and number in {"1", "2", "3", "4"} and 1990 <= int(year) <= 2100:
        return date(int(year), int(number) * 3 - 2, 1)
    raise Unreadable(f"“{text}” is not a quarter. Write the year and the quarter, like 2026Q3.")
