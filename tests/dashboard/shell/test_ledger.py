"""``tandem ledger`` as a shell calls it: a finance export tried, loaded, taken out again; what the check says."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.dashboard.shell.conftest import Tandem

FILE = (
    "City of Harbor\n"
    "Account,Posted,Vendor,Invoice,Comment,Debit,Credit\n"
    'EQ,11/03/2026,Capstan Office Supply,C-901,Chair,"1,210.40",\n'
    "EQ,11/13/2026,Capstan Office Supply,C-901-CM,Chair sent back,,210.40\n"
    "ZZ,11/13/2026,Parks Supply,9,Grass,5.00,\n"
    "EQ,11/14/2026,Capstan Office Supply,C-902,Lamp,12.345,\n"
)
ACCOUNTS = ("--accounts", "EQ=Equipment,ZZ=-")


@pytest.fixture
def city(tandem: Tandem, demo_database: Path, tmp_path: Path) -> Path:
    """The demo city in this command's home, and the city's export beside it."""
    shutil.copy(demo_database, tmp_path / "tandem.db")
    (tmp_path / "november.csv").write_text(FILE)
    return tmp_path


def test_a_finance_export_is_asked_about_tried_loaded_and_checked(tandem: Tandem, city: Path) -> None:
    file = str(city / "november.csv")
    asked = tandem("ledger", "import", file)
    assert asked.returncode == 1
    assert "Which budget line is which account: “EQ” (2 rows, 1,000.00); “ZZ” (1 row, 5.00)?" in asked.stderr

    tried = tandem("ledger", "import", file, *ACCOUNTS, "--dry-run", "--format", "json")
    assert tried.returncode == 1, "a row was refused"
    report = json.loads(tried.stdout)
    assert {name: report[name] for name in ("rows_read", "matched", "booked", "left_out", "statement_id")} == {
        "rows_read": 4,
        "matched": 0,
        "booked": 2,
        "left_out": 1,
        "statement_id": None,
    }
    assert report["refused"] == [
        {
            "line": 6,
            "reason": "12.345 has a fraction of a cent. The books hold two decimals: correct it, or leave it out.",
        }
    ]

    mend = city / "mend.csv"
    loaded = tandem("ledger", "import", file, *ACCOUNTS, "--save-as", "Monthly", "--refused", str(mend))
    assert "Load 1." in loaded.stdout
    assert "1 refused row stands in" in loaded.stdout
    again = tandem("ledger", "import", file, "--profile", "Monthly")
    assert "Nothing was stored: no row is new." in again.stdout
    mend.write_text(mend.read_text(encoding="utf-8-sig").replace(",12.345,", ",12.34,"))
    assert "booked                1" in tandem("ledger", "import", str(mend), "--profile", "Monthly").stdout

    said = tandem("ledger", "check", "--format", "json")
    assert said.returncode == 0, said.stdout
    (line,) = json.loads(said.stdout)["lines"]
    assert (line["line"], line["city"], line["ledger"], line["difference"]) == (
        "Equipment",
        "1012.34",
        "1012.34",
        "0.00",
    )


def test_a_file_that_is_only_compared_books_nothing_and_the_check_fails(tandem: Tandem, city: Path) -> None:
    loaded = tandem("ledger", "import", str(city / "november.csv"), *ACCOUNTS, "--compare")
    assert "to reconcile          2" in loaded.stdout
    said = tandem("ledger", "check")
    assert said.returncode == 1
    assert "Only the city has $1,210.40 of Capstan Office Supply, 3 Nov 2026 (line 3 of load 1)." in said.stdout
    assert said.stdout.rstrip().endswith("Something differs.")


def test_a_load_is_taken_back_with_a_reason(tandem: Tandem, city: Path) -> None:
    tandem("ledger", "import", str(city / "november.csv"), *ACCOUNTS)
    unsaid = tandem("ledger", "take-back", "1")
    assert (unsaid.returncode, "Write why this load is taken back" in unsaid.stderr) == (1, True)
    done = tandem("ledger", "take-back", "1", "--reason", "wrong month")
    assert done.stdout.startswith("Took back load 1: 2 entries it had booked were voided.")


def test_the_ledger_goes_out_as_numbers_and_comes_in_again_unchanged(tandem: Tandem, city: Path) -> None:
    plain, book = city / "ledger.csv", city / "ledger.xlsx"
    assert tandem("ledger", "export", "--out", str(plain)).returncode == 0
    assert tandem("ledger", "export", "--format", "xlsx", "--out", str(book)).returncode == 0
    header, first, *_ = plain.read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("No.,Date,Kind,Line,Amount,Payee,Contract,Invoice number,Paid")
    assert ",96000.00,Brasslamp Recovery," in first
    rows = list(load_workbook(book)["Ledger"].iter_rows())
    assert (rows[1][4].value, rows[1][4].data_type, rows[1][4].number_format) == (96000, "n", "#,##0.00")
    assert isinstance(rows[1][1].value, datetime)
    for file in (plain, book):
        report = json.loads(tandem("ledger", "import", str(file), "--dry-run", "--format", "json").stdout)
        assert report["rows_read"] == report["matched"] == len(rows) - 1


def test_the_export_is_cut_by_days_and_a_wrong_day_is_said(tandem: Tandem, city: Path) -> None:
    out = str(city / "part.csv")
    assert "entries of the ledger in" in tandem("ledger", "export", "--out", out, "--to", "2026-03-31").stdout
    assert all(line.split(",")[1] <= "2026-03-31" for line in Path(out).read_text().splitlines()[1:])
    wrong = tandem("ledger", "export", "--out", out, "--from", "31.3.2026")
    assert (wrong.returncode, "“31.3.2026” is no day. Write --from like 2026-07-01." in wrong.stderr) == (1, True)


def test_an_ambiguous_date_is_asked_before_anything_is_loaded(tandem: Tandem, city: Path) -> None:
    (city / "short.csv").write_text("Date,Amount,Line,Vendor\n03/04/2026,5,Equipment,A\n")
    asked = tandem("ledger", "import", str(city / "short.csv"))
    assert asked.returncode == 1
    assert "Say --date-format month-first or --date-format day-first." in asked.stderr


def test_help_names_the_three_commands(tandem: Tandem) -> None:
    said = tandem("ledger", "--help").stdout
    assert all(word in said for word in ("import", "export", "check"))
