"""Forms of money that compare: bullet bars by line, the pilot clock, and what one of something cost over time."""

from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.bars import broken
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, last
from dashboard.charts.theme import template

TALL, TRACK, INNER = 0.46, 0.3, 0.18
"""Of the height of one row: the marker, the track, the bar in it."""
KEYS = ("spent", "pending", "obligated", "budget")


def bullets(canvas: Canvas) -> go.Figure:
    """One track a budget line, as long as its budget: spent solid, pending hatched after it, obligated a marker.

    Table: group, budget, obligated, spent, pending, remaining, in dollars. All lines on one scale from zero.
    """
    canvas.kind, m, p, rows = "money", canvas.at.metrics, canvas.at.palette, Rows(canvas.result)
    names, budget, spent = rows.texts("group"), rows.values("budget"), rows.values("spent")
    pending, obligated = rows.values("pending"), rows.values("obligated")
    ends = [(s or 0) + (w or 0) for s, w in zip(spent, pending, strict=True)]
    reach = max([v for v in (*budget, *ends, *obligated) if v] + [1e-9]) * 1.01
    hover = [_told(canvas, k) for k in range(len(names))]
    places = [k + 0.17 for k in range(len(names))]
    _lying(canvas, places, budget, p.band, TRACK, hover, edge=p.expected)
    over = [s is not None and b is not None and s > b for s, b in zip(spent, budget, strict=True)]
    _lying(canvas, places, spent, [p.over if yes else p.observed for yes in over], INNER, hover)
    _lying(canvas, places, pending, p.observed, INNER, hover, base=spent, hatched=True)
    for k, held in zip(places, obligated, strict=True):
        if held:
            _marker(canvas, held, k, p.text)
    for k, name in enumerate(names):
        _heading(canvas, k, name, _end(canvas, k, over[k]), p.over if over[k] else p.text)
    _key(canvas, reach)
    height = m.height if canvas.at.slide else round((len(names) + 0.6) * m.font * 4.2) + 12
    return _flat(canvas, reach, [-1.2, len(names) - 0.6], height)


def _told(canvas: Canvas, k: int) -> str:
    """What a pointer reads on a line: every figure to the cent, then how it comes about."""
    row = Rows(canvas.result)
    lines = [f"<b>{row.texts('group')[k]}</b>"]
    for name in ("budget", "obligated", "spent", "pending", "remaining"):
        value = row.values(name)[k]
        if value is not None:
            said = axes.words(value, "money", canvas.lang, step=0.01)
            lines.append(f"{canvas.result.columns.get(name, name)} {said}")
    formulas = canvas.result.marks.get("formulas") or {}
    return "<br>".join([*lines, *(f"<i>{words}</i>" for words in formulas.values())])


def _lying(
    canvas: Canvas,
    places: list[float],
    values: list[float | None],
    color: str | list[str],
    wide: float,
    hover: list[str],
    *,
    base: list[float | None] | None = None,
    edge: str = "",
    hatched: bool = False,
) -> None:
    marker: dict[str, Any] = {"color": color}
    if edge:
        marker["line"] = {"color": edge, "width": canvas.at.metrics.thin}
    if hatched:
        marker["pattern"] = {
            "shape": "/",
            "fgcolor": color,
            "bgcolor": canvas.at.palette.ground,
            "size": 12 if canvas.at.slide else 5,
            "solidity": 0.4,
        }
        marker["line"] = {"color": color, "width": canvas.at.metrics.thin}
        values = [value or None for value in values]  # an empty frame would look like an amount
    begin = {} if base is None else {"base": [value or 0.0 for value in base]}
    canvas.traces.append(
        {"type": "bar", "orientation": "h", "x": values, "y": places, "width": wide, "marker": marker, **begin}
        | {"customdata": hover, "hovertemplate": "%{customdata}<extra></extra>"}
    )


def _marker(canvas: Canvas, value: float, place: float, color: str) -> None:
    """A short upright line through the track, on a ground that parts it from the bar."""
    m = canvas.at.metrics
    for ink, wide in ((canvas.at.palette.ground, m.line * 2.2), (color, m.line)):
        stroke = {"color": ink, "width": wide}
        ends = {"y0": place - TALL / 2, "y1": place + TALL / 2}
        canvas.shapes.append({"type": "line", "x0": value, "x1": value, "line": stroke, **ends})


