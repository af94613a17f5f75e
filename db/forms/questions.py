"""What a person may submit about a member's question, and about a link to one edition."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BeforeValidator, StringConstraints

from db.forms import Form, Now, blank_is_none, day

Asked = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Answer = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Who = Annotated[str, StringConstraints(max_length=80)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{16,36}$")]
Day = Annotated[date | None, BeforeValidator(blank_is_none)]
KEPT_FOR = timedelta(days=31)
"""How long a question may have waited, offline or in a file, and still say itself when it was asked."""
FARTHEST = 366
"""Days ahead that an answer may be promised for, and that a link may last."""


class QuestionForm(Form):
    """A question as it was taken down at the meeting. ``asked_at``: by the clock of the machine that took it."""

    ask: ClassVar = {"asked": "Write what was asked.", "send_key": "This question has no key. Take it down again."}

    send_key: Key
    asked: Asked
    slide: Annotated[str, StringConstraints(max_length=40)] = ""
    asked_by: Who = ""
    owner: Who = ""
    due_on: Day = None
    asked_at: Annotated[AwareDatetime | None, BeforeValidator(blank_is_none)] = None

    def moment(self, now: datetime) -> datetime:
        """When it was asked: what the machine said where that can be, else ``now``."""
        told = self.asked_at
        return told if told is not None and now - KEPT_FOR <= told <= now else now

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from _due(self.due_on, now.local_day(self.moment(now.at)), now)


class CareForm(Form):
    """Who looks after a question, and by when."""

    owner: Who = ""
    due_on: Day = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from _due(self.due_on, now.today, now)


class AnswerForm(Form):
    """What is answered: the next deck says it, word for word, in public."""

    ask: ClassVar = {"answer": "Write the answer."}

    answer: Answer


class LinkForm(Form):
    """A link to one edition: whom it is for, and its last day (inclusive)."""

    ask: ClassVar = {"label": "Write whom the link is for.", "expires_on": "Choose the link's last day."}

    label: Label
    expires_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.expires_on < now.today:
            yield "expires_on", f"{day(self.expires_on)} has passed. Choose today, {day(now.today)}, or a later day."
        elif (self.expires_on - now.today).days > FARTHEST:
            yield "expires_on", f"{day(self.expires_on)} is more than a year from today. Choose an earlier day."


def _due(due_on: date | None, asked_on: date, now: Now) -> Iterator[tuple[str, str]]:
    if due_on is not None and due_on < asked_on:
        yield "due_on", f"{day(due_on)} is before the day of the question, {day(asked_on)}. Check the date."
    elif due_on is not None and (due_on - now.today).days > FARTHEST:
        yield "due_on", f"{day(due_on)} is more than a year from today. Check the year."
