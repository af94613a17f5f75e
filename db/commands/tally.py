"""The weekly tally: a sheet prefilled from the log, saved as a draft, certified once and then locked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import flag_modified

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day
from db.forms.tally import TallyCell, TallyForm
from db.log import log_counts
from db.models import Intervention, Staff, Tally, TallyAcceptance, TallyValue, User
from db.pilot import local_day, monday, pilot_weeks, the_pilot
from db.tally_rules import FULL_TIME_HOURS, Figures, Finding, check, must_fix
from db.vocab import Scope, TallyItem, TallyStatus, label
from db.vocab.tally import Level
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
    log_now: Decimal | None = None
    """What the log says today, where the viewer may read it; ``log`` of a certified week is that of its day."""


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
    accepted: str = ""
    """Who accepted it and when, in words; empty before that."""
    saved: str = ""
    """Who saved it last and when, in words."""
    past: tuple[date, ...] = ()
    """The weeks of each line's ``history``."""

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


class Stale(Conflict):
    """Somebody saved this week since it was opened: show both and let the person choose."""


def sheet(session: Session, viewer: Viewer, staff_id: int, week: date) -> Sheet:
    """The sheet of a week: as saved, or prefilled from the log. Where the log has nothing, it opens blank.

    Without the permission to see people the log cannot be read: then only certified weeks hold figures, ``log``
    is what it said at the certification, and weeks before that are not certified are None in ``history``.
    """
    viewer.must(Permission.see_tallies)
    now = now_of(session, viewer)
    _no_future(week, now)
    before = week - timedelta(weeks=HISTORY)
    saved = {t.week: t for t in tallies(session, staff_id, before, week)}
    logged = _logged(session, viewer, now, staff_id, before, week)
    row = saved.get(week)
    certified_at = row.certified_at if row else None
    readable = row is not None and (certified_at is not None or viewer.may(Permission.see_people))
    values = {v.item: v for v in row.values} if row and readable else {}
    past = tuple(_weeks_before(session, week))
    return Sheet(
        staff_id=staff_id,
        week=week,
        state=week_state(week, now.zone, now.at, certified_at, row is not None, _is_accepted(row)),
        revision=row.revision if row else 0,
        certified=certified_by(session, row, now) if row and certified_at else "",
        lines=tuple(
            Line(
                item,
                values[item].log if item in values and certified_at else logged.get((week, item), Decimal(0)),
                _prefilled(values.get(item), logged.get((week, item)), certified_at is not None),
                values[item].reason if item in values else None,
                tuple(_counts(saved.get(w), item, logged.get((w, item)), viewer) for w in past),
                logged.get((week, item), Decimal(0)) if viewer.may(Permission.see_people) else None,
            )
            for item in TallyItem
        ),
        accepted=_accepted(session, row, now) if row and _is_accepted(row) else "",
        saved=_saved(session, row, now) if row else "",
        past=past,
    )


def calendar(session: Session, viewer: Viewer, staff_id: int) -> list[tuple[date, WeekState]]:
    """Every week of the staff member so far, newest first, and how it stands."""
    viewer.must(Permission.see_tallies)
    now, pilot = now_of(session, viewer), the_pilot(session)
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(f"There is no member of staff {staff_id}.")
    saved = {t.week: t for t in session.scalars(select(Tally).where(Tally.staff_id == staff_id))}
    return [(w, state_of(w, saved.get(w), now)) for w in reversed(weeks_of(pilot, staff, now.today))]


def state_of(week: date, row: Tally | None, now: Now) -> WeekState:
    """How a week stands that may have been saved."""
    certified_at = row.certified_at if row else None
    return week_state(week, now.zone, now.at, certified_at, row is not None, _is_accepted(row))


def save_tally(session: Session, viewer: Viewer, form: TallyForm) -> Saved:
    """Keep a draft. Returns the new revision as ``id``. Reasons and blanks are asked about when certifying."""
    with write(session, viewer, Permission.certify_tally, "save tally", Scope.work) as note:
        row = _store(session, viewer, form)
        note.subject = subject(form.staff_id, form.week)
    return Saved(row.revision)


