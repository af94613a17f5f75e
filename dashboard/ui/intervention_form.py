"""The form “Log an intervention”: for whom it opens, its timer, repeating the last one, the save and its undo."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard import nav
from dashboard.ui import act, alerts, follow_up, forms, intervention_fields, session
from dashboard.ui.exhibit import plain
from dashboard.ui.forms import say_minutes, say_moment
from dashboard.ui.intervention_fields import WITHOUT_PERSON, referral_title
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.drafts import kept_drafts
from db.commands.people import everyone
from db.commands.referrals import OPEN
from db.commands.work import UNDO, record_intervention, undo_intervention
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.work import InterventionForm
from db.models import Intervention, Person, Referral
from db.vocab import PERSONAL_MODES, Mode, label

LAST = "log.saved"
TIMER = "timer"
_NAMED = re.compile(r"log(?:-(?P<person>P-\d{1,9}))?(?:-r(?P<referral>\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class JustSaved:
    id: int
    at: datetime
    words: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: ``log?person=P-0132&referral=45`` or ``log?entry=7``."""

    person: Person | None = None
    referral: Referral | None = None
    entry: int | None = None

    @property
    def form(self) -> str:
        """A form of its own for each person and referral: two half-typed entries do not mix."""
        parts = [self.person.code] if self.person else []
        return "-".join(["log", *parts, *([f"r{self.referral.id}"] if self.referral else [])])


def asked(who: Viewer) -> Asked:
    """The address, as far as it names what exists; the rest of it is ignored."""
    code, said, entry = (st.query_params.get(name, "") for name in ("person", "referral", "entry"))
    with record_session(session.bind(), who) as database:
        number = _number(entry)
        if number and database.get(Intervention, number) is not None:
            return Asked(entry=number)
        person = database.scalars(select(Person).where(Person.code == code.upper())).one_or_none() if code else None
        if person is not None and person.merged_into_id is not None:
            person = database.get(Person, person.merged_into_id)
        wanted = select(Referral).options(selectinload(Referral.needs), selectinload(Referral.detail))
        number = _number(said)
        referral = database.scalars(wanted.where(Referral.id == number)).one_or_none() if number else None
        if person is not None and referral is not None and referral.person_id not in (None, person.id):
            referral = None
        if person is None and referral is not None and referral.person_id is not None:
            person = database.get(Person, referral.person_id)
    return Asked(person, referral)


def show(who: Viewer, wanted: Asked) -> None:
    """The form: a known person in a few taps; more is asked only where the mode or the need asks for it."""
    form = forms.draft(wanted.form)
    if form.fresh:
        form.begin_with(_beginning(wanted))
    _unfinished(who, wanted)
    if wanted.referral is not None:
        _what_was_sent(wanted.referral)
    _shortcuts(form, who)
    with record_session(session.bind(), who) as database:
        people, providers = everyone(database), intervention_fields.open_providers(database)
        mode = forms.choice(form, "mode", "How", Mode)
        values: dict[str, Any] = {"mode": mode}
        if mode not in WITHOUT_PERSON:
            title = "Person, if it was about one" if mode is Mode.consultation else "Person"
            picked = forms.person(form, who, people, title)
            values |= {"person_id": picked.person_id, "new_person": picked.new_person}
            alerts.show(database, picked.person_id)
            if wanted.referral is not None or mode is None or mode in PERSONAL_MODES:
                values |= _referral(form, database, picked.person_id, wanted.referral)
        values |= intervention_fields.what(form, who) | intervention_fields.by_mode(form, mode, providers)
        if mode not in WITHOUT_PERSON:
            values["connection"] = intervention_fields.connection(form, providers, values["needs"])
    values["note"] = intervention_fields.note(form)
    values |= _measured(form, who, values)
    title = next((known.title for known in people if known.id == values.get("person_id")), "")
    forms.save_button(
        form,
        "Save",
        lambda: _save(who, values | {"submit_key": form.key_of_save}),
        lambda saved: _remember(who, saved, values, title),
    )
    _just_saved(who)


def _beginning(wanted: Asked) -> dict[str, Any]:
    """What is known before anything is typed."""
    fields: dict[str, Any] = {}
    sent = wanted.referral
    if wanted.person is not None:
        fields["person_id"] = wanted.person.id
    elif sent is not None and sent.detail is not None and sent.detail.name:
        fields["person_id"] = sent.detail.name
    if sent is not None:
        fields["needs"] = sorted((need.need for need in sent.needs), key=lambda need: need.value)
        if sent.incident_number:
            fields["incident_number"] = sent.incident_number
    return fields


def _what_was_sent(row: Referral) -> None:
    zone = session.pilot().time_zone
    incident = f" · incident {plain(row.incident_number)}" if row.incident_number else ""
    st.info(
        f"Answers the referral: {referral_title(row, clock(row.received_at, zone))}{incident}", icon=":material/inbox:"
    )
    if row.detail is not None and row.detail.safety_note:
        st.warning(f"**Safety:** {plain(row.detail.safety_note)}", icon=":material/warning:")


