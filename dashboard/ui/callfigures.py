"""The parts of the Call figures page: period and window, a row of numbers, then the charts; a click opens the calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from dashboard import nav
from dashboard.measures import MEASURES
from dashboard.measures.call_lists import LISTS, Bar
from dashboard.measures.compute import pilot_to_date
from dashboard.measures.faces import LADDER, year_before
from dashboard.model import Audience, Filters, Result
from dashboard.ui import data, exhibit, exports, session
from dashboard.ui.record_link import CALLS, CALLS_OF, calls_address
from dashboard.words import day
from db.access import Permission, Viewer
from db.cad import current
from db.engine import record_session
from db.models import Pilot

PARTS: Mapping[str, Sequence[str]] = {
    "Calls": (
        "bh_calls",
        "repeat_calls",
        "call_coverage",
        "familiar_faces",
        "repeat_call_effect",
        "officer_hours",
    ),
    "Follow-up": ("eligible_served", "unserved_reasons", "calls_without_follow_up", "unmatched_calls"),
    "On scene": ("dispositions", "arrest_diversion", "ed_diversion", "force_and_injury"),
}
OF_THE_PILOT = frozenset({"call_coverage", *PARTS["Follow-up"], *PARTS["On scene"]})
"""Asked of the pilot's days only: before it there was no shift and nobody to follow up."""
OF_CALLS = frozenset({"Calls", "Follow-up"})
"""Parts with nothing to show before calls are loaded."""
NO_CARD = frozenset({"repeat_call_effect", "unserved_reasons", "dispositions"})
WINDOWS = (30, 90, 180, 365)
PERIODS = {"all": "All calls", "year": "12 months", "pilot": "Pilot to date", "dates": "Dates"}
HEIGHT = 250
EMPTY = {
    "Calls": "No calls of this period yet. The analyst loads the dispatch system’s export on Calls.",
    "Follow-up": "No call of this period is over seven days old yet, or none is loaded.",
    "On scene": "Nothing on scene is logged in this period yet.",
}


