"""The weekly sheets: prefilled from the log, mostly certified as they stand, a few numbers corrected with a reason."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from random import Random

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db.log import log_counts
from db.models import Tally, TallyValue
from db.vocab import TallyItem, TallyStatus
from seed.bulk import Row, Rows
from seed.roster import ACCOUNT, CLINICIAN, SOCIAL_WORKER
from seed.story import TRUTHS, WEEKS_IN, ZONE, Clock, monday_of, stream
from seed.weeks import week_rows

_REASONS = (
    (TallyItem.phone_video, 2, "Two calls from the car were not logged"),
    (TallyItem.consultation, 1, "Advice at roll call, no record made"),
    (TallyItem.outreach, 1, "Visited a provider on the way, not logged"),
    (TallyItem.family_contacts, 1, "Spoke with a mother in the hallway"),
    (TallyItem.in_person, -1, "One visit was entered twice"),
    (TallyItem.hours_other, 2, "Case conference and court papers"),
)
"""Item, difference, the reason that was given."""
_UNRECORDED = (3, 24)
"""Weeks whose other hours nobody wrote down: blank, which is not zero."""


def tally_rows(connection: Connection, clock: Clock, seed: int) -> Rows:
    """A sheet per staffed week, of the work already in the database: the running week is a draft, one is missing."""
    with Session(connection, info={"all_rows": True}, join_transaction_mode="rollback_only") as session:
        counted = log_counts(session, ZONE, None, clock.launch, clock.day(monday_of(WEEKS_IN)))
    log: dict[tuple[int, date], dict[TallyItem, Decimal]] = defaultdict(dict)
    for count in counted:
        log[count.staff_id, count.week][count.item] = count.value
    random = stream(seed, "tallies")
    sheets: list[Row] = []
    values: list[Row] = []
    for staff in (CLINICIAN, SOCIAL_WORKER):
        for week in range(1 if staff == CLINICIAN else TRUTHS.part_time_from, WEEKS_IN + 1):
            correction = random.choice(_REASONS) if random.random() < 0.17 else None
            certified = _certified(staff, week, random)
            if staff == CLINICIAN and week == TRUTHS.missing_tally:
                continue
            day = clock.day(monday_of(week))
            sheets.append(_sheet(len(sheets) + 1, staff, day, None if week == WEEKS_IN else clock.at(*certified)))
            values += _values(sheets[-1], log[staff, day], correction, week in _UNRECORDED)
    rows: Rows = {Tally: sheets, TallyValue: values}
    return rows | week_rows(rows, clock, seed)


def _certified(staff: int, week: int, random: Random) -> tuple[int, int]:
    """Friday afternoon, or Monday morning for some; the late ones ten days later. Day and minute."""
    friday = monday_of(week) + 4
    if staff == CLINICIAN and week in TRUTHS.late_tallies:
        return friday + 10, 600
    monday_after = random.random() < 0.3 and week < WEEKS_IN - 1
    return (friday + 3, random.randint(545, 640)) if monday_after else (friday, random.randint(930, 1019))


def _sheet(number: int, staff: int, week: date, certified: datetime | None) -> Row:
    return {
        "id": number,
        "staff_id": staff,
        "week": week,
        "status": TallyStatus.certified if certified else TallyStatus.draft,
        "certified_at": certified,
        "certified_by": ACCOUNT[staff] if certified else None,
        "saved_at": certified,
        "saved_by": ACCOUNT[staff] if certified else None,
        "revision": 2 if certified else 1,
    }


def _values(
    sheet: Row, log: Mapping[TallyItem, Decimal], correction: tuple[TallyItem, int, str] | None, unrecorded: bool
) -> list[Row]:
    """Every item of a certified sheet; a draft has what the log prefilled, the rest still blank."""
    rows = []
    draft = sheet["status"] is TallyStatus.draft
    for item in TallyItem:
        logged = log.get(item, Decimal(0))
        reported, reason = logged, None
        if correction and correction[0] is item and logged + correction[1] >= 0 and not draft:
            reported, reason = logged + correction[1], correction[2]
        elif logged == 0 and (draft or (unrecorded and item is TallyItem.hours_other)):
            reported = None
        rows.append({"tally_id": sheet["id"], "item": item, "reported": reported, "log": logged, "reason": reason})
    return rows
