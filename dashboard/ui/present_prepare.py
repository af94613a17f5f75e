"""Prepare a meeting: freeze the figures as of a day under a new number."""

from typing import Any

import streamlit as st

from dashboard import edition
from dashboard.ui import act, forms, money_parts, present, session
from db.access import Viewer
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.meetings import EditionForm
from db.models import Edition

NAME = "meeting"


def show(viewer: Viewer) -> None:
    """A line that unfolds: the day of the meeting, the first slide's words, up to which day things are known."""
    opened = st.expander("Prepare a meeting", icon=":material/add:", key="prepare", on_change="rerun")
    if opened.open:
        with opened:
            _form(viewer, forms.draft(NAME))


def _form(viewer: Viewer, form: forms.Draft) -> None:
    if form.fresh:
        form.begin_with({"as_of": viewer.today, "title": f"{session.pilot().name}: report to the council"})
    left, middle, right = st.columns([1, 1, 2])
    with left:
        meeting_on = money_parts.day(form, "meeting_on", "Day of the meeting")
    with middle:
        as_of = money_parts.day(form, "as_of", "Figures as of", max_value=viewer.today)
    with right:
        title = forms.text(form, "title", "Title of the first slide", max_chars=120)
    anyway = st.toggle(
        "Include weeks that are not certified, marked as provisional",
        key=form.key("with_provisional"),
        help="Off, the figures end with the newest week that everybody certified; an earlier one that waits is marked.",
    )
    values = {"meeting_on": meeting_on, "as_of": as_of, "title": title, "with_provisional": anyway}
    if st.button("Freeze the figures", type="primary", icon=":material/ac_unit:", key=form.key("save")):
        _freeze(viewer, form, values)
    if form.errors:
        said = " ".join(sentence for name, sentence in form.errors.items() if name not in form.shown)
        st.error(f"Not prepared yet. {said} Nothing you typed is lost.".replace("  ", " "), icon=":material/error:")


def _freeze(viewer: Viewer, form: forms.Draft, values: dict[str, Any]) -> None:
    bar = st.progress(0.0, "Freezing the figures")
    try:
        saved = edition.prepare(
            session.bind(), viewer, checked(EditionForm, values), lambda share, said: _step(bar, share, said)
        )
    except TandemError as error:
        form.errors = getattr(error, "errors", {"": str(error)})
    else:
        with record_session(session.bind(), viewer) as database:
            number = database.get_one(Edition, saved.id).number
        form.start_over()
        session.remember(present.WHICH, number)
        act.say(present.PLACE, f"Edition {number} is prepared, as a draft. Check it, then the chief approves it.")
    st.rerun()


def _step(bar: Any, share: float, said: str) -> None:
    bar.progress(min(share, 1.0), said)
