"""``tandem calls sniff``, ``--map auto`` and ``--profile`` as they are typed."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import add_small_pilot, fresh_sqlite
from tests.dashboard.shell.conftest import Tandem

ROWS = "".join(f"26-{k:03},2026-03-{1 + k % 28:02} 10:{k % 60:02},NOISE {k % 4},{k} Oak St\n" for k in range(1, 60))


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path):
    for bind in fresh_sqlite(sqlite_template, tmp_path):
        add_small_pilot(bind)
        (tmp_path / "log.csv").write_text(f"No,Received,Nature,Address\n{ROWS}")
        (tmp_path / "next.csv").write_text(f"No,call_datetime,Nature,Address\n{ROWS}")
        (tmp_path / "late.csv").write_text(f"No,Cleared,Nature,Address\n{ROWS}")
        yield tmp_path


@pytest.fixture
def calls(tandem: Tandem, home: Path) -> Tandem:
    return partial(tandem, "calls")


def test_a_file_is_looked_at_taken_saved_and_known_again(calls: Tandem, home: Path) -> None:
    file = str(home / "log.csv")
    code, out, _ = calls("sniff", file, "--format", "json")
    found = json.loads(out)
    assert (code, found["questions"]) == (0, [])
    assert found["map"] == "received=Received,type=Nature,incident=No,location=Address"
    assert found["rows"][0] == {
        "line": 2, "received": "2026-03-02 10:01:00", "type": "NOISE 1", "incident": "26-001", "location": "1 OAK ST",
    }  # fmt: skip
    code, out, err = calls("import", file, "--map", "auto", "--save-as", "monthly", "--format", "json")
    assert (code, json.loads(out)["kept"]) == (0, 59)
    assert "taken: received ← Received (named like it;" in err
    code, out, err = calls("import", file, "--profile", "monthly", "--format", "json")
    assert (code, json.loads(out)["already_there"], err) == (0, 59, "")

    code, out, err = calls("import", str(home / "next.csv"), "--profile", "monthly")
    assert (code, out) == (1, "")
    assert "next.csv does not fit the saved mapping “monthly”: Received is gone; new: call_datetime." in err


def test_what_is_open_is_asked_and_answered_in_one_word(calls: Tandem, home: Path) -> None:
    file = str(home / "late.csv")
    code, out, _ = calls("sniff", file)
    assert "? No column says when the calls came in. The file has other times: “Cleared” (100 % of the rows" in out
    code, out, _ = calls("import", file, "--map", "auto,received=Cleared", "--dry-run", "--format", "json")
    assert (code, json.loads(out)["kept"]) == (0, 59)
    assert json.loads(out)["mapping"]["received"] == ["Cleared"]
