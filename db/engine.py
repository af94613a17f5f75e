"""Engines and sessions, SQLite's pragmas, the change counters.

``record_session(engine, viewer)`` is what pages and commands use. ``aggregate_session(engine)`` is for
``compute()`` and for the program itself (sign-in, seed, CLI set-up); nothing else opens it.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, create_engine, event, false, select, update
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.base import ExecutableOption

from db import access, settings
from db.errors import Setup
from db.models import Change
from db.vocab import Scope


@cache
def engine_for(url: str) -> Engine:
    """The process's one engine for ``url``. An embedded database's folder and file are made when missing.

    What a statement carried (a name, before it is encrypted) stands in no error and so in no log.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 5}, pool_size=10, max_overflow=30, hide_parameters=True)
        if engine.url.database:
            file = settings.Path(engine.url.database)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)  # its owner's alone, as SQLite's side files then are
            except OSError as error:
                raise Setup(
                    f"The database {file} cannot be made ({error.strerror}). Point TANDEM_HOME at a folder of your own."
                ) from None
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30, hide_parameters=True)


def engine() -> Engine:
    """The engine of the configured database. Raises Setup for an address that names none Tandem can use."""
    try:
        return engine_for(settings.load().database_url)
    except (ArgumentError, ModuleNotFoundError):
        raise Setup(
            "DATABASE_URL is not the address of a database Tandem can use. "
            "Write postgresql://user:password@host/name, or unset it for the embedded one."
        ) from None


@contextmanager
def to_try_on(bind: Engine) -> Iterator[Engine]:
    """An engine on which something long is written that is rolled back: nobody else who saves waits for it.

    SQLite has one lock for all who write, so there it is a private copy, in a file without a name that SQLite
    removes by itself. On PostgreSQL rows are locked one by one, and it is ``bind``.
    """
    if bind.dialect.name != "sqlite":
        yield bind
        return
    copy = sqlite3.connect("", check_same_thread=False)
    try:
        with bind.connect() as source:
            source.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
        engine = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        yield engine
    finally:
        copy.close()


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL and reads are transactional
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    writer = connection.get_execution_options().get("tandem_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def record_session(bind: Engine, viewer: access.Viewer | None) -> Session:
    """A session whose every ORM select carries the viewer's row criteria."""
    return Session(bind, info={"viewer": viewer}, expire_on_commit=False)


def aggregate_session(bind: Engine) -> Session:
    """A session that sees all rows. Read the module's first lines before you open one."""
    return Session(bind, info={"all_rows": True}, expire_on_commit=False)


@event.listens_for(Session, "do_orm_execute")
def _lock_rows(state: ORMExecuteState) -> None:
    if state.session.info.get("all_rows"):
        return
    if isinstance(state.statement, FromStatement) and isinstance(state.statement.element, TextClause):
        raise RuntimeError("a record session runs no textual SQL: the row criteria could not be added to it")
    if not (state.is_select or state.is_update or state.is_delete):
        return
    if state.is_column_load or state.is_relationship_load:
        return  # the criteria given to the parent select travel to its loads
    state.statement = state.statement.options(*_criteria(state.session))


def _criteria(session: Session) -> tuple[ExecutableOption, ...]:
    """The row criteria of the session's viewer, made once: they are given to every statement."""
    viewer = session.info.get("viewer")
    made_for, criteria = session.info.get("criteria", (None, ()))
    if not criteria or made_for is not viewer:
        criteria = tuple(
            with_loader_criteria(table, false() if viewer is None else criterion(viewer), include_aliases=True)
            for table, criterion in access.ROW_SCOPE.items()
        )
        session.info["criteria"] = (viewer, criteria)
    return criteria


def data_version(bind: Engine) -> Mapping[Scope, int]:
    """The change counters, one per scope: equal versions mean nothing a screen shows has changed."""
    with bind.connect() as connection:
        rows = connection.execute(select(Change.scope, Change.version)).all()
    return {row.scope: row.version for row in rows}


def lift_versions(bind: Engine, above: Mapping[Scope, int]) -> None:
    """Set each counter past ``above``: a database made anew must not repeat a version that screens have cached."""
    with bind.connect().execution_options(tandem_writer=True) as connection, connection.begin():
        for scope, version in above.items():
            connection.execute(update(Change).where(Change.scope == scope).values(version=version + 1))


def raise_version(session: Session, *scopes: Scope) -> None:
    """Raise the counters, last in the transaction: on PostgreSQL each is one hot row."""
    session.flush()
    for scope in sorted(scopes):
        session.execute(update(Change).where(Change.scope == scope).values(version=Change.version + 1))
