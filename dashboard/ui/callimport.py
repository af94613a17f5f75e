"""The Calls page's first half: an export chosen, its columns mapped, tried, loaded; what was loaded, taken back."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboard import words
from dashboard.ui import exhibit, session
from db import vocab
from db.access import Viewer
from db.cad.mapping import FIELDS, SEVERAL, ColumnMapping, guess, header_names
from db.cad.report import ImportReport
from db.cad.sniff import CadFile, Sheet, open_file
from db.commands import calls
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.calls import MappingForm
from db.models import Import, ImportRefusal
from db.models import Mapping as SavedMapping
from db.pilot import local_day
from db.vocab import ImportStatus

REPORT = "calls.report"
ORDERS = {"": "Found from the dates", "month-first": "Month first (12/31/2026)", "day-first": "Day first (31/12/2026)"}
HELP = {
    "received": "When the call came in. Choose a date column and a time column where they stand apart.",
    "type": "What the call was about, as the dispatch system writes it.",
    "incident": "Tells the same call in two files. Without it, moment, type and place do.",
    "location": "In order, as an address is read. A house number 0 counts as unknown.",
    "disposition": "How the call ended.",
    "person": "Kept as a keyed hash only: the key itself is never stored.",
}
STAGES = {"reading": "Reading line", "storing": "Storing call"}


def upload(viewer: Viewer) -> None:
    """Choose a file, say which column is which, try it, load it. Nothing is stored before Load."""
    chosen = st.file_uploader(
        "Export of the dispatch system (CSV or Excel, up to 100 MB)",
        type=["csv", "txt", "tsv", "gz", "zip", "xlsx", "xls"],
        key="calls-file",
        help="Larger files: tandem calls import FILE --map … in a shell on the server.",
    )
    if chosen is None:
        _last_report()
        exhibit.nothing(
            "Choose the export to load. You will see its first rows and can try it before anything is stored."
        )
        return
    source = cast(BinaryIO, chosen)
    try:
        file = open_file(source, chosen.name)
    except TandemError as error:
        st.error(exhibit.plain(str(error)), icon=":material/error:")
        return
    above = st.container()  # progress and report stand where the eye is, not below the form
    sheet, names = _preview(file)
    mapping, order = _columns(viewer, names, file.sha256[:8])
    trial, load, keep = _buttons()
    with above:
        if trial or load:
            _run(viewer, source, file, sheet, mapping, order, "" if trial else keep, trial=trial)
        _last_report(file.name)


def _preview(file: CadFile) -> tuple[Sheet, tuple[str, ...]]:
    """The first rows as they stand in the file; of a workbook, the sheet that looks most like a table."""
    sheets = sorted(file.sheets, key=lambda s: -max((len(row) for _, row in s.top()), default=0))
    sheet = sheets[0]
    if len(sheets) > 1:
        sheet = st.selectbox("Sheet", sheets, format_func=lambda s: s.name, key=f"calls-sheet-{file.sha256[:8]}")
    top = sheet.top()
    width = max(len(row) for _, row in top)
    start = next(k for k, (_, row) in enumerate(top) if sum(1 for cell in row if cell.strip()) * 2 >= width)
    names = header_names(top[start][1])
    rows = [row + [""] * (len(names) - len(row)) for _, row in top[start + 1 : start + 6]]
    st.caption(
        exhibit.plain(
            f"{file.name} · {sheet.about:,} lines · {sheet.encoding} · the first rows as they stand in the file"
        )
    )
    st.dataframe(
        pd.DataFrame([row[: len(names)] for row in rows], columns=list(names)),
        hide_index=True,
        alt="The first five rows of the file",
    )
    return sheet, names


def _columns(viewer: Viewer, names: Sequence[str], mark: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """One box per field, prefilled from a saved mapping that fits or from the names."""
    with record_session(session.bind(), viewer) as database:
        saved = {m.name: m.columns for m in database.scalars(select(SavedMapping).order_by(SavedMapping.name))}
    fitting = {
        name: columns for name, columns in saved.items() if {c for cs in columns.values() for c in cs} <= set(names)
    }
    profile = ""
    if fitting:
        profile = st.selectbox(
            "Saved mapping", [*fitting, ""], format_func=lambda name: name or "None: by the names", key=f"map-{mark}-of"
        )
    offered: Mapping[str, Sequence[str]] = fitting.get(profile, guess(names))
    chosen: dict[str, tuple[str, ...]] = {}
    boxes = st.columns(3)
    for number, (field, title) in enumerate(FIELDS.items()):
        with boxes[number % 3]:
            chosen[field] = _box(field, title, names, offered.get(field, ()), f"map-{mark}-{profile}-{field}")
    order = st.segmented_control(
        "Day and month",
        list(ORDERS),
        default="",
        format_func=ORDERS.__getitem__,
        required=True,
        key=f"map-{mark}-order",
    )
    return {field: columns for field, columns in chosen.items() if columns}, order or ""


def _box(field: str, title: str, names: Sequence[str], offered: Sequence[str], key: str) -> tuple[str, ...]:
    if field in SEVERAL:
        return tuple(st.multiselect(title, names, default=list(offered), key=key, help=HELP[field]))
    one = st.selectbox(
        title,
        names,
        index=list(names).index(offered[0]) if offered else None,
        placeholder="Choose a column" if field == "type" else "None",
        key=key,
        help=HELP[field],
    )
    return (one,) if one else ()


def _buttons() -> tuple[bool, bool, str]:
    """(try it, load it, name to save the mapping under)."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        trial = st.button("Try it (stores nothing)", icon=":material/science:")
        load = st.button("Load", type="primary", icon=":material/upload:")
        keep = st.text_input("Save this mapping as", placeholder="CAD monthly export", key="calls-keep", width=240)
    return trial, load, keep.strip()


