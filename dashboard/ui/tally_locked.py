"""A certified week: its figures, what the log says since, amending it or asking the chief, and the ledger."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from dashboard.ui import forms, session, tally_beside
from dashboard.ui.exhibit import plain
from dashboard.ui.tally_grid import Figures, base, both, columns, figure, frame, grid, typed
from dashboard.words import day
from db.access import Viewer
from db.commands.amend import Asked, amend_tally, ledger, requests, withdraw_amendment
from db.commands.desk import Saved
from db.commands.tally import Sheet
from db.commands.weeks import Said
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.tally import REASON, AmendmentForm
from db.vocab import TallyItem, label
from db.vocab.tally import AmendmentStatus
from db.weeks import WeekState

AMENDING = "tally.amending"


def show(who: Viewer, sheet_form: forms.Draft, opened: Sheet, said: Sequence[Said]) -> None:
    """The desk's view. ``sheet_form`` holds what was typed before somebody else certified the week."""
    notices = st.container()  # what appears in here leaves the sheet below in its place, and with it the focus
    with notices:
        form = forms.draft(f"amend-{opened.staff_id}-{opened.week.isoformat()}")
    asked = _asked(who, opened)
    waiting = next((one for one in asked if one.status is AmendmentStatus.asked), None)
    if typed(sheet_form):
        with notices:
            _too_late(sheet_form, form, opened)
    elif session.recall(f"open.{sheet_form.name}"):
        with notices:
            st.warning(
                f"This week was certified {plain(opened.certified)} while you had it open. Nothing was stored over it.",
                icon=":material/lock:",
            )
    open_to_amend = session.recall(AMENDING) == form.name or bool(typed(form))
    amending = waiting is None and open_to_amend
    if amending and typed(form) and form.kept("revision") != opened.revision:
        with notices:
            both(form, opened, "Somebody changed this week while you had it open.", "Keep mine", "Take theirs")
    cells, beside = st.columns([3, 2], gap="large")
    with cells:
        values = grid(form, opened, said) if amending else figures(opened, said)
    with beside:
        if waiting is not None:
            _waiting(who, waiting)
        elif values is not None:
            _amend(who, form, opened, values)
        else:
            _begin(form, opened)
        history(who, opened, asked)
        tally_beside.cell(who, sheet_form, opened, said, next(iter(TallyItem)))


def figures(opened: Sheet, said: Sequence[Said]) -> Figures | None:
    """The certified figures, to read. Nothing comes back: there is nothing to change."""
    table = frame(opened.lines, said)
    reasons = [line.reason or "" for line in opened.lines]
    if any(reasons):
        table.insert(3, "reason", reasons)
    st.dataframe(
        table,
        column_config=columns() | {"reason": st.column_config.TextColumn("Why it differs", width=200)},
        hide_index=True,
        height="content",
        placeholder="–",
        alt="The certified figures of the week",
    )
    return None


def history(who: Viewer, opened: Sheet, asked: Sequence[Asked]) -> None:
    """The correction ledger of the week, and how asked-for amendments ended."""
    with record_session(session.bind(), who) as database:
        lines = ledger(database, who, opened.staff_id, opened.week)
    if lines:
        st.markdown("**Corrections**")
    for line in lines:
        approved = f" Approved {line.approved}." if line.approved else ""
        st.markdown(
            f"{label(line.item)}: {figure(line.old)} → **{figure(line.new)}**. {plain(line.why)}  \n"
            f":gray[{plain(line.by)}.{plain(approved)}]"
        )
    for one in asked:
        if one.status in (AmendmentStatus.refused, AmendmentStatus.withdrawn):
            answer = f" {plain(one.answer)}" if one.answer else ""
            st.markdown(f":gray[Asked for {_in_words(one.lines)}: {one.status.value} {plain(one.decided)}.{answer}]")


def request_in_words(one: Asked) -> str:
    """“Phone or video contacts: 7 → 9. Two calls were never logged”."""
    return f"{_in_words(one.lines)}. {plain(one.why)}"


def _in_words(lines: Sequence[tuple[TallyItem, Decimal | None, Decimal | None]]) -> str:
    return ", ".join(f"{label(item)}: {figure(old)} → **{figure(new)}**" for item, old, new in lines)


def _asked(who: Viewer, opened: Sheet) -> list[Asked]:
    with record_session(session.bind(), who) as database:
        return requests(database, who, staff_id=opened.staff_id, week=opened.week)


