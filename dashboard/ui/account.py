"""The parts of a person's own account: the password form and the list of open sessions."""

import streamlit as st
from pydantic import ValidationError

from dashboard.ui import session
from db.commands import signin
from db.engine import record_session
from db.errors import Invalid
from db.forms import clock, invalid
from db.forms.users import PasswordChange
from db.models import WebSession


def must_change_password() -> None:
    """Drawn in place of every page for somebody who came in with a one-time code."""
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title("Choose your password", anchor=False)
        st.write("You signed in with a code that somebody else has seen. Choose a password that only you know.")
        if password_form("The code you signed in with"):
            st.rerun()


def password_form(present: str = "Present password") -> bool:
    """The form for one's own new password; True when it has just been changed."""
    with st.form("own-password", border=True):
        current = st.text_input(present, type="password", autocomplete="current-password")
        new = st.text_input("New password", type="password", autocomplete="new-password", help="12 to 64 characters.")
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        sent = st.form_submit_button("Change password", type="primary")
    if not sent:
        return False
    try:
        form = PasswordChange(current=current, new=new, again=again)
        who = session.viewer()
        with record_session(session.bind(), who) as database:
            signin.change_password(database, who, form, keep=session.seat_id(), now=session.moment())
    except ValidationError as error:
        st.error(str(invalid(error, PasswordChange)), icon=":material/error:")
        return False
    except Invalid as error:
        st.error(str(error), icon=":material/error:")
        return False
    return True


def session_list() -> None:
    """The viewer's open sessions, each with a button that ends it."""
    who, here, zone = session.viewer(), session.seat_id(), session.pilot().time_zone
    with record_session(session.bind(), who) as database:
        rows = signin.own_sessions(database, who, session.moment())
    for row in rows:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.write(_described(row, zone, here=row.id == here))
            if row.id != here and st.button("End", key=f"end-{row.id}"):
                with record_session(session.bind(), who) as database:
                    signin.end_own_session(database, who, row.id, session.moment())
                st.rerun()


def _described(row: WebSession, zone: str, *, here: bool) -> str:
    which = "**This session**" if here else f"**{_device(row.agent)}**"
    return f"{which} · from {row.address} · since {clock(row.created_at, zone)} · active {clock(row.active_at, zone)}"


def _device(agent: str) -> str:
    """A rough name for a browser, good enough to recognise one's own."""
    systems = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "Mac"}
    browsers = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    system = next((name for mark, name in systems.items() if mark in agent), "Linux" if "Linux" in agent else "")
    browser = next((name for mark, name in browsers.items() if mark in agent), "Browser")
    return f"{browser} on {system}" if system else browser
