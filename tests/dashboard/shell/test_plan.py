"""``tandem plan`` shows what was fixed in advance, and changes it with a reason only."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import add_small_pilot, create_engine_at
from tests.dashboard.shell.conftest import Tandem


@pytest.fixture
def pilot(tandem: Tandem, sqlite_template: Path, tmp_path: Path) -> Tandem:
    shutil.copy(sqlite_template, tmp_path / "tandem.db")
    bind = create_engine_at(tmp_path / "tandem.db")
    add_small_pilot(bind)
    bind.dispose()
    return tandem


def test_the_plan_is_shown_changed_and_kept(pilot: Tandem) -> None:
    assert pilot("plan").stdout.startswith("Nothing was fixed in advance")
    first = pilot("plan", "--fall", "15", "--reason", "Set up by hand", today="2026-01-05")
    assert first.stdout == "5 Jan 2026  window 90 days, target 15 %, verdict after 6, 9 and 12 months: Set up by hand\n"
    second = pilot("plan", "--window", "180", "--month", "12", "--month", "6", "--reason", "Half a year asked")
    assert second.stdout.splitlines()[1] == (
        "14 Nov 2026 (after the start)  window 180 days, target 15 %, verdict after 6 and 12 months: Half a year asked"
    )
    assert pilot("plan").stdout == second.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--window", "180"), "Say why the plan is changed"),
        (("--window", "45", "--reason", "x"), "A window of 45 days is not counted. Choose 30, 90, 180 or 365 days."),
        (("--reason", "x"), "A reason alone changes nothing."),
        (("--fall", "100", "--reason", "x"), "100"),
    ],
)
def test_what_cannot_be_is_one_sentence(pilot: Tandem, options: tuple[str, ...], sentence: str) -> None:
    said = pilot("plan", *options)
    assert said.returncode == 1
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr
    assert pilot("plan").stdout.startswith("Nothing was fixed in advance")
