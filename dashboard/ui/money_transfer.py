"""Money moved from line to line: finance asks, the chief approves or declines, everybody sees how it stands."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import act, forms, money_parts, session
from dashboard.ui.exhibit import nothing, plain
from db.access import Permission, Viewer
from db.commands.transfers import ask_transfer, decide_transfer
from db.engine import record_session
from db.forms import checked, clock
from db.forms.budget import DecisionForm, TransferForm
from db.ledger import ZERO, line_totals
from db.models import LineTransfer
from db.vocab import counted, label
from db.vocab.money import TransferDecision

PLACE = "lines"
SAID = {TransferDecision.approved: "Approve", TransferDecision.declined: "Decline"}
ICONS = {TransferDecision.approved: ":material/check:", TransferDecision.declined: ":material/close:"}


def transfers(viewer: Viewer, database: Session) -> None:
    """What waits for a decision, and what was decided."""
    rows = database.scalars(select(LineTransfer).order_by(LineTransfer.asked_at.desc(), LineTransfer.id.desc())).all()
    names, people = money_parts.lines(database), money_parts.people(database)
    waiting = [row for row in rows if row.decision is None]
    decided = [row for row in rows if row.decision is not None]
    st.subheader("Transfers between lines", anchor=False)
    if not waiting:
        nothing("No transfer waits for a decision.")
    for row in reversed(waiting):
        _card(viewer, row, names, people)
    if decided:
        _history(decided, names, people)


def waiting(viewer: Viewer) -> None:
    """On the Overview of who decides: that something waits, and the way there."""
    if not viewer.may(Permission.approve_transfers):
        return
    with record_session(session.bind(), viewer) as database:
        undecided = select(LineTransfer.amount).where(LineTransfer.decision.is_(None))
        amounts = database.scalars(undecided).all()
    if not amounts:
        return
    many = counted(len(amounts), "transfer waits", "transfers wait")
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="transfers-wait"):
        st.markdown(
            f":material/swap_horiz: {many} for your decision, {money_parts.cents(sum(amounts, ZERO))} in all.",
            width="stretch",
        )
        if st.button("Decide", key="to-transfers", icon=":material/arrow_forward:", on_click=_to_transfers):
            st.rerun()


def _to_transfers() -> None:
    session.put({"part": "lines"})


def _card(viewer: Viewer, row: LineTransfer, names: Mapping[int, str], people: Mapping[int, str]) -> None:
    zone = session.pilot().time_zone
    decides = viewer.may(Permission.approve_transfers) and row.asked_by != viewer.user_id
    with st.container(border=True, gap="xsmall", key=f"transfer-{row.id}"):
        st.markdown(
            f"**{money_parts.cents(row.amount)}** from **{plain(names.get(row.from_line_id, '?'))}** "
            f"to **{plain(names.get(row.to_line_id, '?'))}**  \n{plain(row.reason)}  \n"
            f":gray[Asked by {plain(people.get(row.asked_by or 0, 'the shell'))}, {clock(row.asked_at, zone)}]"
        )
        if not decides:
            st.markdown(":material/hourglass_top: Waits for the chief's decision")
            return
        with st.container(horizontal=True, gap="small"):
            for decision in TransferDecision:
                act.lazily(
                    SAID[decision],
                    f"{decision}-{row.id}",
                    partial(_decide, viewer, row, decision),
                    icon=ICONS[decision],
                )


def _decide(viewer: Viewer, row: LineTransfer, decision: TransferDecision) -> None:
    form = forms.draft(f"transfer-{row.id}-{decision}")
    approves = decision is TransferDecision.approved
    st.markdown("The money moves today." if approves else "Nothing moves. Finance reads why.")
    note = money_parts.reason(form, "Note, if there is one" if approves else "Why", "Agreed on 12 Nov", "note")
    values = {"transfer_id": row.id, "decision": decision, "note": note}
    forms.save_button(
        form,
        f"{SAID[decision]} {words.money(row.amount, cents=True)}",
        lambda: money_parts.commit(viewer, decide_transfer, checked(DecisionForm, values)),
        lambda saved: money_parts.tell(PLACE, f"The transfer is {label(decision).lower()}.", saved.doubts),
        icon=ICONS[decision],
    )


def _history(rows: Sequence[LineTransfer], names: Mapping[int, str], people: Mapping[int, str]) -> None:
    table = [
        {
            "Decided": row.decided_on,
            "Decision": label(row.decision) if row.decision else "",
            "Amount": row.amount,
            "From": names.get(row.from_line_id, "?"),
            "To": names.get(row.to_line_id, "?"),
            "Asked because": row.reason,
            "Asked by": people.get(row.asked_by or 0, "the shell"),
            "Decided by": people.get(row.decided_by or 0, "the shell"),
            "Note": row.decision_note or "",
        }
        for row in rows
    ]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=money_parts.tall(len(table)),
        placeholder="",
        column_config={
            "Amount": st.column_config.NumberColumn(format="dollar"),
            "Decided": st.column_config.DateColumn(format="D MMM YYYY"),
        },
        alt="Transfers that were decided, newest first",
    )


def ask_form(viewer: Viewer) -> None:
    """From, to, amount, reason; what the giving line can do without is said at once."""
    form = forms.draft("transfer")
    with record_session(session.bind(), viewer) as database:
        totals = {total.line_id: total for total in line_totals(database)}
    names = {number: total.name for number, total in totals.items()}
    st.subheader("Ask for a transfer", anchor=False)
    st.caption("The money moves when the chief approves. Until then nothing changes.")
    left, middle, right = st.columns(3)
    with left:
        giving = money_parts.pick(form, "from_line_id", "From", list(names), names)
        if giving is not None:
            free = max(totals[giving].available, ZERO)
            st.caption(f"{money_parts.cents(free)} can move from it")
    with middle:
        taking = money_parts.pick(form, "to_line_id", "To", list(names), names)
    with right:
        amount = money_parts.amount(form, "amount", "Amount to move")
    values = {
        "from_line_id": giving,
        "to_line_id": taking,
        "amount": amount,
        "reason": money_parts.reason(form, "Why it should move", "The evening shift needs more hours"),
    }
    forms.save_button(
        form,
        "Ask for it",
        lambda: money_parts.commit(
            viewer, ask_transfer, checked(TransferForm, values | {"submit_key": form.key_of_save})
        ),
        lambda saved: money_parts.tell(PLACE, "The transfer is asked for. The chief sees it here.", saved.doubts),
        icon=":material/swap_horiz:",
    )
