"""Any sequence of entries, invoices, voids, transfers, closings and reopenings: the books balance to the cent.

A plain model (``tests/db/books_model.py``) does the same with lists of whole cents and says of every step
whether it must be accepted; the product has to agree, on SQLite and on PostgreSQL.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from db.commands.budget_lines import save_line
from db.commands.invoices import accept_invoice, dispute_invoice, receive_invoice, record_payment, withdraw_invoice
from db.commands.money import close_month, record_entry, reopen_month, void_entry
from db.commands.transfers import ask_transfer, decide_transfer
from db.engine import aggregate_session
from db.errors import TandemError
from db.forms import checked
from db.forms.budget import DecisionForm, LineForm, TransferForm
from db.forms.invoices import AcceptForm, DisputeForm, PaymentForm, WithdrawForm
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.ledger import closed_through, line_totals, quarter_end
from db.models import (
    AuditEntry,
    BudgetChange,
    BudgetLine,
    Invoice,
    InvoicePart,
    LedgerEntry,
    LineTransfer,
    MonthClose,
)
from db.vocab import EntryKind, Role
from db.vocab.money import TransferDecision
from tests.conftest import NOW
from tests.db.books_model import Asked, Booked, Books, Sent, days_before
from tests.db.books_world import PROVIDER, invoice, key, session_of, somebody

FINANCE, CHIEF = somebody(Role.finance), somebody(Role.chief)
ADOPTED = {1: 100_000, 2: 20_000}
LINE = st.sampled_from(sorted(ADOPTED))
SMALL = st.integers(1, 5_000)
CENTS = st.integers(0, 19).flatmap(lambda pick: SMALL if pick else st.integers(1, 999_999_999_999))
"""Now and then more than any line holds."""
DAYS = st.one_of(st.integers(0, 400), st.sampled_from([14, 15, 44, 45, 75, 76]))
"""Before today; some are the last and first days of months."""
PLACE = st.integers(0, 1_000)
PARTS = st.lists(st.tuples(LINE, CENTS), min_size=1, max_size=3).map(tuple)
KEPT = (LedgerEntry, MonthClose, Invoice, InvoicePart, LineTransfer)


class Machine(RuleBasedStateMachine):
    """Each rule does the same to the product and to the model; ``bind`` is set by the test."""

    bind: Engine

    def __init__(self) -> None:
        super().__init__()
        _empty(self.bind)
        self.books = Books(NOW.date(), dict(ADOPTED))
        self.entry_ids: list[int] = []
        self.invoice_ids: list[int] = []
        self.transfer_ids: list[int] = []
        self.seen: dict[int, tuple[Any, ...]] = {}

    def do(self, may: bool, act: Callable[[Session], Any], *, role: Role = Role.finance) -> Any:
        """Run ``act``; it must end as the model says, and a refusal leaves everything as it was."""
        with session_of(self.bind, somebody(role)) as session:
            if not may:
                with pytest.raises(TandemError):
                    act(session)
                return None
            return act(session)

    def follow(self) -> None:
        """Learn the ids of what the last command booked, in its order."""
        with aggregate_session(self.bind) as session:
            last = self.entry_ids[-1] if self.entry_ids else 0
            new = select(LedgerEntry.id).where(LedgerEntry.id > last).order_by(LedgerEntry.id)
            self.entry_ids += session.scalars(new).all()
        assert len(self.entry_ids) == len(self.books.entries)

    @rule(kind=st.sampled_from(EntryKind), line=LINE, cents=CENTS, days=DAYS, negative=st.booleans())
    def record(self, kind: EntryKind, line: int, cents: int, days: int, negative: bool) -> None:
        on, obligation = days_before(self.books.today, days), kind is EntryKind.obligation
        cents = -cents if negative and kind is EntryKind.adjustment else cents
        values = {"kind": kind, "line_id": line, "amount": Decimal(cents) / 100, "on_date": on, "description": "any"}
        form = checked(EntryForm, values | {"payee": PROVIDER, "submit_key": key()})
        may = self.books.may_book(on, obligation=obligation)
        self.do(may, lambda s: (record_entry(s, FINANCE, form), record_entry(s, FINANCE, form)))
        if may:
            self.books.entries.append(Booked(obligation, line, cents, on))
            self.follow()

    @precondition(lambda self: self.entry_ids)
    @rule(place=PLACE)
    def void(self, place: int) -> None:
        place %= len(self.entry_ids)
        may = self.books.may_void(place)
        self.do(may, lambda s: void_entry(s, FINANCE, VoidForm(entry_id=self.entry_ids[place], reason="any")))
        if may:
            self.books.void(place)
            self.follow()

    @rule(number=st.integers(1, 4), parts=PARTS, days=DAYS)
    def receive(self, number: int, parts: tuple[tuple[int, int], ...], days: int) -> None:
        on = days_before(self.books.today, days)
        form = invoice(
            number=f"Nr {number}",
            service_from=on,
            service_to=on,
            received_on=self.books.today,
            parts=[{"line_id": line, "amount": Decimal(cents) / 100} for line, cents in parts],
        )
        may = self.books.may_receive(number)
        saved = self.do(may, lambda s: receive_invoice(s, FINANCE, form))
        if may:
            self.books.invoices.append(Sent(number, parts, on))
            self.invoice_ids.append(saved.id)

    @precondition(lambda self: self.invoice_ids)
    @rule(place=PLACE, days=DAYS)
    def accept(self, place: int, days: int) -> None:
        place %= len(self.invoice_ids)
        on = max(days_before(self.books.today, days), self.books.invoices[place].service_to)
        may = self.books.may_accept(place, on)
        form = AcceptForm(invoice_id=self.invoice_ids[place], accrued_on=on)
        self.do(may, lambda s: accept_invoice(s, FINANCE, form))
        if may:
            self.books.accept(place, on)
            self.follow()

    @precondition(lambda self: self.invoice_ids)
    @rule(place=PLACE)
    def withdraw(self, place: int) -> None:
        place %= len(self.invoice_ids)
        may = not self.books.invoices[place].withdrawn
        form = WithdrawForm(invoice_id=self.invoice_ids[place], reason="any")
        self.do(may, lambda s: withdraw_invoice(s, FINANCE, form))
        if may:
            self.books.withdraw(place)
            self.follow()

    @precondition(lambda self: self.invoice_ids)
    @rule(place=PLACE, dispute=st.booleans())
    def dispute_or_pay(self, place: int, dispute: bool) -> None:
        """Neither moves a cent."""
        place %= len(self.invoice_ids)
        sent, number = self.books.invoices[place], self.invoice_ids[place]
        if dispute:
            may = sent.accrued_on is None and not sent.withdrawn
            self.do(may, lambda s: dispute_invoice(s, FINANCE, DisputeForm(invoice_id=number, reason="any")))
        else:
            may = sent.accrued_on is not None and not sent.withdrawn
            paid = PaymentForm(invoice_id=number, paid_on=self.books.today)
            self.do(may, lambda s: record_payment(s, FINANCE, paid))

    @rule(giving=LINE, cents=st.integers(1, 40_000))
    def ask(self, giving: int, cents: int) -> None:
        taking = 3 - giving
        values = {"from_line_id": giving, "to_line_id": taking, "amount": Decimal(cents) / 100, "reason": "any"}
        form = checked(TransferForm, values | {"submit_key": key()})
        may = cents <= self.books.available(giving)
        saved = self.do(may, lambda s: ask_transfer(s, FINANCE, form))
        if may:
            self.books.transfers.append(Asked(giving, taking, cents))
            self.transfer_ids.append(saved.id)

    @precondition(lambda self: self.transfer_ids)
    @rule(place=PLACE, approve=st.integers(0, 3).map(bool))
    def decide(self, place: int, approve: bool) -> None:
        place = -1 - place % len(self.transfer_ids)
        asked = self.books.transfers[place]
        enough = not approve or asked.cents <= self.books.available(asked.giving)
        may = asked.approved is approve or (asked.approved is None and enough)
        decision = TransferDecision.approved if approve else TransferDecision.declined
        form = DecisionForm(transfer_id=self.transfer_ids[place], decision=decision, note="any")
        self.do(may, lambda s: decide_transfer(s, CHIEF, form), role=Role.chief)
        if may:
            asked.approved = approve

    @rule(line=LINE, cents=st.integers(0, 200_000))
    def adopt(self, line: int, cents: int) -> None:
        name = {1: "Social worker", 2: "Equipment"}[line]
        values = {"line_id": line, "name": name, "amount": Decimal(cents) / 100, "reason": "any"}
        form = checked(LineForm, values)
        may = self.books.may_adopt(line, cents)
        self.do(may, lambda s: save_line(s, FINANCE, form))
        if may:
            self.books.adopted[line] = cents

    @rule(times=st.integers(1, 11))
    def close(self, times: int) -> None:
        for _ in range(times):
            may, turn = self.books.may_close(), self.books.turn
            self.do(may, lambda s, month=turn: close_month(s, FINANCE, month))
            if may:
                self.books.close()

    @rule(number=st.integers(-3, 11))
    def reopen(self, number: int) -> None:
        month = date(2026 + number // 12, number % 12 + 1, 1)
        may = self.books.may_reopen(month)
        self.do(may, lambda s: reopen_month(s, FINANCE, ReopenForm(month=month, reason="any")))
        if may:
            self.books.reopen(month)

    @invariant()
    def the_lines_balance(self) -> None:
        with aggregate_session(self.bind) as session:
            found = {total.line_id: total for total in line_totals(session)}
            assert closed_through(session) == self.books.through
        for line, total in found.items():
            assert _cents(total.adopted) == self.books.adopted[line]
            assert _cents(total.budget) == self.books.budget(line)
            assert _cents(total.obligated) == self.books.obligated(line)
            assert _cents(total.spent) == self.books.spent(line)
            assert _cents(total.pending) == self.books.pending(line)
            assert total.remaining + total.spent == total.budget
        assert sum(t.budget for t in found.values()) == sum(t.adopted for t in found.values())

    @invariant()
    def cumulative_is_the_sum_of_the_quarters(self) -> None:
        with aggregate_session(self.bind) as session:
            obligated = spent = 0
            for quarter, amounts in sorted(self.books.by_quarter().items()):
                obligated, spent = obligated + amounts[0], spent + amounts[1]
                lines = line_totals(session, quarter_end(quarter))
                assert sum(_cents(t.obligated) for t in lines) == obligated
                assert sum(_cents(t.spent) for t in lines) == spent

    @invariant()
    def nothing_is_deleted_or_changed(self) -> None:
        with aggregate_session(self.bind) as session:
            counts = [session.scalar(select(func.count()).select_from(table)) for table in KEPT]
            told = LedgerEntry.line_id, LedgerEntry.kind, LedgerEntry.amount, LedgerEntry.on_date, LedgerEntry.voids_id
            rows = {row[0]: tuple(row[1:]) for row in session.execute(select(LedgerEntry.id, *told))}
        parts = sum(len(sent.parts) for sent in self.books.invoices)
        kept = (self.books.entries, self.books.closings, self.books.invoices, parts, self.books.transfers)
        assert counts == [one if isinstance(one, int) else len(one) for one in kept]
        assert self.seen.items() <= rows.items()
        self.seen = rows


def _cents(amount: Decimal) -> int:
    assert amount == amount.quantize(Decimal("0.01"))
    return int(amount * 100)


def _empty(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        session.execute(delete(LedgerEntry).where(LedgerEntry.voids_id.is_not(None)))
        for table in (LedgerEntry, InvoicePart, Invoice, LineTransfer, MonthClose, BudgetChange, AuditEntry):
            session.execute(delete(table))
        for line, cents in ADOPTED.items():
            session.execute(update(BudgetLine).where(BudgetLine.id == line).values(amount=Decimal(cents) / 100))
        session.commit()


COUNTS = [pytest.param(10, id="a few"), pytest.param(200, id="hundreds", marks=pytest.mark.torture)]


@pytest.mark.parametrize("examples", COUNTS)
def test_any_sequence_keeps_the_books_balanced(books: Engine, examples: int) -> None:
    class On(Machine):
        bind = books

    run_state_machine_as_test(
        On,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=examples < 100,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
