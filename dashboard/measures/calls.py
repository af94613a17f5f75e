"""Calls for service: how many, how many again, from how many, at what hours, and at what cost of officers' time."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, effect, history
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from dashboard.repeats import Monthly, ladder, launch_shift
from dashboard.stats import poisson_exact, wilson
from db.access import Permission
from db.models import Call, CallType, CallUnit, Pilot, Shift
from db.vocab import CallCategory, Scope, text

BH = CallCategory.behavioural_health
LADDER = (40, 20, 10, 5, 3)
"""Calls in twelve months, the most first: each step holds the one before it."""


def bh_calls(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Behavioural-health calls by month, institutions included."""
    key, lang = "bh_calls", filters.lang
    asked = (filters.first, common.until(filters))
    rows = session.execute(
        select(Call.received_on, func.count())
        .join(CallType, CallType.id == Call.type_id)
        .where(CallType.category == BH, Call.received_on.between(*asked))
        .group_by(Call.received_on)
    )
    by_month: dict[date, int] = {}
    for day, count in rows:
        by_month[common.month_of(day)] = by_month.get(common.month_of(day), 0) + count
    covered = history.covered(session, pilot, filters.as_of)
    table = pd.DataFrame(
        [
            _count_row(month, by_month.get(month, 0), history.month_status(month, covered, asked))
            for month in _months(asked)
        ],
        columns=["period", "value", "low", "high", "status"],
    )
    total = sum(by_month.values())
    shown = _last_month(key, table, lang, {"total": words.number(total, lang)})
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(
            lang, period="calls_month", value="calls_bh", low="calls_low", high="calls_high", status="calls_status"
        ),
        estimate=poisson_exact(total),
        display=shown.display,
        context=shown.context,
        sentence=shown.sentence,
        spark=common.spark(common.finished(table)["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month"),
    )


def _months(asked: tuple[date, date]) -> list[date]:
    return common.months(*asked) if asked[1] >= asked[0] else []


def _sum(table: pd.DataFrame, column: str) -> int:
    return int(np.nansum(table[column].to_numpy(float)))


def _count_row(month: date, count: int, status: str) -> tuple[Any, ...]:
    around = poisson_exact(count)
    return (month, float(count), around.low, around.high, status)


class Shown(NamedTuple):
    display: str
    context: str
    sentence: str


def _last_month(key: str, table: pd.DataFrame, lang: str, values: dict[str, str], context: str = "") -> Shown:
    """Display, context and sentence from the last month that is over; a dash where none is."""
    done = common.finished(table).dropna(subset=["value"])
    if done.empty:
        return Shown(words.NOTHING, "", common.said(key, "nothing", lang, **values))
    last = done.iloc[-1].to_dict()
    values = values | {"month": words.month(last["period"], lang), "n": words.number(last["value"], lang)}
    said = common.said(key, "context", lang, **values) + context
    return Shown(values["n"], said, common.said(key, "sentence", lang, **values))


# --- repeat calls ----------------------------------------------------------------------------------------


def repeat_calls(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Repeat calls by month under the chosen window; where it is the plan's, what was expected stands beside."""
    key, lang, window = "repeat_calls", filters.lang, filters.window_days
    asked = (filters.first, common.until(filters))
    calls = history.read(session, pilot, filters.as_of, BH, CallCategory.control)
    monthly = history.repeat_series(calls, BH, window, asked)
    table = _repeat_table(monthly, calls, asked, window)
    planned = effect.the_plan(session).window_days == window
    expected = effect.expected_by_month(effect.primary(session, pilot, filters.as_of, calls)) if planned else {}
    repeats, judged = _sum(table, "value"), _sum(table, "judged")
    done = common.finished(table).dropna(subset=["value"])
    last = done.iloc[-1].to_dict() if len(done) else {"period": None, "judged": 0, "share": None}
    forecast = expected.get(last["period"]) if last["period"] else None
    values = {
        "window": words.number(window, lang),
        "share": words.percent(last["share"], lang),
        "judged": words.number(last["judged"], lang),
    }
    beside = "" if forecast is None else common.said(key, "expected", lang, expected=words.number(forecast, lang))
    shown = _last_month(key, table, lang, values, beside)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: f"calls_{word}" for name, word in _REPEAT_COLUMNS.items()}),
        estimate=Estimate(float(repeats), poisson_exact(repeats).low, poisson_exact(repeats).high, judged),
        display=shown.display,
        context=shown.context,
        sentence=shown.sentence,
        caveats=_repeat_caveats(pilot, monthly, table, lang),
        spark=common.spark(done["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month")
        | {"window_days": window, "basis": monthly.basis if monthly else None, "expected": forecast},
    )


