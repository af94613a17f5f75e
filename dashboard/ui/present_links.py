"""Links that open one edition without a sign-in: made, told once, revoked."""

from datetime import date, timedelta

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.meeting_page import link_address
from dashboard.ui import act, forms, money_parts, session
from dashboard.ui.exhibit import plain
from dashboard.ui.present_opened import Opened
from db.access import Viewer
from db.commands.edition_links import Given, create_link, links, revoke_link
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.questions import LinkForm
from db.models import Edition

PLACE = "meeting-links"
MADE = "meeting.link"
LASTS = timedelta(days=28)
"""Unless somebody says otherwise."""
STATES = {"open": ":green[:material/link: works]", "expired": "has ended", "revoked": "revoked"}


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    """Who may open this edition by a link, until when; a new link is told once."""
    with st.container(key="told-place-links"):
        act.told(viewer, PLACE)
    st.caption(
        "A link shows this edition and nothing else, to whoever holds it, until it ends or is revoked. It signs nobody "
        "in; each opening is in the audit."
    )
    if row.approved_at is None or row.withdrawn_at is not None:
        st.info("Links are made for an approved edition that stands.", icon=":material/link_off:")
    else:
        _made(row)
        _new(viewer, row, forms.draft(f"link-{row.id}", banner=False))
    for link in links(database, viewer, row.id):
        _link(viewer, link)


def _new(viewer: Viewer, row: Edition, form: forms.Draft) -> None:
    if form.fresh:
        form.begin_with({"expires_on": viewer.today + LASTS})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.text_input(
            "For whom", key=form.key("label"), max_chars=80, placeholder="Public Safety Committee", width=320
        )
        until = money_parts.day(form, "expires_on", "Until, inclusive", min_value=viewer.today, width=180)
        if st.button("Make a link", icon=":material/add_link:", key=form.key("save"), type="primary"):
            _make(viewer, row, form, label, until)
    if form.errors:
        st.error(plain(" ".join(form.errors.values())), icon=":material/error:")


def _make(viewer: Viewer, row: Edition, form: forms.Draft, label: str, until: date | None) -> None:
    try:
        with record_session(session.bind(), viewer) as database:
            values = {"label": label, "expires_on": until}
            token = create_link(database, viewer, row.id, **checked(LinkForm, values).model_dump())
    except TandemError as error:
        form.errors = getattr(error, "errors", {"": str(error)})
    else:
        form.start_over()
        session.remember(MADE, (row.id, label, token))
    st.rerun()


def _made(row: Edition) -> None:
    """The link's secret part is not stored: it stands here until the page is left."""
    made = session.recall(MADE)
    if not isinstance(made, tuple) or made[0] != row.id:
        return
    address = link_address(made[2])
    with st.container(border=True, key="link-made"):
        st.markdown(f":material/check: The link for {plain(made[1])}. Copy it now: it is not shown again.")
        st.code(address, language=None, wrap_lines=True)
        if address.startswith("/"):
            st.caption("Put in front of it the address under which people reach Tandem (TANDEM_PUBLIC_URL sets it).")


def _link(viewer: Viewer, link: Given) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"link-{link.id}"):
        st.markdown(
            f"**{plain(link.label)}** · {STATES[link.state]}  \n:small[:gray[until {words.day(link.last_day)} · made "
            f"{clock(link.created_at, session.pilot().time_zone)} by {plain(link.created_by)}]]",
            width="stretch",
        )
        if link.state == "open" and st.button("Revoke", icon=":material/link_off:", key=f"revoke-{link.id}"):
            act.run(
                viewer,
                PLACE,
                lambda database: revoke_link(database, viewer, link.id),
                f"The link for {link.label} no longer works.",
            )
