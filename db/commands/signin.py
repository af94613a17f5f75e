"""Signing in: passwords tried, accounts locked, tickets burned, sessions opened, watched and ended.

The program itself acts here, before anybody is signed in, so these functions take an aggregate session
and the real moment (``settings.wall_clock()``: security never pretends). A password, ticket or session
token is never stored, logged or audited; only its hash is kept. Numbers are informed by NIST SP 800-63B
and CJIS, each a setting of the pilot (``Rules``).
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, joinedload

from db import passwords
from db.access import Viewer
from db.errors import Invalid, NotFound
from db.forms.users import PasswordChange
from db.models import AuditEntry, Pilot, SignInAttempt, SignInTicket, User, WebSession
from db.pilot import the_pilot
from db.types import keyed_hash
from db.vocab import Role

TICKET_LIFE = timedelta(seconds=30)
CODE_LIFE = timedelta(hours=72)
"""How long a one-time code may wait for its first sign-in."""
_TOUCH_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of signing in. The key in ``Pilot.settings`` is the field's name."""

    lock_after_failures: int = 5
    lock_window_minutes: int = 15
    lock_minutes: int | None = None
    """None: until an administrator releases it (real pilots); the demo releases by itself."""
    free_failures_per_address: int = 10
    """After so many within the window each further try from that address waits, up to four seconds."""
    idle_minutes: int = 30
    session_hours: int = 12
    second_factor: bool = True
    second_factor_exempt: tuple[str, ...] = (Role.council.value,)

    @classmethod
    def of(cls, pilot: Pilot) -> "Rules":
        own = {k: v for k, v in pilot.settings.items() if k in cls.__dataclass_fields__}
        demo: dict[str, Any] = {"lock_minutes": 15, "second_factor": False} if pilot.is_demo else {}
        return cls(**(demo | own))

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.lock_window_minutes)

    def locked(self, user: User, now: datetime) -> bool:
        """Whether ``user`` may not sign in at ``now`` for failed tries."""
        return user.locked_at is not None and (self.lock_minutes is None or now < self.released_at(user.locked_at))

    def released_at(self, locked_at: datetime) -> datetime:
        return locked_at + timedelta(minutes=self.lock_minutes or 0)

    def needs_second_factor(self, user: User) -> bool:
        return self.second_factor and user.role.value not in self.second_factor_exempt


@dataclass(frozen=True, slots=True)
class Seat:
    """A live session and whose it is; ``user`` is detached and safe to keep for one run."""

    session_id: int
    user: User


