"""What a person may submit about a meeting: its edition, the words of its slides, links, questions and answers."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from db.forms import Form, Now, blank_is_none, day
from db.vocab import LANGUAGES

Title = Annotated[str, StringConstraints(min_length=1, max_length=120)]
OwnTitle = Annotated[str, StringConstraints(max_length=120)]
OwnSentence = Annotated[str, StringConstraints(max_length=300)]
OwnNote = Annotated[str, StringConstraints(max_length=2_000)]
FARTHEST = 366
"""Days ahead that a meeting may be prepared for."""


class EditionForm(Form):
    """A meeting to prepare."""

    ask: ClassVar = {"meeting_on": "Choose the day of the meeting.", "title": "Write a title for the first slide."}

    meeting_on: date
    title: Title
    as_of: Annotated[date | None, BeforeValidator(blank_is_none)] = None
    """The day up to which things are known; None: today."""
    with_provisional: bool = False

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.as_of is not None and self.as_of > now.today:
            yield "as_of", f"{day(self.as_of)} has not come yet. Figures can be frozen as of today, {day(now.today)}."
        if self.as_of is not None and self.as_of < now.starts_on:
            yield "as_of", f"{day(self.as_of)} is before the pilot began, {day(now.starts_on)}. Choose a later day."
        if abs((self.meeting_on - now.today).days) > FARTHEST:
            yield "meeting_on", f"{day(self.meeting_on)} is more than a year from today. Check the year."


class SlideWords(BaseModel):
    """One slide of a deck as the chief wants it: shown or not, and by language what they wrote themselves."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)
    key: str
    shown: bool = True
    title: dict[str, OwnTitle] = {}
    sentence: dict[str, OwnSentence] = {}
    note: dict[str, OwnNote] = {}


class DeckForm(Form):
    """The slides of a deck, in order. Keys that are not named keep their place after these, hidden."""

    slides: tuple[SlideWords, ...]

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not any(slide.shown for slide in self.slides):
            yield "slides", "No slide is shown. Show at least one."
        keys = [slide.key for slide in self.slides]
        if len(set(keys)) < len(keys):
            yield "slides", "A slide stands twice. Open the page again."
        spoken = {lang for slide in self.slides for own in (slide.title, slide.sentence, slide.note) for lang in own}
        if strange := sorted(spoken - set(LANGUAGES)):
            yield "slides", f"“{strange[0]}” is no language of the slides. Write {' or '.join(LANGUAGES)}."


class WithdrawForm(Form):
    """Why an approved edition does not stand any more."""

    ask: ClassVar = {"reason": "Write why it is withdrawn: it is shown wherever the edition was."}

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SignForm(Form):
    """Who read the Spanish words and vouches for them."""

    ask: ClassVar = {"name": "Write who read the Spanish."}

    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
