"""Where a click on a chart over time lands: an unseen column over each period, as high as the plot."""

from itertools import pairwise

import plotly.graph_objects as go

from dashboard import words
from dashboard.charts import axes
from dashboard.charts.canvas import DAY_MS
from dashboard.charts.rows import Rows
from dashboard.model import Result


def pickable(figure: go.Figure, result: Result, unit: str) -> go.Figure:
    """A copy of ``figure`` with a column to click on each month of ``result``: what a pointer reads there, too.

    A table without months comes back as it is.
    """
    over = next((name for name in ("period", "month") if name in result.table), None)
    if over is None:
        return figure
    rows, lang = Rows(result), result.filters.lang
    periods, kind = rows.days(over), axes.kind_of(unit)
    values = rows.values("value" if rows.has("value") else "observed")
    said = [
        f"{words.month(day, lang)}: "
        + (words.NOTHING if value is None else axes.words(value, kind, lang, step=1.0 if kind == "number" else None))
        + (f" {unit}" if kind == "number" else "")
        for day, value in zip(periods, values, strict=True)
    ]
    low, high = figure.layout.yaxis.range  # pyright: ignore[reportAttributeAccessIssue]
    wide = min(((b - a).days for a, b in pairwise(periods)), default=28)
    columns = {
        "type": "bar",
        "x": periods,
        "y": [high - low] * len(periods),
        "base": low,
        "width": wide * DAY_MS,
        "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 0}},
        "text": said,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }
    return go.Figure({"data": [*figure.data, columns], "layout": figure.layout})
