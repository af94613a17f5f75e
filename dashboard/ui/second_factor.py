"""The second step of signing in: the code of a telephone, or, the first time, its enrollment."""

import io
from dataclasses import dataclass
from datetime import datetime

import segno
import streamlit as st

from dashboard.ui import session
from db.commands import second_factor
from db.engine import aggregate_session
from db.models import Pilot, User


@dataclass(frozen=True, slots=True)
class _Pending:
    """Somebody whose password was right. Kept on the server, in this tab's session, for five minutes."""

    user_id: int
    username: str
    since: datetime
    secret: str | None
    """A secret to enroll; None when the account has its own."""


def ask_for(user: User) -> None:
    """Remember whose password was right, and draw the second step instead of the first."""
    secret = None if user.totp_secret else second_factor.new_secret()
    session.remember("second_factor", _Pending(user.id, user.username, session.moment(), secret))
    st.rerun()


def pending() -> bool:
    """Whether this tab waits for a code."""
    return _pending() is not None


def step(pilot: Pilot) -> int | None:
    """Draw the second step; the user's key once the code was right."""
    waiting = _pending()
    if waiting is None:
        return None
    if waiting.secret:
        _enrollment(waiting, waiting.secret, pilot)
    with st.form("second-factor", border=True):
        st.subheader("Second step", anchor=False)
        code = st.text_input("Code from your authenticator app", max_chars=7, autocomplete="one-time-code")
        sent = st.form_submit_button("Continue", type="primary")
    if st.button("Start over", type="tertiary"):
        session.forget("second_factor")
        st.rerun()
    if not sent:
        return None
    if not _right(waiting, code):
        st.error(
            "This code is not right, or it was used already. Wait for the next one; check that the telephone's clock "
            "is set by the network. Wrong codes count toward the lock.",
            icon=":material/error:",
        )
        return None
    session.forget("second_factor")
    return waiting.user_id


def _right(waiting: _Pending, code: str) -> bool:
    with aggregate_session(session.bind()) as database:
        where, now = session.address(), session.moment()
        if waiting.secret:
            return second_factor.enroll(database, waiting.user_id, waiting.secret, code, address=where, now=now)
        return second_factor.verify(database, waiting.user_id, code, address=where, now=now)


def _enrollment(waiting: _Pending, secret: str, pilot: Pilot) -> None:
    st.write(
        "This account needs a second step. Scan the picture with an authenticator app on your telephone, "
        "then type the code it shows."
    )
    picture = io.BytesIO()
    segno.make(second_factor.address_of(secret, waiting.username, pilot.city)).save(
        picture, kind="png", scale=5, border=4
    )
    st.image(picture.getvalue(), width=220)
    with st.expander("No camera? Type this key into the app"):
        st.code(" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)), language=None)


def _pending() -> _Pending | None:
    waiting = session.recall("second_factor")
    if not isinstance(waiting, _Pending):
        return None
    if session.moment() > waiting.since + second_factor.PATIENCE:
        session.forget("second_factor")
        return None
    return waiting
