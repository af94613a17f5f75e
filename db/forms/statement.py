"""What finance submits about the city's statement: a mapping's name, a load taken back, one difference settled."""

from typing import Annotated, ClassVar

from pydantic import Field

from db.forms import Form
from db.forms.money import Reason


class StatementMappingForm(Form):
    """A name for a mapping, to choose it next month."""

    ask: ClassVar = {"name": "Give the mapping a name, like “City ledger, monthly”."}
    name: Annotated[str, Field(min_length=1, max_length=60)]


class StatementBackForm(Form):
    """Take a load back whole: what it booked is voided."""

    ask: ClassVar = {"reason": "Write why this load is taken back: it stays beside every entry it voids."}
    statement_id: int
    reason: Reason


class RowMatchForm(Form):
    """This row of the city's is that entry of the ledger."""

    ask: ClassVar = {"entry_id": "Choose the entry that is the same.", "row_id": "Choose the city's row."}
    row_id: int
    entry_id: int


class RowBookForm(Form):
    """Book a row that only the city has."""

    ask: ClassVar = {"line_id": "Choose the budget line this belongs to."}
    row_id: int
    line_id: int


class RowAsideForm(Form):
    """A row that only the city has is no difference, and why."""

    ask: ClassVar = {"reason": "Write why this row does not belong in the ledger: it stays beside it."}
    row_id: int
    reason: Reason


class RowUndoForm(Form):
    """A row is a difference again; what it booked is voided, with the reason."""

    ask: ClassVar = {"reason": "Write why this is undone: it stays beside the entry that is voided."}
    row_id: int
    reason: Reason


class RowCorrectForm(Form):
    """The city is right: an entry that tells the same thing otherwise is voided, the row booked in its place."""

    ask: ClassVar = {"reason": "Write why the ledger was wrong: it stays beside the entry that is voided."}
    row_id: int
    entry_id: int
    line_id: int
    reason: Reason
