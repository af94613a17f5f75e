"""Refer someone: under sixty seconds on a phone."""

import streamlit as st

from dashboard.ui import referral_form, session
from db.access import Permission

who = session.require(Permission.refer)
st.title("Refer someone", anchor=False)
form, own = st.columns([3, 2], gap="large")
with form:
    referral_form.show(who)
with own:
    referral_form.mine(who)
