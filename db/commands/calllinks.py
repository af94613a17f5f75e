"""Person ↔ call: proposed by the incident number that a referral or a contact carries, decided by the desk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold
from db.errors import Conflict, NotFound
from db.models import Call, CallLink, CallType, Identity, Intervention, Location, Person, Referral, User
from db.vocab import Scope

_CALLS = (
    select(Call, CallType.name, Location.name)
    .join(CallType, CallType.id == Call.type_id)
    .outerjoin(Location, Location.id == Call.location_id)
)
"""(call, its type, its place or None)."""
NEAR = timedelta(days=60)
"""A number is used again after years; a call further away than this from what named it is another call."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that carries the incident number of a person's referral or contact."""

    person_id: int
    code: str
    name: str
    call_key: str
    incident_number: str
    received_at: datetime
    type: str
    place: str | None
    named_by: str
    """“referral” or “contact”: which of them carries the number; the referral where both do."""
    named_at: datetime


@dataclass(frozen=True, slots=True)
class Linked:
    """A call of somebody: linked itself, or another call of the same subject."""

    call_key: str
    incident_number: str
    received_at: datetime | None
    """None: the call is not loaded at present."""
    type: str
    place: str | None
    link_id: int | None
    """None: a call of the same subject, which follows from a confirmed link."""
    confirmed: bool
    decided_at: datetime | None
    decided_by: str


def proposals(session: Session, person_id: int | None = None) -> list[Proposal]:
    """Links nobody decided on yet, newest call first; of one person, or of everybody. Empty but for the desk."""
    decided = {tuple(row) for row in session.execute(select(CallLink.person_id, CallLink.incident_number))}
    named = [row for row in _named(session, person_id) if row[:2] not in decided]
    if not named:
        return []
    calls = _calls_numbered(session, {number for _, number, _, _ in named})
    best: dict[tuple[int, str], Proposal] = {}
    people = _people(session, {person for person, *_ in named})
    for person, number, kind, at in named:
        for call, type_name, place in calls.get(number, ()):
            key = (person, call.identity_key)
            if abs(call.received_at - at) > NEAR or key in best or person not in people:
                continue
            code, name = people[person]
            best[key] = Proposal(
                person, code, name, call.identity_key, number, call.received_at, type_name, place, kind, at
            )
    return sorted(best.values(), key=lambda p: p.received_at, reverse=True)


def _named(session: Session, person_id: int | None) -> Iterator[tuple[int, str, str, datetime]]:
    """(person, incident number, what named it, when) of referrals and of contacts that are not voided."""
    for model, at, kind in ((Referral, Referral.received_at, "referral"), (Intervention, Intervention.at, "contact")):
        query = select(model.person_id, model.incident_number, at).where(
            model.person_id.is_not(None), model.incident_number.is_not(None)
        )
        if model is Intervention:
            query = query.where(Intervention.voided_at.is_(None))
        if person_id is not None:
            query = query.where(model.person_id == person_id)
        for person, number, moment in session.execute(query.order_by(at.desc())):
            yield person or 0, number or "", kind, moment


