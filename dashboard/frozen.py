"""What an edition keeps: Results and what else was said on the day, as JSON that reads back equal, to the digit.

Only what has passed disclosure comes here: a Result with a guard (raw counts) is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from dashboard.model import Audience, Estimate, Filters, Result
from db.sealed import digest as digest

FORM = 1
"""The version of what is written. Another one is refused."""
LEFT_OUT = frozenset({"exact", "lines"})
"""Marks that pages of today read: objects of the ledger, whose figures the table has as well."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not certified, or missing, when the edition was prepared. ``said``: language → sentence."""

    kind: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Correction:
    """One published figure that is another than in the edition before. ``cell``: empty for the headline."""

    measure: str
    cell: str
    was: str
    now: str
    why: str
    """``new data``, ``correction`` or ``definition``."""
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A member's question as it stood when the edition was prepared. ``answer`` is empty while it is open."""

    edition: str
    asked: str
    asked_by: str = ""
    owner: str = ""
    due_on: date | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Frozen:
    """All figures of one meeting. ``results``: language → key of the measure → Result, of the public audience."""

    results: Mapping[str, Mapping[str, Result]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Pilot, city, weeks, threshold: what the slides say beside the measures."""
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """Key → what tells one definition from another (the words, the window, the rules): see ``dashboard.edition``."""
    gaps: tuple[Gap, ...] = ()
    corrections: tuple[Correction, ...] = ()
    questions: tuple[Asked, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    """Key → number of the edition whose Result stands here still, since so few came to it that they could be told."""


def freeze(content: Frozen) -> dict[str, Any]:
    """Plain JSON values. Raises ValueError for a Result that still holds raw counts."""
    for results in content.results.values():
        for result in results.values():
            if result.guard is not None or result.audience is not Audience.public:
                raise ValueError(f"“{result.key}” has not passed disclosure: it cannot be frozen")
    return {"form": FORM, **_pack(content)["v"]}


def thaw(written: Mapping[str, Any]) -> Frozen:
    """The content again. Raises ValueError for another form than ``FORM``."""
    if written.get("form") != FORM:
        raise ValueError(f"this edition is of form {written.get('form')}, and form {FORM} is read")
    found: Frozen = _unpack({"$": "Frozen", "v": {k: v for k, v in written.items() if k != "form"}})
    return found


# --- values: what JSON has not is an object with "$" -----------------------------------------------------

_KINDS: Mapping[str, Any] = {
    kind.__name__: kind for kind in (Frozen, Gap, Correction, Asked, Result, Filters, Estimate)
}


def _pack(value: Any) -> Any:
    if isinstance(value, Audience):
        return {"$": "audience", "v": value.value}
    if value is None or isinstance(value, str | bool):
        return value
    if value is pd.NA or value is pd.NaT:
        return {"$": "na"}
    if isinstance(value, np.generic):
        return _pack(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"$": "float", "v": repr(value)}
    if isinstance(value, Decimal):
        return {"$": "decimal", "v": str(value)}
    if isinstance(value, datetime):
        return {"$": "moment", "v": value.isoformat()}
    if isinstance(value, date):
        return {"$": "day", "v": value.isoformat()}
    if isinstance(value, pd.DataFrame):
        return {"$": "table", "v": [_pack_column(name, value[name]) for name in value.columns]}
    if isinstance(value, tuple):
        return {"$": "tuple", "v": [_pack(each) for each in value]}
    if isinstance(value, list):
        return [_pack(each) for each in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and "$" not in value:
            return {key: _pack(each) for key, each in value.items()}
        return {"$": "map", "v": [[_pack(key), _pack(each)] for key, each in value.items()]}
    if isinstance(value, Result):
        value = replace(value, marks={key: each for key, each in value.marks.items() if key not in LEFT_OUT})
    if is_dataclass(value) and type(value).__name__ in _KINDS:
        mine = {f.name: _pack(getattr(value, f.name)) for f in fields(value) if f.name != "guard"}
        return {"$": type(value).__name__, "v": mine}
    raise ValueError(f"{type(value).__name__} cannot be frozen: {value!r}")


def _pack_column(name: str, column: pd.Series) -> dict[str, Any]:
    return {"name": name, "dtype": str(column.dtype), "cells": [_pack(cell) for cell in column]}


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "$" not in value:
        return {key: _unpack(each) for key, each in value.items()}
    kind: str = value["$"]
    inside: Any = value.get("v")
    if kind in _KINDS:
        return _KINDS[kind](**{name: _unpack(each) for name, each in inside.items()})
    return _READ[kind](inside)


def _table(columns: list[dict[str, Any]]) -> pd.DataFrame:
    made = {c["name"]: pd.Series([_unpack(cell) for cell in c["cells"]], dtype=c["dtype"]) for c in columns}
    return pd.DataFrame(made)


_READ: Mapping[str, Any] = {
    "na": lambda _: pd.NA,
    "audience": Audience,
    "float": float,
    "decimal": Decimal,
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "table": _table,
    "tuple": lambda each: tuple(_unpack(one) for one in each),
    "map": lambda pairs: {_unpack(key): _unpack(each) for key, each in pairs},
}