_REPEAT_COLUMNS = {
    "period": "month",
    "value": "repeat",
    "low": "low",
    "high": "high",
    "judged": "judged",
    "share": "share",
    "unjudged": "unjudged",
    "nobody": "nobody",
    "keyed": "keyed",
    "status": "status",
}


def _repeat_table(
    monthly: Monthly | None, calls: history.History, asked: tuple[date, date], window: int
) -> pd.DataFrame:
    """One row per month of the period; ``value`` is missing where no call could be judged."""
    known = {} if monthly is None else {row["month"]: row for row in monthly.table.to_dict("records")}
    rows = []
    for month in _months(asked):
        row = known.get(month)
        status = history.month_status(month, calls.coverage, asked, window)
        if row is None or (not row["judged"] and status != common.FINAL):
            rows.append((month, None, None, None, 0, None, *((0, 0, None) if row is None else _rest(row)), status))
            continue
        around = poisson_exact(int(row["repeats"]))
        share = row["repeats"] / row["judged"] if row["judged"] else None
        rows.append((month, row["repeats"], around.low, around.high, row["judged"], share, *_rest(row), status))
    table = pd.DataFrame(rows, columns=list(_REPEAT_COLUMNS))
    return table.astype(dict.fromkeys(("value", "low", "high", "share", "keyed"), float))


def _rest(row: dict[Any, Any]) -> tuple[Any, ...]:
    return row["unjudged"], row["nobody"], row["keyed"]


def _repeat_caveats(pilot: Pilot, monthly: Monthly | None, table: pd.DataFrame, lang: str) -> tuple[str, ...]:
    """What could not be judged, and by which subject was counted."""
    if monthly is None:
        return ()
    unjudged, nobody = _sum(table, "unjudged"), _sum(table, "nobody")
    said = [text(f"effect.basis.{monthly.basis}", _lang(lang))]
    if unjudged:
        said.append(common.said("repeat_calls", "unjudged", lang, n=words.number(unjudged, lang)))
    if nobody:
        said.append(common.said("repeat_calls", "nobody", lang, n=words.number(nobody, lang)))
    shift = launch_shift(monthly.table, pilot.starts_on)
    if shift is not None and abs(shift) > effect.KEYED_JUMP:
        said.append(text("effect.keyed_jump", _lang(lang), points=words.number(abs(shift) * 100, lang)))
    return tuple(said)


# --- familiar faces --------------------------------------------------------------------------------------


