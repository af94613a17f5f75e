"""The parts of the Budget page: totals by line, the burn, a new entry, a void, the closing of months, the ledger."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dashboard import words
from dashboard.measures.compute import pilot_to_date
from dashboard.ui import data, exhibit, forms, session
from db.access import Viewer
from db.commands.desk import Saved
from db.commands.money import close_month, record_entry, reopen_month, void_entry
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.ledger import (
    LineTotal,
    closed_through,
    grand_total,
    line_totals,
    month_after,
    month_of,
    next_to_close,
    standing,
    the_grant,
)
from db.models import BudgetLine, LedgerEntry, Pilot
from db.vocab import EntryKind, label

SAVED = "budget.saved"
EMPTY = "Nothing is booked yet. Start with the contract: enter it as an obligation."
KIND_HELP = (
    "Obligation: a contract or order that requires payment, dated the day it was signed. "
    "Expenditure: service rendered or goods delivered, and payment due. "
    "Adjustment: corrects what was spent, up or down, in an open month."
)


def heading(viewer: Viewer, pilot: Pilot) -> None:
    """Which grant, its dates, and how far the books are closed."""
    with record_session(session.bind(), viewer) as database:
        grant, through = the_grant(database), closed_through(database)
    closed = f"closed through {words.day(through)}" if through else "no month closed yet"
    parts = [pilot.name]
    if grant is not None:
        parts += [
            f"{grant.name}: {words.money(grant.amount)}",
            f"obligate by {words.day(grant.obligate_by)}",
            f"spend by {words.day(grant.expend_by)}",
        ]
    st.caption(exhibit.plain(" · ".join([*parts, closed])))


def totals(viewer: Viewer) -> None:
    """Each line to the cent, and the sum of all."""
    with record_session(session.bind(), viewer) as database:
        lines = line_totals(database)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**How much is left on each line?**")
        if not lines:
            st.info("The budget has no lines yet. They are set with “tandem init”.")
            return
        rows = [_total_row(line) for line in (*lines, grand_total(lines))]
        amounts = ("Budget", "Obligated", "Spent", "Remaining")
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={name: st.column_config.TextColumn(alignment="right") for name in amounts}
            | {"Line": st.column_config.TextColumn(pinned=True)},
            alt="Budget, obligated, spent and remaining dollars of each budget line",
        )
        st.caption(
            "Spent = expenditures + adjustments. Remaining = budget − spent. A void counts as its opposite amount."
        )


def _total_row(line: LineTotal) -> dict[str, str]:
    over = " (over)" if line.remaining < 0 else ""
    return {
        "Line": line.name,
        "Budget": words.money(line.budget, cents=True),
        "Obligated": words.money(line.obligated, cents=True),
        "Spent": words.money(line.spent, cents=True),
        "Remaining": words.money(line.remaining, cents=True) + over,
    }


def burn(viewer: Viewer, pilot: Pilot) -> None:
    """Will the money last? The same Result as the Overview's."""
    exhibit.exhibit(data.result("burn", pilot_to_date(pilot, viewer.today)), data.versions(), height=250, empty=EMPTY)


def entry_form(viewer: Viewer) -> None:
    """A new entry. A refused one keeps what was typed; a doubtful one is stored, and what is doubtful is said."""
    form = forms.draft("ledger")
    with record_session(session.bind(), viewer) as database:
        lines = {line.id: line.name for line in database.scalars(select(BudgetLine).order_by(BudgetLine.position))}
        payees = _payees(database)
    st.subheader("Add an entry", anchor=False)
    _just_saved()
    values: dict[str, Any] = {"kind": forms.choice(form, "kind", "What it is", EntryKind, help=KIND_HELP)}
    left, right = st.columns(2)
    with left:
        values["line_id"] = _pick(form, "line_id", "Budget line", list(lines), lines)
        values["amount"] = forms.text(form, "amount", "Amount", placeholder="1,250.00", icon=":material/attach_money:")
        values["payee"] = _pick(form, "payee", "Payee", payees, new="Choose, or type a new one")
    with right:
        values["on_date"] = _day(form, "on_date", "Date signed, or date payment fell due")
        values["paid_on"] = _day(form, "paid_on", "Payment date, if it is paid")
        values["invoice_number"] = forms.text(form, "invoice_number", "Invoice number")
    values["description"] = forms.text(form, "description", "Description", placeholder="October hours")
    values["one_off"] = st.checkbox(
        "One-off cost", key=form.key("one_off"), help="Equipment or training: left out of the projected daily rate."
    )
    forms.save_button(
        form,
        "Book it",
        lambda: _book(viewer, values | {"submit_key": form.key_of_save}),
        lambda saved: session.remember(SAVED, (saved.id, saved.doubts)),
    )


def _book(viewer: Viewer, values: Mapping[str, Any]) -> Saved:
    with record_session(session.bind(), viewer) as database:
        return record_entry(database, viewer, checked(EntryForm, values))


def _just_saved() -> None:
    match session.recall(SAVED):
        case (number, doubts):
            st.success(f"Entry {number} is booked.", icon=":material/check:")
            for doubt in doubts:
                st.warning(exhibit.plain(doubt), icon=":material/help:")


