"""People who are probably one: the two side by side, merged in one tap, or kept apart for good."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import do, done, link, open_person, told
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.merge import Merged, Pair, merge_people, merges_of, not_twice, undo_merge
from db.commands.people import everyone
from db.engine import record_session
from db.errors import Invalid
from db.forms import clock
from db.models import Intervention, Person, Referral

SHOWN = 8


def show(who: Viewer, pairs: Sequence[Pair]) -> None:
    """The likely pairs, likest first."""
    if not pairs:
        st.info(
            "Nobody seems to be here twice. Two codes of one person are merged on the person's own page, under Data.",
            icon=":material/check_circle:",
        )
        return
    st.caption("Keep one: everything of the other moves to it, and can be moved back.")
    every = len(pairs) <= SHOWN or st.toggle(f"Show all {len(pairs)}", key="people-twice-all")
    work = _work(who)
    for pair in pairs if every else pairs[:SHOWN]:
        with st.container(border=True):
            st.markdown(f":gray[{plain(pair.why.capitalize())}]")
            for person in (pair.first, pair.second):
                link(person.code, told(person))
            with st.container(horizontal=True):
                for kept, gone in ((pair.first, pair.second), (pair.second, pair.first)):
                    key = f"merge-{kept.id}-{gone.id}"
                    words = f"Keep {kept.code} ({_count(work.get(kept.id, 0))})"
                    if st.button(words, key=key, icon=":material/merge:", help=f"{gone.code} is merged into it"):
                        do(who, partial(_merge, who, kept.id, gone.id), f"{gone.code} is now {kept.code}")
                if st.button("Two people", key=f"apart-{pair.first.id}-{pair.second.id}"):
                    do(who, partial(_apart, who, pair.first.id, pair.second.id))


def _merge(who: Viewer, kept: int, gone: int, database: Session) -> Saved:
    return merge_people(database, who, kept, gone)


def _apart(who: Viewer, one: int, other: int, database: Session) -> Saved:
    return not_twice(database, who, one, other)


def _work(who: Viewer) -> dict[int, int]:
    """Referrals and contacts of each person: what tells which code holds the history."""
    counts: dict[int, int] = {}
    with record_session(session.bind(), who) as database:
        for column in (Referral.person_id, Intervention.person_id):
            for person, count in database.execute(select(column, func.count()).group_by(column)):
                counts[person or 0] = counts.get(person or 0, 0) + count
    return counts


def _count(entries: int) -> str:
    return "no entries" if not entries else f"{entries} {'entry' if entries == 1 else 'entries'}"


def merge_into(who: Viewer, person: Person) -> None:
    """On a person's own page: another code that is the same person."""
    form = forms.draft(f"merge-{person.code}")
    with record_session(session.bind(), who) as database:
        titles = {known.id: known.title for known in everyone(database) if known.id != person.id}
    other = st.selectbox(
        "The same person under another code",
        list(titles),
        format_func=lambda key: titles.get(key, str(key)),
        index=None,
        placeholder="Name or code",
        key=form.key("gone"),
    )
    form.wrong("gone_id")
    st.caption(f"Everything of the other code moves to {person.code}. It can be undone.")

    def save() -> Saved:
        if other is None:
            raise Invalid({"gone_id": "No other code is chosen yet. Choose the one that is the same person."})
        with record_session(session.bind(), who) as database:
            return merge_people(database, who, person.id, other)

    forms.save_button(form, f"Merge into {person.code}", save, partial(done, toast="Merged"), icon=":material/merge:")


def history(who: Viewer, person: Person) -> None:
    """Merges of this person that stand, each with its undo."""
    with record_session(session.bind(), who) as database:
        merges = [merge for merge in merges_of(database, person.id) if merge.undone_at is None]
    for merge in merges:
        if merge.gone == person.code:
            _gone(who, merge)
        else:
            with st.container(horizontal=True, vertical_alignment="center"):
                zone = session.pilot().time_zone
                st.markdown(
                    f":material/merge: {merge.gone} was merged into this code on {clock(merge.at, zone)} "
                    f"by {plain(merge.by)}.",
                    width="stretch",
                )
                _undo(who, merge)


def _gone(who: Viewer, merge: Merged) -> None:
    when = clock(merge.at, session.pilot().time_zone)
    st.info(
        f"**{merge.gone} was merged into {merge.kept}** on {when} by {plain(merge.by)}. Everything is there now.",
        icon=":material/merge:",
    )
    with st.container(horizontal=True):
        if st.button(f"Open {merge.kept}", type="primary", icon=":material/arrow_forward:"):
            open_person(merge.kept)
        _undo(who, merge)


def _undo(who: Viewer, merge: Merged) -> None:
    with st.popover("Undo the merge", icon=":material/undo:"):
        st.markdown(f"Everything that came from {merge.gone} goes back to it. What was added since stays.")
        if st.button("Undo", key=f"unmerge-{merge.id}", type="primary", width="stretch"):
            do(who, lambda database: undo_merge(database, who, merge.id), "Separated again")
