"""The monthly plan of one budget line: a sheet to type in, and its total against the line's budget at once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from dashboard import words
from dashboard.measures import common
from dashboard.ui import forms, money_parts, session
from dashboard.ui.money_transfer import PLACE
from db.access import Viewer
from db.commands.budget_lines import save_plan
from db.commands.desk import Saved
from db.engine import record_session
from db.errors import Invalid
from db.forms import checked
from db.forms.budget import PlanForm
from db.forms.money import read_amount
from db.ledger import SPENT_KINDS, ZERO, closed_through, line_totals, month_of
from db.models import BudgetLine, LedgerEntry, Pilot
from db.vocab import counted

Cells = Mapping[date, str]
"""First day of a month → what is typed."""


def plan_form(viewer: Viewer, pilot: Pilot) -> None:
    """Choose a line, type its months; the sum is set against the budget before anything is saved."""
    st.subheader("Plan by month", anchor=False)
    with record_session(session.bind(), viewer) as database:
        names = money_parts.lines(database)
        chosen = st.pills("Which line", list(names), format_func=names.__getitem__, key="plan-line", wrap=True)
        if chosen is None:
            return
        form = forms.draft(f"plan-{chosen}")
        plan, spent = _known(database, pilot, chosen)
        budget = next(total.budget for total in line_totals(database) if total.line_id == chosen)
        through = closed_through(database)
    cells = _grid(form, plan, spent, through)
    amounts, unread = _read(cells)
    _against(sum(amounts.values(), ZERO), budget, unread)
    form.wrong("months")
    changed = {month: text for month, text in cells.items() if amounts.get(month) != plan[month]}
    why = money_parts.reason(form, "Why the plan changes", "The part-time worker starts in May")
    forms.save_button(
        form,
        "Save the plan",
        lambda: _save(viewer, chosen, changed, why),
        lambda saved: money_parts.tell(PLACE, f"The plan of “{names[chosen]}” is saved.", saved.doubts),
    )


def _known(database: Session, pilot: Pilot, line: int) -> tuple[dict[date, Decimal], dict[date, Decimal]]:
    """What is planned and what was spent by month: the pilot's months, and any other that has either."""
    row = database.scalars(select(BudgetLine).where(BudgetLine.id == line).options(selectinload(BudgetLine.plan))).one()
    planned = {part.month: part.amount for part in row.plan}
    spent: dict[date, Decimal] = {}
    entries = select(LedgerEntry).where(LedgerEntry.line_id == line, LedgerEntry.kind.in_(SPENT_KINDS))
    for entry in database.scalars(entries):
        month = month_of(entry.on_date)
        spent[month] = spent.get(month, ZERO) + entry.amount
    months = sorted({*common.months(pilot.starts_on, pilot.ends_on), *planned, *spent})
    return {month: planned.get(month, ZERO) for month in months}, spent


def _grid(
    form: forms.Draft, plan: Mapping[date, Decimal], spent: Mapping[date, Decimal], through: date | None
) -> Cells:
    """The sheet. What is typed in it is kept as a draft with each cell that is left."""
    stored = {month: f"{amount:,.2f}" for month, amount in plan.items()}
    key = f"plan-{form.name}-{form.round}-{hash(tuple(stored.items()))}"
    kept = session.recall(f"grid.{form.name}")
    typed = {date.fromisoformat(month): text for month, text in (form.kept("cells") or {}).items()}
    began = kept[1] if isinstance(kept, tuple) and kept[0] == key else typed
    session.remember(f"grid.{form.name}", (key, began))  # what an editor begins with may not change under it
    table = pd.DataFrame(
        {
            "Month": [words.month(month) + (" (closed)" if _is(month, through) else "") for month in plan],
            "Plan": [began.get(month, text) for month, text in stored.items()],
            "Spent": [words.money(spent[month], cents=True) if month in spent else "" for month in plan],
        }
    )
    edited = st.data_editor(
        table,
        key=key,
        hide_index=True,
        num_rows="fixed",
        height="content",
        column_config={
            "Month": st.column_config.TextColumn(disabled=True),
            "Plan": st.column_config.TextColumn(
                alignment="right", help="Dollars and cents. Empty: nothing is planned."
            ),
            "Spent": st.column_config.TextColumn(disabled=True, alignment="right"),
        },
        alt="The months of the line: what is planned, to be typed, and what was spent",
    )
    cells = {month: str(text or "") for month, text in zip(plan, edited["Plan"].tolist(), strict=True)}
    mine = {month.isoformat(): text for month, text in cells.items() if text != stored[month]}
    if mine != (form.kept("cells") or {}):
        form.keep("cells", mine or None)
    return cells


def _is(month: date, through: date | None) -> bool:
    return through is not None and month <= through


def _read(cells: Cells) -> tuple[dict[date, Decimal], int]:
    """The amounts that can be read (an empty cell is nothing planned), and how many cannot."""
    found: dict[date, Decimal] = {}
    for month, text in cells.items():
        try:
            found[month] = read_amount(text) if text.strip() else ZERO
        except ValueError:
            continue
    return found, len(cells) - len(found)


def _against(planned: Decimal, budget: Decimal, unread: int) -> None:
    rest = budget - planned
    said = f"Planned **{money_parts.cents(planned)}** of {money_parts.cents(budget)}: "
    if rest > 0:
        said += f"{money_parts.cents(rest)} not planned yet."
    else:
        said += f":orange[{money_parts.cents(-rest)} more than the line holds.]" if rest < 0 else "all of it."
    st.markdown(said + (f" :orange[{counted(unread, 'cell', 'cells')} cannot be read.]" if unread else ""))


def _save(viewer: Viewer, line: int, changed: Cells, why: str) -> Saved:
    """Only the months that were changed are sent; a cell that cannot be read is named with its month."""
    for month, text in changed.items():
        try:
            read_amount(text or "0")
        except ValueError as error:
            raise Invalid({"months": f"{money_parts.month_name(month)}: {error}"}) from None
    if not changed:
        raise Invalid({"months": "No month was changed. Type an amount in the sheet first."})
    values = {"line_id": line, "months": {month: text or "0" for month, text in changed.items()}, "reason": why}
    return money_parts.commit(viewer, save_plan, checked(PlanForm, values))
