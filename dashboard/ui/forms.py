"""Building blocks of every form: what is typed stays, a wrong field is marked under itself, a save is once.

Plain widgets, no ``st.form``: what stands in a field is known to the server as soon as the field is left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.ui import session
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.people import Known, search
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms.work import submit_key
from db.vocab import Language, label

E = TypeVar("E", bound=StrEnum)
_TOUCH = Path(__file__).with_name("touch.css")


def for_fingers() -> None:
    """At the head of a page with a form: on a phone every target is at least 44 px high."""
    st.html(_TOUCH)


@dataclass
class Draft:
    """One form on one screen, from the first letter to the save. Kept between runs by :func:`draft`."""

    name: str
    round: int = 0
    key_of_save: str = field(default_factory=submit_key)
    """Sent with the save: a double click carries the same key twice and stores once."""
    errors: Mapping[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    def key(self, name: str) -> str:
        """The widget key of a field. It changes after a save, so the next form opens empty."""
        return f"{self.name}-{self.round}-{name}"

    def wrong(self, *names: str) -> None:
        """Under a field: its sentence, if it was refused."""
        for name in names:
            if name in self.errors:
                self.shown.add(name)
                st.markdown(f":red[:material/error: {self.errors[name]}]")

    def has(self, name: str) -> bool:
        return name in self.errors

    def start_over(self) -> None:
        self.round += 1
        self.key_of_save, self.errors = submit_key(), {}


def draft(name: str) -> Draft:
    """The form ``name`` of this browser tab."""
    kept = session.recall(f"form.{name}")
    if not isinstance(kept, Draft):
        kept = Draft(name)
        session.remember(f"form.{name}", kept)
    kept.shown = set()
    return kept


def save_button(
    form: Draft, text: str, save: Callable[[], Saved], done: Callable[[Saved], None], *, icon: str = ":material/check:"
) -> None:
    """The button that commits. Refused: each field shows why and keeps its value. Stored: ``done``, an empty form."""
    if st.button(text, key=form.key("save"), type="primary", width="stretch", icon=icon):
        try:
            saved = save()
        except Invalid as error:
            form.errors = error.errors
        except TandemError as error:
            form.errors = {"": str(error)}
        else:
            form.start_over()
            done(saved)
        st.rerun()
    if form.errors:
        elsewhere = [sentence for name, sentence in form.errors.items() if name not in form.shown]
        count = len(form.errors)
        marked = (
            "" if elsewhere else f"{count} {'answer needs' if count == 1 else 'answers need'} a look, marked above. "
        )
        st.error(f"Not saved yet. {' '.join(elsewhere)} {marked}Nothing you typed is lost.".replace("  ", " "))


def choice(
    form: Draft,
    name: str,
    title: str,
    options: Sequence[E] | type[E],
    *,
    default: E | None = None,
    help: str | None = None,
) -> E | None:
    """One of a few, one tap each."""
    picked = st.pills(
        title, list(options), format_func=label, key=form.key(name), default=default, help=help, wrap=True
    )
    form.wrong(name)
    return picked


def choices(form: Draft, name: str, title: str, options: Sequence[E] | type[E]) -> list[E]:
    """Any of a few, one tap each."""
    picked = st.pills(title, list(options), format_func=label, key=form.key(name), selection_mode="multi", wrap=True)
    form.wrong(name)
    return list(picked or [])


def select(
    form: Draft, name: str, title: str, options: Sequence[E] | type[E], *, placeholder: str = "Choose one"
) -> E | None:
    """One of many."""
    picked = st.selectbox(
        title, list(options), format_func=label, key=form.key(name), index=None, placeholder=placeholder
    )
    form.wrong(name)
    return picked


def yes_no(form: Draft, name: str, title: str, *, unknown: str = "Not asked") -> bool | None:
    """Yes, no, or not known: three answers, none of them silent."""
    answers: Mapping[str, bool | None] = {"Yes": True, "No": False, unknown: None}
    picked = st.pills(title, list(answers), key=form.key(name), default=unknown, wrap=True)
    form.wrong(name)
    return answers[picked] if picked else None


def text(form: Draft, name: str, title: str, **more: Any) -> str:
    typed = st.text_input(title, key=form.key(name), **more)
    form.wrong(name)
    return typed or ""


def minutes(form: Draft, name: str = "minutes", title: str = "Minutes") -> int | None:
    """A preset in one tap, or any number."""
    picked = st.pills(title, [15, 30, 45, 60, 90, "Other"], key=form.key(name), wrap=True)
    other = None
    if picked == "Other":
        other = st.number_input("How many minutes", value=None, step=5, key=form.key(f"{name}-other"), placeholder="25")
    form.wrong(name)
    return picked if isinstance(picked, int) else other


def moment(form: Draft, who: Viewer, name: str = "at", title: str = "When") -> datetime | None:
    """Now, earlier today, yesterday or any day, in the pilot's zone. Aware; None while incomplete."""
    zone = ZoneInfo(session.pilot().time_zone)
    local = who.now.astimezone(zone)
    when = st.pills(
        title, ["Now", "Earlier today", "Yesterday", "Another day"], key=form.key(name), default="Now", wrap=True
    )
    on: date | None = local.date()
    clock: time | None = None
    if when == "Another day":
        left, right = st.columns(2)
        with left:
            on = st.date_input("Day", value=None, key=form.key(f"{name}-day"), format="MM/DD/YYYY")
    elif when == "Yesterday":
        on, right = local.date() - timedelta(days=1), st.container()
    else:
        right = st.container()
    if when in ("Earlier today", "Yesterday", "Another day"):
        quarter = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0).time()
        with right:
            clock = st.time_input("Time", value=quarter, key=form.key(f"{name}-time"), format="localized")
    form.wrong(name)
    if when == "Now":
        return who.now
    return datetime.combine(on, clock, zone) if on and clock and when else None


