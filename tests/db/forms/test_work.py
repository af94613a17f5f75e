"""What a person may submit: each wrong field gets one sentence, word for word."""

from datetime import date, timedelta
from typing import Any

import pytest

from db.errors import Invalid
from db.forms import Form, Now, checked
from db.forms.tally import TallyForm
from db.forms.work import (
    AttemptForm,
    ConnectionForm,
    DecisionForm,
    InterventionForm,
    PersonForm,
    ReferralForm,
    StepForm,
    VoidForm,
)
from tests.conftest import NOW
from tests.db.desk_world import at

HERE = Now(NOW, "America/New_York", date(2026, 1, 12))
WORK: dict[str, Any] = {
    "person_id": 1,
    "at": at("2026-11-13 15:00"),
    "mode": "phone_video",
    "purpose": "follow_up",
    "minutes": 30,
    "outcome": "engaged",
}
SCENE = {"mode": "on_scene", "disposition": "resolved"}
REFERRAL: dict[str, Any] = {"name": "Ana Ruiz", "needs": ["housing"], "urgency": "soon"}
WEEK: dict[str, Any] = {"staff_id": 1, "week": date(2026, 11, 9), "values": {}}


def refused(kind: type[Form], values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        checked(kind, values, HERE)
    return error.value.errors


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"minutes": 0}, "minutes", "0 minutes is not between 1 and 1,440 (24 hours). Write how long it took."),
        ({"minutes": 1441}, "minutes", "1,441 minutes is not between 1 and 1,440 (24 hours). Write how long it took."),
        ({"minutes": None}, "minutes", "The minutes are missing. Write how long it took, like 30."),
        ({"minutes": "half"}, "minutes", "“half” is not a whole number. Write minutes in digits, like 30."),
        ({"mode": None}, "mode", "How it happened is missing. Choose a mode."),
        ({"mode": "horse"}, "mode", "“horse” is not one of the answers for mode. Choose one from the list."),
        ({"purpose": None}, "purpose", "The purpose is missing. Choose what it was for."),
        ({"outcome": None}, "outcome", "The outcome is missing. Choose what came of it."),
        ({"at": None}, "at", "When it happened is missing. Choose the date and time."),
        (
            {"at": NOW + timedelta(hours=2)},
            "at",
            "14 Nov 2026, 12:00 is in the future; it is 14 Nov 2026, 10:00 now. Check the date.",
        ),
        (
            {"at": NOW.replace(year=206)},
            "at",
            "14 Nov 206, 10:03 is more than 20 years ago. Check the year.",
        ),
        ({"person_id": None}, "person_id", "“Phone or video” needs a person. Choose one, or add somebody new."),
        (
            {"mode": "outreach"},
            "person_id",
            "“Outreach to providers” has no person. Clear the person, or choose another mode.",
        ),
        (
            {"new_person": {"name": "Ana"}},
            "person_id",
            "A known person and a new one are both given. Keep one of the two.",
        ),
        (
            {"disposition": "arrest"},
            "disposition",
            "The disposition “Arrest” belongs to an on-scene co-response, not to “Phone or video”. "
            "Clear it, or change the mode.",
        ),
        (
            {"mode": "on_scene"},
            "disposition",
            "An on-scene co-response needs its disposition. Choose exactly one.",
        ),
        (
            SCENE | {"disposition": "gone"},
            "disposition",
            "“Gone on arrival” goes with the outcome “No contact”. Change one of the two.",
        ),
        (
            {"arrest_eligible": True},
            "arrest_eligible",
            "Arrest is asked for an on-scene co-response only. Clear it, or change the mode.",
        ),
        (SCENE | {"arrest_eligible": True}, "arrested", "It was arrest-eligible: say whether an arrest was made."),
        (
            SCENE | {"arrested": False},
            "arrested",
            "An arrest is counted only where it was arrest-eligible. Tick that first, or clear this.",
        ),
        (
            SCENE | {"arrest_eligible": True, "arrested": True},
            "arrested",
            "An arrest was made, yet the disposition is “Resolved on scene”. Change one.",
        ),
        (
            SCENE | {"disposition": "arrest", "arrest_eligible": True, "arrested": False},
            "arrested",
            "The disposition is “Arrest”, yet no arrest was made. Change one of the two.",
        ),
        (
            SCENE | {"transport_intended": True},
            "transport_avoided",
            "Transport was intended: say whether it was avoided.",
        ),
        (
            SCENE | {"transport_avoided": True},
            "transport_avoided",
            "Transport can be avoided only where it was intended. Tick that, or clear this.",
        ),
        (
            SCENE | {"disposition": "emergency_department", "transport_intended": True, "transport_avoided": True},
            "transport_avoided",
            "Transport was avoided, yet the disposition is “Emergency department”. Change one of the two.",
        ),
        (
            {"note": "x" * 1001},
            "note",
            "The note has 1,001 characters; 1,000 fit. Shorten it: Tandem is not the clinical record.",
        ),
        (
            {"outcome": "no_contact", "connection": {"need": "housing", "provider_id": 1}},
            "connection",
            "“No contact” cannot end in a connection. Change the outcome, or leave it out.",
        ),
        (
            {"connection": {"need": None, "provider_id": 1}},
            "connection",
            "The connection has no need. Choose which need it is for.",
        ),
        (
            {"person_id": None, "new_person": {"name": " "}},
            "new_person",
            "The new person has no name. Write a name, or what the person is called.",
        ),
        (
            {"connection": {"need": "housing"}},
            "connection",
            "The connection has no provider. Choose one, or say why none could be found.",
        ),
        (
            {"connection": {"need": "housing", "gap_reason": "declined"}},
            "connection",
            "“Declined” is not a reason for a service gap. Choose one from the list.",
        ),
        (
            {"connection": {"need": "housing", "provider_id": 1, "reached": "retained"}},
            "connection",
            "“Retained 30 days” cannot be reached on the first day. Record it when it happens.",
        ),
        (
            {"person_id": None, "new_person": {"name": "Ana", "born_on": date(2027, 1, 1)}},
            "new_person.born_on",
            "Birth date 1 Jan 2027 is in the future. Check the year.",
        ),
        (
            {"incident_number": "9" * 41},
            "incident_number",
            "Incident number has 41 characters; 40 fit. Shorten it.",
        ),
    ],
)
def test_an_intervention_says_what_is_wrong(changes: dict[str, Any], field: str, sentence: str) -> None:
    assert refused(InterventionForm, WORK | changes) == {field: sentence}


