"""What could follow the pilot, what would it cost, and who would pay? Finance and the chief try and save."""

import streamlit as st

from dashboard.ui import scenarios, session
from db.access import Permission

viewer = session.require(Permission.see_money)
st.title("After the pilot", anchor=False)
scenarios.show(viewer, session.pilot())