def parts() -> str:
    """Which part is looked at; kept in the address."""
    picked = st.segmented_control(
        "Part",
        tuple(PARTS),
        default="Calls",
        required=True,
        key="part",
        wrap=True,
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(picked)


def bar(viewer: Viewer, pilot: Pilot, part: str) -> Filters:
    """Period and, where repeat calls are shown, the window; both kept in the address."""
    window = 90
    if part == "Calls":
        window = st.segmented_control(
            "Repeat within",
            WINDOWS,
            default=90,
            format_func=lambda days: f"{days} d",
            required=True,
            key="window",
            bind="query-params",
            label_visibility="collapsed",
            help="A call is a repeat call when the same person or place called within so many days before.",
        )
    period = st.segmented_control(
        "Period",
        tuple(PERIODS),
        default="all" if part == "Calls" else "pilot",
        format_func=PERIODS.__getitem__,
        required=True,
        key=f"period-{part}",
        label_visibility="collapsed",
    )
    filters = replace(pilot_to_date(pilot, viewer.today), window_days=int(window))
    return filters.between(*_ends(str(period), viewer, pilot, filters))


def _ends(period: str, viewer: Viewer, pilot: Pilot, whole: Filters) -> tuple[date, date]:
    last = viewer.today
    if period == "pilot":
        return whole.first, whole.last
    if period == "year":
        return year_before(last), last
    with record_session(session.bind(), viewer) as database:
        covered = current.coverage(database)
    first = min(covered.first if covered else pilot.baseline_starts_on, pilot.starts_on)
    if period == "all":
        return first, last
    chosen = st.date_input(
        "Dates",
        (first, last),
        min_value=first,
        max_value=last,
        format="MM/DD/YYYY",
        key="dates",
        bind="query-params",
        label_visibility="collapsed",
        width=220,
    )
    ends = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(ends) != 2 or not all(isinstance(end, date) for end in ends):
        return first, last
    return min(ends), max(ends)


def export_button(viewer: Viewer, pilot: Pilot, filters: Filters, part: str) -> None:
    """What the part shows, as files."""
    also = f"repeat calls within {filters.window_days} days" if part == "Calls" else ""

    def shown() -> dict[str, Result]:
        none = part in OF_CALLS and _none_loaded(viewer)
        return {} if none else _results(viewer, pilot, filters, part)

    exports.button(viewer, "call-figures", f"Call figures, {part}", shown, filters, also=also)


def _asked(viewer: Viewer, pilot: Pilot, filters: Filters, part: str) -> dict[str, Filters]:
    return {key: _slice(key, filters, pilot) for key in PARTS[part] if viewer.may(_permission(key))}


def _results(viewer: Viewer, pilot: Pilot, filters: Filters, part: str) -> dict[str, Result]:
    now, asked = data.versions(), _asked(viewer, pilot, filters, part)
    return {key: data.one(viewer, now, key, of, Audience.internal) for key, of in asked.items()}


def show(viewer: Viewer, pilot: Pilot, filters: Filters, part: str) -> None:
    """The numbers of the part, then its charts: two in a row on a wide desk, one on a phone."""
    if part in OF_CALLS and _none_loaded(viewer):
        exhibit.nothing("No calls are loaded yet: these figures begin with the first export of the dispatch system.")
        if viewer.may(Permission.import_calls):
            with st.container(horizontal_alignment="center"):
                st.page_link(nav.VIEWS / "calls.py", label="Load an export", icon=":material/upload:", width="content")
        else:
            st.caption("The analyst loads it on the page Calls.", text_alignment="center")
        return
    now = data.versions()
    asked = _asked(viewer, pilot, filters, part)
    results = _results(viewer, pilot, filters, part)
    wider = next((result.filters for key, result in results.items() if result.filters != asked[key]), None)
    if wider:  # or a day with one call would say what became of its caller
        st.caption(f"Outside the desk follow-up goes by whole months: {day(wider.first)} to {day(wider.last)}.")
    with st.grid(6, min_column_width=150, gap="xsmall", key="call-cards"):
        for key, result in results.items():
            if key not in NO_CARD:
                exhibit.card(result)
    with st.grid(2, min_column_width=420, gap="xsmall", key="call-charts"):
        for result in results.values():
            empty = "" if result.estimate.n or result.estimate.value else EMPTY[part]
            exhibit.exhibit(
                result,
                now,
                height=HEIGHT,
                empty=empty,
                below=_beside(result),
                picked=_opener(viewer, result),
            )


def _none_loaded(viewer: Viewer) -> bool:
    with record_session(session.bind(), viewer) as database:
        return current.coverage(database) is None


def _permission(key: str) -> Permission:
    return Permission(MEASURES[key].permission)


def _slice(key: str, filters: Filters, pilot: Pilot) -> Filters:
    if key not in OF_THE_PILOT or filters.last < pilot.starts_on:
        return filters
    return filters.between(max(filters.first, pilot.starts_on), filters.last)


def _beside(result: Result) -> str:
    """What could not be judged stands under the chart, not behind its ⓘ."""
    return " ".join(result.caveats) if result.key in ("repeat_calls", "familiar_faces") else ""


# --- from a bar to its calls -----------------------------------------------------------------------------


def _opener(viewer: Viewer, result: Result) -> Callable[[Mapping[str, Any]], None] | None:
    """What a click on the chart does; None where no calls stand behind it or this viewer may not see them."""
    key = CALLS_OF.get(result.key, result.key)
    if key not in LISTS or not viewer.may(Permission.see_calls):
        return None

    def opened(point: Mapping[str, Any]) -> None:
        st.switch_page(CALLS, query_params=calls_address(key, result.filters, _bar(result, point)))

    return opened


def _bar(result: Result, point: Mapping[str, Any]) -> Bar:
    """Which bar was clicked, from Plotly's point."""
    if result.key == "call_coverage":
        weekday, hour = point["customdata"]
        return Bar(weekday=int(weekday), hour=int(hour))
    if result.key == "familiar_faces":
        return Bar(at_least=LADDER[int(point["point_index"])])
    return Bar(month=date.fromisoformat(str(point["x"])[:10]).replace(day=1))
