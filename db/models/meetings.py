"""The council's meetings: editions with their frozen figures, links that open one, questions asked, other cities'."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Connection, ForeignKey, String, Text, event, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from db.errors import Conflict
from db.models.base import Base


class Edition(Base):
    """The figures of one meeting under a number. ``figures`` never changes; ``deck`` does until it is approved.

    Withdrawn it stays, and says so. ``first``, ``last``: the period told, both inclusive.
    """

    __tablename__ = "edition"
    __table_args__ = (
        CheckConstraint("last >= first", name="ends_after_start"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved_by_someone"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason IS NULL)", name="withdrawn_with_reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    """What people call it: the meeting's day, and a letter for the second one of a day: 2026-11-19, 2026-11-19b."""
    title: Mapped[str] = mapped_column(String(120))
    meeting_on: Mapped[date]
    as_of: Mapped[date]
    first: Mapped[date]
    last: Mapped[date]
    with_provisional: Mapped[bool]
    """Whether weeks that are not certified are in it, marked; else it ends with the newest that everybody certified."""
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str] = mapped_column(String(80))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    """``dashboard.frozen`` writes and reads it."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of ``figures`` as canonical JSON: who reads it makes sure that nobody altered it."""
    deck: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """Slides in order: key, shown, and by language title, sentence, note where the chief wrote their own."""
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"))
    """The approved one before it, whose figures it was held against."""
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(80))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))
    withdraw_reason: Mapped[str | None] = mapped_column(String(200))
    spanish_signed_at: Mapped[datetime | None]
    spanish_signed_by: Mapped[str | None] = mapped_column(String(120))
    """Who read the Spanish and vouches for it; until then it is marked as not reviewed."""
    previous: Mapped["Edition | None"] = relationship(remote_side="Edition.id")


FROZEN = ("number", "meeting_on", "as_of", "first", "last", "with_provisional", "figures", "digest", "previous_id")
"""Columns of an edition that nothing writes twice."""
APPROVED = ("title", "deck", "approved_at", "approved_by")
"""Those that nothing writes once it is approved."""


@event.listens_for(Edition, "before_update")
def _stays(_mapper: Mapper[Edition], _connection: Connection, row: Edition) -> None:
    """Whoever tries: the figures of an edition do not change, nor do the slides of an approved one."""
    changed = {each.key for each in inspect(row).attrs if each.history.has_changes()}
    approved = inspect(row).attrs.approved_at.history
    was_approved = bool(approved.deleted and approved.deleted[0]) or (
        not approved.added and row.approved_at is not None
    )
    if found := [name for name in (*FROZEN, *(APPROVED if was_approved else ())) if name in changed]:
        raise Conflict(f"Edition {row.number} is frozen: its {found[0]} does not change. Prepare another one.")


class EditionLink(Base):
    """One link that opens one edition without a sign-in. The link itself is not stored, only its keyed hash."""

    __tablename__ = "edition_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    """Whom it was given to."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(80))
    edition: Mapped[Edition] = relationship()


class Question(Base):
    """What a member of the council asked, who looks after it and by when, and the answer."""

    __tablename__ = "question"
    __table_args__ = (CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered_with_words"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    slide: Mapped[str] = mapped_column(String(40), default="")
    """Key of the slide that was up; empty where none was."""
    asked: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(80), default="")
    owner: Mapped[str] = mapped_column(String(80), default="")
    due_on: Mapped[date | None]
    asked_at: Mapped[datetime]
    taken_by: Mapped[str] = mapped_column(String(80))
    send_key: Mapped[str] = mapped_column(String(36), unique=True)
    """Made where it was typed: sent twice, it is stored once."""
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(80))
    removed_at: Mapped[datetime | None]
    edition: Mapped[Edition] = relationship()


class PeerEdition(Base):
    """Another city's de-identified edition, loaded as a line to compare with."""

    __tablename__ = "peer_edition"
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str] = mapped_column(String(80))
    number: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The file as it came, checked against the schema."""
    file_hash: Mapped[str] = mapped_column(String(64), unique=True)
    loaded_at: Mapped[datetime]
    loaded_by: Mapped[str] = mapped_column(String(80))
    removed_at: Mapped[datetime | None]
