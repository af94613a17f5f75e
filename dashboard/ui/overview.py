"""The parts of the Overview, in the order in which they are read."""

import re
from dataclasses import dataclass, field

import streamlit as st

from dashboard import nav, words
from dashboard.charts import bare
from dashboard.measures import MEASURES
from dashboard.model import Audience, Filters, Result
from dashboard.ui import data, exhibit, exports, filters
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
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, at which state of the data, at which slice. One per run."""

    viewer: Viewer
    now: dict[Scope, int]
    filters: Filters
    seen: dict[str, Result] = field(default_factory=dict)

    def result(self, key: str) -> Result:
        """The Result of ``key``, asked for once in a run."""
        if key not in self.seen:
            self.seen[key] = data.one(self.viewer, self.now, key, self.filters, Audience.internal)
        return self.seen[key]

    def may(self, key: str) -> bool:
        """Whether this role may see the measure: an analyst's Overview shows no money."""
        return self.viewer.may(Permission(MEASURES[key].permission))


def heading(view: View, pilot: Pilot) -> None:
    """Which pilot, how far along, figures up to when, how much of it is not certified."""
    week, of = min(pilot_week(pilot, view.viewer.today), len(pilot_weeks(pilot))), len(pilot_weeks(pilot))
    parts = [pilot.name, f"week {week} of {of}", f"figures to {words.day(view.filters.last)}"]
    waiting = _provisional_weeks(view.result("referral_flow"))
    if waiting:
        parts.append(f"{waiting} {'week' if waiting == 1 else 'weeks'} provisional")
    if view.filters.staff_id is not None:
        parts.append("repeat calls and money are for the whole pilot")  # no member of staff has a share of them
    st.caption(exhibit.plain(" · ".join(parts)), width="content")


def _provisional_weeks(result: Result) -> int:
    return 0 if result.table.empty else list(result.table["status"]).count("provisional")


def verdict(view: View) -> None:
    """The verdict is the largest text of the page; what qualifies it, and the money, come right after."""
    effect = view.result("repeat_call_effect")
    first, *more = SENTENCE_END.split(EMPTY["repeat_call_effect"] if bare(effect, "effect") else effect.sentence)
    st.markdown(f"# {exhibit.plain(first)}")
    if view.may("burn") and not bare(burn := view.result("burn"), "burn"):
        more.append(burn.sentence)
    with st.container(horizontal=True):
        st.markdown(exhibit.plain(" ".join(more)), width="stretch")


def cards(view: View) -> None:
    """Six in a row on a desk, two on a phone."""
    with st.grid(6, min_column_width=150, gap="xsmall", key="cards"):
        for key in filter(view.may, CARDS):
            exhibit.card(view.result(key))


def exhibits(view: View) -> None:
    """Two by two on a desk, one below the other on a phone."""
    with st.grid(2, min_column_width=420, gap="xsmall", key="exhibits"):
        for key in filter(view.may, EXHIBITS):
            exhibit.exhibit(
                view.result(key), view.now, height=CHART_HEIGHT, empty=EMPTY[key], answer=_answer(view, key)
            )


def _answer(view: View, key: str) -> str | None:
    """The verdict and the money stand in full on top: their charts answer in the short form."""
    if key == "burn":
        close = view.result("projected_close")
        if not close.context or close.marks["exact"].over:
            return None
        return f"On course for {close.display} {close.context} by the last day."
    effect = view.result(key)
    if key == "repeat_call_effect" and effect.context:
        return f"{effect.display[:1].upper()}{effect.display[1:]} ({effect.context})."
    return None


def export_button(view: View) -> None:
    """What cards and charts show, as files."""

    def shown() -> dict[str, Result]:
        return {key: view.result(key) for key in filter(view.may, dict.fromkeys((*CARDS, *EXHIBITS)))}

    exports.button(
        view.viewer, "overview", "Overview", shown, view.filters, also=filters.said(view.viewer, view.filters)
    )


def present_button(viewer: Viewer) -> None:
    """To the meeting, for those who may present."""
    if viewer.may(Permission.present) and st.button("Present", icon=":material/slideshow:", key="present"):
        st.switch_page(nav.VIEWS / "present.py")
