"""``tandem contacts …`` as it is typed: a dry run says what would be, a load stores, exit codes tell a script."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import aggregate_session
from db.forms.contacts import EXAMPLE
from db.models import AuditEntry, Intervention
from tests.conftest import add_small_pilot, create_engine_at, fresh_sqlite
from tests.dashboard.shell.conftest import Tandem
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


@pytest.fixture
def contacts(tandem: Tandem, home: Path) -> Tandem:
    return partial(tandem, "contacts")


def stored(home: Path) -> list[tuple[int, int | None]]:
    bind = create_engine_at(home / "tandem.db")
    with aggregate_session(bind) as session:
        return [(i.staff_id, i.created_by) for i in session.scalars(select(Intervention))]


def test_try_load_and_what_a_script_is_told(contacts: Tandem, home: Path) -> None:
    file = str(home / "old.csv")
    code, out, err = contacts("import", file, "--staff", "Social worker", "--dry-run")
    assert (code, err) == (1, "")
    assert "Dry run of old.csv" in out
    assert "would be added        1" in out
    assert "    line 3: There is no person P-0404. Check the code, or write the name." in out
    assert "! 1 without a time of day: put at noon" in out
    assert stored(home) == []

    code, out, _ = contacts("import", file, "--staff", "Social worker")
    assert (code, "  added                 1" in out) == (1, True)
    assert stored(home) == [(2, None)]
    with aggregate_session(create_engine_at(home / "tandem.db")) as session:
        assert session.scalars(select(AuditEntry.actor)).one().startswith("shell:")

    code, _, err = contacts("import", str(home / "none.csv"))
    assert (code, err) == (1, f"tandem: There is no file {home / 'none.csv'}. Check the path.\n")


def test_the_example_is_a_file_that_is_understood(contacts: Tandem, home: Path) -> None:
    code, out, _ = contacts("example")
    assert (code, out.splitlines()) == (0, list(EXAMPLE))
    (home / "example.csv").write_text(out.replace("P-0132", "P-0001"))
    code, out, _ = contacts("import", str(home / "example.csv"), "--staff", "Clinician", "--dry-run")
    assert code == 0
    assert "would be added        2" in out
