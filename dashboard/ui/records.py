"""The records behind a count: the page that shows them. ``link`` is the way there, for any page with a count.

The address carries all of it: ``records?measure=reach_rate&week=2026-11-09&part=counted.no`` with the filter
bar's ``for_period``, ``for_dates`` and ``for_staff``. What it names and does not exist is ignored.
"""

from collections.abc import Mapping
from datetime import date

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.measures import MEASURES, lists
from dashboard.measures.common import columns
from dashboard.measures.compute import records, whole_weeks
from dashboard.model import Audience, Filters, Measure, Records
from dashboard.ui import data, record_rows, session
from dashboard.ui.exhibit import plain
from dashboard.ui.record_link import BAR, has_records, link
from db.access import Viewer

__all__ = ["BAR", "choose", "link", "show"]
ALL = "All"
NOUNS = {"person": ("person", "people"), "episode": ("person in care", "people in care"), "sheet": ("sheet", "sheets")}
"""What a row is, where it is no record of something that happened."""


def choose(viewer: Viewer) -> str:
    """Which figure's records; from the address, else the first one."""
    keys = [key for key in MEASURES if has_records(viewer, key)]
    asked = st.query_params.get("measure")
    picked = st.selectbox(
        "Figure",
        keys,
        index=keys.index(asked) if asked in keys else 0,
        format_func=lambda key: MEASURES[key].title,
        key=f"records-measure-{asked}",  # another address is another choice, also after “back”
        label_visibility="collapsed",
        width=320,
    )
    if picked != asked:
        st.query_params["measure"] = picked
        for gone in ("week", "part"):
            st.query_params.pop(gone, None)
    return picked


def show(viewer: Viewer, filters: Filters, key: str) -> None:
    """The figure, how it is made up, what part of it is looked at, and the rows."""
    measure = MEASURES[key]
    asked, filters = filters, whole_weeks(viewer, session.pilot(), filters)
    result = data.one(viewer, data.versions(), key, filters, Audience.internal)
    if (asked.first, asked.last) != (filters.first, filters.last):
        st.caption(
            f"Outside the desk a list goes by whole weeks: {words.day(filters.first)} to {words.day(filters.last)}."
        )
    found = records(session.bind(), viewer, key, filters)
    st.markdown(f"**{plain(result.sentence)}**")
    with st.container(horizontal=True, gap="small"):
        week = _week(key, found)
        part = _part(key, found, week)
    rows = lists.chosen(found.table, week, **part)
    _sum(measure, found, week, part, rows)
    if rows.empty:
        st.info(_nothing(measure, found, week, part), icon=":material/inbox:")
    elif "id" in rows:
        record_rows.show(viewer, rows, found)
    else:
        record_rows.coarse(rows)


def _week(key: str, found: Records) -> date | None:
    """One of the weeks that have records or figures; None for all."""
    weeks = {week for table in (found.table, found.cells) if table is not None for week in table["week"]}
    asked = _asked_week()
    options = [None, *sorted(weeks, reverse=True)]
    picked = st.selectbox(
        "Week",
        options,
        index=options.index(asked) if asked in options else 0,
        format_func=lambda week: "All weeks" if week is None else words.week(week).replace("week", "Week", 1),
        key=f"records-week-{key}-{asked}",
        width=200,
    )
    _remember("week", picked.isoformat() if picked else None)
    return picked


def _asked_week() -> date | None:
    try:
        return date.fromisoformat(st.query_params.get("week", ""))
    except ValueError:
        return None


def _part(key: str, found: Records, week: date | None) -> Mapping[str, str]:
    """One group of one breakdown, with its count; empty for all, and for who may not see any."""
    if not found.parts:
        return {}
    heads = columns("en", **{name: name for name in found.parts})
    titles: dict[str | None, str] = {None: ALL}
    for name, values in found.parts.items():
        for value, title in values.items():
            count = lists.figure(found, week, **{name: value})
            if count:
                head = "" if name == "counted" else f"{heads[name]}: "
                titles[f"{name}.{value}"] = f"{head}{title} · {words.number(count, digits=1)}"
    asked = st.query_params.get("part")
    options = list(titles)
    picked = st.selectbox(
        "Part",
        options,
        index=options.index(asked) if asked in titles else 0,
        format_func=lambda part: titles.get(part, ALL),
        key=f"records-part-{key}-{asked}",
        width=340,
    )
    _remember("part", picked)
    if picked is None:
        return {}
    name, _, value = picked.partition(".")
    return {name: value}


def _remember(name: str, value: str | None) -> None:
    if value is not None:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def _sum(measure: Measure, found: Records, week: date | None, part: Mapping[str, str], rows: pd.DataFrame) -> None:
    """How records and figure agree: "9 = 7 records + 2 reported without a record"."""
    count, noun = len(rows), _noun(rows)
    total, (more, fewer) = lists.figure(found, week, **part), lists.differences(found, week, **part)
    shown = f"**{words.number(count)}** {noun}"
    if measure.unit == "hours":
        shown = f"**{words.number(total - more + fewer, digits=2)}** hours of {words.number(count)} {noun}"
    if more or fewer:
        terms = [f"**{words.number(total, digits=2)}** {measure.unit} = {shown}"]
        terms += [f"+ **{words.number(more, digits=2)}** reported without a record"] if more else []
        terms += [f"− **{words.number(fewer, digits=2)}** recorded but not reported"] if fewer else []
        shown = " ".join(terms)
    elif found.cells is not None and set(part) <= set(found.cells.columns):
        shown += ", as reported" if _all_certified(found, week) else ""
    st.markdown(shown)


def _noun(rows: pd.DataFrame) -> str:
    """What the rows are: cells of sheets differ by more than they are."""
    kinds = set(rows["kind"]) if "kind" in rows else set()
    if kinds == {"cell"}:
        return f"reported figures differ from the log, by {words.number(rows['differs'].sum())} in all"
    one, many = NOUNS.get(kinds.pop() if len(kinds) == 1 else "", ("record", "records"))
    return one if len(rows) == 1 else many


def _all_certified(found: Records, week: date | None) -> bool:
    cells = found.cells
    return cells is not None and set(lists.chosen(cells, week)["status"]) == {"final"}


def _nothing(measure: Measure, found: Records, week: date | None, part: Mapping[str, str]) -> str:
    if lists.differences(found, week, **part)[0]:
        return "Nothing is logged here: the figure was reported without records."
    if week is not None or part:
        return "No record is left with this week and part. Choose “All weeks” and “All” to see the others."
    return f"No record stands behind “{measure.title}” in this period. Choose another period or all staff."
