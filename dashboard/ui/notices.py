"""My account: the switches of the notices by e-mail."""

import streamlit as st

from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db import mail
from db.access import Permission, Viewer
from db.commands import notices
from db.engine import record_session
from db.errors import Setup, TandemError


def switches(who: Viewer) -> None:
    """Digest and urgent referral, each on or off; nothing for roles that get no notices."""
    if not who.may(Permission.log_work):
        return
    st.subheader("Notices by e-mail", anchor=False)
    with record_session(session.bind(), who) as database:
        now = notices.choice(database, who)
    st.caption(_where(now.email))
    digest = st.toggle("Each morning: how much waits on my desk", value=now.digest, key="notice-digest")
    urgent = st.toggle("At once: an urgent referral has come in", value=now.urgent, key="notice-urgent")
    st.caption("They hold counts and a link, never a name.")
    if (digest, urgent) != (now.digest, now.urgent):
        try:
            with record_session(session.bind(), who) as database:
                notices.choose(database, who, digest, urgent)
        except TandemError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.toast("Saved.", icon=":material/check:")


def _where(email: str | None) -> str:
    try:
        on = mail.server() is not None
    except Setup:
        on = False
    if not on:
        return "Notices are off in this installation. Your choice is kept for when they are switched on."
    if not email:
        return "Your account has no e-mail address, so nothing is sent. An administrator can add it under Users."
    return f"They go to {plain(email)}."
