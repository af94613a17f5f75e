"""Contracts that every measure keeps: empty database, one row of everything, staff filter, audiences, permission."""

import pickle
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard.measures import MEASURES
from dashboard.measures.compute import compute, pilot_to_date, quarter_to_date
from dashboard.model import Audience, Filters, Result
from db import access, vocab
from db.engine import aggregate_session
from db.errors import Forbidden, NotFound
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW
from tests.dashboard.measures.city import add_one_of_everything

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
KEYS = tuple(MEASURES)
STATUSES = {"final", "provisional", "unfinished"}


def to_date(bind: Engine, lang: str = "en") -> Filters:
    with aggregate_session(bind) as session:
        filters = pilot_to_date(the_pilot(session), NOW.date())
    return Filters(filters.first, filters.last, filters.as_of, lang=lang)


def check(result: Result, key: str, audience: Audience) -> None:
    assert (result.key, result.audience) == (key, audience)
    assert isinstance(result.table, pd.DataFrame)
    assert set(result.columns) <= set(result.table.columns)
    assert all(result.columns.values())
    assert result.display
    assert result.sentence
    assert result.sentence.strip().endswith((".", "!", "?"))
    assert "{" not in result.sentence + result.context + result.display
    assert "nan" not in (result.sentence + result.context + result.display).lower().split()
    if "status" in result.table:
        assert set(result.table["status"]) <= STATUSES
    assert len(result.spark) <= 26
    pickle.dumps(result)  # the cache keeps pickles


@pytest.mark.parametrize("audience", list(Audience))
def test_every_measure_answers_an_empty_pilot(small_pilot: Engine, audience: Audience) -> None:
    for key in KEYS:
        for lang in ("en", "es"):
            check(compute(small_pilot, SHELL, key, to_date(small_pilot, lang), audience), key, audience)


@pytest.mark.parametrize("audience", list(Audience))
def test_every_measure_answers_one_row_of_everything(small_pilot: Engine, audience: Audience) -> None:
    add_one_of_everything(small_pilot)
    for key in KEYS:
        for lang in ("en", "es"):
            check(compute(small_pilot, SHELL, key, to_date(small_pilot, lang), audience), key, audience)


def test_every_measure_takes_a_day_a_future_and_a_staff_filter(small_pilot: Engine) -> None:
    add_one_of_everything(small_pilot)
    day = NOW.date()
    for filters in (
        Filters(day, day, day),
        Filters(date(2027, 1, 4), date(2027, 1, 8), day),
        Filters(date(2026, 1, 12), day, day, staff_id=2),
        Filters(date(2025, 1, 1), date(2025, 12, 31), day),
        Filters(date(2026, 1, 12), date(2027, 3, 1), date(2027, 3, 1)),
    ):
        for key in KEYS:
            check(compute(small_pilot, SHELL, key, filters), key, Audience.internal)


def test_the_staff_filter_leaves_out_the_others_work(small_pilot: Engine) -> None:
    """All of the one-of-everything is staff member 1's: the other's figures are zero or nothing."""
    add_one_of_everything(small_pilot)
    whole = to_date(small_pilot)
    for key in ("people_served", "new_people", "interventions", "work_hours", "caseload", "connections_made"):
        got = [
            compute(small_pilot, SHELL, key, Filters(whole.first, whole.last, whole.as_of, staff_id=staff))
            for staff in (1, 2)
        ]
        assert [bool(result.estimate.value) for result in got] == [True, False], key


def test_a_public_figure_ignores_a_staff_filter(small_pilot: Engine) -> None:
    add_one_of_everything(small_pilot)
    filters = Filters(date(2026, 1, 12), NOW.date(), NOW.date(), staff_id=2)
    for key in KEYS:
        assert compute(small_pilot, SHELL, key, filters, Audience.public).filters.staff_id is None


def test_who_may_see_which_audience(small_pilot: Engine, viewer) -> None:
    filters = to_date(small_pilot)
    for role in Role:
        who = viewer(role)
        for key, measure in MEASURES.items():
            for audience, needed in (
                (Audience.internal, access.Permission(measure.permission)),
                (Audience.public, access.Permission.see_public),
            ):
                if who.may(needed):
                    compute(small_pilot, who, key, filters, audience)
                else:
                    with pytest.raises(Forbidden):
                        compute(small_pilot, who, key, filters, audience)


def test_an_unknown_key_is_one_sentence(small_pilot: Engine) -> None:
    with pytest.raises(NotFound, match="There is no measure “peolpe”"):
        compute(small_pilot, SHELL, "peolpe", to_date(small_pilot))


def test_every_measure_says_what_it_is_in_both_languages() -> None:
    scopes = {scope.value for scope in vocab.Scope}
    for key, measure in MEASURES.items():
        assert key == measure.key
        assert set(measure.scopes) <= scopes
        assert access.Permission(measure.permission)
        for part in ("title", "question", "definition", "counts", "leaves_out", "unit", "source"):
            assert getattr(measure, part), f"{key}.{part}"
            for lang in ("en", "es"):
                assert vocab.text(f"measure.{key}.{part}", lang).strip(), f"{key}.{part} in {lang}"


def test_to_date_stays_inside_the_pilot(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        pilot = the_pilot(session)
    for today, first, last in (
        (date(2026, 11, 14), date(2026, 10, 1), date(2026, 11, 14)),
        (date(2026, 2, 1), date(2026, 1, 12), date(2026, 2, 1)),
        (date(2027, 3, 1), date(2027, 1, 1), date(2027, 1, 11)),
    ):
        assert (quarter_to_date(pilot, today).first, quarter_to_date(pilot, today).last) == (first, last)
        assert pilot_to_date(pilot, today) == Filters(date(2026, 1, 12), last, today)
    assert pilot_to_date(pilot, date(2025, 12, 1)).last == pilot.starts_on
