"""Every form of chart on small Results: what is drawn, and what must not be."""

from itertools import combinations, pairwise
from typing import Any

import pandas as pd
import pytest

from dashboard.charts import FORMS, draw
from dashboard.charts.axes import width_of
from dashboard.charts.picks import pickable
from dashboard.charts.theme import EXHIBIT, SLIDE
from dashboard.measures import MEASURES
from tests.dashboard.charts.samples import TABLES, UNITS, hidden, result

DATED = ("burn", "caseload", "cost", "detect", "effect", "flow", "residuals", "series")
BUDGET = {"budget": 60_000, "obligate_by": pd.Timestamp("2026-04-01").date()}


def drawn(form: str, table: pd.DataFrame | None = None, **how: Any) -> Any:
    return draw(result(TABLES[form]() if table is None else table, **BUDGET), form, unit=UNITS[form], **how)


def lines_of(figure: Any) -> list[Any]:
    """Scatter traces that are neither fills nor single points."""
    return [t for t in figure.data if t.type == "scatter" and "lines" in t.mode and not t.fill]


def points_of(figure: Any) -> list[Any]:
    return [t for t in figure.data if t.type == "scatter" and t.mode == "markers"]


def words_in(figure: Any) -> list[str]:
    return [str(note.text) for note in figure.layout.annotations]


def test_every_form_has_a_sample_and_every_measure_a_form() -> None:
    assert set(TABLES) == set(FORMS)
    assert {m.chart for m in MEASURES.values() if m.chart is not None} <= set(FORMS)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", ["exhibit", "slide"])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_form_draws_at_both_sizes_in_both_modes(form: str, size: str, dark: bool) -> None:
    figure = drawn(form, size=size, dark=dark)
    assert len(figure.data) > 0
    assert words_in(figure)
    smallest = min(note.font.size for note in figure.layout.annotations)
    assert smallest >= (SLIDE if size == "slide" else EXHIBIT).font


@pytest.mark.parametrize("form", sorted(FORMS))
def test_no_rows_is_one_sentence(form: str) -> None:
    figure = drawn(form, TABLES[form]().iloc[:0])
    assert len(figure.data) == 0
    assert words_in(figure) == ["Nothing to draw for this period yet."]


@pytest.mark.parametrize("row", [1, -1])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_one_row_draws(form: str, row: int) -> None:
    table = TABLES[form]()
    assert len(drawn(form, table.iloc[[row]].reset_index(drop=True)).data) > 0


@pytest.mark.parametrize("form", sorted(FORMS))
def test_all_cells_missing_draws_without_a_number(form: str) -> None:
    table = TABLES[form]()
    for name in table.select_dtypes("number").columns:
        table[name] = pd.Series([pd.NA] * len(table), dtype="Float64")
    drawn(form, table)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_hidden_cell_leaves_nothing_behind(form: str) -> None:
    """The value is replaced by one that occurs nowhere else: after hiding, the figure must not know it."""
    marker, row = 37_373, 1
    table = hidden(form, row)
    name = next(n for n in ("value", "open", "received", "fall", "observed", "spent", "calls") if n in table)
    shown = table.copy()
    shown.loc[row, name] = marker
    assert "37373" in str(drawn(form, shown).to_json()), "the test would not notice"
    assert "37373" not in str(drawn(form, table).to_json())


@pytest.mark.parametrize("form", ["bars", "compare", "cost", "ladder", "series"])
def test_a_hidden_cell_reads_hidden(form: str) -> None:
    figure = drawn(form, hidden(form, 1))
    assert [w for w in words_in(figure) if "hidden" in w] == ["hidden"]
    hover = [str(t.hovertemplate) + str(t.customdata) for t in figure.data if t.type == "bar"]
    assert all("<NA>" not in words and "nan" not in words for words in hover)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_one_axis_and_it_holds_zero(form: str) -> None:
    layout = drawn(form).to_plotly_json()["layout"]
    assert "yaxis2" not in layout
    if form == "forest":  # ratios: their zero is 1, no change
        assert layout["xaxis"]["range"][0] < 1 < layout["xaxis"]["range"][1]
        return
    axis = layout["xaxis" if form in ("bars", "bullets", "clock", "compare", "heat", "ladder") else "yaxis"]
    assert axis["range"][0] <= 0 < axis["range"][1]


