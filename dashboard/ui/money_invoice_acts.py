"""What can be done with an invoice: accept it, dispute it, send it back, record that it was paid."""

from functools import partial

import pandas as pd
import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import act, forms, money_parts
from db.access import Viewer
from db.commands.invoices import accept_invoice, dispute_invoice, record_payment, withdraw_invoice
from db.forms import checked
from db.forms.invoices import AcceptForm, DisputeForm, PaymentForm, WithdrawForm
from db.ledger import ZERO, closed_through
from db.models import Invoice

PLACE = "invoices"


def buttons(viewer: Viewer, database: Session, row: Invoice, state: str, place: str) -> None:
    """What fits the state it is in."""
    with st.container(horizontal=True, gap="small"):
        if state in ("pending", "disputed"):
            _button("Accept", place, row, partial(_accept, viewer, database, row), ":material/check:")
            title = "Change the dispute" if state == "disputed" else "Dispute"
            _button(title, place, row, partial(_dispute, viewer, row), ":material/front_hand:")
        if state in ("accepted", "paid"):
            title = "Record payment" if state == "accepted" else "Change the payment date"
            _button(title, place, row, partial(_pay, viewer, row, state), ":material/payments:")
        if state not in ("sent back", "voided"):
            _button("Send back", place, row, partial(_send_back, viewer, row), ":material/undo:")


def _button(title: str, place: str, row: Invoice, draw: partial[None], icon: str) -> None:
    act.lazily(title, f"{title}-{place}-{row.id}-{len(row.disputed or '')}", draw, icon=icon)


def _accept(viewer: Viewer, database: Session, row: Invoice) -> None:
    """Asks from which day the cost counts, and shows what will be booked."""
    form = forms.draft(f"accept-{row.id}")
    through = closed_through(database)
    if form.fresh:
        late = row.service_to > viewer.today or (through is not None and row.service_to <= through)
        form.begin_with({"accrued_on": viewer.today if late else row.service_to})
    on = money_parts.day(
        form,
        "accrued_on",
        "Counts from",
        help="Accrual: the last day of the service, or the first open month's day when that month is closed.",
    )
    lines = money_parts.lines(database)
    st.markdown("**Will be booked as expenditures**")
    table = pd.DataFrame(
        [
            {
                "Line": lines.get(part.line_id, "?"),
                "Amount": words.money(part.amount, cents=True),
                "For": part.description + (" (one-off)" if part.one_off else ""),
            }
            for part in row.parts
        ]
    )
    st.dataframe(table, hide_index=True, height="content", alt="The entries that accepting this invoice books")
    total = sum((part.amount for part in row.parts), ZERO)
    st.markdown(f"{money_parts.cents(total)} on {words.day(on)}, paid or not")
    values = {"invoice_id": row.id, "accrued_on": on}
    forms.save_button(
        form,
        f"Accept {row.number}",
        lambda: money_parts.commit(viewer, lambda base: accept_invoice(base, viewer, checked(AcceptForm, values))),
        lambda saved: money_parts.tell(
            PLACE, f"{row.payee}, {row.number}: accepted, {words.money(total, cents=True)} booked.", saved.doubts
        ),
    )


def _dispute(viewer: Viewer, row: Invoice) -> None:
    form = forms.draft(f"dispute-{row.id}")
    if form.fresh and row.disputed:
        form.begin_with({"reason": row.disputed})
    said = "Why it waits" if not row.disputed else "Why it waits; empty when the dispute is settled"
    values = {"invoice_id": row.id, "reason": money_parts.reason(form, said, "Hours of 12 Oct are not confirmed")}
    forms.save_button(
        form,
        "Save the dispute",
        lambda: money_parts.commit(viewer, lambda base: dispute_invoice(base, viewer, checked(DisputeForm, values))),
        lambda saved: money_parts.tell(
            PLACE,
            f"{row.payee}, {row.number}: {'disputed' if values['reason'] else 'no longer disputed'}.",
            saved.doubts,
        ),
        icon=":material/front_hand:",
    )


def _send_back(viewer: Viewer, row: Invoice) -> None:
    form = forms.draft(f"back-{row.id}")
    booked = " What was booked of it is voided by counter-entries." if row.accepted_at is not None else ""
    st.markdown(f"Send {row.number} back?{booked} It stays in the list, and its number is free for the right one.")
    values = {"invoice_id": row.id, "reason": money_parts.reason(form, "Why it is sent back", "Wrong month")}
    forms.save_button(
        form,
        "Send it back",
        lambda: money_parts.commit(viewer, lambda base: withdraw_invoice(base, viewer, checked(WithdrawForm, values))),
        lambda saved: money_parts.tell(PLACE, f"{row.payee}, {row.number}: sent back.", saved.doubts),
        icon=":material/undo:",
    )


def _pay(viewer: Viewer, row: Invoice, state: str) -> None:
    form = forms.draft(f"pay-{row.id}")
    if form.fresh and state == "accepted":
        form.begin_with({"paid_on": viewer.today})
    title = "Paid on" if state == "accepted" else "Paid on; empty if it was not paid after all"
    values = {"invoice_id": row.id, "paid_on": money_parts.day(form, "paid_on", title)}
    paid = f"paid {words.day(values['paid_on'])}" if values["paid_on"] else "not paid"
    forms.save_button(
        form,
        "Save the payment date",
        lambda: money_parts.commit(viewer, lambda base: record_payment(base, viewer, checked(PaymentForm, values))),
        lambda saved: money_parts.tell(PLACE, f"{row.payee}, {row.number}: {paid}.", saved.doubts),
        icon=":material/payments:",
    )
