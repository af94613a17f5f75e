"""The form “Log an intervention”, its undo, and the entries one saved lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.people import everyone
from db.commands.referrals import OPEN
from db.commands.work import UNDO, record_intervention, undo_intervention, void_intervention
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.work import GAP_REASONS, NOT_THE_RECORD, InterventionForm, VoidForm
from db.models import Identity, Intervention, Person, Provider, Referral
from db.vocab import Disposition, Mode, Need, Outcome, Purpose, Step, label

LAST = "log.saved"


@dataclass(frozen=True, slots=True)
class JustSaved:
    id: int
    at: datetime
    words: str
    doubts: tuple[str, ...]


def show(who: Viewer) -> None:
    """The form: a known person in a few taps; more is asked only where the mode or the need asks for it."""
    form = forms.draft("log")
    with record_session(session.bind(), who) as database:
        people = everyone(database)
        picked = forms.person(form, who, people)
        values: dict[str, Any] = {"person_id": picked.person_id, "new_person": picked.new_person}
        values |= _referral(form, database, picked.person_id)
        values["at"] = forms.moment(form, who)
        values["mode"] = mode = forms.choice(form, "mode", "How", Mode)
        values["purpose"] = forms.choice(form, "purpose", "What for", Purpose)
        values["minutes"] = forms.minutes(form)
        values["outcome"] = forms.choice(form, "outcome", "Outcome", Outcome)
        if mode is Mode.on_scene:
            values |= _on_scene(form)
        if mode is Mode.outreach:
            values["provider_id"] = _provider(form, "provider_id", "Provider", _open_providers(database))
        else:
            values["needs"] = forms.choices(form, "needs", "Needs", Need)
            values["connection"] = _connection(form, _open_providers(database), values["needs"])
    values["note"] = st.text_area("Note", key=form.key("note"), help=NOT_THE_RECORD, height=90)
    st.caption(NOT_THE_RECORD)
    form.wrong("note")
    title = next((known.title for known in people if known.id == picked.person_id), "")
    forms.save_button(
        form,
        "Save",
        lambda: _save(who, values | {"submit_key": form.key_of_save}),
        lambda saved: _remember(who, saved, values, title),
    )
    _just_saved(who)


def _save(who: Viewer, values: Mapping[str, Any]) -> Saved:
    form = checked(InterventionForm, values)
    with record_session(session.bind(), who) as database:
        return record_intervention(database, who, form)


def _remember(who: Viewer, saved: Saved, values: Mapping[str, Any], title: str) -> None:
    parts = [
        title or (values.get("new_person") or {}).get("name", ""),
        label(values["mode"]),
        f"{values['minutes']} minutes",
    ]
    session.remember(LAST, JustSaved(saved.id, who.now, " · ".join(p for p in parts if p), saved.doubts))
    st.toast("Saved", icon=":material/check:")


def _just_saved(who: Viewer) -> None:
    last = session.recall(LAST)
    if not isinstance(last, JustSaved):
        return
    for doubt in last.doubts:
        st.warning(doubt, icon=":material/help:")
    if who.now - last.at > UNDO:
        st.success(f"Saved: {plain(last.words)}.", icon=":material/check:")
        return
    st.success(f"Saved: {plain(last.words)}. You can undo it for one minute.", icon=":material/check:")
    if st.button("Undo", key=f"undo-{last.id}", icon=":material/undo:", width="stretch"):
        try:
            with record_session(session.bind(), who) as database:
                undo_intervention(database, who, last.id)
        except TandemError as error:
            st.error(str(error))
            return
        session.forget(LAST)
        st.toast("Undone", icon=":material/undo:")
        st.rerun()


def _referral(form: forms.Draft, database: Session, person_id: int | None) -> dict[str, Any]:
    """The referral this answers: the only open one is offered ticked, of several one is chosen."""
    if person_id is None:
        return {}
    zone = session.pilot().time_zone
    rows = database.scalars(
        select(Referral)
        .where(Referral.person_id == person_id, Referral.status.in_(OPEN))
        .order_by(Referral.received_at.desc())
    ).all()
    titles = {r.id: f"{label(r.source)}, {clock(r.received_at, zone)}" for r in rows}
    if len(rows) == 1:
        tick = st.checkbox(
            f"Answers the referral: {titles[rows[0].id]}", value=True, key=form.key(f"answers-{rows[0].id}")
        )
        form.wrong("referral_id")
        return {"link_referral": tick}
    if not rows:
        return {}
    chosen = st.selectbox(
        "Which referral does it answer?",
        list(titles),
        format_func=lambda key: titles[key],
        index=None,
        placeholder="None of them",
        key=form.key(f"referral-{person_id}"),
    )
    form.wrong("referral_id")
    return {"referral_id": chosen, "link_referral": False}


def _on_scene(form: forms.Draft) -> dict[str, Any]:
    with st.container(border=True):
        st.markdown("**On scene**")
        values: dict[str, Any] = {"disposition": forms.select(form, "disposition", "Primary disposition", Disposition)}
        values["incident_number"] = forms.text(form, "incident_number", "Incident number")
        values["arrest_eligible"] = eligible = forms.yes_no(
            form, "arrest_eligible", "Arrest-eligible (the officer attests probable cause, minor and without violence)"
        )
        if eligible:
            values["arrested"] = forms.yes_no(form, "arrested", "Was an arrest made?")
        values["transport_intended"] = intended = forms.yes_no(form, "transport_intended", "Was transport intended?")
        if intended:
            values["transport_avoided"] = forms.yes_no(form, "transport_avoided", "Was transport avoided?")
        values["force_used"] = forms.yes_no(form, "force_used", "Was force used?")
        values["injury"] = forms.yes_no(form, "injury", "Was anybody injured?")
    return values


def _connection(form: forms.Draft, providers: Sequence[Provider], needs: Sequence[Need]) -> dict[str, Any] | None:
    """A connection made, or a need that met no provider."""
    kinds = ["No", "Yes, with a provider", "No provider could help"]
    made = st.pills("Was a connection made?", kinds, default="No", key=form.key("connection"), wrap=True)
    values: dict[str, Any] | None = None
    if made in kinds[1:]:
        with st.container(border=True):
            order = [*needs, *(n for n in Need if n not in needs)]
            need = forms.select(form, "connection-need", "For which need", order)
            values = {"need": need}
            if made == kinds[1]:
                fitting = [p for p in providers if need is None or need in {s.need for s in p.services}]
                values["provider_id"] = _provider(form, f"connection-provider-{need}", "Provider", fitting or providers)
                rungs = list(Step)[:4]
                reached = forms.choice(form, "connection-reached", "How far", rungs, default=Step.accepted)
                values["reached"] = reached or Step.accepted
            else:
                values["gap_reason"] = forms.select(form, "connection-gap", "Why not", GAP_REASONS)
    form.wrong("connection")
    return values


def _provider(form: forms.Draft, name: str, title: str, providers: Sequence[Provider]) -> int | None:
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


def _open_providers(database: Session) -> Sequence[Provider]:
    return database.scalars(
        select(Provider).where(Provider.active).order_by(Provider.name).options(selectinload(Provider.services))
    ).all()


def recent(who: Viewer, limit: int = 10) -> None:
    """One's own latest entries, newest first; one that is wrong can be voided with a reason."""
    st.subheader("My latest entries", anchor=False)
    zone = session.pilot().time_zone
    with record_session(session.bind(), who) as database:
        rows = database.execute(
            select(Intervention, Person.code, Identity.name)
            .outerjoin(Person, Person.id == Intervention.person_id)
            .outerjoin(Identity, Identity.person_id == Person.id)
            .where(Intervention.staff_id == who.staff_id, Intervention.voided_at.is_(None))
            .order_by(Intervention.created_at.desc(), Intervention.id.desc())
            .limit(limit)
        ).all()
    if not rows:
        st.info("Nothing yet. What you save appears here, newest first.", icon=":material/edit_note:")
    for row, code, name in rows:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            person = f"{code} · {name}" if code else "No person"
            st.markdown(
                f"**{plain(person)}**  \n{label(row.mode)} · {label(row.outcome)} · {row.minutes} min  \n"
                f":gray[{clock(row.at, zone)}]",
                width="stretch",
            )
            _void(who, row)


def _void(who: Viewer, row: Intervention) -> None:
    with st.popover("Void", help="Take it out of all figures; it stays readable"):
        reason = st.text_input("Why", key=f"void-why-{row.id}", placeholder="Entered twice")
        if st.button("Void this entry", key=f"void-{row.id}", type="primary", width="stretch"):
            try:
                with record_session(session.bind(), who) as database:
                    void_intervention(database, who, row.id, checked(VoidForm, {"reason": reason}))
            except TandemError as error:
                st.error(str(error))
                return
            st.rerun()