def test_end_labels_do_not_cover_each_other() -> None:
    table = TABLES["flow"]()
    table[["received", "contacted", "connected"]] = 5
    figure = drawn("flow", table)
    top, bottom = EXHIBIT.top, EXHIBIT.bottom
    low, high = figure.layout.yaxis.range
    scale = (EXHIBIT.height - top - bottom) / (high - low)
    ends = [n for n in figure.layout.annotations if n.x == 1]
    assert len(ends) == 3
    for one, other in combinations(ends, 2):
        apart = abs((one.y * scale + one.yshift) - (other.y * scale + other.yshift))
        assert apart >= EXHIBIT.font


@pytest.mark.parametrize("size", ["exhibit", "slide"])
@pytest.mark.parametrize("form", DATED)
def test_end_labels_fit_the_right_margin(form: str, size: str) -> None:
    figure = drawn(form, size=size)
    font = (SLIDE if size == "slide" else EXHIBIT).font
    widest = max((width_of(str(n.text).strip("</b>"), font) for n in figure.layout.annotations if n.x == 1), default=0)
    assert figure.layout.margin.r >= widest


def test_events_in_one_week_do_not_share_a_place() -> None:
    days = [pd.Timestamp("2026-02-02").date(), pd.Timestamp("2026-02-04").date()]
    many = result(TABLES["series"](), events=[(day, f"a long name of an event {k}") for k, day in enumerate(days)])
    figure: Any = draw(many, "series", unit="people")
    assert len([w for w in words_in(figure) if "long name" in w]) == 1
    marks = [s for s in figure.layout.shapes if s.yref == "paper" and s.x0 in days]
    assert len(marks) == 2, "the mark stays where its words had no room"


@pytest.mark.parametrize("width", [EXHIBIT.width, EXHIBIT.narrow])
def test_words_above_the_plot_are_clear_of_each_other_on_a_desk_and_on_a_phone(width: int) -> None:
    days = [d.date() for d in pd.date_range("2026-01-20", "2026-03-02", freq="6D")]
    many = result(TABLES["series"](), events=[(day, f"event {k}") for k, day in enumerate(days)])
    figure: Any = draw(many, "series", unit="people")
    first, last = (pd.Timestamp(d) for d in figure.layout.xaxis.range)
    left, right = figure.layout.margin.l, figure.layout.margin.r
    spans = []
    for note in (n for n in figure.layout.annotations if n.yref == "paper"):
        on_axis = note.xref == "x"
        share = (pd.Timestamp(note.x) - first) / (last - first) if on_axis else 0.0
        begin = share * (width - left - right) + note.xshift
        spans.append((begin, begin + width_of(str(note.text), EXHIBIT.font)))
    assert len(spans) >= 2
    assert all(a[1] <= b[0] for a, b in pairwise(sorted(spans)))
    assert max(end for _, end in spans) <= width - left


def test_provisional_weeks_are_hatched_and_the_unfinished_one_is_hollow() -> None:
    for form in ("caseload", "flow", "series"):
        figure = drawn(form)
        hatched = [t for t in figure.data if t.type == "bar" and t.marker.pattern.shape == "/"]
        assert [len(t.x) for t in hatched] == [2], form
        hollow = [t for t in points_of(figure) if t.marker.color == "#FFFFFF"]
        assert hollow, form
        lines = [t for t in lines_of(figure) if len(t.x) == 8]
        assert lines, form
        assert all(t.y[-1] is None for t in lines), form


def test_the_launch_month_is_joined_to_nothing() -> None:
    figure = drawn("effect")
    assert all(t.y[12] is None for t in lines_of(figure))
    assert [list(t.y) for t in points_of(figure)] == [[90.0]]


def test_a_projection_over_the_budget_is_red_and_says_so_in_words() -> None:
    over: Any = draw(result(TABLES["burn"](), budget=50_000), "burn", unit="dollars")
    under: Any = draw(result(TABLES["burn"](), budget=60_000), "burn", unit="dollars")
    assert "#B3261E" in str(over.to_json())
    assert "#B3261E" not in str(under.to_json())
    assert "<b>projected $52,000</b>" in words_in(over)


