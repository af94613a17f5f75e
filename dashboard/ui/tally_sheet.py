"""The weekly tally of one person: which week, its cells and checks, saving, certifying and what that asks."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import streamlit as st
from sqlalchemy import select

from dashboard import nav
from dashboard.export.paper import PAPER
from dashboard.ui import forms, session, tally_beside, tally_locked
from dashboard.ui.exhibit import plain
from dashboard.ui.tally_grid import Cells, base, both, grid, reasons, typed
from dashboard.words import day
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.tally import (
    Blanks,
    Sheet,
    WeekendAhead,
    calendar,
    certify_tally,
    findings,
    form_of,
    save_tally,
    sheet,
)
from db.commands.weeks import comments
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms.tally import TallyCell
from db.models import Staff
from db.tally_rules import Finding, must_fix
from db.vocab import TallyItem, label
from db.vocab.tally import Level
from db.weeks import WeekState

WORDS = {
    WeekState.running: "not over yet",
    WeekState.due: "due",
    WeekState.draft: "draft",
    WeekState.certified: "certified",
    WeekState.late: "certified late",
    WeekState.missing: "missing",
    WeekState.accepted: "accepted",
}
OPEN = (WeekState.due, WeekState.draft, WeekState.missing)
ASKING = "tally.asking"


def choose(who: Viewer) -> tuple[int, date] | None:
    """Whose week, and which: the address's, else the newest one that still has to be certified."""
    asked_staff, asked_week = asked()
    with record_session(session.bind(), who) as database:
        staff = database.scalars(select(Staff).order_by(Staff.id)).all()
        names = {s.id: s.name for s in staff}
        own = asked_staff if asked_staff in names else who.staff_id
        left, right, more = st.columns([4, 4, 4], vertical_alignment="bottom")
        with left:
            picked = st.selectbox(
                "Staff member",
                list(names),
                format_func=lambda key: names[key],
                index=list(names).index(own) if own in names else 0,
                key="tally-staff",
            )
        weeks = dict(calendar(database, who, picked)) if picked is not None else {}
    if picked is None or not weeks:
        st.info("There is no week to report yet: the pilot has not begun for this person.", icon=":material/event:")
        return None
    first = max((w for w, state in weeks.items() if state in OPEN), default=max(weeks))
    first = asked_week if asked_week and asked_week in weeks and picked == own else first
    with right:
        week = st.selectbox(
            "Week of",
            list(weeks),
            format_func=lambda w: f"{day(w)} · {WORDS[weeks[w]]}",
            index=list(weeks).index(first),
            key=f"tally-week-{picked}",
        )
    with more:
        _elsewhere(picked, week)
    if week:
        st.query_params.from_dict({"staff": str(picked), "week": week.isoformat()})
    return (picked, week) if week else None


def asked() -> tuple[int | None, date | None]:
    """Staff and week of the address, None for what is none."""
    staff, week = st.query_params.get("staff", ""), st.query_params.get("week", "")
    try:
        monday = date.fromisoformat(week)
    except ValueError:
        monday = None
    return int(staff) if staff.isdecimal() and len(staff) < 10 else None, monday


def _elsewhere(staff_id: int, week: date | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="right"):
        st.page_link(nav.VIEWS / "weeks.py", label="All weeks", icon=":material/calendar_month:")
        if week is not None:
            with st.popover("Paper form", icon=":material/print:"):
                address = f"{PAPER}?staff={staff_id}&week={week.isoformat()}"
                st.link_button("As it stands", address, width="stretch", icon=":material/description:")
                st.link_button("Blank", f"{address}&blank=1", width="stretch", icon=":material/draft:")


def show(who: Viewer, staff_id: int, week: date) -> None:
    """The sheet of one week: open to edit until it is certified, then locked."""
    with record_session(session.bind(), who) as database:
        opened = sheet(database, who, staff_id, week)
        said = comments(database, who, staff_id, week)
    state(opened)
    with st.container():  # what appears in here leaves the sheet below in its place, and with it the focus
        form = forms.draft(f"tally-{staff_id}-{week.isoformat()}", banner=not opened.locked)
        if not opened.locked:
            _collision(form, opened)
    if not opened.locked:
        session.remember(f"open.{form.name}", True)
    else:
        tally_locked.show(who, form, opened, said)
        return
    cells_side, beside = st.columns([3, 2], gap="large")
    with cells_side:
        figures = grid(form, opened, said)
        st.caption("Empty is “not recorded”, not zero. A cell you leave alone follows the log.")
    with beside:
        cells = reasons(form, opened, figures)
        now = _fingerprint(opened, cells)
        found = tally_beside.checks(form.name, now, lambda: _run(who, opened, cells))
        _buttons(who, form, opened, cells)
        _refused(form, now, found)
        first = next((item for f in found if f.level is not Level.note for item in f.items), next(iter(TallyItem)))
        tally_beside.cell(who, form, opened, said, first)
    if session.recall(ASKING) == form.name:
        _ask(who, form, opened, cells, found)


def _collision(form: forms.Draft, opened: Sheet) -> None:
    if typed(form) and form.kept("revision") != opened.revision:
        saved = f" ({opened.saved})" if opened.saved else ""
        both(form, opened, f"Somebody saved this week while you had it open{saved}.", "Keep mine", "Take theirs")


