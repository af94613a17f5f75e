"""The directory's list with its filter, and one provider whole: facts, still right?, room, notes, edit."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard import nav
from dashboard.ui import act, directory_find, directory_form, forms, more, session
from dashboard.ui.connection_new import local_now
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands import directory
from db.commands.directory import Found, Wanted, find, stale
from db.engine import record_session
from db.forms import checked, clock, day
from db.forms.connections import ProviderNoteForm
from db.models import Connection, Provider, ProviderNote, User
from db.vocab import Need, label

PAGE = nav.VIEWS / "directory.py"
PLACE = "directory"
SHOWN = 10


def open_provider(provider_id: int) -> None:
    st.switch_page(PAGE, query_params={"provider": str(provider_id)})


def show(who: Viewer) -> None:
    """The filter on the left, who fits on the right; on a phone one below the other."""
    with record_session(session.bind(), who) as database:
        providers = directory.everyone(database, closed=True)
    living = [p for p in providers if p.active]
    old = sum(stale(p, who.today) for p in living)
    st.title("Directory", anchor=False)
    act.told(who, PLACE)
    more.unfold("Add a provider", "provider-add", lambda: directory_form.add(who), icon=":material/add:")
    if not providers:
        st.info("The directory is empty. Add a provider, or import a CSV below.", icon=":material/menu_book:")
        return
    form = forms.Draft("directory-find")  # what is looked for is no draft: nothing is stored
    left, right = st.columns([2, 5], gap="large")
    with left:
        wanted, checking = _filter(form, living, old)
    with right:
        _list(who, find(providers, wanted, local_now(who)), wanted, checking)


def _filter(form: forms.Draft, providers: Sequence[Provider], old: int) -> tuple[Wanted, bool]:
    """What is looked for, and whether only rows that ask to be checked again."""
    typed = st.text_input(
        "Find", key=form.key("words"), placeholder="Name or word", icon=":material/search:", live="300ms"
    )
    need = st.selectbox("Need", list(Need), index=None, format_func=label, placeholder="Any need", key=form.key("need"))
    with st.expander("More", icon=":material/tune:"):
        fields = directory_find.fields(form, providers)
        closed = st.checkbox("Closed ones too", key=form.key("closed"))
    checking = st.toggle(f"To check again ({old})", key=form.key("old"), help="Nobody looked at these for 90 days.")
    return Wanted(need=need, words=typed or "", closed=closed, **fields), checking


def _list(who: Viewer, found: Sequence[Found], wanted: Wanted, checking: bool) -> None:
    if checking:
        found = [f for f in found if f.provider.active and stale(f.provider, who.today)]
        found = sorted(found, key=lambda f: f.provider.verified_on.toordinal() if f.provider.verified_on else 0)
    told = directory_find.told(wanted)
    st.caption(f"{len(found)} providers" + (f" · {plain(told)}" if told else ""))
    if not found:
        st.info("Nobody fits. Let some of the filter go, or add a provider.", icon=":material/search_off:")
    for one in found[: more.shown("directory", SHOWN)]:
        with st.container(border=True, key=f"row-{one.provider.id}"):
            facts, buttons = st.columns([5, 2], vertical_alignment="center")  # on a phone one below the other
            with facts:
                directory_find.summary(one, who.today)
            with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
                if one.provider.active and stale(one.provider, who.today):
                    still_right(who, one.provider)
                if st.button("Open", key=f"open-{one.provider.id}", icon=":material/open_in_full:"):
                    open_provider(one.provider.id)
    more.button("directory", SHOWN, len(found))


def still_right(who: Viewer, p: Provider) -> None:
    """One tap: somebody asked, nothing changed."""
    if st.button("Still right", key=f"right-{p.id}", icon=":material/done_all:", help="You asked; nothing changed."):
        act.run(who, PLACE, lambda s: directory.verify_provider(s, who, p.id), f"{p.name}: checked today.")


def one_is_open(who: Viewer) -> bool:
    """Draw the provider of the address, if it names one."""
    number = st.query_params.get("provider", "")
    if not number:
        return False
    with record_session(session.bind(), who) as database:
        row = database.get(Provider, int(number)) if number.isdecimal() and len(number) < 10 else None
        if row is None:
            st.warning(f"There is no provider {plain(number[:12])}. Find them below.", icon=":material/search_off:")
            return False
        _one(who, database, row)
    return True


def _one(who: Viewer, database: Session, p: Provider) -> None:
    if st.button("Directory", icon=":material/arrow_back:", key="to-directory"):
        st.switch_page(PAGE)
    st.title(plain(p.name), anchor=False)
    act.told(who, PLACE)
    with st.container(horizontal=True, gap="xsmall"):
        directory_find.badges(Found(p, ()), who.today)
    _use(who, database, p)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("  \n".join(f":gray[{name}] {words}" for name, words in _facts(p) if words))
        _notes(who, database, p)
    with right:
        more.unfold("Edit", f"edit-{p.id}", lambda: directory_form.edit(who, p), icon=":material/edit:")
        _room(who, p)
        _closing(who, database, p)


def _facts(p: Provider) -> list[tuple[str, str]]:
    ages = (
        "" if p.minimum_age is None and p.maximum_age is None else f"{p.minimum_age or 0} to {p.maximum_age or 'any'}"
    )
    needs = ", ".join(label(need) for need in sorted(directory.needs_of(p)))
    web = f"[{plain(p.website)}](<{p.website}>)" if p.website else ""
    return [
        ("Helps with", needs),
        ("Phone", plain(p.phone)),
        ("Hours", plain(p.hours)),
        ("Languages", plain(p.languages)),
        ("For whom", plain(p.eligibility)),
        ("Ages", ages),
        ("Serves", plain(p.service_area or "")),
        ("Cost", plain(p.fees or "")),
        ("Address", plain(p.address)),
        ("E-mail", plain(p.email or "")),
        ("Web", web),
        ("About", plain(p.description or "")),
    ]


def _use(who: Viewer, database: Session, p: Provider) -> None:
    """How it has gone with them, and the two likeliest things to do."""
    rows = select(func.count(Connection.id)).where(Connection.provider_id == p.id, Connection.voided_at.is_(None))
    total = database.scalar(rows) or 0
    running = database.scalar(rows.where(Connection.ended_on.is_(None))) or 0
    by = database.scalar(select(User.name).where(User.id == p.verified_by)) if p.verified_by else None
    seen = f"Checked {day(p.verified_on)}" + (f" by {plain(by)}" if by else "") if p.verified_on else "Never checked"
    with st.container(horizontal=True, vertical_alignment="center"):
        if p.active and st.button("Connect a person", type="primary", icon=":material/handshake:", key=f"use-{p.id}"):
            needs = sorted(directory.needs_of(p))
            asked = {"new": "1"} | ({"need": needs[0].value} if len(needs) == 1 else {})
            st.switch_page(nav.VIEWS / "connections.py", query_params=asked)
        if p.active:
            still_right(who, p)
        st.markdown(f":gray[{seen} · {total} connections so far, {running} open]", width="content")


def _room(who: Viewer, p: Provider) -> None:
    def draw() -> None:
        words = st.text_input(
            "In a few words", value=p.capacity_note or "", key=f"room-words-{p.id}", placeholder="Waitlist of 3 weeks"
        )
        for has_room, said in ((True, "They have room"), (False, "No room now")):
            if st.button(said, key=f"room-{has_room}-{p.id}", width="stretch"):
                told = f"{p.name}: {said.lower()}."
                act.run(who, PLACE, lambda s, r=has_room: directory.set_room(s, who, p.id, r, words), told)

    more.unfold("Room", f"room-{p.id}", draw, icon=":material/event_seat:")


def _closing(who: Viewer, database: Session, p: Provider) -> None:
    if not p.active:
        if st.button("Open again", key=f"reopen-{p.id}", icon=":material/undo:"):
            act.run(who, PLACE, lambda s: directory.set_open(s, who, p.id, True), f"{p.name} is open again.")
        return

    def draw() -> None:
        running = database.scalar(
            select(func.count(Connection.id)).where(
                Connection.provider_id == p.id, Connection.ended_on.is_(None), Connection.voided_at.is_(None)
            )
        )
        if running:
            st.warning(f"{running} connections with them are open. They stay open: close them with a reason.")
        st.caption("It is offered no more. What was recorded stays.")
        if st.button("Close this provider", key=f"close-{p.id}", type="primary", width="stretch"):
            _close(who, p)

    more.unfold("They closed", f"closing-{p.id}", draw, icon=":material/block:")


def _close(who: Viewer, p: Provider) -> None:
    def undo(_: Any) -> act.Undo:
        return lambda s, v: directory.set_open(s, v, p.id, True)

    act.run(who, PLACE, lambda s: directory.set_open(s, who, p.id, False), f"{p.name} is closed.", undo)


def _notes(who: Viewer, database: Session, p: Provider) -> None:
    st.subheader("Notes of the desk", anchor=False)
    zone = session.pilot().time_zone
    rows = database.execute(
        select(ProviderNote, User.name)
        .outerjoin(User, User.id == ProviderNote.user_id)
        .where(ProviderNote.provider_id == p.id, ProviderNote.voided_at.is_(None))
        .order_by(ProviderNote.at.desc())
    ).all()
    for note, by in rows:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(note.text)}  \n:gray[{plain(by or '')}, {clock(note.at, zone)}]", width="stretch")
            if st.button("Remove", key=f"note-gone-{note.id}", type="tertiary"):
                act.run(who, PLACE, lambda s, n=note.id: directory.void_note(s, who, n), "The note was removed.")
    form = forms.draft(f"provider-note-{p.id}")
    typed = st.text_input(
        "What the next one should know", key=form.key("text"), placeholder="Ask for intake, Tuesdays", max_chars=1000
    )
    form.wrong("text")
    forms.save_button(form, "Add the note", lambda: _add_note(who, p.id, typed or ""), lambda _: None)


def _add_note(who: Viewer, provider_id: int, text: str) -> Any:
    with record_session(session.bind(), who) as database:
        return directory.add_note(database, who, checked(ProviderNoteForm, {"provider_id": provider_id, "text": text}))
