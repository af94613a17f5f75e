"""The Reconciliation page without a browser: a finance export tried and loaded, differences settled, taken back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from db.engine import aggregate_session
from db.models import LedgerEntry, Statement, StatementMapping, StatementRow
from db.vocab import ImportStatus
from tests.dashboard.views.asking import frame, press, said, told, widget

Open = Callable[..., AppTest]
FILE = (
    "Account,Posting Date,Vendor,Invoice,Comment,Amount\n"
    'EQ,11/03/2026,Capstan Office Supply,C-901,Chair,"1,210.40"\n'
    'EQ,11/13/2026,Capstan Office Supply,C-901-CM,Chair sent back,"(210.40)"\n'
    "ZZ,11/13/2026,Parks Supply,9,Grass,5.00\n"
    "EQ,11/14/2026,Capstan Office Supply,C-902,Lamp,12.345\n"
)


def entries(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(LedgerEntry.id))) or 0


def part(app: AppTest, name: str) -> AppTest:
    widget(app, "reconcile-part").set_value(name)
    return app.run()


def upload(app: AppTest, text: str = FILE) -> AppTest:
    part(app, "load")
    widget(app, "statement-file").set_value(("november.csv", text.encode(), "text/csv"))
    return app.run()


def answer(app: AppTest, account: str, line: int) -> None:
    next(box for box in app.selectbox if box.key and box.key.endswith(f"account-{account}")).set_value(line)
    app.run()


def box(app: AppTest, label: str) -> Any:
    return next(found for found in (*app.multiselect, *app.selectbox) if found.label == label)


def test_before_the_first_file_the_page_says_what_to_do(signed_in: Open) -> None:
    app = signed_in("finance", "reconcile.py")
    assert "Load one under “Load a file”." in said(app)
    chief = signed_in("chief", "reconcile.py")
    assert "Finance loads them." in said(chief)
    assert "load" not in widget(chief, "reconcile-part").options


def test_a_file_is_proposed_asked_about_tried_loaded_and_taken_back(signed_in: Open, demo_city: Engine) -> None:
    before = entries(demo_city)
    app = upload(signed_in("finance", "reconcile.py"))
    assert (box(app, "Date").value, box(app, "Amount (signed)").value) == ("Posting Date", "Amount")
    assert box(app, "Payee or vendor").value == ["Vendor"]
    assert "Say which budget line “EQ”, “ZZ” belongs to" in told(app)
    press(app, "Load")
    assert entries(demo_city) == before

    answer(app, "eq", 4)
    answer(app, "zz", 0)
    assert not app.warning
    rows = frame(app, "Budget line")
    assert rows["Amount"].tolist()[:2] == [Decimal("1210.40"), Decimal("-210.40")]
    assert rows["Budget line"].tolist()[:2] == ["Equipment", "Equipment"]

    press(app, "Try it (stores nothing)")
    assert "4 rows read, 0 matched to the ledger, 2 would be booked, 1 of other accounts left out, 1 refused." in told(
        app
    )
    assert entries(demo_city) == before
    next(text for text in app.text_input if "next month" in text.label).set_value("Monthly")
    press(app, "Load")
    assert "2 booked" in told(app)
    assert entries(demo_city) == before + 2
    with aggregate_session(demo_city) as session:
        assert session.scalars(select(StatementMapping.accounts)).one() == {"eq": 4, "zz": 0}

    part(app, "compare")
    assert "Both say the same to the cent" in told(app)
    assert frame(app, "Difference")["Difference"].tolist() == ["$0.00"]
    part(app, "loads")
    assert "voids the **2 entries** that load 1 booked" in said(app)
    next(text for text in app.text_input if text.label == "Why").set_value("wrong file")
    press(app, "Yes, take it back")
    assert "Load 1 was taken back. 2 entries it had booked were voided." in said(app).replace("\\", "")
    assert entries(demo_city) == before + 4
    with aggregate_session(demo_city) as session:
        assert session.get_one(Statement, 1).status is ImportStatus.taken_back
    assert not app.exception


@pytest.fixture
def compared(signed_in: Open) -> AppTest:
    """Loaded only to be compared: two rows that only the city has, one told otherwise, none booked."""
    app = upload(signed_in("finance", "reconcile.py"), FILE.rpartition("EQ,11/14")[0])
    answer(app, "eq", 4)
    answer(app, "zz", 0)
    widget(app, "statement-compare").set_value(True)
    press(app.run(), "Load")
    assert "2 to reconcile" in told(app)
    return part(app, "compare")


def test_a_difference_is_booked_or_set_aside_and_undone(compared: AppTest, demo_city: Engine) -> None:
    app, before = compared, entries(demo_city)
    assert "2 differences wait of $1,000.00" in told(app)
    assert frame(app, "What")["City"].tolist() == ["$1,210.40", "-$210.40"]
    next(button for button in app.button if button.key == "book-1").click().run()
    assert "Booked as entry" in said(app)
    assert entries(demo_city) == before + 1
    widget(app, "aside-why-2").set_value("booked by parks")
    next(button for button in app.button if button.key == "aside-2").click().run()
    assert "Both say the same to the cent" in told(app)
    with aggregate_session(demo_city) as session:
        assert session.get_one(StatementRow, 2).aside_reason == "booked by parks"
    app.session_state["reconcile-settled-2"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    widget(app, "undo-why-1").set_value("twice")
    next(button for button in app.button if button.key == "undo-row-1").click().run()
    assert "1 difference waits" in told(app)
    assert entries(demo_city) == before + 2
    assert not app.exception


def test_an_action_without_its_reason_is_refused_in_a_sentence(compared: AppTest, demo_city: Engine) -> None:
    next(button for button in compared.button if button.key == "aside-1").click().run()
    assert "Write why this row does not belong in the ledger" in told(compared)
    assert not compared.exception


def test_what_is_no_export_is_refused_in_a_sentence(signed_in: Open) -> None:
    app = upload(signed_in("finance", "reconcile.py"), "%PDF-1.7 and so on\n")
    assert "november.csv is a PDF document, whatever its name says." in told(app)
    assert not app.exception
