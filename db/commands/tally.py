"""The weekly tally: a sheet prefilled from the log, saved as a draft, certified once and then locked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day
from db.forms.tally import TallyCell, TallyForm
from db.log import log_counts
from db.models import Staff, Tally, TallyValue, User
from db.pilot import monday, pilot_weeks, the_pilot
from db.vocab import Scope, TallyItem, TallyStatus, label
from db.weeks import WeekState, certifiable_from, over_from, week_state, weeks_of

HISTORY = 12
"""Weeks shown beside each cell."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a sheet. ``reported`` None is "not recorded". ``history``: the figures that count of the 12
    weeks before, oldest first; None where nothing was recorded."""

    item: TallyItem
    log: Decimal
    reported: Decimal | None
    reason: str | None
    history: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One staff member's week as the editor opens it. ``revision`` 0: nothing is saved yet."""

    staff_id: int
    week: date
    state: WeekState
    revision: int
    certified: str
    """Who certified it and when, in words; empty before that."""
    lines: tuple[Line, ...]

    @property
    def locked(self) -> bool:
        return bool(self.certified)


class Blanks(Invalid):
    """Certifying asks about each blank. ``items`` are the ones not answered yet."""

    def __init__(self, items: tuple[TallyItem, ...]) -> None:
        super().__init__(
            {i.value: f"“{label(i)}” is blank. Report 0, or confirm that it was not recorded." for i in items}
        )
        self.items = items


class WeekendAhead(Invalid):
    """The week is not over: certifying asks whether the weekend brings more."""

    def __init__(self, week: date) -> None:
        sunday = day(week + timedelta(days=6))
        super().__init__({"week": f"The week runs to Sunday, {sunday}. Confirm that no more work is expected in it."})


def sheet(session: Session, viewer: Viewer, staff_id: int, week: date) -> Sheet:
    """The sheet of a week: as saved, or prefilled from the log. Where the log has nothing, it opens blank."""
    viewer.must(Permission.see_tallies)
    now = now_of(session, viewer)
    _no_future(week, now)
    before = week - timedelta(weeks=HISTORY)
    logged = {(c.week, c.item): c.value for c in log_counts(session, now.zone, staff_id, before, week)}
    saved = {t.week: t for t in _tallies(session, staff_id, before, week)}
    row = saved.get(week)
    values = {v.item: v for v in row.values} if row else {}
    certified_at = row.certified_at if row else None
    past = list(_weeks_before(session, week))
    return Sheet(
        staff_id=staff_id,
        week=week,
        state=week_state(week, now.zone, now.at, certified_at, row is not None),
        revision=row.revision if row else 0,
        certified=_certified(session, row, now) if row and certified_at else "",
        lines=tuple(
            Line(
                item,
                values[item].log if item in values and certified_at else logged.get((week, item), Decimal(0)),
                _prefilled(values.get(item), logged.get((week, item)), certified_at is not None),
                values[item].reason if item in values else None,
                tuple(_counts(saved.get(w), item, logged.get((w, item))) for w in past),
            )
            for item in TallyItem
        ),
    )


def calendar(session: Session, viewer: Viewer, staff_id: int) -> list[tuple[date, WeekState]]:
    """Every week of the staff member so far, newest first, and how it stands."""
    viewer.must(Permission.see_tallies)
    now, pilot = now_of(session, viewer), the_pilot(session)
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(f"There is no member of staff {staff_id}.")
    saved = {t.week: t for t in session.scalars(select(Tally).where(Tally.staff_id == staff_id))}
    return [
        (w, week_state(w, now.zone, now.at, saved[w].certified_at if w in saved else None, w in saved))
        for w in reversed(weeks_of(pilot, staff, now.today))
    ]


def save_tally(session: Session, viewer: Viewer, form: TallyForm) -> Saved:
    """Keep a draft. Returns the new revision as ``id``. Reasons and blanks are asked about when certifying."""
    with write(session, viewer, Permission.certify_tally, "save tally", Scope.work) as note:
        row = _store(session, viewer, form)
        note.subject = _subject(form)
    return Saved(row.revision)


def certify_tally(session: Session, viewer: Viewer, form: TallyForm) -> Saved:
    """Lock the week. From then on its figures count instead of the log's.

    Raises Invalid (a number unlike the log's without a reason, before Friday noon, a future week),
    :class:`Blanks`, :class:`WeekendAhead`, and Conflict where somebody else certified or saved meanwhile.
    """
    with write(session, viewer, Permission.certify_tally, "certify tally", Scope.work) as note:
        row = _store(session, viewer, form)
        now = now_of(session, viewer)
        if now.at < (start := certifiable_from(form.week, now.zone)):
            raise Invalid({"week": f"The week of {day(form.week)} can be certified from {now.local(start)}."})
        values = {v.item: v for v in row.values}
        if broken := {i.value: s for i, v in values.items() if (s := _unexplained(v))}:
            raise Invalid(broken)
        blanks = tuple(i for i in TallyItem if i not in values or values[i].reported is None)
        if asked := tuple(i for i in blanks if i not in form.confirmed_blanks):
            raise Blanks(asked)
        if now.at < over_from(form.week, now.zone) and not form.weekend_confirmed:
            raise WeekendAhead(form.week)
        row.status, row.certified_at, row.certified_by = TallyStatus.certified, viewer.now, viewer.user_id
        note.subject, note.detail = _subject(form), {"blanks": [i.value for i in blanks]}
        session.flush()
    return Saved(row.revision)


