"""Each chart of a deck as a picture (PNG) that may be pasted anywhere: question, answer, source and stamp are in it.

Drawn by a browser of this machine that asks nobody for anything; one export draws at a time, others wait for it.
"""

import csv
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from threading import Lock
from typing import Any

import plotly.graph_objects as go
from fontTools.ttLib import TTFont
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dashboard.charts.axes import width_of
from dashboard.charts.theme import FONT, LIGHT, SLIDE
from dashboard.document import Document
from dashboard.export import machine, slides
from dashboard.export.html import FONTS
from dashboard.leaf import Leaf
from db.cells import harmless
from db.errors import Setup
from db.vocab import Lang

HEADS: tuple[str, ...] = ("file", "slide", "title", "alt", "stamp")
HEAD, FOOT, EDGE = 40, 22, 40
"""Sizes of the claim and of the foot, and the white around, in pixels."""
FAMILY, FAMILY_RECORDS = "Public Sans", (1, 16)
"""The typeface, and where a file names it: the bundled ones call themselves otherwise inside."""
PATIENCE = 90
"""Seconds that the browser may take for one picture."""
_ONE_AT_A_TIME = Lock()
"""The program that draws is one for the whole process."""


def write(document: Document, lang: Lang) -> bytes:
    """A zip of the pictures, named by slide, and ``index.csv``. Raises Setup where there is no browser."""
    leaves, foot = document.decks[lang], slides.foot(document, lang)
    shown = [(k, leaf) for k, leaf in enumerate(leaves, 1) if slides.drawn(leaf)]
    rows: list[dict[str, str]] = []
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file, drawing() as draw:
        for number, leaf in shown:
            name = f"{number:02d}-{leaf.key}.png"
            about = {"title": leaf.title, "alt": slides.alt(leaf), "stamp": foot}
            file.writestr(name, _signed(draw(framed(leaf, foot)), about))
            place = slides.counter(number, leaves)
            rows.append({"file": name, "slide": place, **{key: str(harmless(said)) for key, said in about.items()}})
        file.writestr("index.csv", _index(rows))
    return written.getvalue()


@contextmanager
def drawing() -> Iterator[Any]:
    """A browser started once: call what this gives with a figure for the bytes of its picture.

    Its page holds Plotly's script as it is installed; nothing is read from the network.
    """
    if missing := machine.no_browser():
        raise Setup(missing)
    import kaleido

    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder:
        with _typeface(Path(folder)):
            kaleido.start_sync_server(
                n=1,
                path=machine.browser(),
                page_generator=kaleido.PageGenerator(mathjax=False),
                timeout=PATIENCE,
                silence_warnings=True,
            )
            draw = _draw
            draw(go.Figure(layout={"width": 10, "height": 10}))  # the browser is up, its typefaces read
        try:
            yield draw
        finally:
            kaleido.stop_sync_server(silence_warnings=True)


@contextmanager
def _typeface(folder: Path) -> Iterator[None]:
    """A browser that is started meanwhile knows our typeface beside the system's: pictures hold none of their own."""
    for bundled in FONTS.glob("public-sans-*.woff2"):
        font: Any = TTFont(bundled)
        font.flavor = None  # a system's typefaces are not packed
        for record in font["name"].names:
            if record.nameID in FAMILY_RECORDS:
                record.string = FAMILY
        font.save(folder / f"{bundled.stem}.ttf")
    own = folder / "fonts.conf"
    own.write_text(
        "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig>"
        f"<include ignore_missing='yes'>/etc/fonts/fonts.conf</include><dir>{escape(str(folder))}</dir>"
        f"<cachedir>{escape(str(folder))}</cachedir></fontconfig>",
        "utf-8",
    )
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(own)
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before


def _draw(figure: go.Figure, form: str = "png") -> bytes:
    """The picture. One family is named: of a list, what Plotly writes into a picture is not understood."""
    import kaleido

    size: Any = figure.layout
    options: Any = {"format": form, "width": size.width, "height": size.height, "scale": 1}
    return kaleido.calc_fig_sync(json.loads(str(figure.to_json()).replace(FONT, FAMILY)), opts=options)


def framed(leaf: Leaf, foot: str) -> go.Figure:
    """The slide's figure on white, with the question and the claim above it, source and stamp below."""
    figure = go.Figure(leaf.figure)
    layout: Any = figure.layout
    room = SLIDE.width - 2 * EDGE
    claim = _broken(leaf.sentence, room, HEAD)
    over = [(leaf.title, 28, LIGHT.pilot_text), *((f"<b>{line}</b>", HEAD, LIGHT.observed) for line in claim)]
    own = slides.own_words(leaf)
    over += [(line, 24, LIGHT.attention_text) for line in _broken(own, room, 24)] if own else []
    under = [*_broken(leaf.source, room, FOOT), *_broken(foot, room, FOOT)]
    above, below = sum(size * 1.25 for _, size, _ in over) + EDGE, len(under) * FOOT * 1.35 + EDGE
    height, top, bottom = layout.height or SLIDE.height, layout.margin.t, layout.margin.b
    size: dict[str, Any] = {"width": SLIDE.width + 2 * EDGE, "height": round(height + above + below)}
    margin = {"t": round(top + above), "b": round(bottom + below), "l": layout.margin.l + EDGE}
    figure.update_layout(margin={**margin, "r": layout.margin.r + EDGE}, paper_bgcolor=LIGHT.ground, **size)
    left = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": -layout.margin.l + EDGE, "yref": "paper"}
    left |= {"showarrow": False, "align": "left"}
    down = top + above - EDGE * 0.7
    for words, letters, color in over:
        font = {"size": letters, "color": color}
        figure.add_annotation(text=words, y=1, yanchor="top", yshift=round(down), font=font, **left)
        down -= letters * 1.25
    up = -(bottom + below) + EDGE * 0.4
    for words in reversed(under):
        font = {"size": FOOT, "color": LIGHT.quiet}
        figure.add_annotation(text=words, y=0, yanchor="bottom", yshift=round(up), font=font, **left)
        up += FOOT * 1.35
    return figure


def _broken(words: str, room: float, size: int) -> list[str]:
    """``words`` on as many lines as they need, without what would be read as markup."""
    lines = [""]
    for word in words.replace("&", "&amp;").replace("<", "&lt;").split(" "):
        if lines[-1] and width_of(f"{lines[-1]} {word}", size) > room * 1.1:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _signed(picture: bytes, about: dict[str, str]) -> bytes:
    """The picture with its title, alternative text and stamp inside: what it is survives its name."""
    said = PngInfo()
    for key, words in zip(("Title", "Description", "Source"), about.values(), strict=True):
        said.add_itxt(key, words)
    signed = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(signed, "png", pnginfo=said, optimize=False)
    return signed.getvalue()


def _index(rows: list[dict[str, Any]]) -> str:
    """UTF-8 with a mark at its start (spreadsheets need it)."""
    text = io.StringIO()
    table: csv.DictWriter[str] = csv.DictWriter(text, HEADS)
    table.writeheader()
    table.writerows(rows)
    return "\ufeff" + text.getvalue()
