"""``tandem arpa-report`` in this process, on the demo city: files, exit codes, sentences."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from openpyxl import load_workbook

from dashboard.export import arpa
from db.arpa.calendar import read_quarter
from db.engine import aggregate_session
from tests.conftest import TODAY, create_engine_at
from tests.dashboard.shell.conftest import Tandem


@pytest.fixture
def home(tmp_path: Path, demo_database: Path) -> Path:
    shutil.copy(demo_database, tmp_path / "tandem.db")
    return tmp_path


def test_a_draft_with_errors_is_written_and_said(tandem: Tandem, home: Path) -> None:
    out = home / "q4.csv"
    said = tandem("arpa-report", "--quarter", "2026Q4", "--format", "csv", "--out", str(out))
    assert said.returncode == 1
    assert said.stdout == f"Q4 2026: DRAFT, not filed. Written to {out}.\n"
    told = [line.removeprefix("! ") for line in said.stderr.splitlines() if line.startswith("! ")]
    assert "Q4 2026 ends on 31 Dec 2026 and today is 14 Nov 2026. Its report can be filed from the day after." in told
    found = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert [f["Value"] for f in found if f["Label"] == "Must be mended before filing"] == told


def test_page_and_shell_give_the_same_bytes(tandem: Tandem, home: Path) -> None:
    with aggregate_session(create_engine_at(home / "tandem.db")) as session:
        paper = arpa.draft(session, read_quarter("2026Q2"), TODAY)
        filed = arpa.filed(session, read_quarter("2026Q2"), 1)
    for words, name, content in (
        (("--quarter", "2026Q2"), "a.xlsx", arpa.as_xlsx(paper)),
        (("--quarter", "2026Q2"), "a.csv", arpa.as_csv(paper)),
        (("--quarter", "2026Q2", "--filed"), "b.xlsx", arpa.as_xlsx(filed)),
        (("--quarter", "2026Q2", "--version", "1", "--format", "csv"), "c", arpa.as_csv(filed)),
    ):
        assert tandem("arpa-report", *words, "--out", str(home / name)).returncode == 0
        assert (home / name).read_bytes() == content


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("--quarter", "third", "--out", "x.csv"),
            "“third” is not a quarter. Write the year and the quarter, like 2026Q3.",
        ),
        (
            ("--quarter", "2031Q1", "--out", "x.csv"),
            "2031Q1 is not a quarter of the grant. It runs from 2025Q2 to 2027Q2.",
        ),
        (
            ("--quarter", "2026Q3", "--out", "x.doc"),
            "“x.doc” ends in neither .csv nor .xlsx. Say which with --format csv or --format xlsx.",
        ),
        (
            ("--quarter", "2026Q3", "--filed", "--out", "x.csv"),
            "Q3 2026 was not filed. Without --filed you get a draft.",
        ),
        (
            ("--quarter", "2026Q3", "--activity", "--filed", "--out", "x.xlsx"),
            "An activity sheet is not filed. Leave out --filed and --version.",
        ),
        (
            ("--quarter", "2026Q3", "--activity", "--out", "x.csv"),
            "The activity sheet is a workbook. Leave out --format, or write --format xlsx.",
        ),
        (
            ("--quarter", "2025Q3", "--activity", "--out", "x.xlsx"),
            "Q3 2025 holds no day of the pilot that has passed. Choose a quarter between its first day and today.",
        ),
    ],
)
def test_what_is_refused_writes_nothing(
    tandem: Tandem, home: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(home)
    said = tandem("arpa-report", *words)
    assert (said.returncode, said.stderr) == (1, f"tandem: {sentence}\n")
    assert not list(home.glob("x.*"))


def test_a_place_that_cannot_be_written_is_said(tandem: Tandem, home: Path) -> None:
    out = home / "no such folder" / "x.csv"
    said = tandem("arpa-report", "--quarter", "2026Q2", "--out", str(out))
    assert said.returncode == 1
    assert (
        said.stderr == f"tandem: {out} cannot be written (No such file or directory). Choose another place for --out.\n"
    )


def test_the_activity_sheet(tandem: Tandem, home: Path) -> None:
    out = home / "activity.xlsx"
    said = tandem("arpa-report", "--quarter", "2026Q3", "--activity", "--out", str(out))
    assert (said.returncode, said.stderr) == (0, "")
    book = load_workbook(out)
    assert book.sheetnames == ["About", "Measures", "Tables"]
    assert f"{book['Measures'].max_row - 2} measures, internal." in said.stdout
