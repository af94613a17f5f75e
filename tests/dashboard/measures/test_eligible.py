"""Calls nobody took up, and why calls were not served: the measure and the desk's list are one and the same."""

from datetime import date

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import ABOUT_CALLERS, compute, pilot_to_date
from dashboard.model import Audience, Result
from db.commands import reviews
from db.engine import record_session
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import TODAY
from tests.db.commands.test_desk import CLINICIAN, add_calls, answer, do, waiting
from tests.db.commands.test_referrals import send
from tests.db.desk_world import at, log, settle, who

CHIEF = who(Role.chief)


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    add_calls(small_pilot)
    return small_pilot


def asked(bind: Engine, key: str, audience: Audience = Audience.internal) -> Result:
    with record_session(bind, CHIEF) as session:
        pilot = the_pilot(session)
    return compute(bind, CHIEF, key, pilot_to_date(pilot, TODAY), audience)


def test_the_count_is_as_long_as_the_list_whatever_the_desk_does(desk: Engine) -> None:
    for act, left in (
        (lambda: None, 3),
        (lambda: do(desk, CLINICIAN, reviews.take_call, 1), 2),
        (lambda: answer(desk, [2], "off_shift"), 1),
        (lambda: send(desk, incident_number="HB-5"), 0),
        (lambda: do(desk, CLINICIAN, reviews.take_back_answers, [2]), 1),
    ):
        act()
        assert len(waiting(desk)) == left
        found = asked(desk, "calls_without_follow_up")
        assert (found.display, found.context) == (str(left), "of 3 eligible")
        assert int(found.table["value"].sum()) == left


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_each_call_not_served_stands_under_one_reason_and_in_public_under_none(desk: Engine) -> None:
    log(desk, CLINICIAN, at=at("2026-11-09 15:00"), incident_number="HB-1")  # four days later: served
    found = asked(desk, "eligible_served")
    assert found.display == "33\xa0%"
    assert found.caveats[-1] == "Why not served: off shift 2. Off shift is derived from the roster."
    answer(desk, [2], "not_asked")  # what the desk says counts before what the roster says
    assert asked(desk, "eligible_served").caveats[-1].startswith("Why not served: off shift 1, nobody asked us 1.")
    assert not any("Why not" in caveat for caveat in asked(desk, "eligible_served", Audience.public).caveats)


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_without_a_reason_it_is_not_recorded(desk: Engine) -> None:
    assert asked(desk, "eligible_served").caveats[-1].startswith("Why not served: off shift 2, not recorded 1.")


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("key", sorted(ABOUT_CALLERS))
def test_a_single_day_tells_nobody_but_the_desk_what_became_of_its_call(desk: Engine, key: str) -> None:
    with record_session(desk, CHIEF) as session:
        whole = pilot_to_date(the_pilot(session), TODAY)
    day = whole.between(date(2026, 11, 5), date(2026, 11, 5))
    told = compute(desk, CHIEF, key, day)
    assert (told.filters.first, told.filters.last) == (date(2026, 11, 1), TODAY), "the whole month that is known"
    assert compute(desk, CLINICIAN, key, day).filters == day
