"""The Budget page as each role reads it: alerts, clock, exact totals; the desk without pay unless finance allows it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, delete, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.money_overview import COSTS
from db.engine import aggregate_session
from db.ledger import closed_through, line_totals
from db.models import (
    AuditEntry,
    BudgetLine,
    Invoice,
    InvoicePart,
    LedgerEntry,
    LineTransfer,
    MonthClose,
    PlanMonth,
    StatementRow,
)
from db.pilot import DESK_SEES_PAY, the_pilot
from db.vocab import EntryKind
from tests.dashboard.publishing import publish
from tests.dashboard.views.asking import widget

Open = Callable[..., AppTest]
READERS = ["finance", "chief", "council", "clinician", "socialworker"]
COUNCIL_READS = ("budget_lines", "pilot_clock", "burn", *COSTS)


def read(app: AppTest) -> str:
    """Everything that stands on the page, tables included."""
    said = [element.value for kind in (app.markdown, app.caption, app.subheader, app.info) for element in kind]
    tables = [table.value.to_csv(index=False) for table in app.dataframe]
    return "\n".join([*said, *tables]).replace("\\", "").replace("\u00a0", " ")


def lines_table(app: AppTest) -> dict[str, dict[str, str]]:
    table = next(t.value for t in app.dataframe if "Remaining" in t.value)
    return {str(row["Line"]): {str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")}


def pay_lines(bind: Engine) -> set[str]:
    with aggregate_session(bind) as session:
        return set(session.scalars(select(BudgetLine.name).where(BudgetLine.is_pay)))


@pytest.mark.parametrize("username", ["finance", "chief"])
def test_finance_and_chief_read_alerts_clock_and_what_it_bought(
    signed_in: Open, demo_city: Engine, username: str
) -> None:
    said = read(signed_in(username, "budget.py"))
    assert "obligated by 31 Dec 2026, in 47 days" in said
    assert "Spending is behind the clock" in said
    assert "the post was empty until 24 May 2026" in said
    assert "Vacancy savings" in said
    assert re.search(r"Each of \d+ people served has cost \$", said)


def test_council_reads_totals_through_the_last_closed_month_and_nothing_single(
    signed_in: Open, demo_city: Engine
) -> None:
    number = publish(demo_city, *COUNCIL_READS)
    app = signed_in("council", "budget.py")
    with aggregate_session(demo_city) as session:
        through = closed_through(session)
        lines = line_totals(session, through)
        payees = set(session.scalars(select(LedgerEntry.payee))) | set(session.scalars(select(Invoice.payee)))
    shown = lines_table(app)
    assert {name: row["Spent"] for name, row in shown.items() if name != "Total"} == {
        line.name: f"${line.spent:,.2f}" for line in lines
    }
    assert shown["Total"]["Spent"] == f"${sum(line.spent for line in lines):,.2f}"
    said = read(app)
    assert "through 31 Oct 2026, the last closed month" in said
    assert f"Figures of edition {number}, as of 14 Nov 2026." in said
    assert not [payee for payee in payees if payee in said]
    assert "Ledger" not in [header.value for header in app.subheader]
    assert not app.text_input
    assert not app.toggle


@pytest.mark.parametrize("username", ["clinician", "socialworker"])
def test_the_desk_reads_nothing_of_a_line_that_pays_people(signed_in: Open, demo_city: Engine, username: str) -> None:
    app = signed_in(username, "budget.py")
    said, shown = read(app), lines_table(app)
    assert pay_lines(demo_city)
    assert not [name for name in pay_lines(demo_city) if name in said]
    assert "Total of the lines shown" in shown
    assert "on the lines shown" in said
    assert "Lines that pay people are not shown" in said
    assert "the clock" not in said


def test_finance_lets_the_desk_see_pay_and_takes_it_back(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    widget(app, "desk-sees-pay-False").set_value(True).run()
    with aggregate_session(demo_city) as session:
        assert the_pilot(session).settings[DESK_SEES_PAY] is True
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "show pay lines to the desk")).one()
    desk = signed_in("clinician", "budget.py")
    assert pay_lines(demo_city) <= set(lines_table(desk))
    assert "Total" in lines_table(desk)
    app = signed_in("finance", "budget.py")
    widget(app, "desk-sees-pay-True").set_value(False).run()
    assert not pay_lines(demo_city) & set(lines_table(signed_in("clinician", "budget.py")))


def test_only_finance_is_offered_the_switch(signed_in: Open, demo_city: Engine) -> None:
    for username in ("chief", "council", "clinician"):
        assert not signed_in(username, "budget.py").toggle, username


@pytest.mark.parametrize("what", ["no closed month", "no plan", "empty ledger"])
def test_what_is_not_there_yet_is_a_sentence_for_every_reader(signed_in: Open, demo_city: Engine, what: str) -> None:
    with aggregate_session(demo_city) as session:
        gone = {
            "no closed month": [MonthClose],
            "no plan": [PlanMonth],
            "empty ledger": [MonthClose, StatementRow, InvoicePart, LedgerEntry, Invoice, LineTransfer, PlanMonth],
        }[what]
        for table in gone:
            if table is LedgerEntry:
                session.execute(delete(LedgerEntry).where(LedgerEntry.voids_id.is_not(None)))
            session.execute(delete(table))
        session.commit()
    publish(demo_city, *COUNCIL_READS)
    for username in READERS:
        app = signed_in(username, "budget.py")
        assert not app.exception, username
        assert not app.error, username
        said = read(app)
        if what == "no plan" and username in ("finance", "chief"):
            assert "no month has a plan" in said
        if what != "no plan":
            assert "no month closed yet" in said, username
            if username in ("council", "clinician"):
                assert "no spending is published" in said


def test_without_an_edition_the_council_reads_that_nothing_is_published(signed_in: Open) -> None:
    app = signed_in("council", "budget.py")
    assert not app.exception
    assert not app.error
    assert [info.value for info in app.info] == [
        "Nothing has been published yet. Figures appear here once the chief has approved the first edition."
    ]
    assert not app.get("plotly_chart")


def test_the_council_reads_what_was_published_and_not_what_is_booked_since(signed_in: Open, demo_city: Engine) -> None:
    publish(demo_city, *COUNCIL_READS)
    before = lines_table(signed_in("council", "budget.py"))
    with aggregate_session(demo_city) as session:
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == EntryKind.expenditure)).first()
        assert entry is not None
        entry.amount += 1_000
        session.commit()
    assert lines_table(signed_in("council", "budget.py")) == before
    assert lines_table(signed_in("chief", "budget.py")) != before
