"""My desk: what is waiting for me, and one thing to do to each."""

import streamlit as st

from dashboard.ui import desk, desk_calls, desk_unmatched, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@live.fragment(Scope.work, Scope.calls)
def waiting() -> None:
    """Drawn anew when anything of the desk's, or the calls, changes."""
    who = session.require(Permission.log_work)
    lists = {"calls": desk_calls.show, "unmatched": desk_unmatched.show}
    lists.get(st.query_params.get("list", ""), desk.show)(who)


waiting()
