"""Who the person is: everything the desk keeps, corrected in place, with what stood there."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from dashboard.ui import forms, people_twice, session
from dashboard.ui.people import born_on
from dashboard.ui.people_parts import done
from db.access import Viewer
from db.commands.care import Dossier, Stale, dossier, edit_person, seen_at
from db.commands.desk import Saved
from db.engine import record_session
from db.forms import checked
from db.forms.people import ProfileForm
from db.models import Person
from db.vocab import AgeBand, Language, LanguageMet, Need, RaceEthnicity, Sex

_LONG = "Up to 500 characters. Tandem is not the clinical record: keep clinical detail out."


def show(who: Viewer, person: Person) -> None:
    """The form with what stands now; under it, merging with another code."""
    form = forms.draft(f"person-{person.code}")
    with record_session(session.bind(), who) as database:
        kept = dossier(database, person.id)
    if form.fresh:
        form.begin_with(_fields(kept))
        session.remember(_seen_key(person), kept.seen)
    elif session.recall(_seen_key(person)) is None and form.restored is not None:
        with record_session(session.bind(), who) as database:
            session.remember(_seen_key(person), seen_at(database, person.id, form.restored))
    left, right = st.columns(2, gap="large")
    with left:
        values = _identity(form, who)
    with right:
        values |= _groups(form)
    values |= _care(form)
    values["seen"] = session.recall(_seen_key(person), 0)

    def save() -> Saved:
        try:
            new = checked(ProfileForm, values)
            with record_session(session.bind(), who) as database:
                return edit_person(database, who, person.id, new)
        except Stale as error:
            session.remember(_seen_key(person), error.seen)
            raise

    forms.save_button(form, "Save", save, partial(done, toast="Saved; what stood there is in the timeline"))
    with st.expander("The same person under another code", icon=":material/merge:"):
        people_twice.merge_into(who, person)


def _seen_key(person: Person) -> str:
    return f"people.seen.{person.code}"


def _fields(kept: Dossier) -> Mapping[str, Any]:
    """What stands in the record, as the widgets hold it."""
    text = {name: kept.values[name] or "" for name in ("name", "alias", "phone", "address", "supports", "gaps")}
    born, needs = kept.values["born_on"], kept.values["needs"]
    person = kept.person
    return text | {
        "born_on": date.fromisoformat(born) if born else None,
        "age_band": person.age_band,
        "sex": person.sex,
        "race_ethnicity": person.race_ethnicity,
        "language": person.language,
        "language_met": person.language_met,
        "needs": [Need(need) for need in needs.split(",")] if needs else [],
    }


def _identity(form: forms.Draft, who: Viewer) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": forms.text(form, "name", "Name"),
        "alias": forms.text(form, "alias", "Alias"),
        "born_on": born_on(form, who),
    }
    if values["born_on"] is None:
        values["age_band"] = forms.select(form, "age_band", "Age, about", AgeBand) or AgeBand.unknown
    values["phone"] = forms.text(form, "phone", "Phone")
    values["address"] = forms.text(form, "address", "Address")
    return values


def _groups(form: forms.Draft) -> dict[str, Any]:
    return {
        "language": forms.select(form, "language", "Language", Language) or Language.unknown,
        "language_met": forms.select(form, "language_met", "How the language need is met", LanguageMet),
        "sex": forms.select(form, "sex", "Sex", Sex) or Sex.unknown,
        "race_ethnicity": forms.select(form, "race_ethnicity", "Race or ethnicity", RaceEthnicity)
        or RaceEthnicity.unknown,
    }


def _care(form: forms.Draft) -> dict[str, Any]:
    values: dict[str, Any] = {
        "needs": forms.choices(form, "needs", "Needs, beside those that referrals and contacts name", Need)
    }
    for name, title, hint in (
        ("supports", "Existing supports", "Sister nearby; caseworker at the health center"),
        ("gaps", "Gaps", "No phone; lost the housing voucher"),
    ):
        values[name] = st.text_area(title, key=form.key(name), height=90, placeholder=hint)
        form.wrong(name)
    st.caption(_LONG)
    return values
