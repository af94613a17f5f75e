"""Result → Plotly figure. A form knows columns, not measures; a measure names its form by key.

Every form starts its bars at zero, has one value axis, names its lines at their ends and never lets
two labels share a place. A hidden cell reads "hidden" and leaves nothing on hover.
"""

from collections.abc import Callable, Mapping

import plotly.graph_objects as go

from dashboard.charts import axes, theme
from dashboard.charts.bars import bars, compare, ladder
from dashboard.charts.budget import bullets, clock, cost
from dashboard.charts.burn import burn
from dashboard.charts.canvas import Canvas
from dashboard.charts.effect import effect
from dashboard.charts.evidence import detect, residuals
from dashboard.charts.forest import forest
from dashboard.charts.heat import heat
from dashboard.charts.rows import Rows
from dashboard.charts.weeks import caseload, flow, series
from dashboard.model import Result

FORMS: Mapping[str, Callable[[Canvas], go.Figure]] = {
    "bars": bars,
    "bullets": bullets,
    "burn": burn,
    "caseload": caseload,
    "clock": clock,
    "compare": compare,
    "cost": cost,
    "detect": detect,
    "effect": effect,
    "flow": flow,
    "forest": forest,
    "heat": heat,
    "ladder": ladder,
    "residuals": residuals,
    "series": series,
}

SUBJECT: Mapping[str, tuple[str, ...]] = {
    "bars": ("value",),
    "bullets": ("budget", "spent"),
    "burn": ("spent", "plan"),
    "caseload": ("open", "opened"),
    "clock": ("value",),
    "compare": ("value", "before"),
    "cost": ("value",),
    "detect": ("fall",),
    "effect": ("observed",),
    "forest": ("value",),
    "heat": ("calls",),
    "flow": ("received", "contacted", "connected"),
}
"""The columns without which these forms would show empty frames: bands, trends and dates alone say nothing."""

CONFIG: Mapping[str, object] = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 3},
    "responsive": True,
}
"""Plotly's own switches: a picture can be taken, nothing can be dragged out of place."""


def draw(
    result: Result,
    form: str,
    *,
    unit: str = "",
    size: theme.Size = "exhibit",
    dark: bool = False,
    height: int | None = None,
) -> go.Figure:
    """The figure of ``result`` in ``form`` (a key of ``FORMS``; KeyError for another).

    ``unit`` is the measure's, in the Result's language: it stands above the axis and says whether values
    are dollars ("$…") or ratios ("%"). A Result without rows gives an empty figure with one sentence.
    """
    at = theme.look(size, dark, result.filters.lang)
    if height:
        at = theme.resized(at, height)
    canvas = Canvas(result, at, unit, axes.kind_of(unit))
    if bare(result, form):
        return _nothing(canvas)
    return FORMS[form](canvas)


def bare(result: Result, form: str) -> bool:
    """Whether there is nothing to draw: no row, or only zeros and gaps in the columns that the form is about."""
    rows = Rows(result)
    subject = [value for name in SUBJECT.get(form, ()) for value in rows.values(name)]
    return not len(rows) or (form in SUBJECT and not any(subject) and not any(rows.hidden))


def _nothing(canvas: Canvas) -> go.Figure:
    hidden = {"visible": False}
    canvas.note(canvas.word("nothing"), canvas.at.palette.quiet, x=0.5, y=0.5, xref="paper", yref="paper")
    layout = {"template": theme.template(canvas.at), "xaxis": hidden, "yaxis": hidden, "annotations": canvas.notes}
    return go.Figure({"layout": layout})
