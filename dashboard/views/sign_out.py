"""Sign out. Reached from the menu it happens at once; reached by a link from elsewhere it asks."""

import streamlit as st

from dashboard.ui import session, signin

session.require()
st.title("Sign out", anchor=False)
if session.came_by_menu() or st.button("Sign out", type="primary"):
    st.write("Signing out …")
    signin.sign_out()
