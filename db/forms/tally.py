"""The weekly tally's forms. What a cell may hold is checked here; how cells fit together, in ``db.tally_rules``."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, field_validator

from db.forms import Form, Now, blank_is_none, day, quoted
from db.vocab import HOUR_ITEMS, TallyItem, label

REASON, COMMENT = 200, 300
"""Most characters of each."""


def _text(value: Any) -> Any:
    return "" if value is None else value


class TallyCell(Form):
    """One item as reported. None is "not recorded", never zero."""

    reported: Decimal | None = None
    reason: Annotated[str | None, BeforeValidator(blank_is_none)] = None


class TallyForm(Form):
    """One staff member's week. ``week`` is its Monday; ``revision`` is what the editor read (0: no sheet yet)."""

    staff_id: int
    week: date
    revision: int = 0
    values: Mapping[TallyItem, TallyCell]
    confirmed_blanks: frozenset[TallyItem] = frozenset()
    """Items the certifier was asked about and leaves as not recorded."""
    weekend_confirmed: bool = False
    """The week is not over yet, and the certifier expects no more work in it."""

    @field_validator("week")
    @classmethod
    def _a_monday(cls, week: date) -> date:
        if week.weekday():
            raise ValueError(f"{day(week)} is not a Monday. A week is named by its Monday.")
        return week

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        for item, cell in self.values.items():
            if sentence := _bad_number(item, cell.reported):
                yield item.value, sentence
            elif cell.reason and len(cell.reason) > REASON:
                yield item.value, _too_long(f"reason for {quoted(item)}", cell.reason, REASON)


class AmendmentForm(Form):
    """Figures of a certified week as they ought to be. ``revision`` is what the editor read."""

    staff_id: int
    week: date
    revision: int
    values: Mapping[TallyItem, Decimal | None]
    why: Annotated[str, BeforeValidator(_text)] = ""
    asks: bool = False
    """The screen said that the week is accepted, and that the chief will be asked."""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        for item, value in self.values.items():
            if sentence := _bad_number(item, value):
                yield item.value, sentence
        if not self.why:
            yield "why", "Say why it is amended: the correction ledger keeps old value, new value, who, when and why."
        elif len(self.why) > REASON:
            yield "why", _too_long("reason", self.why, REASON)


class DecisionOnAmendment(Form):
    """The chief's answer to an asked-for amendment. A refusal says why."""

    request_id: int
    approve: bool
    answer: Annotated[str | None, BeforeValidator(blank_is_none)] = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not self.approve and not self.answer:
            yield "answer", "Say why it is refused: the desk reads it beside the week."
        elif self.answer and len(self.answer) > REASON:
            yield "answer", _too_long("answer", self.answer, REASON)


class CommentForm(Form):
    """A remark on one figure, or on the whole week (``item`` None)."""

    staff_id: int
    week: date
    item: TallyItem | None = None
    text: Annotated[str, BeforeValidator(_text)] = ""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not self.text:
            yield "text", "The comment is empty. Write it first."
        elif len(self.text) > COMMENT:
            yield "text", _too_long("comment", self.text, COMMENT)


def _too_long(what: str, text: str, most: int) -> str:
    return f"The {what} has {len(text)} characters; {most} fit. Shorten it."


def _bad_number(item: TallyItem, number: Decimal | None) -> str | None:
    name = label(item)
    if number is None:
        return None
    if not number.is_finite() or number < 0:
        return f"“{name}” is {number}. Report zero or more, or leave it blank for “not recorded”."
    if number > 9_999:
        return f"“{name}” is {number:,f}; the most is 9,999. Check it."
    if item in HOUR_ITEMS and number != round(number, 2):
        return f"“{name}” is {number:f}. Hours have at most two decimals, like 12.25."
    if item not in HOUR_ITEMS and number != number.to_integral_value():
        return f"“{name}” is {number:f}. It is a count: report a whole number."
    return None
