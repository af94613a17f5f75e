"""Every public command × every role, found by looking: one that is added is tried without being named here.

A role without the permission is refused, the refusal stands in the audit, and nothing else is changed.
"""

import inspect
import io
import pkgutil
import re
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sqlalchemy import Engine, select

from db import commands
from db.access import ROLES, Permission, Viewer
from db.cad.mapping import ColumnMapping
from db.engine import aggregate_session, data_version, record_session
from db.errors import Forbidden
from db.models import AuditEntry, Base, User
from db.vocab import Role
from tests.conftest import NOW
from tests.db.desk_world import who

WRITES = re.compile(r"\bwrite\(\s*(?:session|_\w+|\w+), viewer, (?:Permission\.(\w+)|own)")
HELPERS = {
    "base.audit": "the frame itself",
    "base.write": "the frame itself",
    "books.counter_entry": "inside a command",
    "care.record": "one line of history, inside the transaction of a command",
    "directory.insert_provider": "inside a command",
    "money.book_entry": "inside a command",
    "people.insert_person": "inside a command",
    "referrals.accept": "inside a command",
    "revisions.revise": "inside a command",
    "statement_rows.book_rows": "inside a command",
    "users.staff_for": "inside a command",
    "work.insert_intervention": "inside a command",
}
OWN = {
    "drafts.drop_draft": "one's own",
    "drafts.keep_draft": "one's own",
    "signin.change_password": "one's own",
    "signin.end_own_session": "one's own",
    "notices.tell_urgent": "the program's own, after a referral was sent; it tells the sender nothing",
}
VIA: Mapping[str, Permission] = {
    "directory.set_open": Permission.log_work,
    "questions.take": Permission.present,
    "directory.set_room": Permission.log_work,
    "directory.verify_provider": Permission.log_work,
    "follow_ups.schedule": Permission.log_work,
    "contracts.sign_contract": Permission.write_money,
    "desk_pay.show_pay_to_desk": Permission.write_money,  # or manage_setup: see EITHER
    "invoices.receive_invoice": Permission.write_money,
    "money.record_entry": Permission.write_money,
    "referrals.record_attempt": Permission.log_work,
    "referrals.record_referral": Permission.refer,
    "transfers.ask_transfer": Permission.write_money,
    "users.reset_password": Permission.manage_users,
    "users.reset_second_factor": Permission.manage_users,
    "users.set_active": Permission.manage_users,
    "users.set_email": Permission.manage_users,
    "users.set_role": Permission.manage_users,
    "users.unlock": Permission.manage_users,
    "weeks.comment": Permission.certify_tally,  # or accept_tally: see EITHER
    "weeks.take_back_comment": Permission.certify_tally,
    "work.record_intervention": Permission.log_work,
}
"""Commands that open their transaction in a function of their own, or choose the permission."""
EITHER: Mapping[str, Permission] = {
    "desk_pay.show_pay_to_desk": Permission.manage_setup,
    "weeks.comment": Permission.accept_tally,
    "weeks.take_back_comment": Permission.accept_tally,
}
READS: Mapping[str, Permission] = {
    "amend.ledger": Permission.see_tallies,
    "amend.requests": Permission.see_tallies,
    "desk_lists.desk": Permission.log_work,
    "edition_links.follow": Permission.open_link,
    "edition_links.links": Permission.prepare_meeting,
    "questions.questions": Permission.present,
    "questions.take_many": Permission.present,  # asks before the first is written
    "referrer.sent_by": Permission.refer,
    "tally.calendar": Permission.see_tallies,
    "tally.findings": Permission.see_tallies,
    "tally.sheet": Permission.see_tallies,
    "tokens.look": Permission.answer_link,
    "tokens.preview_slip": Permission.log_work,
    "user_import.plan": Permission.manage_users,
    "users.list_users": Permission.manage_users,
    "weeks.comments": Permission.see_tallies,
    "weeks.everybody": Permission.see_tallies,
}
"""What asks for a permission and writes nothing."""
BY_ROWS = {
    *("consents.consents_of", "desk.at_work", "desk.now_of", "desk_lists.firsts", "desk_lists.weeks"),
    *("drafts.kept_draft", "drafts.kept_drafts", "notices.choice", "referrals.alike", "reviews.calls_waiting"),
    *("signin.own_sessions", "tally.figures_of", "tokens.consent_for"),
}
"""What reads through the viewer's row criteria alone: ``tests/db/test_base.py`` holds those."""


