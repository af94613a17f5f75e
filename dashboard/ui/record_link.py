"""The way from a count to its records: a small link that carries the slice in its address."""

from datetime import date

import streamlit as st

from dashboard import nav
from dashboard.measures import MEASURES
from dashboard.measures.call_lists import LISTS, Bar
from dashboard.measures.compute import pilot_to_date, quarter_to_date
from dashboard.model import Filters
from dashboard.ui import session
from db.access import Permission, Viewer
from db.engine import record_session
from db.models import Staff

PAGE = nav.VIEWS / "records.py"
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
    calls = CALLS_OF.get(key, key)
    if calls in LISTS and viewer.may(Permission.see_calls) and viewer.may(Permission(MEASURES[key].permission)):
        asked = calls_address(calls, filters)
        st.page_link(CALLS, label="Calls", icon=":material/call:", query_params=asked, help="Open the calls")
    if has_records(viewer, key):
        target = address(key, filters, week=week, **part)
        st.page_link(PAGE, label=label, icon=":material/list_alt:", query_params=target, help="Open the records")


def address(key: str, filters: Filters, *, week: date | None = None, **part: str) -> dict[str, str | list[str]]:
    """The query of the Records page for this slice; defaults are left out."""
    target: dict[str, str | list[str]] = {"measure": key}
    pilot = session.pilot()
    ends = (filters.first, filters.last)
    whole, quarter = pilot_to_date(pilot, filters.as_of), quarter_to_date(pilot, filters.as_of)
    if ends == (quarter.first, quarter.last) and ends != (whole.first, whole.last):
        target["period"] = PERIOD_QUARTER
    elif ends != (whole.first, whole.last):
        target |= {"period": PERIOD_DATES, "dates": [end.isoformat() for end in ends]}
    if filters.staff_id is not None:
        with record_session(session.bind(), session.viewer()) as database:
            member = database.get(Staff, filters.staff_id)
        target |= {"staff": member.name} if member else {}
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
PERIOD_QUARTER, PERIOD_DATES = "Quarter", "Dates"
"""As the filter bar writes them into the address."""
