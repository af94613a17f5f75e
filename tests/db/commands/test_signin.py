"""Passwords, locks, tickets and sessions on both databases. Time is given, never waited for."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from db import passwords
from db.commands import signin
from db.engine import aggregate_session
from db.errors import Invalid, NotFound
from db.forms.users import PasswordChange
from db.models import AuditEntry, Pilot, SignInAttempt, User, WebSession
from db.vocab import Role
from tests.conftest import COST, NOW

GOOD = "blue harbour lantern 7"
MINUTE = timedelta(minutes=1)


def add_user(bind: Engine, username: str = "chief", password: str = GOOD, **more: object) -> int:
    with aggregate_session(bind) as session:
        values = {"role": Role.chief, "name": "C. Hief", "created_at": NOW, "password_set_at": NOW} | more
        user = User(username=username, password_hash=passwords.hashed(password), **values)
        session.add(user)
        session.commit()
        return user.id


def be_demo(bind: Engine, **settings: object) -> None:
    with aggregate_session(bind) as session:
        pilot = session.get_one(Pilot, 1)
        pilot.is_demo, pilot.settings = True, settings
        session.commit()


def tried(
    bind: Engine, password: str, *, at: datetime = NOW, username: str = "chief", address: str = "10.0.0.1"
) -> bool:
    with aggregate_session(bind) as session:
        return signin.check_password(session, username, password, address=address, now=at) is not None


def opened(bind: Engine, user_id: int, *, at: datetime = NOW, browser: str = "a") -> str:
    with aggregate_session(bind) as session:
        ticket = signin.issue_ticket(session, user_id, browser, at)
        pair = signin.open_session(session, ticket, browser, address="10.0.0.1", agent="t", now=at)
    assert pair is not None
    return pair[0]


def alive(bind: Engine, token: str, at: datetime, *, active: bool = False) -> bool:
    with aggregate_session(bind) as session:
        return signin.resolve(session, token, at, active=active) is not None


def audited(bind: Engine, action: str) -> list[tuple[str, str, str]]:
    with aggregate_session(bind) as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(row.actor, row.outcome, row.detail.get("reason", "")) for row in rows]


@contextmanager
def statements(bind: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    yield seen
    event.remove(bind, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "x" * 5 + " sixty-four characters are as welcome as twelve of them, 1234567"[:59],
        " spaces kept  ",
        "pässwörter aus ümläuten bis zum ende der länge, ñandú y çedilla!",
    ],
)
def test_passwords_of_12_to_64_characters_sign_in_unstripped(small_pilot: Engine, password: str) -> None:
    assert 12 <= len(password) <= 64
    add_user(small_pilot, password=password, role=Role.council)
    assert tried(small_pilot, password)
    assert not tried(small_pilot, password + " ")
    assert not tried(small_pilot, password[:-1])


def test_five_failures_within_fifteen_minutes_lock_until_an_administrator_releases(small_pilot: Engine) -> None:
    add_user(small_pilot)
    for k in range(5):
        assert not tried(small_pilot, "wrong", at=NOW + k * 3 * MINUTE)
    assert not tried(small_pilot, GOOD, at=NOW + 13 * MINUTE)
    assert not tried(small_pilot, GOOD, at=NOW + timedelta(days=30))
    assert audited(small_pilot, "account locked") == [("chief", "done", "")]
    assert (
        audited(small_pilot, "sign in")
        == [("chief", "refused", "wrong password")] * 5 + [("chief", "refused", "locked")] * 2
    )


def test_four_failures_or_five_spread_out_do_not_lock(small_pilot: Engine) -> None:
    add_user(small_pilot)
    for k in range(4):
        tried(small_pilot, "wrong", at=NOW + k * MINUTE)
    assert tried(small_pilot, GOOD, at=NOW + 5 * MINUTE)
    for k in range(6):
        tried(small_pilot, "wrong", at=NOW + timedelta(hours=1) + k * 4 * MINUTE)
    assert tried(small_pilot, GOOD, at=NOW + timedelta(hours=1, minutes=24))


def test_the_demo_releases_a_lock_after_fifteen_minutes_and_forgives_tries_made_meanwhile(small_pilot: Engine) -> None:
    be_demo(small_pilot)
    add_user(small_pilot)
    for _ in range(8):
        tried(small_pilot, "wrong")
    assert not tried(small_pilot, GOOD, at=NOW + 14 * MINUTE)
    assert not tried(small_pilot, "wrong", at=NOW + 15 * MINUTE)
    assert tried(small_pilot, GOOD, at=NOW + 16 * MINUTE)


def test_an_address_is_slowed_down_and_never_locked(small_pilot: Engine) -> None:
    add_user(small_pilot)
    waits = []
    for k in range(20):
        with aggregate_session(small_pilot) as session:
            waits.append(signin.wait_before(session, "10.0.0.1", NOW))
            assert signin.wait_before(session, "10.0.0.2", NOW) == 0
        tried(small_pilot, "wrong", username=f"stranger{k}")
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == sorted(waits[10:])
    assert max(waits) == 4.0
    assert tried(small_pilot, GOOD)


def test_unknown_wrong_locked_and_disabled_take_the_same_path(small_pilot: Engine) -> None:
    add_user(small_pilot)
    add_user(small_pilot, "gone", active=False)
    add_user(small_pilot, "stuck", locked_at=NOW - MINUTE)
    paths: dict[str, list[str]] = {}
    for username, password in (("nobody", "wrong"), ("chief", "wrong"), ("gone", GOOD), ("stuck", GOOD)):
        compared: list[str] = []

        def matches(typed: str, kept: str, compared: list[str] = compared) -> bool:
            compared.append(kept)
            return passwords.matches(typed, kept)

        with aggregate_session(small_pilot) as session, statements(small_pilot) as seen:
            answer = signin.check_password(session, username, password, address="a", now=NOW, matches=matches)
        assert answer is None
        assert len(compared) == 1
        paths[username] = seen
    assert paths["nobody"] == paths["chief"] == paths["gone"] == paths["stuck"]


def test_an_unknown_name_costs_a_real_hash(small_pilot: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coarse on purpose: without the dummy hash the ratio would be about a hundredth."""
    monkeypatch.setattr(passwords, "ROUNDS", COST)
    assert passwords.NOBODY.startswith("$2b$12$")
    assert COST == 12
    with aggregate_session(small_pilot) as session:
        real = User(username="real", name="R. Eal", role=Role.chief, password_hash=passwords.hashed(GOOD))
        real.created_at = real.password_set_at = NOW
        session.add(real)
        session.commit()
    spent: dict[str, list[float]] = {"real": [], "nobody": []}
    for k in range(4):
        for username, times in spent.items():
            began = time.perf_counter()
            tried(small_pilot, "wrong", username=username, at=NOW + timedelta(hours=k))
            times.append(time.perf_counter() - began)
    assert 0.3 < statistics.median(spent["nobody"]) / statistics.median(spent["real"]) < 3


