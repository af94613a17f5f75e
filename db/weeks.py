"""The calendar of the weekly tally: when a week may be certified, until when that is on time, how it stands."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from db.models import Pilot, Staff
from db.pilot import pilot_weeks


class WeekState(StrEnum):
    """How one staff member's week stands."""

    running = "running"  # Friday noon has not come
    due = "due"
    draft = "draft"  # due, and begun
    certified = "certified"
    late = "late"  # certified after the Monday
    missing = "missing"  # the Monday has passed without a certification
    accepted = "accepted"  # certified, in time or late, and accepted by the chief


def certifiable_from(week: date, zone: str) -> datetime:
    """Friday noon, local time, of the week that begins on ``week``."""
    return datetime.combine(week + timedelta(days=4), time(12), ZoneInfo(zone))


def late_from(week: date, zone: str) -> datetime:
    """Midnight after the Monday that follows: certified before it is on time."""
    return datetime.combine(week + timedelta(days=8), time(), ZoneInfo(zone))


def over_from(week: date, zone: str) -> datetime:
    """Midnight after Sunday."""
    return datetime.combine(week + timedelta(days=7), time(), ZoneInfo(zone))


def week_state(
    week: date, zone: str, now: datetime, certified_at: datetime | None, has_draft: bool, accepted: bool = False
) -> WeekState:
    """The state of a week that is not in the future."""
    if accepted:
        return WeekState.accepted
    if certified_at is not None:
        return WeekState.certified if certified_at < late_from(week, zone) else WeekState.late
    if now < certifiable_from(week, zone):
        return WeekState.running
    if now >= late_from(week, zone):
        return WeekState.missing
    return WeekState.draft if has_draft else WeekState.due


def weeks_of(pilot: Pilot, staff: Staff, today: date) -> tuple[date, ...]:
    """Mondays of the pilot's weeks that ``staff`` was employed in, up to the one that holds ``today``."""
    end = min(today, staff.ends_on or today)
    return tuple(w for w in pilot_weeks(pilot) if w <= end and w + timedelta(days=6) >= staff.starts_on)
