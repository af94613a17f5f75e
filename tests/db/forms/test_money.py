"""What finance types: every refusal word for word, every amount exact."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import Invalid
from db.forms import Now, checked
from db.forms.money import EntryForm, ReopenForm, VoidForm, read_amount
from tests.conftest import NOW
from tests.db.commands.test_money import PILOT

GOOD = {
    "kind": "expenditure",
    "line_id": 1,
    "amount": "1,250.00",
    "on_date": "2026-10-30",
    "payee": "Harbor Recovery Center",
    "submit_key": "0123456789",
}


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1250", "1250.00"),
        ("1,250.5", "1250.50"),
        ("$216,000", "216000.00"),
        (" 0.01 ", "0.01"),
        ("12.", "12.00"),
        ("−40.10", "-40.10"),
        ("-40.10", "-40.10"),
        (7, "7.00"),
        (Decimal("7.10"), "7.10"),
    ],
)
def test_an_amount_is_read_to_the_cent(typed: Any, amount: str) -> None:
    read = read_amount(typed)
    assert read == Decimal(amount)
    assert str(read) == amount


@given(st.integers(min_value=0, max_value=999_999_999_999))
def test_an_amount_written_with_separators_comes_back_the_same(cents: int) -> None:
    amount = Decimal(cents) / 100
    assert read_amount(f"{amount:,.2f}") == amount == read_amount(str(amount))


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"amount": "12.345"},
            {"amount": "12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00."},
        ),
        ({"amount": "twelve"}, {"amount": "“twelve” is not an amount. Write dollars and cents, such as 1,250.00."}),
        ({"amount": "1,25"}, {"amount": "“1,25” is not an amount. Write dollars and cents, such as 1,250.00."}),
        ({"amount": "1e5"}, {"amount": "“1e5” is not an amount. Write dollars and cents, such as 1,250.00."}),
        ({"amount": "NaN"}, {"amount": "“NaN” is not an amount. Write dollars and cents, such as 1,250.00."}),
        (
            {"amount": 12.1},
            {"amount": "12.1 is an inexact number. Write the amount as text or Decimal, such as 1250.00."},
        ),
        (
            {"amount": "99999999999"},
            {"amount": "99999999999 is more than a ledger of ten digits holds. Check the amount."},
        ),
        ({"amount": ""}, {"amount": "The amount is missing. Write dollars and cents, such as 1,250.00."}),
        ({"amount": "0"}, {"amount": "An amount of 0.00 books nothing. Write the dollars and cents."}),
        (
            {"amount": "-1,250"},
            {"amount": "-1,250.00 is below zero. Write it without the minus; to take back an entry, void that entry."},
        ),
        ({"line_id": None}, {"line_id": "Choose the budget line this belongs to."}),
        ({"payee": "  "}, {"payee": "Write who is paid."}),
        (
            {"on_date": "2026-11-15"},
            {"on_date": "15 Nov 2026 has not come yet (today is 14 Nov 2026). Check the date."},
        ),
        ({"on_date": "soon"}, {"on_date": "“soon” is not a date. Write on date like 2026-11-14."}),
        (
            {"paid_on": "2026-12-01"},
            {"paid_on": "1 Dec 2026 has not come yet. Leave the payment date empty until it is paid."},
        ),
        (
            {"kind": "obligation", "paid_on": "2026-11-01"},
            {"paid_on": "Only an expenditure has a payment date. Leave it empty."},
        ),
        (
            {"kind": "adjustment", "amount": "-5"},
            {"description": "An adjustment says what it corrects. Write that in a few words."},
        ),
        ({"kind": "gift"}, {"kind": "“gift” is not one of the answers for kind. Choose one from the list."}),
        (
            {"amount": "0", "on_date": "2026-11-15"},
            {
                "amount": "An amount of 0.00 books nothing. Write the dollars and cents.",
                "on_date": "15 Nov 2026 has not come yet (today is 14 Nov 2026). Check the date.",
            },
        ),
    ],
)
def test_a_wrong_entry_is_refused_in_words(change: dict[str, Any], sentences: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(EntryForm, GOOD | change, Now.of(PILOT, NOW))
    assert refusal.value.errors == sentences


def test_a_right_entry_passes_as_typed() -> None:
    form = checked(EntryForm, GOOD | {"invoice_number": " ", "description": " May invoice "}, Now.of(PILOT, NOW))
    assert (form.amount, form.invoice_number, form.description) == (Decimal("1250.00"), None, "May invoice")
    back = checked(EntryForm, GOOD | {"kind": "adjustment", "amount": "-5", "description": "typo"}, Now.of(PILOT, NOW))
    assert back.amount == Decimal("-5.00")


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        (VoidForm, {"entry_id": 1, "reason": " "}, "Write why this entry is voided: it stays in the ledger."),
        (
            ReopenForm,
            {"month": "2026-10-01", "reason": ""},
            "Write why this month is reopened: it stays in the audit.",
        ),
    ],
)
def test_a_reason_is_asked_for(kind: Any, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(kind, values)
    assert refusal.value.errors == {"reason": sentence}
