"""Call links: proposed by the incident number, decided by the desk, listed by nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.commands.calllinks import calls_of, decide_link, proposals, undecide_link
from db.commands.desk import Saved
from db.commands.merge import likely_pairs
from db.commands.referrals import record_referral
from db.commands.work import void_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, NotFound
from db.forms import checked
from db.forms.work import ReferralForm, VoidForm
from db.models import AuditEntry, Call, CallLink, CallType
from db.timeline import timeline
from db.vocab import CallCategory, Disposition, Mode, Need, Role, Urgency
from db.vocab.family import Trace
from tests.db.desk_world import at, log, settle, who

CLINICIAN, SOCIAL_WORKER = who(Role.clinician), who(Role.social_worker)
RECEIVED = at("2026-11-09 20:00")


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    """Three calls of one subject (one under a number used again), one without a subject."""
    settle(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.add(CallType(id=1, name="WELFARE CHECK", category=CallCategory.behavioural_health))
        session.flush()
        call(session, "HB-1", RECEIVED, "subject")
        call(session, "HB-1@20200301", RECEIVED - timedelta(days=2400), "another", number="HB-1")
        call(session, "HB-2", RECEIVED - timedelta(days=40), "subject")
        call(session, "HB-3", RECEIVED, None)
        session.commit()
    return small_pilot


def call(session: Any, key: str, received: datetime, subject: str | None, number: str = "") -> None:
    session.add(
        Call(
            identity_key=key,
            incident_number=number or key,
            received_at=received,
            received_on=received.date(),
            type_id=1,
            person_key=subject,
        )
    )


def refer(bind: Engine, person: int, number: str) -> None:
    values = {"person_id": person, "needs": [Need.housing], "urgency": Urgency.soon, "incident_number": number}
    with record_session(bind, CLINICIAN) as session:
        record_referral(session, CLINICIAN, checked(ReferralForm, values))


def decide(bind: Engine, person: int, key: str, confirmed: bool = True, role: Role = Role.clinician) -> Saved:
    viewer = who(role)
    with record_session(bind, viewer) as session:
        return decide_link(session, viewer, person, key, key.partition("@")[0], confirmed)


def proposed(bind: Engine, person: int | None = None) -> list[tuple[str, str, str]]:
    with record_session(bind, CLINICIAN) as session:
        return [(p.code, p.call_key, p.named_by) for p in proposals(session, person)]


def test_a_link_is_proposed_confirmed_and_brings_the_calls_of_the_subject(desk: Engine) -> None:
    refer(desk, 1, "HB-1")
    assert proposed(desk) == proposed(desk, 1) == [("P-0001", "HB-1", "referral")]  # not the call of 2020
    link = decide(desk, 1, "HB-1").id
    assert proposed(desk) == []
    with record_session(desk, SOCIAL_WORKER) as session:
        row = session.get_one(CallLink, link)
        assert (row.person_key, row.decided_by, row.decided_at) == ("subject", 1, CLINICIAN.now)
        calls = calls_of(session, 1)
        assert [(c.call_key, c.link_id, c.confirmed) for c in calls] == [("HB-1", link, True), ("HB-2", None, True)]
        assert calls[0].decided_by == "Clinician"
        lines = [line.what for line in timeline(session, 1, "America/New_York") if line.kind is Trace.call]
        assert lines == ["Call for service: “WELFARE CHECK”"] * 2
    with pytest.raises(Conflict, match="The link of P-0001 to HB-1 was confirmed already"):
        decide(desk, 1, "HB-1", False)
    with record_session(desk, CLINICIAN) as session:
        undecide_link(session, CLINICIAN, link)
    assert proposed(desk) == [("P-0001", "HB-1", "referral")]
    with aggregate_session(desk) as session:
        told = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert told[-2:] == ["confirm call link", "take back call link"]


def test_a_refused_one_is_remembered_and_a_voided_contact_proposes_nothing(desk: Engine) -> None:
    scene = {"mode": Mode.on_scene, "disposition": Disposition.resolved, "at": at("2026-11-09 21:00")}
    number = log(desk, CLINICIAN, incident_number="HB-3", **scene)
    assert proposed(desk) == [("P-0001", "HB-3", "contact")]
    decide(desk, 1, "HB-3", False)
    assert proposed(desk) == []
    with record_session(desk, CLINICIAN) as session:
        assert [(c.confirmed, c.decided_by) for c in calls_of(session, 1)] == [(False, "Clinician")]
        assert [line for line in timeline(session, 1, "America/New_York") if line.kind is Trace.call] == []
    log(desk, CLINICIAN, incident_number="HB-2", **(scene | {"person_id": 2, "at": at("2026-10-01 21:00")}))
    assert proposed(desk) == [("P-0002", "HB-2", "contact")]
    with record_session(desk, CLINICIAN) as session:
        void_intervention(session, CLINICIAN, number + 1, VoidForm(reason="Wrong person"))
    assert proposed(desk) == []


def test_one_subject_linked_to_two_people_is_doubted_and_listed_as_likely_twice(desk: Engine) -> None:
    refer(desk, 1, "HB-1")
    decide(desk, 1, "HB-1")
    assert decide(desk, 2, "HB-2").doubts == (
        "The subject of this call is linked to P-0001 as well. Are they the same person?",
    )
    with record_session(desk, CLINICIAN) as session:
        assert [(p.first.code, p.second.code, p.why) for p in likely_pairs(session)] == [
            ("P-0001", "P-0002", "linked to the same subject of calls")
        ]


def test_a_decision_outlives_the_calls_being_taken_back(desk: Engine) -> None:
    refer(desk, 1, "HB-1")
    decide(desk, 1, "HB-1")
    with aggregate_session(desk) as session:
        for row in session.scalars(select(Call)):
            session.delete(row)
        session.commit()
    with record_session(desk, CLINICIAN) as session:
        assert [(c.incident_number, c.received_at) for c in calls_of(session, 1)] == [("HB-1", None)]
    with pytest.raises(NotFound, match="The call HB-2 is not loaded any more"):
        decide(desk, 1, "HB-2")


def test_nobody_but_the_desk_lists_or_decides(desk: Engine) -> None:
    refer(desk, 1, "HB-1")
    decide(desk, 1, "HB-1", role=Role.social_worker)
    refer(desk, 2, "HB-3")
    for role in set(Role) - {Role.clinician, Role.social_worker}:
        with record_session(desk, who(role)) as session:
            assert proposals(session) == []
            assert calls_of(session, 1) == []
            assert session.scalars(select(CallLink)).all() == []
        with pytest.raises(Forbidden):
            decide(desk, 2, "HB-3", role=role)