def test_an_unknown_name_is_not_written_down(small_pilot: Engine) -> None:
    tried(small_pilot, "wrong", username="my secret typed into the wrong field")
    with aggregate_session(small_pilot) as session:
        kept = [a.username for a in session.scalars(select(SignInAttempt))]
        kept += [f"{e.actor} {e.subject} {e.detail}" for e in session.scalars(select(AuditEntry))]
    assert kept
    assert not [text for text in kept if "secret" in text]


def test_the_demo_password_opens_nothing_in_a_real_pilot(small_pilot: Engine) -> None:
    add_user(small_pilot, password=passwords.DEMO)
    assert not tried(small_pilot, passwords.DEMO)
    be_demo(small_pilot)
    assert tried(small_pilot, passwords.DEMO)


def test_a_one_time_code_waits_72_hours(small_pilot: Engine) -> None:
    add_user(small_pilot, must_change=True)
    assert tried(small_pilot, GOOD, at=NOW + timedelta(hours=71))
    assert not tried(small_pilot, GOOD, at=NOW + timedelta(hours=73))


def test_a_ticket_is_good_once_for_thirty_seconds_in_its_own_browser(small_pilot: Engine) -> None:
    user = add_user(small_pilot)

    def burn(ticket: str, browser: str = "a", after: float = 1) -> bool:
        with aggregate_session(small_pilot) as session:
            now = NOW + timedelta(seconds=after)
            return signin.open_session(session, ticket, browser, address="a", agent="t", now=now) is not None

    def ticket() -> str:
        with aggregate_session(small_pilot) as session:
            return signin.issue_ticket(session, user, "a", NOW)

    first = ticket()
    assert burn(first)
    assert not burn(first), "replayed"
    assert not burn(ticket(), browser="b"), "another browser's"
    assert not burn(ticket(), after=30), "too old"
    assert not burn("made up")
    late = ticket()
    with aggregate_session(small_pilot) as session:
        session.get_one(User, user).active = False
        session.commit()
    assert not burn(late), "disabled meanwhile"


def test_a_session_ends_after_thirty_idle_minutes_and_after_twelve_hours(small_pilot: Engine) -> None:
    token = opened(small_pilot, add_user(small_pilot))
    assert alive(small_pilot, token, NOW + 29 * MINUTE)
    assert not alive(small_pilot, token, NOW + 30 * MINUTE), "watching is not activity"
    at = NOW
    while at < NOW + timedelta(hours=12) - 20 * MINUTE:
        at += 20 * MINUTE
        assert alive(small_pilot, token, at, active=True) == (at < NOW + timedelta(hours=12))
    assert not alive(small_pilot, token, NOW + timedelta(hours=12), active=True)


def test_the_numbers_are_settings_of_the_pilot(small_pilot: Engine) -> None:
    be_demo(small_pilot, idle_minutes=5, lock_after_failures=2)
    user = add_user(small_pilot)
    token = opened(small_pilot, user)
    assert not alive(small_pilot, token, NOW + 6 * MINUTE)
    tried(small_pilot, "wrong")
    tried(small_pilot, "wrong")
    assert not tried(small_pilot, GOOD)


