"""Writes to the budget as adopted: its lines and what each month of them is planned at. Every change is kept."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands import books
from db.commands.base import write
from db.commands.desk import Saved, hold
from db.forms import Now, day
from db.forms.budget import LineForm, PlanForm
from db.ledger import ZERO, LineTotal, closed_through, line_totals, month_end, payee_key, the_grant
from db.models import BudgetChange, BudgetLine, Pilot, PlanMonth, Staff
from db.pilot import the_pilot
from db.vocab import Scope


def save_line(session: Session, viewer: Viewer, form: LineForm) -> Saved:
    """Add a budget line, or give one another name, amount or place; the same values again change nothing.

    Raises Invalid for a name another line has, a post that is nobody's, and an amount below what the line has
    obligated, spent and pending; NotFound for a line that is not there. Lines beyond the grant are a doubt.
    """
    with write(session, viewer, Permission.write_money, "save budget line", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        new = form.line_id is None
        line = _new_line(session, form) if new else hold(session, BudgetLine, form.line_id, "budget line")
        before = None if new else _values(line)
        if new and line.id is not None:
            return Saved(line.id, again=True)
        books.refuse(_line_refusals(session, form, line))
        line.name, line.amount, line.is_pay, line.post_id = form.name, form.amount, form.is_pay, form.post_id
        line.position = form.position or line.position
        if new:
            session.add(line)
        session.flush()
        note.subject = f"budget_line {line.id}"
        if (after := _values(line)) == before:
            return Saved(line.id, again=True)
        books.refuse(_too_little(session, line, before))
        _keep(session, viewer, line, before, after, form.reason)
        note.detail = {"before": before, "after": after, "reason": form.reason}
        return Saved(line.id, tuple(_beyond_grant(session)))


def _new_line(session: Session, form: LineForm) -> BudgetLine:
    """A line to be added, last unless said otherwise; or the one there that is the same in everything."""
    last = session.scalar(select(func.max(BudgetLine.position))) or 0
    wanted = BudgetLine(
        name=form.name,
        amount=form.amount,
        position=form.position or last + 1,
        is_pay=form.is_pay,
        post_id=form.post_id,
    )
    twin = session.scalars(select(BudgetLine).where(BudgetLine.name == form.name)).first()
    if twin is not None and _values(twin) == _values(wanted) | {"position": form.position or twin.position}:
        return twin
    return wanted


def _line_refusals(session: Session, form: LineForm, line: BudgetLine) -> Iterator[tuple[str, str]]:
    for other in session.scalars(select(BudgetLine)):
        if other.id != line.id and payee_key(other.name) == payee_key(form.name):
            yield "name", f"There is a line “{other.name}” already. Choose another name, or change that line."
    if form.post_id is not None and session.get(Staff, form.post_id) is None:
        yield "post_id", f"There is no post {form.post_id}. Choose one from the list, or none."


def _too_little(session: Session, line: BudgetLine, before: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """A line may not be cut below what it cannot do without; one that is over already may be raised in part."""
    total = _total(session, line.id)
    if before is not None and total.available < 0 and line.amount < _amount(before):
        least = line.amount - total.available
        yield (
            "amount",
            f"“{line.name}” has ${total.committed:,} obligated, or spent and pending. "
            f"It cannot be adopted at less than ${least:,}.",
        )


def _amount(values: dict[str, Any]) -> Any:
    return type(ZERO)(values["amount"])


def _total(session: Session, line_id: int) -> LineTotal:
    return next(total for total in line_totals(session) if total.line_id == line_id)


def _beyond_grant(session: Session) -> Iterator[str]:
    grant = the_grant(session)
    adopted = sum((total.adopted for total in line_totals(session)), ZERO)
    if grant and adopted > grant.amount:
        yield (
            f"The lines now add up to ${adopted:,}, ${adopted - grant.amount:,} more than the grant of "
            f"${grant.amount:,}. It was stored; another line has to be smaller, or other money has to be found."
        )


def save_plan(session: Session, viewer: Viewer, form: PlanForm) -> Saved:
    """Plan the named months of a line anew; the same plan again changes nothing. The id is the line's.

    Raises NotFound for a line that is not there. A plan that does not add up to the line's budget, a month
    outside the pilot and one that finance has closed are doubts.
    """
    with write(session, viewer, Permission.write_money, "save plan", Scope.money) as note:
        books.alone(session)
        pilot = the_pilot(session)
        form.check(Now.of(pilot, viewer.now))
        line = hold(session, BudgetLine, form.line_id, "budget line")
        there = {part.month: part for part in session.scalars(select(PlanMonth).where(PlanMonth.line_id == line.id))}
        before = {f"{month:%Y-%m}": str(part.amount) for month, part in sorted(there.items())}
        for month, amount in form.months.items():
            if month in there and amount:
                there[month].amount = amount
            elif amount:
                session.add(PlanMonth(line_id=line.id, month=month, amount=amount))
            elif month in there:
                session.delete(there[month])
        session.flush()
        plan = select(PlanMonth).where(PlanMonth.line_id == line.id).order_by(PlanMonth.month)
        after = {f"{part.month:%Y-%m}": str(part.amount) for part in session.scalars(plan)}
        note.subject = f"budget_line {line.id}"
        if after == before:
            return Saved(line.id, again=True)
        _keep(session, viewer, line, {"plan": before}, {"plan": after}, form.reason)
        note.detail = {"months": sorted(f"{month:%Y-%m}" for month in form.months), "reason": form.reason}
        return Saved(line.id, tuple(_plan_doubts(session, pilot, line, form)))


def _plan_doubts(session: Session, pilot: Pilot, line: BudgetLine, form: PlanForm) -> Iterator[str]:
    planned = session.scalar(select(func.sum(PlanMonth.amount)).where(PlanMonth.line_id == line.id)) or ZERO
    budget = _total(session, line.id).budget
    if planned != budget:
        yield f"The plan of “{line.name}” adds up to ${planned:,}, its budget is ${budget:,}."
    for month in sorted(month for month, amount in form.months.items() if amount):
        if month_end(month) < pilot.starts_on or month > pilot.ends_on:
            yield (
                f"{books.month_name(month)} is outside the pilot ({day(pilot.starts_on)} to {day(pilot.ends_on)}). "
                "The burn against plan does not show it."
            )
    through = closed_through(session)
    if through and (late := [month for month in sorted(form.months) if month <= through]):
        yield f"{books.month_name(late[0])} is closed: what was planned for it changed after the fact."


def _values(line: BudgetLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "amount": f"{line.amount:.2f}",
        "position": line.position,
        "is_pay": bool(line.is_pay),
        "post_id": line.post_id,
    }


def _keep(
    session: Session,
    viewer: Viewer,
    line: BudgetLine,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    reason: str,
) -> None:
    session.add(
        BudgetChange(line_id=line.id, at=viewer.now, by=viewer.user_id, before=before, after=after, reason=reason)
    )
