"""Where does the money stand, and what is booked? Finance writes, the chief reads."""

import streamlit as st

from dashboard.ui import live, money, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_money)
pilot = session.pilot()
st.title("Budget", anchor=False)


@live.fragment(Scope.money)
def figures() -> None:
    """Drawn again by itself when somebody books or closes."""
    who = session.require(Permission.see_money)
    money.heading(who, pilot)
    with st.grid(2, min_column_width=420, gap="small", key="budget-figures"):
        money.totals(who)
        money.burn(who, pilot)


@live.fragment(Scope.money, key="ledger")
def ledger() -> None:
    money.ledger(session.require(Permission.see_money))


figures()
if viewer.may(Permission.write_money):
    entry, others = st.columns([3, 2])
    with entry, st.container(border=True):
        money.entry_form(viewer)
    with others:
        with st.container(border=True):
            money.void_form(viewer)
        with st.container(border=True):
            money.months(viewer, pilot)
ledger()
