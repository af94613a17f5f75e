"""Two editions beside each other: what changed, and why."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from sqlalchemy.orm import Session

from dashboard import edition
from dashboard.compare import Change, Comparison, Why
from dashboard.measures import MEASURES
from dashboard.ui.exhibit import nothing, plain
from dashboard.ui.present_opened import Opened
from db.access import Viewer
from db.commands.editions import editions
from db.models import Edition

TITLES = {
    Why.correction: "Corrections: another figure for a time that was told already",
    Why.definition: "Definitions that changed",
    Why.new_data: "New data",
}
ICONS = {
    Why.correction: ":material/edit_note:",
    Why.definition: ":material/rule:",
    Why.new_data: ":material/add_chart:",
}


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    others = [each for each in editions(database) if each.id != row.id]
    if not others:
        nothing("There is one edition only. The next one is held against it.")
        return
    numbers = [each.number for each in others]
    before = next((k for k, each in enumerate(others) if each.id == row.previous_id), 0)
    picked = st.selectbox("Compare with", numbers, index=before, key=f"compare-{row.number}", width=280)
    other = others[numbers.index(str(picked))]
    earlier, later = sorted((row, other), key=lambda each: (each.as_of, each.id))
    found = edition.compared(earlier, later)
    st.markdown(f"**What changed from {earlier.number} to {later.number}?** {_sum(found)}")
    for why, title in TITLES.items():
        changes = found.because(why)
        if changes:
            with st.expander(f"{title}: {len(changes)}", expanded=why is not Why.new_data, icon=ICONS[why]):
                _table(changes)


def _sum(found: Comparison) -> str:
    return plain(f"{found.same} figures are the same, {len(found.changes)} are not.")


def _table(changes: Sequence[Change]) -> None:
    rows = [
        {
            "Measure": MEASURES[change.measure].title if change.measure in MEASURES else change.measure,
            "Figure": change.cell or "headline",
            "Was": change.was,
            "Is": change.now,
            "What": change.kind.value,
        }
        for change in changes
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=min(38 + 35 * len(rows), 420), width="stretch")
