"""Is it working? The verdict, how sure it is, what it rests on, and the evaluation report."""

import streamlit as st

from dashboard.ui import evaluation, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.see_overview, Permission.present)
pilot = session.pilot()


@live.fragment(*Scope)
def answer() -> None:
    """Drawn again by itself when calls are loaded, work is saved or money is booked."""
    with st.container(gap="xsmall"):
        viewer = session.require(Permission.see_overview, Permission.present)
        evaluation.show(evaluation.view(viewer, pilot))


answer()
