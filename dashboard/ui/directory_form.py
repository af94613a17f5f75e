"""Adding a provider and editing one: nothing typed is lost, also when somebody else saved meanwhile."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.directory import FIELDS, StaleEdit, add_provider, edit_provider, needs_of, said
from db.engine import record_session
from db.forms import checked
from db.forms.connections import ProviderForm
from db.models import Provider
from db.vocab import Need, ProviderKind

_NAMES = {
    "name": "Name",
    "kind": "Mostly",
    "services": "Helps with",
    "phone": "Phone",
    "hours": "Hours",
    "languages": "Languages",
    "address": "Address",
    "eligibility": "For whom",
    "minimum_age": "From age",
    "maximum_age": "To age",
    "service_area": "Serves",
    "fees": "Cost",
    "email": "E-mail",
    "website": "Web",
    "description": "About",
    "has_capacity": "Has room",
    "capacity_note": "Room, in words",
    "in_city": "In the city",
    "is_partner": "Partner network",
}
_AGES = ("minimum_age", "maximum_age")


def add(who: Viewer) -> None:
    form = forms.draft("provider-new")
    if form.fresh:
        form.begin_with({"has_capacity": True, "in_city": True})
    values = _fields(form)
    forms.save_button(form, "Add the provider", lambda: _add(who, values), lambda saved: _told(saved, "Added."))


def edit(who: Viewer, p: Provider) -> None:
    """The form as the row stands; a later save of somebody else is shown beside what was typed."""
    form = forms.draft(f"provider-{p.id}")
    if form.fresh:
        stands = {name: getattr(p, name) for name in FIELDS if name in _NAMES}
        texts = {name: value or "" for name, value in stands.items() if isinstance(value, str) or value is None}
        texts = {n: v for n, v in texts.items() if n not in _AGES}
        beside = {"services": sorted(needs_of(p)), "revision": p.revision, "base": json.dumps(_texts(p))}
        form.begin_with(stands | texts | beside)
    revision = _beside(form, "revision") or 0  # no widgets, these two; they travel with the draft
    values = _fields(form)
    values |= {"revision": revision, "external_id": p.external_id}
    both = session.recall(f"provider.both.{p.id}")
    if isinstance(both, StaleEdit):
        _both(form, p, both)
    forms.save_button(form, "Save", lambda: _edit(who, p.id, values), lambda saved: _told(saved, "Saved."))


def _add(who: Viewer, values: Mapping[str, Any]) -> Saved:
    with record_session(session.bind(), who) as database:
        return add_provider(database, who, checked(ProviderForm, values))


def _edit(who: Viewer, provider_id: int, values: Mapping[str, Any]) -> Saved:
    key = f"provider.both.{provider_id}"
    try:
        with record_session(session.bind(), who) as database:
            saved = edit_provider(database, who, provider_id, checked(ProviderForm, values))
    except StaleEdit as error:
        session.remember(key, error)
        raise
    session.forget(key)
    return saved


def _told(saved: Saved, words: str) -> None:
    st.toast(words, icon=":material/check:")
    for doubt in saved.doubts:
        st.toast(plain(doubt), icon=":material/help:")


def _both(form: forms.Draft, p: Provider, stale: StaleEdit) -> None:
    """Field by field: what stands there now, what was typed. What was not touched here is theirs in any case."""
    touched = _touched(form, stale)
    st.warning("Somebody saved this provider after you opened it. Compare, then choose.", icon=":material/compare:")
    for name, (theirs, yours) in stale.both.items():
        mine = f"Yours: {plain(yours) or '–'}" if name in touched else ":gray[You did not change it: theirs is kept.]"
        st.markdown(f"**{_NAMES.get(name, name)}**  \nNow: {plain(theirs) or '–'}  \n{mine}")
    untouched = [name for name in stale.both if name not in touched and name in _NAMES]
    st.button(
        "Keep mine, then save again",
        key=f"mine-{p.id}",
        width="stretch",
        on_click=lambda: _keep_mine(form, p, untouched, stale.revision),
    )
    st.button("Take theirs", key=f"theirs-{p.id}", width="stretch", on_click=lambda: _take_theirs(form, p))


def _touched(form: forms.Draft, stale: StaleEdit) -> set[str]:
    """The fields that were changed since the form was opened; all of them where that is not known."""
    base = json.loads(str(_beside(form, "base") or "{}"))
    return {name for name, (_, yours) in stale.both.items() if base.get(name) != yours}


def _keep_mine(form: forms.Draft, p: Provider, untouched: Sequence[str], revision: int) -> None:
    theirs: dict[str, Any] = {name: getattr(p, name) for name in untouched if name != "services"}
    texts = {name: "" for name, value in theirs.items() if value is None and name not in _AGES}
    needs = {"services": sorted(needs_of(p))} if "services" in untouched else {}
    form.fill(theirs | texts | needs | {"revision": revision, "base": json.dumps(_texts(p))})
    form.errors = {}
    session.forget(f"provider.both.{p.id}")


def _take_theirs(form: forms.Draft, p: Provider) -> None:
    session.forget(f"provider.both.{p.id}")
    form.start_over()


def _texts(p: Provider) -> dict[str, str]:
    """The row as :class:`StaleEdit` words it."""
    return {name: said(getattr(p, name)) for name in FIELDS} | {"services": said(frozenset(needs_of(p)))}


def _beside(form: forms.Draft, name: str) -> Any:
    return form.stands().get(name, (None, None))[0]


def _fields(form: forms.Draft) -> dict[str, Any]:
    values: dict[str, Any] = {"name": forms.text(form, "name", _NAMES["name"])}
    values["kind"] = forms.select(form, "kind", _NAMES["kind"], ProviderKind)
    values["services"] = forms.choices(form, "services", _NAMES["services"], Need)
    for name, example in (
        ("phone", "203 555 0100"),
        ("hours", "Mon–Fri 9–17; Sat 10–14"),
        ("languages", "English, Spanish"),
        ("address", ""),
        ("eligibility", "Adults"),
    ):
        values[name] = forms.text(form, name, _NAMES[name], placeholder=example)
    low, high = st.columns(2)
    for column, name in ((low, "minimum_age"), (high, "maximum_age")):
        with column:
            values[name] = st.number_input(_NAMES[name], value=None, step=1, key=form.key(name), placeholder="Any")
            form.wrong(name)
    for name, example in (
        ("service_area", "Harbor, Next town over"),
        ("fees", "Sliding fee"),
        ("email", "intake@example.org"),
        ("website", "www.example.org"),
        ("description", ""),
    ):
        values[name] = forms.text(form, name, _NAMES[name], placeholder=example)
    with st.container(horizontal=True):
        for name in ("has_capacity", "in_city", "is_partner"):
            values[name] = st.checkbox(_NAMES[name], key=form.key(name))
    values["capacity_note"] = forms.text(form, "capacity_note", _NAMES["capacity_note"], placeholder="Waitlist")
    return values
