"""The city's finance export on the page: chosen, its columns proposed and corrected, tried, loaded, reported."""

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.ui import callimport_report, exhibit, session
from dashboard.ui.exhibit import plain
from dashboard.ui.reconcile_columns import Answers, ask
from dashboard.ui.reconcile_file import KEPT, LARGEST_MB, Opened, Saved, opened, saved_mappings
from db.access import Viewer
from db.cad.profile import Layout
from db.cad.read import Refusal
from db.commands.statement import import_statement, save_statement_mapping
from db.engine import record_session, to_try_on
from db.errors import TandemError
from db.forms import checked
from db.forms.statement import StatementMappingForm
from db.statement.mapping import StatementColumns
from db.statement.read import StatementRead
from db.statement.report import StatementReport
from db.vocab import label

REPORT = "statement.report"
TRIED = "statement.tried"
SHOWN = 12
"""First rows shown as they will be stored."""


def upload(viewer: Viewer) -> None:
    """Choose a file, say which column is which, try it, load it. Nothing is stored before Load."""
    chosen = st.file_uploader(
        f"The city's finance export (CSV or Excel, up to {LARGEST_MB} MB)",
        type=["csv", "txt", "tsv", "tab", "gz", "zip", "xlsx", "xlsm", "xls"],
        max_upload_size=LARGEST_MB,
        key="statement-file",
        help="In a shell on the server: tandem ledger import FILE --dry-run",
    )
    if chosen is None:
        session.forget(KEPT)
        _last(None, None)
        exhibit.nothing(
            "Choose the file to load. You will see its first rows as they will be stored, "
            "and can try it before anything is."
        )
        return
    try:
        with st.spinner("Looking at the file"):
            file = opened(chosen, viewer)
            names = file.proposal().names
        _wizard(viewer, file, saved_mappings(viewer, names))
    except TandemError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _wizard(viewer: Viewer, file: Opened, saved: list[Saved]) -> None:
    report = _report_of(file)
    answers, profile = ask(file, saved, folded=report is not None)
    if report and report.dry_run and session.recall(TRIED) != answers.mapping:
        session.forget(REPORT)  # it was about other columns or accounts
        report = None
    for question in answers.open:
        st.warning(plain(question), icon=":material/help:")
    if answers.read and answers.mapping:
        _first_rows(file, answers.read, answers.mapping, folded=report is not None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        trial = st.button("Try it (stores nothing)", icon=":material/science:", key="statement-try")
        load = st.button("Load", type="primary", icon=":material/upload:", key="statement-load")
        keep = st.text_input(
            "Save this mapping for next month’s file as",
            value=profile.name if profile else "",
            max_chars=60,
            placeholder="City ledger, monthly",
            key=f"statement-keep-{profile.name if profile else ''}",
            width=300,
        )
    compare = st.checkbox(
        "Only compare: book nothing",
        key="statement-compare",
        help="What the ledger lacks is then listed as a difference, to be booked one by one.",
    )
    if trial or load:
        _run(viewer, file, answers, "" if trial else keep.strip(), book=not compare, trial=trial)
    _last(file, answers.sheet)


def _first_rows(file: Opened, read: StatementRead, mapping: StatementColumns, *, folded: bool) -> None:
    """The first rows as they will be stored, and what was odd about the file."""
    for note in () if folded else read.notes:  # else the report says them
        st.caption(f":orange[:material/info:] {plain(_for_page(note))}")
    title = "The first rows as they will be stored"
    with st.expander(title, expanded=not folded, icon=":material/table_rows:", key=f"statement-rows-{folded}"):
        refused = {row.line: row.reason for row in read.refused}
        rows = [
            {
                "Line": row.line,
                "Date": row.on_date,
                "Kind": label(row.kind),
                "Amount": row.amount,
                "Payee": row.payee,
                "Invoice": row.invoice,
                "Budget line": file.lines.get(mapping.line_of(row.account) or 0, ""),
                "Description": row.description,
                "Refused because": "",
            }
            for row in read.rows[:SHOWN]
        ]
        rows += [{"Line": line, "Refused because": why} for line, why in list(refused.items())[:SHOWN]]
        table = pd.DataFrame(rows).sort_values("Line").head(SHOWN) if rows else pd.DataFrame({"Line": []})
        if not refused and "Refused because" in table:
            table = table.drop(columns="Refused because")
        st.dataframe(
            table,
            hide_index=True,
            placeholder="",
            column_config={
                "Line": st.column_config.NumberColumn(width=60),
                "Date": st.column_config.DateColumn(format="D MMM YYYY"),
                "Amount": st.column_config.NumberColumn(format="dollar"),
            },
            alt=title,
        )


def _for_page(note: str) -> str:
    return note.replace("load it with --signs reversed", "say so under “Columns”")


def _run(viewer: Viewer, file: Opened, answers: Answers, keep: str, *, book: bool, trial: bool) -> None:
    session.forget(REPORT)
    if answers.mapping is None or answers.open:
        st.error(plain(" ".join(answers.open) or "Choose the columns first."), icon=":material/error:")
        return
    bar = st.progress(0.0, "Reading")
    try:
        report = _loaded(viewer, file, answers.sheet, answers.mapping, bar, book=book, trial=trial)
        session.remember(REPORT, (file.source.file_id, report))
        session.remember(TRIED, answers.mapping)
        if keep:
            layout = Layout(answers.names, answers.sheet)
            with record_session(session.bind(), viewer) as database:
                form = checked(StatementMappingForm, {"name": keep})
                save_statement_mapping(database, viewer, form, answers.mapping, layout)
    except TandemError as error:
        bar.empty()
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun()  # with the form folded, and the report below it


def _loaded(
    viewer: Viewer, file: Opened, sheet: str, mapping: StatementColumns, bar: object, *, book: bool, trial: bool
) -> StatementReport:
    def load(bind: object) -> StatementReport:
        with record_session(bind, viewer) as database:  # type: ignore[arg-type]
            return import_statement(
                database,
                viewer,
                file.source,
                mapping,
                name=file.file.name,
                sheet=sheet or None,
                book=book,
                dry_run=trial,
                progress=lambda done, of: bar.progress(done / of, f"Row {done:,} of {of:,}"),  # type: ignore[attr-defined]
            )

    if not trial:
        return load(session.bind())
    with to_try_on(session.bind()) as copy:
        return load(copy)


def _report_of(file: Opened | None) -> StatementReport | None:
    match session.recall(REPORT):
        case (file_id, StatementReport() as report) if file is None or file.source.file_id == file_id:
            return report
    return None


def _last(file: Opened | None, sheet: str | None) -> None:
    report = _report_of(file)
    if report is None:
        return
    with st.container(border=True):
        icon = ":material/science:" if report.dry_run else ":material/check:"
        prefix = "Tried only, nothing stored. " if report.dry_run else ""
        (st.info if report.dry_run or not report.statement_id else st.success)(
            f"{prefix}{plain(report.sentence())}", icon=icon
        )
        _counts(report)
        for note in report.notes:
            st.markdown(f":orange[:material/warning:] {plain(_for_page(note))}")
        _listed("To reconcile", report.differing)
        _listed("Refused", report.refused)
        if report.refused and file is not None:
            mapping = StatementColumns.of(report.mapping)
            callimport_report.rows_file(file.file, mapping, report.refused, sheet or "", "statement-refused")
        if report.statement_id and report.differing:
            st.button(
                "See the differences",
                icon=":material/difference:",
                on_click=session.put,
                args=({"reconcile-part": "compare"},),
            )


def _counts(report: StatementReport) -> None:
    figures = (
        ("Rows read", report.rows_read),
        ("Matched", report.matched),
        ("To be booked" if report.dry_run else "Booked", report.booked),
        ("To reconcile", len(report.differing)),
        ("Already there", report.already_there),
        ("Left out", report.left_out),
        ("Refused", len(report.refused)),
    )
    with st.container(horizontal=True):
        for name, value in figures:
            st.metric(name, words.number(value), border=True, width=130)


def _listed(title: str, rows: tuple[Refusal, ...]) -> None:
    if not rows:
        return
    st.markdown(f"**{title}**")
    st.dataframe(
        pd.DataFrame([(row.line, row.reason) for row in rows], columns=["Line", "Why"]),
        hide_index=True,
        height=248 if len(rows) > 6 else "auto",
        column_config={"Line": st.column_config.NumberColumn(width=70), "Why": st.column_config.TextColumn(width=900)},
        alt=f"{title}: lines and reasons",
    )
