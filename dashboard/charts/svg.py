"""A finished figure as a picture in the page itself: for paper, and for a file that needs no script and no browser.

It draws what the forms of this package are made of: points, lines, fills, bars, squares of a heat map, notes and
shapes on one pair of axes whose ranges are given. A trace of another kind is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape, unescape
from itertools import groupby
from typing import Any

import plotly.graph_objects as go
from plotly.colors import find_intermediate_color, hex_to_rgb

from dashboard.charts.axes import width_of
from dashboard.charts.theme import FONT

DAY_MS = 86_400_000
DASH = {"dash": "6 4", "dot": "2 3"}
ANCHOR = {"left": "start", "right": "end", "center": "middle"}
RAISED = {"top": 1.0, "middle": 0.35, "bottom": 0.0}
"""How far below its place a line's foot stands, in font sizes."""
LINE = 1.25
TAG = re.compile(r"(<b>|</b>|<i>|</i>|<span style='color:[^']*'>|</span>)")
"""The markup that notes of this package use; anything else in them is words."""
EDGE = re.compile(r"^ | $")
"""A space at the edge of a part: readers of SVG drop it."""
Place = Callable[[Any], float]


@dataclass(frozen=True, slots=True)
class Stage:
    """The picture's size, and how a value becomes a pixel."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x: Place
    y: Place

    @property
    def clip(self) -> str:
        """The name of the plot's frame: two pictures in one file share it only where it is the same frame."""
        edges = (self.left, self.top, self.right, self.bottom)
        return "plot-" + "-".join(f"{edge:.0f}" for edge in edges)

    def across(self, value: Any, ref: str | None) -> float:
        return self.left + float(value) * (self.right - self.left) if ref == "paper" else self.x(value)

    def down(self, value: Any, ref: str | None) -> float:
        return self.bottom - float(value) * (self.bottom - self.top) if ref == "paper" else self.y(value)


def svg(figure: go.Figure, *, width: int, alt: str) -> str:
    """The picture, ``width`` pixels wide and as high as the figure says. ``alt`` is read to who cannot see it.

    Raises ValueError for a trace this cannot draw.
    """
    layout: Any = figure.layout
    stage = _stage(layout, width)
    low = [s for s in layout.shapes if s.layer == "below"]
    parts = [
        *_grid(layout, stage),
        *(_shape(s, stage) for s in low),
        *(mark for trace in figure.data for mark in _trace(trace, stage)),
        *(_shape(s, stage) for s in layout.shapes if s.layer != "below"),
        *_ticks(layout, stage),
        *(_note(n, stage) for n in layout.annotations),
    ]
    box = f'viewBox="0 0 {width} {stage.height:g}" width="{width}" height="{stage.height:g}"'
    clip = f'<clipPath id="{stage.clip}"><rect {_box(stage.left, stage.top, stage.right, stage.bottom)}/></clipPath>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{escape(alt)}" '
        f'font-family="{escape(FONT)}"><title>{escape(alt)}</title><defs>{clip}</defs>{"".join(parts)}</svg>'
    )


def _stage(layout: Any, width: float) -> Stage:
    height = float(layout.height or layout.template.layout.height)
    own = layout.margin.l is not None
    margin = layout.margin if own else layout.template.layout.margin
    left, right = float(margin.l), width - float(margin.r)
    top, bottom = float(margin.t), height - float(margin.b)
    x, y = _scale(layout.xaxis.range or (0, 1), left, right), _scale(layout.yaxis.range or (0, 1), bottom, top)
    return Stage(width, height, left, right, top, bottom, x, y)


def _scale(ends: Sequence[Any], start: float, end: float) -> Place:
    """Value → pixel. Ranges may fall (a list from the top) and may be of dates."""
    low, high = _number(ends[0]), _number(ends[1])
    per = (end - start) / ((high - low) or 1.0)
    return lambda value: start + (_number(value) - low) * per


