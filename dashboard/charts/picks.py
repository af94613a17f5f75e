"""Where a click on a chart over time lands: an unseen column over each period, as high as the plot."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import plotly.graph_objects as go

from dashboard.charts.canvas import DAY_MS


def pickable(figure: go.Figure, periods: Sequence[date]) -> go.Figure:
    """A copy of ``figure`` with a column to click on each of ``periods`` (their first days, in order)."""
    low, high = figure.layout.yaxis.range  # pyright: ignore[reportAttributeAccessIssue]
    wide = min(((b - a).days for a, b in pairwise(periods)), default=28)
    columns = {
        "type": "bar",
        "x": list(periods),
        "y": [high - low] * len(periods),
        "base": low,
        "width": wide * DAY_MS,
        "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 0}},
        "hoverinfo": "none",
    }
    return go.Figure({"data": [*figure.data, columns], "layout": figure.layout})
