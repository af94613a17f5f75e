"""Referrals and interventions whose incident number no loaded call has: given the right one, or said why none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from db import calls_unmatched
from db.access import Permission, Viewer
from db.calls_unmatched import Likely
from db.commands.base import Note, write
from db.commands.desk import Saved, hold
from db.commands.revisions import revise, snapshot
from db.errors import Conflict
from db.forms.flow import NoCallForm
from db.models import Call, CallGap, CallMatch, Identity, Intervention, Person, Referral
from db.pilot import local_day, the_pilot
from db.vocab import Mode, Scope
from db.vocab.desk import NoCallReason


class Kind(StrEnum):
    referral = "referral"
    intervention = "intervention"


REASON = "Incident number set to that of a loaded call"
"""Of the revision that stands in the history of an intervention."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A record that names no loaded call, as the desk may see it."""

    kind: Kind
    id: int
    number: str | None
    at: datetime
    """When it happened, where a referral tells; else when it was received, or the work was done."""
    mode: Mode | None
    person_code: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Worklist:
    """``rows``, oldest first, can be worked. ``waiting`` are of days that no loaded export covers yet."""

    rows: tuple[Unmatched, ...]
    waiting: int
    last_day: date | None
    """The last day of the loaded calls; None where there are none."""


@dataclass(frozen=True, slots=True)
class Done:
    """A record that the desk matched or gave a reason for. ``number``: what it was given."""

    match_id: int
    kind: Kind
    record_id: int
    was: str | None
    number: str | None
    reason: NoCallReason | None
    at: datetime


def worklist(session: Session) -> Worklist:
    """Every record that ought to stand beside a call and does not. Empty but for the desk."""
    first, last = session.execute(select(func.min(Call.received_on), func.max(Call.received_on))).one()
    found = [*_referrals(session), *_interventions(session)]
    if last is None:
        return Worklist((), len(found), None)
    zone = the_pilot(session).time_zone
    gaps = [(gap.first_day, gap.last_day) for gap in session.scalars(select(CallGap))]

    def covered(row: Unmatched) -> bool:
        day = local_day(row.at, zone)
        return first <= day <= last and not any(a <= day <= b for a, b in gaps)

    rows = sorted((row for row in found if covered(row)), key=lambda row: (row.at, row.kind, row.id))
    return Worklist(tuple(rows), len(found) - len(rows), last)


def _referrals(session: Session) -> list[Unmatched]:
    asked = (
        select(Referral, Person.code, Identity.name)
        .outerjoin(Person, Person.id == Referral.person_id)
        .outerjoin(Identity, Identity.person_id == Referral.person_id)
        .where(calls_unmatched.lacks_its_call(Referral))
        .options(selectinload(Referral.detail))
    )
    rows = [(row, code, name, row.detail) for row, code, name in session.execute(asked)]
    return [
        Unmatched(
            Kind.referral,
            row.id,
            row.incident_number,
            (detail.happened_at if detail else None) or row.received_at,
            None,
            code,
            name or (detail.name if detail else None),
        )
        for row, code, name, detail in rows
    ]


def _interventions(session: Session) -> list[Unmatched]:
    asked = (
        select(Intervention, Person.code, Identity.name)
        .outerjoin(Person, Person.id == Intervention.person_id)
        .outerjoin(Identity, Identity.person_id == Intervention.person_id)
        .where(calls_unmatched.lacks_its_call(Intervention))
    )
    return [
        Unmatched(Kind.intervention, row.id, row.incident_number, row.at, row.mode, code, name)
        for row, code, name in session.execute(asked)
    ]


def likely(session: Session, rows: Sequence[Unmatched]) -> dict[tuple[Kind, int], list[Likely]]:
    """The likeliest calls of each of these records: few at a time, each asks the calls of its days."""
    return {(row.kind, row.id): calls_unmatched.likely(session, row.number, row.at) for row in rows}


