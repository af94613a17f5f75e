"""Outcomes counted on fingers: the denominators are the eligible events, never all contacts."""

from datetime import date

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result
from db import access
from db.engine import aggregate_session
from db.vocab import Disposition, Mode
from tests.conftest import NOW
from tests.dashboard.measures.city import at, intervention, person

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
PERIOD = Filters(date(2026, 1, 12), date(2026, 11, 14), date(2026, 11, 14))


def answer(bind: Engine, key: str, audience: Audience = Audience.internal) -> Result:
    return compute(bind, SHELL, key, PERIOD, audience)


@pytest.fixture
def encounters(small_pilot: Engine) -> Engine:
    on_scene: list[dict] = [
        {"disposition": Disposition.resolved, "arrest_eligible": True, "arrested": False, "force_used": False},
        {"disposition": Disposition.resolved, "arrest_eligible": True, "arrested": False, "force_used": False},
        {
            "disposition": Disposition.arrest,
            "arrest_eligible": True,
            "arrested": True,
            "force_used": True,
            "injury": False,
        },
        {"disposition": None, "arrest_eligible": True, "arrested": None},
        {"disposition": Disposition.resolved, "transport_intended": True, "transport_avoided": True, "injury": True},
        {"disposition": Disposition.emergency_department, "transport_intended": True, "transport_avoided": False},
        {"disposition": Disposition.resolved, "arrest_eligible": False, "transport_intended": False},
    ]
    with aggregate_session(small_pilot) as session:
        person(session, 1)
        for day, fields in enumerate(on_scene, start=2):
            intervention(session, at(date(2026, 3, day)), 1, mode=Mode.on_scene, **fields)
        intervention(session, at(date(2026, 3, 20)), 1, mode=Mode.phone_video)
        voided = {"voided_at": at(date(2026, 3, 22)), "void_reason": "typed twice"}
        intervention(
            session, at(date(2026, 3, 21)), 1, mode=Mode.on_scene, arrest_eligible=True, arrested=True, **voided
        )
        session.commit()
    return small_pilot


def test_dispositions(encounters: Engine) -> None:
    found = answer(encounters, "dispositions")
    rows = dict(zip(found.table["group"], found.table["value"], strict=True))
    assert rows == {"Resolved on scene": 4, "Arrest": 1, "Emergency department": 1, "Not recorded": 1}
    assert found.estimate.value == 7


def test_arrest_diversion_is_of_eligible_events_only(encounters: Engine) -> None:
    found = answer(encounters, "arrest_diversion")
    assert (found.estimate.value, found.estimate.n) == (pytest.approx(2 / 3), 3)
    assert found.estimate.low == pytest.approx(0.2077, abs=1e-4)  # Wilson, by hand
    assert found.estimate.high == pytest.approx(0.9385, abs=1e-4)
    assert found.caveats == ("Without a recorded outcome, and not in the rate: 1.",)


def test_ed_diversion_is_of_intended_transports_only(encounters: Engine) -> None:
    found = answer(encounters, "ed_diversion")
    assert (found.estimate.value, found.estimate.n, found.caveats) == (0.5, 2, ())


def test_force_and_injury_per_hundred_where_recorded(encounters: Engine) -> None:
    found = answer(encounters, "force_and_injury")
    rows = {row["group"]: row for row in found.table.to_dict("records")}
    assert (rows["Force used"]["yes"], rows["Force used"]["no"]) == (1, 2)
    assert rows["Force used"]["value"] == pytest.approx(100 / 3)
    assert (rows["Injury"]["yes"], rows["Injury"]["no"]) == (1, 1)
    assert found.sentence == "Per 100 of 3 on-scene encounters, 33.3 saw force used and 50 an injury."


def test_small_numbers_stay_hidden_from_the_public(encounters: Engine) -> None:
    for key in ("dispositions", "arrest_diversion", "ed_diversion", "force_and_injury"):
        found = answer(encounters, key, Audience.public)
        assert found.display == "hidden", key
        assert not found.table.select_dtypes("number").gt(0).any(axis=None) or found.table.empty, key
