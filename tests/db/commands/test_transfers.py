"""Money between lines, lines and plans: what is refused and what is said, word for word; the total never changes."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from db.access import Viewer, shell_viewer
from db.commands.budget_lines import save_line, save_plan
from db.commands.contracts import sign_contract
from db.commands.desk import Saved
from db.commands.invoices import receive_invoice
from db.commands.money import close_month
from db.commands.transfers import ask_transfer, decide_transfer
from db.engine import aggregate_session
from db.errors import Conflict, Invalid, NotFound, TandemError
from db.forms import checked
from db.forms.budget import DecisionForm, LineForm, PlanForm, TransferForm
from db.models import BudgetChange, BudgetLine, LineTransfer, PlanMonth
from db.vocab import Role
from tests.conftest import NOW
from tests.db.books_world import audited, contract, invoice, key, lines_of, session_of, somebody
from tests.db.commands.test_at_once import at_once


def write(bind: Engine, command: Callable[..., Any], form: Any, viewer: Viewer | None = None) -> Any:
    """Run a command as finance, or as ``viewer``, in a session of its own."""
    viewer = viewer or somebody(Role.finance)
    with session_of(bind, viewer) as session:
        return command(session, viewer, form)


def refused(
    bind: Engine,
    command: Callable[..., Any],
    form: Any,
    kind: type[TandemError] = Invalid,
    viewer: Viewer | None = None,
) -> Any:
    before = lines_of(bind)
    with pytest.raises(kind) as refusal:
        write(bind, command, form, viewer)
    assert lines_of(bind) == before
    return refusal.value.errors if isinstance(refusal.value, Invalid) else str(refusal.value)


def transfer(**change: Any) -> TransferForm:
    values = {"from_line_id": 1, "to_line_id": 2, "amount": "40", "reason": "dearer radios", "submit_key": key()}
    return checked(TransferForm, values | change)


def decide(number: int, decision: str = "approved", note: str = "") -> DecisionForm:
    return checked(DecisionForm, {"transfer_id": number, "decision": decision, "note": note})


def budgets(bind: Engine, until: date | None = None) -> list[str]:
    return [f"{total.budget}" for total in lines_of(bind, until).values()]


def test_money_moves_when_somebody_else_approves(books: Engine, chief: Viewer) -> None:
    form = transfer()
    asked, again = write(books, ask_transfer, form), write(books, ask_transfer, form)
    assert (again.id, again.again) == (asked.id, True)
    assert budgets(books) == ["1000.00", "200.00"]
    assert write(books, decide_transfer, decide(asked.id), chief) == Saved(asked.id)
    assert budgets(books) == ["960.00", "240.00"]
    assert budgets(books, date(2026, 11, 13)) == ["1000.00", "200.00"], "the day before it was approved"
    assert [total.adopted for total in lines_of(books).values()] == [Decimal(1000), Decimal(200)]
    assert write(books, decide_transfer, decide(asked.id), chief).again
    assert refused(books, decide_transfer, decide(asked.id, "declined", "no"), Conflict, chief) == (
        "This transfer was approved on 14 Nov 2026. Nothing was changed."
    )
    assert budgets(books) == ["960.00", "240.00"]


def test_a_declined_transfer_moves_nothing_and_says_why(ledger: Engine, chief: Viewer) -> None:
    asked = write(ledger, ask_transfer, transfer())
    assert refused(ledger, decide_transfer, decide(asked.id, "declined"), Invalid, chief) == {
        "note": "Write why it is declined: finance reads it."
    }
    write(ledger, decide_transfer, decide(asked.id, "declined", "wait for the audit"), chief)
    assert budgets(ledger) == ["1000.00", "200.00"]
    with aggregate_session(ledger) as session:
        assert session.get_one(LineTransfer, asked.id).decision_note == "wait for the audit"
    gone = "There is no transfer 9 here. Go back to the list and open it again."
    assert refused(ledger, decide_transfer, decide(9), NotFound, chief) == gone


def test_who_asks_does_not_decide(ledger: Engine, chief: Viewer) -> None:
    """Whoever holds a shell may do both, and so must not."""
    shell = shell_viewer("root", now=NOW, today=NOW.date())
    asked = write(ledger, ask_transfer, transfer(), shell)
    assert refused(ledger, decide_transfer, decide(asked.id), Conflict, shell) == (
        "Who asks for a transfer does not decide it. Somebody else who may has to."
    )
    write(ledger, decide_transfer, decide(asked.id), chief)
    assert budgets(ledger) == ["960.00", "240.00"]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"to_line_id": 1}, {"to_line_id": "A line cannot give money to itself. Choose another line."}),
        ({"to_line_id": 9}, {"to_line_id": "There is no budget line 9. Choose one from the list."}),
        ({"from_line_id": 9}, {"from_line_id": "There is no budget line 9. Choose one from the list."}),
        ({"amount": "0"}, {"amount": "0.00 moves nothing. Write the dollars and cents that should move."}),
        ({"amount": "-5"}, {"amount": "-5.00 moves nothing. Write the dollars and cents that should move."}),
        ({"reason": ""}, {"reason": "Write why the money should move: whoever decides reads it."}),
        (
            {"amount": "100.01"},
            {
                "amount": "“Social worker” holds $1,000.00, of which $900.00 is obligated and $90.10 spent or pending: "
                "$100.00 can move, not $100.01."
            },
        ),
        (
            {"from_line_id": 2, "to_line_id": 1, "amount": "0.01"},
            {
                "amount": "“Equipment” holds $200.00, of which $150.00 is obligated and $250.00 spent or pending: "
                "nothing can move, not $0.01."
            },
        ),
    ],
)
def test_what_cannot_move_is_refused(ledger: Engine, change: dict[str, Any], sentences: dict[str, str]) -> None:
    write(ledger, sign_contract, contract())
    write(ledger, receive_invoice, invoice(parts=[{"line_id": 1, "amount": "90.10"}, {"line_id": 2, "amount": "250"}]))
    with pytest.raises(Invalid) as refusal:
        write(ledger, ask_transfer, transfer(**change))
    assert refusal.value.errors == sentences
    with aggregate_session(ledger) as session:
        assert session.scalar(select(func.count(LineTransfer.id))) == 0


def test_what_was_free_when_asked_may_not_be_when_decided(books: Engine, chief: Viewer) -> None:
    """Two transfers of the same money: one of them moves it, also when both are approved at one moment."""
    first, second = (write(books, ask_transfer, transfer(amount="600")).id for _ in range(2))
    ended = at_once(*[lambda n=n: write(books, decide_transfer, decide(n), chief) for n in (first, second)])
    [told] = [e for e in ended if isinstance(e, Invalid)]
    assert str(told) == (
        "“Social worker” holds $400.00, of which $0.00 is obligated and $0.00 spent or pending: "
        "$400.00 can move, not $600.00."
    )
    assert budgets(books) == ["400.00", "800.00"]


# --- lines and plans -------------------------------------------------------------------------------------


def line(**change: Any) -> LineForm:
    return checked(LineForm, {"name": "Interpreter", "amount": "0", "reason": "council vote"} | change)


def test_a_line_is_added_and_changed_and_its_history_kept(books: Engine) -> None:
    added = write(books, save_line, line(is_pay=True, post_id=2))
    assert added == Saved(3)
    assert write(books, save_line, line(is_pay=True, post_id=2)) == Saved(3, again=True)
    renamed = line(line_id=3, name="Interpreters", is_pay=True, post_id=2, reason="there are two")
    assert write(books, save_line, renamed) == Saved(3)
    assert write(books, save_line, renamed).again
    with aggregate_session(books) as session:
        told = session.scalars(select(BudgetChange).order_by(BudgetChange.id)).all()
        values = {"name": "Interpreter", "amount": "0.00", "position": 3, "is_pay": True, "post_id": 2}
        assert [(one.before, one.after, one.reason) for one in told] == [
            (None, values, "council vote"),
            (values, values | {"name": "Interpreters"}, "there are two"),
        ]
        assert session.scalar(select(func.count(BudgetLine.id))) == 3


def test_lines_beyond_the_grant_are_stored_and_said(ledger: Engine) -> None:
    assert write(ledger, save_line, line(amount="0.01")).doubts == (
        "The lines now add up to $1,200.01, $0.01 more than the grant of $1,200.00. "
        "It was stored; another line has to be smaller, or other money has to be found.",
    )


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"amount": "-1"}, {"amount": "-1.00 is below zero. A line holds nothing or more."}),
        ({"name": ""}, {"name": "Write the name of the line."}),
        (
            {"name": "social  WORKER"},
            {"name": "There is a line “Social worker” already. Choose another name, or change that line."},
        ),
        ({"post_id": 9}, {"post_id": "There is no post 9. Choose one from the list, or none."}),
        (
            {"line_id": 1, "name": "Social worker", "amount": "939.99"},
            {
                "amount": "“Social worker” has $900.00 obligated, or spent and pending. "
                "It cannot be adopted at less than $940.00."
            },
        ),
    ],
)
def test_what_is_no_line_is_refused(
    ledger: Engine, chief: Viewer, change: dict[str, Any], sentences: dict[str, str]
) -> None:
    write(ledger, sign_contract, contract())
    write(ledger, decide_transfer, decide(write(ledger, ask_transfer, transfer()).id), chief)
    before = lines_of(ledger)
    with pytest.raises(Invalid) as refusal:
        write(ledger, save_line, line(**change))
    assert refusal.value.errors == sentences
    assert lines_of(ledger) == before
    assert write(ledger, save_line, line(line_id=1, name="Social worker", amount="940")).doubts == ()


def test_a_line_that_is_over_may_be_raised_in_part(ledger: Engine) -> None:
    write(ledger, sign_contract, contract(parts=[{"line_id": 2, "amount": "500"}]))
    write(ledger, save_line, line(line_id=2, name="Equipment", amount="300"))
    assert lines_of(ledger)[2].available == Decimal(-200)


def plan(months: dict[str, str], **change: Any) -> PlanForm:
    return checked(PlanForm, {"line_id": 1, "months": months, "reason": "hired later"} | change)


def test_a_plan_is_changed_month_by_month_and_its_history_kept(books: Engine) -> None:
    first = plan({"2026-02-01": "400", "2026-03-01": "600"})
    assert write(books, save_plan, first) == Saved(1)
    assert write(books, save_plan, first).again
    saved = write(books, save_plan, plan({"2026-02-01": "0", "2026-04-01": "150.50"}))
    assert saved.doubts == ("The plan of “Social worker” adds up to $750.50, its budget is $1,000.00.",)
    with aggregate_session(books) as session:
        assert {p.month.month: p.amount for p in session.scalars(select(PlanMonth))} == {
            3: Decimal(600),
            4: Decimal("150.50"),
        }
        last = session.scalars(select(BudgetChange).order_by(BudgetChange.id.desc()).limit(1)).one()
        assert last.before == {"plan": {"2026-02": "400.00", "2026-03": "600.00"}}
        assert last.after == {"plan": {"2026-03": "600.00", "2026-04": "150.50"}}
    assert audited(books, "save plan").detail == {"months": ["2026-02", "2026-04"], "reason": "hired later"}


def test_a_doubtful_plan_is_stored_and_said(ledger: Engine) -> None:
    write(ledger, close_month, date(2026, 1, 1))
    saved = write(ledger, save_plan, plan({"2026-01-01": "500", "2027-02-01": "500"}))
    assert saved.doubts == (
        "February 2027 is outside the pilot (12 Jan 2026 to 11 Jan 2027). The burn against plan does not show it.",
        "January 2026 is closed: what was planned for it changed after the fact.",
    )


@pytest.mark.parametrize(
    ("months", "sentence"),
    [
        ({}, "No month is named. Write an amount for at least one."),
        ({"2026-02-02": "5"}, "2 Feb 2026 is not the first day of a month. Name the month by its first day."),
        ({"2026-02-01": "-5"}, "The plan of February 2026 is -5.00. A month is planned at zero or more."),
        ({"2026-02-01": "5.555"}, "5.555 has a fraction of a cent. Write two decimals at most, such as 1,250.00."),
    ],
)
def test_what_is_no_plan_is_refused(ledger: Engine, months: dict[str, str], sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        write(ledger, save_plan, plan(months))
    assert refusal.value.errors == {"months": sentence}


def test_the_plan_of_no_line_is_refused(ledger: Engine) -> None:
    sentence = "There is no budget line 9 here. Go back to the list and open it again."
    assert refused(ledger, save_plan, plan({"2026-02-01": "5"}, line_id=9), NotFound) == sentence


def test_a_reader_of_lines_sees_no_transfer(ledger: Engine) -> None:
    """The row criteria hold for what line totals read, too: without see_money there is nothing on the lines."""
    write(ledger, ask_transfer, transfer())
    for role in set(Role) - {Role.finance, Role.chief}:
        with session_of(ledger, somebody(role)) as session:
            assert _visible(session) == 0, role
    with session_of(ledger, somebody(Role.chief)) as session:
        assert _visible(session) == 1


def _visible(session: Session) -> int:
    return len(session.scalars(select(LineTransfer)).all())
