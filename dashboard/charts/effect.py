"""Observed against expected: did it fall below what the earlier trend predicts?"""

import plotly.graph_objects as go

from dashboard.charts.canvas import Canvas
from dashboard.charts.rows import Rows, last, where


def effect(canvas: Canvas) -> go.Figure:
    """Monthly observed counts over the expected line with its band; the month of the launch hollow, joined to none.

    After the launch the fitted line is dotted through the data; before it, it is the expected line.
    """
    p, rows = canvas.at.palette, Rows(canvas.result)
    days, observed, expected = rows.days("month"), rows.values("observed"), rows.values("expected")
    low, high, phase = rows.values("low"), rows.values("high"), rows.texts("phase")
    before, after = [s == "before" for s in phase], [s == "after" for s in phase]
    canvas.time(days[0], days[-1])
    canvas.scale(observed, high, expected)
    canvas.band(days, low, high, p.band)
    canvas.band(days, where(observed, after), where(expected, after), p.gain)
    canvas.line(days, where(expected, before), p.expected, dash="dot", name=canvas.name("expected"))
    canvas.line(days, where(expected, after), p.expected, dash="dash", name=canvas.name("expected"))
    canvas.line(
        days, where(rows.values("fitted"), after), p.observed, dash="dot", thin=True, name=canvas.name("fitted")
    )
    canvas.line(days, where(observed, before), p.observed, thin=True, name=canvas.name("observed"))
    canvas.line(days, where(observed, after), p.observed, markers=True, name=canvas.name("observed"))
    apart = [(d, v) for d, v, s in zip(days, observed, phase, strict=True) if s == "launch" and v is not None]
    if apart:
        canvas.dots(apart, p.observed, f"{canvas.name('observed')}, {canvas.word('left_out')}", hollow=True)
    for series, key, ink in ((expected, "expected", p.expected_text), (observed, "observed", p.observed)):
        end = last(series)
        if end is not None:
            canvas.label(canvas.word(key, n=canvas.say(round(end))), end, ink, bold=key == "observed")
    return canvas.finish()
