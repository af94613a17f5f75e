"""The records behind a count, from the very query that made it."""

import streamlit as st

from dashboard.ui import filters, live, records, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_figures)
pilot = session.pilot()


@live.fragment(Scope.work, Scope.setup)
def listed(chosen: filters.Filters, key: str) -> None:
    """Drawn again by itself when somebody saves."""
    with st.container(gap="small"):
        records.show(session.require(Permission.see_figures), chosen, key)


with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        st.title("Records", anchor=False, width="content")
        key = records.choose(viewer)
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        chosen = filters.bar(viewer, pilot, records.BAR)
listed(chosen, key)
