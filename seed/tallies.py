"""The weekly sheets: prefilled from the log, mostly certified as they stand, a few numbers corrected with a reason."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from random import Random

from db.models import Connection, ConnectionStep, Intervention, Referral, Tally, TallyValue
from db.pilot import local_day, monday
from db.vocab import DIRECT_MODES, HOUR_ITEMS, Mode, Outcome, ReferralStatus, Step, TallyItem, TallyStatus, work_kind
from seed.bulk import Row, Rows
from seed.roster import CLINICIAN, SOCIAL_WORKER
from seed.story import TRUTHS, WEEKS_IN, ZONE, Clock, monday_of, stream

Log = dict[tuple[int, date], dict[TallyItem, Decimal]]
"""(staff, Monday) → item → what the log says."""

_REASONS = (
    (TallyItem.phone_video, 2, "Two calls from the car were not logged"),
    (TallyItem.consultation, 1, "Advice at roll call, no record made"),
    (TallyItem.outreach, 1, "Visited a provider on the way, not logged"),
    (TallyItem.family_contacts, 1, "Spoke with a mother in the hallway"),
    (TallyItem.in_person, -1, "One visit was entered twice"),
    (TallyItem.hours_other, 2, "Case conference and court papers"),
)
"""Item, difference, the reason that was given."""


def tally_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """A sheet per staffed week, of what ``rows`` hold: the week that runs is a draft, one is missing."""
    log = _log(rows, clock)
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
            sheet = _sheet(len(sheets) + 1, staff, day, None if week == WEEKS_IN else clock.at(*certified))
            sheets.append(sheet)
            values += _values(sheet, log.get((staff, day), {}), correction)
    return {Tally: sheets, TallyValue: values}


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
        "certified_by": staff if certified else None,
        "revision": 2 if certified else 1,
    }


def _values(sheet: Row, log: dict[TallyItem, Decimal], correction: tuple[TallyItem, int, str] | None) -> list[Row]:
    rows = []
    draft = sheet["status"] is TallyStatus.draft
    for item in TallyItem:
        logged = log.get(item, Decimal(0))
        reported, reason = logged, None
        if correction and correction[0] is item and logged + correction[1] >= 0 and not draft:
            reported, reason = logged + correction[1], correction[2]
        rows.append(
            {
                "tally_id": sheet["id"],
                "item": item,
                "reported": None if draft else reported,
                "log": logged,
                "reason": reason,
            }
        )
    return rows


# what the log says


def _log(rows: Rows, clock: Clock) -> Log:
    log: Log = defaultdict(lambda: defaultdict(Decimal))
    for row in rows[Referral]:
        if row["staff_id"]:
            log[row["staff_id"], _week(row["received_at"])][TallyItem.referrals_received] += 1
            if row["status"] in (ReferralStatus.accepted, ReferralStatus.closed):
                log[row["staff_id"], _week(row["decided_at"])][TallyItem.referrals_accepted] += 1
    live = [row for row in rows[Intervention] if not row.get("voided_at")]
    for row in live:
        cell = log[row["staff_id"], _week(row["at"])]
        cell[_mode_item(row["mode"])] += 1
        cell[TallyItem(f"hours_{work_kind(row['mode'], row['purpose'])}")] += Decimal(row["minutes"]) / 60
    _count_people(live, log)
    staff = {row["id"]: row["staff_id"] for row in rows[Connection]}
    items = {Step.accepted: TallyItem.connections_made, Step.attended: TallyItem.connections_attended}
    for row in rows[ConnectionStep]:
        if row["step"] in items:
            log[staff[row["connection_id"]], monday(row["on_date"])][items[row["step"]]] += 1
    for cell in log.values():
        for item in HOUR_ITEMS:
            cell[item] = round(cell[item], 2)
    return log


def _count_people(live: list[Row], log: Log) -> None:
    seen: dict[tuple[int, date], set[int]] = defaultdict(set)
    known: set[int] = set()
    for row in sorted(live, key=lambda r: r["at"]):
        if row["mode"] in DIRECT_MODES and row["outcome"] is not Outcome.no_contact:
            cell = row["staff_id"], _week(row["at"])
            seen[cell].add(row["person_id"])
            if row["person_id"] not in known:
                log[cell][TallyItem.people_first_seen] += 1
                known.add(row["person_id"])
    for cell, people in seen.items():
        log[cell][TallyItem.people_seen] = Decimal(len(people))


def _mode_item(mode: Mode) -> TallyItem:
    return TallyItem.family_contacts if mode is Mode.family else TallyItem(mode.value)


def _week(moment: datetime) -> date:
    return monday(local_day(moment, ZONE))
