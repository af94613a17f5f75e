"""Calls for service: how many, how many again, and at what cost of officers' time."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, effect, history
from dashboard.measures.faces import familiar_faces
from dashboard.measures.shifts import call_coverage
from dashboard.model import Audience, Direction, Estimate, Filters, Measure, Result
from dashboard.repeats import Coverage, Monthly, launch_shift
from dashboard.stats import poisson_exact
from db.access import Permission
from db.cad import current
from db.ledger import month_of
from db.models import Pilot
from db.vocab import CallCategory, Scope, text

BH = CallCategory.behavioural_health


def bh_calls(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Behavioural-health calls by month, institutions included. A month the data do not know has no figure."""
    key, lang = "bh_calls", filters.lang
    asked = (filters.first, common.until(filters))
    by_month = _by_month(current.days(session, BH, *asked), "calls")
    covered = history.covered(session, filters.as_of)
    holes = history.missing(covered, asked, filters.as_of)
    table = pd.DataFrame(
        [
            _count_row(month, count, history.month_status(month, covered, asked))
            for month, count in _known(by_month, holes, asked, filters.as_of)
        ],
        columns=["period", "value", "low", "high", "status"],
    ).astype(dict.fromkeys(("value", "low", "high"), float))
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
        caveats=_missing_said(holes, lang),
        spark=common.spark(common.finished(table)["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month", gaps=holes),
    )


def _by_month(days: pd.DataFrame, column: str) -> dict[date, int]:
    """The sum of one column of the kept counts for each month that has any."""
    found: dict[date, int] = {}
    for day, count in zip(days["day"], days[column], strict=True):
        month = month_of(day)
        found[month] = found.get(month, 0) + int(count)
    return found


def _known(
    by_month: dict[date, int], holes: list[history.Stretch], asked: tuple[date, date], as_of: date
) -> list[tuple[date, int | None]]:
    """Each month of the period with its count; None where the data know nothing of it, which is not zero."""
    return [
        (month, by_month.get(month) if history.nothing_known(month, holes, asked, as_of) else by_month.get(month, 0))
        for month in _months(asked)
    ]


def _missing_said(holes: list[history.Stretch], lang: str) -> tuple[str, ...]:
    """The longest stretches that the data do not know, as one caveat; none where nothing is missing."""
    if not holes:
        return ()
    longest = sorted(sorted(holes, key=lambda hole: hole[0] - hole[1])[:SAID_HOLES])
    listed = ", ".join(
        words.day(a, lang) if a == b else f"{words.day(a, lang)} – {words.day(b, lang)}" for a, b in longest
    )
    days = sum((b - a).days + 1 for a, b in holes)
    form = "calls.missing" if len(holes) <= SAID_HOLES else "calls.missing_more"
    return (text(form, _lang(lang), days=words.number(days, lang), list=listed),)


SAID_HOLES = 4
"""Stretches of missing days that a caveat names; more are counted only."""


def _months(asked: tuple[date, date]) -> list[date]:
    return common.months(*asked) if asked[1] >= asked[0] else []


def _sum(table: pd.DataFrame, column: str) -> int:
    return int(np.nansum(table[column].to_numpy(float)))


def _count_row(month: date, count: int | None, status: str) -> tuple[Any, ...]:
    if count is None:
        return (month, None, None, None, status)
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
    covered = history.covered(session, filters.as_of)
    monthly = history.repeat_series(session, BH, window, filters.as_of, asked)
    table = _repeat_table(monthly, covered, asked, window)
    planned = effect.the_plan(session).window_days == window
    expected = effect.expected_by_month(session, pilot, filters.as_of) if planned else {}
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
        | {"window_days": window, "basis": monthly.basis if monthly else None, "expected": forecast}
        | {"gaps": history.missing(covered, asked, filters.as_of)},
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
    monthly: Monthly | None, covered: Coverage | None, asked: tuple[date, date], window: int
) -> pd.DataFrame:
    """One row per month of the period; ``value`` is missing where no call could be judged."""
    known = {} if monthly is None else {row["month"]: row for row in monthly.table.to_dict("records")}
    rows = []
    for month in _months(asked):
        row = known.get(month)
        status = history.month_status(month, covered, asked, window)
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
    if monthly.institutions:
        inside = words.number(monthly.institutions, lang)
        said.append(common.said("repeat_calls", "institutions", lang, n=inside))
    if nobody:
        said.append(common.said("repeat_calls", "nobody", lang, n=words.number(nobody, lang)))
    shift = launch_shift(monthly.table, pilot.starts_on)
    if shift is not None and abs(shift) > effect.KEYED_JUMP:
        said.append(text("effect.keyed_jump", _lang(lang), points=words.number(abs(shift) * 100, lang)))
    return tuple(said)


# --- officers' time --------------------------------------------------------------------------------------


def officer_hours(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Unit-hours on behavioural-health calls by month: arrival to clear, summed over units."""
    key, lang = "officer_hours", filters.lang
    asked = (filters.first, common.until(filters))
    days = current.days(session, BH, *asked)
    spent, units, timed = _by_month(days, "unit_seconds"), int(days["units"].sum()), int(days["timed_units"].sum())
    covered = history.covered(session, filters.as_of)
    holes = history.missing(covered, asked, filters.as_of)
    hours = {month: seconds / 3600 for month, seconds in spent.items()}
    rows = _known(spent, holes, asked, filters.as_of)
    table = pd.DataFrame(
        {
            "period": [month for month, _ in rows],
            "value": [np.nan if seconds is None or not units else seconds / 3600 for _, seconds in rows],
            "low": np.nan,
            "high": np.nan,
            "status": [history.month_status(month, covered, asked) for month, _ in rows],
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
        caveats=((missing,) if units > timed else ()) + _missing_said(holes, lang),
        spark=common.spark(common.finished(table)["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month", gaps=holes),
    )


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
    common.define("call_coverage", call_coverage, chart="heat", **_CITY),
    common.define(
        "familiar_faces",
        familiar_faces,
        chart="compare",
        direction=Direction.down_good,
        about_people=True,
        scopes=(Scope.calls, Scope.setup),
        permission=Permission.see_overview,
    ),
)
