"""One week to read: its certified figures, corrections and comments; the chief accepts it here."""

from datetime import date

import streamlit as st

from dashboard import nav
from dashboard.export.paper import PAPER
from dashboard.ui import forms, session, tally_beside, tally_locked, tally_sheet
from dashboard.ui.exhibit import plain
from dashboard.words import day
from db.access import Permission, Viewer
from db.commands.amend import requests
from db.commands.tally import Sheet, sheet
from db.commands.weeks import Cell, StaffWeeks, accept_weeks, comments, everybody
from db.engine import record_session
from db.errors import TandemError
from db.vocab import TallyItem
from db.weeks import WeekState

TO_ACCEPT = (WeekState.certified, WeekState.late)


def chosen(who: Viewer, staff_id: int | None, week: date | None) -> tuple[StaffWeeks, date] | None:
    """The week of the address, if there is such a one."""
    if staff_id is None or week is None:
        return None
    with record_session(session.bind(), who) as database:
        staff = everybody(database, who)
    return next(((one, c.week) for one in staff if one.staff_id == staff_id for c in one.cells if c.week == week), None)


def show(who: Viewer, one: StaffWeeks, week: date) -> None:
    """The whole of it, and what to do with it."""
    with record_session(session.bind(), who) as database:
        opened = sheet(database, who, one.staff_id, week)
        said = comments(database, who, one.staff_id, week)
        asked = requests(database, who, staff_id=one.staff_id, week=week)
    _heading(who, one, opened)
    tally_sheet.state(opened)
    form = forms.draft(f"read-{one.staff_id}-{week.isoformat()}", banner=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if opened.locked:
            tally_locked.figures(opened, said)
        else:
            st.info("Nothing to read yet: figures appear here when the week is certified.", icon=":material/event:")
    with right:
        if who.may(Permission.accept_tally) and opened.state in TO_ACCEPT:
            _accept(who, one, opened)
        tally_locked.history(who, opened, asked)
        tally_beside.cell(who, form, opened, said, next(iter(TallyItem)))


def _heading(who: Viewer, one: StaffWeeks, opened: Sheet) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(f"{plain(one.name)}, week of {day(opened.week)}", anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            if who.may(Permission.certify_tally) and st.button("Open the sheet", key="open-sheet"):
                address = {"staff": str(one.staff_id), "week": opened.week.isoformat()}
                st.switch_page(nav.VIEWS / "tally.py", query_params=address)
            if opened.locked:
                address = f"{PAPER}?staff={one.staff_id}&week={opened.week.isoformat()}"
                st.link_button("Paper form", address, icon=":material/print:")
            if st.button("All weeks", key="all-weeks", icon=":material/calendar_month:"):
                st.switch_page(nav.VIEWS / "weeks.py")


def _accept(who: Viewer, one: StaffWeeks, opened: Sheet) -> None:
    """Accept exactly what is on the screen, and go on to the next one that waits."""
    later: list[Cell] = [c for c in one.cells if c.state in TO_ACCEPT and c.week != opened.week]
    ahead = next((c for c in later if c.week > opened.week), later[0] if later else None)
    if st.button("Accept this week", type="primary", width="stretch", icon=":material/done_all:", key="accept"):
        try:
            with record_session(session.bind(), who) as database:
                accept_weeks(database, who, [(one.staff_id, opened.week, opened.revision)])
        except TandemError as error:
            st.error(str(error))
            return
        st.toast(f"Week of {day(opened.week)} accepted", icon=":material/done_all:")
        if ahead is None:
            st.switch_page(nav.VIEWS / "weeks.py")
        address = {"staff": str(one.staff_id), "week": ahead.week.isoformat()}
        st.switch_page(nav.VIEWS / "weeks.py", query_params=address)
    st.caption(f"{len(later)} more of {plain(one.name)} wait; accepting goes on to the next." if later else "The last.")
