"""One tap that changes something in a list: the command runs, says what it did, and can be taken back for a while."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.engine import record_session
from db.errors import TandemError

T = TypeVar("T")
Undo = Callable[[Session, Viewer], object]
_DONE = "act.done"


@dataclass(frozen=True, slots=True)
class _Done:
    place: str
    words: str
    undo: Undo | None
    wrong: bool = False


def run(
    who: Viewer,
    place: str,
    command: Callable[[Session], T],
    words: str | Callable[[T], str],
    undo: Callable[[T], Undo] | None = None,
) -> None:
    """Run ``command`` and draw the surrounding page or fragment anew, with ``words`` (and an undo) at ``place``.

    Refused, its sentence stands there instead; nothing is changed.
    """
    try:
        with record_session(session.bind(), who) as database:
            made = command(database)
    except TandemError as error:
        session.remember(_DONE, _Done(place, str(error), None, wrong=True))
    else:
        said = words(made) if callable(words) else words
        session.remember(_DONE, _Done(place, said, undo(made) if undo else None))
    st.rerun()


def say(place: str, words: str) -> None:
    """Tell at ``place``, in the next run, what was done by other means than :func:`run`."""
    session.remember(_DONE, _Done(place, words, None))


def told(who: Viewer, place: str) -> None:
    """Where the last action of ``place`` is told: what was done, with its undo, until the next one."""
    done = session.recall(_DONE)
    if not isinstance(done, _Done) or done.place != place:
        return
    if done.wrong:
        with st.container(key=f"told-{place}-refused"):
            st.error(plain(done.words), icon=":material/error:")
        session.forget(_DONE)
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"told-{place}"):
        st.markdown(f":material/check: {plain(done.words)}", width="stretch")
        if done.undo is not None and st.button("Undo", key=f"undo-{place}", icon=":material/undo:"):
            undo = done.undo
            run(who, place, lambda database: undo(database, who), "Taken back.")


def lazily(label: str, key: str, draw: Callable[[], None], *, icon: str | None = None, help: str | None = None) -> None:
    """A popover whose content is made only once it is opened: a list of fifty stays quick."""
    opened = st.popover(label, icon=icon, key=key, on_change="rerun", help=help)
    if opened.open:
        with opened:
            draw()


_AHEAD = ((1, "Next working day"), (3, "In 3 days"), (7, "In a week"), (14, "In 2 weeks"), (28, "In 4 weeks"))


def days_ahead(today: date) -> Mapping[date, str]:
    """The days one schedules for, none of them on a weekend: tomorrow, in three days, in one, two and four weeks."""
    found: dict[date, str] = {}
    for days, words in _AHEAD:
        on = today + timedelta(days=days)
        on += timedelta(days=max(0, 7 - on.weekday()) if on.weekday() > 4 else 0)
        found.setdefault(on, f"{words}, {on:%a} {on.day} {on:%b}")
    return found


def pick_day(
    label: str, key: str, today: date, then: Callable[[date], None], *, icon: str = ":material/event:"
) -> None:
    """A menu of days: two taps to a date. ``then`` is called with the one chosen."""
    days = days_ahead(today)
    picked = st.menu_button(label, list(days), key=key, format_func=partial(_of, days), icon=icon)
    if picked is not None:
        then(picked)


def _of(words: Mapping[date, str], on: date) -> str:
    return words[on]
