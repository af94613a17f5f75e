"""Eligible calls: which of them did the clinician get to within seven days, and which did nobody take up?"""

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common
from dashboard.measures.shifts import staffed
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from db import calls_left
from db.calls_left import last_judged
from db.models import Call, CallReview, Intervention, Pilot, Referral
from db.pilot import local_day
from db.vocab import DIRECT_MODES, Outcome, Scope
from db.vocab.desk import CallReason

WITHIN_DAYS = calls_left.FOLLOW_UP_DAYS
_REASONS = tuple(CallReason)


def eligible_served(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Eligible calls with a direct contact on the day or up to 7 days later ÷ eligible calls over 7 days old.

    Eligible: behavioural-health, not at an institution, during the pilot. A contact belongs to a call by the
    incident number: its own, or that of a referral whose person was met. Why the others were not served is
    said inside the house only: the desk's reason, else "off shift" where no shift ran, else not recorded.
    """
    key = "eligible_served"
    last = min(common.until(filters), last_judged(filters.as_of))
    calls = _eligible(session, max(filters.first, pilot.starts_on), last)
    contacts = _contact_days(session, pilot)
    calls["yes"] = [
        any(0 <= (day - received).days <= WITHIN_DAYS for day in contacts.get(incident, ()))
        for incident, received in zip(calls["incident"], calls["day"], strict=True)
    ]
    moments = pd.DatetimeIndex(pd.to_datetime(calls["at"], utc=True)).tz_convert(pilot.time_zone)
    on_shift = staffed(session, moments, None)
    unserved = ~calls["yes"].to_numpy(bool)
    off_shift = int(np.sum(~on_shift & unserved))
    result = answers.rate(session, pilot, filters, audience, key, calls, beside=off_shift)
    if audience is not Audience.internal or not unserved.any():
        return result
    said = _why_not(calls["reason"].to_numpy(object)[unserved], on_shift[unserved], filters.lang)
    return replace(result, caveats=(*result.caveats, common.said(key, "reasons", filters.lang, list=said)))


def _why_not(reasons: np.ndarray, on_shift: np.ndarray, lang: str) -> str:
    """“off shift 120, busy 3, not recorded 40”: every call not served stands under exactly one."""
    counts = Counter(
        CallReason(reason) if reason else None if on else CallReason.off_shift
        for reason, on in zip(reasons, on_shift, strict=True)
    )
    named = [(common.label(r, lang).lower(), counts[r]) for r in _REASONS if counts[r]]
    named += [(common.said("eligible_served", "unrecorded", lang), counts[None])] * bool(counts[None])
    return ", ".join(f"{name} {words.number(count, lang)}" for name, count in named)


def _eligible(session: Session, first: date, last: date) -> pd.DataFrame:
    rows = session.execute(
        select(Call.incident_number, Call.received_on, Call.received_at, CallReview.reason)
        .outerjoin(CallReview, CallReview.call_id == Call.id)
        .where(calls_left.eligible(first, last))
    ).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=["incident", "day", "at", "reason"], dtype=object)


def _contact_days(session: Session, pilot: Pilot) -> dict[str, list[date]]:
    """Incident number → the days of the direct contacts that followed from it."""
    referrals = session.execute(
        select(Referral.id, Referral.incident_number, Referral.person_id).where(Referral.incident_number.is_not(None))
    ).all()
    by_referral = {row.id: row.incident_number for row in referrals}
    by_person: dict[int, list[str]] = {}
    for row in referrals:
        if row.person_id is not None:
            by_person.setdefault(row.person_id, []).append(row.incident_number)
    contacts = session.execute(
        select(Intervention.at, Intervention.incident_number, Intervention.referral_id, Intervention.person_id).where(
            Intervention.voided_at.is_(None),
            Intervention.mode.in_(DIRECT_MODES),
            Intervention.outcome != Outcome.no_contact,
        )
    )
    found: dict[str, list[date]] = {}
    for row in contacts:
        incidents = {row.incident_number, by_referral.get(row.referral_id), *by_person.get(row.person_id, ())}
        for incident in incidents - {None}:
            found.setdefault(str(incident), []).append(local_day(row.at, pilot.time_zone))
    return found


def calls_without_follow_up(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Eligible calls of the period, over 7 days old, that nobody took up: the desk's list, counted by month."""
    key, lang = "calls_without_follow_up", filters.lang
    last = min(common.until(filters), last_judged(filters.as_of))
    rows = session.execute(
        select(Call.received_on, func.count(), func.sum(case((calls_left.taken_up(), 0), else_=1)))
        .where(calls_left.eligible(max(filters.first, pilot.starts_on), last))
        .group_by(Call.received_on)
    ).all()
    days = pd.DataFrame(rows, columns=["day", "all", "left"])
    month = days["day"].map(common.month_of)
    left, known = days["left"].astype(int).groupby(month).sum(), days["all"].astype(int).groupby(month).sum()
    periods = common.months(filters.first, max(filters.first, common.until(filters)))
    table = pd.DataFrame({"period": periods, "value": [int(left.get(p, 0)) for p in periods]})
    table["calls"] = [int(known.get(p, 0)) for p in periods]
    table["status"] = [common.UNFINISHED if common.month_end(p) > last else common.FINAL for p in periods]
    n, total = int(left.sum()), int(known.sum())
    values = {
        "n": words.number(n, lang),
        "total": words.number(total, lang),
        "share": words.percent(n / total if total else None, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, period="month", value="calls_left", calls="calls_eligible", status="status"),
        estimate=Estimate(float(n), n=total),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if total else "",
        sentence=common.said(key, "sentence" if total else "sentence_none", lang, **values),
        spark=common.spark(table["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month"),
    )


_SCOPES = (Scope.calls, Scope.work, Scope.setup)
MEASURES: tuple[Measure, ...] = (
    common.define(
        "calls_without_follow_up",
        calls_without_follow_up,
        chart="series",
        direction=Direction.down_good,
        about_people=False,
        scopes=_SCOPES,
    ),
    common.define("eligible_served", eligible_served, chart="series", direction=Direction.up_good, scopes=_SCOPES),
)
