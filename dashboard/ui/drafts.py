"""How a half-typed form is written down and read again: its fields as JSON, without loss of their kind."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Any

_OURS = ("db.", "dashboard.")


def written(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that JSON can carry, each with its kind; what has no such form (a table's edits) is left out."""
    plain: dict[str, Any] = {}
    for name, value in values.items():
        try:
            plain[name] = _plain(value)
        except TypeError:
            continue
    return plain


def read(plain: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`written` wrote. A word that has left the vocabulary since is left out."""
    values: dict[str, Any] = {}
    for name, value in plain.items():
        try:
            values[name] = _value(value)
        except (ValueError, AttributeError, ImportError, KeyError):
            continue
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return {"of": f"{type(value).__module__}:{type(value).__qualname__}", "is": value.value}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for kind in (datetime, date, time):
        if isinstance(value, kind):
            return {"of": kind.__name__, "is": value.isoformat()}
    if isinstance(value, Decimal):
        return {"of": "Decimal", "is": str(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    raise TypeError(f"{type(value).__name__} has no place in a draft")


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(part) for part in plain]
    if not isinstance(plain, dict):
        return plain
    kind, text = str(plain["of"]), str(plain["is"])
    if kind == "Decimal":
        return Decimal(text)
    if kind in ("datetime", "date", "time"):
        return {"datetime": datetime, "date": date, "time": time}[kind].fromisoformat(text)
    module, _, name = kind.partition(":")
    if not module.startswith(_OURS):
        raise KeyError(kind)
    member = getattr(import_module(module), name)(text)
    if not isinstance(member, StrEnum):
        raise KeyError(kind)
    return member


def packed(form: Mapping[str, Any]) -> str:
    """A draft's content as text, always the same for the same content."""
    return json.dumps(form, ensure_ascii=False, sort_keys=True)
