"""A portable edition: figures of one city's meeting without anything about single people, for another city to read.

The schema is versioned: ``dashboard/export/templates/portable-edition-1.schema.json`` is made of these models.
"""

import hashlib
import json
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

SCHEMA = "tandem-portable-edition/1"
PRINT = 16
"""Hexadecimal digits of a fingerprint."""
Short = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Long = Annotated[str, StringConstraints(max_length=1_000)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


class How(StrEnum):
    """How the figures of two places are set beside each other."""

    as_it_is = "as_it_is"
    """A share, a wait."""
    ratio = "ratio"
    """A ratio to what the earlier trend predicts."""
    events = "events"
    """A count of events: for each 1,000 residents and month."""
    people = "people"
    """A count of different people: for each 1,000 residents, over periods of the same length."""


class Portable(BaseModel):
    """Strict: nothing comes along that the schema does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Definition(Portable):
    """What makes a figure comparable. Two figures are, when their fingerprints are the same."""

    PARTS: ClassVar = ("definition", "counts", "leaves_out", "unit", "window_days", "basis", "how")

    definition: Long
    counts: Long
    leaves_out: Long
    unit: Short
    window_days: Annotated[int, Field(ge=1, le=3_660)] | None = None
    """Of repeat calls: days before a call in which an earlier one makes it a repeat call."""
    basis: Literal["", "person", "location"] = ""
    """Of repeat calls: who or what is the same."""
    how: How
    fingerprint: Annotated[str, StringConstraints(pattern=rf"^[0-9a-f]{{{PRINT}}}$")] = ""

    @classmethod
    def of(cls, **parts: object) -> Self:
        """With its fingerprint."""
        made = cls.model_construct(**parts)  # type: ignore[arg-type]
        return cls.model_validate({**parts, "fingerprint": made.computed})

    @property
    def computed(self) -> str:
        """The fingerprint of its parts: the first digits of the SHA-256 of canonical JSON."""
        parts = [getattr(self, name) for name in self.PARTS]
        written = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()[:PRINT]

    @model_validator(mode="after")
    def _not_altered(self) -> Self:
        if self.fingerprint != self.computed:
            raise ValueError("its fingerprint is not that of its parts")
        return self


class Figure(Portable):
    """One disclosed figure. ``first`` and ``last``: the period it tells, both inclusive."""

    measure: Key
    title: Short
    value: Number
    low: Number | None = None
    high: Number | None = None
    n: Annotated[int, Field(ge=0)] | None = None
    first: date
    last: date
    provisional: bool = False
    sentence: Long = ""
    definition: Definition

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"it ends on {self.last}, before it begins on {self.first}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the lower end {self.low} of its interval is above the upper end {self.high}")
        return self


class PortableEdition(Portable):
    """Everything that leaves for another city."""

    form: Literal["tandem-portable-edition/1"] = Field(SCHEMA, alias="schema")
    city: Short
    number: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    approved: bool
    as_of: date
    started_on: date
    """The pilot's first day."""
    population: Annotated[int, Field(ge=1)]
    """Residents of the city."""
    threshold: Annotated[int, Field(ge=1, le=100)]
    """Counts from 1 to this less 1 were hidden."""
    fictional: bool = False
    hidden: Annotated[list[Key], Field(max_length=300)] = []
    """Measures whose figure was hidden or could not be stated."""
    figures: Annotated[list[Figure], Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [figure.measure for figure in self.figures]
        twice = next((key for key in keys if keys.count(key) > 1), "")
        if twice:
            raise ValueError(f"the measure “{twice}” stands twice")
        return self
