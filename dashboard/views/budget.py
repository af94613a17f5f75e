"""Where does the money stand, and what is booked? Finance writes, the chief reads and approves transfers."""

import streamlit as st

from dashboard.ui import live, money, money_invoice, money_ledger, money_lines, money_months, session
from db.access import Permission
from db.vocab import Scope

PARTS = {
    "overview": "Overview",
    "invoices": "Invoices",
    "ledger": "Ledger",
    "lines": "Lines and transfers",
    "months": "Months",
}
FOR_FINANCE = ("invoices", "months")

viewer = session.require(Permission.see_money)
pilot = session.pilot()
st.title("Budget", anchor=False)
writes = viewer.may(Permission.write_money)
section = st.segmented_control(
    "Part of the page",
    [part for part in PARTS if writes or part not in FOR_FINANCE],
    default="overview",
    format_func=PARTS.__getitem__,
    required=True,
    key="part",
    bind="query-params",
    label_visibility="collapsed",
    wrap=True,
)


@st.fragment
def drawn() -> None:
    """Drawn again by itself when somebody books, decides or closes."""
    live.version(Scope.money)
    who = session.require(Permission.see_money)
    if section == "ledger":
        money_ledger.ledger(who)
    elif section == "invoices":
        money_invoice.invoices(who)
    elif section == "lines":
        money_lines.lines(who, pilot)
    elif section == "months":
        money_months.months(who, pilot)
    else:
        money.heading(who, pilot)
        with st.grid(2, min_column_width=420, gap="small", key="budget-figures"):
            money.totals(who)
            money.burn(who, pilot)


drawn()
