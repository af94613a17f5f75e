"""What is half typed survives: a reload, another page, a restart; it is gone with the save or when discarded."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.nav import VIEWS
from dashboard.ui import forms
from dashboard.ui.forms import Draft as Form
from db.engine import aggregate_session
from db.models import Draft, Intervention
from db.vocab import Mode, Need, Outcome, Purpose
from tests.conftest import TODAY
from tests.dashboard.views.asking import said, widget


def form(app: AppTest, name: str = "log") -> Form:
    return app.session_state[f"tandem.form.{name}"]


def stored(bind: Engine) -> list[str]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(Draft.form).order_by(Draft.form)))


def answer(app: AppTest, name: str, value: object) -> None:
    widget(app, form(app).key(name)).set_value(value)


def test_half_typed_work_survives_and_goes_with_the_save(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("clinician", "log.py")
    assert stored(demo_city) == []
    answer(app, "mode", Mode.phone_video)
    answer(app, "note", "Call back on Monday")
    app.run()
    answer(app, "needs", [Need.housing])
    answer(app, "minutes", "Other")
    app.run()
    widget(app, form(app).key("minutes-other")).set_value(25)
    app.run()
    assert stored(demo_city) == ["log"]
    with aggregate_session(demo_city) as session:  # encrypted at rest
        raw = session.connection().exec_driver_sql("SELECT content FROM draft").scalar_one()
        assert b"Monday" not in raw

    # left for another page in the same moment, and back, in the same tab
    answer(app, "note", "Call back on Tuesday")
    app.switch_page(str(VIEWS / "referrals.py")).run()
    app.switch_page(str(VIEWS / "log.py")).run()
    assert widget(app, form(app).key("note")).value == "Call back on Tuesday"

    # a new tab, as after a reload or a restart of the server: nothing but the database remembers
    again = signed_in("clinician", "log.py")
    assert "Draft from" in said(again)
    assert widget(again, form(again).key("mode")).value is Mode.phone_video
    assert widget(again, form(again).key("needs")).value == [Need.housing]
    assert widget(again, form(again).key("minutes-other")).value == 25

    # nobody else is shown it
    other = signed_in("socialworker", "log.py")
    assert "Draft from" not in said(other)

    with aggregate_session(demo_city) as session:
        before = len(session.scalars(select(Intervention.id)).all())
    again = signed_in("clinician", "log.py")
    for name, value in (("mode", Mode.consultation), ("purpose", Purpose.consultation), ("outcome", Outcome.reached)):
        answer(again, name, value)
    again.run()
    widget(again, form(again).key("save")).click()
    again.run()
    assert not again.error, [e.value for e in again.error]
    assert stored(demo_city) == []
    assert "Draft from" not in said(again)
    with aggregate_session(demo_city) as session:
        assert len(session.scalars(select(Intervention.id)).all()) == before + 1


@pytest.mark.parametrize(("page", "name", "field"), [("refer.py", "refer", "place")])
def test_every_form_of_this_floor_is_kept_and_can_be_discarded(
    signed_in: Callable[..., AppTest], demo_city: Engine, page: str, name: str, field: str
) -> None:
    app = signed_in("officer", page)
    widget(app, form(app, name).key(field)).set_value("Pier 4")
    app.run()
    app.run()
    assert stored(demo_city) == [name]
    again = signed_in("officer", page)
    assert widget(again, form(again, name).key(field)).value == "Pier 4"
    widget(again, f"discard-{name}").click()
    again.run()
    assert widget(again, form(again, name).key(field)).value == ""
    assert stored(demo_city) == []


def test_what_a_field_begins_with_stands_again_after_a_run_that_was_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab of its own: the form was opened and filled, and the run ended before the browser was shown its fields."""
    state: dict[str, object] = {}
    monkeypatch.setattr(forms.session, "put", state.update)
    monkeypatch.setattr(
        forms.session, "fields", lambda keys: {name: (state[key], None) for name, key in keys.items() if key in state}
    )
    opened = Form("invoice")
    opened.begin_with({"received_on": TODAY, "due_on": None})
    stood = dict(state)
    del state[opened.key("received_on")]
    opened.stand_again()
    assert state == stood
    opened.fill({"received_on": None})  # emptied by hand: that stays
    opened.stand_again()
    assert state[opened.key("received_on")] is None
