"""The parts of the Overview, in the order in which they are read."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import nav, words
from dashboard.model import Audience, Filters, Result
from dashboard.ui import data, exhibit
from db.access import Permission, Viewer
from db.models import Pilot
from db.pilot import pilot_week, pilot_weeks
from db.vocab import Scope

CARDS = ("people_served", "referrals_received", "connection_rate", "caseload", "repeat_calls", "spent")
EXHIBITS = ("caseload", "referral_flow", "repeat_call_effect", "burn")
EMPTY = {
    "caseload": "Nobody is in care yet: the desk logs the first direct contact on Log an intervention.",
    "referral_flow": "No referral has come in yet: officers send them on Refer someone.",
    "repeat_call_effect": "No calls are loaded yet: the analyst loads them on Calls.",
    "burn": "Nothing is booked yet: finance enters the first obligation on Budget.",
}
CHART_HEIGHT = 196


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, at which state of the data, at which slice. One per run."""

    viewer: Viewer
    now: dict[Scope, int]
    filters: Filters

    def result(self, key: str) -> Result:
        return data.one(self.viewer, self.now, key, self.filters, Audience.internal)


def heading(view: View, pilot: Pilot) -> None:
    """Which pilot, how far along, figures up to when, how much of it is not certified."""
    week, of = min(pilot_week(pilot, view.viewer.today), len(pilot_weeks(pilot))), len(pilot_weeks(pilot))
    parts = [pilot.name, f"week {week} of {of}", f"figures to {words.day(view.filters.last)}"]
    waiting = _provisional_weeks(view.result("referral_flow"))
    if waiting:
        parts.append(f"{waiting} {'week' if waiting == 1 else 'weeks'} provisional")
    st.caption(exhibit.plain(" · ".join(parts)))


def _provisional_weeks(result: Result) -> int:
    return 0 if result.table.empty else int((result.table["status"] == "provisional").sum())


def verdict(view: View) -> None:
    """The verdict is the largest text of the page; the money comes right after."""
    effect, burn = view.result("repeat_call_effect"), view.result("burn")
    st.markdown(f"# {exhibit.plain(EMPTY['repeat_call_effect'] if effect.table.empty else effect.sentence)}")
    if not burn.table.empty:
        st.markdown(exhibit.plain(burn.sentence))


def cards(view: View) -> None:
    """Six in a row on a desk, two on a phone."""
    with st.grid(6, min_column_width=150, gap="xsmall", key="cards"):
        for key in CARDS:
            exhibit.card(view.result(key))


def exhibits(view: View) -> None:
    """Two by two on a desk, one below the other on a phone."""
    with st.grid(2, min_column_width=420, gap="xsmall", key="exhibits"):
        for key in EXHIBITS:
            exhibit.exhibit(view.result(key), view.now, height=CHART_HEIGHT, empty=EMPTY[key], **_answer(key, view))


def _answer(key: str, view: View) -> dict[str, Any]:
    """The verdict and the money sentence stand on top already: their charts answer in the short form."""
    result = view.result(key)
    short = {"repeat_call_effect": "effect_short", "burn": "close_short"}
    return {"answer": f"{result.display}. {result.context}"} if key in short and result.context else {}


def present_button(viewer: Viewer) -> None:
    """To the meeting, for those who may present."""
    if viewer.may(Permission.present) and st.button("Present", icon=":material/slideshow:", key="present"):
        st.switch_page(nav.VIEWS / "present.py")
