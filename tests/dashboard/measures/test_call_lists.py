"""From a bar to its calls: the list is as long as the bar is high, and knows nothing of clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine, event

from dashboard.measures.call_lists import LISTS, Bar
from dashboard.measures.compute import calls, compute
from dashboard.model import Filters
from db import access
from db.access import ROW_SCOPE
from db.engine import aggregate_session
from db.errors import Forbidden, NotFound
from db.models import Call, CallGap, CallReview, CallReviewAside, CallUnit
from db.vocab import Role
from tests.conftest import NOW
from tests.dashboard.measures.callmaker import SHELTER, add_calls, city, local

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
TODAY = date(2026, 11, 14)
YEAR = Filters(date(2025, 11, 1), TODAY, TODAY)


def listed(bind: Engine, key: str, filters: Filters = YEAR, viewer: access.Viewer = SHELL, **bar: object) -> int:
    total, table = calls(bind, viewer, key, filters, Bar(**bar))  # type: ignore[arg-type]
    assert len(table) == total
    return total


def test_every_list_is_as_long_as_its_bar(small_pilot: Engine) -> None:
    """A year and a half of random calls, with an institution, unkeyed places and a gap in the data."""
    rows = [row for row in city(5, date(2025, 3, 1), date(2026, 11, 13), date(2026, 3, 1)) if row[0].day != 7]
    add_calls(small_pilot, rows + [(local(2026, 5, day), SHELTER, None) for day in (1, 2, 3)])
    with aggregate_session(small_pilot) as session:
        session.add(CallGap(first_day=date(2025, 12, 20), last_day=date(2025, 12, 21), reason="lost"))
        session.commit()
    for window in (30, 90):
        asked = Filters(YEAR.first, YEAR.last, YEAR.as_of, window_days=window)
        drawn = compute(small_pilot, SHELL, "repeat_calls", asked).table
        known = drawn[drawn["value"].notna()]
        assert (known["value"] > 20).sum() > 5
        for month, value in zip(known["period"], known["value"], strict=True):
            assert listed(small_pilot, "repeat_calls", asked, month=month) == value, (window, month)
    drawn = compute(small_pilot, SHELL, "bh_calls", YEAR).table
    for month, value in zip(drawn["period"], drawn["value"], strict=True):
        assert listed(small_pilot, "bh_calls", month=month) == value
    faces = compute(small_pilot, SHELL, "familiar_faces", YEAR).table
    for step, theirs in zip((40, 20, 10, 5, 3), faces["calls"], strict=True):
        assert listed(small_pilot, "familiar_faces", at_least=step) == theirs
    hours = compute(small_pilot, SHELL, "call_coverage", YEAR).table
    for cell in hours.sample(5, random_state=1).to_dict("records"):
        where = {"weekday": cell["weekday"], "hour": cell["hour"]}
        assert listed(small_pilot, "call_coverage", **where) == cell["calls"]


def test_a_repeat_names_the_call_before_it_and_a_unit_its_hours(small_pilot: Engine) -> None:
    add_calls(
        small_pilot,
        [
            (local(2025, 1, 1), 9, None),
            (local(2026, 4, 20, 8), 1, None),
            (local(2026, 5, 2, 9), 1, None),
            (local(2026, 5, 2, 10), 1, None),  # the same event
            (local(2026, 11, 13), 2, None),
        ],
    )
    arrived = datetime(2026, 5, 2, 13, 10, tzinfo=UTC)
    with aggregate_session(small_pilot) as session:
        session.add(CallUnit(call_id=3, unit="A1", arrived_at=arrived, cleared_at=arrived + timedelta(minutes=90)))
        session.add(CallUnit(call_id=3, unit="A2", arrived_at=arrived, cleared_at=None))
        session.commit()
    _, table = calls(small_pilot, SHELL, "repeat_calls", YEAR, Bar(month=date(2026, 5, 1)))
    (row,) = table.to_dict("records")
    assert (row["received"], row["earlier"]) == (local(2026, 5, 2, 9), local(2026, 4, 20, 8))
    assert (row["place"], row["type"], row["units"], row["hours"]) == ("1 MAIN ST", "MENTAL SUBJECT", 2, 1.5)


@contextmanager
def statements(bind: Engine) -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(bind, "before_cursor_execute", listen)
    yield said
    event.remove(bind, "before_cursor_execute", listen)


def test_no_list_reads_who_is_a_client(small_pilot: Engine) -> None:
    """Of all protected tables a list of calls touches calls and units alone: no link, referral, contact or answer."""
    add_calls(small_pilot, [(local(2026, 3, day), 1, None) for day in (1, 3, 5, 7)])
    forbidden = {model.__tablename__ for model in ROW_SCOPE} - {"call", "call_unit"}
    assert {CallReview.__tablename__, CallReviewAside.__tablename__, "call_link"} <= forbidden
    with statements(small_pilot) as said:
        for key in LISTS:
            calls(small_pilot, SHELL, key, YEAR, Bar())
    words = {word.strip('",.()') for statement in said for word in statement.replace(".", " ").split()}
    assert Call.__tablename__ in words
    assert not words & forbidden


@pytest.mark.parametrize("role", [Role.clinician, Role.officer, Role.council, Role.finance, Role.admin])
def test_only_who_may_see_calls_gets_a_list(small_pilot: Engine, viewer, role: Role) -> None:
    with pytest.raises(Forbidden):
        calls(small_pilot, viewer(role), "bh_calls", YEAR, Bar())


def test_chief_and_analyst_get_the_same_list_and_other_figures_have_none(small_pilot: Engine, viewer) -> None:
    add_calls(small_pilot, [(local(2026, 3, 1), 1, None)])
    one, other = (calls(small_pilot, viewer(role), "bh_calls", YEAR, Bar())[1] for role in (Role.chief, Role.analyst))
    pd.testing.assert_frame_equal(one, other)
    with pytest.raises(NotFound, match="No list of calls stands behind “People served”"):
        calls(small_pilot, SHELL, "people_served", YEAR, Bar())
