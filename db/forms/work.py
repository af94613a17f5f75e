"""The desk's forms and the officer's: people, interventions, referrals, attempts, connections."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, ClassVar
from uuid import uuid4

from pydantic import AwareDatetime, BeforeValidator, Field, field_validator

from db.forms import Form, Now, blank_is_none, day, quoted
from db.vocab import (
    DIRECT_MODES,
    PERSONAL_MODES,
    AgeBand,
    AttemptMode,
    ConnectionEnd,
    DeclineReason,
    Disposition,
    Language,
    LanguageMet,
    Mode,
    Need,
    Outcome,
    Purpose,
    RaceEthnicity,
    Sex,
    Source,
    Step,
    Urgency,
)

NOTE_LENGTH = 1_000
NOT_THE_RECORD = "Up to 1,000 characters. Tandem is not the clinical record: keep clinical detail out."

# The length belongs to the text inside: an empty field is None and has none.
Text40 = Annotated[Annotated[str, Field(max_length=40)] | None, BeforeValidator(blank_is_none)]
Text120 = Annotated[Annotated[str, Field(max_length=120)] | None, BeforeValidator(blank_is_none)]
Text160 = Annotated[Annotated[str, Field(max_length=160)] | None, BeforeValidator(blank_is_none)]
Text500 = Annotated[Annotated[str, Field(max_length=500)] | None, BeforeValidator(blank_is_none)]
TRANSPORTS = (
    Disposition.voluntary_transport,
    Disposition.involuntary_examination,
    Disposition.emergency_department,
)
GAP_REASONS = (
    ConnectionEnd.no_provider,
    ConnectionEnd.no_capacity,
    ConnectionEnd.not_eligible,
    ConnectionEnd.waitlisted,
)
"""Why a need may meet no provider."""


def submit_key() -> str:
    """A key for one submission: sent twice, it is stored once."""
    return str(uuid4())


def _not_future(field: str, at: AwareDatetime, now: Now) -> Iterator[tuple[str, str]]:
    # Five minutes of grace: a phone's clock and the server's are never quite the same.
    if at > now.at + timedelta(minutes=5):
        yield field, f"{now.local(at)} is in the future; it is {now.local(now.at)} now. Check the date."
    elif at.year < now.at.year - 20:
        yield field, f"{now.local(at)} is more than 20 years ago. Check the year."


def _before_pilot(at: AwareDatetime, now: Now) -> Iterator[str]:
    if now.local_day(at) < now.starts_on:
        yield f"{now.local(at)} is before the pilot began ({day(now.starts_on)}). Check the date."


class PersonForm(Form):
    """Somebody new. ``confirmed_other``: the likely duplicate was shown, and this is another person."""

    ask: ClassVar = {"name": "The name is empty. Write a name, or what the person is called."}
    name: str = Field(min_length=1, max_length=120)
    alias: Text120 = None
    born_on: date | None = None
    age_band: AgeBand = AgeBand.unknown
    """Follows ``born_on`` where that is known."""
    sex: Sex = Sex.unknown
    race_ethnicity: RaceEthnicity = RaceEthnicity.unknown
    language: Language = Language.unknown
    language_met: LanguageMet | None = None
    phone: Text40 = None
    address: Text160 = None
    confirmed_other: bool = False

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.born_on and self.born_on > now.today:
            yield "born_on", f"Birth date {day(self.born_on)} is in the future. Check the year."
        elif self.born_on and self.born_on.year < now.today.year - 120:
            yield "born_on", f"Birth date {day(self.born_on)} is more than 120 years ago. Check the year."


class ConnectionPart(Form):
    """A need met by a provider in the same go as an intervention, or one that met none (a service gap)."""

    ask: ClassVar = {"need": "The connection has no need. Choose which need it is for."}
    need: Need
    provider_id: int | None = None
    reached: Step = Step.accepted
    """The highest rung reached; those below are dated the same day."""
    gap_reason: ConnectionEnd | None = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.provider_id is None and self.gap_reason is None:
            yield "connection", "The connection has no provider. Choose one, or say why none could be found."
        elif self.provider_id is not None and self.gap_reason is not None:
            reason = quoted(self.gap_reason)
            yield "connection", f"The connection has a provider and the gap reason {reason}. Keep one of the two."
        elif self.gap_reason is not None and self.gap_reason not in GAP_REASONS:
            reason = quoted(self.gap_reason)
            yield "connection", f"{reason} is not a reason for a service gap. Choose one from the list."
        elif self.reached is Step.retained:
            yield "connection", "“Retained 30 days” cannot be reached on the first day. Record it when it happens."


class InterventionForm(Form):
    """One event of work. Either ``person_id`` or ``new_person`` says who; outreach has neither."""

    ask: ClassVar = {
        "at": "When it happened is missing. Choose the date and time.",
        "mode": "How it happened is missing. Choose a mode.",
        "purpose": "The purpose is missing. Choose what it was for.",
        "minutes": "The minutes are missing. Write how long it took, like 30.",
        "outcome": "The outcome is missing. Choose what came of it.",
        "connection.need": "The connection has no need. Choose which need it is for.",
        "new_person.name": "The new person has no name. Write a name, or what the person is called.",
    }
    person_id: int | None = None
    new_person: PersonForm | None = None
    at: AwareDatetime
    mode: Mode
    purpose: Purpose
    minutes: int
    needs: frozenset[Need] = frozenset()
    outcome: Outcome
    referral_id: int | None = None
    link_referral: bool = True
    """With no ``referral_id``: tie it to the person's open referral if there is exactly one."""
    provider_id: int | None = None
    incident_number: Text40 = None
    disposition: Disposition | None = None
    arrest_eligible: bool | None = None
    arrested: bool | None = None
    transport_intended: bool | None = None
    transport_avoided: bool | None = None
    force_used: bool | None = None
    injury: bool | None = None
    connection: ConnectionPart | None = None
    note: Annotated[str | None, BeforeValidator(blank_is_none)] = None
    submit_key: str = Field(default_factory=submit_key, max_length=36)

    @field_validator("minutes")
    @classmethod
    def _minutes_in_a_day(cls, minutes: int) -> int:
        if not 1 <= minutes <= 1440:
            raise ValueError(f"{minutes:,} minutes is not between 1 and 1,440 (24 hours). Write how long it took.")
        return minutes

    @field_validator("note")
    @classmethod
    def _short_note(cls, note: str | None) -> str | None:
        if note and len(note) > NOTE_LENGTH:
            raise ValueError(
                f"The note has {len(note):,} characters; 1,000 fit. Shorten it: Tandem is not the clinical record."
            )
        return note

    @property
    def is_direct(self) -> bool:
        return self.mode in DIRECT_MODES and self.outcome is not Outcome.no_contact

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from _not_future("at", self.at, now)
        yield from self._who()
        yield from self._on_scene()
        yield from self._arrest_and_transport()
        if self.new_person is not None:
            for field, sentence in self.new_person.contradictions(now):
                yield f"new_person.{field}", sentence
        if self.connection is not None:
            yield from self.connection.contradictions(now)

    def doubts(self, now: Now) -> Iterator[str]:
        yield from _before_pilot(self.at, now)
        if self.minutes > 8 * 60:
            yield f"{self.minutes} minutes is {self.minutes / 60:.1f} hours for one intervention. Check the minutes."

    def _who(self) -> Iterator[tuple[str, str]]:
        nobody = self.person_id is None and self.new_person is None
        if self.person_id is not None and self.new_person is not None:
            yield "person_id", "A known person and a new one are both given. Keep one of the two."
        elif nobody and self.mode in PERSONAL_MODES:
            yield "person_id", f"{quoted(self.mode)} needs a person. Choose one, or add somebody new."
        elif not nobody and self.mode is Mode.outreach:
            yield "person_id", "“Outreach to providers” has no person. Clear the person, or choose another mode."
        if self.connection is not None and nobody:
            yield "connection", "A connection needs a person. Choose one, or leave the connection out."
        elif self.connection is not None and self.outcome is Outcome.no_contact:
            yield "connection", "“No contact” cannot end in a connection. Change the outcome, or leave it out."

    def _on_scene(self) -> Iterator[tuple[str, str]]:
        if self.mode is not Mode.on_scene:
            if self.disposition is not None:
                yield (
                    "disposition",
                    f"The disposition {quoted(self.disposition)} belongs to an on-scene co-response, "
                    f"not to {quoted(self.mode)}. Clear it, or change the mode.",
                )
            return
        if self.disposition is None:
            yield "disposition", "An on-scene co-response needs its disposition. Choose exactly one."
        elif self.disposition is Disposition.gone and self.outcome is not Outcome.no_contact:
            yield "disposition", "“Gone on arrival” goes with the outcome “No contact”. Change one of the two."

    def _arrest_and_transport(self) -> Iterator[tuple[str, str]]:
        if self.arrest_eligible is not None and self.mode is not Mode.on_scene:
            yield "arrest_eligible", "Arrest is asked for an on-scene co-response only. Clear it, or change the mode."
        elif self.arrest_eligible and self.arrested is None:
            yield "arrested", "It was arrest-eligible: say whether an arrest was made."
        elif self.arrested is not None and not self.arrest_eligible:
            yield "arrested", "An arrest is counted only where it was arrest-eligible. Tick that first, or clear this."
        elif self.arrested is False and self.disposition is Disposition.arrest:
            yield "arrested", "The disposition is “Arrest”, yet no arrest was made. Change one of the two."
        elif self.arrested and self.disposition not in (Disposition.arrest, None):
            yield "arrested", f"An arrest was made, yet the disposition is {quoted(self.disposition)}. Change one."
        if self.transport_intended and self.transport_avoided is None:
            yield "transport_avoided", "Transport was intended: say whether it was avoided."
        elif self.transport_avoided is not None and not self.transport_intended:
            yield "transport_avoided", "Transport can be avoided only where it was intended. Tick that, or clear this."
        elif self.transport_avoided and self.disposition and self.disposition in TRANSPORTS:
            yield (
                "transport_avoided",
                f"Transport was avoided, yet the disposition is {quoted(self.disposition)}. Change one of the two.",
            )


