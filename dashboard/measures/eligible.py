"""Which eligible calls did the clinician get to within seven days, and why not the others?"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.measures import answers, common
from dashboard.measures.calls import staffed
from dashboard.model import Audience, Direction, Filters, Measure, Result
from db.models import Call, CallType, Intervention, Location, Pilot, Referral
from db.pilot import local_day
from db.vocab import DIRECT_MODES, CallCategory, Outcome, Scope

WITHIN_DAYS = 7


def eligible_served(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Eligible calls with a direct contact on the day or up to 7 days later ÷ eligible calls over 7 days old.

    Eligible: behavioural-health, not at an institution, during the pilot. A contact belongs to a call by the
    incident number: its own, or that of a referral whose person was met.
    """
    last = min(common.until(filters), filters.as_of - timedelta(days=WITHIN_DAYS + 1))
    calls = _eligible(session, max(filters.first, pilot.starts_on), last)
    contacts = _contact_days(session, pilot)
    calls["yes"] = [
        any(0 <= (day - received).days <= WITHIN_DAYS for day in contacts.get(incident, ()))
        for incident, received in zip(calls["incident"], calls["day"], strict=True)
    ]
    moments = pd.DatetimeIndex(pd.to_datetime(calls["at"], utc=True)).tz_convert(pilot.time_zone)
    on_shift = staffed(session, moments, None)
    off_shift = int(np.sum(~on_shift & ~calls["yes"].to_numpy(bool)))
    return answers.rate(session, pilot, filters, audience, "eligible_served", calls, beside=off_shift)


def _eligible(session: Session, first: date, last: date) -> pd.DataFrame:
    rows = session.execute(
        select(Call.incident_number, Call.received_on, Call.received_at)
        .join(CallType, CallType.id == Call.type_id)
        .outerjoin(Location, Location.id == Call.location_id)
        .where(
            CallType.category == CallCategory.behavioural_health,
            func.coalesce(Location.is_institution, False).is_(False),
            Call.received_on.between(first, last),
        )
    ).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=["incident", "day", "at"], dtype=object)


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


MEASURES: tuple[Measure, ...] = (
    common.define(
        "eligible_served",
        eligible_served,
        chart="series",
        direction=Direction.up_good,
        scopes=(Scope.calls, Scope.work, Scope.setup),
    ),
)
