"""Amounts as accounting systems print them, read back to the cent; what is no amount is refused in a sentence."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.statement.amounts import read_accounting

CENTS = st.integers(min_value=0, max_value=9_999_999_999_99)
POSITIVE = ("{plain}", "{commas}", "${commas}", "$ {commas} ", "+{commas}", "{commas} DR", "USD {plain}", "{plain}00")
NEGATIVE = (
    "({commas})", "(${commas})", "$({commas})", "( {commas} )", "-{plain}", "-${commas}", "$-{commas}", "{commas}-",
    "{commas} CR", "\u2212{plain}", "\u00a0({commas})",
)  # fmt: skip


@given(cents=CENTS, style=st.sampled_from(POSITIVE + NEGATIVE))
def test_any_amount_in_any_style_of_accounting_is_read_back_exactly(cents: int, style: str) -> None:
    amount = Decimal(cents) / 100
    read = read_accounting(style.format(plain=f"{amount:.2f}", commas=f"{amount:,.2f}"))
    assert read.amount == (-amount if style in NEGATIVE else amount)
    assert read.amount.as_tuple().exponent == -2
    assert not read.noisy


@given(cents=CENTS)
def test_what_excel_makes_of_an_amount_is_that_amount(cents: int) -> None:
    """A cell of a workbook is a float, and comes as its shortest decimal."""
    assert read_accounting(repr(cents / 100)).amount == Decimal(cents) / 100


@pytest.mark.parametrize(
    ("cell", "amount", "noisy"),
    [
        ("1234.1", "1234.10", False),
        ("0.30000000000000004", "0.30", True),
        ("216000.00000000003", "216000.00", True),
        ("12.3400", "12.34", False),
        (".5", "0.50", False),
        (" $ - ", "0.00", False),
        ("\u2013", "0.00", False),
    ],
)
def test_noise_is_taken_off_and_told_apart_from_an_amount(cell: str, amount: str, noisy: bool) -> None:
    read = read_accounting(cell)
    assert (str(read.amount), read.noisy) == (amount, noisy)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("", "The amount is missing."),
        ("12.345", "12.345 has a fraction of a cent. The books hold two decimals: correct it, or leave it out."),
        ("0.3000001", "0.3000001 has a fraction of a cent. The books hold two decimals: correct it, or leave it out."),
        ("-(5.00)", "“-(5.00)” has two signs at once. Write the amount with one, such as -1,250.00."),
        (
            "12,50",
            "“12,50” is not an amount. The comma stands where no thousand ends. "
            "Write dollars and cents, such as 1,250.00.",
        ),
        ("n/a", "“n/a” is not an amount. Write dollars and cents, such as 1,250.00."),
        ("1.2E+05", "“1.2E+05” was cut short by a spreadsheet. Export the file again, or write the amount out."),
        ("10,000,000,000.00", "10,000,000,000.00 is more than a ledger of ten digits holds. Check the amount."),
        ("9" * 60, f"{'9' * 60} is more than a ledger of ten digits holds. Check the amount."),
    ],
)
def test_what_is_no_amount_is_refused_with_the_value(cell: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refusal:
        read_accounting(cell)
    assert str(refusal.value) == sentence


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    read = None
    with suppress(ValueError):
        read = read_accounting(text)
    assert read is None or read.amount == read.amount.quantize(Decimal("0.01"))
