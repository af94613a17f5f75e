"""``tandem contacts …`` as it is typed: a dry run says what would be, a load stores, exit codes tell a script."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import aggregate_session
from db.forms.contacts import EXAMPLE
from db.models import AuditEntry, Intervention
from tests.conftest import add_small_pilot, create_engine_at, fresh_sqlite
from tests.db.desk_world import settle

FILE = (
    "date,person,mode,purpose,minutes,outcome\n"
    "2026-11-12,P-0001,Office visit,Follow-up,20,Reached\n"
    "2026-11-12,P-0404,Office visit,Follow-up,20,Reached\n"
)


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path):
    for bind in fresh_sqlite(sqlite_template, tmp_path):
        add_small_pilot(bind)
        settle(bind)
        (tmp_path / "old.csv").write_text(FILE)
        yield tmp_path


def tandem(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", "from dashboard.cli import main; main()", "contacts", *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TANDEM_HOME": str(home), "DATABASE_URL": "", "TANDEM_TODAY": "2026-11-14"},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def stored(home: Path) -> list[tuple[int, int | None]]:
    bind = create_engine_at(home / "tandem.db")
    with aggregate_session(bind) as session:
        return [(i.staff_id, i.created_by) for i in session.scalars(select(Intervention))]


def test_try_load_and_what_a_script_is_told(home: Path) -> None:
    file = str(home / "old.csv")
    code, out, err = tandem(home, "import", file, "--staff", "Social worker", "--dry-run")
    assert (code, err) == (1, "")
    assert "Dry run of old.csv" in out
    assert "would be added        1" in out
    assert "    line 3: There is no person P-0404. Check the code, or write the name." in out
    assert "! 1 without a time of day: put at noon" in out
    assert stored(home) == []

    code, out, _ = tandem(home, "import", file, "--staff", "Social worker")
    assert (code, "  added                 1" in out) == (1, True)
    assert stored(home) == [(2, None)]
    with aggregate_session(create_engine_at(home / "tandem.db")) as session:
        assert session.scalars(select(AuditEntry.actor)).one().startswith("shell:")

    code, _, err = tandem(home, "import", str(home / "none.csv"))
    assert (code, err) == (1, f"tandem: There is no file {home / 'none.csv'}. Check the path.\n")


def test_the_example_is_a_file_that_is_understood(home: Path) -> None:
    code, out, _ = tandem(home, "example")
    assert (code, out.splitlines()) == (0, list(EXAMPLE))
    (home / "example.csv").write_text(out.replace("P-0132", "P-0001"))
    code, out, _ = tandem(home, "import", str(home / "example.csv"), "--staff", "Clinician", "--dry-run")
    assert code == 0
    assert "would be added        2" in out
