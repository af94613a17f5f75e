"""The page of referrals: those that wait, oldest first, and what was decided lately; or the one a link names."""

from collections.abc import Sequence

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard.ui import act, session
from dashboard.ui import referral_cards as cards
from dashboard.ui.exhibit import plain
from dashboard.ui.referral_cards import Around
from db.access import Viewer
from db.commands import referrals
from db.engine import record_session
from db.forms import clock
from db.models import Referral, ReferralClosing
from db.vocab import ReferralStatus, label

SHOWN, PER_PAGE = 8, 20
PLACE = "referrals"


def show(who: Viewer) -> None:
    """The linked one first; then three lists, or what was decided."""
    with record_session(session.bind(), who) as database:
        rows = referrals.waiting(database)
        linked = _linked(database)
        around = Around.of(database, who, [*rows, linked] if linked else rows, PLACE)
        act.told(who, PLACE)
        if linked is not None:
            _opened(around, linked, database)
        which = st.segmented_control(
            "Which", ["Waiting", "Decided"], default="Waiting", key="referrals-which", label_visibility="collapsed"
        )
        if which == "Decided":
            _decided(around, database)
            return
    rest = [row for row in rows if linked is None or row.id != linked.id]
    _waiting(around, rest)


def _waiting(around: Around, rows: Sequence[Referral]) -> None:
    if not rows:
        st.info("Nobody is waiting. A new referral appears here by itself.", icon=":material/inbox:")
    _list(around, "New", [r for r in rows if r.status is ReferralStatus.new])
    accepted = [r for r in rows if r.status is ReferralStatus.accepted]
    _list(around, "Accepted, nobody tried yet", [r for r in accepted if not r.attempts])
    _list(around, "Tried, not reached", [r for r in accepted if r.attempts])


def _list(around: Around, title: str, rows: Sequence[Referral]) -> None:
    if not rows:
        return
    st.subheader(f"{title} · {len(rows)}", anchor=False)
    every = len(rows) <= SHOWN or st.toggle(f"Show all {len(rows)}", key=f"all-{title}")
    for row in rows if every else rows[:SHOWN]:
        with st.container(border=True):
            _card(around, row)


def _card(around: Around, row: Referral) -> None:
    cards.heading(around, row)
    cards.lines(around, row)
    with st.container(horizontal=True):
        if row.status is ReferralStatus.new:
            cards.accept(around, row)
            cards.decline(around, row)
        else:
            cards.tried_now(around, row)
        cards.attempt(around, row)
        cards.schedule(around, row)
        cards.assign(around, row)
        if row.person_id is None:
            cards.tie(around, row)
        else:
            cards.log(around, row)
        if row.status is ReferralStatus.accepted:
            cards.close(around, row)


def _linked(database: Session) -> Referral | None:
    """The referral that the address names, if it is one that this viewer may see."""
    asked = st.query_params.get("referral", "")
    if not asked.isdecimal() or len(asked) > 9:
        return None
    return database.scalars(
        select(Referral)
        .where(Referral.id == int(asked))
        .options(selectinload(Referral.needs), selectinload(Referral.attempts), selectinload(Referral.detail))
    ).first()


def _opened(around: Around, row: Referral, database: Session) -> None:
    with st.container(border=True, key="referral-opened"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Referral {row.id} · {label(row.status)}", width="stretch")
            if st.button("Show all", key="referral-all", icon=":material/list:"):
                st.query_params.clear()
                st.rerun()
        if cards.decided(row):
            cards.heading(around, row)
            cards.lines(around, row)
            _reopen(around, row, _ended(database, row))
        else:
            _card(around, row)


def _decided(around: Around, database: Session) -> None:
    query = (
        select(Referral)
        .where(Referral.status.in_((ReferralStatus.declined, ReferralStatus.closed)))
        .order_by(Referral.decided_at.desc(), Referral.id.desc())
        .options(selectinload(Referral.needs), selectinload(Referral.attempts), selectinload(Referral.detail))
    )
    rows = database.scalars(query).all()
    if not rows:
        st.info("Nothing was declined or closed yet.", icon=":material/inbox:")
        return
    pages = -(-len(rows) // PER_PAGE)
    page = st.pagination(pages, key="referrals-decided") if pages > 1 else 1
    st.caption(f"{len(rows):,} declined or closed, the latest decision first")
    for row in rows[(page - 1) * PER_PAGE : page * PER_PAGE]:
        with st.container(border=True):
            cards.heading(around, row)
            received = clock(row.received_at, session.pilot().time_zone)
            _reopen(around, row, f"Received {received}. {_ended(database, row)}")


def _ended(database: Session, row: Referral) -> str:
    """“Declined on 3 Nov 2026, 10:00: outside the city”."""
    zone = session.pilot().time_zone
    if row.status is ReferralStatus.declined:
        when = clock(row.decided_at, zone) if row.decided_at else ""
        why = f": {label(row.decline_reason).lower()}" if row.decline_reason else ""
        return f"Declined on {when}{why}"
    closing = database.get(ReferralClosing, row.id)
    return f"Closed on {clock(closing.at, zone)}: {label(closing.reason).lower()}" if closing else "Closed"


def _reopen(around: Around, row: Referral, ended: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(f"{ended}."), width="stretch")
        if st.button("Reopen", key=f"reopen-{row.id}", icon=":material/undo:"):
            words = f"{around.name(row).split(' · ')[-1]}: open again."
            act.run(around.who, PLACE, lambda s: referrals.reopen_referral(s, around.who, row.id), words)