def familiar_faces(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Subjects with many calls in the twelve months up to the period's end, and their share of calls."""
    key, lang = "familiar_faces", filters.lang
    last = common.until(filters)
    first = _year_before(last)
    calls = history.read(session, pilot, filters.as_of, BH)
    monthly = history.repeat_series(calls, BH, filters.window_days)
    basis = monthly.basis if monthly else "location"
    day = calls.calls["received_on"].to_numpy().astype("datetime64[D]")
    kept = calls.calls.loc[
        (day >= np.datetime64(first)) & (day <= np.datetime64(last)) & ~calls.calls["institution"].to_numpy(bool)
    ]
    subjects = kept[basis].to_numpy(np.int64)
    steps = ladder(subjects, LADDER)
    total = int((subjects >= 0).sum())
    rows, above = [], 0
    for step, people, theirs in steps:
        share = wilson(theirs, total)
        group = common.said(key, "step", lang, n=words.number(step, lang))
        rows.append((group, people, people - above, theirs, share.value, share.low, share.high))
        above = people
    table = pd.DataFrame(rows, columns=["group", "value", "added", "calls", "share", "share_low", "share_high"])
    _, most, theirs = steps[-1]
    values = {
        "n": words.number(most, lang),
        "calls": words.number(theirs, lang),
        "share": words.percent(theirs / total if total else None, lang),
        "step": words.number(LADDER[-1], lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(
            lang,
            group="calls_step",
            value="calls_subjects",
            added="calls_added",
            calls="calls_theirs",
            share="calls_share_all",
            share_low="calls_share_low",
            share_high="calls_share_high",
        ),
        estimate=poisson_exact(most),
        display=words.number(most, lang),
        context=common.said(key, "context", lang, **values),
        sentence=common.said(key, "sentence" if total else "nothing", lang, **values),
        caveats=(text(f"effect.basis.{basis}", _lang(lang)),),
        marks=common.marks(session, pilot, filters, key) | {"first": first, "last": last},
        guard=Guard(
            bars=("added",),
            extras=("calls",),
            derived=dict.fromkeys(("share", "share_low", "share_high"), ("added", "calls")),
            cumulative={"value": "added"},
            headline=(most,),
            said=(most, theirs),
        ),
    )


def _year_before(day: date) -> date:
    """The first day of the twelve months that end with ``day``."""
    after = day + timedelta(days=1)
    return after.replace(year=after.year - 1, day=min(after.day, 28) if after.month == 2 else after.day)


# --- officers' time --------------------------------------------------------------------------------------


def officer_hours(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Unit-hours on behavioural-health calls by month: arrival to clear, summed over units."""
    key, lang = "officer_hours", filters.lang
    asked = (filters.first, common.until(filters))
    seconds = cast(extract("epoch", CallUnit.cleared_at), BigInteger) - cast(
        extract("epoch", CallUnit.arrived_at), BigInteger
    )
    rows = session.execute(
        select(Call.received_on, func.sum(seconds), func.count(), func.count(seconds))
        .select_from(CallUnit)
        .join(Call, Call.id == CallUnit.call_id)
        .join(CallType, CallType.id == Call.type_id)
        .where(CallType.category == BH, Call.received_on.between(*asked))
        .group_by(Call.received_on)
    ).all()
    hours: dict[date, float] = {}
    for day, spent, _, _ in rows:
        hours[common.month_of(day)] = hours.get(common.month_of(day), 0.0) + float(spent or 0) / 3600
    units, timed = sum(row[2] for row in rows), sum(row[3] for row in rows)
    covered = history.covered(session, pilot, filters.as_of)
    months = _months(asked)
    table = pd.DataFrame(
        {
            "period": months,
            "value": [hours.get(month, 0.0 if units else np.nan) for month in months],
            "low": np.nan,
            "high": np.nan,
            "status": [history.month_status(month, covered, asked) for month in months],
        }
    )
    total = sum(hours.values())
    missing = common.said(key, "untimed", lang, n=words.number(units - timed, lang), units=words.number(units, lang))
    shown = _last_month(key, table, lang, {"total": words.number(total, lang)})
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, period="calls_month", value="calls_hours", status="calls_status"),
        estimate=Estimate(total if units else None, n=timed),
        display=shown.display,
        context=shown.context,
        sentence=shown.sentence,
        caveats=(missing,) if units > timed else (),
        spark=common.spark(common.finished(table)["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month"),
    )


# --- the staffed shift -----------------------------------------------------------------------------------


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
    calls = history.bh_calls(session, (BH,), first=asked[0], last=asked[1])
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
        | {"added": {k: v / total for k, v in more.items()} if total else {}},
    )


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


def _lang(lang: str) -> Any:
    return "es" if lang == "es" else "en"


_CITY: dict[str, Any] = {
    "about_people": False,
    "scopes": (Scope.calls, Scope.setup),
    "permission": Permission.see_overview,
}
"""City-wide calls are not subject to the disclosure rule."""

MEASURES: tuple[Measure, ...] = (
    common.define("bh_calls", bh_calls, chart="series", **_CITY),
    common.define("repeat_calls", repeat_calls, chart="series", direction=Direction.down_good, **_CITY),
    common.define("officer_hours", officer_hours, chart="series", **_CITY),
    common.define("call_coverage", call_coverage, chart=None, **_CITY),
    common.define(
        "familiar_faces",
        familiar_faces,
        chart="bars",
        direction=Direction.down_good,
        about_people=True,
        scopes=(Scope.calls, Scope.setup),
        permission=Permission.see_overview,
    ),
)
