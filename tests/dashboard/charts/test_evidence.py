"""The forms that show how sure an effect is: the axis of choices, the smallest visible fall, the residuals."""

from datetime import date
from typing import Any

import pytest

from dashboard.charts import draw
from dashboard.charts.forest import change
from tests.dashboard.charts.samples import TABLES, UNITS, result


def drawn(form: str, **marks: Any) -> Any:
    return draw(result(TABLES[form](), **marks), form, unit=UNITS[form])


def test_the_specified_choice_is_marked_and_shaded_through_all_lines() -> None:
    figure = drawn("forest", target_ratio=0.8)
    assert [t.marker.symbol for t in figure.data] == ["diamond", "circle", "circle", "circle", "circle"]
    shade = [s for s in figure.layout.shapes if s.type == "rect"]
    assert [(s.x0, s.x1) for s in shade] == [(0.70, 0.92)]
    bold = [str(t) for t in figure.layout.yaxis.ticktext if str(t).startswith("<b>")]
    assert bold == ["<b>As planned</b>"]


def test_many_of_a_kind_share_one_line_from_the_lowest_to_the_highest_limit() -> None:
    figure = drawn("forest")
    assert list(figure.layout.yaxis.ticktext)[3:] == ["one month left out (2)", "pretended starts (2)"]
    left_out = next(s for s in figure.layout.shapes if s.type == "line" and s.y0 == 3)
    assert (left_out.x0, left_out.x1) == (0.69, 0.96)
    assert list(figure.data[3].x) == [0.79, 0.83]


def test_no_change_and_the_target_stand_on_the_axis() -> None:
    figure = drawn("forest", target_ratio=0.8)
    words = {n.text: n.x for n in figure.layout.annotations if n.yref == "paper"}
    assert words == {"no change": 1.0, "target −20\u00a0%": 0.8}
    assert "target" not in str([n.text for n in drawn("forest").layout.annotations])


@pytest.mark.parametrize(("ratio", "words"), [(0.72, "−28\u00a0%"), (1.05, "+5\u00a0%"), (1.001, "0\u00a0%")])
def test_a_ratio_reads_as_a_change(ratio: float, words: str) -> None:
    assert change(ratio, "en") == words


def test_months_to_come_are_dashed_and_the_month_of_the_target_is_marked() -> None:
    figure = drawn("detect", target_ratio=0.79, reached_on=date(2026, 8, 1))
    solid, dashed = (t for t in figure.data[:2])
    assert (solid.line.dash, dashed.line.dash) == ("solid", "dash")
    assert [y is not None for y in solid.y] == [True, True, True, False, False, False]
    assert [y is not None for y in dashed.y] == [False, False, True, True, True, True], "it begins where the other ends"
    found = figure.data[-1]
    assert (list(found.x), [round(y, 2) for y in found.y]) == ([date(2026, 8, 1)], [0.21])


def test_residuals_of_before_and_after_are_told_apart_by_a_word() -> None:
    figure = drawn("residuals")
    words = [str(n.text) for n in figure.layout.annotations]
    assert {"before", "after"} <= set(words)
    points = [t for t in figure.data if t.mode == "markers"]
    assert [len(t.x) for t in points] == [4, 3]
    assert figure.layout.yaxis.range[0] < -2 < 2 < figure.layout.yaxis.range[1]
