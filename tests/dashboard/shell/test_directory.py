"""``tandem directory …`` as it is typed: what goes out comes in, a dry run stores nothing, exit codes."""

from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from dashboard.shell.directory import app
from dashboard.shell.doctor import State, _outside
from db import settings
from db.engine import aggregate_session
from db.errors import Unreadable
from db.models import AuditEntry, Provider
from tests.conftest import add_small_pilot
from tests.db.desk_world import settle


@pytest.fixture
def city(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    add_small_pilot(sqlite)
    settle(sqlite)
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    return sqlite


def tandem(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit | typer.Exit):
        raise done.exception
    return done.exit_code, done.stdout


def test_out_and_in_and_a_dry_run_first(city: Engine, tmp_path: Path) -> None:
    out = tmp_path / "providers.csv"
    assert tandem("export", str(out))[0] == 0
    assert tandem("import", str(out)) == (0, "Stored: 0 new, 0 changed, 3 same, 0 refused.\n")
    more = tmp_path / "more.csv"
    more.write_text("name,needs,phone\nDockside Ride,transport,1\nHarbor House,,2\nNowhere,flying,3\n")
    code, said = tandem("import", str(more), "--dry-run")
    assert code == 1  # a row was refused
    assert "new      line 2     Dockside Ride\n" in said
    assert "changed  line 3     Harbor House: phone: (empty) → 2\n" in said
    assert "refused  line 4     Nowhere: “flying” is no need Tandem knows." in said
    assert "Nothing stored yet: 1 new, 1 changed, 0 same, 1 refused." in said
    with aggregate_session(city) as session:
        assert len(session.scalars(select(Provider)).all()) == 3
    assert "Stored: 1 new, 1 changed, 0 same, 1 refused." in tandem("import", str(more))[1]
    with aggregate_session(city) as session:
        assert session.get_one(Provider, 1).phone == "2"
        actors = set(session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "import directory")))
        assert len(actors) == 1
        assert actors.pop().startswith("shell:")


def test_a_file_that_is_not_there(city: Engine, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        tandem("import", str(tmp_path / "none.csv"))
    with pytest.raises(Unreadable, match="cannot be written"):
        tandem("export", str(tmp_path / "no" / "folder.csv"))


@pytest.mark.parametrize(
    ("address", "state", "words"),
    [
        ("", State.fine, "outside access is off"),
        ("http://tandem.example.gov", State.wrong, "is not encrypted"),
        ("https://tandem.example.gov", State.fine, "providers answer at https://tandem.example.gov/c/…"),
        ("http://localhost:8501", State.fine, "providers answer at http://localhost:8501/c/…"),
    ],
)
def test_doctor_says_whether_providers_can_answer(
    address: str, state: State, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", address)
    monkeypatch.setenv("TANDEM_DESK_PHONE", "203 555 0100")
    [finding] = _outside(settings.load())
    assert (finding.state, words in finding.sentence) == (state, True)
