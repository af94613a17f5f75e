"""Is it working, and will the money last? One verdict, six figures, four charts."""

import streamlit as st

from dashboard.ui import data, filters, live, overview, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_overview)
pilot = session.pilot()

with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    heading = st.container(width="stretch")
    chosen = filters.bar(viewer, pilot)
    overview.present_button(viewer)


@st.fragment
def figures() -> None:
    """Drawn again by itself when what it shows has changed."""
    live.version(*Scope)
    view = overview.View(session.viewer(), data.versions(), chosen)
    with heading:
        overview.heading(view, pilot)
    overview.verdict(view)
    overview.cards(view)
    overview.exhibits(view)


figures()
