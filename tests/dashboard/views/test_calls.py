"""The Calls page without a browser: a file tried, loaded, taken back; a type covered; what a wrong file says."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from db.engine import aggregate_session
from db.models import Call, CallType, Import, Location, Mapping
from db.vocab import CallCategory, ImportStatus
from tests.dashboard.views.asking import said, widget

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


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def part(app: AppTest, name: str) -> AppTest:
    widget(app, "calls-part").set_value(name)
    return app.run()


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_file_is_tried_then_loaded_and_said_to_be_there_already(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    app = upload(signed_in("analyst", "calls.py"))
    assert [box.value for box in app.multiselect] == [["Call Date", "Call Time"], ["Address"]]
    assert {box.label: box.value for box in app.selectbox} == {
        "Call type": "Nature",
        "Incident number": "Incident No",
        "Disposition": "Disposition",
        "Person key": None,
    }

    press(app, "Try it (stores nothing)")
    expected = {"Rows read": "4", "Would be added": "3", "Merged": "0", "Already there": "0", "Refused": "1"}
    assert metrics(app) == expected
    assert app.dataframe[0].value.to_dict("records") == [
        {"Line": 5, "Why it was refused": "received has a time and no date: “10:15”"}
    ]
    assert count(demo_city) == before

    widget(app, "calls-keep").set_value("Monthly")
    press(app, "Load")
    assert app.success[0].value.replace("\\", "") == "4 rows read, 3 calls added, 1 refused."
    assert count(demo_city) == before + 3
    with aggregate_session(demo_city) as session:
        assert session.scalars(select(Mapping.name)).one() == "Monthly"

    press(app, "Load")
    assert "Nothing new" in app.info[0].value
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


def test_an_ambiguous_date_and_a_missing_column_are_asked_on_the_page(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    text = "When,Nature\n03/04/2026 10:00,NOISE\n"
    app = press(upload(signed_in("analyst", "calls.py"), text), "Load")
    assert "Choose a column for “Received (date, or date + time)”" in app.error[0].value.replace("\\", "")
    app.multiselect[0].set_value(["When"]).run()
    press(app, "Load")
    assert (
        app.error[0]
        .value.replace("\\", "")
        .endswith("no date of the file tells which. Say which under “Day and month”.")
    )
    assert count(demo_city) == before
    order = next(group for group in app.button_group if group.key and group.key.endswith("-order"))
    order.set_value("day-first").run()
    press(app, "Load")
    assert "1 call added" in app.success[0].value
    assert count(demo_city) == before + 1


def test_a_load_is_taken_back_after_asking(signed_in: Open, demo_city: Engine) -> None:
    before = count(demo_city)
    app = press(upload(signed_in("analyst", "calls.py")), "Load")
    part(app, "loads")
    assert app.dataframe[0].value["File"].iloc[0] == "november.csv"
    assert "removes the **3 calls**" in said(app)
    press(app, "Yes, remove them")
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
    app.session_state["calls-places"] = {
        "edited_rows": {0: {"Institution": True}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    with aggregate_session(demo_city) as session:
        marked = session.scalar(select(func.count(Location.id)).where(Location.is_institution))
    press(app, "Save")
    with aggregate_session(demo_city) as session:
        now = session.scalar(select(func.count(Location.id)).where(Location.is_institution))
    assert now == (marked or 0) + 1
    assert not app.exception


def test_the_series_shows_what_was_loaded(signed_in: Open) -> None:
    app = part(signed_in("analyst", "calls.py"), "series")
    assert len(app.get("plotly_chart")) == 2
    assert not app.exception
