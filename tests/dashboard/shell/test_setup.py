"""``tandem init | demo | run | doctor`` as a shell sees them: words, exit codes, what is stored and what is not."""

import socket
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from db import passwords
from db.engine import aggregate_session, engine_for
from db.models import AuditEntry, BudgetLine, CallRule, EffectPlan, Grant, LedgerEntry, Person, Pilot, Target, User
from db.vocab import Role
from tests.dashboard.shell.conftest import Tandem

PASSWORD = "harbor violet ladder nine"
FLAGS = {
    "--name": "Norwalk pilot",
    "--city": "Norwalk",
    "--population": "91,000",
    "--first-day": "2026-12-07",
    "--last-day": "2027-12-06",
    "--time-zone": "America/New_York",
    "--grant": "$216,000",
    "--awarded": "2025-06-01",
    "--obligate-by": "2026-12-31",
    "--expend-by": "2027-12-31",
    "--admin": "JDoe",
    "--admin-name": "J. Doe",
}
LINES = ("--line", "Social worker=150,000.10", "--line", "Benefits=65,999.90")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set up: the secret is made in the new home."""
    monkeypatch.delenv("TANDEM_SECRET")


@pytest.fixture
def bind(tmp_path: Path) -> Engine:
    return engine_for(f"sqlite:///{tmp_path / 'tandem.db'}")


def words(flags: dict[str, str], *more: str) -> list[str]:
    return ["init", *(w for pair in flags.items() for w in pair), *more, "--password-stdin"]


def test_init_makes_a_real_pilot_and_no_demo_data(tandem: Tandem, bind: Engine) -> None:
    done = tandem(
        *words(FLAGS, *LINES, "--target", "people_served=300", "--fall", "25", "--officer-shifts", "420"),
        typed=PASSWORD + "\n",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Norwalk pilot is set up. Start it with “tandem run”, sign in as jdoe, and add the others there.\n"
    )
    with aggregate_session(bind) as session:
        pilot = session.get_one(Pilot, 1)
        assert (pilot.is_demo, pilot.population, pilot.baseline_starts_on) == (False, 91_000, date(2023, 6, 1))
        assert pilot.settings == {"officer_shifts_per_week": 420}
        grant = session.scalars(select(Grant)).one()
        assert (grant.amount, grant.retain_until) == (Decimal("216000.00"), date(2032, 12, 31))
        lines = session.execute(select(BudgetLine.name, BudgetLine.amount).order_by(BudgetLine.position)).all()
        assert [tuple(line) for line in lines] == [
            ("Social worker", Decimal("150000.10")),
            ("Benefits", Decimal("65999.90")),
        ]
        target = session.scalars(select(Target)).one()
        assert (target.measure, target.value, target.by_date) == ("people_served", 300.0, pilot.ends_on)
        plan = session.scalars(select(EffectPlan)).one()
        assert (plan.target_ratio, plan.window_days, plan.reason) == (0.75, 90, None)
        assert plan.frozen_at.date() < pilot.starts_on
        account = session.scalars(select(User)).one()
        assert (account.username, account.role, account.must_change) == ("jdoe", Role.admin, False)
        assert passwords.matches(PASSWORD, account.password_hash)
        assert session.scalar(select(func.count(CallRule.id)))
        assert [session.scalar(select(func.count(t.id))) for t in (Person, LedgerEntry)] == [0, 0]
        entry = session.scalars(select(AuditEntry)).one()
        assert entry.action == "set up pilot"
        assert entry.actor.startswith("shell:")


def test_init_refuses_a_second_pilot_and_the_demo_never_replaces_it(tandem: Tandem, tmp_path: Path) -> None:
    assert tandem(*words(FLAGS, *LINES), typed=PASSWORD).returncode == 0
    second = tandem(*words(FLAGS, *LINES), typed=PASSWORD)
    assert (second.returncode, second.stderr) == (
        1,
        "tandem: This database holds the pilot “Norwalk pilot” already. Nothing was changed. "
        "For another one set DATABASE_URL or TANDEM_HOME to an empty place.\n",
    )
    for reset in ((), ("--reset", "--yes")):
        demo = tandem("demo", *reset)
        assert demo.returncode == 1
        assert demo.stderr.startswith("tandem: This database holds the real pilot “Norwalk pilot”; the demo city never")
    check = tandem("doctor")
    assert check.returncode == 1
    assert "WRONG  clock     TANDEM_TODAY pretends 2026-11-14 for a real pilot: unset it.\n" in check.stdout


@pytest.mark.parametrize(
    ("change", "typed", "sentence"),
    [
        ({"--name": None}, PASSWORD, "--name is missing."),
        (
            {"--first-day": "7.12.2026", "--grant": "12.345"},
            PASSWORD,
            "--first-day: “7.12.2026” is not a date. Write it like 2026-01-12. "
            "--grant: 12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00.",
        ),
        (
            {"--last-day": "2026-12-01"},
            PASSWORD,
            "The last day, 1 Dec 2026, is not after the first, 7 Dec 2026.",
        ),
        (
            {"--time-zone": "Norwalk"},
            PASSWORD,
            "--time-zone: “Norwalk” is not a time zone. Write one like America/New_York.",
        ),
        (
            {"--baseline-start": "2027-01-01"},
            PASSWORD,
            "The baseline starts on 1 Jan 2027, which is not before the pilot's first day, 7 Dec 2026. "
            "Give it 39 months or more.",
        ),
        (
            {"--expend-by": "2026-06-30"},
            PASSWORD,
            "The last day to spend, 30 Jun 2026, is before the last day to obligate, 31 Dec 2026.",
        ),
        (
            {"--grant": "200,000"},
            PASSWORD,
            "The budget lines add up to $216,000.00, $16,000.00 more than the grant of $200,000.00. "
            "Lower a line, or check the grant.",
        ),
        ({"--population": "many"}, PASSWORD, "--population: “many” is not a number of people. Write it like 91,000."),
        ({"--officer-shifts": "many"}, PASSWORD, "--officer-shifts: “many” is not a number. Write it like 420."),
        ({"--target": "people=3"}, PASSWORD, "“people” is no measure. “tandem measures” lists them all."),
        ({"--target": "people"}, PASSWORD, "“people” is not NAME=VALUE. Write it like “Benefits=18,000”."),
        (
            {"--admin": "J Doe"},
            PASSWORD,
            "“J Doe” cannot be a username. Use 2 to 40 letters, digits, dots or hyphens, without spaces.",
        ),
        ({}, "short", "The password has 5 characters. Use at least 12; a few words in a row are fine."),
        (
            {},
            passwords.DEMO,
            "This is the password of the demo city, which everybody knows. Choose another.",
        ),
        (
            {"--admin-name": None},
            PASSWORD,
            "--admin-name: missing. Say who the first administrator is; the password comes by standard input.",
        ),
    ],
)  # fmt: skip
def test_init_says_what_is_wrong_and_stores_nothing(
    tandem: Tandem, bind: Engine, change: dict[str, str | None], typed: str, sentence: str
) -> None:
    flags = {k: v for k, v in (FLAGS | change).items() if v is not None}
    refused = tandem(*words(flags, *LINES), typed=typed)
    assert (refused.returncode, refused.stderr) == (1, f"tandem: {sentence}\n")
    with aggregate_session(bind) as session:
        assert session.get(Pilot, 1) is None
        assert session.scalar(select(func.count(User.id))) == 0


def test_init_after_the_first_day_says_that_the_plan_is_frozen_late(tandem: Tandem, bind: Engine) -> None:
    done = tandem(
        *words(FLAGS | {"--first-day": "2026-10-05", "--baseline-start": "2025-01-01"}, *LINES), typed=PASSWORD
    )
    assert done.returncode == 0
    late = "The plan of analysis was frozen on 14 Nov 2026, not before the pilot's first day, 5 Oct 2026."
    assert done.stdout.splitlines()[:2] == [
        "Note: The baseline starts on 1 Jan 2025: less than the 39 months of calls that the analysis of repeat calls "
        "asks for.",
        f"Note: {late}",
    ]
    with aggregate_session(bind) as session:
        assert session.scalars(select(EffectPlan.reason)).one() == late


def test_the_demo_is_made_once_and_made_anew_only_when_asked(tandem: Tandem, bind: Engine) -> None:
    first = tandem("demo")
    assert first.returncode == 0
    assert first.stdout.splitlines()[1].endswith(f"the password of each is {passwords.DEMO}")
    assert tandem("demo").stderr == (
        "tandem: The demo city is there already. To make it anew and lose what was entered: tandem demo --reset\n"
    )
    with aggregate_session(bind) as session:
        session.get_one(Pilot, 1).name = "Changed by hand"
        session.commit()
    assert tandem("demo", "--reset", typed="n\n").returncode == 1
    with aggregate_session(bind) as session:
        assert session.get_one(Pilot, 1).name == "Changed by hand"
    assert tandem("demo", "--reset", typed="y\n").returncode == 0
    with aggregate_session(bind) as session:
        assert session.get_one(Pilot, 1).name == "Harbor co-response pilot"
    assert tandem("doctor").returncode == 0


def test_doctor_finds_what_is_wrong_and_mends_what_it_can(tandem: Tandem, tmp_path: Path) -> None:
    empty = tandem("doctor")
    assert empty.returncode == 1
    assert (
        "WRONG  schema    There is none yet: run “tandem init” (real) or “tandem demo” (fictional).\n" in empty.stdout
    )
    assert tandem(*words(FLAGS, *LINES), typed=PASSWORD, today="").returncode == 0
    assert tandem("doctor", today="").returncode == 0
    secret = tmp_path / "secret.key"
    secret.chmod(0o644)
    open_to_all = tandem("doctor", today="")
    assert open_to_all.returncode == 1
    assert f"{secret} can be read by others (644): tandem doctor --fix, or chmod 600" in open_to_all.stdout
    assert tandem("doctor", "--fix", today="").returncode == 0
    assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["doctor", "run", "demo"])
def test_a_database_that_does_not_answer_is_one_line_without_its_password(tandem: Tandem, command: str) -> None:
    said = tandem(command, database="postgresql://tandem:hidden@127.0.0.1:1/tandem")
    assert said.returncode == 1
    assert "The database postgresql://tandem:***@127.0.0.1:1/tandem cannot be reached" in said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    assert "hidden" not in said.stdout + said.stderr


def test_run_needs_a_pilot_and_a_free_port(tandem: Tandem) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = tandem("run", "--port", str(port))
        assert (busy.returncode, busy.stderr) == (
            1,
            f"tandem: Port {port} is in use. Stop what runs there, or choose another: "
            f"make run PORT={port + 1} (or tandem run --port {port + 1}).\n",
        )
    assert tandem("run", "--port", str(port)).stderr == (
        "tandem: There is no pilot yet. Run “tandem init” for a real one, or “tandem run --demo” for the demo city.\n"
    )
    assert tandem("run", "--host", "nowhere.invalid").stderr == (
        "tandem: “nowhere.invalid” is no address of this machine. Use 127.0.0.1 (this machine only) or 0.0.0.0.\n"
    )


@pytest.mark.parametrize("command", ["init", "demo", "run", "doctor"])
def test_help_teaches_by_example(tandem: Tandem, command: str) -> None:
    taught = tandem(command, "--help")
    assert taught.returncode == 0
    assert f"tandem {command}" in taught.stdout.split("Usage:")[1].split("\n", 1)[1]
