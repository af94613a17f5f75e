"""What to know before an edition is approved, and its approval, Spanish, withdrawal."""

from collections.abc import Iterator, Mapping

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import reading
from dashboard.leaf import Leaf
from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from dashboard.ui.present_opened import Opened
from db.access import Permission, Viewer
from db.commands.editions import approve, discard_draft, sign_spanish, withdraw_edition
from db.forms import checked, clock
from db.forms.meetings import SignForm, WithdrawForm
from db.models import Edition
from db.vocab import Lang

PLACE = "meeting-check"


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    """First what is uncertified or missing, then each slide's reservations, then the decision."""
    with st.container(key="told-place-check"):
        act.told(viewer, PLACE)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _gaps(opened)
        _slides(opened)
        _reading(row, opened)
    with right:
        _decide(viewer, row)
        _spanish(viewer, row)
        _away(viewer, row)


def _gaps(opened: Opened) -> None:
    gaps = opened.content.gaps
    with st.container(border=True, gap="xsmall"):
        st.markdown("**What is not certified, or missing?**")
        if not gaps:
            st.markdown(":material/check: Nothing: every week is certified, every month closed, all calls are loaded.")
        for gap in gaps:
            st.markdown(f":orange[:material/warning:] {plain(gap.said['en'])}")


def _slides(opened: Opened) -> None:
    found = [(k, leaf, said) for k, leaf in enumerate(opened.document.decks["en"], 1) for said in _about(leaf)]
    with st.container(border=True, gap="xsmall"):
        st.markdown("**What should you know about single slides?**")
        if not found:
            st.markdown(":material/check: Nothing: each has its figures, and none hides or waits for anything.")
        for k, leaf, said in found:
            st.markdown(f"{k} · {plain(leaf.title)} :gray[{plain(said)}]")


def _about(leaf: Leaf) -> Iterator[str]:
    if leaf.withheld:
        yield f"It says why it cannot be shown: {leaf.sentence}"
    if leaf.computed:
        yield "Its claim is in somebody's own words; the computed one stands in the note."
    result = leaf.result
    if result is None or leaf.withheld:
        return
    if result.provisional:
        yield "It rests on weeks that are not certified yet."
    if "hidden" in result.table and bool(result.table["hidden"].any()):
        yield "It hides small counts."


def _reading(row: Edition, opened: Opened) -> None:
    state = f"{row.digest} {row.deck} {row.spanish_signed_at}"
    names: Mapping[Lang, str] = {"en": "English", "es": "Spanish"}
    for lang, name in names.items():
        hard = _hard(opened, lang, state)
        if not hard:
            st.markdown(f":material/check: {name}: every sentence is easy to read.")
            continue
        with st.expander(f"{name}: {len(hard)} hard sentences", icon=":material/menu_book:"):
            for slide, said, score in hard:
                measured = f"school year {score:g}" if lang == "en" else f"ease {score:g} of 100"
                st.markdown(f"{plain(said)}  \n:small[:gray[{plain(slide)} · {measured}]]")


@st.cache_data(show_spinner=False, max_entries=16)
def _hard(_opened: Opened, lang: Lang, state: str) -> list[tuple[str, str, float]]:
    return reading.hard(_opened.document.decks[lang], lang)


def _decide(viewer: Viewer, row: Edition) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Approval**")
        if row.withdrawn_at is not None:
            st.caption("Withdrawn editions are not approved. Prepare the meeting anew.")
        elif row.approved_at is not None:
            zone = session.pilot().time_zone
            st.markdown(
                f":material/verified: {plain(row.approved_by or '')}, {clock(row.approved_at, zone)}. Figures, order "
                "and words stay as they are; the council can open it."
            )
        elif not viewer.may(Permission.approve_meeting):
            st.caption("The chief approves it. Until then only who prepares the meeting can open it.")
        else:
            _approve(viewer, row)
        st.caption(plain(f"Figures: SHA-256 {row.digest[:16]}…"))


def _approve(viewer: Viewer, row: Edition) -> None:
    with st.popover("Approve this edition", icon=":material/verified:", type="primary", width="stretch"):
        st.markdown(
            f"From now on nothing in **{row.number}** changes, and the council may open it. A mistake found later is "
            "corrected in the next edition, or this one is withdrawn."
        )
        if st.button("Yes, I approve it", type="primary", width="stretch", key=f"approve-{row.id}"):
            act.run(
                viewer, PLACE, lambda database: approve(database, viewer, row.id), f"Edition {row.number} is approved."
            )


def _spanish(viewer: Viewer, row: Edition) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Spanish**")
        if row.spanish_signed_at is not None:
            st.markdown(f":material/check: Reviewed by {plain(row.spanish_signed_by or '')}.")
            return
        st.caption("Marked “not yet reviewed” on every slide and file until a person who reads Spanish signs it.")
        if row.withdrawn_at is None:
            with st.popover("Sign the Spanish", icon=":material/translate:", width="stretch"):
                name = st.text_input("Who has read it", key=f"spanish-{row.id}", max_chars=120)
                if st.button("It is right", key=f"spanish-yes-{row.id}", disabled=not name.strip()):
                    act.run(
                        viewer,
                        PLACE,
                        lambda database: sign_spanish(database, viewer, row.id, checked(SignForm, {"name": name})),
                        f"The Spanish of {row.number} is reviewed.",
                    )


def _away(viewer: Viewer, row: Edition) -> None:
    if row.withdrawn_at is not None:
        return
    if row.approved_at is None:
        with st.popover("Discard this draft", icon=":material/delete:", width="stretch"):
            st.markdown(
                f"Draft **{row.number}** goes, with the order and words of its slides. The audit keeps its number."
            )
            if st.button("Yes, discard it", key=f"discard-{row.id}"):
                act.run(
                    viewer,
                    PLACE,
                    lambda database: discard_draft(database, viewer, row.id),
                    f"Draft {row.number} is discarded.",
                )
    elif viewer.may(Permission.approve_meeting):
        with st.popover("Withdraw this edition", icon=":material/block:", width="stretch"):
            st.markdown("The council can no longer open it, and links to it say so. It stays here, with your reason.")
            reason = st.text_input("Why", key=f"withdraw-why-{row.id}", max_chars=200)
            if st.button("Yes, withdraw it", key=f"withdraw-{row.id}", disabled=not reason.strip()):
                act.run(
                    viewer,
                    PLACE,
                    lambda database: withdraw_edition(
                        database, viewer, row.id, checked(WithdrawForm, {"reason": reason})
                    ),
                    f"Edition {row.number} is withdrawn.",
                )
