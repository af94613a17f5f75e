"""Notices by e-mail against a real mail server: counts and a link only, never in the way, failures written down."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Engine, select

from db import mail
from db.commands import notices
from db.engine import aggregate_session, record_session
from db.errors import Forbidden, Invalid, Setup
from db.models import Notice, User
from db.settings import wall_clock
from db.vocab import Role
from db.vocab.desk import NoticeKind, NoticeState
from tests.conftest import NOW, TODAY
from tests.db.commands.test_referrals import send
from tests.db.desk_world import ACCOUNTS, at, settle, who
from tests.smtp import MailServer, serving

OFFICER, CLINICIAN = who(Role.officer), who(Role.clinician)


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    with aggregate_session(small_pilot) as session:
        for role in (Role.clinician, Role.social_worker, Role.chief, Role.officer):
            session.get_one(User, ACCOUNTS[role]).email = f"{role.value}@example.gov"
        session.commit()
    return small_pilot


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        monkeypatch.setenv("TANDEM_SMTP", f"smtp://127.0.0.1:{server.port}")
        monkeypatch.setenv("TANDEM_MAIL_FROM", "tandem@example.gov")
        monkeypatch.setenv("TANDEM_URL", "https://tandem.example.gov/")
        yield server


def urgent(bind: Engine) -> int:
    number = send(bind, urgency="urgent").id
    if thread := notices.tell_urgent(bind, OFFICER, number):
        thread.join(20)
    return number


def states(bind: Engine) -> list[tuple[NoticeKind, NoticeState, int, str | None]]:
    with aggregate_session(bind) as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [(row.kind, row.state, row.tries, row.error) for row in rows]


def test_without_a_mail_server_nothing_is_written_or_sent(desk: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_SMTP", raising=False)
    urgent(desk)
    assert states(desk) == []
    with pytest.raises(Setup, match="Notices are off"):
        notices.send_due(desk, NOW, TODAY)


def test_an_urgent_referral_reaches_the_desk_at_once_without_a_word_about_the_person(
    desk: Engine, post: MailServer
) -> None:
    urgent(desk)
    assert [m["To"] for m in post.got] == ["clinician@example.gov", "social_worker@example.gov"]
    text = post.got[0].get_content()
    assert post.got[0]["Subject"] == "Tandem: 1 urgent referral"
    assert "https://tandem.example.gov/desk" in text
    for word in ("Ana", "Ruiz", "Pier", "HB-100", "dog", "housing", "mental"):
        assert word not in str(post.got[0]), word
    assert [state[1] for state in states(desk)] == [NoticeState.sent] * 2
    routine = send(desk, name="Ben Okafor", incident_number="HB-200", urgency="soon").id
    thread = notices.tell_urgent(desk, OFFICER, routine)
    assert thread is not None
    thread.join(20)
    assert len(post.got) == 2


def test_whoever_enters_an_urgent_referral_is_not_told_of_it(desk: Engine, post: MailServer) -> None:
    number = send(desk, CLINICIAN, urgency="urgent").id
    thread = notices.tell_urgent(desk, CLINICIAN, number)
    assert thread is not None
    thread.join(20)
    assert [m["To"] for m in post.got] == ["social_worker@example.gov"]


def test_a_person_switches_their_own_notices_off(desk: Engine, post: MailServer) -> None:
    with record_session(desk, CLINICIAN) as session:
        assert notices.choice(session, CLINICIAN) == notices.Choice("clinician@example.gov", True, True)
        assert not notices.choose(session, CLINICIAN, digest=True, urgent=False).urgent
    with record_session(desk, OFFICER) as session, pytest.raises(Forbidden):
        notices.choose(session, OFFICER, digest=True, urgent=True)
    urgent(desk)
    assert [m["To"] for m in post.got] == ["social_worker@example.gov"]


def test_the_digest_counts_each_desk_once_a_day(desk: Engine, post: MailServer) -> None:
    send(desk, CLINICIAN, received_at=at("2026-11-10 15:00"), happened_at=None)
    assert notices.send_due(desk, NOW, TODAY, dry_run=True) == notices.Outcome(sent=2)
    assert post.got == []
    assert notices.send_due(desk, NOW, TODAY) == notices.Outcome(sent=2)
    text = post.got[0].get_content()
    assert "    1  new referrals (1 older than 48 hours)" in text
    assert "   44  weeks not certified" in text
    assert post.got[0]["Subject"] == "Tandem: 45 on your desk"
    assert "Ana" not in str(post.got[0])
    assert notices.send_due(desk, NOW, TODAY) == notices.Outcome()
    assert notices.send_due(desk, NOW + timedelta(days=1), TODAY + timedelta(days=1)).sent == 2


def test_a_refusal_is_written_down_and_tried_again(desk: Engine, post: MailServer) -> None:
    post.refuse = True
    urgent(desk)
    why = "127.0.0.1 refuses the recipient's address. Check the e-mail address under Users."
    assert states(desk) == [(NoticeKind.urgent, NoticeState.failed, 1, why)] * 2
    with aggregate_session(desk) as session:
        assert notices.troubles(session, wall_clock()) == [(why, 2)]
    post.refuse = False
    assert notices.send_due(desk, NOW, TODAY).sent == 4  # two digests, and the two of before
    with aggregate_session(desk) as session:
        assert notices.troubles(session, wall_clock()) == []
        assert notices.last_sent(session) is not None


def test_a_dead_or_silent_server_neither_fails_nor_delays_a_referral(
    desk: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_MAIL_FROM", "tandem@example.gov")
    monkeypatch.setattr(mail, "SECONDS", 1)
    with serving(MailServer(silent=True)) as server:
        monkeypatch.setenv("TANDEM_SMTP", f"smtp://127.0.0.1:{server.port}")
        number = send(desk, urgency="urgent").id
        began = time.monotonic()
        thread = notices.tell_urgent(desk, OFFICER, number)
        assert time.monotonic() - began < 0.5
        assert thread is not None
        thread.join(20)
    assert [row[3] for row in states(desk)] == [
        f"127.0.0.1:{server.port} did not take the message (it gave no answer, or broke off)."
    ] * 2
    monkeypatch.setenv("TANDEM_SMTP", "nonsense")
    assert notices.tell_urgent(desk, OFFICER, number) is None


def test_interrupted_ones_are_troubles_only_after_a_while(desk: Engine) -> None:
    now = wall_clock()
    with aggregate_session(desk) as session:
        for minutes in (1, 30):
            session.add(
                Notice(
                    kind=NoticeKind.urgent,
                    user_id=ACCOUNTS[Role.clinician],
                    on_date=TODAY,
                    at=now - timedelta(minutes=minutes),
                )
            )
        session.commit()
        assert notices.troubles(session, now) == [("it was interrupted before it was sent", 1)]


def test_a_test_message(post: MailServer) -> None:
    notices.send_trial("jo@example.gov")
    assert post.got[0]["To"] == "jo@example.gov"
    with pytest.raises(Invalid, match="“nobody” is not an e-mail address"):
        notices.send_trial("nobody")


@pytest.mark.parametrize(
    ("address", "sender", "sentence"),
    [
        ("mail.example.gov", "t@example.gov", "TANDEM_SMTP is not the address of a mail server"),
        ("smtp://mail:abc", "t@example.gov", "TANDEM_SMTP is not the address of a mail server"),
        ("smtps://mail.example.gov", "", "TANDEM_MAIL_FROM is missing"),
    ],
)
def test_half_a_set_up_is_refused(monkeypatch: pytest.MonkeyPatch, address: str, sender: str, sentence: str) -> None:
    monkeypatch.setenv("TANDEM_SMTP", address)
    monkeypatch.setenv("TANDEM_MAIL_FROM", sender)
    with pytest.raises(Setup, match=sentence):
        mail.server()


def test_the_password_is_never_shown_and_ports_follow_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_MAIL_FROM", "t@example.gov")
    for address, shown in (
        ("smtps://jo:s%40cret@mail.example.gov", "mail.example.gov:465 (TLS), from t@example.gov"),
        ("smtp://jo:s%40cret@mail.example.gov", "mail.example.gov:587 (STARTTLS), from t@example.gov"),
    ):
        monkeypatch.setenv("TANDEM_SMTP", address)
        to = mail.server()
        assert to is not None
        assert (str(to), to.password) == (shown, "s@cret")


def test_a_server_elsewhere_must_encrypt_and_a_wrong_password_is_said_plainly() -> None:
    with serving(MailServer(host="127.0.0.2")) as server:
        to = mail.Server("127.0.0.2", server.port, "", "", "t@example.gov", tls=False)
        with pytest.raises(mail.Unsent, match="offers no encryption"):
            mail.send(to, "jo@example.gov", "x", "y")
        assert server.got == []
    with serving(MailServer(password="right")) as server:
        to = mail.Server("127.0.0.1", server.port, "jo", "wrong", "t@example.gov", tls=False)
        with pytest.raises(mail.Unsent, match="does not accept the user name or password"):
            mail.send(to, "jo@example.gov", "x", "y")


def test_under_tls_the_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with serving(MailServer(password="right"), tls=context) as server:
        to = mail.Server("localhost", server.port, "jo", "right", "t@example.gov", tls=True)
        with pytest.raises(mail.Unsent, match="did not take the message"):
            mail.send(to, "jo@example.gov", "x", "y")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        mail.send(to, "jo@example.gov", "Grüße", "y")
        assert server.got[0]["Subject"] == "Grüße"


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path
