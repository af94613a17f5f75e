"""The Ledger part of the Budget page: every entry, narrowed down; one opened with all that hangs on it; files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dashboard import words
from dashboard.ui import act, money_contract, money_entry, money_invoice_acts, money_parts, session
from dashboard.ui.exhibit import nothing, plain
from dashboard.ui.money_entry import PLACE
from db.access import Permission, Viewer
from db.engine import record_session
from db.ledger import SPENT_KINDS, ZERO, month_of
from db.models import LedgerEntry
from db.statement.ledger_file import ledger_csv, ledger_rows, ledger_xlsx
from db.vocab import EntryKind, counted, label

EMPTY = "Nothing is booked yet. Start with the contract: sign it, and its sum is obligated."
NEWEST = 6
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NEW = {"entry": "Add an entry", "contract": "Sign a contract", "payees": "Payees"}


@dataclass(frozen=True)
class Row:
    """An entry and the number of the one that voids it."""

    entry: LedgerEntry
    voided_by: int | None


def ledger(viewer: Viewer) -> None:
    """What is new to write, then every entry, newest first."""
    writes = viewer.may(Permission.write_money)
    if writes:
        _write(viewer)
    money_parts.told(PLACE)
    with record_session(session.bind(), viewer) as database:
        rows = read(database)
        if not rows:
            nothing(EMPTY)
            return
        shown = _narrowed(rows)
        _sums(shown)
        number = _table(shown)
        _files(database, shown)
        opened = next((row for row in shown if row.entry.id == number), None)
        if opened is not None:
            _opened(viewer, database, opened, writes)


def newest(viewer: Viewer) -> None:
    """What was booked last, for who only looks in."""
    with record_session(session.bind(), viewer) as database:
        rows = read(database, NEWEST)
    if not rows:
        return
    st.subheader("Booked last", anchor=False)
    st.dataframe(
        pd.DataFrame([row_of(row) for row in rows]),
        hide_index=True,
        height="content",
        placeholder="",
        column_config=columns(),
        key="ledger-newest",
        alt="The newest entries of the ledger",
    )


def read(database: Session, limit: int | None = None) -> list[Row]:
    """The entries, newest first, each with its line, invoice and contract."""
    whole = (joinedload(LedgerEntry.line), joinedload(LedgerEntry.invoice), joinedload(LedgerEntry.contract))
    newest = select(LedgerEntry).options(*whole).order_by(LedgerEntry.id.desc()).limit(limit)
    entries = database.scalars(newest).all()
    voids = select(LedgerEntry).where(LedgerEntry.voids_id.is_not(None))
    by = {void.voids_id: void.id for void in database.scalars(voids)}
    return [Row(entry, by.get(entry.id)) for entry in entries]


def _write(viewer: Viewer) -> None:
    asked = st.pills("What is new", list(NEW), format_func=NEW.__getitem__, key="new", bind="query-params", wrap=True)
    if asked is None:
        return
    with st.container(border=True):
        if asked == "entry":
            money_entry.entry_form(viewer)
        elif asked == "contract":
            money_contract.contract_form(viewer)
        else:
            money_contract.payee_form(viewer)


def _narrowed(rows: Sequence[Row]) -> list[Row]:
    """The rows that every filter lets through."""
    lines = list(dict.fromkeys(row.entry.line.name for row in rows))
    months = sorted({month_of(row.entry.on_date) for row in rows}, reverse=True)
    payees = sorted({row.entry.payee for row in rows}, key=str.casefold)
    with st.grid(5, min_column_width=150, gap="small", key="ledger-filters"):
        line = _filter("Line", lines)
        kind = _filter("Kind", list(EntryKind), label)
        month = _filter("Month", months, money_parts.month_name)
        payee = _filter("Paid to", payees, key="payee")
        wanted = st.text_input("Search", key="ledger-search", placeholder="Number, amount, words")
    return [
        row
        for row in rows
        if line in (None, row.entry.line.name)
        and kind in (None, row.entry.kind)
        and month in (None, month_of(row.entry.on_date))
        and payee in (None, row.entry.payee)
        and _mentions(row, wanted or "")
    ]


def _filter(title: str, options: Sequence[Any], titled: Any = str, key: str = "") -> Any:
    return st.selectbox(
        title, options, format_func=titled, index=None, placeholder="All", key=f"ledger-{key or title.lower()}"
    )


def _mentions(row: Row, wanted: str) -> bool:
    entry, sought = row.entry, wanted.strip().casefold()
    told = [
        str(entry.id),
        entry.payee,
        entry.description,
        entry.void_reason or "",
        entry.invoice.number if entry.invoice else "",
        entry.contract.number if entry.contract else "",
        f"{entry.amount:,}",
        f"{entry.amount}",
    ]
    return any(sought in text.casefold() for text in told)


def _sums(rows: Sequence[Row]) -> None:
    """What is shown, added up: filter by a line and a month, and compare with the city's own statement."""
    many = counted(len(rows), "entry", "entries")
    obligated = _sum(rows, (EntryKind.obligation,))
    spent = _sum(rows, SPENT_KINDS)
    st.markdown(
        f"**{many}** · obligated {money_parts.cents(obligated)} · spent {money_parts.cents(spent)}"
        " :gray[· voids are counted as their opposite amount]"
    )


def _sum(rows: Sequence[Row], kinds: Sequence[EntryKind]) -> Decimal:
    return sum((row.entry.amount for row in rows if row.entry.kind in kinds), ZERO)


