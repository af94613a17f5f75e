"""Is it working?: what each role sees of it, and that page, sentence and method say the same."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.evaluation import SECTIONS, shown_to
from dashboard.measures.compute import compute, pilot_to_date
from db import access
from db.engine import aggregate_session
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW, TODAY
from tests.dashboard.publishing import publish

SignedIn = Callable[..., AppTest]
SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)


def told(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in (*app.markdown, *app.caption)).replace("\\", "")


def popovers(app: AppTest) -> list[str]:
    found: Any = app.get("popover")
    return [part.proto.popover.label for part in found]


def test_the_chief_reads_the_verdict_in_the_largest_words(signed_in: SignedIn, demo_city: Engine) -> None:
    app = signed_in("chief", "effect.py")
    assert not app.exception
    with aggregate_session(demo_city) as session:
        filters = pilot_to_date(the_pilot(session), TODAY)
    verdict = compute(demo_city, SHELL, "repeat_call_effect", filters)
    titles = [m.value for m in app.markdown if m.value.startswith("# ")]
    assert len(titles) == 1
    assert titles[0].replace("\\", "").removeprefix("# ") in verdict.sentence
    for step in compute(demo_city, SHELL, "effect_axis", filters).marks["method"]:
        assert step.replace("\\", "") in told(app)
    sections = [m.value for m in app.markdown if m.value.startswith("### ")]
    assert sections == [
        "### How sure is that?",
        "### Before and after: the people served, and the same months",
        "### What it gave back",
        "### What it cost",
        "### Follow-up or on scene?",
        "### How this was done",
        "### How we checked",
    ]
    assert "Evaluation report" in popovers(app)


def test_an_analyst_sees_the_analysis_and_no_money(signed_in: SignedIn) -> None:
    app = signed_in("analyst", "effect.py")
    assert not app.exception
    assert "### How sure is that?" in told(app)
    assert "### Follow-up or on scene?" in told(app)
    assert "$" not in "".join(str(metric.value) for metric in app.metric)


def test_the_council_sees_no_figure_about_people_and_no_report(signed_in: SignedIn, demo_city: Engine) -> None:
    assert "Nothing has been published yet." in signed_in("council", "effect.py").info[0].value
    council = access.viewer_for(Role.council, name="council", now=NOW, today=TODAY, user_id=None, staff_id=None)
    number = publish(demo_city, *(key for section in SECTIONS for key in shown_to(council, section)))
    app = signed_in("council", "effect.py")
    assert f"Figures of edition {number}, as of 14 Nov 2026." in told(app)
    assert not app.exception
    assert "### How sure is that?" in told(app)
    assert "### Follow-up or on scene?" not in told(app)
    assert "linked people served" not in told(app)
    assert "Evaluation report" not in popovers(app)


def test_without_calls_it_says_what_to_do_first(signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_TODAY", "2022-06-01")  # before the first call of the demo city
    app = signed_in("chief", "effect.py")
    assert not app.exception
    assert "the analyst loads them on Calls" in told(app)
    assert not app.get("plotly_chart")


def test_while_it_is_too_early_it_says_so_and_states_nothing(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_TODAY", "2026-05-20")
    app = signed_in("chief", "effect.py")
    assert not app.exception
    assert "too early" in next(m.value for m in app.markdown if m.value.startswith("# "))
    assert "Nothing happened" in "".join(str(table.value) for table in app.table), "how it was checked stays"
    assert "÷" not in told(app).split("### How this was done")[1]
