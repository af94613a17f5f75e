"""More on demand: a long list a part at a time, a form that unfolds where it stands."""

from collections.abc import Callable

import streamlit as st

from dashboard.ui import session


def shown(name: str, step: int) -> int:
    """How many rows of the list ``name`` to draw: ``step`` at first."""
    number = session.recall(f"more.{name}", step)
    return number if isinstance(number, int) else step


def button(name: str, step: int, total: int) -> None:
    """Below the rows: the next ones, three parts at once. Nothing where all are drawn."""
    now = shown(name, step)
    if total <= now:
        return
    rest = total - now
    st.button(
        f"Show {min(rest, 3 * step)} more of {rest}" if rest > 3 * step else f"Show the other {rest}",
        key=f"more-{name}",
        icon=":material/expand_more:",
        width="stretch",
        on_click=lambda: session.remember(f"more.{name}", now + 3 * step),
    )


def unfold(label: str, key: str, draw: Callable[[], None], *, icon: str | None = None) -> None:
    """A line that opens in place, its content made only then. On a phone it has the page's whole height."""
    opened = st.expander(label, key=key, icon=icon, on_change="rerun")
    if opened.open:
        with opened:
            draw()
