"""``tandem init | demo | run``: a real pilot, the demo city, the server."""

import getpass
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from dashboard.shell import revisions
from db import access, engine, migrate, settings
from db.engine import aggregate_session, data_version, lift_versions
from db.errors import Conflict, Setup
from db.models import Pilot


def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Make an existing demo city anew.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the reset.")] = False,
) -> None:
    """Make the demo city, without serving it. Everybody in it is fictional.

    tandem demo
    tandem demo --reset
    TANDEM_TODAY=2026-11-14 tandem demo --reset --yes
    """
    bind = prepared()
    there = the_pilot_or_none(bind)
    if there is not None and not there.is_demo:
        raise Conflict(
            f"This database holds the real pilot “{there.name}”; the demo city never replaces it. "
            "Set TANDEM_HOME to another folder for the demo: TANDEM_HOME=~/tandem-demo tandem demo"
        )
    if there is not None and not reset:
        raise Conflict("The demo city is there already. To make it anew and lose what was entered: tandem demo --reset")
    if there is not None:
        sure = yes or typer.confirm("Make the demo city anew? What was entered in it is lost.")
        if not sure:
            raise typer.Exit(1)
        versions = data_version(bind)
        migrate.wipe(bind)
        migrate.upgrade(bind)
        lift_versions(bind, versions)
    print(make_demo(bind))


def run(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    with_demo: Annotated[bool, typer.Option("--demo", help="Make the demo city where there is no pilot.")] = False,
) -> None:
    """Serve Tandem, on this machine only unless --host says otherwise.

    tandem run
    tandem run --port 8600
    tandem run --host 0.0.0.0      (behind a reverse proxy with HTTPS: see the README)
    """
    free_port(host, port)
    bind = prepared()
    pilot = the_pilot_or_none(bind)
    if pilot is None and with_demo:
        print("Making the demo city (a few seconds, this once) …", flush=True)
        make_demo(bind)
        pilot = the_pilot_or_none(bind)
    if pilot is None:
        raise Setup(
            "There is no pilot yet. Run “tandem init” for a real one, or “tandem run --demo” for the demo city."
        )
    print(greeting(pilot, host, port), flush=True)
    bind.dispose()
    serve(host, port)


def prepared() -> Engine:
    """The configured database, brought to the newest schema. Raises Setup when it cannot be reached."""
    bind = engine.engine()
    present, newest = revisions(bind)
    if present != newest:
        migrate.upgrade(bind)
    if present not in (None, newest):
        print(f"The database was brought from schema {present} to {newest}.")
    return bind


def the_pilot_or_none(bind: Engine) -> Pilot | None:
    with aggregate_session(bind) as session:
        return session.get(Pilot, 1)


def make_demo(bind: Engine) -> str:
    """Fill an empty database with the fictional city; returns what to say about it."""
    import seed
    from dashboard.shell.demo_meetings import add_meetings  # measures are slow to load, and a server needs none
    from seed.story import ZONE

    today = settings.load().today(ZONE)
    counts = seed.build(bind, today)
    add_meetings(bind, today)
    return f"Harbor, a fictional city, is ready: {counts}.\n{sign_ins()}"


def sign_ins() -> str:
    import seed

    return f"Sign in as {', '.join(name for name, *_ in seed.ACCOUNTS)}; the password of each is {seed.PASSWORD}"


def greeting(pilot: Pilot, host: str, port: int) -> str:
    """What the shell says before the server's own lines."""
    local = host in ("127.0.0.1", "localhost", "::1")
    lines = [f"{pilot.name}: http://{'localhost' if local else host}:{port} (Ctrl+C stops it)"]
    if not local:
        lines.append(
            "Others on this network can reach it. Put HTTPS in front of it before anybody signs in: see README."
        )
    if pilot.is_demo:
        lines.append(f"Demo city: all people are fictional. {sign_ins()}")
    return "\n".join(lines)


def free_port(host: str, port: int) -> None:
    """Raise Setup, with the way out, when nobody can listen there."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Setup(f"“{host}” is no address of this machine. Use 127.0.0.1 (this machine only) or 0.0.0.0.") from None
    with socket.socket(kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except PermissionError:
            raise Setup(f"Port {port} needs more rights than you have. Choose one above 1023: PORT=8502.") from None
        except OSError as error:
            if error.errno == 98 or "in use" in str(error):
                raise Setup(
                    f"Port {port} is in use. Stop what runs there, or choose another: "
                    f"make run PORT={port + 1} (or tandem run --port {port + 1})."
                ) from None
            raise Setup(f"“{host}” is no address of this machine. Use 127.0.0.1 or 0.0.0.0.") from None


def serve(host: str, port: int) -> None:
    """Become the server's process: signals reach it as they are."""
    os.chdir(settings.PROJECT)  # where .streamlit/config.toml stands
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(settings.PROJECT), os.environ.get("PYTHONPATH")]))
    entry = Path("dashboard") / "server.py"
    options = ["--server.address", host, "--server.port", str(port), "--server.headless", "true"]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(entry), *options])


def shell_user(zone: str) -> access.Viewer:
    """Whoever sits at this shell, before there is a pilot."""
    clock = settings.load()
    return access.shell_viewer(getpass.getuser(), now=clock.now(), today=clock.today(zone))
