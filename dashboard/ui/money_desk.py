"""The parts of the Budget page: which there are for whom, and what stands in each."""

import streamlit as st

from dashboard.ui import (
    money_invoice,
    money_ledger,
    money_lines,
    money_months,
    money_overview,
    money_transfer,
    session,
)
from db.access import Permission, Viewer

PARTS = {
    "overview": "Overview",
    "invoices": "Invoices",
    "ledger": "Ledger",
    "lines": "Lines and transfers",
    "months": "Months",
}
FOR_FINANCE = ("invoices", "months")


def chosen(viewer: Viewer) -> str:
    """The part that is open, kept in the address; the chief has three of them."""
    writes = viewer.may(Permission.write_money)
    part = st.segmented_control(
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
    return part or "overview"


def overview(viewer: Viewer) -> None:
    """What waits for a decision, where the money stands, what was booked last."""
    money_transfer.waiting(viewer)
    money_overview.overview(viewer, session.pilot())
    money_ledger.newest(viewer)


def books(part: str, viewer: Viewer) -> None:
    """Every part but the Overview."""
    pilot = session.pilot()
    if part == "invoices":
        money_invoice.invoices(viewer)
    elif part == "ledger":
        money_ledger.ledger(viewer)
    elif part == "lines":
        money_lines.lines(viewer, pilot)
    else:
        money_months.months(viewer, pilot)
