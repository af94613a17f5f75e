"""The Budget page's ledger without a browser: exact totals, refusals that keep what was typed, voids, who may."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from dashboard import words
from db.engine import aggregate_session
from db.ledger import grand_total, line_totals
from db.models import BudgetLine, LedgerEntry
from db.vocab import EntryKind
from tests.conftest import TODAY
from tests.dashboard.views.asking import said, widget
from tests.dashboard.views.budgeting import Open, draft, fill, part, press, rows, told, unfold, wrong


def adding(app: AppTest) -> AppTest:
    """The Ledger with the form for an entry open."""
    part(app, "ledger")
    widget(app, "new").set_value("entry")
    return app.run()


def shown(app: AppTest) -> dict[str, tuple[str, ...]]:
    """The table of totals as it stands on the Overview."""
    part(app, "overview")
    return {row["Line"]: (row["Obligated"], row["Spent"], row["Remaining"]) for row in rows(app, "Remaining")}


def in_the_books(bind: Engine) -> dict[str, tuple[str, ...]]:
    with aggregate_session(bind) as session:
        lines = line_totals(session)
    return {
        line.name: (words.money(line.obligated, cents=True), words.money(line.spent, cents=True), _left(line.remaining))
        for line in (*lines, grand_total(lines))
    }


def _left(amount: Decimal) -> str:
    return words.money(amount, cents=True) + (" (over)" if amount < 0 else "")


def count(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(LedgerEntry.id))) or 0


def test_an_expenditure_moves_the_totals_to_the_cent(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "budget.py")
    before = shown(app)
    assert before == in_the_books(demo_city)
    adding(app)
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
    assert told(app)[0].endswith("is booked.")
    assert widget(app, draft(app, "ledger").key("amount")).value == ""
    assert rows(app, "Invoice")[0]["Amount"] == Decimal("1234.56")
    after = shown(app)
    assert after == in_the_books(demo_city)
    assert after["Benefits"] != before["Benefits"]


def test_a_refused_entry_marks_its_fields_and_loses_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = adding(signed_in("finance", "budget.py"))
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
    assert wrong(app) == [
        "Choose the budget line this belongs to.",
        "12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00.",
        "The date is missing. Choose the day it was signed, or the day payment fell due.",
    ]
    form = draft(app, "ledger")
    assert widget(app, form.key("amount")).value == "12.345"
    assert widget(app, form.key("description")).value == "October hours"
    assert count(demo_city) == before


def test_an_expenditure_over_its_line_is_stored_and_said(signed_in: Open, demo_city: Engine) -> None:
    app = adding(signed_in("finance", "budget.py"))
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
    over = f"“{line.name}” is now ${-line.remaining:,} over its budget of ${line.budget:,}."
    assert any(sentence.startswith(over) for sentence in told(app)), told(app)
    assert shown(app)[line.name][2].endswith("(over)")


def test_an_entry_is_opened_voided_with_a_reason_and_its_void_is_seen(signed_in: Open, demo_city: Engine) -> None:
    app = part(signed_in("finance", "budget.py"), "ledger")
    with aggregate_session(demo_city) as session:
        entry = session.scalars(
            select(LedgerEntry).where(LedgerEntry.kind == EntryKind.expenditure).order_by(LedgerEntry.id.desc())
        ).first()
    assert entry is not None
    widget(app, "ledger-open-").set_value(entry.id).run()
    unfold(app, f"void-{entry.id}")
    assert f"Will be booked: **Expenditure of {_left(-entry.amount).split(' ')[0]}**" in said(app).replace("\\", "")
    press(app, f"void-{entry.id}")
    assert wrong(app) == ["Write why this entry is voided: it stays in the ledger."]
    fill(app, f"void-{entry.id}", reason="Booked twice")
    press(app, f"void-{entry.id}")
    with aggregate_session(demo_city) as session:
        counter = session.scalars(select(LedgerEntry).where(LedgerEntry.voids_id == entry.id)).one()
    assert (counter.amount, counter.void_reason) == (-entry.amount, "Booked twice")
    assert told(app)[0] == f"Entry {entry.id} is voided by entry {counter.id}."
    table = {row["No."]: row["Void"] for row in rows(app, "Void")}
    assert (table[entry.id], table[counter.id]) == (f"voided by {counter.id}", f"voids {entry.id}: Booked twice")
    assert shown(app) == in_the_books(demo_city)


def test_the_ledger_is_narrowed_by_line_kind_month_payee_and_words(signed_in: Open, demo_city: Engine) -> None:
    app = part(signed_in("chief", "budget.py"), "ledger")
    with aggregate_session(demo_city) as session:
        entry = session.scalars(
            select(LedgerEntry).where(LedgerEntry.kind == EntryKind.expenditure, LedgerEntry.line_id == 4)
        ).first()
        assert entry is not None
        line = entry.line.name
    narrow = {
        "ledger-line": line,
        "ledger-kind": entry.kind,
        "ledger-month": entry.on_date.replace(day=1),
        "ledger-payee": entry.payee,
        "ledger-search": f"{entry.amount:,}",
    }
    found: list[dict[Any, Any]] = []
    for key, value in narrow.items():
        widget(app, key).set_value(value)
        app.run()
        found = rows(app, "No.")
        assert entry.id in [row["No."] for row in found]
        assert len(found) < count(demo_city)
    assert [row["Line"] for row in found] == [line]
    assert [b.proto.label for b in app.get("download_button")] == ["Download CSV", "Download XLSX"]  # of what is shown
    widget(app, "ledger-search").set_value("no such words").run()
    assert app.info[0].value == "No entry fits. Let one of the filters go."
    assert not app.get("download_button")


def test_the_chief_reads_and_writes_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "budget.py")
    assert widget(app, "part").options == ["Overview", "Ledger", "Lines and transfers"]
    assert shown(app) == in_the_books(demo_city)
    newest = [row["No."] for row in rows(app, "No.")]
    part(app, "ledger")
    assert [row["No."] for row in rows(app, "No.")][: len(newest)] == newest
    assert len(rows(app, "No.")) == count(demo_city)
    assert [field.label for field in app.text_input] == ["Search"]
    with aggregate_session(demo_city) as session:
        first = session.scalars(select(LedgerEntry.id).order_by(LedgerEntry.id)).first()
    widget(app, "ledger-open-").set_value(first).run()
    assert not [b.label for b in app.button if b.label in ("Book it", "Void it", "Sign it", "Save the payee")]
    assert not app.get("popover")


def test_a_budget_without_lines_says_what_to_do_first(signed_in: Open, demo_city: Engine) -> None:
    with demo_city.begin() as connection:
        for table in ("ledger_entry", "invoice_part", "invoice", "plan_month", "budget_change", "line_transfer"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE 1 = 1")  # noqa: S608 - names of our own tables
        connection.exec_driver_sql("DELETE FROM budget_line WHERE 1 = 1")
    with aggregate_session(demo_city) as session:
        assert session.scalar(select(func.count(BudgetLine.id))) == 0
    app = signed_in("finance", "budget.py")
    for name, words_there in (
        ("overview", "The budget has no lines yet."),
        ("lines", "The budget has no lines yet. Add the first one above."),
        ("ledger", "Nothing is booked yet. Start with the contract"),
        ("invoices", "No invoice has been received yet."),
        ("months", "is open"),
    ):
        part(app, name)
        shown_there = " ".join([said(app), *(one.value for one in (*app.info, *app.subheader))])
        assert words_there in shown_there, name
