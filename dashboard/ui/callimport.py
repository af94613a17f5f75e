"""The Calls page's first part: an export chosen, its columns proposed and corrected, tried, loaded, taken back.

Nothing is stored before Load, and a load is all or nothing: cancelled halfway, it leaves no row behind.
"""

import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.ui import callimport_columns, callimport_loads, callimport_report, exhibit, session
from dashboard.ui.callimport_columns import Answers
from dashboard.ui.callimport_file import KEPT, Opened, Saved, for_page, opened, saved_mappings
from dashboard.words import number
from db.access import Viewer
from db.cad.mapping import FIELDS, ColumnMapping
from db.cad.profile import Layout
from db.cad.propose import StoredRow
from db.cad.report import ImportReport
from db.commands import calls
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.calls import MappingForm

REPORT = "calls.report"
TRIED = "calls.tried"
RUNNING = "calls.running"
STOPPED = "calls.stopped"
FAILED = "calls.failed"
PARTS = (
    ("types", "See what its types mean", ":material/rule:"),
    ("series", "See the series", ":material/monitoring:"),
)
STAGES = {"reading": "Reading line", "storing": "Storing call", "counting": "Counting call"}
BEGINS = {"reading": (0.0, 0.5), "storing": (0.5, 0.35), "counting": (0.85, 0.15)}
"""Where on the bar a stage begins, and its share of it."""


def upload(viewer: Viewer, zone: str) -> None:
    """Choose a file, say which column is which, try it, load it."""
    _stopped()
    callimport_loads.said()
    chosen = st.file_uploader(
        "Export of the dispatch system (CSV or Excel, up to 100 MB)",
        type=["csv", "txt", "tsv", "tab", "gz", "zip", "xlsx", "xlsm", "xls"],
        key="calls-file",
        on_change=session.forget,
        args=(STOPPED,),
        help="Larger files: tandem calls import FILE --map auto, in a shell on the server.",
    )
    if chosen is None:
        session.forget(KEPT)
        _last_report(viewer)
        exhibit.nothing(
            "Choose the export to load. You will see its first rows as they will be stored, "
            "and can try it before anything is."
        )
        return
    try:
        with st.spinner("Looking at the file"):
            file = opened(chosen, zone)
            likely = file.proposal()
        _wizard(viewer, file, likely)
    except TandemError as error:
        st.error(exhibit.plain(for_page(str(error))), icon=":material/error:")


def _wizard(viewer: Viewer, file: Opened, likely: Any) -> None:
    proposal = callimport_columns.sheet_of(file, likely)
    lines = next(sheet.about for sheet in file.file.sheets if sheet.name == proposal.sheet)
    callimport_columns.about(proposal, lines)
    report = _report_of(file.file.name)
    saved = saved_mappings(viewer, proposal.names)
    answers, profile = callimport_columns.ask(file, proposal, saved, reported=report is not None)
    mapping = _as_stored(file, answers, reported=report is not None)
    if report and report.dry_run and session.recall(TRIED) != answers:
        session.forget(REPORT)  # it was about other columns, or another way to read them
    place = st.empty()  # of its own: where a button takes the place of one that was tapped, the next tap misses it
    trial, load, keep = _buttons(profile)
    if trial or load:
        _run(viewer, file, mapping, answers, "" if trial else keep, place, trial=trial)
    if isinstance(failed := session.recall(FAILED), str):
        session.forget(FAILED)
        st.error(exhibit.plain(failed), icon=":material/error:")
    _last_report(viewer, file, answers.sheet)


def _as_stored(file: Opened, answers: Answers, *, reported: bool) -> ColumnMapping | str:
    """The first rows as they will be stored, and the mapping; or in a sentence what is still missing."""
    try:
        mapping = ColumnMapping(answers.columns)
        rows = file.rows(mapping, answers.sheet, answers.order, answers.codes)
    except TandemError as error:
        sentence = for_page(str(error))
        st.info(exhibit.plain(sentence), icon=":material/table_rows:")
        return sentence
    title = "The first row as it will be stored" if len(rows) == 1 else "The first rows as they will be stored"
    key = f"calls-rows-{file.mark}-{reported}"  # under a report, that is what one looks at
    with st.expander(title, expanded=not reported, icon=":material/table_rows:", key=key):
        _rows(rows)
        st.caption(f"Times are those of {file.zone.replace('_', ' ')}, stored with their offset.")
    return mapping


def _rows(rows: Sequence[StoredRow]) -> None:
    said = [field for field in FIELDS if any(row.cells.get(field) for row in rows)]
    table = pd.DataFrame({"Line": [row.line for row in rows]})
    for field in said:
        table[FIELDS[field].partition(" (")[0]] = [row.cells.get(field, "") for row in rows]
    if any(row.refused for row in rows):
        table.insert(1, "Refused because", [row.refused for row in rows])
    st.dataframe(
        table,
        hide_index=True,
        height=248 if len(rows) > 6 else "auto",
        column_config={"Line": st.column_config.NumberColumn(width=60, format="localized")},
        alt="The first rows as they will be stored",
    )


