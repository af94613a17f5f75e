"""The calls behind one bar of a figure. What it shows is dispatch's own: never who is a client."""

import streamlit as st

from dashboard.ui import callfigures_list, session
from db.access import Permission

viewer = session.require(Permission.see_calls)
asked = callfigures_list.asked(viewer, session.pilot())
st.title(f"Calls behind “{asked.title}”", anchor=False)
callfigures_list.choose(asked)
callfigures_list.show(viewer, asked)
