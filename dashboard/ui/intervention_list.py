"""The entries one saved lately: change one, repeat it, void it, see what it said before."""

from collections.abc import Mapping, Sequence

import streamlit as st
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, selectinload

from dashboard.ui import forms, intervention_form, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.revisions import WORDS, Change, history, in_words
from db.commands.work import void_intervention
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.work import VoidForm
from db.models import Identity, Intervention, InterventionRevision, Person, Staff
from db.vocab import label

SHOWN = "log.shown"
CLOSED = "log.closed"
"""Which entry's popover did its work last, and is to close."""


MORE = 10
"""Entries shown at first, and with each “Show more”."""


def recent(who: Viewer, form_name: str) -> None:
    """Latest entries, newest first: one's own, the whole desk's, or those about the person of the form.

    ``form_name`` is the form that “Repeat” fills.
    """
    st.subheader("Latest entries", anchor=False)
    form = session.recall(f"form.{form_name}")
    chosen = form.stands().get("person_id", (None, None))[0] if isinstance(form, forms.Draft) else None
    with record_session(session.bind(), who) as database:
        person = database.get(Person, chosen) if isinstance(chosen, int) else None
    whose = ["Mine", "The whole desk's", *([f"About {person.code}"] if person else [])]
    picked = st.segmented_control(
        "Whose", whose, default=whose[0], required=True, label_visibility="collapsed", key=f"whose-{form_name}"
    )
    many = int(session.recall(SHOWN, MORE) or MORE)  # pyright: ignore[reportArgumentType]
    with record_session(session.bind(), who) as database:
        rows = _rows(database, who, picked or whose[0], person, many + 1)
        if not rows:
            st.info("Nothing yet. What you save appears here, newest first.", icon=":material/edit_note:")
        for row, code, name, staff, changed in rows[:many]:
            by = "" if picked == whose[0] else f" · {plain(staff)}"
            _entry(who, database, row, f"{code} · {name}" if code else "No person", by, changed, form_name)
    if len(rows) > many:
        st.button(
            "Show more", key="entries-more", width="stretch", on_click=session.remember, args=(SHOWN, many + MORE)
        )


def _rows(
    database: Session, who: Viewer, picked: str, person: Person | None, limit: int
) -> Sequence[Row[Intervention, str, str, str, int]]:
    edits = (
        select(func.count(InterventionRevision.id))
        .where(InterventionRevision.intervention_id == Intervention.id)
        .scalar_subquery()
    )
    query = (
        select(Intervention, Person.code, Identity.name, Staff.name, edits)
        .join(Staff, Staff.id == Intervention.staff_id)
        .outerjoin(Person, Person.id == Intervention.person_id)
        .outerjoin(Identity, Identity.person_id == Person.id)
        .order_by(Intervention.created_at.desc(), Intervention.id.desc())
        .options(selectinload(Intervention.needs))
        .limit(limit)
    )
    if picked == "Mine":
        query = query.where(Intervention.staff_id == who.staff_id)
    elif person is not None and picked == f"About {person.code}":
        query = query.where(Intervention.person_id == person.id)
    return database.execute(query).all()


def _entry(
    who: Viewer, database: Session, row: Intervention, person: str, by: str, changed: int, form_name: str
) -> None:
    zone = session.pilot().time_zone
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center"):
        again = f" · changed {'once' if changed == 1 else f'{changed} times'}" if changed else ""
        said = f"{label(row.mode)} · {row.minutes} min  \n{label(row.outcome)}"
        if row.voided_at is not None:
            st.markdown(
                f":gray[{plain(person)}  \n{said}  \n{clock(row.at, zone)}{by}]  \n"
                f"Voided: {plain(row.void_reason or '')}",
                width="stretch",
            )
            return
        st.markdown(f"**{plain(person)}**  \n{said}  \n:gray[{clock(row.at, zone)}{by}{again}]", width="stretch")
        opened = session.recall(CLOSED, 0)  # another key is another popover, and a new one is closed
        with st.popover("Change", help="Edit it, repeat it, or void it", key=f"change-{row.id}-{opened}"):
            st.button(
                "Edit", key=f"edit-{row.id}", icon=":material/edit:", on_click=_open, args=(row.id,), width="stretch"
            )
            st.button(
                "Repeat",
                key=f"repeat-{row.id}",
                icon=":material/repeat:",
                on_click=_repeat,
                args=(form_name, row),
                width="stretch",
            )
            _void(who, row)
            if changed:
                told(database, history(database, row.id), zone)


def _open(intervention_id: int) -> None:
    session.remember(CLOSED, intervention_id)
    st.query_params.clear()
    st.query_params["entry"] = str(intervention_id)


def _repeat(form_name: str, row: Intervention) -> None:
    session.remember(CLOSED, -row.id)
    form = session.recall(f"form.{form_name}")
    if isinstance(form, forms.Draft):
        intervention_form.repeat(form, row)


def told(database: Session, changes: Sequence[Change], zone: str) -> None:
    """What an entry said before: who changed what, when and why, newest first."""
    st.markdown("**What it said before**")
    for change in reversed(changes):
        st.markdown(f"{clock(change.at, zone)} · {plain(change.by)}: {plain(change.reason)}")
        st.markdown("\n".join(f"- {line}" for line in lines(database, change.fields, zone)))


def lines(database: Session, fields: Mapping[str, Sequence[object]], zone: str) -> list[str]:
    """“Minutes: 30 → 45”, one for each field, in the order of the form."""
    return [
        f"{title}: {' → '.join(plain(in_words(database, name, value, zone)) for value in fields[name])}"
        for name, title in WORDS.items()
        if name in fields
    ]


def _void(who: Viewer, row: Intervention) -> None:
    reason = st.text_input("Void it, because", key=f"void-why-{row.id}", placeholder="Entered twice", max_chars=200)
    if st.button(
        "Void this entry",
        key=f"void-{row.id}",
        icon=":material/block:",
        width="stretch",
        help="It is taken out of all figures and stays readable",
    ):
        try:
            with record_session(session.bind(), who) as database:
                void_intervention(database, who, row.id, checked(VoidForm, {"reason": reason}))
        except TandemError as error:
            st.error(str(error))
            return
        st.rerun()
