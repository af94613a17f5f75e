"""Calls made into rows: types and rules, places, imports, calls, units."""

import hashlib
from datetime import datetime, timedelta
from random import Random

from db.cad.rules import decider
from db.models import Call, CallGap, CallRule, CallType, CallUnit, Import, ImportRefusal, Location
from db.types import keyed_hash
from db.vocab import CallCategory, RuleKind
from seed import reference
from seed.bulk import Row, Rows
from seed.calls import Happening
from seed.story import TRUTHS, Clock, monday_of, stream

MAPPING = {
    "received": ["Received"],
    "type": ["Nature"],
    "incident": ["Incident"],
    "location": ["Block", "Street"],
    "disposition": ["Disposition"],
    "person": ["Subject"],
}
IMPORT_DAYS = 28
"""One import for all the years before launch, then one every four weeks."""


def call_rows(calls: list[Happening], clock: Clock, seed: int) -> Rows:
    """Everything of the calls that were received before the day on which the city stands."""
    calls = [c for c in calls if c.day < clock.cut]
    rules = _rules()
    types = _types(calls, rules)
    places = _places(calls)
    keys: dict[int, str] = {}
    rows: Rows = {
        CallRule: rules,
        CallType: list(types.values()),
        Location: list(places.values()),
        Call: [],
        CallUnit: [],
        CallGap: [_gap(clock)],
    }
    random, midnight = stream(seed, "units"), clock.at(clock.cut, 0)
    imports = _imports(calls, clock, rows)
    for number, call in enumerate(calls, start=1):
        if call.subject and call.subject not in keys:
            keys[call.subject] = keyed_hash(f"SUBJECT-{call.subject}", "call person")
        row = _call(number, call, clock)
        row |= {
            "type_id": types[call.kind]["id"],
            "location_id": places[call.place]["id"] if call.place else None,
            "person_key": keys.get(call.subject or 0),
            "import_id": imports[_batch(call.day)]["id"],
            "disposition": _disposition(call, types[call.kind]["category"], random),
        }
        rows[Call].append(row)
        rows[CallUnit] += _units(row, types[call.kind]["category"], random, midnight)
    return rows


def _call(number: int, call: Happening, clock: Clock) -> Row:
    return {
        "id": number,
        "identity_key": call.incident,
        "incident_number": call.incident,
        "received_at": clock.at(call.day, call.minute),
        "received_on": clock.day(call.day),
    }


def _rules() -> list[Row]:
    """The city's own exact types first; the defaults of common vocabularies behind them, for later imports."""
    own = [(r["kind"], r["value"], r["category"], "Harbor's own type") for r in reference.table("call_rules")]
    common = [(r["kind"], r["value"], r["category"], r["why"]) for r in reference.default_rules()]
    return [
        {
            "id": k,
            "position": 10 * k,
            "kind": RuleKind(kind),
            "value": value,
            "category": CallCategory(category),
            "note": note,
        }
        for k, (kind, value, category, note) in enumerate(own + common, start=1)
    ]


def _types(calls: list[Happening], rules: list[Row]) -> dict[str, Row]:
    decide = decider([CallRule(**rule) for rule in rules])
    types: dict[str, Row] = {}
    for name in dict.fromkeys(c.kind for c in calls):  # ids in the order of first appearance, on any date
        rule = decide(name)
        types[name] = {"id": len(types) + 1, "name": name, "category": rule.category if rule else None}
    return types


def _places(calls: list[Happening]) -> dict[str, Row]:
    institutions = reference.names("institution")
    names = dict.fromkeys([*institutions, *(c.place for c in calls if c.place)])
    return {name: {"id": k, "name": name, "is_institution": name in institutions} for k, name in enumerate(names, 1)}


def _gap(clock: Clock) -> Row:
    first = monday_of(TRUTHS.gap_week)
    return {
        "id": 1,
        "first_day": clock.day(first),
        "last_day": clock.day(first + 6),
        "reason": "Lost when dispatch moved to its new system",
    }


# imports


