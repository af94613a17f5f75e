"""Measures of calls on few enough calls to count; figures by hand."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result
from db import access
from db.engine import aggregate_session
from db.models import Call, CallGap, CallUnit, Event, Referral, Shift
from db.vocab import CallCategory, EventKind, Outcome, Source
from tests.conftest import NOW
from tests.dashboard.measures.callmaker import CONTROL, SHELTER, add_calls, local
from tests.dashboard.measures.city import at, intervention, person

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
YEAR = Filters(date(2026, 1, 1), date(2026, 11, 14), date(2026, 11, 14))


def answer(bind: Engine, key: str, filters: Filters = YEAR, audience: Audience = Audience.internal) -> Result:
    return compute(bind, SHELL, key, filters, audience)


def by_month(result: Result, column: str = "value") -> dict[int, float]:
    table = result.table.loc[result.table[column].notna() & (result.table[column] != 0)]
    return {month.month: value for month, value in zip(table["period"], table[column], strict=True)}


def test_bh_calls_follow_the_rules_and_their_own_date(small_pilot: Engine) -> None:
    add_calls(
        small_pilot,
        [
            (local(2026, 1, 31, 23, 30), 1, None),  # February in UTC, January here
            (local(2026, 2, 1, 0, 30), SHELTER, None),  # institutions count among calls
            (local(2026, 2, 2), 1, None, CONTROL),
            (local(2026, 2, 3), 1, None, CallCategory.excluded),
            (local(2026, 11, 13), 1, None),
        ],
    )
    found = answer(small_pilot, "bh_calls")
    assert by_month(found) == {1: 1, 2: 1, 11: 1}
    status = dict(zip(found.table["period"], found.table["status"], strict=True))
    assert status[date(2026, 1, 1)] == "unfinished"  # the data begin on 31 January
    assert status[date(2026, 2, 1)] == "final"
    assert status[date(2026, 11, 1)] == "unfinished"
    assert (found.estimate.value, found.display) == (3, "0")
    assert found.sentence == "There were 0 behavioral-health calls in Oct 2026."


def test_a_month_inside_a_gap_has_no_figure_and_a_broken_one_is_unfinished(small_pilot: Engine) -> None:
    """Missing is not zero: March lies whole in the gap, April loses three days, May has calls of other types only."""
    add_calls(small_pilot, [(local(2026, month, 15), 1, None) for month in (1, 2, 4)])
    add_calls(small_pilot, [(local(2026, 5, 10), 2, None, CONTROL), (local(2026, 10, 31), 2, None, CONTROL)])
    with aggregate_session(small_pilot) as session:
        session.add(CallGap(first_day=date(2026, 3, 1), last_day=date(2026, 4, 3), reason="moved"))
        session.add(Event(on_date=date(2026, 6, 1), kind=EventKind.definition, label="Welfare checks left out"))
        session.commit()
    for key in ("bh_calls", "officer_hours"):
        found = answer(small_pilot, key)
        table = found.table
        blank = [month.month for month in table.loc[table["value"].isna(), "period"]]
        assert blank == ([3, 11] if key == "bh_calls" else list(range(1, 12))), key
        assert dict(zip(table["period"], table["status"], strict=True))[date(2026, 4, 1)] == "unfinished"
        gap = (date(2026, 3, 1), date(2026, 4, 3))
        assert found.marks["gaps"] == [
            (date(2026, 1, 1), date(2026, 1, 14)),
            gap,
            (date(2026, 11, 1), date(2026, 11, 13)),
        ]
        assert found.marks["breaks"] == [date(2026, 6, 1)]
        assert (date(2026, 6, 1), "Welfare checks left out") in found.marks["events"]
        assert found.caveats[-1] == (
            "61 days of this period are missing from the data, which is not zero: "
            "1 Jan 2026 – 14 Jan 2026, 1 Mar 2026 – 3 Apr 2026, 1 Nov 2026 – 13 Nov 2026."
        )
    assert answer(small_pilot, "bh_calls").table["value"].tolist()[3:5] == [1, 0]


def test_repeat_calls_by_place_with_what_is_left_out(small_pilot: Engine) -> None:
    add_calls(
        small_pilot,
        [
            (local(2025, 1, 1), 9, None, CONTROL),  # the data begin
            (local(2026, 3, 1), 1, None),
            (local(2026, 3, 20), 1, None),  # repeat
            (local(2026, 4, 1), None, None),  # no subject
            (local(2026, 4, 2), SHELTER, None),
            (local(2026, 4, 3), SHELTER, None),
            (local(2026, 4, 4), 2, None),
            (local(2026, 10, 30), 2, None),
            (local(2026, 11, 13), 3, None, CONTROL),
        ],
    )
    found = answer(small_pilot, "repeat_calls")
    assert (by_month(found), by_month(found, "judged")) == ({3: 1}, {3: 2, 4: 1, 10: 1})
    assert by_month(found, "nobody") == {4: 1}
    assert (found.estimate.value, found.estimate.n, found.display) == (1, 4, "0")
    assert "1 call has no subject (no place, no person key) and is not judged." in found.caveats
    assert "expected" not in found.context
    longer = answer(small_pilot, "repeat_calls", Filters(YEAR.first, YEAR.last, YEAR.as_of, window_days=365))
    assert by_month(longer) == {3: 1, 10: 1}


def test_repeat_calls_by_person_when_enough_are_keyed(small_pilot: Engine) -> None:
    add_calls(
        small_pilot,
        [(local(2025, 1, 1), 9, None, CONTROL)]
        + [(local(2026, month, 10), month, "ada") for month in range(1, 12)]
        + [(local(2026, 11, 13), 3, None, CONTROL)],
    )
    found = answer(small_pilot, "repeat_calls")
    assert found.marks["basis"] == "person"
    assert sum(by_month(found).values()) == 10


def test_familiar_faces_climb_a_ladder(small_pilot: Engine) -> None:
    rows = [(local(2026, 6, day), 1, None) for day in range(1, 13)]  # twelve calls
    rows += [(local(2026, 7, day), 2, None) for day in range(1, 4)]  # three
    rows += [(local(2025, 11, 14), 2, None), (local(2026, 8, 1), 3, None), (local(2026, 8, 2), SHELTER, None)]
    add_calls(small_pilot, rows)
    found = answer(small_pilot, "familiar_faces")
    assert list(found.table["value"]) == [0, 0, 1, 1, 2]  # 40, 20, 10, 5, 3 calls or more
    assert list(found.table["calls"]) == [0, 0, 12, 12, 15]
    assert found.sentence.replace("\u00a0", " ") == (
        "2 subjects with 3 calls or more in twelve months made 15 calls, 94 % of all."
    )
    assert found.table["before"].isna().all()  # the year before is not whole in the data
    assert found.caveats[-1].startswith("The year before (15 Nov 2024 – 14 Nov 2025) is not whole")
    assert answer(small_pilot, "familiar_faces", audience=Audience.public).display == "hidden"


def test_familiar_faces_stand_beside_a_year_before(small_pilot: Engine) -> None:
    rows = [(local(2025, 3, day), place, None) for place in (1, 2) for day in range(1, 6)]  # two with five calls
    rows += [(local(2026, 3, day), 1, None) for day in range(1, 4)]  # one with three
    rows += [(local(2024, 11, 1), 3, None, CONTROL), (local(2026, 11, 13), 3, None, CONTROL)]
    add_calls(small_pilot, rows)
    found = answer(small_pilot, "familiar_faces", Filters(YEAR.first, date(2026, 11, 13), YEAR.as_of))
    assert list(found.table["value"]) == [0, 0, 0, 0, 1]
    assert list(found.table["before"]) == [0, 0, 0, 2, 2]
    assert found.sentence.endswith("The year before it was 2 subjects.")
    hidden = answer(small_pilot, "familiar_faces", found.filters, Audience.public)
    assert hidden.table["before"].isna().sum() >= 1
    assert "2" not in hidden.sentence.replace("12", "")


def test_officer_hours_sum_over_units(small_pilot: Engine) -> None:
    add_calls(
        small_pilot,
        [(local(2026, 3, 1), 1, None), (local(2026, 3, 2), 1, None, CONTROL), (local(2026, 11, 13), 1, None)],
    )
    start = datetime(2026, 3, 1, 17, tzinfo=UTC)
    with aggregate_session(small_pilot) as session:
        for call, unit, minutes in ((1, "A1", 30), (1, "A2", 60), (1, "A3", None), (2, "A1", 600)):
            clear = None if minutes is None else start + timedelta(minutes=minutes)
            session.add(CallUnit(call_id=call, unit=unit, arrived_at=start, cleared_at=clear))
        session.commit()
    found = answer(small_pilot, "officer_hours")
    assert by_month(found) == {3: pytest.approx(1.5)}
    assert found.caveats[0] == "1 of 3 units has no arrival or clear time and is left out."


def test_call_coverage_by_local_hour_and_valid_shift(small_pilot: Engine) -> None:
    """Monday 2 March 2026; the shift is 09:00 to 17:00, valid to the end of March."""
    with aggregate_session(small_pilot) as session:
        session.add(
            Shift(
                staff_id=1,
                weekday=1,
                starts_at=time(9),
                ends_at=time(17),
                valid_from=date(2026, 1, 12),
                valid_until=date(2026, 3, 31),
            )
        )
        session.commit()
    add_calls(
        small_pilot,
        [
            (local(2026, 3, 2, 9), 1, None),  # inside: the first minute
            (local(2026, 3, 2, 16, 59), 2, None),  # inside
            (local(2026, 3, 2, 17), 3, None),  # the evening begins
            (local(2026, 3, 3, 10), 4, None),  # Tuesday, nobody
            (local(2026, 3, 7, 9), 5, None),  # Saturday morning
            (local(2026, 4, 6, 9), 6, None),  # a Monday after the shift's validity
            (local(2026, 3, 9, 10), 7, None),  # inside although clocks went forward the day before
        ],
    )
    found = answer(small_pilot, "call_coverage")
    assert (found.estimate.value, found.estimate.n) == (pytest.approx(3 / 7), 7)
    assert found.marks["added"] == {"evenings": pytest.approx(1 / 7), "weekends": pytest.approx(1 / 7)}
    assert len(found.table) == 168
    assert found.table["calls"].sum() == 7


def test_calls_are_known_as_of_the_day(small_pilot: Engine) -> None:
    add_calls(small_pilot, [(local(2026, 3, 1), 1, None), (local(2026, 6, 1), 1, None)])
    spring = Filters(date(2026, 1, 1), date(2026, 12, 31), date(2026, 4, 15))
    assert by_month(answer(small_pilot, "bh_calls", spring)) == {3: 1}


def test_eligible_calls_are_served_by_incident_number_within_seven_days(small_pilot: Engine) -> None:
    """Five eligible calls over a week old: two served (own number; a referral's), one too late, two never."""
    days = [local(2026, 3, 2, 20), local(2026, 3, 3), local(2026, 3, 4), local(2026, 3, 5), local(2026, 3, 6)]
    add_calls(
        small_pilot,
        [(day, 1, None) for day in days] + [(local(2026, 3, 7), SHELTER, None), (local(2026, 11, 7), 1, None)],
    )
    with aggregate_session(small_pilot) as session:
        for call in session.query(Call):
            call.incident_number = f"26-{call.id}"
        for number in (1, 2, 3):
            person(session, number)
        intervention(session, at(date(2026, 3, 9)), 1, incident_number="26 1")  # the seventh day
        intervention(session, at(date(2026, 3, 11)), 1, incident_number="26-2")  # the eighth
        session.add(
            Referral(
                id=1,
                received_at=at(date(2026, 3, 4)),
                source=Source.officer,
                person_id=2,
                incident_number="26-3",
                created_at=NOW,
            )
        )
        intervention(session, at(date(2026, 3, 6)), 2)
        intervention(session, at(date(2026, 3, 6)), 3, incident_number="26-4", outcome=Outcome.no_contact)
        session.add(Shift(staff_id=1, weekday=5, starts_at=time(9), ends_at=time(17), valid_from=date(2026, 1, 12)))
        session.commit()
    found = answer(small_pilot, "eligible_served")
    assert (found.estimate.value, found.estimate.n) == (pytest.approx(2 / 5), 5)
    # Of the three not served, Friday's came during the shift.
    assert found.caveats[0].startswith("Not served and received outside every rostered shift: 2.")
    why = answer(small_pilot, "unserved_reasons")
    assert dict(zip(why.table["group"], why.table["value"], strict=True)) == {"Off shift": 2, "Not recorded": 1}
    assert why.estimate.value == 3
