"""``tandem user …``: accounts from a shell. A password comes by prompt or standard input, never by a flag."""

import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated, TextIO

import typer

from dashboard.shell import opened
from db import vocab
from db.commands import user_import, users
from db.commands.signin import Rules
from db.engine import record_session
from db.errors import Conflict, Unreadable
from db.forms import checked
from db.forms.users import NewUser

app = typer.Typer(help="Who may sign in.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="The account's username.", show_default=False)]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, its first line.")
]


@app.command()
def add(
    username: Username,
    role: Annotated[str, typer.Option(help="One of " + ", ".join(r.value for r in vocab.Role) + ".")],
    name: Annotated[str, typer.Option(help="The person's name, as colleagues know it.")] = "",
    email: Annotated[str, typer.Option(help="For notices; optional.")] = "",
    password_stdin: FromStdin = False,
    code: Annotated[bool, typer.Option("--code", help="No password: print a one-time code to hand over.")] = False,
) -> None:
    """Make an account. An empty password makes a one-time code, to be changed at the first sign-in.

    tandem user add jrivera --role clinician --name "J. Rivera"
    tandem user add mchen --role finance --name "M. Chen" --code
    pass show tandem/mchen | tandem user add mchen --role finance --name "M. Chen" --password-stdin
    """
    bind, _, viewer = opened()
    password = None if code else _password(password_stdin)
    form = checked(
        NewUser,
        {
            "username": username,
            "name": name or username,
            "email": email,
            "role": users.role_named(role),
            "password": password,
        },
    )
    with record_session(bind, viewer) as session:
        user, made = users.add(session, viewer, form)
    print(f"Added {user.username} ({vocab.label(user.role)}).")
    _show_code(made)


@app.command("list")
def list_() -> None:
    """List all accounts: username, role, state, last sign-in, name."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        listed = users.list_users(session, viewer)
    width = max([8, *(len(entry.user.username) for entry in listed)])
    print(f"{'username':<{width}}  {'role':<14}{'state':<22}{'last sign-in (UTC)':<20}name")
    for entry in listed:
        user = entry.user
        last = f"{user.last_sign_in_at:%Y-%m-%d %H:%M}" if user.last_sign_in_at else "never"
        print(f"{user.username:<{width}}  {user.role.value:<14}{entry.state:<22}{last:<20}{user.name}")


@app.command()
def disable(username: Username) -> None:
    """Disable an account; whoever is signed in with it is out at once."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        print(f"Disabled {users.set_active(session, viewer, username, False).username}.")


@app.command()
def enable(username: Username) -> None:
    """Enable a disabled account."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        print(f"Enabled {users.set_active(session, viewer, username, True).username}.")


@app.command()
def unlock(username: Username) -> None:
    """Release an account that failed sign-ins locked."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        print(f"Unlocked {users.unlock(session, viewer, username).username}.")


@app.command("reset-password")
def reset_password(username: Username, password_stdin: FromStdin = False) -> None:
    """Print a one-time code that replaces a forgotten password and must be changed at the next sign-in.

    tandem user reset-password jrivera
    tandem user reset-password jrivera --password-stdin < password.txt      (sets that password instead)
    """
    bind, _, viewer = opened()
    password = _first_line() if password_stdin else None
    with record_session(bind, viewer) as session:
        code = users.reset_password(session, viewer, username, password)
    print(f"Reset the password of {username}; all its sessions have ended.")
    _show_code(code)


