"""Bullet bars, the clock, cost each and the burn's hard days: what is drawn, where, and what a pointer reads."""

from datetime import date
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from dashboard.charts import draw
from dashboard.charts.axes import width_of
from dashboard.charts.svg import svg
from dashboard.charts.theme import DARK, EXHIBIT, LIGHT
from tests.dashboard.charts.samples import TABLES, result

NAME = "{http://www.w3.org/2000/svg}"


def figure(form: str, table: pd.DataFrame | None = None, **how: Any) -> Any:
    marks = how.pop("marks", {})
    unit = "%" if form == "clock" else "dollars"
    return draw(result(TABLES[form]() if table is None else table, **marks), form, unit=unit, **how)


def words_in(drawn: Any) -> list[str]:
    return [str(note.text).replace("\u00a0", " ") for note in drawn.layout.annotations]


def told(drawn: Any) -> str:
    return " ".join(str(trace.customdata) for trace in drawn.data)


def test_a_line_is_a_track_a_bar_what_waits_and_a_marker() -> None:
    drawn = figure("bullets")
    track, bar, waits = drawn.data[:3]
    assert list(track.x) == [96_000, 12_500, 20_000]
    assert list(bar.x) == [77_100, 13_000, 0]
    assert (list(waits.x), list(waits.base)) == ([6_000, None, None], [77_100, 13_000, 0])
    assert waits.marker.pattern.shape == "/"
    markers = {s.x0 for s in drawn.layout.shapes if s.type == "line" and s.y0 > 0 - 0.5}
    assert markers == {95_000, 11_000}  # nothing is obligated on the third


@pytest.mark.parametrize("dark", [False, True])
def test_only_a_line_over_its_budget_is_red_and_says_so(dark: bool) -> None:
    drawn, palette = figure("bullets", dark=dark), DARK if dark else LIGHT
    assert list(drawn.data[1].marker.color) == [palette.observed, palette.over, palette.observed]
    assert "$500 over $12,500" in words_in(drawn)
    assert "80 % of $96,000" in words_in(drawn)


def test_nothing_pending_is_not_in_the_key() -> None:
    assert "pending" in words_in(figure("bullets"))
    none = TABLES["bullets"]().assign(pending=0.0)
    assert "pending" not in words_in(figure("bullets", none))


def test_a_pointer_reads_cents_and_formulas() -> None:
    drawn = figure("bullets", marks={"formulas": {"remaining": "Remaining = budget − spent."}})
    assert "Spent $77,100.00" in told(drawn)
    assert "Remaining = budget − spent." in told(drawn)


def test_a_published_line_without_a_closed_month_is_its_track_alone() -> None:
    table = TABLES["bullets"]()
    table[["obligated", "spent", "pending", "remaining"]] = float("nan")
    drawn = figure("bullets", table)
    assert "$96,000" in words_in(drawn)
    assert not [s for s in drawn.layout.shapes if s.y0 > -0.5]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_names_figures_and_key_fit_a_phone(lang: str) -> None:
    drawn: Any = draw(result(TABLES["bullets"](), lang=lang), "bullets", unit="dollars")
    heads = [note for note in drawn.layout.annotations if note.xref == "paper"]
    for left, right in zip(heads[::2], heads[1::2], strict=True):
        name = str(left.text).replace("<b>", "").replace("</b>", "")
        assert width_of(name, EXHIBIT.font) + width_of(str(right.text), EXHIBIT.font) < EXHIBIT.narrow - 24
    reach = drawn.layout.xaxis.range[1]
    for note in (n for n in drawn.layout.annotations if n.xref != "paper"):
        end = note.x / reach * (EXHIBIT.narrow - 24) + width_of(str(note.text), EXHIBIT.font)
        assert end <= EXHIBIT.narrow - 12, note.text


def test_the_hatch_and_its_place_are_in_the_picture_without_a_script() -> None:
    root = ElementTree.fromstring(svg(figure("bullets"), width=640, alt=""))
    filled = [r for r in root.iter(f"{NAME}rect") if r.attrib.get("fill", "").startswith("url(#hatch-")]
    names = {p.attrib["id"] for p in root.iter(f"{NAME}pattern")}
    assert {f"url(#{name})" for name in names} == {r.attrib["fill"] for r in filled}
    scale = (640 - 24) / (96_000 * 1.01)
    waits = max(filled, key=lambda r: float(r.attrib["x"]))
    assert float(waits.attrib["x"]) == pytest.approx(12 + 77_100 * scale, abs=0.2)
    assert float(waits.attrib["width"]) == pytest.approx(6_000 * scale, abs=0.2)


def test_the_clock_is_one_bar_with_three_marks() -> None:
    drawn = figure("clock")
    whole, spent = drawn.data
    assert (list(whole.x), list(spent.x)) == ([1.0], [0.7])
    assert {s.x0 for s in drawn.layout.shapes} == {0.8, 0.97}
    assert words_in(drawn) == ["<b>80 % of the time</b>", "<b>70 % spent</b>", "<b>97 % obligated</b>"]
    rows = [note.y for note in drawn.layout.annotations]
    assert len(set(rows)) == 3  # each in a row of its own: they cannot cover each other, however near
    assert "Time gone: 80" in told(drawn)


def test_nearly_all_is_not_all_and_more_than_all_is_drawn() -> None:
    table = TABLES["clock"]().assign(value=[1.0, 0.997, 1.2])
    drawn = figure("clock", table)
    assert "<b>99.7 % obligated</b>" in words_in(drawn)
    assert drawn.layout.xaxis.range[1] == 1.2
    assert drawn.data[1].marker.color == LIGHT.over


def test_startup_months_are_shaded_from_the_first_day() -> None:
    drawn = figure("cost")
    shades = [s for s in drawn.layout.shapes if s.type == "rect"]
    assert [(s.x0, s.x1) for s in shades] == [(date(2026, 1, 12), date(2026, 1, 31))]
    assert "start-up" in words_in(drawn)
    later = TABLES["cost"]().assign(phase="running")
    assert "start-up" not in words_in(figure("cost", later))


def test_a_pointer_reads_what_was_divided() -> None:
    drawn = figure("cost")
    line = next(t for t in drawn.data if t.type == "scatter")
    assert list(line.customdata) == ["", "$2,636 = $29,000 ÷ 11", "$1,079 = $41,000 ÷ 38", "$828 = $53,000 ÷ 64"]


def test_hard_days_are_upright_lines_and_stretch_the_axis_when_near() -> None:
    marks = {"budget": 60_000, "last_day": date(2026, 4, 30), "expend_by": date(2026, 5, 20)}
    beyond = figure("burn", marks=marks)
    assert "spend by" not in words_in(beyond)
    near = figure("burn", marks=marks | {"drawn": {"expend_by": date(2026, 5, 20)}})
    assert {"spend by", "last day"} <= set(words_in(near))
    uprights = {s.x0 for s in near.layout.shapes if s.type == "line" and s.x0 == s.x1}
    assert {date(2026, 4, 30), date(2026, 5, 20)} <= uprights
    assert near.layout.xaxis.range[1] == date(2026, 5, 20)


def test_the_day_the_money_runs_out_is_marked() -> None:
    marks = {"budget": 50_000, "runs_out": date(2026, 4, 25)}
    drawn = figure("burn", marks=marks)
    assert "<b>used up 25 Apr</b>" in words_in(drawn)
    assert [(list(t.x), list(t.y)) for t in drawn.data if t.mode == "markers"][-1] == ([date(2026, 4, 25)], [50_000])