def _people(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(
        select(Person.id, Person.code, Identity.name)
        .outerjoin(Identity, Identity.person_id == Person.id)
        .where(Person.id.in_(sorted(ids)), Person.merged_into_id.is_(None))
    )
    return {key: (code, name or "Name unknown") for key, code, name in rows}


def _numbered(numbers: Sequence[str]) -> ColumnElement[bool]:
    """Calls under one of the numbers: the key is the number, or the number and a day where it was used again."""
    again = [Call.identity_key.between(f"{number}@", f"{number}@9") for number in numbers]
    return or_(Call.identity_key.in_(numbers), *again)


def _calls_numbered(session: Session, numbers: Iterable[str]) -> dict[str, list[tuple[Call, str, str | None]]]:
    found: dict[str, list[tuple[Call, str, str | None]]] = {}
    ordered = sorted(numbers)
    for start in range(0, len(ordered), 100):
        part = ordered[start : start + 100]
        for call, type_name, place in session.execute(_CALLS.where(_numbered(part))):
            found.setdefault(call.identity_key.partition("@")[0], []).append((call, type_name, place))
    return found


def decide_link(
    session: Session, viewer: Viewer, person_id: int, call_key: str, incident_number: str, confirmed: bool
) -> Saved:
    """The person was the subject of the call, or was not. Raises Conflict where that was decided already."""
    action = "confirm call link" if confirmed else "refuse call link"
    with write(session, viewer, Permission.log_work, action, Scope.work) as note:
        person = hold(session, Person, person_id, "person")
        call = session.scalars(select(Call).where(Call.identity_key == call_key)).first()
        if call is None:
            raise NotFound(f"The call {incident_number} is not loaded any more. Reload the page.")
        mine = select(CallLink).where(CallLink.person_id == person.id, CallLink.call_key == call_key)
        if (row := session.scalars(mine).first()) is not None:
            what = "confirmed" if row.confirmed else "refused"
            raise Conflict(f"The link of {person.code} to {incident_number} was {what} already. Reload the page.")
        others = _others(session, person, call) if confirmed else []
        row = CallLink(
            person_id=person.id,
            call_key=call.identity_key,
            incident_number=incident_number,
            person_key=call.person_key,
            confirmed=confirmed,
            decided_at=viewer.now,
            decided_by=viewer.user_id,
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"person {person.code}", {"link": row.id}
    doubt = f"The subject of this call is linked to {', '.join(others)} as well. Are they the same person?"
    return Saved(row.id, (doubt,) if others else ())


def _others(session: Session, person: Person, call: Call) -> Sequence[str]:
    if call.person_key is None:
        return []
    return session.scalars(
        select(Person.code)
        .join(CallLink, CallLink.person_id == Person.id)
        .where(CallLink.person_key == call.person_key, CallLink.confirmed, Person.id != person.id)
        .distinct()
        .order_by(Person.code)
    ).all()


def undecide_link(session: Session, viewer: Viewer, link_id: int) -> Saved:
    """Take a decision back: the call is proposed again. The audit keeps both."""
    with write(session, viewer, Permission.log_work, "take back call link", Scope.work) as note:
        row = hold(session, CallLink, link_id, "call link")
        person = session.get_one(Person, row.person_id)
        note.subject, note.detail = f"person {person.code}", {"link": row.id, "was": row.confirmed}
        session.delete(row)
    return Saved(link_id)


def calls_of(session: Session, person_id: int) -> list[Linked]:
    """Every decided link of a person, and the other calls of the subjects they confirmed; newest first."""
    links = session.execute(
        select(CallLink, User.name)
        .outerjoin(User, User.id == CallLink.decided_by)
        .where(CallLink.person_id == person_id)
    ).all()
    if not links:
        return []
    subjects = {link.person_key for link, _ in links if link.confirmed and link.person_key}
    keys = [link.call_key for link, _ in links]
    rows = [*session.execute(_CALLS.where(Call.identity_key.in_(keys)))]
    if subjects:
        rows += session.execute(_CALLS.where(Call.person_key.in_(sorted(subjects)), Call.identity_key.not_in(keys)))
    decided = {link.call_key: (link, by or "the desk") for link, by in links}
    found = [_linked(call, type_, place, decided.pop(call.identity_key, None)) for call, type_, place in rows]
    for link, by in decided.values():  # decided on, and not loaded at present
        found.append(
            Linked(link.call_key, link.incident_number, None, "", None, link.id, link.confirmed, link.decided_at, by)
        )
    return sorted(found, key=lambda c: (c.received_at is not None, c.received_at or c.decided_at), reverse=True)


def _linked(call: Call, type_: str, place: str | None, decided: tuple[CallLink, str] | None) -> Linked:
    link, by = decided if decided else (None, "")
    return Linked(
        call.identity_key,
        call.incident_number or call.identity_key,
        call.received_at,
        type_,
        place,
        link.id if link else None,
        link.confirmed if link else True,
        link.decided_at if link else None,
        by,
    )
