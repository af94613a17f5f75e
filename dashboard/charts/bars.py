"""Forms that compare groups: horizontal bars, and the ladder from need to connection."""

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows
from dashboard.charts.theme import template


def bars(canvas: Canvas) -> go.Figure:
    """One bar a group, its name at the left, the value at its end; a hidden one is a word, not a bar.

    A table that breaks one count down in several ways (column ``by``) gets a heading for each.
    """
    rows = Rows(canvas.result)
    if rows.has("share") and canvas.kind == "percent":
        canvas.kind = "number"  # the shares are the percentages, the values what they count
    ends = []
    for value, share in zip(rows.values("value"), rows.values("share"), strict=True):
        if value is None:
            ends.append(canvas.word("hidden"))
        else:
            extra = f" · {axes.words(share, 'percent', canvas.lang)}" if share is not None else ""
            ends.append(canvas.say(value) + extra)
    return _horizontal(canvas, rows, rows.texts("group"), ends, rows.texts("by"))


def ladder(canvas: Canvas) -> go.Figure:
    """Each step of a cohort as a bar; under way between two, how many were lost and to what."""
    rows = Rows(canvas.result)
    ends = []
    for value, lost, to in zip(rows.values("value"), rows.values("lost"), rows.texts("lost_to"), strict=True):
        words = canvas.word("hidden") if value is None else canvas.say(value)
        if value is not None and lost:
            words += f" · {canvas.word('lost', n=canvas.say(lost))}" + _reasons(to, canvas)
        ends.append(words)
    return _horizontal(canvas, rows, rows.texts("step"), ends, [""] * len(rows))


def _reasons(to: str, canvas: Canvas) -> str:
    """As many of the reasons as half the width holds, the largest first."""
    kept: list[str] = []
    for reason in filter(None, to.split(", ")):
        if axes.width_of(", ".join([*kept, reason]), canvas.at.metrics.font) > canvas.at.metrics.width * 0.36:
            kept.append("…")
            break
        kept.append(reason)
    return f" ({', '.join(kept)})" if kept else ""


def _horizontal(canvas: Canvas, rows: Rows, groups: list[str], ends: list[str], parts: list[str]) -> go.Figure:
    m, p = canvas.at.metrics, canvas.at.palette
    places, headings = _places(parts)
    count = len(groups) + len(headings)
    height = m.height if canvas.at.slide else max(m.height, round(count * m.font * 2.1) + m.top + 8)
    names = [*groups, *headings.values()]
    left = min(max(axes.width_of(name, m.font) for name in names) + 16, m.width * 0.42)
    values = rows.values("value")
    longest = max([v for v in (*values, *rows.values("high")) if v] + [1e-9])
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
        interval = value is not None and a is not None and b is not None
        top = min(max(v for v in (value, b if interval else None, 0) if v is not None), reach)
        canvas.note(words, p.text if value is not None else p.quiet, x=top, y=k, xanchor="left", xshift=m.font * 0.4)
        if interval:
            for color, width in ((p.ground, m.line * 2), (p.text, m.thin)):
                line = {"color": color, "width": width}
                canvas.shapes.append(
                    {"type": "line", "x0": a, "x1": min(b or 0, reach), "y0": k, "y1": k, "line": line}
                )
    canvas.unit_note(0)
    ticks = {**dict(zip(places, groups, strict=True)), **{k: f"<b>{words}</b>" for k, words in headings.items()}}
    layout = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": left, "r": 16, "t": m.top, "b": 8},
        "hovermode": "closest",
        "xaxis": {"range": [0, reach], "visible": False},
        "yaxis": {
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "range": [count - 0.5, -0.5],
            "showgrid": False,
        },
        "annotations": canvas.notes,
        "shapes": canvas.shapes,
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def _places(parts: list[str]) -> tuple[list[int], dict[int, str]]:
    """(row of each bar from the top, row → heading) where each change of part is announced, if there are several."""
    several = len(set(parts)) > 1
    places: list[int] = []
    headings: dict[int, str] = {}
    row = 0
    for k, part in enumerate(parts):
        if several and (k == 0 or part != parts[k - 1]):
            headings[row] = part
            row += 1
        places.append(row)
        row += 1
    return places, headings
