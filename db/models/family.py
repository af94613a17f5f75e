"""Around a person: household, supports and gaps, safety alerts, what was corrected, merged, and linked to calls."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import Encrypted, vocabulary
from db.vocab import Need
from db.vocab.family import HouseholdRole


class Household(Base):
    """People who live together, each with one role or several in it."""

    __tablename__ = "household"
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class HouseholdMember(Base):
    """One role of one person in a household."""

    __tablename__ = "household_member"
    __table_args__ = (UniqueConstraint("household_id", "person_id", "role"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[HouseholdRole | None] = mapped_column(vocabulary(HouseholdRole))
    """None: lives there, and nothing more is known."""
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class PersonProfile(Base):
    """What the person has to lean on, and what is missing, in a few words; encrypted."""

    __tablename__ = "person_profile"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    supports: Mapped[str | None] = mapped_column(Encrypted)
    gaps: Mapped[str | None] = mapped_column(Encrypted)


class PersonNeed(Base):
    """A need the desk noted for the person, beside those named by referrals, interventions and connections."""

    __tablename__ = "person_need"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    need: Mapped[Need] = mapped_column(vocabulary(Need), primary_key=True)


class SafetyAlert(Base):
    """What whoever goes there must know. Shown until ``expires_on`` (inclusive) or until it is ended."""

    __tablename__ = "safety_alert"
    __table_args__ = (CheckConstraint("(ended_at IS NULL) OR ended_at >= created_at", name="ended_after_created"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    text: Mapped[str] = mapped_column(Encrypted)
    expires_on: Mapped[date]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class PersonChange(Base):
    """One correction of a person's data: what stood there, what stands there now, who, when. Never changed."""

    __tablename__ = "person_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    field: Mapped[str] = mapped_column(String(40))
    old: Mapped[str | None] = mapped_column(Encrypted)
    new: Mapped[str | None] = mapped_column(Encrypted)
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Merge(Base):
    """Two codes that were one person. ``changes`` is all that undoing needs to put every row back as it was."""

    __tablename__ = "merge"
    __table_args__ = (CheckConstraint("kept_id <> gone_id", name="two_people"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    gone_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changes: Mapped[str] = mapped_column(Encrypted)
    """JSON, see ``db.commands.merge``."""


class NotTwice(Base):
    """Two people who look like one, and are two: the desk said so, and is not asked again."""

    __tablename__ = "not_twice"
    __table_args__ = (CheckConstraint("first_id < second_id", name="in_order"),)
    first_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class CallLink(Base):
    """Person ↔ call, proposed by the incident number and decided by the desk. The desk's alone to list.

    It names the call by its ``identity_key`` and the subject by the keyed hash, not by a row: calls are
    taken back and loaded again, and a decision of the desk outlives that.
    """

    __tablename__ = "call_link"
    __table_args__ = (UniqueConstraint("person_id", "call_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    call_key: Mapped[str] = mapped_column(String(80), index=True)
    incident_number: Mapped[str] = mapped_column(String(40))
    """By which it was proposed."""
    person_key: Mapped[str | None] = mapped_column(String(64), index=True)
    """The call's subject; None where the export names none: then the link is to this one call."""
    confirmed: Mapped[bool]
    """False: looked at, and this person was not the subject of the call."""
    decided_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
