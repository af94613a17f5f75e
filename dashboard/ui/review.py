"""The parts of the Charts page: themes, a row of numbers, then every chart of the theme."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.measures import connections, eligible, outcomes, quality, reach, referrals
from dashboard.model import Audience, Filters, Measure, Result
from dashboard.ui import data, exhibit, exports
from dashboard.ui.filters import said
from db.access import Permission, Viewer

THEMES: Mapping[str, Sequence[Measure]] = {
    "Reach": reach.MEASURES,
    "Referrals": (*referrals.MEASURES, *eligible.MEASURES),
    "Connections": connections.MEASURES,
    "Outcomes": outcomes.MEASURES,
    "Quality": quality.MEASURES,
}
"""Every measure of these files is shown: a new one appears here by itself."""
NO_CARD = frozenset(
    {"interventions_by_week", "people_by_group", "referral_flow", "referrals_by_source", "connections_by_need"}
    | {"connections_by_provider", "connection_ladder", "dispositions"}
)
"""The same number stands on another card of the theme already."""
HEIGHT = 240
EMPTY = {
    "Reach": "Nothing is logged in this period yet. The desk logs its work on Log an intervention.",
    "Referrals": "No referral of this period yet. Officers send them on Refer someone.",
    "Connections": "No connection of this period yet. The desk records them on Connections.",
    "Outcomes": "Nothing on scene is logged in this period yet.",
    "Quality": "Nothing to check in this period yet.",
}


def themes() -> str:
    """Which part of the work is looked at; kept in the address."""
    picked = st.segmented_control(
        "Theme",
        tuple(THEMES),
        default="Reach",
        required=True,
        key="theme",
        wrap=True,
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(picked)


def export_button(viewer: Viewer, filters: Filters, theme: str) -> None:
    """What the theme shows, as files."""
    exports.button(
        viewer,
        "charts",
        f"Charts, {theme}",
        lambda: _results(viewer, filters, theme),
        filters,
        also=said(viewer, filters),
    )


def _measures(viewer: Viewer, theme: str) -> list[Measure]:
    return [measure for measure in THEMES[theme] if viewer.may(Permission(measure.permission))]


def _results(viewer: Viewer, filters: Filters, theme: str) -> dict[str, Result]:
    now = data.versions()
    return {m.key: data.one(viewer, now, m.key, filters, Audience.internal) for m in _measures(viewer, theme)}


def show(viewer: Viewer, filters: Filters, theme: str) -> None:
    """The numbers of the theme, then its charts: two in a row on a wide desk, one on a phone."""
    now = data.versions()
    measures = _measures(viewer, theme)
    results = _results(viewer, filters, theme)
    with st.grid(6, min_column_width=150, gap="xsmall", key="review-cards"):
        for key, result in results.items():
            if key not in NO_CARD:
                exhibit.card(result)
    with st.grid(2, min_column_width=420, gap="xsmall", key="review-charts"):
        for measure in measures:
            if measure.chart:
                result = results[measure.key]
                empty = "" if result.estimate.n else EMPTY[theme]  # of many, none is an answer
                exhibit.exhibit(result, now, height=HEIGHT, empty=empty, apart=True)
