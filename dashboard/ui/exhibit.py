"""The two building blocks of every page of figures: a card for one number, an exhibit for one chart.

Visible: question, answer, marks. Behind one ⓘ, drawn only when it is opened: what it means, what it rests
on, where it comes from, the table and its download.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.charts import CONFIG, bare
from dashboard.charts.picks import pickable
from dashboard.charts.spark import spark
from dashboard.export.tables import csv, readable, source_line
from dashboard.holding import WITHHELD
from dashboard.measures import MEASURES
from dashboard.model import Measure, Result
from dashboard.ui import data, record_link, session
from db.vocab import Scope

CARD_WIDTH = 146
"""Pixels inside a card where two stand side by side on a phone."""
CONTEXT_LETTERS = 16
"""How long a context may be with a word after it."""
RANGES = frozenset({"burn", "projected_close"})
"""Measures whose limits are those of the slowest and the fastest month, not an interval."""


def card(result: Result) -> None:
    """One number: its name (which opens the definition), the figure and its line, against what."""
    measure = MEASURES[result.key]
    with st.container(border=True, gap=None, height="stretch", key=f"card-{result.key}"):
        label, aside = _provisional(measure.card or measure.title, result)
        about(result, label, f"card-about-{result.key}")
        st.metric(
            measure.title,
            _figure_and_line(result),
            plain(result.context) or None,
            delta_color="off",
            delta_arrow="off",
            delta_description=aside,
            label_visibility="collapsed",
        )


def _provisional(label: str, result: Result) -> tuple[str, str | None]:
    """The word "provisional" beside the context where that is short, else after the name."""
    if not result.provisional:
        return label, None
    return (label, "provisional") if len(result.context) <= CONTEXT_LETTERS else (f"{label} · provisional", None)


def _figure_and_line(result: Result) -> str:
    """The number large, words after it small, and a line as wide as a card on a phone leaves room for."""
    number, _, words = result.display.partition(" ")
    if words == "%" or not number[-1:].isdigit():
        number, words = result.display, ""
    small = f" :small[{plain(words)}]" if words else ""
    left = CARD_WIDTH - 13 * len(number) - 7 * len(words)
    picture = spark(result.spark, width=min(left, 84), dark=data.dark()) if left >= 36 and any(result.spark) else ""
    return plain(number) + small + (f" ![trend]({picture})" if picture else "")


def exhibit(
    result: Result,
    now: dict[Scope, int],
    *,
    height: int | None = None,
    answer: str | None = None,
    empty: str = "",
    apart: bool = False,
    below: str = "",
    picked: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """One question, its computed answer, its chart. ``empty``: what to do first, where there is nothing to draw.

    ``apart``: a count that is broken down in several ways shows one at a time, chosen here, and a click on a
    bar or a week opens its records. ``below``: what must be read with the chart. ``picked``: called with the
    mark that is clicked (Plotly's point).
    """
    measure = MEASURES[result.key]
    blank = bare(result, str(measure.chart))
    empty = "" if result.marks.get(WITHHELD) else empty
    with st.container(border=True, gap=None, height="stretch", key=f"exhibit-{result.key}"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", wrap=False):
            said = "" if blank and empty else plain(result.sentence if answer is None else answer)
            aside = " :gray[provisional]" if result.provisional and not blank else ""
            st.markdown(f"**{plain(measure.question)}** {said}{aside}", width="stretch")
            with st.container(horizontal=True, vertical_alignment="center", gap=None, width="content", wrap=False):
                record_link.link(result.key, result.filters)
                about(result, "", f"about-{result.key}")
        if blank:
            nothing(empty or result.sentence, height)
            return
        by = _breakdown(result) if apart else ""
        figure = data.figure(now, result, height=height, by=by)
        if picked:
            figure = pickable(figure, result, measure.unit)
        opens = apart and record_link.has_records(session.viewer(), result.key)
        chosen: Any = st.plotly_chart(
            figure,
            theme=None,
            config=dict(CONFIG),
            key=f"chart-{result.key}",
            alt=f"{measure.question} {result.sentence}",
            on_select="rerun" if picked or opens else "ignore",
            selection_mode="points",
        )
        if below:
            st.caption(plain(below))
    points = chosen.get("selection", {}).get("points", []) if isinstance(chosen, Mapping) else []
    if points and picked:
        picked(points[0])
    elif points:
        record_link.open_point(result, by, points[0])


def _breakdown(result: Result) -> str:
    """The chosen one of several breakdowns; empty where there is one."""
    ways = list(dict.fromkeys(result.table["by"])) if "by" in result.table else []
    if len(ways) < 2:
        return ""
    return str(st.selectbox("By", ways, key=f"by-{result.key}", label_visibility="collapsed", width=220))


def nothing(words: str, height: int | None = None) -> None:
    """An empty state: as tall as what will stand here, and it says what to do first."""
    with st.container(
        height=height or "content", border=False, vertical_alignment="center", horizontal_alignment="center"
    ):
        st.markdown(f":gray[:material/hourglass_empty: {plain(words)}]", text_alignment="center")


def about(result: Result, label: str, key: str) -> None:
    """What the figure means and rests on, its table and the download, behind one ⓘ."""
    opened = st.popover(label, icon=":material/info:", type="tertiary", wrap=False, on_change="rerun", key=key)
    if opened.open:
        with opened:
            _details(result, MEASURES[result.key], key)


def _details(result: Result, measure: Measure, key: str) -> None:
    st.markdown(f"**{plain(measure.title)}**  \n{plain(measure.definition)}")
    st.markdown(f"**Counts** {plain(measure.counts)}  \n**Leaves out** {plain(measure.leaves_out)}")
    facts = [fact for fact in (_interval(result), _size(result)) if fact]
    if facts:
        st.markdown(" · ".join(facts))
    record_link.link(result.key, result.filters, "Open the records")
    for caveat in result.caveats:
        st.caption(plain(caveat))
    if drawn := result.marks.get("events"):
        st.caption(plain("On the time axis: " + "; ".join(f"{words.day(day)} {label}" for day, label in drawn)))
    if result.provisional:
        st.caption("Provisional: some of these weeks are not certified yet.")
    st.caption(plain(source_line(result, measure)))
    if not result.table.empty:
        st.dataframe(readable(result, measure), hide_index=True, height=220, key=f"{key}-table")
        st.download_button(
            "Download CSV",
            csv(result, measure),
            file_name=f"{result.key}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}-csv",
        )


def _size(result: Result) -> str:
    return "" if result.estimate.n is None else f"*n* = {result.estimate.n:,}"


def _interval(result: Result) -> str:
    low, high = result.estimate.low, result.estimate.high
    if low is None or high is None or result.key in RANGES:  # the caveats say what these reach from and to
        return ""
    digits = 0 if max(abs(low), abs(high)) >= 10 else 2
    return f"95 % interval {low:,.{digits}f} to {high:,.{digits}f}"


def plain(words: str) -> str:
    """Text that markdown must not read: dollars are no formulas, brackets no links."""
    for mark in ("\\", "$", "[", "]", "*", "_", "`", "~", ":"):
        words = words.replace(mark, f"\\{mark}")
    return words