@dataclass(frozen=True, slots=True)
class Picked:
    """Whom the picker gave: somebody known, somebody new (the values of a PersonForm), or nobody yet."""

    person_id: int | None = None
    new_person: Mapping[str, Any] | None = None


def person(form: Draft, who: Viewer, people: Sequence[Known], title: str = "Person") -> Picked:
    """Name, alias or code; what is not in the list is looked for with typos forgiven, and may be somebody new."""
    titles = {known.id: known.title for known in people}
    picked = st.selectbox(
        title,
        list(titles),
        format_func=lambda key: titles.get(key, str(key)),
        key=form.key("person_id"),
        index=None,
        placeholder="Name or code, or type a new name",
        accept_new_options=True,
    )
    form.wrong("person_id")
    if isinstance(picked, str):
        return _someone_typed(form, who, picked)
    return Picked(person_id=picked)


def _someone_typed(form: Draft, who: Viewer, typed: str) -> Picked:
    with record_session(session.bind(), who) as database:
        found = search(database, typed, limit=5)
    if found:
        titles = {known.id: known.title for known in found} | {0: f"Somebody new: {typed}"}
        close = st.radio(
            "Is it one of these?", list(titles), format_func=lambda key: titles[key], key=form.key("close"), index=None
        )
        if close is None:
            return Picked()
        if close:
            return Picked(person_id=close)
    return Picked(new_person=_somebody_new(form, typed))


def _somebody_new(form: Draft, typed: str) -> Mapping[str, Any]:
    with st.container(border=True):
        st.markdown("**Somebody new**")
        name = st.text_input("Name", value=typed, key=form.key(f"new-name-{typed}"))
        form.wrong("new_person.name", "new_person")
        confirmed = form.has("new_person.name") and st.checkbox(
            "This is another person",
            key=form.key("new-other"),
            help="Only if you are sure: a person twice counts twice.",
        )
        born = st.date_input(
            "Birth date, if known",
            value=None,
            min_value=date(1900, 1, 1),
            max_value=session.viewer().today,
            key=form.key("new-born"),
            format="MM/DD/YYYY",
        )
        form.wrong("new_person.born_on")
        language = st.selectbox(
            "Language",
            list(Language),
            format_func=label,
            index=list(Language).index(Language.unknown),
            key=form.key("new-language"),
        )
    return {"name": name, "born_on": born, "language": language, "confirmed_other": bool(confirmed)}
