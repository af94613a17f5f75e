"""Events one can count on fingers, with the expected numbers written by hand.

The week is that of Monday 2 Feb 2026 unless said otherwise; the as-of day is Saturday 14 Nov 2026.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dashboard.model import Filters
from db.engine import aggregate_session
from db.models import Episode, Pilot, Target
from db.vocab import (
    ConnectionEnd,
    EpisodeEnd,
    Mode,
    Outcome,
    Purpose,
    ReferralStatus,
    Step,
    TallyItem,
)
from tests.conftest import NOW
from tests.dashboard.measures.city import (
    TODAY,
    WEEK,
    WHOLE,
    ask,
    at,
    attempt,
    certify,
    connection,
    intervention,
    person,
    provider,
    referral,
    row,
    tally,
    three_referrals,
)


def six_events(session: Session) -> None:
    """Three people. Two met directly, one twice; the third only missed; an uncle and a provider besides."""
    for number in (1, 2, 3):
        person(session, number)
    intervention(session, WEEK, 1)
    intervention(session, WEEK + timedelta(days=1), 1, mode=Mode.phone_video, minutes=15)
    intervention(session, WEEK + timedelta(days=7), 2, mode=Mode.office, staff_id=2)
    intervention(session, WEEK, 3, mode=Mode.phone_video, outcome=Outcome.no_contact, minutes=5)
    intervention(session, WEEK, 1, mode=Mode.family, purpose=Purpose.family_support)
    intervention(session, WEEK, None, mode=Mode.outreach, purpose=Purpose.relationship, minutes=60)
    voided = intervention(session, WEEK, 3)
    voided.voided_at, voided.void_reason = NOW, "entered twice"
    session.commit()


@pytest.fixture
def events(small_pilot: Engine) -> Engine:
    with aggregate_session(small_pilot) as session:
        six_events(session)
    return small_pilot


# --- reach ---------------------------------------------------------------------------------------


def test_people_are_counted_once_and_only_when_reached(events: Engine) -> None:
    assert ask(events, "people_served").estimate.value == 2
    assert ask(events, "people_served", replace(WHOLE, first=WEEK + timedelta(days=1))).estimate.value == 2
    assert ask(events, "new_people", replace(WHOLE, first=WEEK + timedelta(days=1))).estimate.value == 1
    assert ask(events, "people_served", replace(WHOLE, staff_id=2)).estimate.value == 1


def test_the_running_total_ends_at_the_headline(events: Engine) -> None:
    result = ask(events, "people_served")
    assert row(result, "period", WEEK)["value"] == 1
    assert row(result, "period", WEEK + timedelta(days=7))["value"] == 2
    assert result.table["value"].iloc[-1] == 2
    assert result.spark[-1] == 2.0


def test_the_target_is_the_context(events: Engine) -> None:
    assert ask(events, "people_served").context == "since 12 Jan 2026"
    with aggregate_session(events) as session:
        session.add(Target(measure="people_served", value=300, by_date=date(2027, 1, 11)))
        session.commit()
    assert ask(events, "people_served").context == "target 300"
    assert ask(events, "people_served", replace(WHOLE, lang="es")).context == "meta 300"


def test_the_whole_pilots_target_is_not_held_against_a_part_of_it(events: Engine) -> None:
    with aggregate_session(events) as session:
        session.add(Target(measure="people_served", value=300, by_date=date(2027, 1, 11)))
        session.commit()
    later = WHOLE.first + timedelta(days=7)
    assert ask(events, "people_served", replace(WHOLE, first=later)).context == "since 19 Jan 2026"
    assert ask(events, "people_served", replace(WHOLE, staff_id=1)).context == "since 12 Jan 2026"


def test_interventions_by_mode_leave_out_the_voided(events: Engine) -> None:
    result = ask(events, "interventions")
    assert result.estimate.value == 6
    by_mode = result.table[result.table["by"] == "How"]
    assert dict(zip(by_mode["group"], by_mode["value"], strict=True)) == {
        "On-scene co-response": 0,
        "In-person follow-up": 1,
        "Phone or video": 2,
        "Office visit": 1,
        "Consultation to an officer": 0,
        "Family or collateral contact": 1,
        "Outreach to providers": 1,
    }
    assert ask(events, "family_contacts").estimate.value == 1


def test_hours_are_minutes_through_sixty_by_kind(events: Engine) -> None:
    """30 + 15 + 5 + 30 (family) minutes of staff 1 and 30 of staff 2 are direct, 60 are outreach."""
    result = ask(events, "work_hours")
    assert row(result, "group", "Direct work")["value"] == pytest.approx(80 / 60 + 0.5, abs=0.01)
    assert row(result, "group", "Outreach")["value"] == 1.0
    assert result.display == "3"


def test_a_moment_counts_on_the_pilots_own_day(small_pilot: Engine) -> None:
    """23:30 on Sunday in New York is Monday in UTC; after the clocks change in March the difference is 4 h, not 5."""
    with aggregate_session(small_pilot) as session:
        for number in (1, 2, 3):
            person(session, number)
        intervention(session, datetime(2026, 2, 9, 4, 30, tzinfo=UTC), 1)  # Sunday 8 Feb, 23:30
        intervention(session, datetime(2026, 3, 9, 4, 30, tzinfo=UTC), 2)  # Monday 9 Mar, 00:30, clocks changed
        intervention(session, datetime(2026, 3, 9, 3, 30, tzinfo=UTC), 3)  # Sunday 8 Mar, 23:30
        session.commit()
    new = ask(small_pilot, "new_people").table.set_index("period")["new"]
    assert [new[date(2026, 2, 2)], new[date(2026, 2, 9)]] == [1, 0]
    assert [new[date(2026, 3, 2)], new[date(2026, 3, 9)]] == [1, 1]


def test_caseload_counts_who_is_in_care_at_the_weeks_end(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        for number in (1, 2, 3):
            person(session, number)
            session.add(Episode(person_id=number, staff_id=1, opened_on=WEEK + timedelta(days=number)))
        session.flush()
        sunday = WEEK + timedelta(days=6)
        done = Episode(person_id=3, staff_id=1, opened_on=date(2026, 1, 20), closed_on=date(2026, 2, 3))
        done.close_reason = EpisodeEnd.goals_met
        session.add(done)
        intervention(session, date(2026, 4, 20), 1)
        session.commit()
    table = ask(small_pilot, "caseload").table.set_index("week")
    first = table.loc[WEEK]
    assert [first["open"], first["opened"], first["closed"], first["inactive"]] == [3, 3, 1, 0]
    assert table["open"][date(2026, 1, 19)] == 1
    assert [first["band_low"], first["band_high"]] == [20.0, 30.0]
    june = table.loc[date(2026, 6, 1)]  # the half-time social worker has come
    assert [june["band_low"], june["band_high"]] == [30.0, 45.0]
    # 60 days after 4 and 5 Feb end on 5 and 6 Apr: on Sunday 12 Apr two are quiet, the one of 3 Feb too …
    assert table["inactive"][date(2026, 3, 30)] == 1  # on 5 Apr only the one opened on 3 Feb
    assert table["inactive"][date(2026, 4, 6)] == 3
    assert table["inactive"][date(2026, 4, 20)] == 2  # … until one is met on 20 Apr
    assert sunday == date(2026, 2, 8)


# --- referrals -----------------------------------------------------------------------------------


@pytest.fixture
def referred(small_pilot: Engine) -> Engine:
    """Six referrals: tried after 1, 47 and 49 h (the first two reached, at 1 h and 100 h), never, declined, today."""
    with aggregate_session(small_pilot) as session:
        person(session, 1)
        provider(session)
        start = at(WEEK)
        fast, late, slow, never, declined, fresh = (
            referral(session, start, 1),
            referral(session, start),
            referral(session, start),
            referral(session, start),
            referral(session, start, status=ReferralStatus.declined, decided_at=start),
            referral(session, at(TODAY, 14)),
        )
        attempt(session, fast.id, start + timedelta(hours=1), True)
        attempt(session, late.id, start + timedelta(hours=47), False)
        attempt(session, late.id, start + timedelta(hours=100), True)
        attempt(session, slow.id, start + timedelta(hours=49), False)
        connection(session, 1, {Step.accepted: WEEK + timedelta(days=8)})
        session.commit()
        assert {never.id, declined.id, fresh.id}.isdisjoint({fast.id, late.id, slow.id})
    return small_pilot


def test_never_attempted_counts_as_missed_and_too_young_is_left_out(referred: Engine) -> None:
    result = ask(referred, "within_48h")
    assert (result.estimate.value, result.estimate.n) == (2 / 5, 5)
    assert result.caveats == ("Never tried, counted as missed: 2.",)
    assert result.display == "40\u00a0%"


def test_forty_eight_hours_to_the_minute_are_in_time(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        just = referral(session, at(WEEK))
        attempt(session, just.id, at(WEEK) + timedelta(hours=48), False)
        over = referral(session, at(WEEK))
        attempt(session, over.id, at(WEEK) + timedelta(hours=48, minutes=1), False)
        session.commit()
    assert ask(small_pilot, "within_48h").estimate.value == 0.5


def test_reached_of_those_tried(referred: Engine) -> None:
    result = ask(referred, "reach_rate")
    assert (result.estimate.value, result.estimate.n) == (2 / 3, 3)
    assert result.caveats == ("Never tried, and not in the rate: 3.",)


def test_the_backlog_is_what_is_open_and_untried_by_age(referred: Engine) -> None:
    result = ask(referred, "referral_backlog")
    assert list(result.table["value"]) == [1, 0, 1]
    assert result.display == "2"


def test_waits_take_the_open_ones_into_account(referred: Engine) -> None:
    """Today's and the declined one stop at once; of the four others 3/4, 2/4 and 1/4 wait on after 1, 47, 49 h."""
    tried = ask(referred, "time_to_first_attempt")
    assert (tried.estimate.value, tried.estimate.n) == (49.0, 6)
    assert tried.display == "49 h"
    reached = ask(referred, "time_to_first_contact")  # 3/4 and 2/4 after 1 and 100 hours: never below a half
    assert (reached.estimate.value, reached.display) == (None, "–")
    assert reached.sentence == "Fewer than half of the people referred have been reached so far."


