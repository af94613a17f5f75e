"""What keeps the desk's lists: follow-ups, reasons for calls, closed referrals, and notices by e-mail."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.models.people import Person
from db.models.work import Referral
from db.types import Encrypted, vocabulary
from db.vocab.desk import CallReason, FollowUpEnd, NoCallReason, NoticeKind, NoticeState, ReferralEnd, ShownStatus


class FollowUp(Base):
    """Somebody is to be contacted again by a day. Met by the first direct contact on that day or later.

    ``ended_at`` is set only where somebody ended it by hand; whether a contact met it is read from the log.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint("person_id IS NOT NULL OR referral_id IS NOT NULL", name="about_somebody"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_with_reason"),
        Index(None, "due_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    due_on: Mapped[date]
    what: Mapped[str | None] = mapped_column(Encrypted)
    """A few words, ≤ 120 characters."""
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    end_reason: Mapped[FollowUpEnd | None] = mapped_column(vocabulary(FollowUpEnd))
    person: Mapped[Person | None] = relationship()
    referral: Mapped[Referral | None] = relationship()


class CallReview(Base):
    """What the desk made of one call: taken as a referral, or left with a reason. One answer a call."""

    __tablename__ = "call_review"
    __table_args__ = (CheckConstraint("(reason IS NULL) <> (referral_id IS NULL)", name="taken_or_reason"),)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    reason: Mapped[CallReason | None] = mapped_column(vocabulary(CallReason))
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class CallMatch(Base):
    """What the desk made of a referral or an intervention whose incident number no loaded call had.

    Either the number it was given instead, or why there is no call: that holds as long as the record has the
    number that it had then.
    """

    __tablename__ = "call_match"
    __table_args__ = (
        CheckConstraint("(referral_id IS NULL) <> (intervention_id IS NULL)", name="one_record"),
        CheckConstraint("(reason IS NULL) <> (number IS NULL)", name="number_or_reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), unique=True)
    intervention_id: Mapped[int | None] = mapped_column(ForeignKey("intervention.id"), unique=True)
    was: Mapped[str | None] = mapped_column(String(40))
    """The incident number as it stood; None: there was none."""
    number: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[NoCallReason | None] = mapped_column(vocabulary(NoCallReason))
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class ReferralClosing(Base):
    """When, by whom and why an accepted referral was closed."""

    __tablename__ = "referral_closing"
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[ReferralEnd] = mapped_column(vocabulary(ReferralEnd))


class StatusShown(Base):
    """A status that the referring officer was shown under a consent: it is accounted for once."""

    __tablename__ = "status_shown"
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    consent_id: Mapped[int] = mapped_column(ForeignKey("consent.id"), primary_key=True)
    status: Mapped[ShownStatus] = mapped_column(vocabulary(ShownStatus), primary_key=True)
    disclosure_id: Mapped[int] = mapped_column(ForeignKey("disclosure.id"))


class Notice(Base):
    """One e-mail to one person: waiting, sent or failed. It holds counts at most, never who it is about."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "state", "at"), Index(None, "user_id", "kind", "on_date"))
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[NoticeKind] = mapped_column(vocabulary(NoticeKind))
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    on_date: Mapped[date]
    """The day it is about, in the pilot's zone: one digest a day."""
    at: Mapped[datetime]
    """When it was written, by the real clock."""
    state: Mapped[NoticeState] = mapped_column(vocabulary(NoticeState), default=NoticeState.waiting)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(200))


class NoticeChoice(Base):
    """A person's own switches; without a row both are on."""

    __tablename__ = "notice_choice"
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    digest: Mapped[bool] = mapped_column(default=True)
    urgent: Mapped[bool] = mapped_column(default=True)