def _number(value: Any) -> float:
    """A number, or a day as its ordinal."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.toordinal() + value.hour / 24 + value.minute / 1440
    return float(value.toordinal()) if isinstance(value, date) else float(value)


# --- traces ----------------------------------------------------------------------------------------------


def _trace(trace: Any, stage: Stage) -> Iterator[str]:
    if trace.type == "bar":
        yield from _bars(trace, stage)
    elif trace.type == "scatter":
        yield from _scatter(trace, stage)
    elif trace.type == "heatmap":
        yield from _squares(trace, stage)
    else:
        raise ValueError(f"A picture of “{trace.type}” cannot be drawn here.")


def _known(trace: Any) -> list[tuple[Any, Any] | None]:
    """The points in order; None where one is missing, which ends a line."""
    pairs = zip(trace.x, trace.y, strict=True)
    return [None if x is None or y is None or y != y else (x, y) for x, y in pairs]


def _scatter(trace: Any, stage: Stage) -> Iterator[str]:
    points = [None if p is None else (stage.x(p[0]), stage.y(p[1])) for p in _known(trace)]
    if "lines" in (trace.mode or ""):
        for there, run in groupby(points, key=lambda p: p is not None):
            part = [p for p in run if p is not None]
            if there and len(part) > 1:
                path = " ".join(f"{x:.1f},{y:.1f}" for x, y in part)
                if trace.fill == "toself":
                    yield f'<polygon points="{path}" {_paint("fill", trace.fillcolor)}/>'
                else:
                    look = f'{_stroke(trace.line)} clip-path="url(#{stage.clip})"'
                    yield f'<polyline points="{path}" fill="none" {look}/>'
    if "markers" in (trace.mode or "") and trace.marker.opacity != 0:
        for point in filter(None, points):
            if stage.left - 1 <= point[0] <= stage.right + 1:
                yield _marker(trace.marker, *point)


def _marker(marker: Any, x: float, y: float) -> str:
    r = float(marker.size) / 2
    edge = _stroke(marker.line) if marker.line and marker.line.width else ""
    look = f'{_paint("fill", marker.color)} {edge} opacity="{marker.opacity if marker.opacity is not None else 1:g}"'
    if marker.symbol == "diamond":
        corners = ((x - r, y), (x, y - r), (x + r, y), (x, y + r))
        return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" {look}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" {look}/>'


def _bars(trace: Any, stage: Stage) -> Iterator[str]:
    """Lying bars between numbers, upright ones around a day (``width`` in milliseconds) or a number."""
    for k, point in enumerate(_known(trace)):
        if point is None:
            continue
        x, y = point
        foot, wide = _foot(trace, k), float(trace.width)
        if trace.orientation == "h":
            ends = stage.x(foot), stage.y(y - wide / 2), stage.x(foot + x), stage.y(y + wide / 2)
        else:
            half = wide / (1 if isinstance(x, int | float) else DAY_MS) / 2
            ends = stage.x(_number(x) - half), stage.y(foot), stage.x(_number(x) + half), stage.y(foot + y)
        fill, color = [], _each(trace.marker.color, k)
        if trace.marker.pattern.shape:
            ink, clear = trace.marker.pattern.fgcolor or color, trace.marker.pattern.fgopacity
            size = float(trace.marker.pattern.size or 6)
            yield _hatching(ink, size)
            fill = [f'fill="url(#{_hatch_name(ink, size)})"', "" if clear is None else f'fill-opacity="{clear:g}"']
        yield f"<rect {_box(*ends)} {' '.join(fill) or _paint('fill', color)} {_edge(trace.marker.line, k)}/>"


def _each(value: Any, k: int) -> Any:
    """What stands for one bar: its own, or the same for all."""
    return value[k] if isinstance(value, tuple | list) else value


def _edge(line: Any, k: int) -> str:
    width, color = _each(line.width, k), _each(line.color, k)
    return f'{_paint("stroke", color)} stroke-width="{width:g}"' if width and color else ""


def _squares(trace: Any, stage: Stage) -> Iterator[str]:
    """One square for each cell of a heat map, on a scale of two colours from ``zmin``."""
    low, high = float(trace.zmin or 0), max(max(row) for row in trace.z)
    pale, full = (hex_to_rgb(color) for _, color in trace.colorscale)
    for y, row in zip(trace.y, trace.z, strict=True):
        for x, value in zip(trace.x, row, strict=True):
            share = (float(value) - low) / ((high - low) or 1.0)
            color = "#" + "".join(f"{round(float(part)):02x}" for part in find_intermediate_color(pale, full, share))
            ends = stage.x(x - 0.5), stage.y(y - 0.5), stage.x(x + 0.5) - trace.xgap, stage.y(y + 0.5) - trace.ygap
            yield f"<rect {_box(*ends)} {_paint('fill', color)}/>"


def _foot(trace: Any, k: int) -> float:
    """Where a bar begins: each at its own place, or all at zero."""
    return float(_each(trace.base, k) or 0)


def _hatch_name(color: str, size: float) -> str:
    """Of the hatching in that colour and width."""
    return f"hatch-{size:g}-" + "".join(letter for letter in color if letter.isalnum())


def _hatching(color: str, size: float) -> str:
    """Diagonal lines in ``color``, ``size`` apart, to fill with; the same name always means the same lines."""
    lines = f'<path d="M0,{size:g} L{size:g},0" {_paint("stroke", color)} stroke-width="{max(1.6, size / 8):g}"/>'
    frame = f'width="{size:g}" height="{size:g}" patternUnits="userSpaceOnUse"'
    return f'<defs><pattern id="{_hatch_name(color, size)}" {frame}>{lines}</pattern></defs>'


# --- axes, shapes, words ---------------------------------------------------------------------------------


def _grid(layout: Any, stage: Stage) -> Iterator[str]:
    for axis, upright in ((layout.xaxis, True), (layout.yaxis, False)):
        base = layout.template.layout.xaxis if upright else layout.template.layout.yaxis
        shown = axis.showgrid if axis.showgrid is not None else base.showgrid
        if not shown or axis.visible is False:
            continue
        color = axis.gridcolor or base.gridcolor
        for tick in axis.tickvals or ():
            at = stage.x(tick) if upright else stage.y(tick)
            ends = (at, stage.top, at, stage.bottom) if upright else (stage.left, at, stage.right, at)
            yield _straight(*ends, f'{_paint("stroke", color)} stroke-width="1"')


def _ticks(layout: Any, stage: Stage) -> Iterator[str]:
    for axis, upright in ((layout.xaxis, True), (layout.yaxis, False)):
        if axis.visible is False:
            continue
        font = (layout.template.layout.xaxis if upright else layout.template.layout.yaxis).tickfont
        for tick, words in zip(axis.tickvals or (), axis.ticktext or (), strict=True):
            if upright:
                at = _inside(stage.x(tick), str(words), font.size, stage)
                yield _words(words, at, stage.bottom + font.size * 1.35, font.size, font.color, "middle")
            else:
                rise = (words.count("<br>")) * LINE * font.size / 2
                at = stage.y(tick) + font.size * 0.35 - rise
                yield _words(words, stage.left - font.size * 0.5, at, font.size, font.color, "end")


def _shape(shape: Any, stage: Stage) -> str:
    x0, x1 = (stage.across(v, shape.xref) for v in (shape.x0, shape.x1))
    y0, y1 = (stage.down(v, shape.yref) for v in (shape.y0, shape.y1))
    clear = f'opacity="{shape.opacity:g}"' if shape.opacity is not None else ""
    if shape.type == "rect":
        fill = _paint("fill", shape.fillcolor or "none")
        return f"<rect {_box(x0, y0, x1, y1)} {fill} {_stroke(shape.line)} {clear}/>"
    return _straight(x0, y0, x1, y1, f"{_stroke(shape.line)} {clear}")


def _note(note: Any, stage: Stage) -> str:
    size, lines = float(note.font.size), str(note.text).count("<br>")
    x = stage.across(note.x, note.xref) + float(note.xshift or 0)
    y = stage.down(note.y, note.yref) - float(note.yshift or 0)
    if note.textangle:
        return _climbing(note, x, y, size)
    raised = RAISED[note.yanchor or "middle"] * size
    lifted = {"top": 0.0, "middle": lines / 2, "bottom": lines}[note.yanchor or "middle"] * LINE * size
    anchor = ANCHOR[note.xanchor or "center"]
    if anchor == "middle":  # inside the picture, whatever its width
        x = _inside(x, str(note.text), size, stage)
    foot = -0.2 * size if (note.yanchor or "") == "bottom" else 0.0
    return _words(note.text, x, y + raised - lifted + foot, size, note.font.color, anchor)


def _inside(x: float, words: str, size: float, stage: Stage) -> float:
    """The middle of ``words`` so that neither end leaves the picture."""
    half = width_of(words, round(size)) / 2
    return min(max(x, half), stage.width - half)


def _climbing(note: Any, x: float, y: float, size: float) -> str:
    """A word that reads upward: its place is that of the turned word's frame."""
    anchor = {"bottom": "start", "top": "end"}.get(note.yanchor or "middle", "middle")
    x += {"left": 1.0, "right": -0.2}.get(note.xanchor or "center", 0.35) * size
    y -= 0.2 * size if anchor == "start" else 0.0
    return _words(note.text, x, y, size, note.font.color, anchor, f' transform="rotate(-90 {x:.1f} {y:.1f})"')


