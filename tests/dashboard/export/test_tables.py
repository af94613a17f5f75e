"""What leaves as text and CSV: readable, and harmless to a spreadsheet."""

import csv as reader
import io
from dataclasses import replace

import pandas as pd

from dashboard.export.tables import csv, readable, source_line
from dashboard.measures import MEASURES
from dashboard.model import Result
from tests.dashboard.charts.samples import TABLES, hidden, result

MEASURE = MEASURES["people_served"]


def rows(of: Result) -> list[list[str]]:
    text = csv(of, MEASURE).decode("utf-8-sig")
    return list(reader.reader(io.StringIO(text)))


def test_csv_says_where_it_comes_from_and_disarms_every_cell_and_heading() -> None:
    table = pd.DataFrame({"group": ["=HYPERLINK(1)", "Legal"], "value": [-3, 4]})
    found = rows(replace(result(table), columns={"group": "@Group", "value": "Value"}))
    assert found[0][0].startswith("# People served")
    assert "12 Jan 2026" in found[1][0]
    assert found[2:] == [["'@Group", "Value"], ["'=HYPERLINK(1)", "-3"], ["Legal", "4"]]


def test_csv_of_a_hidden_row_says_hidden() -> None:
    table = hidden("series", 1)
    columns = {"period": "Week", "value": "People"}
    found = rows(replace(result(table), columns=columns))
    assert found[2:5] == [["Week", "People"], ["2026-01-12", "5.0"], ["2026-01-19", "hidden"]]


def test_the_table_reads_like_the_screen() -> None:
    columns = {"period": "Week", "value": "People", "status": "Status"}
    shown = readable(replace(result(hidden("series", 1)), columns=columns), MEASURE)
    assert list(shown.columns) == ["Week", "People", "Status"]
    assert list(shown["People"][:3]) == ["5", "hidden", "8"]
    assert shown["Status"].iloc[-1] == "not over"


def test_a_missing_cell_that_is_not_hidden_reads_as_a_dash() -> None:
    table = TABLES["series"]().assign(value=[1.0, float("nan"), 3, 4, 5, 6, 7, 8])
    shown = readable(replace(result(table), columns={"value": "People"}), MEASURE)
    assert list(shown["People"][:3]) == ["1", "–", "3"]


def test_counts_under_a_percentage_stay_counts() -> None:
    table = pd.DataFrame({"group": ["On time"], "value": [64], "share": [0.96]})
    columns = {"group": "Group", "value": "Sheets", "share": "Share"}
    shown = readable(replace(result(table), columns=columns), MEASURES["tally_completeness"])
    assert [cell.replace("\u00a0", " ") for cell in shown.iloc[0]] == ["On time", "64", "96 %"]


def test_the_source_line_in_both_languages() -> None:
    assert "as of 8 Mar 2026" in source_line(result(TABLES["series"]()), MEASURE)
    assert "datos al 8 mar 2026" in source_line(result(TABLES["series"](), lang="es"), MEASURE)
