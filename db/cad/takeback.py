"""Taking an import back: its calls go, what it changed in others is put right, what cannot be is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from typing import cast as cast_to

from sqlalchemy import Table, delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from db.cad.load import as_day
from db.cad.overlap import write_calls, write_units
from db.models import Call, CallChange, CallReview, CallReviewAside, CallUnit, Import
from db.vocab import ImportStatus

_BULK = {"synchronize_session": False}
_PART = 5_000
_TABLES: dict[type, Table] = {model: cast_to(Table, model.__table__) for model in (Call, CallReview, CallReviewAside)}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What taking an import back did. ``since``: the first day it touched; None where it touched none."""

    removed: int
    """Calls it had added."""
    restored: int
    """Calls it had changed that say again what they said before."""
    kept_later: int
    """Calls it had changed that a later import changed again: what that one said stays."""
    changed_since: int
    """Removed calls that a later import had changed: its changes went with them."""
    told_again: tuple[str, ...]
    """Later imports that told of calls of the same days: load these files again to have what they share."""
    since: date | None

    def sentence(self) -> str:
        """What happened, and what could not be restored."""
        parts = [f"{self.removed:,} {'call' if self.removed == 1 else 'calls'} removed"]
        if self.restored:
            parts.append(f"{self.restored:,} put back to what they said before")
        if self.kept_later:
            parts.append(f"{self.kept_later:,} left as a later import changed them")
        said = f"{', '.join(parts)}."
        if self.changed_since:
            said += f" Of the removed calls {self.changed_since:,} had been changed by a later import."
        if self.removed and self.told_again:
            said += f" Calls that {' and '.join(self.told_again)} told of as well went too: load that again for them."
        return said


def take_back(session: Session, record: Import) -> TakenBack:
    """Undo ``record`` within the caller's transaction, all but the counts (:func:`db.cad.current.refresh`)."""
    mine = select(Call.id).where(Call.import_id == record.id)
    first = session.scalar(select(func.min(Call.received_on)).where(Call.import_id == record.id))
    removed = session.scalar(select(func.count(Call.id)).where(Call.import_id == record.id)) or 0
    later = select(func.count(CallChange.call_id.distinct())).where(CallChange.call_id.in_(mine))
    changed_since = session.scalar(later.where(CallChange.import_id != record.id)) or 0
    _set_reviews_aside(session, mine)
    for of in (CallChange, CallUnit):
        session.execute(delete(of).where(of.call_id.in_(mine)), execution_options=_BULK)
    session.execute(delete(Call).where(Call.import_id == record.id), execution_options=_BULK)
    restored, kept, days = _change_back(session, record.id)
    session.execute(delete(CallChange).where(CallChange.import_id == record.id), execution_options=_BULK)
    record.status = ImportStatus.taken_back
    session.flush()
    touched: list[date] = [*([first] if first else []), *days]
    since = min(touched) if touched else None
    return TakenBack(removed, restored, kept, changed_since, _told_again(session, record), since)


def _set_reviews_aside(session: Session, mine: Any) -> None:
    """What the desk said of a call outlives the call: it is in force again when the call is loaded again.

    Whoever takes an import back need not be allowed to read the desk's answers; so they move unseen.
    """
    review, aside, call = _TABLES[CallReview], _TABLES[CallReviewAside], _TABLES[Call]
    connection = session.connection()
    columns = ("reason", "referral_id", "at", "by")
    moved = select(call.c.identity_key, *(review.c[name] for name in columns)).join(call, call.c.id == review.c.call_id)
    connection.execute(insert(aside).from_select(["call_key", *columns], moved.where(review.c.call_id.in_(mine))))
    connection.execute(delete(review).where(review.c.call_id.in_(mine)))


