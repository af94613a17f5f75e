"""The questions about one event of work, as the log asks them and an edit asks them again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard.ui import forms
from dashboard.ui.forms import say_minutes, say_moment
from db.access import Viewer
from db.forms.work import GAP_REASONS, NOT_THE_RECORD
from db.models import Provider, Referral
from db.vocab import Disposition, Mode, Need, Outcome, Purpose, Step, label

ELIGIBLE = "Arrest-eligible: probable cause for a misdemeanor or infraction without violence, attested by the officer."
AVERTED = "Averted: transport was intended, and the person was helped without it."
WITHOUT_PERSON = (Mode.outreach,)
_ANSWER = {True: "Yes", False: "No", None: "Not asked"}
_YES_NO = ("arrest_eligible", "arrested", "transport_intended", "transport_avoided", "force_used", "injury")


def what(form: forms.Draft, who: Viewer) -> dict[str, Any]:
    """When, what for, how long, what came of it."""
    values: dict[str, Any] = {"at": forms.moment(form, who, ago=(30, 60))}
    values["purpose"] = forms.choice(form, "purpose", "What for", Purpose)
    values["minutes"] = forms.minutes(form)
    values["outcome"] = forms.choice(form, "outcome", "Outcome", Outcome)
    if values["outcome"] is Outcome.no_contact:
        st.caption("Tied to a referral, it counts as a try to reach the person.")
    return values


def by_mode(form: forms.Draft, mode: Mode | None, providers: Sequence[Provider]) -> dict[str, Any]:
    """What is asked for this mode only: the scene, the provider, the needs."""
    values: dict[str, Any] = {}
    if mode is Mode.on_scene:
        values |= _on_scene(form)
    elif mode is Mode.consultation:
        values["incident_number"] = forms.text(form, "incident_number", "Incident number, if it was about one")
    elif mode is not None and mode is not Mode.outreach:
        with st.expander("Incident number, transport, force or injury", expanded=_beside(form)):
            values["incident_number"] = forms.text(form, "incident_number", "Incident number")
            values |= _transport(form)
    if mode is Mode.outreach:
        values["provider_id"] = provider(form, "provider_id", "Provider", providers)
    else:
        values["needs"] = forms.choices(form, "needs", "Needs", Need)
    return values


def note(form: forms.Draft) -> str:
    typed = st.text_area("Note", key=form.key("note"), height=90)
    st.caption(NOT_THE_RECORD)
    form.wrong("note")
    return typed


def say(values: Mapping[str, Any], who: Viewer) -> dict[str, Any]:
    """The fields that say the values of an entry (as :func:`db.commands.revisions.snapshot` gives them)."""
    kinds = (("mode", Mode), ("purpose", Purpose), ("outcome", Outcome), ("disposition", Disposition))
    fields: dict[str, Any] = {name: kind(values[name]) if values[name] else None for name, kind in kinds}
    fields |= {name: _ANSWER[values[name]] for name in _YES_NO}
    fields |= {name: values[name] for name in ("person_id", "provider_id")}
    fields |= {name: values[name] or "" for name in ("incident_number", "note")}
    fields["needs"] = [Need(need) for need in values["needs"]]
    return fields | say_minutes(values["minutes"]) | say_moment(datetime.fromisoformat(values["at"]), who)


def _on_scene(form: forms.Draft) -> dict[str, Any]:
    with st.container(border=True):
        st.markdown("**On scene**")
        values: dict[str, Any] = {"disposition": forms.select(form, "disposition", "Primary disposition", Disposition)}
        values["incident_number"] = forms.text(form, "incident_number", "Incident number")
        values["arrest_eligible"] = eligible = forms.yes_no(form, "arrest_eligible", "Was it arrest-eligible?")
        st.caption(ELIGIBLE)
        if eligible:
            values["arrested"] = forms.yes_no(form, "arrested", "Was an arrest made?")
        values |= _transport(form)
    return values


def _transport(form: forms.Draft) -> dict[str, Any]:
    values: dict[str, Any] = {}
    values["transport_intended"] = intended = forms.yes_no(form, "transport_intended", "Was transport intended?")
    if intended:
        values["transport_avoided"] = forms.yes_no(form, "transport_avoided", "Was it averted?")
        st.caption(AVERTED)
    values["force_used"] = forms.yes_no(form, "force_used", "Was force used?")
    values["injury"] = forms.yes_no(form, "injury", "Was anybody injured?")
    return values


def _beside(form: forms.Draft) -> bool:
    """Open from the start where something stands in it, or was refused."""
    stands = form.stands()
    names = ("incident_number", *_YES_NO)
    said = [stands[name][0] for name in names if name in stands]
    return any(form.has(name) for name in names) or any(value not in (None, "", "Not asked") for value in said)


def connection(form: forms.Draft, providers: Sequence[Provider], needs: Sequence[Need]) -> dict[str, Any] | None:
    """A connection made, or a need that met no provider."""
    kinds = ["No", "Yes, with a provider", "No provider could help"]
    made = st.pills("Was a connection made?", kinds, default="No", required=True, key=form.key("connection"), wrap=True)
    values: dict[str, Any] | None = None
    if made in kinds[1:]:
        with st.container(border=True):
            order = [*needs, *(n for n in Need if n not in needs)]
            need = forms.select(form, "connection-need", "For which need", order)
            values = {"need": need}
            if made == kinds[1]:
                fitting = [p for p in providers if need is None or need in {s.need for s in p.services}]
                values["provider_id"] = provider(form, f"connection-provider-{need}", "Provider", fitting or providers)
                rungs = list(Step)[:4]
                reached = forms.choice(form, "connection-reached", "How far", rungs, default=Step.accepted)
                values["reached"] = reached or Step.accepted
            else:
                values["gap_reason"] = forms.select(form, "connection-gap", "Why not", GAP_REASONS)
    form.wrong("connection")
    return values


def provider(form: forms.Draft, name: str, title: str, providers: Sequence[Provider]) -> int | None:
    titles = {p.id: p.name + ("" if p.has_capacity else " (no capacity when last verified)") for p in providers}
    picked = st.selectbox(
        title,
        list(titles),
        format_func=lambda key: titles[key],
        index=None,
        placeholder="Choose a provider",
        key=form.key(name),
    )
    form.wrong(name)
    return picked


def open_providers(database: Session) -> Sequence[Provider]:
    return database.scalars(
        select(Provider).where(Provider.active).order_by(Provider.name).options(selectinload(Provider.services))
    ).all()


def referral_title(row: Referral, written: str) -> str:
    """“Officer, 13 Nov 2026, 10:00”; ``written`` is when it was received."""
    return f"{label(row.source)}, {written}"
