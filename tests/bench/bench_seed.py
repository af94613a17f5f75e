"""How long the demo city takes to build (promised: under 10 s). ``python -m tests.bench.bench_seed``"""

import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

import seed
from db import migrate
from db.engine import engine_for


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bind = engine_for(f"sqlite:///{Path(folder) / 'tandem.db'}")
        begun = perf_counter()
        migrate.upgrade(bind)
        migrated = perf_counter()
        counts = seed.build(bind, date(2026, 11, 14))
        built = perf_counter()
        bind.dispose()
    print(f"demo city: schema {migrated - begun:.1f} s, rows {built - migrated:.1f} s ({counts})")


if __name__ == "__main__":
    main()
