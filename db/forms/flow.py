"""The desk's short answers: follow-ups, reasons for calls, the end of a referral."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from db.forms import Form, Now, day
from db.forms.work import Text120, submit_key
from db.vocab.desk import CallReason, FollowUpEnd, NoCallReason, ReferralEnd

FARTHEST = timedelta(days=366)


def _due(on: date, now: Now) -> Iterator[tuple[str, str]]:
    if on < now.today:
        yield "due_on", f"{day(on)} is over; today is {day(now.today)}. Choose today or a later day."
    elif on > now.today + FARTHEST:
        yield "due_on", f"{day(on)} is more than a year ahead. Check the year."


class FollowUpForm(Form):
    """Somebody is to be contacted again by ``due_on``: a known person, or whoever a referral is about."""

    ask: ClassVar = {"due_on": "The day is missing. Choose when it is due."}
    person_id: int | None = None
    referral_id: int | None = None
    due_on: date
    what: Text120 = None
    staff_id: int | None = None
    """Whose it is; empty: the one who schedules it."""
    submit_key: str = Field(default_factory=submit_key, max_length=36)

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.person_id is None and self.referral_id is None:
            yield "person_id", "Nobody is chosen to follow up. Choose a person or a referral."
        yield from _due(self.due_on, now)


class MoveForm(Form):
    """A follow-up gets another day."""

    ask: ClassVar = {"due_on": "The day is missing. Choose when it is due."}
    due_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from _due(self.due_on, now)


class FollowUpEndForm(Form):
    ask: ClassVar = {"reason": "Say whether it is done or no longer needed."}
    reason: FollowUpEnd


class ReferralEndForm(Form):
    ask: ClassVar = {"reason": "A referral is closed with a reason. Choose one."}
    reason: ReferralEnd


class NoCallForm(Form):
    """Why no loaded call belongs to a record."""

    ask: ClassVar = {"reason": "The reason is missing. Choose why there is no call."}
    reason: NoCallReason


class CallReasonForm(Form):
    """One reason for one call or for many."""

    ask: ClassVar = {
        "call_ids": "No call is chosen. Tick at least one.",
        "reason": "The reason is missing. Choose why there was no follow-up.",
    }
    call_ids: frozenset[int] = Field(min_length=1, max_length=50_000)
    reason: CallReason
