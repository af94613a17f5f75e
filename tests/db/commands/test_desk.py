"""The desk's lists on both databases: follow-ups, calls answered, referrals closed and handed on, what comes first."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Permission, Viewer
from db.commands import desk_lists, follow_ups, referrals, reviews
from db.commands.connections import record_connection
from db.commands.desk import now_of
from db.commands.work import void_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound, TandemError
from db.forms import checked
from db.forms.flow import CallReasonForm, FollowUpEndForm, FollowUpForm, MoveForm, ReferralEndForm
from db.forms.work import ConnectionForm, DecisionForm, VoidForm
from db.models import (
    AuditEntry,
    Call,
    CallReview,
    CallType,
    Episode,
    FollowUp,
    Location,
    Referral,
    ReferralClosing,
    Shift,
)
from db.vocab import CallCategory, DeclineReason, ReferralStatus, Role, Source, Step
from db.vocab.desk import CallReason, FollowUpEnd, ReferralEnd
from tests.conftest import TODAY
from tests.db.commands.test_at_once import at_once
from tests.db.commands.test_referrals import attempt, send
from tests.db.desk_world import at, log, settle, who

CLINICIAN, OFFICER, SOCIAL = who(Role.clinician), who(Role.officer), who(Role.social_worker)
MONDAY = date(2026, 11, 16)


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    add_calls(small_pilot)
    return small_pilot


def add_calls(bind: Engine) -> None:
    """1 in a shift, 2 and 5 off shift, all waiting; 3 too young, 4 no health call, 6 an institution, 7 too old."""
    calls = {
        1: ("HB-1", "2026-11-05 15:00", 1, 1),
        2: ("HB-2", "2026-11-06 03:00", 1, None),
        3: ("HB-3", "2026-11-07 15:00", 1, 1),
        4: ("HB-4", "2026-11-05 15:00", 2, 1),
        5: ("HB-5", "2026-10-31 15:00", 1, 1),
        6: ("HB-6", "2026-11-05 15:00", 1, 2),
        7: ("HB-7", "2026-01-11 15:00", 1, 1),
    }
    with aggregate_session(bind) as session:
        session.add(CallType(id=1, name="MENTAL HEALTH CRISIS", category=CallCategory.behavioural_health))
        session.add(CallType(id=2, name="PARKING", category=CallCategory.control))
        session.add(Location(id=1, name="4 LOBSTERPOT LN"))
        session.add(Location(id=2, name="SHELTER", is_institution=True))
        session.flush()
        for number, (incident, when, kind, place) in calls.items():
            session.add(
                Call(
                    id=number,
                    identity_key=incident,
                    incident_number=incident,
                    received_at=at(when),
                    received_on=(at(when) - timedelta(hours=5)).date(),
                    type_id=kind,
                    location_id=place,
                    person_key="same" if number in (1, 5) else None,
                )
            )
        nine, five = time(9), time(17)
        for weekday in range(1, 6):
            session.add(Shift(staff_id=1, weekday=weekday, starts_at=nine, ends_at=five, valid_from=date(2026, 1, 12)))
        session.commit()


def do(bind: Engine, viewer: Viewer, command: Callable[..., Any], *arguments: object) -> Any:
    with record_session(bind, viewer) as session:
        return command(session, viewer, *arguments)


def plan(bind: Engine, viewer: Viewer = CLINICIAN, **changes: Any) -> int:
    return do(bind, viewer, follow_ups.schedule, checked(FollowUpForm, {"person_id": 1, "due_on": MONDAY} | changes)).id


def unmet(bind: Engine, viewer: Viewer = CLINICIAN) -> list[int]:
    with record_session(bind, viewer) as session:
        return [due.row.id for due in follow_ups.unmet(session, now_of(session, viewer))]


def seen(bind: Engine, viewer: Viewer = CLINICIAN) -> desk_lists.Desk:
    return do(bind, viewer, desk_lists.desk)


# --- follow-ups ------------------------------------------------------------------------------------------


def test_a_follow_up_waits_until_a_contact_of_its_day_or_later_and_again_when_that_is_voided(desk: Engine) -> None:
    friday = date(2026, 11, 13)
    earlier = who(Role.clinician, now=at("2026-11-10 15:00"))
    number = plan(desk, earlier, due_on=friday, what="Bring the form")
    log(desk, CLINICIAN, at=at("2026-11-12 15:00"))  # the day before does not meet it
    assert unmet(desk) == [number]
    log(desk, CLINICIAN, at=at("2026-11-13 14:00"), outcome="no_contact")
    assert unmet(desk) == [number]
    contact = log(desk, CLINICIAN, at=at("2026-11-14 04:30"))  # Friday night in New York, Saturday in UTC
    assert unmet(desk) == []
    do(desk, CLINICIAN, void_intervention, contact, VoidForm(reason="Wrong person"))
    assert unmet(desk) == [number]


def test_a_follow_up_is_moved_ended_and_taken_back_and_the_audit_says_so(desk: Engine) -> None:
    number = plan(desk)
    do(desk, CLINICIAN, follow_ups.move, number, MoveForm(due_on=date(2026, 11, 20)))
    do(desk, SOCIAL, follow_ups.end, number, FollowUpEndForm(reason=FollowUpEnd.not_needed))
    assert unmet(desk) == []
    with pytest.raises(Conflict, match=r"was ended on 14 Nov 2026, 10:00 already \(No longer needed\)"):
        do(desk, CLINICIAN, follow_ups.end, number, FollowUpEndForm(reason=FollowUpEnd.done))
    do(desk, CLINICIAN, follow_ups.take_back_end, number)
    assert unmet(desk) == [number]
    with aggregate_session(desk) as session:
        told = session.execute(select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)).all()
        assert [tuple(row) for row in told][1:3] == [
            ("move follow-up", {"from": "2026-11-16", "to": "2026-11-20"}),
            ("end follow-up", {"reason": "not_needed"}),
        ]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"due_on": date(2026, 11, 13)}, "due_on", "13 Nov 2026 is over; today is 14 Nov 2026."),
        ({"due_on": date(2028, 11, 13)}, "due_on", "13 Nov 2028 is more than a year ahead. Check the year."),
        ({"person_id": None}, "person_id", "Nobody is chosen to follow up."),
        ({"staff_id": 9}, "staff_id", "Whoever should do it does not work here on that day."),
        ({"due_on": None}, "due_on", "The day is missing. Choose when it is due."),
    ],
)
def test_a_follow_up_that_cannot_be(desk: Engine, changes: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as error:
        plan(desk, **changes)
    assert error.value.errors[field].startswith(sentence)


def test_one_follow_up_a_person_and_day_and_a_double_click_makes_one(desk: Engine) -> None:
    form = FollowUpForm(person_id=1, due_on=MONDAY)
    first, again = do(desk, CLINICIAN, follow_ups.schedule, form), do(desk, CLINICIAN, follow_ups.schedule, form)
    assert (again.id, again.again) == (first.id, True)
    with pytest.raises(Invalid, match="A follow-up on 16 Nov 2026 stands already"):
        plan(desk)


def test_a_follow_up_of_a_referral_is_met_by_a_try_that_reached_somebody(desk: Engine) -> None:
    number = send(desk).id
    do(desk, CLINICIAN, follow_ups.schedule, FollowUpForm(referral_id=number, due_on=TODAY))
    do(desk, CLINICIAN, referrals.record_attempt, attempt(number))
    assert len(unmet(desk)) == 1
    do(desk, CLINICIAN, referrals.record_attempt, attempt(number, reached=True))
    assert unmet(desk) == []


# --- calls -----------------------------------------------------------------------------------------------


def waiting(bind: Engine, viewer: Viewer = CLINICIAN, **asked: Any) -> list[int]:
    with record_session(bind, viewer) as session:
        return [left.call.id for left in reviews.calls_waiting(session, viewer, **asked)]


def answer(bind: Engine, calls: list[int], reason: str, viewer: Viewer = CLINICIAN) -> reviews.Answered:
    return do(bind, viewer, reviews.answer_calls, checked(CallReasonForm, {"call_ids": calls, "reason": reason}))


def test_calls_wait_by_the_rule_and_off_shift_is_derived(desk: Engine) -> None:
    assert waiting(desk) == [5, 1, 2]
    assert waiting(desk, off_shift=True) == [5, 2]  # a Saturday, and a night
    assert waiting(desk, off_shift=False) == [1]
    assert waiting(desk, first=date(2026, 11, 5), last=date(2026, 11, 5)) == [1, 2]  # 2 is the night of the 5th
    assert waiting(desk, OFFICER) == []
    with record_session(desk, CLINICIAN) as session:
        calls = session.scalars(select(Call).where(Call.id.in_((1, 5)))).all()
        assert reviews.called_again(session, calls) == {5: 1, 1: 0}


def test_a_call_taken_is_a_referral_of_ones_own_and_taken_once(desk: Engine) -> None:
    number = do(desk, SOCIAL, reviews.take_call, 1).id
    with aggregate_session(desk) as session:
        row = session.get_one(Referral, number)
        assert (row.source, row.status, row.staff_id, row.incident_number) == (
            *(Source.call_review, ReferralStatus.accepted),
            *(2, "HB-1"),
        )
        assert row.detail is not None
        assert (row.detail.place, row.detail.happened_at) == ("4 LOBSTERPOT LN", at("2026-11-05 15:00"))
    with pytest.raises(Conflict, match="Call HB-1 was taken up in the meantime"):
        do(desk, CLINICIAN, reviews.take_call, 1)
    with pytest.raises(Conflict, match="is not one to follow up"):
        do(desk, CLINICIAN, reviews.take_call, 6)
    assert waiting(desk) == [5, 2]
    assert [row.id for row in seen(desk).untried] == [number]


def test_a_reason_for_many_at_once_leaves_what_was_taken_up_and_can_be_taken_back(desk: Engine) -> None:
    do(desk, CLINICIAN, reviews.take_call, 2)
    made = answer(desk, [1, 2, 5, 6], "busy")
    assert (made.call_ids, made.already) == ((1, 5), 2)
    assert waiting(desk) == []
    with record_session(desk, CLINICIAN) as session:
        given = session.scalars(select(CallReview.reason).where(CallReview.reason.is_not(None))).all()
        assert given == [CallReason.busy, CallReason.busy]
    assert do(desk, CLINICIAN, reviews.take_back_answers, made.call_ids) == 2
    assert waiting(desk) == [5, 1]


def test_off_shift_cannot_be_claimed_of_a_call_that_came_during_a_shift(desk: Engine) -> None:
    with pytest.raises(Invalid, match="Call HB-1 came while a shift ran"):
        answer(desk, [1, 2], "off_shift")
    assert waiting(desk) == [5, 1, 2]
    assert answer(desk, [2, 5], "off_shift").call_ids == (2, 5)


def test_an_incident_number_on_a_referral_or_on_work_takes_its_call_up(desk: Engine) -> None:
    send(desk, incident_number="HB-1")
    number = log(desk, CLINICIAN, incident_number="HB-2")
    assert waiting(desk) == [5]
    do(desk, CLINICIAN, void_intervention, number, VoidForm(reason="Wrong"))
    assert waiting(desk) == [5, 2]


@pytest.mark.parametrize("typed", ["HB-1", "hb 1", "hb1", "Hb-1"])
@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_an_incident_number_is_the_same_however_an_officer_types_it(desk: Engine, typed: str) -> None:
    number = send(desk, incident_number=typed).id
    with aggregate_session(desk) as session:
        assert session.get_one(Referral, number).incident_number == "HB-1"
    assert waiting(desk) == [5, 2]
    other = send(desk, incident_number="hb 999", name="Ben Okafor").id
    with aggregate_session(desk) as session:
        assert session.get_one(Referral, other).incident_number == "hb 999"


def test_two_taking_the_same_call_at_once_make_one_referral(desk: Engine) -> None:
    ended = at_once(lambda: do(desk, CLINICIAN, reviews.take_call, 1), lambda: do(desk, SOCIAL, reviews.take_call, 1))
    assert [type(e) for e in ended if isinstance(e, Exception)] == [Conflict], ended
    with aggregate_session(desk) as session:
        assert len(session.scalars(select(Referral)).all()) == len(session.scalars(select(CallReview)).all()) == 1


# --- referrals -------------------------------------------------------------------------------------------


def test_a_referral_is_closed_with_a_reason_and_opened_again(desk: Engine) -> None:
    number = send(desk).id
    with pytest.raises(Conflict, match=f"Referral {number} is “new”; only an accepted one is closed"):
        do(desk, CLINICIAN, referrals.close_referral, number, ReferralEndForm(reason=ReferralEnd.helped))
    do(desk, CLINICIAN, referrals.assign_referral, number, 2)
    do(desk, SOCIAL, referrals.close_referral, number, ReferralEndForm(reason=ReferralEnd.not_reached))
    with aggregate_session(desk) as session:
        row, closing = session.get_one(Referral, number), session.get_one(ReferralClosing, number)
        assert (row.status, row.staff_id, closing.reason) == (ReferralStatus.closed, 2, ReferralEnd.not_reached)
    do(desk, CLINICIAN, referrals.reopen_referral, number)
    with pytest.raises(Conflict, match="is “accepted” and open already"):
        do(desk, CLINICIAN, referrals.reopen_referral, number)
    with aggregate_session(desk) as session:
        assert session.get_one(Referral, number).status is ReferralStatus.accepted
        assert session.get(ReferralClosing, number) is None


def test_a_declined_referral_is_new_again_and_keeps_what_was_said_in_the_audit(desk: Engine) -> None:
    number = send(desk).id
    do(desk, CLINICIAN, referrals.decide_referral, number, DecisionForm(accept=False, reason=DeclineReason.unsafe))
    do(desk, CLINICIAN, referrals.reopen_referral, number)
    with aggregate_session(desk) as session:
        row = session.get_one(Referral, number)
        assert (row.status, row.decided_at, row.decline_reason) == (ReferralStatus.new, None, None)
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert last.detail == {"declined": "unsafe"}
    with pytest.raises(Invalid, match="does not work here now"):
        do(desk, CLINICIAN, referrals.assign_referral, number, 9)


def test_what_is_much_alike_is_shown_before_sending_and_to_each_only_what_they_may_see(desk: Engine) -> None:
    mine = send(desk).id
    desks = send(desk, CLINICIAN, name="Ben Okafor", incident_number="HB-200").id
    asked = {
        (OFFICER.name, None, "hb 100"): [mine],
        (OFFICER.name, "Ana Ruiz", None): [],  # the name is the desk's alone once it is sent
        (OFFICER.name, None, "HB-200"): [],
        (CLINICIAN.name, "Anna Ruiz", None): [mine],
        (CLINICIAN.name, None, "HB-200"): [desks],
        (CLINICIAN.name, "Zed", "HB-9"): [],
    }
    for (name, person, incident), expected in asked.items():
        viewer = OFFICER if name == OFFICER.name else CLINICIAN
        found = do(desk, viewer, referrals.alike, person, incident)
        assert [row.id for row in found] == expected, (name, person, incident)
    twin = send(desk, CLINICIAN, name="Ana Ruiz", incident_number=None, confirmed_other=True).id
    with record_session(desk, CLINICIAN) as session:
        same = referrals.same_matter(referrals.waiting(session))
    assert {key: [row.id for row in rows] for key, rows in same.items()} == {mine: [twin], twin: [mine]}


# --- the whole desk --------------------------------------------------------------------------------------


def test_every_list_holds_what_waits_and_three_things_come_first(desk: Engine) -> None:
    stale = send(desk, CLINICIAN, received_at=at("2026-11-10 15:00"), happened_at=None, urgency="routine").id
    fresh = send(desk, name="Ben Okafor", incident_number="HB-200").id
    untried = send(desk, name="Cy Young", incident_number="HB-300").id
    do(desk, CLINICIAN, referrals.decide_referral, untried, DecisionForm(accept=True))
    tried = send(desk, name="Dee Lark", incident_number="HB-400").id
    do(desk, CLINICIAN, referrals.record_attempt, attempt(tried))
    due = plan(desk, who(Role.clinician, now=at("2026-11-10 15:00")), due_on=date(2026, 11, 13))
    soon, later = plan(desk, person_id=2), plan(desk, person_id=2, due_on=date(2026, 12, 20))
    with aggregate_session(desk) as session:
        session.add(Episode(person_id=1, staff_id=1, opened_on=date(2026, 9, 14)))  # 61 days
        session.add(Episode(person_id=2, staff_id=1, opened_on=date(2026, 9, 15)))  # 60 days are not more than 60
        session.commit()
    form = {"person_id": 1, "need": "housing", "provider_id": 1, "reached": Step.accepted}
    pending = do(
        desk, CLINICIAN, record_connection, checked(ConnectionForm, form | {"opened_on": date(2026, 10, 30)})
    ).id
    gap = {"provider_id": None, "gap_reason": "no_provider", "need": "transport", "opened_on": TODAY}
    do(desk, CLINICIAN, record_connection, checked(ConnectionForm, form | gap))
    found = seen(desk)
    assert [row.id for row in found.new] == [stale, fresh]
    assert [row.id for row in found.untried] == [untried]
    assert [row.id for row in found.tried] == [tried]
    assert [d.row.id for d in found.due] == [due]
    assert [d.row.id for d in found.soon] == [soon]
    assert later not in [d.row.id for d in (*found.due, *found.soon)]
    assert [(p.connection.id, (TODAY - p.since).days) for p in found.pending] == [(pending, 15)]
    assert [(q.episode.person_id, q.days) for q in found.quiet] == [(1, 61)]
    assert found.calls == 3
    assert found.weeks[-1].monday == date(2026, 11, 9)
    assert len(found.weeks) == 44
    with record_session(desk, CLINICIAN) as session:
        now = now_of(session, CLINICIAN)
    assert [first.words for first in desk_lists.firsts(found, CLINICIAN, now)] == [
        "1 new referral older than 48 hours",
        "1 follow-up was due yesterday",
        "44 weeks are not certified, the oldest of 12 Jan",
    ]
    everything = desk_lists.firsts(found, CLINICIAN, now, most=9)
    assert [first.words for first in everything][3:] == [
        "1 connection to ask a provider about",
        "1 open episode without contact for 60 days",
        "3 calls without follow-up",
    ]
    assert not found.empty
    assert seen(desk, SOCIAL).new[0].id == stale  # the same people, her own weeks
    assert len(seen(desk, SOCIAL).weeks) == 24


COMMANDS: dict[str, Callable[[Any, Viewer], Any]] = {
    "schedule": lambda s, v: follow_ups.schedule(s, v, FollowUpForm(person_id=2, due_on=MONDAY)),
    "move": lambda s, v: follow_ups.move(s, v, 1, MoveForm(due_on=date(2026, 11, 20))),
    "end": lambda s, v: follow_ups.end(s, v, 1, FollowUpEndForm(reason=FollowUpEnd.done)),
    "take back end": lambda s, v: follow_ups.take_back_end(s, v, 1),
    "take call": lambda s, v: reviews.take_call(s, v, 1),
    "answer": lambda s, v: reviews.answer_calls(s, v, CallReasonForm(call_ids=frozenset({2}), reason=CallReason.busy)),
    "take back answer": lambda s, v: reviews.take_back_answers(s, v, [2]),
    "close": lambda s, v: referrals.close_referral(s, v, 1, ReferralEndForm(reason=ReferralEnd.other)),
    "assign": lambda s, v: referrals.assign_referral(s, v, 1, 1),
    "reopen": lambda s, v: referrals.reopen_referral(s, v, 1),
}


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_who_may(desk: Engine) -> None:
    """Every role at every command, one after the other in one database: who may not is refused and audited."""
    send(desk)
    plan(desk)
    for role in Role:
        viewer = who(role)
        for name, command in COMMANDS.items():
            with record_session(desk, viewer) as session:
                if viewer.may(Permission.log_work):
                    with suppress(TandemError):
                        command(session, viewer)
                    continue
                with pytest.raises(Forbidden):
                    command(session, viewer)
            with aggregate_session(desk) as session:
                last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
                assert last is not None
                assert (last.actor, last.outcome) == (role.value, "refused"), name
        with record_session(desk, viewer) as session:
            if not viewer.may(Permission.log_work):
                with pytest.raises(Forbidden):
                    desk_lists.desk(session, viewer)
            for table in (FollowUp, CallReview, ReferralClosing):
                assert bool(session.scalars(select(table)).first()) <= viewer.may(Permission.see_people), table


def test_nobody_else_finds_a_follow_up(desk: Engine) -> None:
    number = plan(desk)
    with record_session(desk, OFFICER) as session:
        assert session.get(FollowUp, number) is None
    with pytest.raises(NotFound, match="There is no follow-up 77 here"):
        do(desk, CLINICIAN, follow_ups.move, 77, MoveForm(due_on=MONDAY))
