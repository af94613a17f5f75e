"""Referrals that wait, oldest first: accept, decline, try, say who it is."""

import streamlit as st

from dashboard.ui import live, referral_list, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)
st.title("Referrals", anchor=False)


@live.fragment(Scope.work)
def waiting() -> None:
    """Drawn anew when somebody sends or answers a referral."""
    referral_list.show(session.require(Permission.log_work))


waiting()
