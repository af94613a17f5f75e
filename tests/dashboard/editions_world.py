"""A small pilot that has met its council: weeks certified but for one, an approved edition and a draft."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from dashboard import edition
from db.access import Viewer
from db.commands import editions
from db.engine import aggregate_session, record_session
from db.forms.meetings import EditionForm
from db.models import Tally, TallyValue
from db.vocab import Role, TallyItem, TallyStatus

Who = Callable[..., Viewer]
CLINICIAN, SOCIAL_WORKER = 1, 2
FIRST_WEEK = date(2026, 1, 12)
OCTOBER, NOVEMBER = date(2026, 10, 15), date(2026, 11, 19)


def on(day: date) -> datetime:
    """Ten in the morning, or near it, of that day."""
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


def certify(bind: Engine, weeks: int, *, but: tuple[tuple[int, int], ...] = ()) -> None:
    """The first ``weeks`` weeks of both, certified, all noughts; ``but``: (member of staff, week from 1) left out."""
    with aggregate_session(bind) as session:
        for number in range(1, weeks + 1):
            week = FIRST_WEEK + timedelta(weeks=number - 1)
            session.add_all(
                Tally(
                    staff_id=staff,
                    week=week,
                    status=TallyStatus.certified,
                    certified_at=on(week + timedelta(days=4)),
                    saved_at=on(week + timedelta(days=4)),
                    values=[TallyValue(item=item, reported=Decimal(0), log=Decimal(0)) for item in TallyItem],
                )
                for staff in (CLINICIAN, SOCIAL_WORKER)
                if (staff, number) not in but and (staff == CLINICIAN or week >= date(2026, 6, 1))
            )
        session.commit()


def prepare(bind: Engine, viewer: Viewer, meeting_on: date = NOVEMBER, *, provisional: bool = False) -> int:
    """A draft as of the viewer's today."""
    form = EditionForm(meeting_on=meeting_on, title="Harbor", as_of=viewer.today, with_provisional=provisional)
    return edition.prepare(bind, viewer, form).id


def approve(bind: Engine, viewer: Viewer, edition_id: int) -> None:
    with record_session(bind, viewer) as session:
        editions.approve(session, viewer, edition_id)


def two_editions(bind: Engine, viewer: Who) -> tuple[int, int]:
    """Ids of October's, approved, and November's, a draft: the last weeks of both are certified."""
    certify(bind, 43)
    chief = viewer(Role.chief, now=on(date(2026, 10, 9)))
    october = prepare(bind, chief, OCTOBER)
    approve(bind, chief, october)
    return october, prepare(bind, viewer(Role.chief))
