"""The two pictures of the page After the pilot, of what stands on it now, saved or not."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard.charts import CONFIG, bare, draw
from dashboard.measures import MEASURES
from dashboard.measures.after import Known, hours, options
from dashboard.model import Audience, Filters, Result
from dashboard.scenarios import Figures
from dashboard.ui import data, exhibit


def charts(all_of: Sequence[Figures], found: Known, filters: Filters) -> None:
    """Cost against funding, and coverage by hour: the forms of the slide."""
    if not all_of:
        return
    with st.grid(2, min_column_width=420, gap="xsmall", key="after-charts"):
        _exhibit(options(all_of, found, filters, Audience.internal))
        _exhibit(hours(all_of, filters, Audience.internal))


def _exhibit(result: Result) -> None:
    measure = MEASURES[result.key]
    with st.container(border=True, gap=None, height="stretch", key=f"exhibit-{result.key}"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", wrap=False):
            st.markdown(f"**{exhibit.plain(measure.question)}** {exhibit.plain(result.sentence)}", width="stretch")
            told = (*result.caveats, "All scenarios of this page, as they stand here.")
            exhibit.about(replace(result, caveats=told), "", f"about-{result.key}")
        if bare(result, str(measure.chart)):
            exhibit.nothing(result.sentence)
            return
        figure = draw(result, str(measure.chart), unit=measure.unit, dark=data.dark())
        alt = f"{measure.question} {result.sentence}"
        st.plotly_chart(figure, theme=None, config=dict(CONFIG), key=f"chart-{result.key}", alt=alt)
