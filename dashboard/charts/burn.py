"""Money spent against plan, and where it is heading."""

import plotly.graph_objects as go

from dashboard.charts.axes import as_day
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, last, number


def burn(canvas: Canvas) -> go.Figure:
    """Cumulative dollars: spent so far, the plan, the projected close with its range, the budget and the deadlines."""
    canvas.kind, p, rows = "money", canvas.at.palette, Rows(canvas.result)
    days, spent, projected = rows.days("date"), rows.values("spent"), rows.values("projected")
    budget = number(canvas.result.marks.get("budget"))
    canvas.time(days[0], days[-1])
    top = [] if budget is None else [budget]
    canvas.scale(spent, rows.values("plan"), rows.values("projected_high"), projected, top)
    canvas.band(days, rows.values("projected_low"), rows.values("projected_high"), p.band)
    canvas.line(days, rows.values("plan"), p.expected, dash="dot", name=canvas.name("plan"))
    close = last(projected)
    ink = p.over if budget is not None and close is not None and close > budget else p.observed
    canvas.line(days, projected, ink, dash="dash", name=canvas.name("projected"))
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
    _deadlines(canvas)
    return canvas.finish()


def _deadlines(canvas: Canvas) -> None:
    """The grant's hard days, where they fall inside the drawn year."""
    p = canvas.at.palette
    for key in ("obligate_by", "expend_by"):
        day = canvas.result.marks.get(key)
        if day is None or canvas.first is None or canvas.last is None:
            continue
        day = as_day(day)
        if canvas.first < day <= canvas.last:
            canvas.upright(day, p.attention)
            words = canvas.word(key)
            canvas.note(words, p.attention_text, x=day, y=canvas.high * 0.08, xanchor="right", xshift=-4)
