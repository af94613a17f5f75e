"""“Refer someone” and “Referrals” without a browser: five questions, what happens next, and the desk's answer."""

from collections.abc import Callable

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

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


def test_an_officer_is_shown_received_and_reviewed_only(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("officer", "refer.py")
    send(app)
    badges = {m.value for m in app.markdown if "Received" in m.value or "Reviewed" in m.value}
    assert any("Received" in badge for badge in badges)
    for word in ("accepted", "declined", "contacted", "P-0"):
        assert word not in said(app)


def test_the_same_incident_is_asked_about_and_can_be_confirmed(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("officer", "refer.py")
    fill(app, incident_number="HB-777777")
    send(app)
    first = newest(demo_city).id
    next(b for b in app.button if b.label == "Refer somebody else").click().run()
    fill(app, incident_number="HB-777777")
    send(app)
    assert "Incident HB-777777 was referred on" in said(app)
    assert newest(demo_city).id == first
    press(fill(app, other=True))
    assert newest(demo_city).id > first


def test_the_desk_sees_it_says_who_it_is_and_answers(
    signed_in: Callable[..., AppTest], demo_city: Engine, cookies: dict[str, str]
) -> None:
    send(signed_in("officer", "refer.py"))
    number = newest(demo_city).id
    cookies[SESSION_COOKIE] = new_session(demo_city, "clinician")
    desk = signed_in("clinician", "referrals.py")
    assert "**Zeno Quill**, about 40" in said(desk)
    widget(desk, f"accept-{number}").click().run()
    assert newest(demo_city).status is ReferralStatus.accepted
    for more in desk.toggle:  # a long list shows its oldest first
        more.set_value(True)
    desk.run()
    form = draft(desk, f"attempt-{number}")
    widget(desk, form.key("mode")).set_value(AttemptMode.phone)
    widget(desk, form.key("reached")).set_value("Yes").run()
    widget(desk, form.key("save")).click().run()
    assert not desk.error, [e.value for e in desk.error]
    with aggregate_session(demo_city) as session:
        assert session.scalars(select(Attempt.reached).where(Attempt.referral_id == number)).all() == [True]
    assert "Zeno Quill" not in said(desk)  # reached: nobody waits any more


def test_declining_asks_for_a_reason(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    send(signed_in("officer", "refer.py"))
    number = newest(demo_city).id
    desk = signed_in("clinician", "referrals.py")
    form = draft(desk, f"decline-{number}")
    widget(desk, form.key("save")).click().run()
    assert [e.value for e in desk.error] == ["A referral is declined with a reason. Choose one."]
    widget(desk, form.key("reason")).set_value(DeclineReason.outside_city).run()
    widget(desk, form.key("save")).click().run()
    assert (newest(demo_city).status, newest(demo_city).decline_reason) == (
        ReferralStatus.declined,
        DeclineReason.outside_city,
    )
