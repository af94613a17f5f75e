"""A new connection: who, which need, then the providers that fit, the best on top, one tap each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import act, alerts, directory_find, forms, more, session
from dashboard.ui.connections import PAGE, open_connection, person_asked
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.connections import record_connection
from db.commands.desk import Saved
from db.commands.directory import Wanted, everyone, find, languages
from db.commands.people import Known
from db.commands.people import everyone as all_people
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.work import GAP_REASONS, ConnectionForm
from db.models import Person, Provider
from db.needs import needs_of
from db.vocab import AgeBand, Language, Need, Step, label

PLACE = "connection-new"
SHOWN = 5
RUNGS = (Step.accepted, Step.offered, Step.appointment)


def asked() -> bool:
    return st.query_params.get("new") == "1"


def show(who: Viewer) -> None:
    with record_session(session.bind(), who) as database:
        people = all_people(database)
        providers = everyone(database)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title("New connection", anchor=False, width="stretch")
            if st.button("All connections", icon=":material/arrow_back:", key="to-all"):
                st.switch_page(PAGE)
        act.told(who, PLACE)
        if not people:
            st.info("Nobody is known yet. Log an intervention or add a person first.", icon=":material/person_add:")
            return
        form = forms.draft("connection")
        _begin(form, database, people)
        known = _person(form, people)
        told = [needed.need for needed in needs_of(database, known) if needed.open] if known else []
        need = forms.choice(form, "need", "What do they need?", [*told, *(n for n in Need if n not in told)])
        if told:
            st.caption("Nobody is on these yet: " + ", ".join(label(n).lower() for n in told) + ".")
        if known is None or need is None:
            return
        person = database.get_one(Person, known)
        alerts.show(database, known)
    left, right = st.columns([3, 2], gap="large")
    with right:
        how = _how(form, who)
        wanted = _wanted(person, need, providers)
    with left:
        _choose(form, who, person, need, providers, wanted, how)
        _gap(form, who, person, need, how["opened_on"])


def _begin(form: forms.Draft, database: Session, people: Sequence[Known]) -> None:
    """The address may say who and which need; what was typed before stays."""
    asked_for = (st.query_params.get("person", ""), st.query_params.get("need", ""))
    if not any(asked_for) or session.recall("connection.begun") == asked_for:
        return
    session.remember("connection.begun", asked_for)
    known = person_asked(database, {person.id: person for person in people})
    given: dict[str, Any] = {"person_id": known.id} if known else {}
    if asked_for[1] in {need.value for need in Need}:
        given["need"] = Need(asked_for[1])
    form.begin_with(given)


def _person(form: forms.Draft, people: Sequence[Known]) -> int | None:
    titles = {known.id: known.title for known in people}
    picked = st.selectbox(
        "Who",
        list(titles),
        format_func=lambda key: titles.get(key, str(key)),
        index=None,
        placeholder="Name or code",
        key=form.key("person_id"),
    )
    form.wrong("person_id")
    return picked


def _how(form: forms.Draft, who: Viewer) -> dict[str, Any]:
    reached = forms.choice(form, "reached", "How far already", RUNGS, default=Step.accepted)
    on = st.date_input("On", value=who.today, max_value=who.today, key=form.key("opened_on"), format="MM/DD/YYYY")
    form.wrong("opened_on")
    return {"reached": reached or Step.accepted, "opened_on": on if isinstance(on, date) else who.today}


def _wanted(person: Person, need: Need, providers: Sequence[Provider]) -> Wanted:
    """What the person's record says narrows the list; each can be let go with a tap."""
    spoken = label(person.language)
    speaks = person.language not in (Language.english, Language.unknown, Language.other)
    language = spoken if speaks and spoken in languages(providers) else None
    age = person.age_band if person.age_band is not AgeBand.unknown else None
    with st.expander("Narrow down", icon=":material/tune:", expanded=False):
        filters = forms.Draft(f"connection-find-{person.id}")  # proposals for this person, not stored
        fields = directory_find.fields(filters, providers, language=language, age=age)
    return Wanted(need=need, **fields)


def _choose(
    form: forms.Draft,
    who: Viewer,
    person: Person,
    need: Need,
    providers: Sequence[Provider],
    wanted: Wanted,
    how: Mapping[str, Any],
) -> None:
    found = find(providers, wanted, local_now(who))
    told = directory_find.told(wanted)
    st.markdown(f"**{len(found)} for {label(need).lower()}**" + (f" :gray[· {plain(told)}]" if told else ""))
    form.wrong("connection", "provider_id")
    if not found:
        wide = find(providers, Wanted(need=need), local_now(who))
        if wide:
            st.info(f"{len(wide)} offer this without the narrowing. Let some of it go under “Narrow down”.")
        else:
            st.info("No provider of the directory offers this. Record the gap below: it counts, and the city sees it.")
    for one in found[: more.shown("connection-new", SHOWN)]:
        with st.container(border=True, key=f"choose-{one.provider.id}"):
            facts, choose = st.columns([5, 2], vertical_alignment="center")
            with facts:
                directory_find.summary(one, who.today)
            with choose:
                values = {"person_id": person.id, "need": need, "provider_id": one.provider.id, **how}
                key = f"connect-{one.provider.id}"
                if st.button("Connect", key=key, type="primary", icon=":material/handshake:", width="stretch"):
                    _save(form, who, values)
    more.button("connection-new", SHOWN, len(found))
    if form.errors:
        st.error(" ".join(form.errors.values()) + " Nothing you typed is lost.")


def _gap(form: forms.Draft, who: Viewer, person: Person, need: Need, on: date) -> None:
    with st.expander("Nobody can help: record a service gap", icon=":material/report:"):
        reason = forms.choice(form, "gap_reason", "Why not", GAP_REASONS)
        if st.button("Record the gap", key=form.key("gap"), disabled=reason is None, width="stretch"):
            _save(form, who, {"person_id": person.id, "need": need, "gap_reason": reason, "opened_on": on})


def _save(form: forms.Draft, who: Viewer, values: Mapping[str, Any]) -> None:
    try:
        with record_session(session.bind(), who) as database:
            saved = _record(database, who, values)
    except TandemError as error:
        form.refuse(error)
    else:
        form.start_over()
        session.forget("connection.begun")
        for doubt in saved.doubts:
            st.toast(doubt, icon=":material/help:")
        open_connection(saved.id)
    st.rerun()


def _record(database: Session, who: Viewer, values: Mapping[str, Any]) -> Saved:
    return record_connection(database, who, checked(ConnectionForm, values))


def local_now(who: Viewer) -> datetime:
    """The moment on the city's clock."""
    return who.now.astimezone(ZoneInfo(session.pilot().time_zone))
