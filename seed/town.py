"""The set-up of the fictional pilot: the city, the grant, staff and shifts, accounts, providers, targets, events."""

from datetime import date, time
from decimal import Decimal

from db import passwords
from db.ledger import month_end
from db.models import EffectPlan, Event, Grant, Pilot, Provider, ProviderService, Shift, Staff, Target, User
from db.vocab import EventKind, Need, ProviderKind, Role
from seed import reference
from seed.bulk import Row, Rows
from seed.calls import FIRST_DAY
from seed.roster import CLINICIAN, SOCIAL_WORKER, shift_hours
from seed.story import TRUTHS, ZONE, Clock, monday_of

PASSWORD = passwords.DEMO
ACCOUNTS = (
    ("clinician", Role.clinician, "Maristel Quaymoor", CLINICIAN),
    ("socialworker", Role.social_worker, "Orlick Saltwick", SOCIAL_WORKER),
    ("officer", Role.officer, "Officer Fenwock Rudderfield", None),
    ("chief", Role.chief, "Chief Hesperil Lanternsby", None),
    ("analyst", Role.analyst, "Nimbo Inkwater", None),
    ("council", Role.council, "Council Member Undara Wharfinger", None),
    ("finance", Role.finance, "Pelligrew Coppersmack", None),
    ("admin", Role.admin, "Zebulette Halyardson", None),
)
"""Username, role, name, member of staff. All names are made up."""
BUDGET = Decimal("216000.00")


def town_rows(clock: Clock) -> Rows:
    """Everything that does not come from work, calls or money."""
    return {
        Pilot: [_pilot(clock)],
        Grant: [_grant(clock)],
        Staff: _staff(clock),
        Shift: _shifts(clock),
        User: _users(clock),
        Provider: [_provider(number, row, clock) for number, row in _listed()],
        ProviderService: [
            {"provider_id": number, "need": Need(need)}
            for number, row in _listed()
            for need in row["services"].split("|")
        ],
        Target: _targets(clock),
        EffectPlan: [{"id": 1, "frozen_at": clock.at(-21, 600), "window_days": 90, "target_ratio": 0.80}],
        Event: _events(clock),
    }


OFFICER_SHIFTS = 420
"""A week's, in a department of about 170 sworn officers of whom some 100 are on patrol."""


def _pilot(clock: Clock) -> Row:
    return {
        "id": 1,
        "name": "Harbor co-response pilot",
        "city": "Harbor",
        "starts_on": clock.launch,
        "ends_on": clock.day(364),
        "baseline_starts_on": clock.day(FIRST_DAY),
        "time_zone": ZONE,
        "population": 91_000,
        "is_demo": True,
        "settings": {"officer_shifts_per_week": OFFICER_SHIFTS},
    }


def _grant(clock: Clock) -> Row:
    expend_by = month_end(clock.day(450))
    return {
        "id": 1,
        "name": "Harbor recovery award (fictional)",
        "amount": BUDGET,
        "awarded_on": clock.day(-230),
        "obligate_by": month_end(clock.day(352)),
        "expend_by": expend_by,
        "retain_until": expend_by.replace(year=expend_by.year + 5, day=28),
        "category": "1.12",
    }


def _staff(clock: Clock) -> list[Row]:
    names = {staff: name for _, _, name, staff in ACCOUNTS if staff}
    part_time = clock.day(monday_of(TRUTHS.part_time_from))
    return [
        _member(CLINICIAN, names[CLINICIAN], Role.clinician, 100, clock.launch),
        _member(SOCIAL_WORKER, names[SOCIAL_WORKER], Role.social_worker, 50, part_time),
    ]


def _member(number: int, name: str, role: Role, fte: int, first: date) -> Row:
    return {
        "id": number,
        "name": name,
        "role": role,
        "fte_percent": fte,
        "starts_on": first,
        "capacity_low": 20,
        "capacity_high": 30,
    }


def _shifts(clock: Clock) -> list[Row]:
    rows = []
    for staff, first in ((CLINICIAN, 0), (SOCIAL_WORKER, monday_of(TRUTHS.part_time_from))):
        for weekday, (start, end) in shift_hours(staff).items():
            rows.append(
                {
                    "id": len(rows) + 1,
                    "staff_id": staff,
                    "weekday": weekday,
                    "starts_at": time(*divmod(start, 60)),
                    "ends_at": time(*divmod(end, 60)),
                    "valid_from": clock.day(first),
                }
            )
    return rows


def _users(clock: Clock) -> list[Row]:
    hashed = passwords.hashed(PASSWORD)  # at the real cost, or time would tell who exists
    return [
        {
            "id": number,
            "username": username,
            "name": name,
            "role": role,
            "staff_id": staff,
            "password_hash": hashed,
            "must_change": False,
            "active": True,
            "created_at": clock.at(-14, 600),
            "password_set_at": clock.at(-14, 600),
        }
        for number, (username, role, name, staff) in enumerate(ACCOUNTS, start=1)
    ]


def _listed() -> list[tuple[int, dict[str, str]]]:
    return list(enumerate(reference.table("providers"), start=1))


def _provider(number: int, row: dict[str, str], clock: Clock) -> Row:
    return {
        "id": number,
        "name": row["name"],
        "kind": ProviderKind(row["kind"]),
        "languages": row["languages"],
        "hours": row["hours"],
        "phone": f"555-0{120 + number}",
        "address": "Harbor" if row["in_city"] == "yes" else "Next town over",
        "eligibility": row["eligibility"],
        "has_capacity": row["has_capacity"] == "yes",
        "in_city": row["in_city"] == "yes",
        "is_partner": row["is_partner"] == "yes",
        "active": True,
        "verified_on": clock.day(clock.cut - 7 * int(row["verified_weeks_ago"])),
    }


def _targets(clock: Clock) -> list[Row]:
    values = {
        "people_served": 300,
        "connections_made": 600,
        "connection_rate": 0.60,
        "within_48h": 0.80,
        "repeat_call_effect": 0.80,
    }
    return [
        {"id": k, "measure": measure, "value": value, "by_date": clock.day(364)}
        for k, (measure, value) in enumerate(values.items(), start=1)
    ]


def _events(clock: Clock) -> list[Row]:
    happened = [
        (monday_of(TRUTHS.gap_week), EventKind.data, "Dispatch moved to a new system, a week is lost"),
        (-90, EventKind.other, "Council approves the pilot"),
        (0, EventKind.launch, "Pilot begins"),
        (monday_of(4) + 2, EventKind.training, "Officers briefed at roll call"),
        (monday_of(14) + 1, EventKind.training, "Crisis training, first half of patrol"),
        (monday_of(TRUTHS.part_time_from), EventKind.hire, "Part-time social worker begins"),
        (monday_of(27) + 1, EventKind.training, "Crisis training, second half of patrol"),
        (monday_of(TRUTHS.vacation_week), EventKind.other, "Clinician on vacation"),
        *((monday_of(week) + weekday - 1, EventKind.holiday, name) for week, weekday, name in TRUTHS.holidays),
    ]
    return [
        {"id": k, "on_date": clock.day(day), "kind": kind, "label": label}
        for k, (day, kind, label) in enumerate(sorted(happened), start=1)
        if day < clock.cut
    ]
