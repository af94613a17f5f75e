"""The kept counts answer what counting every call anew answers: each window, as-of day, period, basis and database."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random

import pandas as pd
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dashboard import repeats
from db.cad import current
from db.cad.history import bh_calls
from db.engine import aggregate_session
from db.models import Call, CallType, Location
from db.vocab import CallCategory

BH, CONTROL = CallCategory.behavioural_health, CallCategory.control
START = datetime(2024, 9, 20, 4, tzinfo=UTC)
FILL = [
    CallType(id=1, name="MENTAL", category=BH),
    CallType(id=2, name="NOISE", category=CONTROL),
    CallType(id=3, name="OTHER"),
]


def fill(session: Session, *, days: int, keyed: float, seed: int = 1, first: int = 1, begin: int = 0) -> None:
    """About 13 calls a day of 40 places and 25 people, with bursts, a quiet stretch and two institutions."""
    draw = Random(seed)
    if first == 1:
        session.add_all(CallType(id=t.id, name=t.name, category=t.category) for t in FILL)
        session.add_all(Location(id=k, name=f"{k} OAK", is_institution=k in (3, 7)) for k in range(1, 41))
        session.flush()
    calls = []
    for day in range(begin, days):
        if 60 <= day < 64:
            continue
        for _ in range(draw.randrange(10, 17)):
            moment = START + timedelta(days=day, seconds=draw.randrange(86_400))
            calls += [
                moment + timedelta(minutes=draw.choice((0, 50, 119, 120, 121)) * k)
                for k in range(draw.choice((1, 1, 2)))
            ]
    for number, moment in enumerate(calls, start=first):
        session.add(
            Call(
                id=number,
                identity_key=f"K{number}",
                received_at=moment,
                received_on=(moment - timedelta(hours=4)).date(),
                type_id=draw.choice((1, 1, 2, 3)),
                location_id=draw.choice((None, *range(1, 41))),
                person_key=f"p{draw.randrange(25)}" if draw.random() < keyed else None,
            )
        )
    session.flush()


AS_OF = (None, date(2025, 8, 17), date(2024, 9, 21))
ASKED = (None, (date(2025, 1, 10), date(2025, 4, 2)))


def same(session: Session) -> int:
    """Compare with counting anew whatever may be asked; how many answers held repeat calls."""
    compared = 0
    for category, as_of in product((BH, CONTROL), AS_OF):
        known, covered = bh_calls(session, (category,), last=as_of), current.coverage(session, as_of)
        for window, asked in product((30, 45, 90, 180, 365), ASKED):
            kept = current.monthly(session, window, category, as_of=as_of, counted=asked)
            if covered is None or not len(known):
                assert kept is None
                continue
            assert kept
            anew = repeats.monthly(known, covered, window, asked)
            assert (kept.basis, kept.institutions) == (anew.basis, anew.institutions)
            pd.testing.assert_frame_equal(kept.table[list(anew.table)], anew.table, check_dtype=False)
            compared += int(anew.table["repeats"].sum() > 0)
    return compared


@pytest.mark.parametrize("keyed", [0.5, 1.0])
def test_kept_counts_are_what_counting_anew_gives(small_pilot: Engine, keyed: float) -> None:
    with aggregate_session(small_pilot) as session:
        fill(session, days=430, keyed=keyed)
        if keyed == 1:
            assert same(session) > 12, "before anything was kept"
        current.refresh(session)
        session.flush()
        assert same(session) > 12
        assert current.monthly(session, 90).basis == ("person" if keyed == 1 else "location")  # type: ignore[union-attr]
