"""The Budget page of who does not see the ledger: totals by line through S, no payee, no entry."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import words
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Audience, Result
from dashboard.ui import data, exhibit, money_overview
from db.access import Permission, Viewer
from db.models import Pilot

PUBLIC = Audience.public


def council(viewer: Viewer, pilot: Pilot) -> None:
    """Lines, clock, burn and what it bought, as they are published."""
    with _row():
        _heading(_lines(viewer, pilot))
        money_overview.export_button(viewer, pilot, PUBLIC)
    money_overview.clock(viewer, pilot, PUBLIC)
    with st.grid(2, min_column_width=420, gap="small", key="budget-figures"):
        money_overview.lines(viewer, pilot, PUBLIC)
        money_overview.burn(viewer, pilot, PUBLIC)
    money_overview.table(viewer, pilot, PUBLIC)
    money_overview.bought(viewer, pilot, PUBLIC)


def desk(viewer: Viewer, pilot: Pilot) -> None:
    """The lines that pay for things; those that pay people only where the set-up allows it."""
    result = _lines(viewer, pilot)
    with _row():
        _heading(result)
        money_overview.export_button(viewer, pilot, PUBLIC, ("budget_lines",))
    if result.filters.without_pay:
        st.caption(
            "Lines that pay people are not shown to the desk: finance can allow it. Sums are of the lines shown."
        )
    money_overview.lines(viewer, pilot, PUBLIC)
    money_overview.exact_table(result)


def _row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small")


def page(viewer: Viewer, pilot: Pilot) -> None:
    """What this role sees of the budget."""
    if viewer.may(Permission.see_people):
        desk(viewer, pilot)
    else:
        council(viewer, pilot)


def _lines(viewer: Viewer, pilot: Pilot) -> Result:
    return data.one(viewer, data.versions(), "budget_lines", pilot_to_date(pilot, viewer.today), PUBLIC)


def _heading(result: Result) -> None:
    through = result.marks["through"]
    until = f"through {words.day(through)}, the last closed month" if through else "no month closed yet"
    said = ["Totals by budget line", until, "no payee and no single entry is shown", data.published_in(result)]
    st.caption(exhibit.plain(" · ".join(filter(None, said))), width="content")
