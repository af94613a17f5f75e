"""Effects on one axis: each way of asking as a point with its interval, beside "no change" and the target."""

from typing import Any

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, Values
from dashboard.charts.theme import template
from dashboard.words import percent

NARROWEST, WIDEST = 0.25, 2.5
"""Ratios beyond which an interval is cut off: one wild choice may not squeeze all others into a dot."""
PRIMARY = "specified"
ASIDE = ("placebo", "control")
"""Kinds that are no estimate of the pilot's effect: drawn in grey."""
LONG = 23
"""Letters after which a name takes a second line."""
STRIPS = ("left_out", "placebo")
"""Kinds of which there are many: all of one kind share a line."""


def forest(canvas: Canvas) -> go.Figure:
    """One line a choice: a point and its interval; those left out in turn, and placebos, as a strip of points.

    Table: kind ("specified" is marked, see ``ASIDE`` and ``STRIPS``), group, ratio where there is such a column,
    else value, low, high (ratios, 1 is no change). Where the specified interval lies is shaded through all lines.
    Marks: target_ratio.
    """
    m, rows = canvas.at.metrics, Rows(canvas.result)
    lines = _lines(rows)
    count = len(lines)
    names = [_broken(_name(canvas, rows, line), canvas) for line in lines]
    step = 2.8 if any("<br>" in name for name in names) else 1.9
    foot = round(m.font * 2.2)
    height = m.height if canvas.at.slide else max(m.height, round(count * m.font * step) + m.top + foot)
    left = max(axes.width_of(name, m.font) for name in names) + 14
    right = axes.width_of(canvas.word("no_change"), m.font) + 8
    low, high = _range(canvas, rows)
    for place, line in enumerate(lines):
        _line(canvas, rows, line, place, low, high)
    _uprights(canvas, rows, low, high)
    bold = [f"<b>{n}</b>" if rows.texts("kind")[k[0]] == PRIMARY else n for n, k in zip(names, lines, strict=True)]
    values = _ticks(canvas, low, high, m.narrow - left - right)
    layout = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": left, "r": right, "t": m.top, "b": foot},
        "hovermode": "closest",
        "xaxis": {
            "range": [low, high],
            "tickvals": values,
            "ticktext": [change(v, canvas.lang) for v in values],
            "tickangle": 0,
        },
        "yaxis": {
            "tickvals": list(range(count)),
            "ticktext": bold,
            "range": [count - 0.4, -0.6],
            "showgrid": False,
        },
        "annotations": canvas.notes,
        "shapes": canvas.shapes,
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def _ticks(canvas: Canvas, low: float, high: float, room: float) -> list[float]:
    """Ratios to name on the axis, no change among them: finer where they keep apart in ``room`` pixels."""
    wide = axes.width_of(change(0.8, canvas.lang), canvas.at.metrics.font) + 16
    fine, coarse = ([k / 10 for k in range(2, 27, tenths) if low <= k / 10 <= high] for tenths in (2, 4))
    return fine if len(fine) * wide <= room else coarse


def change(ratio: float, lang: str) -> str:
    """ "−28 %", "0 %", "+5 %": how far a ratio lies from no change."""
    words = percent(abs(ratio - 1), lang)
    if words == percent(0, lang):
        return words
    return ("−" if ratio < 1 else "+") + words


def _ratios(rows: Rows) -> Values:
    return rows.values("ratio" if rows.has("ratio") else "value")


def _lines(rows: Rows) -> list[list[int]]:
    """The rows (by number) of each line, from the top; those without an estimate are in the table only."""
    known = [v is not None or gone for v, gone in zip(_ratios(rows), rows.hidden, strict=True)]
    found: dict[object, list[int]] = {}
    for k, kind in enumerate(rows.texts("kind")):
        if known[k] or not any(known):
            found.setdefault(kind if kind in STRIPS else k, []).append(k)
    return list(found.values())


def _name(canvas: Canvas, rows: Rows, line: list[int]) -> str:
    kind = rows.texts("kind")[line[0]]
    return canvas.word(f"strip_{kind}", n=len(line)) if kind in STRIPS else rows.texts("group")[line[0]]


def _broken(name: str, canvas: Canvas) -> str:
    """A long name on two lines: on a phone the axis needs the room."""
    spaces = [k for k, letter in enumerate(name) if letter == " "]
    if canvas.at.slide or len(name) <= LONG or not spaces:
        return name
    middle = min(spaces, key=lambda k: abs(k - len(name) / 2))
    return f"{name[:middle]}<br>{name[middle + 1 :]}"


