"""For each field, which columns could be it: by what exports call them, held against what stands in them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from db.cad.columns import Column

NAMES: Mapping[str, tuple[str, ...]] = {
    "received": (
        r"\b(received|recvd|rcvd|recd)\b|^received|call ?received",
        r"(incident|call|event) ?(date ?time|dttm|dt ?tm|datetime)",
        r"^(date ?time|datetime|dttm|timestamp|date and time|date time.*)$",
        r"(response|created?|creation|entry|entered|open(ed)?|start(ed)?|initiated?) ?(date|time|dt|dttm|ts|on|at)",
        r"(date|time|dt|dttm) ?(received|created|entered|opened|initiated|of call|of incident|reported)",
        r"^time ?(create|entere?|receive|open|start)d?$|^(incident|call|event)? ?(timestamp|ts)$|queued",
        r"phone ?pick ?up|call ?(entry|taken|answered)",
        r"report(ed)?\b", r"^(incident|call|event|cfs|case) ?(date|dt)$", r"^(eventdt|calldate|incdate|date)$",
        r"^(incident|call|event) ?time$",
        r"\bdate\b",
    ),
    "type": (
        r"initial .*type group", r"^(call|cfs|incident|event|complaint) ?type( ?(desc\w*|name|text|description))$",
        r"call ?type$", r"\bnature\b", r"initial .*type",
        r"problem", r"offense", r"^(incident|event|complaint|cfs) ?type", r"^type( ?(desc\w*|name|of call))?$",
        r"type ?of (call|incident)", r"call ?type",
        r"(call|incident|event) ?(desc\w*|reason|category|class\w*|code)",
        r"^(complaint|reason|description|category|signal|code)$", r"type$", r"desc\w*$",
    ),
    "incident": (
        r"^(incident|inc) ?(num|no|number|id|nbr)\b", r"event ?(no|num|number|id|nbr)\b",
        r"^cad( ?(no|num|number|id|event|incident).*)?$",
        r"^(cfs|case) ?(no|num|number|id|nbr)?$", r"^call ?(no|num|number|id|nbr)$", r"^(master ?)?incident$",
        r"\b(incident|case|report|record|dr) ?(no|num|number|id|nbr)\b",
        r"^(id|number|no)$|\bitem( ?(no|num|number))?$",
    ),
    "location": (
        r"^(full ?)?address$", r"hundred ?block",
        r"^(incident|call|event|block)? ?(location|loc)( ?(address|text|desc\w*))?$", r"^bl(oc)?k ?(addr|address)",
        r"(incident|block|street|call|event) ?(address|addr|location|loc)\b", r"address|\baddr\b", r"location",
        r"\bblock\b", r"intersection", r"^(street|place)( ?name)?$",
    ),
    "latitude": (r"^(lat|latitude)\b", r"\b(lat|latitude)$", r"^y( ?(coord\w*|value))?$", r"geo ?y"),
    "longitude": (
        r"^(lon|long|lng|longitude)\b", r"\b(lon|long|lng|longitude)$", r"^x( ?(coord\w*|value))?$", r"geo ?x",
    ),
    "disposition": (
        r"final ?dispo", r"^disp( ?code)?$", r"dispo(sition)?( ?(desc\w*|text|name|remarks))\b", r"\bdispo",
        r"clearance ?desc",
        r"(clear\w*|close|closing) ?(code|desc\w*|reason)$",
        r"^(outcome|result|resolution|action taken)s?$", r"outcome|call ?result",
    ),
    "person": (
        r"person ?(key|id|num\w*|no)$", r"subject ?(key|id|num\w*|no)$", r"\bmni\b",
        r"(name|party|client|caller|patient) ?(id|key)$", r"master ?name",
    ),
    "unit": (
        r"^unit( ?(id|num|no|number|name|code|call ?sign))?$", r"^(responding|assigned|primary) ?unit",
        r"\bunit ?(id|num|number|name)$", r"^(apparatus|vehicle|car|officer)( ?(id|num|no|number|name))$",
        r"call ?sign",
    ),
    "dispatched": (r"dispatch", r"\bdisp ?(time|dt|dttm|date|ts)|^disp$", r"\bassign(ed)?\b"),
    "arrived": (r"on ?scene", r"\bat ?scene", r"arriv", r"\bonsc"),
    "cleared": (
        r"clear", r"available", r"back in service", r"clos(e|ed|ing)\b", r"complet", r"\bin ?service\b",
        r"finish|\bend(ed)? ?(date|time|dttm)",
    ),
    "ready_minutes": (
        r"time in service", r"ready", r"minutes", r"(time|min\w*) on (call|scene|task)", r"duration|elapsed",
        r"(total|service|handling) ?(time|minutes)",
    ),
}  # fmt: skip
"""What columns are called, the likeliest first; names are folded, marks and camel case read as spaces."""

LATER = re.compile(
    r"dispatch|arriv|on ?scene|at ?scene|clear|clos(e|ed|ing)|available|complet|en ?route|transport|hospital|updat"
    r"|modif|\bin ?db|watch|birth|dob|occur|staging|extract|export|load|last|\bend|assign|first unit|enrt"
)
"""Moments that are not when the call came in."""
_NOT: Mapping[str, re.Pattern[str]] = {
    "type": re.compile(
        r"unit|location|address|street|record|alarm|premise|priority|date|time|disposition|clearance|person|victim|weapon",
    ),
    "incident": re.compile(r"type|date|time|name|mutual|address"),
    "location": re.compile(
        r"\b(city|state|zip\w*|district|beat|zone|sector|type|id|count\w*|name of)\b|lat|lon|e ?mail|\bip\b"
    ),
    "disposition": re.compile(r"date|time|dttm"),
    "unit": re.compile(r"time|date|type|count|status|als|area"),
    "dispatched": re.compile(r"sequence|unit id|by\b|code|disposition|desc|group|district"),
    "arrived": re.compile(r"hospital|patient|by\b|code"),
    "cleared": re.compile(r"by\b|code|desc|group|hospital"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    column: Column
    score: float
    why: str


def candidates(field: str, columns: Sequence[Column]) -> list[Candidate]:
    """The columns that could be ``field``, likeliest first. One whose values speak against it is left out."""
    found = []
    for column in columns:
        named = _named(field, column)
        valued, words = VALUES[field](column)
        if valued <= 0 or (not named and valued < 1):
            continue
        score = (0.55 * named + 0.45 * valued) if named else 0.4 * valued
        called = "named like it" if named else "not named like it"
        found.append(Candidate(column, round(score, 3), f"{called}; {words}"))
    return sorted(found, key=lambda candidate: -candidate.score)


def _named(field: str, column: Column) -> float:
    """1 for the likeliest name, down to 0.5 for the least likely that still is one; 0 for none."""
    if (against := _NOT.get(field)) and against.search(column.plain):
        return 0.0
    patterns = NAMES[field]
    for k, pattern in enumerate(patterns):
        if re.search(pattern, column.plain):
            return 1 - 0.5 * k / len(patterns)
    return 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _received(column: Column) -> tuple[float, str]:
    if column.told < 0.02 or column.dated <= 0.5:
        return 0.0, ""
    if LATER.search(column.plain):
        return 0.0, ""
    full = f"{_percent(column.told)} of the rows have it, {_percent(column.dated)} of those are dates"
    return column.told * column.dated * (0.75 + 0.25 * column.timed) * 0.99, full + (
        " with a time" if column.timed > 0.5 else ""
    )


def _type(column: Column) -> tuple[float, str]:
    if column.told < 0.3 or column.dated > 0.2 or not column.cells:
        return 0.0, ""
    if column.rows >= 50 and column.variety > 0.9:
        return 0.0, ""
    words = f"{len(column.distinct):,} different ones in {len(column.cells):,} rows"
    lettered = 1.0 if column.words > 0.5 else 0.7
    return column.told * lettered * (0.99 if column.streets < 0.3 else 0.6), words


def _incident(column: Column) -> tuple[float, str]:
    if column.told < 0.3 or (column.dated > 0.3 and column.timed > 0.3) or column.length > 40:
        return 0.0, ""
    if (column.rows >= 20 and column.variety < 0.1) or any(
        " " in cell.strip() and len(cell) > 25 for cell in column.distinct[:50]
    ):
        return 0.0, ""
    return min(0.99, 0.4 + 0.6 * column.variety) * column.told, f"{_percent(column.variety)} of its cells are different"


def _location(column: Column) -> tuple[float, str]:
    if column.told < 0.05 or column.dated > 0.5:
        return 0.0, ""
    if column.numeric > 0.9:
        return 0.0, ""
    streets = max(column.streets, 0.5 * column.words)
    if column.degrees_inside > 0.5:  # an address with its coordinates behind it: another column has it plain
        streets *= 0.7
    return column.told * (0.4 + 0.59 * streets), f"{_percent(column.streets)} of its cells look like streets"


def _degrees(limit: int) -> Callable[[Column], tuple[float, str]]:
    def judge(column: Column) -> tuple[float, str]:
        share = column.degrees(limit)
        return (0.99 * share if share > 0.3 else 0.0), f"{_percent(share)} of its cells are degrees"

    return judge


def _disposition(column: Column) -> tuple[float, str]:
    if not column.cells or column.dated > 0.5 or column.clock_only > 0.5:
        return 0.0, ""
    if column.rows >= 50 and column.variety > 0.95:
        return 0.0, ""
    return 0.6 + 0.39 * column.told, f"{len(column.distinct):,} different ones"


def _person(column: Column) -> tuple[float, str]:
    if not column.cells or column.dated > 0.5:
        return 0.0, ""
    return 0.6 + 0.39 * column.told, f"{_percent(column.told)} of the rows have it"


def _unit(column: Column) -> tuple[float, str]:
    if column.told < 0.1 or column.length > 15 or column.dated > 0.3 or len(column.distinct) < 2:
        return 0.0, ""
    if {cell.casefold() for cell in column.distinct} <= {"true", "false", "yes", "no", "y", "n"}:
        return 0.0, ""
    return 0.6 + 0.39 * column.told, f"{len(column.distinct):,} different ones"


def _unit_moment(column: Column) -> tuple[float, str]:
    timed = max(column.timed, column.clock_only)
    if timed < 0.5:
        return 0.0, ""
    return 0.99 * timed * (0.5 + 0.5 * column.told), f"{_percent(timed)} of its cells are times"


def _ready(column: Column) -> tuple[float, str]:
    if column.stretches < 0.6 or column.dated > 0.2:
        return 0.0, ""
    return 0.99 * column.stretches, f"{_percent(column.stretches)} of its cells are lengths of time"


VALUES: Mapping[str, Callable[[Column], tuple[float, str]]] = {
    "received": _received, "type": _type, "incident": _incident, "location": _location, "latitude": _degrees(90),
    "longitude": _degrees(180), "disposition": _disposition, "person": _person, "unit": _unit,
    "dispatched": _unit_moment, "arrived": _unit_moment, "cleared": _unit_moment, "ready_minutes": _ready,
}  # fmt: skip
"""field → what its values say for a column: 0 to 1, and in words. Without a fitting name only a 1 counts."""
