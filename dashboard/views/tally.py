"""The weekly tally: prefilled from the log, checked, certified once, then locked and amended on the record."""

import streamlit as st

from dashboard.ui import session, tally_sheet
from db.access import Permission

who = session.require(Permission.certify_tally)
st.title("Weekly tally", anchor=False)
chosen = tally_sheet.choose(who)
if chosen is not None:
    tally_sheet.show(who, *chosen)
