"""The weekly tally: a sheet like a spreadsheet, its reasons, the questions of certifying, the list of weeks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboard.ui import forms, session
from dashboard.words import day, number
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.tally import Blanks, Line, Sheet, WeekendAhead, calendar, certify_tally, form_of, save_tally, sheet
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms.tally import TallyCell
from db.models import Staff
from db.vocab import TallyItem, label
from db.weeks import WeekState

WORDS = {
    WeekState.running: "not over yet",
    WeekState.due: "due",
    WeekState.draft: "draft",
    WeekState.certified: "certified",
    WeekState.late: "certified late",
    WeekState.missing: "missing",
}
OPEN = (WeekState.due, WeekState.draft, WeekState.missing)
ASKING = "tally.asking"
Cells = Mapping[TallyItem, TallyCell]


def choose(who: Viewer) -> tuple[int, date] | None:
    """Whose week, and which: the newest one that still has to be certified is open, older ones are named."""
    with record_session(session.bind(), who) as database:
        staff = database.scalars(select(Staff).order_by(Staff.id)).all()
        names = {s.id: s.name for s in staff}
        own = list(names).index(who.staff_id) if who.staff_id in names else 0
        left, right = st.columns(2)
        with left:
            picked = st.selectbox(
                "Staff member", list(names), format_func=lambda key: names[key], index=own, key="tally-staff"
            )
        weeks = dict(calendar(database, who, picked)) if picked is not None else {}
    if picked is None or not weeks:
        st.info("There is no week to report yet: the pilot has not begun for this person.", icon=":material/event:")
        return None
    first = max((w for w, state in weeks.items() if state in OPEN), default=max(weeks))
    with right:
        week = st.selectbox(
            "Week of",
            list(weeks),
            format_func=lambda w: f"{day(w)} · {WORDS[weeks[w]]}",
            index=list(weeks).index(first),
            key=f"tally-week-{picked}",
        )
    waiting = [w for w, state in weeks.items() if state in OPEN and w != week]
    if waiting:
        named = ", ".join(f"{day(w)} ({WORDS[weeks[w]]})" for w in sorted(waiting)[:4])
        st.caption(f"Also to certify: week of {named}{' and more' if len(waiting) > 4 else ''}.")
    return (picked, week) if week else None


def show(who: Viewer, staff_id: int, week: date) -> None:
    """The sheet of one week: open to edit until it is certified, then locked."""
    with record_session(session.bind(), who) as database:
        opened = sheet(database, who, staff_id, week)
    _state(opened)
    if opened.locked:
        _locked(opened)
        return
    form = forms.draft(f"tally-{staff_id}-{week.isoformat()}")
    cells = _reasons(form, opened, _grid(form, opened))
    save, certify = st.columns(2)
    with save:
        if st.button("Save draft", key=form.key("draft"), width="stretch", icon=":material/save:"):
            _try(form, lambda: _store(who, opened, cells), "Draft saved")
    with certify:
        if st.button(
            "Certify the week", key=form.key("certify"), type="primary", width="stretch", icon=":material/verified:"
        ):
            _try(form, lambda: _certify(who, opened, cells), "Certified")
    _leftover(form)
    if session.recall(ASKING) == form.name:
        _ask(who, form, opened, cells)


def _state(opened: Sheet) -> None:
    words = {
        WeekState.running: "This week can be certified from Friday noon.",
        WeekState.due: "Due by Monday, 23:59.",
        WeekState.draft: "Draft. Due by Monday, 23:59.",
        WeekState.missing: "This week was due on the Monday after it. Certified now, it counts as late.",
        WeekState.certified: f"Certified {opened.certified}. Locked.",
        WeekState.late: f"Certified late, {opened.certified}. Locked.",
    }
    colors: dict[WeekState, Literal["orange", "green"]] = {
        WeekState.missing: "orange",
        WeekState.late: "orange",
        WeekState.certified: "green",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(WORDS[opened.state].capitalize(), color=colors.get(opened.state, "gray"))
        st.markdown(words[opened.state], width="stretch")


def _frame(lines: Sequence[Line]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": [label(line.item) for line in lines],
            "log": [float(line.log) for line in lines],
            "reported": [None if line.reported is None else float(line.reported) for line in lines],
            "past": [[float(v) if v is not None else 0.0 for v in line.history] for line in lines],
        }
    ).astype({"reported": "float64"})


def _columns() -> dict[str, Any]:
    return {
        "item": st.column_config.TextColumn("Item", disabled=True, width=168),
        "log": st.column_config.NumberColumn("Log", disabled=True, format="%g", width=46, help="What the log says now"),
        "reported": st.column_config.NumberColumn(
            "Reported", min_value=0, format="%g", width=84, help="Empty means not recorded. Zero is 0."
        ),
        "past": st.column_config.LineChartColumn("12 weeks", y_min=0, width=64, help="The figures that counted"),
    }


def _grid(form: forms.Draft, opened: Sheet) -> dict[TallyItem, Decimal | None]:
    """The editor; its values by item."""
    edited = st.data_editor(
        _frame(opened.lines),
        key=form.key(f"grid-{opened.revision}"),
        column_config=_columns(),
        hide_index=True,
        num_rows="fixed",
        height="content",
        placeholder="–",
        alt="The items of the week: what the log says, what is reported, the last twelve weeks",
    )
    st.caption("Empty is “not recorded”, not zero. A cell you leave alone follows the log.")
    values = edited["reported"].tolist()
    return {
        line.item: None if pd.isna(value) else Decimal(str(round(value, 4))).normalize()
        for line, value in zip(opened.lines, values, strict=True)
    }


def _reasons(form: forms.Draft, opened: Sheet, reported: Mapping[TallyItem, Decimal | None]) -> Cells:
    """Where a number is not the log's, its reason is asked for, next to both."""
    cells: dict[TallyItem, TallyCell] = {}
    asked = False
    for line in opened.lines:
        value, reason = reported[line.item], line.reason
        differs = value != line.log if value is not None else line.log > 0
        if differs:
            if not asked:
                st.markdown("**Why does it differ from the log?**")
                asked = True
            said = number(value, digits=2) if value is not None else "blank"
            reason = st.text_input(
                f"{label(line.item)}: log {number(line.log, digits=2)}, reported {said}",
                value=line.reason or "",
                key=form.key(f"why-{line.item.value}-{opened.revision}"),
                placeholder="Two visits were never logged",
                max_chars=200,
            )
        form.wrong(line.item.value)
        cells[line.item] = TallyCell(reported=value, reason=reason if differs else None)
    return cells


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
    except TandemError as error:
        form.errors = {"": str(error)}
    else:
        form.start_over()
        session.forget(ASKING)
        st.toast(words, icon=":material/check:")
    st.rerun()