def commands_of() -> Iterator[tuple[str, Callable[..., Any]]]:
    """“module.function” and the function, for each public one that is told who asks."""
    for found in pkgutil.iter_modules(commands.__path__):
        module = import_module(f"db.commands.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            ours = function.__module__ == module.__name__ and not name.startswith("_")
            if ours and "viewer" in inspect.signature(function).parameters:
                yield f"{found.name}.{name}", function


ALL = dict(commands_of())


def permission_of(name: str) -> Permission | None:
    """What a command that writes, or a read that asks, needs; None for neither."""
    if name in READS or name in VIA:
        return READS.get(name) or VIA[name]
    said = WRITES.search(inspect.getsource(ALL[name]))
    return Permission(said[1]) if said and said[1] and name not in HELPERS else None


ASKS = {name: needed for name in ALL if (needed := permission_of(name))}


def test_every_command_is_in_the_matrix() -> None:
    """A new one is found by its ``write(…)``; one that hides it says here what it is."""
    assert set(ALL) - set(ASKS) == {*HELPERS, *OWN, *BY_ROWS}
    assert len(ASKS) > 80


@pytest.mark.parametrize("role", Role)
def test_who_may_not_is_refused_and_nothing_is_changed(one: Engine, role: Role) -> None:
    viewer = who(role)
    refused = {n: p for n, p in ASKS.items() if not viewer.may(p) and not (n in EITHER and viewer.may(EITHER[n]))}
    assert refused
    before, versions = everything(one), data_version(one)
    for name in refused:
        with record_session(one, viewer) as session:
            said = arguments(ALL[name], session, viewer, one)
            try:
                ALL[name](**said)
            except Forbidden:
                continue
            pytest.fail(f"{role} may {name}")
    with aggregate_session(one) as session:
        audited = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert {(one.actor, one.outcome) for one in audited} == {(role.value, "refused")}
    assert len(audited) == len(refused.keys() - READS.keys() - _READ_FIRST)
    assert everything(one) == before
    assert data_version(one) == versions


_READ_FIRST = {"tokens.answer_link", "user_import.carry_out"}
"""Refused by the read they begin with, as a page's own guard would: nothing was tried on the database."""


def test_without_an_account_there_is_no_draft(one: Engine) -> None:
    nobody = Viewer("nobody", None, frozenset(), NOW, NOW.date())
    with record_session(one, nobody) as session, pytest.raises(Forbidden):
        ALL["drafts.keep_draft"](session, nobody, "log", "{}")


def test_no_role_holds_what_a_provider_holds() -> None:
    assert not any(Permission.answer_link in permissions for permissions in ROLES.values())


def everything(bind: Engine) -> dict[str, list[Any]]:
    """Each row of each table but the audit's, as the database has it."""
    with bind.connect() as connection:
        return {
            table.name: list(connection.execute(table.select()).all())
            for table in Base.metadata.sorted_tables
            if table.name != AuditEntry.__tablename__
        }


def arguments(function: Callable[..., Any], session: Any, viewer: Viewer, bind: Engine) -> dict[str, Any]:
    """Something of the right kind for every parameter that has no default."""
    hints = get_type_hints(function)
    given: dict[str, Any] = {"session": session, "viewer": viewer, "bind": bind, "content": b"name\nA B\n"}
    return {
        name: given[name] if name in given else something(hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
    }


def something(kind: Any) -> Any:
    """A plausible value of an annotated kind: it gets a command past its first lines, where it asks who calls."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        return None if type(None) in inner else something(inner[0])
    if origin in (list, tuple) or (origin is not None and issubclass(origin, types.GenericAlias)):
        return []
    if origin is frozenset:
        return frozenset()
    if origin is not None and issubclass(origin, Mapping):
        return {}
    if origin is not None:
        return []
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        blank = {name: something(field.annotation) for name, field in kind.model_fields.items() if field.is_required()}
        assert PydanticUndefined not in blank.values()
        return kind.model_construct(**blank)
    plain: Mapping[Any, Any] = {
        bool: False,
        int: 1,
        str: "x",
        bytes: b"name\nx\n",
        date: date(2026, 11, 9),
        datetime: NOW,
        Path: io.BytesIO(b"a,b\n1,2\n"),
        ColumnMapping: None,
        User: None,
    }
    return plain.get(kind)
