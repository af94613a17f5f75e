"""The Invoices part of the Budget page: what waits, what is due, all of them, and what can be done with each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard import words
from dashboard.ui import money_invoice_acts, money_invoice_new, money_parts, session
from dashboard.ui.exhibit import nothing, plain
from dashboard.ui.money_invoice_acts import PLACE
from db.access import Permission, Viewer
from db.engine import record_session
from db.ledger import ZERO
from db.models import Invoice, LedgerEntry
from db.vocab import counted

EMPTY = "No invoice has been received yet. Receive the first one above; it waits here until it is accepted."


def invoices(viewer: Viewer) -> None:
    """Pending first, then accepted and not paid, then all."""
    if viewer.may(Permission.write_money):
        money_invoice_new.receive(viewer)
    money_parts.told(PLACE)
    with record_session(session.bind(), viewer) as database:
        known = read(database)
        pending = [one for one in known if one.state in ("pending", "disputed")]
        due = [one for one in known if one.state == "accepted"]
        with st.grid(2, min_column_width=420, gap="medium", key="invoice-lists"):
            with st.container():
                _list(viewer, database, "Waiting to be accepted", pending, "Nothing waits.")
            with st.container():
                _list(viewer, database, "Accepted, not paid", due, "Nothing is due.")
        _all(viewer, database, known)


@dataclass(frozen=True)
class Known:
    """An invoice and where it stands. Voided: nothing of it stands in the ledger any more."""

    row: Invoice
    state: str
    amount: Decimal
    paid_on: date | None

    @classmethod
    def of(cls, row: Invoice, voided: Collection[int | None]) -> "Known":
        stand = [entry for entry in row.entries if entry.voids_id is None and entry.id not in voided]
        paid = [entry.paid_on for entry in stand]
        asked = sum((part.amount for part in row.parts), ZERO)
        amount = asked or sum((entry.amount for entry in (stand or row.entries) if entry.voids_id is None), ZERO)
        settled = [day for day in paid if day is not None]
        whole = bool(paid) and len(settled) == len(paid)
        gone = bool(row.entries) and not stand
        return cls(row, "voided" if gone else _state(row, whole), amount, max(settled) if whole else None)


def _state(row: Invoice, paid: bool) -> str:
    if row.withdrawn_at is not None:
        return "sent back"
    if row.accepted_at is not None:
        return "paid" if paid else "accepted"
    return "disputed" if row.disputed else "pending"


def read(database: Session) -> list[Known]:
    """Every invoice; what waits longest first."""
    whole = (selectinload(Invoice.parts), selectinload(Invoice.entries), selectinload(Invoice.contract))
    rows = database.scalars(select(Invoice).options(*whole).order_by(Invoice.received_on, Invoice.id))
    voided = set(database.scalars(select(LedgerEntry.voids_id).where(LedgerEntry.voids_id.is_not(None))))
    return [Known.of(row, voided) for row in rows]


def _list(viewer: Viewer, database: Session, title: str, rows: Sequence[Known], empty: str) -> None:
    total = sum((one.amount for one in rows), ZERO)
    many = f" :gray[· {len(rows)} · {money_parts.cents(total)}]" if rows else ""
    st.markdown(f"**{title}**{many}")
    if not rows:
        nothing(empty)
    for one in sorted(rows, key=lambda known: (known.row.due_on or date.max, known.row.received_on)):
        card(viewer, database, one)


def card(viewer: Viewer, database: Session, one: Known, place: str = "list") -> None:
    """One invoice: who, how much, for what, why it waits; and what can be done with it."""
    row = one.row
    lines = money_parts.lines(database)
    with st.container(border=True, gap="xsmall", key=f"invoice-{place}-{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(row.payee)}** · {plain(row.number)}", width="stretch")
            _badge(one, viewer.today)
            st.markdown(f"**{money_parts.cents(one.amount)}**")
        st.markdown("  \n".join(said(one, lines)))
        if row.disputed and one.state == "disputed":
            st.warning(f"Disputed: {plain(row.disputed)}", icon=":material/front_hand:")
        if viewer.may(Permission.write_money):
            money_invoice_acts.buttons(viewer, database, row, one.state, place)


def said(one: Known, lines: Mapping[int, str]) -> list[str]:
    """Service, dates, contract and parts, a line each."""
    row = one.row
    service = f"Service {money_parts.period(row.service_from, row.service_to)}"
    contract = f"contract {plain(row.contract.number)}" if row.contract else ""
    dated = [
        f"received {words.day(row.received_on)}",
        f"due {words.day(row.due_on)}" if row.due_on else "",
        f"counts from {words.day(row.accrued_on)}" if row.accrued_on else "",
        f"paid {words.day(one.paid_on)}" if one.paid_on else "",
    ]
    asked: Sequence[Any] = row.parts or [entry for entry in row.entries if entry.voids_id is None]
    parts = [f"{plain(lines.get(part.line_id, '?'))} {money_parts.cents(part.amount)}" for part in asked]
    back = f"{one.state.capitalize()}: {plain(row.withdrawn_reason)}" if row.withdrawn_reason else ""
    told = [
        money_parts.facts(service, *dated, contract),
        money_parts.facts(*parts),
        back,
    ]
    return [line for line in told if line]


def _badge(one: Known, today: date) -> None:
    """The age of what waits, how late what is due; words, not color alone."""
    row = one.row
    if one.state in ("pending", "disputed"):
        age = (today - row.received_on).days
        st.badge(
            f"{counted(age, 'day', 'days')} old" if age else "received today", color="orange" if age > 30 else "gray"
        )
    elif one.state == "accepted" and row.due_on is not None:
        late = (today - row.due_on).days
        if late > 0:
            st.badge(f"overdue by {counted(late, 'day', 'days')}", icon=":material/priority_high:", color="orange")
        else:
            st.badge(f"due in {counted(-late, 'day', 'days')}" if late else "due today", color="gray")
    else:
        st.badge(one.state, color="gray")


def _all(viewer: Viewer, database: Session, known: Sequence[Known]) -> None:
    st.subheader("All invoices", anchor=False)
    if not known:
        nothing(EMPTY)
        return
    newest = sorted(known, key=lambda one: (one.row.received_on, one.row.id), reverse=True)
    chosen = st.dataframe(
        pd.DataFrame([_row(one) for one in newest]),
        hide_index=True,
        height=money_parts.tall(len(newest)),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Amount": st.column_config.NumberColumn(format="dollar"),
            **{n: st.column_config.DateColumn(format="D MMM YYYY") for n in ("Received", "Due", "Paid")},
        },
        key="invoices-table",
        alt="All invoices, the newest first, with where each stands",
    )
    marked = [newest[place].row.id for place in chosen.selection.rows if place < len(newest)]
    titles = {one.row.id: f"{one.row.number} · {one.row.payee} · {one.state}" for one in newest}
    picked = st.selectbox(
        "Open an invoice",
        list(titles),
        format_func=lambda number: titles.get(number, str(number)),
        index=None,
        placeholder="Mark a row above, or choose one here",
        key=f"invoice-open-{marked[0] if marked else ''}",
    )
    wanted = picked if picked is not None else marked[0] if marked else None
    opened = next((one for one in newest if one.row.id == wanted), None)
    if opened is not None:
        card(viewer, database, opened, "opened")


def _row(one: Known) -> dict[str, Any]:
    row = one.row
    return {
        "Number": row.number,
        "Payee": row.payee,
        "Service": money_parts.period(row.service_from, row.service_to),
        "Amount": one.amount,
        "State": one.state,
        "Received": row.received_on,
        "Due": row.due_on,
        "Paid": one.paid_on,
        "Remark": row.withdrawn_reason or row.disputed or "",
    }
