"""``tandem doctor``: what is right, what is wrong, and what to do about it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy import Engine, func, select, text

from dashboard.shell import revisions
from db import engine, mail, migrate, settings
from db.commands import notices
from db.engine import aggregate_session
from db.errors import Setup
from db.models import Identity, InterventionNote, Pilot, User
from db.vocab import Role


class State(StrEnum):
    fine = "ok"
    note = "note"
    wrong = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``wrong`` alone makes the exit code 1."""

    state: State
    subject: str
    sentence: str


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended: schema, permissions of files.")] = False,
) -> None:
    """Look at database, schema, secret, clock and helpers; say what to do. Exit code 1 when something is wrong.

    tandem doctor

    tandem doctor --fix
    """
    findings = list(examine(fix))
    for finding in findings:
        print(f"{finding.state:<6} {finding.subject:<9} {finding.sentence}")
    wrong = sum(finding.state is State.wrong for finding in findings)
    if wrong:
        print(f"\n{wrong} to mend.")
        raise typer.Exit(1)


def examine(fix: bool) -> Iterator[Finding]:
    """Every check in turn; what needs the database is left out when it cannot be reached."""
    known = settings.load()
    bind = engine.engine()
    yield from _secret(known, fix)
    reached = yield from _database(bind, fix)
    yield from _clock(known, bind if reached else None)
    if reached:
        yield from _content(bind)
    yield from _notices(bind if reached else None)
    yield from _outside(known)
    yield from _helpers()