def test_spanish_words_and_months() -> None:
    figure: Any = draw(result(TABLES["flow"](), lang="es"), "flow", unit="remisiones")
    assert "recibidas" in " ".join(words_in(figure))
    assert any("ene" in str(t) or "feb" in str(t) for t in figure.layout.xaxis.ticktext)


def test_an_unknown_form_fails_here_not_in_a_demo() -> None:
    with pytest.raises(KeyError):
        draw(result(TABLES["series"]()), "pie")


@pytest.mark.parametrize("form", ["caseload", "effect", "flow"])
def test_only_zeros_and_gaps_are_an_empty_state_and_no_empty_frame(form: str) -> None:
    table = TABLES[form]()
    for name in set(table.columns) & {"open", "opened", "closed", "inactive", "received", "contacted", "connected"}:
        table[name] = 0
    if form == "effect":
        table["observed"] = float("nan")
    assert words_in(drawn(form, table)) == ["Nothing to draw for this period yet."]


def test_a_plan_without_spending_is_drawn() -> None:
    assert len(drawn("burn", TABLES["burn"]().assign(spent=float("nan"))).data) > 0


def test_the_week_shows_the_shift_and_what_others_would_add() -> None:
    shift = [(day, 9.0, 17.0) for day in range(1, 6)] + [(6, 10.0, 12.5)]
    marks: Any = {"shift": shift, "shift_share": 0.4, "added": {"evenings": 0.2}, "offers": {"evenings": [(3, 17, 22)]}}
    figure: Any = draw(result(TABLES["heat"](), **marks), "heat", unit="%")
    boxes = [(s.x0, s.x1, s.y0, s.y1, s.line.dash) for s in figure.layout.shapes]
    assert boxes == [(9, 17, -0.5, 4.5, "solid"), (10, 12.5, 4.5, 5.5, "solid"), (17, 22, 1.5, 2.5, "dot")]
    assert "on shift 40\u00a0%" in words_in(figure)[0]
    assert "evenings +20\u00a0%" in words_in(figure)[0]
    chosen = figure.data[1]
    assert chosen.text[25] == "Tue 1:00–2:00: 2 calls"
    assert list(chosen.customdata[25]) == [2, 1]


def test_a_changed_definition_breaks_the_axis_and_missing_days_are_shaded() -> None:
    day, gap = pd.Timestamp("2026-02-02").date(), (pd.Timestamp("2026-02-09").date(), pd.Timestamp("2026-02-22").date())
    figure: Any = draw(result(TABLES["series"](), breaks=[day], gaps=[gap]), "series", unit="calls")
    lines = [s for s in figure.layout.shapes if s.type == "line" and s.x0 == day]
    assert [(s.y0, s.y1, s.line.dash) for s in lines] == [(0, 1, "dot")]
    shades = [(s.x0, s.x1) for s in figure.layout.shapes if s.type == "rect"]
    assert shades == [(gap[0], pd.Timestamp("2026-02-23").date())]
    assert "no data" in words_in(figure)


def test_a_changed_definition_is_named_even_close_after_the_launch() -> None:
    figure: Any = draw(result(TABLES["series"](), launch="2026-01-26", breaks=["2026-02-03"]), "series", unit="calls")
    words = {note.text for note in figure.layout.annotations}
    assert {"pilot began", "redefined"} <= words


def test_a_column_to_click_stands_over_each_month_and_says_its_figure() -> None:
    shown = result(TABLES["effect"]())
    plain: Any = draw(shown, "effect", unit="calls a month")
    figure: Any = pickable(plain, shown, "calls a month")
    columns = figure.data[-1]
    assert len(figure.data) == len(plain.data) + 1
    assert (columns.text[0], columns.text[-1]) == ("Jan 2025: 98 calls a month", "Mar 2026: 70 calls a month")
    low, high = figure.layout.yaxis.range
    assert (columns.base, columns.base + columns.y[0]) == (low, high)
    ladder: Any = draw(result(TABLES["bars"]()), "bars", unit="calls")
    assert pickable(ladder, result(TABLES["bars"]()), "calls") is ladder
