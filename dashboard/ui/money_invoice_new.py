"""Receive an invoice: who sent it, for which service, and what it asks of each budget line."""

from datetime import date, timedelta
from typing import Any

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard.ui import forms, money_parts, money_rows, session
from dashboard.ui.money_invoice_acts import PLACE
from db.access import Viewer
from db.commands.invoices import receive_invoice
from db.engine import record_session
from db.forms.invoices import InvoiceForm
from db.ledger import month_after, payee_key
from db.models import Invoice


def receive(viewer: Viewer) -> None:
    """The form behind its own line; open at once where something typed was found again."""
    name, begun = "invoice", "invoice.begun"
    if session.recall(begun) is None:  # once a tab: a line that opens by itself may not close by itself
        session.remember(begun, forms.draft(name, banner=False).restored is not None)
    opened = st.expander(
        "Receive an invoice",
        expanded=bool(session.recall(begun)),
        key="receive",
        icon=":material/add_notes:",
        on_change="rerun",
    )
    if opened.open:
        with opened:
            _form(viewer, forms.draft(name))


def _form(viewer: Viewer, form: forms.Draft) -> None:
    with record_session(session.bind(), viewer) as database:
        lines, payees = money_parts.lines(database), money_parts.payees(database)
        if form.fresh:
            form.begin_with({"received_on": viewer.today})
        values = _head(form, database, payees)
    st.markdown("**What it asks of each line**")
    typed = money_rows.rows(form, lines)
    values["disputed"] = money_parts.reason(
        form, "Disputed already? Say why", "Leave it empty when nothing is wrong", "disputed"
    )
    forms.save_button(
        form,
        "Receive it",
        lambda: money_parts.commit(
            viewer, receive_invoice, money_rows.whole(InvoiceForm, values | {"submit_key": form.key_of_save}, typed)
        ),
        lambda saved: money_parts.tell(
            PLACE, f"{values['payee']}, {values['number']}: received. It is pending until it is accepted.", saved.doubts
        ),
        icon=":material/inbox:",
    )


def _head(form: forms.Draft, database: Session, payees: list[str]) -> dict[str, Any]:
    left, middle, right = st.columns(3)
    with left:
        payee = money_parts.pick(form, "payee", "Payee", payees, new=True)
        number = forms.text(form, "number", "Invoice number", max_chars=40)
    last = _last(database, payee)
    with middle:
        first = money_parts.day(form, "service_from", "Service from")
        until = money_parts.day(form, "service_to", "Service to")
    with right:
        received = money_parts.day(form, "received_on", "Received")
        due = money_parts.day(form, "due_on", "Payment due")
    contracts = money_parts.contracts_of(database, payee)
    chosen = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if contracts:
            chosen = money_parts.pick(form, "contract_id", "Contract", list(contracts), contracts, width=320)
        if last is not None:
            st.button(
                f"Same lines as {last.number}",
                key=form.key("as-last"),
                icon=":material/content_copy:",
                help="Takes over lines, descriptions, contract and the month after; the amounts are yours to write.",
                on_click=_as_last,
                args=(form, last),
            )
    return {
        "payee": payee,
        "number": number,
        "contract_id": chosen,
        "service_from": first,
        "service_to": until,
        "received_on": received,
        "due_on": due,
    }


def _last(database: Session, payee: str | None) -> Invoice | None:
    """The newest invoice of the payee that was not sent back and has its parts."""
    if not payee:
        return None
    rows = select(Invoice).where(Invoice.payee_key == payee_key(payee), Invoice.withdrawn_at.is_(None))
    newest = rows.order_by(Invoice.service_to.desc(), Invoice.id.desc()).options(selectinload(Invoice.parts))
    return next((row for row in database.scalars(newest) if row.parts), None)


def _as_last(form: forms.Draft, last: Invoice) -> None:
    first: date = month_after(last.service_to)
    form.fill(
        {"service_from": first, "service_to": month_after(first) - timedelta(days=1), "contract_id": last.contract_id}
    )
    names = ("line_id", "description", "one_off")
    money_rows.begin(form, [{name: getattr(part, name) for name in names} for part in last.parts])
