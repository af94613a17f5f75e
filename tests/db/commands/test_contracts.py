"""Contracts with what they obligate, and payees: what is refused and what is said, word for word."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands.budget_lines import save_line
from db.commands.contracts import save_payee, sign_contract
from db.commands.desk import Saved
from db.commands.money import close_month
from db.engine import aggregate_session
from db.errors import Invalid
from db.forms import checked
from db.forms.budget import LineForm
from db.forms.invoices import PayeeForm
from db.models import Contract, LedgerEntry, Payee
from db.vocab import EntryKind
from tests.db.books_world import PROVIDER, audited, contract, lines_of, session_of


def sign(bind: Engine, finance: Viewer, **change: Any) -> Saved:
    with session_of(bind, finance) as session:
        return sign_contract(session, finance, contract(**change))


def test_a_contract_obligates_its_sum_the_day_it_is_signed(books: Engine, finance: Viewer) -> None:
    form = contract()
    with session_of(books, finance) as session:
        first, again = sign_contract(session, finance, form), sign_contract(session, finance, form)
    assert first == Saved(1)
    assert (again.id, again.again) == (1, True)
    assert [t.obligated for t in lines_of(books).values()] == [Decimal(900), Decimal(150)]
    assert [t.obligated for t in lines_of(books, date(2026, 1, 4)).values()] == [Decimal(0)] * 2
    with aggregate_session(books) as session:
        entries = session.scalars(select(LedgerEntry)).all()
        assert {(e.kind, e.on_date, e.contract_id, e.payee) for e in entries} == {
            (EntryKind.obligation, date(2026, 1, 5), 1, PROVIDER)
        }
    assert audited(books, "sign contract").detail == {"number": "C-1", "kind": "subaward", "amount": "1050.00"}


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"number": "c-1"},
            {
                "number": "c-1 is the number of the contract with Harbor Recovery Center of 5 Jan 2026. "
                "Check the number; an extension gets a number of its own."
            },
        ),
        ({"number": "C" * 21}, {"number": "Number has 21 characters; 20 fit. Shorten it."}),
        (
            {"signed_on": "2026-11-15"},
            {
                "signed_on": "15 Nov 2026 has not come yet (today is 14 Nov 2026). "
                "Money is obligated the day the contract is signed."
            },
        ),
        (
            {"signed_on": "2026-11-01"},
            {
                "signed_on": "1 Nov 2026 is after 31 Oct 2026, the grant's last day to obligate. "
                "This cannot be charged to the grant."
            },
        ),
        (
            {"signed_on": "2026-01-31"},
            {"signed_on": "January 2026 is closed. Date an adjustment after 31 Jan 2026, or reopen the month."},
        ),
        (
            {"ends_on": "2026-01-11"},
            {"ends_on": "11 Jan 2026 is before the first day, 12 Jan 2026. Check the two dates."},
        ),
        (
            {"parts": [{"line_id": 1, "amount": "5"}, {"line_id": 9, "amount": "5"}]},
            {"parts": "There is no budget line 9. Choose one from the list."},
        ),
        (
            {"parts": [{"line_id": 1, "amount": "0"}]},
            {"parts": "Part 1 is 0.00. Every part asks for more than nothing."},
        ),
        ({"parts": [{"amount": "5"}]}, {"parts": "Choose the budget line of every part."}),
        ({"parts": [{"line_id": 1}]}, {"parts": "Write the amount of every part."}),
        ({"kind": "gift"}, {"kind": "“gift” is not one of the answers for kind. Choose one from the list."}),
    ],
)
def test_what_is_no_contract_is_refused(
    ledger: Engine, finance: Viewer, change: dict[str, Any], sentences: dict[str, str]
) -> None:
    sign(ledger, finance)
    with session_of(ledger, finance) as session:
        close_month(session, finance, date(2026, 1, 1))
    before = lines_of(ledger)
    with pytest.raises(Invalid) as refusal:
        sign(ledger, finance, **{"number": "C-2", "signed_on": "2026-02-02"} | change)
    assert refusal.value.errors == sentences
    assert lines_of(ledger) == before
    with aggregate_session(ledger) as session:
        assert len(session.scalars(select(Contract)).all()) == 1


def test_a_doubtful_contract_is_stored_and_said(ledger: Engine, finance: Viewer) -> None:
    with session_of(ledger, finance) as session:
        large = checked(LineForm, {"line_id": 1, "name": "Social worker", "amount": "60000", "reason": "any"})
        save_line(session, finance, large)
        payee = {"name": PROVIDER, "kind": "subrecipient", "ein": "000000147"}
        save_payee(session, finance, checked(PayeeForm, payee))
    parts = [{"line_id": 1, "amount": "50000"}, {"line_id": 2, "amount": "200.01"}]
    signed = sign(ledger, finance, ends_on="2026-12-31", parts=parts)
    assert signed.doubts == (
        "“Equipment” is now obligated $0.01 over its budget of $200.00. "
        "It was stored; the line needs a transfer or a smaller contract.",
        "The contract runs to 31 Dec 2026, past 10 Nov 2026, the grant's last day to spend. "
        "What is rendered after it needs other money.",
        "An award over $50,000 is itemized in the quarterly report: the UEI of Harbor Recovery Center is missing. "
        "Add it to the payee.",
    )
    early = sign(ledger, finance, number="C-2", starts_on="2025-11-01", ends_on="2025-12-31", parts=parts[1:])
    assert early.doubts[-1] == (
        "The contract runs from 1 Nov 2025 to 31 Dec 2025, outside the pilot (12 Jan 2026 to 11 Jan 2027). "
        "Say in the description why it belongs here."
    )


def test_a_payee_is_found_by_its_name_however_it_is_typed(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        first = save_payee(session, finance, checked(PayeeForm, {"name": "Harbor Recovery", "ein": "00-0000147"}))
        values = {"name": "HARBOR  recovery", "ein": "000000147", "uei": "dem0brass001", "kind": "subrecipient"}
        second = save_payee(session, finance, checked(PayeeForm, values))
        assert first.id == second.id
        assert save_payee(session, finance, checked(PayeeForm, values)).again
    with aggregate_session(books) as session:
        [payee] = session.scalars(select(Payee))
        assert (payee.uei, payee.ein, payee.sam_registered) == ("DEM0BRASS001", "000000147", None)
    with session_of(books, finance) as session:
        save_payee(session, finance, checked(PayeeForm, values | {"uei": ""}))
    assert audited(books, "save payee").detail == {"uei": ["DEM0BRASS001", None]}


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"uei": "DEM0BRASSO01"},
            {
                "uei": "“DEM0BRASSO01” is not a UEI. It has 12 letters and digits, none of them O or I, "
                "and does not begin with 0."
            },
        ),
        (
            {"uei": "DEM0BRASS01"},
            {
                "uei": "“DEM0BRASS01” is not a UEI. It has 12 letters and digits, none of them O or I, "
                "and does not begin with 0."
            },
        ),
        ({"ein": "12-345678"}, {"ein": "“12-345678” is not an EIN. It has nine digits, such as 12-3456789."}),
        ({"name": " "}, {"name": "Write who is paid."}),
    ],
)
def test_what_is_no_payee_is_refused(change: dict[str, Any], sentences: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(PayeeForm, {"name": PROVIDER} | change)
    assert refusal.value.errors == sentences