def certify_tally(session: Session, viewer: Viewer, form: TallyForm) -> Saved:
    """Lock the week. From then on its figures count instead of the log's.

    Raises Invalid (a check that must be fixed, before Friday noon, a future week), :class:`Blanks`,
    :class:`WeekendAhead`, Conflict where somebody else certified it and :class:`Stale` where somebody saved it.
    """
    with write(session, viewer, Permission.certify_tally, "certify tally", Scope.work) as note:
        row = _store(session, viewer, form)
        now = now_of(session, viewer)
        if now.at < (start := certifiable_from(form.week, now.zone)):
            raise Invalid({"week": f"The week of {day(form.week)} can be certified from {now.local(start)}."})
        values = {v.item: v for v in row.values}
        found = check(figures_of(session, viewer, form))
        if broken := must_fix(found):
            raise Invalid(broken)
        blanks = tuple(i for i in TallyItem if i not in values or values[i].reported is None)
        if asked := tuple(i for i in blanks if i not in form.confirmed_blanks):
            raise Blanks(asked)
        if now.at < over_from(form.week, now.zone) and not form.weekend_confirmed:
            raise WeekendAhead(form.week)
        row.status, row.certified_at, row.certified_by = TallyStatus.certified, viewer.now, viewer.user_id
        note.subject = subject(form.staff_id, form.week)
        note.detail = {
            "blanks": [i.value for i in blanks],
            "checks": sorted({f.rule for f in found if f.level is Level.check}),
        }
        session.flush()
    return Saved(row.revision)


def findings(session: Session, viewer: Viewer, form: TallyForm) -> list[Finding]:
    """The checks of a sheet as it stands on the screen, most serious first. Nothing is stored."""
    viewer.must(Permission.see_tallies)
    return check(figures_of(session, viewer, form))


def figures_of(session: Session, viewer: Viewer, form: TallyForm, *, with_days: bool = True) -> Figures:
    """What the checks look at: the form's cells beside log, history, contract and the busiest day."""
    opened, now = sheet(session, viewer, form.staff_id, form.week), now_of(session, viewer)
    staff = session.get(Staff, form.staff_id)
    lines = {line.item: line for line in opened.lines}
    return Figures(
        reported={i: form.values[i].reported if i in form.values else lines[i].reported for i in TallyItem},
        log={i: line.log for i, line in lines.items()},
        reasons={i: form.values[i].reason if i in form.values else lines[i].reason for i in TallyItem},
        history={i: line.history for i, line in lines.items()},
        contract_hours=Decimal(FULL_TIME_HOURS * (staff.fte_percent if staff else 100)) / 100,
        busiest_day=busiest_day(session, now.zone, form.staff_id, form.week) if with_days else None,
    )


def busiest_day(session: Session, zone: str, staff_id: int, week: date) -> tuple[date, Decimal] | None:
    """The day of the week with most logged work of this member of staff, in hours; the earliest of equals."""
    minutes: Counter[date] = Counter()
    rows = session.execute(
        select(Intervention.at, Intervention.minutes).where(
            Intervention.staff_id == staff_id,
            Intervention.voided_at.is_(None),
            Intervention.at >= over_from(week - timedelta(weeks=1), zone),
            Intervention.at < over_from(week, zone),
        )
    )
    for at, spent in rows:
        minutes[local_day(at, zone)] += spent
    if not minutes:
        return None
    most = min(minutes, key=lambda on: (-minutes[on], on))
    return most, (Decimal(minutes[most]) / 60).quantize(Decimal("0.01"))


