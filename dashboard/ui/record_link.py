"""The way from a count to its records: a small link that carries the slice in its address."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import nav
from dashboard.measures import MEASURES
from dashboard.measures.call_lists import LISTS, Bar
from dashboard.measures.common import columns
from dashboard.measures.compute import pilot_to_date, quarter_to_date, records
from dashboard.measures.reach import KINDS, MODE_ITEMS
from dashboard.model import Filters, Records, Result
from dashboard.ui import session
from dashboard.ui.filters import PERIODS
from db.access import Permission, Viewer
from db.engine import record_session
from db.models import Staff
from db.vocab import Mode, TallyItem

PAGE = nav.VIEWS / "records.py"
BAR = "for_"
"""How the names of the Records page's filter parameters begin."""
CALLS = nav.VIEWS / "call_list.py"
CALLS_OF = {"repeat_call_effect": "repeat_calls"}
"""Figures whose calls are those of another one."""


def has_records(viewer: Viewer, key: str) -> bool:
    """Whether :func:`link` leads somewhere for this viewer."""
    measure = MEASURES[key]
    return (
        measure.records is not None
        and viewer.may(Permission.see_figures)
        and viewer.may(Permission(measure.permission))
    )


def link(key: str, filters: Filters, label: str = "Records", *, week: date | None = None, **part: str) -> None:
    """A small link to the records that ``key`` counts in this slice; one week or one part of them if asked.

    Nothing is drawn for a measure without records. ``part``: a column and its value, as ``need="housing"``.
    """
    viewer = session.viewer()
    if key == "calls_without_follow_up" and viewer.may(Permission.log_work):  # the desk answers them
        asked = {"list": "calls", "from": filters.first.isoformat(), "to": filters.last.isoformat()}
        page, help = nav.VIEWS / "desk.py", "Open the calls"
        st.page_link(page, label="Calls", icon=":material/list_alt:", query_params=asked, help=help)
    if key == "unmatched_calls" and viewer.may(Permission.log_work):  # the desk finds them their call
        page, help = nav.VIEWS / "desk.py", "Open the worklist"
        st.page_link(page, label="Worklist", icon=":material/link_off:", query_params={"list": "unmatched"}, help=help)
    calls = CALLS_OF.get(key, key)
    if calls in LISTS and viewer.may(Permission.see_calls) and viewer.may(Permission(MEASURES[key].permission)):
        asked = calls_address(calls, filters)
        st.page_link(CALLS, label="Calls", icon=":material/call:", query_params=asked, help="Open the calls")
    if has_records(viewer, key):
        target = address(key, filters, week=week, **part)
        st.page_link(PAGE, label=label, icon=":material/list_alt:", query_params=target, help="Open the records")


def of_cell(item: TallyItem, staff_id: int, week: date) -> None:
    """The way from a cell of a weekly sheet to what is behind it; nothing for an item that no measure counts."""
    if item not in CELLS:
        return
    key, part = CELLS[item]
    whole = pilot_to_date(session.pilot(), session.viewer().today)
    link(key, replace(whole, staff_id=staff_id), "Open its records", week=week, **part)


CELLS: Mapping[TallyItem, tuple[str, dict[str, str]]] = {
    TallyItem.referrals_received: ("referrals_received", {}),
    TallyItem.connections_made: ("connections_made", {}),
    TallyItem.family_contacts: ("family_contacts", {}),
    **{item: ("interventions", {"mode": mode.value}) for item, mode in MODE_ITEMS.items() if mode is not Mode.family},
    **{item: ("work_hours", {"work": kind.value}) for item, kind in KINDS.items()},
}
"""Item of a sheet → the measure that counts it, and the part of it."""


def open_point(result: Result, by: str, point: Mapping[str, Any]) -> None:
    """Go to the records of one bar or one week of a drawn Result; to all of them where it stands for neither."""
    table, place = result.table, int(point.get("point_index", -1))
    found = records(session.bind(), session.viewer(), result.key, result.filters)
    week, part = None, {}
    if "group" in table:
        rows = table[table["by"] == by] if by else table
        part = _part_of(found, rows.iloc[place]) if 0 <= place < len(rows) else {}
    elif found.cells is not None and "period" in table:
        week = next((w for w in table["period"] if w.isoformat() == str(point.get("x"))[:10]), None)
    st.switch_page(PAGE, query_params=address(result.key, result.filters, week=week, **part))


def _part_of(found: Records, row: pd.Series) -> dict[str, str]:
    """The part that a bar stands for, by its plain names; none for who may see no parts."""
    heads = columns("en", **{name: name for name in found.parts})
    return next(
        (
            {name: value}
            for name, values in found.parts.items()
            for value, title in values.items()
            if title == row["group"] and row.get("by", heads[name]) == heads[name]
        ),
        {},
    )


def address(key: str, filters: Filters, *, week: date | None = None, **part: str) -> dict[str, str | list[str]]:
    """The query of the Records page for this slice; defaults are left out."""
    target: dict[str, str | list[str]] = {"measure": key}
    pilot = session.pilot()
    ends = (filters.first, filters.last)
    whole, quarter = pilot_to_date(pilot, filters.as_of), quarter_to_date(pilot, filters.as_of)
    if ends == (quarter.first, quarter.last) and ends != (whole.first, whole.last):
        target[BAR + "period"] = PERIODS["quarter"]
    elif ends != (whole.first, whole.last):
        target |= {BAR + "period": PERIODS["dates"], BAR + "dates": [end.isoformat() for end in ends]}
    if filters.staff_id is not None:
        with record_session(session.bind(), session.viewer()) as database:
            member = database.get(Staff, filters.staff_id)
        target |= {BAR + "staff": member.name} if member else {}
    if week is not None:
        target["week"] = week.isoformat()
    for column, value in part.items():
        target["part"] = f"{column}.{value}"
    return target


def calls_address(key: str, filters: Filters, bar: Bar | None = None) -> dict[str, str]:
    """The query of the page that lists the calls of a figure, of one bar of it if asked."""
    target = {"measure": key, "from": filters.first.isoformat(), "to": filters.last.isoformat()}
    if filters.window_days != WINDOW:
        target["window"] = str(filters.window_days)
    if bar is not None:
        target |= {"month": bar.month.isoformat()[:7]} if bar.month else {}
        whole = {"weekday": bar.weekday, "hour": bar.hour, "least": bar.at_least}
        target |= {name: str(value) for name, value in whole.items() if value is not None}
    return target


WINDOW = 90
"""The window that an address leaves out."""
