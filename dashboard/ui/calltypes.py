"""The Calls page's part on what each type means: how much the rules cover, what they leave, codebook; the series."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st
from sqlalchemy import func, select

from dashboard import words
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.ui import callrules, data, exhibit, session
from db import vocab
from db.access import Viewer
from db.cad.codebook import read_codebook
from db.cad.rule_effects import TypeVolume, type_volumes
from db.commands import call_rules
from db.engine import record_session
from db.errors import TandemError
from db.models import Call, Pilot
from db.vocab import CallCategory

UNCOVERED = "Not covered"


def types(viewer: Viewer) -> None:
    """How much the rules cover, the types they leave, the rules and what each catches, every change with its undo."""
    volumes = _volumes(callrules.state(), viewer)
    if not volumes:
        exhibit.nothing("No calls yet: types appear here with the first load. Start under “Load a file”.")
        callrules.rules(viewer)
        return
    _coverage(volumes)
    left, right = st.columns(2, gap="medium")
    with left:
        _uncovered(viewer, [volume for volume in volumes if volume.category is None])
        _codebook(viewer)
    with right:
        callrules.changes(viewer)
    callrules.rules(viewer)


@st.cache_resource(show_spinner=False, max_entries=4)
def _volumes(state: str, _viewer: Viewer) -> list[TypeVolume]:
    with record_session(session.bind(), _viewer) as database:
        return type_volumes(database)


def _coverage(volumes: Sequence[TypeVolume]) -> None:
    total = sum(volume.calls for volume in volumes)
    with st.container(horizontal=True):
        for category in (*CallCategory, None):
            mine = [volume for volume in volumes if volume.category is category]
            count = sum(volume.calls for volume in mine)
            st.metric(
                vocab.label(category) if category else UNCOVERED,
                words.percent(count / total),
                f"{count:,} {'call' if count == 1 else 'calls'}, {len(mine)} {'type' if len(mine) == 1 else 'types'}",
                delta_color="off",
                delta_arrow="off",
                border=True,
            )


def _uncovered(viewer: Viewer, volumes: Sequence[TypeVolume]) -> None:
    st.subheader("Types no rule covers, by volume", anchor=False)
    if not volumes:
        st.markdown(":material/check: Every type is covered.")
        return
    st.caption("They count neither as behavioral health nor as a comparison. Choose one or more to say what they are.")
    table = pd.DataFrame([{"Type": v.name, "Calls": v.calls, "Meaning": v.description or ""} for v in volumes])
    if not table["Meaning"].any():
        table = table.drop(columns="Meaning")
    chosen = st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 300),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={"Calls": st.column_config.NumberColumn(format="localized")},
        key="calls-uncovered",
        alt="Call types that no rule covers, by number of calls",
    )
    picked = [volumes[row] for row in chosen.selection.rows if row < len(volumes)]
    if picked:
        _assign(viewer, picked)


def _assign(viewer: Viewer, picked: Sequence[TypeVolume]) -> None:
    calls = sum(volume.calls for volume in picked)
    title = f"“{picked[0].name}”" if len(picked) == 1 else f"{len(picked)} types ({calls:,} calls)"
    key = f"assign-{'-'.join(str(volume.type_id) for volume in picked[:9])}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        category = st.segmented_control(
            exhibit.plain(f"{title}: count as"), list(CallCategory), format_func=vocab.label, key=f"{key}-category"
        )
        if st.button("Save", key=f"{key}-save", type="primary", disabled=category is None) and category:
            with record_session(session.bind(), viewer) as database, st.spinner("Counting anew …"):
                call_rules.assign_categories(database, viewer, [volume.type_id for volume in picked], category)
            st.toast("Saved. Every figure counts by the new rule.", icon=":material/check:")
            st.rerun()


def _codebook(viewer: Viewer) -> None:
    """Codes say little: a codebook puts their meaning beside them, and patterns find it."""
    with st.popover("Read a codebook", icon=":material/menu_book:"):
        st.caption("A table with a column of codes and one of what they mean. Patterns then look in the meaning too.")
        file = st.file_uploader("Codebook", type=["csv", "txt", "tsv", "xlsx", "xls"], key="calls-codebook")
        if file is None or not st.button("Read it", type="primary", key="calls-codebook-read"):
            return
        try:
            codes = read_codebook(file, file.name)
            with record_session(session.bind(), viewer) as database, st.spinner("Counting anew …"):
                count = call_rules.describe_types(database, viewer, codes)
        except TandemError as error:
            st.error(exhibit.plain(str(error)), icon=":material/error:")
            return
        known = f"{len(codes):,} codes read; {count:,} types here have a new meaning."
        st.toast(known, icon=":material/check:")
        st.rerun()


def series(viewer: Viewer, pilot: Pilot) -> None:
    """Behavioral-health and repeat calls over all the data there is, not the pilot alone."""
    with record_session(session.bind(), viewer) as database:
        first, last = database.execute(select(func.min(Call.received_on), func.max(Call.received_on))).one()
    if first is None:
        exhibit.nothing("No calls yet. Start under “Load a file”.")
        return
    filters = replace(pilot_to_date(pilot, viewer.today), first=first, last=min(last, viewer.today))
    now = data.versions()
    for key in ("repeat_calls", "bh_calls"):
        if key in MEASURES:
            exhibit.exhibit(data.result(key, filters), now, height=260)
