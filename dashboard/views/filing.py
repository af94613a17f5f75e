"""The quarterly report to the Treasury: what is due, what it says, what was filed. Finance works, the chief reads."""

from datetime import date

import streamlit as st

from dashboard.ui import filing, filing_calendar, filing_filed, filing_words, live, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_money)
st.title("Quarterly report", anchor=False)


@live.fragment(Scope.money)
def sheet(quarter: date) -> None:
    """Drawn again by itself when somebody books, closes or files."""
    filing.show(session.require(Permission.see_money), quarter)


@live.fragment(Scope.money, key="filed")
def filed(quarter: date) -> None:
    filing_filed.show(session.require(Permission.see_money), quarter)


chosen = filing_calendar.choose(viewer)
if chosen is not None:
    books, written = st.columns([3, 2])
    with books:
        sheet(chosen)
        filed(chosen)
    with written:
        filing_words.show(viewer, chosen)
