"""Contacts typed elsewhere, on the page: choose a file, try it, load it, mend what was refused."""

from typing import BinaryIO, cast

import pandas as pd
import streamlit as st

from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.cells import harmless
from db.commands.contacts import ContactReport, import_contacts
from db.engine import record_session
from db.errors import TandemError
from db.forms.contacts import EXAMPLE
from db.vocab import counted

REPORT = "contacts.report"


def show(who: Viewer) -> None:
    """A file of contacts; nothing is stored before Load."""
    with st.expander("Contacts typed elsewhere", icon=":material/upload_file:", key="contacts-import"):
        st.markdown("A CSV or Excel file with one row a contact. A row that was loaded before is not stored again.")
        st.download_button(
            "Example file",
            "\r\n".join(EXAMPLE).encode("utf-8-sig"),
            "contacts-example.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
        chosen = st.file_uploader("File", type=["csv", "txt", "tsv", "xlsx", "xls"], key="contacts-file")
        if chosen is None:
            _report()
            return
        add_people = st.checkbox("Add people nobody knows yet", key="contacts-add")
        trial = st.button("Try it (stores nothing)", key="contacts-try", icon=":material/science:", width="stretch")
        load = st.button("Load", key="contacts-load", type="primary", icon=":material/upload:", width="stretch")
        if trial or load:
            _run(who, cast(BinaryIO, chosen), chosen.name, add_people, trial)
        _report()


def _run(who: Viewer, file: BinaryIO, name: str, add_people: bool, trial: bool) -> None:
    session.forget(REPORT)
    bar = st.progress(0.0, "Reading")
    try:
        with record_session(session.bind(), who) as database:
            report = import_contacts(
                database,
                who,
                file,
                name=name,
                add_people=add_people,
                dry_run=trial,
                progress=lambda done, of: bar.progress(done / of, f"Row {done:,} of {of:,}"),
            )
    except TandemError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    finally:
        bar.empty()
    session.remember(REPORT, report)


def _report() -> None:
    report = session.recall(REPORT)
    if not isinstance(report, ContactReport):
        return
    verb = "would be added" if report.dry_run else "added"
    people = f", with {counted(report.people_added, 'new person', 'new people')}" if report.people_added else ""
    there = f" {counted(report.already_there, 'row was', 'rows were')} there already." if report.already_there else ""
    st.success(
        f"{plain(report.file_name)}: {counted(report.added, 'contact', 'contacts')} {verb}{people}.{there}",
        icon=":material/science:" if report.dry_run else ":material/check:",
    )
    for line, doubt in report.doubts[:5]:
        st.warning(f"Line {line:,}: {plain(doubt)}", icon=":material/help:")
    if len(report.doubts) > 5:
        st.caption(f"And {counted(len(report.doubts) - 5, 'more like it', 'more like these')}.")
    if report.at_noon:
        st.caption(f"{counted(report.at_noon, 'row has', 'rows have')} no time of day: put at noon.")
    if report.unread:
        st.caption(f"Not read: {plain(', '.join(report.unread))}.")
    if report.refused:
        _refused(report)


def _refused(report: ContactReport) -> None:
    st.error(f"{counted(len(report.refused), 'row was', 'rows were')} refused. Mend and load that file again.")
    st.dataframe(
        pd.DataFrame({"line": [r.line for r in report.refused], "why": [r.reason for r in report.refused]}),
        column_config={"line": st.column_config.NumberColumn("Line", width=50), "why": "Why"},
        hide_index=True,
        alt="The rows that were refused, and why",
    )
    width = len(report.header)
    table = pd.DataFrame(
        [[harmless(cell) for cell in (*r.cells, *[""] * width)[:width]] + [r.reason] for r in report.refused],
        columns=[*report.header, "why it was refused"],
    )
    st.download_button(
        "The refused rows, to mend",
        ("\ufeff" + table.to_csv(index=False, lineterminator="\r\n")).encode(),
        "contacts-refused.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