def test_every_missing_field_gets_its_own_sentence() -> None:
    assert list(refused(InterventionForm, {})) == ["at", "mode", "purpose", "minutes", "outcome"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"minutes": 1},
        {"minutes": 1440},
        {"at": NOW},
        {"note": "x" * 1000},
        {"person_id": None, "mode": "outreach"},
        {"person_id": None, "mode": "consultation"},
        SCENE | {"arrest_eligible": True, "arrested": False},
        SCENE | {"disposition": "arrest", "arrest_eligible": True, "arrested": True},
        SCENE | {"disposition": "gone", "outcome": "no_contact"},
        SCENE | {"transport_intended": True, "transport_avoided": True},
    ],
)
def test_what_is_right_is_taken(changes: dict[str, Any]) -> None:
    checked(InterventionForm, WORK | changes, HERE)


def test_before_the_pilot_is_a_doubt_and_no_error() -> None:
    form = checked(InterventionForm, WORK | {"at": at("2026-01-09 15:00"), "minutes": 540}, HERE)
    assert list(form.doubts(HERE)) == [
        "9 Jan 2026, 10:00 is before the pilot began (12 Jan 2026). Check the date.",
        "540 minutes is 9.0 hours for one intervention. Check the minutes.",
    ]


@pytest.mark.parametrize(
    ("kind", "values", "field", "sentence"),
    [
        (PersonForm, {"name": "  "}, "name", "The name is empty. Write a name, or what the person is called."),
        (
            PersonForm,
            {"name": "Ana", "born_on": date(1887, 1, 1)},
            "born_on",
            "Birth date 1 Jan 1887 is more than 120 years ago. Check the year.",
        ),
        (
            PersonForm,
            {"name": "Ana", "born_on": "soon"},
            "born_on",
            "“soon” is not a date. Write born on like 2026-11-14.",
        ),
        (ReferralForm, REFERRAL | {"needs": []}, "needs", "The reason is missing. Tick at least one need."),
        (ReferralForm, REFERRAL | {"urgency": None}, "urgency", "The urgency is missing. Choose one."),
        (
            ReferralForm,
            REFERRAL | {"name": ""},
            "name",
            "Nobody could find this person. Give a name, a place or an incident number.",
        ),
        (
            ReferralForm,
            REFERRAL | {"approximate_age": 203},
            "approximate_age",
            "An age of 203 is not between 0 and 120. Write a rough age, or leave it empty.",
        ),
        (
            ReferralForm,
            REFERRAL | {"happened_at": NOW, "received_at": NOW - timedelta(days=1)},
            "received_at",
            "Received 13 Nov 2026, 10:00 is before it happened, 14 Nov 2026, 10:00. Check the dates.",
        ),
        (DecisionForm, {"accept": False}, "reason", "A referral is declined with a reason. Choose one."),
        (
            DecisionForm,
            {"accept": True, "reason": "duplicate"},
            "reason",
            "An accepted referral has no reason “Already referred”. Decline it, or clear the reason.",
        ),
        (
            AttemptForm,
            {"referral_id": 1, "at": NOW, "mode": "phone", "reached": None},
            "reached",
            "Say whether you reached the person.",
        ),
        (VoidForm, {"reason": " "}, "reason", "Say why it is voided: the entry stays and shows it."),
        (
            ConnectionForm,
            {"person_id": 1, "need": "housing", "provider_id": 1, "opened_on": date(2026, 11, 15)},
            "opened_on",
            "15 Nov 2026 is in the future. Check the date.",
        ),
        (
            StepForm,
            {"connection_id": 1, "step": "attended", "on_date": date(2026, 11, 20)},
            "on_date",
            "20 Nov 2026 is in the future. Record the step when it has happened.",
        ),
        (
            TallyForm,
            WEEK | {"week": date(2026, 11, 10)},
            "week",
            "10 Nov 2026 is not a Monday. A week is named by its Monday.",
        ),
        (
            TallyForm,
            WEEK | {"values": {"office": {"reported": -1}}},
            "office",
            "“Office visits” is -1. Report zero or more, or leave it blank for “not recorded”.",
        ),
        (
            TallyForm,
            WEEK | {"values": {"office": {"reported": "2.5"}}},
            "office",
            "“Office visits” is 2.5. It is a count: report a whole number.",
        ),
        (
            TallyForm,
            WEEK | {"values": {"office": {"reported": 10000}}},
            "office",
            "“Office visits” is 10,000; the most is 9,999. Check it.",
        ),
        (
            TallyForm,
            WEEK | {"values": {"hours_direct": {"reported": "1.255"}}},
            "hours_direct",
            "“Hours: direct work” is 1.255. Hours have at most two decimals, like 12.25.",
        ),
        (PersonForm, {"name": "Ana", "shoe": 42}, "shoe", "There is no field shoe on this form."),
    ],
)
def test_the_other_forms_say_what_is_wrong(kind: type[Form], values: dict[str, Any], field: str, sentence: str) -> None:
    assert refused(kind, values) == {field: sentence}
