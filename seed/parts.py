"""The nouns of the city's story, in relative time (``When`` is day and minute; day 0 is launch)."""

from dataclasses import dataclass, field

from db.vocab import ConnectionEnd, DeclineReason, EpisodeEnd, Mode, Need, Outcome, Purpose, Source, Step
from seed.roster import When


@dataclass(eq=False)
class Somebody:
    since: When
    needs: list[Need]
    subject: int | None = None


@dataclass(eq=False)
class Sent:
    """A referral received."""

    at: When
    person: Somebody
    source: Source
    staff: int
    decided: When | None = None
    incident: str | None = None
    by_officer: bool = False
    declined: DeclineReason | None = None
    attempts: list["Tried"] = field(default_factory=list)
    settled: int | None = None
    """The relative day on which nothing was left to do."""


@dataclass(eq=False)
class Tried:
    at: When
    mode: Mode
    reached: bool
    staff: int
    contact: "Contact | None" = None


@dataclass(eq=False)
class Stretch:
    """An episode of care."""

    person: Somebody
    staff: int
    opened: int
    closed: int = 10_000
    reason: EpisodeEnd = EpisodeEnd.other


@dataclass(eq=False)
class Contact:
    """An intervention."""

    at: When
    staff: int
    mode: Mode
    purpose: Purpose
    outcome: Outcome
    minutes: int
    person: Somebody | None = None
    referral: Sent | None = None
    stretch: Stretch | None = None
    provider: int | None = None
    incident: str | None = None
    needs: list[Need] = field(default_factory=list)


@dataclass(eq=False)
class Link:
    """A connection, or a service gap when ``provider`` is None."""

    person: Somebody
    need: Need
    provider: int | None
    staff: int
    contact: Contact
    opened: int
    steps: dict[Step, int] = field(default_factory=dict)
    ended: int | None = None
    end: ConnectionEnd | None = None
