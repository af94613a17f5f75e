"""The picture that needs no script: every form that the report draws, read back as XML."""

import re
from html import unescape
from typing import Any
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from dashboard.charts import FORMS, draw
from dashboard.charts.svg import svg
from dashboard.charts.theme import Size
from tests.dashboard.charts.samples import TABLES, UNITS, result

NAME = "{http://www.w3.org/2000/svg}"
SIZES: tuple[Size, ...] = ("exhibit", "slide")
MARKUP = re.compile(r"</?(?:b>|i>|span[^>]*>)")


def picture(form: str, width: int = 640, size: Size = "exhibit") -> ElementTree.Element:
    wide = 1760 if size == "slide" else width
    return ElementTree.fromstring(svg(drawn(form, size), width=wide, alt="Did it fall? Yes & no."))


def drawn(form: str, size: Size = "exhibit") -> go.Figure:
    shift = [(day, 9, 17) for day in range(1, 6)]
    marks = {
        "target_ratio": 0.8,
        "budget": 60_000,
        "shift": shift,
        "shift_share": 0.36,
        "offers": {"weekends": [(6, 18, 24)]},
        "added": {"weekends": 0.1},
    }
    height = None if size == "slide" else 250
    return draw(result(TABLES[form](), **marks), form, unit=UNITS[form], height=height, size=size)


def numbers(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.attrib[name]) for name in names]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_form_is_a_whole_picture_with_all_its_words_inside(form: str, size: Size) -> None:
    root = picture(form, size=size)
    width, height = numbers(root, "width", "height")
    assert root.attrib["aria-label"] == root[0].text == "Did it fall? Yes & no."
    assert len(list(root.iter(f"{NAME}text"))) > 2
    for words in root.iter(f"{NAME}text"):
        x, y = numbers(words, "x", "y")
        assert -1 <= x <= width + 1, "".join(words.itertext())
        assert 0 <= y <= height + 1, "".join(words.itertext())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_words_of_the_figure_are_the_words_of_the_picture(form: str) -> None:
    figure: Any = drawn(form, "slide")
    told = " ".join("".join(t.itertext()) for t in picture(form, size="slide").iter(f"{NAME}text"))
    ticks = [*(figure.layout.xaxis.ticktext or ()), *(figure.layout.yaxis.ticktext or ())]
    shown = [words for words, axis in ((ticks, figure.layout.yaxis), (ticks, figure.layout.xaxis)) if axis.visible]
    for words in [*(note.text for note in figure.layout.annotations), *(t for some in shown for t in some)]:
        for line in unescape(MARKUP.sub("", str(words))).split("<br>"):
            assert line.replace("\u00a0", " ") in told.replace("\u00a0", " ")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_mark_of_the_figure_is_in_the_picture(form: str, size: Size) -> None:
    figure, root = drawn(form, size), picture(form, size=size)
    bars, points, squares, fills = expected_marks(figure)
    rects = len(list(root.iter(f"{NAME}rect"))) - 1  # that of the clip
    low = sum(shape.type == "rect" for shape in figure.layout.shapes)  # pyright: ignore[reportAttributeAccessIssue]
    assert rects == bars + squares + low
    polygons = len(list(root.iter(f"{NAME}polygon")))
    assert len(list(root.iter(f"{NAME}circle"))) + polygons == points + fills


def expected_marks(figure: go.Figure) -> tuple[int, int, int, int]:
    """(bars, points that can be seen, squares, filled shapes) that the figure asks for."""
    traces: Any = figure.data
    bars = points = squares = fills = 0
    for trace in traces:
        if trace.type == "heatmap":
            squares += sum(len(row) for row in trace.z)
            continue
        known = sum(
            x is not None and y is not None and x == x and y == y for x, y in zip(trace.x, trace.y, strict=True)
        )
        bars += known if trace.type == "bar" else 0
        if trace.type == "scatter":
            points += known if "markers" in trace.mode and trace.marker.opacity != 0 else 0
            fills += trace.fill == "toself"
    return bars, points, squares, fills


def test_a_frame_with_nothing_in_it_is_one_sentence() -> None:
    figure = draw(result(TABLES["series"]().iloc[:0]), "series", size="slide")
    words = [t.text for t in ElementTree.fromstring(svg(figure, width=1760, alt="")).iter(f"{NAME}tspan")]
    assert words == ["Nothing to draw for this period yet."]


def test_a_provisional_week_is_hatched_and_an_unfinished_one_is_hollow() -> None:
    root = picture("flow", size="slide")
    hatched = [r for r in root.iter(f"{NAME}rect") if r.attrib.get("fill", "").startswith("url(#hatch")]
    assert len(hatched) == 2
    assert any(r.attrib.get("fill") == "#FFFFFF" and "stroke" in r.attrib for r in root.iter(f"{NAME}rect"))


def test_words_in_a_colour_of_their_own_keep_it_and_markup_is_never_shown() -> None:
    root = picture("options", size="slide")
    inks = {t.attrib.get("fill") for t in root.iter(f"{NAME}tspan")}
    assert len(inks - {None}) == 2
    assert not any("<" in "".join(t.itertext()) for t in root.iter(f"{NAME}text"))


def test_a_gap_ends_a_line_and_points_keep_their_distances() -> None:
    figure: Any = go.Figure(
        {
            "data": [{"type": "scatter", "mode": "lines", "x": [0, 1, 2, 3, 4], "y": [0, 5, None, 5, 10]}],
            "layout": {
                "template": {"layout": {"height": 120, "xaxis": {}, "yaxis": {}}},
                "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
                "xaxis": {"range": [0, 4]},
                "yaxis": {"range": [0, 10]},
            },
        }
    )
    figure.data[0].line = {"color": "#1F4E79", "width": 2}
    lines = list(ElementTree.fromstring(svg(figure, width=420, alt="")).iter(f"{NAME}polyline"))
    assert [line.attrib["points"] for line in lines] == ["10.0,110.0 110.0,60.0", "310.0,60.0 410.0,10.0"]


def test_two_pictures_in_one_page_do_not_cut_each_other() -> None:
    frames = [next(picture("effect", width).iter(f"{NAME}clipPath")).attrib["id"] for width in (640, 420)]
    assert len(set(frames)) == 2


def test_a_trace_of_another_kind_is_refused() -> None:
    figure = drawn("series")
    with pytest.raises(ValueError, match="pie"):
        svg(go.Figure({"data": [{"type": "pie", "values": [1, 2]}], "layout": figure.layout}), width=640, alt="")
