"""The records behind a count: as many as it says, in every slice, and no more of them than the viewer may see."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard.measures import MEASURES, lists
from dashboard.measures.compute import COARSE, compute, pilot_to_date, quarter_to_date, records
from dashboard.model import RECORD_KINDS, Filters, Records, Result
from db.access import Permission
from db.engine import aggregate_session
from db.errors import Forbidden, NotFound
from db.models import Connection, Intervention, Person, Referral
from db.pilot import the_pilot
from db.vocab import Mode, Outcome, Purpose, Role, TallyItem
from tests.conftest import NOW, TODAY, fresh_sqlite
from tests.dashboard.measures.city import SHELL, WEEK, WHOLE, add_one_of_everything, at, intervention, person, tally

LISTED = [key for key, measure in MEASURES.items() if measure.records]
MATTERS_OF_THE_DESK = {key for key, measure in MEASURES.items() if measure.permission == Permission.see_figures.value}
WITHOUT = {"calls_without_follow_up", "eligible_served", "unmatched_calls", "unserved_reasons", "first_weeks"}
"""Calls, or records beside them: the desk's own lists show them, and no list may tell whether a caller is a client.
And shares of hours, whose list is that of the hours."""


def said_by(result: Result, found: Records) -> tuple[float, float]:
    """(what the headline counts, what its records come to)."""
    value, n = result.estimate.value or 0, result.estimate.n or 0
    if result.key == "log_vs_tally":
        return value, float(found.table["differs"].sum())
    if found.cells is not None:
        return value, lists.figure(found)
    return n, lists.figure(found)


def slices(bind: Engine) -> Iterator[Filters]:
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    whole = pilot_to_date(pilot, TODAY)
    yield whole
    yield quarter_to_date(pilot, TODAY)
    for staff in (1, 2):
        yield replace(whole, staff_id=staff)
    yield whole.between(date(2026, 4, 1), date(2026, 4, 30))


def test_every_count_of_the_desk_has_its_records() -> None:
    assert set(LISTED) == MATTERS_OF_THE_DESK - WITHOUT


@pytest.fixture(scope="module")
def city(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from fresh_sqlite(demo_database, tmp_path_factory.mktemp("records"))


def test_number_and_list_agree_in_every_slice_of_a_real_year(city: Engine) -> None:
    for filters in slices(city):
        for key in LISTED:
            headline, counted = said_by(compute(city, SHELL, key, filters), records(city, SHELL, key, filters))
            assert headline == pytest.approx(counted), (key, filters)


def test_the_parts_add_up_to_the_whole_and_to_the_chart(city: Engine) -> None:
    """Every bar of a breakdown is the number of the records one opens behind it."""
    whole = next(slices(city))
    for key in ("interventions", "people_by_group", "connections_by_need", "service_gaps", "referrals_by_source"):
        result, found = compute(city, SHELL, key, whole), records(city, SHELL, key, whole)
        bars = {(by, group): n for by, group, n in result.table[["by", "group", "value"]].itertuples(index=False)}
        shown = 0
        for name, values in found.parts.items():
            by = {"mode": "How", "age": "Age"}.get(name)
            for value, title in values.items():
                if by is not None or any(group == title for _, group in bars):
                    drawn = [n for (head, group), n in bars.items() if group == title and by in (None, head)]
                    assert lists.figure(found, None, **{name: value}) in drawn, (key, name, value)
                    shown += 1
        assert shown >= 4, key


def test_a_week_of_a_series_opens_that_weeks_records(city: Engine) -> None:
    whole = next(slices(city))
    for key in ("interventions_by_week", "referrals_received", "connections_made", "family_contacts"):
        table, found = compute(city, SHELL, key, whole).table, records(city, SHELL, key, whole)
        for week, value in zip(table["period"], table["value"], strict=True):
            assert lists.figure(found, week) == value, (key, week)
            more, fewer = lists.differences(found, week)
            assert len(lists.chosen(found.table, week)) + more - fewer == value, (key, week)
    table, found = compute(city, SHELL, "people_served", whole).table, records(city, SHELL, "people_served", whole)
    for week, new in zip(table["period"], table["new"], strict=True):
        assert len(lists.chosen(found.table, week)) == new


def test_a_record_is_of_a_known_kind_and_exists(city: Engine) -> None:
    tables = {"person": Person, "intervention": Intervention, "referral": Referral, "connection": Connection}
    whole = next(slices(city))
    with aggregate_session(city) as session:
        for key in LISTED:
            table = records(city, SHELL, key, whole).table
            assert set(table["kind"]) <= set(RECORD_KINDS), key
            assert all(day.weekday() == 0 for day in table["week"]), key
            for kind, number in table[["kind", "id"]].tail(1).itertuples(index=False):
                assert kind not in tables or session.get(tables[kind], int(number)) is not None, key


# --- what a tally adds ---------------------------------------------------------------------------


def test_a_tallied_figure_says_what_was_reported_without_a_record(small_pilot: Engine) -> None:
    """Log 3 and reported 5; the other week log 2 and reported 1; a third only logged."""
    with aggregate_session(small_pilot) as session:
        person(session, 1)
        for weeks, logged, reported in ((0, 3, 5), (1, 2, 1), (2, 1, None)):
            week = WEEK + timedelta(weeks=weeks)
            for hour in range(logged):
                intervention(session, at(week, 14 + hour), 1, mode=Mode.office)
            if reported is not None:
                tally(session, week, {TallyItem.office: reported})
        session.commit()
    found = records(small_pilot, SHELL, "interventions", WHOLE)
    assert (len(found.table), lists.figure(found)) == (6, 7)
    assert lists.differences(found) == (2, 1)
    assert lists.differences(found, WEEK) == (2, 0)
    assert lists.figure(found, WEEK, mode="office") == 5
    assert lists.figure(found, purpose=Purpose.follow_up.value) == 6  # purposes come from the log alone
    assert lists.differences(found, purpose=Purpose.follow_up.value) == (0, 0)
    assert compute(small_pilot, SHELL, "interventions", WHOLE).estimate.value == 7


def test_hours_are_the_minutes_of_their_records(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        person(session, 1)
        intervention(session, at(WEEK), 1, minutes=90)
        intervention(session, at(WEEK, 16), 1, minutes=15, outcome=Outcome.no_contact)
        session.commit()
    found = records(small_pilot, SHELL, "work_hours", WHOLE)
    assert (len(found.table), found.table["amount"].sum(), lists.figure(found)) == (2, 1.75, 1.75)


# --- who sees what -------------------------------------------------------------------------------


def test_outside_the_desk_a_list_tells_code_week_and_mode_only(small_pilot: Engine, viewer) -> None:
    add_one_of_everything(small_pilot)
    for key in LISTED:
        full = records(small_pilot, viewer(Role.clinician), key, WHOLE)
        about_nobody = set(full.table["kind"]) <= {"sheet", "cell"}
        for role in (Role.chief, Role.analyst):
            found = records(small_pilot, viewer(role), key, WHOLE)
            if about_nobody:
                assert len(found.table.columns) > len(COARSE)
                continue
            assert tuple(found.table.columns) == COARSE, key
            assert found.parts == {}, key
            assert len(found.table) == len(full.table), key
            assert not set(found.cells.columns if found.cells is not None else ()) & {"mode", "item", "work"}, key
    assert {"need", "provider"} <= set(
        records(small_pilot, viewer(Role.social_worker), "connections_by_need", WHOLE).table
    )


def test_the_order_of_a_coarse_list_tells_no_moment(small_pilot: Engine, viewer) -> None:
    with aggregate_session(small_pilot) as session:
        for number, hour in ((2, 14), (1, 20)):
            person(session, number)
            intervention(session, at(WEEK, hour), number)
        session.commit()
    found = records(small_pilot, viewer(Role.chief), "people_served", WHOLE).table
    assert list(found["code"]) == ["P-0001", "P-0002"]


def test_outside_the_desk_two_lists_do_not_tell_a_day(small_pilot: Engine, viewer) -> None:
    with aggregate_session(small_pilot) as session:
        for number, day in ((1, WEEK), (2, WEEK + timedelta(days=3))):
            person(session, number)
            intervention(session, at(day, 20), number)
        session.commit()
    for offset, on_that_day in ((0, 1), (1, 0), (3, 1)):
        day = WEEK + timedelta(days=offset)
        one = Filters(day, day, NOW.date())
        assert set(records(small_pilot, viewer(Role.chief), "people_served", one).table["code"]) == {"P-0001", "P-0002"}
        assert len(records(small_pilot, viewer(Role.clinician), "people_served", one).table) == on_that_day


def test_nobody_else_gets_a_list(small_pilot: Engine, viewer) -> None:
    for role in (Role.officer, Role.council, Role.finance, Role.admin):
        for key in LISTED:
            with pytest.raises(Forbidden):
                records(small_pilot, viewer(role), key, WHOLE)


def test_a_figure_without_a_list_says_so(small_pilot: Engine) -> None:
    with pytest.raises(NotFound, match="No list of records stands behind"):
        records(small_pilot, SHELL, "repeat_calls", Filters(WEEK, NOW.date(), NOW.date()))
