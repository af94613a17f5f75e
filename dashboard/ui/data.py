"""Results and figures for pages, computed once per state of the data and shared by all sessions.

The key is (measure, filters, audience, database) and the change counters of the measure's scopes, so a
write anywhere makes exactly the figures that depend on it be computed anew. Who may ask is judged every
time, before the cache is looked at; what comes out is shared and must not be changed.
"""

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from dashboard.charts import draw
from dashboard.charts.theme import Size
from dashboard.deck import computed, leaves
from dashboard.leaf import Leaf, Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import DEPENDS_ON_VIEWER, allowed, compute, permitted
from dashboard.measures.compute import several as several_at_once
from dashboard.model import Audience, Filters, Result
from dashboard.ui import session
from db.access import Permission, Viewer
from db.engine import data_version
from db.vocab import Scope, text

KEPT = 400
"""Results held in memory; the least recently computed go first."""


def dark() -> bool:
    """Whether the viewer's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def result(key: str, filters: Filters, audience: Audience = Audience.internal) -> Result:
    """The Result of ``key``. Raises Forbidden like ``compute`` does, cached or not."""
    return one(session.viewer(), versions(), key, filters, audience)


def versions() -> dict[Scope, int]:
    """The change counters now: read once per run, passed to :func:`one` and :func:`figure`."""
    return dict(data_version(session.bind()))


def one(viewer: Viewer, now: dict[Scope, int], key: str, filters: Filters, audience: Audience) -> Result:
    """Like :func:`result` for a page that asks for many: viewer and counters are read by the page, once."""
    allowed(viewer, key, audience)
    if key in DEPENDS_ON_VIEWER:  # before the cache, which the desk shares
        filters = permitted(viewer, session.pilot(), key, filters, audience)
    return _result((viewer, key, filters, audience), _state(now, key, filters, audience))


def several(
    viewer: Viewer, now: dict[Scope, int], keys: Sequence[str], filters: Filters, audience: Audience
) -> dict[str, Result]:
    """Like :func:`one` for a page whose figures rest on each other: those of the same scopes are computed together.

    They are kept together as well: a write makes those anew, and only those, whose scopes it moved.
    """
    together: dict[tuple[str, ...], list[str]] = {}
    found: dict[str, Result] = {}
    for key in keys:
        if key in DEPENDS_ON_VIEWER:
            found[key] = one(viewer, now, key, filters, audience)
            continue
        together.setdefault(tuple(sorted(allowed(viewer, key, audience).scopes)), []).append(key)
    for group in together.values():
        state = f"{_state(now, group[0], filters, audience)} {group}"
        found |= _several((viewer, tuple(group), filters, audience), state)
    return {key: found[key] for key in keys}


def figure(
    now: dict[Scope, int], result: Result, *, size: Size = "exhibit", height: int | None = None, by: str = ""
) -> go.Figure:
    """The drawn Result, in the browser's mode. Raises KeyError for a measure without a chart.

    ``by``: only this one of the ways in which its table breaks the count down.
    """
    state = _state(now, result.key, result.filters, result.audience)
    night = dark()
    if by:
        result = replace(result, table=result.table[result.table["by"] == by].reset_index(drop=True))
    return _figure((result, size, night, height), f"{state} {size} {night} {height} {by}")


def deck(viewer: Viewer, now: dict[Scope, int], filters: Filters) -> tuple[Leaf, ...]:
    """The public slides, in the language of ``filters``. Raises Forbidden for who may not see them."""
    viewer.must(Permission.see_public)
    return _deck((viewer, filters), f"{session.bind().url} {filters} {sorted(now.items())}")


def _state(now: dict[Scope, int], key: str, filters: Filters, audience: Audience) -> str:
    """All that a Result depends on, in one text: hashing many arguments would cost more than the page."""
    moved = [now[Scope(scope)] for scope in MEASURES[key].scopes]
    return f"{session.bind().url} {key} {filters} {audience} {moved}"


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _result(_ask: tuple[Viewer, str, Filters, Audience], state: str) -> Result:
    return compute(session.bind(), *_ask)


@st.cache_resource(show_spinner=False, max_entries=40)
def _several(_ask: tuple[Viewer, tuple[str, ...], Filters, Audience], state: str) -> dict[str, Result]:
    return several_at_once(session.bind(), *_ask)


@st.cache_resource(show_spinner=False, max_entries=8)
def _deck(_ask: tuple[Viewer, Filters], state: str) -> tuple[Leaf, ...]:
    viewer, filters = _ask
    return leaves(Material(computed(session.bind(), viewer, filters)), "es" if filters.lang == "es" else "en")


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _figure(_ask: tuple[Result, Size, bool, int | None], state: str) -> go.Figure:
    result, size, night, height = _ask
    measure = MEASURES[result.key]
    unit = text(f"measure.{measure.key}.unit", "es" if result.filters.lang == "es" else "en")
    return draw(result, str(measure.chart), unit=unit, size=size, dark=night, height=height)
