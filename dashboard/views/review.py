"""Charts: every measure of the desk's work by theme, each a way to the records behind it."""

import streamlit as st

from dashboard.ui import filters, live, review, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_figures)
pilot = session.pilot()


@live.fragment(Scope.work, Scope.calls, Scope.setup)
def figures(chosen: filters.Filters, theme: str) -> None:
    """Drawn again by itself when somebody saves or loads."""
    with st.container(gap="xsmall"):
        review.show(session.require(Permission.see_figures), chosen, theme)


with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        st.title("Charts", anchor=False, width="content")
        theme = review.themes()
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        chosen = filters.bar(viewer, pilot)
        review.export_button(viewer, chosen, theme)
figures(chosen, theme)
