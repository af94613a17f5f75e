"""A certified week is locked. Correcting it writes the ledger; once the chief accepted it, he is asked first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.commands.tally import Stale, by_and_when, figures_of, subject, tallies
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day
from db.forms.tally import AmendmentForm, DecisionOnAmendment, TallyCell, TallyForm
from db.log import log_counts
from db.models import AmendmentRequest, AmendmentRequestLine, Staff, Tally, TallyAmendment, TallyValue
from db.tally_rules import check, must_fix
from db.vocab import Scope, TallyItem, TallyStatus
from db.vocab.tally import AmendmentStatus

Change = tuple[TallyItem, Decimal | None, Decimal | None]
"""Item, old figure, new figure."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of the ledger, in words for the screen."""

    item: TallyItem
    old: Decimal | None
    new: Decimal | None
    why: str
    by: str
    """“by Clinician, 14 Nov 2026, 10:00”."""
    approved: str
    """Who approved it, where the chief was asked; else empty."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An asked-for amendment, as the desk and the chief see it."""

    id: int
    staff_id: int
    staff: str
    week: date
    why: str
    by: str
    status: AmendmentStatus
    decided: str
    answer: str
    lines: tuple[Change, ...]


def amend_tally(session: Session, viewer: Viewer, form: AmendmentForm) -> Saved:
    """Correct a certified week, or ask the chief to let an accepted one be corrected (``form.asks``).

    Returns the sheet's new revision as ``id``, or the key of the request. Raises Invalid (no reason, nothing
    changed, a check that must be fixed), Conflict (not certified, accepted meanwhile, asked for already) and
    :class:`Stale` where somebody amended it since it was opened.
    """
    action = "ask to amend tally" if form.asks else "amend tally"
    with write(session, viewer, Permission.certify_tally, action, Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        row = _locked(session, form.staff_id, form.week)
        note.subject = subject(form.staff_id, form.week)
        if (row.status is TallyStatus.accepted) != form.asks:
            raise Conflict(
                f"The chief accepted the week of {day(form.week)} while you had it open, so he has to be asked. "
                "What you typed is still on your screen: send it again."
            )
        if row.revision != form.revision:
            raise Stale(
                f"Somebody amended the week of {day(form.week)} while you had it open. "
                "Your figures are still on your screen and were not stored: look at both and choose."
            )
        changes = _changes(row, form)
        _stands(session, viewer, row, form, {item for item, _, _ in changes})
        note.detail = {"items": [item.value for item, _, _ in changes]}
        logged = {c.item: c.value for c in log_counts(session, now.zone, form.staff_id, form.week, form.week)}
        if form.asks:
            return Saved(_ask(session, viewer, row, form, changes, logged).id)
        _apply(session, viewer, row, changes, form.why, logged)
    return Saved(row.revision)


def decide_amendment(session: Session, viewer: Viewer, form: DecisionOnAmendment) -> Saved:
    """The chief's yes or no. Approved, the figures change and stand in the ledger; the week stays accepted."""
    with write(session, viewer, Permission.accept_tally, "decide amendment", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        asked = _open_request(session, form.request_id, now)
        row = _locked(session, asked.tally.staff_id, asked.tally.week)
        note.subject, note.detail = subject(row.staff_id, row.week), {"approved": form.approve}
        asked.status = AmendmentStatus.approved if form.approve else AmendmentStatus.refused
        asked.decided_at, asked.decided_by, asked.answer = viewer.now, viewer.user_id, form.answer
        if form.approve:
            present = {v.item: v.reported for v in row.values}
            changes = [(ask.item, present.get(ask.item), ask.new_reported) for ask in _in_order(asked)]
            logged = {line.item: line.log for line in asked.lines}
            _apply(session, viewer, row, changes, asked.why, logged, asked)
    return Saved(form.request_id)


def withdraw_amendment(session: Session, viewer: Viewer, request_id: int) -> Saved:
    """The desk does not ask any longer."""
    with write(session, viewer, Permission.certify_tally, "withdraw amendment", Scope.work) as note:
        asked = _open_request(session, request_id, now_of(session, viewer))
        note.subject = subject(asked.tally.staff_id, asked.tally.week)
        asked.status = AmendmentStatus.withdrawn
        asked.decided_at, asked.decided_by = viewer.now, viewer.user_id
    return Saved(request_id)


def ledger(session: Session, viewer: Viewer, staff_id: int, week: date) -> list[Correction]:
    """Every correction of this week, oldest first."""
    viewer.must(Permission.see_tallies)
    now = now_of(session, viewer)
    rows = session.scalars(
        select(TallyAmendment)
        .join(Tally, Tally.id == TallyAmendment.tally_id)
        .where(Tally.staff_id == staff_id, Tally.week == week)
        .order_by(TallyAmendment.id)
    ).all()
    requests = {r.id: r for r in session.scalars(select(AmendmentRequest)) if any(a.request_id == r.id for a in rows)}
    found = []
    for row in rows:
        asked = requests.get(row.request_id or 0)
        approved = by_and_when(session, asked.decided_by, asked.decided_at, now) if asked else ""
        by = by_and_when(session, row.user_id, row.at, now)
        found.append(Correction(row.item, row.old_reported, row.new_reported, row.why, by, approved))
    return found


def requests(
    session: Session, viewer: Viewer, *, staff_id: int | None = None, week: date | None = None, open_only: bool = False
) -> list[Asked]:
    """Asked-for amendments, newest first: all of them, or those of one week."""
    viewer.must(Permission.see_tallies)
    now = now_of(session, viewer)
    query = select(AmendmentRequest).join(AmendmentRequest.tally).order_by(AmendmentRequest.id.desc())
    if staff_id is not None:
        query = query.where(Tally.staff_id == staff_id)
    if week is not None:
        query = query.where(Tally.week == week)
    if open_only:
        query = query.where(AmendmentRequest.status == AmendmentStatus.asked)
    names = {s.id: s.name for s in session.scalars(select(Staff))}
    return [
        Asked(
            id=row.id,
            staff_id=row.tally.staff_id,
            staff=names[row.tally.staff_id],
            week=row.tally.week,
            why=row.why,
            by=by_and_when(session, row.user_id, row.at, now),
            status=row.status,
            decided=by_and_when(session, row.decided_by, row.decided_at, now) if row.decided_at else "",
            answer=row.answer or "",
            lines=tuple((line.item, line.old_reported, line.new_reported) for line in _in_order(row)),
        )
        for row in session.scalars(query)
    ]


def _locked(session: Session, staff_id: int, week: date) -> Tally:
    """The certified sheet, its staff row held as every save does. Raises Conflict for one that is none."""
    hold(session, Staff, staff_id, "member of staff")
    row = next(iter(tallies(session, staff_id, week, week)), None)
    if row is None or row.status is TallyStatus.draft:
        raise Conflict(f"The week of {day(week)} is not certified. Change it on its sheet: nothing is to amend yet.")
    return row


def _changes(row: Tally, form: AmendmentForm) -> list[Change]:
    present = {v.item: v.reported for v in row.values}
    changes = [(i, present.get(i), form.values[i]) for i in TallyItem if i in form.values]
    changes = [(item, old, new) for item, old, new in changes if old != new]
    if not changes:
        raise Invalid({"": "No figure differs from the certified ones. Change one, or leave the week as it is."})
    return changes


def _stands(session: Session, viewer: Viewer, row: Tally, form: AmendmentForm, changed: set[TallyItem]) -> None:
    """What changes passes the checks that certifying makes; the rest of the sheet is not judged again."""
    cells = {v.item: TallyCell(reported=v.reported, reason=v.reason) for v in row.values}
    cells |= {item: TallyCell(reported=value, reason=form.why) for item, value in form.values.items()}
    whole = TallyForm(staff_id=form.staff_id, week=form.week, values=cells)
    found = check(figures_of(session, viewer, whole, with_days=False))
    if broken := must_fix([finding for finding in found if changed & set(finding.items)]):
        raise Invalid(broken)


def _apply(
    session: Session,
    viewer: Viewer,
    row: Tally,
    changes: list[Change],
    why: str,
    logged: Mapping[TallyItem, Decimal],
    asked: AmendmentRequest | None = None,
) -> None:
    values = {v.item: v for v in row.values}
    for item, old, new in changes:
        value = values.get(item)
        log = logged.get(item, Decimal(0))
        if value is None:
            value = TallyValue(item=item, log=log)
            row.values.append(value)
        session.add(
            TallyAmendment(
                tally_id=row.id,
                item=item,
                old_reported=old,
                new_reported=new,
                old_reason=value.reason,
                why=why,
                at=viewer.now,
                user_id=asked.user_id if asked else viewer.user_id,
                request_id=asked.id if asked else None,
            )
        )
        value.reported, value.log = new, log
        value.reason = None if new == log else why
    flag_modified(row, "week")  # the revision moves even where only values changed
    session.flush()


def _ask(
    session: Session,
    viewer: Viewer,
    row: Tally,
    form: AmendmentForm,
    changes: list[Change],
    logged: Mapping[TallyItem, Decimal],
) -> AmendmentRequest:
    waiting = session.scalar(
        select(AmendmentRequest).where(
            AmendmentRequest.tally_id == row.id, AmendmentRequest.status == AmendmentStatus.asked
        )
    )
    if waiting is not None:
        who = by_and_when(session, waiting.user_id, waiting.at, now_of(session, viewer))
        raise Conflict(f"The chief is asked already to amend this week ({who}). Withdraw that first, or wait for him.")
    asked = AmendmentRequest(tally_id=row.id, why=form.why, at=viewer.now, user_id=viewer.user_id)
    asked.lines = [
        AmendmentRequestLine(item=item, old_reported=old, new_reported=new, log=logged.get(item, Decimal(0)))
        for item, old, new in changes
    ]
    session.add(asked)
    session.flush()
    return asked


def _open_request(session: Session, request_id: int, now: Now) -> AmendmentRequest:
    asked = session.get(AmendmentRequest, request_id, with_for_update=True, populate_existing=True)
    if asked is None:
        raise NotFound(f"There is no amendment {request_id} here. Go back to the weeks and open it again.")
    if asked.status is not AmendmentStatus.asked:
        who = by_and_when(session, asked.decided_by, asked.decided_at, now)
        raise Conflict(f"This amendment was {asked.status.value} already ({who}). Nothing was changed.")
    return asked


def _in_order(asked: AmendmentRequest) -> list[AmendmentRequestLine]:
    order = list(TallyItem)
    return sorted(asked.lines, key=lambda line: order.index(line.item))
