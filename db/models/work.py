"""The desk's work: referrals and attempts, episodes, interventions, connections, providers, tallies."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.models.people import Person
from db.types import Encrypted, vocabulary
from db.vocab import (
    AttemptMode,
    ConnectionEnd,
    DeclineReason,
    Disposition,
    EpisodeEnd,
    Mode,
    Need,
    Outcome,
    ProviderKind,
    Purpose,
    ReferralStatus,
    Source,
    Step,
    TallyItem,
    TallyStatus,
    Urgency,
)


class Referral(Base):
    """Somebody is sent to the clinician. ``person_id`` stays empty until the desk knows who it is."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("decided_at IS NULL OR decided_at >= received_at", name="decided_after_received"),
        CheckConstraint("(status = 'new') = (decided_at IS NULL)", name="new_is_undecided"),
        CheckConstraint("decline_reason IS NULL OR status = 'declined'", name="only_declined_has_reason"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[Source] = mapped_column(vocabulary(Source))
    referred_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    incident_number: Mapped[str | None] = mapped_column(String(40), index=True)
    urgency: Mapped[Urgency] = mapped_column(vocabulary(Urgency), default=Urgency.routine)
    status: Mapped[ReferralStatus] = mapped_column(vocabulary(ReferralStatus), default=ReferralStatus.new)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[DeclineReason | None] = mapped_column(vocabulary(DeclineReason))
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    person: Mapped[Person | None] = relationship()
    needs: Mapped[list["ReferralNeed"]] = relationship(cascade="all, delete-orphan")
    attempts: Mapped[list["Attempt"]] = relationship(back_populates="referral")
    detail: Mapped["ReferralDetail | None"] = relationship(cascade="all, delete-orphan")


class ReferralNeed(Base):
    __tablename__ = "referral_need"
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    need: Mapped[Need] = mapped_column(vocabulary(Need), primary_key=True)


class ReferralDetail(Base):
    """Who and where, as the referrer told it, encrypted: the desk's alone from the moment it is sent."""

    __tablename__ = "referral_detail"
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(Encrypted)
    """None: the referrer does not know it."""
    approximate_age: Mapped[str | None] = mapped_column(Encrypted)
    """In years, encrypted as text."""
    place: Mapped[str | None] = mapped_column(Encrypted)
    happened_at: Mapped[datetime | None]
    safety_note: Mapped[str | None] = mapped_column(Encrypted)
    agreed: Mapped[bool | None]
    """The person agreed to be contacted; None: was not asked."""


class Attempt(Base):
    """One try to reach the person of a referral.

    An intervention of a personal mode that is tied to a referral is a try as well: it writes its own
    row here, with ``intervention_id``, so that measures of attempts read this table alone.
    """

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    at: Mapped[datetime]
    mode: Mapped[AttemptMode] = mapped_column(vocabulary(AttemptMode))
    reached: Mapped[bool]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    intervention_id: Mapped[int | None] = mapped_column(ForeignKey("intervention.id"), unique=True)
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    referral: Mapped[Referral] = relationship(back_populates="attempts")


class Episode(Base):
    """One stretch of care: opened on the first direct contact, closed with a reason."""

    __tablename__ = "episode"
    __table_args__ = (
        CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="closed_after_opened"),
        CheckConstraint("(closed_on IS NULL) = (close_reason IS NULL)", name="closed_with_reason"),
        Index(None, "person_id", "opened_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[EpisodeEnd | None] = mapped_column(vocabulary(EpisodeEnd))
    person: Mapped[Person] = relationship()


class Intervention(Base):
    """One event of work. Voided, never deleted; ``submit_key`` makes a double click save once."""

    __tablename__ = "intervention"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_in_a_day"),
        CheckConstraint(
            "mode NOT IN ('on_scene', 'in_person', 'phone_video', 'office', 'family') OR person_id IS NOT NULL",
            name="personal_has_person",
        ),
        CheckConstraint("disposition IS NULL OR mode = 'on_scene'", name="disposition_on_scene"),
        CheckConstraint("arrested IS NULL OR arrest_eligible", name="arrest_was_eligible"),
        CheckConstraint("transport_avoided IS NULL OR transport_intended", name="transport_was_intended"),
        CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="void_with_reason"),
        Index(None, "person_id", "at"),
        Index(None, "staff_id", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"))
    mode: Mapped[Mode] = mapped_column(vocabulary(Mode))
    purpose: Mapped[Purpose] = mapped_column(vocabulary(Purpose))
    outcome: Mapped[Outcome] = mapped_column(vocabulary(Outcome))
    minutes: Mapped[int]
    incident_number: Mapped[str | None] = mapped_column(String(40), index=True)
    disposition: Mapped[Disposition | None] = mapped_column(vocabulary(Disposition))
    arrest_eligible: Mapped[bool | None]
    arrested: Mapped[bool | None]
    transport_intended: Mapped[bool | None]
    transport_avoided: Mapped[bool | None]
    force_used: Mapped[bool | None]
    injury: Mapped[bool | None]
    submit_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    void_reason: Mapped[str | None] = mapped_column(String(200))
    person: Mapped[Person | None] = relationship()
    needs: Mapped[list["InterventionNeed"]] = relationship(cascade="all, delete-orphan")


class InterventionNeed(Base):
    __tablename__ = "intervention_need"
    intervention_id: Mapped[int] = mapped_column(ForeignKey("intervention.id"), primary_key=True)
    need: Mapped[Need] = mapped_column(vocabulary(Need), primary_key=True)


class InterventionNote(Base):
    """A short note (≤ 1,000 characters, checked by the form), encrypted. Tandem is not the clinical record."""

    __tablename__ = "intervention_note"
    intervention_id: Mapped[int] = mapped_column(ForeignKey("intervention.id"), primary_key=True)
    text: Mapped[str] = mapped_column(Encrypted)


class Provider(Base):
    """Who can help: services, in or out of the city, partner of the contractor, last verified."""

    __tablename__ = "provider"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[ProviderKind] = mapped_column(vocabulary(ProviderKind))
    languages: Mapped[str] = mapped_column(String(200), default="English")
    hours: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(160), default="")
    eligibility: Mapped[str] = mapped_column(String(200), default="")
    has_capacity: Mapped[bool] = mapped_column(default=True)
    in_city: Mapped[bool] = mapped_column(default=True)
    is_partner: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    verified_on: Mapped[date | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    description: Mapped[str | None] = mapped_column(String(500))
    website: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(120))
    service_area: Mapped[str | None] = mapped_column(String(200))
    """The places served, comma between them; empty: no limit known."""
    fees: Mapped[str | None] = mapped_column(String(160))
    minimum_age: Mapped[int | None]
    maximum_age: Mapped[int | None]
    capacity_note: Mapped[str | None] = mapped_column(String(120))
    external_id: Mapped[str | None] = mapped_column(String(64))
    """Its id in the directory it was imported from."""
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    """Raised by every change; an edit of an older one is refused and shows both."""
    services: Mapped[list["ProviderService"]] = relationship(cascade="all, delete-orphan")


class ProviderService(Base):
    __tablename__ = "provider_service"
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"), primary_key=True)
    need: Mapped[Need] = mapped_column(vocabulary(Need), primary_key=True)


class Connection(Base):
    """Person → provider for one need. Without a provider it is a service gap.

    A connection is *made* on the day of its step ``accepted``; the ladder stands in ``connection_step``.
    """

    __tablename__ = "connection"
    __table_args__ = (
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended_with_reason"),
        CheckConstraint(
            "provider_id IS NOT NULL OR end_reason IN ('no_provider', 'no_capacity', 'not_eligible', 'waitlisted')",
            name="gap_has_reason",
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    need: Mapped[Need] = mapped_column(vocabulary(Need))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("provider.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    intervention_id: Mapped[int | None] = mapped_column(ForeignKey("intervention.id"))
    opened_on: Mapped[date]
    appointment_on: Mapped[date | None]
    """The day for which the appointment was made (the step holds the day on which it was made)."""
    ended_on: Mapped[date | None]
    end_reason: Mapped[ConnectionEnd | None] = mapped_column(vocabulary(ConnectionEnd))
    voided_at: Mapped[datetime | None]
    person: Mapped[Person] = relationship()
    provider: Mapped[Provider | None] = relationship()
    steps: Mapped[list["ConnectionStep"]] = relationship(cascade="all, delete-orphan")


class ConnectionStep(Base):
    """One dated rung of the ladder."""

    __tablename__ = "connection_step"
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    step: Mapped[Step] = mapped_column(vocabulary(Step), primary_key=True)
    on_date: Mapped[date]


class Tally(Base):
    """One staff member's sheet for one ISO week. ``week`` is its Monday."""

    __tablename__ = "tally"
    __table_args__ = (
        UniqueConstraint("staff_id", "week"),
        CheckConstraint("(status = 'draft') = (certified_at IS NULL)", name="certified_when"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    week: Mapped[date] = mapped_column(index=True)
    status: Mapped[TallyStatus] = mapped_column(vocabulary(TallyStatus), default=TallyStatus.draft)
    certified_at: Mapped[datetime | None]
    certified_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    saved_at: Mapped[datetime | None]
    saved_by: Mapped[int | None]
    """The account that saved last, to name it to whom it collides with."""
    revision: Mapped[int] = mapped_column(default=1)
    """Raised by every save; a stale save is refused (see ``__mapper_args__``)."""
    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012
    values: Mapped[list["TallyValue"]] = relationship(cascade="all, delete-orphan")


class TallyValue(Base):
    """One item of a sheet. ``reported`` empty is "not recorded", never zero. Hours have two decimals."""

    __tablename__ = "tally_value"
    __table_args__ = (CheckConstraint("reported IS NULL OR reported >= 0", name="not_negative"),)
    tally_id: Mapped[int] = mapped_column(ForeignKey("tally.id"), primary_key=True)
    item: Mapped[TallyItem] = mapped_column(vocabulary(TallyItem), primary_key=True)
    reported: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    log: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    """What the log said when the sheet was last saved."""
    reason: Mapped[str | None] = mapped_column(String(200))