def _leftover(form: forms.Draft) -> None:
    elsewhere = [sentence for name, sentence in form.errors.items() if name not in form.shown]
    if form.errors:
        st.error(" ".join(elsewhere) or "Not certified yet: see the sentences above. Nothing you typed is lost.")


def _ask(who: Viewer, form: forms.Draft, opened: Sheet, cells: Cells) -> None:
    """The questions of certifying: each blank, and the weekend."""

    @st.dialog("Before it is certified", on_dismiss=lambda: session.forget(ASKING))
    def questions() -> None:
        blanks = [item for item in TallyItem if cells[item].reported is None]
        answers: dict[TallyItem, str | None] = {}
        if blanks:
            st.markdown("These are blank. Was it zero, or was it not recorded?")
            every = st.segmented_control("All of them", ["0", "Not recorded"], key=form.key("blank-all"))
            for item in blanks:
                answers[item] = st.segmented_control(
                    label(item), ["0", "Not recorded"], key=form.key(f"blank-{item.value}-{every}"), default=every
                )
        over = who.today > opened.week + timedelta(days=6)
        weekend = over or st.checkbox("The week runs to Sunday: I expect no more work in it", key=form.key("weekend"))
        if st.button("Certify", type="primary", width="stretch", key=form.key("certify-now")):
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
                lambda: _certify(who, opened, final, confirmed_blanks=left, weekend_confirmed=bool(weekend)),
                "Certified",
            )

    questions()


def _locked(opened: Sheet) -> None:
    frame = _frame(opened.lines)
    frame["reason"] = [line.reason or "" for line in opened.lines]
    st.dataframe(
        frame,
        column_config=_columns() | {"reason": st.column_config.TextColumn("Why it differs")},
        hide_index=True,
        height="content",
        placeholder="–",
    )


def weeks(who: Viewer, staff_id: int) -> None:
    """Every week so far, and how it stands."""
    with record_session(session.bind(), who) as database:
        rows = calendar(database, who, staff_id)
    on_time = sum(state is WeekState.certified for _, state in rows)
    late = sum(state is WeekState.late for _, state in rows)
    missing = sum(state is WeekState.missing for _, state in rows)
    st.subheader("All weeks", anchor=False)
    st.caption(f"{on_time} certified on time, {late} late, {missing} missing.")
    st.dataframe(
        pd.DataFrame({"week": [day(w) for w, _ in rows], "state": [WORDS[s].capitalize() for _, s in rows]}),
        column_config={"week": "Week of", "state": "State"},
        hide_index=True,
        height=420,
    )
