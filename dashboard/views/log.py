"""Log an intervention: under thirty seconds for a known person."""

import streamlit as st

from dashboard.ui import forms, intervention_form, session
from db.access import Permission

who = session.require(Permission.log_work)
forms.for_fingers()
st.title("Log an intervention", anchor=False)
form, latest = st.columns([3, 2], gap="large")
with form:
    intervention_form.show(who)
with latest:
    intervention_form.recent(who)
