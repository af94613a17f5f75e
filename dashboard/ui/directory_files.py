"""The directory out and in as CSV: what a file would change is shown before it is stored."""

import streamlit as st

from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.directory import said
from db.commands.directory_csv import Report, export, read_in
from db.engine import record_session
from db.errors import TandemError

PLACE = "directory"
LISTED = 20


def show(who: Viewer) -> None:
    with st.expander("Import or export as CSV", icon=":material/table:"):
        left, right = st.columns(2, gap="large")
        with left:
            _out(who)
        with right:
            _in(who)


def _out(who: Viewer) -> None:
    st.markdown("**Export**  \nThe whole directory, closed ones too; columns named as in Open Referral HSDS.")
    with record_session(session.bind(), who) as database:
        text = export(database)
    st.download_button(
        "Download the directory",
        ("\ufeff" + text).encode(),
        file_name=f"directory-{who.today.isoformat()}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _in(who: Viewer) -> None:
    st.markdown("**Import**  \nA known name or id is changed, a new one added. An empty cell changes nothing.")
    file = st.file_uploader("CSV file", type=["csv"], key="directory-file")
    if file is None:
        return
    data = file.getvalue()
    try:
        with record_session(session.bind(), who) as database:
            report = read_in(database, who, data, dry=True)
    except TandemError as error:
        st.error(str(error))
        return
    _report(report)
    useful = report.count("new") + report.count("changed")
    if useful and st.button(f"Store {useful} rows", key="directory-store", type="primary", width="stretch"):
        act.run(who, PLACE, lambda s: read_in(s, who, data, dry=False), lambda done: f"Stored: {done}.")


def _report(report: Report) -> None:
    st.markdown(f"Nothing is stored yet. The file has {report}.")
    if report.unknown_columns:
        st.caption("Not read: " + plain(", ".join(report.unknown_columns[:12])))
    for fate, icon in (("refused", ":material/error:"), ("changed", ":material/edit:"), ("new", ":material/add:")):
        rows = [row for row in report.rows if row.fate == fate]
        for row in rows[:LISTED]:
            told = row.sentence or "; ".join(_change(name, *pair) for name, pair in row.changes.items())
            st.markdown(f"{icon} Line {row.line}, {plain(row.name)}" + (f": {plain(told)}" if told else ""))
        if len(rows) > LISTED:
            st.caption(f"and {len(rows) - LISTED} more {fate}")


def _change(name: str, old: object, new: object) -> str:
    """“phone: 203 555 0100 → 203 555 0111”."""
    return f"{name.replace('_', ' ')}: {said(old)[:60] or '(empty)'} → {said(new)[:60] or '(empty)'}"
