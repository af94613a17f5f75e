"""The page After the pilot without a browser: figures move with what is typed, nothing is lost, one is asked."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import words
from dashboard.nav import VIEWS
from dashboard.ui.forms import Draft
from db.commands.scenarios import form_of, scenarios
from db.engine import aggregate_session
from db.forms.scenarios import ScenarioForm
from db.models import Pilot
from db.run_rate import run_rate
from tests.dashboard.views.asking import said, widget

Open = Callable[..., AppTest]


def stored(bind: Engine) -> dict[str, ScenarioForm]:
    with aggregate_session(bind) as session:
        return {row.name: form_of(row) for row in scenarios(session)}


def field(app: AppTest, name: str, key: str = "1"):
    draft: Draft = app.session_state[f"tandem.form.after-{key}"]
    return widget(app, draft.key(name))


def choose(app: AppTest, key: str) -> AppTest:
    [pills] = [group for group in app.button_group if str(group.key).startswith("after-which-")]
    return pills.set_value(key).run()


def months(app: AppTest) -> list[str]:
    """The cost a month on each card, in order."""
    return [metric.value for metric in app.metric if metric.label == "Cost a month"]


@pytest.mark.parametrize("username", ["finance", "chief"])
def test_as_is_starts_from_what_the_ledger_says(signed_in: Open, demo_city: Engine, username: str) -> None:
    app = signed_in(username, "after.py")
    with aggregate_session(demo_city) as session:
        rate = run_rate(session, session.get_one(Pilot, 1))
    assert words.money(rate.monthly, cents=True) in said(app).replace("\\", "")
    assert stored(demo_city)["Continue as is"].assumptions.monthly == rate.monthly
    assert months(app) == [words.money(form.assumptions.monthly) for form in stored(demo_city).values()]
    assert len(months(app)) == 4


def test_the_figures_move_at_once_and_nothing_is_stored_before_the_save(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "after.py")
    before = stored(demo_city)
    assert "Unsaved changes" not in said(app)
    field(app, "other_monthly").set_value("2,612.33").run()
    assert months(app)[0] == words.money(before["Continue as is"].assumptions.monthly + 1000)
    assert "Unsaved changes" in said(app)
    assert "not saved" in said(app)
    assert stored(demo_city) == before
    field(app, "hours").set_value("").run()
    assert "0\u00a0% of calls · 0 staffed hours a week" in said(app)


def test_half_typed_assumptions_are_there_after_a_reload(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "after.py")
    choose(app, "2")
    field(app, "other_monthly", "2").set_value("99.50").run()
    app.switch_page(str(VIEWS / "budget.py")).run()
    again = signed_in("finance", "after.py")
    assert field(again, "other_monthly", "2").value == "99.50", "it opens where somebody was typing"
    assert "Draft from" in said(again)
    costs = months(again)[1]
    field(again, "rise_percent", "2").set_value("4").run()
    third = signed_in("finance", "after.py")
    assert (field(third, "rise_percent", "2").value, months(third)[1]) == ("4", costs)
    assert not field(third, "federal-counted", "2").value, "what is not counted is not counted after two reloads"
    assert "+" not in "".join(m.value for m in third.markdown if m.value.startswith("|"))
    assert stored(demo_city)["Add evening shift"].assumptions.other_monthly != Decimal("99.50")


def test_bad_input_is_a_sentence_and_loses_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "after.py")
    before = months(app)
    field(app, "other_monthly").set_value("12.345")
    field(app, "hours").set_value("Mon 9–25").run()
    marked = [m.value for m in app.markdown if m.value.startswith(":red[")]
    assert len(marked) == 2
    assert "12.345 has a fraction of a cent." in marked[0] + marked[1]
    assert months(app) == before
    assert widget(app, "after-save").disabled
    assert field(app, "other_monthly").value == "12.345"
    assert app.error[0].value.startswith("2 answers need a look, marked below.")


def test_saving_over_a_name_asks_and_a_new_name_is_a_copy(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "after.py")
    was = stored(demo_city)
    field(app, "one_time").set_value("750").run()
    widget(app, "after-save").click().run()
    assert "“Continue as is” is saved already" in app.warning[0].value
    assert stored(demo_city) == was
    widget(app, "after-keep").click().run()
    field(app, "name").set_value("Continue, with a van").run()
    widget(app, "after-save").click().run()
    now = stored(demo_city)
    assert now["Continue as is"] == was["Continue as is"]
    assert now["Continue, with a van"].assumptions.one_time == Decimal(750)
    assert not app.exception


def test_replacing_is_done_when_it_is_said(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "after.py")
    field(app, "one_time").set_value("750").run()
    widget(app, "after-save").click().run()
    widget(app, "after-replace").click().run()
    assert stored(demo_city)["Continue as is"].assumptions.one_time == Decimal(750)
    assert "Unsaved changes" not in said(app)
    assert field(app, "one_time").value == "750.00"


def test_a_new_one_begins_with_what_the_pilot_costs_today(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "after.py")
    choose(app, "new")
    field(app, "name", "new").set_value("One more day").run()
    widget(app, "after-save").click().run()
    made = stored(demo_city)["One more day"]
    assert made.assumptions.monthly == stored(demo_city)["Continue as is"].assumptions.monthly
    assert not made.on_slide
    assert len(months(app)) == 5


def test_deleting_asks_and_can_be_undone(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "after.py")
    was = stored(demo_city)
    widget(app, "after-delete-1").click().run()
    assert "Continue as is" not in stored(demo_city)
    widget(app, "undo-after").click().run()
    assert stored(demo_city)["Continue as is"] == was["Continue as is"]


def test_off_the_slide_and_on_again(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "after.py")
    widget(app, "slide-4-True").uncheck().run()
    assert [form.on_slide for form in stored(demo_city).values()] == [True, True, True, False]
    assert "End is off the slide now" in said(app)
