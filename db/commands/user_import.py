"""Accounts by the hundred, from a CSV file: read, judged row by row, and then all made or none.

Columns, in any order: ``username``, ``name``, ``role``, ``email``. Only the name is needed: a missing username
is made of the e-mail address or the name, a missing role is officer. Extra columns are left alone.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import passwords
from db.access import Permission, Viewer
from db.cells import harmless
from db.commands.base import write
from db.commands.people import fold
from db.commands.users import DESK_ROLES, role_named, staff_for
from db.errors import Invalid, Unreadable
from db.forms import checked
from db.forms.users import NewUser
from db.models import User
from db.settings import wall_clock
from db.vocab import Role, Scope

MOST_ROWS = 5_000
_HEADERS = {
    "username": "username",
    "user": "username",
    "login": "username",
    "user name": "username",
    "name": "name",
    "full name": "name",
    "role": "role",
    "email": "email",
    "e mail": "email",
    "mail": "email",
    "email address": "email",
    "first name": "first",
    "given name": "first",
    "last name": "last",
    "surname": "last",
    "family name": "last",
}


class Fate(StrEnum):
    """What becomes of a row."""

    add = "add"
    there = "there"  # an account of that username exists; it is left as it is
    refused = "refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file, judged. ``line`` counts from 1, the header included."""

    line: int
    fate: Fate
    username: str
    name: str
    role: str
    email: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole file, judged; nothing is stored yet."""

    rows: tuple[Row, ...]

    def of(self, fate: Fate) -> list[Row]:
        return [row for row in self.rows if row.fate is fate]

    def __str__(self) -> str:
        add, there, refused = (len(self.of(fate)) for fate in Fate)
        return f"{add:,} to add, {there:,} there already, {refused:,} refused"


@dataclass(frozen=True, slots=True)
class Made:
    """One new account and its one-time code, which is shown this once."""

    username: str
    name: str
    role: Role
    code: str


def plan(session: Session, viewer: Viewer, content: bytes) -> Plan:
    """Judge a file without storing anything. Raises Unreadable for what is no such file."""
    viewer.must(Permission.manage_users)
    table = _table(content)
    known = {user.username: user for user in session.scalars(select(User))}
    seen: dict[str, int] = {}
    return Plan(tuple(_judged(line, cells, known, seen) for line, cells in table))


def carry_out(
    session: Session, viewer: Viewer, content: bytes, progress: Callable[[int, int], object] = lambda done, of: None
) -> list[Made]:
    """Make every account of the file, or none. Raises Invalid while a row is refused.

    The codes are random enough to need no guessing; they are hashed like passwords all the same, on all cores.
    ``progress`` is told (done, of) while that takes its time.
    """
    wanted = plan(session, viewer, content)
    _all_good(wanted)
    codes = [passwords.one_time_code() for _ in wanted.of(Fate.add)]
    hashes: list[str] = []
    with ThreadPoolExecutor() as pool:
        for hashed in pool.map(passwords.hashed, codes):
            hashes.append(hashed)
            progress(len(hashes), len(codes))
    with write(session, viewer, Permission.manage_users, "import users", Scope.setup) as note:
        wanted = plan(session, viewer, content)  # anew, in the transaction: somebody may have been faster
        _all_good(wanted)
        made = [
            Made(row.username, row.name, Role(row.role), code)
            for row, code in zip(wanted.of(Fate.add), codes, strict=False)
        ]
        for row, one, hashed in zip(wanted.of(Fate.add), made, hashes, strict=False):
            user = User(
                username=one.username,
                name=one.name,
                email=row.email or None,
                role=one.role,
                staff_id=staff_for(session, viewer, one.role, one.name),
                password_hash=hashed,
                must_change=True,
                created_at=wall_clock(),
                password_set_at=wall_clock(),
            )
            session.add(user)
            if one.role in DESK_ROLES:
                session.flush()  # the next one must not be tied to the same member of staff
        note.subject = f"{len(made)} accounts"
        note.detail = {"usernames": [one.username for one in made], "there": len(wanted.of(Fate.there))}
    return made


def codes_csv(made: Sequence[Made]) -> str:
    """The list to hand out: username, name, one-time code. A cell that a spreadsheet would run is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["username", "name", "role", "one_time_code"])
    for one in made:
        writer.writerow([harmless(cell) for cell in (one.username, one.name, one.role.value, one.code)])
    return out.getvalue()


def _all_good(wanted: Plan) -> None:
    if refused := wanted.of(Fate.refused):
        first = refused[0]
        others = f" (and {len(refused) - 1:,} more rows)" if len(refused) > 1 else ""
        raise Invalid({"file": f"Line {first.line}: {first.why}{others} Nothing was added. Mend the file, or leave "
                               "these rows out, and try again."})  # fmt: skip


def _table(content: bytes) -> list[tuple[int, Mapping[str, str]]]:
    """(line, field → cell) of every row that is not blank."""
    text = _decoded(content)
    try:
        dialect = csv.Sniffer().sniff(text.splitlines()[0] if text.strip() else "", ",;\t|")
        delimiter = dialect.delimiter
    except csv.Error:
        delimiter = ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise Unreadable(f"This is not a CSV file that can be read ({error}). Nothing was stored.") from None
    if not lines:
        raise Unreadable("The file is empty. Its first line names the columns: username,name,role,email.")
    names = [_HEADERS.get(fold(cell), "") for cell in lines[0][1]]
    if "name" not in names and "last" not in names and "username" not in names:
        found = ", ".join(cell.strip() for cell in lines[0][1])[:80]
        raise Unreadable(
            f"The first line must name the columns, like username,name,role,email; it is “{found}”. Nothing was stored."
        )
    if len(lines) - 1 > MOST_ROWS:
        raise Unreadable(f"The file has {len(lines) - 1:,} rows; {MOST_ROWS:,} fit. Split it. Nothing was stored.")
    return [
        (line, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name})
        for line, cells in lines[1:]
    ]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("The file is neither UTF-8 nor Windows text. Save it as CSV UTF-8 and try again.")


def _judged(line: int, cells: Mapping[str, str], known: Mapping[str, User], seen: dict[str, int]) -> Row:
    name = cells.get("name") or " ".join(part for part in (cells.get("first"), cells.get("last")) if part)
    name = " ".join(name.replace("\0", "").split())  # a name of two lines is one name
    email = cells.get("email", "")
    username = (cells.get("username") or _made_up(name, email)).lower()
    typed_role = cells.get("role", "")
    try:
        role = role_named(typed_role) if typed_role else Role.officer
        form = checked(NewUser, {"username": username, "name": name, "email": email, "role": role})
    except Invalid as error:
        return Row(line, Fate.refused, username, name, typed_role, email, " ".join(error.errors.values()))
    found: dict[str, Any] = {"username": form.username, "name": form.name, "role": role.value, "email": email}
    if (before := seen.setdefault(form.username, line)) != line:
        return Row(line, Fate.refused, **found, why=f"“{form.username}” stands on line {before} already.")
    if user := known.get(form.username):
        other = f" Its role is {user.role.value} and stays so." if user.role is not role else ""
        return Row(line, Fate.there, **found, why=f"There is an account “{user.username}” ({user.name}).{other}")
    return Row(line, Fate.add, **found)


def _made_up(name: str, email: str) -> str:
    """A username out of the e-mail address, else “Jo Anne Rivera” → “jrivera”."""
    if "@" in email:
        return email.partition("@")[0]
    words = fold(name).split()
    return (words[0][:1] + words[-1]) if len(words) > 1 else "".join(words)
