"""Results and figures for pages, computed once per state of the data and shared by all sessions.

The key is (measure, filters, audience, database) and the change counters of the measure's scopes, so a
write anywhere makes exactly the figures that depend on it be computed anew. Who may ask is judged every
time, before the cache is looked at; what comes out is shared and must not be changed.

Public figures come from editions only: who may see no internal ones is given those of the newest approved edition
in force, whatever period is asked for. Two pages a day apart could be subtracted from each other.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import plotly.graph_objects as go
import streamlit as st

from dashboard import edition, words
from dashboard.charts import draw
from dashboard.charts.theme import Size
from dashboard.frozen import Frozen
from dashboard.measures import MEASURES
from dashboard.measures.compute import DEPENDS_ON_VIEWER, allowed, compute, permitted
from dashboard.measures.compute import several as several_at_once
from dashboard.model import Audience, Filters, Result
from dashboard.ui import session
from db.access import Permission, Viewer
from db.commands import editions
from db.engine import data_version, record_session
from db.vocab import Lang, Scope, text

KEPT = 400
"""Results held in memory; the least recently computed go first."""
EDITION = "edition"
"""The mark of a Result that an edition published: its number."""


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
    if from_editions(viewer, audience):
        return _published(viewer, now, (key,), filters)[key]
    if key in DEPENDS_ON_VIEWER:  # before the cache, which the desk shares
        filters = permitted(viewer, session.pilot(), key, filters, audience)
    return _result((viewer, key, filters, audience), _state(now, key, filters, audience))


def several(
    viewer: Viewer, now: dict[Scope, int], keys: Sequence[str], filters: Filters, audience: Audience
) -> dict[str, Result]:
    """Like :func:`one` for a page whose figures rest on each other: those of the same scopes are computed together.

    They are kept together as well: a write makes those anew, and only those, whose scopes it moved.
    """
    if from_editions(viewer, audience):
        return _published(viewer, now, keys, filters)
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
    state = f"{_state(now, result.key, result.filters, result.audience)} {result.marks.get(EDITION, '')}"
    night = dark()
    if by:
        result = replace(result, table=result.table[result.table["by"] == by].reset_index(drop=True))
    return _figure((result, size, night, height), f"{state} {size} {night} {height} {by}")


def from_editions(viewer: Viewer, audience: Audience) -> bool:
    """Whether this viewer gets published figures: those of an edition, not of this minute."""
    inside = viewer.may(Permission.see_figures) or viewer.may(Permission.see_overview)
    return audience is Audience.public and not inside


def published_in(result: Result) -> str:
    """ "Figures of edition 2026-11-19, as of 14 Nov 2026." where they are; else empty."""
    number, lang = result.marks.get(EDITION), _lang(result.filters)
    day = words.day(result.filters.as_of, lang)
    return text("holding.from", lang, number=number, day=day) if number else ""


def _published(viewer: Viewer, now: dict[Scope, int], keys: Sequence[str], filters: Filters) -> dict[str, Result]:
    """The Results of the edition in force. Where there is none, or it lacks one, one sentence ends the page."""
    for key in keys:
        allowed(viewer, key, Audience.public)
    lang = _lang(filters)
    found = _in_force(viewer, f"{session.bind().url} {now[Scope.meetings]}")
    if found is None:
        _ends_with(text("holding.nothing", lang))
    number, content = found
    results = content.results.get(lang, {})
    if any(key not in results for key in keys):
        _ends_with(text("holding.not_in", lang, number=number))
    return {key: replace(results[key], marks={**results[key].marks, EDITION: number}) for key in keys}


def _ends_with(sentence: str) -> NoReturn:
    st.info(sentence)
    st.stop()


def _lang(filters: Filters) -> Lang:
    return "es" if filters.lang == "es" else "en"


@st.cache_resource(show_spinner=False, max_entries=4)
def _in_force(_viewer: Viewer, state: str) -> tuple[str, Frozen] | None:
    """Number and figures of the newest approved edition, verified. Raises Conflict where they were altered."""
    with record_session(session.bind(), _viewer) as opened:
        row = editions.in_force(opened)
        return None if row is None else (row.number, edition.content(row))


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


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _figure(_ask: tuple[Result, Size, bool, int | None], state: str) -> go.Figure:
    result, size, night, height = _ask
    measure = MEASURES[result.key]
    unit = text(f"measure.{measure.key}.unit", _lang(result.filters))
    return draw(result, str(measure.chart), unit=unit, size=size, dark=night, height=height)
