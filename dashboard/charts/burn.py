"""Money spent against plan, and where it is heading."""

import plotly.graph_objects as go

from dashboard.charts.axes import as_day
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, last, number
from dashboard.words import short_day

DEADLINES = ("obligate_by", "expend_by", "last_day")
"""Marks of a Result that are hard days; each is also the key of its word."""


def burn(canvas: Canvas) -> go.Figure:
    """Cumulative dollars: spent so far, the plan, the projected close with its range, the budget and the deadlines."""
    canvas.kind, p, rows = "money", canvas.at.palette, Rows(canvas.result)
    days, spent, projected = rows.days("date"), rows.values("spent"), rows.values("projected")
    budget = number(canvas.result.marks.get("budget"))
    canvas.time(days[0], max([days[-1], *(as_day(day) for day in (canvas.result.marks.get("drawn") or {}).values())]))
    top = [] if budget is None else [budget]
    canvas.scale(spent, rows.values("plan"), rows.values("projected_high"), projected, top)
    canvas.band(days, rows.values("projected_low"), rows.values("projected_high"), p.band)
    canvas.line(days, rows.values("plan"), p.expected, dash="dot", name=canvas.name("plan"))
    close = last(projected)
    ink = p.over if budget is not None and close is not None and close > budget else p.observed
    canvas.line(
        days, projected, ink, dash="dash", name=str(canvas.result.marks.get("formula") or canvas.name("projected"))
    )
    canvas.line(days, spent, p.observed, name=canvas.name("spent"))
    if budget is not None:
        canvas.line([days[0], days[-1]], [budget] * 2, p.attention, thin=True)
        canvas.label(canvas.word("budget", n=canvas.say(budget)), budget, p.attention_text)
    if close is not None:
        canvas.label(canvas.word("projected", n=canvas.say(round(close, -3))), close, ink, bold=True)
    so_far = last(spent)
    if so_far is not None:
        words = canvas.word("spent", n=canvas.say(round(so_far, -3)))
        canvas.dots([(days[max(k for k, v in enumerate(spent) if v is not None)], so_far)], p.observed, words, big=True)
        canvas.label(words, so_far, p.observed, bold=True)
    _run_out(canvas)
    _deadlines(canvas)
    return canvas.finish()


def _run_out(canvas: Canvas) -> None:
    """The day on which the projection reaches the budget, where it does so before the last one."""
    day, budget = canvas.result.marks.get("runs_out"), number(canvas.result.marks.get("budget"))
    if day is None or budget is None:
        return
    day, p, font = as_day(day), canvas.at.palette, canvas.at.metrics.font
    words = canvas.word("runs_out", day=short_day(day, canvas.lang))
    canvas.dots([(day, budget)], p.over, words, big=True)
    place = {"xanchor": "right", "yanchor": "bottom", "yshift": font * 0.4, "xshift": -font * 0.4}
    canvas.note(f"<b>{words}</b>", p.over, x=day, y=budget, **place)


def _deadlines(canvas: Canvas) -> None:
    """The hard days of grant and pilot, where they fall inside the drawn time; their words one above the other."""
    p, font = canvas.at.palette, canvas.at.metrics.font
    known = [(as_day(day), key) for key in DEADLINES if (day := canvas.result.marks.get(key))]
    if canvas.first is None or canvas.last is None:
        return
    shown = sorted((day, key) for day, key in known if canvas.first < day <= canvas.last)
    for step, (day, key) in enumerate(reversed(shown)):
        canvas.upright(day, p.attention)
        beyond = canvas.at.slide and day == canvas.last  # beside the plot is room, and the word crosses no other line
        place = {"x": day, "y": 0, "xanchor": "left" if beyond else "right", "yanchor": "bottom"}
        place["xshift"] = 8 if beyond else -4
        canvas.note(canvas.word(key), p.attention_text, **place, yshift=font * (0.3 + 1.25 * step))
