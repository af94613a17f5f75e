"""The other series an effect might have been made of: each counted naively, call by call."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from dashboard.effects import interrupted
from dashboard.measures.choices import choices
from dashboard.robustness import robustness
from db.engine import aggregate_session
from db.pilot import the_pilot
from db.vocab import CallCategory
from tests.conftest import TODAY, add_small_pilot
from tests.dashboard.measures.callmaker import SHELTER, add_calls, local

BH = CallCategory.behavioural_health
Row = tuple[datetime, int | None, str | None, CallCategory]


def keyed_calls(seed: int = 7) -> list[Row]:
    """Sixty people, each calling about every forty days from home, one call in five from elsewhere, some a shelter."""
    random, start, days = np.random.default_rng(seed), local(2022, 7, 1), 1596
    rows: list[Row] = []
    for who in range(1, 61):
        for day in sorted(random.uniform(0, days, random.poisson(days / 40))):
            elsewhere, shelter = random.random() < 0.2, random.random() < 0.1
            place = SHELTER if shelter else 100 + int(random.integers(400)) if elsewhere else who
            rows.append((start + timedelta(days=float(day)), place, f"person {who}", BH))
    return rows


@pytest.fixture
def found(sqlite: Engine):
    add_small_pilot(sqlite)
    add_calls(sqlite, keyed_calls())
    with aggregate_session(sqlite) as session:
        asked = choices(session, the_pilot(session), TODAY)
    assert asked is not None
    return asked


def repeats_in(month: date, window: int, by: int, *, institutions: bool = False) -> int:
    """``by``: 1 the place, 2 the person. Two hours merge, institutions are left out unless asked for."""
    last: dict[object, datetime] = {}
    count = 0
    for row in sorted(keyed_calls()):
        if row[1] == SHELTER and not institutions:
            continue
        before, now = last.get(row[by]), row[0]
        if before is not None and now - before <= timedelta(hours=2):
            continue  # no chains of three within hours in this city
        if before is not None and now - before <= timedelta(days=window) and now.date().replace(day=1) == month:
            count += 1
        last[row[by]] = now
    return count


def test_each_choice_counts_what_its_name_says(found) -> None:
    specified, others = found
    series = {choice.label: choice.series for choice in (specified, *others)}
    assert set(series) == {"specified", "window_30", "window_180", "window_365", "location", "institutions"}
    month = date(2025, 3, 1)
    asked = {
        "specified": (90, 2, False),
        "window_30": (30, 2, False),
        "window_180": (180, 2, False),
        "window_365": (365, 2, False),
        "location": (90, 1, False),
        "institutions": (90, 2, True),
    }
    counted = {
        label: repeats_in(month, window, by, institutions=inside) for label, (window, by, inside) in asked.items()
    }
    kept = {label: dict(zip(each.starts, each.counts, strict=True))[month] for label, each in series.items()}
    assert kept == counted
    assert len(set(counted.values())) >= 5  # the choices do differ


def test_each_choice_begins_where_its_window_can_look_back(found) -> None:
    specified, others = found
    first = {choice.label: choice.series.starts[0] for choice in (specified, *others)}
    assert first["window_30"] == date(2022, 8, 1)
    assert first["specified"] == first["location"] == first["institutions"] == date(2022, 10, 1)
    assert first["window_365"] in (date(2023, 7, 1), date(2023, 8, 1))


def test_the_specified_choice_is_the_analysis_itself(found) -> None:
    specified, others = found
    told = robustness(specified, others, placebos=False, leave_out=False)
    assert told.specified.step == interrupted(specified.series, specified.plan).step
    assert specified.plan.launch == "exclude"
    assert {"launch_include", "season_0", "season_1", "slope"} <= {answer.label for answer in told.of("choice")}


def test_without_calls_there_is_no_choice(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    with aggregate_session(sqlite) as session:
        assert choices(session, the_pilot(session), TODAY) is None
