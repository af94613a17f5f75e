"""A warm re-run of the Overview in the server (promised: ≤ 150 ms) against a page of the same six cards and
four charts from literals (promised: ratio ≤ 1.5). ``python -m tests.bench.bench_overview``

Both pages run in the same process, one after the other, many times; what counts is the script's own time,
from its first line to its last. The literal page knows every value and every figure by heart and builds
them anew on each run, as a page written by hand would.
"""

import json
import os
import tempfile
from collections.abc import Callable
from datetime import date
from statistics import median
from time import perf_counter

import streamlit as st
from streamlit.testing.v1 import AppTest

RUNS = 25
TODAY = date(2026, 11, 14)
TIMES: list[float] = []
LITERALS: dict = {}


def overview_script() -> None:
    """The page itself, timed."""
    import runpy
    from time import perf_counter

    from dashboard import nav
    from tests.bench import bench_overview

    begun = perf_counter()
    runpy.run_path(str(nav.VIEWS / "overview.py"))
    bench_overview.TIMES.append(perf_counter() - begun)


def literal_script() -> None:
    """Six metrics with a line each, four Plotly charts, a heading and a sentence: nothing is computed."""
    from time import perf_counter

    import plotly.graph_objects as go
    import streamlit as st

    from tests.bench import bench_overview

    begun = perf_counter()
    known = bench_overview.LITERALS
    st.caption(known["caption"])
    st.segmented_control("Period", ["Quarter", "Pilot to date", "Dates"], default="Pilot to date")
    st.selectbox("Staff", ["All staff", "Clinician", "Social worker"])
    st.button("Present")
    st.markdown(f"# {known['verdict']}")
    st.markdown(known["money"])
    with st.grid(6, min_column_width=150, gap="xsmall"):
        for label, value, context, spark in known["cards"]:
            with st.container(border=True):
                st.popover(label, icon=":material/info:", type="tertiary", key=label)
                st.metric(label, value, context, chart_data=spark, delta_color="off", label_visibility="collapsed")
    with st.grid(2, min_column_width=420, gap="xsmall"):
        for question, answer, figure in known["charts"]:
            with st.container(border=True):
                with st.container(horizontal=True):
                    st.markdown(f"**{question}** {answer}")
                    st.popover("", icon=":material/info:", type="tertiary", key=question)
                st.plotly_chart(go.Figure(figure), theme=None, alt=question, key=f"chart-{question}")
    bench_overview.TIMES.append(perf_counter() - begun)


def timed(script: Callable[[], None]) -> float:
    """Median seconds of a warm run."""
    app = AppTest.from_function(script, default_timeout=120)
    for _ in range(3):
        app.run()
        assert not app.exception, app.exception
    TIMES.clear()
    for _ in range(RUNS):
        app.run()
    return median(TIMES)


def learn_by_heart(bind: object) -> None:
    """What the Overview shows, as literals."""
    from dashboard.charts import draw
    from dashboard.measures import MEASURES
    from dashboard.measures.compute import compute, pilot_to_date
    from dashboard.shell import opened
    from dashboard.ui.overview import CARDS, EXHIBITS

    bind, pilot, viewer = opened()
    filters = pilot_to_date(pilot, viewer.today)
    results = {key: compute(bind, viewer, key, filters) for key in (*CARDS, *EXHIBITS)}
    LITERALS.update(
        caption=pilot.name,
        verdict=results["repeat_call_effect"].sentence,
        money=results["burn"].sentence,
        cards=[(MEASURES[k].title, results[k].display, results[k].context, list(results[k].spark)) for k in CARDS],
        charts=[
            (
                MEASURES[k].question,
                results[k].sentence,
                json.loads(str(draw(results[k], str(MEASURES[k].chart), unit=MEASURES[k].unit).to_json())),
            )
            for k in EXHIBITS
        ],
    )


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
        learn_by_heart(bind)
        begun = perf_counter()
        app = AppTest.from_function(overview_script, default_timeout=120).run()
        assert not app.exception, app.exception
        cold = perf_counter() - begun
        literal, overview = timed(literal_script), timed(overview_script)
        bind.dispose()
    print(f"overview: cold {cold:.2f} s, warm {overview * 1000:.0f} ms; literals {literal * 1000:.0f} ms; ", end="")
    print(f"ratio {overview / literal:.2f} (promised: ≤ 150 ms, ≤ 1.5)")


if __name__ == "__main__":
    # the pages import this module by its name: the one that runs as __main__ would be another
    from tests.bench.bench_overview import main as measured

    measured()
