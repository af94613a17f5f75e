"""Half-typed forms: kept for their user alone, encrypted, gone with the save.

Unlike other writes a draft is neither audited nor counted as a change: it is nobody's record, only its
author can read it, and it is written each time a field is left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from db.access import Viewer
from db.errors import Conflict, Forbidden
from db.models import Draft

LONGEST = 200_000
"""Characters of one draft."""
KEPT_FOR = timedelta(days=90)
"""An older one is deleted when its user keeps another."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it was found."""

    form: str
    content: str
    saved_at: datetime


def keep_draft(session: Session, viewer: Viewer, form: str, content: str) -> None:
    """Store what is typed in ``form`` so far, over what was stored before. Raises Conflict, Forbidden."""
    if viewer.user_id is None:
        raise Forbidden("Only somebody with an account has drafts.")
    if len(content) > LONGEST:
        raise Conflict(f"The draft has {len(content):,} characters; {LONGEST:,} fit. Save the form, or shorten it.")
    with _patience(session):
        try:
            _upsert(session, viewer.user_id, form, content, viewer.now)
        except IntegrityError:  # another tab of the same user was a moment faster: now its row is there to update
            session.rollback()
            _upsert(session, viewer.user_id, form, content, viewer.now)


def drop_draft(session: Session, viewer: Viewer, form: str) -> None:
    """Forget the viewer's draft of ``form``; nothing happens where there is none. Raises Conflict."""
    with _patience(session):
        _begin(session)
        session.execute(delete(Draft).where(Draft.user_id == viewer.user_id, Draft.form == form))
        session.commit()


def kept_draft(session: Session, viewer: Viewer, form: str) -> Kept | None:
    """The viewer's own draft of ``form``."""
    return next(iter(kept_drafts(session, viewer, form, exactly=True)), None)


def kept_drafts(session: Session, viewer: Viewer, beginning: str, *, exactly: bool = False) -> list[Kept]:
    """The viewer's own drafts of forms whose name begins so, newest first."""
    named = Draft.form == beginning if exactly else Draft.form.startswith(beginning, autoescape=True)
    rows = session.scalars(
        select(Draft).where(Draft.user_id == viewer.user_id, named).order_by(Draft.saved_at.desc(), Draft.id.desc())
    )
    return [Kept(row.form, row.content, row.saved_at) for row in rows]


def _upsert(session: Session, user_id: int, form: str, content: str, now: datetime) -> None:
    _begin(session)
    row = session.scalars(select(Draft).where(Draft.user_id == user_id, Draft.form == form)).one_or_none()
    if row is None:
        session.add(Draft(user_id=user_id, form=form, content=content, saved_at=now))
    else:
        row.content, row.saved_at = content, now
    session.execute(delete(Draft).where(Draft.user_id == user_id, Draft.saved_at < now - KEPT_FOR))
    session.commit()


def _begin(session: Session) -> None:
    session.commit()
    session.connection(execution_options={"tandem_writer": True})


@contextmanager
def _patience(session: Session) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        session.rollback()
        raise Conflict("The database was busy for five seconds: the draft is kept with the next field.") from error
