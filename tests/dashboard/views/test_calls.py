"""The Calls page without a browser: a file tried, loaded, taken back; a type covered; what a wrong file says."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from db.cad.mapping import FIELDS
from db.engine import aggregate_session
from db.models import Call, CallType, Import, Location, Mapping
from db.vocab import CallCategory, ImportStatus
from tests.dashboard.views.asking import frame, press, said, told, widget

Open = Callable[..., AppTest]
FILE = (
    "Incident No,Call Date,Call Time,Nature,Address,Disposition\n"
    "X-1,11/01/2026,09:15,MENTAL SUBJECT,12 North Main Street,CLR\n"
    "X-2,11/02/2026,10:15:20 PM,CHECK WELFARE,40 ELM ST,CLR\n"
    "X-3,11/13/2026,10:15,WEIRD CODE,4 Oak Ave,CLR\n"
    "X-4,,10:15,NOISE,4 Oak Ave,CLR\n"
)


def count(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(Call.id))) or 0


def upload(app: AppTest, text: str = FILE, name: str = "november.csv") -> AppTest:
    widget(app, "calls-file").set_value((name, text.encode(), "text/csv"))
    return app.run()


def part(app: AppTest, name: str) -> AppTest:
    widget(app, "calls-part").set_value(name)
    return app.run()


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def box(app: AppTest, field: str) -> Any:
    """The box of a field of the form."""
    return next(found for found in (*app.multiselect, *app.selectbox) if found.label == FIELDS[field])


def test_a_file_is_proposed_tried_loaded_and_said_to_be_there_already(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    app = upload(signed_in("analyst", "calls.py"))
    expected = {
        "received": ["Call Date", "Call Time"],
        "type": "Nature",
        "incident": "Incident No",
        "location": ["Address"],
        "disposition": "Disposition",
        "person": None,
    }
    assert {field: box(app, field).value for field in expected} == expected
    rows = frame(app, "Received")
    assert rows["Received"].tolist()[:2] == ["2026-11-01 09:15:00", "2026-11-02 22:15:20"]
    assert rows["Location"].tolist()[:2] == ["12 N MAIN ST", "40 ELM ST"]
    assert rows["Refused because"].tolist()[3] == "received has a time and no date: “10:15”"

    press(app, "Try it (stores nothing)")
    counts = {"Rows read": "4", "Rows merged": "0", "Updated": "0", "Already there": "0", "Refused": "1"}
    assert metrics(app) == counts | {"To be added": "3"}
    assert frame(app, "Why it was refused").to_dict("records") == [
        {"Line": 5, "Why it was refused": "received has a time and no date: “10:15”"}
    ]
    assert count(demo_city) == before

    box(app, "location").set_value([])
    app.run()
    assert not app.metric  # what was tried was another mapping
    press(app, "Load")
    assert "4 rows read, 3 calls added, 1 refused." in told(app)
    assert count(demo_city) == before + 3

    press(app, "Load")
    assert "Nothing new" in told(app)
    assert count(demo_city) == before + 3
    assert not app.exception


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("photo.csv", "\x00\x00\x00\x00binary\x00\x00", "neither CSV nor Excel"),
        ("empty.csv", "", "empty.csv is empty."),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(signed_in: Open, name: str, text: str, words: str) -> None:
    app = upload(signed_in("analyst", "calls.py"), text, name)
    assert words in app.error[0].value.replace("\\", "")
    assert not app.exception


def test_what_a_file_cannot_tell_is_asked_and_not_guessed(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    app = upload(signed_in("analyst", "calls.py"), "Closed,Nature\n03/04/2026 10:00,NOISE\n")
    assert "No column says when the calls came in" in told(app)
    assert box(app, "received").value == []
    press(app, "Load")
    assert "Choose a column for “Received (date, or date + time)”" in app.error[0].value.replace("\\", "")

    box(app, "received").set_value(["Closed"])
    app.run()
    assert not app.warning, "answered"
    press(app, "Load")
    assert "what “03/04/2026” means" in app.error[0].value.replace("\\", "")
    assert app.radio[0].value is None
    assert count(demo_city) == before

    app.radio[0].set_value("day-first").run()
    assert frame(app, "Received")["Received"].tolist() == ["2026-04-03 10:00:00"]
    press(app, "Load")
    assert "1 call added" in told(app)
    assert count(demo_city) == before + 1
    assert not app.exception


def test_next_months_file_takes_two_clicks_or_says_which_header_drifted(signed_in: Open, demo_city: Engine) -> None:
    app = upload(signed_in("analyst", "calls.py"))
    box(app, "location").set_value([])
    app.text_input[0].set_value("Monthly")
    press(app, "Load")
    with aggregate_session(demo_city) as session:
        kept = session.scalars(select(Mapping)).one()
        assert (kept.name, "location" in kept.columns) == ("Monthly", False)

    december = FILE.replace("X-", "Y-").replace("11/", "12/")
    upload(app, december, "december.csv")
    assert "“Monthly” fits this file to the last column." in told(app)
    press(app, "Load")
    assert "3 calls added" in told(app)

    drifted = december.replace("Y-", "Z-").replace("Call Date", "Received On")
    upload(app, drifted, "january.csv")
    assert "“Monthly” was made for another layout: Call Date is gone; new: Received On." in told(app)
    assert (box(app, "type").value, box(app, "location").value) == ("Nature", []), "as it was saved"
    assert box(app, "received").value[:1] == ["Received On"], "proposed anew"
    assert not app.exception


def test_a_load_is_taken_back_after_asking(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    app = press(upload(signed_in("analyst", "calls.py")), "Load")
    part(app, "loads")
    assert app.dataframe[0].value["File"].iloc[0] == "november.csv"
    assert "removes the **3 calls**" in said(app)
    press(app, "Yes, take it back")
    assert "was taken back: 3 calls removed." in told(app)
    assert count(demo_city) == before
    with aggregate_session(demo_city) as session:
        newest = session.scalars(select(Import).order_by(Import.id.desc())).first()
        assert newest is not None
        assert newest.status is ImportStatus.taken_back
    assert not app.exception


def test_an_uncovered_type_is_covered_and_a_place_becomes_an_institution(signed_in: Open, demo_city: Engine) -> None:
    app = press(upload(signed_in("analyst", "calls.py")), "Load")
    part(app, "types")
    uncovered = app.dataframe[0].value
    position = uncovered["Type"].tolist().index("WEIRD CODE")
    app.session_state["calls-uncovered"] = {"selection": {"rows": [position], "columns": [], "cells": []}}
    app.run()
    category = next(group for group in app.button_group if group.key and group.key.startswith("assign-"))
    category.set_value(CallCategory.control).run()
    press(app, "Save")
    with aggregate_session(demo_city) as session:
        assert (
            session.scalars(select(CallType.category).where(CallType.name == "WEIRD CODE")).one()
            is CallCategory.control
        )

    part(app, "places")
    unmarked = app.dataframe[0].value["Institution"].tolist().index(False)
    app.session_state["calls-places"] = {
        "edited_rows": {unmarked: {"Institution": True}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    with aggregate_session(demo_city) as session:
        marked = session.scalar(select(func.count(Location.id)).where(Location.is_institution))
    press(app, "Save 1 change")
    with aggregate_session(demo_city) as session:
        now = session.scalar(select(func.count(Location.id)).where(Location.is_institution))
    assert now == (marked or 0) + 1
    assert not app.exception


def test_the_series_shows_what_was_loaded(signed_in: Open) -> None:
    app = part(signed_in("analyst", "calls.py"), "series")
    assert len(app.get("plotly_chart")) == 2
    assert not app.exception


def test_before_the_first_load_the_figures_say_what_to_do(signed_in: Open, demo_city: Engine) -> None:
    with sqlite3.connect(str(demo_city.url.database)) as plain:  # what hangs on calls may stay
        plain.executescript("DELETE FROM call; DELETE FROM call_day")
    app = signed_in("analyst", "call_figures.py")
    assert "these figures begin with the first export" in said(app)
    assert not app.get("plotly_chart")
    assert not app.exception
