"""Referrals on both databases: sent once, decided once, tried after they came, and who sees what of them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Permission, Viewer
from db.commands.desk import Saved
from db.commands.referrals import decide_referral, record_attempt, record_referral, tie_referral, waiting
from db.commands.referrer import sent_by
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.work import AttemptForm, DecisionForm, PersonForm, ReferralForm
from db.models import Attempt, AuditEntry, Referral, ReferralDetail, ReferralNeed
from db.vocab import DeclineReason, ReferralStatus, Role, Source
from tests.conftest import NOW
from tests.db.desk_world import ACCOUNTS, at, who

OFFICER, CLINICIAN = who(Role.officer), who(Role.clinician)


def referral(**changes: Any) -> ReferralForm:
    plain = {
        "name": "Ana Ruiz",
        "approximate_age": 30,
        "place": "Pier 4",
        "happened_at": at("2026-11-14 14:30"),
        "incident_number": "HB-100",
        "needs": ["housing", "mental_health"],
        "urgency": "soon",
        "safety_note": "A dog.",
        "agreed": True,
    }
    return checked(ReferralForm, plain | changes)


def send(bind: Engine, viewer: Viewer = OFFICER, **changes: Any) -> Saved:
    with record_session(bind, viewer) as session:
        return record_referral(session, viewer, referral(**changes))


def attempt(number: int, **changes: Any) -> AttemptForm:
    plain = {"referral_id": number, "at": NOW, "mode": "phone", "reached": False}
    return checked(AttemptForm, plain | changes)


def test_an_officers_referral_is_his_new_and_encrypted(desk: Engine) -> None:
    number = send(desk, source="hospital", received_at=at("2026-11-14 14:45")).id
    with aggregate_session(desk) as session:
        row = session.get_one(Referral, number)
        assert (row.source, row.received_at, row.referred_by) == (Source.officer, NOW, ACCOUNTS[Role.officer])
        assert (row.status, row.staff_id, row.person_id) == (ReferralStatus.new, None, None)
        assert {n.need for n in row.needs} == {"housing", "mental_health"}
        detail = session.scalars(select(ReferralDetail)).one()
        assert (detail.name, detail.approximate_age, detail.place, detail.safety_note, detail.agreed) == (
            *("Ana Ruiz", "30", "Pier 4", "A dog."),
            True,
        )
        stored = session.connection().exec_driver_sql("SELECT name, place, safety_note FROM referral_detail").one()
        assert not any(word in bytes(cell) for cell in stored for word in (b"Ana", b"Pier", b"dog"))
        assert session.scalars(select(AuditEntry.detail)).all() == [{}]


def test_the_desk_enters_what_others_send(desk: Engine) -> None:
    number = send(desk, CLINICIAN, source="school", received_at=at("2026-11-14 14:45"), person_id=1, name=None).id
    with aggregate_session(desk) as session:
        row = session.get_one(Referral, number)
        assert (row.source, row.received_at, row.referred_by, row.person_id) == (
            *(Source.school, at("2026-11-14 14:45")),
            *(None, 1),
        )


def test_an_officer_cannot_point_at_a_person(desk: Engine) -> None:
    with pytest.raises(NotFound, match="There is no person 1 here"):
        send(desk, person_id=1)


def test_a_double_click_sends_once(desk: Engine) -> None:
    form = referral()
    with record_session(desk, OFFICER) as session:
        first, second = (record_referral(session, OFFICER, form) for _ in range(2))
    assert (second.id, second.again) == (first.id, True)


def test_the_same_incident_again_is_asked_about(desk: Engine) -> None:
    send(desk)
    with pytest.raises(Invalid) as error:
        send(desk, incident_number="hb 100", name=None)
    assert error.value.errors == {
        "incident_number": "Incident hb 100 was referred on 14 Nov 2026, 10:00 already. "
        "Send it again only if it is another person or another matter."
    }
    send(desk, incident_number="hb 100", name=None, confirmed_other=True)


def test_the_desk_is_asked_about_the_same_name_and_an_officer_never_learns_of_others(desk: Engine) -> None:
    send(desk)
    with pytest.raises(Invalid) as error:
        send(desk, CLINICIAN, name="Anna Ruiz", incident_number=None)
    assert error.value.errors == {
        "name": "“Anna Ruiz” was referred on 14 Nov 2026, 10:00 already. "
        "Send it again only if it is another person or another matter."
    }
    send(desk, CLINICIAN, name="Ben Okafor", incident_number="HB-200")
    send(desk, name="Ben Okafor", incident_number="HB-200")  # the desk's own referral is none of the officer's


def test_an_officer_sees_received_and_reviewed_of_his_own_and_nothing_else(desk: Engine) -> None:
    mine = send(desk).id
    send(desk, CLINICIAN, name="Ben Okafor", incident_number="HB-200")
    with record_session(desk, OFFICER) as session:
        assert [(s.received_at, s.incident_number, s.reviewed) for s in sent_by(desk, OFFICER)] == [
            (NOW, "HB-100", False)
        ]
        assert session.scalars(select(Referral.id)).all() == [mine]
        assert session.scalars(select(ReferralDetail)).all() == []
        assert session.scalars(select(ReferralNeed)).all() == []
        row = session.get_one(Referral, mine)
        assert (row.detail, row.needs, row.attempts) == (None, [], [])
    with record_session(desk, CLINICIAN) as session:
        decide_referral(session, CLINICIAN, mine, DecisionForm(accept=False, reason=DeclineReason.outside_city))
    with record_session(desk, OFFICER) as session:
        assert [s.reviewed for s in sent_by(desk, OFFICER)] == [True]


def test_accepting_assigns_it_and_works_once(desk: Engine) -> None:
    number = send(desk).id
    with record_session(desk, CLINICIAN) as session:
        decide_referral(session, CLINICIAN, number, DecisionForm(accept=True, staff_id=2, person_id=1))
        with pytest.raises(Conflict) as error:
            decide_referral(session, CLINICIAN, number, DecisionForm(accept=False, reason=DeclineReason.other))
    assert str(error.value) == "This referral was accepted on 14 Nov 2026, 10:00 already. Reload the list."
    with aggregate_session(desk) as session:
        row = session.get_one(Referral, number)
        assert (row.status, row.staff_id, row.person_id) == (ReferralStatus.accepted, 2, 1)


def test_nobody_is_assigned_who_does_not_work_here(desk: Engine) -> None:
    number = send(desk).id
    with record_session(desk, CLINICIAN) as session, pytest.raises(Invalid, match="does not work here now"):
        decide_referral(session, CLINICIAN, number, DecisionForm(accept=True, staff_id=9))


def test_a_try_accepts_a_new_referral_and_comes_after_it(desk: Engine) -> None:
    number = send(desk).id
    later = who(Role.clinician, now=NOW + timedelta(hours=3))
    with record_session(desk, later) as session:
        with pytest.raises(Invalid) as error:
            record_attempt(session, later, attempt(number, at=NOW - timedelta(hours=1)))
        form = attempt(number, at=NOW + timedelta(hours=2))
        record_attempt(session, later, form)
        assert record_attempt(session, later, form).again
    assert error.value.errors == {
        "at": "The attempt (14 Nov 2026, 09:00) is before the referral was received (14 Nov 2026, 10:00). "
        "Check the date."
    }
    with aggregate_session(desk) as session:
        assert session.get_one(Referral, number).status is ReferralStatus.accepted
        assert len(session.scalars(select(Attempt)).all()) == 1


def test_a_declined_referral_takes_no_attempt(desk: Engine) -> None:
    number = send(desk).id
    with record_session(desk, CLINICIAN) as session:
        decide_referral(session, CLINICIAN, number, DecisionForm(accept=False, reason=DeclineReason.duplicate))
        with pytest.raises(Conflict, match=f"Referral {number} is “declined”; an attempt would count for nothing"):
            record_attempt(session, CLINICIAN, attempt(number))


def test_waiting_is_what_nobody_reached_oldest_first(desk: Engine) -> None:
    first = send(desk, CLINICIAN, received_at=at("2026-11-10 15:00"), happened_at=None).id
    second = send(desk, name="Ben Okafor", incident_number="HB-200").id
    with record_session(desk, CLINICIAN) as session:
        assert [r.id for r in waiting(session)] == [first, second]
        record_attempt(session, CLINICIAN, attempt(first))
        assert [r.id for r in waiting(session)] == [first, second]
        record_attempt(session, CLINICIAN, attempt(first, reached=True))
        assert [r.id for r in waiting(session)] == [second]


def test_the_desk_says_who_it_is(desk: Engine) -> None:
    number = send(desk).id
    with record_session(desk, CLINICIAN) as session:
        with pytest.raises(Invalid, match="is probably P-0001"):
            tie_referral(session, CLINICIAN, number, PersonForm(name="Maria Lopez"))
        new = tie_referral(session, CLINICIAN, number, PersonForm(name="Ana Ruiz")).id
        assert session.get_one(Referral, number).person_id == new
        tie_referral(session, CLINICIAN, number, 2)
    with aggregate_session(desk) as session:
        assert session.get_one(Referral, number).person_id == 2


COMMANDS: list[tuple[str, Permission, Callable[[Any, Viewer, int], Any]]] = [
    ("send", Permission.refer, lambda s, v, n: record_referral(s, v, referral(confirmed_other=True))),
    ("decide", Permission.log_work, lambda s, v, n: decide_referral(s, v, n, DecisionForm(accept=True))),
    ("try", Permission.log_work, lambda s, v, n: record_attempt(s, v, attempt(n))),
    ("tie", Permission.log_work, lambda s, v, n: tie_referral(s, v, n, 1)),
]


@pytest.mark.parametrize(("permission", "command"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
@pytest.mark.parametrize("role", Role)
def test_who_may(desk: Engine, role: Role, permission: Permission, command: Callable[[Any, Viewer, int], Any]) -> None:
    number, viewer = send(desk).id, who(role)
    with record_session(desk, viewer) as session:
        if viewer.may(permission):
            with suppress(Conflict):
                command(session, viewer, number)
        else:
            with pytest.raises(Forbidden):
                command(session, viewer, number)
    with aggregate_session(desk) as session:
        assert ("refused" in session.scalars(select(AuditEntry.outcome)).all()) != viewer.may(permission)
