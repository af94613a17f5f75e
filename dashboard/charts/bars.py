"""Forms that compare groups: horizontal bars, and the ladder from need to connection."""

from dataclasses import replace

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, Values
from dashboard.charts.theme import Look, template


def bars(canvas: Canvas) -> go.Figure:
    """One bar a group, its name at the left, the value at its end; a hidden one is a word, not a bar.

    A table that breaks one count down in several ways (column ``by``) gets a heading for each.
    """
    rows = Rows(canvas.result)
    if rows.has("share") and canvas.kind == "percent":
        canvas.kind = "number"  # the shares are the percentages, the values what they count
    ends = []
    for value, share, gone in zip(rows.values("value"), rows.values("share"), rows.hidden, strict=True):
        if value is None:  # not shown to this audience, or not known, as the wait of nine in ten while most still wait
            ends.append(canvas.word("hidden") if gone else "–")
        else:
            extra = f" · {axes.words(share, 'percent', canvas.lang)}" if share is not None else ""
            ends.append(canvas.say(value) + extra)
    return _horizontal(canvas, rows, rows.texts("group"), ends, rows.texts("by"))


def compare(canvas: Canvas) -> go.Figure:
    """Bars of now, each with that of a year before in grey below it and in words at its end."""
    rows = Rows(canvas.result)
    ends = []
    for value, share, then, gone in zip(
        rows.values("value"), rows.values("share"), rows.values("before"), rows.hidden, strict=True
    ):
        if value is None:
            ends.append(canvas.word("hidden") if gone else "–")
            continue
        extra = f" · {axes.words(share, 'percent', canvas.lang)}" if share is not None else ""
        between = " " if canvas.at.slide else "<br>"  # beside the bar a phone has no room for all of it
        before = "" if then is None else f"{between}({canvas.word('earlier', n=canvas.say(then))})"
        ends.append(canvas.say(value) + extra + before)
    return _horizontal(canvas, rows, rows.texts("group"), ends, [""] * len(rows), earlier=rows.values("before"))


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
    """As many of the reasons as there is room for, the largest first: on a page under the count."""
    slide, font = canvas.at.slide, canvas.at.metrics.font
    room = canvas.at.metrics.width * 0.36 if slide else NARROW * 0.36
    kept: list[str] = []
    for reason in filter(None, to.split(", ")):
        if axes.width_of(", ".join([*kept, reason]), font) > room:
            kept.append("…")
            break
        kept.append(reason)
    return f"{' ' if slide else '<br>'}({', '.join(kept)})" if kept else ""


NARROW = 380
"""Pixels of an exhibit on a phone: on a page the words beside the bars must find room there too."""
LONG = 24
"""Letters after which a name takes a second line."""


SMALLEST = 14
"""Letters that a crowded slide may come down to."""


def broken(name: str) -> str:
    """A long name on two lines, parted at the space nearest its middle."""
    spaces = [k for k, letter in enumerate(name) if letter == " "]
    if len(name) <= LONG or not spaces:
        return name
    middle = min(spaces, key=lambda k: abs(k - len(name) / 2))
    return f"{name[:middle]}<br>{name[middle + 1 :]}"


def _horizontal(
    canvas: Canvas,
    rows: Rows,
    groups: list[str],
    ends: list[str],
    parts: list[str],
    earlier: Values | None = None,
) -> go.Figure:
    places, headings = _places(parts)
    if canvas.at.slide:
        canvas.at = _crowded(canvas.at, len(groups) + len(headings))
    m, p = canvas.at.metrics, canvas.at.palette
    names = groups if canvas.at.slide else [broken(name) for name in groups]
    count = len(groups) + len(headings)
    line = 2.5 if any("<br>" in words for words in (*names, *ends)) else 2.1
    height = m.height if canvas.at.slide else max(m.height, round(count * m.font * line) + m.top + 8)
    pieces = [piece for name in (*names, *headings.values()) for piece in name.split("<br>")]
    left = min(max(axes.width_of(piece, m.font) for piece in pieces) + 16, m.width * 0.42)
    values = rows.values("value")
    longest = max([v for v in (*values, *rows.values("high"), *(earlier or ())) if v] + [1e-9])
    room = max(axes.width_of(e, m.font) for e in ends) + 12
    width = m.width if canvas.at.slide else min(m.width, NARROW)
    reach = longest / max(0.4, 1 - room / (width - left - 16))
    beside = any(v is not None for v in earlier or ())
    if beside:
        canvas.traces.append(
            {"type": "bar", "x": earlier, "y": [k + 0.28 for k in places], "orientation": "h", "width": 0.2}
            | {"marker": {"color": p.expected}, "hoverinfo": "skip"}
        )
    canvas.traces.append(
        {
            "type": "bar",
            "x": values,
            "y": [k - 0.08 for k in places] if beside else places,
            "orientation": "h",
            "marker": {"color": p.observed},
            "width": 0.5 if beside else 0.62,
            "customdata": [f"{g}: {e}" for g, e in zip(groups, ends, strict=True)],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )
    for k, value, a, b, words in zip(places, values, rows.values("low"), rows.values("high"), ends, strict=True):
        interval = value is not None and a is not None and b is not None
        then = earlier[places.index(k)] if earlier else None
        top = min(max(v for v in (value, b if interval else None, then, 0) if v is not None), reach)
        canvas.note(
            words,
            p.text if value is not None else p.quiet,
            x=top,
            y=k,
            xanchor="left",
            align="left",
            xshift=m.font * 0.4,
        )
        if interval:
            for color, thick in ((p.ground, m.line * 2), (p.text, m.thin)):
                stroke = {"color": color, "width": thick}
                canvas.shapes.append(
                    {"type": "line", "x0": a, "x1": min(b or 0, reach), "y0": k, "y1": k, "line": stroke}
                )
    canvas.unit_note(0)
    ticks = {**dict(zip(places, names, strict=True)), **{k: f"<b>{words}</b>" for k, words in headings.items()}}
    layout = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": left, "r": 16, "t": m.top, "b": 8},
        "hovermode": "closest",
        "barmode": "overlay",
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


def _crowded(at: Look, count: int) -> Look:
    """A slide whose rows are too many for its letters has smaller ones: none may cover another."""
    m = at.metrics
    fitting = int((m.height - m.top - 8) / count / 1.2)
    return at if fitting >= m.font else replace(at, metrics=replace(m, font=max(fitting, SMALLEST)))


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
