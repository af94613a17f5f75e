"""Forms over time: the caseload, the flow of referrals, and any series of one measure.

``status`` of a row: final, provisional (hatched behind) or unfinished (hollow, joined to nothing).
"""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.axes import as_day
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, Values, last, running_mean, where


def caseload(canvas: Canvas) -> go.Figure:
    """Open at each period's end against the capacity band; by week also opened above zero and closed below."""
    p, rows = canvas.at.palette, Rows(canvas.result)
    days, over, low, high = rows.days("week"), rows.over, rows.values("band_low"), rows.values("band_high")
    ends, middle = _places(days, rows)
    closed: Values = [None if v is None else -v for v in rows.values("closed")]
    flows = rows.length == 7 and any(closed)
    canvas.time(days[0], ends[-1])
    canvas.scale(rows.values("open"), high, low=min([v for v in closed if v] + [-1.0]) * 1.4 if flows else 0.0)
    canvas.hatch(_places(rows.provisional("week"), rows)[1], rows.length)
    canvas.band(ends, low, high, p.band)
    if flows:
        canvas.bars(middle, rows.values("opened"), {"color": p.pilot}, 4, canvas.name("opened"))
        canvas.bars(middle, closed, {"color": p.expected}, 4, canvas.name("closed"))
        canvas.label(canvas.word("opened"), canvas.high * 0.05, p.pilot_text)
        canvas.label(canvas.word("closed"), canvas.low / 2, p.expected_text)
    _inactive(canvas, ends, where(rows.values("inactive"), over))
    canvas.line(ends, where(rows.values("open"), over), p.observed, name=canvas.name("open"))
    _unfinished(canvas, ends, rows.values("open"), over, canvas.name("open"))
    _end(canvas, "open", rows.values("open"), p.observed, bold=True)
    bottom, top = last(low), last(high)
    if bottom is not None and top is not None:
        words = canvas.word("capacity", low=canvas.say(bottom), high=canvas.say(top))
        canvas.label(words, (bottom + top) / 2, p.expected_text)
    return canvas.finish()


def _places(days: list[date], rows: Rows) -> tuple[list[date], list[date]]:
    """Last day (not after the day the figures are known to) and middle of each period that begins on ``days``."""
    known = rows.result.filters.as_of
    ends = [max(d, min(d + timedelta(days=rows.length - 1), known)) for d in days]
    return ends, [d + timedelta(days=rows.length // 2) for d in days]


def _inactive(canvas: Canvas, ends: list[date], inactive: Values) -> None:
    """Open, but without contact for more than 60 days: drawn apart, and only where there are any."""
    if any(inactive):
        p = canvas.at.palette
        canvas.line(ends, inactive, p.attention, dash="dot", thin=True, name=canvas.name("inactive"))
        _end(canvas, "inactive", inactive, p.attention_text)


def _end(canvas: Canvas, key: str, values: Values, ink: str, *, bold: bool = False) -> None:
    """The label at a line's end, with its newest value."""
    now = last(values)
    if now is not None:
        canvas.label(canvas.word(key, n=canvas.say(now)), now, ink, bold=bold)


def flow(canvas: Canvas) -> go.Figure:
    """Received as bars, contacted and connected as lines over them, by week."""
    p, m, rows = canvas.at.palette, canvas.at.metrics, Rows(canvas.result)
    days, over = rows.days("week"), rows.over
    _, middle = _places(days, rows)
    weekly = rows.length == 7
    if weekly and canvas.unit:
        canvas.unit = canvas.word("weekly", unit=canvas.unit)
    canvas.time(days[0], days[-1] + timedelta(days=rows.length - 1))
    canvas.scale(*(rows.values(c) for c in ("received", "contacted", "connected")))
    canvas.hatch(_places(rows.provisional("week"), rows)[1], rows.length)
    fill: dict[str, Any] = {
        "color": [p.band if done else p.ground for done in over],
        "line": {"color": p.expected, "width": [0 if done else m.thin for done in over]},
    }
    canvas.bars(middle, rows.values("received"), fill, rows.length * 0.77, canvas.name("received"))
    _end(canvas, "received", where(rows.values("received"), over), p.expected_text)
    for column, color, ink in (("contacted", p.observed, p.observed), ("connected", p.pilot, p.pilot_text)):
        values = where(rows.values(column), over)
        smooth = running_mean(values) if weekly else values
        if weekly:
            canvas.dots(zip(middle, values, strict=True), color, canvas.name(column))
        canvas.line(middle, smooth, color, markers=not weekly, name="" if weekly else canvas.name(column))
        _end(canvas, column, smooth, ink, bold=column == "connected")
        _unfinished(canvas, middle, rows.values(column), over, canvas.name(column), color)
    return canvas.finish()


def _unfinished(
    canvas: Canvas, x: list[date], values: Values, over: list[bool], name: str, color: str | None = None
) -> None:
    points = [(day, v) for day, v, done in zip(x, values, over, strict=True) if not done and v is not None]
    if points:
        words = f"{name}, {canvas.word('unfinished')}"
        canvas.dots(points, color or canvas.at.palette.observed, words, hollow=True)


def series(canvas: Canvas) -> go.Figure:
    """One measure over time, with its interval and its target. A hidden period says so.

    A running total of months or quarters stands at each period's end, and begins at zero when the pilot did.
    """
    p, rows = canvas.at.palette, Rows(canvas.result)
    days, over, value = rows.days("period"), rows.over, rows.values("value")
    length = min(((b - a).days for a, b in pairwise(days)), default=7)
    running = rows.has("new") and rows.length > 7
    at = _places(days, rows)[0] if running else days
    target = canvas.result.marks.get("target")
    low, high = where(rows.values("low"), over), where(rows.values("high"), over)
    canvas.time(days[0], at[-1] if running else days[-1] + timedelta(days=max(length - 1, 6)))
    canvas.scale(value, low, high, [] if target is None else [float(target)])
    canvas.hatch([d + timedelta(days=length // 2) for d in rows.provisional("period")], length)
    canvas.band(at, low, high, p.band)
    if target is not None:
        canvas.line([days[0], at[-1]], [float(target)] * 2, p.attention, dash="dash", thin=True)
        canvas.label(canvas.word("target", n=canvas.say(float(target))), float(target), p.attention_text)
    name = canvas.unit if canvas.kind == "number" and canvas.unit else canvas.name("value")
    launch = canvas.result.marks.get("launch") if running else None
    begin = [as_day(launch)] if launch and days[0] <= as_day(launch) <= at[0] else []
    canvas.line(
        [*begin, *at], [*[0.0] * len(begin), *where(value, over)], p.observed, markers=len(days) <= 60, name=name
    )
    _unfinished(canvas, at, value, over, name)
    now, newest = last(where(value, over)), last(value)
    if running and newest is not None and not over[-1]:
        canvas.label(canvas.word("so_far", n=canvas.say(newest)), newest, p.observed, bold=True)
    elif now is not None:
        canvas.label(canvas.say(now), now, p.observed, bold=True)
    for day, gone in zip(at, rows.hidden, strict=True):
        if gone:
            canvas.note(canvas.word("hidden"), p.quiet, x=day, y=canvas.low, yanchor="bottom", textangle=-90)
    return canvas.finish()
