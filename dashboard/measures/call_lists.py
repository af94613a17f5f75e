"""The calls behind a bar: by the rule that counted them, for one month, one hour of the week or one step of a ladder.

Nothing here reads who was referred, met or linked: a list of calls never says whether a caller is a client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.measures import common, faces
from dashboard.model import Filters
from db.cad import current
from db.cad.history import bh_calls
from db.cad.judging import HOUR, events
from db.calls_left import last_judged
from db.ledger import month_end
from db.models import Call, CallType, CallUnit, Location, Pilot
from db.vocab import CallCategory

BH = CallCategory.behavioural_health
_SLACK = timedelta(days=3)
"""Before a window: daylight saving, and calls that follow each other within two hours."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Bar:
    """Which mark of a chart; all None: every call of the period that the figure counts."""

    month: date | None = None
    weekday: int | None = None
    """ISO: Monday is 1."""
    hour: int | None = None
    at_least: int | None = None
    """Subjects with at least so many calls in the twelve months."""


def behind(session: Session, pilot: Pilot, filters: Filters, key: str, bar: Bar) -> pd.DataFrame:
    """``call_id`` and ``received_on`` of the calls, oldest first; more columns where the rule needs them.

    ``earlier`` (UTC ns): the subject's call before, of a repeat call. ``subject``: a number within this list, and
    ``of_subject``: how many calls of the twelve months are theirs. KeyError for a figure without a list.
    """
    return LISTS[key](session, pilot, filters, bar)


def _span(filters: Filters, bar: Bar) -> tuple[date, date]:
    first, last = filters.first, common.until(filters)
    if bar.month is not None:
        first, last = max(first, bar.month), min(last, month_end(bar.month))
    return first, last


def _received(session: Session, pilot: Pilot, filters: Filters, bar: Bar) -> pd.DataFrame:
    """Behavioural-health calls by their own date, institutions included."""
    first, last = _span(filters, bar)
    return bh_calls(session, (BH,), first=first, last=last)


def _of_the_hour(session: Session, pilot: Pilot, filters: Filters, bar: Bar) -> pd.DataFrame:
    calls = _received(session, pilot, filters, bar)
    local = pd.DatetimeIndex(calls["received_at"].to_numpy(np.int64).view("datetime64[ns]"), tz="UTC").tz_convert(
        pilot.time_zone
    )
    kept = np.ones(len(calls), bool)
    if bar.weekday is not None:
        kept &= local.day_of_week.to_numpy() + 1 == bar.weekday
    if bar.hour is not None:
        kept &= local.hour.to_numpy() == bar.hour
    return calls.loc[kept]


def _repeats(session: Session, pilot: Pilot, filters: Filters, bar: Bar) -> pd.DataFrame:
    """The events counted as repeat calls, each with the moment of the one before it."""
    first, last = _span(filters, bar)
    covered = current.coverage(session, filters.as_of)
    found = current.monthly(session, filters.window_days, BH, as_of=filters.as_of)
    calls = bh_calls(session, (BH,), first=first - timedelta(days=filters.window_days) - _SLACK, last=last)
    calls = calls.loc[~calls["institution"].to_numpy(bool)].reset_index(drop=True)
    if covered is None or found is None or calls.empty:
        return calls.iloc[:0].assign(earlier=pd.Series(dtype="int64"))
    moments = calls["received_at"].to_numpy(np.int64)
    start, _, since = events(moments, calls[found.basis].to_numpy(np.int64))
    day = calls["received_on"].to_numpy().astype("datetime64[D]")[start]
    counted = (since > 0) & (since <= filters.window_days * 24 * HOUR)
    counted &= covered.judgeable(moments[start], filters.window_days)
    counted &= (day >= np.datetime64(first)) & (day <= np.datetime64(last))
    rows = calls.iloc[start[counted]].assign(earlier=moments[start[counted]] - since[counted])
    return rows.sort_values(["received_at", "call_id"])