def _end(canvas: Canvas, k: int, over: bool) -> str:
    """ "80 % of $96,000", on a slide with the dollars before it; or by how much the line is over."""
    rows = Rows(canvas.result)
    spent, budget = rows.values("spent")[k], rows.values("budget")[k]
    if spent is None or budget is None:
        return "" if budget is None else canvas.say(budget)
    if over:
        return canvas.word("over_budget", n=canvas.say(spent - budget), budget=canvas.say(budget))
    share = axes.words(spent / budget, "percent", canvas.lang) if budget else "–"
    said = canvas.word("of_budget", n=share, budget=canvas.say(budget))
    return f"{canvas.say(spent)} · {said}" if canvas.at.slide else said


def _heading(canvas: Canvas, k: int, name: str, end: str, ink: str) -> None:
    """The line's name above its track at the left, its figures at the right."""
    place = {"xref": "paper", "y": k - 0.04, "yanchor": "bottom"}
    words = name if canvas.at.slide else broken(name)
    canvas.note(
        f"<b>{words.replace('<br>', '</b><br><b>')}</b>",
        canvas.at.palette.text,
        **place,
        x=0,
        xanchor="left",
        align="left",
    )
    if end:
        canvas.note(end, ink, **place, x=1, xanchor="right", align="right")


def _key(canvas: Canvas, reach: float) -> None:
    """What the marks mean, drawn as they are drawn, above the first line."""
    m, p = canvas.at.metrics, canvas.at.palette
    shown = {"pending"} if any(Rows(canvas.result).values("pending")) else set()
    names = [name for name in KEYS if name != "pending" or name in shown]
    width = (m.width if canvas.at.slide else m.narrow) - 28
    x, place = 0.0, -1.0
    for name in names:
        swatch = reach * m.font * 1.1 / width
        if name == "obligated":
            stroke = {"color": p.text, "width": m.line}
            middle = x + swatch / 2
            ends = {"x0": middle, "x1": middle, "y0": place - 0.15, "y1": place + 0.15}
            canvas.shapes.append({"type": "line", "line": stroke, **ends})
        else:
            color = p.band if name == "budget" else p.observed
            edge = p.expected if name == "budget" else ""
            # a base of its own, so that the swatch begins where it stands
            _lying(canvas, [place], [swatch], color, 0.2, [""], base=[x], edge=edge, hatched=name == "pending")
            canvas.traces[-1] |= {"hoverinfo": "skip", "hovertemplate": None}
        said = canvas.word(f"key_{name}")
        canvas.note(said, p.quiet, x=x + swatch * 1.35, y=place, xanchor="left", yanchor="middle")
        x += swatch * 1.35 + reach * (axes.width_of(said, m.font) + m.font) / width


