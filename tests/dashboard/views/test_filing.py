"""The page “Quarterly report” without a browser: the calendar, words kept, drafts, checks, filing, who may."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.export.activity import NOT_FOR_YOU
from dashboard.ui.exhibit import plain
from dashboard.ui.filing_calendar import KEY
from dashboard.ui.forms import Draft
from db.arpa.checks import filings
from db.arpa.worksheet import build, key_of, typed
from db.engine import aggregate_session
from db.ledger import the_grant
from db.models import Draft as Kept
from tests.dashboard.views.asking import said, widget

Open = Callable[..., AppTest]
Q2, Q3 = date(2026, 4, 1), date(2026, 7, 1)
DESCRIPTION = key_of("project", "description")


def form(app: AppTest, code: str = "2026Q3") -> Draft:
    return app.session_state[f"tandem.form.filing-{code}"]


def show(app: AppTest, quarter: date) -> AppTest:
    return widget(app, KEY).set_value(quarter).run()


def type_in(app: AppTest, name: str, value: object) -> AppTest:
    return widget(app, form(app).key(name)).set_value(value).run()


def downloads(app: AppTest) -> set[str]:
    buttons: Any = app.get("download_button")
    return {button.label for button in buttons}


def test_the_oldest_quarter_that_waits_is_shown_with_the_ledgers_figures(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "filing.py")
    calendar = app.dataframe[0].value
    assert dict(zip(calendar["Quarter"], calendar["How it stands"], strict=True)) == {
        "Q2 2025": "Filed",
        "Q3 2025": "Filed",
        "Q4 2025": "Filed",
        "Q1 2026": "Filed",
        "Q2 2026": "Filed, changed since",
        "Q3 2026": "Overdue by 15 days",
        "Q4 2026": "Not over yet",
        "Q1 2027": "Not over yet",
        "Q2 2027": "Not over yet",
    }
    text = said(app)
    assert "Q3 2026 was due 30 Oct 2026, 15 days ago." in text
    assert "**What do the books say of Q3 2026?**" in text
    with aggregate_session(demo_city) as session:
        project = build(session, Q3).project
    for name in ("adopted_budget", "total_obligations", "total_expenditures", "current_expenditures"):
        assert f"**{project[name]}**" in text
    assert "Not yet: 1 thing is to be mended." in text
    assert "File 2026Q2 again first." in text


def test_words_are_kept_from_the_quarter_on_beside_their_limits(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "filing.py")
    type_in(app, DESCRIPTION, "x" * 1510)
    assert ":red[:material/error: 10 too many: 1,510 of 1,500 characters]" in [c.value for c in app.caption]
    type_in(app, DESCRIPTION, "Four hundred people.")
    assert "20 of 1,500 characters, 1,480 left" in [c.value for c in app.caption]
    widget(app, form(app).key("save")).click().run()
    assert not app.exception
    assert widget(app, form(app).key(DESCRIPTION)).value == "Four hundred people."
    with aggregate_session(demo_city) as session:
        assert typed(session, Q3)[DESCRIPTION].since == Q3
        assert typed(session, Q3)[DESCRIPTION].value == "Four hundred people."
        assert typed(session, Q2)[DESCRIPTION].value != "Four hundred people."


def test_what_is_refused_or_half_typed_is_not_lost(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "filing.py")
    evidence = key_of("project", "evidence")
    type_in(app, evidence, "12.345")
    widget(app, form(app).key("save")).click().run()
    assert "12.345 has a fraction of a cent." in said(app)
    assert widget(app, form(app).key(evidence)).value == "12.345"
    type_in(app, DESCRIPTION, "Half a sentence")
    again = signed_in("finance", "filing.py")
    assert widget(again, form(again).key(DESCRIPTION)).value == "Half a sentence"
    with aggregate_session(demo_city) as session:
        assert session.scalars(select(Kept.form)).all() == ["filing-2026Q3"]
        assert typed(session, Q3)[evidence].value == "0.00"


def test_a_field_that_hangs_on_another_is_asked_when_it_is_needed(signed_in: Open) -> None:
    app = signed_in("finance", "filing.py")
    label = "If yes, what is the total expected capital expenditure?"
    assert label not in [t.label for t in app.text_input]
    type_in(app, key_of("project", "capital"), "Yes")
    assert label in [t.label for t in app.text_input]


def test_a_filed_quarter_shows_what_moved_and_is_filed_again_with_a_reason(signed_in: Open, demo_city: Engine) -> None:
    app = show(signed_in("finance", "filing.py"), Q2)
    text = said(app)
    assert "Yes, 3 fields." in text
    assert "filed 84861.86 → now **85348.11**" in text
    entries = [c.value for c in app.caption if c.value.startswith("Entry ")]
    assert len(entries) == 3
    assert all(plain("$486.25") in entry and "30 Jun 2026" in entry for entry in entries)
    yes = f"filing-yes-{Q2}-1"
    widget(app, yes).click().run()
    assert "Q2 2026 was filed before. Write why it is filed again." in " ".join(e.value for e in app.error)
    widget(app, f"filing-why-{Q2}-1").set_value("The interpreters’ bill").run()
    widget(app, yes).click().run()
    with aggregate_session(demo_city) as session:
        found = filings(session, Q2)
        assert [(f.version, f.filed_by, f.reason) for f in found] == [
            (2, "finance", "The interpreters’ bill"),
            (1, "finance", None),
        ]
    assert "No: the books say what was filed." in said(app)
    app = show(app, Q3)
    assert "Nothing stands in the way." in said(app)
    widget(app, f"filing-yes-{Q3}-0").click().run()
    assert "Every" not in said(app)
    with aggregate_session(demo_city) as session:
        assert [f.version for f in filings(session, Q3)] == [1]


def test_the_category_is_chosen_by_its_plain_description(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "filing.py")
    widget(app, "filing-category-1.12").set_value("6.1").run()
    next(b for b in app.button if b.label == "Use 6.1").click().run()
    with aggregate_session(demo_city) as session:
        grant = the_grant(session)
        assert grant is not None
        assert grant.category == "6.1"
    assert "**6.1-Provision of Government Services**" in said(app)
    assert "Recipient's approach *" not in [t.label for t in app.text_area]


def test_the_chief_reads_and_has_the_activity_sheet_finance_has_not(signed_in: Open) -> None:
    chief = signed_in("chief", "filing.py")
    assert not chief.exception
    labels = downloads(chief)
    assert {"Download XLSX", "Download CSV", "Activity sheet"} <= labels
    assert not [b.label for b in chief.button if b.label.startswith(("File", "Keep", "Use"))]
    assert not chief.text_area
    assert "**What is written in the report?**" in said(chief)
    finance = signed_in("finance", "filing.py")
    assert "Activity sheet" not in downloads(finance)
    assert plain(NOT_FOR_YOU) in [c.value for c in finance.caption]


def test_without_a_grant_it_says_so(signed_in: Open, demo_city: Engine) -> None:
    with demo_city.begin() as connection:
        connection.exec_driver_sql("DELETE FROM award")
    app = signed_in("finance", "filing.py")
    assert [i.value for i in app.info] == ["There is no grant yet, so nothing is due. It is set up with “tandem init”."]
