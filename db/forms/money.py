"""What finance may submit: an entry of the ledger, the void of one, a reopened month."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, StringConstraints

from db.forms import Form, Now, blank_is_none, day
from db.vocab import EntryKind

ZERO = Decimal("0.00")
LARGEST = Decimal("9999999999.99")
"""What a numeric(12, 2) of the Treasury's worksheet holds."""

_AMOUNT = re.compile(r"(?P<sign>[-−]?)\$?(?P<dollars>\d+|\d{1,3}(?:,\d{3})+)(?:\.(?P<cents>\d*))?")


def read_amount(value: Any) -> Decimal:
    """Dollars and cents as typed (“1,250.00”, “$12.5”, “-40”) as an exact Decimal with two places.

    ValueError, one sentence, for anything else: a third decimal, an exponent, a comma in the wrong place, a float.
    """
    if isinstance(value, float):
        raise ValueError(f"{value} is an inexact number. Write the amount as text or Decimal, such as 1250.00.")
    text = "" if value is None else str(value).strip()
    if not text:
        raise ValueError("The amount is missing. Write dollars and cents, such as 1,250.00.")
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise ValueError(f"“{text}” is not an amount. Write dollars and cents, such as 1,250.00.")
    cents = found["cents"] or ""
    if len(cents) > 2:
        raise ValueError(f"{text} has a fraction of a cent. Write two decimals at most, such as 1,250.00.")
    amount = Decimal(f"{found['dollars'].replace(',', '')}.{cents.ljust(2, '0')}")
    if amount > LARGEST:
        raise ValueError(f"{text} is more than a ledger of ten digits holds. Check the amount.")
    return -amount if found["sign"] else amount


Amount = Annotated[Decimal, BeforeValidator(read_amount)]


Payee = Annotated[str, StringConstraints(max_length=120), BeforeValidator(blank_is_none)]
Reason = Annotated[str, StringConstraints(max_length=200), BeforeValidator(blank_is_none)]
InvoiceNumber = Annotated[str, StringConstraints(max_length=40)]
SubmitKey = Annotated[str, StringConstraints(min_length=8, max_length=36)]
"""Made when the form is drawn: the same key is stored once, however often it is sent."""


class EntryForm(Form):
    """One obligation, expenditure or adjustment on one budget line."""

    ask: ClassVar = {
        "line_id": "Choose the budget line this belongs to.",
        "kind": "Choose what this is: an obligation, an expenditure or an adjustment.",
        "on_date": "The date is missing. Choose the day it was signed, or the day payment fell due.",
        "payee": "Write who is paid.",
    }

    kind: EntryKind
    line_id: int
    amount: Amount
    on_date: date
    payee: Payee
    invoice_number: Annotated[InvoiceNumber | None, BeforeValidator(blank_is_none)] = None
    paid_on: date | None = None
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    one_off: bool = False
    contract_id: int | None = None
    """The contract or order it belongs to."""
    submit_key: SubmitKey

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.amount == 0:
            yield "amount", "An amount of 0.00 books nothing. Write the dollars and cents."
        elif self.amount < 0 and self.kind is not EntryKind.adjustment:
            yield (
                "amount",
                f"{self.amount:,} is below zero. Write it without the minus; to take back an entry, void that entry.",
            )
        if self.on_date > now.today:
            yield "on_date", f"{day(self.on_date)} has not come yet (today is {day(now.today)}). Check the date."
        if self.kind is EntryKind.adjustment and not self.description:
            yield "description", "An adjustment says what it corrects. Write that in a few words."
        if self.kind is EntryKind.obligation and self.invoice_number:
            yield "invoice_number", "An invoice asks for a cost, it obligates nothing. Leave its number empty here."
        if self.paid_on is not None:
            yield from self._payment(self.paid_on, now.today)

    def _payment(self, paid_on: date, today: date) -> Iterator[tuple[str, str]]:
        if self.kind is not EntryKind.expenditure:
            yield "paid_on", "Only an expenditure has a payment date. Leave it empty."
        elif paid_on > today:
            yield "paid_on", f"{day(paid_on)} has not come yet. Leave the payment date empty until it is paid."


class VoidForm(Form):
    """Take an entry back by a counter-entry."""

    ask: ClassVar = {"reason": "Write why this entry is voided: it stays in the ledger."}

    entry_id: int
    reason: Reason


class ReopenForm(Form):
    """Open a closed month again, and every later one that is closed."""

    ask: ClassVar = {"reason": "Write why this month is reopened: it stays in the audit."}

    month: date
    reason: Reason
