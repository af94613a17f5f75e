"""Follow-up or on scene: the groups by the first contact, counted by hand; small ones hidden from the public."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import compute
from dashboard.model import Audience, Result
from db.engine import aggregate_session
from db.models import CallLink
from db.vocab import CallCategory, ConnectionEnd, Mode, Step
from tests.conftest import add_small_pilot, fresh_sqlite
from tests.dashboard.measures.callmaker import add_calls, local
from tests.dashboard.measures.city import SHELL, WHOLE, at, connection, intervention, person, provider

DAY = date(2026, 5, 1)
CAUTION = "Nobody was assigned to a mode by chance"


def ask(bind: Engine, key: str, audience: Audience = Audience.internal) -> Result:
    return compute(bind, SHELL, key, WHOLE, audience)


def rows_of(result: Result, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in result.table.to_dict("records")]


def add_people(bind: Engine, first: dict[int, Mode], waits: dict[int, list[int | None]]) -> None:
    """People met on 1 May in a mode (then once more in the other), with connections made that day.

    ``waits``: days until each first appointment was attended; None: declined on 11 May.
    """
    other = {Mode.on_scene: Mode.phone_video}
    with aggregate_session(bind) as session:
        provider(session)
        for who, mode in first.items():
            person(session, who)
            intervention(session, DAY, who, mode=mode)
            intervention(session, DAY + timedelta(days=3), who, mode=other.get(mode, Mode.on_scene))
        for who, days in waits.items():
            for wait in days:
                steps = {Step.offered: DAY, Step.accepted: DAY}
                ended = {"ended_on": DAY + timedelta(days=10), "end_reason": ConnectionEnd.declined}
                if wait is not None:
                    steps[Step.attended] = DAY + timedelta(days=wait)
                connection(session, who, steps, **({} if wait is not None else ended))
        session.commit()


@pytest.fixture
def met(small_pilot: Engine) -> Engine:
    """On scene: waits of 5, 12, 40 days and one declined. Follow-up: 3, 8, 9, 20, 31. One person was never met."""
    modes = {1: Mode.on_scene, 2: Mode.on_scene, 3: Mode.in_person, 4: Mode.phone_video, 5: Mode.office}
    add_people(small_pilot, modes, {1: [5, None], 2: [12, 40], 3: [3, 8], 4: [9], 5: [20, 31]})
    with aggregate_session(small_pilot) as session:
        person(session, 6)
        connection(session, 6, {Step.offered: DAY, Step.accepted: DAY, Step.attended: DAY})
        session.commit()
    return small_pilot


def test_connections_within_thirty_days_by_the_first_contact(met: Engine) -> None:
    found = ask(met, "connection_rate_by_mode")
    assert rows_of(found, "group", "yes", "no") == [("First met on scene", 2, 2), ("First met in a follow-up", 4, 1)]
    assert found.estimate.value == pytest.approx(2 / 4 - 4 / 5)
    # Newcombe's interval from the Wilson limits: 0.150 to 0.850 of 2 in 4, 0.376 to 0.964 of 4 in 5
    assert found.estimate.low == pytest.approx(-0.3 - ((0.5 - 0.15) ** 2 + (0.964 - 0.8) ** 2) ** 0.5, abs=1e-3)
    assert found.estimate.high == pytest.approx(-0.3 + ((0.85 - 0.5) ** 2 + (0.8 - 0.376) ** 2) ** 0.5, abs=1e-3)
    assert "the figures do not tell the two apart" in found.sentence
    assert found.caveats[0].startswith(CAUTION)


def test_days_to_connect_by_the_first_contact(met: Engine) -> None:
    """On scene 5, 10 (declined: not over), 12, 40: the curve stands at 3/4, then 3/8 on day 12. Follow-up: 9."""
    found = ask(met, "days_to_connect_by_mode")
    assert rows_of(found, "group", "value", "yes", "no") == [
        ("First met on scene", 12, 3, 1),
        ("First met in a follow-up", 9, 5, 0),
    ]
    assert found.display == "12 against 9"
    assert found.caveats[0].startswith(CAUTION)
    # log-rank by hand: 3 events on scene, 4.2063 expected, variance 1.7140: chi-square 0.8489
    assert found.marks["log_rank_p"] == pytest.approx(0.357, abs=1e-3)


def test_later_calls_by_the_first_contact(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    add_people(sqlite, {1: Mode.on_scene, 2: Mode.in_person, 3: Mode.office}, {})
    calls = {
        "1": [date(2026, 4, 2), DAY, date(2026, 5, 9), date(2026, 6, 9)],
        "2": [date(2026, 4, 2), date(2026, 4, 9)],
        "3": [date(2026, 5, 20), date(2026, 8, 20)],
        "-": [date(2025, 1, 1), date(2026, 11, 13)],
    }
    kind = CallCategory.behavioural_health
    add_calls(sqlite, [(local(d.year, d.month, d.day), 7, key, kind) for key, days in calls.items() for d in days])
    with aggregate_session(sqlite) as session:
        for who in (1, 2, 3):
            fields = {"call_key": f"c-{who}", "incident_number": f"26-{who}", "decided_at": at(DAY)}
            session.add(CallLink(person_id=who, person_key=str(who), confirmed=True, **fields))
        session.commit()
    found = ask(sqlite, "later_calls_by_mode")
    assert rows_of(found, "group", "value", "people", "calls", "calls_before") == [
        ("First met on scene", 2.0, 1, 2, 1),
        ("First met in a follow-up", 0.5, 2, 1, 2),
    ]
    assert found.caveats == (found.caveats[0],)
    assert found.caveats[0].startswith(CAUTION)
    assert ask(sqlite, "later_calls_by_mode", Audience.public).display == "hidden"


@pytest.mark.parametrize("key", ["connection_rate_by_mode", "days_to_connect_by_mode"])
def test_the_public_sees_neither_a_small_group_nor_what_gives_it_away(met: Engine, key: str) -> None:
    found = ask(met, key, Audience.public)
    assert found.display == "hidden"
    assert found.table[["value", "low", "high"]].isna().all(axis=None)
    assert not found.table[["yes", "no"]].fillna(0).to_numpy().any()  # a zero may stand


def test_a_small_remainder_hides_both_groups(sqlite: Engine) -> None:
    """Published are 61 connections in all: two groups that sum to 60 would tell of the one person never met."""
    add_small_pilot(sqlite)
    modes = {who: Mode.on_scene if who <= 15 else Mode.office for who in range(1, 31)}
    add_people(sqlite, modes, {who: [5, 40] if who % 15 else [5, 5] for who in modes})
    assert ask(sqlite, "connection_rate_by_mode", Audience.public).display == "53\u00a0% against 53\u00a0%"
    with aggregate_session(sqlite) as session:
        person(session, 99)
        connection(session, 99, {Step.offered: DAY, Step.accepted: DAY, Step.attended: DAY})
        session.commit()
    assert ask(sqlite, "connection_rate_by_mode", Audience.public).display == "hidden"


@pytest.fixture(scope="module")
def demo(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from fresh_sqlite(demo_database, tmp_path_factory.mktemp("modes"))


def test_in_the_demo_city_no_mode_is_better(demo: Engine) -> None:
    """None was planted: connections and waits come from the same draws, however people were met."""
    rate, days = ask(demo, "connection_rate_by_mode"), ask(demo, "days_to_connect_by_mode")
    assert rate.estimate.low is not None
    assert rate.estimate.high is not None
    assert rate.estimate.low < 0 < rate.estimate.high
    assert days.marks["log_rank_p"] > 0.05
    assert sum(rate.table["n"]) == ask(demo, "connection_rate").estimate.n
