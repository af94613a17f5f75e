"""Editing an entry: its answers again, why they change, and both versions where somebody else was faster."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.ui import forms, intervention_fields, intervention_list, session
from dashboard.ui.exhibit import plain
from dashboard.ui.intervention_fields import WITHOUT_PERSON, referral_title
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.people import Known, everyone
from db.commands.revisions import WORDS, Change, Stale, history, in_words, latest, same_values, snapshot
from db.commands.work import edit_intervention
from db.engine import record_session
from db.errors import Invalid
from db.forms import checked, clock
from db.forms.work import EditForm
from db.models import Intervention, Referral, Staff
from db.vocab import Mode

STALE = "log.stale"


def show(who: Viewer, entry: int) -> None:
    """The entry ``entry`` with its answers to change and what it said before, over the page."""

    @st.dialog("Edit an entry", width="medium", on_dismiss=_close)
    def edit() -> None:
        with record_session(session.bind(), who) as database:
            _edit(who, database, database.get_one(Intervention, entry))

    edit()


def _edit(who: Viewer, database: Session, row: Intervention) -> None:
    zone = session.pilot().time_zone
    now, seen = snapshot(database, row), latest(database, row.id)
    by = database.get_one(Staff, row.staff_id).name
    st.caption(f"{plain(by)}, logged {clock(row.created_at, zone)}. The old answers stay readable beside the new.")
    if row.voided_at is not None:
        st.warning(f"It was voided: {plain(row.void_reason or '')}. Log it anew instead.", icon=":material/block:")
    else:
        form = forms.draft(f"entry-{row.id}")
        if form.fresh:
            form.begin_with(intervention_fields.say(now, who) | {"seen": seen, "referral": now["referral_id"]})
        values = _questions(form, who, database, everyone(database))
        _both(form, who, database, zone)
        forms.save_button(form, "Save the change", lambda: _save(form, who, row.id, values), _done, in_dialog=True)
        if st.button("Cancel", key="entry-leave", width="stretch"):
            form.start_over()
            _close()
            st.rerun()
    if changes := history(database, row.id):
        intervention_list.told(database, changes, zone)


def _questions(form: forms.Draft, who: Viewer, database: Session, people: Sequence[Known]) -> dict[str, Any]:
    mode = forms.choice(form, "mode", "How", Mode)
    values: dict[str, Any] = {"mode": mode}
    providers = intervention_fields.open_providers(database)
    if mode not in WITHOUT_PERSON:
        titles = {known.id: known.title for known in people}
        values["person_id"] = st.selectbox(
            "Person",
            list(titles),
            format_func=lambda key: titles[key],
            index=None,
            placeholder="Name or code",
            key=form.key("person_id"),
        )
        form.wrong("person_id")
        values["referral_id"] = _referral(form, database, values["person_id"])
    values |= intervention_fields.what(form, who) | intervention_fields.by_mode(form, mode, providers)
    values["note"] = intervention_fields.note(form)
    values["reason"] = forms.text(form, "reason", "Why is it changed?", placeholder="It took longer", max_chars=200)
    return values


def _referral(form: forms.Draft, database: Session, person_id: int | None) -> int | None:
    rows = database.scalars(
        select(Referral).where(Referral.person_id == person_id).order_by(Referral.received_at.desc())
    ).all()
    if person_id is None or not rows:
        return None
    zone = session.pilot().time_zone
    titles = {row.id: referral_title(row, clock(row.received_at, zone)) for row in rows}
    picked = st.selectbox(
        "Answers the referral",
        list(titles),
        format_func=lambda key: titles[key],
        index=None,
        placeholder="None",
        key=form.key("referral"),
    )
    form.wrong("referral_id")
    return picked


def _save(form: forms.Draft, who: Viewer, entry: int, values: Mapping[str, Any]) -> Saved:
    seen, _ = form.stands().get("seen", (0, None))
    edit = checked(EditForm, {**values, "seen": seen})
    try:
        with record_session(session.bind(), who) as database:
            return edit_intervention(database, who, entry, edit)
    except Stale as error:
        session.remember(STALE, (form.name, error.theirs, same_values(edit)))
        raise Invalid({"stale": str(error)}) from error


def _done(saved: Saved) -> None:
    for doubt in saved.doubts:
        st.toast(doubt, icon=":material/help:")
    _close()
    st.toast("Changed", icon=":material/check:")


def _close() -> None:
    """What was changed and not saved stays as a draft."""
    session.forget(STALE)
    st.query_params.clear()


def _both(form: forms.Draft, who: Viewer, database: Session, zone: str) -> None:
    """Somebody changed it meanwhile: theirs beside yours, and the choice between them."""
    kept = session.recall(STALE)
    if not isinstance(kept, tuple) or kept[0] != form.name:
        return
    theirs: Sequence[Change] = kept[1]
    yours: Mapping[str, Any] = kept[2]
    base, newest = _merged(theirs)
    form.wrong("stale")
    with st.container(border=True, key="both-versions"):
        last = theirs[-1]
        st.markdown(f"**{plain(last.by)} changed it on {clock(last.at, zone)}: {plain(last.reason)}**")
        for name, title in WORDS.items():
            if name in newest:
                said = [in_words(database, name, values[name], zone) for values in (base, newest, yours)]
                st.markdown(
                    f"{title}: it was {plain(said[0])}  \nTheirs: **{plain(said[1])}**  \nYours: **{plain(said[2])}**"
                )
        mine = dict(yours) | {name: value for name, value in newest.items() if yours[name] == base[name]}
        st.button(
            "Go on with mine",
            key="stale-mine",
            on_click=_take,
            args=(form, who, mine, last.number),
            help="Your answers; theirs where you had changed nothing. Look at it, then save.",
            width="stretch",
        )
        st.button("Take theirs", key="stale-theirs", on_click=_take_theirs, args=(form,), width="stretch")


def _merged(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the changed fields said before all of these changes, and what they say after them."""
    base: dict[str, Any] = {}
    newest: dict[str, Any] = {}
    for change in changes:
        for name, (old, new) in change.fields.items():
            base.setdefault(name, old)
            newest[name] = new
    return base, newest


def _take(form: forms.Draft, who: Viewer, values: Mapping[str, Any], seen: int) -> None:
    form.errors = {}
    form.fill(intervention_fields.say(values, who) | {"seen": seen, "referral": values["referral_id"]})
    session.forget(STALE)


def _take_theirs(form: forms.Draft) -> None:
    form.start_over()
    session.forget(STALE)
