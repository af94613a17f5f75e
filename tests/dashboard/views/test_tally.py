"""“Weekly tally” without a browser: prefilled, explained, asked, certified, locked."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.forms import Draft
from db.access import viewer_for
from db.commands.tally import certify_tally, form_of, sheet
from db.engine import aggregate_session, record_session
from db.models import Staff, Tally, User
from db.vocab import TallyItem, TallyStatus
from tests.conftest import NOW, TODAY
from tests.dashboard.views.asking import said, widget

WEEK = date(2026, 11, 9)  # of the pinned day, a Saturday


@pytest.fixture
def app(signed_in: Callable[..., AppTest], demo_city: Engine) -> AppTest:
    with aggregate_session(demo_city) as session:  # this week begins anew, whatever the city's story says of it
        for row in session.scalars(select(Tally).where(Tally.week == WEEK)):
            session.delete(row)
        session.commit()
    opened = signed_in("clinician", "tally.py")
    return widget(opened, f"tally-week-{mine(demo_city)}").set_value(WEEK).run()


def mine(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalars(select(User.staff_id).where(User.username == "clinician")).one() or 0


def stored(bind: Engine) -> Tally | None:
    with aggregate_session(bind) as session:
        row = session.scalars(select(Tally).where(Tally.week == WEEK, Tally.staff_id == mine(bind))).one_or_none()
        if row is not None:
            _ = row.values
        return row


def draft(app: AppTest, bind: Engine) -> Draft:
    return app.session_state[f"tandem.form.tally-{mine(bind)}-{WEEK.isoformat()}"]


def edit(app: AppTest, bind: Engine, item: TallyItem, value: float | None) -> AppTest:
    """Type a number into the cell of ``item``."""
    place = list(TallyItem).index(item)
    key, _ = app.session_state[f"tandem.grid.{draft(app, bind).name}"]
    changes = {"edited_rows": {place: {"reported": value}}, "added_rows": [], "deleted_rows": []}
    app.session_state[key] = changes
    return app.run()


def press(app: AppTest, bind: Engine, name: str) -> AppTest:
    return widget(app, draft(app, bind).key(name)).click().run()


def asked(app: AppTest, bind: Engine, name: str) -> Any:
    """A widget of the questions that certifying asks."""
    return widget(app, f"{draft(app, bind).name}-{name}")


def blanks(app: AppTest) -> dict[str, Any]:
    return {
        str(group.key).split("-blank-")[1].split("-")[0]: group
        for group in app.segmented_control
        if "-blank-" in str(group.key)
    }


def test_a_draft_holds_the_log_and_stays_a_draft(app: AppTest, demo_city: Engine) -> None:
    press(app, demo_city, "draft")
    row = stored(demo_city)
    assert row is not None
    assert row.status is TallyStatus.draft
    assert all(v.reported == v.log for v in row.values if v.log)
    assert all(v.reported is None for v in row.values if not v.log)


def test_another_number_asks_why_and_keeps_the_cell(app: AppTest, demo_city: Engine) -> None:
    edit(app, demo_city, TallyItem.office, 99)
    why = next(field for field in app.text_input if "reported 99" in field.label)
    assert why.label.startswith("Office visits: log ")
    press(app, demo_city, "certify")
    assert "Say why it differs." in said(app)
    assert stored(demo_city) is None
    why = next(field for field in app.text_input if "reported 99" in field.label)
    why.set_value("Counted on paper").run()
    press(app, demo_city, "draft")
    row = stored(demo_city)
    assert row is not None
    assert [(v.reported, v.reason) for v in row.values if v.item is TallyItem.office] == [(99, "Counted on paper")]


def test_certifying_asks_about_each_blank_and_about_the_weekend(app: AppTest, demo_city: Engine) -> None:
    edit(app, demo_city, TallyItem.outreach, None)
    press(app, demo_city, "certify")
    if why := [field for field in app.text_input if "Outreach to providers" in field.label]:
        why[0].set_value("Not counted this week").run()
        press(app, demo_city, "certify")
    groups = blanks(app)
    assert TallyItem.outreach.value in groups
    assert stored(demo_city) is None
    asked(app, demo_city, "certify-now").click().run()
    assert "Still to answer:" in app.error[0].value
    groups = blanks(app)
    groups["all"].set_value("Not recorded").run()
    asked(app, demo_city, "certify-now").click().run()
    assert "The week is not over." in app.error[0].value
    asked(app, demo_city, "weekend").set_value(True).run()
    asked(app, demo_city, "certify-now").click().run()
    row = stored(demo_city)
    assert row is not None
    assert row.status is TallyStatus.certified
    assert [v.reported for v in row.values if v.item is TallyItem.outreach] == [None]


def test_a_certified_week_is_locked_and_says_by_whom(app: AppTest, demo_city: Engine) -> None:
    press(app, demo_city, "certify")
    if "all" in blanks(app):
        blanks(app)["all"].set_value("0").run()
    asked(app, demo_city, "weekend").set_value(True).run()
    asked(app, demo_city, "certify-now").click().run()
    assert "Locked." in said(app)
    assert not [button for button in app.button if button.label in ("Save draft", "Certify the week")]
    row = stored(demo_city)
    assert row is not None
    assert all(v.reported is not None for v in row.values)


def certify_elsewhere(bind: Engine) -> None:
    """The social worker certifies the clinician's week at another machine."""
    with aggregate_session(bind) as session:
        user = session.scalars(select(User).where(User.username == "socialworker")).one()
    viewer = viewer_for(user.role, name=user.username, now=NOW, today=TODAY, user_id=user.id, staff_id=user.staff_id)
    with record_session(bind, viewer) as session:
        opened = sheet(session, viewer, mine(bind), WEEK)
        form = form_of(opened, {}, confirmed_blanks=frozenset(TallyItem), weekend_confirmed=True)
        certify_tally(session, viewer, form)


