"""What the Treasury asks, as data: sections and fields with their ids, lengths and choices; expenditure categories.

The ids change from quarter to quarter. A file ``arpa-fields.csv`` in ``TANDEM_HOME`` takes the place of the one in
this folder: same columns, same sections and fields; id, label, required, length, pattern, choices may differ.
"""

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

from db import settings
from db.errors import Setup

OWN_FILE = "arpa-fields.csv"
SECTIONS = {
    "project": "Project",
    "payees": "Payees over $50,000",
    "awards": "Awards over $50,000",
    "expenditures": "Expenditures over $50,000",
    "aggregates": "Awards up to $50,000",
}
"""Section → its title, which is also the name of its sheet (31 characters at most, as Excel has it)."""


class Kind(StrEnum):
    text = "text"
    amount = "amount"
    date = "date"
    choice = "choice"


class Filled(StrEnum):
    """Where a value comes from: the books, the setting of the grant, proposed and open to change, or typed."""

    ledger = "ledger"
    setting = "setting"
    default = "default"
    typed = "typed"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one section. ``length``: characters at most, None where there is no limit.

    ``required`` is “yes”, “no”, “or other” (one of the two is needed) or “when other=value”. ``categories``: the
    expenditure categories that ask it, empty for all.
    """

    section: str
    name: str
    id: str
    label: str
    required: str
    kind: Kind
    length: int | None
    pattern: str
    choices: tuple[str, ...]
    filled: Filled
    categories: tuple[str, ...]
    hint: str
    source: str

    @property
    def open(self) -> bool:
        """Whether finance may write it."""
        return self.filled in (Filled.default, Filled.typed)


@dataclass(frozen=True, slots=True)
class Category:
    """An expenditure category of the Treasury, with what it means in plain words."""

    code: str
    name: str
    group: str
    description: str

    @property
    def label(self) -> str:
        return f"{self.code}-{self.name}" if self.name else self.code


def fields(category: str | None = None, section: str | None = None) -> tuple[Field, ...]:
    """The fields in the file's order: all, those that ``category`` asks, those of ``section``.

    Raises Setup, with the line, for a file of one's own that cannot be used.
    """
    own = settings.load().home / OWN_FILE
    found = _read(own, own.stat().st_mtime_ns) if own.is_file() else _packaged()
    wanted = (field for field in found if section in (None, field.section))
    return tuple(f for f in wanted if category is None or not f.categories or category in f.categories)


@cache
def categories() -> tuple[Category, ...]:
    """The candidates, the usual one first."""
    rows = csv.DictReader(files("db").joinpath("arpa/categories.csv").read_text("utf-8").splitlines())
    return tuple(Category(row["code"], row["name"], row["group"], row["description"]) for row in rows)


def category_of(code: str) -> Category:
    """The category of that code; one that is not in the file is shown by its code alone."""
    return next((c for c in categories() if c.code == code), Category(code, "", "", ""))


@cache
def _packaged() -> tuple[Field, ...]:
    return _parsed(files("db").joinpath("arpa/fields.csv").read_text("utf-8"), "fields.csv")


@cache
def _read(path: Path, _changed: int) -> tuple[Field, ...]:
    """An administrator's own file; read again when it was changed."""
    try:
        found = _parsed(path.read_text("utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Setup(f"{path.name} cannot be read ({error}). Save it as CSV in UTF-8, or remove it.") from None
    ours = {(field.section, field.name) for field in _packaged()}
    theirs = {(field.section, field.name) for field in found}
    for missing in sorted(ours - theirs):
        raise Setup(f"{path.name} has no row for {missing[0]}, {missing[1]}. Add it, or remove the file.")
    for unknown in sorted(theirs - ours):
        raise Setup(f"{path.name} has a row {unknown[0]}, {unknown[1]} that Tandem cannot fill. Remove that row.")
    return found


def _parsed(text: str, name: str) -> tuple[Field, ...]:
    found: list[Field] = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            re.compile(row["pattern"])
            field = Field(
                section=row["section"],
                name=row["field"],
                id=row["id"],
                label=row["label"],
                required=row["required"],
                kind=Kind(row["type"]),
                length=int(row["length"]) if row["length"] else None,
                pattern=row["pattern"],
                choices=tuple(row["choices"].split("|")) if row["choices"] else (),
                filled=Filled(row["filled"]),
                categories=tuple(row["categories"].split()),
                hint=row["hint"],
                source=row["source"],
            )
        except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
            raise Setup(f"Line {number} of {name} cannot be used ({error}). Correct it, or remove the file.") from None
        found.append(field)
    return tuple(found)
