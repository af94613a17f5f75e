"""Calls and people: links proposed by the incident number, confirmed or refused by the desk."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import session
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import do, link
from db.access import Viewer
from db.commands.calllinks import Linked, Proposal, calls_of, decide_link, proposals, undecide_link
from db.commands.desk import Saved
from db.engine import record_session
from db.forms import clock, day
from db.models import Person
from db.pilot import local_day

SHOWN = 10
ASKED = (
    "A call carries the incident number of a referral or a contact. Confirm it if this person was the subject of "
    "the call. Only the desk sees these links; figures about repeat calls of people served rest on them."
)


def to_decide(who: Viewer, rows: Sequence[Proposal]) -> None:
    """Links to decide on, of everybody, newest call first."""
    if not rows:
        st.info(
            "No link waits. One is proposed when a loaded call carries the incident number of a referral or a contact.",
            icon=":material/check_circle:",
        )
        return
    st.caption(ASKED)
    every = len(rows) <= SHOWN or st.toggle(f"Show all {len(rows)}", key="people-calls-all")
    for row in rows if every else rows[:SHOWN]:
        with st.container(border=True):
            link(row.code, f"{row.code} · {plain(row.name)}")
            _proposal(who, row)


def _proposal(who: Viewer, row: Proposal) -> None:
    zone = session.pilot().time_zone
    place = f" · {plain(row.place)}" if row.place else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"“{plain(row.type)}” · {clock(row.received_at, zone)}{place}  \n"
            f":gray[Incident {plain(row.incident_number)}, named by the {row.named_by} of "
            f"{day(local_day(row.named_at, zone))}]",
            width="stretch",
        )
        with st.container(horizontal=True, width="content"):
            key = f"{row.person_id}-{row.call_key}"
            if st.button("Confirm", key=f"confirm-{key}", type="primary", icon=":material/check:"):
                do(who, partial(_decide, who, row, True), "Linked")
            if st.button("Not this person", key=f"refuse-{key}"):
                do(who, partial(_decide, who, row, False))


def _decide(who: Viewer, row: Proposal, confirmed: bool, database: Session) -> Saved:
    return decide_link(database, who, row.person_id, row.call_key, row.incident_number, confirmed)


def show(who: Viewer, person: Person) -> None:
    """The calls of one person: to decide, linked, and refused."""
    with record_session(session.bind(), who) as database:
        waiting, calls = proposals(database, person.id), calls_of(database, person.id)
    if waiting:
        st.caption(ASKED)
    for row in waiting:
        with st.container(border=True):
            _proposal(who, row)
    if not waiting and not calls:
        st.info(
            "No call is linked. A link is proposed when a referral or a contact of this person carries the incident "
            "number of a loaded call.",
            icon=":material/call:",
        )
    decided = [call for call in calls if call.confirmed and call.link_id is not None]
    if decided:
        st.markdown(f"**Linked by the desk · {len(decided)}**")
    for call in decided:
        _call(who, call)
    follow = [call for call in calls if call.link_id is None]
    if follow:
        lines = [f"**Other calls of the same subject · {len(follow)}**", *(_words(call) for call in follow)]
        st.markdown("  \n".join(lines))
    refused = [call for call in calls if not call.confirmed]
    if refused:
        with st.expander(f"Looked at, not this person · {len(refused)}"):
            for call in refused:
                _call(who, call)


def _words(call: Linked) -> str:
    zone = session.pilot().time_zone
    when = clock(call.received_at, zone) if call.received_at else "not loaded at present"
    place = f" · {plain(call.place)}" if call.place else ""
    number = f" · :gray[{plain(call.incident_number)}]"
    return f"{when} · “{plain(call.type)}”{place}{number}" if call.type else f"{when}{number}"


def _call(who: Viewer, call: Linked) -> None:
    zone = session.pilot().time_zone
    verb = "Confirmed" if call.confirmed else "Refused"
    when = day(local_day(call.decided_at, zone)) if call.decided_at else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{_words(call)}  \n:gray[{verb} {when} by {plain(call.decided_by)}]", width="stretch")
        number = call.link_id
        if number is not None and st.button("Take back", key=f"unlink-{number}", icon=":material/undo:"):
            do(who, lambda database: undecide_link(database, who, number), "Taken back")
