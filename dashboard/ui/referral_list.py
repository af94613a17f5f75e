"""The referrals that wait: oldest first, each with its age, who it is about, and one thing to do next."""

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.people import Known, everyone
from db.commands.referrals import STALE, decide_referral, record_attempt, tie_referral, waiting
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.work import AttemptForm, DecisionForm, PersonForm
from db.models import Referral
from db.vocab import AttemptMode, DeclineReason, ReferralStatus, Urgency, label

SHOWN = 8


def show(who: Viewer) -> None:
    """Three lists: new, accepted without a try, tried but not reached."""
    with record_session(session.bind(), who) as database:
        rows = waiting(database)
        people = everyone(database)
    if not rows:
        st.info("Nobody is waiting. A new referral appears here by itself.", icon=":material/inbox:")
    _list(who, "New", [r for r in rows if r.status is ReferralStatus.new], people)
    accepted = [r for r in rows if r.status is ReferralStatus.accepted]
    _list(who, "Accepted, nobody tried yet", [r for r in accepted if not r.attempts], people)
    _list(who, "Tried, not reached", [r for r in accepted if r.attempts], people)


def _list(who: Viewer, title: str, rows: Sequence[Referral], people: Sequence[Known]) -> None:
    if not rows:
        return
    st.subheader(f"{title} · {len(rows)}", anchor=False)
    known = {person.id: person for person in people}
    every = len(rows) <= SHOWN or st.toggle(f"Show all {len(rows)}", key=f"all-{title}")
    for row in rows if every else rows[:SHOWN]:
        with st.container(border=True):
            _card(who, row, known)
            _actions(who, row, people)


def _card(who: Viewer, row: Referral, known: dict[int, Known]) -> None:
    zone, detail = session.pilot().time_zone, row.detail
    person = known.get(row.person_id) if row.person_id else None
    name = person.title if person else (detail.name if detail and detail.name else "Name unknown")
    age = f", about {detail.approximate_age}" if detail and detail.approximate_age else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(name)}**{plain(age)}", width="stretch")
        _age_badges(who, row)
    where = [
        detail.place if detail and detail.place else "",
        f"Incident {row.incident_number}" if row.incident_number else "",
    ]
    lines = [
        f"Received {clock(row.received_at, zone)} from {label(row.source).lower()}",
        plain(" · ".join(part for part in where if part)),
        "Why: " + ", ".join(label(n.need).lower() for n in row.needs) if row.needs else "",
        {True: "Agreed to be contacted", False: "Did not agree to be contacted"}.get(detail.agreed, "")
        if detail and detail.agreed is not None
        else "",
        f"Tried {len(row.attempts)} times, last {clock(max(a.at for a in row.attempts), zone)}" if row.attempts else "",
    ]
    st.markdown("  \n".join(line for line in lines if line))
    if detail and detail.safety_note:
        st.warning(f"Safety: {plain(detail.safety_note)}", icon=":material/warning:")


def _age_badges(who: Viewer, row: Referral) -> None:
    if row.urgency is not Urgency.routine:
        st.badge(label(row.urgency), icon=":material/priority_high:", color="orange")
    if not row.attempts and who.now - row.received_at >= STALE:
        st.badge(f"{age_words(row.received_at, who.now)} old", icon=":material/schedule:", color="orange")
    else:
        st.badge(f"{age_words(row.received_at, who.now)} old", color="gray")


def age_words(since: datetime, now: datetime) -> str:
    """“26 h” below four days, then “5 days”."""
    hours = int((now - since).total_seconds() // 3600)
    return f"{hours} h" if hours < 96 else f"{hours // 24} days"


def _actions(who: Viewer, row: Referral, people: Sequence[Known]) -> None:
    with st.container(horizontal=True):
        if row.status is ReferralStatus.new:
            if st.button("Accept", key=f"accept-{row.id}", type="primary", icon=":material/check:"):
                _do(lambda s: decide_referral(s, who, row.id, DecisionForm(accept=True)), who)
            with st.popover("Decline"):
                form = forms.draft(f"decline-{row.id}")
                reason = forms.select(form, "reason", "Why", DeclineReason)
                if st.button("Decline", key=form.key("save"), type="primary", width="stretch"):
                    values = {"accept": False, "reason": reason}
                    _do(lambda s: decide_referral(s, who, row.id, checked(DecisionForm, values)), who)
        with st.popover("Log an attempt", icon=":material/phone_forwarded:"):
            _attempt(who, row)
        if row.person_id is None:
            with st.popover("Who is it?", icon=":material/person_search:"):
                _tie(who, row, people)


def _attempt(who: Viewer, row: Referral) -> None:
    form = forms.draft(f"attempt-{row.id}")
    values = {
        "referral_id": row.id,
        "submit_key": form.key_of_save,
        "mode": forms.choice(form, "mode", "How", AttemptMode),
        "at": forms.moment(form, who),
        "reached": forms.yes_no(form, "reached", "Reached?", unknown="Not said"),
    }
    st.caption("Reached? Log the intervention itself as well: that is what counts the person and the minutes.")
    if st.button("Save the attempt", key=form.key("save"), type="primary", width="stretch"):
        _do(lambda s: record_attempt(s, who, checked(AttemptForm, values)), who)


def _tie(who: Viewer, row: Referral, people: Sequence[Known]) -> None:
    form = forms.draft(f"tie-{row.id}")
    detail = row.detail
    if detail and detail.name:
        st.caption(f"The referrer wrote: {plain(detail.name)}")
    picked = forms.person(form, who, people)

    def save() -> Saved:
        person: int | PersonForm | None = picked.person_id
        if picked.new_person is not None:
            person = checked(PersonForm, picked.new_person)
        if person is None:
            raise TandemError("Nobody is chosen yet. Choose a person, or type a new name.")
        with record_session(session.bind(), who) as database:
            return tie_referral(database, who, row.id, person)

    forms.save_button(form, "This is the person", save, lambda _: None)


def _do(command: Callable[..., Saved], who: Viewer) -> None:
    """Run one command; refused, its sentence stands under the button, else the list is drawn anew."""
    try:
        with record_session(session.bind(), who) as database:
            command(database)
    except TandemError as error:
        st.error(str(error))
        return
    st.rerun()
