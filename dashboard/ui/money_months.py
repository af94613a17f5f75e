"""The Months part of the Budget page: what is open, closing the next month, opening the last one again."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard import words
from dashboard.ui import forms, money_parts, more, session
from dashboard.ui.exhibit import nothing, plain
from db.access import Permission, Viewer
from db.commands.money import close_month, reopen_month
from db.engine import record_session
from db.forms import checked, clock
from db.forms.money import ReopenForm
from db.ledger import SPENT_KINDS, ZERO, closed_through, month_after, next_to_close, quarter_of
from db.models import BudgetLine, Invoice, LedgerEntry, MonthClose, Pilot, QuarterFiling

PLACE = "months"


def months(viewer: Viewer, pilot: Pilot) -> None:
    """The month whose turn it is, what still waits in it, and every closing so far."""
    money_parts.told(PLACE)
    writes = viewer.may(Permission.write_money)
    with record_session(session.bind(), viewer) as database:
        turn, through = next_to_close(database, pilot), closed_through(database)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _next(viewer, database, turn, writes)
        with right, st.container(border=True):
            _last(viewer, database, through, writes)
        _history(database, pilot.time_zone)


def _next(viewer: Viewer, database: Session, turn: date, writes: bool) -> None:
    name, over = money_parts.month_name(turn), month_after(turn)
    waiting = _waiting(database, turn)
    with st.container(border=True):
        st.subheader(f"{name} is open", anchor=False)
        st.caption(
            "A closed month takes no more entries, and figures of spending are final through the last closed month. "
            "Months are closed in order."
        )
        _booked(database, turn)
        _still_pending(waiting, name)
        if viewer.today < over:
            st.info(f"{name} can be closed from {words.day(over)}.", icon=":material/event:")
        elif writes:
            with st.popover(f"Close {name}", icon=":material/lock:", width="stretch", key=f"close-{turn}"):
                _close(viewer, turn, len(waiting))


def _booked(database: Session, month: date) -> None:
    """What each line spent in the month, so that a line that is missing is seen before closing."""
    rows = database.execute(
        select(LedgerEntry.line_id, LedgerEntry.amount).where(
            LedgerEntry.kind.in_(SPENT_KINDS), LedgerEntry.on_date >= month, LedgerEntry.on_date < month_after(month)
        )
    ).all()
    spent: dict[int, Decimal] = {}
    for line, amount in rows:
        spent[line] = spent.get(line, ZERO) + amount
    names = money_parts.lines(database)
    planned = _planned(database, month, names)
    booked = [words.money(spent[line], cents=True) if line in spent else "nothing" for line in names]
    table = {
        "Line": [*names.values(), "Total"],
        "Planned": [words.money(amount, cents=True) for amount in (*planned, sum(planned, ZERO))],
        "Booked": [*booked, words.money(sum(spent.values(), ZERO), cents=True)],
    }
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height="content",
        column_config={name: st.column_config.TextColumn(alignment="right") for name in ("Planned", "Booked")},
        alt=f"What was planned and booked on each line in {money_parts.month_name(month)}",
    )


def _planned(database: Session, month: date, names: dict[int, str]) -> list[Decimal]:
    budget = database.scalars(select(BudgetLine).options(selectinload(BudgetLine.plan)))
    plan = {line.id: sum((part.amount for part in line.plan if part.month == month), ZERO) for line in budget}
    return [plan.get(line, ZERO) for line in names]


def _waiting(database: Session, month: date) -> Sequence[Invoice]:
    """Invoices for service in the month that are neither accepted nor sent back."""
    last = month_after(month) - timedelta(days=1)
    return database.scalars(
        select(Invoice)
        .where(Invoice.accepted_at.is_(None), Invoice.withdrawn_at.is_(None), Invoice.service_from <= last)
        .options(selectinload(Invoice.parts))
        .order_by(Invoice.received_on)
    ).all()


def _still_pending(waiting: Sequence[Invoice], name: str) -> None:
    if not waiting:
        st.markdown(f":material/check: No invoice for {name} or before is waiting.")
        return
    total = sum((part.amount for invoice in waiting for part in invoice.parts), ZERO)
    one = len(waiting) == 1
    many, they = ("1 invoice is", "It counts") if one else (f"{len(waiting)} invoices are", "They count")
    until = "it is accepted" if one else "they are accepted"
    st.warning(
        f"{many} still pending, {money_parts.cents(total)} in all. {they} in no month until {until}.",
        icon=":material/hourglass_top:",
    )
    st.markdown("\n".join(f"- {_pending(invoice)}" for invoice in waiting))


def _pending(invoice: Invoice) -> str:
    amount = money_parts.cents(sum((part.amount for part in invoice.parts), ZERO))
    disputed = f" · disputed: {plain(invoice.disputed)}" if invoice.disputed else ""
    service = money_parts.period(invoice.service_from, invoice.service_to)
    return f"{plain(invoice.payee)}, {plain(invoice.number)}: {amount} for {service}{disputed}"


def _close(viewer: Viewer, turn: date, waiting: int) -> None:
    name = money_parts.month_name(turn)
    said = f"Close {name}? It takes no more entries then. It can be reopened, with a reason."
    if waiting:
        said += " What is still pending will be booked in a later month."
    st.markdown(said)
    form = forms.draft(f"close-{turn}", banner=False)
    forms.save_button(
        form,
        "Close it",
        lambda: money_parts.commit(viewer, close_month, turn),
        lambda _: money_parts.tell(PLACE, f"{name} is closed."),
        icon=":material/lock:",
    )


def _last(viewer: Viewer, database: Session, through: date | None, writes: bool) -> None:
    st.subheader(f"Closed through {words.day(through)}" if through else "No month is closed yet", anchor=False)
    if through is None:
        st.markdown("Close the first month once its invoices are accepted: then spending is final and projected.")
        return
    st.caption("A late invoice or a mistake? Book an adjustment in the open month, or open the month again.")
    if writes:
        closed = select(MonthClose.month).where(MonthClose.reopened_at.is_(None)).order_by(MonthClose.month.desc())
        months = list(database.scalars(closed))
        more.unfold("Reopen a month", "reopen", lambda: _reopen(viewer, database, months), icon=":material/lock_open:")


def _reopen(viewer: Viewer, database: Session, closed: Sequence[date]) -> None:
    form = forms.draft("reopen")
    if form.fresh:
        form.begin_with({"month": closed[0]})
    titles = {month: money_parts.month_name(month) for month in closed}
    month = money_parts.pick(form, "month", "Which month", closed, titles)
    opened = [one for one in closed if month is not None and one >= month]
    if len(opened) > 1:
        names = ", ".join(titles[one] for one in reversed(opened[:-1]))
        st.warning(f"Months are closed in order: {names} will be open again as well.", icon=":material/lock_open:")
    for sentence in _filed(database, opened):
        st.warning(plain(sentence), icon=":material/assignment_turned_in:")
    values = {"month": month, "reason": money_parts.reason(form, "Why is it reopened?", "A late invoice")}
    name = money_parts.month_name(month) if month else "it"
    forms.save_button(
        form,
        f"Reopen {name}",
        lambda: money_parts.commit(viewer, reopen_month, checked(ReopenForm, values)),
        lambda saved: money_parts.tell(PLACE, f"{name} is open again.", saved.doubts),
        icon=":material/lock_open:",
    )


def _filed(database: Session, months: Sequence[date]) -> list[str]:
    """A sentence for each quarter of these months whose report was filed."""
    quarters = {quarter_of(month) for month in months}
    rows = database.scalars(select(QuarterFiling).where(QuarterFiling.quarter.in_(quarters)).order_by(QuarterFiling.id))
    zone = ZoneInfo(session.pilot().time_zone)
    return [
        f"{words.quarter(filing.quarter)} was filed on {words.day(filing.filed_at.astimezone(zone).date())} by "
        f"{filing.filed_by}. What changes in it now stands in the list of differences until it is filed again."
        for filing in {row.quarter: row for row in rows}.values()
    ]


def _history(database: Session, zone: str) -> None:
    st.subheader("Every closing", anchor=False)
    rows = database.scalars(select(MonthClose).order_by(MonthClose.closed_at.desc(), MonthClose.id.desc())).all()
    if not rows:
        nothing("No month has been closed yet.")
        return
    names = money_parts.people(database)
    st.dataframe(
        pd.DataFrame([_closing(row, names, zone) for row in rows]),
        hide_index=True,
        height="content",
        alt="Months closed and reopened, newest first, with who and when",
    )


def _closing(row: MonthClose, names: dict[int, str], zone: str) -> dict[str, str]:
    return {
        "Month": money_parts.month_name(row.month),
        "Closed": clock(row.closed_at, zone),
        "By": names.get(row.closed_by or 0, "the shell"),
        "Reopened": clock(row.reopened_at, zone) if row.reopened_at else "",
        "Reopened by": names.get(row.reopened_by or 0, "the shell") if row.reopened_at else "",
        "Why": row.reopen_reason or "",
    }
