"""What finance may ask of the budget: a line, its plan, money moved from line to line; what the chief decides."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints

from db.forms import Form, Now, blank_is_none, day
from db.forms.money import Amount, Reason, SubmitKey
from db.vocab.money import TransferDecision

LineName = Annotated[str, StringConstraints(max_length=80), BeforeValidator(blank_is_none)]


class LineForm(Form):
    """A budget line as adopted: a new one (``line_id`` None) or other values for one that is there."""

    ask: ClassVar = {
        "name": "Write the name of the line.",
        "reason": "Write why the budget changes: it stays in the history of the line.",
    }

    line_id: int | None = None
    name: LineName
    amount: Amount
    position: Annotated[int, Field(ge=1, le=999)] | None = None
    """Where it stands in the budget; None: where it is, a new one last."""
    is_pay: bool = False
    post_id: int | None = None
    """Whose post the line pays, of the pilot's staff."""
    reason: Reason

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.amount < 0:
            yield "amount", f"{self.amount:,} is below zero. A line holds nothing or more."


class PlanForm(Form):
    """What a line is planned to spend, by month. Months that are not named keep what they have; 0 takes one out."""

    ask: ClassVar = {
        "line_id": "Choose the budget line that is planned.",
        "reason": "Write why the plan changes: it stays in the history of the line.",
    }

    line_id: int
    months: dict[date, Amount]
    """First day of the month → dollars and cents."""
    reason: Reason

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not self.months:
            yield "months", "No month is named. Write an amount for at least one."
        for month, amount in sorted(self.months.items()):
            if month.day != 1:
                yield "months", f"{day(month)} is not the first day of a month. Name the month by its first day."
            elif amount < 0:
                yield "months", f"The plan of {month:%B %Y} is {amount:,}. A month is planned at zero or more."


class TransferForm(Form):
    """Money asked to move from one line to another. It moves when somebody else approves it."""

    ask: ClassVar = {
        "from_line_id": "Choose the line the money comes from.",
        "to_line_id": "Choose the line the money goes to.",
        "reason": "Write why the money should move: whoever decides reads it.",
    }

    from_line_id: int
    to_line_id: int
    amount: Amount
    reason: Reason
    submit_key: SubmitKey

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.from_line_id == self.to_line_id:
            yield "to_line_id", "A line cannot give money to itself. Choose another line."
        if self.amount <= Decimal(0):
            yield "amount", f"{self.amount:,} moves nothing. Write the dollars and cents that should move."


class DecisionForm(Form):
    """What the chief decides on a transfer. Declining says why."""

    ask: ClassVar = {"decision": "Choose: approve or decline."}

    transfer_id: int
    decision: TransferDecision
    note: Annotated[Reason | None, BeforeValidator(blank_is_none)] = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.decision is TransferDecision.declined and not self.note:
            yield "note", "Write why it is declined: finance reads it."