def test_signing_out_ends_the_session_and_is_audited_once(small_pilot: Engine) -> None:
    token = opened(small_pilot, add_user(small_pilot))
    for _ in range(2):
        with aggregate_session(small_pilot) as session:
            signin.close_session(session, token, address="a", now=NOW)
    assert not alive(small_pilot, token, NOW)
    assert audited(small_pilot, "sign out") == [("chief", "done", "")]


def test_no_token_ticket_or_password_is_stored(small_pilot: Engine) -> None:
    user = add_user(small_pilot)
    with aggregate_session(small_pilot) as session:
        ticket = signin.issue_ticket(session, user, "browser-name", NOW)
        pair = signin.open_session(session, ticket, "browser-name", address="a", agent="t", now=NOW)
    assert pair is not None
    stored = ""
    with small_pilot.connect() as connection:
        for table in (SignInAttempt, WebSession, User, AuditEntry, signin.SignInTicket):
            stored += str(connection.execute(select(table.__table__)).all())
    assert not [secret for secret in (ticket, "browser-name", pair[0], GOOD) if secret in stored]


def change(bind: Engine, viewer: object, form: PasswordChange, keep: int = 0) -> None:
    with aggregate_session(bind) as session:
        signin.change_password(session, viewer, form, keep=keep, now=NOW)  # pyright: ignore[reportArgumentType]


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(small_pilot: Engine, viewer) -> None:
    user = add_user(small_pilot, must_change=True)
    here, elsewhere = opened(small_pilot, user), opened(small_pilot, user)
    with aggregate_session(small_pilot) as session:
        seat = signin.resolve(session, here, NOW, active=False)
    assert seat is not None
    new = "green meadow piano 9"
    change(
        small_pilot, viewer(Role.chief, user_id=user), PasswordChange(current=GOOD, new=new, again=new), seat.session_id
    )
    assert (alive(small_pilot, here, NOW), alive(small_pilot, elsewhere, NOW)) == (True, False)
    assert tried(small_pilot, new)
    assert not tried(small_pilot, GOOD)
    with aggregate_session(small_pilot) as session:
        assert not session.get_one(User, user).must_change


@pytest.mark.parametrize(
    ("current", "new", "sentence"),
    [
        ("not this one", "green meadow piano 9", "The present password is not right. Type it again."),
        (GOOD, "short", "The password has 5 characters. Use at least 12; a few words in a row are fine."),
        (GOOD, "x" * 65, "The password has 65 characters. Use at most 64."),
        (
            GOOD,
            "password1234",
            "This password is too easy to guess: it is common, or built on one. Use a few unrelated words.",
        ),
        (
            GOOD,
            "chiefchief123",
            "This password is too easy to guess: it is common, or built on one. Use a few unrelated words.",
        ),
        (GOOD, passwords.DEMO, "This is the password of the demo city, which everybody knows. Choose another."),
    ],
)
def test_a_password_that_will_not_do(small_pilot: Engine, viewer, current: str, new: str, sentence: str) -> None:
    user = add_user(small_pilot)
    with pytest.raises(Invalid) as refused:
        change(small_pilot, viewer(Role.chief, user_id=user), PasswordChange(current=current, new=new, again=new))
    assert str(refused.value) == sentence
    assert tried(small_pilot, GOOD)


def test_nobody_ends_another_persons_session(small_pilot: Engine, viewer) -> None:
    mine, theirs = add_user(small_pilot), add_user(small_pilot, "other")
    token = opened(small_pilot, theirs)
    with aggregate_session(small_pilot) as session:
        row = session.scalars(select(WebSession.id)).one()
        with pytest.raises(NotFound):
            signin.end_own_session(session, viewer(Role.chief, user_id=mine), row, NOW)
    assert alive(small_pilot, token, NOW)


def test_tries_at_once_cannot_outrun_the_lock(small_pilot: Engine) -> None:
    """The comparison is done before the lock is read again, so a right guess in a flood comes too late."""
    add_user(small_pilot)
    first = aggregate_session(small_pilot)

    def slow(typed: str, kept: str) -> bool:
        for _ in range(5):  # meanwhile, others fail
            tried(small_pilot, "wrong")
        return passwords.matches(typed, kept)

    with first as session:
        assert signin.check_password(session, "chief", GOOD, address="a", now=NOW, matches=slow) is None


def test_moments_come_back_aware(small_pilot: Engine) -> None:
    opened(small_pilot, add_user(small_pilot))
    with Session(small_pilot) as session:
        row = session.scalars(select(WebSession)).one()
    assert row.expires_at == NOW + timedelta(hours=12)
    assert row.expires_at.tzinfo == UTC


def test_an_open_session_is_no_place_to_go_on_guessing(small_pilot: Engine, viewer) -> None:
    chief = viewer(Role.chief, user_id=add_user(small_pilot))

    def refusal(guess: int) -> str:
        wrong = PasswordChange(
            current=f"guess number {guess}", new="green meadow piano 9", again="green meadow piano 9"
        )
        with pytest.raises(Invalid) as refused:
            change(small_pilot, chief, wrong)
        return str(refused.value)

    said = [refusal(guess) for guess in range(6)]
    assert said[-1] == "Too many wrong passwords: the account is locked. Ask an administrator."
