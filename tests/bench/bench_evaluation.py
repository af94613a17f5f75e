"""The page "Is it working?" on the demo city: everything computed and drawn, cold (promised: ≤ 1 s), then from the
cache; and the report, as a page and on paper. ``python -m tests.bench.bench_evaluation``

Cold is a first visit on a server that runs: nothing of this page is in the cache. What counts is the script's own
time and the processor's (beside a busy neighbor the clock alone would tell of him).
"""

import os
import tempfile
from datetime import date
from statistics import median
from time import perf_counter, process_time

import streamlit as st
from streamlit.testing.v1 import AppTest

TODAY = date(2026, 11, 14)
RUNS = 15
TIMES: list[tuple[float, float]] = []


def script() -> None:
    """The page itself, timed."""
    from time import perf_counter, process_time

    import streamlit as st

    from dashboard import nav
    from tests.bench import bench_evaluation

    listed = sorted(nav.PAGES, key=lambda page: page.file != "effect.py")  # the others are linked from it
    page = st.navigation([st.Page(nav.VIEWS / page.file) for page in listed])
    begun, busy = perf_counter(), process_time()
    page.run()
    bench_evaluation.TIMES.append((perf_counter() - begun, process_time() - busy))


def timed(runs: int, *, cold: bool) -> tuple[float, float]:
    """(seconds, seconds of the processor), the median of ``runs``."""
    app = AppTest.from_function(script, default_timeout=120).run()
    TIMES.clear()
    for _ in range(runs):
        if cold:
            st.cache_resource.clear()
        app.run()
        assert not app.exception, app.exception
    return median(t for t, _ in TIMES), median(t for _, t in TIMES)


def report() -> str:
    from dashboard.export import evaluation
    from dashboard.measures.compute import pilot_to_date
    from dashboard.shell import opened

    bind, pilot, viewer = opened()
    told = []
    built = evaluation.build(bind, viewer, pilot, pilot_to_date(pilot, viewer.today))
    for name, make in (("page", evaluation.html), ("paper", evaluation.pdf)):
        begun, busy = perf_counter(), process_time()
        size = len(make(built))
        told.append(f"{name} {perf_counter() - begun:.1f} s ({process_time() - busy:.1f} s busy, {size / 1024:.0f} kB)")
    return ", ".join(told)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TANDEM_HOME": folder, "TANDEM_TODAY": TODAY.isoformat(), "DATABASE_URL": ""}
        import seed
        from dashboard.ui.session import SESSION_COOKIE
        from db import engine, migrate
        from tests.dashboard.conftest import new_session

        bind = engine.engine()
        migrate.upgrade(bind)
        seed.build(bind, TODAY)
        cookies = {SESSION_COOKIE: new_session(bind, "chief")}
        setattr(type(st.context), "cookies", property(lambda _self: cookies))  # noqa: B010
        cold, cold_busy = timed(5, cold=True)
        warm, warm_busy = timed(RUNS, cold=False)
        print(f"is it working?: cold {cold:.2f} s ({cold_busy:.2f} s busy; promised ≤ 1 s), ", end="")
        print(f"from the cache {warm * 1000:.0f} ms ({warm_busy * 1000:.0f} ms busy)")
        print(f"report: {report()}")
        bind.dispose()


if __name__ == "__main__":
    # the pages import this module by its name: the one that runs as __main__ would be another
    from tests.bench.bench_evaluation import main as measured

    measured()
