"""The desk's forms about a person: corrections, household, safety alerts, episodes, consents."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from db.forms import Form, Now, day, quoted
from db.forms.work import PersonForm, Text120, Text500
from db.vocab import EpisodeEnd, Need
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, Recipient
from db.vocab.family import HouseholdRole

ALERT_DAYS = 90
LONGEST_ALERT = 366
"""Days. A warning nobody looked at for a year says nothing about today."""
CONSENT_DAYS = 365

RECIPIENT_OF: Mapping[ConsentPurpose, Recipient] = {
    ConsentPurpose.referral_to_provider: Recipient.provider,
    ConsentPurpose.tell_referrer: Recipient.officer,
    ConsentPurpose.family_involvement: Recipient.family,
}
"""Purposes that say to whom; the others may name anybody."""
SCOPE_OF: Mapping[ConsentPurpose, ConsentScope] = {
    ConsentPurpose.tell_referrer: ConsentScope.status_only,
    ConsentPurpose.referral_to_provider: ConsentScope.referral_facts,
}
"""What is asked for most often, proposed by the form."""


class ProfileForm(PersonForm):
    """Everything the desk keeps about who a person is. ``seen`` is the last correction the form was opened with."""

    supports: Text500 = None
    gaps: Text500 = None
    needs: frozenset[Need] = frozenset()
    seen: int = 0


class AlertForm(Form):
    """A safety alert: what whoever goes there must know, and until when (inclusive)."""

    ask: ClassVar = {
        "text": "The alert says nothing. Write what whoever goes there must know.",
        "expires_on": "The alert has no last day. Choose until when it is shown.",
    }
    text: str = Field(min_length=1, max_length=300)
    expires_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.expires_on < now.today:
            yield "expires_on", f"{day(self.expires_on)} is over. Choose a day from today on."
        elif self.expires_on > now.today + timedelta(days=LONGEST_ALERT):
            yield (
                "expires_on",
                f"{day(self.expires_on)} is more than a year away. Choose an earlier day, and renew the alert then.",
            )


class MemberForm(Form):
    """Somebody lives with somebody: in the household the person has already, else in a new one of the two."""

    person_id: int
    member_id: int | None = None
    new_person: PersonForm | None = None
    roles: frozenset[HouseholdRole] = frozenset()
    """What the one who is added is there."""
    own_roles: frozenset[HouseholdRole] = frozenset()
    """What the person is there, for a new household."""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.member_id is None and self.new_person is None:
            yield "person_id", "Nobody is chosen yet. Choose who lives there, or type a new name."
        elif self.member_id == self.person_id:
            yield "person_id", "This is the person themself. Choose who lives with them."
        if self.new_person is not None:
            for field, sentence in self.new_person.contradictions(now):
                yield f"new_person.{field}", sentence


class EpisodeOpenForm(Form):
    """An episode opened by hand, where no contact opened it."""

    ask: ClassVar = {"opened_on": "The first day is missing. Choose one."}
    opened_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.opened_on > now.today:
            yield "opened_on", f"{day(self.opened_on)} is in the future. Check the date."
        elif self.opened_on < now.starts_on:
            yield (
                "opened_on",
                f"{day(self.opened_on)} is before the pilot began ({day(now.starts_on)}). Check the date.",
            )


class EpisodeCloseForm(Form):
    """The end of an episode, with its reason."""

    ask: ClassVar = {
        "reason": "An episode is closed with a reason. Choose one.",
        "closed_on": "The last day is missing. Choose one.",
    }
    closed_on: date
    reason: EpisodeEnd

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.closed_on > now.today:
            yield "closed_on", f"{day(self.closed_on)} is in the future. Close it on the day it ends."


class ConsentGiven(Form):
    """One agreement: who tells whom, what for, how much, from when until when."""

    ask: ClassVar = {
        "purpose": "What it is for is missing. Choose one.",
        "recipient_kind": "To whom is missing. Choose one.",
        "scope": "How much may be told is missing. Choose one.",
        "form": "Signed or verbal is missing. Choose one.",
        "discloser": "Who may disclose is missing. Write the program's name, as the consent names it.",
        "starts_on": "The first day is missing. Choose one.",
    }
    person_id: int
    discloser: str = Field(min_length=1, max_length=120)
    recipient_kind: Recipient
    recipient: Text120 = None
    provider_id: int | None = None
    user_id: int | None = None
    purpose: ConsentPurpose
    scope: ConsentScope
    form: ConsentForm
    starts_on: date
    until: date | None = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        meant = RECIPIENT_OF.get(self.purpose)
        if meant is not None and self.recipient_kind is not meant:
            yield (
                "recipient_kind",
                f"{quoted(self.purpose)} goes to {quoted(meant)}, not to {quoted(self.recipient_kind)}. "
                "Change one of the two.",
            )
        elif self.recipient_kind in (Recipient.family, Recipient.other) and self.recipient is None:
            yield "recipient", "The consent names nobody. Write who may be told."
        if self.provider_id is not None and self.recipient_kind is not Recipient.provider:
            yield "provider_id", f"A provider is named, yet it goes to {quoted(self.recipient_kind)}. Keep one."
        if self.user_id is not None and self.recipient_kind is not Recipient.officer:
            yield "user_id", f"An officer is named, yet it goes to {quoted(self.recipient_kind)}. Keep one."
        if self.starts_on > now.today:
            yield "starts_on", f"{day(self.starts_on)} is in the future. Record a consent from the day it is given."
        if self.until is not None and self.until < self.starts_on:
            yield (
                "until",
                f"Its last day {day(self.until)} is before its first, {day(self.starts_on)}. Check the dates.",
            )

    def doubts(self, now: Now) -> Iterator[str]:
        if self.form is ConsentForm.verbal and self.purpose is not ConsentPurpose.tell_referrer:
            yield "42 CFR Part 2 asks for a written consent. Record a signed one when you have it."
        if self.until is not None and self.until < now.today:
            yield f"It ended on {day(self.until)}: nothing can be disclosed under it."


class ToldForm(Form):
    """Something was told by phone or in person, under a consent."""

    ask: ClassVar = {
        "recipient": "To whom is missing. Write who was told.",
        "what": "What was told is missing. Name the kinds of information, like “need, appointment”.",
    }
    consent_id: int
    recipient: str = Field(min_length=1, max_length=120)
    what: str = Field(min_length=1, max_length=200)
