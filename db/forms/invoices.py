"""What finance may submit about what is owed: contracts, payees, invoices on their way from received to paid."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, StringConstraints

from db.forms import Form, Now, blank_is_none, day
from db.forms.money import ZERO, Amount, InvoiceNumber, Payee, Reason, SubmitKey
from db.vocab.money import AwardKind, PayeeKind


class PartForm(Form):
    """What a contract obligates, or an invoice asks, of one budget line."""

    line_id: int
    amount: Amount
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    one_off: bool = False
    """Equipment or training: left out of the projected daily rate."""


class PartsForm(Form):
    """What is told line by line, and what the lines add up to."""

    ask: ClassVar = {
        "parts": "Write at least one part: a budget line and its amount.",
        "parts.line_id": "Choose the budget line of every part.",
        "parts.amount": "Write the amount of every part.",
    }

    parts: tuple[PartForm, ...]
    submit_key: SubmitKey

    @property
    def total(self) -> Decimal:
        return sum((part.amount for part in self.parts), ZERO)

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if not self.parts:
            yield "parts", self.ask["parts"]
        for number, part in enumerate(self.parts, start=1):
            if part.amount <= 0:
                yield "parts", f"Part {number} is {part.amount:,}. Every part asks for more than nothing."


class ContractForm(PartsForm):
    """A contract, subaward or order, and what it obligates on each line the day it is signed."""

    ask: ClassVar = {
        **PartsForm.ask,
        "number": "Write the number of the contract or order.",
        "payee": "Write who is paid.",
        "kind": "Choose what this is: a contract, a subaward or a direct payment.",
        "signed_on": "The date is missing. Choose the day it was signed.",
        "starts_on": "Choose the first day of the contract.",
        "ends_on": "Choose the last day of the contract.",
    }

    number: Annotated[str, StringConstraints(max_length=20), BeforeValidator(blank_is_none)]
    payee: Payee
    kind: AwardKind
    signed_on: date
    starts_on: date
    ends_on: date
    place: Annotated[str, StringConstraints(max_length=120)] = ""
    description: Annotated[str, StringConstraints(max_length=750)] = ""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from super().contradictions(now)
        if self.signed_on > now.today:
            yield (
                "signed_on",
                f"{day(self.signed_on)} has not come yet (today is {day(now.today)}). "
                "Money is obligated the day the contract is signed.",
            )
        if self.ends_on < self.starts_on:
            yield "ends_on", f"{day(self.ends_on)} is before the first day, {day(self.starts_on)}. Check the two dates."


def _read_uei(value: Any) -> Any:
    """SAM.gov: 12 letters and digits, no O or I, not beginning with 0."""
    text = "" if value is None else str(value).strip().upper()
    if text and not re.fullmatch(r"[1-9A-HJ-NP-Z][0-9A-HJ-NP-Z]{11}", text):
        raise ValueError(
            f"“{text}” is not a UEI. It has 12 letters and digits, none of them O or I, and does not begin with 0."
        )
    return text or None


def _read_ein(value: Any) -> Any:
    """IRS: nine digits, often written 12-3456789."""
    text = "" if value is None else str(value).strip()
    digits = text.replace("-", "").replace(" ", "")
    if text and not re.fullmatch(r"[0-9]{9}", digits):
        raise ValueError(f"“{text}” is not an EIN. It has nine digits, such as 12-3456789.")
    return digits or None


class PayeeForm(Form):
    """What the Treasury asks of somebody who is paid. Blank is not known yet."""

    ask: ClassVar = {"name": "Write who is paid."}

    name: Payee
    kind: Annotated[PayeeKind | None, BeforeValidator(blank_is_none)] = None
    uei: Annotated[str | None, BeforeValidator(_read_uei)] = None
    ein: Annotated[str | None, BeforeValidator(_read_ein)] = None
    sam_registered: bool | None = None


class InvoiceForm(PartsForm):
    """An invoice as it was received: pending until it is accepted."""

    ask: ClassVar = {
        **PartsForm.ask,
        "payee": "Write who sent the invoice.",
        "number": "Write the number of the invoice.",
        "service_from": "Choose the first day of the service the invoice is for.",
        "service_to": "Choose the last day of the service the invoice is for.",
        "received_on": "Choose the day the invoice was received.",
    }

    payee: Payee
    number: Annotated[InvoiceNumber, BeforeValidator(blank_is_none)]
    contract_id: int | None = None
    service_from: date
    service_to: date
    received_on: date
    due_on: date | None = None
    disputed: Annotated[Reason | None, BeforeValidator(blank_is_none)] = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        yield from super().contradictions(now)
        if self.service_to < self.service_from:
            yield (
                "service_to",
                f"{day(self.service_to)} is before the first day of service, {day(self.service_from)}. "
                "Check the two dates.",
            )
        if self.received_on > now.today:
            yield (
                "received_on",
                f"{day(self.received_on)} has not come yet (today is {day(now.today)}). Check the date.",
            )
        if self.due_on is not None and self.due_on < self.received_on:
            yield (
                "due_on",
                f"{day(self.due_on)} is before the invoice was received, {day(self.received_on)}. Check the two dates.",
            )


class AcceptForm(Form):
    """Service confirmed, amount agreed: each part becomes an expenditure dated ``accrued_on``."""

    ask: ClassVar = {"accrued_on": "Choose the day from which the cost counts: the last day of the service."}

    invoice_id: int
    accrued_on: date

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.accrued_on > now.today:
            yield (
                "accrued_on",
                f"{day(self.accrued_on)} has not come yet (today is {day(now.today)}). "
                "A service is an expenditure once it was rendered.",
            )


class DisputeForm(Form):
    """Why an invoice waits. Without a reason: the dispute is settled, it waits to be accepted."""

    invoice_id: int
    reason: Annotated[Reason | None, BeforeValidator(blank_is_none)] = None


class WithdrawForm(Form):
    """Send an invoice back. What was booked of it is voided; its number is free for the one that comes instead."""

    ask: ClassVar = {"reason": "Write why the invoice is withdrawn: it stays in the ledger."}

    invoice_id: int
    reason: Reason


class PaymentForm(Form):
    """The day an invoice, or one expenditure, was paid. None takes a wrong payment date out."""

    ask: ClassVar = {"invoice_id": "Choose the invoice that was paid."}

    invoice_id: int | None = None
    entry_id: int | None = None
    paid_on: date | None = None

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if (self.invoice_id is None) == (self.entry_id is None):
            yield "invoice_id", "Choose one invoice or one entry of the ledger that was paid."
        if self.paid_on is not None and self.paid_on > now.today:
            yield (
                "paid_on",
                f"{day(self.paid_on)} has not come yet (today is {day(now.today)}). "
                "Record the payment when it is made.",
            )
