"""The directory: who can help with what, kept right row by row, in and out as CSV."""

import streamlit as st

from dashboard.ui import directory, directory_files, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@st.fragment
def page() -> None:
    """Drawn anew when somebody changes a row."""
    live.version(Scope.work)
    who = session.require(Permission.log_work)
    if directory.one_is_open(who):
        return
    directory.show(who)
    directory_files.show(who)


page()