def _familiar(session: Session, pilot: Pilot, filters: Filters, bar: Bar) -> pd.DataFrame:
    """Calls of the subjects on a step of the ladder, those with the most calls first."""
    basis, now, _ = faces.years(session, filters)
    calls = now.calls.loc[now.calls[basis].to_numpy(np.int64) >= 0]
    of_subject = calls.groupby(basis)["call_id"].transform("size")
    calls = calls.assign(of_subject=of_subject).loc[of_subject >= (bar.at_least or faces.LADDER[-1])]
    calls = calls.sort_values(["of_subject", basis, "received_at"], ascending=[False, True, True])
    return calls.assign(subject=pd.factorize(calls[basis])[0] + 1)


def _eligible(session: Session, pilot: Pilot, filters: Filters, bar: Bar) -> pd.DataFrame:
    """The eligible calls, served or not: which of the two would say who is a client."""
    first, last = _span(filters, bar)
    first, last = max(first, pilot.starts_on), min(last, last_judged(filters.as_of))
    calls = bh_calls(session, (BH,), first=first, last=last)
    return calls.loc[~calls["institution"].to_numpy(bool)]


List = Callable[[Session, Pilot, Filters, Bar], pd.DataFrame]
LISTS: Mapping[str, List] = {
    "bh_calls": _received,
    "repeat_calls": _repeats,
    "familiar_faces": _familiar,
    "call_coverage": _of_the_hour,
    "officer_hours": _received,
    "eligible_served": _eligible,
}


def described(session: Session, pilot: Pilot, listed: pd.DataFrame) -> pd.DataFrame:
    """What dispatch says of each listed call, in the same order, times in the pilot's zone.

    Columns: received, incident, type, place, institution, disposition, units, hours (None: no times), and
    earlier, subject and of_subject where ``listed`` has them.
    """
    told: dict[int, dict[str, object]] = {}
    ids = [int(i) for i in listed["call_id"]]
    for part in range(0, len(ids), _AT_ONCE):
        told |= _told(session, ids[part : part + _AT_ONCE])
    rows = [{"call_id": i, **told[i]} for i in ids if i in told]
    table = pd.DataFrame(rows, columns=["call_id", *_COLUMNS])
    zone = pilot.time_zone
    table["received"] = _local(listed["received_at"], zone)
    if "earlier" in listed:
        table["earlier"] = _local(listed["earlier"], zone)
    for name in ("subject", "of_subject"):
        if name in listed:
            table[name] = listed[name].to_numpy()
    return table


_COLUMNS = ("received", "incident", "type", "place", "institution", "disposition", "units", "hours")


def _local(moments: pd.Series, zone: str) -> list[datetime]:
    utc = pd.DatetimeIndex(moments.to_numpy(np.int64).view("datetime64[ns]"), tz="UTC")
    return [moment.to_pydatetime() for moment in utc.tz_convert(zone)]


def _told(session: Session, ids: list[int]) -> dict[int, dict[str, object]]:
    rows = session.execute(
        select(Call.id, Call.incident_number, CallType.name, Location.name, Location.is_institution, Call.disposition)
        .join(CallType, CallType.id == Call.type_id)
        .outerjoin(Location, Location.id == Call.location_id)
        .where(Call.id.in_(ids))
    )
    found: dict[int, dict[str, object]] = {
        i: {"incident": incident, "type": kind, "place": place, "institution": bool(inside), "disposition": how}
        for i, incident, kind, place, inside, how in rows
    }
    units = session.execute(
        select(CallUnit.call_id, CallUnit.arrived_at, CallUnit.cleared_at).where(CallUnit.call_id.in_(ids))
    ).all()
    for i in found:
        found[i] |= {"units": 0, "hours": None}
    for i, arrived, cleared in units:
        row = found[i]
        row["units"] = int(str(row["units"])) + 1
        if arrived is not None and cleared is not None:
            row["hours"] = float(str(row["hours"] or 0)) + (cleared - arrived).total_seconds() / 3600
    return found
