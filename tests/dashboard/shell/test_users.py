"""``tandem user …`` as it is typed: output, one clear line on failure, exit codes, no password in sight."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from db import passwords
from db.engine import aggregate_session, engine_for
from db.models import AuditEntry, User
from db.settings import wall_clock
from tests.conftest import add_small_pilot, fresh_sqlite
from tests.db.commands.test_signin import add_user, tried

GOOD = "blue harbour lantern 7"


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path):
    for bind in fresh_sqlite(sqlite_template, tmp_path):
        add_small_pilot(bind)
        yield tmp_path


def bind_of(home: Path) -> Engine:
    return engine_for(f"sqlite:///{home / 'tandem.db'}")


def tandem(home: Path, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", "from dashboard.cli import main; main()", "user", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TANDEM_HOME": str(home), "DATABASE_URL": ""},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_account_is_made_from_standard_input_and_listed(home: Path) -> None:
    arguments = ["add", "jrivera", "--role", "finance", "--name", "J. Rivera", "--password-stdin"]
    assert tandem(home, *arguments, typed=f"{GOOD}\n") == (0, "Added jrivera (Finance).\n", "")
    assert tried(bind_of(home), GOOD, username="jrivera", at=wall_clock())
    code, out, _ = tandem(home, "list")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [["jrivera", "finance", "active"]]
    with aggregate_session(bind_of(home)) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "add user")).one()
    assert entry.actor.startswith("shell:")


def test_no_password_means_a_one_time_code(home: Path) -> None:
    code, out, _ = tandem(home, "add", "jrivera", "--role", "finance", typed="")
    assert code == 0
    made = out.split("One-time code: ")[1].split()[0]
    with aggregate_session(bind_of(home)) as session:
        user = session.scalars(select(User)).one()
    assert user.must_change
    assert passwords.matches(made, user.password_hash)
    code, out, _ = tandem(home, "reset-password", "jrivera")
    assert (code, made in out, "One-time code: " in out) == (0, False, True)


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (["add", "x", "--role", "finance"], "", "“x” cannot be a username."),
        (["add", "jrivera", "--role", "nurse"], "", "“nurse” is not a role. Choose one of clinician,"),
        (["add", "jrivera", "--role", "finance"], "short\n", "The password has 5 characters."),
        (["add", "chief", "--role", "chief"], f"{passwords.DEMO}\n", "the password of the demo city"),
        (
            ["add", "jrivera", "--role", "finance", "--password-stdin"],
            "",
            "Standard input was empty: no password came.",
        ),
        (["disable", "ghost"], "", "There is no account “ghost”."),
        (["disable", "boss"], "", "“boss” is the only active administrator"),
        (["set-role", "boss", "chief"], "", "“boss” is the only active administrator"),
        (["rules", "patience", "9"], "", "“patience” is not a rule."),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_1(home: Path, arguments: list[str], typed: str, sentence: str) -> None:
    add_user(bind_of(home), "boss", role="admin")
    code, out, err = tandem(home, *arguments, typed=typed)
    assert (code, out) == (1, "")
    assert err.startswith("tandem: ")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_there_is_no_flag_for_a_password(home: Path) -> None:
    code, _, err = tandem(home, "add", "jrivera", "--role", "finance", "--password", GOOD)
    assert code == 2
    assert "No such option" in err


def test_disable_enable_unlock_and_role(home: Path) -> None:
    add_user(bind_of(home), locked_at=wall_clock())
    assert tandem(home, "unlock", "chief") == (0, "Unlocked chief.\n", "")
    assert tandem(home, "disable", "chief") == (0, "Disabled chief.\n", "")
    assert tandem(home, "enable", "chief") == (0, "Enabled chief.\n", "")
    assert tandem(home, "set-role", "chief", "analyst") == (0, "chief is now Analyst.\n", "")


def test_rules_are_shown_and_changed(home: Path) -> None:
    code, out, _ = tandem(home, "rules", "second_factor", "off")
    assert code == 0
    assert dict(line.split(maxsplit=1) for line in out.splitlines())["second_factor"] == "off"


@pytest.mark.parametrize(
    "command", ["add", "list", "disable", "enable", "unlock", "reset-password", "set-role", "rules"]
)
def test_help_teaches(home: Path, command: str) -> None:
    code, out, _ = tandem(home, command, "--help")
    assert code == 0
    assert f"user {command}" in out


def test_officers_come_from_a_file_after_a_dry_run(home: Path) -> None:
    file, codes = home / "officers.csv", home / "codes.csv"
    file.write_text("username,name,role\nrchan,R. Chan,\nx,Short,\n", encoding="utf-8")
    code, out, _ = tandem(home, "import", str(file), "--dry-run")
    assert (code, out.splitlines()[-1]) == (1, "1 to add, 0 there already, 1 refused. Nothing was stored.")
    code, _, said = tandem(home, "import", str(file), "--codes", str(codes))
    assert (code, "Line 3: “x” cannot be a username" in said, codes.exists()) == (1, True, False)
    file.write_text("username,name,role\nrchan,R. Chan,\n", encoding="utf-8")
    code, out, said = tandem(home, "import", str(file), "--codes", str(codes))
    assert (code, said) == (0, "")
    assert out.startswith(f"Added 1 account; 0 were there already. Its one-time code is in {codes}: it works for")
    assert codes.stat().st_mode & 0o777 == 0o600
    made = codes.read_text(encoding="utf-8").splitlines()[1].split(",")
    assert tried(bind_of(home), made[3], username="rchan", at=wall_clock())
