"""Connections: what waits on a provider, one connection with its ladder, a new one from a need."""

import streamlit as st

from dashboard.ui import connection_new, connections, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@st.fragment
def page() -> None:
    """Drawn anew when somebody, or a provider through a link, says how it went."""
    live.version(Scope.work)
    who = session.require(Permission.log_work)
    if connection_new.asked():
        connection_new.show(who)
        return
    connections.show(who)


page()
