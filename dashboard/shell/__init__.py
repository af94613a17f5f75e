"""The ``tandem`` command, one file a noun; ``dashboard.cli`` puts them together."""

import getpass

from sqlalchemy import Engine

from db import access, engine, migrate, settings
from db.engine import aggregate_session
from db.errors import Setup
from db.models import Pilot
from db.pilot import the_pilot


def opened() -> tuple[Engine, Pilot, access.Viewer]:
    """The configured database, its pilot, and the person at this shell. Raises Setup where one is missing."""
    bind = engine.engine()
    present, newest = migrate.revisions(bind)
    if present is None:
        raise Setup(
            "There is no Tandem database yet. Run “tandem init” for a real pilot or “tandem demo” for the demo city."
        )
    if present != newest:
        raise Setup(f"The database is at schema {present}, this version needs {newest}. Run “tandem doctor --fix”.")
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    clock = settings.load()
    return bind, pilot, access.shell_viewer(getpass.getuser(), now=clock.now(), today=clock.today(pilot.time_zone))
