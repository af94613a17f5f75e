"""Users: who may sign in, with which role."""

import streamlit as st

from dashboard.ui import administration, session, user_import
from db.access import Permission

who = session.require(Permission.manage_users)
st.title("Users", anchor=False)
administration.add_user(who)
user_import.show(who)
administration.user_list(who)
administration.dialogs(who)
