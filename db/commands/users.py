"""Accounts: made, changed, disabled, released. An administrator's work, or that of whoever holds a shell.

Nothing here ever shows a stored password. A one-time code is returned once, by the command that made it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from db import passwords, vocab
from db.access import Permission, Viewer
from db.commands.base import Note, write
from db.commands.signin import Rules, end_sessions, unacceptable
from db.errors import Conflict, Invalid, NotFound
from db.forms import checked
from db.forms.users import NewUser
from db.models import Base, Draft, SignInAttempt, Staff, User
from db.pilot import the_pilot
from db.settings import wall_clock
from db.vocab import Role, Scope

DESK_ROLES = (Role.clinician, Role.social_worker)
"""Roles whose work is counted, so that their account belongs to a member of staff."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as an administrator sees it. ``state`` is one of active, disabled, locked, must change."""

    user: User
    state: str


def list_users(session: Session, viewer: Viewer) -> list[Listed]:
    """All accounts by username. Raises Forbidden without ``manage_users``."""
    viewer.must(Permission.manage_users)
    rules, now = Rules.of(the_pilot(session)), wall_clock()
    users = session.scalars(select(User).options(joinedload(User.staff)).order_by(User.username)).all()
    return [Listed(user, _state(user, rules.locked(user, now))) for user in users]


def add(session: Session, viewer: Viewer, form: NewUser) -> tuple[User, str | None]:
    """Make an account; with no password in ``form``, a one-time code that must be changed at first sign-in.

    A clinician or social worker is joined to the member of staff of that role who has no account yet; where
    there is none, one is made, full time from today. Raises Conflict for a username that is taken, Invalid
    for a password that will not do.
    """
    code = None if form.password is not None else passwords.one_time_code()
    kept = passwords.hashed(form.password or code or "")
    with write(session, viewer, Permission.manage_users, "add user", Scope.setup) as note:
        pilot = the_pilot(session)
        if form.password is not None:
            known = (form.username, *form.name.split(), pilot.city)
            if objection := unacceptable(pilot, form.password, known):
                raise Invalid({"password": objection})
        if session.scalar(select(User.id).where(User.username == form.username)):
            raise Conflict(f"There is an account “{form.username}” already. Choose another username.")
        user = User(
            username=form.username,
            name=form.name,
            email=form.email,
            role=form.role,
            staff_id=staff_for(session, viewer, form.role, form.name),
            password_hash=kept,
            must_change=code is not None,
            created_at=wall_clock(),
            password_set_at=wall_clock(),
        )
        session.add(user)
        session.flush()
        note.subject, note.detail = f"account {user.id}", {"username": user.username, "role": user.role.value}
    return user, code


def set_active(session: Session, viewer: Viewer, username: str, active: bool) -> User:
    """Disable an account, which ends its sessions at once, or enable it again.

    Raises Conflict for the last active administrator.
    """
    with _changed(session, viewer, username, "enable user" if active else "disable user") as (user, note):
        if not active:
            _keep_an_administrator(session, user, "disabled")
            note.detail["sessions_ended"] = end_sessions(session, user.id, wall_clock())
        user.active = active
    return user


def set_role(session: Session, viewer: Viewer, username: str, role: Role) -> User:
    """Give an account another role; its sessions end, so that the new role begins with a sign-in.

    Raises Conflict for the last active administrator.
    """
    with _changed(session, viewer, username, "set role") as (user, note):
        if role is not user.role:
            if role is not Role.admin:
                _keep_an_administrator(session, user, "given another role")
            note.detail |= {"from": user.role.value, "to": role.value}
            user.role, user.staff_id = role, staff_for(session, viewer, role, user.name, user)
            if role not in DESK_ROLES:  # what the desk half typed is about people this account may not see any more
                drafts = Base.metadata.tables[Draft.__tablename__]  # past the row criteria: nobody else's are seen
                session.execute(delete(drafts).where(drafts.c.user_id == user.id))
            note.detail["sessions_ended"] = end_sessions(session, user.id, wall_clock())
    return user


def unlock(session: Session, viewer: Viewer, username: str) -> User:
    """Release an account that failed tries locked, and forgive those tries (the audit keeps them)."""
    with _changed(session, viewer, username, "unlock user") as (user, _):
        user.locked_at = None
        session.execute(
            delete(SignInAttempt).where(SignInAttempt.username == user.username, SignInAttempt.succeeded.is_(False))
        )
    return user


def reset_password(session: Session, viewer: Viewer, username: str, password: str | None = None) -> str | None:
    """Replace a password by a one-time code, returned to be handed over; all sessions of the account end.

    With ``password`` (from a shell) that one is set instead, and None returned. The lock, if any, is released.
    """
    code = None if password is not None else passwords.one_time_code()
    kept = passwords.hashed(password or code or "")
    with _changed(session, viewer, username, "reset password") as (user, note):
        pilot = the_pilot(session)
        known = (user.username, *user.name.split(), pilot.city)
        if password is not None and (objection := unacceptable(pilot, password, known)):
            raise Invalid({"password": objection})
        user.password_hash, user.must_change, user.password_set_at = kept, code is not None, wall_clock()
        user.locked_at = None
        note.detail["sessions_ended"] = end_sessions(session, user.id, wall_clock())
    return code


