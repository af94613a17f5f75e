"""The calendar of quarterly reports: what is due when, what was filed, and which quarter the page shows."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.ui import session
from db.access import Viewer
from db.arpa.calendar import Due, calendar, quarter_name
from db.arpa.changes import changes
from db.arpa.checks import newest
from db.engine import record_session
from db.ledger import quarter_end
from db.pilot import local_day

KEY = "filing-quarter"


def choose(viewer: Viewer) -> date | None:
    """The calendar, and under it the choice of a quarter: at first the oldest that is due. None without a grant."""
    with record_session(session.bind(), viewer) as database:
        dues = calendar(database, viewer.today)
        filings = {due.quarter: newest(database, due.quarter) for due in dues if due.version}
        moved = {quarter for quarter, filing in filings.items() if filing and changes(database, filing)}
    if not dues:
        st.info("There is no grant yet, so nothing is due. It is set up with “tandem init”.")
        return None
    zone = session.pilot().time_zone
    rows = [
        {
            "Quarter": quarter_name(due.quarter),
            "Through": quarter_end(due.quarter),
            "Due": due.due_on,
            "How it stands": due.state + (", changed since" if due.quarter in moved else ""),
            "Filed": local_day(filing.filed_at, zone) if (filing := filings.get(due.quarter)) else None,
            "By": filing.filed_by if filing else "",
        }
        for due in dues
    ]
    dated = {name: st.column_config.DateColumn(format="D MMM YYYY") for name in ("Through", "Due", "Filed")}
    with st.container(border=True), st.container(key="filing-calendar"):
        st.markdown("**What is due when?** " + _next(dues))
        table, pick = st.columns([3, 2], gap="medium")
        with table:
            st.dataframe(
                pd.DataFrame(rows),
                hide_index=True,
                height="content",
                placeholder="",
                column_config=dated | {"Quarter": st.column_config.TextColumn(pinned=True)},
                alt="Every quarter of the grant with its due date and whether it was filed",
            )
        with pick:
            st.caption("Due 30 days after the quarter ends, for each from the award to the last day to spend.")
            return _pick(dues)


def _pick(dues: Sequence[Due]) -> date:
    names = {due.quarter: f"{quarter_name(due.quarter)}, {_short(due)}" for due in dues}
    first = first_asked(dues)
    picked = st.pills(
        "Show the quarter",
        list(names),
        format_func=lambda quarter: names[quarter],
        default=first,
        required=True,
        key=KEY,
        wrap=True,
    )
    return picked or first


def _short(due: Due) -> str:
    """One word on the button; the table says the rest."""
    if due.version:
        return "filed"
    return "later" if not due.over else "overdue" if due.days < 0 else "due"


def first_asked(dues: Sequence[Due]) -> date:
    """The oldest quarter that is over and not filed; else the newest that is over; else the first."""
    over = [due for due in dues if due.over]
    waiting = [due.quarter for due in over if not due.version]
    return waiting[0] if waiting else over[-1].quarter if over else dues[0].quarter


def _next(dues: Sequence[Due]) -> str:
    waiting = [due for due in dues if not due.version]
    if not waiting:
        return "Every quarter of the grant has been filed."
    due = waiting[0]
    if not due.over:
        return f"Nothing is waiting. {quarter_name(due.quarter)} is next, due {words.day(due.due_on)}."
    said = f"{quarter_name(due.quarter)} was due {words.day(due.due_on)}" if due.days < 0 else ""
    if said:
        late = f"{-due.days} {'day' if due.days == -1 else 'days'} ago"
        return f":orange[:material/warning: {said}, {late}.]"
    return f"{quarter_name(due.quarter)} is due {words.day(due.due_on)}: {due.state.lower()}."
