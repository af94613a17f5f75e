"""The second factor on both databases: enrolled once, each code once, wrong ones toward the lock."""

from datetime import datetime, timedelta

import pytest
from pyotp.totp import TOTP
from sqlalchemy import Engine

from db.commands import second_factor, users
from db.commands.signin import Rules
from db.engine import aggregate_session, record_session
from db.errors import Forbidden, Invalid
from db.models import User
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW
from tests.db.commands.test_signin import GOOD, add_user, audited, be_demo, tried

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=30)


def code(at: datetime = NOW, secret: str = SECRET) -> str:
    return TOTP(secret).at(at)


def enrolled(bind: Engine, typed: str, *, at: datetime = NOW, user: int = 1) -> bool:
    with aggregate_session(bind) as session:
        return second_factor.enroll(session, user, SECRET, typed, address="a", now=at)


def verified(bind: Engine, typed: str, *, at: datetime = NOW) -> bool:
    with aggregate_session(bind) as session:
        return second_factor.verify(session, 1, typed, address="a", now=at)


def test_codes_are_those_of_rfc_6238(small_pilot: Engine) -> None:
    """Appendix B, SHA-1, at 1111111111 s: 14050471, of which an app shows the last six digits."""
    rfc = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert TOTP(rfc).at(1_111_111_111) == "050471"


def test_a_telephone_is_enrolled_by_a_code_it_made(small_pilot: Engine) -> None:
    add_user(small_pilot)
    assert not enrolled(small_pilot, "000000")
    assert enrolled(small_pilot, f"{code()[:3]} {code()[3:]}")
    assert audited(small_pilot, "enroll second factor") == [("chief", "done", "")]
    assert not enrolled(small_pilot, code(NOW + STEP), at=NOW + STEP), "an enrolled one is not replaced"


def test_a_code_counts_once_and_may_drift_one_step(small_pilot: Engine) -> None:
    add_user(small_pilot, totp_secret=SECRET)
    assert verified(small_pilot, code())
    assert not verified(small_pilot, code()), "replayed"
    assert not verified(small_pilot, code(NOW - STEP)), "older than the last"
    assert verified(small_pilot, code(NOW + STEP)), "a fast clock"
    assert not verified(small_pilot, code(NOW + 5 * STEP)), "too far ahead"


def test_a_wrong_code_counts_toward_the_lock_whatever_the_password(small_pilot: Engine) -> None:
    add_user(small_pilot, totp_secret=SECRET)
    for _ in range(5):
        assert tried(small_pilot, GOOD)
        assert not verified(small_pilot, "000000")
    assert not tried(small_pilot, GOOD)
    assert not verified(small_pilot, code()), "not even the right one, once locked"
    assert audited(small_pilot, "account locked") == [("chief", "done", "")]


def test_the_secret_is_encrypted_at_rest(small_pilot: Engine) -> None:
    add_user(small_pilot, totp_secret=SECRET)
    with small_pilot.connect() as connection:
        raw = connection.exec_driver_sql("SELECT totp_secret FROM account").scalar_one()
    assert SECRET.encode() not in bytes(raw)


def test_who_needs_it(small_pilot: Engine) -> None:
    def needing() -> set[Role]:
        with aggregate_session(small_pilot) as session:
            rules = Rules.of(the_pilot(session))
        return {role for role in Role if rules.needs_second_factor(User(role=role))}

    assert needing() == set(Role) - {Role.council}
    be_demo(small_pilot)
    assert needing() == set()
    be_demo(small_pilot, second_factor=True)
    assert needing() == set(Role) - {Role.council}


def test_a_lost_telephone_is_forgotten_by_an_administrator(small_pilot: Engine, viewer) -> None:
    add_user(small_pilot, totp_secret=SECRET)
    with record_session(small_pilot, viewer(Role.admin)) as session:
        users.reset_second_factor(session, viewer(Role.admin), "chief")
    assert not verified(small_pilot, code())
    assert enrolled(small_pilot, code())


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [("second_factor", "off", False), ("idle_minutes", "20", 20), ("lock_minutes", "none", None)],
)
def test_a_rule_is_changed(small_pilot: Engine, viewer, name: str, typed: str, value: object) -> None:
    with record_session(small_pilot, viewer(Role.admin)) as session:
        assert getattr(users.set_rule(session, viewer(Role.admin), name, typed), name) == value
    with aggregate_session(small_pilot) as session:
        assert getattr(Rules.of(the_pilot(session)), name) == value


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("second_factor", "maybe", "“maybe” does not fit second_factor. Write on or off."),
        ("idle_minutes", "600", "“600” does not fit idle_minutes. Write a whole number from 5 to 60."),
        ("idle_minutes", "-5", "“-5” does not fit idle_minutes. Write a whole number from 5 to 60."),
    ],
)
def test_a_rule_outside_its_range(small_pilot: Engine, viewer, name: str, typed: str, sentence: str) -> None:
    with record_session(small_pilot, viewer(Role.admin)) as session, pytest.raises(Invalid) as refused:
        users.set_rule(session, viewer(Role.admin), name, typed)
    assert str(refused.value) == sentence


def test_only_an_administrator_changes_a_rule(small_pilot: Engine, viewer) -> None:
    with record_session(small_pilot, viewer(Role.chief)) as session, pytest.raises(Forbidden):
        users.set_rule(session, viewer(Role.chief), "idle_minutes", "20")
