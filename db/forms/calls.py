"""What an analyst submits about call types and mappings."""

import re
from typing import ClassVar

from pydantic import Field, model_validator

from db.forms import Form
from db.vocab import CallCategory, RuleKind


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

    @model_validator(mode="after")
    def a_pattern_that_works(self) -> "RuleForm":
        if self.kind is RuleKind.pattern:
            try:
                found = re.compile(self.value, re.IGNORECASE).search("")
            except re.error as error:
                raise ValueError(
                    f"“{self.value}” is not a pattern ({error}). Write a word of the type, like noise."
                ) from None
            if found:
                raise ValueError(f"“{self.value}” fits every type, even an empty one. Make the pattern narrower.")
        return self


class MappingForm(Form):
    """A name for a mapping, to choose it next month."""

    ask: ClassVar = {"name": "Give the mapping a name, like “CAD monthly export”."}
    name: str = Field(min_length=1, max_length=60)
