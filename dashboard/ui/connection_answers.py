"""On the desk: providers answered through their links, and nobody has read it yet."""

import streamlit as st

from dashboard import nav
from dashboard.ui import session
from db.access import Viewer
from db.commands.waiting import unseen_reports
from db.engine import record_session


def line(who: Viewer) -> None:
    """One line with the way there; nothing where there is nothing to read."""
    with record_session(session.bind(), who) as database:
        count = len({report.connection_id for report in unseen_reports(database)})
    if not count:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="provider-answers"):
        told = "1 provider answered" if count == 1 else f"{count} providers answered"
        st.markdown(f":material/mark_email_unread: {told} through a referral slip's link", width="stretch")
        if st.button("Read", key="provider-answers-read"):
            st.switch_page(nav.VIEWS / "connections.py")
