"""The city's books: right to the cent, and such as the commands would have written them."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from db.engine import aggregate_session
from db.ledger import (
    ZERO,
    closed_through,
    grand_total,
    line_totals,
    month_end,
    standing,
    vacancy_savings,
)
from db.models import (
    BudgetLine,
    Contract,
    Grant,
    Invoice,
    LedgerEntry,
    LineTransfer,
    MonthClose,
    Payee,
    Pilot,
    PlanMonth,
    Staff,
    User,
)
from db.pilot import the_pilot
from db.vocab import EntryKind, Role
from db.vocab.money import TransferDecision
from seed.story import Clock
from seed.world import rows_of
from tests.seed.conftest import PINNED

City = Callable[..., Engine]


@pytest.mark.parametrize("today", PINNED)
def test_the_books_are_right_to_the_cent(today: date) -> None:
    rows = rows_of(today)
    lines = {r["id"]: r["amount"] for r in rows[BudgetLine]}
    assert sum(lines.values()) == Decimal("216000.00") == rows[Grant][0]["amount"]
    planned: Counter[int] = Counter()
    for row in rows[PlanMonth]:
        planned[row["line_id"]] += row["amount"]
    assert planned == lines
    budget = Counter(lines)
    for transfer in rows[LineTransfer]:
        if transfer.get("decision") is TransferDecision.approved:
            budget[transfer["from_line_id"]] -= transfer["amount"]
            budget[transfer["to_line_id"]] += transfer["amount"]
    entries = rows[LedgerEntry]
    obliged: Counter[int] = Counter()
    spent: Counter[int] = Counter()
    for entry in entries:
        if entry["kind"] is EntryKind.obligation:
            obliged[entry["line_id"]] += entry["amount"]
        else:
            spent[entry["line_id"]] += entry["amount"]
    assert all(0 < spent[line] <= obliged[line] <= budget[line] for line in lines)
    by_id = {e["id"]: e for e in entries}
    voids = [e for e in entries if e.get("voids_id")]
    assert [(by_id[e["voids_id"]]["amount"], e["amount"]) for e in voids] == [(Decimal("1240.00"), Decimal("-1240.00"))]
    closed = [r["month"] for r in rows[MonthClose]]
    assert closed[0] == Clock(today).launch.replace(day=1)
    assert len(closed) in (9, 10)
    assert (today - closed[-1]).days < 75
    grant, pilot = rows[Grant][0], rows[Pilot][0]
    assert grant["awarded_on"] < pilot["starts_on"] < today < grant["obligate_by"]
    assert pilot["ends_on"] < grant["expend_by"] < grant["retain_until"]


def test_an_accepted_invoice_is_its_parts_in_the_ledger(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        invoices = session.scalars(select(Invoice)).all()
        monthly = [one for one in invoices if len(one.parts) > 2]
        assert len(monthly) == 10
        for one in invoices:
            asked = sorted((part.line_id, part.amount) for part in one.parts)
            booked = sorted((e.line_id, e.amount) for e in one.entries if e.voids_id is None)
            assert booked == (asked if one.accrued_on else [])
            assert one.service_from <= one.service_to <= one.received_on <= (one.due_on or one.received_on)
            stands = session.scalars(standing().where(LedgerEntry.invoice_id == one.id)).all()
            assert bool(stands) == (one.accrued_on is not None and one.withdrawn_at is None)
            for entry in stands:
                assert entry.on_date == one.accrued_on == one.service_to
                assert entry.contract_id == one.contract_id is not None
                assert entry.paid_on is None or one.received_on < entry.paid_on
        closings = {month_end(c.month): c.closed_at for c in session.scalars(select(MonthClose))}
        for entry in session.scalars(select(LedgerEntry)):
            closing = closings.get(month_end(entry.on_date))
            assert closing is None or entry.created_at < closing, "booked in a closed month"


def test_what_finance_and_the_chief_still_have_to_do(harbor: City) -> None:
    """A disputed invoice inside its obligation, a transfer that waits, a payee without a UEI."""
    with aggregate_session(harbor()) as session:
        pending = select(Invoice).where(Invoice.accrued_on.is_(None), Invoice.withdrawn_at.is_(None))
        [waiting] = session.scalars(pending)
        assert waiting.disputed
        equipment = next(total for total in line_totals(session) if total.pending)
        assert equipment.spent + equipment.pending == equipment.obligated <= equipment.budget
        made, asked = session.scalars(select(LineTransfer).order_by(LineTransfer.id))
        roles = {user.id: user.role for user in session.scalars(select(User))}
        assert (roles[made.asked_by or 0], roles[made.decided_by or 0]) == (Role.finance, Role.chief)
        assert asked.decision is None
        giving = next(total for total in line_totals(session) if total.line_id == asked.from_line_id)
        assert asked.amount <= giving.available
        total = grand_total(line_totals(session))
        assert total.budget == total.adopted == Decimal("216000.00")
        assert [payee.name for payee in session.scalars(select(Payee).where(Payee.uei.is_(None)))] == [waiting.payee]


def test_the_providers_contract_is_itemized_and_paid_from_its_obligation(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        sums = {contract.id: [ZERO, ZERO] for contract in session.scalars(select(Contract))}
        for entry in session.scalars(standing()):
            sums[entry.contract_id or 0][entry.kind is EntryKind.expenditure] += entry.amount
        assert sum(obligated > 50_000 for obligated, _ in sums.values()) == 1
        assert all(spent <= obligated for obligated, spent in sums.values())
        assert sum(total.obligated for total in line_totals(session)) == sum(o for o, _ in sums.values())


def test_the_part_time_post_stood_empty_and_that_was_saved(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        pilot, through = the_pilot(session), closed_through(session)
        assert through is not None
        [vacancy] = vacancy_savings(session, pilot, through)
        post = session.scalars(select(Staff).where(Staff.role == Role.social_worker)).one()
        assert (post.starts_on - vacancy.until).days == 1
        assert vacancy.spent == ZERO < vacancy.saved == vacancy.planned
        # the plan is even over the year's days, so it can be counted by hand
        assert abs(vacancy.planned - Decimal(45_000) * (post.starts_on - pilot.starts_on).days / 364) < 300
