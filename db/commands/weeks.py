"""All weeks of everybody: how each stands, the chief's acceptance, and what is said of a week."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.commands.tally import by_and_when, employed_in, state_of, subject, tallies
from db.errors import Conflict, Forbidden, NotFound
from db.forms import day
from db.forms.tally import CommentForm
from db.models import AmendmentRequest, Staff, Tally, TallyAcceptance, TallyComment
from db.pilot import the_pilot
from db.vocab import Scope, TallyItem, TallyStatus
from db.vocab.tally import AmendmentStatus
from db.weeks import WeekState, late_from, weeks_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One week of one member of staff, as the calendar shows it."""

    staff_id: int
    week: date
    state: WeekState
    revision: int
    """Of the saved sheet, 0 where there is none: what an acceptance refers to."""
    late: bool
    """Certified after the Monday, whether accepted since or not."""
    differs: int
    """Figures of a certified sheet that are not the log's."""
    comments: int
    asked: bool
    """The chief is asked to let it be amended."""


@dataclass(frozen=True, slots=True)
class StaffWeeks:
    """Every week of one member of staff so far, oldest first."""

    staff_id: int
    name: str
    cells: tuple[Cell, ...]

    def count(self, *states: WeekState) -> int:
        return sum(cell.state in states for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment, as it is shown."""

    id: int
    item: TallyItem | None
    text: str
    by: str
    own: bool


def everybody(session: Session, viewer: Viewer) -> list[StaffWeeks]:
    """The calendar: all weeks × staff that have worked so far. Nobody's figures, only how the sheets stand."""
    viewer.must(Permission.see_tallies)
    now, pilot = now_of(session, viewer), the_pilot(session)
    saved = {(t.staff_id, t.week): t for t in session.scalars(select(Tally).options(selectinload(Tally.values)))}
    asked = set(
        session.scalars(select(AmendmentRequest.tally_id).where(AmendmentRequest.status == AmendmentStatus.asked))
    )
    shown = select(TallyComment.staff_id, TallyComment.week).where(TallyComment.taken_back_at.is_(None))
    said = Counter((staff_id, week) for staff_id, week in session.execute(shown))
    found = []
    for staff in session.scalars(select(Staff).order_by(Staff.id)):
        cells = []
        for week in weeks_of(pilot, staff, now.today):
            row = saved.get((staff.id, week))
            certified = row is not None and row.status is not TallyStatus.draft
            cells.append(
                Cell(
                    staff_id=staff.id,
                    week=week,
                    state=state_of(week, row, now),
                    revision=row.revision if row else 0,
                    late=bool(row and row.certified_at and row.certified_at >= late_from(week, now.zone)),
                    differs=sum((v.reported or 0) != v.log for v in row.values) if row and certified else 0,
                    comments=said[staff.id, week],
                    asked=row is not None and row.id in asked,
                )
            )
        if cells:
            found.append(StaffWeeks(staff.id, staff.name, tuple(cells)))
    return found


def accept_weeks(session: Session, viewer: Viewer, weeks: Sequence[tuple[int, date, int]]) -> Saved:
    """Accept certified weeks as they were seen: (staff, week, revision), all of them or none.

    Returns how many as ``id``. Raises Conflict for one that is not certified, or changed since it was looked at.
    """
    with write(session, viewer, Permission.accept_tally, "accept tallies", Scope.work) as note:
        note.detail = {"weeks": [subject(staff_id, week) for staff_id, week, _ in weeks]}
        note.subject = subject(weeks[0][0], weeks[0][1]) if len(weeks) == 1 else f"{len(weeks)} tallies"
        for staff_id in sorted({staff_id for staff_id, _, _ in weeks}):
            hold(session, Staff, staff_id, "member of staff")
        for staff_id, week, revision in weeks:
            row = next(iter(tallies(session, staff_id, week, week)), None)
            if row is None or row.status is TallyStatus.draft:
                raise Conflict(f"The week of {day(week)} is not certified, so it cannot be accepted yet.")
            if row.status is TallyStatus.accepted:
                continue
            if row.revision != revision:
                raise Conflict(
                    f"The week of {day(week)} was amended since you opened it. Nothing was accepted: look at it again."
                )
            row.status = TallyStatus.accepted
            session.add(TallyAcceptance(tally_id=row.id, at=viewer.now, user_id=viewer.user_id))
        session.flush()
    return Saved(len(weeks))


def comment(session: Session, viewer: Viewer, form: CommentForm) -> Saved:
    """Say something of a figure or of the week: the desk and the chief may."""
    own = Permission.accept_tally if viewer.may(Permission.accept_tally) else Permission.certify_tally
    with write(session, viewer, own, "comment on tally", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        staff = hold(session, Staff, form.staff_id, "member of staff")
        employed_in(session, staff, form.week, now)
        row = TallyComment(
            staff_id=form.staff_id,
            week=form.week,
            item=form.item,
            text=form.text,
            at=viewer.now,
            user_id=viewer.user_id,
        )
        session.add(row)
        session.flush()
        note.subject = subject(form.staff_id, form.week)
        note.detail = {"item": form.item.value if form.item else None}
    return Saved(row.id)


def take_back_comment(session: Session, viewer: Viewer, comment_id: int) -> Saved:
    """The author takes a comment back: it is shown no longer, and stays in the database."""
    own = Permission.accept_tally if viewer.may(Permission.accept_tally) else Permission.certify_tally
    with write(session, viewer, own, "take back comment on tally", Scope.work) as note:
        row = session.get(TallyComment, comment_id, populate_existing=True)
        if row is None or row.taken_back_at is not None:
            raise NotFound("This comment is gone already.")
        if row.user_id != viewer.user_id:
            raise Forbidden("Only who wrote a comment takes it back. Answer it with one of your own.")
        row.taken_back_at = viewer.now
        note.subject = subject(row.staff_id, row.week)
    return Saved(comment_id)


def comments(session: Session, viewer: Viewer, staff_id: int, week: date) -> list[Said]:
    """What is said of this week, oldest first."""
    viewer.must(Permission.see_tallies)
    now = now_of(session, viewer)
    rows = session.scalars(
        select(TallyComment)
        .where(TallyComment.staff_id == staff_id, TallyComment.week == week, TallyComment.taken_back_at.is_(None))
        .order_by(TallyComment.id)
    )
    return [
        Said(r.id, r.item, r.text, by_and_when(session, r.user_id, r.at, now), r.user_id == viewer.user_id)
        for r in rows
    ]
