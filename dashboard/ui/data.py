"""Results and figures for pages, computed once per state of the data and shared by all sessions.

The key is (measure, filters, audience, database) and the change counters of the measure's scopes, so a
write anywhere makes exactly the figures that depend on it be computed anew. Who may ask is judged every
time, before the cache is looked at; what comes out is shared and must not be changed.
"""

from dataclasses import astuple

import plotly.graph_objects as go
import streamlit as st
from sqlalchemy import Engine

from dashboard.charts import draw
from dashboard.charts.theme import Size
from dashboard.deck import Leaf, build
from dashboard.measures import MEASURES
from dashboard.measures.compute import allowed, compute
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
    bind = session.bind()
    return _result((bind, viewer, filters), key, astuple(filters), audience.value, _moved(key, now), str(bind.url))


def figure(now: dict[Scope, int], result: Result, *, size: Size = "exhibit", height: int | None = None) -> go.Figure:
    """The drawn Result, in the browser's mode. Raises KeyError for a measure without a chart."""
    key, night = result.key, dark()
    state = (astuple(result.filters), result.audience.value, _moved(key, now), str(session.bind().url))
    return _figure(result, key, state, size, night, height)


def deck(viewer: Viewer, now: dict[Scope, int], filters: Filters) -> tuple[Leaf, ...]:
    """The public slides, in the language of ``filters``. Raises Forbidden for who may not see them."""
    viewer.must(Permission.see_public)
    bind = session.bind()
    return _deck((bind, viewer, filters), astuple(filters), tuple(sorted(now.items())), str(bind.url))


def _moved(key: str, now: dict[Scope, int]) -> tuple[int, ...]:
    return tuple(now[Scope(scope)] for scope in MEASURES[key].scopes)


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _result(
    _ask: tuple[Engine, Viewer, Filters], key: str, cut: tuple, audience: str, versions: tuple[int, ...], database: str
) -> Result:
    bind, viewer, filters = _ask
    return compute(bind, viewer, key, filters, Audience(audience))


@st.cache_resource(show_spinner=False, max_entries=8)
def _deck(
    _ask: tuple[Engine, Viewer, Filters], cut: tuple, versions: tuple[tuple[Scope, int], ...], database: str
) -> tuple[Leaf, ...]:
    return build(*_ask)


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _figure(_result: Result, key: str, state: tuple, size: Size, night: bool, height: int | None) -> go.Figure:
    measure = MEASURES[key]
    lang = "es" if _result.filters.lang == "es" else "en"
    unit = text(f"measure.{key}.unit", lang)
    return draw(_result, str(measure.chart), unit=unit, size=size, dark=night, height=height)
