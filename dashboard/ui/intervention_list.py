"""The entries one saved lately: change one, repeat it, void it, see what it said before."""

from collections.abc import Mapping, Sequence

import streamlit as st
from sqlalchemy import func, select
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
from db.models import Identity, Intervention, InterventionRevision, Person
from db.vocab import label

CLOSED = "log.closed"
"""Which entry's popover did its work last, and is to close."""


def recent(who: Viewer, form_name: str, limit: int = 10) -> None:
    """One's own latest entries, newest first; ``form_name`` is the form that “Repeat” fills."""
    st.subheader("My latest entries", anchor=False)
    with record_session(session.bind(), who) as database:
        edits = (
            select(func.count(InterventionRevision.id))
            .where(InterventionRevision.intervention_id == Intervention.id)
            .scalar_subquery()
        )
        rows = database.execute(
            select(Intervention, Person.code, Identity.name, edits)
            .outerjoin(Person, Person.id == Intervention.person_id)
            .outerjoin(Identity, Identity.person_id == Person.id)
            .where(Intervention.staff_id == who.staff_id, Intervention.voided_at.is_(None))
            .order_by(Intervention.created_at.desc(), Intervention.id.desc())
            .options(selectinload(Intervention.needs))
            .limit(limit)
        ).all()
        if not rows:
            st.info("Nothing yet. What you save appears here, newest first.", icon=":material/edit_note:")
        for row, code, name, changed in rows:
            _entry(who, database, row, f"{code} · {name}" if code else "No person", changed, form_name)


def _entry(who: Viewer, database: Session, row: Intervention, person: str, changed: int, form_name: str) -> None:
    zone = session.pilot().time_zone
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center"):
        again = f" · changed {'once' if changed == 1 else f'{changed} times'}" if changed else ""
        st.markdown(
            f"**{plain(person)}**  \n{label(row.mode)} · {row.minutes} min  \n{label(row.outcome)}  \n"
            f":gray[{clock(row.at, zone)}{again}]",
            width="stretch",
        )
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
