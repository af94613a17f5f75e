"""What a replayed year consists of, as its script knows it: plain lists of what was done."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from db.forms.work import PersonForm
from db.vocab import ConnectionEnd, Mode, Need, Outcome, Source, Step, TallyItem

DIRECT = (Mode.on_scene, Mode.in_person, Mode.phone_video, Mode.office)


@dataclass
class Sent:
    """A referral as the script knows it."""

    id: int
    at: datetime
    source: Source
    person: int | None = None
    staff: int | None = None
    decided: datetime | None = None
    declined: bool = False
    closed: datetime | None = None
    tries: list[tuple[datetime, bool]] = field(default_factory=list)


@dataclass
class Work:
    id: int
    at: datetime
    staff: int
    said: dict[str, Any]
    """The answers of the form as they stand now."""
    voided: bool = False

    @property
    def direct(self) -> bool:
        return self.said["mode"] in DIRECT and self.said["outcome"] is not Outcome.no_contact


@dataclass
class Bond:
    """A connection, or a need that met no provider."""

    id: int
    person: int
    need: Need
    provider: int | None
    staff: int
    opened: date
    steps: dict[Step, date]
    ended: date | None = None
    reason: ConnectionEnd | None = None
    voided: bool = False


@dataclass
class Care:
    person: int
    staff: int
    opened: date
    closed: date | None = None


@dataclass
class Sheet:
    staff: int
    week: date
    certified: datetime
    reported: dict[TallyItem, Decimal | None]


@dataclass
class Book:
    people: dict[int, PersonForm] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    care: list[Care] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
