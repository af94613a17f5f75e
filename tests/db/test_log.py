"""What the log says of a week one can count on fingers."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from db.engine import aggregate_session
from db.log import lead, log_counts
from db.models import Connection, ConnectionStep, Intervention, Referral, Staff
from db.vocab import Mode, Need, Outcome, Purpose, ReferralStatus, Role, Source, Step, TallyItem, Urgency
from tests.conftest import NOW
from tests.db.desk_world import at, settle

ZONE = "America/New_York"
FIRST, WEEK, NEXT = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)

# when (UTC) · staff · person · mode · purpose · outcome · minutes · voided
EVENTS = [
    ("2026-11-03 15:00", 1, 1, Mode.office, Purpose.assessment, Outcome.engaged, 50, False),
    ("2026-11-09 04:59", 1, 2, Mode.office, Purpose.assessment, Outcome.no_contact, 10, False),  # still Sunday, 8 Nov
    ("2026-11-09 05:00", 1, 1, Mode.phone_video, Purpose.follow_up, Outcome.reached, 20, False),  # Monday, 00:00
    ("2026-11-10 15:00", 1, 1, Mode.in_person, Purpose.navigation, Outcome.engaged, 45, False),
    ("2026-11-11 15:00", 2, 2, Mode.phone_video, Purpose.follow_up, Outcome.declined, 25, False),  # 2's first contact
    ("2026-11-11 16:00", 2, 1, Mode.phone_video, Purpose.follow_up, Outcome.reached, 25, False),
    ("2026-11-12 15:00", 1, 2, Mode.family, Purpose.family_support, Outcome.reached, 10, False),
    ("2026-11-12 16:00", 1, 2, Mode.family, Purpose.family_support, Outcome.no_contact, 5, False),
    ("2026-11-12 17:00", 1, None, Mode.outreach, Purpose.relationship, Outcome.reached, 40, False),
    ("2026-11-12 18:00", 1, None, Mode.consultation, Purpose.consultation, Outcome.reached, 7, False),
    ("2026-11-13 15:00", 1, 1, Mode.office, Purpose.follow_up, Outcome.reached, 600, True),
]
# received · decided · staff · status
REFERRALS = [
    ("2026-11-09 15:00", None, None, ReferralStatus.new),
    ("2026-11-08 15:00", "2026-11-10 15:00", 2, ReferralStatus.accepted),
    ("2026-11-10 15:00", "2026-11-10 16:00", 1, ReferralStatus.declined),
    ("2026-11-11 15:00", "2026-11-12 15:00", 1, ReferralStatus.closed),
]
# staff · provider · voided · rungs
CONNECTIONS = [
    (1, 1, False, {Step.offered: date(2026, 11, 8), Step.accepted: WEEK, Step.attended: date(2026, 11, 15)}),
    (2, 1, False, {Step.accepted: date(2026, 11, 8), Step.attended: NEXT}),
    (1, 1, True, {Step.accepted: WEEK}),
]


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    with aggregate_session(small_pilot) as session:
        for when, staff, person, mode, purpose, outcome, minutes, voided in EVENTS:
            session.add(
                Intervention(
                    at=at(when),
                    staff_id=staff,
                    person_id=person,
                    mode=mode,
                    purpose=purpose,
                    outcome=outcome,
                    minutes=minutes,
                    created_at=NOW,
                    voided_at=NOW if voided else None,
                    void_reason="Typed twice" if voided else None,
                )
            )
        for received, decided, staff, status in REFERRALS:
            session.add(
                Referral(
                    received_at=at(received),
                    decided_at=at(decided) if decided else None,
                    staff_id=staff,
                    status=status,
                    source=Source.officer,
                    urgency=Urgency.soon,
                    created_at=NOW,
                )
            )
        for staff, provider, voided, rungs in CONNECTIONS:
            session.add(
                Connection(
                    person_id=1,
                    need=Need.housing,
                    provider_id=provider,
                    staff_id=staff,
                    opened_on=min(rungs.values()),
                    voided_at=NOW if voided else None,
                    steps=[ConnectionStep(step=step, on_date=day) for step, day in rungs.items()],
                )
            )
        session.commit()
    return small_pilot


def counted(bind: Engine, first: date, last: date, staff: int | None = None) -> dict[tuple[date, int, str], Decimal]:
    with aggregate_session(bind) as session:
        return {(c.week, c.staff_id, c.item.value): c.value for c in log_counts(session, ZONE, staff, first, last)}


def test_the_week_counted_by_hand(desk: Engine) -> None:
    ones = counted(desk, WEEK, WEEK, 1)
    assert {item: value for (_, _, item), value in ones.items()} == {
        "referrals_received": 3,  # the unassigned one is the full-time clinician's
        "referrals_accepted": 1,
        "in_person": 1,
        "phone_video": 1,
        "consultation": 1,
        "outreach": 1,
        "family_contacts": 1,  # the unreached one is no contact
        "connections_made": 1,
        "connections_attended": 1,
        "hours_direct": Decimal("0.58"),  # 20 + 10 + 5 minutes
        "hours_finding_resources": Decimal("0.75"),
        "hours_outreach": Decimal("0.67"),
        "hours_other": Decimal("0.12"),
        "people_seen": 1,
    }
    twos = counted(desk, WEEK, WEEK, 2)
    assert {item: value for (_, _, item), value in twos.items()} == {
        "referrals_accepted": 1,
        "phone_video": 2,
        "hours_direct": Decimal("0.83"),
        "people_seen": 2,
        "people_first_seen": 1,
    }


def test_several_weeks_at_once_are_the_weeks_one_by_one(desk: Engine) -> None:
    together = counted(desk, FIRST, NEXT)
    apart = counted(desk, FIRST, FIRST) | counted(desk, WEEK, WEEK) | counted(desk, NEXT, NEXT)
    assert together == apart
    assert together[FIRST, 1, "office"] == 2  # the Sunday evening that is Monday in UTC
    assert together[FIRST, 1, "people_first_seen"] == 1
    assert together[NEXT, 2, "connections_attended"] == 1
    assert (WEEK, 1, "people_first_seen") not in together


def test_a_week_without_work_has_no_rows(desk: Engine) -> None:
    assert counted(desk, date(2026, 2, 2), date(2026, 2, 2)) == {}


def test_every_item_can_be_counted(desk: Engine) -> None:
    never_here = {TallyItem.on_scene.value}
    assert {item for _, _, item in counted(desk, FIRST, NEXT)} == {i.value for i in TallyItem} - never_here


@pytest.mark.parametrize(
    ("day", "whose"),
    [
        (date(2026, 1, 11), None),
        (date(2026, 1, 12), 1),
        (date(2026, 6, 30), 1),
        (date(2026, 7, 1), 2),
        (date(2026, 9, 1), 3),
    ],
)
def test_an_unassigned_referral_is_the_leads(day: date, whose: int | None) -> None:
    team = [
        Staff(id=1, role=Role.clinician, fte_percent=100, starts_on=date(2026, 1, 12), ends_on=date(2026, 6, 30)),
        Staff(id=2, role=Role.social_worker, fte_percent=50, starts_on=date(2026, 6, 1), ends_on=None),
        Staff(id=3, role=Role.clinician, fte_percent=40, starts_on=date(2026, 9, 1), ends_on=None),
    ]
    assert lead(team, day) == whose
