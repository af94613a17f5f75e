"""All weeks of everybody: due, draft, certified, late, missing, accepted. The chief reads and accepts them here."""

import streamlit as st

from dashboard.ui import live, session, tally_calendar, tally_sheet, tally_week
from db.access import Permission
from db.vocab import Scope

who = session.require(Permission.see_tallies)
st.title("Weeks", anchor=False)


@live.fragment(Scope.work)
def calendar() -> None:
    """Drawn anew when somebody saves, certifies, asks or accepts."""
    tally_calendar.show(session.require(Permission.see_tallies))


chosen = tally_week.chosen(who, *tally_sheet.asked())
if chosen is None:
    calendar()
else:
    tally_week.show(who, *chosen)