def _run(
    viewer: Viewer,
    source: BinaryIO,
    file: CadFile,
    sheet: Sheet,
    columns: Mapping[str, tuple[str, ...]],
    order: str,
    keep: str,
    *,
    trial: bool,
) -> None:
    """Try or load the file, with progress. The report is kept for the runs that follow."""
    session.forget(REPORT)
    bar = st.progress(0.0, "Reading")
    try:
        mapping = ColumnMapping(columns)
        with record_session(session.bind(), viewer) as database:
            report = calls.import_calls(
                database,
                viewer,
                source,
                mapping,
                name=file.name,
                sheet=sheet.name or None,
                date_format=order or None,
                dry_run=trial,
                progress=lambda stage, done, of: _advance(bar, stage, done, of),
            )
            if keep:
                calls.save_mapping(database, viewer, checked(MappingForm, {"name": keep}), mapping)
        session.remember(REPORT, report)
    except TandemError as error:
        st.error(exhibit.plain(_for_page(str(error))), icon=":material/error:")
    bar.empty()


def _advance(bar: Any, stage: str, done: int, of: int) -> None:
    """Half of the bar is reading, half is storing. Stopping the page here cancels the load: nothing is kept."""
    share = 0.5 * min(1.0, done / of) if of else 0.0
    bar.progress(share + (0.5 if stage == "storing" else 0.0), f"{STAGES[stage]} {done:,} of {of:,}")


def _for_page(sentence: str) -> str:
    """What a command line would be told, in the words of this page."""
    if found := re.match(r"The mapping does not say which column is “(\w+)”", sentence):
        return f"Choose a column for “{FIELDS[found[1]]}”: without it nothing can be counted."
    return re.sub(r"(or s|S)ay[^.]*--date-format[^.]*\.$", r"\1ay which under “Day and month”.", sentence)


def _last_report(file_name: str = "") -> None:
    """What the last load or trial said, until another file is chosen."""
    report = session.recall(REPORT)
    if isinstance(report, ImportReport) and file_name in ("", report.file_name):
        with st.container(border=True):
            show_report(report)


