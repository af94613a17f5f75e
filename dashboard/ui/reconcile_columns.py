"""The form between a finance export and its load: columns, day and month, which account is which budget line."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from dashboard import words
from dashboard.ui.exhibit import plain
from dashboard.ui.reconcile_file import Opened, Saved
from db.errors import TandemError
from db.ledger import payee_key
from db.statement.mapping import FIELDS, NOT_OURS, OTHERS, SEVERAL, StatementColumns, own_names
from db.statement.propose import StatementProposal, doubtful_order
from db.statement.read import StatementRead

HELP = {
    "date": "The day it was posted or fell due. The city's date may lie up to 31 days from the ledger's.",
    "amount": "One column with a sign. Parentheses, a minus on either side and CR are negative.",
    "debit": "With a credit column, instead of one amount.",
    "credit": "With a debit column, instead of one amount.",
    "payee": "Who was paid, as the ledger writes it: an invoice number finds a payee written otherwise.",
    "invoice": "Tells two equal amounts of one payee apart.",
    "account": "The city's account: below, each is given its budget line.",
    "description": "Kept beside the row, and with what is booked.",
    "kind": "Encumbrances are matched but never booked; journals are adjustments.",
}
ORDERS = {"month-first": "Month first (12/31/2026)", "day-first": "Day first (31/12/2026)"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the form says now. ``open``: what must still be answered; ``read``: the file under these columns."""

    sheet: str
    names: tuple[str, ...]
    mapping: StatementColumns | None
    read: StatementRead | None
    open: tuple[str, ...] = ()


def ask(file: Opened, saved: list[Saved], *, folded: bool) -> tuple[Answers, Saved | None]:
    """The whole form. What a file tells by itself is proposed; what it cannot tell is asked."""
    proposal = _sheet(file)
    profile = _profile(file, [one for one in saved if set(_columns(one)) <= set(proposal.names)])
    offered = profile.mapping.columns if profile else proposal.columns
    mark = f"statement-{file.mark}-{proposal.sheet}-{profile.name if profile else ''}"
    with st.expander("Columns", expanded=not (folded or profile), icon=":material/view_column:", key=f"{mark}-columns"):
        columns = _boxes(proposal, offered, mark)
        turned = st.toggle(
            "Spending is written as negative amounts",
            value=bool(profile and profile.mapping.reversed_signs),
            key=f"{mark}-signs",
        )
    try:
        mapping = StatementColumns(columns, {}, "", turned)
        order, doubt = _order(file, mapping, proposal.sheet, profile, mark)
        if doubt:
            return Answers(proposal.sheet, proposal.names, None, None, (doubt,)), profile
        mapping = StatementColumns(columns, {}, order, turned)
        read = file.read(mapping, proposal.sheet)
    except TandemError as error:
        return Answers(proposal.sheet, proposal.names, None, None, (_for_page(str(error)),)), profile
    accounts, asked = _accounts(file, read, profile, mark, folded=folded)
    mapping = mapping.with_accounts(accounts)
    return Answers(proposal.sheet, proposal.names, mapping, read, asked), profile


def _columns(saved: Saved) -> list[str]:
    return [name for names in saved.mapping.columns.values() for name in names]


def _sheet(file: Opened) -> StatementProposal:
    likely = file.proposal()
    if len(likely.sheets) < 2:
        return likely
    index = likely.sheets.index(likely.sheet)
    return file.proposal(st.selectbox("Sheet", likely.sheets, index=index, key=f"statement-sheet-{file.mark}"))


def _profile(file: Opened, saved: list[Saved]) -> Saved | None:
    if not saved:
        return None
    named = {one.name: one for one in saved}
    chosen = st.selectbox(
        "Saved mapping",
        [*named, ""],
        format_func=lambda name: name or "None: as proposed",
        key=f"statement-{file.mark}-of",
    )
    profile = named.get(chosen or "")
    if profile and profile.drift:
        st.info(f"“{plain(profile.name)}” fits. Other columns changed: {plain(profile.drift)}.", icon=":material/rule:")
    elif profile:
        st.success(f"“{plain(profile.name)}” fits this file to the last column.", icon=":material/check:")
    return profile


