"""Audit: who did what, when, from where, and how it ended."""

import streamlit as st

from dashboard.ui import session, trail
from db.access import Permission

who = session.require(Permission.see_audit)
st.title("Audit", anchor=False)
trail.entries(who, trail.filters(who))
