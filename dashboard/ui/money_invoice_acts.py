"""What can be done with an invoice: accept it, dispute it, send it back, record that it was paid."""

from collections.abc import Mapping
from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import act, forms, money_parts
from dashboard.ui.exhibit import plain
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
            _button("Dispute", place, row, partial(_dispute, viewer, row), ":material/front_hand:")
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
    if through is not None and row.service_to <= through:
        st.caption(f"{money_parts.month_name(row.service_to)} is closed: it counts in a month that is open.")
    st.markdown(f"**Will be booked as expenditures on {words.day(on)}**")
    st.markdown("\n".join(f"- {line}" for line in _booked(row, money_parts.lines(database))))
    total = sum((part.amount for part in row.parts), ZERO)
    st.markdown(f"Total **{money_parts.cents(total)}**")
    values = {"invoice_id": row.id, "accrued_on": on}
    forms.save_button(
        form,
        f"Accept {row.number}",
        lambda: money_parts.commit(viewer, accept_invoice, checked(AcceptForm, values)),
        lambda saved: money_parts.tell(
            PLACE, f"{row.payee}, {row.number}: accepted, {words.money(total, cents=True)} booked.", saved.doubts
        ),
    )


def _booked(row: Invoice, lines: Mapping[int, str]) -> list[str]:
    """“Benefits $3,438.70, October”, for each part."""
    told = []
    for part in row.parts:
        more = "".join(f", {word}" for word in (plain(part.description), "one-off" if part.one_off else "") if word)
        told.append(f"{plain(lines.get(part.line_id, '?'))} {money_parts.cents(part.amount)}{more}")
    return told


def _dispute(viewer: Viewer, row: Invoice) -> None:
    form = forms.draft(f"dispute-{row.id}")
    if form.fresh and row.disputed:
        form.begin_with({"reason": row.disputed})
    said = "Why it waits" if not row.disputed else "Why it waits; empty when the dispute is settled"
    values = {"invoice_id": row.id, "reason": money_parts.reason(form, said, "Hours of 12 Oct are not confirmed")}
    forms.save_button(
        form,
        "Save the dispute",
        lambda: money_parts.commit(viewer, dispute_invoice, checked(DisputeForm, values)),
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
        lambda: money_parts.commit(viewer, withdraw_invoice, checked(WithdrawForm, values)),
        lambda saved: money_parts.tell(PLACE, f"{row.payee}, {row.number}: sent back.", saved.doubts),
        icon=":material/undo:",
    )


def _pay(viewer: Viewer, row: Invoice, state: str) -> None:
    named = f"{row.payee}, {row.number}"
    payment_form(viewer, f"pay-{row.id}", {"invoice_id": row.id}, named, PLACE, again=state == "paid")


def payment_form(viewer: Viewer, name: str, what: Mapping[str, int], named: str, place: str, *, again: bool) -> None:
    """The day ``what`` (an invoice or an entry) was paid; ``again``: it has a payment date, which may be wrong."""
    form = forms.draft(name)
    if form.fresh and not again:
        form.begin_with({"paid_on": viewer.today})
    title = "Paid on; empty if it was not paid after all" if again else "Paid on"
    on = money_parts.day(form, "paid_on", title)
    said = f"{named}: {f'paid {words.day(on)}' if on else 'not paid'}."
    forms.save_button(
        form,
        "Save the payment date",
        lambda: money_parts.commit(viewer, record_payment, checked(PaymentForm, {**what, "paid_on": on})),
        lambda saved: money_parts.tell(place, said, saved.doubts),
        icon=":material/payments:",
    )
