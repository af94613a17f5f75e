"""How many calls come while somebody is on shift, at what hours the others come, and what another shift would add."""

from dataclasses import dataclass
from datetime import date, time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.model import Audience, Filters, Result
from dashboard.stats import wilson
from db.cad.history import bh_calls
from db.models import Pilot, Shift
from db.vocab import CallCategory

BH = CallCategory.behavioural_health


@dataclass(frozen=True, slots=True)
class Added:
    """A shift one might add: ISO weekdays, and whole hours from (inclusive) to (exclusive)."""

    key: str
    weekdays: tuple[int, ...]
    start: int
    end: int


ADDED = (Added("evenings", (1, 2, 3, 4, 5), 17, 22), Added("weekends", (6, 7), 9, 17))


def call_coverage(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Share of behavioural-health calls that come while a rostered shift runs, by hour and weekday."""
    key, lang = "call_coverage", filters.lang
    asked = (filters.first, common.until(filters))
    calls = bh_calls(session, (BH,), first=asked[0], last=asked[1])
    moments = pd.DatetimeIndex(calls["received_at"].to_numpy(np.int64).view("datetime64[ns]"), tz="UTC")
    local = moments.tz_convert(pilot.time_zone)
    weekday, hour = local.day_of_week.to_numpy() + 1, local.hour.to_numpy()
    inside = staffed(session, local, filters.staff_id)
    grid = pd.DataFrame({"weekday": weekday, "hour": hour, "staffed": inside})
    full = pd.MultiIndex.from_product([range(1, 8), range(24)], names=["weekday", "hour"])
    table = grid.groupby(["weekday", "hour"])["staffed"].agg(calls="size", staffed="sum").reindex(full, fill_value=0)
    covered, total = int(inside.sum()), len(grid)
    more = {
        shift.key: int((~inside & np.isin(weekday, shift.weekdays) & (hour >= shift.start) & (hour < shift.end)).sum())
        for shift in ADDED
    }
    overall = wilson(covered, total)
    values = {"share": words.percent(overall.value, lang), "n": words.number(total, lang)}
    values |= {name: words.percent(count / total if total else None, lang) for name, count in more.items()}
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.reset_index().astype(int),
        columns=common.columns(
            lang, weekday="calls_weekday", hour="calls_hour", calls="calls_bh", staffed="calls_staffed"
        ),
        estimate=overall,
        display=words.percent(overall.value, lang),
        context=common.said(key, "context", lang, **values) if total else "",
        sentence=common.said(key, "sentence" if total else "nothing", lang, **values),
        marks=common.marks(session, pilot, filters, key)
        | {"added": {k: v / total for k, v in more.items()} if total else {}}
        | {"shift": roster(session, asked[1], filters.staff_id), "shift_share": overall.value}
        | {"offers": {shift.key: [(d, shift.start, shift.end) for d in shift.weekdays] for shift in ADDED}},
    )


def roster(session: Session, day: date, staff_id: int | None) -> list[tuple[int, float, float]]:
    """The hours somebody is rostered for as of ``day``: (ISO weekday, from, to) in hours, overlapping ones joined."""
    valid = select(Shift).where(Shift.valid_from <= day, or_(Shift.valid_until.is_(None), Shift.valid_until >= day))
    hours = sorted(
        (shift.weekday, _hour(shift.starts_at), _hour(shift.ends_at))
        for shift in session.scalars(valid)
        if staff_id in (None, shift.staff_id)
    )
    joined: list[tuple[int, float, float]] = []
    for weekday, start, end in hours:
        if joined and joined[-1][0] == weekday and start <= joined[-1][2]:
            joined[-1] = (weekday, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((weekday, start, end))
    return joined


def _hour(at: time) -> float:
    return at.hour + at.minute / 60


def staffed(session: Session, local: pd.DatetimeIndex, staff_id: int | None) -> NDArray[np.bool_]:
    """For each local moment: whether a shift valid on that day runs (start inclusive, end exclusive)."""
    inside = np.zeros(len(local), bool)
    weekday = local.day_of_week.to_numpy() + 1
    day = local.tz_localize(None).to_numpy().astype("datetime64[D]")
    minute = (local.hour * 60 + local.minute).to_numpy()
    for shift in session.scalars(select(Shift)):
        if staff_id not in (None, shift.staff_id):
            continue
        until = np.datetime64(shift.valid_until or date.max)
        inside |= (
            (weekday == shift.weekday)
            & (minute >= shift.starts_at.hour * 60 + shift.starts_at.minute)
            & (minute < shift.ends_at.hour * 60 + shift.ends_at.minute)
            & (day >= np.datetime64(shift.valid_from))
            & (day <= until)
        )
    return inside
