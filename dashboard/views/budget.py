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
    live.version(Scope.money, Scope.setup, Scope.work)
    money_lines_public.page(session.require(Permission.see_lines), session.pilot())


@st.fragment
def figures() -> None:
    """Drawn again by itself when somebody books or closes."""
    live.version(Scope.money, Scope.setup)
    who, pilot = session.require(Permission.see_money), session.pilot()
    money_overview.heading(who, pilot)
    money_overview.alerts(who, pilot)
    money_overview.clock(who, pilot)
    with st.grid(2, min_column_width=420, gap="small", key="budget-figures"):
        money_overview.lines(who, pilot)
        money_overview.burn(who, pilot)
    money_overview.table(who, pilot)
    money_overview.desk_switch(who, pilot)
    money_overview.vacancies(who, pilot)


@st.fragment
def bought() -> None:
    """Apart: this moves with the work as well."""
    live.version(Scope.money, Scope.work, Scope.setup, key="bought")
    money_overview.bought(session.require(Permission.see_money), session.pilot())


@st.fragment
def ledger() -> None:
    live.version(Scope.money, key="ledger")
    money.ledger(session.require(Permission.see_money))


if not viewer.may(Permission.see_money):
    published()
    st.stop()
figures()
bought()
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