def _table(rows: Sequence[Row]) -> int | None:
    """The entries as a table; the number of the one that is opened."""
    if not rows:
        st.info("No entry fits. Let one of the filters go.", icon=":material/filter_alt_off:")
        return None
    table = pd.DataFrame([row_of(row) for row in rows])
    chosen = st.dataframe(
        table,
        hide_index=True,
        height=money_parts.tall(len(rows)),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config=columns(),
        key="ledger-table",
        alt="Entries of the ledger, newest first",
    )
    marked = chosen.selection.rows
    pointed = rows[marked[0]].entry.id if marked and marked[0] < len(rows) else None
    titles = {row.entry.id: title_of(row.entry) for row in rows}
    picked = st.selectbox(
        "Open an entry",
        list(titles),
        format_func=lambda number: titles.get(number, str(number)),
        index=None,
        placeholder="Mark a row above, or choose one here",
        key=f"ledger-open-{pointed or ''}",
    )
    return pointed if picked is None else picked


def _files(database: Session, rows: Sequence[Row]) -> None:
    """What is shown, as a file: formula-safe, and of the form the ledger is loaded from again."""
    if not rows:
        return
    numbers = {row.entry.id for row in rows}
    cells = [cell for cell in ledger_rows(database) if cell[0] in numbers]
    with st.container(horizontal=True, gap="small"):
        for kind, mime, made in (("CSV", "text/csv", ledger_csv), ("XLSX", XLSX, ledger_xlsx)):
            st.download_button(
                f"Download {kind}",
                partial(made, cells),
                file_name=f"ledger.{kind.lower()}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"ledger-{kind}",
            )


def columns() -> dict[str, Any]:
    return {
        "No.": st.column_config.NumberColumn(width=52, pinned=True),
        "Amount": st.column_config.NumberColumn(format="dollar"),
        "Date": st.column_config.DateColumn(format="D MMM YYYY"),
        "Paid": st.column_config.DateColumn(format="D MMM YYYY"),
    }


def row_of(row: Row) -> dict[str, Any]:
    """One entry. Amounts stay Decimal: no cent is lost on the way to the screen."""
    entry = row.entry
    remark = f"voids {entry.voids_id}: {entry.void_reason}" if entry.voids_id else ""
    return {
        "No.": entry.id,
        "Date": entry.on_date,
        "Kind": label(entry.kind),
        "Line": entry.line.name,
        "Amount": entry.amount,
        "Payee": entry.payee,
        "Invoice": entry.invoice.number if entry.invoice else "",
        "Contract": entry.contract.number if entry.contract else "",
        "Paid": entry.paid_on,
        "Description": entry.description,
        "Void": f"voided by {row.voided_by}" if row.voided_by else remark,
    }


def title_of(entry: LedgerEntry) -> str:
    amount = words.money(entry.amount, cents=True)
    return f"{entry.id} · {words.day(entry.on_date)} · {amount} · {entry.payee} · {entry.line.name}"


def _opened(viewer: Viewer, database: Session, row: Row, writes: bool) -> None:
    entry = row.entry
    with st.container(border=True, key="ledger-entry"):
        st.markdown(f"**{label(entry.kind)} {entry.id} · {money_parts.cents(entry.amount)}** · {plain(entry.payee)}")
        st.markdown("  \n".join(_facts(database, row)))
        if writes and entry.voids_id is None and row.voided_by is None:
            with st.container(horizontal=True, gap="small"):
                _acts(viewer, database, entry)


def _acts(viewer: Viewer, database: Session, entry: LedgerEntry) -> None:
    """What can be done with an entry that stands."""
    if entry.kind is EntryKind.expenditure:
        paid = entry.paid_on is not None
        act.lazily(
            "Change the payment date" if paid else "Record payment",
            f"pay-entry-{entry.id}-{paid}",
            lambda: money_invoice_acts.payment_form(
                viewer, f"pay-entry-{entry.id}", {"entry_id": entry.id}, f"Entry {entry.id}", PLACE, again=paid
            ),
            icon=":material/payments:",
        )
    act.lazily(
        "Void this entry",
        f"void-{entry.id}",
        lambda: money_entry.void_form(viewer, database, entry),
        icon=":material/undo:",
    )


def _facts(database: Session, row: Row) -> list[str]:
    entry, names = row.entry, money_parts.people(database)
    by = names.get(entry.created_by or 0)
    booked: date = entry.created_at.date()
    said = [
        money_parts.facts(plain(entry.line.name), words.day(entry.on_date), plain(entry.description)),
        _invoice(entry),
        f"Contract {plain(entry.contract.number)} of {plain(entry.contract.payee)}" if entry.contract else "",
        f"Paid {words.day(entry.paid_on)}" if entry.paid_on else "",
        "One-off cost: left out of the daily rate" if entry.one_off else "",
        f"Voided by entry {row.voided_by}" if row.voided_by else "",
        f"Voids entry {entry.voids_id}: {plain(entry.void_reason or '')}" if entry.voids_id else "",
        f":gray[Booked {words.day(booked)}{f' by {plain(by)}' if by else ''}]",
    ]
    return [line for line in said if line]


def _invoice(entry: LedgerEntry) -> str:
    invoice = entry.invoice
    if invoice is None:
        return ""
    service = money_parts.period(invoice.service_from, invoice.service_to)
    return f"Invoice {plain(invoice.number)}, service {service}, received {words.day(invoice.received_on)}"
