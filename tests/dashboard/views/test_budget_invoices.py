"""Invoices on the Budget page without a browser: received in parts, refused without loss, disputed, accepted, paid."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from dashboard import words
from db.engine import aggregate_session
from db.ledger import closed_through
from db.models import Contract, Invoice, LedgerEntry, Payee
from db.vocab.money import AwardKind
from tests.conftest import TODAY
from tests.dashboard.views.asking import said, widget
from tests.dashboard.views.budgeting import Open, draft, fill, part, press, rows, told, unfold, wrong

PAYEE = "Brasslamp Recovery"


def receiving(app: AppTest) -> AppTest:
    part(app, "invoices")
    return unfold(app, "receive")


def three_parts(app: AppTest, number: str) -> AppTest:
    """An invoice of three parts as it is typed: the first days of November."""
    fill(app, "invoice", payee=PAYEE, number=number)
    for _ in range(2):
        widget(app, draft(app, "invoice").key("add-part")).click().run()
    return fill(
        app,
        "invoice",
        service_from=date(2026, 11, 1),
        service_to=date(2026, 11, 13),
        due_on=date(2026, 12, 1),
        part_1_line_id=1,
        part_1_amount="3,975.00",
        part_2_line_id=3,
        part_2_amount="1,719.35",
        part_3_line_id=5,
        part_3_amount="816",
    )


def newest(bind: Engine) -> Invoice:
    with aggregate_session(bind) as session:
        found = session.scalars(select(Invoice).order_by(Invoice.id.desc())).first()
        assert found is not None
        assert len(found.parts) >= 0
        assert len(found.entries) >= 0
        return found


def many(bind: Engine, table: type[Invoice] | type[LedgerEntry]) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(table.id))) or 0


def test_an_invoice_in_parts_is_received_disputed_accepted_and_paid(signed_in: Open, demo_city: Engine) -> None:
    app = receiving(signed_in("finance", "budget.py"))
    booked = many(demo_city, LedgerEntry)
    three_parts(app, "BR-99")
    assert "Total **\\$6,510.35**" in said(app)
    press(app, "invoice")
    assert told(app)[0] == f"{PAYEE}, BR-99: received. It is pending until it is accepted."
    invoice = newest(demo_city)
    assert [(p.line_id, str(p.amount)) for p in invoice.parts] == [(1, "3975.00"), (3, "1719.35"), (5, "816.00")]
    assert many(demo_city, LedgerEntry) == booked
    name = f"dispute-{invoice.id}"
    unfold(app, f"Dispute-list-{invoice.id}-0")
    fill(app, name, reason="The office hours are not confirmed")
    press(app, name)
    assert any(w.startswith("Disputed: The office hours") for w in told(app))
    unfold(app, f"Accept-list-{invoice.id}-{len('The office hours are not confirmed')}")
    listed = said(app).replace("\\", "")
    assert "Will be booked as expenditures on 13 Nov 2026" in listed
    assert "- Benefits $1,719.35" in listed
    press(app, f"accept-{invoice.id}")
    assert told(app)[0] == f"{PAYEE}, BR-99: accepted, $6,510.35 booked."
    invoice = newest(demo_city)
    assert [(str(e.amount), e.on_date) for e in invoice.entries] == [
        ("3975.00", date(2026, 11, 13)),
        ("1719.35", date(2026, 11, 13)),
        ("816.00", date(2026, 11, 13)),
    ]
    unfold(app, f"Record payment-list-{invoice.id}-0")
    press(app, f"pay-{invoice.id}")
    assert told(app)[0] == f"{PAYEE}, BR-99: paid {words.day(TODAY)}."
    assert {entry.paid_on for entry in newest(demo_city).entries} == {TODAY}
    assert next(row for row in rows(app, "State") if row["Number"] == "BR-99")["State"] == "paid"


def test_a_number_that_is_there_is_refused_under_its_field_and_nothing_is_lost(
    signed_in: Open, demo_city: Engine
) -> None:
    with aggregate_session(demo_city) as session:
        there = session.scalars(
            select(Invoice).where(Invoice.payee == PAYEE, Invoice.withdrawn_at.is_(None)).order_by(Invoice.id.desc())
        ).first()
        assert there is not None
        number = there.number
    app = receiving(signed_in("finance", "budget.py"))
    before = many(demo_city, Invoice)
    three_parts(app, number.lower())
    fill(app, "invoice", part_3_amount="816.005")
    press(app, "invoice")
    assert wrong(app) == ["816.005 has a fraction of a cent. Write two decimals at most, such as 1,250.00."]
    fill(app, "invoice", part_3_amount="816.00")
    press(app, "invoice")
    assert len(wrong(app)) == 1
    assert wrong(app)[0].startswith(f"Invoice {number.lower()} of {PAYEE} is there already (")
    form = draft(app, "invoice")
    assert [widget(app, form.key(f"part-{n}-amount")).value for n in (1, 2, 3)] == ["3,975.00", "1,719.35", "816.00"]
    assert many(demo_city, Invoice) == before
    again = part(signed_in("finance", "budget.py"), "invoices")  # another browser, or after a reload
    form = draft(again, "invoice")
    assert [widget(again, form.key(f"part-{n}-amount")).value for n in (1, 2, 3)] == ["3,975.00", "1,719.35", "816.00"]
    assert widget(again, form.key("service_to")).value == date(2026, 11, 13)
    fill(again, "invoice", number="BR-98")
    press(again, "invoice")
    assert newest(demo_city).number == "BR-98"


def test_the_lines_of_the_last_invoice_are_taken_over_and_a_wrong_one_is_sent_back(
    signed_in: Open, demo_city: Engine
) -> None:
    app = receiving(signed_in("finance", "budget.py"))
    fill(app, "invoice", payee=PAYEE)
    with aggregate_session(demo_city) as session:
        mine = select(Invoice).where(Invoice.payee == PAYEE, Invoice.withdrawn_at.is_(None))
        last = session.scalars(mine.order_by(Invoice.service_to.desc(), Invoice.id.desc())).first()
        assert last is not None
        lines, contract, until = [p.line_id for p in last.parts], last.contract_id, last.service_to
    press(app, "invoice", "as-last")
    form = draft(app, "invoice")
    assert [widget(app, form.key(f"part-{n}-line_id")).value for n in range(1, len(lines) + 1)] == lines
    assert widget(app, form.key("service_from")).value == (until + timedelta(days=1))
    assert widget(app, form.key("contract_id")).value == contract
    assert [widget(app, form.key(f"part-{n}-amount")).value for n in range(1, len(lines) + 1)] == [""] * len(lines)
    fill(app, "invoice", number="BR-97", **{f"part_{n}_amount": "1.00" for n in range(1, len(lines) + 1)})
    press(app, "invoice")
    invoice = newest(demo_city)
    assert (invoice.number, sum(p.amount for p in invoice.parts)) == ("BR-97", Decimal(len(lines)))
    unfold(app, f"Send back-list-{invoice.id}-0")
    fill(app, f"back-{invoice.id}", reason="Wrong amounts")
    press(app, f"back-{invoice.id}")
    state = next(row for row in rows(app, "State") if row["Number"] == "BR-97")
    assert (state["State"], state["Remark"]) == ("sent back", "Wrong amounts")


def test_a_cost_of_a_closed_month_is_proposed_for_today(signed_in: Open, demo_city: Engine) -> None:
    with aggregate_session(demo_city) as session:
        through = closed_through(session)
        assert through is not None
        late = session.scalars(
            select(Invoice).where(
                Invoice.accrued_on.is_(None), Invoice.withdrawn_at.is_(None), Invoice.service_to <= through
            )
        ).first()
        assert late is not None, "the demo year has an invoice that waits over a month's end"
        number, key = late.id, f"Accept-list-{late.id}-{len(late.disputed or '')}"
    app = unfold(part(signed_in("finance", "budget.py"), "invoices"), key)
    assert widget(app, draft(app, f"accept-{number}").key("accrued_on")).value == TODAY
    assert "is closed: it counts in a month that is open." in " ".join(c.value for c in app.caption)


def test_a_contract_obligates_its_lines_and_a_payee_is_checked_under_its_fields(
    signed_in: Open, demo_city: Engine
) -> None:
    app = part(signed_in("finance", "budget.py"), "ledger")
    widget(app, "new").set_value("contract")
    app.run()
    fill(
        app,
        "contract",
        payee="Windlass Radio Works",
        number="PO-9901",
        signed_on=date(2026, 11, 2),
        starts_on=date(2026, 11, 2),
        ends_on=date(2026, 12, 31),
        description="Second radio",
        part_1_line_id=4,
        part_1_amount="400",
    )
    press(app, "contract")
    assert wrong(app) == ["Choose what this is: a contract, a subaward or a direct payment."]
    fill(app, "contract", kind=AwardKind.contract)
    press(app, "contract")
    assert told(app)[0] == "Contract PO-9901 is signed and obligated."
    with aggregate_session(demo_city) as session:
        contract = session.scalars(select(Contract).where(Contract.number == "PO-9901")).one()
        obligated = session.scalars(select(LedgerEntry).where(LedgerEntry.contract_id == contract.id)).one()
        assert (obligated.line_id, str(obligated.amount), obligated.on_date) == (4, "400.00", date(2026, 11, 2))
    widget(app, "new").set_value("payees")
    app.run()
    fill(app, "payee", name="Windlass Radio Works")
    fill(app, "payee", uei="O23", ein="12-34")
    press(app, "payee")
    assert wrong(app) == [
        "“O23” is not a UEI. It has 12 letters and digits, none of them O or I, and does not begin with 0.",
        "“12-34” is not an EIN. It has nine digits, such as 12-3456789.",
    ]
    fill(app, "payee", uei="ABC123DEF456", ein="12-3456789", sam_registered="Yes")
    press(app, "payee")
    with aggregate_session(demo_city) as session:
        payee = session.scalars(select(Payee).where(Payee.key == "windlass radio works")).one()
        assert (payee.uei, payee.ein, payee.sam_registered) == ("ABC123DEF456", "123456789", True)
