"""``tandem effect``: published series from a file, every way to write a date, and one sentence for each bad input."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng

from tests.conftest import real_data
from tests.dashboard.shell.conftest import Said, Tandem

MONTHS = [f"{2020 + k // 12}-{k % 12 + 1:02d}" for k in range(36)]
COUNTS = [int(n) for n in default_rng(12).poisson(np.where(np.arange(36) >= 24, 45, 60))]
Effect = Callable[..., Said]


@pytest.fixture
def effect(tandem: Tandem, tmp_path: Path) -> Effect:
    """``effect(rows, "--slope", …)``: the command on a file of ``rows``, from January 2022 unless told otherwise."""

    def run(
        rows: Sequence[Sequence[object]] | str, *words: str, header: str = "month,calls", on: str = "2022-01-01"
    ) -> Said:
        path = tmp_path / "series.csv"
        text = rows if isinstance(rows, str) else "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
        path.write_text(text, encoding="utf-8")
        when, what = header.split(",")[:2]
        return tandem("effect", str(path), "--date", when, "--count", what, "--intervention", on, *words)

    return run


def told(said: Said) -> dict[str, Any]:
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


PLAIN = list(zip(MONTHS, COUNTS, strict=True))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--family", "poisson"], {"estimate": 0.894, "ci_low": 0.865, "ci_high": 0.925}),
        ([], {"estimate": 0.894, "ci_low": 0.839, "ci_high": 0.953, "dispersion": 3.559}),
        (["--season", "2"], {"estimate": 0.885, "ci_low": 0.839, "ci_high": 0.933, "dispersion": 2.262}),
        (["--season", "2", "--slope"], {"estimate": 0.876, "ci_low": 0.827, "ci_high": 0.929}),
    ],
)
def test_sicily_as_published(tandem: Tandem, words: list[str], expected: dict[str, float]) -> None:
    file = str(real_data("its", "sicily.csv"))
    columns = ["--date", "year,month", "--count", "aces", "--exposure", "stdpop", "--intervention", "2005-01-01"]
    found = told(tandem("effect", file, *columns, *words, "--format", "json"))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.0005)
    assert (found["scale"], found["n_before"], found["n_after"]) == ("ratio", 36, 23)
    if "--slope" in words:
        assert found["slope_change"]["estimate"] == pytest.approx(0.00148, abs=0.000005)
    else:
        assert found["slope_change"] is None
        assert found["average_effect"]["estimate"] == found["estimate"]


def test_json_names_are_the_ones_that_scripts_rely_on(effect: Effect) -> None:
    found = told(effect(PLAIN, "--slope", "--format", "json"))
    names = (
        "scale estimate ci_low ci_high p_value slope_change average_effect dispersion durbin_watson n_before n_after"
    )
    assert set(names.split()) | {"warnings"} <= set(found)
    assert set(found["slope_change"]) == set(found["average_effect"]) == {"estimate", "ci_low", "ci_high"}
    assert isinstance(found["warnings"], list)
    assert told(effect(PLAIN, "--family", "gaussian", "--format", "json"))["scale"] == "difference"


def test_the_table_says_it_in_a_sentence(effect: Effect) -> None:
    said = effect(PLAIN, "--se", "newey-west", "--lag", "5", "--season", "1").stdout
    assert said.startswith("At the intervention calls stands ")
    assert "below what the earlier trend predicts; “no change” lies outside the 95 % interval." in said
    assert "24 months before, 12 after; quasipoisson, 1 harmonic pair, Newey–West errors, lag 5." in said
    assert "Dispersion" in said


def written(style: str, month: date) -> str:
    return {"quarter": f"{month.year}Q{month.month // 3 + 1}"}.get(style) or month.strftime(style)


@pytest.mark.parametrize(
    "style", ["%Y-%m-%d", "%Y-%m", "%Y%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%y", "%m/%d/%Y", "%d/%m/%Y",
              "%d.%m.%Y", "%d %b %Y", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%Ym%m", "%-m/%-d/%Y"],
)  # fmt: skip
def test_a_month_may_be_written_many_ways(effect: Effect, style: str) -> None:
    months = [date.fromisoformat(f"{month}-01") for month in MONTHS]
    rows = [(written(style, month), count) for month, count in zip(months, COUNTS, strict=True)]
    found, plain = (told(effect(given, "--format", "json")) for given in (rows, PLAIN))
    assert found == plain


def regular(every: str, n: int = 60) -> tuple[list[str], str]:
    """(dates of ``n`` periods, the first day of the 40th)."""
    first = date(2001, 1, 1)
    made = {
        "day": [str(first + timedelta(k)) for k in range(n)],
        "week": [str(first + timedelta(7 * k)) for k in range(n)],
        "month": [f"{2001 + k // 12}-{k % 12 + 1:02d}" for k in range(n)],
        "quarter": [f"{2001 + k // 4}Q{k % 4 + 1}" for k in range(n)],
        "year": [str(1950 + k) for k in range(n)],
    }[every]
    return made, made[40]


@pytest.mark.parametrize("every", ["day", "week", "month", "quarter", "year"])
def test_any_regular_series(effect: Effect, every: str) -> None:
    dates, on = regular(every)
    counts = default_rng(5).poisson(np.where(np.arange(60) >= 40, 40, 80))
    found = told(effect(list(zip(dates, counts, strict=True)), "--format", "json", header="at,n", on=on))
    assert (found["every"], found["n_before"], found["n_after"]) == (every, 40, 20)
    assert found["ci_low"] <= 0.5 <= found["ci_high"]


def test_iso_weeks_are_read(effect: Effect) -> None:
    weeks = [(date(2024, 1, 1) + timedelta(7 * k)).isocalendar() for k in range(60)]
    rows = [(f"{w.year}-W{w.week:02d}", 50 + k % 3) for k, w in enumerate(weeks)]
    found = told(effect(rows, "--format", "json", header="week,n", on="2024-W41"))
    assert (found["every"], found["n_before"]) == ("week", 40)


def test_order_delimiter_case_and_marks_of_a_gap_do_not_matter(effect: Effect) -> None:
    plain = told(effect([r for r in PLAIN if r[0] != "2021-03"], "--format", "json"))
    shuffled = [PLAIN[k] for k in default_rng(1).permutation(len(PLAIN))]
    rows = "\ufeffMonth ; Calls\n" + "".join(f"{m};{'NA' if m == '2021-03' else c}\n\n" for m, c in shuffled)
    assert told(effect(rows, "--format", "json")) == plain
    assert "1 missing month is left out as a gap, not counted as zero." in plain["warnings"]


def test_thousands_and_an_exposure(effect: Effect) -> None:
    rows = [(m, c, f'"{30_000 + 500 * k:,}"') for k, (m, c) in enumerate(PLAIN)]
    plain = [(m, c, 30_000 + 500 * k) for k, (m, c) in enumerate(PLAIN)]
    words = ("--exposure", "people", "--format", "json")
    found = told(effect(rows, *words, header="month,calls,people"))
    assert found == told(effect(plain, *words, header="month,calls,people"))
    assert found["estimate"] != pytest.approx(told(effect(PLAIN, "--format", "json"))["estimate"], rel=1e-6)


def test_a_control_gives_the_ratio_of_the_two(effect: Effect) -> None:
    others = [int(n) for n in default_rng(3).poisson(300, 36)]
    words = ("--control", "other", "--format", "json")
    rows = [(m, c, o) for (m, c), o in zip(PLAIN, others, strict=True)]
    found = told(effect(rows, *words, header="month,calls,other"))
    assert found["control_ratio"]["estimate"] == pytest.approx(found["estimate"] / found["control_step"]["estimate"])
    same = told(effect([(m, c, c) for m, c in PLAIN], *words, header="month,calls,other"))
    assert same["control_ratio"]["estimate"] == pytest.approx(1)
    assert any("control series moved at the intervention too" in warning for warning in same["warnings"])


def test_a_control_of_nothing_leaves_the_weaker_answer(effect: Effect) -> None:
    found = told(effect([(m, c, 0) for m, c in PLAIN], "--control", "o", "--format", "json", header="month,calls,o"))
    assert found["control_ratio"] is None
    assert found["warnings"][-1].startswith("The control cannot be used, so there is no ratio to it. All counts are")
    assert found["estimate"] == told(effect(PLAIN, "--format", "json"))["estimate"]


def test_a_break_line_is_a_step_of_its_own(effect: Effect) -> None:
    """Counts double where the definition changed: without the line that reads as part of the trend."""
    rows = [(m, c * (2 if m >= "2021-01" else 1)) for m, c in PLAIN]
    words = ("--break", "2021-01-15", "--format", "json")
    with_line, undisturbed = told(effect(rows, *words)), told(effect(PLAIN, *words))
    assert with_line["estimate"] == pytest.approx(undisturbed["estimate"], rel=0.05)
    assert with_line["estimate"] != pytest.approx(told(effect(rows, "--format", "json"))["estimate"], rel=0.2)
    assert "The break line of 2030-01-01 lies outside" in " ".join(
        told(effect(rows, "--break", "2030-01-01", "--format", "json"))["warnings"]
    )


def test_a_month_that_is_not_over_is_out(tandem: Tandem, effect: Effect) -> None:
    rows = [(f"{2024 + k // 12}-{k % 12 + 1:02d}", 60 if k < 34 else 12) for k in range(35)]  # to November 2026
    found = told(effect(rows, "--format", "json", on="2026-01-01"))
    assert found["n_after"] == 10
    assert "The month that began on 2026-11-01 is not over and was left out." in found["warnings"]
    beyond = told(effect([*rows, ("2026-12", 60)], "--format", "json", on="2026-01-01"))
    assert beyond["n_after"] == 12
    assert "The series runs past today (2026-11-14): its later months are taken as they stand." in beyond["warnings"]


@pytest.mark.parametrize(
    ("rows", "words", "on", "sentence"),
    [
        (PLAIN, [], "2020-02-01", "Only 1 month before the intervention can be used; at least 3 are needed."),
        (PLAIN, [], "2022-11-01",
         "Too early: only 2 months after the intervention can be used; at least 3 are needed."),
        (PLAIN, [], "2024-01-01", "The intervention of 2024-01-01 lies outside the data (2020-01-01 to 2022-12-01)."),
        (PLAIN, [], "soon", "“soon” after --intervention is not a date. Write it like 2026-11-14."),
        (PLAIN, [], "2022-02-30", "“2022-02-30” after --intervention is not a date. Write it like 2026-11-14."),
        ([(m, 0) for m in MONTHS], [], "2022-01-01", "All counts are zero, so a ratio cannot be estimated."),
        ([*PLAIN[:7], ("2020-08", "many"), *PLAIN[8:]], [], "2022-01-01",
         "“many” in line 9, column calls, is not a number."),
        ([*PLAIN[:7], ("2020-08", -4), *PLAIN[8:]], [], "2022-01-01",
         "The count -4 is negative; use gaussian for such a series."),
        ([*PLAIN[:7], ("August", 4), *PLAIN[8:]], [], "2022-01-01",
         "“August” in line 9, column month, is not a date written like “2020-01”."),
        ([*PLAIN[:7], ("", 4), *PLAIN[8:]], [], "2022-01-01", "Line 9 has no date in column month."),
        ([("a", 1), *PLAIN], [], "2022-01-01", "“a” in line 2, column month, is not a date. Write it like 2026-11-14."),
        ([*PLAIN, PLAIN[5]], [], "2022-01-01", "The month of 2020-06-01 stands twice in the series."),
        (PLAIN[:4], [], "2020-03-01", "The series has 4 periods; at least 3 before and 3 after are needed."),
        (PLAIN, ["--lag", "99", "--se", "newey-west"], "2022-01-01",
         "A lag of 99 does not go with 36 periods: choose 0 to 35."),
        (PLAIN, ["--season", "7"], "2022-01-01", "7 harmonic pairs are not possible for months: choose 0 to 6."),
        (PLAIN, ["--season", "-1"], "2022-01-01", "-1 harmonic pairs are not possible for months: choose 0 to 6."),
        (PLAIN, ["--break", "2022-01-20"], "2022-01-01",
         "The break line of 2022-01-20 cannot be told apart from the intervention."),
        (PLAIN, ["--exposure", "people"], "2022-01-01",
         "There is no column “people” (after --exposure). The file has: month, calls."),
        (PLAIN, ["--exposure", "calls", "--family", "gaussian"], "2022-01-01",
         "An exposure goes with a log link; for gaussian divide the counts by it first."),
        ("", [], "2022-01-01", "series.csv is empty."),
        ("month,calls\n2020-01,1,234\n2020-02,1,235\n", [], "2022-01-01",
         "The rows of series.csv hold more cells than its header: is there a comma inside a number?"),
        ("month,calls\n2020-01,234\n2020-02,1,235\n", [], "2022-01-01",
         "series.csv is not a table of equal rows: Expected 2 fields in line 3, saw 3."),
        ("\n\nmonth,calls\n2020-01,234\n2020-02,x\n", [], "2022-01-01",
         "“x” in line 5, column calls, is not a number."),
        ("month,calls\n", [], "2022-01-01", "series.csv has a header and no rows."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(effect: Effect, rows: Any, words: list[str], on: str, sentence: str) -> None:
    code, out, err = effect(rows, *words, on=on)
    assert (code, out, err) == (1, "", f"tandem: {sentence}\n")


@pytest.mark.parametrize(("size", "problem"), [(0, "0; it must be above zero"), ("", "missing")])
def test_an_exposure_of_zero_or_none_is_refused(effect: Effect, size: object, problem: str) -> None:
    rows = [(m, c, size if m == "2020-04" else 100) for m, c in PLAIN]
    code, _, err = effect(rows, "--exposure", "people", header="month,calls,people")
    assert (code, err) == (1, f"tandem: The exposure of 2020-04-01 is {problem}.\n")


def test_one_giant_month_is_named(effect: Effect) -> None:
    rows = [(m, 6000 if m == "2021-05" else c) for m, c in PLAIN]
    found = told(effect(rows, "--format", "json"))
    assert "The month of 2021-05-01 (6000) lies far from the line and may drive the estimate." in found["warnings"]
    assert found["ci_low"] < 0.75 < found["ci_high"]


def test_a_file_that_is_none(tandem: Tandem, tmp_path: Path) -> None:
    columns = ("--date", "a", "--count", "b", "--intervention", "2022-01-01")
    missing = tandem("effect", str(tmp_path / "nothing.csv"), *columns)
    assert (missing.returncode, "nothing.csv cannot be opened: No such file" in missing.stderr) == (1, True)
    assert "is a folder: name one CSV file." in tandem("effect", str(tmp_path), *columns).stderr
    workbook = tmp_path / "calls.xlsx"
    workbook.write_bytes(b"PK\3\4\0\0\0\0")
    assert "is not a text file. Save the sheet as CSV" in tandem("effect", str(workbook), *columns).stderr
    twice = tmp_path / "twice.csv"
    twice.write_text("a,Bee,BEE\n2020-01,1,2\n")
    asked = ("--date", "a", "--count", "bee", "--intervention", "2022-01-01")
    said = "There are several columns “bee” (after --count). The file has: a, Bee, BEE."
    assert said in tandem("effect", str(twice), *asked).stderr