def _pick(
    form: forms.Draft, name: str, title: str, options: list[Any], titles: Mapping[Any, str] | None = None, new: str = ""
) -> Any:
    picked = st.selectbox(
        title,
        options,
        format_func=lambda key: (titles or {}).get(key, str(key)),
        index=None,
        placeholder=new or "Choose one",
        accept_new_options=bool(new),
        key=form.key(name),
    )
    form.wrong(name)
    return picked


def _day(form: forms.Draft, name: str, title: str) -> Any:
    picked = st.date_input(title, value=None, key=form.key(name), format="MM/DD/YYYY")
    form.wrong(name)
    return picked


def _payees(database: Session) -> list[str]:
    return list(database.scalars(select(LedgerEntry.payee).distinct().order_by(LedgerEntry.payee)))


def void_form(viewer: Viewer) -> None:
    """Take an entry back. It stays in the ledger, beside its counter-entry."""
    form = forms.draft("void")
    with record_session(session.bind(), viewer) as database:
        newest = standing().options(joinedload(LedgerEntry.line)).order_by(LedgerEntry.id.desc())
        titles = {entry.id: _title(entry) for entry in database.scalars(newest)}
    st.subheader("Void an entry", anchor=False)
    values: dict[str, Any] = {"entry_id": _pick(form, "entry_id", "Which entry", list(titles), titles)}
    values["reason"] = forms.text(form, "reason", "Why", placeholder="Booked twice")
    forms.save_button(form, "Void it", lambda: _void(viewer, values), _voided, icon=":material/undo:")


def _voided(saved: Saved) -> None:
    st.toast(f"Voided by entry {saved.id}.", icon=":material/undo:")


def _void(viewer: Viewer, values: Mapping[str, Any]) -> Saved:
    with record_session(session.bind(), viewer) as database:
        return Saved(void_entry(database, viewer, checked(VoidForm, values)).id)


def _title(entry: LedgerEntry) -> str:
    amount = words.money(entry.amount, cents=True)
    return f"{entry.id} · {words.day(entry.on_date)} · {amount} · {entry.payee} · {entry.line.name}"


def months(viewer: Viewer, pilot: Pilot) -> None:
    """Close the month whose turn it is; open the last one again."""
    with record_session(session.bind(), viewer) as database:
        turn, through = next_to_close(database, pilot), closed_through(database)
    st.subheader("Close a month", anchor=False)
    st.caption("A closed month takes no more entries. Figures of spending are final through the last closed month.")
    over = month_after(turn)
    if viewer.today < over:
        st.info(f"{turn:%B %Y} is next. It can be closed from {words.day(over)}.", icon=":material/event:")
    elif st.button(f"Close {turn:%B %Y}", key=f"close-{turn}", icon=":material/lock:", width="stretch"):
        _act(viewer, lambda database: close_month(database, viewer, turn), f"{turn:%B %Y} is closed.")
    if through is None:
        return
    last = month_of(through)
    with st.popover(f"Reopen {last:%B %Y}", icon=":material/lock_open:", width="stretch"):
        reason = st.text_input("Why", key=f"reopen-why-{last}", placeholder="A late invoice")
        if st.button("Reopen it", key=f"reopen-{last}", type="primary", width="stretch"):
            values = {"month": last, "reason": reason}
            _act(
                viewer,
                lambda database: reopen_month(database, viewer, checked(ReopenForm, values)),
                f"{last:%B %Y} is open again.",
            )


def _act(viewer: Viewer, act: Callable[[Session], object], said: str) -> None:
    try:
        with record_session(session.bind(), viewer) as database:
            act(database)
    except TandemError as error:
        st.error(exhibit.plain(str(error)))
        return
    st.toast(said)
    st.rerun()


def ledger(viewer: Viewer) -> None:
    """Every entry, newest first, voids beside what they void."""
    with record_session(session.bind(), viewer) as database:
        whole = (joinedload(LedgerEntry.line), joinedload(LedgerEntry.invoice))
        newest = select(LedgerEntry).options(*whole).order_by(LedgerEntry.id.desc())
        entries = database.scalars(newest).all()
    st.subheader("Ledger", anchor=False)
    if not entries:
        exhibit.nothing(EMPTY)
        return
    voided = {entry.voids_id: entry for entry in entries if entry.voids_id}
    st.dataframe(
        pd.DataFrame([_ledger_row(entry, voided.get(entry.id)) for entry in entries]),
        hide_index=True,
        height=420,
        placeholder="",
        column_config={
            "No.": st.column_config.NumberColumn(width="small", pinned=True),
            "Amount": st.column_config.NumberColumn(format="dollar"),
            "Date": st.column_config.DateColumn(format="D MMM YYYY"),
            "Paid": st.column_config.DateColumn(format="D MMM YYYY"),
        },
        alt="Every entry of the ledger",
    )


def _ledger_row(entry: LedgerEntry, void: LedgerEntry | None) -> dict[str, Any]:
    """One entry. Amounts stay Decimal: no cent is lost on the way to the screen."""
    remark = f"voids {entry.voids_id}: {entry.void_reason}" if entry.voids_id else ""
    return {
        "No.": entry.id,
        "Date": entry.on_date,
        "Kind": label(entry.kind),
        "Line": entry.line.name,
        "Amount": entry.amount,
        "Payee": entry.payee,
        "Invoice": entry.invoice.number if entry.invoice else "",
        "Paid": entry.paid_on,
        "Description": entry.description,
        "Void": f"voided by {void.id}" if void else remark,
    }
