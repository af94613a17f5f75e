"""The picture that needs no script: every form that the report draws, read back as XML."""

from typing import Any
from xml.etree import ElementTree

import plotly.graph_objects as go
import pytest

from dashboard.charts import FORMS, draw
from dashboard.charts.svg import svg
from tests.dashboard.charts.samples import TABLES, UNITS, result

NAME = "{http://www.w3.org/2000/svg}"
FORMS_OF_LINES_AND_BARS = sorted(set(FORMS) - {"heat"})


def picture(form: str, width: int = 640) -> ElementTree.Element:
    return ElementTree.fromstring(svg(drawn(form), width=width, alt="Did it fall? Yes & no."))


def drawn(form: str) -> go.Figure:
    marks = {"target_ratio": 0.8, "budget": 60_000}
    return draw(result(TABLES[form](), **marks), form, unit=UNITS[form], height=250)


def numbers(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.attrib[name]) for name in names]


@pytest.mark.parametrize("form", FORMS_OF_LINES_AND_BARS)
def test_a_form_is_a_whole_picture_with_all_its_words_inside(form: str) -> None:
    root = picture(form)
    height = float(root.attrib["height"])
    assert root.attrib["aria-label"] == "Did it fall? Yes & no."
    assert len(list(root.iter(f"{NAME}text"))) > 2
    for words in root.iter(f"{NAME}text"):
        x, y = numbers(words, "x", "y")
        assert -1 <= x <= 641, "".join(words.itertext())
        assert 0 <= y <= height + 1, "".join(words.itertext())


@pytest.mark.parametrize("form", FORMS_OF_LINES_AND_BARS)
def test_the_words_of_the_figure_are_the_words_of_the_picture(form: str) -> None:
    figure: Any = drawn(form)
    told = " ".join("".join(t.itertext()) for t in picture(form).iter(f"{NAME}text"))
    for note in figure.layout.annotations:
        for line in str(note.text).replace("<b>", "").replace("</b>", "").split("<br>"):
            assert line in told


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
    with pytest.raises(ValueError, match="heatmap"):
        svg(draw(result(TABLES["heat"]()), "heat", unit="%"), width=640, alt="")
