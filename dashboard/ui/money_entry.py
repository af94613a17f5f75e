"""One entry of the ledger: a new one, and the counter-entry that takes one back."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import forms, money_parts, session
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.money import record_entry, void_entry
from db.engine import record_session
from db.forms import checked
from db.forms.money import EntryForm, VoidForm
from db.ledger import closed_through
from db.models import LedgerEntry
from db.vocab import EntryKind, label

PLACE = "ledger"
KIND_HELP = (
    "Obligation: a contract or order that requires payment, dated the day it was signed. "
    "Expenditure: service rendered or goods delivered, and payment due. "
    "Adjustment: corrects what was spent, up or down, in an open month."
)


def entry_form(viewer: Viewer) -> None:
    """A new entry. A refused one keeps what was typed; a doubtful one is stored, and what is doubtful is said."""
    form = forms.draft("ledger")
    with record_session(session.bind(), viewer) as database:
        lines, payees = money_parts.lines(database), money_parts.payees(database)
        named, _ = form.stands().get("payee", (None, None))
        contracts = money_parts.contracts_of(database, named)
    st.subheader("Add an entry", anchor=False)
    st.caption("An invoice with its service period belongs under Invoices: accepted there, it is booked by itself.")
    values: dict[str, Any] = {"kind": forms.choice(form, "kind", "What it is", EntryKind, help=KIND_HELP)}
    left, middle, right = st.columns(3)
    with left:
        values["line_id"] = money_parts.pick(form, "line_id", "Budget line", list(lines), lines)
        values["amount"] = money_parts.amount(form, "amount")
    with middle:
        values["payee"] = money_parts.pick(form, "payee", "Payee", payees, new=True)
        values["invoice_number"] = forms.text(form, "invoice_number", "Invoice number", max_chars=40)
    with right:
        values["on_date"] = money_parts.day(form, "on_date", "Date signed, or date payment fell due")
        values["paid_on"] = money_parts.day(form, "paid_on", "Payment date, if it is paid")
    if contracts:
        values["contract_id"] = money_parts.pick(
            form, "contract_id", "Contract it belongs to", list(contracts), contracts
        )
    values["description"] = forms.text(form, "description", "Description", placeholder="October hours", max_chars=200)
    values["one_off"] = st.checkbox(
        "One-off cost", key=form.key("one_off"), help="Equipment or training: left out of the projected daily rate."
    )
    forms.save_button(
        form,
        "Book it",
        lambda: money_parts.commit(viewer, record_entry, checked(EntryForm, values | {"submit_key": form.key_of_save})),
        lambda saved: money_parts.tell(PLACE, f"Entry {saved.id} is booked.", saved.doubts),
    )


def void_form(viewer: Viewer, database: Session, entry: LedgerEntry) -> None:
    """Asks for the reason and shows the counter-entry before it is booked. Nothing is deleted."""
    form = forms.draft(f"void-{entry.id}")
    through = closed_through(database)
    closed = through is not None and entry.on_date <= through
    on = viewer.today if closed else entry.on_date
    st.markdown(
        f"Will be booked: **{label(entry.kind)} of {money_parts.cents(-entry.amount)}** on {entry.line.name}, "
        f"{words.day(on)}. Both entries stay in the ledger."
    )
    if closed:
        st.caption(f"{money_parts.month_name(entry.on_date)} is closed, so the counter-entry carries today's date.")
    values = {"entry_id": entry.id, "reason": money_parts.reason(form, "Why", "Booked twice")}
    forms.save_button(
        form,
        "Void it",
        lambda: _void(viewer, values),
        lambda saved: money_parts.tell(PLACE, f"Entry {entry.id} is voided by entry {saved.id}."),
        icon=":material/undo:",
    )


def _void(viewer: Viewer, values: Mapping[str, Any]) -> Saved:
    with record_session(session.bind(), viewer) as database:
        return Saved(void_entry(database, viewer, checked(VoidForm, values)).id)
