"""The weekly tally's form. What it may hold is checked here; what certifying asks, in the command."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, field_validator

from db.forms import Form, Now, blank_is_none, day
from db.vocab import HOUR_ITEMS, TallyItem, label


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
            if sentence := _bad_number(item, cell):
                yield item.value, sentence
        seen, first = (self._number(i) for i in (TallyItem.people_seen, TallyItem.people_first_seen))
        if seen is not None and first is not None and first > seen:
            yield (
                TallyItem.people_first_seen.value,
                f"{first:f} people seen for the first time is more than {seen:f} people seen. Check both.",
            )
        hours = sum((self._number(i) or Decimal(0) for i in HOUR_ITEMS), Decimal(0))
        if hours > 168:
            yield HOUR_ITEMS[0].value, f"The hours add up to {hours:f}; a week has 168. Check them."

    def _number(self, item: TallyItem) -> Decimal | None:
        return self.values[item].reported if item in self.values else None


def _bad_number(item: TallyItem, cell: TallyCell) -> str | None:
    number, name = cell.reported, label(item)
    if cell.reason and len(cell.reason) > 200:
        return f"The reason for “{name}” has {len(cell.reason)} characters; 200 fit. Shorten it."
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
