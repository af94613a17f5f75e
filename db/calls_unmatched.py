"""Which referrals and interventions name no loaded call, and which calls might they mean?

One criterion (:func:`lacks_its_call`) for the desk's worklist and for the measure, so that they count alike.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.cad.meaning import falls_in
from db.calls_left import bare
from db.models import Call, CallMatch, CallType, Intervention, Location, Referral
from db.vocab import CallCategory, Mode

EDITED = timedelta(days=60)
"""How far before its record a call with a number one slip away is looked for."""
TAILED = timedelta(days=14)
"""The same for a number with another beginning: it needs a look at each number of these days."""
BESIDE = timedelta(hours=6)
"""How far from its record a behavioral-health call under quite another number is worth a look."""
OFFERED = 3
_TAIL = 4
"""Digits at the end of two numbers that, being the same, are no chance."""
_RANK = {
    "written differently": 0,
    "its beginning is missing": 1,
    "a beginning too many": 1,
    "two characters swapped": 2,
    "one character off": 2,
    "one character missing": 2,
    "one character too many": 2,
    "another beginning": 3,
    "": 9,
}
Record = type[Referral] | type[Intervention]


def needs_a_call(model: Record) -> ColumnElement[bool]:
    """A record that ought to stand beside a call: it names an incident number, or was work on scene; not voided."""
    if model is Referral:
        return Referral.incident_number.is_not(None)
    on_scene = or_(Intervention.mode == Mode.on_scene, Intervention.incident_number.is_not(None))
    return and_(Intervention.voided_at.is_(None), on_scene)


def has_its_call(model: Record) -> ColumnElement[bool]:
    """A loaded call has its incident number, small letters or capitals. Asked by the key, which has the index."""
    spelled = (model.incident_number, func.upper(model.incident_number))
    return or_(*(exists().where(_numbered(each)) for each in spelled))


def _numbered(number: ColumnElement[Any] | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    again = Call.identity_key.between(number + "@", number + "@9")  # a number that was used on several days
    return or_(Call.identity_key == number, and_(again, Call.incident_number == number))


def looked_for(model: Record) -> ColumnElement[bool]:
    """The desk said why no call has its number, and it has that number still."""
    mine = CallMatch.referral_id == Referral.id if model is Referral else CallMatch.intervention_id == Intervention.id
    still = CallMatch.was.is_not_distinct_from(model.incident_number)
    return exists().where(mine, CallMatch.reason.is_not(None), still)


def lacks_its_call(model: Record) -> ColumnElement[bool]:
    """It needs a call, no loaded one has its number, and nobody said why."""
    return and_(needs_a_call(model), ~has_its_call(model), ~looked_for(model))


@dataclass(frozen=True, slots=True)
class Likely:
    """A call that a record may mean. ``why``: how the numbers differ; empty where only the time is near."""

    call_id: int
    number: str
    received_at: datetime
    type: str
    place: str | None
    why: str
    apart: timedelta
    """From the call to the record; negative where the call came after it."""


def likely(session: Session, number: str | None, at: datetime) -> list[Likely]:
    """The likeliest calls of a record of the moment ``at``, at most three: by their number first, then by time."""
    found: dict[int, Likely] = {}
    for call, type_name, place in _candidates(session, number, at):
        theirs = call.incident_number or ""
        why = slip(number, theirs)
        apart = at - call.received_at
        if theirs and (why or abs(apart) <= BESIDE):
            found[call.id] = Likely(call.id, theirs, call.received_at, type_name, place, why, apart)
    return sorted(found.values(), key=lambda each: (_RANK[each.why], abs(each.apart), each.call_id))[:OFFERED]


def _candidates(session: Session, number: str | None, at: datetime) -> Iterator[Row[Call, str, str]]:
    calls = (
        select(Call, CallType.name, Location.name)
        .join(CallType, CallType.id == Call.type_id)
        .outerjoin(Location, Location.id == Call.location_id)
    )
    until = at + timedelta(days=1)
    typed = bare(number)
    if typed:
        edits = sorted(_slips(number or "") | _slips((number or "").upper()))
        slipped = Call.received_at.between(at - EDITED, until)
        yield from session.execute(calls.where(Call.identity_key.in_(edits), slipped))
    if tail := _tail(typed):
        days = Call.received_on.between((at - TAILED).date(), until.date())
        ends = Call.incident_number.like(f"%{tail}")
        yield from session.execute(calls.where(days, ends))
    beside = Call.received_at.between(at - BESIDE, at + BESIDE)
    days = Call.received_on.between((at - timedelta(days=1)).date(), until.date())
    near = calls.where(days, beside, falls_in(CallCategory.behavioural_health))
    yield from session.execute(near)


def slip(typed: str | None, theirs: str) -> str:
    """How two numbers differ by what one slip of a hand makes of them; empty where by more."""
    mine, other = bare(typed), bare(theirs)
    if not mine or not other:
        return ""
    if mine == other or _unpadded(mine) == _unpadded(other):
        return "written differently"
    if other.endswith(mine) and _tail(mine):
        return "its beginning is missing"
    if mine.endswith(other) and _tail(other):
        return "a beginning too many"
    if len(mine) == len(other):
        differ = [k for k, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
        if len(differ) == 1:
            return "one character off"
        if len(differ) == 2 and differ[1] == differ[0] + 1:
            first, second = differ
            return "two characters swapped" if mine[first] + mine[second] == other[second] + other[first] else ""
    elif len(mine) + 1 == len(other) and mine in _without_one(other):
        return "one character missing"
    elif len(mine) == len(other) + 1 and other in _without_one(mine):
        return "one character too many"
    return "another beginning" if _tail(mine) and _tail(mine) == _tail(other) else ""


def _unpadded(number: str) -> str:
    """“HB001234” as “HB1234”: the last run of digits without its zeros in front."""
    return re.sub(r"(?<!\d)0+(?=\d+$)", "", number)


def _tail(number: str) -> str:
    """The digits at the end, without zeros in front; empty where they are too few to tell one call from another."""
    digits = re.search(r"\d*$", number)
    tail = (digits[0] if digits else "").lstrip("0")
    return tail[-5:] if len(tail) >= _TAIL else ""


def _without_one(text: str) -> set[str]:
    return {text[:k] + text[k + 1 :] for k in range(len(text))}


def _slips(number: str) -> set[str]:
    """Every number one slip away, written as it is: a digit another, one more or one less, two swapped."""
    off = {number[:k] + d + number[k + 1 :] for k, c in enumerate(number) if c.isdigit() for d in "0123456789"}
    more = {number[:k] + d + number[k:] for k in range(len(number) + 1) for d in "0123456789"}
    swapped = {number[:k] + b + a + number[k + 2 :] for k, (a, b) in enumerate(pairwise(number))}
    return off | more | swapped | _without_one(number) | _spellings(number)


def _spellings(number: str) -> set[str]:
    plain = bare(number)
    parts = re.fullmatch(r"([A-Z]+|\d\d(?=\d{4}))(\d+)", plain)
    return {plain, *({f"{parts[1]}-{parts[2]}", f"{parts[1]} {parts[2]}"} if parts else ())}