def show_report(report: ImportReport) -> None:
    """Counts, suspicions, and the refused rows with their lines."""
    if report.dry_run:
        st.info(f"Tried only, nothing stored. {exhibit.plain(report.sentence())}", icon=":material/science:")
    elif report.import_id:
        st.success(exhibit.plain(report.sentence()), icon=":material/check:")
    else:
        st.info(exhibit.plain(report.sentence()), icon=":material/done_all:")
    with st.container(horizontal=True):
        st.metric("Rows read", words.number(report.rows_read), border=True)
        st.metric("Would be added" if report.dry_run else "Calls added", words.number(report.kept), border=True)
        st.metric("Merged", words.number(report.merged), border=True, help="Rows that tell of a call another row has")
        st.metric("Already there", words.number(report.already_there), border=True)
        st.metric("Refused", words.number(len(report.refused)), border=True)
    for warning in report.warnings:
        st.markdown(f":material/warning: {exhibit.plain(warning)}")
    _refusals([(refusal.line, refusal.reason) for refusal in report.refused])


def _refusals(rows: Sequence[tuple[int, str]]) -> None:
    if rows:
        st.dataframe(
            pd.DataFrame(rows, columns=["Line", "Why it was refused"]),
            hide_index=True,
            column_config={"Line": st.column_config.NumberColumn(width="small", format="localized")},
            alt="Refused rows with their lines and reasons",
        )


def loads(viewer: Viewer, zone: str) -> None:
    """Every load, newest first; choose one to see its report or take it back."""
    with record_session(session.bind(), viewer) as database:
        imports = database.scalars(select(Import).order_by(Import.id.desc())).all()
    if not imports:
        exhibit.nothing("No calls were loaded yet. Start under “Load a file”.")
        return
    chosen = st.dataframe(
        pd.DataFrame([_load_row(load, zone) for load in imports]),
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
    _one_load(viewer, imports[rows[0]] if rows and rows[0] < len(imports) else imports[0])


_COUNTS = ("Rows", "Added", "Merged", "Already there", "Refused")


def _load_row(load: Import, zone: str) -> dict[str, Any]:
    first, last = (
        words.day(local_day(moment, zone)) if moment else "" for moment in (load.first_received, load.last_received)
    )
    return {
        "Import": load.id,
        "File": load.file_name,
        "Loaded": words.day(local_day(load.at, zone)),
        "By": load.by,
        "Calls from": first,
        "To": last,
        **dict(zip(_COUNTS, (load.rows_read, load.added, load.merged, load.already_there, load.refused), strict=True)),
        "State": vocab.label(load.status),
    }


def _one_load(viewer: Viewer, load: Import) -> None:
    with record_session(session.bind(), viewer) as database:
        refused = database.execute(
            select(ImportRefusal.line, ImportRefusal.reason)
            .where(ImportRefusal.import_id == load.id)
            .order_by(ImportRefusal.line)
        )
        rows = [(line, reason) for line, reason in refused]
    with st.container(border=True):
        st.markdown(f"**Import {load.id} · {exhibit.plain(load.file_name)}**")
        columns = ", ".join(f"{field} = {' + '.join(names)}" for field, names in load.mapping.items())
        st.caption(exhibit.plain(f"Columns: {columns}"))
        for warning in load.warnings:
            st.markdown(f":material/warning: {exhibit.plain(warning)}")
        _refusals(rows)
        if load.status is ImportStatus.done:
            _take_back(viewer, load)


def _take_back(viewer: Viewer, load: Import) -> None:
    """Asks first: the popover says what goes."""
    with st.popover("Take back", icon=":material/undo:"):
        st.markdown(
            f"This removes the **{load.added:,} calls** that import {load.id} added; every figure changes with them. "
            "Calls that a later file only confirmed go as well: load that file again."
        )
        if st.button("Yes, remove them", type="primary", key=f"take-back-{load.id}"):
            with record_session(session.bind(), viewer) as database:
                removed = calls.take_back_import(database, viewer, load.id)
            session.forget(REPORT)
            st.toast(f"{removed:,} calls removed.", icon=":material/check:")
            st.rerun()
