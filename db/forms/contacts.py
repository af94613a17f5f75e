"""A row of contacts typed elsewhere (a spreadsheet, another program): its columns, and what a cell may say.

Headers are matched without regard to case, accents and spacing. An answer may be the plain name of the
vocabulary in English or Spanish (“Phone or video”) or its key (``phone_video``).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from db.commands.people import fold
from db.errors import Invalid, Unreadable
from db.vocab import Disposition, Language, Mode, Need, Outcome, Purpose, label

E = TypeVar("E", bound=StrEnum)

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "day", "at", "when", "date and time", "fecha"),
    "time": ("time", "start", "hora"),
    "person": ("person", "code", "person code", "name", "client", "persona", "nombre"),
    "born_on": ("birth date", "born on", "date of birth", "dob", "fecha de nacimiento"),
    "language": ("language", "idioma"),
    "mode": ("mode", "how", "modo"),
    "purpose": ("purpose", "what for", "proposito"),
    "minutes": ("minutes", "duration", "minutos"),
    "outcome": ("outcome", "result", "resultado"),
    "needs": ("needs", "need", "necesidades"),
    "incident_number": ("incident number", "incident", "case number"),
    "provider": ("provider", "proveedor"),
    "disposition": ("disposition", "primary disposition"),
    "arrest_eligible": ("arrest eligible",),
    "arrested": ("arrested", "arrest made"),
    "transport_intended": ("transport intended",),
    "transport_avoided": ("transport avoided", "transport averted"),
    "force_used": ("force used", "force"),
    "injury": ("injury",),
    "staff": ("staff", "staff member", "by"),
    "note": ("note", "notes", "nota"),
}
"""Field → the headers it may have."""
REQUIRED = ("date", "mode", "purpose", "minutes", "outcome")
EXAMPLE = (
    "date,time,person,mode,purpose,minutes,outcome,needs,incident number,note",
    '2026-11-12,14:30,P-0132,Phone or video,Follow-up,20,"Engaged, accepted help",Housing or shelter; Medical,,',
    "2026-11-12,16:00,,Consultation to an officer,Advice to an officer,15,Reached,,26-041877,",
)
"""A file to start from: the header and two rows."""
NOON = time(12)
_DAYS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%d %b %Y", "%b %d, %Y")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
_YES, _NO = frozenset({"yes", "y", "true", "1", "x", "si"}), frozenset({"no", "n", "false", "0"})
_FLAGS = ("arrest_eligible", "arrested", "transport_intended", "transport_avoided", "force_used", "injury")


def columns_of(header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Field → its column, and the headers nobody reads. Raises Unreadable when a required one is missing."""
    known = {fold(title): field for field, titles in COLUMNS.items() for title in (field, *titles)}
    found: dict[str, int] = {}
    unread: list[str] = []
    for number, title in enumerate(header):
        field = known.get(fold(title))
        if field is None or field in found:
            unread += [title] if title.strip() else []
        else:
            found[field] = number
    if missing := [field for field in REQUIRED if field not in found]:
        raise Unreadable(
            f"The file has no column {' and no column '.join(f'“{m}”' for m in missing)}. "
            f"Its first row must name the columns, like: {EXAMPLE[0]}"
        )
    return found, unread


def answers(cells: Mapping[str, str], zone: str) -> dict[str, Any]:
    """The cells of one row as the values of an InterventionForm, but for whom and whose it is. Raises Invalid."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}

    def take(field: str, read: Any) -> None:
        try:
            values[field] = read()
        except ValueError as error:
            wrong[field] = str(error)

    take("at", lambda: moment(cells.get("date", ""), cells.get("time", ""), zone))
    take("mode", lambda: member(Mode, cells.get("mode", ""), "mode"))
    take("purpose", lambda: member(Purpose, cells.get("purpose", ""), "purpose"))
    take("outcome", lambda: member(Outcome, cells.get("outcome", ""), "outcome"))
    take("needs", lambda: needs(cells.get("needs", "")))
    if cells.get("disposition", "").strip():
        take("disposition", lambda: member(Disposition, cells["disposition"], "disposition"))
    for flag in _FLAGS:
        if cells.get(flag, "").strip():
            take(flag, lambda flag=flag: yes_or_no(cells[flag], flag))
    if wrong:
        raise Invalid(wrong)
    minutes = re.sub(r"\.0+$", "", cells.get("minutes", "").strip())
    kept = {name: cells[name] for name in ("incident_number", "note") if cells.get(name, "").strip()}
    return {name: value for name, value in (values | kept).items() if value is not None} | {"minutes": minutes or None}


def member(kind: type[E], text: str, field: str) -> E | None:
    """The member that ``text`` names; None for an empty cell, which the form asks about."""
    if not text.strip():
        return None
    value = _names(kind).get(fold(text))
    if value is None:
        offered = ", ".join(label(m) for m in kind)
        raise ValueError(f"“{text.strip()}” is not one of the answers for {field}: {offered}.")
    return kind(value)


def needs(text: str) -> frozenset[Need]:
    parts = [part for part in re.split(r"[;|\n]", text) if part.strip()]
    return frozenset(n for part in parts if (n := member(Need, part, "needs")) is not None)


def language(text: str) -> Language:
    return member(Language, text, "language") or Language.unknown


def yes_or_no(text: str, field: str) -> bool:
    word = fold(text)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"“{text.strip()}” is neither yes nor no for {field.replace('_', ' ')}. Write one of the two.")


def a_day(text: str, field: str = "date") -> date:
    """A day as spreadsheets write it; with slashes the month comes first."""
    text = text.strip()
    for pattern in _DAYS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    if not text:
        raise ValueError(f"The {field} is missing. Write it like 2026-11-14.")
    raise ValueError(f"“{text}” is not a {field}. Write it like 2026-11-14 or 11/14/2026.")


def moment(day: str, clock: str, zone: str) -> datetime:
    """Day and time of the pilot's zone; both may stand in one cell, a missing time is noon."""
    day, clock = day.strip(), clock.strip()
    if not clock and (two := re.fullmatch(r"(.*?\d)[T ]+(\d{1,2}:\d{2}.*)", day)):
        day, clock = two[1], two[2]
    on = a_day(day.split(" 00:00:00")[0])
    return datetime.combine(on, a_time(clock) if clock else NOON, ZoneInfo(zone))


def a_time(text: str) -> time:
    tidy = text.upper().replace(".", "").strip() if "M" in text.upper() else text.strip()
    for pattern in _CLOCKS:
        try:
            return datetime.strptime(tidy, pattern).time()  # noqa: DTZ007 (the zone is the pilot's)
        except ValueError:
            continue
    raise ValueError(f"“{text}” is not a time. Write it like 14:30 or 2:30 PM.")


@cache
def _names(kind: type[StrEnum]) -> dict[str, str]:
    return {fold(name): m.value for m in kind for name in (m.value, label(m), label(m, "es"))}
