"""Charts that move by themselves: inside a fragment, ``version("work")`` re-runs it when that scope moves.

The server pushes the change counters (``dashboard.ui.watch``); nothing polls, an idle viewer costs nothing.
"""

from pathlib import Path

from streamlit.components.v2 import component

from dashboard.ui import session
from db.engine import data_version
from db.vocab import Scope

_listen = component("tandem_live", js=(Path(__file__).with_name("live.js")).read_text("utf-8"))


def version(*scopes: str | Scope, key: str = "") -> tuple[int, ...]:
    """The counters of ``scopes``, as they are now; the surrounding fragment runs again when one moves.

    Call it inside an ``st.fragment``; give a ``key`` when two fragments of a page follow the same scopes.
    Stops the fragment when the session has ended.
    """
    session.viewer()
    wanted = [Scope(scope) for scope in scopes]
    counters = data_version(session.bind())
    versions = [counters[scope] for scope in wanted]
    names = [scope.value for scope in wanted]
    _listen(
        key=f"live-{key}-{'-'.join(names)}",
        data={"scopes": names, "versions": versions},
        on_moved_change=_nothing,
    )
    return tuple(versions)


def watch_session() -> None:
    """On every page: the browser learns that its session ended, and locks the screen by itself.

    It also asks for a whole run when fragments have stopped answering, as after a restart of the server.
    """
    _listen(key="live-session", data={"scopes": [], "versions": []}, on_lost_change=session.not_by_the_user)


def _nothing() -> None:
    """The trigger's only effect is the run itself."""