def set_email(session: Session, viewer: Viewer, username: str, email: str | None) -> User:
    """Where notices to this account go; None for nowhere. Raises Invalid for what is no address."""
    with _changed(session, viewer, username, "set e-mail") as (user, _):
        present = {"username": user.username, "name": user.name, "role": user.role}
        user.email = checked(NewUser, present | {"email": email}).email
    return user


def reset_second_factor(session: Session, viewer: Viewer, username: str) -> User:
    """Forget a lost telephone: the next sign-in enrols a new one. All sessions of the account end."""
    with _changed(session, viewer, username, "reset second factor") as (user, note):
        user.totp_secret = user.totp_step = None
        note.detail["sessions_ended"] = end_sessions(session, user.id, wall_clock())
    return user


_RANGES = {
    "lock_after_failures": (3, 10),
    "lock_window_minutes": (5, 60),
    "lock_minutes": (5, 1440),
    "free_failures_per_address": (5, 100),
    "idle_minutes": (5, 60),
    "session_hours": (1, 24),
}


def set_rule(session: Session, viewer: Viewer, name: str, typed: str) -> Rules:
    """Change one number of signing in: a field of :class:`Rules`; ``lock_minutes`` may be “none”.

    Raises Invalid for a name that is none and a value outside its range.
    """
    with write(session, viewer, Permission.manage_users, "set sign-in rule", Scope.setup) as note:
        value = _rule_value(name, typed.strip().lower())
        pilot = the_pilot(session)
        pilot.settings = {**pilot.settings, name: value}
        note.subject, note.detail = f"rule {name}", {"value": value}
    return Rules.of(pilot)


def _rule_value(name: str, typed: str) -> int | bool | None:
    if name == "second_factor":
        if typed not in ("on", "off"):
            raise Invalid({name: f"“{typed}” does not fit second_factor. Write on or off."})
        return typed == "on"
    if name not in _RANGES:
        raise Invalid({name: f"“{name}” is not a rule. Choose one of second_factor, {', '.join(_RANGES)}."})
    if name == "lock_minutes" and typed == "none":
        return None
    low, high = _RANGES[name]
    if not typed.isdecimal() or not low <= int(typed) <= high:
        raise Invalid({name: f"“{typed}” does not fit {name}. Write a whole number from {low} to {high}."})
    return int(typed)


@contextmanager
def _changed(session: Session, viewer: Viewer, username: str, action: str) -> Iterator[tuple[User, Note]]:
    """One write to one account, locked while it is changed. Raises NotFound for a name nobody has."""
    with write(session, viewer, Permission.manage_users, action, Scope.setup) as note:
        name = username.strip().lower()
        user = session.scalar(
            select(User).where(User.username == name).with_for_update().execution_options(populate_existing=True)
        )
        if user is None:
            raise NotFound(f"There is no account “{name}”. “tandem user list” shows all.")
        note.subject, note.detail = f"account {user.id}", {"username": user.username}
        yield user, note


def _keep_an_administrator(session: Session, user: User, what: str) -> None:
    if user.role is not Role.admin or not user.active:
        return
    admins: Sequence[int] = session.scalars(
        select(User.id).where(User.role == Role.admin, User.active).with_for_update()
    ).all()
    if set(admins) == {user.id}:
        raise Conflict(
            f"“{user.username}” is the only active administrator and cannot be {what}. Make another one first."
        )


def staff_for(session: Session, viewer: Viewer, role: Role, name: str, user: User | None = None) -> int | None:
    """The member of staff this account stands for; None for roles whose work is not counted."""
    if role not in DESK_ROLES:
        return None
    taken = select(User.staff_id).where(User.staff_id.is_not(None), User.id != (user.id if user else 0))
    free = session.scalars(select(Staff).where(Staff.role == role, Staff.id.not_in(taken)).order_by(Staff.id)).first()
    if free is None:
        starts_on = max(viewer.today, the_pilot(session).starts_on)
        free = Staff(name=name, role=role, fte_percent=100, starts_on=starts_on)
        session.add(free)
        session.flush()
    return free.id


def _state(user: User, locked: bool) -> str:
    if not user.active:
        return "disabled"
    if locked:
        return "locked"
    return "must change password" if user.must_change else "active"


def role_named(text: str) -> Role:
    """The role somebody typed, by its key or its plain name. Raises Invalid with the list."""
    wanted = text.strip().lower().replace("-", "_").replace(" ", "_")
    for role in Role:
        if wanted in (role.value, vocab.label(role).lower().replace(" ", "_")):
            return role
    raise Invalid({"role": f"“{text}” is not a role. Choose one of {', '.join(r.value for r in Role)}."})
