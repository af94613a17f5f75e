"""Looking for a provider: the filter's fields, and one provider in a few lines."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboard.ui import forms
from dashboard.ui.exhibit import plain
from db.commands.directory import Found, Wanted, eligibilities, languages, needs_of, places, stale
from db.forms import day
from db.models import Provider
from db.vocab import AgeBand, label
from db.vocab.links import OpenWhen

ANYWHERE, IN, OUT = "In or out", "In the city", "Out of the city"


def fields(
    form: forms.Draft, providers: Sequence[Provider], *, language: str | None = None, age: AgeBand | None = None
) -> dict[str, Any]:
    """Everything of :class:`Wanted` but the need. ``language`` and ``age`` are proposed."""
    spoken, served, known = languages(providers), places(providers), eligibilities(providers)
    tongue = st.selectbox(
        "Language", spoken, index=_place(spoken, language), placeholder="Any language", key=form.key("language")
    )
    when = st.pills("Open", list(OpenWhen), format_func=label, key=form.key("when"), wrap=True)
    ages = [band for band in AgeBand if band is not AgeBand.unknown]
    band = st.pills("Age", ages, format_func=label, default=age, key=form.key("age"), wrap=True)
    where = st.pills("Where", [ANYWHERE, IN, OUT], default=ANYWHERE, required=True, key=form.key("where"), wrap=True)
    place = st.selectbox("Serves", served, index=None, placeholder="Any place", key=form.key("place"))
    whom = st.selectbox("For whom", known, index=None, placeholder="Anybody", key=form.key("eligibility"))
    with st.container(horizontal=True):
        room = st.checkbox("With room now", key=form.key("room"))
        partners = st.checkbox("Partner network", key=form.key("partners"))
    return {
        "language": tongue,
        "when": when,
        "age": band,
        "in_city": {IN: True, OUT: False}.get(where or ANYWHERE),
        "place": place,
        "eligibility": whom,
        "room_only": room,
        "partners_only": partners,
    }


def _place(options: Sequence[str], wanted: str | None) -> int | None:
    return options.index(wanted) if wanted in options else None


def told(wanted: Wanted) -> str:
    """What narrows the list, in words."""
    parts = [
        wanted.language or "",
        label(wanted.when).lower() if wanted.when else "",
        f"age {label(wanted.age).lower()}" if wanted.age else "",
        {True: "in the city", False: "out of the city"}.get(wanted.in_city, "") if wanted.in_city is not None else "",
        f"serves {wanted.place}" if wanted.place else "",
        f"for {wanted.eligibility[:1].lower()}{wanted.eligibility[1:]}" if wanted.eligibility else "",
        "with room" if wanted.room_only else "",
        "partners" if wanted.partners_only else "",
    ]
    return ", ".join(part for part in parts if part)


def summary(found: Found, today: date) -> None:
    """A provider in three lines; a row nobody looked at for 90 days is gray and says so."""
    p, old = found.provider, stale(found.provider, today)
    facts = [p.hours, p.phone, p.languages, p.eligibility, p.fees or ""]
    needs = ", ".join(label(need).lower() for need in sorted(needs_of(p)))
    line = plain(" · ".join(fact for fact in dict.fromkeys(facts) if fact))
    name = plain(p.name)
    with st.container(width="stretch", gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f":gray[**{name}**]" if old or not p.active else f"**{name}**", width="content")
            badges(found, today)
        st.markdown(f":gray[{needs}]  \n:gray[{line}]" if old else f"{needs}  \n:gray[{line}]")


def badges(found: Found, today: date) -> None:
    """What to know before one calls."""
    p = found.provider
    room = "" if p.has_capacity else "No room" + (f": {p.capacity_note}" if p.capacity_note else "")
    if not p.active:
        st.badge("Closed", icon=":material/block:", color="gray")
    if p.is_partner:
        st.badge("Partner", icon=":material/handshake:", color="blue")
    if not p.in_city:
        st.badge("Out of the city", color="gray")
    if room:
        st.badge(room, icon=":material/event_busy:", color="orange")
    elif p.capacity_note:
        st.badge(p.capacity_note, color="gray")
    if stale(p, today):
        since = f"Checked {day(p.verified_on)}" if p.verified_on else "Never checked"
        st.badge(since, icon=":material/update:", color="orange", help="Nobody looked at this for 90 days. Ask again.")
    for doubt in found.unsure:
        st.badge(doubt.capitalize(), icon=":material/help:", color="gray")
