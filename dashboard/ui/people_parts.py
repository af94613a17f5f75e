"""What the parts of the People page share: links to a person, running one command."""

from collections.abc import Callable

import streamlit as st

from dashboard.nav import VIEWS
from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.people import Known
from db.engine import record_session
from db.errors import TandemError
from db.forms import day

PAGE = VIEWS / "people.py"
REMARKS = "people.remarks"


def link(code: str, words: str, *, icon: str = ":material/person:", help: str | None = None) -> None:
    """A row that opens a person; the address says which, so that it can be linked to and gone back from."""
    st.page_link(PAGE, label=words, icon=icon, help=help, query_params={"person": code}, width="stretch")


def open_person(code: str) -> None:
    """Show a person after something was done to them."""
    st.switch_page(PAGE, query_params={"person": code})


def told(person: Known) -> str:
    """“P-0132 · Maria López (Mari) · born 3 May 1987”."""
    parts = [plain(person.title)]
    if person.born_on:
        parts.append(f"born {day(person.born_on)}")
    if person.former:
        parts.append(f"found as {person.former}")
    return " · ".join(parts)


def do(who: Viewer, command: Callable[..., Saved], toast: str = "Saved") -> None:
    """Run one command; refused, its sentence stands under the button, else the page is drawn anew."""
    try:
        with record_session(session.bind(), who) as database:
            saved = command(database)
    except TandemError as error:
        st.error(str(error), icon=":material/error:")
        return
    done(saved, toast)
    st.rerun()


def done(saved: Saved, toast: str = "Saved") -> None:
    """Say that it is stored; what is worth a look stays where it was said until the next save, or another person."""
    st.toast(toast, icon=":material/check:")
    session.remember(REMARKS, (_place(), saved.doubts))


def remarks() -> None:
    """What the last save of this place was told."""
    place, doubts = session.recall(REMARKS) or ("", ())  # type: ignore[misc]
    if place != _place():
        session.forget(REMARKS)
        return
    for doubt in doubts:
        st.warning(doubt, icon=":material/help:")


def _place() -> str:
    return st.query_params.get("person", "list")
