"""What waits on the desk: every list of “My desk”, oldest first, read in one go; and what comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db import calls_left
from db.access import Permission, Viewer
from db.commands import follow_ups
from db.commands.desk import now_of
from db.commands.follow_ups import Due
from db.commands.referrals import STALE, waiting
from db.commands.tally import calendar
from db.commands.unmatched import worklist
from db.commands.waiting import Waiting, unseen_reports, waiting_on_provider
from db.forms import Now
from db.models import Episode, Referral
from db.pilot import the_pilot
from db.vocab import ReferralStatus, Urgency
from db.weeks import WeekState

SILENT_AFTER = timedelta(days=60)
"""An open episode without a direct contact for longer is inactive (measures.md, ``caseload``)."""
SOON = timedelta(days=7)
"""Follow-ups of the coming week are shown under those that are due."""
OPEN_WEEKS = (WeekState.missing, WeekState.due, WeekState.draft)


@dataclass(frozen=True, slots=True)
class Quiet:
    """An open episode and the day since which there was no direct contact."""

    episode: Episode
    since: date
    days: int


@dataclass(frozen=True, slots=True)
class Week:
    monday: date
    state: WeekState


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that waits, oldest first. ``answers`` and ``calls`` are counts: their lists have their own place."""

    new: Sequence[Referral]
    untried: Sequence[Referral]
    tried: Sequence[Referral]
    due: Sequence[Due]
    soon: Sequence[Due]
    pending: Sequence[Waiting]
    quiet: Sequence[Quiet]
    weeks: Sequence[Week]
    calls: int
    unmatched: int = 0
    """Records that no loaded call belongs to, of days that are loaded."""
    answers: int = 0
    """Connections of which a provider said something by link that nobody has read."""

    @property
    def empty(self) -> bool:
        return not any(
            (
                *(self.new, self.untried, self.tried, self.due, self.soon),
                *(self.pending, self.quiet, self.weeks, self.calls, self.unmatched, self.answers),
            )
        )


def desk(session: Session, viewer: Viewer) -> Desk:
    """The lists as they stand now. Raises Forbidden for whoever does not work at the desk."""
    viewer.must(Permission.log_work)
    now, rows = now_of(session, viewer), waiting(session)
    accepted = [row for row in rows if row.status is ReferralStatus.accepted]
    unmet = follow_ups.unmet(session, now, now.today + SOON)
    return Desk(
        new=[row for row in rows if row.status is ReferralStatus.new],
        untried=[row for row in accepted if not row.attempts],
        tried=[row for row in accepted if row.attempts],
        due=[due for due in unmet if due.days_late >= 0],
        soon=[due for due in unmet if due.days_late < 0],
        pending=waiting_on_provider(session),
        quiet=quiet(session, now),
        weeks=weeks(session, viewer),
        calls=calls_left.count_left(session, the_pilot(session), now.today),
        unmatched=len(worklist(session).rows),
        answers=len({report.connection_id for report in unseen_reports(session)}),
    )


def quiet(session: Session, now: Now) -> list[Quiet]:
    """Open episodes without a direct contact for more than 60 days, the longest first."""
    rows = session.scalars(select(Episode).where(Episode.closed_on.is_(None)).options(joinedload(Episode.person))).all()
    last = follow_ups.last_contacts(session)
    found = []
    for row in rows:
        since = max(row.opened_on, now.local_day(last[row.person_id]) if row.person_id in last else row.opened_on)
        if since < now.today - SILENT_AFTER:
            found.append(Quiet(row, since, (now.today - since).days))
    return sorted(found, key=lambda q: (q.since, q.episode.id))


def weeks(session: Session, viewer: Viewer) -> list[Week]:
    """The viewer's own weeks that wait for a certification, oldest first."""
    if viewer.staff_id is None or not viewer.may(Permission.see_tallies):
        return []
    found = calendar(session, viewer, viewer.staff_id)
    return [Week(monday, state) for monday, state in reversed(found) if state in OPEN_WEEKS]


class List(StrEnum):
    """The lists by name: the desk's order, and where a sentence leads."""

    new = "new"
    untried = "untried"
    due = "due"
    pending = "pending"
    quiet = "quiet"
    calls = "calls"
    weeks = "weeks"


@dataclass(frozen=True, slots=True)
class First:
    """One of the “3 things first”: a sentence, the list it is about, and the thing to open there."""

    words: str
    list: List
    key: int | str = ""


def firsts(desk: Desk, viewer: Viewer, now: Now, most: int = 3) -> list[First]:
    """What cannot wait, gravest first: urgent referrals, stale ones, follow-ups due, weeks, then the rest."""
    return [first for first in _ranked(desk, viewer, now) if first is not None][:most]


def _ranked(desk: Desk, viewer: Viewer, now: Now) -> list[First | None]:
    urgent = [row for row in (*desk.new, *desk.untried) if row.urgency is Urgency.urgent]
    stale = [row for row in desk.new if viewer.now - row.received_at >= STALE and row not in urgent]
    untried = [row for row in desk.untried if viewer.now - row.received_at >= STALE and row not in urgent]
    late = [p for p in desk.pending if p.overdue(now.today)]
    return [
        _about(List.new, urgent, "{n} urgent referral{s} without a first try") if urgent else None,
        _about(List.new, stale, "{n} new referral{s} older than 48 hours") if stale else None,
        _due(desk.due),
        _week(desk.weeks),
        _about(List.untried, untried, "{n} accepted referral{s} without a try for 48 hours") if untried else None,
        _about(List.new, desk.new, "{n} new referral{s}") if desk.new and not (urgent or stale) else None,
        _count(List.pending, len(late), "{n} connection{s} to ask a provider about"),
        _count(List.quiet, len(desk.quiet), "{n} open episode{s} without contact for 60 days"),
        _count(List.calls, desk.calls, "{n} call{s} without follow-up"),
    ]


def _about(where: List, rows: Sequence[Referral], words: str) -> First:
    return First(_counted(words, len(rows)), where, rows[0].id)


def _count(where: List, n: int, words: str) -> First | None:
    return First(_counted(words, n), where) if n else None


def _counted(words: str, n: int) -> str:
    return words.format(n=f"{n:,}", s="" if n == 1 else "s")


def _due(due: Sequence[Due]) -> First | None:
    if not due:
        return None
    n, oldest = len(due), due[0].days_late
    since = "today" if oldest == 0 else "yesterday" if oldest == 1 else f"{oldest} days ago"
    verb = "is" if n == 1 and oldest == 0 else "was" if n == 1 else "are"
    words = f"1 follow-up {verb} due {since}" if n == 1 else f"{n} follow-ups are due, the oldest {since}"
    return First(words.replace("the oldest today", "all today"), List.due, due[0].row.id)


def _week(weeks: Sequence[Week]) -> First | None:
    if not weeks:
        return None
    if len(weeks) == 1:
        return First(f"Week of {weeks[0].monday:%-d %b} is not certified", List.weeks, weeks[0].monday.isoformat())
    words = f"{len(weeks)} weeks are not certified, the oldest of {weeks[0].monday:%-d %b}"
    return First(words, List.weeks, weeks[0].monday.isoformat())
