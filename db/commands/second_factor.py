"""The second factor: a code of six digits that the person's telephone counts out (TOTP, RFC 6238).

Asked of every role but those the pilot exempts (``Rules.second_factor``), after the password and before any
ticket. A code counts once; a wrong one counts like a wrong password, toward the same lock.
"""

import hmac
from datetime import datetime, timedelta

from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.commands.signin import Rules, count_failure, entry, transaction
from db.models import SignInAttempt, User
from db.pilot import the_pilot

PATIENCE = timedelta(minutes=5)
"""How long after the password the code may be typed."""
_STEP = 30
_DRIFT = 1
"""Steps that a telephone's clock may be fast or slow."""


def new_secret() -> str:
    """A random secret to enrol, base32; it is stored only when a code made with it came back."""
    return random_base32()


def address_of(secret: str, username: str, city: str) -> str:
    """What the QR code holds: an ``otpauth:`` address that authenticator apps read."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=f"Tandem {city}")


def enroll(session: Session, user_id: int, secret: str, code: str, *, address: str, now: datetime) -> bool:
    """Keep ``secret`` as the account's second factor when ``code`` proves that the telephone has it.

    False for a wrong code, and for an account that has one already: an administrator resets that first.
    """
    with transaction(session):
        user = _held(session, user_id)
        step = _step_of(secret, code, now)
        if user is None or user.totp_secret is not None or step is None:
            return False
        user.totp_secret, user.totp_step = secret, step
        session.add(SignInAttempt(at=now, username=user.username, address=address, succeeded=True))
        session.add(entry(user.username, "enroll second factor", now, address))
    return True


def verify(session: Session, user_id: int, code: str, *, address: str, now: datetime) -> bool:
    """Whether ``code`` is the account's, now and for the first time. False for a locked or disabled account."""
    with transaction(session):
        rules = Rules.of(the_pilot(session))
        user = _held(session, user_id)
        if user is None or user.totp_secret is None:
            return False
        step = _step_of(user.totp_secret, code, now)
        fresh = step is not None and step > (user.totp_step or 0)
        if not fresh or not user.active or rules.locked(user, now):
            count_failure(session, user, user.username, "wrong second factor", rules, address, now)
            return False
        user.totp_step = step
        session.add(SignInAttempt(at=now, username=user.username, address=address, succeeded=True))
    return True


def _held(session: Session, user_id: int) -> User | None:
    return session.scalar(
        select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    )


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, within the drift; None for none."""
    typed = "".join(code.split())
    present = int(now.timestamp()) // _STEP
    totp = TOTP(secret)
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        if hmac.compare_digest(totp.at(step * _STEP).encode(), typed.encode()):
            return step
    return None
