"""This week's tally: prefilled from the log, certified once, then locked."""

import streamlit as st

from dashboard.ui import forms, session, tally_sheet
from db.access import Permission

who = session.require(Permission.certify_tally)
forms.for_fingers()
st.title("Weekly tally", anchor=False)
editor, overview = st.columns([3, 1], gap="large")
with editor:
    chosen = tally_sheet.choose(who)
    if chosen is not None:
        tally_sheet.show(who, *chosen)
if chosen is not None:
    with overview:
        tally_sheet.weeks(who, chosen[0])
