"""“Refer someone” and “Referrals” without a browser: five questions, what happens next, and the desk's answer."""

from collections.abc import Callable

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.exhibit import plain
from dashboard.ui.forms import Draft
from dashboard.ui.session import SESSION_COOKIE
from db.engine import aggregate_session
from db.models import Attempt, Referral
from db.vocab import AttemptMode, DeclineReason, Need, ReferralStatus, Urgency
from tests.dashboard.conftest import new_session
from tests.dashboard.views.asking import said, widget


def draft(app: AppTest, name: str = "refer") -> Draft:
    return app.session_state[f"tandem.form.{name}"]


def press(app: AppTest) -> AppTest:
    return widget(app, draft(app).key("save")).click().run()


def fill(app: AppTest, **answers: object) -> AppTest:
    for name, value in answers.items():
        widget(app, draft(app).key(name)).set_value(value)
    return app.run()


def newest(bind: Engine) -> Referral:
    with aggregate_session(bind) as session:
        row = session.scalars(select(Referral).order_by(Referral.id.desc()).limit(1)).one()
        _ = row.detail, row.needs
        return row


def send(app: AppTest) -> AppTest:
    fill(app, name="Zeno Quill", approximate_age=40, place="Pier 4", needs=[Need.housing], urgency=Urgency.urgent)
    return press(app)


def test_an_officer_sends_and_is_told_what_happens_next(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("officer", "refer.py")
    send(app)
    row = newest(demo_city)
    assert row.detail is not None
    assert (row.detail.name, row.urgency, row.status) == ("Zeno Quill", Urgency.urgent, ReferralStatus.new)
    assert "Sent." in app.success[0].value
    assert "What happens next" in said(app)
    assert "Zeno" not in said(app)  # from here on it is the desk's alone
    next(b for b in app.button if b.label == "Refer somebody else").click().run()
    assert widget(app, draft(app).key("name")).value == ""


def test_a_refusal_keeps_what_the_officer_typed(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    before = newest(demo_city).id
    app = signed_in("officer", "refer.py")
    press(fill(app, place="Pier 4", approximate_age=203))
    assert "The reason is missing. Tick at least one need." in said(app)
    assert "The urgency is missing. Choose one." in said(app)
    assert "An age of 203 is not between 0 and 120." in said(app)
    assert widget(app, draft(app).key("place")).value == "Pier 4"
    assert newest(demo_city).id == before


def test_a_day_left_open_is_asked_for_and_not_taken_for_unknown(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    before = newest(demo_city).id
    app = signed_in("officer", "refer.py")
    answers = {"place": "Pier 4", "needs": [Need.housing], "urgency": Urgency.routine, "happened_at": "Another day"}
    press(fill(app, **answers))
    assert "The day or time is missing." in said(app)
    assert newest(demo_city).id == before
    press(fill(app, place="", happened_at="Now"))
    assert "Nobody could find this person." in said(app)
    assert not [c for c in app.checkbox if "send it" in c.label]  # nothing typed: nothing to be another of
    assert newest(demo_city).id == before


def test_an_officer_is_shown_how_it_stands_and_never_who_or_why(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("officer", "refer.py")
    send(app)
    badges = {m.value.split(": ")[-1].rstrip("]") for m in app.markdown if "-badge[" in m.value}
    assert badges - {"Demo city: all people are fictional"} <= {
        *("Received", "Reviewed", "Contacted", "Closed"),
        "all people are fictional",
    }
    for word in ("accepted", "declined", "P-0"):
        assert word not in said(app)


def test_the_same_incident_is_shown_before_sending_and_can_be_confirmed(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("officer", "refer.py")
    fill(app, incident_number="HB-777777")
    assert "Referred already?" not in said(app)
    send(app)
    first = newest(demo_city).id
    next(b for b in app.button if b.label == "Refer somebody else").click().run()
    fill(app, incident_number="hb 777777")
    assert "Referred already?" in said(app)
    assert "from officer · Incident HB-777777" in said(app)
    send(app)
    assert "Incident hb 777777 was referred on" in said(app) + app.error[0].value
    assert newest(demo_city).id == first
    press(fill(app, other=True))
    assert newest(demo_city).id > first


def test_the_desk_takes_it_up_tries_declines_and_takes_that_back(
    signed_in: Callable[..., AppTest], demo_city: Engine, cookies: dict[str, str]
) -> None:
    send(signed_in("officer", "refer.py"))
    number = newest(demo_city).id
    cookies[SESSION_COOKIE] = new_session(demo_city, "clinician")
    desk = signed_in("clinician", "referrals.py")
    assert "**Zeno Quill**, about 40" in said(desk)
    widget(desk, f"decline-referrals-{number}").click(DeclineReason.outside_city).run()
    assert newest(demo_city).decline_reason is DeclineReason.outside_city
    assert plain("Zeno Quill: declined (outside") in said(desk)
    widget(desk, "undo-referrals").click().run()
    assert newest(demo_city).status is ReferralStatus.new
    widget(desk, f"accept-referrals-{number}").click().run()
    assert newest(demo_city).status is ReferralStatus.accepted
    for more in desk.toggle:  # a long list shows its oldest first
        more.set_value(True)
    desk.run()
    widget(desk, f"try-referrals-{number}").click("Phone: reached").run()
    assert not desk.error, [e.value for e in desk.error]
    with aggregate_session(demo_city) as session:
        tried = session.execute(select(Attempt.mode, Attempt.reached).where(Attempt.referral_id == number)).all()
    assert [tuple(row) for row in tried] == [(AttemptMode.phone, True)]
    assert f"**{plain('Zeno Quill')}**" not in said(desk)  # reached: nobody waits any more


def test_a_link_opens_the_referral_it_names_and_ignores_what_is_not_there(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    number = newest(demo_city).id
    app = signed_in("clinician", "referrals.py")
    for asked, opened in ((str(number), True), ("999999", False), ("1 OR 1", False), ("-1", False)):
        app.query_params["referral"] = asked
        app.run()
        assert not app.exception
        assert any(f"Referral {number} · " in c.value for c in app.caption) is opened, asked
