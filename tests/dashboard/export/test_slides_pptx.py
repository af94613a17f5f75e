"""The presentation, opened again: its charts hold the Results' figures to the digit, and nothing that is hidden."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from pptx import Presentation
from pptx.oxml.ns import qn

from dashboard.charts.rows import Rows
from dashboard.document import Document
from dashboard.export import slides_pptx
from dashboard.leaf import Leaf
from db.vocab import text

MARKS = {text(f"file.{key}") for key in ("from_here", "no_change", "target", "budget")}
"""Series that are no figures of the table: the day the pilot began, straight lines."""
WHOLE = {
    *("caseload", "referral_flow", "burn", "pilot_clock", "what_it_bought"),
    *("connection_ladder", "familiar_faces", "budget_lines"),
}
"""Measures whose chart draws every row of its columns."""


@pytest.fixture(scope="module")
def opened(demo_document: Document) -> Any:
    return Presentation(io.BytesIO(slides_pptx.write(demo_document, "en")))


def pairs(opened: Any, document: Document) -> list[tuple[Any, Leaf]]:
    return list(zip(opened.slides, document.decks["en"], strict=True))


def charts(opened: Any, document: Document) -> Iterator[tuple[Leaf, Any]]:
    for slide, leaf in pairs(opened, document):
        for shape in slide.shapes:
            if shape.has_chart:
                yield leaf, shape.chart


def words(slide: Any) -> str:
    """All that can be read on a slide, cell by cell and box by box."""
    return "\n".join(t.text or "" for t in slide._element.iter(qn("a:t")))


def column(leaf: Leaf, name: str) -> list[float | None]:
    assert leaf.result is not None
    return [None if pd.isna(v) else float(v) for v in leaf.result.table[name]]


def points(series: Any) -> list[float | None]:
    """What the chart plots: from left to right where it is a plane, else the values."""
    across = series._element.find(qn("c:xVal"))
    if across is None:
        return list(series.values)
    return [float(v.text) for v in across.iter(qn("c:v"))]


def test_every_form_of_chart_but_one_is_native(opened: Any, demo_document: Document) -> None:
    with_picture = [leaf.key for leaf in demo_document.decks["en"] if leaf.figure is not None and not leaf.bare]
    native = [leaf.key for leaf, _ in charts(opened, demo_document)]
    assert set(with_picture) - set(native) == {"call_coverage", "coverage"}
    assert len(native) > 15


def test_every_number_of_a_chart_is_a_cell_of_its_table(opened: Any, demo_document: Document) -> None:
    for leaf, chart in charts(opened, demo_document):
        assert leaf.result is not None
        numeric = leaf.result.table.select_dtypes("number").columns
        cells = {v for name in numeric for v in column(leaf, name) if v is not None}
        for series in chart.plots[0].series:
            if series.name not in MARKS:
                assert {v for v in points(series) if v is not None} <= cells, (leaf.key, series.name)


def test_a_series_is_its_column_to_the_digit(opened: Any, demo_document: Document) -> None:
    compared = 0
    for leaf, chart in charts(opened, demo_document):
        assert leaf.result is not None
        named = {label: name for name, label in leaf.result.columns.items()}
        for series in chart.plots[0].series:
            if leaf.result.key in WHOLE and series.name in named:
                assert list(series.values) == column(leaf, named[series.name]), (leaf.key, series.name)
                compared += 1
    assert compared >= 15


def test_the_workbook_inside_says_what_the_chart_says(opened: Any, demo_document: Document) -> None:
    for leaf, chart in charts(opened, demo_document):
        sheet = load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
        assert sheet is not None
        if chart.plots[0].series[0]._element.find(qn("c:xVal")) is not None:
            continue
        rows = list(sheet.iter_rows(values_only=True))
        assert list(rows[0][1:]) == [series.name for series in chart.plots[0].series], leaf.key
        for k, series in enumerate(chart.plots[0].series, 1):
            cells = [row[k] for row in rows[1:]]
            assert [cell is None for cell in cells] == [value is None for value in series.values]
            held = [v for v in series.values if v is not None]
            exact = pytest.approx(held, rel=1e-15)  # a workbook's cell keeps sixteen digits
            assert [cell for cell in cells if cell is not None] == exact
        assert [str(row[0]) for row in rows[1:]] == [str(name) for name in chart.plots[0].categories]


def test_a_hidden_row_is_a_gap_and_says_so(opened: Any, demo_document: Document) -> None:
    found = 0
    for leaf, chart in charts(opened, demo_document):
        assert leaf.result is not None
        hidden = Rows(leaf.result).hidden
        names = list(chart.plots[0].categories)
        if not any(hidden) or len(names) != len(hidden):
            continue
        for k, gone in enumerate(hidden):
            assert names[k].endswith("(hidden)") == gone, (leaf.key, names[k])
        for series in chart.plots[0].series:
            held = [k for k, v in enumerate(series.values) if v is not None]
            bars = series._element.findall(f"{qn('c:errBars')}//{qn('c:pt')}")
            assert {int(point.get("idx")) for point in bars} <= set(held)
            own = [v for v, label in leaf.result.columns.items() if label == series.name]
            gaps = [k for name in own for k, v in enumerate(column(leaf, name)) if v is None]
            assert not set(gaps) & set(held)
            found += len(gaps)
    assert found > 3


def test_the_hours_of_the_week_are_a_table_of_counts(opened: Any, demo_document: Document) -> None:
    slide, leaf = next(pair for pair in pairs(opened, demo_document) if pair[1].key == "call_coverage")
    assert leaf.result is not None
    table = next(shape.table for shape in slide.shapes if shape.has_table)
    counts = {(int(d), int(h)): int(n) for d, h, n in leaf.result.table[["weekday", "hour", "calls"]].to_numpy()}
    assert {(d, h): int(table.cell(d, h + 1).text) for d, h in counts} == counts


def test_every_slide_has_title_claim_source_stamp_counter_and_notes(opened: Any, demo_document: Document) -> None:
    leaves, stamp = demo_document.decks["en"], demo_document.stamp("en")
    for number, (slide, leaf) in enumerate(pairs(opened, demo_document), 1):
        assert slide.shapes.title.text_frame.text == leaf.title
        assert slide.placeholders[1].text_frame.text == leaf.sentence
        told = words(slide)
        assert stamp in told
        assert leaf.source in told
        assert f"{number}\n / {len(leaves)}" in told
        notes = slide.notes_slide.notes_text_frame.text
        assert leaf.note in notes
        assert (leaf.computed or leaf.sentence) in notes


def test_own_words_are_marked_and_the_figures_stand_beside_them(opened: Any, demo_document: Document) -> None:
    slide, leaf = next(pair for pair in pairs(opened, demo_document) if pair[1].key == "own")
    assert f"The figures say: {leaf.computed}" in words(slide)


def test_cards_rows_and_what_is_withheld(opened: Any, demo_document: Document) -> None:
    by_key = {leaf.key: slide for slide, leaf in pairs(opened, demo_document)}
    assert re.search(r"People served\n263\ntarget 300", words(by_key["cards"]))
    table = next(shape.table for shape in by_key["rows"].shapes if shape.has_table)
    assert [table.cell(k, 0).text for k in range(2)] == ["answered", "open"]
    assert "Not shown yet" in words(by_key["early"])
    assert not any(shape.has_chart for shape in by_key["early"].shapes)


def test_who_cannot_see_is_told(opened: Any, demo_document: Document) -> None:
    for slide, leaf in pairs(opened, demo_document):
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                told = shape._element.nvGraphicFramePr.cNvPr.get("descr")
                assert (leaf.computed or leaf.sentence) in told


def test_nothing_covers_anything_or_leaves_the_slide(opened: Any, demo_document: Document) -> None:
    for slide, leaf in pairs(opened, demo_document):
        boxes = [(s.left, s.top, s.left + s.width, s.top + s.height) for s in slide.shapes]
        for left, top, right, bottom in boxes:
            assert left >= 0
            assert top >= 0
            assert right <= opened.slide_width
            assert bottom <= opened.slide_height
        for a, b in combinations(boxes, 2):
            wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert wide <= 0 or high <= 0, leaf.key


def test_the_file_says_what_it_is(opened: Any, demo_document: Document) -> None:
    about = opened.core_properties
    assert (about.title, about.subject) == ("Council meeting", demo_document.stamp("en"))
    assert about.language == "en-US"
    assert opened.slide_width * 9 == pytest.approx(opened.slide_height * 16, rel=0.001)
    assert [layout.name for layout in opened.slide_layouts] == ["Opening", "Claim"]


def test_an_empty_pilot_still_has_an_honest_deck_in_spanish(small_document: Document) -> None:
    opened: Any = Presentation(io.BytesIO(slides_pptx.write(small_document, "es")))
    assert len(opened.slides) == len(small_document.decks["es"])
    for slide in opened.slides:
        assert small_document.stamp("es") in words(slide)
        assert {run.get("lang") for run in slide._element.iter(qn("a:rPr"))} == {"es-US"}
        assert text("file.unreviewed", "es") in words(slide)


def test_no_text_of_a_chart_runs_as_a_formula(demo_document: Document) -> None:
    leaf = next(leaf for leaf in demo_document.decks["en"] if leaf.key == "bought")
    assert leaf.result is not None
    table = leaf.result.table.assign(group=["=1+1", "@SUM(A1)", "Cost"])
    evil = replace(leaf, result=replace(leaf.result, table=table))
    opened: Any = Presentation(io.BytesIO(slides_pptx.write(replace(demo_document, decks={"en": (evil,)}), "en")))
    chart = next(shape.chart for shape in opened.slides[0].shapes if shape.has_chart)
    sheet = load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]] == [None, "'=1+1", "'@SUM(A1)", "Cost"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