def _too_late(sheet_form: forms.Draft, form: forms.Draft, opened: Sheet) -> None:
    """Somebody certified the week over what was being typed: both are shown, and it may become an amendment."""

    def carry_over() -> None:
        cells = sheet_form.kept("cells")
        sheet_form.start_over()
        form.keep("revision", opened.revision)
        form.keep("cells", cells)

    stored = {line.item: line.reported for line in opened.lines}
    mine = typed(sheet_form)
    with st.container(border=True):
        st.markdown(
            f":orange[:material/lock: **The week was certified {plain(opened.certified)} while you were typing.**] "
            "Your figures were not stored."
        )
        st.dataframe(
            pd.DataFrame(
                {
                    "Item": [label(item) for item in mine],
                    "Yours": [figure(value) for value in mine.values()],
                    "Certified": [figure(stored[item]) for item in mine],
                }
            ),
            hide_index=True,
            height="content",
        )
        with st.container(horizontal=True):
            st.button("Amend with mine", key=f"carry-{form.name}", type="primary", on_click=carry_over)
            st.button("Drop mine", key=f"drop-{form.name}", on_click=sheet_form.start_over)


def _begin(form: forms.Draft, opened: Sheet) -> None:
    """What moved in the log since, and the way to an amendment."""
    moved = {line.item: line for line in opened.lines if line.log_now is not None and line.log_now != line.log}
    if moved:
        words = ", ".join(f"{label(i)} {figure(x.log)} → {figure(x.log_now)}" for i, x in moved.items())
        st.info(f"The log has moved since: {words}.", icon=":material/info:")
    accepted = opened.state is WeekState.accepted
    st.button(
        "Ask the chief to amend it" if accepted else "Amend this week",
        key=f"begin-{form.name}",
        width="stretch",
        icon=":material/edit:",
        on_click=session.remember,
        args=(AMENDING, form.name),
        help="Accepted weeks change only after the chief approves" if accepted else "Every correction is recorded",
    )


def _amend(who: Viewer, form: forms.Draft, opened: Sheet, values: Figures) -> None:
    """What changes, why, and the save."""
    accepted = opened.state is WeekState.accepted
    before = {line.item: line.reported for line in opened.lines}
    changes = {item: value for item, value in values.items() if value != before[item]}
    st.markdown("**Amending.** Type the figures as they ought to be. The old ones stay in the correction ledger.")
    for item, value in changes.items():
        st.markdown(f"{label(item)}: {figure(before[item])} → **{figure(value)}**")
        form.wrong(item.value)
    why = forms.text(form, "why", "Why is it amended", max_chars=REASON, placeholder="Two visits were logged late")
    save, cancel = st.columns([2, 1])
    with save:
        forms.save_button(
            form,
            "Ask the chief" if accepted else "Save the amendment",
            lambda: _store(who, base(form, opened), changes, why, accepted),
            lambda _: _done(accepted),
            icon=":material/send:" if accepted else ":material/check:",
        )
    with cancel:
        st.button("Cancel", key=f"cancel-{form.name}", width="stretch", on_click=_cancel, args=(form,))


def _store(who: Viewer, opened: Sheet, changes: Mapping[TallyItem, Decimal | None], why: str, accepted: bool) -> Saved:
    values = {
        "staff_id": opened.staff_id,
        "week": opened.week,
        "revision": opened.revision,
        "values": changes,
        "why": why,
        "asks": accepted,
    }
    with record_session(session.bind(), who) as database:
        return amend_tally(database, who, checked(AmendmentForm, values))


def _done(accepted: bool) -> None:
    session.forget(AMENDING)
    st.toast("The chief is asked" if accepted else "Amended, and in the ledger", icon=":material/check:")


def _cancel(form: forms.Draft) -> None:
    form.start_over()
    session.forget(AMENDING)


def _waiting(who: Viewer, one: Asked) -> None:
    with st.container(border=True):
        st.markdown(f":orange[:material/hourglass_empty: **The chief is asked to amend the week of {day(one.week)}.**]")
        st.markdown(f"{request_in_words(one)}  \n:gray[{plain(one.by)}]")
        if st.button("Withdraw", key=f"withdraw-{one.id}"):
            try:
                with record_session(session.bind(), who) as database:
                    withdraw_amendment(database, who, one.id)
            except TandemError as error:
                st.error(str(error))
                return
            st.rerun()
