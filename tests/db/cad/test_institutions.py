"""Institutions are proposed by name, by people and by volume; a home with one caller is not."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from db.cad.institutions import places, search
from db.engine import aggregate_session
from db.models import Call, CallType, Location
from db.vocab import CallCategory

FIRST = datetime(2025, 1, 1, 12, tzinfo=UTC)
NAMES = ["FOGBELL HOSPITAL", "12 HOSPITAL DR", "400 PIER ST", "7 HOME ST", "9 QUAY RD"]


@pytest.fixture
def city(bind: Engine) -> Engine:
    """Per place: (calls, different people). 400 calls elsewhere, one a place."""
    told = [(2, 2), (3, 3), (40, 40), (60, 1), (30, 0)]
    with aggregate_session(bind) as session:
        session.add(CallType(id=1, name="MENTAL", category=CallCategory.behavioural_health))
        session.add(CallType(id=2, name="NOISE", category=CallCategory.control))
        session.add_all(Location(id=k, name=name) for k, name in enumerate(NAMES, start=1))
        session.add_all(Location(id=k, name=f"{k} ELM ST") for k in range(100, 500))
        session.flush()
        at = [
            (place, f"p{n % people}" if people else None)
            for place, (n_calls, people) in enumerate(told, start=1)
            for n in range(n_calls)
        ]
        at += [(place, None) for place in range(100, 500)]
        session.add_all(
            Call(
                identity_key=f"c{n}",
                received_at=FIRST + timedelta(hours=12 * n % 8_000),
                received_on=(FIRST + timedelta(hours=12 * n % 8_000)).date(),
                type_id=1,
                location_id=place,
                person_key=person,
            )
            for n, (place, person) in enumerate(at)
        )
        session.commit()
    return bind


def test_places_are_proposed_with_the_reason(city: Engine) -> None:
    with aggregate_session(city) as session:
        found = {place.name: place for place in places(session)}
        why = {name: found[name].why for name in NAMES}
        session.get_one(Location, 4).is_institution = True
        session.flush()
        assert places(session)[0].name == "7 HOME ST"
        session.rollback()
    assert why["FOGBELL HOSPITAL"] == ("its name says “Hospital”",)
    assert why["12 HOSPITAL DR"] == ()
    assert why["400 PIER ST"][0] == "40 people in 40 calls"
    assert why["7 HOME ST"] == ()
    assert why["9 QUAY RD"][0].endswith("calls a year stand out")
    assert (found["7 HOME ST"].calls, found["7 HOME ST"].people) == (60, 1)


def test_a_place_is_found_by_parts_of_its_name(city: Engine) -> None:
    with aggregate_session(city) as session:
        assert [place.name for place in search(session, "hospital dr")] == ["12 HOSPITAL DR"]
        assert [place.name for place in search(session, "Hospital")] == ["12 HOSPITAL DR", "FOGBELL HOSPITAL"]
        assert search(session, "100%") == search(session, " ") == []