def _flat(canvas: Canvas, reach: float, rows: list[float], height: int) -> go.Figure:
    """Rows from the top, one hidden axis of dollars from zero."""
    m = canvas.at.metrics
    layout = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": 12, "r": 12, "t": 4, "b": 8},
        "hovermode": "closest",
        "barmode": "overlay",
        "xaxis": {"range": [0, reach], "visible": False},
        "yaxis": {"range": [rows[1], rows[0]], "visible": False, "showgrid": False},
        "annotations": canvas.notes,
        "shapes": canvas.shapes,
        "font": {"size": m.font},
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def clock(canvas: Canvas) -> go.Figure:
    """One bar from none to all: spent fills it, time and obligated are marks on it, each named beside itself.

    Table: group, value (a share), mark ("time", "obligated", "spent").
    """
    canvas.kind, m, p, rows = "percent", canvas.at.metrics, canvas.at.palette, Rows(canvas.result)
    values = dict(zip(rows.texts("mark"), rows.values("value"), strict=True))
    spent, held, time = (values.get(name) for name in ("spent", "obligated", "time"))
    reach = max([1.0, *(v for v in values.values() if v is not None)])
    hover = [
        f"{g}: {_share(canvas, v)}"
        for g, v in zip(rows.texts("group"), rows.values("value"), strict=True)
        if v is not None
    ]
    told = ["<br>".join([*hover, *(f"<i>{words}</i>" for words in canvas.result.marks.get("formulas") or ())])]
    _lying(canvas, [0.0], [1.0], p.band, 0.5, told, edge=p.expected)
    _lying(canvas, [0.0], [spent], p.over if (spent or 0) > 1 else p.observed, 0.3, told)
    for value, color, foot in ((held, p.text, 0.8), (time, p.pilot, 0.36)):
        if value is not None:
            for ink, wide in ((p.ground, m.line * 2.4), (color, m.line * 1.2)):
                ends = {"x0": value, "x1": value, "y0": -0.36, "y1": foot}
                canvas.shapes.append({"type": "line", "line": {"color": ink, "width": wide}, **ends})
    _named(canvas, "time", time, p.pilot_text, -0.62)
    _named(canvas, "spent", spent, p.observed, 0.62)
    _named(canvas, "obligated", held, p.text, 1.02)
    height = m.height if canvas.at.slide else max(m.font * 8, min(m.height, m.font * 9))
    return _flat(canvas, reach, [-1.9, 2.1] if canvas.at.slide else [-0.85, 1.25], height)


def _share(canvas: Canvas, share: float) -> str:
    """Nothing short of all of it reads as 100 %."""
    return axes.words(share, "percent", canvas.lang, step=0.001 if 0.995 <= share < 1 else None)


def _named(canvas: Canvas, name: str, value: float | None, ink: str, place: float) -> None:
    """Words in a row of their own above or below a mark: at its side where the edge is near, else under it."""
    if value is None:
        return
    anchor = "left" if value < 0.25 else "right" if value > 0.75 else "center"
    words = canvas.word(f"clock_{name}", n=_share(canvas, value))
    canvas.note(f"<b>{words}</b>", ink, x=value, y=place, xanchor=anchor, yanchor="middle")


def cost(canvas: Canvas) -> go.Figure:
    """What one of something has cost, through each closed month; start-up months are shaded and named.

    Table: period (the last day of each closed month), value (dollars), phase ("startup" or "running").
    """
    canvas.kind, p, rows = "money", canvas.at.palette, Rows(canvas.result)
    days, value, phases = rows.days("period"), rows.values("value"), rows.texts("phase")
    launch = launch_of(canvas)
    begin = days[0] if launch is None else min(days[0], launch)
    canvas.time(begin, days[-1])
    canvas.scale(value, room=1.12)
    startup = [day for day, phase in zip(days, phases, strict=True) if phase == "startup"]
    if startup:
        shade = {"type": "rect", "x0": begin, "x1": startup[-1], "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
        canvas.shapes.append({**shade, "line": {"width": 0}, "fillcolor": p.band})
        canvas.note(
            canvas.word("startup"), p.quiet, x=begin, y=0.5, yref="paper", xanchor="left", textangle=-90, xshift=2
        )
    canvas.line(days, value, p.observed, markers=True, name=canvas.name("value"))
    canvas.traces[-1] |= {"customdata": _divided(canvas), "hovertemplate": "%{customdata}<extra></extra>"}
    now = last(value)
    if now is not None:
        canvas.label(canvas.say(now), now, p.observed, bold=True)
    for day, gone in zip(days, rows.hidden, strict=True):
        if gone:
            canvas.note(canvas.word("hidden"), p.quiet, x=day, y=0, yanchor="bottom", textangle=-90)
    return canvas.finish()


def _divided(canvas: Canvas) -> list[str]:
    """ "$609 = $151,519 ÷ 249" for each month; nothing for one that is not shown."""
    rows = Rows(canvas.result)
    told = []
    for value, spent, count in zip(rows.values("value"), rows.values("spent"), rows.values("count"), strict=True):
        if value is None or spent is None or count is None:
            told.append("")
        else:
            told.append(f"{canvas.say(value)} = {canvas.say(spent)} ÷ {count:,.0f}")
    return told


def launch_of(canvas: Canvas) -> date | None:
    launch = canvas.result.marks.get("launch")
    return axes.as_day(launch) if launch else None
