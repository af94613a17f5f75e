"""Bring a database to the newest schema, or say where it stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, insert, select, text

from db.models import Base, Change
from db.vocab import Scope


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run what is missing up to ``revision``, all or nothing; at the newest each change counter has its row."""
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:  # batch operations rebuild tables; the keys are checked as a whole afterwards
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]
            connection = connection.execution_options(tandem_writer=True)
        with connection.begin():
            command.upgrade(_config(connection), revision)
            known = set(connection.scalars(select(Change.scope)))
            for scope in Scope if revision == "head" else ():  # an earlier schema has not all of them
                if scope not in known:
                    connection.execute(insert(Change).values(scope=scope, version=0))
            if sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(f"the migration would break {len(broken)} references, first: {broken[0]}")
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[attr-defined]


def wipe(engine: Engine) -> None:
    """Drop every table of the schema, in one transaction. The caller has asked, and made sure that it is a demo."""
    with engine.connect().execution_options(tandem_writer=True) as connection, connection.begin():
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def revisions(engine: Engine) -> tuple[str | None, str | None]:
    """(the database's revision, the newest one); the first is None for an empty database."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present, ScriptDirectory.from_config(_config()).get_current_head()


def make_revision(engine: Engine, number: str, message: str) -> None:
    """Write migration ``number`` ("0002") from the difference between models and database, for developers.

    Autogenerate does not see CHECK constraints of existing tables: add those by hand.
    """
    with engine.connect() as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)
