"""What the commands of work and money share: the answer to a save, saving once, locking a row, whose work it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.errors import Conflict, NotFound, Setup
from db.forms import Now
from db.models import (
    Attempt,
    Contract,
    FollowUp,
    Intervention,
    Invoice,
    LedgerEntry,
    LineTransfer,
    Person,
    Referral,
    Staff,
)
from db.pilot import the_pilot


@dataclass(frozen=True, slots=True)
class Saved:
    """What a command stored. ``again``: the same submission had been stored before, nothing was added."""

    id: int
    doubts: tuple[str, ...] = ()
    """Sentences to show beside "saved": stored as given, but worth a look."""
    again: bool = False


T = TypeVar("T")


def once(
    session: Session,
    table: type[Intervention | Referral | Attempt | FollowUp | LedgerEntry | Contract | Invoice | LineTransfer],
    key: str,
    save: Callable[[], Saved],
) -> Saved:
    """Run ``save`` unless ``key`` is stored already: a double click saves once, also when both run at once."""
    stored = select(table.id).where(table.submit_key == key)
    if (found := session.scalar(stored)) is not None:
        return Saved(found, again=True)
    try:
        return save()
    except Conflict:
        if (found := session.scalar(stored)) is not None:
            return Saved(found, again=True)
        raise


def hold(session: Session, table: type[T], key: Any, what: str) -> T:
    """The row, read anew and locked until the transaction ends. Raises NotFound (also where not permitted)."""
    row = session.get(table, key, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no {what} {key} here. Go back to the list and open it again.")
    if isinstance(row, Person) and row.merged_into_id is not None:
        into = session.get_one(Person, row.merged_into_id).code
        raise Conflict(f"{row.code} was merged into {into}, so nothing new is stored under it. Choose {into}.")
    return row


def at_work(session: Session, viewer: Viewer) -> Staff:
    """The member of staff who acts. Raises Setup for an account that is tied to none."""
    staff = session.get(Staff, viewer.staff_id) if viewer.staff_id is not None else None
    if staff is None:
        raise Setup(
            f"The account “{viewer.name}” is not tied to a member of staff, so its work would be nobody's. "
            "Ask the administrator to set it under Users."
        )
    return staff


def now_of(session: Session, viewer: Viewer) -> Now:
    """The moment and place of this submission."""
    return Now.of(the_pilot(session), viewer.now)
