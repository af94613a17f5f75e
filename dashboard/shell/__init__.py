"""The ``tandem`` command, one file a noun; ``dashboard.cli`` puts them together."""

import getpass
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from db import access, engine, migrate, settings
from db.engine import aggregate_session
from db.errors import Setup
from db.models import Pilot
from db.pilot import the_pilot


class Format(StrEnum):
    """For people, or for scripts."""

    table = "table"
    json = "json"


class Language(StrEnum):
    """In which the figures are told."""

    en = "en"
    es = "es"


def revisions(bind: Engine) -> tuple[str | None, str | None]:
    """:func:`db.migrate.revisions`, or Setup that says which database did not answer, without its password."""
    try:
        return migrate.revisions(bind)
    except OperationalError as error:
        said = next(iter(str(error.orig).strip().splitlines()), "no answer").rstrip(".")
        place = bind.url.render_as_string(hide_password=True)
        raise Setup(
            f"The database {place} cannot be reached: {said}. Check DATABASE_URL, and that the server runs."
        ) from None


def opened() -> tuple[Engine, Pilot, access.Viewer]:
    """The configured database, its pilot, and the person at this shell. Raises Setup where one is missing."""
    bind = engine.engine()
    present, newest = revisions(bind)
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
