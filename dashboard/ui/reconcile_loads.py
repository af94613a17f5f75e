"""Every load of the city's books, newest first; a way to take one back."""

from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import func, select

from dashboard import words
from dashboard.ui import act, exhibit, session
from dashboard.ui.exhibit import plain
from dashboard.ui.reconcile_import import REPORT
from db import vocab
from db.access import Permission, Viewer
from db.commands.statement import take_back_statement
from db.engine import record_session
from db.forms import checked
from db.forms.statement import StatementBackForm
from db.models import Statement, StatementRow
from db.pilot import local_day
from db.statement.mapping import FIELDS
from db.vocab import ImportStatus, counted

PLACE = "statement-loads"


def loads(viewer: Viewer, zone: str) -> None:
    """Choose one to see how it was read, or to take it back."""
    act.told(viewer, PLACE)
    counts = select(StatementRow.statement_id, func.count(StatementRow.entry_id)).group_by(StatementRow.statement_id)
    with record_session(session.bind(), viewer) as database:
        found = database.scalars(select(Statement).order_by(Statement.id.desc())).all()
        matched: dict[Any, int] = {row[0]: row[1] for row in database.execute(counts)}
        booked: dict[Any, int] = {row[0]: row[1] for row in database.execute(counts.where(StatementRow.booked))}
    if not found:
        exhibit.nothing("No file of the city's books was loaded yet. Start under “Load a file”.")
        return
    rows = [_row(load, matched.get(load.id, 0), booked.get(load.id, 0), zone) for load in found]
    chosen: Any = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0]}},
        height="content" if len(found) < 9 else 310,
        key="statement-loads",
        alt="All loads of the city's books, newest first",
    )
    picks = chosen.selection.rows
    load = found[picks[0]] if picks and picks[0] < len(found) else found[0]
    with st.container(border=True):
        st.markdown(f"**Load {load.id} · {plain(load.file_name)}**")
        columns = load.mapping.get("columns", {})
        st.caption(plain(" · ".join(f"{FIELDS.get(of, of)}: {' + '.join(names)}" for of, names in columns.items())))
        if load.status is ImportStatus.done and viewer.may(Permission.write_money):
            _take_back(viewer, load, booked.get(load.id, 0))


def _row(load: Statement, matched: int, booked: int, zone: str) -> dict[str, Any]:
    return {
        "Load": load.id,
        "File": load.file_name,
        "Loaded": words.day(local_day(load.at, zone)),
        "By": load.by,
        "From": words.day(load.covers_from),
        "To": words.day(load.covers_to),
        "Rows": load.rows_read,
        "Matched": matched - booked,
        "Booked": booked,
        "Refused": load.refused,
        "State": vocab.label(load.status),
    }


def _take_back(viewer: Viewer, load: Statement, booked: int) -> None:
    """Asks first: the popover says what goes."""
    with st.popover("Take back", icon=":material/undo:"):
        entries = counted(booked, "entry", "entries")
        st.markdown(
            f"This voids the **{entries}** that load {load.id} booked, each by a counter-entry, and its rows count no "
            "more. Rows that a later file told of as well go too: load that file again."
        )
        reason = st.text_input("Why", key=f"take-back-why-{load.id}", placeholder="Another department's file")
        if st.button("Yes, take it back", type="primary", key=f"take-back-statement-{load.id}"):
            values = {"statement_id": load.id, "reason": reason}
            session.forget(REPORT)
            act.run(
                viewer,
                PLACE,
                lambda database: take_back_statement(database, viewer, checked(StatementBackForm, values)),
                lambda said: f"Load {load.id} was taken back. {said}",
            )