def _words(words: str, x: float, y: float, size: float, color: str, anchor: str, turn: str = "") -> str:
    lines = []
    for k, line in enumerate(str(words).split("<br>")):
        place = f'x="{x:.1f}" dy="{0 if k == 0 else LINE * size:.1f}"'
        lines.append(f"<tspan {place}>{''.join(_runs(line))}</tspan>")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" {_paint("fill", color)} text-anchor="{anchor}"{turn}>'
        f"{''.join(lines)}</text>"
    )


def _runs(line: str) -> Iterator[str]:
    """The parts of one line: bold, in a colour of their own, or plain."""
    bold, ink = "", ""
    for part in TAG.split(line):
        if part in ("<b>", "</b>"):
            bold = ' font-weight="700"' if part == "<b>" else ""
        elif part.startswith("<span ") or part == "</span>":
            ink = " " + _paint("fill", part[19:-2]) if part != "</span>" else ""
        elif part and part not in ("<i>", "</i>"):
            plain = EDGE.sub("\u00a0", escape(unescape(part)))
            yield f"<tspan{bold}{ink}>{plain}</tspan>" if part != line else plain  # a bare word after one gets lost


def _box(x0: float, y0: float, x1: float, y1: float) -> str:
    left, top = min(x0, x1), min(y0, y1)
    return f'x="{left:.1f}" y="{top:.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}"'


def _straight(x0: float, y0: float, x1: float, y1: float, look: str) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" {look}/>'


def _stroke(line: Any) -> str:
    if not line or not line.width or not line.color:
        return ""
    dash = f' stroke-dasharray="{DASH[line.dash]}"' if getattr(line, "dash", None) in DASH else ""
    return f'{_paint("stroke", line.color)} stroke-width="{line.width:g}"{dash}'


def _paint(what: str, color: str) -> str:
    """``rgba(…)`` as a colour and its opacity, which every reader of SVG knows."""
    if color.startswith("rgba("):
        red, green, blue, clear = (part.strip() for part in color[5:-1].split(","))
        return f'{what}="rgb({red},{green},{blue})" {what}-opacity="{clear}"'
    return f'{what}="{color}"'
