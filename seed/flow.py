"""The desk's lists of the city: calls that were answered and those that still wait, follow-ups, closed referrals.

Made from the rows they go with and from draws of their own, so that nothing here moves anything else.
"""

from datetime import date, datetime, timedelta
from random import Random

from db.calls_left import on_shift
from db.models import (
    Call,
    CallReview,
    CallType,
    Episode,
    FollowUp,
    Intervention,
    Location,
    Referral,
    ReferralClosing,
    Shift,
)
from db.vocab import CallCategory, Outcome, ReferralStatus
from db.vocab.desk import CallReason, FollowUpEnd, ReferralEnd
from seed.bulk import Row, Rows
from seed.care import choose
from seed.roster import ACCOUNT, CLINICIAN
from seed.story import TRUTHS, ZONE, Clock, monday_of, stream

_WHY = {
    CallReason.busy: 34,
    CallReason.not_asked: 26,
    CallReason.not_found: 16,
    CallReason.no_need: 12,
    CallReason.served_elsewhere: 9,
    CallReason.unsafe: 3,
}
_WHAT = (
    "Call about the intake appointment",
    "Ask how the first visit went",
    "Bring the housing form",
    "Check on medication with the sister",
    "Second try, evening",
    None,
    None,
)


def flow_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """What the desk made of the calls, the referrals and the people of ``rows``."""
    return {
        CallReview: _reviews(rows, clock, stream(seed, "reviews")),
        ReferralClosing: _closings(rows, clock, stream(seed, "closings")),
        FollowUp: _follow_ups(rows, clock, stream(seed, "follow-ups")),
    }


def slip_numbers(rows: Rows) -> None:
    """Four numbers were typed wrong: the beginning left out, a digit lost, a digit doubled, a wrong word."""
    numbered = [row for row in rows[Referral] if row["incident_number"]]
    for row, wrong in zip(numbered[33::56], (_headless, _short, _doubled, _unknown), strict=False):
        row["incident_number"] = wrong(row["incident_number"])


def _headless(number: str) -> str:
    return number.partition("-")[2]


def _short(number: str) -> str:
    return number[:-3] + number[-2:]


def _doubled(number: str) -> str:
    return number + number[-1]


def _unknown(_: str) -> str:
    return "STATE POLICE"


def _reviews(rows: Rows, clock: Clock, random: Random) -> list[Row]:
    """Every few weeks the desk goes through the list; after the vacation nobody did, and the last weeks still wait."""
    forgotten = range(monday_of(TRUTHS.vacation_week), monday_of(TRUTHS.vacation_week + 2))
    shifts = [Shift(**{"valid_until": None, **row}) for row in rows[Shift]]
    found = []
    for call in _left(rows, clock):
        day, after, chance = (call["received_on"] - clock.launch).days, random.randint(12, 34), random.random()
        reason = choose(_WHY, random)
        if day + after >= clock.cut or day in forgotten or chance < 0.03:
            continue
        during = on_shift(shifts, call["received_at"], ZONE)
        found.append(
            {
                "call_id": call["id"],
                "reason": reason if during else CallReason.off_shift,
                "at": clock.at(day + after, 960 + random.randint(0, 40)),
                "by": ACCOUNT[CLINICIAN],
            }
        )
    return found


def _left(rows: Rows, clock: Clock) -> list[Row]:
    """The pilot's eligible calls that no referral and no intervention names."""
    kinds = {r["id"] for r in rows[CallType] if r["category"] is CallCategory.behavioural_health}
    institutions = {r["id"] for r in rows[Location] if r.get("is_institution")}
    named = {r["incident_number"] for r in rows[Referral]}
    named |= {r["incident_number"] for r in rows[Intervention] if not r.get("voided_at")}
    return [
        call
        for call in rows[Call]
        if call["received_on"] >= clock.launch
        and call["type_id"] in kinds
        and call["location_id"] not in institutions
        and call["incident_number"] not in named
    ]


def _closings(rows: Rows, clock: Clock, random: Random) -> list[Row]:
    """Why the closed ones were closed: somebody who was met was mostly helped, the others not reached."""
    last: dict[int, datetime] = {}
    outcomes: dict[int, list[Outcome]] = {}
    for row in rows[Intervention]:
        if row["person_id"] is not None:
            outcomes.setdefault(row["person_id"], []).append(row["outcome"])
            last[row["person_id"]] = max(row["at"], last.get(row["person_id"], row["at"]))
    found = []
    for referral in rows[Referral]:
        extra = timedelta(days=random.randint(1, 9), hours=random.randint(0, 5))
        if referral["status"] is not ReferralStatus.closed:
            continue
        met = [o for o in outcomes.get(referral["person_id"], []) if o is not Outcome.no_contact]
        helped = Outcome.engaged in met or Outcome.reached in met
        reason = ReferralEnd.helped if helped else ReferralEnd.refused if met else ReferralEnd.not_reached
        since = max(last.get(referral["person_id"], referral["decided_at"]), referral["decided_at"])
        found.append(
            {
                "referral_id": referral["id"],
                "at": min(since + extra, clock.at(clock.cut - 1, 1000)),
                "by": referral["created_by"] if referral["created_by"] in ACCOUNT.values() else ACCOUNT[CLINICIAN],
                "reason": reason,
            }
        )
    return found


def _follow_ups(rows: Rows, clock: Clock, random: Random) -> list[Row]:
    """Some people in care are to be called this week or next; a few are overdue; earlier ones are done."""
    met: dict[int, datetime] = {}
    for row in rows[Intervention]:
        if row["person_id"] is not None and not row.get("voided_at") and row["outcome"] is not Outcome.no_contact:
            met[row["person_id"]] = max(row["at"], met.get(row["person_id"], row["at"]))
    found: list[Row] = []
    for episode in rows[Episode]:
        person, since = episode["person_id"], met.get(episode["person_id"])
        ahead, chance, what = random.randint(4, 18), random.random(), random.choice(_WHAT)
        if since is None or chance > 0.3:
            continue
        over = episode["closed_on"] is not None
        due = _working(since.date() + timedelta(days=ahead - (16 if over else 0)))
        if not over and chance < 0.08:  # due these days, and nobody came to it yet
            due = _working_before(clock.today - timedelta(days=ahead % 4))
            if due <= since.date():
                continue
        if due < episode["opened_on"] or (not over and (due - clock.today).days < -6):
            continue
        made = since - timedelta(days=20) if over else since
        row = {
            "person_id": person,
            "staff_id": episode["staff_id"],
            "due_on": due,
            "what": what,
            "created_at": max(made, clock.at((episode["opened_on"] - clock.launch).days, 700)),
            "created_by": ACCOUNT[episode["staff_id"]],
        }
        if over:
            ended = clock.at((due - clock.launch).days, 930)
            row |= {"ended_at": ended, "ended_by": row["created_by"], "end_reason": FollowUpEnd.done}
            if (due - clock.launch).days >= clock.cut:
                continue
        found.append(row)
    return [row | {"id": number} for number, row in enumerate(found, start=1)]


def _working_before(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _working(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