def test_flow_counts_each_step_in_the_week_it_happened(referred: Engine) -> None:
    table = ask(referred, "referral_flow").table.set_index("week")
    assert list(table.loc[WEEK, ["received", "contacted", "connected"]]) == [5, 2, 0]
    assert list(table.loc[WEEK + timedelta(days=7), ["received", "contacted", "connected"]]) == [0, 0, 1]


def test_officers_per_100_shifts_when_the_shifts_are_known(referred: Engine) -> None:
    assert ask(referred, "referrals_by_source").context == ""
    with aggregate_session(referred) as session:
        pilot = session.get(Pilot, 1)
        assert pilot is not None
        pilot.settings = {"officer_shifts_per_week": 100}
        session.commit()
    week = Filters(WEEK, WEEK + timedelta(days=6), TODAY)
    result = ask(referred, "referrals_by_source", week)
    assert result.context == "officers: 5 per 100 shifts"
    assert result.sentence.endswith("Officers sent 5 per 100 of 100 shifts (95 % interval 1.6 to 11.7).")


# --- connections ---------------------------------------------------------------------------------


@pytest.fixture
def connected(small_pilot: Engine) -> Engine:
    """Six: attended after 30 and after 31 days, never, too young, declined at the offer, and a gap; one voided."""
    made = WEEK
    with aggregate_session(small_pilot) as session:
        person(session, 1)
        provider(session)
        provider(session, 2, in_city=False)
        offered = {Step.offered: made, Step.accepted: made}
        connection(session, 1, offered | {Step.attended: made + timedelta(days=30)})
        connection(session, 1, offered | {Step.attended: made + timedelta(days=31)}, provider_id=2)
        connection(session, 1, offered)
        connection(session, 1, {Step.accepted: TODAY - timedelta(days=29)})
        declined = {"ended_on": made, "end_reason": ConnectionEnd.declined}
        connection(session, 1, {Step.offered: made}, **declined)
        gap = {"ended_on": made, "end_reason": ConnectionEnd.no_provider}
        connection(session, 1, {Step.offered: made}, provider_id=None, **gap)
        connection(session, 1, offered | {Step.attended: made}, voided_at=NOW)
        session.commit()
    return small_pilot


