"""Forms of the loop: slips, links, calls to providers, what a provider answers; and of the directory."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BeforeValidator, Field, field_validator

from db import hours
from db.forms import Form, Now, blank_is_none, clock, day, quoted
from db.forms.work import NOTE_LENGTH, Text120, Text160, Text500
from db.vocab import Lang, Need, ProviderKind, label
from db.vocab.links import ANSWERED_END, CallOutcome, LinkAnswer

Text64 = Annotated[Annotated[str, Field(max_length=64)] | None, BeforeValidator(blank_is_none)]
Text200 = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(blank_is_none)]
OLDEST = 120
"""No age is above it."""
Note = Annotated[Annotated[str, Field(max_length=NOTE_LENGTH)] | None, BeforeValidator(blank_is_none)]


class AnswerForm(Form):
    """What a provider says of one connection, through the link or on the telephone."""

    ask: ClassVar = {"answer": "Nothing was chosen. Choose what happened.", "on_date": "Say on which day."}
    answer: LinkAnswer
    on_date: date
    appointment_on: Annotated[date | None, BeforeValidator(blank_is_none)] = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.on_date > now.today:
            yield "on_date", f"{day(self.on_date)} is in the future. Give the day on which it happened."
        if self.appointment_on is not None and self.answer is LinkAnswer.appointment:
            if self.appointment_on < self.on_date:
                made, kept = day(self.on_date), day(self.appointment_on)
                yield "appointment_on", f"The appointment is on {kept}, before it was made, {made}. Check the dates."
            elif (self.appointment_on - now.today).days > 366:
                kept = day(self.appointment_on)
                yield "appointment_on", f"The appointment is on {kept}, more than a year away. Check the year."

    @property
    def ends_it(self) -> bool:
        """After this answer a link has nothing left to say."""
        return self.answer is LinkAnswer.attended or self.answer in ANSWERED_END


class CallForm(Form):
    """A call or visit to the provider about a connection, and what they said, if they said something."""

    ask: ClassVar = {"outcome": "Say what came of the call."}
    connection_id: int
    outcome: CallOutcome
    at: AwareDatetime
    answer: AnswerForm | None = None
    note: Note = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.at > now.at:
            yield "at", f"{clock(self.at, now.zone)} is in the future. Check the time."
        if self.answer is not None:
            if self.outcome is not CallOutcome.spoke:
                said = quoted(self.answer.answer)
                yield "outcome", f"{quoted(self.outcome)} cannot end in {said}. Choose “{label(CallOutcome.spoke)}”."
            for field, sentence in self.answer.contradictions(now):
                yield f"answer.{field}", sentence


class SlipForm(Form):
    """A slip to print for one connection."""

    connection_id: int
    lang: Lang = "en"


def _tidy_list(text: str) -> str:
    """“english;Spanish ,” → “english, Spanish”."""
    return ", ".join(part for part in (p.strip() for p in re.split(r"[,;|]", text)) if part)


class ProviderForm(Form):
    """One provider of the directory. ``revision``: which state of it was edited; None for a new one."""

    ask: ClassVar = {
        "name": "The name is empty. Write the provider's name.",
        "kind": "The kind is missing. Choose what they mostly are.",
        "services": "No need is ticked. Tick at least one that they help with.",
    }
    name: str = Field(min_length=1, max_length=120)
    kind: ProviderKind
    services: frozenset[Need] = Field(min_length=1)
    languages: str = Field(default="English", max_length=200)
    hours: str = Field(default="", max_length=120)
    phone: str = Field(default="", max_length=40)
    address: str = Field(default="", max_length=160)
    eligibility: str = Field(default="", max_length=200)
    minimum_age: int | None = None
    maximum_age: int | None = None
    service_area: Text200 = None
    fees: Text160 = None
    website: Text200 = None
    email: Text120 = None
    description: Text500 = None
    has_capacity: bool = True
    capacity_note: Text120 = None
    in_city: bool = True
    is_partner: bool = False
    external_id: Text64 = None
    revision: int | None = None

    @field_validator("languages")
    @classmethod
    def _languages(cls, text: str) -> str:
        return _tidy_list(text) or "English"

    @field_validator("service_area")
    @classmethod
    def _places(cls, text: str | None) -> str | None:
        return (_tidy_list(text) or None) if text else None

    @field_validator("website")
    @classmethod
    def _web_address(cls, text: str | None) -> str | None:
        if not text:
            return None
        address = text if "://" in text else f"https://{text}"
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or "." not in parts.netloc or " " in address:
            raise ValueError(f"“{text}” is not a web address. Write it like www.example.org.")
        return address

    @field_validator("email")
    @classmethod
    def _mail_address(cls, text: str | None) -> str | None:
        if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
            raise ValueError(f"“{text}” is not an e-mail address. Write it like intake@example.org.")
        return text

    @field_validator("minimum_age", "maximum_age")
    @classmethod
    def _an_age(cls, age: int | None) -> int | None:
        if age is not None and not 0 <= age <= OLDEST:
            raise ValueError(f"An age of {age} is not between 0 and {OLDEST}. Check it, or leave it empty.")
        return age

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        low, high = self.minimum_age, self.maximum_age
        if low is not None and high is not None and low > high:
            yield "maximum_age", f"The ages run from {low} down to {high}. Exchange them."

    def doubts(self, now: Now) -> Iterator[str]:
        if self.hours and hours.read(self.hours) is None:
            yield (
                f"The hours “{self.hours}” cannot be read by the filter “open now”. "
                "Write them like Mon–Fri 9–17; Sat 10–14, if that fits."
            )


class ProviderNoteForm(Form):
    ask: ClassVar = {"text": "The note is empty. Write what the next one should know."}
    provider_id: int
    text: str = Field(min_length=1, max_length=NOTE_LENGTH)


__all__ = [
    "AnswerForm",
    "CallForm",
    "ProviderForm",
    "ProviderNoteForm",
    "SlipForm",
]
