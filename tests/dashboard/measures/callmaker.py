"""Calls for tests: six one can count on fingers, or a city's worth from a seed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Engine

from db.engine import aggregate_session
from db.models import Call, CallType, Location
from db.vocab import CallCategory

ZONE = ZoneInfo("America/New_York")
BH, CONTROL = CallCategory.behavioural_health, CallCategory.control
TYPES = {BH: 1, CONTROL: 2, CallCategory.excluded: 3}
SHELTER = 999


def local(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


def add_calls(
    bind: Engine,
    rows: Iterable[tuple[datetime, int | None, str | None] | tuple[datetime, int | None, str | None, CallCategory]],
) -> None:
    """Rows of (moment, location id or None, person key or None[, category]); location 999 is an institution."""
    full = [(*row, BH) if len(row) == 3 else row for row in rows]
    with aggregate_session(bind) as session:
        if session.get(CallType, 1) is None:
            session.add_all(
                [
                    CallType(id=1, name="MENTAL SUBJECT", category=BH),
                    CallType(id=2, name="LARCENY", category=CONTROL),
                    CallType(id=3, name="TEST", category=CallCategory.excluded),
                ]
            )
        for place in {place for _, place, _, _ in full if place is not None}:
            if session.get(Location, place) is None:
                session.add(Location(id=place, name=f"{place} MAIN ST", is_institution=place == SHELTER))
        session.flush()
        start = session.query(Call).count()
        session.bulk_insert_mappings(
            Call,  # type: ignore[arg-type]
            [
                {
                    "id": start + number,
                    "identity_key": f"c{start + number}",
                    "received_at": moment,
                    "received_on": moment.astimezone(ZONE).date(),
                    "type_id": TYPES[category],
                    "location_id": place,
                    "person_key": key,
                }
                for number, (moment, place, key, category) in enumerate(full, start=1)
            ],
        )
        session.commit()


def city(
    seed: int, first: date, last: date, launch: date, *, ratio: float = 1.0
) -> list[tuple[datetime, int, None, CallCategory]]:
    """Random calls from ``first`` to ``last``: behavioural-health ones whose repeats fall to ``ratio`` from ``launch``
    on, and control ones that never change. Frequent places call about monthly, the others once or twice in all."""
    random = np.random.default_rng(seed)
    days = (last - first).days + 1
    rows: list[tuple[datetime, int, None, CallCategory]] = []
    start = datetime(first.year, first.month, first.day, tzinfo=ZONE).astimezone(UTC)
    change = (launch - first).days
    for category, base in ((BH, 0), (CONTROL, 20_000)):
        for place in range(1, 121):
            for day in random.uniform(0, days, random.poisson(days / 30.4)):
                kept = category is CONTROL or day < change or random.random() < ratio
                if kept:
                    rows.append((start + timedelta(days=float(day)), base + place, None, category))
        for call in range(random.poisson(days * 3)):
            rows.append((start + timedelta(days=float(random.uniform(0, days))), base + 1_000 + call, None, category))
    return [row for row in rows if row[0].astimezone(ZONE).date() <= last]
