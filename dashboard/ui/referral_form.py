"""The form “Refer someone”: five questions for an officer's phone, and what happens next."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from db.access import Permission, Viewer
from db.commands import notices
from db.commands.desk import Saved
from db.commands.people import everyone
from db.commands.referrals import alike, record_referral
from db.commands.referrer import Sent, sent_by
from db.consents import REDISCLOSURE_NOTICE
from db.engine import record_session
from db.errors import Invalid
from db.forms import checked, clock
from db.forms.work import ReferralForm
from db.models import Referral
from db.vocab import Need, Source, Urgency, label
from db.vocab.desk import ShownStatus

SENT = "refer.sent"


def show(who: Viewer) -> None:
    """Who, where and when, why, how urgent, agreed or not. After sending: what happens next."""
    sent = session.recall(SENT)
    if isinstance(sent, tuple):
        _what_next(sent)
        return
    desk = who.may(Permission.see_people)
    form = forms.draft("refer")
    values: dict[str, Any] = _source(form, who) if desk else {}
    values |= _who(form, who, desk) | _where(form, who, desk)
    values["needs"] = forms.choices(form, "needs", "Why: tick what fits", Need)
    values["urgency"] = forms.choice(form, "urgency", "How soon", Urgency)
    values["safety_note"] = forms.text(
        form, "safety_note", "Safety: anything the clinician must know before going", placeholder="Dog, weapon, threats"
    )
    values["agreed"] = forms.yes_no(form, "agreed", "Does the person agree to be contacted?")
    values["confirmed_other"] = _another(form, who, values)
    forms.save_button(
        form,
        "Send the referral",
        lambda: _send(who, values | {"submit_key": form.key_of_save}),
        lambda saved: session.remember(SENT, (saved.id, values["urgency"], saved.doubts)),
        icon=":material/send:",
    )


def _another(form: forms.Draft, who: Viewer, values: Mapping[str, Any]) -> bool:
    """Before anything is sent: what was sent already of the same person or incident, and whether this is another."""
    with record_session(session.bind(), who) as database:
        found = alike(database, who, values.get("name"), values.get("incident_number"))
        told = [_already(row) for row in found[:3]]
    named = any(values.get(key) for key in ("name", "incident_number", "person_id"))
    if not told and not (named and (form.has("incident_number") or form.has("name"))):
        return False
    with st.container(border=True, key="refer-alike"):
        if told:
            st.markdown(":orange[:material/content_copy:] **Referred already?**  \n" + "  \n".join(told))
        return st.checkbox("Another person or another matter: send it", key=form.key("other"))


def _already(row: Referral) -> str:
    """“14 Nov 2026, 10:00 from officer · Incident HB-100 · Ana Ruiz”: as much of it as this viewer may see."""
    name = row.detail.name if row.detail and row.detail.name else ""
    incident = f"Incident {row.incident_number}" if row.incident_number else ""
    sent = f"{clock(row.received_at, session.pilot().time_zone)} from {label(row.source).lower()}"
    return plain(" · ".join(part for part in (sent, incident, name) if part))


def _send(who: Viewer, values: Mapping[str, Any]) -> Saved:
    if "happened_at" in values and values["happened_at"] is None:  # “another day”, and no day: not the same as unknown
        raise Invalid({"happened_at": "The day or time is missing. Choose it, or “Now”."})
    form = checked(ReferralForm, values)
    with record_session(session.bind(), who) as database:
        saved = record_referral(database, who, form)
    if form.urgency is Urgency.urgent and not saved.again:
        notices.tell_urgent(session.bind(), who, saved.id)  # in a thread: it neither delays nor fails the referral
    return saved


def _source(form: forms.Draft, who: Viewer) -> dict[str, Any]:
    """The desk also enters what others send: by phone, from a school, a hospital, the call review."""
    source = forms.select(form, "source", "Sent by", Source)
    return {"source": source, "received_at": forms.moment(form, who, "received_at", "Received")}


def _who(form: forms.Draft, who: Viewer, desk: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if desk:
        with record_session(session.bind(), who) as database:
            titles = {known.id: known.title for known in everyone(database)}
        values["person_id"] = st.selectbox(
            "Somebody we know",
            list(titles),
            format_func=lambda key: titles[key],
            index=None,
            placeholder="Name or code; leave empty if new",
            key=form.key("person_id"),
        )
        form.wrong("person_id")
    if values.get("person_id") is None:
        values["name"] = forms.text(form, "name", "Who", placeholder="Name, or leave empty if unknown")
        age = st.number_input(
            "About how old", value=None, step=1, key=form.key("approximate_age"), placeholder="Years, a guess is fine"
        )
        form.wrong("approximate_age")
        values["approximate_age"] = age
    return values


def _where(form: forms.Draft, who: Viewer, desk: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"place": forms.text(form, "place", "Where", placeholder="Address or place")}
    if not desk:  # the desk says when it was received; what it happened at is rarely told
        values["happened_at"] = forms.moment(form, who, "happened_at", "When")
    number = forms.text(form, "incident_number", "Incident number, if there is one", placeholder="26-041877")
    return values | {"incident_number": number}


def _what_next(sent: tuple[Any, ...]) -> None:
    _, urgency, doubts = sent
    st.success("**Sent.** The clinician has it now.", icon=":material/check_circle:")
    for doubt in doubts:
        st.warning(doubt, icon=":material/help:")
    soon = {
        Urgency.urgent: "You marked it for today, and the clinician sees that mark. If it cannot wait, call as well.",
        Urgency.soon: "A first try to reach the person is due within 48 hours.",
        Urgency.routine: "The clinician reads referrals each working day; the aim is a first try within 48 hours.",
    }
    st.markdown(
        f"**What happens next**\n\n1. {soon[urgency]}\n"
        "2. Under “My referrals” you see when it was reviewed, and that the person was contacted "
        "if they consent to your knowing. The rest is private to the person.\n"
        "3. The desk works weekdays. **If somebody is in danger now, call for a response as always.**"
    )
    if st.button("Refer somebody else", type="primary", width="stretch", icon=":material/person_add:"):
        session.forget(SENT)
        st.rerun()


def mine(who: Viewer) -> None:
    """The viewer's own referrals: received or reviewed; contacted and closed only under a consent."""
    if who.may(Permission.see_people):
        return
    rows = sent_by(session.bind(), who)
    if session.recall(SENT) is not None:  # folded away: on a phone, what happens next must be what one sees
        with st.expander("My referrals", icon=":material/inbox:"):
            _rows(rows)
        return
    st.subheader("My referrals", anchor=False)
    _rows(rows)


def _rows(rows: Sequence[Sent]) -> None:
    if not rows:
        st.info("None yet. What you send appears here, and whether it was reviewed.", icon=":material/inbox:")
    zone = session.pilot().time_zone
    for row in rows:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            incident = f"Incident {row.incident_number}" if row.incident_number else "No incident number"
            st.markdown(f"{clock(row.received_at, zone)}  \n:gray[{plain(incident)}]", width="stretch")
            _status(row)
    if any(row.told for row in rows):
        st.caption(f"Contacted and closed are shown with the person's consent. {REDISCLOSURE_NOTICE}")


def _status(row: Sent) -> None:
    if ShownStatus.closed in row.told:
        st.badge(label(ShownStatus.closed), icon=":material/task_alt:", color="green")
    elif ShownStatus.contacted in row.told:
        st.badge(label(ShownStatus.contacted), icon=":material/record_voice_over:", color="green")
    elif row.reviewed:
        st.badge("Reviewed", icon=":material/visibility:", color="green")
    else:
        st.badge("Received", icon=":material/inbox:", color="gray")
