"""Places that call for many people (shelter, hospital, station): proposed with the reason, marked by the analyst."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from db.cad.meaning import falls_in
from db.cad.normalise import STREET_KINDS
from db.models import Call, Location
from db.vocab import CallCategory

WORDS = (
    "HOSPITAL", "MEDICAL", "CLINIC", "EMERGENCY", "HEALTH", "PSYCHIATRIC", "BEHAVIORAL", "DETOX", "REHAB",
    "REHABILITATION", "RECOVERY", "TREATMENT", "NURSING", "CARE", "ASSISTED LIVING", "HOSPICE", "SHELTER", "MISSION",
    "SALVATION ARMY", "RESCUE", "HOMELESS", "GROUP HOME", "HALFWAY", "POLICE", "SHERIFF", "PRECINCT", "STATION", "JAIL",
    "PRISON", "DETENTION", "CORRECTIONAL", "COURTHOUSE", "FIRE DEPT", "SCHOOL", "COLLEGE", "UNIVERSITY", "LIBRARY",
    "AIRPORT", "TRANSIT", "BUS TERMINAL", "CITY HALL",
)  # fmt: skip
_NAMED = re.compile(rf"\b(?:{'|'.join(WORDS)})\b")
_ADDRESS = re.compile(rf"(?:^\d|.* / ).*\b(?:{'|'.join(sorted(STREET_KINDS))})(?: [NSEW]{{1,2}})?(?: # \w+)?$")
"""A street may be named after one: 300 HOSPITAL DR is no hospital by its name."""
ENOUGH_CALLS = 12
"""Below this a place is not proposed for its volume or its people."""
PER_YEAR = 24
RARE = 99.5
"""Percentile of places beyond which a number of calls stands out."""
MANY_PEOPLE, SHARE_OF_PEOPLE = 8, 0.6


@dataclass(frozen=True, slots=True)
class Place:
    """A place with its behavioral-health calls; ``people``: different person keys among them."""

    location_id: int
    name: str
    is_institution: bool
    calls: int
    people: int
    keyed: int
    why: tuple[str, ...]
    """Reasons to take it for an institution, in words; empty: none is seen."""


def places(session: Session, *, most: int = 200) -> list[Place]:
    """Places marked or proposed, then the busiest: marked first, then those with a reason, then by volume."""
    rows = session.execute(_counted().order_by(func.count(Call.id).desc(), Location.name)).all()
    if not rows:
        return []
    counts = np.array([row.calls for row in rows])
    rare = max(float(np.percentile(counts, RARE)), ENOUGH_CALLS)
    first, last = min(row.first for row in rows), max(row.last for row in rows)
    years = max((last - first).days + 1, 1) / 365.25
    found = [_place(row, rare, years) for row in rows]
    marked = [place for place in found if place.is_institution]
    proposed = [place for place in found if place.why and not place.is_institution]
    others = [place for place in found if not place.why and not place.is_institution]
    return [*marked, *proposed, *others][: max(most, len(marked) + len(proposed))]


def search(session: Session, text: str, *, most: int = 100) -> list[Place]:
    """Places whose name holds every word of ``text``, the busiest first; those without such a call as well."""
    words = [word for word in text.upper().split() if word]
    if not words:
        return []
    named = [Location.name.contains(word, autoescape=True) for word in words]
    counts = _counted().where(*named).subquery()
    asked = (
        select(Location.id, Location.name, Location.is_institution, counts.c.calls, counts.c.people, counts.c.keyed)
        .outerjoin(counts, counts.c.id == Location.id)
        .where(*named)
        .order_by(func.coalesce(counts.c.calls, 0).desc(), Location.name)
        .limit(most)
    )
    return [_place(row, float("inf"), 1.0) for row in session.execute(asked)]


def _counted() -> Select:
    counted = select(
        Location.id,
        Location.name,
        Location.is_institution,
        func.count(Call.id).label("calls"),
        func.count(Call.person_key.distinct()).label("people"),
        func.count(Call.person_key).label("keyed"),
        func.min(Call.received_on).label("first"),
        func.max(Call.received_on).label("last"),
    )
    return (
        counted.join(Call, Call.location_id == Location.id)
        .where(falls_in(CallCategory.behavioural_health))
        .group_by(Location.id, Location.name, Location.is_institution)
    )


def _place(row: Any, rare: float, years: float) -> Place:
    calls, people, keyed = row.calls or 0, row.people or 0, row.keyed or 0
    why = _reasons(row.name, calls, people, keyed, rare, years)
    return Place(row.id, row.name, row.is_institution, calls, people, keyed, why)


def _reasons(name: str, calls: int, people: int, keyed: int, rare: float, years: float) -> tuple[str, ...]:
    said = []
    if (found := _NAMED.search(name)) and not _ADDRESS.match(name):
        said.append(f"its name says “{found[0].title()}”")
    if keyed >= ENOUGH_CALLS and people >= MANY_PEOPLE and people >= SHARE_OF_PEOPLE * keyed:
        said.append(f"{people} people in {keyed} calls")
    few = keyed >= ENOUGH_CALLS and people < MANY_PEOPLE
    if calls >= rare and calls >= PER_YEAR * years and not few:
        said.append(f"{calls / max(years, 1 / 12):.0f} calls a year stand out")
    return tuple(said)
