"""My account: who I am here, my password, where I am signed in."""

import streamlit as st

from dashboard.ui import account, exhibit, notices, session
from db.vocab import label

viewer = session.require()
st.title("My account", anchor=False)
st.caption(exhibit.plain(f"{session.own_name()} · {viewer.name} · {label(viewer.role) if viewer.role else ''}"))
left, right = st.columns(2, gap="large")
with left:
    st.subheader("Password", anchor=False)
    if account.password_form():
        st.success("The password is changed. Your other sessions have ended.", icon=":material/check:")
    notices.switches(viewer)
with right:
    st.subheader("Where you are signed in", anchor=False)
    account.session_list()