def match_call(session: Session, viewer: Viewer, kind: Kind, record_id: int, number: str | None, call_id: int) -> Saved:
    """The record gets the incident number of the call; from there on it stands beside it.

    ``number``: what the record says as far as the viewer knows. Raises Conflict where that has changed.
    """
    with write(session, viewer, Permission.log_work, "match call", Scope.work) as note:
        row = _held(session, kind, record_id, number)
        call = hold(session, Call, call_id, "call")
        if call.incident_number is None:
            raise Conflict("This call has no incident number in the export, so a record cannot name it.")
        match = _answer(session, viewer, kind, row, number=call.incident_number)
        _renumber(session, viewer, row, call.incident_number, REASON)
        _noted(note, kind, match)
    return Saved(match.id)


def dismiss(
    session: Session, viewer: Viewer, kind: Kind, record_id: int, number: str | None, form: NoCallForm
) -> Saved:
    """No loaded call belongs to the record, and why. It is asked again only if its number changes."""
    with write(session, viewer, Permission.log_work, "say there is no call", Scope.work) as note:
        row = _held(session, kind, record_id, number)
        match = _answer(session, viewer, kind, row, reason=form.reason)
        _noted(note, kind, match)
    return Saved(match.id)


def take_back_match(session: Session, viewer: Viewer, match_id: int) -> Saved:
    """Undo :func:`match_call` or :func:`dismiss`: the record says what it said, and waits again. The audit keeps both.

    Raises Conflict where the record got yet another number in the meantime.
    """
    with write(session, viewer, Permission.log_work, "take back match", Scope.work) as note:
        match = hold(session, CallMatch, match_id, "match")
        kind = _kind(match)
        if match.number is not None:
            row = _held(session, kind, match.referral_id or match.intervention_id or 0, match.number)
            _renumber(session, viewer, row, match.was, "Taken back: " + REASON[0].lower() + REASON[1:])
        _noted(note, kind, match)
        session.delete(match)
    return Saved(match_id)


def done(session: Session, limit: int = 50) -> list[Done]:
    """What the desk decided, newest first. Empty but for the desk."""
    rows = session.scalars(select(CallMatch).order_by(CallMatch.at.desc(), CallMatch.id.desc()).limit(limit))
    return [
        Done(
            row.id,
            _kind(row),
            row.referral_id or row.intervention_id or 0,
            row.was,
            row.number,
            row.reason,
            row.at,
        )
        for row in rows
    ]


def _kind(match: CallMatch) -> Kind:
    return Kind.referral if match.referral_id is not None else Kind.intervention


def _held(session: Session, kind: Kind, record_id: int, number: str | None) -> Referral | Intervention:
    row = hold(session, Referral if kind is Kind.referral else Intervention, record_id, kind.value)
    if isinstance(row, Intervention) and row.voided_at is not None:
        raise Conflict("This entry was voided in the meantime: it needs no call. Reload the list.")
    if row.incident_number != number:
        now = row.incident_number or "none"
        raise Conflict(f"Somebody changed its incident number in the meantime: it is {now} now. Reload the list.")
    return row


def _answer(
    session: Session,
    viewer: Viewer,
    kind: Kind,
    row: Referral | Intervention,
    *,
    number: str | None = None,
    reason: NoCallReason | None = None,
) -> CallMatch:
    column = CallMatch.referral_id if kind is Kind.referral else CallMatch.intervention_id
    match = session.scalars(select(CallMatch).where(column == row.id)).first()
    if match is None:
        match = CallMatch(**{column.key: row.id})
        session.add(match)
    match.was, match.number, match.reason = row.incident_number, number, reason
    match.at, match.by = viewer.now, viewer.user_id
    session.flush()
    return match


def _renumber(session: Session, viewer: Viewer, row: Referral | Intervention, number: str | None, reason: str) -> None:
    if isinstance(row, Referral):
        row.incident_number = number
        return
    before = snapshot(session, row)
    row.incident_number = number
    revise(session, viewer, row, before, reason)


def _noted(note: Note, kind: Kind, match: CallMatch) -> None:
    note.subject = f"{kind} {match.referral_id or match.intervention_id}"
    note.detail = {"match": match.id} | ({"reason": match.reason.value} if match.reason else {})
