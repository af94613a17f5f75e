"""Is it working, and will the money last? One verdict, six figures, four charts."""

import streamlit as st

from dashboard.ui import data, filters, live, overview, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_overview)
pilot = session.pilot()


@live.fragment(*Scope)
def figures(chosen: filters.Filters) -> None:
    """Drawn again by itself when what it shows has changed."""
    with st.container(gap="xsmall"):
        view = overview.View(viewer, data.versions(), chosen)
        overview.verdict(view)
        overview.cards(view)
        overview.exhibits(view)


with st.container(gap="xxsmall"):
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        heading = st.container(width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            chosen = filters.bar(viewer, pilot)
            overview.export_button(overview.View(viewer, data.versions(), chosen))
            overview.present_button(viewer)
    with heading:
        overview.heading(overview.View(viewer, data.versions(), chosen), pilot)
    figures(chosen)