def _store(session: Session, viewer: Viewer, form: TallyForm) -> Tally:
    """Write the form's values over the draft it was opened from. The staff row is the lock of all its sheets."""
    now = now_of(session, viewer)
    form.check(now)
    staff = hold(session, Staff, form.staff_id, "member of staff")
    employed_in(session, staff, form.week, now)
    row = next(iter(tallies(session, form.staff_id, form.week, form.week)), None)
    if row is not None and row.status is not TallyStatus.draft:
        raise Conflict(
            f"The week of {day(form.week)} is certified ({certified_by(session, row, now)}) and locked. "
            "Your figures were not stored."
        )
    if (row.revision if row else 0) != form.revision:
        raise Stale(
            f"Somebody saved the week of {day(form.week)} while you had it open. "
            "Your figures are still on your screen and were not stored: look at both and choose."
        )
    logged = {c.item: c.value for c in log_counts(session, now.zone, form.staff_id, form.week, form.week)}
    if row is None:
        row = Tally(staff_id=form.staff_id, week=form.week)
        session.add(row)
    else:
        flag_modified(row, "week")  # the revision moves even where only values changed
    row.saved_at, row.saved_by = viewer.now, viewer.user_id
    values = {v.item: v for v in row.values}
    for item, cell in form.values.items():
        value = values.get(item)
        if value is None:
            value = TallyValue(item=item)
            row.values.append(value)
        value.reported, value.reason, value.log = cell.reported, cell.reason, logged.get(item, Decimal(0))
    session.flush()
    return row


def employed_in(session: Session, staff: Staff, week: date, now: Now) -> None:
    """Raise Invalid for a week of the future, or one in which ``staff`` does not work for the pilot."""
    _no_future(week, now)
    if week not in weeks_of(the_pilot(session), staff, now.today):
        raise Invalid({"week": f"{staff.name} does not work in the week of {day(week)}. Choose another week."})


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


def tallies(session: Session, staff_id: int, first: date, last: date) -> list[Tally]:
    """The saved sheets of these weeks, read anew."""
    return list(
        session.scalars(
            select(Tally)
            .where(Tally.staff_id == staff_id, Tally.week.between(first, last))
            .options(selectinload(Tally.values))
            .execution_options(populate_existing=True)
        )
    )


def _logged(
    session: Session, viewer: Viewer, now: Now, staff_id: int, first: date, last: date
) -> dict[tuple[date, TallyItem], Decimal]:
    if not viewer.may(Permission.see_people):
        return {}
    return {(c.week, c.item): c.value for c in log_counts(session, now.zone, staff_id, first, last)}


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


def _counts(row: Tally | None, item: TallyItem, logged: Decimal | None, viewer: Viewer) -> Decimal | None:
    """The figure that counts: the certified one, else the log's."""
    if row is not None and row.status is not TallyStatus.draft:
        return next((v.reported for v in row.values if v.item is item), None)
    return logged or (Decimal(0) if viewer.may(Permission.see_people) else None)


def _is_accepted(row: Tally | None) -> bool:
    return row is not None and row.status is TallyStatus.accepted


def certified_by(session: Session, row: Tally, now: Now) -> str:
    """“by Clinician, 14 Nov 2026, 10:00”."""
    return by_and_when(session, row.certified_by, row.certified_at, now)


def by_and_when(session: Session, user_id: int | None, at: datetime | None, now: Now) -> str:
    """“by Clinician, 14 Nov 2026, 10:00”; only the time where the account is not known."""
    user = session.get(User, user_id) if user_id is not None else None
    when = now.local(at) if at else ""
    return f"by {user.name}, {when}" if user else when


def _accepted(session: Session, row: Tally, now: Now) -> str:
    accepted = session.get(TallyAcceptance, row.id)
    return by_and_when(session, accepted.user_id, accepted.at, now) if accepted else ""


def _saved(session: Session, row: Tally, now: Now) -> str:
    return by_and_when(session, row.saved_by, row.saved_at, now) if row.saved_at else ""


def _no_future(week: date, now: Now) -> None:
    if week > monday(now.today):
        raise Invalid(
            {"week": f"The week of {day(week)} has not begun. Tallies go up to the week of {day(monday(now.today))}."}
        )


def subject(staff_id: int, week: date) -> str:
    """How the audit names a sheet."""
    return f"tally {staff_id} {week.isoformat()}"
