"""How long a load of 318,007 calls takes, against pandas ``read_csv`` + ``to_sql`` of the same file in the same run.

    python -m tests.bench.bench_import [FILE] [--rounds 3]

Each side runs in a process of its own, on a fresh SQLite file, in turns; the best time of each counts and the
peak memory is the operating system's. Without the real export the file is made up, of the same size.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "cad" / "winston_salem_nc_wspd_incident_log.csv"
MAPPING = "received=incident_date_time,type=call_type,incident=case,location=address"
ROWS = 318_007
WANTED = 2.0
MEMORY_MIB = 1024


def made_up(path: Path) -> None:
    """A file of the real one's shape: 90 types, 22,000 addresses, two years."""
    draw = random.Random(1)
    kinds = ["MENTAL SUBJECT", "CHECK ON WELFARE OF PERSON", *(f"TYPE {k}" for k in range(88))]
    start = datetime(2017, 9, 24)  # local, as an export writes it
    with path.open("w") as file:
        file.write("case,call_type,address,incident_date_time\n")
        for number in range(ROWS):
            moment = start + timedelta(minutes=draw.randrange(740 * 1440))
            place = f"{draw.randrange(1, 60)}00  STREET {draw.randrange(370)} ST"
            file.write(f"17{number:06},{draw.choice(kinds)},{place},{moment}\n")


def tandem(path: Path, folder: Path) -> None:
    from db import access, migrate
    from db.cad.mapping import parse_mapping
    from db.cad.rules import install_default_rules
    from db.commands.calls import import_calls
    from db.engine import aggregate_session, engine_for, record_session
    from tests.conftest import add_small_pilot

    bind = engine_for(f"sqlite:///{folder / 'tandem.db'}")
    migrate.upgrade(bind)
    add_small_pilot(bind)
    with aggregate_session(bind) as session:
        install_default_rules(session)
        session.commit()
    viewer = access.shell_viewer("bench", now=datetime(2026, 11, 14, 15, tzinfo=UTC), today=date(2026, 11, 14))
    steps: list[str] = []
    start = time.perf_counter()
    with record_session(bind, viewer) as session:
        report = import_calls(
            session, viewer, path, parse_mapping(MAPPING), progress=lambda stage, done, of: steps.append(stage)
        )
    _tell(time.perf_counter() - start, report.kept, len(steps))


def pandas(path: Path, folder: Path) -> None:
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{folder / 'pandas.db'}")
    start = time.perf_counter()
    frame = pd.read_csv(path)
    frame.to_sql("calls", engine)
    _tell(time.perf_counter() - start, len(frame), 0)


def _tell(seconds: float, rows: int, steps: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "steps": steps, "peak_mib": peak}))


def run(side: str, path: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TANDEM_SECRET": "bench-only-secret-0123456789-0123456789"}
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_import", str(path), "--side", side, "--folder", folder],
            cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
    return json.loads(told.stdout)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", nargs="?", type=Path)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--side", choices=("tandem", "pandas"))
    asked.add_argument("--folder", type=Path)
    given = asked.parse_args()
    if given.side:
        {"tandem": tandem, "pandas": pandas}[given.side](given.file, given.folder)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or (REAL if REAL.exists() else Path(folder) / "made_up.csv")
        if not path.exists():
            made_up(path)
        rounds = [(run("pandas", path), run("tandem", path)) for _ in range(given.rounds)]
    plain = min(theirs["seconds"] for theirs, _ in rounds)
    ours = min(mine["seconds"] for _, mine in rounds)
    peak = max(mine["peak_mib"] for _, mine in rounds)
    last = rounds[-1][1]
    print(f"file                 {path.name}, {last['rows']:,.0f} calls kept, {last['steps']:.0f} steps of progress")
    print(f"pandas read + to_sql {plain:8.2f} s")
    print(f"tandem import        {ours:8.2f} s")
    print(f"ratio                {ours / plain:8.2f}   (wanted: at most {WANTED})")
    print(f"peak memory          {peak:8.0f} MiB (wanted: under {MEMORY_MIB})")
    return 0 if ours / plain <= WANTED and peak < MEMORY_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
