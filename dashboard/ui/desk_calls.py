"""Calls without follow-up: each is taken as a referral or left with a reason, one by one or many at once."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands import reviews
from db.commands.reviews import Answered, LeftCall
from db.engine import record_session
from db.forms import clock, day
from db.forms.flow import CallReasonForm
from db.vocab import label
from db.vocab.desk import TAPPED_REASONS, CallReason

PLACE = "calls"
PER_PAGE = 15
_SHIFT = {"All": None, "During a shift": False, "Off shift": True}


def show(who: Viewer) -> None:
    """The list, its filter, and the answer for many."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Calls without follow-up", anchor=False, width="stretch")
        if st.button("My desk", icon=":material/arrow_back:", key="calls-back"):
            st.query_params.clear()
            st.rerun()
    st.caption(
        "Behavioral health calls of the pilot over 7 days old, not at an institution, whose incident number stands on "
        "no referral and no intervention. “Off shift” is derived from the roster."
    )
    act.told(who, PLACE)
    _period()
    with record_session(session.bind(), who) as database:
        everything = reviews.calls_waiting(database, who, first=_asked("from"), last=_asked("to"))
    if not everything:
        st.info(
            "Every behavioral health call over 7 days old was taken up or answered. New ones appear by themselves.",
            icon=":material/task_alt:",
        )
        return
    rows = _filtered(everything)
    bar = st.container()
    if not rows:
        st.info("No call fits. Choose other filters above.", icon=":material/filter_alt:")
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = st.pagination(pages, key=f"calls-page-{pages}") if pages > 1 else 1
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    with record_session(session.bind(), who) as database:
        again = reviews.called_again(database, [left.call for left in shown])
    ticked = [left for left in shown if _row(who, left, again.get(left.call.id, 0))]
    with bar:
        _in_bulk(who, everything, rows, ticked)


def _period() -> None:
    first, last = _asked("from"), _asked("to")
    if first or last:
        with st.container(horizontal=True, vertical_alignment="center"):
            parts = [f"from {day(first)}" if first else "", f"to {day(last)}" if last else ""]
            st.markdown(f"Received {' '.join(part for part in parts if part)}")
            if st.button("Every day", key="calls-every"):
                st.query_params.from_dict({"list": "calls"})
                st.rerun()


def _asked(name: str) -> date | None:
    """A day of the address, where a figure of a period led here; None for none, or for what is no day."""
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None


def _filtered(rows: Sequence[LeftCall]) -> list[LeftCall]:
    kinds = sorted({left.type for left in rows})
    one, two = st.columns([1, 1], vertical_alignment="bottom")
    with one:
        shift = st.segmented_control("When", list(_SHIFT), default="All", key="calls-shift")
    with two:
        kind = st.selectbox("Type", kinds, index=None, placeholder="Every type", key="calls-type")
    wanted = _SHIFT[shift or "All"]
    return [left for left in rows if kind in (None, left.type) and (wanted is None or left.on_shift is not wanted)]


def _in_bulk(who: Viewer, everything: Sequence[LeftCall], rows: Sequence[LeftCall], ticked: Sequence[LeftCall]) -> None:
    """One answer for the ticked ones, or for all that fit the filter; “off shift” for those it is true of."""
    chosen = ticked or rows
    off = [left for left in everything if not left.on_shift]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_counted(len(rows), len(everything), len(ticked)), width="stretch")
        words = f"Answer the {len(ticked)} ticked" if ticked else f"Answer all {len(rows):,}"
        if chosen:
            reason = st.menu_button(words, list(TAPPED_REASONS), key="calls-bulk", format_func=label)
            if reason is not None:
                _answer(who, chosen, reason)
        if off and not ticked:
            said = f"Leave {len(off):,} as off shift"
            help = "They came while no shift ran. The roster says so; you say that nobody will follow them up now."
            if st.button(said, key="calls-off", icon=":material/nightlight:", help=help):
                _answer(who, off, CallReason.off_shift)


def _counted(fit: int, of: int, ticked: int) -> str:
    calls = "call" if of == 1 else "calls"
    many = f"**{fit:,}** {calls}, oldest first" if fit == of else f"**{fit:,}** of {of:,} {calls}, oldest first"
    return f"{many} · {ticked} ticked" if ticked else many


def _row(who: Viewer, left: LeftCall, again: int) -> bool:
    """One call and what can be done with it; whether it is ticked."""
    call, zone = left.call, session.pilot().time_zone
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        ticked = st.checkbox(
            f"Tick the call of {clock(call.received_at, zone)}", key=f"tick-{call.id}", label_visibility="collapsed"
        )
        where = " · ".join(
            part for part in (left.place, f"Incident {call.incident_number}" if call.incident_number else "") if part
        )
        st.markdown(f"**{clock(call.received_at, zone)}** · {plain(left.type)}  \n{plain(where)}", width="stretch")
        if again:
            times = "once" if again == 1 else f"{again} times"
            st.badge(f"called again {times}", icon=":material/repeat:", color="orange")
        if not left.on_shift:
            st.badge("off shift", icon=":material/nightlight:", color="gray")
        if st.button("Take as a referral", key=f"take-{call.id}", icon=":material/person_add:"):
            number = call.incident_number or "without a number"
            act.run(
                who,
                PLACE,
                lambda s: reviews.take_call(s, who, call.id),
                f"Call {number} is a referral of yours now, accepted and waiting for a first try.",
            )
        offered = list(TAPPED_REASONS) if left.on_shift else [CallReason.off_shift, *TAPPED_REASONS]
        reason = st.menu_button("Say why not", offered, key=f"why-{call.id}", format_func=label)
        if reason is not None:
            _answer(who, [left], reason)
    return ticked


def _answer(who: Viewer, rows: Sequence[LeftCall], reason: CallReason) -> None:
    form = CallReasonForm(call_ids=frozenset(left.call.id for left in rows), reason=reason)

    def words(made: Answered) -> str:
        n = len(made.call_ids)
        told = f"{n:,} call{'s' * (n != 1)}: {label(reason).lower()}."
        return told + (f" {made.already:,} had been taken up in the meantime." if made.already else "")

    act.run(
        who,
        PLACE,
        lambda s: reviews.answer_calls(s, who, form),
        words,
        lambda made: lambda s, v: reviews.take_back_answers(s, v, made.call_ids),
    )
