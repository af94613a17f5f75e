"""What is half typed, and what an entry said before it was changed."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import Encrypted


class Draft(Base):
    """A half-typed form of one user, encrypted. Gone as soon as the form is saved or discarded."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("user_id", "form"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    form: Mapped[str] = mapped_column(String(80))
    """Which form: ``log``, ``refer``, ``log-p132``."""
    content: Mapped[str] = mapped_column(Encrypted)
    """JSON, as the form wrote it."""
    saved_at: Mapped[datetime]


class InterventionRevision(Base):
    """One change of one intervention: old and new values, who, when and why. The row itself holds the newest."""

    __tablename__ = "intervention_revision"
    __table_args__ = (UniqueConstraint("intervention_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    intervention_id: Mapped[int] = mapped_column(ForeignKey("intervention.id"))
    number: Mapped[int]
    """1, 2, 3 …: an edit that began from an older number is stale."""
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """None: from a shell."""
    reason: Mapped[str] = mapped_column(Encrypted)
    changes: Mapped[str] = mapped_column(Encrypted)
    """JSON: field → [old, new]. Encrypted, since a note and a person may stand in it."""
