"""What finance may submit about the quarterly report: its words, the expenditure category, the filing itself."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, StringConstraints, model_validator

from db.arpa.fields import Field, Kind, categories, fields
from db.errors import Invalid
from db.forms import Form, blank_is_none
from db.forms.money import read_amount

LONGEST = 10_000
"""Characters of one value. More than the Treasury takes is kept, and said; nothing typed is cut."""


class FieldsForm(Form):
    """Typed values by :func:`db.arpa.worksheet.key_of`, which hold from ``quarter`` on. Empty text clears one.

    Amounts may be written “$1,250.5” and dates “11/14/2026”; they are kept as “1250.50” and “2026-11-14”.
    """

    ask: ClassVar = {"quarter": "The quarter is missing. Choose one in the calendar."}

    quarter: date
    values: Mapping[str, str]

    @model_validator(mode="before")
    @classmethod
    def _as_kept(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("values"), Mapping):
            return given
        known = {(field.section, field.name): field for field in fields() if field.open}
        kept: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for key, value in given["values"].items():
            section, _, name = str(key).partition(":")[0].partition(".")
            field = known.get((section, name))
            try:
                if field is None:
                    raise ValueError(f"“{key}” is no field of the report that can be typed. Reload the page.")
                kept[str(key)] = as_kept(field, value)
            except ValueError as error:
                wrong[str(key)] = str(error)
        if wrong:
            raise Invalid(wrong)
        return {**given, "values": kept}


def as_kept(field: Field, value: Any) -> str:
    """A typed value in the form it is kept in. ValueError, one sentence, for what cannot be read."""
    text = "" if value is None else str(value).strip()
    if len(text) > LONGEST:
        raise ValueError(f"“{field.label}” has {len(text):,} characters; {LONGEST:,} can be kept. Shorten it.")
    if not text:
        return ""
    if field.kind is Kind.amount:
        return f"{read_amount(text):.2f}"
    if field.kind is Kind.date:
        return _day(field, text).isoformat()
    return text


def _day(field: Field, text: str) -> date:
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise ValueError(f"“{field.label}” is “{text}”, which is not a date. Write it like 2026-11-14.")


def _known_category(value: Any) -> Any:
    if value is not None and value not in {category.code for category in categories()}:
        known = ", ".join(category.code for category in categories())
        raise ValueError(f"“{value}” is not among the expenditure categories. Choose one of {known}.")
    return value


class CategoryForm(Form):
    """The expenditure category of the grant."""

    ask: ClassVar = {"category": "Choose an expenditure category."}

    category: Annotated[str, BeforeValidator(_known_category)]


class FileForm(Form):
    """File a quarter as its worksheet stands now. ``reason``: why it is filed again."""

    ask: ClassVar = {"quarter": "The quarter is missing. Choose one in the calendar."}

    quarter: date
    reason: Annotated[Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(blank_is_none)] = None