def token_hash(token: str) -> str:
    """SHA-256 of a random token: nothing to guess, so no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def wait_before(session: Session, address: str, now: datetime) -> float:
    """Seconds a try from ``address`` has to wait: it is slowed down, never locked (a station shares one)."""
    rules = Rules.of(the_pilot(session))
    failures = session.scalar(
        select(func.count(SignInAttempt.id)).where(
            SignInAttempt.address == address,
            SignInAttempt.succeeded.is_(False),
            SignInAttempt.at > now - rules.window,
        )
    )
    over = (failures or 0) - rules.free_failures_per_address
    return 0.0 if over < 0 else min(4.0, 0.25 * 2**over)


def check_password(
    session: Session,
    username: str,
    password: str,
    *,
    address: str,
    now: datetime,
    matches: Callable[[str, str], bool] = passwords.matches,
) -> User | None:
    """The user whose password this is, or None; every reason for None looks and lasts alike.

    An unknown name is checked against a hash nobody has the password of. The fifth failure within the
    window locks the account, inside the same transaction that counts it. A right password for a locked or
    disabled account is None, too, or the lock would tell which guess was right.
    """
    name = _folded(username)
    kept = session.scalar(select(User.password_hash).where(User.username == name)) or passwords.NOBODY
    matched = matches(password, kept)
    with transaction(session):
        pilot = the_pilot(session)
        rules = Rules.of(pilot)
        user = session.scalar(select(User).where(User.username == name).with_for_update())
        if matched and not pilot.is_demo and password == passwords.DEMO:
            matched = False  # everybody knows it: a real pilot lets nobody in with it, whoever stored it
        reason = _refusal(user, matched, rules, now)
        if reason or user is None:
            count_failure(session, user, name, reason, rules, address, now)
            return None
        if not rules.needs_second_factor(user):
            session.add(SignInAttempt(at=now, username=name, address=address, succeeded=True))
    return user


def issue_ticket(session: Session, user_id: int, browser: str, now: datetime) -> str:
    """A one-time pass for the browser that holds the cookie ``browser``; returned once, kept as a hash."""
    token = secrets.token_urlsafe(32)
    with transaction(session):
        session.execute(delete(SignInTicket).where(SignInTicket.expires_at < now - timedelta(days=1)))
        session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=30)))
        session.add(
            SignInTicket(
                token_hash=token_hash(token),
                browser_hash=token_hash(browser),
                user_id=user_id,
                expires_at=now + TICKET_LIFE,
            )
        )
    return token


def open_session(
    session: Session, ticket: str, browser: str, *, address: str, agent: str, now: datetime
) -> tuple[str, datetime] | None:
    """Burn the ticket and open a session: (token for the cookie, absolute expiry).

    None for a ticket that is unknown, used, older than 30 seconds or another browser's, and for an account
    that was disabled or locked meanwhile.
    """
    with transaction(session):
        burned = session.execute(
            update(SignInTicket)
            .where(
                SignInTicket.token_hash == token_hash(ticket),
                SignInTicket.browser_hash == token_hash(browser),
                SignInTicket.used_at.is_(None),
                SignInTicket.expires_at > now,
            )
            .values(used_at=now)
            .returning(SignInTicket.user_id)
        ).scalar()
        rules = Rules.of(the_pilot(session))
        user = session.get(User, burned) if burned is not None else None
        if user is None or not user.active or rules.locked(user, now):
            session.add(entry("(unknown)", "sign in", now, address, "refused", reason="ticket"))
            return None
        token, expires = secrets.token_urlsafe(32), now + timedelta(hours=rules.session_hours)
        session.add(
            WebSession(
                token_hash=token_hash(token),
                user_id=user.id,
                created_at=now,
                active_at=now,
                expires_at=expires,
                address=address[:64],
                agent=agent[:200],
            )
        )
        user.last_sign_in_at, user.locked_at = now, None
        session.add(entry(user.username, "sign in", now, address))
    return token, expires


def resolve(session: Session, token: str, now: datetime, *, active: bool) -> Seat | None:
    """Whose live session ``token`` is. ``active``: the user did something, so the idle clock starts anew.

    The idle clock is written at most every 30 seconds.
    """
    row = session.scalar(
        select(WebSession).where(WebSession.token_hash == token_hash(token)).options(joinedload(WebSession.user))
    )
    if row is None or not _alive(row, Rules.of(the_pilot(session)), now):
        return None
    seat = Seat(row.id, row.user)
    if active and now - row.active_at >= _TOUCH_EVERY:
        with transaction(session):
            session.execute(update(WebSession).where(WebSession.id == row.id).values(active_at=now))
    return seat


def still_alive(session: Session, session_ids: Collection[int], now: datetime) -> set[int]:
    """Which of ``session_ids`` are neither revoked nor expired nor idle nor disabled. One query for all."""
    rows = session.scalars(
        select(WebSession).where(WebSession.id.in_(session_ids)).options(joinedload(WebSession.user))
    ).all()
    if not rows:
        return set()
    rules = Rules.of(the_pilot(session))
    return {row.id for row in rows if _alive(row, rules, now)}


def close_session(session: Session, token: str, *, address: str, now: datetime) -> None:
    """Sign out: the session is over on every tab; an unknown token is nothing to do."""
    with transaction(session):
        row = session.scalar(
            select(WebSession).where(WebSession.token_hash == token_hash(token), WebSession.revoked_at.is_(None))
        )
        if row is not None:
            row.revoked_at = now
            session.add(entry(row.user.username, "sign out", now, address))


def end_sessions(session: Session, user_id: int, now: datetime, *, keep: int | None = None) -> int:
    """Inside a caller's transaction: revoke all live sessions of a user but ``keep``; how many there were."""
    ended = session.execute(
        update(WebSession)
        .where(WebSession.user_id == user_id, WebSession.revoked_at.is_(None), WebSession.id != (keep or 0))
        .values(revoked_at=now)
        .returning(WebSession.id)
    )
    return len(ended.all())


def _alive(row: WebSession, rules: Rules, now: datetime) -> bool:
    return (
        row.revoked_at is None
        and row.user.active
        and now < row.expires_at
        and now < row.active_at + timedelta(minutes=rules.idle_minutes)
    )


def _refusal(user: User | None, matched: bool, rules: Rules, now: datetime) -> str:
    """Why this try fails, for the audit only; empty when it does not."""
    if user is None:
        return "unknown user"
    if not user.active:
        return "disabled"
    if rules.locked(user, now):
        return "locked"
    if not matched:
        return "wrong password"
    if user.must_change and now > user.password_set_at + CODE_LIFE:
        return "one-time code expired"
    return ""


