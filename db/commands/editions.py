"""Editions of a meeting: kept, their slides put in order and in words, approved by the chief, withdrawn with a reason.

Figures are computed above (``dashboard.edition``) and never change once kept. A draft may be discarded.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict, NotFound
from db.forms.meetings import DeckForm, EditionForm
from db.models import Edition
from db.vocab import Scope

_AGAIN = "bcdefghijklmnopqrstuvwxyz"


def keep_edition(
    session: Session,
    viewer: Viewer,
    form: EditionForm,
    first: date,
    last: date,
    figures: Mapping[str, Any],
    digest: str,
    previous_id: int | None,
) -> Saved:
    """A new draft with its frozen ``figures``. Its number is the meeting's day, with a letter where that is taken."""
    with write(session, viewer, Permission.prepare_meeting, "prepare meeting", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        row = Edition(
            number=_free_number(session, form.meeting_on),
            title=form.title,
            meeting_on=form.meeting_on,
            as_of=form.as_of or viewer.today,
            first=first,
            last=last,
            with_provisional=form.with_provisional,
            prepared_at=viewer.now,
            prepared_by=viewer.name,
            figures=dict(figures),
            digest=digest,
            previous_id=previous_id,
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"edition {row.number}", {"as_of": row.as_of.isoformat(), "digest": digest}
        return Saved(row.id)


def set_deck(session: Session, viewer: Viewer, edition_id: int, form: DeckForm) -> Saved:
    """The slides of a draft: which, in what order, with whose words."""
    with write(session, viewer, Permission.prepare_meeting, "arrange slides", Scope.meetings) as note:
        row = hold_draft(session, edition_id)
        form.check(now_of(session, viewer))
        row.deck = [slide.model_dump() for slide in form.slides]
        note.subject = f"edition {row.number}"
    return Saved(edition_id)


def approve(session: Session, viewer: Viewer, edition_id: int) -> Saved:
    """The chief stands behind it: from now on nothing in it changes, and the council may open it."""
    with write(session, viewer, Permission.approve_meeting, "approve edition", Scope.meetings) as note:
        row = hold_draft(session, edition_id)
        row.approved_at, row.approved_by = viewer.now, viewer.name
        note.subject, note.detail = f"edition {row.number}", {"digest": row.digest}
    return Saved(edition_id)


def hold_draft(session: Session, edition_id: int) -> Edition:
    """The edition, locked. Raises Conflict where it is approved or withdrawn."""
    row = hold(session, Edition, edition_id, "edition")
    if row.withdrawn_at is not None:
        raise Conflict(f"Edition {row.number} was withdrawn. Prepare the meeting anew.")
    if row.approved_at is not None:
        raise Conflict(f"Edition {row.number} is approved and does not change. Withdraw it, or prepare another one.")
    return row


def editions(session: Session) -> tuple[Edition, ...]:
    """Those the viewer may see, the newest meeting first."""
    return tuple(session.scalars(select(Edition).order_by(Edition.meeting_on.desc(), Edition.id.desc())))


def by_number(session: Session, number: str) -> Edition:
    """Raises NotFound, which names what there is, for a number that nobody may see here."""
    found = session.scalar(select(Edition).where(Edition.number == number))
    if found is None:
        there = ", ".join(row.number for row in editions(session)[:5]) or "none yet"
        raise NotFound(f"There is no edition “{number}”. There are: {there}.")
    return found


def in_force(session: Session, before: Edition | None = None) -> Edition | None:
    """The newest approved one that stands; with ``before`` the newest of an earlier meeting than that one."""
    wanted = select(Edition).where(Edition.approved_at.is_not(None), Edition.withdrawn_at.is_(None))
    if before is not None:
        wanted = wanted.where(Edition.id != before.id, Edition.approved_at < before.prepared_at)
    return session.scalars(wanted.order_by(Edition.meeting_on.desc(), Edition.id.desc()).limit(1)).first()


def _free_number(session: Session, meeting_on: date) -> str:
    day = meeting_on.isoformat()
    taken = set(session.scalars(select(Edition.number).where(Edition.meeting_on == meeting_on)))
    for number in (day, *(day + letter for letter in _AGAIN)):
        if number not in taken:
            return number
    raise Conflict(f"{day} has {len(taken)} editions already. Discard one first.")
