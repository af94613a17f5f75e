"""A figure in the making: its axes, its labels at the line's end, its dated marks, then finished in one go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import plotly.graph_objects as go

from dashboard.charts import axes
from dashboard.charts.axes import Kind, as_day
from dashboard.charts.rows import Values
from dashboard.charts.theme import Look, template
from dashboard.model import Result
from db.vocab import Lang, text

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Label:
    """A word in the right margin, beside the end of what it names."""

    words: str
    y: float
    color: str
    bold: bool = False


@dataclass(slots=True)
class Canvas:
    """Built by a form, line by line. Times are dates; values are in the measure's own unit."""

    result: Result
    at: Look
    unit: str = ""
    kind: Kind = "number"
    traces: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    first: date | None = None
    last: date | None = None
    low: float = 0.0
    high: float = 1.0
    labels: list[Label] = field(default_factory=list)

    @property
    def lang(self) -> Lang:
        return "es" if self.at.lang == "es" else "en"

    def word(self, key: str, **values: object) -> str:
        return text(f"chart.{key}", self.lang, **values)

    def say(self, value: float) -> str:
        """A value in words; a small rate keeps two figures ("0.87 calls a person")."""
        fine = self.kind == "number" and 0 < abs(value) < 10 and value != round(value)
        return axes.words(value, self.kind, self.lang, step=(0.01 if abs(value) < 1 else 0.1) if fine else None)

    def name(self, column: str) -> str:
        """The plain label of a table column, lower case at its start as labels inside a chart are."""
        label = str(self.result.columns.get(column, column.replace("_", " ")))
        return label[:1].lower() + label[1:]

    def line(
        self,
        x: Sequence[date],
        y: Values,
        color: str,
        *,
        dash: str = "solid",
        thin: bool = False,
        markers: bool = False,
        name: str = "",
    ) -> None:
        """One series; a missing or hidden value is a gap and has no hover. Without a name it has none at all."""
        m = self.at.metrics
        self.traces.append(
            {
                "type": "scatter",
                "x": list(x),
                "y": y,
                "mode": "lines+markers" if markers else "lines",
                "line": {"color": color, "width": m.thin if thin else m.line, "dash": dash},
                "marker": {"size": m.marker, "color": color},
                "connectgaps": False,
                "cliponaxis": False,
                **self.hover(name),
            }
        )

    def hover(self, name: str) -> dict[str, str]:
        """What a pointer reads: the value and ``name``; nothing for marks without one."""
        if not name:
            return {"hoverinfo": "skip"}
        value = {"money": "$%{y:,.0f}", "percent": "%{y:.0%}", "number": "%{y:,.3~r}"}[self.kind]
        return {"hovertemplate": f"{value} {name}<extra></extra>"}

    def dots(
        self,
        points: Iterable[tuple[date, float | None]],
        color: str,
        name: str,
        *,
        hollow: bool = False,
        big: bool = False,
    ) -> None:
        """Points joined to nothing. Hollow: an unfinished week, a month left out. Big: where a line stands now."""
        m = self.at.metrics
        x, y = zip(*points, strict=True)
        mark: dict[str, Any] = {"size": m.marker * 0.8, "color": color, "opacity": 0.55}
        if big:
            mark = {"size": m.marker * 1.7, "color": color}
        if hollow:
            mark = {"size": m.marker * 1.5, "color": self.at.palette.ground, "line": {"color": color, "width": m.thin}}
        self.traces.append(
            {"type": "scatter", "x": list(x), "y": list(y), "mode": "markers", "marker": mark, "cliponaxis": False}
            | self.hover(name)
        )

    def band(self, x: Sequence[date], low: Values, high: Values, fill: str) -> None:
        """A filled interval between two series, one closed shape for each run without a gap."""
        rows = list(zip(x, low, high, strict=True))
        for known, run in groupby(rows, key=lambda row: row[1] is not None and row[2] is not None):
            part = list(run)
            if not known or len(part) < 2:
                continue
            self.traces.append(
                {
                    "type": "scatter",
                    "x": [r[0] for r in part] + [r[0] for r in reversed(part)],
                    "y": [r[1] for r in part] + [r[2] for r in reversed(part)],
                    "mode": "lines",
                    "line": {"width": 0},
                    "fill": "toself",
                    "fillcolor": fill,
                    "hoverinfo": "skip",
                }
            )

    def bars(
        self, x: Sequence[date], y: Iterable[float | None], marker: dict[str, Any], days: float, name: str
    ) -> None:
        """Upright bars ``days`` wide around each of ``x``."""
        self.traces.append(
            {"type": "bar", "x": list(x), "y": list(y), "marker": marker, "width": days * DAY_MS} | self.hover(name)
        )

    def hatch(self, middles: Sequence[date], days: int = 7) -> None:
        """Diagonal lines behind provisional periods, over the full height. Call after the range is known."""
        if not middles:
            return
        pattern = {
            "shape": "/",
            "fgcolor": self.at.palette.expected,
            "fgopacity": 0.5,
            "size": 16 if self.at.slide else 6,
            "solidity": 0.15,
        }
        self.traces.append(
            {
                "type": "bar",
                "x": list(middles),
                "y": [self.high - self.low] * len(middles),
                "base": self.low,
                "width": days * DAY_MS,
                "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 0}, "pattern": pattern},
                "hoverinfo": "skip",
            }
        )

    def label(self, words: str, y: float, color: str, *, bold: bool = False) -> None:
        self.labels.append(Label(words, y, color, bold))

    def time(self, first: date, last: date) -> None:
        """The range of the time axis, exactly the data's."""
        self.first, self.last = first, max(last, first + timedelta(days=6))

    def scale(self, *series: Sequence[float | None], low: float = 0.0, room: float = 1.06) -> None:
        """A value axis that holds all of ``series`` and zero."""
        seen = [v for s in series for v in s if v is not None]
        self.high = max([*seen, 1e-9]) * room
        if self.kind == "number":
            self.high = max(self.high, 4.0)
        self.low = low if low < 0 else min([*seen, 0.0]) * room

    def finish(self) -> go.Figure:
        """Axes, labels pushed apart, launch and events: everything that must know the ranges."""
        m, p = self.at.metrics, self.at.palette
        foot = self.low if self.low > 0 or self.low <= -0.3 * self.high else 0.0
        values, texts = axes.value_ticks(foot, self.high, self.kind, self.lang)
        left = 12 + max((axes.width_of(t, m.font) for t in texts), default=0)
        right = 14 + max((axes.width_of(a.words, m.font) * (1.06 if a.bold else 1) for a in self.labels), default=0)
        layout: dict[str, Any] = {
            "template": template(self.at),
            "height": m.height,
            "barmode": "overlay",
            "margin": {"t": m.top, "b": m.bottom, "l": left, "r": max(right, 16)},
            "yaxis": {"tickvals": values, "ticktext": texts, "range": [self.low, self.high]},
        }
        plot_width = m.width - left - right
        if self.first and self.last:
            days, names = axes.month_ticks(self.first, self.last, self.lang, max(2, int(plot_width / (m.font * 5))))
            layout["xaxis"] = {
                "type": "date",
                "tickvals": days,
                "ticktext": names,
                "tickangle": 0,
                "range": [self.first, self.last],
                "hoverformat": "%-d %b %Y",
            }
            self._dated(self.first, self.last, left, max(right, 16))
        self._end_labels()
        self.shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "layer": "below"}
            | {"line": {"color": p.expected, "width": max(1, m.thin / 1.5)}}
        )
        return go.Figure({"data": self.traces, "layout": {**layout, "annotations": self.notes, "shapes": self.shapes}})

    def note(self, words: str, color: str, **place: Any) -> None:
        """A word inside the figure."""
        font = {"color": color, "size": self.at.metrics.font}
        self.notes.append({"text": words, "showarrow": False, "font": font, **place})

    def upright(self, day: date, color: str, dash: str = "solid", *, foot: float = 0.0) -> None:
        """A dated line from ``foot`` (a share of the height) to the top."""
        line = {"color": color, "width": self.at.metrics.thin, "dash": dash}
        self.shapes.append({"type": "line", "x0": day, "x1": day, "yref": "paper", "y0": foot, "y1": 1, "line": line})

    def _end_labels(self) -> None:
        m = self.at.metrics
        plot = m.height - m.top - m.bottom
        scale = plot / (self.high - self.low)
        wanted = [(label.y - self.low) * scale for label in self.labels]
        for label, was, now in zip(self.labels, wanted, axes.spread(wanted, m.font * 1.2, 2, plot), strict=True):
            words = f"<b>{label.words}</b>" if label.bold else label.words
            place = {
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": round(max(6, m.marker * 1.2)),
                "align": "left",
            }
            self.note(words, label.color, **place, y=label.y, yanchor="middle", yshift=round(now - was, 1))

    def unit_note(self, left: float) -> float:
        """The unit, above the value axis. Returns the pixels it takes to the right of the axis."""
        m = self.at.metrics
        if not self.unit or self.kind != "number":
            return 0.0  # the ticks carry "$" and "%"
        self.note(self.unit, self.at.palette.quiet, **strip(m.font), x=0, xref="paper", xanchor="left", xshift=-left)
        return max(0.0, axes.width_of(self.unit, m.font) - left) + m.font

    def _dated(self, first: date, last: date, left: float, right: float) -> None:
        """Launch and events: a mark each; words above the plot where they cover no others, however narrow it gets."""
        m, p = self.at.metrics, self.at.palette
        self._unknown(first, last)
        breaks = {as_day(day) for day in self.result.marks.get("breaks") or ()}
        rooms = [width - left - right for width in m.widths]
        beside = self.unit_note(left)
        taken = [[(-left, beside)] for _ in rooms]
        span = (last - first).days
        launch = self.result.marks.get("launch")
        marks = [(as_day(launch), self.word("launch"), p.pilot, p.pilot_text)] if launch else []
        marks += [(day, self.word("redefined"), p.attention, p.attention_text) for day in sorted(breaks)]
        events = [(as_day(d), str(t)) for d, t in self.result.marks.get("events") or ()]
        marks += [(day, said, p.expected, p.quiet) for day, said in events if day not in breaks]
        for day, words, color, ink in marks:
            if not 0.02 * span < (day - first).days <= span:  # at the very edge the axis says it
                continue
            if color == p.pilot:
                self.upright(day, color, "dash")
            elif color == p.attention:  # before and after is not counted alike: nobody may read across it unwarned
                self.upright(day, color, "dot")
            elif not self.at.slide:  # an event is a short mark under its words: a dozen full lines would hide the data
                self.upright(day, color, foot=0.94)
            places = [(day - first).days / span * room for room in rooms]
            width = axes.width_of(words, m.font)
            crowded = color == p.pilot and any(0 < (other - day).days < 0.2 * span for other in breaks)
            shift = free_shift(places, width, taken, [room + right for room in rooms], left=crowded)
            if shift is None:
                continue
            if self.at.slide and color == p.expected:  # nobody can point at a mark on the wall to read its words
                self.upright(day, color, foot=0.94)
            for x, spoken_for in zip(places, taken, strict=True):
                spoken_for.append((x + shift, x + shift + width))
            self.note(words, ink, **strip(m.font), x=day, xref="x", xanchor="left", xshift=round(shift, 1))

    def _unknown(self, first: date, last: date) -> None:
        """Days that the data do not know: a shade over the full height, so that nobody reads them as zero."""
        for begin, end in self.result.marks.get("gaps") or ():
            a, b = max(as_day(begin), first), min(as_day(end) + timedelta(days=1), last)
            if a < b:
                shade = {"type": "rect", "x0": a, "x1": b, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
                self.shapes.append({**shade, "line": {"width": 0}, "fillcolor": self.at.palette.band})
                if (b - a).days > 0.14 * (last - first).days:
                    middle = a + (b - a) / 2
                    self.note(self.word("no_data"), self.at.palette.quiet, x=middle, y=0.5, yref="paper")


def strip(font: int) -> dict[str, Any]:
    """Where the words above the plot stand."""
    return {"y": 1, "yref": "paper", "yanchor": "bottom", "yshift": font * 0.15}


def free_shift(
    places: Sequence[float],
    width: float,
    taken: Sequence[Sequence[tuple[float, float]]],
    rooms: Sequence[float],
    *,
    left: bool = False,
) -> float | None:
    """How far from its mark a word of ``width`` may begin, so that it covers no other at any of several widths.

    ``places``: the mark's pixel at each width; ``taken``: what is spoken for there; ``rooms``: where it ends.
    ``left``: rather before its mark, for another one follows soon. None where there is no such place.
    """
    middle, after, before = -width / 2, (-4.0, 6.0), 4.0 - width
    for shift in (before, middle, *after) if left else (middle, *after, before):
        free = all(
            x + shift >= 0
            and x + shift + width <= room
            and not any(x + shift < b + 6 and x + shift + width > a - 6 for a, b in spoken_for)
            for x, spoken_for, room in zip(places, taken, rooms, strict=True)
        )
        if free:
            return shift
    return None
