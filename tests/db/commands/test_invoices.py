"""An invoice from received to paid: what is refused and what is said, word for word; pending is no expenditure."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.commands.contracts import sign_contract
from db.commands.desk import Saved
from db.commands.invoices import accept_invoice, dispute_invoice, receive_invoice, record_payment, withdraw_invoice
from db.commands.money import close_month, record_entry, void_entry
from db.engine import aggregate_session
from db.errors import Conflict, Invalid, NotFound, TandemError
from db.forms import checked
from db.forms.invoices import AcceptForm, DisputeForm, InvoiceForm, PaymentForm, WithdrawForm
from db.forms.money import EntryForm, VoidForm
from db.models import AuditEntry, Invoice, LedgerEntry
from db.vocab import EntryKind, Role
from tests.db.books_world import PROVIDER, audited, contract, invoice, key, lines_of, received, session_of, somebody
from tests.db.commands.test_at_once import at_once

LAST = date(2026, 10, 31)


def write(bind: Engine, command: Callable[[Session, Viewer, Any], Any], form: Any) -> Any:
    """Run a command as finance, in a session of its own."""
    finance = somebody(Role.finance)
    with session_of(bind, finance) as session:
        return command(session, finance, form)


def refused(bind: Engine, command: Callable[[Session, Viewer, Any], Any], form: Any, kind: type[TandemError]) -> Any:
    """The error of a refused command; the books must stand as they did."""
    before = lines_of(bind)
    with pytest.raises(kind) as refusal:
        write(bind, command, form)
    assert lines_of(bind) == before
    return refusal.value.errors if isinstance(refusal.value, Invalid) else str(refusal.value)


def close_through(bind: Engine, month: int) -> None:
    for number in range(1, month + 1):
        write(bind, close_month, date(2026, number, 1))


def test_pending_is_inside_the_obligation_and_an_expenditure_when_accepted(books: Engine) -> None:
    assert received(books) == Saved(1)
    waiting = lines_of(books)
    assert [(t.obligated, t.spent, t.pending) for t in waiting.values()] == [
        (Decimal("900.00"), Decimal("0.00"), Decimal("90.10")),
        (Decimal("150.00"), Decimal("0.00"), Decimal("9.90")),
    ]
    assert waiting[1].remaining == Decimal("1000.00")
    assert waiting[1].available == Decimal("100.00"), "what is pending is in what the contract holds"
    saved = write(books, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    assert saved == Saved(1)
    assert [(t.spent, t.pending) for t in lines_of(books).values()] == [
        (Decimal("90.10"), Decimal("0.00")),
        (Decimal("9.90"), Decimal("0.00")),
    ]
    with aggregate_session(books) as session:
        booked = session.scalars(select(LedgerEntry).where(LedgerEntry.invoice_id == 1)).all()
        assert {(e.kind, e.on_date, e.payee, e.contract_id, e.paid_on) for e in booked} == {
            (EntryKind.expenditure, LAST, PROVIDER, 1, None)
        }
        assert [e.one_off for e in booked] == [False, True]
    # looked at from an earlier day it was pending, and before it came it was not there
    assert lines_of(books, LAST)[1].pending == Decimal("0.00")
    late = received_late(books)
    write(books, accept_invoice, AcceptForm(invoice_id=late, accrued_on=date(2026, 11, 12)))
    assert lines_of(books, date(2026, 11, 10))[1].pending == Decimal("5.00")
    assert lines_of(books, date(2026, 11, 3))[1].pending == Decimal("0.00")


def received_late(bind: Engine) -> int:
    form = invoice(number="18", service_from="2026-11-02", service_to="2026-11-03", parts=[part("5")])
    return write(bind, receive_invoice, form).id


def part(amount: str, line: int = 1) -> dict[str, Any]:
    return {"line_id": line, "amount": amount}


def test_an_invoice_is_received_once(books: Engine) -> None:
    form = invoice()
    first, again = write(books, receive_invoice, form), write(books, receive_invoice, form)
    assert (again.id, again.again) == (first.id, True)
    ended = at_once(*[lambda: write(books, receive_invoice, invoice(number="18")) for _ in range(3)])
    told = [e for e in ended if isinstance(e, Invalid)]
    assert len(told) == 2, ended
    accept = AcceptForm(invoice_id=first.id, accrued_on=LAST)
    ended = at_once(*[lambda: write(books, accept_invoice, accept) for _ in range(3)])
    assert sorted(e.again for e in ended if isinstance(e, Saved)) == [False, True, True], ended
    with aggregate_session(books) as session:
        assert session.scalar(select(func.count(Invoice.id))) == 2
        assert session.scalar(select(func.count(LedgerEntry.id))) == 2


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"parts": [part("12.345")]},
            {"parts": "12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00."},
        ),
        ({"parts": [part("5"), part("-5")]}, {"parts": "Part 2 is -5.00. Every part asks for more than nothing."}),
        ({"parts": []}, {"parts": "Write at least one part: a budget line and its amount."}),
        ({"parts": [part("5", 9)]}, {"parts": "There is no budget line 9. Choose one from the list."}),
        ({"number": " "}, {"number": "Write the number of the invoice."}),
        (
            {"service_to": "2026-09-30"},
            {"service_to": "30 Sep 2026 is before the first day of service, 1 Oct 2026. Check the two dates."},
        ),
        (
            {"received_on": "2026-11-15"},
            {"received_on": "15 Nov 2026 has not come yet (today is 14 Nov 2026). Check the date."},
        ),
        (
            {"due_on": "2026-11-03"},
            {"due_on": "3 Nov 2026 is before the invoice was received, 4 Nov 2026. Check the two dates."},
        ),
        ({"contract_id": 9}, {"contract_id": "There is no contract 9. Choose one from the list."}),
        (
            {"contract_id": 1, "payee": "Oakum"},
            {"contract_id": "Contract C-1 is with Harbor Recovery Center. Choose a contract of this payee, or none."},
        ),
        (
            {"number": "nr 17", "payee": "harbor  recovery CENTER"},
            {
                "number": "Invoice nr 17 of harbor  recovery CENTER is there already ($100.00, received 4 Nov 2026, "
                "pending). Check the number, or withdraw the other one first."
            },
        ),
    ],
)
def test_what_is_no_invoice_is_refused(ledger: Engine, change: dict[str, Any], sentences: dict[str, str]) -> None:
    received(ledger)
    write(ledger, receive_invoice, invoice(number="Nr 17"))
    with pytest.raises(Invalid) as refusal:
        write(ledger, receive_invoice, invoice(**{"number": "new"} | change))
    assert refusal.value.errors == sentences
    with aggregate_session(ledger) as session:
        assert session.scalar(select(func.count(Invoice.id))) == 2


def test_an_entry_is_refused_whose_invoice_is_pending(ledger: Engine) -> None:
    received(ledger)
    values = {"kind": "expenditure", "line_id": 1, "amount": "5", "on_date": LAST, "payee": PROVIDER}
    form = checked(EntryForm, values | {"invoice_number": "17", "submit_key": key()})
    assert refused(ledger, record_entry, form, Invalid) == {
        "invoice_number": "Invoice 17 of Harbor Recovery Center is there already ($100.00, received 4 Nov 2026, "
        "pending). Check the number, or withdraw the other one first."
    }


@pytest.mark.parametrize(
    ("change", "doubts"),
    [
        ({"contract_id": 1, "parts": [part("900")]}, ()),
        (
            {"contract_id": 1, "parts": [part("901")]},
            (
                "“Social worker” has $1.00 spent or pending without an obligation behind it. "
                "Book the contract or order it rests on.",
            ),
        ),
        (
            {"contract_id": 1, "parts": [part("200.01", 2)]},
            (
                "With what is pending, “Equipment” comes to $200.01, $0.01 over its budget of $200.00. "
                "It was stored; the line needs a transfer before this is accepted.",
                "“Equipment” has $50.01 spent or pending without an obligation behind it. "
                "Book the contract or order it rests on.",
            ),
        ),
        (
            {"contract_id": 1, "service_from": "2026-01-05"},
            (
                "5 Jan 2026 is outside the pilot (12 Jan 2026 to 11 Jan 2027). "
                "Say in the description why it belongs here.",
                "Contract C-1 runs from 12 Jan 2026 to 10 Nov 2026; some of this service lies outside.",
            ),
        ),
        (
            {"service_to": "2026-11-11"},
            ("11 Nov 2026 is after 10 Nov 2026, the grant's last day to spend.",),
        ),
    ],
)
def test_a_doubtful_invoice_is_stored_and_said(ledger: Engine, change: dict[str, Any], doubts: tuple[str, ...]) -> None:
    write(ledger, sign_contract, contract())
    assert write(ledger, receive_invoice, invoice(**change)).doubts == doubts


def test_a_service_counts_once_rendered_and_in_an_open_month(ledger: Engine) -> None:
    received(ledger)
    assert refused(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=date(2026, 10, 30)), Invalid) == {
        "accrued_on": "The service runs to 31 Oct 2026; on 30 Oct 2026 it was not rendered. "
        "Choose 31 Oct 2026 or a later day."
    }
    assert refused(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=date(2026, 11, 15)), Invalid) == {
        "accrued_on": "15 Nov 2026 has not come yet (today is 14 Nov 2026). "
        "A service is an expenditure once it was rendered."
    }
    close_through(ledger, 10)
    assert refused(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST), Invalid) == {
        "accrued_on": "October 2026 is closed. Choose a day after 31 Oct 2026, on which the cost is then counted, "
        "or reopen October 2026."
    }
    write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=date(2026, 11, 1)))
    assert lines_of(ledger)[1].spent == Decimal("90.10")
    assert refused(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=date(2026, 11, 2)), Conflict) == (
        "Invoice 17 of Harbor Recovery Center was accepted as of 1 Nov 2026. "
        "Nothing was changed; withdraw it to book it otherwise."
    )
    assert write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=date(2026, 11, 1))).again
    gone = AcceptForm(invoice_id=99, accrued_on=LAST)
    assert refused(ledger, accept_invoice, gone, NotFound) == (
        "There is no invoice 99 here. Go back to the list and open it again."
    )


def test_a_dispute_is_kept_until_it_is_settled_or_accepted(ledger: Engine) -> None:
    received(ledger)
    assert refused(ledger, dispute_invoice, DisputeForm(invoice_id=1), Invalid) == {
        "reason": "Write what is disputed: the service, the amount, the days."
    }
    write(ledger, dispute_invoice, DisputeForm(invoice_id=1, reason="two days were not worked"))
    assert lines_of(ledger)[1].pending == Decimal("90.10"), "disputed is still pending"
    assert write(ledger, dispute_invoice, DisputeForm(invoice_id=1, reason="two days were not worked")).again
    write(ledger, dispute_invoice, DisputeForm(invoice_id=1))
    assert audited(ledger, "dispute invoice").detail == {"before": "two days were not worked", "after": None}
    write(ledger, dispute_invoice, DisputeForm(invoice_id=1, reason="the rate"))
    write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    assert audited(ledger, "accept invoice").detail["dispute"] == "the rate"
    assert refused(ledger, dispute_invoice, DisputeForm(invoice_id=1, reason="again"), Conflict) == (
        "Invoice 17 of Harbor Recovery Center was accepted as of 31 Oct 2026 and is not disputed any more. "
        "Void the entry that is wrong, or withdraw the invoice."
    )


def test_a_withdrawn_invoice_takes_all_back_and_frees_its_number(books: Engine) -> None:
    received(books)
    write(books, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    write(books, record_payment, PaymentForm(invoice_id=1, paid_on=date(2026, 11, 10)))
    close_through(books, 10)
    saved = write(books, withdraw_invoice, WithdrawForm(invoice_id=1, reason="another department's"))
    assert saved.doubts == (
        "It was paid on 10 Nov 2026. The money has to come back.",
        "October 2026 is closed, so what is taken back counts from 14 Nov 2026 on.",
    )
    assert [t.spent for t in lines_of(books).values()] == [Decimal("0.00")] * 2
    assert [t.spent for t in lines_of(books, LAST).values()] == [Decimal("90.10"), Decimal("9.90")]
    with aggregate_session(books) as session:
        assert session.scalar(select(func.count(LedgerEntry.id))) == 6, "two obligations, two costs, two voids"
    for command, form in (
        (accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST)),
        (withdraw_invoice, WithdrawForm(invoice_id=1, reason="again")),
        (record_payment, PaymentForm(invoice_id=1, paid_on=LAST)),
    ):
        assert refused(books, command, form, Conflict) == (
            "Invoice 17 of Harbor Recovery Center was withdrawn (another department's). "
            "Receive it anew if it stands after all."
        )
    assert write(books, receive_invoice, invoice()).id == 2


def test_voiding_every_entry_of_an_invoice_withdraws_it(ledger: Engine) -> None:
    received(ledger)
    write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    with aggregate_session(ledger) as session:
        first, second = session.scalars(select(LedgerEntry.id).where(LedgerEntry.invoice_id == 1)).all()
    write(ledger, void_entry, VoidForm(entry_id=first, reason="wrong line"))
    with aggregate_session(ledger) as session:
        assert session.get_one(Invoice, 1).withdrawn_at is None
    write(ledger, void_entry, VoidForm(entry_id=second, reason="wrong line"))
    with aggregate_session(ledger) as session:
        assert session.get_one(Invoice, 1).withdrawn_reason == "wrong line"


def test_only_the_payment_date_may_be_added_and_corrected(ledger: Engine) -> None:
    received(ledger)
    pay = PaymentForm(invoice_id=1, paid_on=date(2026, 11, 9))
    assert refused(ledger, record_payment, pay, Conflict) == (
        "Invoice 17 of Harbor Recovery Center is pending. Accept it first: a payment belongs to a cost."
    )
    write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    close_through(ledger, 10)
    assert write(ledger, record_payment, pay) == Saved(3), "a closed month takes a payment date: no figure changes"
    assert write(ledger, record_payment, pay).again
    early = write(ledger, record_payment, PaymentForm(invoice_id=1, paid_on=date(2026, 10, 1)))
    assert early.doubts == (
        "It was paid on 1 Oct 2026, before 31 Oct 2026, from which the cost counts. Check that it was an advance.",
    )
    assert audited(ledger, "record payment").detail == {
        "before": {"3": "2026-11-09", "4": "2026-11-09"},
        "after": "2026-10-01",
    }
    write(ledger, record_payment, PaymentForm(invoice_id=1))
    with aggregate_session(ledger) as session:
        assert session.scalars(select(LedgerEntry.paid_on).distinct()).all() == [None]
    for form, said in (
        (PaymentForm(invoice_id=1), {"paid_on": "Choose the day it was paid."}),
        (PaymentForm(paid_on=LAST), {"invoice_id": "Choose one invoice or one entry of the ledger that was paid."}),
        (
            PaymentForm(entry_id=3, paid_on=date(2026, 11, 15)),
            {"paid_on": "15 Nov 2026 has not come yet (today is 14 Nov 2026). Record the payment when it is made."},
        ),
        (
            PaymentForm(entry_id=1, paid_on=LAST),
            {"entry_id": "Entry 1 is no expenditure and is not paid. Choose an expenditure."},
        ),
    ):
        assert refused(ledger, record_payment, form, Invalid) == said
    assert write(ledger, record_payment, PaymentForm(entry_id=4, paid_on=LAST)).id == 4
    counter = write(ledger, void_entry, VoidForm(entry_id=4, reason="no"))
    for number in (4, counter.id):
        assert refused(ledger, record_payment, PaymentForm(entry_id=number, paid_on=LAST), Invalid) == {
            "entry_id": f"Entry {number} was taken back. Choose an expenditure that stands."
        }


def test_every_step_is_in_the_audit_without_a_name(ledger: Engine) -> None:
    received(ledger)
    write(ledger, accept_invoice, AcceptForm(invoice_id=1, accrued_on=LAST))
    with aggregate_session(ledger) as session:
        told = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(one.action, one.subject) for one in told] == [
            ("sign contract", "contract 1"),
            ("receive invoice", "invoice 1"),
            ("accept invoice", "invoice 1"),
        ]
        assert not any(PROVIDER in str(one.detail) for one in told)


def test_a_part_may_hold_no_nul(ledger: Engine) -> None:
    form = invoice(parts=[part("5") | {"description": "a\0b"}])
    assert isinstance(form, InvoiceForm)
    assert form.parts[0].description == "ab"
