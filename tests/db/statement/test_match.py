"""Rows and entries: one to one, as many as can be; two different invoices are two things."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.statement.match import Booked, equals, match
from db.statement.read import Row
from db.vocab import EntryKind

DAY = date(2026, 10, 15)
SPENT = EntryKind.expenditure


def row(line: int = 2, amount: str = "100.00", on: date = DAY, **more: object) -> Row:
    values: dict[str, object] = {"kind": SPENT, "payee": "Harbor Recovery", "line_id": 1, **more}
    return Row(line=line, on_date=on, amount=Decimal(amount), **values)  # type: ignore[arg-type]


def entry(id: int = 1, amount: str = "100.00", on: date = DAY, **more: object) -> Booked:
    values: dict[str, object] = {"kind": SPENT, "payee_key": "harbor recovery", "line_id": 1, "number": "", **more}
    return Booked(id=id, amount=Decimal(amount), on_date=on, paid_on=None, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (row(), entry(), True),
        (row(payee="HARBOR  recovery"), entry(), True),
        (row(payee="Somebody else"), entry(), False),
        (row(payee="Somebody else", invoice="A-1"), entry(number="a-1"), True),
        (row(invoice="0012"), entry(number="12"), True),
        (row(invoice="A-1"), entry(number="a-2"), False),
        (row(payee=""), entry(payee_key=""), False),
        (row(amount="100.01"), entry(), False),
        (row(line_id=2), entry(), False),
        (row(line_id=None), entry(), True),
        (row(on=DAY + timedelta(days=31)), entry(), True),
        (row(on=DAY + timedelta(days=32)), entry(), False),
        (row(kind=EntryKind.obligation), entry(), False),
        (row(kind=EntryKind.adjustment), entry(), True),
    ],
)
def test_what_makes_a_row_an_entry(one: Row, other: Booked, same: bool) -> None:
    assert equals(one, other) is same


def test_the_date_of_payment_counts_as_well() -> None:
    paid = Booked(1, SPENT, 1, Decimal("100.00"), DAY - timedelta(days=60), DAY, "harbor recovery", "")
    assert equals(row(), paid)


def test_equal_months_are_paired_by_date_and_none_is_left_for_want_of_a_better_one() -> None:
    """The nearest pair first would leave the first row alone."""
    rows = [row(2, on=DAY), row(3, on=DAY + timedelta(days=30))]
    entries = [entry(1, on=DAY + timedelta(days=29)), entry(2, on=DAY + timedelta(days=33))]
    assert match(rows, entries) == {2: 1, 3: 2}


def test_a_voided_entry_is_matched_only_with_its_reversal() -> None:
    wrong = entry(1, voided_by=2)
    counter = entry(2, amount="-100.00", void_of=1)
    assert match([row(2)], [wrong, counter]) == {}
    reversal = row(3, amount="-100.00", kind=EntryKind.adjustment)
    assert match([row(2), reversal], [wrong, counter]) == {2: 1, 3: 2}


DAYS = st.lists(st.integers(min_value=0, max_value=90), max_size=6)


@given(theirs=DAYS, ours=DAYS)
def test_matching_is_one_to_one_and_true(theirs: list[int], ours: list[int]) -> None:
    rows = [row(k, on=DAY + timedelta(days=days)) for k, days in enumerate(theirs)]
    entries = [entry(k, on=DAY + timedelta(days=days)) for k, days in enumerate(ours)]
    found = match(rows, entries)
    assert len(set(found.values())) == len(found)
    for line, number in found.items():
        assert equals(rows[line], entries[number])
    free_rows = [one for one in rows if one.line not in found]
    free_entries = [one for one in entries if one.id not in found.values()]
    assert not any(equals(one, other) for one in free_rows for other in free_entries)
