"""What an analyst submits about call types and mappings."""

import re
from datetime import date
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from db.forms import Form, day
from db.vocab import CallCategory, RuleKind

_RUNAWAY = re.compile(r"\([^()]*(?:[+*]|\{\d*,\d*\})[^()]*\)(?:[+*]|\{\d*,\d*\})")
"""A repeated group that repeats within: such a pattern may never end."""


class RuleForm(Form):
    """A rule: this type, or every type this pattern is found in, is of that category."""

    ask: ClassVar = {
        "kind": "Say whether the rule names one exact type or is a pattern.",
        "value": "The rule is empty. Write a call type, or a pattern such as \\bsuicid.",
        "category": "Choose what the rule makes of the type.",
    }
    kind: RuleKind
    value: str = Field(min_length=1, max_length=160)
    category: CallCategory
    valid_from: date | None = None
    valid_until: date | None = None
    note: str | None = Field(default=None, max_length=200)

    @field_validator("note", mode="before")
    @classmethod
    def blank_is_none(cls, note: object) -> object:
        return None if isinstance(note, str) and not note.strip() else note

    @model_validator(mode="after")
    def days_in_order(self) -> "RuleForm":
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(
                f"The rule would end on {day(self.valid_until)}, before it begins on {day(self.valid_from)}."
            )
        return self

    @model_validator(mode="after")
    def a_pattern_that_works(self) -> "RuleForm":
        if self.kind is RuleKind.pattern:
            try:
                found = re.compile(self.value, re.IGNORECASE).search("")
            except re.error as error:
                raise ValueError(
                    f"“{self.value}” is not a pattern ({error}). Write a word of the type, like noise."
                ) from None
            if _RUNAWAY.search(self.value):
                raise ValueError(
                    f"“{self.value}” repeats a repetition, which can take hours on one long type. Write it without."
                )
            if found:
                raise ValueError(f"“{self.value}” fits every type, even an empty one. Make the pattern narrower.")
        return self


class MappingForm(Form):
    """A name for a mapping, to choose it next month."""

    ask: ClassVar = {"name": "Give the mapping a name, like “CAD monthly export”."}
    name: str = Field(min_length=1, max_length=60)
