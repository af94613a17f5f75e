"""What a person agreed to, and what left the desk under it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import Encrypted, vocabulary
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, DisclosureKind, Recipient


class Consent(Base):
    """One agreement of one person: who discloses to whom, what for, how much, from when until when.

    ``starts_on`` and ``until`` are inclusive days; ``until`` None is open-ended. Revoked, it covers nothing
    from the moment ``revoked_at`` on; it is never deleted.
    """

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("until IS NULL OR until >= starts_on", name="until_after_start"),
        CheckConstraint("provider_id IS NULL OR recipient_kind = 'provider'", name="provider_is_recipient"),
        CheckConstraint("user_id IS NULL OR recipient_kind = 'officer'", name="officer_is_recipient"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    discloser: Mapped[str] = mapped_column(String(120))
    """Who may disclose: the program, as the form names it."""
    recipient_kind: Mapped[Recipient] = mapped_column(vocabulary(Recipient))
    recipient: Mapped[str | None] = mapped_column(Encrypted)
    """Who else it is, in words; empty where provider or officer say it."""
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))
    """None with ``recipient_kind`` provider: any provider the person is referred to."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """None with ``recipient_kind`` officer: whoever referred the person."""
    purpose: Mapped[ConsentPurpose] = mapped_column(vocabulary(ConsentPurpose))
    scope: Mapped[ConsentScope] = mapped_column(vocabulary(ConsentScope))
    form: Mapped[ConsentForm] = mapped_column(vocabulary(ConsentForm))
    starts_on: Mapped[date]
    until: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Disclosure(Base):
    """One line of the accounting of disclosures: what left the desk, to whom, under which consent."""

    __tablename__ = "disclosure"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    consent_id: Mapped[int] = mapped_column(ForeignKey("consent.id"))
    kind: Mapped[DisclosureKind] = mapped_column(vocabulary(DisclosureKind))
    recipient: Mapped[str] = mapped_column(Encrypted)
    what: Mapped[str] = mapped_column(String(200))
    """Which kinds of information, never the information itself."""
    connection_id: Mapped[int | None] = mapped_column(ForeignKey("connection.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """Who disclosed it."""
