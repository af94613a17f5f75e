"""The frame of every write: permission, one transaction, audit entry, change counter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from db.access import Permission, Viewer
from db.engine import raise_version
from db.errors import Conflict, Forbidden
from db.models import AuditEntry
from db.settings import wall_clock
from db.vocab import Scope


@dataclass(slots=True)
class Note:
    """What the command adds to its audit entry before it ends. Codes and keys only, never a name."""

    subject: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def write(session: Session, viewer: Viewer, permission: Permission, action: str, *scopes: Scope) -> Iterator[Note]:
    """One write transaction. Commits at the end, rolls back on any error.

    A refusal for want of permission is audited. Any snapshot the session read before is ended first,
    so the command sees, and on SQLite locks, the present state. A command run within another's write is part of
    it: refused, it leaves no trace and the other may go on; what it stored lasts only if the other comes to its end.
    """
    note = Note()
    if _OPEN in session.info:
        viewer.must(permission)
        with _part(), session.begin_nested():
            yield note
            session.add(_entry(viewer, action, note, "done"))
        session.info[_OPEN].update(scopes)
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("write() needs a session without pending changes")
    session.commit()
    try:
        viewer.must(permission)
    except Forbidden:
        session.add(_entry(viewer, action, note, "refused"))
        session.commit()
        raise
    session.info[_OPEN] = set(scopes)
    try:
        session.connection(execution_options={"tandem_writer": True})
        yield note
        session.add(_entry(viewer, action, note, "done"))
        raise_version(session, *session.info[_OPEN])
        session.commit()
    except StaleDataError as error:
        session.rollback()
        raise Conflict("Somebody saved this a moment ago. Reload it and look at both versions.") from error
    except OperationalError as error:
        session.rollback()
        if "locked" in str(error.orig):
            raise Conflict("The database was busy for five seconds. Nothing was saved: try again.") from error
        if "deadlock" in str(error.orig):
            raise Conflict(
                "Somebody saved something about the same at this moment. Nothing was saved: try again."
            ) from error
        raise
    except IntegrityError as error:
        session.rollback()
        raise Conflict(
            f"The database refused this as contradictory ({_constraint(error)}). Nothing was saved."
        ) from error
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info[_OPEN]


_OPEN = "tandem.write"
"""Where a session keeps the scopes of the write it is in."""


@contextmanager
def _part() -> Iterator[None]:
    """A write within a write: what the database refuses of it is said; the rest of the transaction stays usable."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            f"The database refused this as contradictory ({_constraint(error)}). Nothing of it was saved."
        ) from error


def audit(
    session: Session, viewer: Viewer, action: str, subject: str = "", outcome: str = "done", **detail: Any
) -> None:
    """Record something that is not a write (a sign-in, a forbidden path) and commit it."""
    session.add(_entry(viewer, action, Note(subject, detail), outcome))
    session.commit()


def _entry(viewer: Viewer, action: str, note: Note, outcome: str) -> AuditEntry:
    return AuditEntry(
        at=wall_clock(),
        actor=viewer.name,
        action=action,
        subject=note.subject,
        detail=note.detail,
        address=viewer.address,
        outcome=outcome,
    )


def _constraint(error: IntegrityError) -> str:
    """Which rule it was. Never PostgreSQL's detail: that is the whole row."""
    if (said := getattr(error.orig, "diag", None)) is not None:
        return said.constraint_name or f"{said.table_name}.{said.column_name}"
    return str(error.orig).removeprefix("CHECK constraint failed: ")