def count_failure(
    session: Session, user: User | None, name: str, reason: str, rules: Rules, address: str, now: datetime
) -> None:
    """Record the failure, and lock the account at the limit. Unknown names run the same statements.

    An unknown name is kept as a keyed hash: people type passwords into the wrong field.
    """
    counted = name if user else keyed_hash(name, "unknown username")
    session.add(SignInAttempt(at=now, username=counted, address=address, succeeded=False))
    session.flush()
    since = now - rules.window
    if user and user.locked_at and rules.lock_minutes is not None:
        since = max(since, rules.released_at(user.locked_at))  # tries made while locked are forgiven
    last_success = session.scalar(
        select(func.max(SignInAttempt.at)).where(SignInAttempt.username == counted, SignInAttempt.succeeded)
    )
    failures = session.scalar(
        select(func.count(SignInAttempt.id)).where(
            SignInAttempt.username == counted,
            SignInAttempt.succeeded.is_(False),
            SignInAttempt.at > max(since, last_success or since),
        )
    )
    actor = user.username if user else "(unknown)"
    session.add(entry(actor, "sign in", now, address, "refused", reason=reason))
    if user and not rules.locked(user, now) and (failures or 0) >= rules.lock_after_failures:
        user.locked_at = now  # who is already inside stays: a stranger must not be able to throw them out
        session.add(entry(actor, "account locked", now, address, "done", failures=failures))


def _folded(username: str) -> str:
    return username.replace("\0", "").strip().lower()[:80]  # PostgreSQL holds no NUL


def entry(actor: str, action: str, now: datetime, address: str, outcome: str = "done", **detail: Any) -> AuditEntry:
    return AuditEntry(at=now, actor=actor, action=action, address=address[:64], outcome=outcome, detail=detail)


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """One write transaction that sees the present: whatever snapshot was read before is ended first."""
    session.commit()
    try:
        session.connection(execution_options={"tandem_writer": True})
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def record_fault(session: Session, reference: str, kind: str, address: str, now: datetime) -> None:
    """Audit that something failed unexpectedly; the server's log holds the trace under the same reference."""
    with transaction(session):
        session.add(entry("server", "fault", now, address, "failed", reference=reference, kind=kind))


def change_password(session: Session, viewer: Viewer, form: PasswordChange, *, keep: int, now: datetime) -> None:
    """A person's own new password; ends their sessions but ``keep``, the one they sit at.

    Raises Invalid when the present password is wrong (which counts as a failed try) or the new one is weak.
    """
    user = session.get_one(User, viewer.user_id)
    if Rules.of(the_pilot(session)).locked(user, now):  # an open session is no place to go on guessing
        raise Invalid({"current": "Too many wrong passwords: the account is locked. Ask an administrator."})
    if not passwords.matches(form.current, user.password_hash):
        with transaction(session):
            rules = Rules.of(the_pilot(session))
            count_failure(session, user, user.username, "wrong present password", rules, viewer.address, now)
        raise Invalid({"current": "The present password is not right. Type it again."})
    pilot = the_pilot(session)
    if objection := unacceptable(pilot, form.new, (user.username, *user.name.split(), pilot.city)):
        raise Invalid({"new": objection})
    kept = passwords.hashed(form.new)
    with transaction(session):
        user = session.get_one(User, viewer.user_id, with_for_update=True, populate_existing=True)
        user.password_hash, user.must_change, user.password_set_at = kept, False, now
        ended = end_sessions(session, user.id, now, keep=keep)
        session.add(entry(user.username, "change own password", now, viewer.address, sessions_ended=ended))


def own_sessions(session: Session, viewer: Viewer, now: datetime) -> list[WebSession]:
    """The viewer's live sessions, the newest activity first."""
    rows = session.scalars(
        select(WebSession)
        .where(WebSession.user_id == viewer.user_id, WebSession.revoked_at.is_(None), WebSession.expires_at > now)
        .options(joinedload(WebSession.user))
        .order_by(WebSession.active_at.desc())
    ).all()
    rules = Rules.of(the_pilot(session))
    return [row for row in rows if _alive(row, rules, now)]


def end_own_session(session: Session, viewer: Viewer, session_id: int, now: datetime) -> None:
    """Revoke one of the viewer's own sessions. Raises NotFound for anybody else's."""
    with transaction(session):
        row = session.scalar(
            select(WebSession).where(WebSession.id == session_id, WebSession.user_id == viewer.user_id)
        )
        if row is None:
            raise NotFound("This session is not one of yours, or it has ended. Reload the page.")
        row.revoked_at = row.revoked_at or now
        session.add(entry(viewer.name, "end own session", now, viewer.address, session=session_id))


def unacceptable(pilot: Pilot, password: str, known: tuple[str, ...]) -> str | None:
    """Why this pilot refuses ``password``, in a sentence, or None; see :func:`db.passwords.objection`."""
    if password == passwords.DEMO and not pilot.is_demo:
        return "This is the password of the demo city, which everybody knows. Choose another."
    return passwords.objection(password, known)
