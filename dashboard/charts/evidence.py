"""What could have been seen, month by month, and how the fitted line misses the data."""

from datetime import date

import plotly.graph_objects as go

from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, where

STRAY = 1.96
"""Standard deviations within which 19 of 20 residuals lie."""


def detect(canvas: Canvas) -> go.Figure:
    """The smallest fall that could have been seen after so many months: known ones solid, those to come dashed.

    Table: month, fall (a share), phase ("known" as far as the data reach, else "ahead"). Marks: target_ratio,
    reached_on (the month in which the target becomes detectable).
    """
    p, rows = canvas.at.palette, Rows(canvas.result)
    days, value = rows.days("month"), rows.values("fall")
    known = [s == "known" for s in rows.texts("phase")]
    ratio, found = canvas.result.marks.get("target_ratio"), canvas.result.marks.get("reached_on")
    target = None if ratio is None else 1 - float(ratio)
    canvas.time(days[0], days[-1])
    canvas.scale(value, [] if target is None else [float(target)], room=1.1)
    ahead = where(value, [not all(known[k : k + 2]) for k in range(len(known))])  # begins where the solid line ends
    canvas.line(days, where(value, known), p.observed)
    canvas.line(days, ahead, p.expected, dash="dash")
    for share, color in ((where(value, known), p.observed), (where(value, [not k for k in known]), p.expected)):
        points = [(d, v) for d, v in zip(days, share, strict=True) if v is not None]
        if points:
            canvas.dots(points, color, canvas.name("fall"))
    if target is not None:
        canvas.line([days[0], days[-1]], [float(target)] * 2, p.attention, dash="dash", thin=True)
        canvas.label(canvas.word("target", n=canvas.say(float(target))), float(target), p.attention_text)
    ends = [v for v in value if v is not None]
    if ends and (target is None or abs(ends[-1] - float(target)) > 0.02):
        canvas.label(canvas.say(ends[-1]), ends[-1], p.expected_text)
    now = [(d, v) for d, v, yes in zip(days, value, known, strict=True) if yes and v is not None][-1:]
    if now:
        words = canvas.word("now", n=canvas.result.display)
        canvas.dots(now, p.observed, words, big=True)
        canvas.note(f"<b>{words}</b>", p.observed, **_above(canvas, *now[0]))
    if isinstance(found, date) and target is not None and (not now or found != now[0][0]):
        canvas.dots([(found, float(target))], p.attention, canvas.word("from_here"), big=True)
    return canvas.finish()


def _above(canvas: Canvas, day: date, value: float) -> dict[str, object]:
    font = canvas.at.metrics.font
    return {"x": day, "y": value, "xanchor": "left", "yanchor": "bottom", "xshift": font * 0.4, "yshift": font * 0.4}


def residuals(canvas: Canvas) -> go.Figure:
    """Each month's distance from the fitted line, in standard deviations; 19 of 20 belong inside the band.

    Table: month, value, phase ("before" or "after"). Good residuals have no pattern.
    """
    p, rows = canvas.at.palette, Rows(canvas.result)
    days, value, phase = rows.days("month"), rows.values("value"), rows.texts("phase")
    reach = max([abs(v) for v in value if v is not None] + [3.0])
    canvas.kind = "number"
    canvas.time(days[0], days[-1])
    canvas.scale([reach], [-reach], low=-reach, room=1.08)
    canvas.high = reach * 1.08  # as far up as down
    canvas.band([days[0], days[-1]], [-STRAY] * 2, [STRAY] * 2, p.band)
    for side, color, ink in (("before", p.observed, p.observed), ("after", p.pilot, p.pilot_text)):
        points = [(d, v) for d, v, s in zip(days, value, phase, strict=True) if s == side and v is not None]
        if points:
            canvas.dots(points, color, canvas.name("value"))
            canvas.traces[-1]["marker"] |= {"size": canvas.at.metrics.marker * 1.5, "opacity": 1}
            level = {"before": STRAY, "after": -STRAY}[side]
            canvas.label(canvas.word(f"residual_{side}"), level, ink)
    return canvas.finish()