def test_the_rate_is_of_the_cohort_old_enough(connected: Engine) -> None:
    result = ask(connected, "connection_rate")
    assert (result.estimate.value, result.estimate.n) == (1 / 3, 3)
    assert result.caveats == ("Made less than 30 days ago, not judged yet: 1.",)
    assert result.context == "of 3 connections"


def test_made_means_accepted_with_a_provider(connected: Engine) -> None:
    assert ask(connected, "connections_made").estimate.value == 4
    assert ask(connected, "connections_by_provider").table["value"].tolist() == [3, 1]


def test_the_ladder_says_where_the_others_went(connected: Engine) -> None:
    """Five offers with a provider; a step skipped counts as passed."""
    table = ask(connected, "connection_ladder").table
    assert table["value"].tolist() == [5, 4, 2, 2, 0]
    assert table["lost"].tolist() == [1, 0, 0, 0, 0]
    assert table["lost_to"].iloc[0] == "declined 1"


def test_days_to_connect_censors_the_others(connected: Engine) -> None:
    """Two of four attended, at 30 and 31 days, one censored at 29: of three at risk 2/3, then 1/3 remain."""
    assert ask(connected, "days_to_connect").display == "31 days"


def test_gaps_by_need_reason_and_place(connected: Engine) -> None:
    result = ask(connected, "service_gaps")
    assert result.display == "1"
    places = result.table[result.table["by"] == "Where"]
    assert places["value"].tolist() == [4, 1, 1]


