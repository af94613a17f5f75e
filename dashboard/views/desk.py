"""My desk: what is waiting for me, and one thing to do to each."""

import streamlit as st

from dashboard.ui import desk, desk_calls, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@st.fragment
def waiting() -> None:
    """Drawn anew when anything of the desk's, or the calls, changes."""
    live.version(Scope.work, Scope.calls)
    who = session.require(Permission.log_work)
    if st.query_params.get("list") == "calls":
        desk_calls.show(who)
    else:
        desk.show(who)


waiting()
