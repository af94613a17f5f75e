"""The calendar of all weeks × staff, and what waits for whoever looks: to certify, to accept, to decide."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import nav
from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from dashboard.ui.tally_locked import request_in_words
from dashboard.words import NBSP, day, month
from db.access import Permission, Viewer
from db.commands.amend import Asked, decide_amendment, requests
from db.commands.weeks import Cell, StaffWeeks, accept_weeks, everybody
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.tally import REASON, DecisionOnAmendment
from db.weeks import WeekState

MARKS = {
    WeekState.accepted: (":green[:material/done_all:]", "accepted"),
    WeekState.certified: (":green[:material/check:]", "certified"),
    WeekState.late: (":orange[:material/schedule:]", "certified late"),
    WeekState.draft: (":blue[:material/edit:]", "draft"),
    WeekState.due: (":orange[:material/pending:]", "due"),
    WeekState.missing: (":orange[:material/error:]", "missing"),
    WeekState.running: (":gray[:material/hourglass_empty:]", "not over yet"),
}
DONE = (WeekState.certified, WeekState.late)
WAITING = (WeekState.missing, WeekState.due, WeekState.draft)
OPENED = "weeks.opened"


def show(who: Viewer) -> None:
    """What waits first, then everything."""
    with record_session(session.bind(), who) as database:
        staff = everybody(database, who)
        asked = requests(database, who, open_only=True)
    if not staff:
        st.info("No week yet. Sheets appear here from the pilot's first Monday on.", icon=":material/event:")
        return
    if who.may(Permission.certify_tally):
        _to_certify(who, staff)
    if who.may(Permission.accept_tally):
        for one in asked:
            _decide(who, one)
        _to_accept(who, [cell for one in staff for cell in one.cells if cell.state in DONE], staff)
    st.caption(" ".join(f"{mark}{NBSP}{words.replace(' ', NBSP)}\u2003" for mark, words in MARKS.values()))
    for place, one in zip(st.columns(max(len(staff), 2), gap="large"), staff, strict=False):
        with place:
            _calendar(who, one)


def open_week(who: Viewer, staff_id: int, week: date) -> None:
    """The desk opens the sheet, everybody else reads the week."""
    address = {"staff": str(staff_id), "week": week.isoformat()}
    page = "tally.py" if who.may(Permission.certify_tally) else "weeks.py"
    st.switch_page(nav.VIEWS / page, query_params=address)


def _calendar(who: Viewer, one: StaffWeeks) -> None:
    st.subheader(one.name, anchor=False)
    done, late = one.count(WeekState.certified, WeekState.late, WeekState.accepted), sum(c.late for c in one.cells)
    counts = [
        (done, "certified"),
        (late, "of them late"),
        (one.count(WeekState.accepted), "accepted"),
        (one.count(WeekState.missing), "missing"),
    ]
    st.markdown(", ".join(f"**{n}** {words}" for n, words in counts if n) or "Nothing certified yet.")
    newest = reversed(one.cells)
    with st.container(gap="xsmall"):
        for first, cells in groupby(newest, key=lambda cell: cell.week.replace(day=1)):
            _month(who, one, first, list(reversed(list(cells))))


def _month(who: Viewer, one: StaffWeeks, first: date, cells: Sequence[Cell]) -> None:
    """One row: the month, and a target for each Monday in it."""
    by_week = {cell.week: cell for cell in cells}

    def title(week: date) -> str:
        cell = by_week[week]
        extra = " :gray[:material/chat_bubble:]" if cell.comments else ""
        asks = " :orange[:material/live_help:]" if cell.asked else ""
        return f"{MARKS[cell.state][0]} {week.day:\u2007>2}{asks}{extra}"

    round_of = session.recall(OPENED, 0)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(f":gray[{month(first)}]", width=72)
        picked = st.container(width="stretch").pills(
            f"{one.name}, {month(first)}: weeks by their Monday",
            list(by_week),
            format_func=title,
            key=f"calendar-{one.staff_id}-{first.isoformat()}-{round_of}",
            label_visibility="collapsed",
            wrap=True,
        )
    if picked is not None:
        session.remember(OPENED, int(str(round_of)) + 1)
        open_week(who, one.staff_id, picked)


def _to_certify(who: Viewer, staff: Sequence[StaffWeeks]) -> None:
    """The desk's: oldest first, one action each."""
    waiting = sorted(
        ((cell, one) for one in staff for cell in one.cells if cell.state in WAITING), key=lambda pair: pair[0].week
    )
    if not waiting:
        st.success("Every week that is over is certified.", icon=":material/verified:")
    for cell, one in waiting:
        mark, words = MARKS[cell.state]
        with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f"{mark} Week of **{day(cell.week)}**, {plain(one.name)}: {words}", width="stretch")
            if st.button("Open", key=f"open-{one.staff_id}-{cell.week}", icon=":material/arrow_forward:"):
                open_week(who, one.staff_id, cell.week)


