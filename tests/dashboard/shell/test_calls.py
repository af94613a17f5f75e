"""``tandem calls …`` as it is typed: reports for people and scripts, one clear line on failure, exit codes."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import add_small_pilot, fresh_sqlite
from tests.dashboard.shell.conftest import Tandem

MAPPING = 'received=When,type="Kind, final",incident=No,location=Number+Street'
FILE = (
    'No,When,"Kind, final",Number,Street\n'
    "A1,2026-03-01 09:00,MENTAL SUBJECT,12,North Main Street\n"
    "A2,2026-03-02 10:00,NOISE,0,Elm St\n"
    "A3,soon,NOISE,4,Oak Ave\n"
)


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path):
    for bind in fresh_sqlite(sqlite_template, tmp_path):
        add_small_pilot(bind)
        (tmp_path / "log.csv").write_text(FILE)
        yield tmp_path


@pytest.fixture
def calls(tandem: Tandem, home: Path) -> Tandem:
    return partial(tandem, "calls")


def test_import_list_and_take_back(calls: Tandem, home: Path) -> None:
    file = str(home / "log.csv")
    code, out, err = calls("import", file, "--map", MAPPING, "--dry-run", "--format", "json")
    trial = json.loads(out)
    assert (code, err) == (0, "")
    assert {name: trial[name] for name in ("rows_read", "kept", "merged", "already_there", "refused", "dry_run")} == {
        "rows_read": 3,
        "kept": 2,
        "merged": 0,
        "already_there": 0,
        "refused": 1,
        "dry_run": True,
    }
    assert trial["refusals"] == [{"line": 4, "reason": "received is “soon”, which is not a date"}]
    assert trial["mapping"]["location"] == ["Number", "Street"]

    code, out, err = calls("import", file, "--map", MAPPING, "--save-as", "Monthly")
    assert (code, err) == (0, "")
    assert "added                   2" in out
    assert "line 4: received is “soon”" in out
    assert "tandem calls take-back 1" in out
    code, out, _ = calls("import", file, "--profile", "monthly")
    assert code == 0
    assert "Nothing new: every call of this file is already there." in out
    assert "log.csv" in calls("list")[1]
    assert calls("take-back", "1") == (0, "Took back import 1: 2 calls removed.\n", "")
    assert "Taken back" in calls("list")[1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["log.csv", "--map", "received=Wen,type=Kind"],
            "tandem: log.csv has no columns “Wen”, “Kind”. Did you mean “When”? "
            "Its columns are: No, When, Kind, final, Number, Street.\n",
        ),
        (["none.csv", "--map", "received=When,type=No"], "none.csv. Check the path.\n"),
        (["log.csv"], "tandem: Say which column is which: --map received=COLUMN,type=COLUMN,…"),
        (["log.csv", "--profile", "May"], "tandem: There is no saved mapping “May”. Saved: none yet.\n"),
        (["log.csv", "--map", "received=No,type=When"], "No row can be loaded. Line 2: received is “A1”"),
        (["log.csv", "--map", MAPPING, "--date-format", "odd"], "tandem: “odd” is no date format."),
    ],
)
def test_a_failure_is_one_line_and_exit_code_1(calls: Tandem, home: Path, arguments: list[str], line: str) -> None:
    code, out, err = calls("import", str(home / arguments[0]), *arguments[1:])
    assert (code, out) == (1, "")
    assert line in err
    assert err.count("\n") == 1
    assert calls("list")[1].startswith("No calls were loaded yet.")


def test_the_refused_rows_are_written_mended_and_loaded(calls: Tandem, home: Path) -> None:
    mend = home / "mend.csv"
    importing = partial(calls, "import", "--map", MAPPING, "--refused", str(mend))
    code, out, err = importing(str(home / "log.csv"), "--format", "json")
    assert (code, json.loads(out)["refused"]) == (0, 1)
    assert err.endswith(f"1 refused row stands in {mend}: mend it there and load that file.\n")
    mend.write_text(mend.read_text("utf-8-sig").replace("soon", "2026-03-03 11:00"))
    code, out, err = importing(str(mend), "--format", "json")
    assert (json.loads(out)["kept"], json.loads(out)["refused"]) == (1, 0)
    assert err.endswith(f"No row was refused: {mend} was not written.\n")
    code, _, err = calls("import", str(home / "log.csv"), "--map", MAPPING, "--refused", str(home / "none" / "x.csv"))
    assert code == 1
    assert "x.csv cannot be written (No such file or directory). Name another file with --refused." in err
