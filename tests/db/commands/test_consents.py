"""Consents as objects: given, revoked, ended; what is told under one is accounted for; nothing without one."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from dashboard.export.person import record_file
from db.access import Viewer
from db.commands import consents
from db.commands.connections import record_connection
from db.commands.desk import Saved
from db.consents import REDISCLOSURE_NOTICE, covering
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms import checked
from db.forms.people import ConsentGiven, ToldForm
from db.forms.work import ConnectionForm
from db.models import Consent, Disclosure, Person, Provider
from db.pilot import the_pilot
from db.vocab import Need, Role
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, DisclosureKind, Recipient
from tests.conftest import NOW, TODAY
from tests.db.desk_world import ACCOUNTS, log, who

CLINICIAN = who(Role.clinician)
USUAL: dict[str, Any] = {
    "person_id": 1,
    "discloser": "Harbor pilot",
    "recipient_kind": Recipient.provider,
    "provider_id": 1,
    "purpose": ConsentPurpose.referral_to_provider,
    "scope": ConsentScope.referral_facts,
    "form": ConsentForm.signed,
    "starts_on": TODAY,
    "until": TODAY + timedelta(days=30),
}


def give(bind: Engine, viewer: Viewer = CLINICIAN, **changes: Any) -> Saved:
    with record_session(bind, viewer) as session:
        return consents.record_consent(session, viewer, checked(ConsentGiven, USUAL | changes))


def revoke(bind: Engine, number: int, viewer: Viewer = CLINICIAN) -> Saved:
    with record_session(bind, viewer) as session:
        return consents.revoke_consent(session, viewer, number)


def export(bind: Engine, number: int, viewer: Viewer = CLINICIAN) -> Saved:
    with record_session(bind, viewer) as session:
        return consents.export_person(session, viewer, number)


def test_a_consent_covers_until_it_is_revoked_and_all_its_fields_stay(desk: Engine) -> None:
    number = give(desk).id
    with record_session(desk, CLINICIAN) as session:
        given = consents.consents_of(session, CLINICIAN, 1)[0]
        row = given.row
        assert {name: getattr(row, name) for name in USUAL} == USUAL
        assert (given.to, given.in_force, given.recorded_by) == ("Harbor House", True, "Clinician")
        purpose = ConsentPurpose.referral_to_provider
        assert covering(session, 1, purpose, TODAY, NOW, provider_id=1) is not None
        assert covering(session, 1, purpose, TODAY, NOW, provider_id=3) is None
    revoke(desk, number)
    with record_session(desk, CLINICIAN) as session:
        given = consents.consents_of(session, CLINICIAN, 1)[0]
        assert (given.in_force, given.revoked_by, given.row.revoked_at) == (False, "Clinician", NOW)
        assert covering(session, 1, ConsentPurpose.referral_to_provider, TODAY, NOW, provider_id=1) is None
    with pytest.raises(Conflict, match="was revoked on 14 Nov 2026, 10:00 already"):
        revoke(desk, number)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        (
            {"until": date(2026, 11, 1)},
            "until",
            "Its last day 1 Nov 2026 is before its first, 14 Nov 2026. Check the dates.",
        ),
        (
            {"starts_on": date(2026, 12, 1), "until": None},
            "starts_on",
            "1 Dec 2026 is in the future. Record a consent from the day it is given.",
        ),
        (
            {"recipient_kind": Recipient.officer, "provider_id": None},
            "recipient_kind",
            "“To connect the person with a provider” goes to “Provider”, not to “Referring officer”. "
            "Change one of the two.",
        ),
        (
            {"recipient_kind": Recipient.family, "purpose": ConsentPurpose.family_involvement, "provider_id": None},
            "recipient",
            "The consent names nobody. Write who may be told.",
        ),
        (
            {"recipient_kind": Recipient.other, "purpose": ConsentPurpose.other, "recipient": "Lawyer"},
            "provider_id",
            "A provider is named, yet it goes to “Somebody else”. Keep one.",
        ),
        ({"provider_id": 99}, "provider_id", "There is no provider 99. Choose one from the list."),
        (
            {
                "purpose": ConsentPurpose.tell_referrer,
                "recipient_kind": Recipient.officer,
                "provider_id": None,
                "user_id": ACCOUNTS[Role.chief],
            },
            "user_id",
            "Whoever is named is not an officer here. Choose one from the list.",
        ),
        ({"purpose": None}, "purpose", "What it is for is missing. Choose one."),
        (
            {"discloser": " "},
            "discloser",
            "Who may disclose is missing. Write the program's name, as the consent names it.",
        ),
    ],
)
def test_a_contradictory_consent_is_refused(one: Engine, changes: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as error:
        give(one, **changes)
    assert error.value.errors[field] == sentence


def test_the_same_consent_twice_is_said_and_a_verbal_one_is_doubted(one: Engine) -> None:
    assert give(one, form=ConsentForm.verbal).doubts == (
        "42 CFR Part 2 asks for a written consent. Record a signed one when you have it.",
    )
    with pytest.raises(Invalid, match="The same consent is recorded already, from 14 Nov 2026"):
        give(one, form=ConsentForm.verbal)


def test_a_file_of_the_record_is_accounted_for_and_holds_what_the_consent_covers(desk: Engine) -> None:
    log(desk, CLINICIAN, note="Never in the file", needs=[Need.housing])
    with record_session(desk, CLINICIAN) as session:
        session.get_one(Provider, 1).name = "Harbor <House>"
        session.commit()
        form = checked(ConnectionForm, {"person_id": 1, "need": Need.housing, "provider_id": 1, "opened_on": TODAY})
        record_connection(session, CLINICIAN, form)
    facts = give(desk).id
    whole = give(desk, purpose=ConsentPurpose.other, recipient_kind=Recipient.other, recipient="The person",
                 provider_id=None, scope=ConsentScope.summary).id  # fmt: skip
    for number in (facts, whole):
        export(desk, number)
    with record_session(desk, CLINICIAN) as session:
        told = consents.disclosures_of(session, 1)
        assert [(t.row.kind, t.row.recipient, t.by, t.row.consent_id) for t in told] == [
            (DisclosureKind.person_export, "The person", "Clinician", whole),
            (DisclosureKind.person_export, "Harbor <House>", "Clinician", facts),
        ]
        person, pilot = session.get_one(Person, 1), the_pilot(session)
        pages = {
            number: record_file(session, person, session.get_one(Consent, number), "X", pilot, CLINICIAN).decode()
            for number in (facts, whole)
        }
    for page in pages.values():
        assert page.count(REDISCLOSURE_NOTICE) == 2
        assert "Harbor &lt;House&gt;" in page
        assert "Never in the file" not in page
    assert "López" not in pages[facts]
    assert "P-0001" in pages[facts]
    assert "María López" in pages[whole]
    assert "Phone or video" in pages[whole]


def test_nothing_is_told_under_what_does_not_hold(one: Engine) -> None:
    status = give(one, scope=ConsentScope.status_only).id
    with pytest.raises(Conflict, match="covers only that the person was contacted"):
        export(one, status)
    ended = give(one, starts_on=date(2026, 1, 15), until=date(2026, 11, 13)).id
    with pytest.raises(Conflict, match="This consent ended on 13 Nov 2026"):
        export(one, ended)
    revoked = give(one).id
    told = ToldForm(consent_id=revoked, recipient="Intake", what="need")
    with record_session(one, CLINICIAN) as session:
        consents.tell(session, CLINICIAN, told)
    revoke(one, revoked)
    with (
        record_session(one, CLINICIAN) as session,
        pytest.raises(Conflict, match="nothing may be told under it"),
    ):
        consents.tell(session, CLINICIAN, told)
    with aggregate_session(one) as session:
        assert [d.what for d in session.scalars(select(Disclosure))] == ["need"]


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.clinician, Role.social_worker)])
def test_only_the_desk_handles_consents(one: Engine, role: Role) -> None:
    other, number = who(role), give(one).id
    for act in (lambda: give(one, other, person_id=2), lambda: revoke(one, number, other),
                lambda: export(one, number, other)):  # fmt: skip
        with pytest.raises(Forbidden):
            act()
    with record_session(one, other) as session:
        assert consents.consents_of(session, other, 1) == []
        assert list(consents.disclosures_of(session, 1)) == []
