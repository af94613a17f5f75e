"""What repeat-call charts read, kept current by every load, take-back and change of a rule (``db.cad.current``).

Counts by local day, so that a month, a period or an as-of day is a sum. Nothing here is entered by anybody:
all of it can be made again from the calls.
"""

from datetime import date
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class CallDay(Base):
    """Calls of one category on one day. ``category`` is a :class:`CallCategory` value, "" for uncovered types."""

    __tablename__ = "call_day"
    __table_args__ = (Index(None, "category", "day"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(String(40), primary_key=True)
    calls: Mapped[int]
    """All of them; the next three are kept for behavioral-health and control calls only, else 0."""
    at_institutions: Mapped[int]
    keyed: Mapped[int]
    """Outside institutions, with a person key."""
    located: Mapped[int]
    """Outside institutions, with a location."""
    units: Mapped[int]
    timed_units: Mapped[int]
    """Units with both an arrival and a clearing."""
    unit_seconds: Mapped[int] = mapped_column(BigInteger)
    """Arrival to clearing, summed over the timed units."""


class CallRepeat(Base):
    """Events of one day (calls of one subject within 2 h are one), as judged under one window on one basis."""

    __tablename__ = "call_repeat"
    category: Mapped[str] = mapped_column(String(40), primary_key=True)
    basis: Mapped[str] = mapped_column(String(10), primary_key=True)
    """“person” or “location”."""
    window_days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    repeats: Mapped[int]
    judged: Mapped[int]
    unjudged: Mapped[int]


class CallCounts(Base):
    """The ground the counts stand on; where it is not the present one, readers count from the calls themselves."""

    __tablename__ = "call_counts"
    id: Mapped[int] = mapped_column(primary_key=True)
    """Always 1."""
    zone: Mapped[str] = mapped_column(String(60))
    first_day: Mapped[date]
    gaps: Mapped[list[Any]] = mapped_column(JSON)
    """[first, last] of each known gap, as ISO days."""
