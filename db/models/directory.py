"""Closing the loop with providers: links that leave the desk, what came back, calls made, notes kept."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.models.work import Connection
from db.types import Encrypted, vocabulary
from db.vocab.links import CallOutcome, LinkAnswer


class ProviderToken(Base):
    """One link handed to one provider about one connection. The link itself is not stored, only its hash.

    It works until ``expires_at``, until revoked, and until it is spent: each answer once, the last one ends it.
    """

    __tablename__ = "provider_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), index=True)
    consent_id: Mapped[int] = mapped_column(ForeignKey("consent.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    spent_at: Mapped[datetime | None]
    connection: Mapped[Connection] = relationship()


class ProviderReport(Base):
    """One answer that came through a link; on the ladder it stands as a step or an end like any other."""

    __tablename__ = "provider_report"
    __table_args__ = (UniqueConstraint("token_id", "answer"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("provider_token.id"))
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), index=True)
    answer: Mapped[LinkAnswer] = mapped_column(vocabulary(LinkAnswer))
    on_date: Mapped[date]
    at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    """Where the answer came from, as the server saw it."""
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ProviderCall(Base):
    """A call or visit to a provider about one connection, logged by the desk."""

    __tablename__ = "provider_call"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[CallOutcome] = mapped_column(vocabulary(CallOutcome))
    note: Mapped[str | None] = mapped_column(Encrypted)


class ProviderNote(Base):
    """What the desk learned about a provider ("ask for intake, Tuesdays"), encrypted: a name may slip in."""

    __tablename__ = "provider_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"), index=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str] = mapped_column(Encrypted)
    voided_at: Mapped[datetime | None]