@app.command("reset-second-factor")
def reset_second_factor(username: Username) -> None:
    """Forget a lost telephone; the next sign-in enrols a new one."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        print(f"{users.reset_second_factor(session, viewer, username).username} enrols anew at the next sign-in.")


@app.command("set-role")
def set_role(username: Username, role: Annotated[str, typer.Argument(help="The new role.")]) -> None:
    """Give an account another role; its sessions end."""
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        user = users.set_role(session, viewer, username, users.role_named(role))
    print(f"{user.username} is now {vocab.label(user.role)}.")


@app.command("set-email")
def set_email(
    username: Username, email: Annotated[str, typer.Argument(help="The address; empty removes it.")] = ""
) -> None:
    """Set where notices to an account go.

    tandem user set-email jrivera jrivera@example.gov
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        user = users.set_email(session, viewer, username, email)
    print(f"Notices to {user.username} go to {user.email or 'nobody: no address'}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with a header: username,name,role,email.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge every row; store nothing.")] = False,
    codes: Annotated[
        Path | None, typer.Option(help="Where to write the one-time codes; a new file, its owner's alone.")
    ] = None,
) -> None:
    """Make an account for every row of a CSV file, or for none. Accounts that exist are left as they are.

    Columns in any order: username, name, role, email. Only the name is needed; without a role it is an officer.

    tandem user import officers.csv --dry-run
    tandem user import officers.csv --codes codes.csv
    """
    bind, _, viewer = opened()
    content = _content(file)
    with record_session(bind, viewer) as session:
        plan = user_import.plan(session, viewer, content)
    for row in plan.rows:
        if row.fate is not user_import.Fate.add:
            print(f"line {row.line}: {row.fate.value}: {row.why}")
    if dry_run:
        print(f"{plan}. Nothing was stored.")
        raise typer.Exit(1 if plan.of(user_import.Fate.refused) else 0)
    if codes is None and plan.of(user_import.Fate.add) and sys.stdout.isatty():
        print("The one-time codes are printed below. --codes FILE writes them to a file instead.")
    out = _new_file(codes) if codes is not None else sys.stdout
    try:
        with record_session(bind, viewer) as session:
            made = user_import.carry_out(session, viewer, content)
        if made:
            out.write(user_import.codes_csv(made))
    except BaseException:
        if codes is not None:
            codes.unlink(missing_ok=True)
        raise
    finally:
        if codes is not None:
            out.close()
    one = len(made) == 1
    kept = "Its one-time code is" if one else "Their one-time codes are"
    told = f" {kept} in {codes}: {'it works' if one else 'they work'} for 72 hours." if codes and made else ""
    there = len(plan.of(user_import.Fate.there))
    print(f"Added {len(made):,} account{'' if one else 's'}; {there:,} were there already.{told}")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file} cannot be read ({error.strerror}). Nothing was stored.") from None


def _new_file(path: Path) -> TextIO:
    """A file that was not there before and that only its owner can read: it will hold codes."""
    try:
        return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="")
    except FileExistsError:
        raise Conflict(f"{path} is there already and is not overwritten. Choose another name for --codes.") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be written ({error.strerror}). Nothing was stored.") from None


@app.command()
def rules(
    name: Annotated[str, typer.Argument(help="The rule to change; without it all are shown.")] = "",
    value: Annotated[str, typer.Argument(help="Its new value.")] = "",
) -> None:
    """Show or change the numbers of signing in.

    tandem user rules
    tandem user rules idle_minutes 20
    tandem user rules second_factor off
    """
    bind, pilot, viewer = opened()
    now = Rules.of(pilot)
    if name:
        with record_session(bind, viewer) as session:
            now = users.set_rule(session, viewer, name, value)
    for field in fields(now):
        print(f"{field.name:<28}{_told(getattr(now, field.name))}")


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, tuple) else str(value).lower()


def _password(from_stdin: bool) -> str | None:
    """What was typed twice or piped in; None when it was left empty."""
    if from_stdin or not sys.stdin.isatty():
        if piped := _first_line():
            return piped
        if from_stdin:
            raise Unreadable("Standard input was empty: no password came. Nothing was changed.")
        return None
    typed = typer.prompt(
        "Password (12 to 64 characters; empty for a one-time code)",
        default="",
        hide_input=True,
        confirmation_prompt=True,
        show_default=False,
    )
    return typed or None


def _first_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _show_code(code: str | None) -> None:
    if code:
        print(f"One-time code: {code}\nIt is shown only now, works for 72 hours, and must be changed at the sign-in.")
