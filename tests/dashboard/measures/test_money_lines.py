"""Totals by line, to the cent: what is pending, what the public sees, what the desk does not."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, update

from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result
from db import access
from db.engine import aggregate_session
from db.ledger import grand_total
from db.models import BudgetLine, Invoice, InvoicePart, LedgerEntry, MonthClose
from db.pilot import DESK_SEES_PAY, the_pilot
from db.vocab import Role
from tests.conftest import NOW
from tests.dashboard.measures.ledger import BOOKED, add_budget

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
APRIL = Filters(date(2026, 1, 12), date(2026, 4, 20), date(2026, 4, 20))
LATE = date(2027, 1, 31)
LINES = ("obligated", "spent", "pending", "remaining", "budget_lines")


@pytest.fixture
def books(small_pilot: Engine) -> Engine:
    """The small ledger, and 400.25 of 10 March on pay and 99.75 on equipment, received and not accepted."""
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        invoice = Invoice(
            payee="Payee",
            payee_key="payee",
            number="7",
            number_key="7",
            service_from=date(2026, 3, 1),
            service_to=date(2026, 3, 9),
            received_on=date(2026, 3, 10),
            created_at=BOOKED,
        )
        invoice.parts = [
            InvoicePart(line_id=1, amount=Decimal("400.25")),
            InvoicePart(line_id=2, amount=Decimal("99.75")),
        ]
        session.add(invoice)
        session.execute(update(BudgetLine).where(BudgetLine.id == 1).values(is_pay=True))
        session.commit()
    return small_pilot


def amounts(result: Result) -> list[tuple[str, ...]]:
    lines = result.marks["lines"]
    names = ("budget", "obligated", "spent", "pending", "remaining")
    return [(line.name, *(f"{getattr(line, name):.2f}" for name in names)) for line in (*lines, grand_total(lines))]


def test_every_amount_of_every_line_to_the_cent(books: Engine) -> None:
    found = compute(books, SHELL, "budget_lines", APRIL)
    assert amounts(found) == [
        ("Clinician", "12000.00", "11000.00", "8799.90", "400.25", "3200.10"),
        ("Equipment", "3000.00", "0.00", "1000.00", "99.75", "2000.00"),
        ("Total", "15000.00", "11000.00", "9799.90", "500.00", "5200.10"),
    ]
    assert found.sentence.replace("\u00a0", " ") == (
        "$9,800 of $15,000 is spent (65 %) and $5,200 remains, of which $500 is asked for by invoices not yet "
        "accepted, as of 20 Apr 2026."
    )
    assert "Remaining = budget − spent. What is pending is still in it." in found.caveats
    assert compute(books, SHELL, "pending", APRIL).marks["exact"] == {
        "Clinician": Decimal("400.25"),
        "Equipment": Decimal("99.75"),
    }
    before = compute(books, SHELL, "pending", Filters(APRIL.first, date(2026, 3, 9), date(2026, 3, 9)))
    assert before.marks["total"] == 0


def test_accepted_and_withdrawn_invoices_are_not_pending(books: Engine) -> None:
    for change in (
        {"accrued_on": date(2026, 3, 31), "accepted_at": BOOKED},
        {"accrued_on": None, "accepted_at": None, "withdrawn_at": BOOKED, "withdrawn_reason": "twice"},
    ):
        with aggregate_session(books) as session:
            session.execute(update(Invoice).values(change))
            session.commit()
        found = compute(books, SHELL, "budget_lines", APRIL)
        assert grand_total(found.marks["lines"]).pending == 0
        assert "not yet accepted" not in found.sentence


def test_the_public_sees_closed_months_only(books: Engine, viewer) -> None:
    found = compute(books, viewer(Role.council), "budget_lines", APRIL, Audience.public)
    assert amounts(found)[0] == ("Clinician", "12000.00", "11000.00", "7899.90", "400.25", "4100.10")
    assert not found.provisional
    assert found.sentence.endswith("as of 31 Mar 2026.")
    assert compute(books, viewer(Role.council), "spent", APRIL, Audience.public).marks["total"] == Decimal("8899.90")
    with aggregate_session(books) as session:
        session.execute(delete(MonthClose))
        session.commit()
    council = viewer(Role.council)
    found = {key: compute(books, council, key, APRIL, Audience.public) for key in LINES}
    for key, none in found.items():
        assert (none.display, none.estimate.value) == ("–", None), key
        assert none.sentence == "No month has been closed yet, so no spending is published."
    table = found["budget_lines"].table
    assert list(table["budget"]) == [12000, 3000]
    assert table["spent"].isna().all()


@pytest.mark.parametrize("role", [Role.clinician, Role.social_worker])
def test_the_desk_sees_no_line_that_pays_people_unless_the_set_up_allows_it(books: Engine, viewer, role: Role) -> None:
    who = viewer(role)
    for key in LINES:
        found = compute(books, who, key, APRIL, Audience.public)
        assert list(found.table["group"]) == ["Equipment"], key
        assert "Clinician" not in str(found), key
    lines = compute(books, who, "budget_lines", APRIL, Audience.public)
    assert lines.sentence.replace("\u00a0", " ") == (
        "$1,000 of $3,000 on the lines shown is spent (33 %) and $2,000 remains, as of 31 Mar 2026."
    )
    assert "Lines that pay people are not shown." in lines.caveats
    assert "Clinician" not in str(compute(books, who, "pilot_clock", APRIL, Audience.public))
    with aggregate_session(books) as session:
        the_pilot(session).settings = {DESK_SEES_PAY: True}
        session.commit()
    shown = compute(books, who, "budget_lines", APRIL, Audience.public)
    assert list(shown.table["group"]) == ["Clinician", "Equipment"]
    assert "lines shown" not in shown.sentence


def test_finance_chief_and_council_see_every_line(books: Engine, viewer) -> None:
    for role, audience in (
        (Role.finance, Audience.internal),
        (Role.chief, Audience.internal),
        (Role.council, Audience.public),
    ):
        found = compute(books, viewer(role), "budget_lines", APRIL, audience)
        assert list(found.table["group"]) == ["Clinician", "Equipment"], role


def test_only_lines_that_pay_people_is_a_sentence_for_the_desk(books: Engine, viewer) -> None:
    with aggregate_session(books) as session:
        session.execute(update(BudgetLine).values(is_pay=True))
        session.commit()
    found = compute(books, viewer(Role.clinician), "budget_lines", APRIL, Audience.public)
    assert found.table.empty
    assert found.sentence == "No budget line is open to your role."


def test_what_fell_due_after_the_last_day_counts(books: Engine, viewer) -> None:
    """250.00 more on equipment, dated 31 January 2027; the pilot ended on the 11th."""
    with aggregate_session(books) as session:
        session.execute(update(LedgerEntry).where(LedgerEntry.amount == Decimal("250.00")).values(on_date=LATE))
        session.commit()
    for as_of, spent in ((date(2027, 1, 30), "9799.90"), (LATE, "10049.90"), (date(2027, 2, 9), "10049.90")):
        slice_ = Filters(APRIL.first, date(2027, 1, 11), as_of)
        assert compute(books, SHELL, "spent", slice_).marks["total"] == Decimal(spent), as_of
    assert compute(books, SHELL, "spent", APRIL).marks["total"] == Decimal("9799.90")