def bring_reviews_back(session: Session, import_id: int) -> None:
    """The other way, for calls that were just loaded again."""
    review, aside, call = _TABLES[CallReview], _TABLES[CallReviewAside], _TABLES[Call]
    connection = session.connection()
    if connection.execute(select(aside.c.call_key).limit(1)).first() is None:
        return
    columns = ("reason", "referral_id", "at", "by")
    back = select(call.c.id, *(aside.c[name] for name in columns)).join(aside, aside.c.call_key == call.c.identity_key)
    connection.execute(insert(review).from_select(["call_id", *columns], back.where(call.c.import_id == import_id)))
    again = select(call.c.identity_key).where(call.c.import_id == import_id)
    connection.execute(delete(aside).where(aside.c.call_key.in_(again)))


def _change_back(session: Session, import_id: int) -> tuple[int, int, list[date]]:
    """(calls restored, calls left to a later import, first days touched)."""
    restored: set[int] = set()
    kept: set[int] = set()
    days: list[date] = []
    last = 0
    while changes := session.scalars(
        select(CallChange)
        .where(CallChange.import_id == import_id, CallChange.id > last)
        .order_by(CallChange.id)
        .limit(_PART)
    ).all():
        last = changes[-1].id
        later = _later(session, import_id, changes)
        calls: dict[int, dict[str, Any]] = {}
        units: dict[tuple[int, str], dict[str, Any]] = {}
        gone: list[tuple[int, str]] = []
        for change in changes:
            left = _handed_on(change, later.get((change.call_id, change.unit), []))
            if left is None:
                gone.append((change.call_id, change.unit or ""))
            elif left and change.unit is None:
                calls[change.call_id] = left
            elif left:
                units[change.call_id, change.unit or ""] = left
            (kept if left == {} else restored).add(change.call_id)
        days += _days(session, [change.call_id for change in changes], calls)
        write_calls(session, calls)
        write_units(session, units)
        for part in (gone[k : k + 500] for k in range(0, len(gone), 500)):
            which = tuple_(CallUnit.call_id, CallUnit.unit).in_(part)
            session.execute(delete(CallUnit).where(which), execution_options=_BULK)
        session.flush()
        for seen in {*changes, *(each for several in later.values() for each in several)}:
            session.expunge(seen)
    return len(restored), len(kept - restored), days


def _later(
    session: Session, import_id: int, changes: Sequence[CallChange]
) -> dict[tuple[int, str | None], list[CallChange]]:
    """Changes of the same calls by later imports, in order."""
    found: dict[tuple[int, str | None], list[CallChange]] = {}
    asked = select(CallChange).where(
        CallChange.call_id.in_({change.call_id for change in changes}), CallChange.import_id > import_id
    )
    for change in session.scalars(asked.order_by(CallChange.id)):
        found.setdefault((change.call_id, change.unit), []).append(change)
    return found


def _handed_on(change: CallChange, later: Sequence[CallChange]) -> dict[str, Any] | None:
    """What is left to restore: a later change of the same column inherits what stood there before this one.

    None: the unit was added by this import and no later one told of it, so it goes.
    """
    if change.old is None:
        if not later:
            return None
        later[0].old = None  # now that one is the first to tell of this unit
        return {}
    left = dict(change.old)
    for after in later:
        if after.old is None:
            continue
        shared = {column: left.pop(column) for column in list(left) if column in after.old}
        if shared:
            after.old = after.old | shared
    return left


def _days(session: Session, call_ids: Sequence[int], restored: dict[int, dict[str, Any]]) -> list[date]:
    now = session.scalar(select(func.min(Call.received_on)).where(Call.id.in_(call_ids)))
    then = [told["received_on"] for told in restored.values() if "received_on" in told]
    return [*([now] if now else []), *([as_day(min(then))] if then else [])]


def _told_again(session: Session, record: Import) -> tuple[str, ...]:
    """Later imports that found calls already there on days that this one told of."""
    if record.first_received is None or record.last_received is None:
        return ()
    reach = timedelta(days=1)
    asked = select(Import).where(
        Import.id > record.id,
        Import.status == ImportStatus.done,
        Import.already_there > 0,
        Import.first_received <= record.last_received + reach,
        Import.last_received >= record.first_received - reach,
    )
    return tuple(f"import {each.id} ({each.file_name})" for each in session.scalars(asked.order_by(Import.id)))