def _unfinished(who: Viewer, wanted: Asked) -> None:
    """Other entries of one's own that are half typed, each one tap away."""
    with record_session(session.bind(), who) as database:
        kept = [k for k in kept_drafts(database, who, "log") if k.form != wanted.form]
    for draft in kept[:4]:
        if (found := _NAMED.fullmatch(draft.form)) is None:
            continue
        params = {name: value for name, value in found.groupdict().items() if value}
        title = params.get("person") or ("a referral" if params else "another entry")
        st.page_link(
            nav.VIEWS / "log.py",
            label=f"Half typed: {title}, {clock(draft.saved_at, session.pilot().time_zone)}",
            icon=":material/edit_note:",
            query_params=params,
            width="stretch",
        )


def _shortcuts(form: forms.Draft, who: Viewer) -> None:
    """A timer that survives whatever happens to the page, and the last entry once more."""
    with record_session(session.bind(), who) as database:
        last = database.scalars(
            select(Intervention)
            .where(Intervention.created_by == who.user_id, Intervention.voided_at.is_(None))
            .order_by(Intervention.created_at.desc(), Intervention.id.desc())
            .options(selectinload(Intervention.needs))
            .limit(1)
        ).one_or_none()
    began = _began(form)
    with st.container(horizontal=True, key="log-shortcuts"):
        if began is None:
            st.button(
                "Start timer",
                key="timer-start",
                icon=":material/timer:",
                on_click=lambda: form.keep(TIMER, who.now.isoformat()),
                width="stretch",
            )
        else:
            since = f"{began.astimezone(ZoneInfo(session.pilot().time_zone)):%H:%M}"
            st.button(
                f"Stop timer: {_elapsed(began, who)} min since {since}",
                key="timer-stop",
                icon=":material/timer_off:",
                type="primary",
                on_click=_stop,
                args=(form, began),
                width="stretch",
            )
        if last is not None:
            st.button(
                "Repeat last",
                key="repeat-last",
                icon=":material/repeat:",
                on_click=repeat,
                args=(form, last),
                help=f"{label(last.mode)}, {label(last.purpose).lower()}, {last.minutes} minutes: the same once more",
                width="stretch",
            )


def repeat(form: forms.Draft, row: Intervention) -> None:
    """Callback: fill the form as ``row`` was. A person chosen already stays; what came of it is asked anew."""
    fields: dict[str, Any] = {"mode": row.mode, "purpose": row.purpose, "needs": [n.need for n in row.needs]}
    if row.mode is Mode.outreach:
        fields["provider_id"] = row.provider_id
    chosen, _ = form.stands().get("person_id", (None, None))
    if chosen is None and row.person_id is not None:
        fields["person_id"] = row.person_id
    form.fill(fields | say_minutes(row.minutes))


def _began(form: forms.Draft) -> datetime | None:
    kept = form.kept(TIMER)
    return datetime.fromisoformat(kept) if isinstance(kept, str) else None


def _elapsed(began: datetime, who: Viewer) -> int:
    """Minutes, begun ones counted."""
    return max(1, ceil((who.now - began) / timedelta(minutes=1)))


def _stop(form: forms.Draft, began: datetime) -> None:
    now = session.viewer()
    form.fill(say_minutes(_elapsed(began, now)) | say_moment(began, now))
    form.keep(TIMER, None)


def _measured(form: forms.Draft, who: Viewer, values: Mapping[str, Any]) -> dict[str, Any]:
    """Saved while the timer runs: its minutes and its beginning, where nothing else was said."""
    began = _began(form)
    if began is None or values.get("minutes") is not None:
        return {}
    said, _ = form.stands().get("at", ("Now", None))
    return {"minutes": _elapsed(began, who)} | ({"at": began} if said in ("Now", None) else {})


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
    st.query_params.clear()
    st.toast("Saved", icon=":material/check:")


def _what_next(who: Viewer, intervention_id: int) -> None:
    """The next contact with the same person, two taps away."""
    with record_session(session.bind(), who) as database:
        row = database.get(Intervention, intervention_id)
    if row is not None and row.person_id is not None and row.voided_at is None:
        follow_up.quick(who, row.person_id, LAST)
    act.told(who, LAST)


def _just_saved(who: Viewer) -> None:
    last = session.recall(LAST)
    if not isinstance(last, JustSaved):
        return
    for doubt in last.doubts:
        st.warning(doubt, icon=":material/help:")
    if who.now - last.at > UNDO:
        st.success(f"Saved: {plain(last.words)}.", icon=":material/check:")
        _what_next(who, last.id)
        return
    st.success(f"Saved: {plain(last.words)}. You can undo it for one minute.", icon=":material/check:")
    _what_next(who, last.id)
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


def _referral(form: forms.Draft, database: Session, person_id: int | None, sent: Referral | None) -> dict[str, Any]:
    """The referral this answers: the one it was opened for, the only open one ticked, or one of several."""
    if sent is not None:
        form.wrong("referral_id")
        return {"referral_id": sent.id, "link_referral": False}
    if person_id is None:
        return {}
    zone = session.pilot().time_zone
    rows = database.scalars(
        select(Referral)
        .where(Referral.person_id == person_id, Referral.status.in_(OPEN))
        .order_by(Referral.received_at.desc())
    ).all()
    titles = {r.id: referral_title(r, clock(r.received_at, zone)) for r in rows}
    if len(rows) == 1:
        tick = st.checkbox(
            f"Answers the referral: {titles[rows[0].id]}", value=True, key=form.key(f"answers-{rows[0].id}")
        )
        form.wrong("referral_id")
        return {"referral_id": rows[0].id if tick else None, "link_referral": False}
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


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
