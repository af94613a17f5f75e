"""Lines, plan, transfers and months on the Budget page without a browser."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.money_lines import changed
from db.engine import aggregate_session
from db.ledger import LineTotal, closed_through, line_totals, month_of
from db.models import LineTransfer, MonthClose, PlanMonth, QuarterFiling
from db.vocab.money import TransferDecision
from tests.conftest import NOW
from tests.dashboard.views.asking import said, widget
from tests.dashboard.views.budgeting import Open, draft, fill, part, press, rows, told, unfold, wrong


def writing(app: AppTest, what: str) -> AppTest:
    part(app, "lines")
    widget(app, "change").set_value(what)
    return app.run()


def line(bind: Engine, number: int) -> LineTotal:
    with aggregate_session(bind) as session:
        return next(total for total in line_totals(session) if total.line_id == number)


def test_a_transfer_is_asked_approved_by_the_chief_and_moves_the_money(signed_in: Open, demo_city: Engine) -> None:
    giving, taking = line(demo_city, 2), line(demo_city, 5)
    app = writing(signed_in("finance", "budget.py"), "transfer")
    fill(app, "transfer", from_line_id=2, to_line_id=5, amount="999999", reason="More office")
    free = f"{giving.available:,}"
    assert f"${free} can move from it" in " ".join(c.value for c in app.caption).replace("\\", "")
    press(app, "transfer")
    assert wrong(app)[0].endswith(f"${free} can move, not $999,999.00.")
    fill(app, "transfer", amount="25.50")
    press(app, "transfer")
    assert told(app)[0] == "The transfer is asked for. The chief sees it here."
    assert "Waits for the chief's decision" in said(app)
    assert not app.get("popover")
    with aggregate_session(demo_city) as session:
        asked = session.scalars(select(LineTransfer).order_by(LineTransfer.id.desc())).first()
        assert asked is not None
        number = asked.id
    chief = signed_in("chief", "budget.py")
    widget(chief, "to-transfers").click().run()
    unfold(chief, f"declined-{number}")
    press(chief, f"transfer-{number}-declined")
    assert wrong(chief) == ["Write why it is declined: finance reads it."]
    unfold(chief, f"approved-{number}")
    fill(chief, f"transfer-{number}-approved", note="Agreed")
    press(chief, f"transfer-{number}-approved")
    assert told(chief)[0] == "The transfer is approved."
    assert rows(chief, "Decision")[0]["Note"] == "Agreed"
    assert line(demo_city, 2).budget == giving.budget - Decimal("25.50")
    assert line(demo_city, 5).budget == taking.budget + Decimal("25.50")
    with aggregate_session(demo_city) as session:
        assert session.get_one(LineTransfer, number).decision is TransferDecision.approved


def test_a_line_is_changed_with_a_reason_and_the_change_is_told(signed_in: Open, demo_city: Engine) -> None:
    app = writing(signed_in("finance", "budget.py"), "line")
    fill(app, "line", line_id=4)
    form = draft(app, "line")
    assert widget(app, form.key("amount")).value == f"{line(demo_city, 4).adopted:,.2f}"
    fill(app, "line", name="Equipment and training")
    press(app, "line")
    assert wrong(app) == ["Write why the budget changes: it stays in the history of the line."]
    fill(app, "line", reason="Training is bought from it")
    press(app, "line")
    assert told(app)[0] == "“Equipment and training” is saved."
    newest = rows(app, "What")[0]
    assert (newest["What"], newest["Why"]) == ("name Equipment → Equipment and training", "Training is bought from it")


def test_a_plan_is_typed_month_by_month_and_set_against_the_budget(signed_in: Open, demo_city: Engine) -> None:
    app = writing(signed_in("finance", "budget.py"), "plan")
    widget(app, "plan-line").set_value(5).run()
    with aggregate_session(demo_city) as session:
        planned = session.scalars(select(PlanMonth).where(PlanMonth.line_id == 5)).all()
        total, november = sum(p.amount for p in planned), date(2026, 11, 1)
        assert november in [p.month for p in planned]
    budget = line(demo_city, 5).budget
    assert f"Planned **${total:,}** of ${budget:,}" in said(app).replace("\\", "")
    draft(app, "plan-5").keep("cells", {"2026-11-01": "1,000.5x"})  # a cell that was left; AppTest has no sheet
    again = writing(signed_in("finance", "budget.py"), "plan")  # what was typed is there after a reload
    widget(again, "plan-line").set_value(5).run()
    assert "1 cell cannot be read." in said(again)
    press(again, "plan-5")
    assert wrong(again)[0].startswith("November 2026: “1,000.5x” is not an amount.")
    assert draft(again, "plan-5").kept("cells") == {"2026-11-01": "1,000.5x"}


def test_what_a_change_of_the_budget_says() -> None:
    assert changed(None, {"amount": "10.00"}) == "added with $10.00"
    before = {"name": "A", "amount": "1.00", "post_id": None}
    after = {"name": "A", "amount": "2.00", "post_id": 3}
    assert changed(before, after) == "amount $1.00 → $2.00, post nobody’s → that of staff 3"
    plan = {"plan": {"2026-10": "5.00", "2026-11": "5.00"}}
    assert changed(plan, {"plan": {"2026-10": "5.00", "2026-12": "7.00"}}) == (
        "plan 2026-11 $5.00 → $0.00, 2026-12 $0.00 → $7.00"
    )


def test_a_month_of_a_filed_quarter_is_reopened_with_a_reason_and_closed_again(
    signed_in: Open, demo_city: Engine
) -> None:
    with aggregate_session(demo_city) as session:
        through = closed_through(session)
        assert through is not None
        last, september = month_of(through), date(2026, 9, 1)
        assert last == date(2026, 10, 1)
        session.add(QuarterFiling(quarter=date(2026, 7, 1), version=1, filed_at=NOW, filed_by="finance", worksheet={}))
        session.commit()
    app = part(signed_in("finance", "budget.py"), "months")
    assert "November 2026 can be closed from 1 Dec 2026." in [i.value for i in app.info]
    unfold(app, "reopen")
    fill(app, "reopen", month=september)
    listed = " ".join(told(app))
    assert "October 2026 will be open again as well." in listed
    assert "Q3 2026 was filed on" in listed
    press(app, "reopen")
    assert wrong(app) == ["Write why this month is reopened: it stays in the audit."]
    fill(app, "reopen", reason="A late invoice")
    press(app, "reopen")
    assert told(app)[0] == "September 2026 is open again."
    unfold(app, "close-2026-09-01")
    press(app, "close-2026-09-01")
    assert told(app)[0] == "September 2026 is closed."
    closings = [(row["Month"], row["Why"]) for row in rows(app, "Reopened by")]
    assert closings[:1] == [("September 2026", "")]
    assert ("September 2026", "A late invoice") in closings
    with aggregate_session(demo_city) as session:
        assert closed_through(session) == date(2026, 9, 30)
        reopened = session.scalars(select(MonthClose).where(MonthClose.reopened_at.is_not(None))).all()
        assert {row.month for row in reopened} >= {september, last}
