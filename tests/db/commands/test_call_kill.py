"""A process killed in the middle of an import leaves the database as before or as after, never between."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, inspect, select, text

from db.engine import aggregate_session, engine_for
from db.models import AuditEntry, Base
from tests.conftest import add_small_pilot, fresh_postgres

FIRST, SECOND, SHARED = 4_000, 23_000, 2_000
"""Calls of two exports. The second outweighs what is there, so that indexes are dropped and made anew on the way."""
CHILD = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from db import access
from db.cad.mapping import parse_mapping
from db.commands.calls import import_calls
from db.engine import engine_for, record_session
bind = engine_for(sys.argv[1])
who = access.shell_viewer("kill", now=datetime(2026, 11, 14, 15, tzinfo=UTC), today=date(2026, 11, 14))
mapping = parse_mapping("received=When,type=Kind,incident=No,location=Street,unit=Unit,arrived=There")
def told(stage, done, of):
    print(stage, flush=True)
with record_session(bind, who) as session:
    import_calls(session, who, Path(sys.argv[2]), mapping, progress=told)
print("done", flush=True)
"""


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
    with aggregate_session(bind) as session:
        for table in sorted(Base.metadata.tables.values(), key=lambda t: t.name):
            if table.name != AuditEntry.__tablename__:  # it tells the real time
                rows = sorted(map(repr, map(tuple, session.execute(select(*table.columns)))))
                seen.update(f"{table.name} {rows}".encode())
        if bind.dialect.name == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    indexes = [inspect(bind).get_indexes(name) for name in ("call", "call_unit")]
    seen.update(repr(sorted(str(index["name"]) for each in indexes for index in each)).encode())
    bind.dispose()
    return seen.hexdigest()


def child(bind: Engine, file: Path) -> subprocess.Popen[str]:
    url = bind.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(file)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def loaded(bind: Engine, file: Path) -> tuple[float, float]:
    """Load undisturbed: (seconds until reading began, seconds until all was done)."""
    start, begun = time.monotonic(), 0.0
    with child(bind, file) as loading:
        assert loading.stdout
        for _ in loading.stdout:
            begun = begun or time.monotonic() - start
    assert loading.returncode == 0
    return begun, time.monotonic() - start


def killed(bind: Engine, file: Path, after: float) -> bool:
    """Start to load, and kill it after so many seconds. Whether it was killed before it was done."""
    loading = child(bind, file)
    try:
        loading.wait(after)
    except subprocess.TimeoutExpired:
        loading.send_signal(signal.SIGKILL)
    return loading.wait() != 0


def a_copy(path: Path, of: Path) -> Engine:
    shutil.copy(of, path)
    return engine_for(f"sqlite:///{path}")


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.torture)], ids=["a few", "a hundred"])
def test_a_killed_import_leaves_all_or_nothing(sqlite_template: Path, tmp_path: Path, times: int) -> None:
    ready = tmp_path / "ready.db"
    bind = a_copy(ready, sqlite_template)
    add_small_pilot(bind)
    loaded(bind, export(tmp_path / "first.csv", 0, FIRST))
    before = state(bind)
    second = export(tmp_path / "second.csv", FIRST - SHARED, SECOND)
    whole = a_copy(tmp_path / "whole.db", ready)
    begun, done = loaded(whole, second)
    after = state(whole)
    assert after != before
    draw, midway = Random(times), 0
    for number in range(times):
        path = tmp_path / f"{number}.db"
        bind = a_copy(path, ready)
        early = killed(bind, second, begun + draw.random() * (done - begun))
        found = state(bind)
        assert found in ((before, after) if early else (after,))
        midway += found == before
        for file in tmp_path.glob(f"{path.name}*"):
            file.unlink()
    assert midway, "every kill came too late to prove anything"


@pytest.mark.torture
@pytest.mark.postgres
def test_a_killed_import_leaves_nothing_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    for bind in fresh_postgres(postgres_url):
        add_small_pilot(bind)
        begun, done = loaded(bind, export(tmp_path / "first.csv", 0, FIRST))
        before = state(bind)
        second = export(tmp_path / "second.csv", FIRST - SHARED, SECOND)
        draw = Random(1)
        for _ in range(20):
            if not killed(bind, second, begun + draw.random() * (done - begun)):
                break
            time.sleep(0.5)  # until the server has seen that its client is gone
            assert state(bind) == before
