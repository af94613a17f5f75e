"""Eligible calls: which of them did the clinician get to within seven days, and which did nobody take up?"""

from collections import Counter
from dataclasses import replace
from datetime import date

import pandas as pd
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.measures.shifts import staffed
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from db import calls_left
from db.calls_left import bare, last_judged
from db.ledger import month_end, month_of
from db.log import was_direct
from db.models import Call, CallReview, Intervention, Pilot, Referral
from db.pilot import local_day
from db.vocab import Scope
from db.vocab.desk import CallReason

WITHIN_DAYS = calls_left.FOLLOW_UP_DAYS


def eligible_served(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Eligible calls with a direct contact on the day or up to 7 days later ÷ eligible calls over 7 days old.

    Eligible: behavioural-health, not at an institution, during the pilot. A contact belongs to a call by the
    incident number: its own, or that of a referral whose person was met. Why the others were not served is
    said inside the house only: the desk's reason, else "off shift" where no shift ran, else not recorded.
    """
    key = "eligible_served"
    calls = judged(session, pilot, filters)
    unserved = calls.loc[~calls["yes"].astype(bool)]
    off_shift = int((~unserved["on_shift"].astype(bool)).sum())
    result = answers.rate(session, pilot, filters, audience, key, calls, beside=off_shift)
    if audience is not Audience.internal or unserved.empty:
        return result
    said = _why_not(Counter(unserved["why"]), filters.lang)
    return replace(result, caveats=(*result.caveats, common.said(key, "reasons", filters.lang, list=said)))


def judged(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Eligible calls over 7 days old: incident, day, at, ``yes`` (served), ``on_shift``, ``why`` not.

    ``why``: the desk's reason, else ``off_shift`` where no shift ran, else ``lists.UNKNOWN``; of a served one, "".
    """
    last = min(common.until(filters), last_judged(filters.as_of))
    calls = _eligible(session, max(filters.first, pilot.starts_on), last)
    contacts = _contact_days(session, pilot)
    calls["yes"] = [
        any(0 <= (day - received).days <= WITHIN_DAYS for day in contacts.get(bare(incident), ()))
        for incident, received in zip(calls["incident"], calls["day"], strict=True)
    ]
    moments = pd.DatetimeIndex(pd.to_datetime(calls["at"], utc=True)).tz_convert(pilot.time_zone)
    calls["on_shift"] = staffed(session, moments, None)
    calls["why"] = [
        "" if yes else str(reason or (lists.UNKNOWN if on else CallReason.off_shift))
        for yes, reason, on in zip(calls["yes"], calls["reason"], calls["on_shift"], strict=True)
    ]
    return calls


def unserved_reasons(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Eligible calls not served within 7 days, each under exactly one reason; "not recorded" is one of them."""
    key, lang = "unserved_reasons", filters.lang
    calls = judged(session, pilot, filters)
    counts = Counter(calls.loc[~calls["yes"].astype(bool), "why"])
    return answers.groups(session, pilot, filters, audience, key, "reason", _named(counts, lang))


def _named(counts: Counter[str], lang: str) -> list[tuple[str, int]]:
    """Every reason that occurs, by its plain name, in the vocabulary's order."""
    named = [(common.label(reason, lang), counts[reason.value]) for reason in CallReason if counts[reason.value]]
    return named + [(common.said("unserved_reasons", "unrecorded", lang), counts[lists.UNKNOWN])] * bool(
        counts[lists.UNKNOWN]
    )


def _why_not(counts: Counter[str], lang: str) -> str:
    """“off shift 120, busy 3, not recorded 40”: every call not served stands under exactly one."""
    return ", ".join(f"{name.lower()} {words.number(count, lang)}" for name, count in _named(counts, lang))


def _eligible(session: Session, first: date, last: date) -> pd.DataFrame:
    rows = session.execute(
        select(Call.incident_number, Call.received_on, Call.received_at, CallReview.reason)
        .outerjoin(CallReview, CallReview.call_id == Call.id)
        .where(calls_left.eligible(first, last))
    ).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=["incident", "day", "at", "reason"], dtype=object)


def _contact_days(session: Session, pilot: Pilot) -> dict[str, list[date]]:
    """Incident number (:func:`db.calls_left.bare`) → the days of the direct contacts that followed from it."""
    referrals = session.execute(
        select(Referral.id, Referral.incident_number, Referral.person_id).where(Referral.incident_number.is_not(None))
    ).all()
    by_referral = {row.id: bare(row.incident_number) for row in referrals}
    by_person: dict[int, list[str]] = {}
    for row in referrals:
        if row.person_id is not None:
            by_person.setdefault(row.person_id, []).append(bare(row.incident_number))
    contacts = session.execute(
        select(Intervention.at, Intervention.incident_number, Intervention.referral_id, Intervention.person_id).where(
            *was_direct(),
        )
    )
    found: dict[str, list[date]] = {}
    for row in contacts:
        incidents = {bare(row.incident_number), by_referral.get(row.referral_id), *by_person.get(row.person_id, ())}
        for incident in filter(None, incidents):
            found.setdefault(incident, []).append(local_day(row.at, pilot.time_zone))
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
    month = days["day"].map(month_of)
    left, known = days["left"].astype(int).groupby(month).sum(), days["all"].astype(int).groupby(month).sum()
    periods = common.months(filters.first, max(filters.first, common.until(filters)))
    table = pd.DataFrame({"period": periods, "value": [int(left.get(p, 0)) for p in periods]})
    table["calls"] = [int(known.get(p, 0)) for p in periods]
    table["status"] = [common.UNFINISHED if month_end(p) > last else common.FINAL for p in periods]
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
    common.define("unserved_reasons", unserved_reasons, chart="bars", direction=Direction.down_good, scopes=_SCOPES),
)
