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

from dashboard.ui import second_factor, session
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
            wait = signin.wait_before(database, session.address(), session.moment())
        time.sleep(wait)
        with aggregate_session(session.bind()) as database:
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
        if second_factor.pending():
            if (user_id := second_factor.step(pilot)) is not None:
                _carry_in(user_id)
        else:
            _first_step(pilot)


def _first_step(pilot: Pilot) -> None:
    form = _Form()
    form.login(fields={"Form name": "Sign in", "Username": "Username", "Password": "Password", "Login": "Sign in"})
    user = form.verifier.user
    if user is not None and signin.Rules.of(pilot).needs_second_factor(user):
        second_factor.ask_for(user)
    elif user is not None:
        _carry_in(user.id)
    elif form.verifier.tried:
        st.error(_refused(pilot), icon=":material/error:")
    elif session.recall("carry_failed"):
        st.error(
            "The last step of signing in took longer than 30 seconds, or this browser refuses cookies. Sign in again.",
            icon=":material/error:",
        )
    if pilot.is_demo:
        st.caption(text("demo.accounts", "en", password=passwords.DEMO))


def sign_out() -> None:
    """End this session and load the front page."""
    _carry(key="carry-out", data={"to": "/session/close", "ticket": ""}, on_failed_change=_failed)
    if session.recall("carry_failed"):
        session.forget("carry_failed")
        st.error("Signing out did not reach the server: you are still signed in. Check the connection and reload.")


def _carry_in(user_id: int) -> None:
    with aggregate_session(session.bind()) as database:
        ticket = signin.issue_ticket(database, user_id, session.browser(), session.moment())
    session.forget("carry_failed")
    _carry(key="carry-in", data={"to": "/session/open", "ticket": ticket}, on_failed_change=_failed)
    st.info("Signing in …", icon=":material/hourglass_top:")


def _failed() -> None:
    session.remember("carry_failed", True)


def _refused(pilot: Pilot) -> str:
    """One text for every reason, so that it tells nobody which usernames exist."""
    minutes = signin.Rules.of(pilot).lock_minutes
    key = "sign_in.refused" if minutes is None else "sign_in.refused_for_minutes"
    return text(key, "en", failures=signin.Rules.of(pilot).lock_after_failures, minutes=minutes)
