"""Scenarios side by side: what each costs against what would pay for it, and which hours it staffs."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from dashboard import words
from dashboard.charts import axes
from dashboard.charts.canvas import Canvas, strip
from dashboard.charts.rows import Rows
from dashboard.charts.theme import template
from db.vocab import text

NARROW = 350
"""Pixels of the figure on a phone: the words beside the bars must find room there too."""
TICKS = (0, 6, 12, 18, 24)
STRIP = 1.5
"""Height of one option's strip of hours, its heading included, in its tallest bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One fiscal year of one option."""

    name: str
    cost: float | None
    funding: float | None
    gap: float | None
    hidden: bool


def options(canvas: Canvas) -> go.Figure:
    """Under each option a bar for every whole fiscal year: cost in grey, funding in teal on it, the gap in words."""
    m, p = canvas.at.metrics, canvas.at.palette
    groups = _groups(canvas)
    height = m.height if canvas.at.slide else round(sum(1.5 + len(bars) for _, bars in groups) * m.font * 1.9) + m.top
    longest = max([_longer(bar) for _, bars in groups for bar in bars] + [1.0])
    ends = [_end(canvas, bar) for _, bars in groups for bar in bars]
    left = max([axes.width_of(bar.name, m.font) for _, bars in groups for bar in bars] + [0]) + m.font
    room = max([axes.width_of(end, m.font) for end in ends] + [0]) + m.font
    width = m.width if canvas.at.slide else NARROW
    reach = longest / max(0.25, 1 - room / (width - left - 16))
    place, ticks = 0.0, {}
    drawn: list[tuple[float, Bar]] = []
    for head, bars in groups:
        canvas.note(head, p.text, x=0, xref="paper", xanchor="left", xshift=-left, y=place, yanchor="middle")
        for bar in bars:
            place += 1
            ticks[place] = bar.name
            drawn.append((place, bar))
        place += 1.4
    for values, color, thick in (
        ([bar.cost for _, bar in drawn], p.expected, 0.72),
        ([bar.funding for _, bar in drawn], p.pilot, 0.34),
    ):
        canvas.traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": values,
                "y": [at for at, _ in drawn],
                "width": thick,
                "marker": {"color": color},
                "customdata": [f"{bar.name}: {_end(canvas, bar)}" for _, bar in drawn],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    for (at, bar), end in zip(drawn, ends, strict=True):
        canvas.note(
            end,
            p.attention_text if bar.gap and bar.gap > 0 else p.text,
            x=_longer(bar),
            y=at,
            xanchor="left",
            xshift=m.font * 0.4,
        )
    key = f"<span style='color:{p.expected_text}'>{canvas.word('cost_is')}</span> · "
    key += f"<span style='color:{p.pilot_text}'>{canvas.word('funding_is')}</span>"
    canvas.note(key, p.text, **strip(m.font), x=0, xref="paper", xanchor="left", xshift=-left)
    layout: dict[str, Any] = {
        "template": template(canvas.at),
        "height": height,
        "margin": {"l": left, "r": 16, "t": m.top, "b": 8},
        "hovermode": "closest",
        "barmode": "overlay",
        "xaxis": {"range": [0, reach], "visible": False},
        "yaxis": {
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "range": [place - 0.8, -0.7],
            "showgrid": False,
        },
        "annotations": canvas.notes,
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def _groups(canvas: Canvas) -> list[tuple[str, list[Bar]]]:
    """(heading, its years) of each option. On a slide the heading says what it costs, covers and reaches."""
    rows = Rows(canvas.result)
    cells = zip(
        rows.texts("scenario"),
        rows.texts("period"),
        *(
            rows.values(c)
            for c in ("months", "cost", "funding", "gap", "monthly", "share", "people_low", "people_high")
        ),
        rows.hidden,
        strict=True,
    )
    found = []
    for name, part in groupby(cells, key=lambda cell: cell[0]):
        years = list(part)
        bars = [Bar(y[1], y[3], y[4], y[5], y[-1]) for y in years if y[2] is None or y[2] == 12]
        _, _, _, _, _, _, monthly, share, low, high, hidden = years[0]
        head = f"<b>{words_only(name)}</b>"
        if canvas.at.slide:
            people = canvas.word("hidden") if hidden else "–"
            if low is not None and high is not None:
                limits = {"low": words.number(low, canvas.lang), "high": words.number(high, canvas.lang)}
                people = canvas.word("people_range" if high else "nobody_served", **limits)
            price = canvas.word("month_price", amount=words.money(monthly, canvas.lang))
            calls = canvas.word("calls_covered", share=words.percent(share, canvas.lang))
            head += f" · {price} · {calls} · {people}"
        found.append((head, bars))
    return found


def words_only(name: str) -> str:
    """A name somebody typed, without what Plotly would read as markup."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _longer(bar: Bar) -> float:
    return max(bar.cost or 0.0, bar.funding or 0.0)


def _end(canvas: Canvas, bar: Bar) -> str:
    """ "$198,504 · gap $15,171"."""
    if bar.cost is None or bar.gap is None:
        return canvas.word("hidden") if bar.hidden else words.NOTHING
    kind = "covered" if not round(bar.gap, 2) else "gap" if bar.gap > 0 else "surplus"
    said = text(f"after.{kind}", canvas.lang, amount=words.money(abs(bar.gap), canvas.lang))
    cost = words.money(bar.cost, canvas.lang)
    return cost if not bar.cost and not bar.funding else f"{cost} · {said}"


def staffed(canvas: Canvas) -> go.Figure:
    """For each option the 24 hours of the day: calls, and of them those that find somebody on shift.

    One strip below the other, all on one scale.
    """
    m, p = canvas.at.metrics, canvas.at.palette
    rows = Rows(canvas.result)
    cells = list(zip(rows.texts("scenario"), *(rows.values(c) for c in ("hour", "calls", "covered")), strict=True))
    parts = [(name, list(part)) for name, part in groupby(cells, key=lambda cell: cell[0])]
    most = max([calls or 0 for _, _, calls, _ in cells] + [1.0])
    strip_of = most * STRIP
    for k, (name, part) in enumerate(parts):
        covered, calls = (sum(cell[c] or 0 for cell in part) for c in (3, 2))
        share = words.percent(covered / calls if calls else None, canvas.lang)
        place = {"x": 0, "xref": "paper", "xanchor": "left", "y": most * 1.06 - k * strip_of, "yanchor": "bottom"}
        canvas.note(f"<b>{words_only(name)}</b> · {canvas.word('calls_covered', share=share)}", p.text, **place)
        for column, color in ((2, p.expected), (3, p.pilot)):
            canvas.traces.append(
                {
                    "type": "bar",
                    "x": [(cell[1] or 0) + 0.5 for cell in part],
                    "y": [cell[column] for cell in part],
                    "base": -k * strip_of,
                    "width": 0.88,
                    "marker": {"color": color},
                    "customdata": [_hour(canvas, *cell[1:]) for cell in part],
                    "hovertemplate": "%{customdata}<extra></extra>",
                }
            )
    key = {"x": 0, "xref": "paper", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "bottom"}
    canvas.note(canvas.word("covered_is"), p.quiet, **key, yshift=m.font * 0.2)
    layout: dict[str, Any] = {
        "template": template(canvas.at),
        "height": m.height if canvas.at.slide else round(len(parts) * m.font * 7.2) + m.bottom + m.font * 2,
        "margin": {"l": m.font * 2, "r": m.font * 2, "t": round(m.font * 2), "b": m.bottom},
        "barmode": "overlay",
        "hovermode": "closest",
        "annotations": canvas.notes,
        "xaxis": {"range": [0, 24], "tickvals": TICKS, "ticktext": [f"{at}:00" for at in TICKS], "showgrid": False},
        "yaxis": {"range": [-(len(parts) - 1) * strip_of, most * STRIP], "visible": False},
    }
    return go.Figure({"data": canvas.traces, "layout": layout})


def _hour(canvas: Canvas, hour: float | None, calls: float | None, covered: float | None) -> str:
    """ "9:00–10:00: 12 of 20"."""
    if calls is None or covered is None:
        return words.NOTHING
    first, some, all_of = int(hour or 0), words.number(covered, canvas.lang, 1), words.number(calls, canvas.lang)
    return canvas.word("hour_covered", first=f"{first}:00", last=f"{first + 1}:00", n=some, of=all_of)
