"""The Calls page's part on institutions: proposed with the reason, ticked by the analyst, counted anew."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.ui import callrules, exhibit, session
from db.access import Viewer
from db.cad import institutions
from db.cad.institutions import Place
from db.commands import call_rules
from db.engine import record_session
from db.errors import TandemError

SHOWN = 60


def places(viewer: Viewer) -> None:
    """Marked and proposed places and the busiest others; ticked ones are institutions."""
    st.caption(
        "Shelters, hospitals and stations call for many people. Tick them: their calls are then neither counted as "
        "repeat calls nor judged. A home with many calls of one or two people is no institution."
    )
    wanted = st.text_input("Find a place", placeholder="hospital, or 300 main", key="places-find", width=320)
    found = _found(callrules.state(), wanted, viewer)
    if not found:
        exhibit.nothing(
            f"No place is called “{wanted.strip()}”."
            if wanted.strip()
            else "No behavioral-health call with a location is loaded yet. Start under “Load a file”."
        )
        return
    if not wanted.strip():
        _said(found)
    shown = found[: max(SHOWN, sum(place.is_institution or bool(place.why) for place in found))]
    edited = st.data_editor(
        pd.DataFrame([_row(place) for place in shown]),
        hide_index=True,
        disabled=["Location", "Calls", "Different people", "Why it may be one"],
        key="calls-places",
        height=440,
        column_config={
            "Calls": st.column_config.NumberColumn(format="localized", help="Behavioral-health calls there"),
            "Different people": st.column_config.NumberColumn(
                format="localized", help="Different person keys among these calls; empty without keys"
            ),
        },
    )
    marks = {
        place.location_id: bool(now)
        for place, now in zip(shown, edited["Institution"].tolist(), strict=True)
        if place.is_institution != bool(now)
    }
    _save(viewer, marks)


@st.cache_resource(show_spinner="Looking at every place …", max_entries=20)
def _found(state: str, wanted: str, _viewer: Viewer) -> list[Place]:
    with record_session(session.bind(), _viewer) as database:
        return institutions.search(database, wanted) if wanted.strip() else institutions.places(database)


def _said(found: Sequence[Place]) -> None:
    marked = sum(place.is_institution for place in found)
    proposed = sum(bool(place.why) and not place.is_institution for place in found)
    st.markdown(f"**{marked}** marked · **{proposed}** proposed, to be looked at")


def _row(place: Place) -> dict[str, object]:
    return {
        "Institution": place.is_institution,
        "Location": place.name,
        "Calls": place.calls,
        "Different people": place.people if place.keyed else None,
        "Why it may be one": "; ".join(place.why),
    }


def _save(viewer: Viewer, marks: dict[int, bool]) -> None:
    text = f"Save {len(marks)} {'change' if len(marks) == 1 else 'changes'}" if marks else "Save"
    if not st.button(text, type="primary", disabled=not marks, key="calls-places-save"):
        return
    try:
        with record_session(session.bind(), viewer) as database, st.spinner("Counting anew …"):
            call_rules.mark_institutions(database, viewer, marks)
    except TandemError as error:
        st.error(exhibit.plain(str(error)), icon=":material/error:")
        return
    st.toast(f"{len(marks)} saved. Repeat calls are counted anew; undo it under “Call types and rules”.")
    st.rerun()