def _outside(known: settings.Settings) -> Iterator[Finding]:
    """Where providers reach the links on referral slips."""
    if known.public_url is None:
        yield Finding(State.fine, "links", "outside access is off: slips have no link (TANDEM_PUBLIC_URL is not set)")
        return
    parts = urlsplit(known.public_url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield Finding(State.wrong, "links", f"{known.public_url} is not encrypted: use https:// in TANDEM_PUBLIC_URL.")
    else:
        yield Finding(State.fine, "links", f"providers answer at {known.public_url}/c/…")
    if known.desk_phone is None:
        yield Finding(State.note, "links", "Slips name no number to call: set TANDEM_DESK_PHONE.")


def _database(bind: Engine, fix: bool) -> Iterator[Finding]:
    """Yields findings; returns whether the schema is there to look further."""
    try:
        present, newest = revisions(bind)
    except Setup as error:
        yield Finding(State.wrong, "database", str(error))
        return False
    place = bind.url.render_as_string(hide_password=True)
    yield Finding(State.fine, "database", place)
    if present != newest and present is not None and fix:
        migrate.upgrade(bind)
        yield Finding(State.fine, "schema", f"brought from {present} to {newest}")
    elif present is None:
        yield Finding(
            State.wrong, "schema", "There is none yet: run “tandem init” (real) or “tandem demo” (fictional)."
        )
        return False
    elif present != newest:
        yield Finding(State.wrong, "schema", f"It is {present}, this version needs {newest}: tandem doctor --fix")
        return False
    else:
        yield Finding(State.fine, "schema", f"{present}, the newest")
    if bind.dialect.name == "sqlite" and bind.url.database:
        yield from _file(Path(bind.url.database), "database", fix)
        yield from _sound(bind)
    return True


def _sound(bind: Engine) -> Iterator[Finding]:
    with bind.connect() as connection:
        said = connection.execute(text("PRAGMA quick_check")).scalar()
        broken = len(connection.execute(text("PRAGMA foreign_key_check")).all())
    if said != "ok" or broken:
        yield Finding(
            State.wrong, "database", f"The file is damaged ({said}; {broken} broken references). Restore a backup."
        )


def _file(path: Path, subject: str, fix: bool) -> Iterator[Finding]:
    """A file with other people's lives in it is its owner's alone."""
    if os.name != "posix" or not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        yield Finding(State.fine, subject, f"{path.name} can be read by its owner only")
    elif fix:
        path.chmod(0o600)
        yield Finding(State.fine, subject, f"{path.name}: permissions set from {mode:o} to 600")
    else:
        yield Finding(
            State.wrong, subject, f"{path} can be read by others ({mode:o}): tandem doctor --fix, or chmod 600"
        )


def _secret(known: settings.Settings, fix: bool) -> Iterator[Finding]:
    try:
        length = len(known.secret)
    except Setup as error:
        yield Finding(State.wrong, "secret", str(error))
        return
    if os.environ.get("TANDEM_SECRET"):
        yield Finding(State.fine, "secret", "TANDEM_SECRET is set. Keep a copy apart from the database's backups.")
    elif length < 32:
        yield Finding(State.wrong, "secret", f"{known.home / 'secret.key'} is too short: restore it from its backup.")
    else:
        yield from _file(known.home / "secret.key", "secret", fix)
        yield Finding(State.note, "secret", "Without secret.key no name or note can be read: keep a copy of it apart.")


def _clock(known: settings.Settings, bind: Engine | None) -> Iterator[Finding]:
    pilot = None
    if bind is not None:
        with aggregate_session(bind) as session:
            pilot = session.get(Pilot, 1)
    zone = pilot.time_zone if pilot else "UTC"
    if known.pretended_today is None:
        yield Finding(State.fine, "clock", f"{known.now():%Y-%m-%d %H:%M} UTC; today is {known.today(zone)} in {zone}")
    elif pilot and not pilot.is_demo:
        yield Finding(
            State.wrong, "clock", f"TANDEM_TODAY pretends {known.pretended_today} for a real pilot: unset it."
        )
    else:
        yield Finding(State.note, "clock", f"TANDEM_TODAY pretends that today is {known.pretended_today}.")


def _content(bind: Engine) -> Iterator[Finding]:
    with aggregate_session(bind) as session:
        pilot = session.get(Pilot, 1)
        if pilot is None:
            yield Finding(
                State.wrong, "pilot", "There is none yet: run “tandem init” (real) or “tandem demo” (fictional)."
            )
            return
        yield Finding(
            State.fine, "pilot", f"{pilot.name}{' (demo: all people are fictional)' if pilot.is_demo else ''}"
        )
        admins = session.scalar(select(func.count(User.id)).where(User.role == Role.admin, User.active))
        if not admins:
            yield Finding(State.wrong, "accounts", "No active administrator: tandem user add NAME --role admin")
        try:
            for column in (Identity.name, InterventionNote.text):
                session.scalars(select(column).limit(1)).first()
        except Setup as error:
            yield Finding(State.wrong, "secret", str(error))
    if not pilot.is_demo:
        yield Finding(
            State.note,
            "https",
            "Tandem speaks plain HTTP. Others sign in through a reverse proxy with HTTPS: see the README.",
        )


def _notices(bind: Engine | None) -> Iterator[Finding]:
    """E-mail is optional: off is fine, half set up or failing is not."""
    try:
        to = mail.server()
    except Setup as error:
        yield Finding(State.wrong, "notices", str(error))
        return
    if to is None:
        yield Finding(State.fine, "notices", "off: no TANDEM_SMTP is set")
        return
    yield Finding(State.fine, "notices", f"by {to}")
    if not mail.address_of_tandem():
        yield Finding(State.note, "notices", "They hold no link: set TANDEM_URL to where staff open Tandem.")
    if bind is None:
        return
    with aggregate_session(bind) as session:
        for why, count in notices.troubles(session, settings.wall_clock()):
            told = f"{count} of the last seven days {'was' if count == 1 else 'were'} not sent: {why}"
            yield Finding(State.wrong, "notices", told)


def _helpers() -> Iterator[Finding]:
    """What each kind of file needs from the system; nothing else stops without it."""
    from dashboard.export.formats import FORMATS  # what draws and writes is heavy: other commands do without

    missing = {each.key: said for each in FORMATS.values() if (said := each.missing())}
    for sentence in dict.fromkeys(missing.values()):
        yield Finding(State.note, "exports", sentence)
    fine = [each.key for each in FORMATS.values() if each.key not in missing]
    yield Finding(State.fine, "exports", f"can be made here: {', '.join(fine)}")
