"""Who sits at this browser, on every run anew. The sole user of ``st.session_state``.

The session cookie is HttpOnly and set by a route of the server, never by a script. Streamlit shows the
cookies of the WebSocket's handshake, so signing in and out are real navigations. The database says on each
run whether the session still lives; nothing about the person is remembered here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlalchemy import Engine
from streamlit.runtime.scriptrunner import get_script_run_ctx

from db import access, engine, settings
from db.commands import signin
from db.commands.base import audit
from db.engine import aggregate_session, record_session
from db.models import Pilot
from db.pilot import the_pilot

SESSION_COOKIE = "tandem_session"
BROWSER_COOKIE = "tandem_browser"
"""A random name for this browser, so that a sign-in ticket is of no use in another one."""


def cookie_name(name: str, secure: bool) -> str:
    """Under HTTPS the ``__Host-`` prefix: no other host and no plain connection can set or overwrite it."""
    return f"__Host-{name}" if secure else name


def bind() -> Engine:
    """The process's engine for the configured database."""
    return engine.engine()


def pilot() -> Pilot:
    """The pilot as it is now; detached. Raises Setup where there is none."""
    with aggregate_session(bind()) as session:
        return the_pilot(session)


def arrive() -> signin.Seat | None:
    """For the gate, once per full run: whose session this is.

    A full run is the user's doing, so it counts as activity, unless the browser asked for it by itself. A
    fragment's run or a push never passes here and keeps nobody signed in.
    """
    remember("run", this_run() + 1)
    by_itself = recall("by_itself", False)
    forget("by_itself")
    return _seat(active=not by_itself)


def not_by_the_user() -> None:
    """Callback: the run that follows was asked for by the page itself."""
    remember("by_itself", True)


def viewer() -> access.Viewer:
    """Who is signed in, checked against the database now. Stops the run when the session has ended."""
    seat = _seat(active=False)
    if seat is None:
        st.warning("Your session has ended. Reload the page and sign in again.", icon=":material/lock:")
        st.stop()
    return _viewer(seat)


def require(*permissions: access.Permission) -> access.Viewer:
    """The guard at the head of every page: any one of ``permissions`` is enough, none given means anybody.

    A refusal is one sentence and an audit entry, and the run stops.
    """
    who = viewer()
    if permissions and not any(who.may(permission) for permission in permissions):
        refuse(who)
    return who


def refuse(who: access.Viewer) -> None:
    """Say that this page is not for the viewer, record it, stop."""
    with record_session(bind(), who) as session:
        audit(session, who, "open page", _path(), "refused")
    st.error("This page is not part of your role. Ask an administrator if it should be.", icon=":material/block:")
    st.stop()


def seat_id() -> int:
    """The key of the present session, to tell it from the user's others."""
    seat = _seat(active=False)
    return seat.session_id if seat else 0


def browser() -> str:
    """The browser's random name; empty when it refused the cookie."""
    return _cookie(BROWSER_COOKIE)


def address() -> str:
    """Where the browser is, as the server sees it."""
    return st.context.ip_address or "127.0.0.1"


def moment() -> datetime:
    """The real moment, for sign-in and sessions only."""
    return settings.wall_clock()


def came_by_menu() -> bool:
    """Whether another page of this tab was shown before: what a link on a foreign site cannot bring about."""
    return bool(recall("visited"))


def remember(key: str, value: object) -> None:
    """Keep something between this browser tab's runs."""
    st.session_state[f"tandem.{key}"] = value


def recall(key: str, otherwise: object = None) -> object:
    """What :func:`remember` kept under ``key``."""
    return st.session_state.get(f"tandem.{key}", otherwise)


def forget(key: str) -> None:
    """Drop what was kept under ``key``."""
    st.session_state.pop(f"tandem.{key}", None)


def remembered(beginning: str) -> list[object]:
    """Everything that :func:`remember` kept under a key that begins so."""
    full = f"tandem.{beginning}"
    return [st.session_state[key] for key in list(st.session_state) if str(key).startswith(full)]


def this_run() -> int:
    """The number of this tab's present full run; a fragment's run has the number of the full run before it."""
    number = recall("run", 0)
    return number if isinstance(number, int) else 0


def finished_run() -> int:
    """The number of the last full run that drew its page to the end: a newer one may have cut others short."""
    number = recall("finished", 0)
    return number if isinstance(number, int) else 0


def fields(keys: Mapping[str, str]) -> dict[str, tuple[Any, Any]]:
    """What stands in widgets (name → widget key): name → (value, what it began with).

    Those that are not on this page are left out, and buttons and uploads: nothing is typed into them.
    """
    context = get_script_run_ctx()
    if context is None:
        return {}
    state, found = context.session_state._state, {}
    for name, key in keys.items():
        if key not in state:
            continue
        known = state.get_widget_id_from_key(key)
        widget = state.get_widget_metadata(known) if known else None
        if widget is None:  # put there, and not drawn yet
            found[name] = (state[key], None)
        elif widget.value_type in _TYPED:
            found[name] = (state[key], widget.deserializer(None))
    return found


_TYPED = (
    *("bool_value", "double_value", "int_value", "string_value"),
    *("double_array_value", "int_array_value", "string_array_value"),
)


def put(values: Mapping[str, Any]) -> None:
    """Widget keys → values, for widgets that are not drawn yet in this run."""
    for key, value in values.items():
        st.session_state[key] = value


def own_name() -> str:
    """The name of who is signed in, as people know it; the viewer's is the username of the audit."""
    seat = _seat(active=False)
    return seat.user.name if seat is not None else ""


def _seat(*, active: bool) -> signin.Seat | None:
    token = _cookie(SESSION_COOKIE)
    if not token:
        return None
    with aggregate_session(bind()) as session:
        return signin.resolve(session, token, moment(), active=active)


def _viewer(seat: signin.Seat) -> access.Viewer:
    user, clock = seat.user, settings.load()
    return access.viewer_for(
        user.role,
        name=user.username,
        now=clock.now(),
        today=clock.today(pilot().time_zone),
        user_id=user.id,
        staff_id=user.staff_id,
        address=address(),
    )


def _cookie(name: str) -> str:
    secure = (st.context.headers.get("Origin") or "").startswith("https://")
    return st.context.cookies.get(cookie_name(name, secure), "")


def _path() -> str:
    """The page's address without what stands behind “?”: anybody may have written anything there."""
    return "/" + (st.context.url or "").split("://", 1)[-1].partition("/")[2].partition("?")[0][:70]
