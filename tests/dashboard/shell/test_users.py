"""``tandem user …`` as it is typed: output, one clear line on failure, exit codes, no password in sight."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from db import passwords
from db.engine import aggregate_session, engine_for
from db.models import AuditEntry, User
from db.settings import wall_clock
from tests.conftest import add_small_pilot, fresh_sqlite
from tests.dashboard.shell.conftest import Tandem
from tests.db.commands.test_signin import add_user, tried

GOOD = "blue harbour lantern 7"


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path):
    for bind in fresh_sqlite(sqlite_template, tmp_path):
        add_small_pilot(bind)
        yield tmp_path


def bind_of(home: Path) -> Engine:
    return engine_for(f"sqlite:///{home / 'tandem.db'}")


@pytest.fixture
def user(tandem: Tandem, home: Path) -> Tandem:
    return partial(tandem, "user", today="")


def test_an_account_is_made_from_standard_input_and_listed(user: Tandem, home: Path) -> None:
    arguments = ["add", "jrivera", "--role", "finance", "--name", "J. Rivera", "--password-stdin"]
    assert user(*arguments, typed=f"{GOOD}\n") == (0, "Added jrivera (Finance).\n", "")
    assert tried(bind_of(home), GOOD, username="jrivera", at=wall_clock())
    code, out, _ = user("list")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [["jrivera", "finance", "active"]]
    with aggregate_session(bind_of(home)) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "add user")).one()
    assert entry.actor.startswith("shell:")


def test_no_password_means_a_one_time_code(user: Tandem, home: Path) -> None:
    code, out, _ = user("add", "jrivera", "--role", "finance", typed="")
    assert code == 0
    made = out.split("One-time code: ")[1].split()[0]
    with aggregate_session(bind_of(home)) as session:
        account = session.scalars(select(User)).one()
    assert account.must_change
    assert passwords.matches(made, account.password_hash)
    code, out, _ = user("reset-password", "jrivera")
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
def test_a_refusal_is_one_line_and_exit_code_1(
    user: Tandem, home: Path, arguments: list[str], typed: str, sentence: str
) -> None:
    add_user(bind_of(home), "boss", role="admin")
    code, out, err = user(*arguments, typed=typed)
    assert (code, out) == (1, "")
    assert err.startswith("tandem: ")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_there_is_no_flag_for_a_password(user: Tandem, home: Path) -> None:
    code, _, err = user("add", "jrivera", "--role", "finance", "--password", GOOD)
    assert code == 2
    assert "No such option" in err


def test_disable_enable_unlock_and_role(user: Tandem, home: Path) -> None:
    add_user(bind_of(home), locked_at=wall_clock())
    assert user("unlock", "chief") == (0, "Unlocked chief.\n", "")
    assert user("disable", "chief") == (0, "Disabled chief.\n", "")
    assert user("enable", "chief") == (0, "Enabled chief.\n", "")
    assert user("set-role", "chief", "analyst") == (0, "chief is now Analyst.\n", "")


def test_rules_are_shown_and_changed(user: Tandem, home: Path) -> None:
    code, out, _ = user("rules", "second_factor", "off")
    assert code == 0
    assert dict(line.split(maxsplit=1) for line in out.splitlines())["second_factor"] == "off"


@pytest.mark.parametrize(
    "command", ["add", "list", "disable", "enable", "unlock", "reset-password", "set-role", "rules"]
)
def test_help_teaches(user: Tandem, home: Path, command: str) -> None:
    code, out, _ = user(command, "--help")
    assert code == 0
    assert f"user {command}" in out


def test_officers_come_from_a_file_after_a_dry_run(user: Tandem, home: Path) -> None:
    file, codes = home / "officers.csv", home / "codes.csv"
    file.write_text("username,name,role\nrchan,R. Chan,\nx,Short,\n", encoding="utf-8")
    code, out, _ = user("import", str(file), "--dry-run")
    assert (code, out.splitlines()[-1]) == (1, "1 to add, 0 there already, 1 refused. Nothing was stored.")
    code, _, said = user("import", str(file), "--codes", str(codes))
    assert (code, "Line 3: “x” cannot be a username" in said, codes.exists()) == (1, True, False)
    file.write_text("username,name,role\nrchan,R. Chan,\n", encoding="utf-8")
    code, out, said = user("import", str(file), "--codes", str(codes))
    assert (code, said) == (0, "")
    assert out.startswith(f"Added 1 account; 0 were there already. Its one-time code is in {codes}: it works for")
    assert codes.stat().st_mode & 0o777 == 0o600
    made = codes.read_text(encoding="utf-8").splitlines()[1].split(",")
    assert tried(bind_of(home), made[3], username="rchan", at=wall_clock())
