"""The page Present: which edition, how it stands, the way to the full screen, and its parts."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import (
    act,
    peers,
    present_check,
    present_compare,
    present_files,
    present_links,
    present_questions,
    present_slides,
    session,
)
from dashboard.ui.exhibit import nothing, plain
from dashboard.ui.present_opened import Opened, address, opened_edition
from db.access import Permission, Viewer
from db.commands.editions import editions
from db.engine import record_session
from db.errors import TandemError
from db.forms import clock
from db.models import Edition

PLACE = "meeting"
WHICH = "edition"
Part = Callable[[Viewer, Session, Edition, Opened], None]
PARTS: Mapping[str, tuple[str, Part]] = {
    "check": ("Check and approve", present_check.show),
    "slides": ("Slides", present_slides.show),
    "questions": ("Questions", present_questions.show),
    "files": ("Files", present_files.show),
    "links": ("Links", present_links.show),
    "compare": ("What changed", present_compare.show),
    "peers": ("Other cities", lambda viewer, database, row, opened: peers.show(viewer)),
}
FOR_WHO_PRESENTS = ("questions", "files")
"""The parts for who opens an approved edition and prepares none."""


def heading(viewer: Viewer) -> None:
    st.markdown("# Present")
    told = "Public figures only: small counts are hidden, nothing identifies anyone. An approved edition never changes."
    st.caption(told)
    act.told(viewer, PLACE)


def show(viewer: Viewer) -> None:
    """The chosen edition with its parts; the newest one at first."""
    with record_session(session.bind(), viewer) as database:
        rows = [row for row in editions(database) if viewer.may(Permission.prepare_meeting) or not row.withdrawn_at]
        if not rows:
            nothing(_none_yet(viewer))
            return
        row = _chosen(rows)
        try:
            opened = opened_edition(row)
        except TandemError as error:
            st.error(plain(str(error)), icon=":material/gpp_bad:")
            return
        _state(row, len(opened.document.decks["en"]))
        names = tuple(PARTS) if viewer.may(Permission.prepare_meeting) else FOR_WHO_PRESENTS
        part = st.segmented_control(
            "Part",
            names,
            default=names[0],
            required=True,
            format_func=lambda name: PARTS[name][0],
            key="meeting-part",
            bind="query-params",
            label_visibility="collapsed",
        )
        PARTS[str(part)][1](viewer, database, row, opened)


def _none_yet(viewer: Viewer) -> str:
    if viewer.may(Permission.prepare_meeting):
        return "No edition yet. Prepare a meeting above: it freezes the figures under a number."
    return "Nothing has been published yet. The police department prepares and approves an edition before the meeting."


def _chosen(rows: Sequence[Edition]) -> Edition:
    by_number = {row.number: row for row in rows}
    wanted = session.recall(WHICH)
    numbers = list(by_number)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        picked = st.selectbox(
            "Edition",
            numbers,
            index=numbers.index(str(wanted)) if wanted in by_number else 0,
            format_func=lambda number: _named(by_number[number]),
            key=f"edition-{wanted or ''}-{len(numbers)}",
            width=420,
        )
        row = by_number[str(picked)]
        with st.container(horizontal=True, width="content"):
            st.link_button(
                "Open slides", address(row.number), icon=":material/slideshow:", type="primary", width="content"
            )
            presenter = f"{address(row.number)}#presenter"
            st.link_button("Presenter view", presenter, icon=":material/co_present:", width="content")
    if picked != wanted:
        session.remember(WHICH, picked)
    return row


def _named(row: Edition) -> str:
    state = "withdrawn" if row.withdrawn_at else "approved" if row.approved_at else "draft"
    return f"{row.number} · {row.title} · {state}"


def _state(row: Edition, slides: int) -> None:
    zone = session.pilot().time_zone
    period = f"figures {words.day(row.first)} to {words.day(row.last)}, as of {words.day(row.as_of)}"
    said = [f"**Edition {row.number}**", period, f"{slides} slides"]
    if row.withdrawn_at is not None:
        st.error(
            plain(f"Withdrawn {clock(row.withdrawn_at, zone)} by {row.withdrawn_by}: {row.withdraw_reason}"),
            icon=":material/block:",
        )
    elif row.approved_at is not None:
        said.append(
            f":green[:material/verified: approved {clock(row.approved_at, zone)} by {plain(row.approved_by or '')}]"
        )
    else:
        said.append(":orange[:material/edit: draft: only who prepares the meeting sees it]")
    if row.with_provisional:
        said.append("with weeks that are not certified, marked")
    st.markdown(" · ".join(said))
