"""The Budget page without a browser: exact totals, refusals that keep what was typed, voids, months, who may."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from dashboard import words
from dashboard.ui.forms import Draft
from db.engine import aggregate_session
from db.ledger import closed_through, grand_total, line_totals
from db.models import BudgetLine, LedgerEntry
from db.vocab import EntryKind
from tests.conftest import TODAY
from tests.dashboard.views.asking import widget

Open = Callable[..., AppTest]


def draft(app: AppTest, name: str) -> Draft:
    return app.session_state[f"tandem.form.{name}"]


def fill(app: AppTest, form: str, **answers: object) -> AppTest:
    for name, value in answers.items():
        widget(app, draft(app, form).key(name)).set_value(value)
    return app.run()


def press(app: AppTest, form: str) -> AppTest:
    return widget(app, draft(app, form).key("save")).click().run()


def shown(app: AppTest) -> dict[str, tuple[str, ...]]:
    """The table of totals as it stands on the page."""
    table = app.dataframe[0].value
    return {row["Line"]: (row["Obligated"], row["Spent"], row["Remaining"]) for _, row in table.iterrows()}


def in_the_books(bind: Engine) -> dict[str, tuple[str, ...]]:
    with aggregate_session(bind) as session:
        lines = line_totals(session)
    return {
        line.name: tuple(words.money(amount, cents=True) for amount in (line.obligated, line.spent, line.remaining))
        for line in (*lines, grand_total(lines))
    }


def count(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(LedgerEntry.id))) or 0


def test_an_expenditure_moves_the_totals_to_the_cent(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    assert shown(app) == in_the_books(demo_city)
    with aggregate_session(demo_city) as session:
        before = {line.name: line.spent for line in line_totals(session)}
    fill(
        app,
        "ledger",
        kind=EntryKind.expenditure,
        line_id=3,
        amount="1,234.56",
        on_date=TODAY,
        payee="Brasslamp Recovery",
    )
    press(app, "ledger")
    assert shown(app) == in_the_books(demo_city)
    assert shown(app)["Benefits"][1] == words.money(before["Benefits"] + Decimal("1234.56"), cents=True)
    assert app.success[0].value.endswith("is booked.")
    assert widget(app, draft(app, "ledger").key("amount")).value == ""


def test_a_refused_entry_marks_its_fields_and_loses_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    before = count(demo_city)
    fill(
        app,
        "ledger",
        kind=EntryKind.expenditure,
        amount="12.345",
        payee="Brasslamp Recovery",
        description="October hours",
    )
    press(app, "ledger")
    marked = [m.value for m in app.markdown if m.value.startswith(":red[")]
    assert [m.removeprefix(":red[:material/error: ").removesuffix("]") for m in marked] == [
        "Choose the budget line this belongs to.",
        "12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00.",
        "The date is missing. Choose the day it was signed, or the day payment fell due.",
    ]
    form = draft(app, "ledger")
    assert widget(app, form.key("amount")).value == "12.345"
    assert widget(app, form.key("description")).value == "October hours"
    assert count(demo_city) == before


def test_an_expenditure_over_its_line_is_stored_and_said(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    fill(
        app,
        "ledger",
        kind=EntryKind.expenditure,
        line_id=4,
        amount="10000",
        on_date=TODAY,
        payee="Capstan Office Supply",
    )
    press(app, "ledger")
    with aggregate_session(demo_city) as session:
        line = next(total for total in line_totals(session) if total.line_id == 4)
    assert line.remaining < 0
    warned = [w.value.replace("\\", "") for w in app.warning]
    assert any(
        w.startswith(f"“{line.name}” is now ${-line.remaining:,} over its budget of ${line.budget:,}.") for w in warned
    )
    assert shown(app)[line.name][2].endswith("(over)")


def test_an_entry_is_voided_with_a_reason(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    with aggregate_session(demo_city) as session:
        entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc()).limit(1)).one()
    fill(app, "void", entry_id=entry.id)
    press(app, "void")
    assert ":red[:material/error: Write why this entry is voided: it stays in the ledger.]" in [
        m.value for m in app.markdown
    ]
    fill(app, "void", reason="Booked twice")
    press(app, "void")
    with aggregate_session(demo_city) as session:
        counter = session.scalars(select(LedgerEntry).where(LedgerEntry.voids_id == entry.id)).one()
    assert (counter.amount, counter.void_reason) == (-entry.amount, "Booked twice")
    assert shown(app) == in_the_books(demo_city)


def test_the_last_month_is_reopened_with_a_reason_and_closed_again(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    assert [i.value for i in app.info if "can be closed" in i.value] == [
        "November 2026 is next. It can be closed from 1 Dec 2026."
    ]
    widget(app, "reopen-2026-10-01").click().run()
    assert app.error[0].value == "Write why this month is reopened\\: it stays in the audit."
    widget(app, "reopen-why-2026-10-01").set_value("A late invoice")
    widget(app, "reopen-2026-10-01").click().run()
    with aggregate_session(demo_city) as session:
        assert closed_through(session) == date(2026, 9, 30)
    widget(app, "close-2026-10-01").click().run()
    with aggregate_session(demo_city) as session:
        assert closed_through(session) == date(2026, 10, 31)


def test_the_chief_reads_and_writes_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "budget.py")
    assert shown(app) == in_the_books(demo_city)
    assert len(app.dataframe[-1].value) == count(demo_city)
    assert not app.text_input
    assert not [b.label for b in app.button if b.label in ("Book it", "Void it", "Reopen it")]


def test_a_budget_without_lines_says_what_to_do_first(signed_in: Open, demo_city: Engine) -> None:
    with demo_city.begin() as connection:
        for table in ("ledger_entry", "invoice_part", "line_transfer", "budget_change", "plan_month", "budget_line"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE 1 = 1")  # noqa: S608 - names of our own tables
    with aggregate_session(demo_city) as session:
        assert session.scalar(select(func.count(BudgetLine.id))) == 0
    app = signed_in("chief", "budget.py")
    assert not app.exception
    assert app.info[0].value == "The budget has no lines yet. They are set with “tandem init”."
