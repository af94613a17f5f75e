"""A process killed in the middle of an import leaves the database as before or as after, never between."""

import hashlib
import multiprocessing
import signal
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, inspect, text

from db import access
from db.cad.mapping import parse_mapping
from db.commands.calls import import_calls
from db.engine import engine_for, record_session
from db.models import AuditEntry, Base
from tests.conftest import NOW, add_small_pilot, fresh_postgres, fresh_sqlite

FIRST, SECOND, SHARED = 4_000, 23_000, 2_000
"""Calls of two exports. The second outweighs what is there, so that indexes are dropped and made anew on the way."""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
MAPPING = "received=When,type=Kind,incident=No,location=Street,unit=Unit,arrived=There"


def load(url: str, file: Path, told: Connection) -> None:
    """In a process of its own: load the file, with a message for each step of progress."""
    viewer = access.shell_viewer("kill", now=NOW, today=NOW.date())
    with record_session(engine_for(url), viewer) as session:
        import_calls(session, viewer, file, parse_mapping(MAPPING), progress=lambda *step: told.send(step))


def export(path: Path, first: int, calls: int) -> Path:
    """An export of ``calls`` calls from a number on; calls that two of them share they tell otherwise."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write("No,When,Kind,Street,Unit,There\n")
        for k in range(first, first + calls):
            moment = f"{start + timedelta(minutes=23 * k):%Y-%m-%d %H:%M:%S}"
            kind = ("MENTAL SUBJECT", "NOISE", "ODD")[(k + first) % 3]
            file.write(f"N{k:07},{moment},{kind},{k % 900} Oak,U{(k + first) % 9},{moment}\n")
    return path


def state(bind: Engine) -> str:
    """A fingerprint of all that is stored, and of the indexes."""
    seen = hashlib.sha256()
    with bind.connect() as connection:
        for name in sorted(Base.metadata.tables.keys() - {AuditEntry.__tablename__}):  # it tells the real time
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"')  # noqa: S608 (a table of ours)
            seen.update(f"{name} {sorted(map(repr, rows))}".encode())
        if bind.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    indexes = [inspect(bind).get_indexes(name) for name in ("call", "call_unit")]
    seen.update(repr(sorted(str(index["name"]) for each in indexes for index in each)).encode())
    bind.dispose()
    return seen.hexdigest()


@contextmanager
def loading(bind: Engine, file: Path) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process that loads, and where it tells its progress. It is forked from one that has imported everything."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=load, args=(_address(bind), file, theirs))
    process.start()
    theirs.close()
    with ours:
        yield process, ours
    process.join()


def loaded(bind: Engine, file: Path) -> list[float]:
    """Load undisturbed: when each step of progress was told, in seconds since the start; the last is the end."""
    start, steps = time.monotonic(), list[float]()
    with loading(bind, file) as (process, told):
        with suppress(EOFError):
            while told.recv():
                steps.append(time.monotonic() - start)
        process.join()
        steps.append(time.monotonic() - start)
    assert process.exitcode == 0
    return steps


def killed(bind: Engine, file: Path, steps: int, wait: float) -> bool:
    """Start to load, and kill it so many seconds after so many steps of progress. Whether that was before its end."""
    with loading(bind, file) as (process, told):
        for _ in range(steps):
            told.recv()
        process.join(wait)
        process.kill()
    return process.exitcode == -signal.SIGKILL


Databases = Callable[[Engine | None], AbstractContextManager[Engine]]
"""A database of one's own for as long as it is open: a copy of one that nobody has open, or an empty one."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    if request.param == "postgres":
        empty = request.getfixturevalue("postgres_url")
        return lambda of: contextmanager(fresh_postgres)(_address(of) if of else empty)

    @contextmanager
    def copied(of: Engine | None) -> Iterator[Engine]:
        template = Path(of.url.database or "") if of else request.getfixturevalue("sqlite_template")
        with TemporaryDirectory(dir=tmp_path) as folder:
            yield from fresh_sqlite(template, Path(folder))

    return copied


def _address(bind: Engine) -> str:
    return bind.url.render_as_string(hide_password=False)


def left_alone(bind: Engine) -> None:
    """Wait until the server has seen that its client is gone: until then it works on."""
    if bind.dialect.name == "sqlite":
        return
    others = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()")
    with bind.connect() as connection:
        for _ in range(600):
            if not connection.execute(others, {"name": bind.url.database}).scalar_one():
                break
            connection.rollback()
            time.sleep(0.05)
        else:
            pytest.fail("the server works on half a minute after its client was killed")
    bind.dispose()


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.torture)], ids=["a few", "a hundred"])
def test_a_killed_import_leaves_all_or_nothing(database: Databases, tmp_path: Path, times: int) -> None:
    second = export(tmp_path / "second.csv", FIRST - SHARED, SECOND)
    with database(None) as ready:
        add_small_pilot(ready)
        loaded(ready, export(tmp_path / "first.csv", 0, FIRST))
        before = state(ready)
        with database(ready) as whole:
            steps = loaded(whole, second)
            after = state(whole)
        assert after != before
        draw, found = Random(times), list[str]()
        for _ in range(times):
            with database(ready) as bind:
                moment = draw.uniform(steps[0], steps[-1])
                seen = bisect_right(steps, moment)
                early = killed(bind, second, seen, moment - steps[seen - 1])
                left_alone(bind)
                found.append(state(bind))
                assert found[-1] in ((before, after) if early else (after,))
    assert before in found, "every kill came too late to prove anything"
