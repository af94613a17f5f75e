"""Hour by weekday: when the calls come, the shift drawn on them, and the hours another shift would add."""

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go
from babel.dates import get_day_names

from dashboard import words
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows
from dashboard.charts.theme import template
from dashboard.words import LOCALE
from db.hours import runs

Hours = tuple[int, float, float]
"""ISO weekday, from, to: hours of the day."""
TICKS = (0, 4, 8, 12, 16, 20, 24)


def heat(canvas: Canvas) -> go.Figure:
    """One square per hour of the week, darker with more calls; solid outline: on shift now; dashed: might be added."""
    rows = Rows(canvas.result)
    p, m, marks = canvas.at.palette, canvas.at.metrics, canvas.result.marks
    cells = zip(*(rows.values(name) for name in ("weekday", "hour", "calls")), strict=True)
    known = [(int(day), int(at), n) for day, at, n in cells if day is not None and at is not None and n is not None]
    weekday, hour, calls = ([cell[k] for cell in known] for k in range(3))
    grid = [[0.0] * 24 for _ in range(7)]
    for day, at, count in known:
        grid[day - 1][at] = count
    days = [get_day_names("abbreviated", locale=LOCALE[canvas.lang])[k].rstrip(".").capitalize() for k in range(7)]
    canvas.traces += [
        {
            "type": "heatmap",
            "z": grid,
            "x": [at + 0.5 for at in range(24)],
            "y": list(range(7)),
            "colorscale": [[0, p.ground], [1, p.observed]],
            "zmin": 0,
            "showscale": False,
            "xgap": 1,
            "ygap": 1,
            "hoverinfo": "skip",
        },
        {  # what a pointer reads, and what can be chosen: squares of a heat map cannot
            "type": "scatter",
            "mode": "markers",
            "x": [at + 0.5 for at in hour],
            "y": [day - 1 for day in weekday],
            "marker": {"symbol": "square", "size": 11, "color": p.observed, "opacity": 0},
            "customdata": [[day, at] for day, at, _ in known],
            "text": [_said(canvas, days, *cell) for cell in known],
            "hovertemplate": "%{text}<extra></extra>",
        },
    ]
    shift = marks.get("shift") or ()
    _outline(canvas, shift, p.pilot, "solid", m.line * 1.3)
    offers, added = marks.get("offers") or {}, marks.get("added") or {}
    for hours in offers.values():
        _outline(canvas, hours, p.attention, "dot", m.line)
    parts = []
    if shift:
        parts.append((p.pilot_text, canvas.word("shift", share=words.percent(marks.get("shift_share"), canvas.lang))))
    parts += [
        (p.attention_text, canvas.word(f"adds_{name}", share=words.percent(added[name], canvas.lang)))
        for name in offers
        if name in added
    ]
    legend = " · ".join(f"<span style='color:{ink}'>{said}</span>" for ink, said in parts)
    strip = {"xref": "paper", "yref": "paper", "x": 0}
    canvas.note(legend, p.text, **strip, y=1, xanchor="left", yanchor="bottom", yshift=m.font * 0.2)
    darkest = canvas.word("darkest", n=words.number(max(calls, default=0), canvas.lang))
    place = {"xref": "paper", "yref": "paper", "x": 1, "xanchor": "right", "y": 0, "yanchor": "top"}
    canvas.note(darkest, p.quiet, **place, yshift=-m.font * 1.6)
    layout: dict[str, Any] = {
        "template": template(canvas.at),
        "height": m.height,
        "hovermode": "closest",
        "margin": {"t": round(m.font * 1.8), "b": round(m.font * 3.1), "l": m.font * 3.4, "r": m.font},
        "xaxis": {"range": [0, 24], "tickvals": TICKS, "ticktext": [f"{at}:00" for at in TICKS], "showgrid": False},
        "yaxis": {"range": [6.5, -0.5], "tickvals": list(range(7)), "ticktext": days, "showgrid": False},
        "annotations": canvas.notes,
        "shapes": canvas.shapes,
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def _said(canvas: Canvas, days: Sequence[str], weekday: int, hour: int, calls: float) -> str:
    return canvas.word(
        "hour_of_week",
        day=days[weekday - 1],
        first=f"{hour}:00",
        last=f"{hour + 1}:00",
        n=words.number(calls, canvas.lang),
    )


def _outline(canvas: Canvas, hours: Iterable[Hours], color: str, dash: str, width: float) -> None:
    """One box around each run of weekdays with the same hours."""
    for start, end, days in runs(hours):
        canvas.shapes += [
            {"type": "rect", "x0": start, "x1": end, "y0": first - 1.5, "y1": last - 0.5}
            | {"line": {"color": color, "width": width, "dash": dash}}
            for first, last in days
        ]
