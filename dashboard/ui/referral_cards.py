"""A referral on a list: who and where it is about, how old it is, and what can be done with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import nav
from dashboard.ui import act, alerts, forms, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands import follow_ups, referrals
from db.commands.desk import Saved
from db.commands.people import Known, everyone
from db.commands.referrals import STALE, decide_referral, record_attempt, tie_referral
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.flow import FollowUpForm, ReferralEndForm
from db.forms.work import AttemptForm, DecisionForm, PersonForm, submit_key
from db.models import Referral, Staff
from db.vocab import AttemptMode, DeclineReason, ReferralStatus, Urgency, label
from db.vocab.desk import ReferralEnd

QUICK = {
    "Phone: not reached": (AttemptMode.phone, False),
    "Phone: reached": (AttemptMode.phone, True),
    "Visit: not reached": (AttemptMode.in_person, False),
    "Visit: reached": (AttemptMode.in_person, True),
    "Left a message": (AttemptMode.message, False),
}
"""A try of this moment, in two taps."""


@dataclass(frozen=True)
class Around:
    """What the cards of one list need to know besides their rows, read once."""

    who: Viewer
    people: Sequence[Known]
    staff: Sequence[Staff]
    same: Mapping[int, Sequence[Referral]] = field(default_factory=dict)
    place: str = "referrals"
    """Where :func:`act.told` says what was done."""

    @classmethod
    def of(cls, database: Session, who: Viewer, rows: Sequence[Referral], place: str) -> "Around":
        today = who.today
        staff = [
            s for s in database.scalars(select(Staff).order_by(Staff.id)) if s.ends_on is None or s.ends_on >= today
        ]
        return cls(who, everyone(database), staff, referrals.same_matter(rows), place)

    def known(self, person_id: int | None) -> Known | None:
        return next((known for known in self.people if known.id == person_id), None) if person_id else None

    def name(self, row: Referral) -> str:
        """“P-0132 · Maria López”, the name the referrer wrote, or that nobody knows it."""
        person = self.known(row.person_id)
        return person.title if person else (row.detail.name if row.detail and row.detail.name else "Name unknown")


def heading(around: Around, row: Referral) -> None:
    """Who it is about, and the age."""
    age = f", about {row.detail.approximate_age}" if row.detail and row.detail.approximate_age else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(around.name(row))}**{plain(age)}", width="stretch")
        if not decided(row):
            _badges(around.who, row)


def lines(around: Around, row: Referral) -> None:
    """Where it comes from, why, what was tried, and a warning where there is one."""
    zone, detail = session.pilot().time_zone, row.detail
    where = [
        detail.place if detail and detail.place else "",
        f"Incident {row.incident_number}" if row.incident_number else "",
    ]
    agreed = detail.agreed if detail else None
    told = [
        f"Received {clock(row.received_at, zone)} from {label(row.source).lower()}",
        plain(" · ".join(part for part in where if part)),
        f"Happened {clock(detail.happened_at, zone)}" if detail and detail.happened_at else "",
        "Why: " + ", ".join(label(n.need).lower() for n in row.needs) if row.needs else "",
        "" if agreed is None else "Agreed to be contacted" if agreed else "Did not agree to be contacted",
        _tried(row, zone),
    ]
    st.markdown("  \n".join(line for line in told if line))
    if detail and detail.safety_note:
        st.warning(f"Safety: {plain(detail.safety_note)}", icon=":material/warning:")
    alert(around, row.person_id)
    for other in around.same.get(row.id, ())[:2]:
        st.caption(
            f":material/content_copy: Likely the same matter: {plain(around.name(other))}, "
            f"received {clock(other.received_at, zone)} from {label(other.source).lower()}"
        )


def alert(around: Around, person_id: int | None) -> None:
    """What whoever goes there must know of the person, from their record."""
    if person_id is not None:
        with record_session(session.bind(), around.who) as database:
            alerts.show(database, person_id, referrers=False)  # the card says what its referrer told


def _tried(row: Referral, zone: str) -> str:
    if not row.attempts:
        return ""
    times = "once" if len(row.attempts) == 1 else f"{len(row.attempts)} times"
    return f"Tried {times}, last {clock(max(a.at for a in row.attempts), zone)}"


def _badges(who: Viewer, row: Referral) -> None:
    if row.urgency is not Urgency.routine:
        st.badge(label(row.urgency), icon=":material/priority_high:", color="orange")
    old = age_words(row.received_at, who.now)
    if not row.attempts and who.now - row.received_at >= STALE:
        st.badge(f"{old} old", icon=":material/schedule:", color="orange", help="Older than 48 hours without a try")
    else:
        st.badge(f"{old} old", color="gray")


def age_words(since: datetime, now: datetime) -> str:
    """“26 h” below four days, then “5 days”."""
    hours = int((now - since).total_seconds() // 3600)
    if hours < 1:
        return "under 1 h"
    return f"{hours} h" if hours < 96 else f"{hours // 24} days"


# --- what can be done ------------------------------------------------------------------------------------


def accept(around: Around, row: Referral) -> None:
    """Accept: mine by one tap."""
    if st.button("Accept", key=f"accept-{around.place}-{row.id}", type="primary"):
        _do(around, row, lambda s: decide_referral(s, around.who, row.id, DecisionForm(accept=True)), "accepted")


def decline(around: Around, row: Referral) -> None:
    """Decline with a reason: two taps, and an undo."""
    reason = st.menu_button("Decline", list(DeclineReason), key=f"decline-{around.place}-{row.id}", format_func=label)
    if reason is not None:
        form = DecisionForm(accept=False, reason=reason)
        words = f"declined ({label(reason).lower()})"
        _do(around, row, lambda s: decide_referral(s, around.who, row.id, form), words, undo=True)


def assign(around: Around, row: Referral) -> None:
    """Give it to somebody else of the desk."""
    others = {s.id: s.name for s in around.staff if s.id != row.staff_id}
    if not others:
        return
    picked = st.menu_button(
        "Assign",
        list(others),
        key=f"assign-{around.place}-{row.id}",
        format_func=partial(_named, others),
    )
    if picked is not None:
        words = f"assigned to {others[picked]}"
        _do(around, row, lambda s: referrals.assign_referral(s, around.who, row.id, picked), words)


def _named(names: Mapping[int, str], key: int) -> str:
    return names[key]


def tried_now(around: Around, row: Referral) -> None:
    """A try of this moment. Another time, or through the family: :func:`attempt`."""
    picked = st.menu_button(
        "Log attempt",
        list(QUICK),
        key=f"try-{around.place}-{row.id}",
        icon=":material/phone_forwarded:",
        type="primary",
    )
    if picked is not None:
        mode, reached = QUICK[picked]
        form = AttemptForm(referral_id=row.id, at=around.who.now, mode=mode, reached=reached, submit_key=submit_key())
        words = "reached. Log the intervention as well: that counts the person and the minutes"
        _do(
            around,
            row,
            lambda s: record_attempt(s, around.who, form),
            words if reached else f"attempt logged, {picked.lower()}",
        )


def schedule(around: Around, row: Referral) -> None:
    """A follow-up for whoever it is about."""

    def then(on: date) -> None:
        form = FollowUpForm(referral_id=row.id, person_id=row.person_id, due_on=on)
        words = f"follow-up on {on:%a} {on.day} {on:%b}"
        _do(around, row, lambda s: follow_ups.schedule(s, around.who, form), words)

    act.pick_day("Schedule", f"schedule-{around.place}-{row.id}", around.who.today, then)


def close(around: Around, row: Referral) -> None:
    """An accepted referral ends, with a reason and an undo."""
    reason = st.menu_button("Close", list(ReferralEnd), key=f"close-{around.place}-{row.id}", format_func=label)
    if reason is not None:
        form = ReferralEndForm(reason=reason)
        words = f"closed ({label(reason).lower()})"
        _do(around, row, lambda s: referrals.close_referral(s, around.who, row.id, form), words, undo=True)


def attempt(around: Around, row: Referral) -> None:
    """A try of any time and kind."""
    words = "Log attempt" if row.status is ReferralStatus.new else "Other attempt"
    act.lazily(words, f"attempt-{row.id}-{len(row.attempts)}", lambda: _attempt(around.who, row))


def tie(around: Around, row: Referral) -> None:
    """Say who it is."""
    act.lazily("Who is it?", f"who-{row.id}", lambda: _tie(around, row), icon=":material/person_search:")


def log(around: Around, row: Referral) -> None:
    """To the form for an intervention, with person and referral filled in."""
    if st.button("Log contact", key=f"log-{around.place}-{row.id}", icon=":material/edit_note:"):
        known = around.known(row.person_id)
        person = {"person": known.code} if known else {}
        st.switch_page(nav.VIEWS / "log.py", query_params={**person, "referral": str(row.id)})


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

    def save() -> Saved:
        with record_session(session.bind(), who) as database:
            return record_attempt(database, who, checked(AttemptForm, values))

    forms.save_button(form, "Save the attempt", save, lambda _: None)


def _tie(around: Around, row: Referral) -> None:
    who, detail = around.who, row.detail
    form = forms.draft(f"tie-{row.id}")
    if detail and detail.name:
        st.caption(f"The referrer wrote: {plain(detail.name)}")
    picked = forms.person(form, who, around.people)

    def save() -> Saved:
        person: int | PersonForm | None = picked.person_id
        if picked.new_person is not None:
            person = checked(PersonForm, picked.new_person)
        if person is None:
            raise TandemError("Nobody is chosen yet. Choose a person, or type a new name.")
        with record_session(session.bind(), who) as database:
            return tie_referral(database, who, row.id, person)

    forms.save_button(form, "This is the person", save, lambda _: None)


def _do(around: Around, row: Referral, command: Callable[[Session], Saved], words: str, *, undo: bool = False) -> None:
    name = around.name(row).split(" · ")[-1]
    back = (lambda _: lambda s, v: referrals.reopen_referral(s, v, row.id)) if undo else None
    act.run(around.who, around.place, command, f"{name}: {words}.", back)


def decided(row: Referral) -> bool:
    return row.status in (ReferralStatus.declined, ReferralStatus.closed)
