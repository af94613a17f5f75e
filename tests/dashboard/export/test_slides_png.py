"""Pictures of the charts, made by a real browser; and Plotly's own drawing of every form beside ours."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from dashboard.charts import FORMS, draw
from dashboard.charts.svg import svg
from dashboard.charts.theme import SLIDE
from dashboard.document import Document
from dashboard.export import machine, png, slides
from dashboard.export.formats import FORMATS
from db.errors import Setup
from tests.dashboard.charts.samples import TABLES, UNITS, result

NAME = "{http://www.w3.org/2000/svg}"
SHOWN = ("money", "family_contacts", "own")


@pytest.fixture(scope="module")
def three(demo_document: Document) -> Document:
    """A chart, one that hides something, one with somebody's own words; and a slide without a picture."""
    leaves = demo_document.decks["en"]
    return replace(demo_document, decks={"en": tuple(leaf for leaf in leaves if leaf.key in (*SHOWN, "cards"))})


@pytest.fixture(scope="module")
def pictures(three: Document) -> Iterator[zipfile.ZipFile]:
    if missing := machine.no_browser():
        pytest.skip(missing)
    with zipfile.ZipFile(io.BytesIO(png.write(three, "en"))) as opened:
        yield opened


@pytest.mark.browser
def test_every_chart_is_a_picture_with_its_line_in_the_index(pictures: zipfile.ZipFile, three: Document) -> None:
    rows = list(csv.DictReader(io.StringIO(pictures.read("index.csv").decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == [name for name in pictures.namelist() if name != "index.csv"]
    told = {row["file"].split("-", 1)[1].removesuffix(".png"): row for row in rows}
    assert set(told) == set(SHOWN)
    for leaf in three.decks["en"]:
        if leaf.key in told:
            row = told[leaf.key]
            assert (row["title"], row["alt"]) == (leaf.title, slides.alt(leaf))
            assert row["stamp"].startswith(three.stamp("en"))


@pytest.mark.browser
def test_a_picture_opens_and_says_inside_what_it_is(pictures: zipfile.ZipFile, three: Document) -> None:
    for name in pictures.namelist()[:-1]:
        opened: Any = Image.open(io.BytesIO(pictures.read(name)))
        assert opened.width > SLIDE.width
        assert opened.height > SLIDE.height
        assert len(opened.convert("L").getcolors(256)) > 20  # more than an empty sheet
        assert opened.info["Source"].startswith(three.stamp("en"))
        assert opened.info["Description"] in {slides.alt(leaf) for leaf in three.decks["en"]}


def words_of(root: ElementTree.Element) -> set[str]:
    """Every piece of text in a drawing, without spaces and minus signs, which the two set differently."""
    found = ["".join(node.itertext()) for node in root.iter(f"{NAME}text")]
    return {re.sub(r"[\s−-]", "", unescape(words)) for words in found} - {""}


def marks_of_plotly(root: ElementTree.Element) -> tuple[int, int]:
    """(bars that take any place, points that can be seen)."""
    bars = [path for g in root.iter(f"{NAME}g") if g.get("class") == "point" for path in g.iter(f"{NAME}path")]
    drawn = [bar for bar in bars if bar.get("d", "M0,0Z") != "M0,0Z"]
    points = [p for p in root.iter(f"{NAME}path") if "point" in p.get("class", "").split()]
    return len(drawn), len([p for p in points if not re.match(r"opacity: 0\b(?!\.)", p.get("style", ""))])


def marks_of_ours(root: ElementTree.Element, figure: Any) -> tuple[int, int]:
    shapes = sum(shape.type == "rect" for shape in figure.layout.shapes)
    squares = sum(len(row) for trace in figure.data if trace.type == "heatmap" for row in trace.z)
    empty = [r for r in root.iter(f"{NAME}rect") if "0.0" in (r.get("width"), r.get("height"))]
    bars = len(list(root.iter(f"{NAME}rect"))) - len(empty) - shapes - squares - 1  # that of the clip
    diamonds = [p for p in root.iter(f"{NAME}polygon") if p.get("points", "").count(",") == 4]
    fills = sum(trace.type == "scatter" and trace.fill == "toself" and len(trace.x) == 4 for trace in figure.data)
    return bars, len(list(root.iter(f"{NAME}circle"))) + len(diamonds) - fills


@pytest.mark.browser
def test_our_drawing_says_and_marks_what_plotlys_does() -> None:
    if missing := machine.no_browser():
        pytest.skip(missing)
    apart: dict[str, object] = {}
    with png.drawing() as drawn_by_plotly:
        for form in sorted(FORMS):
            figure: Any = draw(result(TABLES[form](), target_ratio=0.8), form, unit=UNITS[form], size="slide")
            figure.update_layout(width=SLIDE.width)
            theirs = ElementTree.fromstring(drawn_by_plotly(figure, "svg"))
            ours = ElementTree.fromstring(svg(figure, width=SLIDE.width, alt=form))
            if words_of(ours) - {"24:00"} != words_of(theirs) - {"24:00"}:  # which Plotly drops at the edge
                apart[form] = words_of(ours) ^ words_of(theirs)
            if marks_of_ours(ours, figure) != marks_of_plotly(theirs):
                apart[f"{form}, marks"] = marks_of_ours(ours, figure), marks_of_plotly(theirs)
    assert apart == {}


def test_a_picture_carries_question_claim_source_and_stamp(three: Document) -> None:
    for leaf in three.decks["en"]:
        if slides.drawn(leaf):
            figure: Any = png.framed(leaf, slides.foot(three, "en"))
            said = " ".join(note.text for note in figure.layout.annotations).replace("</b> <b>", " ")
            for words in (leaf.title, leaf.sentence, leaf.source, slides.foot(three, "en"), slides.own_words(leaf)):
                assert words in said
            own: Any = leaf.figure
            assert len(figure.layout.annotations) > len(own.layout.annotations)  # the slide's own is untouched


def test_without_a_browser_it_says_what_to_install(three: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    with pytest.raises(Setup, match="apt install chromium"):
        png.write(three, "en")
    assert FORMATS["png"].missing() == machine.no_browser() != ""
    assert not FORMATS["pptx"].missing()