def test_the_second_of_two_who_certify_is_told(app: AppTest, demo_city: Engine) -> None:
    certify_elsewhere(demo_city)
    press(app, demo_city, "certify")
    assert "This week was certified by Orlick Saltwick" in app.warning[0].value


def test_what_was_typed_before_somebody_certified_becomes_an_amendment(app: AppTest, demo_city: Engine) -> None:
    edit(app, demo_city, TallyItem.office, 99)
    certify_elsewhere(demo_city)
    press(app, demo_city, "certify")
    assert "while you were typing" in said(app)
    shown = app.dataframe[0].value
    assert [list(row) for row in shown[["Item", "Yours"]].to_numpy()] == [["Office visits", "99"]]
    amendment = f"amend-{mine(demo_city)}-{WEEK.isoformat()}"
    widget(app, f"carry-{amendment}").click().run()
    form: Draft = app.session_state[f"tandem.form.{amendment}"]
    widget(app, form.key("why")).set_value("Counted on paper").run()
    widget(app, form.key("save")).click().run()
    row = stored(demo_city)
    assert row is not None
    assert (row.status, [v.reported for v in row.values if v.item is TallyItem.office]) == (TallyStatus.certified, [99])
    assert "**Corrections**" in said(app)


def test_a_comment_is_said_beside_its_cell(app: AppTest, demo_city: Engine) -> None:
    form = draft(app, demo_city)
    widget(app, f"beside-{mine(demo_city)}-{WEEK.isoformat()}").set_value(TallyItem.office).run()
    assert "In the 12 weeks before:" in said(app)
    press(app, demo_city, "say")
    assert "The comment is empty. Write it first." in said(app)
    widget(app, form.key("comment")).set_value("Two [long] ones").run()
    press(app, demo_city, "say")
    assert "Two \\[long\\] ones" in said(app)
    assert widget(app, form.key("comment")).value == ""


def test_the_calendar_says_how_each_week_stands(app: AppTest, demo_city: Engine) -> None:
    weeks = widget(app, f"tally-week-{mine(demo_city)}")
    assert any("missing" in option for option in weeks.options)
    assert any("late" in option for option in weeks.options)
    with aggregate_session(demo_city) as session:
        names = [s.name for s in session.scalars(select(Staff).order_by(Staff.id))]
    assert widget(app, "tally-staff").options == names