def state(opened: Sheet) -> None:
    """How the week stands, in a badge and a sentence."""
    draft = f"Saved {opened.saved}. " if opened.saved and not opened.locked else ""
    words = {
        WeekState.running: "This week can be certified from Friday noon.",
        WeekState.due: "Due by Monday, 23:59.",
        WeekState.draft: "Due by Monday, 23:59.",
        WeekState.missing: "This week was due on the Monday after it. Certified now, it counts as late.",
        WeekState.certified: f"Certified {opened.certified}. Locked.",
        WeekState.late: f"Certified late, {opened.certified}. Locked.",
        WeekState.accepted: f"Certified {opened.certified}. Accepted {opened.accepted}. Locked.",
    }
    colors: dict[WeekState, Literal["orange", "green"]] = {
        WeekState.missing: "orange",
        WeekState.late: "orange",
        WeekState.certified: "green",
        WeekState.accepted: "green",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(WORDS[opened.state].capitalize(), color=colors.get(opened.state, "gray"))
        st.markdown(plain(draft + words[opened.state]), width="stretch")


def _buttons(who: Viewer, form: forms.Draft, opened: Sheet, cells: Cells) -> None:
    save, certify = st.columns(2)
    with save:
        if st.button("Save draft", key=form.key("draft"), width="stretch", icon=":material/save:", shortcut="Alt+S"):
            _try(form, lambda: _store(who, base(form, opened), cells), "Draft saved")
    with certify:
        if st.button(
            "Certify the week", key=form.key("certify"), type="primary", width="stretch", icon=":material/verified:"
        ):
            _try(form, lambda: _certify(who, base(form, opened), cells), "Certified")


def _refused(form: forms.Draft, now: str, found: list[Finding]) -> None:
    """Why the last save was refused, as long as nothing was changed since; what the checks say is not said twice."""
    refused = {name: sentence for name, sentence in form.errors.items() if name != "comment"}
    if not refused:
        session.forget(f"refused.{form.name}")
        return
    if session.recall(f"refused.{form.name}", now) != now:
        form.errors = {name: sentence for name, sentence in form.errors.items() if name == "comment"}
        return
    session.remember(f"refused.{form.name}", now)
    told = must_fix(found).values()
    others = [sentence for sentence in refused.values() if sentence not in told]
    why = " ".join(others) if others else "Not certified yet: the checks above say what must be fixed."
    st.error(f"{plain(why)} Nothing you typed is lost.")


def _fingerprint(opened: Sheet, cells: Cells) -> str:
    """What the checks depend on."""
    return f"{opened.revision} {[line.log for line in opened.lines]} {cells}"


def _run(who: Viewer, opened: Sheet, cells: Cells) -> list[Finding]:
    with record_session(session.bind(), who) as database:
        return findings(database, who, form_of(opened, cells))


def _store(who: Viewer, opened: Sheet, cells: Cells) -> Saved:
    with record_session(session.bind(), who) as database:
        return save_tally(database, who, form_of(opened, cells))


def _certify(who: Viewer, opened: Sheet, cells: Cells, **answers: object) -> Saved:
    with record_session(session.bind(), who) as database:
        return certify_tally(database, who, form_of(opened, cells, **answers))


def _try(form: forms.Draft, command: Callable[[], Saved], words: str) -> None:
    """Run a save. Refused for blanks or the weekend it asks; refused otherwise it says why and keeps the cells."""
    try:
        command()
    except (Blanks, WeekendAhead):
        form.errors = {}
        session.remember(ASKING, form.name)
    except Invalid as error:
        form.errors = error.errors
        session.forget(ASKING)
    except TandemError as error:
        form.errors = {"": str(error)}
        session.forget(ASKING)
    else:
        comment = tally_beside.comment_of(form)
        form.start_over()
        session.forget(f"open.{form.name}")
        form.fill({"comment": comment})
        session.forget(ASKING)
        st.toast(words, icon=":material/check:")
    tally_beside.run_again_next(form.name)
    st.rerun()


def _ask(who: Viewer, form: forms.Draft, opened: Sheet, cells: Cells, found: list[Finding]) -> None:
    """The questions of certifying: each blank, the weekend; and what is worth a look."""

    @st.dialog("Before it is certified", on_dismiss=lambda: session.forget(ASKING))
    def questions() -> None:
        blanks = [item for item in TallyItem if cells[item].reported is None]
        answers: dict[TallyItem, str | None] = {}
        for finding in found:
            if finding.level is Level.check:
                st.markdown(f":orange[:material/help: **Check**] {plain(finding.sentence)}")
        if blanks:
            st.markdown("These are blank. Was it zero, or was it not recorded?")
            every = st.segmented_control("All of them", ["0", "Not recorded"], key=f"{form.name}-blank-all")
            for item in blanks:
                answers[item] = st.segmented_control(
                    label(item), ["0", "Not recorded"], key=f"{form.name}-blank-{item.value}-{every}", default=every
                )
        over = who.today > opened.week + timedelta(days=6)
        weekend = over or st.checkbox(
            "The week runs to Sunday: I expect no more work in it", key=f"{form.name}-weekend"
        )
        if st.button("Certify", type="primary", width="stretch", key=f"{form.name}-certify-now"):
            if open_ones := [label(i) for i, a in answers.items() if a is None]:
                st.error(f"Still to answer: {', '.join(open_ones)}.")
                return
            if not weekend:
                st.error("The week is not over. Tick that no more work is expected, or certify it on Monday.")
                return
            filled = {i: TallyCell(reported=Decimal(0), reason=cells[i].reason) for i, a in answers.items() if a == "0"}
            left = frozenset(i for i, a in answers.items() if a != "0")
            final = dict(cells) | filled
            _try(
                form,
                lambda: _certify(
                    who, base(form, opened), final, confirmed_blanks=left, weekend_confirmed=bool(weekend)
                ),
                "Certified",
            )

    questions()
