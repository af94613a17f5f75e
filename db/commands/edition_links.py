"""Links that open one approved edition without a sign-in: made, shown once, revoked, followed.

A link is 192 random bits; the database has only their keyed hash. Whoever holds it may look, and nothing else.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import audit, write
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict
from db.forms import checked
from db.forms.questions import LinkForm
from db.models import Edition, EditionLink
from db.pilot import local_day, the_pilot
from db.types import keyed_hash
from db.vocab import Scope


@dataclass(frozen=True, slots=True)
class Given:
    """One link as a list shows it. ``last_day`` is inclusive; ``state``: "open", "expired" or "revoked"."""

    id: int
    label: str
    state: str
    created_at: datetime
    created_by: str
    last_day: date


def create_link(session: Session, viewer: Viewer, edition_id: int, label: str, expires_on: date) -> str:
    """A new link to an approved edition, until the end of ``expires_on``: its secret part, told this once.

    Raises Forbidden, NotFound, Invalid, Conflict (a draft, or withdrawn).
    """
    form = checked(LinkForm, {"label": label, "expires_on": expires_on})
    with write(session, viewer, Permission.prepare_meeting, "make edition link", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        edition = hold(session, Edition, edition_id, "edition")
        if edition.approved_at is None:
            raise Conflict(f"Edition {edition.number} is a draft. Approve it, then make links to it.")
        if edition.withdrawn_at is not None:
            raise Conflict(f"Edition {edition.number} was withdrawn. Make the link to another one.")
        token = secrets.token_urlsafe(24)
        zone = ZoneInfo(the_pilot(session).time_zone)
        row = EditionLink(
            edition_id=edition.id,
            token_hash=_hashed(token),
            label=form.label,
            created_at=viewer.now,
            created_by=viewer.name,
            expires_at=datetime.combine(form.expires_on + timedelta(days=1), time(), zone),
        )
        session.add(row)
        session.flush()
        note.subject = f"edition {edition.number}"
        note.detail = {"link": row.id, "label": form.label, "expires_on": form.expires_on.isoformat()}
    return token


def revoke_link(session: Session, viewer: Viewer, link_id: int) -> Saved:
    """It stops at once. Revoked before, nothing changes and nothing is said to be wrong."""
    with write(session, viewer, Permission.prepare_meeting, "revoke edition link", Scope.meetings) as note:
        row = hold(session, EditionLink, link_id, "link")
        again = row.revoked_at is not None
        if not again:
            row.revoked_at, row.revoked_by = viewer.now, viewer.name
        note.subject, note.detail = f"edition {row.edition.number}", {"link": row.id, "label": row.label}
    return Saved(link_id, again=again)


def links(session: Session, viewer: Viewer, edition_id: int) -> tuple[Given, ...]:
    """Those of one edition, the newest first. Never the link itself: nobody has it but whom it was given to."""
    viewer.must(Permission.prepare_meeting)
    zone = the_pilot(session).time_zone
    wanted = select(EditionLink).where(EditionLink.edition_id == edition_id).order_by(EditionLink.id.desc())
    return tuple(
        Given(
            row.id,
            row.label,
            _state(row, viewer.now),
            row.created_at,
            row.created_by,
            local_day(row.expires_at - timedelta(minutes=1), zone),
        )
        for row in session.scalars(wanted)
    )


# --- behind the link: nobody is signed in, the token is the key ----------------------------------


def link_viewer(address: str, now: datetime, today: date) -> Viewer:
    """Whoever holds a link: may open its edition, and nothing else."""
    return Viewer("edition link", None, frozenset({Permission.open_link}), now, today, address=address)


def follow(session: Session, viewer: Viewer, token: str) -> Edition | None:
    """The edition behind ``token``; None for a link that is unknown, expired or revoked. Each opening is audited.

    A withdrawn edition is returned as well: the page says that it was withdrawn. ``session`` sees all rows: the
    token alone says which one is shown. A guess writes nothing.
    """
    viewer.must(Permission.open_link)
    link = session.scalars(select(EditionLink).where(EditionLink.token_hash == _hashed(token))).first()
    if link is None or _state(link, viewer.now) != "open" or link.edition.approved_at is None:
        return None
    edition, told = link.edition, {"link": link.id, "label": link.label}
    outcome = "done" if edition.withdrawn_at is None else "refused"
    audit(session, viewer, "open edition link", f"edition {edition.number}", outcome, **told)
    return edition


def _state(row: EditionLink, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "open" if now < row.expires_at else "expired"


def _hashed(token: str) -> str:
    return keyed_hash(token, "edition link")
