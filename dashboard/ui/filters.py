"""The filter bar: period and staff, kept in the address with defaults left out.

Streamlit's own binding parses the address: a value that is not one of the choices is ignored and removed.
"""

from datetime import date

import streamlit as st
from sqlalchemy import select

from dashboard.measures.compute import pilot_to_date, quarter_to_date
from dashboard.model import Filters
from dashboard.ui import session
from db.access import Viewer
from db.engine import record_session
from db.models import Pilot, Staff

PERIODS = {"quarter": "Quarter", "pilot": "Pilot to date", "dates": "Dates"}


def bar(viewer: Viewer, pilot: Pilot, name: str = "") -> Filters:
    """Draw the controls where they are called; the slice they stand for. Call inside a horizontal container.

    ``name`` begins the parameters of a page that another one with a bar leads to: on the way there Streamlit
    drops every parameter that a control of the page left behind was bound to.
    """
    period = st.segmented_control(
        "Period",
        tuple(PERIODS),
        default="pilot",
        format_func=PERIODS.__getitem__,
        required=True,
        key=f"{name}period",
        bind="query-params",
        label_visibility="collapsed",
    )
    whole = pilot_to_date(pilot, viewer.today)
    filters = quarter_to_date(pilot, viewer.today) if period == "quarter" else whole
    if period == "dates":
        filters = _dates(whole, name)
    return _of_staff(filters, viewer, name)


def said(viewer: Viewer, filters: Filters) -> str:
    """Whose figures they are, in words: "all staff", or of one."""
    if filters.staff_id is None:
        return "all staff"
    with record_session(session.bind(), viewer) as database:
        return f"of {database.get_one(Staff, filters.staff_id).name} only"


def _dates(whole: Filters, name: str) -> Filters:
    """A range inside the pilot; until both ends are chosen, the whole of it."""
    chosen = st.date_input(
        "Dates",
        (whole.first, whole.last),
        min_value=whole.first,
        max_value=whole.last,
        format="MM/DD/YYYY",
        key=f"{name}dates",
        bind="query-params",
        label_visibility="collapsed",
        width=220,
    )
    ends = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(ends) != 2 or not all(isinstance(end, date) for end in ends):
        return whole
    return whole.between(*sorted(ends))


def _of_staff(filters: Filters, viewer: Viewer, name: str) -> Filters:
    with record_session(session.bind(), viewer) as database:
        names = {member.id: member.name for member in database.scalars(select(Staff).order_by(Staff.id))}
    if len(names) < 2:
        return filters
    staff = st.selectbox(
        "Staff",
        (None, *names),
        format_func=lambda key: "All staff" if key is None else names[key],
        key=f"{name}staff",
        bind="query-params",
        label_visibility="collapsed",
        width=150,
    )
    return Filters(filters.first, filters.last, filters.as_of, staff, filters.window_days, filters.lang)
