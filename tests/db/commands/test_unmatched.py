"""Records that name no loaded call: listed with the likeliest calls, given the right number, or said why none."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.calls_unmatched import likely, slip
from db.commands import unmatched
from db.commands.calllinks import proposals
from db.commands.revisions import history
from db.commands.unmatched import Kind, Unmatched, Worklist
from db.commands.work import void_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict
from db.forms.flow import NoCallForm
from db.forms.work import VoidForm
from db.models import AuditEntry, Call, CallGap, CallMatch, CallType, Intervention, Location, Referral
from db.vocab import CallCategory, Disposition, Mode, ReferralStatus, Role, Source
from db.vocab.desk import NoCallReason
from tests.db.desk_world import at, log, settle, who

CLINICIAN = who(Role.clinician)
NIGHT = at("2026-11-09 20:00")


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    """Calls of 1 to 12 November; a welfare check at Oak Street on the ninth at 15:00 in New York."""
    settle(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.add(CallType(id=1, name="WELFARE CHECK", category=CallCategory.behavioural_health))
        session.add(CallType(id=2, name="NOISE", category=CallCategory.control))
        session.add(Location(id=1, name="12 OAK ST"))
        session.flush()
        call(session, "26-0041877", NIGHT, place=1)
        call(session, "26-0041990", NIGHT + timedelta(hours=2), kind=2)
        call(session, "26-0049999", at("2026-11-01 12:00"), kind=2)
        call(session, "26-0050500", at("2026-11-12 12:00"), kind=2)
        session.commit()
    return small_pilot


def call(session: Any, number: str, received: datetime, *, kind: int = 1, place: int | None = None) -> None:
    session.add(
        Call(
            identity_key=number,
            incident_number=number,
            received_at=received,
            received_on=received.date(),
            type_id=kind,
            location_id=place,
        )
    )


def refer(bind: Engine, number: str | None, received: datetime = NIGHT + timedelta(minutes=30)) -> int:
    """A referral as an officer's phone leaves it before the export is loaded."""
    with aggregate_session(bind) as session:
        row = Referral(
            received_at=received,
            source=Source.officer,
            incident_number=number,
            status=ReferralStatus.new,
            created_at=received,
            person_id=1,
        )
        session.add(row)
        session.commit()
        return row.id


def listed(bind: Engine, role: Role = Role.clinician) -> Worklist:
    with record_session(bind, who(role)) as session:
        return unmatched.worklist(session)


def offered(bind: Engine, row: Unmatched) -> list[tuple[str, str]]:
    with record_session(bind, CLINICIAN) as session:
        return [(each.number, each.why) for each in unmatched.likely(session, [row])[row.kind, row.id]]


@pytest.mark.parametrize(
    ("typed", "theirs", "why"),
    [
        ("hb 41877", "HB-41877", "written differently"),
        ("HB41877", "HB-0041877", "written differently"),
        ("41877", "HB-41877", "its beginning is missing"),
        ("20261109-41877", "41877", "a beginning too many"),
        ("26-0041777", "26-0041877", "one character off"),
        ("26-0048177", "26-0041877", "two characters swapped"),
        ("26-004187", "26-0041877", "one character missing"),
        ("26-00418777", "26-0041877", "one character too many"),
        ("HB-41877", "2026041877", "another beginning"),
        ("26-0031777", "26-0041877", ""),
        ("877", "26-0041877", ""),
        (None, "26-0041877", ""),
        ("26-0041877", "", ""),
    ],
)
def test_how_two_numbers_differ(typed: str | None, theirs: str, why: str) -> None:
    assert slip(typed, theirs) == why


def test_a_referral_is_listed_with_its_likeliest_call_matched_by_one_tap_and_undone(desk: Engine) -> None:
    key = refer(desk, "26-0041777")
    refer(desk, "26-0041877")  # finds its call
    assert [(row.kind, row.id, row.number, row.person_code) for row in listed(desk).rows] == [
        ("referral", key, "26-0041777", "P-0001")
    ]
    row = listed(desk).rows[0]
    assert offered(desk, row) == [("26-0041877", "one character off")]
    with record_session(desk, CLINICIAN) as session:
        first = likely(session, row.number, row.at)[0]
        assert (first.type, first.place, first.apart) == ("WELFARE CHECK", "12 OAK ST", timedelta(minutes=30))
        match = unmatched.match_call(session, CLINICIAN, row.kind, row.id, row.number, first.call_id).id
        assert session.get_one(Referral, key).incident_number == "26-0041877"
        assert [p.call_key for p in proposals(session)] == ["26-0041877"]  # whose call it was is asked as ever
        assert [(d.kind, d.record_id, d.was, d.number) for d in unmatched.done(session)] == [
            ("referral", key, "26-0041777", "26-0041877")
        ]
    assert listed(desk).rows == ()
    with record_session(desk, CLINICIAN) as session:
        unmatched.take_back_match(session, CLINICIAN, match)
        assert session.get_one(Referral, key).incident_number == "26-0041777"
        assert unmatched.done(session) == []
    assert listed(desk).rows == (row,)
    with aggregate_session(desk) as session:
        told = session.execute(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)).all()
    assert [tuple(each) for each in told] == [
        ("match call", f"referral {key}"),
        ("take back match", f"referral {key}"),
    ]


