"""The kept counts answer what counting every call anew answers: each window, as-of day, period, basis and database."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random

import pandas as pd
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from dashboard import repeats
from db.cad import current
from db.cad.history import bh_calls
from db.engine import aggregate_session
from db.models import Call, CallGap, CallType, Location
from db.vocab import CallCategory
from tests.conftest import add_small_pilot

BH, CONTROL = CallCategory.behavioural_health, CallCategory.control
START = datetime(2024, 9, 20, 4, tzinfo=UTC)
FILL = [
    CallType(id=1, name="MENTAL", category=BH),
    CallType(id=2, name="NOISE", category=CONTROL),
    CallType(id=3, name="OTHER"),
]


def fill(session: Session, *, days: int, keyed: float) -> None:
    """About 16 calls a day of 40 places and 25 people, with bursts, a quiet stretch and two institutions."""
    draw = Random(1)
    session.add_all(CallType(id=t.id, name=t.name, category=t.category) for t in FILL)
    session.add_all(Location(id=k, name=f"{k} OAK", is_institution=k in (3, 7)) for k in range(1, 41))
    session.flush()
    moments = []
    for day in range(days):
        if 60 <= day < 64:
            continue
        for _ in range(draw.randrange(10, 14)):
            moment = START + timedelta(days=day, seconds=draw.randrange(86_400))
            again = timedelta(minutes=draw.choice((0, 50, 119, 120, 121)))
            moments += [moment + again * k for k in range(draw.choice((1, 1, 2)))]
    rows = [
        {
            "identity_key": f"K{number}",
            "received_at": moment,
            "received_on": (moment - timedelta(hours=4)).date(),
            "type_id": draw.choice((1, 1, 2, 3)),
            "location_id": draw.choice((None, *range(1, 41))),
            "person_key": f"p{draw.randrange(25)}" if draw.random() < keyed else None,
        }
        for number, moment in enumerate(moments)
    ]
    session.connection().execute(insert(Call.__table__), rows)  # type: ignore[arg-type]


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


def test_kept_counts_are_what_counting_anew_gives(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        fill(session, days=430, keyed=0.5)
        current.refresh(session)
        assert same(session) > 12
        assert current.monthly(session, 90).basis == "location"  # type: ignore[union-attr]


def test_before_anything_was_kept_all_is_counted_from_the_calls(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    with aggregate_session(sqlite) as session:
        fill(session, days=430, keyed=1.0)
        assert same(session) > 12
        current.refresh(session)
        assert same(session) > 12
        assert current.monthly(session, 90).basis == "person"  # type: ignore[union-attr]


def test_a_gap_entered_by_hand_counts_at_once(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    with aggregate_session(sqlite) as session:
        fill(session, days=300, keyed=0.5)
        current.refresh(session)
        before = current.monthly(session, 30)
        session.add(CallGap(first_day=date(2025, 4, 10), last_day=date(2025, 4, 12), reason="lost"))
        session.flush()
        after = current.monthly(session, 30)
        assert before is not None
        assert after is not None
        april = [table.set_index("month")["judged"][date(2025, 4, 1)] for table in (before.table, after.table)]
        assert april[1] < april[0]
        current.refresh(session)
        kept = current.monthly(session, 30)
        assert kept is not None
        pd.testing.assert_frame_equal(kept.table, after.table)
