"""The two pictures of the page After the pilot, of what stands on it now, saved or not."""

from collections.abc import Sequence

import streamlit as st

from dashboard.charts import CONFIG, bare, draw
from dashboard.export.tables import csv, readable, source_line
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
            _about(result)
        if bare(result, str(measure.chart)):
            exhibit.nothing(result.sentence)
            return
        figure = draw(result, str(measure.chart), unit=measure.unit, dark=data.dark())
        alt = f"{measure.question} {result.sentence}"
        st.plotly_chart(figure, theme=None, config=dict(CONFIG), key=f"chart-{result.key}", alt=alt)


def _about(result: Result) -> None:
    """Definition, what it rests on, the table and its download."""
    measure = MEASURES[result.key]
    opened = st.popover("", icon=":material/info:", type="tertiary", on_change="rerun", key=f"about-{result.key}")
    if not opened.open:
        return
    with opened:
        st.markdown(f"**{exhibit.plain(measure.title)}**  \n{exhibit.plain(measure.definition)}")
        st.markdown(exhibit.plain(f"{measure.counts} Left out: {measure.leaves_out}"))
        for caveat in result.caveats:
            st.caption(exhibit.plain(caveat))
        st.caption(exhibit.plain(f"All scenarios of this page, as they stand here. {source_line(result, measure)}"))
        st.dataframe(readable(result, measure), hide_index=True, height=260, key=f"table-{result.key}")
        st.download_button(
            "Download CSV",
            csv(result, measure),
            file_name=f"{result.key}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"csv-{result.key}",
        )
