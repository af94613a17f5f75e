"""What was filed: each version with who and when, as files; and what later entries did to the newest."""

from datetime import date

import streamlit as st

from dashboard import words
from dashboard.export import arpa, workbook
from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.arpa.calendar import quarter_code, quarter_name
from db.arpa.changes import Changed, changes
from db.arpa.checks import filings
from db.engine import record_session
from db.forms import clock
from db.models import LedgerEntry
from db.vocab import counted, label


def show(viewer: Viewer, quarter: date) -> None:
    """Filed versions, newest first, and the difference between the newest and the books of now."""
    with record_session(session.bind(), viewer) as database:
        found = filings(database, quarter)
        papers = {filing.version: arpa.filed(database, quarter, filing.version) for filing in found}
        moved = changes(database, found[0]) if found else ()
    st.subheader(f"Filed for {quarter_name(quarter)}", anchor=False)
    if not found:
        st.caption("Nothing yet. What is filed stays here as it was, with who and when.")
        return
    zone = session.pilot().time_zone
    for filing in found:
        paper = papers[filing.version]
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"filed-{quarter_code(quarter)}-{filing.version}"
        ):
            why = f" · {plain(filing.reason)}" if filing.reason else ""
            st.markdown(
                f":material/lock: Version {filing.version} · {clock(filing.filed_at, zone)} · "
                f"{plain(filing.filed_by)}{why}",
                width="stretch",
            )
            for kind, make, mime in (("XLSX", arpa.as_xlsx, workbook.MIME), ("CSV", arpa.as_csv, "text/csv")):
                st.download_button(
                    kind,
                    make(paper),
                    file_name=f"{paper.name}.{kind.lower()}",
                    mime=mime,
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"filed-{paper.name}-{kind}",
                )
    _moved(quarter, moved)


def _moved(quarter: date, moved: tuple[Changed, ...]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Has anything changed since it was filed?** " + _count(moved))
        if not moved:
            return
        for number, changed in enumerate(moved):
            where = f" ({plain(changed.row)})" if changed.row else ""
            st.markdown(
                f"{plain(changed.part)} · **{plain(changed.label)}**{where}  \n"
                f"filed {plain(changed.filed) or '(empty)'} → now **{plain(changed.now) or '(empty)'}**"
            )
            if changed.entries:
                with st.container(key=f"moved-{quarter_code(quarter)}-{number}", gap=None):
                    for entry in changed.entries:
                        st.caption(plain(_entry(entry)))
            else:
                st.caption("No entry stands behind this: a typed field, a payee, a contract or the budget was changed.")
        st.caption("File the quarter again to report what stands now. What was filed stays.")


def _count(moved: tuple[Changed, ...]) -> str:
    if not moved:
        return ":material/check: No: the books say what was filed."
    return f":orange[:material/warning: Yes, {counted(len(moved), 'field', 'fields')}.]"


def _entry(entry: LedgerEntry) -> str:
    amount = words.money(entry.amount, cents=True)
    about = f", {entry.description}" if entry.description else ""
    void = f", voids entry {entry.voids_id}" if entry.voids_id else ""
    return (
        f"Entry {entry.id} · {words.day(entry.on_date)} · {label(entry.kind)} · {amount} · {entry.payee} · "
        f"{entry.line.name}{about}{void}"
    )
