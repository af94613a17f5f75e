"""Building blocks of every form: what is typed stays, a wrong field is marked under itself, a save is once.

Plain widgets, no ``st.form``: what stands in a field is known to the server as soon as the field is left.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.ui import session
from dashboard.ui.drafts import packed, read, written
from db.access import Viewer
from db.commands import drafts
from db.commands.desk import Saved
from db.commands.people import Known, search
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms import clock
from db.forms.work import submit_key
from db.vocab import Language, label

E = TypeVar("E", bound=StrEnum)
_TOUCH = Path(__file__).with_name("touch.css")


def for_fingers() -> None:
    """At the head of every page: on a phone every target is at least 44 px high."""
    st.html(_TOUCH)


@dataclass
class Draft:
    """One form, from the first letter to the save: found again by :func:`draft` after a reload or another page.

    Each field is kept, encrypted, for its user alone, once it has been left. ``keep`` does the same for what
    is no widget of its own (a running timer, the cells of a table).
    """

    name: str
    round: int = 0
    key_of_save: str = field(default_factory=submit_key)
    """Sent with the save: the same content sent twice carries the same key and is stored once."""
    errors: Mapping[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    restored: datetime | None = None
    """When what was found again had been typed."""
    last_run: int = -2
    """The full run in which it was drawn last."""
    fresh: bool = False
    """Opened in this run, and nothing was found again: the moment to :meth:`begin_with` something."""
    found_now: bool = False
    """Opened in this run, and something was found again."""
    _names: set[str] = field(default_factory=set)
    """The fields it has had so far."""
    _beside: dict[str, Any] = field(default_factory=dict)
    _known: str = ""
    """The content as it was stored last."""
    _given: dict[str, Any] = field(default_factory=dict)
    """What :meth:`begin_with` said: nobody typed it, so alone it is no draft."""

    def key(self, name: str) -> str:
        """The widget key of a field. It changes after a save, so the next form opens empty."""
        self._names.add(name)
        return f"{self.name}-{self.round}-{name}"

    def stands(self) -> dict[str, tuple[Any, Any]]:
        """What stands in its fields now: field → (value, what it began with)."""
        return session.fields({name: self.key(name) for name in sorted(self._names)})

    def wrong(self, *names: str) -> None:
        """Under a field: its sentence, if it was refused."""
        for name in names:
            if name in self.errors:
                self.shown.add(name)
                st.markdown(f":red[:material/error: {self.errors[name]}]")

    def has(self, name: str) -> bool:
        return name in self.errors

    def fill(self, values: Mapping[str, Any]) -> None:
        """Field → value, before the fields are drawn (or in a callback)."""
        session.put({self.key(name): value for name, value in values.items()})

    def begin_with(self, values: Mapping[str, Any]) -> None:
        """:meth:`fill` for a fresh form. What it says is no draft until something is changed."""
        self.fill(values)
        self._given = dict(values)

    def stand_again(self) -> None:
        """A run that was cut short before it drew a field may have lost what the field was to begin with."""
        stands = self.stands()
        self.fill({name: value for name, value in self._given.items() if name not in stands})

    def keep(self, name: str, value: Any) -> None:
        """Keep something that is no widget; None forgets it. Numbers, texts, dates, and lists and dicts of them."""
        self._beside.pop(name, None)
        if value is not None:
            self._beside[name] = value
        self.store()

    def kept(self, name: str) -> Any:
        return self._beside.get(name)

    def refuse(self, error: TandemError) -> None:
        """Keep what was said, for each wrong field or (under "") for the whole form."""
        self.errors = error.errors if isinstance(error, Invalid) else {"": str(error)}

    def start_over(self) -> None:
        """Empty, as after a save; the draft is gone."""
        self.round += 1
        self.key_of_save, self.errors, self.restored = submit_key(), {}, None
        self._beside, self._given = {}, {}
        if self._known:
            self._known = ""
            who = session.viewer()
            with suppress(TandemError), record_session(session.bind(), who) as database:
                drafts.drop_draft(database, who, self.name)

    def store(self) -> None:
        """Write down what is typed, if that has changed. A database that is busy is asked again with the next field."""
        content = self._content()
        if content == self._known:
            return
        who = session.viewer()
        self.key_of_save = submit_key()  # another content is another entry, also in a second tab
        with suppress(TandemError), record_session(session.bind(), who) as database:
            if content:
                whole = {"content": content, "round": self.round, "save": self.key_of_save}
                drafts.keep_draft(database, who, self.name, packed(whole))
            else:
                drafts.drop_draft(database, who, self.name)
            self._known = content

    def on_page(self, before: int) -> bool:
        """Whether its fields stood on the page since the full run ``before``: else another page was between."""
        return self.last_run >= before and bool(self.stands())

    def restore(self) -> None:
        """Look for what was typed before. ``fresh`` says that there was nothing."""
        who = session.viewer()
        self._beside, self._known, self._given = {}, "", {}
        with record_session(session.bind(), who) as database:
            found = drafts.kept_draft(database, who, self.name)
        try:
            whole = json.loads(found.content) if found else {}
            content = json.loads(whole["content"]) if found else {"fields": {}, "beside": {}}
        except (ValueError, KeyError):  # written by another version: not worth a page that cannot be opened
            found, whole, content = None, {}, {"fields": {}, "beside": {}}
        self.fresh, self.found_now = found is None, found is not None
        self.restored = found.saved_at if found else None
        if found is not None:
            self._known, self.key_of_save = whole["content"], whole["save"]
            self.round = max(self.round, whole["round"])
            self._beside = content["beside"]
            self.fill(read(content["fields"]))

    def _content(self) -> str:
        """What stands in the fields, as text; empty while nothing was typed."""
        stands, given = self.stands(), self._given
        worth = written({name: value for name, (value, began) in stands.items() if value != began or name in given})
        typed = [name for name in worth if stands[name][0] != given.get(name, stands[name][1])]
        return packed({"fields": worth, "beside": self._beside}) if typed or self._beside else ""


def draft(name: str, *, banner: bool = True) -> Draft:
    """The form ``name`` of this user. What was typed before stands in it again, said above it."""
    form = session.recall(f"form.{name}")
    if not isinstance(form, Draft):
        form = Draft(name)
        session.remember(f"form.{name}", form)
    form.shown, form.fresh, form.found_now = set(), False, False
    if form.on_page(session.finished_run()):
        form.stand_again()
        form.store()
    else:
        form.restore()
    form.last_run = session.this_run()
    if banner and form.restored is not None:
        _found_again(form, form.restored)
    return form


def keep_all() -> None:
    """At the head of every full run: a field left for another page is kept as well."""
    for form in session.remembered("form."):
        if isinstance(form, Draft) and form.on_page(session.finished_run()):
            form.store()


def _found_again(form: Draft, typed_at: datetime) -> None:
    zone = ZoneInfo(session.pilot().time_zone)
    local, today = typed_at.astimezone(zone), session.viewer().today
    when = f"{local:%H:%M}" if local.date() == today else clock(typed_at, zone.key)
    with st.container(horizontal=True, vertical_alignment="center", key=f"found-{form.name}"):
        st.markdown(f":material/history: Draft from {when} restored", width="stretch")
        st.button("Discard", key=f"discard-{form.name}", on_click=form.start_over, icon=":material/delete:")


def save_button(
    form: Draft,
    text: str,
    save: Callable[[], Saved],
    done: Callable[[Saved], None],
    *,
    icon: str = ":material/check:",
    in_dialog: bool = False,
) -> None:
    """The button that commits. Refused: each field shows why and keeps its value. Stored: ``done``, an empty form.

    ``in_dialog``: a refusal leaves the dialog open, a save closes it.
    """
    if st.button(text, key=form.key("save"), type="primary", width="stretch", icon=icon):
        try:
            saved = save()
        except TandemError as error:
            form.refuse(error)
        else:
            form.start_over()
            done(saved)
        st.rerun(scope="fragment" if in_dialog and form.errors else "app")
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
    picked = st.pills(title, list(answers), key=form.key(name), default=unknown, required=True, wrap=True)
    form.wrong(name)
    return answers[picked] if picked else None


def text(form: Draft, name: str, title: str, **more: Any) -> str:
    typed = st.text_input(title, key=form.key(name), **more)
    form.wrong(name)
    return typed or ""


PRESETS = (10, 15, 30, 45, 60, 90)
"""Minutes in one tap."""


def minutes(form: Draft, name: str = "minutes", title: str = "Minutes") -> int | None:
    """A preset in one tap, or any number."""
    picked = st.pills(title, [*PRESETS, "Other"], key=form.key(name), wrap=True)
    other = None
    if picked == "Other":
        other = st.number_input("How many minutes", value=None, step=5, key=form.key(f"{name}-other"), placeholder="25")
    form.wrong(name)
    return picked if isinstance(picked, int) else other


def say_minutes(length: int, name: str = "minutes") -> dict[str, Any]:
    """The fields of :func:`minutes` that say ``length``."""
    return {name: length} if length in PRESETS else {name: "Other", f"{name}-other": length}


def moment(
    form: Draft, who: Viewer, name: str = "at", title: str = "When", *, ago: Sequence[int] = ()
) -> datetime | None:
    """Now, some minutes ``ago``, earlier today, yesterday or any day, in the pilot's zone. None while incomplete."""
    zone = ZoneInfo(session.pilot().time_zone)
    local = who.now.astimezone(zone)
    back = {"1 hour ago" if m == 60 else f"{m} min ago": timedelta(minutes=m) for m in ago}
    _no_longer_now(form, who, name, back)
    presets = ["Now", *back, "Earlier today", "Yesterday", "Another day"]
    when = st.pills(title, presets, key=form.key(name), default="Now", required=True, wrap=True)
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
            clock = st.time_input("Time", value=quarter, key=form.key(f"{name}-time"), format="localized", step=300)
    form.wrong(name)
    if when == "Now" or when in back:
        return who.now - back.get(when, timedelta())
    return datetime.combine(on, clock, zone) if on and clock and when else None


def say_moment(at: datetime, who: Viewer, name: str = "at") -> dict[str, Any]:
    """The fields of :func:`moment` that say ``at``."""
    local = at.astimezone(ZoneInfo(session.pilot().time_zone))
    clock = local.time().replace(second=0, microsecond=0)
    if local.date() == who.today:
        return {name: "Earlier today", f"{name}-time": clock}
    if local.date() == who.today - timedelta(days=1):
        return {name: "Yesterday", f"{name}-time": clock}
    return {name: "Another day", f"{name}-day": local.date(), f"{name}-time": clock}


def _no_longer_now(form: Draft, who: Viewer, name: str, back: Mapping[str, timedelta]) -> None:
    """In a draft found again “now” is when it was typed, not when it is read."""
    if not form.found_now or form.restored is None or who.now - form.restored < timedelta(minutes=10):
        return
    said, _ = form.stands().get(name, (None, None))
    if said in (None, "Now") or said in back:
        form.fill(say_moment(form.restored - back.get(said or "", timedelta()), who, name))


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
