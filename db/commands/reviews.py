"""Calls that nobody followed up: taken as a referral, or left with a reason, one by one or many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import calls_left
from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, at_work, hold
from db.errors import Conflict, Invalid
from db.forms.flow import CallReasonForm
from db.models import Call, CallReview, CallType, Location, Referral, ReferralDetail, Shift
from db.pilot import the_pilot
from db.vocab import ReferralStatus, Scope, Source, Urgency
from db.vocab.desk import CallReason


@dataclass(frozen=True, slots=True)
class LeftCall:
    """A call without follow-up as the desk may see it. ``again``: later calls of the same subject, if known."""

    call: Call
    type: str
    place: str | None
    on_shift: bool
    again: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a bulk answer stored. ``already``: calls that somebody had taken up in the meantime."""

    call_ids: tuple[int, ...]
    already: int


def calls_waiting(
    session: Session,
    viewer: Viewer,
    *,
    off_shift: bool | None = None,
    first: date | None = None,
    last: date | None = None,
) -> list[LeftCall]:
    """Every eligible call that nobody took up, oldest first. Empty for whoever may not see calls.

    ``off_shift``: only those that came outside (True) or during (False) every rostered shift. ``first`` and
    ``last``: only those received on these days or between them.
    """
    pilot = the_pilot(session)
    query = (
        select(Call, CallType.name, Location.name)
        .join(CallType, CallType.id == Call.type_id)
        .outerjoin(Location, Location.id == Call.location_id)
        .where(calls_left.left(pilot, viewer.today, first, last))
        .order_by(Call.received_at, Call.id)
    )
    shifts = session.scalars(select(Shift)).all()
    found = [
        LeftCall(call, kind, place, calls_left.on_shift(shifts, call.received_at, pilot.time_zone))
        for call, kind, place in session.execute(query)
    ]
    return [left for left in found if off_shift is None or left.on_shift is not off_shift]


def any_call(session: Session) -> bool:
    """Whether an export of calls was ever loaded."""
    return session.scalars(select(Call.id).limit(1)).first() is not None


def called_again(session: Session, calls: Sequence[Call]) -> dict[int, int]:
    """Call → how many later calls there are of the same subject, where the export named one."""
    keys = {call.person_key for call in calls if call.person_key}
    if not keys:
        return {}
    rows = session.execute(select(Call.person_key, Call.received_at).where(Call.person_key.in_(sorted(keys)))).all()
    return {
        call.id: sum(key == call.person_key and at > call.received_at for key, at in rows)
        for call in calls
        if call.person_key
    }


def take_call(session: Session, viewer: Viewer, call_id: int) -> Saved:
    """Make a referral of a call, accepted and one's own: from here on it waits for its first attempt.

    Raises Conflict where somebody took the call up already.
    """
    with write(session, viewer, Permission.log_work, "take call", Scope.work) as note:
        staff = at_work(session, viewer)
        call = _still_left(session, viewer, call_id)
        place = session.get(Location, call.location_id) if call.location_id is not None else None
        row = Referral(
            received_at=viewer.now,
            source=Source.call_review,
            incident_number=call.incident_number,
            urgency=Urgency.routine,
            status=ReferralStatus.accepted,
            staff_id=staff.id,
            decided_at=viewer.now,
            created_at=viewer.now,
            created_by=viewer.user_id,
            detail=ReferralDetail(place=place.name[:160] if place else None, happened_at=call.received_at),
        )
        session.add(row)
        session.flush()
        session.add(CallReview(call_id=call.id, referral_id=row.id, at=viewer.now, by=viewer.user_id))
        note.subject, note.detail = f"referral {row.id}", {"call": call.id}
    return Saved(row.id)


def answer_calls(session: Session, viewer: Viewer, form: CallReasonForm) -> Answered:
    """Say why calls had no follow-up. What somebody took up in the meantime is left as it is.

    “Off shift” is derived: Invalid for a call that came while a shift ran.
    """
    with write(session, viewer, Permission.log_work, "answer calls", Scope.work) as note:
        pilot = the_pilot(session)
        wanted = sorted(form.call_ids)
        rows = session.scalars(
            select(Call)
            .where(Call.id.in_(wanted), calls_left.left(pilot, viewer.today))
            .order_by(Call.id)
            .with_for_update(of=Call)
            .execution_options(populate_existing=True)
        ).all()
        if form.reason is CallReason.off_shift:
            shifts = session.scalars(select(Shift)).all()
            during = [c for c in rows if calls_left.on_shift(shifts, c.received_at, pilot.time_zone)]
            if during:
                number = during[0].incident_number or during[0].id
                raise Invalid(
                    {"reason": f"Call {number} came while a shift ran: it was not “Off shift”. Choose another reason."}
                )
        done = _reviewed(session, [row.id for row in rows])
        fresh = [row.id for row in rows if row.id not in done]
        session.add_all(
            CallReview(call_id=call, reason=form.reason, at=viewer.now, by=viewer.user_id) for call in fresh
        )
        note.subject = f"{len(fresh)} calls"
        note.detail = {"reason": form.reason.value, "calls": fresh}
    return Answered(tuple(fresh), len(wanted) - len(fresh))


def take_back_answers(session: Session, viewer: Viewer, call_ids: Sequence[int]) -> int:
    """Undo :func:`answer_calls`: the calls wait again. The audit keeps what was said."""
    with write(session, viewer, Permission.log_work, "take back answers", Scope.work) as note:
        rows = session.scalars(
            select(CallReview).where(CallReview.call_id.in_(sorted(call_ids)), CallReview.reason.is_not(None))
        ).all()
        note.subject = f"{len(rows)} calls"
        note.detail = {"reasons": {str(row.call_id): row.reason.value for row in rows if row.reason}}
        for row in rows:
            session.delete(row)
    return len(rows)


def _reviewed(session: Session, call_ids: Sequence[int]) -> set[int]:
    """Asked again once the calls are locked: on PostgreSQL the first answer may be that of before the lock."""
    return set(session.scalars(select(CallReview.call_id).where(CallReview.call_id.in_(call_ids))))


def _still_left(session: Session, viewer: Viewer, call_id: int) -> Call:
    pilot = the_pilot(session)
    call = hold(session, Call, call_id, "call")
    if not session.scalar(select(Call.id).where(Call.id == call.id, calls_left.left(pilot, viewer.today))):
        raise Conflict(
            f"Call {call.incident_number or call.id} was taken up in the meantime, or is not one to follow up. "
            "Reload the list."
        )
    return call