def _buttons(profile: Saved | None) -> tuple[bool, bool, str]:
    """(try it, load it, name to save the mapping under)."""
    fits = profile is not None and not profile.drift
    with st.container(horizontal=True, vertical_alignment="bottom"):
        again: Any = {"on_click": session.forget, "args": (STOPPED,)}
        trial = st.button("Try it (stores nothing)", icon=":material/science:", key="calls-try", **again)
        load = st.button("Load", type="primary", icon=":material/upload:", key="calls-load", **again)
        keep = "" if fits else st.text_input(
            "Save this mapping for next month’s file as",
            value=profile.name if profile else "",
            max_chars=60,
            placeholder="CAD monthly export",
            key=f"calls-keep-{profile.name if profile else ''}",
            width=300,
        )  # fmt: skip
    return trial, load, keep.strip()


def _run(
    viewer: Viewer,
    file: Opened,
    mapping: ColumnMapping | str,
    answers: Answers,
    keep: str,
    place: Any,
    *,
    trial: bool,
) -> None:
    """Try or load the file, with progress and a way to cancel. The report is kept for the runs that follow."""
    session.forget(REPORT)
    missing = [mapping] if isinstance(mapping, str) else list(answers.open)
    if missing:
        st.error(exhibit.plain(" ".join(missing)), icon=":material/error:")
        return
    assert isinstance(mapping, ColumnMapping)
    session.remember(RUNNING, trial)
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Reading")
        st.button("Cancel", icon=":material/close:", key="calls-cancel")
    try:
        report = _imported(viewer, file, mapping, answers, bar, trial=trial)
        session.remember(REPORT, report)
        session.remember(TRIED, answers)
        if keep:
            _keep(viewer, keep, mapping, answers)
    except TandemError as error:
        session.remember(FAILED, for_page(str(error)))
    session.forget(RUNNING)
    st.rerun()  # with the buttons, and the report below them


def _imported(
    viewer: Viewer,
    file: Opened,
    mapping: ColumnMapping,
    answers: Answers,
    bar: Any,
    *,
    trial: bool,
) -> ImportReport:
    with record_session(session.bind(), viewer) as database:
        return calls.import_calls(
            database,
            viewer,
            file.source,
            mapping,
            name=file.file.name,
            sheet=answers.sheet or None,
            date_format=answers.order or None,
            codes=answers.codes,
            dry_run=trial,
            progress=lambda stage, done, of: _advance(bar, stage, done, of),
        )


def _keep(viewer: Viewer, name: str, mapping: ColumnMapping, answers: Answers) -> None:
    layout = Layout(answers.names, answers.sheet, answers.order, answers.codes)
    with record_session(session.bind(), viewer) as database:
        calls.save_mapping(database, viewer, checked(MappingForm, {"name": name}), mapping, layout)


def _advance(bar: Any, stage: str, done: int, of: int) -> None:
    """A click meanwhile ends the run here, up to the last moment before it is stored: nothing is kept."""
    begins, share = BEGINS[stage]
    words = f"{STAGES[stage]} {number(done)} of {number(of)}"
    time.sleep(0.005)  # or the thread that hears the click has to wait for a moment of its own
    bar.progress(begins + share * (min(1.0, done / of) if of else 0.0), words)


def _stopped() -> None:
    """A run that did not come to its end was cancelled, or another click cut it short: said until the next."""
    trial = session.recall(RUNNING)
    if trial is not None:
        session.forget(RUNNING)
        session.remember(STOPPED, trial)
    if (stopped := session.recall(STOPPED)) is not None:
        what = "The trial was" if stopped else "The load was"
        st.warning(f"{what} cancelled. Nothing was stored.", icon=":material/cancel:")


def _report_of(file_name: str = "") -> ImportReport | None:
    """What the last load or trial said, of the file that is here now; of any, where none is."""
    report = session.recall(REPORT)
    return report if isinstance(report, ImportReport) and file_name in ("", report.file_name) else None


def _last_report(viewer: Viewer, file: Opened | None = None, sheet: str = "") -> None:
    report = _report_of(file.file.name if file else "")
    if report is None:
        return
    with st.container(border=True):
        callimport_report.show(report)
        if report.refused and file:
            mapping = ColumnMapping.of(report.mapping)
            callimport_report.rows_file(file.file, mapping, report.refused, sheet, "calls-refused")
        if report.import_id:
            _next(viewer, report, report.import_id)


def _next(viewer: Viewer, report: ImportReport, import_id: int) -> None:
    """After a load: what to look at, and the way back."""
    with st.container(horizontal=True):
        for part, label, icon in PARTS:
            st.button(label, icon=icon, key=f"calls-to-{part}", on_click=session.put, args=({"calls-part": part},))
        callimport_loads.take_back(viewer, import_id, report.kept, report.updated)
