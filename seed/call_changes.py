"""What the analyst changed in what calls mean since launch: a rule for one week, a place that is an institution."""

from datetime import timedelta

from db.models import Call, CallRule, CallRuleChange, CallType, CallTypeSpan, Event, Location
from db.vocab import CallCategory, EventKind, RuleKind
from db.vocab.rules import RuleAction
from seed.bulk import Row, Rows
from seed.story import TRUTHS, Clock, monday_of

SPOILED = "CONV-UNKNOWN"
RESPITE = "KELPIE CRISIS RESPITE"
MARKED = monday_of(9) + 2
"""The day, from launch, on which the analyst saw that a place calls for many people."""


def call_change_rows(rows: Rows, clock: Clock) -> Rows:
    """The changes, with their rule, its days and the break line; all of it as the commands would have written it."""
    rule, span = _spoiled_week(rows, clock)
    place = next(row for row in rows[Location] if row["name"] == RESPITE)
    counted = _types_of(rows, CallCategory.behavioural_health, CallCategory.control)
    there = sum(call["location_id"] == place["id"] and call["type_id"] in counted for call in rows[Call])
    spoiled = sum(
        call["type_id"] == span["type_id"] and span["first_day"] <= call["received_on"] <= span["last_day"]
        for call in rows[Call]
    )
    line = {
        "id": max(event["id"] for event in rows[Event]) + 1,
        "on_date": clock.day(MARKED),
        "kind": EventKind.definition,
        "label": f"Call rules: {RESPITE}",
        "source": "rule change",
    }
    added = {
        "id": 1,
        "at": clock.at(4, 610),
        "action": RuleAction.added,
        "rule_id": rule["id"],
        "subject": f"“{SPOILED}”: left out, the week that was converted badly",
        "types": 1,
        "calls": spoiled,
    }
    marked = {
        "id": 2,
        "at": clock.at(MARKED, 915),
        "action": RuleAction.marked,
        "subject": RESPITE,
        "after": {"locations": [place["id"]]},
        "calls": there,
        "event_id": line["id"],
    }
    return {
        CallRule: [*rows[CallRule], rule],
        CallTypeSpan: [span],
        Event: [*rows[Event], line],
        CallRuleChange: [
            change | {"by": "analyst"} for change in (added, marked) if change["at"] < clock.at(clock.cut, 0)
        ],
    }


def _spoiled_week(rows: Rows, clock: Clock) -> tuple[Row, Row]:
    """A rule for the days of the bad conversion alone, and what it makes of the type on them."""
    kind = next(row for row in rows[CallType] if row["name"] == SPOILED)
    first = clock.day(monday_of(TRUTHS.bad_week))
    days = {"first_day": first, "last_day": first + timedelta(days=6)}
    rule = {
        "id": max(row["id"] for row in rows[CallRule]) + 1,
        "position": 5,
        "kind": RuleKind.exact,
        "value": SPOILED,
        "category": CallCategory.excluded,
        "valid_from": days["first_day"],
        "valid_until": days["last_day"],
        "note": "What the new dispatch system wrote while it was converted",
    }
    return rule, {"id": 1, "type_id": kind["id"], "category": CallCategory.excluded} | days


def _types_of(rows: Rows, *categories: CallCategory) -> set[int]:
    return {row["id"] for row in rows[CallType] if row["category"] in categories}
