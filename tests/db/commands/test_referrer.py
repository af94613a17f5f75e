"""What an officer learns of referrals of their own, on both databases: more than “reviewed” under a consent only."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.commands import referrals
from db.commands.referrer import Sent, sent_by
from db.engine import aggregate_session, record_session
from db.errors import Forbidden
from db.forms.flow import ReferralEndForm
from db.forms.work import DecisionForm
from db.models import Consent, Disclosure, StatusShown
from db.vocab import Role
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, DisclosureKind, Recipient
from db.vocab.desk import ReferralEnd, ShownStatus
from tests.conftest import NOW
from tests.db.commands.test_at_once import at_once
from tests.db.commands.test_referrals import attempt, send
from tests.db.desk_world import ACCOUNTS, who

OFFICER, CLINICIAN = who(Role.officer), who(Role.clinician)
CONTACTED, CLOSED = ShownStatus.contacted, ShownStatus.closed


def consent(bind: Engine, **changes: Any) -> int:
    plain: dict[str, Any] = {
        "person_id": 1,
        "discloser": "Harbor pilot",
        "recipient_kind": Recipient.officer,
        "purpose": ConsentPurpose.tell_referrer,
        "scope": ConsentScope.status_only,
        "form": ConsentForm.signed,
        "starts_on": date(2026, 11, 1),
        "created_at": NOW,
    }
    with aggregate_session(bind) as session:
        row = Consent(**plain | changes)
        session.add(row)
        session.commit()
        return row.id


def reached(bind: Engine, *, person_id: int | None = 1) -> int:
    """The officer's referral, tied to P-0001, tried and reached."""
    number = send(bind).id
    with record_session(bind, CLINICIAN) as session:
        if person_id is not None:
            referrals.decide_referral(session, CLINICIAN, number, DecisionForm(accept=True, person_id=person_id))
        referrals.record_attempt(session, CLINICIAN, attempt(number, reached=True))
    return number


def told(bind: Engine) -> tuple[ShownStatus, ...]:
    return sent_by(bind, OFFICER)[0].told


def listed(bind: Engine) -> list[tuple[DisclosureKind, str, str, int | None]]:
    with aggregate_session(bind) as session:
        rows = session.scalars(select(Disclosure).order_by(Disclosure.id))
        return [(row.kind, row.recipient, row.what, row.user_id) for row in rows]


def test_without_a_consent_reviewed_is_all(desk: Engine) -> None:
    reached(desk)
    assert sent_by(desk, OFFICER) == [Sent(NOW, "HB-100", True, ())]
    assert listed(desk) == []


def test_under_a_consent_contacted_then_closed_each_accounted_for_once(desk: Engine) -> None:
    number = reached(desk)
    consent(desk)
    assert [told(desk), told(desk)] == [(CONTACTED,), (CONTACTED,)]
    line = (DisclosureKind.referrer_status, "Officer", f"Referral {number}: status “contacted”", ACCOUNTS[Role.officer])
    assert listed(desk) == [line]
    with record_session(desk, CLINICIAN) as session:
        referrals.close_referral(session, CLINICIAN, number, ReferralEndForm(reason=ReferralEnd.helped))
    assert [told(desk), told(desk)] == [(CONTACTED, CLOSED)] * 2
    assert [what for _, _, what, _ in listed(desk)] == [
        f"Referral {number}: status “contacted”",
        f"Referral {number}: status “closed”",
    ]


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": NOW - timedelta(hours=1)},
        {"starts_on": date(2026, 11, 15)},
        {"until": date(2026, 11, 13)},
        {"purpose": ConsentPurpose.coordinate_care},
        {"recipient_kind": Recipient.family},
        {"user_id": ACCOUNTS[Role.chief]},
        {"person_id": 2},
    ],
    ids=["revoked", "not yet", "over", "another purpose", "another recipient", "another officer", "another person"],
)
def test_a_consent_that_does_not_cover_it_tells_nothing(desk: Engine, changes: dict[str, Any]) -> None:
    reached(desk)
    consent(desk, **changes)
    assert told(desk) == ()
    assert listed(desk) == []


def test_a_revoked_consent_hides_it_again_and_a_new_one_is_another_disclosure(desk: Engine) -> None:
    reached(desk)
    first = consent(desk)
    assert told(desk) == (CONTACTED,)
    with aggregate_session(desk) as session:
        session.get_one(Consent, first).revoked_at = NOW
        session.commit()
    assert told(desk) == ()
    consent(desk, user_id=ACCOUNTS[Role.officer])
    assert told(desk) == (CONTACTED,)
    assert len(listed(desk)) == 2


def test_a_person_nobody_knows_yet_has_consented_to_nothing(desk: Engine) -> None:
    reached(desk, person_id=None)
    consent(desk)
    assert told(desk) == ()


def test_two_screens_at_once_account_for_it_once(desk: Engine) -> None:
    reached(desk)
    consent(desk)
    ended = at_once(*[lambda: sent_by(desk, OFFICER)] * 2)  # type: ignore[list-item]
    assert [e[0].told for e in ended if isinstance(e, list)] == [(CONTACTED,)] * 2, ended
    assert len(listed(desk)) == 1


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_another_officer_and_another_role_see_nothing_of_it(desk: Engine) -> None:
    reached(desk)
    consent(desk)
    for role in Role:
        viewer = who(role)
        if role is Role.officer:
            continue
        if role in (Role.clinician, Role.social_worker):
            assert sent_by(desk, viewer) == []  # nothing of their own
            continue
        with pytest.raises(Forbidden):
            sent_by(desk, viewer)
    with record_session(desk, OFFICER) as session:
        for table in (Consent, Disclosure, StatusShown):
            assert session.scalars(select(table)).all() == []
    assert listed(desk) == []