def test_work_on_scene_without_a_number_is_offered_the_calls_of_its_hours(desk: Engine) -> None:
    scene = {"mode": Mode.on_scene, "disposition": Disposition.resolved, "at": NIGHT + timedelta(minutes=20)}
    key = log(desk, CLINICIAN, **scene)
    row = listed(desk).rows[0]
    assert (row.kind, row.id, row.number, row.mode) == ("intervention", key, None, Mode.on_scene)
    assert offered(desk, row) == [("26-0041877", "")]  # not the noise of the same evening
    with record_session(desk, CLINICIAN) as session:
        call_id = session.scalars(select(Call.id).where(Call.identity_key == "26-0041877")).one()
        match = unmatched.match_call(session, CLINICIAN, row.kind, row.id, None, call_id).id
        unmatched.take_back_match(session, CLINICIAN, match)
        assert session.get_one(Intervention, key).incident_number is None
        assert [(change.reason, dict(change.fields)) for change in history(session, key)] == [
            ("Incident number set to that of a loaded call", {"incident_number": (None, "26-0041877")}),
            ("Taken back: incident number set to that of a loaded call", {"incident_number": ("26-0041877", None)}),
        ]
        void_intervention(session, CLINICIAN, key, VoidForm(reason="Twice"))
        with pytest.raises(Conflict, match="was voided in the meantime"):
            unmatched.match_call(session, CLINICIAN, row.kind, row.id, None, call_id)
    assert listed(desk).rows == ()


def test_no_call_is_said_with_a_reason_and_asked_again_when_the_number_changes(desk: Engine) -> None:
    key = refer(desk, "26-7777777")
    row = listed(desk).rows[0]
    assert offered(desk, row) == [("26-0041877", "")]  # half an hour before
    assert dismissed(desk, row.kind, row.id, row.number)
    assert listed(desk).rows == ()
    with aggregate_session(desk) as session:
        session.get_one(Referral, key).incident_number = "26-8888888"
        session.commit()
    assert [row.number for row in listed(desk).rows] == ["26-8888888"]
    with pytest.raises(Conflict, match="it is 26-8888888 now"):
        dismissed(desk, row.kind, row.id, row.number)
    again = dismissed(desk, row.kind, row.id, "26-8888888")
    assert listed(desk).rows == ()
    with record_session(desk, CLINICIAN) as session:
        unmatched.take_back_match(session, CLINICIAN, again)
    assert [row.number for row in listed(desk).rows] == ["26-8888888"]


def dismissed(bind: Engine, kind: Kind, record_id: int, number: str | None) -> int:
    form = NoCallForm(reason=NoCallReason.other_agency)
    with record_session(bind, CLINICIAN) as session:
        return unmatched.dismiss(session, CLINICIAN, kind, record_id, number, form).id


def test_a_number_that_was_given_and_changed_again_is_not_taken_back(desk: Engine) -> None:
    key = refer(desk, "26-0041777")
    with record_session(desk, CLINICIAN) as session:
        call_id = session.scalars(select(Call.id).where(Call.identity_key == "26-0041877")).one()
        match = unmatched.match_call(session, CLINICIAN, Kind.referral, key, "26-0041777", call_id).id
        session.get_one(Referral, key).incident_number = "26-0041990"
        session.commit()
        with pytest.raises(Conflict, match="it is 26-0041990 now"):
            unmatched.take_back_match(session, CLINICIAN, match)
        assert session.scalars(select(CallMatch.number)).all() == ["26-0041877"]


def test_records_of_days_without_an_export_wait_and_do_not_ask(desk: Engine) -> None:
    refer(desk, "26-1111111", at("2026-11-13 15:00"))
    refer(desk, "26-2222222", at("2026-11-05 15:00"))
    with aggregate_session(desk) as session:
        session.add(CallGap(first_day=at("2026-11-04 00:00").date(), last_day=at("2026-11-06 00:00").date()))
        session.commit()
    found = listed(desk)
    assert (found.rows, found.waiting, str(found.last_day)) == ((), 2, "2026-11-12")


def test_without_calls_nothing_asks(small_pilot: Engine) -> None:
    settle(small_pilot)
    refer(small_pilot, "26-1")
    assert listed(small_pilot) == Worklist((), 1, None)


@pytest.mark.parametrize("role", [Role.chief, Role.analyst, Role.council, Role.finance, Role.admin, Role.officer])
def test_nobody_but_the_desk_lists_them(desk: Engine, role: Role) -> None:
    refer(desk, "26-0041777")
    assert listed(desk, role).rows == ()
    with record_session(desk, who(role)) as session:
        assert unmatched.done(session) == []