def _batch(day: int) -> int:
    return 0 if day < 0 else 1 + day // IMPORT_DAYS


def _imports(calls: list[Happening], clock: Clock, rows: Rows) -> dict[int, Row]:
    """The loads these calls came with; the first one refused some rows of the bad week."""
    batches: dict[int, list[Happening]] = {}
    for call in calls:
        batches.setdefault(_batch(call.day), []).append(call)
    imports: dict[int, Row] = {}
    rows[ImportRefusal] = []
    for batch, found in sorted(batches.items()):
        due = -20 if batch == 0 else min(batch * IMPORT_DAYS, clock.cut)
        refused = _refusals(rows, found) if batch == 0 else 0
        name = "cad_history.csv" if batch == 0 else f"cad_{clock.day((batch - 1) * IMPORT_DAYS):%Y_%m_%d}.csv"
        imports[batch] = {
            "id": len(imports) + 1,
            "at": clock.at(max(due, 0) - 1 if due > 0 else due, 990),
            "by": "analyst",
            "file_name": name,
            "file_hash": hashlib.sha256(f"fictional load {batch}".encode()).hexdigest(),
            "mapping": MAPPING,
            "rows_read": len(found) + refused,
            "added": len(found),
            "already_there": 0,
            "refused": refused,
            "first_received": clock.at(found[0].day, found[0].minute),
            "last_received": clock.at(found[-1].day, found[-1].minute),
        }
    rows[Import] = list(imports.values())
    return imports


def _refusals(rows: Rows, found: list[Happening]) -> int:
    spoiled = next(k for k, call in enumerate(found) if call.day >= monday_of(TRUTHS.bad_week) + 3)
    for k in range(9):
        reason = f"Received “0{k + 1}/32/00 24:6{k}” is not a date."
        rows[ImportRefusal].append({"id": k + 1, "import_id": 1, "line": spoiled + 2 + k, "reason": reason})
    return 9


# what the officers did

_ENDINGS = {
    CallCategory.behavioural_health: (
        ("ASSISTED", 46),
        ("TRANSPORTED - HOSPITAL", 21),
        ("REFERRED", 12),
        ("GONE ON ARRIVAL", 9),
        ("REPORT TAKEN", 7),
        ("ARREST", 5),
    ),
    CallCategory.control: (
        ("ADVISED", 45),
        ("REPORT TAKEN", 27),
        ("GONE ON ARRIVAL", 15),
        ("ARREST", 8),
        ("UNFOUNDED", 5),
    ),
}


def _disposition(call: Happening, category: CallCategory | None, random: Random) -> str | None:
    endings = _ENDINGS.get(category) if category else None
    if endings is None or call.place is None:
        return None
    return random.choices([e for e, _ in endings], [w for _, w in endings])[0]


def _units(call: Row, category: CallCategory | None, random: Random, now: datetime) -> list[Row]:
    """The units that went, with their times up to ``now``; a few never arrived, some calls have no unit at all."""
    if category is CallCategory.behavioural_health:
        count, minutes = random.choices((1, 2, 3), (40, 47, 13))[0], 36
    elif category is CallCategory.control and random.random() < 0.75:
        count, minutes = random.choices((1, 2), (75, 25))[0], 20
    else:
        return []
    units = []
    for unit in random.sample(_UNITS, count):
        dispatched = call["received_at"] + timedelta(seconds=random.randint(60, 900))
        arrived = dispatched + timedelta(seconds=random.randint(180, 1200))
        stayed = timedelta(seconds=round(60 * min(minutes * random.lognormvariate(0, 0.55), 400)))
        came = random.random() > 0.05
        times = {
            "dispatched_at": dispatched,
            "arrived_at": arrived if came else None,
            "cleared_at": arrived + stayed if came else dispatched + timedelta(minutes=4),
        }
        known = {name: moment if moment and moment < now else None for name, moment in times.items()}
        units.append({"call_id": call["id"], "unit": unit} | known)
    return units


_UNITS = [f"{watch}{letter}{number}" for watch in "12" for letter in "ABC" for number in range(11, 17)]
