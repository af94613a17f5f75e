"""The pilot and its set-up, who may sign in, and what was done."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.types import Encrypted, vocabulary
from db.vocab import EventKind, Role, Scope


class Pilot(Base):
    """The one pilot of this database (``id`` is 1)."""

    __tablename__ = "pilot"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("baseline_starts_on < starts_on", name="baseline_before_start"),
        CheckConstraint("small_count_threshold IN (6, 10, 11)", name="threshold_known"),
    )
    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(80))
    city: Mapped[str] = mapped_column(String(80))
    starts_on: Mapped[date]
    """First day of the pilot, inclusive."""
    ends_on: Mapped[date]
    """Last day of the pilot, inclusive."""
    baseline_starts_on: Mapped[date]
    time_zone: Mapped[str] = mapped_column(String(64))
    population: Mapped[int | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    small_count_threshold: Mapped[int] = mapped_column(default=11)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Sign-in and other numbers that an administrator set; absent keys mean the documented default."""


class Grant(Base):
    """The award and its dates (measures.md, section 1)."""

    __tablename__ = "award"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    amount: Mapped[Decimal]
    awarded_on: Mapped[date]
    obligate_by: Mapped[date]
    expend_by: Mapped[date]
    retain_until: Mapped[date]
    category: Mapped[str] = mapped_column(String(8), default="1.12")
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("expend_by >= obligate_by", name="expend_after_obligate"),
    )


class Staff(Base):
    """Somebody who does the pilot's work. ``capacity_low``/``high``: open episodes at full time."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("fte_percent BETWEEN 1 AND 100", name="fte_share"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("capacity_high >= capacity_low AND capacity_low >= 0", name="capacity_order"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[Role] = mapped_column(vocabulary(Role))
    fte_percent: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    capacity_low: Mapped[int] = mapped_column(default=20)
    capacity_high: Mapped[int] = mapped_column(default=30)
    shifts: Mapped[list["Shift"]] = relationship(back_populates="staff")


class Shift(Base):
    """Rostered hours of one weekday (ISO: Monday is 1), local time, valid from–until inclusive."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_iso"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="valid_order"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    weekday: Mapped[int]
    starts_at: Mapped[time]
    ends_at: Mapped[time]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    staff: Mapped[Staff] = relationship(back_populates="shifts")


class Target(Base):
    """A number for a measure by a date, the pilot's own."""

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("measure", "by_date"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(String(40))
    value: Mapped[float]
    by_date: Mapped[date]


class Event(Base):
    """A dated happening, drawn on charts."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    on_date: Mapped[date]
    kind: Mapped[EventKind] = mapped_column(vocabulary(EventKind))
    label: Mapped[str] = mapped_column(String(80))
    source: Mapped[str | None] = mapped_column(String(20))
    """None: a person entered it. “rule dates”, “rule change”: drawn by the call rules (``db.commands.call_rules``)."""


class EffectPlan(Base):
    """The pre-specified analysis of repeat calls; the newest row counts, older ones stay to be shown."""

    __tablename__ = "effect_plan"
    __table_args__ = (CheckConstraint("target_ratio > 0 AND target_ratio < 1", name="target_is_a_fall"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    frozen_at: Mapped[datetime]
    window_days: Mapped[int] = mapped_column(default=90)
    target_ratio: Mapped[float] = mapped_column(default=0.80)
    verdict_months: Mapped[list[int]] = mapped_column(JSON, default=lambda: [6, 9, 12])
    reason: Mapped[str | None] = mapped_column(String(200))


class User(Base):
    """An account. Roles come from here alone. The password is a bcrypt hash."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("username = lower(username)", name="username_lower"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(120))
    role: Mapped[Role] = mapped_column(vocabulary(Role))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Which member of staff this is; set for clinician and social worker."""
    password_hash: Mapped[str] = mapped_column(String(100))
    must_change: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    locked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    password_set_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]
    totp_secret: Mapped[str | None] = mapped_column(Encrypted)
    """The second factor's shared secret (base32); None until enrolled."""
    totp_step: Mapped[int | None]
    """The last 30-second step whose code was accepted: a code counts once."""
    staff: Mapped[Staff | None] = relationship()


class SignInAttempt(Base):
    """One try to sign in, for lock-out and slowing down. The username as typed, existing or not."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "username", "at"), Index(None, "address", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    username: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(64))
    succeeded: Mapped[bool]


class SignInTicket(Base):
    """A one-time pass from the form to the cookie route, bound to the browser that asked for it."""

    __tablename__ = "sign_in_ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser: the cookie's hash, idle and absolute expiry, revocable."""

    __tablename__ = "web_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    active_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))
    user: Mapped[User] = relationship()


class AuditEntry(Base):
    """Who did what, to what, when, from where, and how it ended. Never changed, never deleted."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80), default="")
    """Table and key, or a path: ``intervention 12``. Never a name."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[str] = mapped_column(String(20), default="done")


class Change(Base):
    """One counter per scope, raised by every write in its own transaction: the key of every cache."""

    __tablename__ = "change"
    scope: Mapped[Scope] = mapped_column(vocabulary(Scope), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
