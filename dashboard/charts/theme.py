"""Colours with one meaning each, in light and dark, and the sizes of an exhibit and of a slide.

The same values stand in ``.streamlit/config.toml``; a test holds the two together, checks every text
pair at 4.5 : 1 and every graphic at 3 : 1, and simulates colour blindness on the categorical palette.
"""

from dataclasses import dataclass, replace
from typing import Literal

import plotly.graph_objects as go

FONT = "Public Sans, system-ui, sans-serif"
Size = Literal["exhibit", "slide"]


@dataclass(frozen=True, slots=True)
class Palette:
    """One mode. ``*_text`` is the shade in which a word of that meaning is set."""

    ground: str
    text: str
    quiet: str
    """Axis labels and notes: a text colour."""
    rule: str
    """Grid lines: decoration, carries no meaning."""
    observed: str
    expected: str
    expected_text: str
    band: str
    """Fill of an interval or a capacity band: its edge lines carry the meaning."""
    pilot: str
    pilot_text: str
    gain: str
    """Fill between what was expected and what was observed."""
    attention: str
    attention_text: str
    over: str
    categorical: tuple[str, ...]


LIGHT = Palette(
    ground="#FFFFFF",
    text="#0C1620",
    quiet="#5B636B",
    rule="#E9E6DF",
    observed="#1F4E79",
    expected="#8A8F94",
    expected_text="#5B636B",
    band="rgba(138,143,148,0.18)",
    pilot="#0B7A75",
    pilot_text="#0A6661",
    gain="rgba(11,122,117,0.16)",
    attention="#B7791F",
    attention_text="#7F530F",
    over="#B3261E",
    categorical=("#1F4E79", "#0B7A75", "#B7791F", "#3C96D2", "#7F45C4", "#8F4118"),
)
DARK = Palette(
    ground="#12181F",
    text="#E8ECEF",
    quiet="#B4BBC2",
    rule="#28313A",
    observed="#86B6E8",
    expected="#98A0A8",
    expected_text="#B4BBC2",
    band="rgba(152,160,168,0.20)",
    pilot="#1B9A90",
    pilot_text="#6CCDC5",
    gain="rgba(27,154,144,0.26)",
    attention="#E8B95A",
    attention_text="#E6B469",
    over="#F0857B",
    categorical=("#86B6E8", "#1B9A90", "#E8B95A", "#EADCF7", "#8F63D2", "#C4602F"),
)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in pixels. An exhibit's width is whatever the page gives; ``width`` is what labels reckon with."""

    font: int
    height: int
    width: int
    narrow: int
    """What the same figure may be squeezed to: a card on a phone."""
    line: float
    thin: float
    marker: float
    top: int
    bottom: int

    @property
    def widths(self) -> tuple[int, ...]:
        """All widths at which labels must keep clear of each other."""
        return tuple(sorted({self.width, self.narrow}))


EXHIBIT = Metrics(
    font=12,
    height=200,
    width=600,
    narrow=330,
    line=2.2,
    thin=1.3,
    marker=5,
    top=18,
    bottom=34,
)
SLIDE = Metrics(
    font=28,
    height=730,
    width=1760,
    narrow=1760,
    line=5,
    thin=3,
    marker=12,
    top=52,
    bottom=84,
)  # on a stage of 1920 × 1080


@dataclass(frozen=True, slots=True)
class Look:
    """What a form needs to know about where it is drawn."""

    size: Size
    palette: Palette
    metrics: Metrics
    lang: str

    @property
    def slide(self) -> bool:
        return self.size == "slide"


def look(size: Size, dark: bool, lang: str) -> Look:
    return Look(size, DARK if dark else LIGHT, SLIDE if size == "slide" else EXHIBIT, lang)


def template(at: Look) -> go.layout.Template:
    """Plotly's template of one look: horizontal grid only, no legend, one font."""
    p, m = at.palette, at.metrics
    axis = {
        "showline": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "tickfont": {"size": m.font, "color": p.quiet},
        "automargin": False,
        "ticklabelstandoff": round(m.font * 0.3),
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": m.font, "color": p.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(p.categorical),
            "margin": {"t": m.top, "b": m.bottom, "l": m.font * 4, "r": m.font * 8},
            "height": m.height,
            "showlegend": False,
            "hovermode": "x unified",
            "hoverlabel": {
                "font": {"family": FONT, "size": max(12, m.font - 8), "color": p.text},
                "bgcolor": p.ground,
                "bordercolor": p.expected,
            },
            "bargap": 0.25,
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "showgrid": True, "gridcolor": p.rule, "gridwidth": max(1, m.thin / 1.5)},
            "dragmode": False,
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": p.quiet, "activecolor": p.text},
        }
    )


def resized(at: Look, height: int) -> Look:
    """The same look at another height, in pixels."""
    return replace(at, metrics=replace(at.metrics, height=height))