class EditForm(InterventionForm):
    """An entry as it should read. ``seen``: the number of the newest change that its editor saw."""

    ask: ClassVar = {
        **InterventionForm.ask,
        "reason": "Say why it is changed: the old answers stay readable beside it.",
    }
    link_referral: bool = False
    reason: str = Field(min_length=1, max_length=200)
    seen: int = 0

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from super().contradictions(now)
        if self.new_person is not None:
            yield "person_id", "An entry is moved to somebody known. Add the person first, then choose the code."
        if self.connection is not None:
            yield "connection", "A connection is added under Connections, not by editing an entry."


class VoidForm(Form):
    ask: ClassVar = {"reason": "Say why it is voided: the entry stays and shows it."}
    reason: str = Field(min_length=1, max_length=200)


class ReferralForm(Form):
    """Somebody is sent to the desk. ``name`` empty: unknown. ``agreed`` None: the person was not asked."""

    ask: ClassVar = {
        "source": "Who sent it is missing. Choose one.",
        "needs": "The reason is missing. Tick at least one need.",
        "urgency": "The urgency is missing. Choose one.",
    }
    source: Source = Source.officer
    received_at: AwareDatetime | None = None
    """Empty: now. The desk may enter an earlier moment; an officer's referral is received when sent."""
    person_id: int | None = None
    name: Text120 = None
    approximate_age: int | None = None
    place: Text160 = None
    happened_at: AwareDatetime | None = None
    incident_number: Text40 = None
    needs: frozenset[Need] = Field(min_length=1)
    urgency: Urgency
    safety_note: Text500 = None
    agreed: bool | None = None
    confirmed_other: bool = False
    """A likely duplicate was shown, and this is another person or another matter."""
    submit_key: str = Field(default_factory=submit_key, max_length=36)

    @field_validator("approximate_age")
    @classmethod
    def _an_age(cls, age: int | None) -> int | None:
        if age is not None and not 0 <= age <= 120:
            raise ValueError(f"An age of {age} is not between 0 and 120. Write a rough age, or leave it empty.")
        return age

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.happened_at is not None:
            yield from _not_future("happened_at", self.happened_at, now)
        if self.received_at is not None:
            yield from _not_future("received_at", self.received_at, now)
            if self.happened_at is not None and self.happened_at > self.received_at:
                yield (
                    "received_at",
                    f"Received {now.local(self.received_at)} is before it happened, "
                    f"{now.local(self.happened_at)}. Check the dates.",
                )
        if self.name is None and self.place is None and self.incident_number is None and self.person_id is None:
            yield "name", "Nobody could find this person. Give a name, a place or an incident number."

    def doubts(self, now: Now) -> Iterator[str]:
        if self.happened_at is not None:
            yield from _before_pilot(self.happened_at, now)


