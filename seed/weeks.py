"""What happened to the sheets after Friday: the chief's acceptance, corrections with their ledger, comments.

The figures are not touched: a correction is told of a cell that differs from the log anyway.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from db.models import (
    AmendmentRequest,
    AmendmentRequestLine,
    Tally,
    TallyAcceptance,
    TallyAmendment,
    TallyComment,
    TallyValue,
)
from db.vocab import TallyItem, TallyStatus
from db.vocab.tally import AmendmentStatus
from seed.bulk import Row, Rows
from seed.roster import ACCOUNT, CLINICIAN, SOCIAL_WORKER
from seed.story import TRUTHS, Clock, monday_of, stream

CHIEF = 4
"""His account."""
ACCEPTED_TO = 39
"""The last week the chief has accepted: the newer ones wait for him."""
ASKED, REFUSED = 35, 27
"""Weeks whose amendment he was asked for: still open, and refused."""

_COMMENTS = (
    (3, CLINICIAN, TallyItem.outreach, CLINICIAN, "First round of visits to the shelters and clinics"),
    (9, CLINICIAN, None, CLINICIAN, "One sick day and a day of training"),
    (29, CLINICIAN, None, CLINICIAN, "On vacation; the part-time worker covered urgent referrals"),
    (
        TRUTHS.missing_tally,
        CLINICIAN,
        None,
        CHIEF,
        "This week is missing. Please certify it, even mostly blank",
    ),
    (38, CLINICIAN, TallyItem.connections_made, CHIEF, "Where do I see which needs these were?"),
    (38, CLINICIAN, TallyItem.connections_made, CLINICIAN, "Under Charts, connections by need"),
    (43, SOCIAL_WORKER, TallyItem.connections_attended, SOCIAL_WORKER, "Two providers have not called back yet"),
)
"""Week, whose sheet, about which item, who says it (a member of staff or the chief), what."""


def week_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """Acceptances, ledger, requests and comments for the sheets in ``rows``, whose status is set along."""
    sheets = {(row["staff_id"], row["week"]): row for row in rows[Tally]}
    accepted = _accept(sheets, clock)
    random = stream(seed, "weeks")
    corrected = [v for v in rows[TallyValue] if v["reason"] and v["reported"] is not None]
    told = random.sample(corrected, min(4, len(corrected)))
    by_id = {row["id"]: row for row in rows[Tally]}
    requests: list[Row] = []
    lines: list[Row] = []
    ledger: list[Row] = []
    for value in sorted(told, key=lambda v: v["tally_id"]):
        sheet = by_id[value["tally_id"]]
        late = [row for row in accepted if row["tally_id"] == sheet["id"]]
        request = None
        if late and not requests:  # one of them came after he had accepted the week
            asked_at = late[0]["at"] + timedelta(days=2, hours=1)
            request = _request(requests, sheet, value["reason"], asked_at, AmendmentStatus.approved)
            lines.append(_line(request, value, value["log"], value["reported"]))
        ledger.append(_ledger(len(ledger) + 1, sheet, value, request))
    for week, status in ((REFUSED, AmendmentStatus.refused), (ASKED, AmendmentStatus.asked)):
        sheet = sheets.get((CLINICIAN, clock.day(monday_of(week))))
        value = next(
            v for v in rows[TallyValue] if sheet and v["tally_id"] == sheet["id"] and v["item"] is TallyItem.phone_video
        )
        at = clock.at(monday_of(43) + (1 if status is AmendmentStatus.asked else 0), 650)
        why = "A call from the car was found in the notebook"
        if sheet is not None:
            request = _request(requests, sheet, why, at, status)
            lines.append(_line(request, value, value["reported"], (value["reported"] or Decimal(0)) + 1))
    return {
        TallyAcceptance: accepted,
        AmendmentRequest: requests,
        AmendmentRequestLine: lines,
        TallyAmendment: ledger,
        TallyComment: list(_comments(clock)),
    }


def _accept(sheets: dict[tuple[int, date], Row], clock: Clock) -> list[Row]:
    """The chief looks at four weeks at a time, on a Wednesday, and leaves out what was certified late."""
    accepted = []
    for week in range(1, ACCEPTED_TO + 1):
        at = clock.at(monday_of(min(-(-week // 4) * 4 + 2, 43)) + 2, 870 + week)
        for staff in (CLINICIAN, SOCIAL_WORKER):
            sheet = sheets.get((staff, clock.day(monday_of(week))))
            late = staff == CLINICIAN and week in TRUTHS.late_tallies
            if sheet is not None and sheet["certified_at"] is not None and not late:
                sheet["status"] = TallyStatus.accepted
                sheet["revision"] += 1
                accepted.append({"tally_id": sheet["id"], "at": at, "user_id": CHIEF})
    return accepted


def _request(requests: list[Row], sheet: Row, why: str, at: datetime, status: AmendmentStatus) -> Row:
    decided = None if status is AmendmentStatus.asked else at + timedelta(hours=20)
    answer = "The notebook shows no date. Leave it as certified" if status is AmendmentStatus.refused else None
    requests.append(
        {
            "id": len(requests) + 1,
            "tally_id": sheet["id"],
            "why": why,
            "at": at,
            "user_id": ACCOUNT[sheet["staff_id"]],
            "status": status,
            "decided_at": decided,
            "decided_by": None if decided is None else CHIEF,
            "answer": answer,
        }
    )
    return requests[-1]


def _line(request: Row, value: Row, old: Decimal | None, new: Decimal | None) -> Row:
    return {
        "request_id": request["id"],
        "item": value["item"],
        "old_reported": old,
        "new_reported": new,
        "log": value["log"],
    }


def _ledger(number: int, sheet: Row, value: Row, request: Row | None) -> Row:
    """A correction of the cell from the log's number to the one it has now."""
    at = request["decided_at"] if request else sheet["certified_at"] + timedelta(days=1, minutes=37)
    sheet["revision"] += 1
    return {
        "id": number,
        "tally_id": sheet["id"],
        "item": value["item"],
        "old_reported": value["log"],
        "new_reported": value["reported"],
        "old_reason": None,
        "why": value["reason"],
        "at": at,
        "user_id": ACCOUNT[sheet["staff_id"]],
        "request_id": request["id"] if request else None,
    }


def _comments(clock: Clock) -> list[Row]:
    rows: list[Row] = []
    for week, staff, item, author, text in _COMMENTS:
        if staff == SOCIAL_WORKER and week < TRUTHS.part_time_from:
            continue
        answers = bool(rows) and (rows[-1]["week"], rows[-1]["item"]) == (clock.day(monday_of(week)), item)
        late = 10 if author == CHIEF else 11 if answers else 4
        rows.append(
            {
                "id": len(rows) + 1,
                "staff_id": staff,
                "week": clock.day(monday_of(week)),
                "item": item,
                "text": text,
                "at": clock.at(monday_of(week) + (late if week < 43 else 3), 900 + 7 * len(rows)),
                "user_id": CHIEF if author == CHIEF else ACCOUNT[author],
                "taken_back_at": None,
            }
        )
    return rows
