"""The Lines and transfers part of the Budget page: the budget as adopted and as it stands, its plan, its changes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import forms, money_parts, money_plan, money_transfer, session
from dashboard.ui.exhibit import nothing
from dashboard.ui.money_transfer import PLACE
from db.access import Permission, Viewer
from db.commands.budget_lines import save_line
from db.engine import record_session
from db.forms import checked, clock
from db.forms.budget import LineForm
from db.ledger import LineTotal, grand_total, line_totals
from db.models import BudgetChange, BudgetLine, Pilot, Staff

NEW = {"transfer": "Ask for a transfer", "line": "Change or add a line", "plan": "Plan by month"}
NEW_LINE = 0


def lines(viewer: Viewer, pilot: Pilot) -> None:
    """What finance writes here, the lines as they stand, transfers, and what was changed when and why."""
    if viewer.may(Permission.write_money):
        _write(viewer, pilot)
    money_parts.told(PLACE)
    with record_session(session.bind(), viewer) as database:
        _table(line_totals(database))
        money_transfer.transfers(viewer, database)
        _changes(database, pilot.time_zone)


def _write(viewer: Viewer, pilot: Pilot) -> None:
    asked = st.pills(
        "What to write", list(NEW), format_func=NEW.__getitem__, key="change", bind="query-params", wrap=True
    )
    if asked is None:
        return
    with st.container(border=True):
        if asked == "transfer":
            money_transfer.ask_form(viewer)
        elif asked == "line":
            line_form(viewer)
        else:
            money_plan.plan_form(viewer, pilot)


def _table(totals: Sequence[LineTotal]) -> None:
    if not totals:
        nothing("The budget has no lines yet. Add the first one above.")
        return
    rows = [_row(total) for total in (*totals, grand_total(totals))]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={name: st.column_config.TextColumn(alignment="right") for name in rows[0] if name != "Line"}
        | {"Line": st.column_config.TextColumn(pinned=True)},
        alt="Each line as adopted, what transfers moved, what it holds today, and what may still be obligated or moved",
    )
    st.caption("Budget today = adopted + approved transfers. Free = budget today − the larger of obligated, and spent "
               "with pending: what may still be obligated or moved.")  # fmt: skip


def _row(total: LineTotal) -> dict[str, str]:
    moved = total.budget - total.adopted
    return {
        "Line": total.name,
        "Adopted": words.money(total.adopted, cents=True),
        "Transfers": f"{'+' if moved > 0 else ''}{words.money(moved, cents=True)}" if moved else "",
        "Budget today": words.money(total.budget, cents=True),
        "Obligated": words.money(total.obligated, cents=True),
        "Spent": words.money(total.spent, cents=True),
        "Pending": words.money(total.pending, cents=True),
        "Free": words.money(total.available, cents=True) + (" (over)" if total.available < 0 else ""),
    }


def line_form(viewer: Viewer) -> None:
    """One line: its name, its amount as adopted, whether it pays people, whose post. Each change says why."""
    form = forms.draft("line")
    st.subheader("Change or add a line", anchor=False)
    with record_session(session.bind(), viewer) as database:
        known = {line.id: line for line in database.scalars(select(BudgetLine).order_by(BudgetLine.position))}
        posts = {staff.id: staff.name for staff in database.scalars(select(Staff).order_by(Staff.id))}
        titles = {**{number: line.name for number, line in known.items()}, NEW_LINE: "A new line"}
        chosen = money_parts.pick(form, "line_id", "Which line", list(titles), titles)
        if chosen is None:
            return
        money_parts.begin_about(form, chosen, _about(known.get(chosen)))
    left, right = st.columns(2)
    with left:
        name = forms.text(form, "name", "Name", max_chars=80)
        pays = st.checkbox(
            "It pays people (wages or benefits)",
            key=form.key("is_pay"),
            help="The desk sees nothing of such a line unless the set-up allows it.",
        )
    with right:
        amount = money_parts.amount(form, "amount", "Amount as adopted")
        post = money_parts.pick(form, "post_id", "Whose post it pays", list(posts), posts, placeholder="Nobody's")
    values = {
        "line_id": chosen or None,
        "name": name,
        "amount": amount,
        "is_pay": pays,
        "post_id": post,
        "reason": money_parts.reason(form, "Why the budget changes", "Council vote of 9 Nov"),
    }
    forms.save_button(
        form,
        "Save the line",
        lambda: money_parts.commit(viewer, save_line, checked(LineForm, values)),
        lambda saved: money_parts.tell(PLACE, f"“{name}” is saved.", saved.doubts),
    )


def _about(line: BudgetLine | None) -> dict[str, Any]:
    return {
        "name": line.name if line else "",
        "amount": f"{line.amount:,.2f}" if line else "",
        "is_pay": line.is_pay if line else False,
        "post_id": line.post_id if line else None,
    }


# --- what was changed ------------------------------------------------------------------------------------


_TITLES = {"name": "name", "amount": "amount", "position": "place", "is_pay": "pays people", "post_id": "post"}


def _changes(database: Session, zone: str) -> None:
    rows = database.scalars(select(BudgetChange).order_by(BudgetChange.at.desc(), BudgetChange.id.desc())).all()
    if not rows:
        return
    names, people = money_parts.lines(database), money_parts.people(database)
    st.subheader("Changes of the budget", anchor=False)
    table = [
        {
            "When": clock(row.at, zone),
            "Who": people.get(row.by or 0, "the shell"),
            "Line": names.get(row.line_id, "?"),
            "What": changed(row.before, row.after),
            "Why": row.reason,
        }
        for row in rows
    ]
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=money_parts.tall(len(table)),
        alt="Changes of budget lines and their plan, newest first",
    )


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """“amount $12,500.00 → $13,000.00”; for a plan its months: “plan Nov 2026 $8,000.00 → $7,000.00”."""
    if "plan" in after:
        old, new = (before or {}).get("plan", {}), after["plan"]
        months = sorted(month for month in {*old, *new} if old.get(month) != new.get(month))
        return "plan " + ", ".join(
            f"{month} {_dollars(old.get(month))} → {_dollars(new.get(month))}" for month in months
        )
    if before is None:
        return f"added with {_dollars(after.get('amount'))}"
    told = [
        f"{title} {_told(name, before.get(name))} → {_told(name, after.get(name))}"
        for name, title in _TITLES.items()
        if before.get(name) != after.get(name)
    ]
    return ", ".join(told)


def _told(name: str, value: Any) -> str:
    if name == "amount":
        return _dollars(value)
    if name == "post_id":
        return "nobody’s" if value is None else f"that of staff {value}"
    return {True: "yes", False: "no"}[value] if name == "is_pay" else str(value)


def _dollars(stored: str | None) -> str:
    return words.money(Decimal(stored or 0), cents=True)
