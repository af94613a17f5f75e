"""Log an intervention: under thirty seconds for a known person. An entry is edited here too."""

import streamlit as st

from dashboard.ui import intervention_edit, intervention_form, intervention_import, intervention_list, session
from db.access import Permission

who = session.require(Permission.log_work)
st.title("Log an intervention", anchor=False)
wanted = intervention_form.asked(who)
form, latest = st.columns([3, 2], gap="large")
with form:
    intervention_form.show(who, wanted)
with latest:
    intervention_list.recent(who, wanted.form)
    intervention_import.show(who)
if wanted.entry is not None:
    intervention_edit.show(who, wanted.entry)
