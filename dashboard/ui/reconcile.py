"""The city's books beside the ledger: totals by line and month in one table, then every difference with its action."""

from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.ui import exhibit, reconcile_settle, session
from dashboard.ui.exhibit import plain
from db.access import Permission, Viewer
from db.engine import record_session
from db.ledger import ZERO
from db.statement.reconcile import Reconciliation, Total, reconcile
from db.vocab import counted

MONEY = ("City", "Set aside", "Ledger", "Difference")
EMPTY = "No file of the city's books is loaded yet. {way}"


def compare(viewer: Viewer) -> None:
    """Where the two agree, and where not."""
    with record_session(session.bind(), viewer) as database:
        found = reconcile(database)
    writes = viewer.may(Permission.write_money)
    if not found.covers:
        way = "Load one under “Load a file”." if writes else "Finance loads them."
        exhibit.nothing(EMPTY.format(way=way))
        if writes:
            with st.container(horizontal_alignment="center"):
                first: Any = {"on_click": session.put, "args": ({"reconcile-part": "load"},)}
                if st.button("Load a file", type="primary", icon=":material/upload:", key="reconcile-first", **first):
                    st.rerun()  # the whole page, not only this part of it
        return
    _headline(found)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Do the city's books and the ledger say the same?**")
        _totals(found)
        st.caption(_method(found))
    reconcile_settle.differences(viewer, found, writes=writes)
    reconcile_settle.settled(viewer, found, writes=writes)


def _headline(found: Reconciliation) -> None:
    stretches = words.listing([f"{words.day(first)} to {words.day(last)}" for first, last in found.covers])
    if not found.open:
        aside = f" {counted(len(found.aside), 'row is', 'rows are')} set aside." if found.aside else ""
        st.success(f"Both say the same to the cent from {stretches}.{aside}", icon=":material/check:")
        return
    wait = counted(found.open, "difference waits", "differences wait")
    city, aside, ledger = (sum((getattr(t, name) for t in found.totals), ZERO) for name in ("city", "aside", "ledger"))
    rest = city - aside - ledger
    more = "the city has more" if rest > 0 else "the ledger has more" if rest < 0 else "the sums are equal"
    sum_of = f" of {words.money(abs(rest), cents=True)}" if rest else ""
    st.warning(plain(f"{wait}{sum_of} from {stretches}: {more}."), icon=":material/difference:")


def _totals(found: Reconciliation) -> None:
    rows: list[dict[str, Any]] = []
    several = len({one.month for one in found.totals}) > 1
    for line in found.by_line:
        months = [one for one in found.totals if one.line_id == line.line_id]
        rows += [_row(one, words.month(one.month)) for one in months]
        if len(months) > 1:
            rows.append(_row(line, "All months"))
    if len(found.by_line) > 1 or several:
        sums = [sum((getattr(one, side) for one in found.totals), ZERO) for side in ("city", "aside", "ledger")]
        rows.append(_row(Total(-1, "All lines", found.totals[0].month, *sums), "All months"))
    table = pd.DataFrame(rows)
    if not any(one.aside for one in found.totals):
        table = table.drop(columns="Set aside")
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(rows) < 14 else 430,
        column_config={name: st.column_config.TextColumn(alignment="right") for name in MONEY}
        | {"Line": st.column_config.TextColumn(pinned=True)},
        alt="City's total, ledger's total and their difference for each budget line and month",
    )


def _row(one: Total, month: str) -> dict[str, str]:
    return {
        "Line": one.name,
        "Month": month,
        "City": words.money(one.city, cents=True),
        "Set aside": words.money(one.aside, cents=True),
        "Ledger": words.money(one.ledger, cents=True),
        "Difference": _signed(one.difference),
    }


def _signed(amount: Decimal) -> str:
    return f"+{words.money(amount, cents=True)}" if amount > 0 else words.money(amount, cents=True)


def _method(found: Reconciliation) -> str:
    said = (
        "Difference = city − set aside − ledger, of what is spent and corrected. A matched pair counts in the month of "
        "the city's date, voided entries not at all."
    )
    if found.other_month:
        pairs = counted(found.other_month, "matched pair lies", "matched pairs lie")
        said += f" {pairs} in two different months."
    return plain(said)
