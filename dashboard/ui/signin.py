"""The sign-in form, and the two steps the browser takes for it: carry a ticket in, carry a session out.

The form is streamlit-authenticator's. Its other parts are left out on purpose: the cookie it sets from a
script (readable by scripts, not revocable), its pause of 0.7 s a run, its lock in memory, its mail service
(``api_key`` is never given). It also strips passwords, and it answers faster for unknown names; so its
controller hands the typed pair, untouched, to :func:`db.commands.signin.check_password`.
"""

import time
from pathlib import Path
from typing import Any

import streamlit as st
import streamlit_authenticator as stauth
from streamlit.components.v2 import component
from streamlit_authenticator.controllers import AuthenticationController

from dashboard.ui import session
from db import passwords
from db.commands import signin
from db.engine import aggregate_session
from db.models import Pilot, User
from db.vocab import text

_carry = component("tandem_carry", js=Path(__file__).with_name("signin.js").read_text("utf-8"))


class _NoCookie:
    """In place of the library's cookie: nothing is kept in the browser by the form."""

    def get_cookie(self) -> None:
        return None

    def set_cookie(self) -> None:
        return None


class _Verifier(AuthenticationController):
    """In place of the library's check, with the names of its own method."""

    def __init__(self) -> None:
        super().__init__(credentials={"usernames": {}}, auto_hash=False)
        self.user: User | None = None
        self.tried = False

    def login(self, username: str | None = None, password: str | None = None, *_: Any, **__: Any) -> bool:
        self.tried = True
        with aggregate_session(session.bind()) as database:
            time.sleep(signin.wait_before(database, session.address(), session.moment()))
            self.user = signin.check_password(
                database, username or "", password or "", address=session.address(), now=session.moment()
            )
        return self.user is not None


class _Form(stauth.Authenticate):
    """The library's form without what surrounds it; ``super().__init__`` would mount its cookie component."""

    def __init__(self) -> None:
        self.attrs = {"login_sleep_time": 0}
        self.path = None
        self.secret_key = ""  # it would encrypt captchas, which are off
        self.cookie_controller = _NoCookie()  # pyright: ignore[reportAttributeAccessIssue]
        self.authentication_controller = self.verifier = _Verifier()


def sign_in(pilot: Pilot) -> None:
    """Draw the form in place of the page; after success the browser loads the same page, signed in."""
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title("Tandem", anchor=False)
        st.caption(f"{pilot.name}, {pilot.city}")
        form = _Form()
        form.login(fields={"Form name": "Sign in", "Username": "Username", "Password": "Password", "Login": "Sign in"})
        if form.verifier.user is not None:
            _carry_in(form.verifier.user)
        elif form.verifier.tried:
            st.error(_refused(pilot), icon=":material/error:")
        if pilot.is_demo:
            st.caption(text("demo.accounts", "en", password=passwords.DEMO))


def sign_out() -> None:
    """End this session and load the front page."""
    done = _carry(key="carry-out", data={"to": "/session/close", "ticket": ""}, on_failed_change=lambda: None)
    if done.failed:
        st.error("Signing out did not reach the server. Check the connection and try again.")


def _carry_in(user: User) -> None:
    with aggregate_session(session.bind()) as database:
        ticket = signin.issue_ticket(database, user.id, session.browser(), session.moment())
    _carry(key="carry-in", data={"to": "/session/open", "ticket": ticket}, on_failed_change=lambda: None)
    st.info("Signing in …", icon=":material/hourglass_top:")


def _refused(pilot: Pilot) -> str:
    """One text for every reason, so that it tells nobody which usernames exist."""
    minutes = signin.Rules.of(pilot).lock_minutes
    key = "sign_in.refused" if minutes is None else "sign_in.refused_for_minutes"
    return text(key, "en", failures=signin.Rules.of(pilot).lock_after_failures, minutes=minutes)
