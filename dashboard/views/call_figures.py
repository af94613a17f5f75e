"""Call figures: calls, repeat calls, hours, coverage, follow-up and what came of it; from any bar to its calls."""

import streamlit as st

from dashboard.ui import callfigures, live, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_overview)
pilot = session.pilot()


@live.fragment(Scope.calls, Scope.work, Scope.setup)
def figures(chosen: callfigures.Filters, part: str) -> None:
    """Drawn again by itself when somebody loads calls, changes a rule or saves."""
    with st.container(gap="xsmall"):
        callfigures.show(session.require(Permission.see_overview), pilot, chosen, part)


with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
    part = callfigures.parts()
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
        chosen = callfigures.bar(viewer, pilot, part)
        callfigures.export_button(viewer, pilot, chosen, part)
figures(chosen, part)