def _range(canvas: Canvas, rows: Rows) -> tuple[float, float]:
    """A range that holds every interval, no change and the target, within reason."""
    target = canvas.result.marks.get("target_ratio")
    seen = [v for known in (_ratios(rows), rows.values("low"), rows.values("high")) for v in known if v is not None]
    seen += [1.0] if target is None else [1.0, float(target)]
    low, high = max(min(seen), NARROWEST), min(max(seen), WIDEST)
    room = 0.04 * (high - low) or 0.05
    return low - room, high + room


def _line(canvas: Canvas, rows: Rows, here: list[int], place: int, low: float, high: float) -> None:
    """One group: its interval (of a strip: from the lowest to the highest limit), its points, its words."""
    m, p = canvas.at.metrics, canvas.at.palette
    known = [k for k in here if _ratios(rows)[k] is not None]
    if not known:
        words = canvas.word("hidden") if any(rows.hidden[k] for k in here) else "–"
        canvas.note(words, p.quiet, x=1, xref="paper", xanchor="left", xshift=4, y=place)
        return
    values = [float(_ratios(rows)[k] or 0) for k in known]
    limits = [rows.values(name)[k] for name in ("low", "high") for k in known]
    kind = rows.texts("kind")[known[0]]
    main = kind == PRIMARY
    color = p.expected if kind in ASIDE else p.observed
    sure = [v for v in limits if v is not None]
    if sure:
        ends = {"x0": max(min(sure), low), "x1": min(max(sure), high), "y0": place, "y1": place}
        stroke = {"color": color, "width": m.line * (1.5 if main else 0.8)}
        canvas.shapes.append({"type": "line", **ends, "line": stroke, "opacity": 1 if len(known) == 1 else 0.35})
    size = m.marker * (2.6 if main else 1.8 if len(known) == 1 else 1.3)
    shape: dict[str, Any] = {"size": size, "color": color, "symbol": "diamond" if main else "circle"}
    if len(known) > 1:
        shape["opacity"] = 0.5
    canvas.traces.append(
        {
            "type": "scatter",
            "x": values,
            "y": [place] * len(known),
            "mode": "markers",
            "marker": shape,
            "customdata": [_told(canvas, rows, k) for k in known],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )
    if len(known) == 1:
        words = change(values[0], canvas.lang)
        ink = p.quiet if kind in ASIDE else p.observed
        words = f"<b>{words}</b>" if main else words
        canvas.note(words, ink, x=1, xref="paper", xanchor="left", xshift=4, y=place)


def _told(canvas: Canvas, rows: Rows, k: int) -> str:
    """What a pointer reads: which choice, how large, how sure."""
    value, low, high = _ratios(rows)[k], rows.values("low")[k], rows.values("high")[k]
    name = rows.texts("group")[k]
    words = f"{name}: {change(value or 0, canvas.lang)}"
    if low is None or high is None:
        return words
    return f"{words} ({change(low, canvas.lang)} … {change(high, canvas.lang)})"


def _uprights(canvas: Canvas, rows: Rows, low: float, high: float) -> None:
    """No change, the target, and the shade of the primary's interval through all lines."""
    m, p = canvas.at.metrics, canvas.at.palette
    span = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    for kind, a, b in zip(rows.texts("kind"), rows.values("low"), rows.values("high"), strict=True):
        if kind == PRIMARY and a is not None and b is not None:
            shade = {"x0": max(a, low), "x1": min(b, high), "fillcolor": p.band, "line": {"width": 0}}
            canvas.shapes.append({"type": "rect", **span, **shade})
            break
    target = canvas.result.marks.get("target_ratio")
    beside = "right" if target is None else "left"
    marks = [(1.0, canvas.word("no_change"), p.expected, p.quiet, "solid", beside)]
    if target is not None:
        words = canvas.word("target", n=change(float(target), canvas.lang))
        marks.append((float(target), words, p.attention, p.attention_text, "dash", "right"))
    for x, words, color, ink, dash, side in marks:
        canvas.shapes.append({"type": "line", **span, "x0": x, "x1": x, "line": {"color": color, "dash": dash}})
        canvas.note(
            words, ink, x=x, y=1, yref="paper", yanchor="bottom", xanchor=side, xshift=-4 if side == "left" else 4
        )
    for shape in canvas.shapes:
        shape["line"].setdefault("width", m.thin)
