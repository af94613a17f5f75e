"""Charts that move by themselves: ``@live.fragment(Scope.work)`` draws a part of a page again when that scope moves.

The server pushes the change counters (``dashboard.ui.watch``); nothing polls, an idle viewer costs nothing.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from streamlit.components.v2 import component

from dashboard.ui import session
from db.engine import data_version
from db.vocab import Scope

P = ParamSpec("P")
_listen = component("tandem_live", js=(Path(__file__).with_name("live.js")).read_text("utf-8"))


def fragment(*scopes: Scope, key: str = "") -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A part of a page that is drawn again by itself when the counter of one of ``scopes`` moves.

    Give a ``key`` when two parts of a page follow the same scopes. It is not drawn when the session has ended.
    """
    names = [scope.value for scope in scopes]

    def follow(draw: Callable[P, None]) -> Callable[P, None]:
        @st.fragment
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
            session.viewer()
            counters = data_version(session.bind())  # first: what is shown is as new as this, or newer
            draw(*args, **kwargs)
            _listen(  # last: a run that another cut short has not shown it, and the browser asks again
                key=f"live-{key}-{'-'.join(names)}",
                data={"scopes": names, "versions": [counters[scope] for scope in scopes]},
                on_moved_change=_nothing,
            )

        return drawn

    return follow


def watch_session() -> None:
    """On every page: the browser learns that its session ended, and locks the screen by itself.

    It also asks for a whole run when fragments have stopped answering, as after a restart of the server.
    """
    _listen(key="live-session", data={"scopes": [], "versions": []}, on_lost_change=session.not_by_the_user)


def _nothing() -> None:
    """The trigger's only effect is the run itself."""