def _boxes(
    proposal: StatementProposal, offered: Mapping[str, tuple[str, ...]], mark: str
) -> dict[str, tuple[str, ...]]:
    chosen: dict[str, tuple[str, ...]] = {}
    names = list(proposal.names)
    fields = list(FIELDS)
    for start in range(0, len(fields), 3):
        for place, of in zip(st.columns(3), fields[start : start + 3], strict=False):
            now = [name for name in offered.get(of, ()) if name in names]
            with place:
                if of in SEVERAL:
                    found = st.multiselect(
                        FIELDS[of], names, default=now, placeholder="None", key=f"{mark}-{of}", help=HELP[of]
                    )
                else:
                    one = st.selectbox(
                        FIELDS[of],
                        names,
                        index=names.index(now[0]) if now else None,
                        placeholder="Choose a column" if of in ("date", "amount") else "None",
                        key=f"{mark}-{of}",
                        help=HELP[of],
                    )
                    found = [one] if one else []
            chosen[of] = tuple(found)
    return {of: columns for of, columns in chosen.items() if columns}


def _order(file: Opened, mapping: StatementColumns, sheet: str, profile: Saved | None, mark: str) -> tuple[str, str]:
    """(the order of day and month, the question that stays open). Asked only where no date of the column tells."""
    doubts = doubtful_order(file.file, mapping, sheet)
    if not doubts:
        return "", ""
    kept = profile.mapping.date_format if profile else ""
    sentence = doubts[0].partition(" Say --date-format")[0].replace(", or say which counts with", ", or choose below")
    chosen = st.radio(
        "Day and month",
        list(ORDERS),
        index=list(ORDERS).index(kept) if kept in ORDERS else None,
        format_func=ORDERS.__getitem__,
        horizontal=True,
        key=f"{mark}-{'-'.join(mapping.columns['date'])}-order",
    )
    return (chosen, "") if chosen else ("", f"{sentence} Say so under “Day and month”.")


def _accounts(
    file: Opened, read: StatementRead, profile: Saved | None, mark: str, *, folded: bool
) -> tuple[dict[str, int], tuple[str, ...]]:
    """(account → line, what is still open): one box for each account of the file."""
    known = {**own_names(file.lines, list(read.unknown)), **(profile.mapping.accounts if profile else {})}
    found = {key: line for key, line in known.items() if key != OTHERS}
    if not read.unknown:
        return _one_line(file, read, known, mark)
    told = sorted(read.unknown.items())
    lines = [*file.lines, NOT_OURS]
    unsaid = [name for name, _ in told if payee_key(name) not in known and OTHERS not in known]
    title = "Which account is which budget line?"
    wide = bool(unsaid) or not (folded or profile)
    with st.expander(title, expanded=wide, icon=":material/account_tree:", key=f"{mark}-accounts-{wide}"):
        places = st.columns(2)
        for k, (name, (count, total)) in enumerate(told):
            now = known.get(payee_key(name), known.get(OTHERS))
            with places[k % 2]:
                line = st.selectbox(
                    plain(f"{name} · {words.number(count)} × · {words.money(total, cents=True)}"),
                    lines,
                    index=lines.index(now) if now in lines else None,
                    format_func=lambda line: file.lines.get(line, "None of ours: leave it out"),
                    placeholder="Choose a line",
                    key=f"{mark}-account-{payee_key(name)}",
                )
            if line is None:
                found.pop(payee_key(name), None)
            else:
                found[payee_key(name)] = line
    left = [name for name, _ in told if payee_key(name) not in found]
    listed = ", ".join(f"“{name}”" for name in left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
    return found, ((f"Say which budget line {listed} belongs to, or leave it out.",) if left else ())


def _one_line(
    file: Opened, read: StatementRead, known: Mapping[str, int], mark: str
) -> tuple[dict[str, int], tuple[str, ...]]:
    """A file without accounts: one line for all that is not in the ledger, if it is said."""
    if not read.rows:
        return {}, ()
    now = known.get(OTHERS)
    lines = list(file.lines)
    line = st.selectbox(
        "No column tells the account. What the ledger lacks is booked on",
        lines,
        index=lines.index(now) if now in lines else None,
        format_func=file.lines.__getitem__,
        placeholder="No line: it is refused",
        key=f"{mark}-others",
    )
    return ({OTHERS: line} if line else {}), ()


def _for_page(sentence: str) -> str:
    """What a command line would be told, in the words of the page."""
    for shell, page in (
        ("Add date=COLUMN.", "Choose it under “Columns”."),
        ("Add amount=COLUMN, or debit=…,credit=….", "Choose them under “Columns”."),
    ):
        sentence = sentence.replace(shell, page)
    return sentence
