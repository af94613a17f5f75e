"""Forms that compare groups: horizontal bars, and the ladder from need to connection."""

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows
from dashboard.charts.theme import template


def bars(canvas: Canvas) -> go.Figure:
    """One bar a group, longest name at the left, the value at the bar's end; a hidden one is a word, not a bar."""
    rows = Rows(canvas.result)
    ends = []
    for value, share in zip(rows.values("value"), rows.values("share"), strict=True):
        if value is None:
            ends.append(canvas.word("hidden"))
        else:
            extra = f" · {axes.words(share, 'percent', canvas.lang)}" if share is not None else ""
            ends.append(canvas.say(value) + extra)
    return _horizontal(canvas, rows, rows.texts("group"), ends)


def ladder(canvas: Canvas) -> go.Figure:
    """Each step of a cohort as a bar; under way between two, how many were lost and to what."""
    rows = Rows(canvas.result)
    ends = []
    for value, lost, to in zip(rows.values("value"), rows.values("lost"), rows.texts("lost_to"), strict=True):
        words = canvas.word("hidden") if value is None else canvas.say(value)
        if value is not None and lost:
            words += f" · {canvas.word('lost', n=canvas.say(lost))}" + (f" ({to})" if to else "")
        ends.append(words)
    return _horizontal(canvas, rows, rows.texts("step"), ends)


def _horizontal(canvas: Canvas, rows: Rows, groups: list[str], ends: list[str]) -> go.Figure:
    m, p = canvas.at.metrics, canvas.at.palette
    height = m.height if canvas.at.slide else max(m.height, len(groups) * (m.font + 14) + m.top + m.bottom)
    left = min(max(axes.width_of(g, m.font) for g in groups) + 16, m.width * 0.42)
    values, places = rows.values("value"), list(range(len(groups)))
    longest = max([v for v in values if v] + [1e-9])
    room = max(axes.width_of(e, m.font) for e in ends) + 12
    reach = longest / max(0.25, 1 - room / (m.width - left - 16))
    canvas.traces.append(
        {
            "type": "bar",
            "x": values,
            "y": places,
            "orientation": "h",
            "marker": {"color": p.observed},
            "width": 0.62,
            "customdata": [f"{g}: {e}" for g, e in zip(groups, ends, strict=True)],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )
    for k, value, a, b, words in zip(places, values, rows.values("low"), rows.values("high"), ends, strict=True):
        top = max(v for v in (value, b if value is not None else None, 0) if v is not None)
        ink = p.text if value is not None else p.quiet
        canvas.note(words, ink, x=min(top, reach), y=k, xanchor="left", xshift=m.font * 0.4)
        if value is not None and a is not None and b is not None:
            line = {"color": p.attention, "width": m.line}
            canvas.shapes.append({"type": "line", "x0": a, "x1": b, "y0": k, "y1": k, "line": line})
    canvas.unit_note(0)
    layout = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": left, "r": 16, "t": m.top, "b": 8},
        "hovermode": "closest",
        "xaxis": {"range": [0, reach], "visible": False},
        "yaxis": {"tickvals": places, "ticktext": groups, "range": [len(groups) - 0.5, -0.5], "showgrid": False},
        "annotations": canvas.notes,
        "shapes": canvas.shapes,
    }
    return go.Figure({"data": canvas.traces, "layout": layout})
