"""Each difference and what can be done about it: book it, match it, set it aside with a reason, undo."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.reconcile import book_row, correct_row, match_row, set_row_aside, undo_row
from db.commands.statement import lines_of
from db.engine import record_session
from db.forms import checked
from db.forms.statement import RowAsideForm, RowBookForm, RowCorrectForm, RowMatchForm, RowUndoForm
from db.models import LedgerEntry, StatementRow
from db.statement.match import same_kind
from db.statement.reconcile import Reconciliation

PLACE = "reconcile"
CITY, LEDGER, NEAR = "Only the city", "Only the ledger", "Same, but"


@dataclass(frozen=True, slots=True)
class _Difference:
    what: str
    row: StatementRow | None = None
    entry: LedgerEntry | None = None
    why: str = ""


def differences(viewer: Viewer, found: Reconciliation, *, writes: bool) -> None:
    """All differences in one table; the chosen one with its actions below it."""
    act.told(viewer, PLACE)
    waiting = [_Difference(NEAR, pair.row, pair.entry, pair.why) for pair in found.near]
    waiting += [_Difference(CITY, row=row) for row in found.only_city]
    waiting += [_Difference(LEDGER, entry=entry) for entry in found.only_ledger]
    if not waiting:
        return
    with record_session(session.bind(), viewer) as database:
        lines = lines_of(database)
    st.subheader("Differences", anchor=False)
    rows = [_row(one, lines) for one in waiting]
    picked: Any = {"on_select": "rerun", "selection_mode": "single-row-required"} if writes else {}
    if writes:
        picked["selection_default"] = {"selection": {"rows": [0]}}
    chosen: Any = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content" if len(rows) < 9 else 310,
        column_config={name: st.column_config.TextColumn(alignment="right") for name in ("City", "Ledger")},
        key=f"reconcile-differences-{len(waiting)}",
        alt="Every difference between the city's books and the ledger",
        **picked,
    )
    if writes:
        picks = chosen.selection.rows
        one = waiting[picks[0]] if picks and picks[0] < len(waiting) else waiting[0]
        with st.container(border=True):
            _actions(viewer, one, found, lines)


def _row(one: _Difference, lines: dict[int, str]) -> dict[str, Any]:
    row, entry = one.row, one.entry
    names = [lines.get(row.line_id or 0, "") if row else "", entry.line.name if entry else ""]
    number = (row.invoice_number if row else None) or (entry.invoice.number if entry and entry.invoice else "")
    return {
        "What": f"{one.what} {one.why}" if one.why else one.what,
        "Date": words.day(row.on_date if row else entry.on_date if entry else None),
        "Payee": (row.payee if row else "") or (entry.payee if entry else ""),
        "Invoice": number,
        "City": words.money(row.amount, cents=True) if row else "",
        "Ledger": words.money(entry.amount, cents=True) if entry else "",
        "Line": " / ".join(dict.fromkeys(filter(None, names))),
        "Where": " · ".join(
            filter(
                None,
                [
                    f"line {row.line_number} of load {row.statement_id}" if row else "",
                    f"entry {entry.id}" if entry else "",
                ],
            )
        ),
    }


def _actions(viewer: Viewer, one: _Difference, found: Reconciliation, lines: dict[int, str]) -> None:
    st.markdown(f"**{plain(_title(one))}**")
    with st.container(horizontal=True):
        if one.row and one.entry:
            _same_or_correct(viewer, one.row, one.entry, lines)
        elif one.row:
            _book(viewer, one.row, lines)
            _match(viewer, one.row, [(e.id, _entry(e)) for e in found.only_ledger if _may_be(one.row, e)])
        elif one.entry:
            _match_entry(viewer, one.entry, [(r.id, _city(r)) for r in found.only_city if _may_be(r, one.entry)])
        if one.row:
            _aside(viewer, one.row)
    if one.row and one.row.description:
        st.caption(plain(f"The city's words: {one.row.description}"))


def _title(one: _Difference) -> str:
    if one.row and one.entry:
        return f"{_city(one.row)}; in the ledger {_entry(one.entry)}"
    return _city(one.row) if one.row else _entry(one.entry) if one.entry else ""


def _city(row: StatementRow) -> str:
    amount = words.money(row.amount, cents=True)
    return f"{amount} · {row.payee or 'no payee'} · {words.day(row.on_date)} · line {row.line_number}"


def _entry(entry: LedgerEntry) -> str:
    amount = words.money(entry.amount, cents=True)
    return f"entry {entry.id} · {amount} · {entry.payee} · {words.day(entry.on_date)} · {entry.line.name}"


def _may_be(row: StatementRow, entry: LedgerEntry) -> bool:
    return row.amount == entry.amount and same_kind(row.kind, entry.kind)


def _line(row: StatementRow, lines: dict[int, str], key: str) -> int | None:
    ids = list(lines)
    index = ids.index(row.line_id) if row.line_id in lines else None
    return st.selectbox(
        "Budget line", ids, index=index, format_func=lines.__getitem__, key=key, placeholder="Choose one"
    )


def _book(viewer: Viewer, row: StatementRow, lines: dict[int, str]) -> None:
    with st.popover("Book it", icon=":material/add_circle:"):
        line = _line(row, lines, f"book-line-{row.id}")
        st.caption(plain(f"Dated {words.day(row.on_date)}, as the city has it."))
        if st.button("Book it", type="primary", key=f"book-{row.id}"):
            values = {"row_id": row.id, "line_id": line}
            act.run(
                viewer,
                PLACE,
                lambda database: book_row(database, viewer, checked(RowBookForm, values)),
                lambda saved: " ".join([f"Booked as entry {saved.id}.", *saved.doubts]),
            )


def _match(viewer: Viewer, row: StatementRow, options: list[tuple[int, str]]) -> None:
    with st.popover("Match to…", icon=":material/link:"):
        if not options:
            amount = words.money(row.amount, cents=True)
            st.caption(plain(f"No entry of {amount} waits in the ledger. Book the row, or set it aside."))
            return
        _matched(viewer, f"row-{row.id}", "Entry of the ledger", options, lambda entry: (row.id, entry))


def _match_entry(viewer: Viewer, entry: LedgerEntry, options: list[tuple[int, str]]) -> None:
    with st.popover("Match to…", icon=":material/link:"):
        if not options:
            amount = words.money(entry.amount, cents=True)
            st.caption(
                plain(
                    f"No row of {amount} waits in the city's books. The city may book it next month: load that file. "
                    "If the entry is wrong, void it on the Budget page."
                )
            )
            return
        _matched(viewer, f"entry-{entry.id}", "Row of the city", options, lambda row: (row, entry.id))


def _matched(viewer: Viewer, key: str, title: str, options: list[tuple[int, str]], pair: Any) -> None:
    titles = dict(options)
    chosen = st.selectbox(title, list(titles), format_func=titles.__getitem__, key=f"match-with-{key}")
    if st.button("They are the same", type="primary", key=f"match-{key}") and chosen is not None:
        row_id, entry_id = pair(chosen)
        act.run(
            viewer,
            PLACE,
            lambda database: match_row(database, viewer, RowMatchForm(row_id=row_id, entry_id=entry_id)),
            "Matched.",
        )


def _same_or_correct(viewer: Viewer, row: StatementRow, entry: LedgerEntry, lines: dict[int, str]) -> None:
    if row.amount == entry.amount and st.button("They are the same", icon=":material/link:", key=f"same-{row.id}"):
        same = RowMatchForm(row_id=row.id, entry_id=entry.id)
        act.run(viewer, PLACE, lambda database: match_row(database, viewer, same), "Matched.")
    with st.popover("The city is right", icon=":material/swap_horiz:"):
        st.caption(plain(f"Entry {entry.id} is voided by a counter-entry, and the city's row is booked."))
        line = _line(row, lines, f"correct-line-{row.id}")
        reason = st.text_input(
            "Why the ledger was wrong", key=f"correct-why-{row.id}", placeholder="Figures transposed"
        )
        if st.button("Void and book", type="primary", key=f"correct-{row.id}"):
            values = {"row_id": row.id, "entry_id": entry.id, "line_id": line, "reason": reason}
            act.run(
                viewer,
                PLACE,
                lambda database: correct_row(database, viewer, checked(RowCorrectForm, values)),
                lambda saved: f"Entry {entry.id} is voided; entry {saved.id} stands in its place.",
            )


def _aside(viewer: Viewer, row: StatementRow) -> None:
    with st.popover("Set aside", icon=":material/inventory_2:"):
        reason = st.text_input("Why it does not belong in the ledger", key=f"aside-why-{row.id}")
        if st.button("Set aside", type="primary", key=f"aside-{row.id}"):
            values = {"row_id": row.id, "reason": reason}
            act.run(
                viewer,
                PLACE,
                lambda database: set_row_aside(database, viewer, checked(RowAsideForm, values)),
                "Set aside, with the reason.",
            )


def settled(viewer: Viewer, found: Reconciliation, *, writes: bool) -> None:
    """Rows that are settled: matched, booked, set aside. Choose one to undo it."""
    rows = [*found.aside, *found.matched]
    if not rows:
        return
    title = f"Settled: {len(found.matched):,} matched, {len(found.aside):,} set aside"
    with st.expander(title, icon=":material/task_alt:"):
        table = pd.DataFrame([_settled_row(row) for row in rows])
        picked: Any = {"on_select": "rerun", "selection_mode": "single-row"} if writes else {}
        chosen: Any = st.dataframe(
            table,
            hide_index=True,
            height="content" if len(rows) < 9 else 310,
            column_config={"Amount": st.column_config.TextColumn(alignment="right")},
            key=f"reconcile-settled-{len(rows)}",
            alt="Rows of the city's books that are settled",
            **picked,
        )
        if not writes:
            return
        picks = chosen.selection.rows
        if not picks or picks[0] >= len(rows):
            st.caption("Choose a row to undo what was done with it.")
            return
        _undo(viewer, rows[picks[0]])


def _settled_row(row: StatementRow) -> dict[str, Any]:
    how = f"set aside: {row.aside_reason}" if row.entry_id is None else f"entry {row.entry_id}"
    return {
        "How": how + (" (booked)" if row.booked else ""),
        "Date": words.day(row.on_date),
        "Payee": row.payee,
        "Invoice": row.invoice_number or "",
        "Amount": words.money(row.amount, cents=True),
        "Where": f"line {row.line_number} of load {row.statement_id}",
    }


def _undo(viewer: Viewer, row: StatementRow) -> None:
    """Asks first: the popover says what goes."""
    with st.popover("Undo", icon=":material/undo:"):
        voids = f" Entry {row.entry_id}, which was booked for it, is voided." if row.booked else ""
        st.markdown(plain(f"{_city(row)} is a difference again.{voids}"))
        reason = st.text_input("Why", key=f"undo-why-{row.id}")
        if st.button("Yes, undo it", type="primary", key=f"undo-row-{row.id}"):
            values = {"row_id": row.id, "reason": reason}
            act.run(
                viewer,
                PLACE,
                lambda database: undo_row(database, viewer, checked(RowUndoForm, values)),
                "Undone: it is a difference again.",
            )
