"""What a person agreed to, what was told under it, and a file of the record for whoever may have it."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.export import person as files
from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import do, done
from db.access import Viewer
from db.cells import harmless
from db.commands.consents import (
    CONTENTS,
    Given,
    consents_of,
    disclosures_of,
    export_person,
    record_consent,
    revoke_consent,
    tell,
)
from db.commands.desk import Saved
from db.engine import record_session
from db.forms import checked, clock, day
from db.forms.people import CONSENT_DAYS, RECIPIENT_OF, SCOPE_OF, ConsentGiven, ToldForm
from db.models import Person, Provider, User
from db.vocab import Role, label
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, Recipient

FILE = "people.file"


def glance(who: Viewer, person: Person) -> None:
    """Which consents hold, in a line each."""
    with record_session(session.bind(), who) as database:
        holding = [given for given in consents_of(database, who, person.id) if given.in_force]
    if not holding:
        st.markdown("**Consents**")
        st.caption("None. Without one nothing leaves the desk. Record it under Consents.")
        return
    lines = [f":material/contract: {label(given.row.purpose)}  \n:gray[{_until(given)}]" for given in holding]
    st.markdown("  \n".join(["**Consents in force**", *lines]))


def may_the_officer_know(who: Viewer, person: Person) -> None:
    """Somebody whom an officer sent, and nobody asked yet: the two answers that let the officer know, in two taps."""
    with record_session(session.bind(), who) as database:
        given = [g for g in consents_of(database, who, person.id) if g.row.purpose is ConsentPurpose.tell_referrer]
    if given:
        return
    with st.popover("May the officer know?", icon=":material/local_police:"):
        st.markdown(
            "With the person's consent the referring officer sees “contacted” and “closed”, and nothing else. "
            "Record it only if the person agreed."
        )
        for form in ConsentForm:
            if st.button(f"Agreed, {label(form).lower()}", key=f"tell-{person.id}-{form.value}", width="stretch"):
                do(who, partial(_let_know, who, person, form), "Recorded")


def _let_know(who: Viewer, person: Person, form: ConsentForm, database: Session) -> Saved:
    values = {
        "person_id": person.id,
        "discloser": session.pilot().name,
        "recipient_kind": Recipient.officer,
        "purpose": ConsentPurpose.tell_referrer,
        "scope": SCOPE_OF[ConsentPurpose.tell_referrer],
        "form": form,
        "starts_on": who.today,
        "until": who.today + timedelta(days=CONSENT_DAYS),
    }
    return record_consent(database, who, checked(ConsentGiven, values))


def show(who: Viewer, person: Person) -> None:
    """Consents, a new one, and the accounting of disclosures."""
    with record_session(session.bind(), who) as database:
        rows, told = consents_of(database, who, person.id), disclosures_of(database, person.id)
    _file(person)
    if not rows:
        st.info(
            "No consent is recorded. Without one the desk tells nobody anything: no slip, no status for the officer, "
            "no file. Record what the person agreed to below.",
            icon=":material/contract:",
        )
    for given in rows:
        with st.container(border=True):
            _consent(who, person, given)
    with st.expander("Record a consent", icon=":material/add:", expanded=not rows):
        _new(who, person)
    st.subheader(f"Disclosed · {len(told)}", anchor=False)
    if not told:
        st.caption("Nothing has left the desk. Each slip, status, file and call is accounted for here.")
        return
    zone = session.pilot().time_zone
    table = pd.DataFrame(
        [
            {
                "When": clock(line.row.at, zone),
                "How": label(line.row.kind),
                "To": line.row.recipient,
                "What": line.row.what,
                "By": line.by,
                "Consent": line.row.consent_id,
            }
            for line in told
        ]
    )
    st.dataframe(table, hide_index=True, height="content", alt="Accounting of disclosures")
    st.download_button(
        "Accounting as CSV",
        table.map(harmless).to_csv(index=False).encode("utf-8-sig"),
        f"{person.code}-disclosures.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _until(given: Given) -> str:
    row = given.row
    until = f"until {day(row.until)}" if row.until else "open-ended"
    return f"{plain(given.to)} · {label(row.form).lower()} · {until}"


def _consent(who: Viewer, person: Person, given: Given) -> None:
    row = given.row
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label(row.purpose)}**", width="stretch")
        _badge(who, given)
    st.markdown(
        f"{plain(row.discloser)} → {plain(given.to)}  \n{label(row.scope)}  \n"
        f":gray[{label(row.form)}, from {day(row.starts_on)} {'until ' + day(row.until) if row.until else 'on'} · "
        f"No. {row.id}, recorded by {plain(given.recorded_by)}]"
    )
    if not given.in_force:
        return
    with st.container(horizontal=True):
        with st.popover("Revoke", icon=":material/block:"):
            st.markdown("From now on nothing may be told under it. What was told before stays in the list.")
            if st.button("Revoke it now", key=f"revoke-{row.id}", type="primary", width="stretch"):
                do(who, lambda database: revoke_consent(database, who, row.id), "Revoked")
        with st.popover("I told somebody", icon=":material/phone_in_talk:"):
            _tell(who, given)
        if row.scope in CONTENTS and st.button(
            "File of the record", key=f"file-{row.id}", icon=":material/description:"
        ):
            do(who, partial(_make, who, person, given), "The file is ready")


def _badge(who: Viewer, given: Given) -> None:
    row = given.row
    if row.revoked_at is not None:
        when = clock(row.revoked_at, session.pilot().time_zone)
        st.badge(f"Revoked {when} by {given.revoked_by}", icon=":material/block:", color="gray")
    elif given.in_force:
        soon = row.until is not None and (row.until - who.today).days <= 30
        st.badge(
            f"In force, ends {day(row.until)}" if soon and row.until else "In force",
            icon=":material/schedule:" if soon else ":material/check:",
            color="orange" if soon else "green",
        )
    else:
        st.badge("Ended", color="gray")


def _tell(who: Viewer, given: Given) -> None:
    form = forms.draft(f"told-{given.row.id}")
    if form.fresh and given.row.provider_id is not None:
        form.begin_with({"recipient": given.to})
    values = {
        "consent_id": given.row.id,
        "recipient": forms.text(form, "recipient", "Who was told"),
        "what": forms.text(form, "what", "Which kinds of information", placeholder="Need, appointment"),
    }

    def save() -> Saved:
        told = checked(ToldForm, values)
        with record_session(session.bind(), who) as database:
            return tell(database, who, told)

    forms.save_button(form, "Write it in the list", save, partial(done, toast="Accounted for"))


def _make(who: Viewer, person: Person, given: Given, database: Session) -> Saved:
    """Account for the file first, then make it of what stands now."""
    saved = export_person(database, who, given.row.id)
    made = files.record_file(database, person, given.row, given.to, session.pilot(), who)
    session.remember(FILE, (person.code, made))
    return saved


def _file(person: Person) -> None:
    """The file just made, ready to be taken."""
    kept = session.recall(FILE)
    if not isinstance(kept, tuple) or kept[0] != person.code:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**The file is ready** and stands in the accounting list. It opens in a browser and prints.",
            width="stretch",
        )
        st.download_button(
            "Download",
            kept[1],
            f"{person.code}-record.html",
            "text/html",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )


def _new(who: Viewer, person: Person) -> None:
    form = forms.draft(f"consent-{person.code}")
    values: dict[str, Any] = {"person_id": person.id}
    values["purpose"] = purpose = st.radio(
        "What for", list(ConsentPurpose), format_func=label, index=None, key=form.key("purpose")
    )
    form.wrong("purpose")
    values |= _recipient(form, who, purpose)
    usual = SCOPE_OF.get(purpose, ConsentScope.summary) if purpose else None
    values["scope"] = _scope(form, purpose, usual)
    values["form"] = forms.choice(form, "form", "How it was given", ConsentForm)
    left, right = st.columns(2)
    with left:
        values["starts_on"] = st.date_input(
            "From", value=who.today, max_value=who.today, key=form.key("starts_on"), format="MM/DD/YYYY"
        )
        form.wrong("starts_on")
    with right:
        values["until"] = _last_day(form, who.today)
    values["discloser"] = forms.text(form, "discloser", "Who may disclose", value=session.pilot().name)

    def save() -> Saved:
        new = checked(ConsentGiven, values)
        with record_session(session.bind(), who) as database:
            return record_consent(database, who, new)

    forms.save_button(form, "Record the consent", save, partial(done, toast="Recorded"), icon=":material/contract:")


def _scope(form: forms.Draft, purpose: ConsentPurpose | None, usual: ConsentScope | None) -> ConsentScope | None:
    """What is usual for the purpose is proposed; the key follows the purpose so that the proposal does."""
    picked = st.radio(
        "How much",
        list(ConsentScope),
        index=list(ConsentScope).index(usual) if usual else None,
        format_func=label,
        key=form.key(f"scope-{purpose.value if purpose else ''}"),
    )
    form.wrong("scope")
    return picked


def _last_day(form: forms.Draft, today: date) -> date | None:
    until = st.date_input(
        "Until (empty: open-ended)",
        value=today + timedelta(days=CONSENT_DAYS),
        key=form.key("until"),
        format="MM/DD/YYYY",
    )
    form.wrong("until")
    return until


def _recipient(form: forms.Draft, who: Viewer, purpose: ConsentPurpose | None) -> dict[str, Any]:
    """To whom: the purpose says which kind, except where it may be anybody."""
    kind = RECIPIENT_OF.get(purpose) if purpose else None
    if purpose is not None and kind is None:
        kind = forms.choice(form, "recipient_kind", "To whom", Recipient)
    values: dict[str, Any] = {"recipient_kind": kind}
    if kind is Recipient.provider:
        values["provider_id"] = _named(form, who, "provider_id", "Provider", "Any provider they are referred to")
    elif kind is Recipient.officer:
        values["user_id"] = _named(form, who, "user_id", "Officer", "Whoever referred them")
    elif kind is not None:
        values["recipient"] = forms.text(form, "recipient", "Who", placeholder="Rosa López, sister")
    form.wrong("recipient_kind")
    return values


def _named(form: forms.Draft, who: Viewer, name: str, title: str, nobody: str) -> int | None:
    with record_session(session.bind(), who) as database:
        if name == "provider_id":
            query = select(Provider.id, Provider.name).where(Provider.active).order_by(Provider.name)
        else:
            query = select(User.id, User.name).where(User.role == Role.officer, User.active).order_by(User.name)
        titles = {row.id: row.name for row in database.execute(query)}
    picked = st.selectbox(
        title,
        list(titles),
        format_func=lambda key: titles.get(key, str(key)),
        index=None,
        placeholder=nobody,
        key=form.key(name),
    )
    form.wrong(name)
    return picked