def _store(session: Session, viewer: Viewer, form: TallyForm) -> Tally:
    """Write the form's values over the draft it was opened from. The staff row is the lock of all its sheets."""
    now = now_of(session, viewer)
    form.check(now)
    staff = hold(session, Staff, form.staff_id, "member of staff")
    _no_future(form.week, now)
    if form.week not in weeks_of(the_pilot(session), staff, now.today):
        raise Invalid({"week": f"{staff.name} does not work in the week of {day(form.week)}. Choose another week."})
    row = next(iter(_tallies(session, form.staff_id, form.week, form.week)), None)
    if row is not None and row.status is not TallyStatus.draft:
        raise Conflict(
            f"The week of {day(form.week)} is certified ({_certified(session, row, now)}) and locked. "
            "Your figures were not stored."
        )
    if (row.revision if row else 0) != form.revision:
        raise Conflict(
            f"Somebody saved the week of {day(form.week)} while you had it open. "
            "Your figures are still on your screen and were not stored: reload to see theirs."
        )
    logged = {c.item: c.value for c in log_counts(session, now.zone, form.staff_id, form.week, form.week)}
    if row is None:
        row = Tally(staff_id=form.staff_id, week=form.week)
        session.add(row)
    else:
        flag_modified(row, "week")  # the revision moves even where only values changed
    values = {v.item: v for v in row.values}
    for item, cell in form.values.items():
        value = values.get(item)
        if value is None:
            value = TallyValue(item=item)
            row.values.append(value)
        value.reported, value.reason, value.log = cell.reported, cell.reason, logged.get(item, Decimal(0))
    session.flush()
    return row


def form_of(opened: Sheet, changes: Mapping[TallyItem, TallyCell], **answers: object) -> TallyForm:
    """The form of a sheet as it was opened, with what was changed in it."""
    values = {line.item: TallyCell(reported=line.reported, reason=line.reason) for line in opened.lines}
    return TallyForm.model_validate(
        {
            "staff_id": opened.staff_id,
            "week": opened.week,
            "revision": opened.revision,
            "values": values | dict(changes),
            **answers,
        }
    )


def _tallies(session: Session, staff_id: int, first: date, last: date) -> list[Tally]:
    return list(
        session.scalars(
            select(Tally)
            .where(Tally.staff_id == staff_id, Tally.week.between(first, last))
            .execution_options(populate_existing=True)
        )
    )


def _weeks_before(session: Session, week: date) -> Iterator[date]:
    first = monday(pilot_weeks(the_pilot(session))[0])
    for back in range(HISTORY, 0, -1):
        if (w := week - timedelta(weeks=back)) >= first:
            yield w


def _prefilled(value: TallyValue | None, logged: Decimal | None, locked: bool) -> Decimal | None:
    """What stands in the cell. One that nobody changed follows the log; a typed one stays."""
    if value is None:
        return logged
    if locked or (value.reported or Decimal(0)) != value.log:
        return value.reported
    return logged or (None if value.reported else value.reported)


def _counts(row: Tally | None, item: TallyItem, logged: Decimal | None) -> Decimal | None:
    """The figure that counts: the certified one, else the log's."""
    if row is not None and row.status is not TallyStatus.draft:
        return next((v.reported for v in row.values if v.item is item), None)
    return logged or Decimal(0)


def _unexplained(value: TallyValue) -> str | None:
    if value.reason or value.reported == value.log or (value.reported is None and not value.log):
        return None
    name, log = label(value.item), f"{value.log.normalize():f}"
    if value.reported is None:
        return f"“{name}”: log {log}, reported blank. Say why it is not recorded, or report {log}."
    return f"“{name}”: log {log}, reported {value.reported.normalize():f}. Say why it differs."


def _certified(session: Session, row: Tally, now: Now) -> str:
    user = session.get(User, row.certified_by) if row.certified_by is not None else None
    when = now.local(row.certified_at) if row.certified_at else ""
    return f"by {user.name}, {when}" if user else when


def _no_future(week: date, now: Now) -> None:
    if week > monday(now.today):
        raise Invalid(
            {"week": f"The week of {day(week)} has not begun. Tallies go up to the week of {day(monday(now.today))}."}
        )


def _subject(form: TallyForm) -> str:
    return f"tally {form.staff_id} {form.week.isoformat()}"
