"""The one pilot of this database, and its calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.errors import Setup
from db.models import Pilot

DESK_SEES_PAY = "desk_sees_pay"
"""A key of ``Pilot.settings``: whether the desk sees the budget lines that pay people. Absent is no."""


def the_pilot(session: Session) -> Pilot:
    """The pilot. Raises :class:`Setup` in a database that holds none yet."""
    pilot = session.get(Pilot, 1)
    if pilot is None:
        raise Setup(
            "This database holds no pilot yet. Run “tandem init” for a real one or “tandem demo” for a fictional one."
        )
    return pilot


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an aware moment in ``zone``."""
    return moment.astimezone(ZoneInfo(zone)).date()


def monday(day: date) -> date:
    """The Monday of the ISO week that holds ``day``."""
    return day - timedelta(days=day.weekday())


def pilot_weeks(pilot: Pilot) -> tuple[date, ...]:
    """The Mondays of every ISO week the pilot touches, the first and last possibly partial."""
    first, last = monday(pilot.starts_on), monday(pilot.ends_on)
    return tuple(first + timedelta(weeks=k) for k in range((last - first).days // 7 + 1))


def pilot_week(pilot: Pilot, day: date) -> int:
    """1 for the ISO week that holds the first day; may exceed the number of weeks after the end."""
    return (monday(day) - monday(pilot.starts_on)).days // 7 + 1
