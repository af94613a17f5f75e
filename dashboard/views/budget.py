"""Where does the money stand, and what is booked? Finance writes, the chief reads, the others see published totals."""

import streamlit as st

from dashboard.ui import live, money, money_lines_public, money_overview, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_lines)
st.title("Budget", anchor=False)


@st.fragment
def published() -> None:
    """For council and desk: totals by line."""
    live.version(Scope.money, Scope.work, Scope.setup)
    money_lines_public.page(session.require(Permission.see_lines), session.pilot())


@st.fragment
def figures() -> None:
    """Drawn again by itself when somebody books or closes, and when work is logged: what it bought counts that."""
    live.version(Scope.money, Scope.work, Scope.setup)
    money_overview.overview(session.require(Permission.see_money), session.pilot())


@st.fragment
def ledger() -> None:
    live.version(Scope.money, key="ledger")
    money.ledger(session.require(Permission.see_money))


if not viewer.may(Permission.see_money):
    published()
    st.stop()
figures()
if viewer.may(Permission.write_money):
    entry, others = st.columns([3, 2])
    with entry, st.container(border=True):
        money.entry_form(viewer)
    with others:
        with st.container(border=True):
            money.void_form(viewer)
        with st.container(border=True):
            money.months(viewer, session.pilot())
ledger()
