"""What a person may submit: pydantic models, one file a subject, and one sentence for each wrong field.

A model checks what can be checked without a database or a clock. ``Form.contradictions`` checks what
needs the moment; the commands call :meth:`Form.check` again, so a form built by hand is refused as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from pydantic import BaseModel, ConfigDict, ValidationError

from db import vocab
from db.errors import Invalid
from db.models import Pilot
from db.pilot import local_day


@dataclass(frozen=True, slots=True)
class Now:
    """When a form is submitted, and where: what the rules about dates need."""

    at: datetime
    zone: str
    starts_on: date
    """First day of the pilot."""

    @classmethod
    def of(cls, pilot: Pilot, now: datetime) -> Self:
        return cls(now, pilot.time_zone, pilot.starts_on)

    @property
    def today(self) -> date:
        return self.local_day(self.at)

    def local_day(self, at: datetime) -> date:
        return local_day(at, self.zone)

    def local(self, moment: datetime) -> str:
        return clock(moment, self.zone)


class Form(BaseModel):
    """The base of every form: strict about unknown fields, text stripped, frozen once made."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)
    ask: ClassVar[Mapping[str, str]] = {}
    """What to say when a field is missing: field (or ``part.field`` of forms within) → sentence."""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        """(field, sentence) for each rule across fields or about dates that is broken."""
        return iter(())

    def doubts(self, now: Now) -> Iterator[str]:
        """Sentences for what may be right but is worth a look. Nothing is refused for them."""
        return iter(())

    def check(self, now: Now) -> None:
        """Raise :class:`Invalid` with every broken rule; the first sentence for a field wins."""
        broken: dict[str, str] = {}
        for field, sentence in self.contradictions(now):
            broken.setdefault(field, sentence)
        if broken:
            raise Invalid(broken)


F = TypeVar("F", bound=Form)


def checked(kind: type[F], values: Mapping[str, Any], now: Now | None = None) -> F:
    """Make a form of what was typed, or raise :class:`Invalid` with one sentence for each wrong field."""
    try:
        form = kind(**{name: _without_nul(value) for name, value in values.items()})
    except ValidationError as error:
        raise invalid(error, kind) from None
    if now is not None:
        form.check(now)
    return form


def _without_nul(value: Any) -> Any:
    """Nobody types a NUL; PostgreSQL stores none, SQLite would."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(v) for v in value]
    return {k: _without_nul(v) for k, v in value.items()} if isinstance(value, dict) else value


def invalid(error: ValidationError, kind: type[Form]) -> Invalid:
    """Pydantic's errors as ours: the outermost field → one sentence with the value and the way out."""
    sentences: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        sentences.setdefault(field, _sentence(problem, field, kind))
    return Invalid(sentences)


_WAYS_OUT = {
    "int_parsing": "“{value}” is not a whole number. Write {field} in digits, like 30.",
    "int_from_float": "“{value}” is not a whole number. Write {field} in digits, like 30.",
    "int_type": "“{value}” is not a whole number. Write {field} in digits, like 30.",
    "decimal_parsing": "“{value}” is not a number. Write {field} in digits, like 12.5.",
    "string_too_long": "{field} has {length} characters; {max_length} fit. Shorten it.",
    "string_too_short": "{field} is empty. Write it, or choose another answer.",
    "enum": "“{value}” is not one of the answers for {field}. Choose one from the list.",
    "date_from_datetime_parsing": "“{value}” is not a date. Write {field} like 2026-11-14.",
    "date_parsing": "“{value}” is not a date. Write {field} like 2026-11-14.",
    "datetime_parsing": "“{value}” is not a date and time. Write {field} like 2026-11-14 10:30.",
    "timezone_aware": "{field} has no time zone. Choose the date and time again.",
    "greater_than_equal": "{value} is too low for {field}: the lowest is {ge}.",
    "less_than_equal": "{value} is too high for {field}: the highest is {le}.",
    "too_short": "Nothing is ticked for {field}. Tick at least one.",
    "extra_forbidden": "There is no field {field} on this form.",
}


def _sentence(problem: Any, field: str, kind: type[Form]) -> str:
    value, rule = blank_is_none(problem["input"]), problem["type"]
    inner = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
    if rule in ("value_error", "assertion_error"):
        return str(problem["ctx"]["error"])
    if rule == "missing" or value in (None, [], (), frozenset()):
        for name in (inner, field):
            if name in kind.ask:
                return kind.ask[name]
    name = field.replace("_", " ") or "this"
    if rule == "missing" or value is None:
        return f"The {name} is missing. Fill it in."
    known = {"value": value, "field": name, "length": len(value) if isinstance(value, str) else 0}
    words = _WAYS_OUT.get(rule, "“{value}” does not fit {field}. Check it.")
    sentence = words.format(**known, **problem.get("ctx", {}))
    return sentence[0].upper() + sentence[1:]


def blank_is_none(value: Any) -> Any:
    """An empty text field is no answer."""
    return None if isinstance(value, str) and not value.strip() else value


def day(value: date) -> str:
    """“10 Nov 2022”."""
    return format_date(value, "d MMM y", locale="en")


def clock(moment: datetime, zone: str) -> str:
    """“10 Nov 2022, 14:05” in ``zone``."""
    return format_datetime(moment, "d MMM y, HH:mm", tzinfo=ZoneInfo(zone), locale="en")


def quoted(member: StrEnum) -> str:
    """A vocabulary member's plain name in quotation marks."""
    return f"“{vocab.label(member)}”"