class DecisionForm(Form):
    """Accept (and assign) or decline with a reason."""

    accept: bool
    staff_id: int | None = None
    """Who takes it; empty: the one who accepts."""
    reason: DeclineReason | None = None
    person_id: int | None = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not self.accept and self.reason is None:
            yield "reason", "A referral is declined with a reason. Choose one."
        if self.accept and self.reason is not None:
            yield (
                "reason",
                f"An accepted referral has no reason {quoted(self.reason)}. Decline it, or clear the reason.",
            )


class AttemptForm(Form):
    """One try to reach the person of a referral."""

    ask: ClassVar = {
        "at": "When you tried is missing. Choose the date and time.",
        "mode": "How you tried is missing. Choose one.",
        "reached": "Say whether you reached the person.",
    }
    referral_id: int
    at: AwareDatetime
    mode: AttemptMode
    reached: bool
    submit_key: str = Field(default_factory=submit_key, max_length=36)

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from _not_future("at", self.at, now)


class ConnectionForm(ConnectionPart):
    """A connection recorded on its own, on ``opened_on``."""

    person_id: int
    opened_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from super().contradictions(now)
        if self.opened_on > now.today:
            yield "opened_on", f"{day(self.opened_on)} is in the future. Check the date."


class StepForm(Form):
    """The next rung of a connection's ladder."""

    connection_id: int
    step: Step
    on_date: date
    appointment_on: date | None = None
    """The day for which the appointment was made, where that is the step."""
    fill: bool = False
    """Rungs below it that nobody recorded are dated the same day."""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.on_date > now.today:
            yield "on_date", f"{day(self.on_date)} is in the future. Record the step when it has happened."
        if self.appointment_on is not None and self.appointment_on < self.on_date:
            made, kept = day(self.on_date), day(self.appointment_on)
            yield "appointment_on", f"The appointment is on {kept}, before it was made, {made}. Check the dates."


class ConnectionEndForm(Form):
    """A connection ends before its ladder does."""

    ask: ClassVar = {"reason": "A connection is closed with a reason. Choose one."}
    connection_id: int
    reason: ConnectionEnd
    on_date: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.on_date > now.today:
            yield "on_date", f"{day(self.on_date)} is in the future. Check the date."
