"""Records without their call: each with the likeliest calls, one tap to give it the right number or to say why none."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from dashboard import words
from dashboard.nav import VIEWS
from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.calls_unmatched import Likely
from db.commands import unmatched
from db.commands.desk import Saved
from db.commands.unmatched import Done, Kind, Unmatched, Worklist
from db.engine import record_session
from db.forms import clock, day
from db.forms.flow import NoCallForm
from db.pilot import local_day
from db.vocab import label
from db.vocab.desk import NoCallReason

PLACE = "unmatched"
PER_PAGE = 8


def show(who: Viewer) -> None:
    """The list, oldest first, and what was decided already."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Records without their call", anchor=False, width="stretch")
        if st.button("My desk", icon=":material/arrow_back:", key="unmatched-back"):
            st.query_params.clear()
            st.rerun()
    st.caption(
        "Referrals and interventions whose incident number no loaded call has, and work on scene without a number. "
        "Give each the number of its call, or say why there is none. Only the desk sees this list."
    )
    act.told(who, PLACE)
    with record_session(session.bind(), who) as database:
        found = unmatched.worklist(database)
        decided = unmatched.done(database)
    _waiting(found)
    if not found.rows:
        st.info("Every record of the days that are loaded stands beside its call.", icon=":material/task_alt:")
    pages = max(1, -(-len(found.rows) // PER_PAGE))
    page = st.pagination(pages, key=f"unmatched-page-{pages}") if pages > 1 else 1
    shown = found.rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    with record_session(session.bind(), who) as database:
        calls = unmatched.likely(database, shown)
    for row in shown:
        _record(who, row, calls[row.kind, row.id])
    if decided:
        _decided(who, decided)


def _waiting(found: Worklist) -> None:
    """What cannot be worked yet, and why."""
    if found.last_day is None:
        text = "No calls are loaded yet: the analyst loads the dispatch system's export on Calls."
    elif found.waiting:
        one = found.waiting == 1
        text = (
            f"{words.number(found.waiting)} more {'record is' if one else 'records are'} of days that no loaded export "
            f"covers; the calls end on {day(found.last_day)}. {'It waits' if one else 'They wait'} for the next file."
        )
    else:
        return
    st.caption(f":material/hourglass_top: {text}")


def _record(who: Viewer, row: Unmatched, calls: Sequence[Likely]) -> None:
    with st.container(border=True, key=f"unmatched-{row.kind}-{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            number = f"Incident {plain(row.number)}" if row.number else ":orange[No incident number]"
            st.markdown(f"**{_what(row)}** · {plain(_whom(row))}  \n{number}", width="stretch")
            if row.kind is Kind.referral and st.button("Open", key=f"unmatched-open-{row.id}", type="tertiary"):
                st.switch_page(VIEWS / "referrals.py", query_params={"referral": str(row.id)})
            picked = st.menu_button(
                "Not in the export", list(NoCallReason), key=f"unmatched-none-{row.kind}-{row.id}", format_func=label
            )
        for call in calls:
            _offer(who, row, call)
        if not calls:
            st.caption("No call with a number like this one, and none of its hours. Ask dispatch, or say why.")
    if picked is not None:
        _dismiss(who, row, picked)


def _what(row: Unmatched) -> str:
    when = clock(row.at, session.pilot().time_zone)
    return f"Referral, {when}" if row.kind is Kind.referral else f"{label(row.mode)}, {when}" if row.mode else when


def _whom(row: Unmatched) -> str:
    return " · ".join(part for part in (row.person_code, row.name) if part) or "Name unknown"


def _offer(who: Viewer, row: Unmatched, call: Likely) -> None:
    zone = session.pilot().time_zone
    why = " · ".join(part for part in (call.why, _apart(call.apart)) if part)
    with st.container(horizontal=True, vertical_alignment="center"):
        place = f" · {plain(call.place)}" if call.place else ""
        st.markdown(
            f"“{plain(call.type)}” · {clock(call.received_at, zone)}{place}  \n:gray[{plain(why)}]", width="stretch"
        )
        key = f"unmatched-use-{row.kind}-{row.id}-{call.call_id}"
        if st.button(f"Use {plain(call.number)}", key=key, icon=":material/link:"):
            _use(who, row, call)


def _use(who: Viewer, row: Unmatched, call: Likely) -> None:
    more = " Whose call it was is asked under People, Call links." if row.person_code else ""
    act.run(
        who,
        PLACE,
        lambda s: unmatched.match_call(s, who, row.kind, row.id, row.number, call.call_id),
        f"{_what(row)}: incident {call.number} now.{more}",
        _undo,
    )


def _dismiss(who: Viewer, row: Unmatched, reason: NoCallReason) -> None:
    form = NoCallForm(reason=reason)
    act.run(
        who,
        PLACE,
        lambda s: unmatched.dismiss(s, who, row.kind, row.id, row.number, form),
        f"{_what(row)}: {label(reason).lower()}.",
        _undo,
    )


def _undo(saved: Saved) -> act.Undo:
    return lambda database, viewer: unmatched.take_back_match(database, viewer, saved.id)


def _decided(who: Viewer, rows: Sequence[Done]) -> None:
    zone = session.pilot().time_zone
    with st.expander(f"Decided · {len(rows)}"):
        for row in rows:
            was = plain(row.was or "no number")
            now = f"incident {plain(row.number)}" if row.number else label(row.reason).lower() if row.reason else ""
            with st.container(horizontal=True, vertical_alignment="center"):
                kind = "Referral" if row.kind is Kind.referral else "Intervention"
                when = day(local_day(row.at, zone))
                st.markdown(f"{kind} {row.record_id}: {was}, now {now}  \n:gray[{when}]", width="stretch")
                if st.button("Take back", key=f"unmatched-undo-{row.match_id}", icon=":material/undo:"):
                    act.run(
                        who,
                        PLACE,
                        lambda s, match=row.match_id: unmatched.take_back_match(s, who, match),
                        "Taken back.",
                    )


def _apart(apart: timedelta) -> str:
    """“20 minutes before”, “2 days before”, “1 hour after”: where the call stands from the record."""
    minutes = round(abs(apart).total_seconds() / 60)
    if not minutes:
        return "at the same minute"
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / size)
            return f"{count} {name}{'s' * (count != 1)} {'before' if apart > timedelta() else 'after'}"
    return ""