def _to_accept(who: Viewer, cells: Sequence[Cell], staff: Sequence[StaffWeeks]) -> None:
    """The chief's: all at once where he has no question, or one by one through the calendar."""
    if not cells and not any(cell.state is WeekState.accepted for one in staff for cell in one.cells):
        st.info("Nothing to accept yet. A week stands here once the desk has certified it.", icon=":material/pending:")
        return
    if not cells:
        st.success("Every certified week is accepted.", icon=":material/done_all:")
        return
    names = {one.staff_id: one.name for one in staff}
    ordered = sorted(cells, key=lambda cell: (cell.week, cell.staff_id))
    differs, late = sum(cell.differs for cell in cells), sum(cell.late for cell in cells)
    many = f"{len(cells)} certified weeks wait" if len(cells) > 1 else "One certified week waits"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        facts = [
            f"{differs} {'figure is' if differs == 1 else 'figures are'} not the log's, each with a reason"
            if differs
            else "Every figure is the log's",
            f"{late} {'was' if late == 1 else 'were'} certified late" if late else "all were certified in time",
        ]
        st.markdown(f"**{many} for you.** {'; '.join(facts)}.", width="stretch")
        if st.button("Look at the oldest", key="accept-oldest", icon=":material/arrow_forward:"):
            open_week(who, ordered[0].staff_id, ordered[0].week)
        with st.popover(f"Accept all {len(cells)}" if len(cells) > 1 else "Accept it", icon=":material/done_all:"):
            st.markdown("Amending an accepted week asks you first.")
            for staff_id in sorted({cell.staff_id for cell in ordered}):
                own = [cell for cell in ordered if cell.staff_id == staff_id]
                st.markdown(f"{plain(names[staff_id])}: {len(own)} from {day(own[0].week)} to {day(own[-1].week)}")
            if st.button("Accept", key="accept-all", type="primary", width="stretch"):
                _do(who, lambda s: accept_weeks(s, who, [(c.staff_id, c.week, c.revision) for c in ordered]))


def _decide(who: Viewer, one: Asked) -> None:
    """An asked-for amendment: yes, or no with a reason."""
    with st.container(border=True):
        st.markdown(
            f":orange[:material/live_help:] **{plain(one.staff)}, week of {day(one.week)}: may it be amended?**  \n"
            f"{request_in_words(one)}  \n:gray[Asked {plain(one.by)}]"
        )
        with st.container(horizontal=True):
            if st.button("Approve", key=f"approve-{one.id}", type="primary", icon=":material/check:"):
                values = {"request_id": one.id, "approve": True}
                _do(who, lambda s: decide_amendment(s, who, checked(DecisionOnAmendment, values)))
            with st.popover("Refuse"):
                form = forms.draft(f"refuse-{one.id}", banner=False)
                answer = forms.text(form, "answer", "Why", max_chars=REASON)
                if st.button("Refuse", key=form.key("refuse"), type="primary", width="stretch"):
                    no = {"request_id": one.id, "approve": False, "answer": answer}
                    _do(who, lambda s: decide_amendment(s, who, checked(DecisionOnAmendment, no)), form)
            if st.button("Look at the week", key=f"look-{one.id}", type="tertiary"):
                open_week(who, one.staff_id, one.week)


def _do(who: Viewer, command: Callable[[Session], object], form: forms.Draft | None = None) -> None:
    """Run one command; refused, its sentence stands under the button, else the page is drawn anew."""
    try:
        with record_session(session.bind(), who) as database:
            command(database)
    except TandemError as error:
        st.error(str(error))
        return
    if form is not None:
        form.start_over()
    st.rerun()
