"""Accounts on both databases: who may change them, what is refused, what a change ends."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db import passwords
from db.access import Viewer
from db.commands import signin, users
from db.commands.drafts import keep_draft, kept_draft
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.users import NewUser
from db.models import AuditEntry, Staff, User
from db.settings import wall_clock
from db.vocab import Role
from tests.conftest import NOW
from tests.db.commands.test_signin import add_user, alive, audited, be_demo, opened, tried


@pytest.fixture
def admin(small_pilot: Engine, viewer: Callable[..., Viewer]) -> Viewer:
    return viewer(Role.admin, user_id=add_user(small_pilot, "boss", role=Role.admin))


def new(**values: object) -> NewUser:
    return checked(NewUser, {"username": "jrivera", "name": "J. Rivera", "role": Role.finance} | values)


def run(bind: Engine, who: Viewer, command: Callable[..., object], *arguments: object) -> object:
    with record_session(bind, who) as session:
        return command(session, who, *arguments)


COMMANDS: list[Callable[[Session, Viewer], object]] = [
    lambda s, v: users.list_users(s, v),
    lambda s, v: users.add(s, v, new()),
    lambda s, v: users.set_active(s, v, "boss", False),
    lambda s, v: users.set_role(s, v, "boss", Role.chief),
    lambda s, v: users.unlock(s, v, "boss"),
    lambda s, v: users.reset_password(s, v, "boss"),
    lambda s, v: users.reset_second_factor(s, v, "boss"),
]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.admin])
def test_only_an_administrator_manages_accounts(small_pilot: Engine, admin: Viewer, viewer, role: Role) -> None:
    who = viewer(role)
    for command in COMMANDS:
        with record_session(small_pilot, who) as session, pytest.raises(Forbidden):
            command(session, who)
    with aggregate_session(small_pilot) as session:
        assert session.scalars(select(User.username)).all() == ["boss"]
        refused = session.scalars(select(AuditEntry).where(AuditEntry.outcome == "refused")).all()
    assert {entry.actor for entry in refused} == {role.value}
    assert len(refused) == len(COMMANDS) - 1  # looking is refused, too, but only a write is audited by the frame


def test_a_new_account_gets_a_code_that_opens_once_and_must_be_changed(small_pilot: Engine, admin: Viewer) -> None:
    with record_session(small_pilot, admin) as session:
        user, code = users.add(session, admin, new())
    assert code is not None
    assert user.must_change
    assert tried(small_pilot, code, username="jrivera", at=wall_clock())
    with aggregate_session(small_pilot) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "add user")).one()
    assert entry.detail == {"username": "jrivera", "role": "finance"}
    assert code not in str(entry.detail)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        (
            {"username": "J Rivera"},
            "username",
            "“J Rivera” cannot be a username. Use 2 to 40 letters, digits, dots or hyphens, without spaces.",
        ),
        ({"username": ""}, "username", "The username is missing. Choose a short one, like jrivera."),
        ({"name": "  "}, "name", "The name is missing. Write it as colleagues know it."),
        ({"role": None}, "role", "The role is missing. Choose one from the list."),
        ({"role": "mayor"}, "role", "“mayor” is not one of the answers for role. Choose one from the list."),
        (
            {"email": "jrivera"},
            "email",
            "“jrivera” is not an e-mail address. Write it like name@city.gov, or leave it empty.",
        ),
        ({"password": "short"}, "", "The password has 5 characters. Use at least 12; a few words in a row are fine."),
        (
            {"password": "jriverajrivera"},
            "",
            "This password is too easy to guess: it is common, or built on one. Use a few unrelated words.",
        ),
    ],
)
def test_what_a_new_account_may_not_be(values: dict[str, object], field: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        new(**values)
    assert refused.value.errors == {field: sentence}


def test_a_username_is_taken_whatever_its_case(small_pilot: Engine, admin: Viewer) -> None:
    with pytest.raises(Conflict, match=r"There is an account “boss” already\. Choose another username\."):
        run(small_pilot, admin, users.add, new(username="BOSS"))


def test_a_real_pilot_takes_no_demo_account(small_pilot: Engine, admin: Viewer) -> None:
    demo_account = new(username="chief", password=passwords.DEMO)
    for command, arguments in ((users.add, [demo_account]), (users.reset_password, ["boss", passwords.DEMO])):
        with pytest.raises(Invalid, match="the password of the demo city"):
            run(small_pilot, admin, command, *arguments)
    be_demo(small_pilot)
    run(small_pilot, admin, users.add, demo_account)
    assert tried(small_pilot, passwords.DEMO, username="chief", at=wall_clock())


def test_the_last_active_administrator_stays(small_pilot: Engine, admin: Viewer) -> None:
    add_user(small_pilot, "asleep", role=Role.admin, active=False)
    with pytest.raises(Conflict, match=r"“boss” is the only active administrator and cannot be disabled\."):
        run(small_pilot, admin, users.set_active, "boss", False)
    with pytest.raises(Conflict, match="cannot be given another role"):
        run(small_pilot, admin, users.set_role, "boss", Role.chief)
    run(small_pilot, admin, users.set_active, "asleep", True)
    run(small_pilot, admin, users.set_active, "boss", False)


def test_who_leaves_the_desk_leaves_what_was_half_typed_there(small_pilot: Engine, admin: Viewer, viewer) -> None:
    number = add_user(small_pilot, "worker", role=Role.clinician)
    mine = viewer(Role.clinician, user_id=number)
    run(small_pilot, mine, keep_draft, "log", "Ana Ruiz")
    run(small_pilot, admin, users.set_role, "worker", Role.social_worker)
    assert run(small_pilot, mine, kept_draft, "log") is not None
    run(small_pilot, admin, users.set_role, "worker", Role.officer)
    assert run(small_pilot, mine, kept_draft, "log") is None


@pytest.mark.parametrize(
    "command",
    [
        lambda s, v: users.set_active(s, v, "chief", False),
        lambda s, v: users.set_role(s, v, "chief", Role.analyst),
        lambda s, v: users.reset_password(s, v, "chief"),
        lambda s, v: users.reset_second_factor(s, v, "chief"),
    ],
)
def test_taking_something_away_ends_every_session(small_pilot: Engine, admin: Viewer, command) -> None:
    user = add_user(small_pilot)
    tokens = [opened(small_pilot, user), opened(small_pilot, user)]
    run(small_pilot, admin, command)
    assert not [token for token in tokens if alive(small_pilot, token, NOW)]


def test_unlocking_forgives_the_tries(small_pilot: Engine, admin: Viewer) -> None:
    add_user(small_pilot)
    for _ in range(5):
        tried(small_pilot, "wrong")
    assert not tried(small_pilot, "blue harbour lantern 7")
    run(small_pilot, admin, users.unlock, "chief")
    assert not tried(small_pilot, "wrong")
    assert tried(small_pilot, "blue harbour lantern 7")
    assert audited(small_pilot, "unlock user") == [("admin", "done", "")]


def test_a_reset_makes_the_old_password_worthless(small_pilot: Engine, admin: Viewer) -> None:
    add_user(small_pilot)
    code = run(small_pilot, admin, users.reset_password, "chief")
    assert isinstance(code, str)
    assert not tried(small_pilot, "blue harbour lantern 7", at=wall_clock())
    assert tried(small_pilot, code, at=wall_clock())


def test_a_desk_account_belongs_to_a_member_of_staff(small_pilot: Engine, admin: Viewer) -> None:
    with record_session(small_pilot, admin) as session:
        first, _ = users.add(session, admin, new(username="one", role=Role.clinician))
        second, _ = users.add(session, admin, new(username="two", role=Role.clinician, name="S. Econd"))
        other, _ = users.add(session, admin, new(username="three", role=Role.finance))
    assert (first.staff_id, other.staff_id) == (1, None)
    with aggregate_session(small_pilot) as session:
        made = session.get_one(Staff, second.staff_id)
    assert (made.name, made.role, made.fte_percent, made.starts_on) == ("S. Econd", Role.clinician, 100, admin.today)


def test_the_list_tells_the_state_of_each(small_pilot: Engine, admin: Viewer) -> None:
    add_user(small_pilot, "gone", active=False)
    add_user(small_pilot, "stuck", locked_at=NOW)
    add_user(small_pilot, "fresh", must_change=True)
    with record_session(small_pilot, admin) as session:
        listed = {entry.user.username: entry.state for entry in users.list_users(session, admin)}
    assert listed == {"boss": "active", "fresh": "must change password", "gone": "disabled", "stuck": "locked"}


def test_an_account_nobody_has(small_pilot: Engine, admin: Viewer) -> None:
    with pytest.raises(NotFound, match="There is no account “ghost”"):
        run(small_pilot, admin, users.unlock, "Ghost")


def test_a_role_is_known_by_key_and_by_name() -> None:
    assert users.role_named("Social worker") is Role.social_worker
    assert users.role_named("social-worker") is Role.social_worker
    with pytest.raises(Invalid, match="“nurse” is not a role"):
        users.role_named("nurse")


def test_the_rules_know_their_defaults(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        rules = signin.Rules.of(signin.the_pilot(session))
    assert (rules.lock_after_failures, rules.lock_window_minutes, rules.lock_minutes) == (5, 15, None)
    assert (rules.idle_minutes, rules.second_factor) == (30, True)
