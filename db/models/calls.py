"""Calls for service: what was imported, what it means, and by whose rules."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base
from db.types import vocabulary
from db.vocab import CallCategory, ImportStatus, RuleKind


class Import(Base):
    """One load of one file. Counts are rows, except ``added`` (new calls)."""

    __tablename__ = "import"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    file_name: Mapped[str] = mapped_column(String(200))
    file_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[ImportStatus] = mapped_column(vocabulary(ImportStatus), default=ImportStatus.done)
    rows_read: Mapped[int]
    added: Mapped[int]
    merged: Mapped[int] = mapped_column(default=0)
    """Rows that told of a call another row of the same file already had (one row per unit, repeats)."""
    already_there: Mapped[int]
    updated: Mapped[int] = mapped_column(default=0, server_default="0")
    """Calls already there that this export told otherwise, and that were changed."""
    refused: Mapped[int]
    first_received: Mapped[datetime | None]
    last_received: Mapped[datetime | None]
    warnings: Mapped[list[str]] = mapped_column(JSON, default=list)
    """What looked suspicious at the time, in sentences."""
    sheet: Mapped[str | None] = mapped_column(String(200))
    date_format: Mapped[str | None] = mapped_column(String(60))
    refusals: Mapped[list["ImportRefusal"]] = relationship()


class ImportRefusal(Base):
    """A row that was not loaded. ``line`` counts from 1, the header included, as an editor shows it."""

    __tablename__ = "import_refusal"
    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import.id"), index=True)
    line: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))


class Mapping(Base):
    """A saved column mapping, by name."""

    __tablename__ = "mapping"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    layout: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """How the file it was made for looked (:class:`db.cad.profile.Layout`), to tell what drifted; None: unknown."""


class CallType(Base):
    """A distinct call type as the dispatch system writes it.

    ``category`` follows the rules of the day they were last applied; on days when dated rules say otherwise,
    ``CallTypeSpan`` says what. Ask ``db.cad.meaning`` rather than this column what a *call* is.
    """

    __tablename__ = "call_type"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(160), unique=True)
    category: Mapped[CallCategory | None] = mapped_column(vocabulary(CallCategory), index=True)
    """None: no rule covers it. It is neither behavioural-health nor a control."""
    description: Mapped[str | None] = mapped_column(String(200))
    """What the department's codebook says the code means; patterns look in it too."""


class Location(Base):
    """A distinct normalised place. Institutions (shelter, hospital, station) are neither counted nor judged."""

    __tablename__ = "location"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    is_institution: Mapped[bool] = mapped_column(default=False)


_USED_AGAIN = "incident_number <> identity_key"


class Call(Base):
    """One call for service. ``received_on`` is the day of ``received_at`` in the pilot's zone.

    ``identity_key`` is what makes the same call the same in two files: the incident number where there
    is one, else a hash of moment, type and place.
    """

    __tablename__ = "call"
    __table_args__ = (
        Index(None, "type_id", "received_at"),
        Index(None, "received_on"),
        Index(None, "incident_number", sqlite_where=text(_USED_AGAIN), postgresql_where=text(_USED_AGAIN)),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    identity_key: Mapped[str] = mapped_column(String(80), unique=True)
    incident_number: Mapped[str | None] = mapped_column(String(40))
    """To find a call by its number, ask for an ``identity_key`` that is the number, or for the few calls under a
    number that was used before: those have an index of their own. See :func:`db.calls_left.as_dispatch_writes`."""
    received_at: Mapped[datetime]
    received_on: Mapped[date]
    type_id: Mapped[int] = mapped_column(ForeignKey("call_type.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    person_key: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of the export's person key; the key itself is never stored."""
    disposition: Mapped[str | None] = mapped_column(String(80))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("import.id"))


class CallUnit(Base):
    """A unit that went, with its times (UTC)."""

    __tablename__ = "call_unit"
    __table_args__ = (
        UniqueConstraint("call_id", "unit"),
        CheckConstraint(
            "cleared_at IS NULL OR arrived_at IS NULL OR cleared_at >= arrived_at", name="clear_after_arrive"
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    unit: Mapped[str] = mapped_column(String(20))
    dispatched_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]


class CallRule(Base):
    """What makes a call type behavioural-health, a control, or left out. The lowest ``position`` that matches wins."""

    __tablename__ = "call_rule"
    __table_args__ = (UniqueConstraint("kind", "value", "valid_from"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    kind: Mapped[RuleKind] = mapped_column(vocabulary(RuleKind))
    value: Mapped[str] = mapped_column(String(160))
    category: Mapped[CallCategory] = mapped_column(vocabulary(CallCategory))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    """Both inclusive; None: from the first day, for good."""
    note: Mapped[str | None] = mapped_column(String(200))
    """What it is for, in the analyst's words."""
    removed_at: Mapped[datetime | None]
    """Not None: it decides nothing any more, and is kept so that removing it can be undone."""


class CallGap(Base):
    """Days, both inclusive, known to be missing from the call data: missing, not zero."""

    __tablename__ = "call_gap"
    __table_args__ = (CheckConstraint("last_day >= first_day", name="order"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(String(120), default="")
