"""What was loaded: every load of calls, newest first, with its report; a way to take one back."""

from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboard import words
from dashboard.ui import callimport_report, exhibit, session
from db import vocab
from db.access import Viewer
from db.cad.mapping import FIELDS
from db.commands import calls
from db.engine import record_session
from db.errors import TandemError
from db.models import Import, ImportRefusal
from db.pilot import local_day
from db.vocab import ImportStatus, counted

_COUNTS = ("Rows", "Added", "Merged", "Updated", "Already there", "Refused")


def loads(viewer: Viewer, zone: str) -> None:
    """Every load, newest first; choose one to see its report or take it back."""
    said()
    with record_session(session.bind(), viewer) as database:
        imports = database.scalars(select(Import).order_by(Import.id.desc())).all()
    if not imports:
        exhibit.nothing("No calls were loaded yet. Start under “Load a file”.")
        return
    chosen = st.dataframe(
        pd.DataFrame([_row(load, zone) for load in imports]),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0]}},
        column_config={name: st.column_config.NumberColumn(format="localized") for name in _COUNTS},
        height=min(320, 38 + 35 * len(imports)),
        key="calls-loads",
        alt="All loads of calls, newest first",
    )
    rows = chosen.selection.rows
    _one(viewer, imports[rows[0]] if rows and rows[0] < len(imports) else imports[0])


def _row(load: Import, zone: str) -> dict[str, Any]:
    first, last = (
        words.day(local_day(moment, zone)) if moment else "" for moment in (load.first_received, load.last_received)
    )
    counts = (load.rows_read, load.added, load.merged, load.updated, load.already_there, load.refused)
    return {
        "Import": load.id,
        "File": load.file_name,
        "Loaded": words.day(local_day(load.at, zone)),
        "By": load.by,
        "Calls from": first,
        "To": last,
        **dict(zip(_COUNTS, counts, strict=True)),
        "State": vocab.label(load.status),
    }


def _one(viewer: Viewer, load: Import) -> None:
    with record_session(session.bind(), viewer) as database:
        refused = database.execute(
            select(ImportRefusal.line, ImportRefusal.reason)
            .where(ImportRefusal.import_id == load.id)
            .order_by(ImportRefusal.line)
        )
        rows = [(line, reason) for line, reason in refused]
    with st.container(border=True):
        st.markdown(f"**Import {load.id} · {exhibit.plain(load.file_name)}**")
        st.caption(exhibit.plain(_how(load)))
        callimport_report.warnings(load.warnings)
        callimport_report.refusals(rows)
        with st.container(horizontal=True):
            if rows:
                callimport_report.lines_file(rows, f"import-{load.id}", key=f"calls-lines-{load.id}")
            if load.status is ImportStatus.done:
                take_back(viewer, load.id, load.added, load.updated)


def _how(load: Import) -> str:
    """How the file was read, in the words of the form."""
    parts = [
        f"{FIELDS.get(field, field).partition(' (')[0]}: {' + '.join(names)}" for field, names in load.mapping.items()
    ]
    if load.sheet:
        parts.insert(0, f"sheet “{load.sheet}”")
    if load.date_format:
        parts.append(f"dates {load.date_format}")
    return " · ".join(parts)


def take_back(viewer: Viewer, import_id: int, added: int, updated: int) -> None:
    """Asks first: the popover says what goes."""
    with st.popover("Take back", icon=":material/undo:"):
        told = counted(updated, "call", "calls")
        changed = f" and puts back what **{told}** said before" if updated else ""
        gone = counted(added, "call", "calls")
        st.markdown(
            f"This removes the **{gone}** that import {import_id} added{changed}; every figure changes with "
            "them. Calls that a later file told of as well go too: load that file again."
        )
        if st.button("Yes, take it back", type="primary", key=f"take-back-{import_id}"):
            try:
                with st.spinner("Taking back"), record_session(session.bind(), viewer) as database:
                    done = calls.take_back_import(database, viewer, import_id)
            except TandemError as error:
                st.error(exhibit.plain(str(error)), icon=":material/error:")
                return
            session.forget("calls.report")
            session.remember("calls.taken", f"Import {import_id} was taken back: {done.sentence()}")
            st.rerun()


def said() -> None:
    """What taking back did, once."""
    if isinstance(said := session.recall("calls.taken"), str):
        session.forget("calls.taken")
        st.success(exhibit.plain(said), icon=":material/check:")
