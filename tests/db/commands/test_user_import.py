"""Accounts by the hundred from a file: judged row by row, all or none, and what is there stays as it is."""

import pytest
from sqlalchemy import Engine, select

from db import passwords
from db.commands import user_import
from db.commands.user_import import Fate
from db.engine import aggregate_session, record_session
from db.errors import Forbidden, Invalid, Unreadable
from db.models import AuditEntry, User
from db.vocab import Role
from tests.db.desk_world import who

ADMIN = who(Role.admin)


def plan(bind: Engine, text: str | bytes, role: Role = Role.admin) -> user_import.Plan:
    viewer = who(role)
    with record_session(bind, viewer) as session:
        return user_import.plan(session, viewer, text.encode() if isinstance(text, str) else text)


def carry_out(bind: Engine, text: str) -> list[user_import.Made]:
    with record_session(bind, ADMIN) as session:
        return user_import.carry_out(session, ADMIN, text.encode())


def usernames(bind: Engine) -> set[str]:
    with aggregate_session(bind) as session:
        return set(session.scalars(select(User.username)))


def test_a_name_of_two_lines_is_one_name(desk: Engine) -> None:
    (row,) = plan(desk, 'name\n"Ana\nMaria\0 Ruiz"\n').rows
    assert (row.fate, row.name) == (Fate.add, "Ana Maria Ruiz")


def test_a_file_makes_its_accounts_with_codes_that_must_be_changed(desk: Engine) -> None:
    before = usernames(desk)
    made = carry_out(
        desk,
        "Email,Full name,Role,Badge\njrivera@example.gov,Jo Rivera,,12\n,Mei Chen,Chief,\n,Bo Ek,social worker,\n",
    )
    assert [(m.username, m.name, m.role) for m in made] == [
        ("jrivera", "Jo Rivera", Role.officer),
        ("mchen", "Mei Chen", Role.chief),
        ("bek", "Bo Ek", Role.social_worker),
    ]
    with aggregate_session(desk) as session:
        rows = {u.username: u for u in session.scalars(select(User)) if u.username not in before}
        assert {u.email for u in rows.values()} == {"jrivera@example.gov", None}
        assert all(u.must_change for u in rows.values())
        assert passwords.matches(made[0].code, rows["jrivera"].password_hash)
        assert rows["bek"].staff_id not in (None, 1, 2)  # a member of staff of his own: the others are taken
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject) == ("import users", "3 accounts")
        assert not any(m.code in str(entry.detail) for m in made)
    again = plan(desk, "username,name\njrivera,Jo Rivera\nmchen,Mei Chen\n")
    assert str(again) == "0 to add, 2 there already, 0 refused"
    assert again.rows[1].why == "There is an account “mchen” (Mei Chen). Its role is chief and stays so."


def test_one_refused_row_and_nothing_is_made(desk: Engine) -> None:
    before = usernames(desk)
    text = "username,name,role,email\ngood,Good,,\nx,Short,,\ngood,Twice,,\nq2,No Role,king,\nq3,Mail,,nowhere\nq4\n"
    judged = plan(desk, text)
    assert [(row.line, row.fate) for row in judged.rows] == [
        (2, Fate.add),
        *((line, Fate.refused) for line in (3, 4, 5, 6, 7)),
    ]
    assert [row.why.split(".")[0] for row in judged.of(Fate.refused)] == [
        "“x” cannot be a username",
        "“good” stands on line 2 already",
        "“king” is not a role",
        "“nowhere” is not an e-mail address",
        "The name is missing",
    ]
    with pytest.raises(Invalid, match=r"Line 3: .* \(and 4 more rows\) Nothing was added\."):
        carry_out(desk, text)
    assert usernames(desk) == before


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_files_as_they_come(desk: Engine) -> None:
    for text in (
        "﻿Last Name;First Name\nMüller;Zoë\n".encode(),
        "Last Name\tFirst Name\r\nM\xfcller\tZo\xeb\r\n".encode("cp1252"),
        b'last name|first name\n"M\xc3\xbcller"|Zo\xc3\xab\n\n',
    ):
        (row,) = plan(desk, text).rows
        assert (row.name, row.username, row.fate) == ("Zoë Müller", "zmuller", Fate.add)


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty."),
        ("a,b\n1,2\n", "The first line must name the columns, like username,name,role,email; it is “a, b”."),
        (b"\x81\x8d\x8f\n", "The file is neither UTF-8 nor Windows text."),
        ("name\n" + "A B\n" * 5_001, "The file has 5,001 rows; 5,000 fit."),
    ],
)
def test_what_is_no_such_file(desk: Engine, content: str | bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as error:
        plan(desk, content)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("bind", ["sqlite"], indirect=True)
def test_only_an_administrator_imports(desk: Engine) -> None:
    for role in set(Role) - {Role.admin}:
        with pytest.raises(Forbidden):
            plan(desk, "name\nA B\n", role)


def test_the_list_of_codes_runs_nothing_in_a_spreadsheet() -> None:
    made = [user_import.Made("mchen", "=HYPERLINK(1)", Role.officer, "AAAA-BBBB")]
    assert user_import.codes_csv(made).splitlines()[1] == "mchen,'=HYPERLINK(1),officer,AAAA-BBBB"
