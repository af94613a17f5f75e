"""``tandem notices …`` and what ``tandem doctor`` says of it: off is fine, half set up or failing is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from sqlalchemy import Engine

from dashboard.shell import notices as shell
from dashboard.shell.doctor import State, examine
from db.commands import notices
from db.engine import aggregate_session
from db.errors import Setup
from db.models import User
from db.vocab import Role
from tests.conftest import TODAY, add_small_pilot
from tests.db.commands.test_referrals import OFFICER, send
from tests.db.desk_world import ACCOUNTS, settle
from tests.smtp import MailServer, serving


@pytest.fixture
def home(sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    add_small_pilot(sqlite)
    settle(sqlite)
    with aggregate_session(sqlite) as session:
        session.get_one(User, ACCOUNTS[Role.clinician]).email = "clinician@example.gov"
        session.commit()
    monkeypatch.setenv("TANDEM_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY))
    for name in ("TANDEM_SMTP", "TANDEM_MAIL_FROM", "TANDEM_URL", "TANDEM_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    return sqlite


@pytest.fixture
def post(home: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        monkeypatch.setenv("TANDEM_SMTP", f"smtp://jo:s3cret@127.0.0.1:{server.port}")
        monkeypatch.setenv("TANDEM_MAIL_FROM", "tandem@example.gov")
        server.password = "s3cret"
        yield server


def told(fix: bool = False) -> list[tuple[State, str]]:
    return [(finding.state, finding.sentence) for finding in examine(fix) if finding.subject == "notices"]


def test_off_is_said_and_is_fine(home: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert told() == [(State.fine, "off: no TANDEM_SMTP is set")]
    shell.status()
    assert "none: notices are off" in capsys.readouterr().out
    with pytest.raises(Setup, match="Notices are off: set TANDEM_SMTP"):
        shell.send(dry_run=False)


def test_half_a_set_up_is_wrong(home: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SMTP", "smtps://mail.example.gov")
    ((state, sentence),) = told()
    assert (state, sentence.split(":")[0]) == (State.wrong, "TANDEM_MAIL_FROM is missing")


def test_a_digest_is_sent_once_and_a_failure_stands_in_doctor(
    home: Engine, post: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.send(dry_run=True)
    assert capsys.readouterr().out == "Would send 1, failed 0; nothing waits on 0 more desks.\n"
    shell.send(dry_run=False)
    shell.send(dry_run=False)
    assert capsys.readouterr().out.splitlines() == [
        "Sent 1, failed 0; nothing waits on 0 more desks.",
        "Sent 0, failed 0; nothing waits on 0 more desks.",
    ]
    assert len(post.got) == 1
    assert [state for state, _ in told()] == [State.fine, State.note]  # no TANDEM_URL: no link
    post.refuse = True
    thread = notices.tell_urgent(home, OFFICER, send(home, urgency="urgent").id)
    assert thread is not None
    thread.join(20)
    assert told()[-1] == (
        State.wrong,
        "1 of the last seven days was not sent: 127.0.0.1 refuses the recipient's address. "
        "Check the e-mail address under Users.",
    )
    with pytest.raises(typer.Exit):
        shell.send(dry_run=False)
    shell.status()
    out = capsys.readouterr().out
    assert "not sent    1 × 127.0.0.1 refuses" in out
    assert "s3cret" not in out
    assert "digest      clinician" in out
