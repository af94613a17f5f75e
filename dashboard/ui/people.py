"""Finding a person: by code, name, alias or birth date; whose episode is open; what the desk has to look at."""

from collections.abc import Sequence
from datetime import date

import streamlit as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.ui import forms, people_calls, people_twice, session
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import link, open_person, remarks, told
from db.access import Viewer
from db.commands.calllinks import proposals
from db.commands.desk import Saved
from db.commands.merge import likely_pairs
from db.commands.people import Known, add_person, everyone, search
from db.engine import record_session
from db.forms import checked, day
from db.forms.work import PersonForm
from db.log import was_direct
from db.models import Episode, Intervention, Person
from db.pilot import local_day
from db.vocab import Language

LISTED = 12
_LISTS = ("Open episodes", "Likely twice", "Call links")
QUIET = 60
"""Days without a contact after which an open episode is marked (measures.md, ``caseload``)."""


def hold_address() -> None:
    """In a full run: a link within the page tells the run who is meant, and not the browser; this tells it."""
    asked = {name: value for name in ("person", "part") if (value := st.query_params.get(name))}
    st.query_params.from_dict(asked if "person" in asked else {})


def opened(who: Viewer) -> Person | None:
    """The person of the address (``?person=P-0132``), if there is one; what does not exist is said and ignored."""
    code = st.query_params.get("person", "").strip().upper()[:12]
    if not code:
        return None
    with record_session(session.bind(), who) as database:
        person = database.scalars(select(Person).where(Person.code == code)).first()
    if person is None:
        st.warning(f"There is no person {plain(code)}. Look for them here.", icon=":material/search_off:")
    return person


def find(who: Viewer) -> None:
    """The search on top; below, what the desk has to look at."""
    st.title("People", anchor=False)
    remarks()
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    typed = left.text_input(
        "Find somebody",
        key="people-search",
        placeholder="Code, name, alias or birth date",
        icon=":material/search:",
        type="search",
        live="300ms",
    )
    with right.popover("Add a person", icon=":material/person_add:", width="stretch"):
        _add(who, typed or "")
    if typed:
        _found(who, typed)
    else:
        _lists(who)


def _found(who: Viewer, typed: str) -> None:
    with record_session(session.bind(), who) as database:
        found = search(database, typed)
    if not found:
        st.info(
            f"Nobody is like “{plain(typed)}”. Try another spelling, the birth date as 5/3/1987, or add the person.",
            icon=":material/person_search:",
        )
    for person in found:
        link(person.code, told(person))


def _lists(who: Viewer) -> None:
    with record_session(session.bind(), who) as database:
        known = everyone(database)
        pairs, calls, episodes = likely_pairs(database, known), proposals(database), _episodes(database, known)
    if not known:
        st.info(
            "Nobody is known yet. Add a person here, or log an intervention: a new name is added with it.",
            icon=":material/person_search:",
        )
        return
    counts = dict(zip(_LISTS, (len(episodes), len(pairs), len(calls)), strict=True))
    shown = st.segmented_control(
        "What to look at",
        _LISTS,
        default=_LISTS[0],
        required=True,
        format_func=lambda name: f"{name} · {counts[name]}",
        key="people-list",
        label_visibility="collapsed",
        wrap=True,
    )
    if shown == _LISTS[1]:
        people_twice.show(who, pairs)
    elif shown == _LISTS[2]:
        people_calls.to_decide(who, calls)
    else:
        _open_episodes(who, episodes)


Open = tuple[date, date, Known]
"""Last contact (or the first day, where none is logged), first day, who."""


def _episodes(database: Session, people: Sequence[Known]) -> list[Open]:
    """Whose episode is open, longest without a contact first."""
    zone, known = session.pilot().time_zone, {person.id: person for person in people}
    last = (
        select(Intervention.episode_id, func.max(Intervention.at).label("at"))
        .where(*was_direct())
        .group_by(Intervention.episode_id)
        .subquery()
    )
    rows = database.execute(
        select(Episode.person_id, Episode.opened_on, last.c.at)
        .outerjoin(last, last.c.episode_id == Episode.id)
        .where(Episode.closed_on.is_(None))
    )
    found = [
        (local_day(at, zone) if at else opened_on, opened_on, known[person])
        for person, opened_on, at in rows
        if person in known
    ]
    return sorted(found, key=lambda row: (row[0], row[2].code))


def _open_episodes(who: Viewer, rows: Sequence[Open]) -> None:
    if not rows:
        st.info("No episode is open. The first direct contact with somebody opens one.", icon=":material/check_circle:")
        return
    st.caption("Longest without a contact first.")
    below = st.container()
    pages = -(-len(rows) // LISTED)
    page = st.pagination(pages, key="people-open-page") if pages > 1 else 1
    with below:
        for seen, opened_on, person in rows[(page - 1) * LISTED : page * LISTED]:
            words = f"{plain(person.title)} · {_quiet((who.today - seen).days)}"
            link(person.code, words, help=f"Episode opened {day(opened_on)}")


def _quiet(days: int) -> str:
    words = "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"
    return f":orange[seen {words}, inactive]" if days > QUIET else f":gray[seen {words}]"


def _add(who: Viewer, typed: str) -> None:
    form = forms.draft("person-new")
    if form.fresh and typed:
        form.begin_with({"name": typed})
    name = forms.text(form, "name", "Name")
    if name:
        with record_session(session.bind(), who) as database:
            alike = search(database, name, limit=3)
        if alike:
            st.caption("Known already? Open the person instead.")
        for known in alike:
            link(known.code, told(known))
    values = {
        "name": name,
        "alias": forms.text(form, "alias", "Alias"),
        "born_on": born_on(form, who),
        "phone": forms.text(form, "phone", "Phone"),
        "language": forms.select(form, "language", "Language", Language, placeholder="Unknown") or Language.unknown,
    }
    if form.has("name"):
        values["confirmed_other"] = st.checkbox("This is another person", key=form.key("other"))

    def save() -> Saved:
        new = checked(PersonForm, values)
        with record_session(session.bind(), who) as database:
            return add_person(database, who, new)

    def done(saved: Saved) -> None:
        with record_session(session.bind(), who) as database:
            code = database.get_one(Person, saved.id).code
        open_person(code)

    forms.save_button(form, "Add", save, done)


def born_on(form: forms.Draft, who: Viewer) -> date | None:
    """The birth date, if it is known."""
    born = st.date_input(
        "Birth date, if known",
        value=None,
        min_value=date(1900, 1, 1),
        max_value=who.today,
        key=form.key("born_on"),
        format="MM/DD/YYYY",
    )
    form.wrong("born_on")
    return born