# --- quality -------------------------------------------------------------------------------------


def test_sheets_on_time_late_and_missing(small_pilot: Engine) -> None:
    """The weeks of one clinician: certified at 23:59 of the Monday after, at 24:00, not at all, not due yet."""
    due = datetime(2026, 1, 20, 5, 0, tzinfo=UTC)  # Monday 19 Jan, 24:00 in New York
    with aggregate_session(small_pilot) as session:
        item: dict[TallyItem, int | None] = {TallyItem.in_person: 1}
        tally(session, date(2026, 1, 12), item, certified_at=due - timedelta(minutes=1))
        tally(session, date(2026, 1, 19), item, certified_at=due + timedelta(days=7))
        session.commit()
    as_of = date(2026, 2, 3)  # the Monday after the week of 26 Jan is 2 Feb: over; that of 2 Feb is not due
    result = ask(small_pilot, "tally_completeness", Filters(date(2026, 1, 12), as_of, as_of))
    assert result.table["value"].tolist() == [1, 1, 1]
    assert result.context == "1 late, 1 missing"


def test_log_against_tally_counts_filled_in_certified_cells_only(small_pilot: Engine) -> None:
    three_referrals(small_pilot)
    certify(small_pilot, 5)
    result = ask(small_pilot, "log_vs_tally")
    assert row(result, "group", "Referrals received") == {
        "group": "Referrals received",
        "value": 2,
        "log": 3,
        "reported": 5,
    }
    assert result.display == "2"


def test_unknown_and_unmatched(events: Engine) -> None:
    assert ask(events, "unknown_share").estimate.value == 1.0
    with aggregate_session(events) as session:
        intervention(session, WEEK, 1, mode=Mode.on_scene)
        intervention(session, WEEK, 1, mode=Mode.on_scene, incident_number="26-1")
        referral(session, at(WEEK), incident_number="26-2")
        session.commit()
    assert ask(events, "unmatched_calls").table["value"].tolist() == [1, 1, 1]
