"""“Log an intervention” without a browser: what is asked when, what a refusal keeps, one save, its undo."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.nav import VIEWS
from dashboard.ui.forms import Draft
from db.engine import aggregate_session
from db.models import Identity, Intervention, Person, Referral
from db.vocab import Disposition, Mode, Need, Outcome, Purpose, ReferralStatus
from tests.dashboard.views.asking import said, widget

STATE = "tandem.form.log"


@pytest.fixture
def app(signed_in: Callable[..., AppTest]) -> AppTest:
    return signed_in("clinician", "log.py")


def draft(app: AppTest) -> Draft:
    return app.session_state[STATE]


def fill(app: AppTest, **answers: Any) -> AppTest:
    """Set fields by their name; pills, selects, numbers and texts alike."""
    for name, value in answers.items():
        widget(app, draft(app).key(name.replace("__", "-"))).set_value(value)
    return run(app)


def type_a_name(app: AppTest, name: str) -> AppTest:
    widget(app, draft(app).key("person_id")).set_value(name)
    return run(app)


def run(app: AppTest) -> AppTest:
    """Run the app. A browser sends a name that is not in the picker's list; AppTest has to be told it may."""
    for picker in app.selectbox:
        if picker.key == draft(app).key("person_id") and isinstance(picker.value, str):
            picker.options.append(picker.value)
    return app.run()


def press(app: AppTest, name: str = "save") -> AppTest:
    widget(app, draft(app).key(name)).click()
    return run(app)


def known(bind: Engine) -> tuple[int, str, str]:
    """Id, code and name of somebody in the city."""
    query = select(Person.id, Person.code, Identity.name).join(Identity, Identity.person_id == Person.id)
    with aggregate_session(bind) as session:
        number, code, name = session.execute(query.order_by(Person.code).limit(1)).one()
        return number, code, name


def entries(bind: Engine) -> list[Intervention]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(Intervention).order_by(Intervention.id)).all())


USUAL = {"mode": Mode.phone_video, "purpose": Purpose.follow_up, "minutes": 30, "outcome": Outcome.engaged}


def test_a_known_person_in_five_answers(app: AppTest, demo_city: Engine) -> None:
    person, code, name = known(demo_city)
    before = len(entries(demo_city))
    press(fill(app, person_id=person, **USUAL, needs=[Need.housing], note="Call back on Monday."))
    row = entries(demo_city)[-1]
    assert len(entries(demo_city)) == before + 1
    assert (row.person_id, row.mode, row.minutes, row.outcome) == (person, Mode.phone_video, 30, Outcome.engaged)
    assert f"Saved: {code} · {name}" in app.success[0].value
    assert "· Phone or video · 30 minutes. You can undo it for one minute." in app.success[0].value
    assert not app.error
    assert widget(app, draft(app).key("mode")).value is None  # the next form opens empty


def test_a_refusal_marks_each_field_and_keeps_what_was_typed(app: AppTest, demo_city: Engine) -> None:
    before = len(entries(demo_city))
    press(fill(app, mode=Mode.on_scene, minutes="Other", note="Long story"))
    fill(app, minutes__other=2000, incident_number="HB-9")
    press(app)
    assert ":red[:material/error: The purpose is missing. Choose what it was for.]" in said(app)
    assert "2,000 minutes is not between 1 and 1,440 (24 hours)" in said(app)
    assert "Not saved yet." in app.error[0].value
    assert widget(app, draft(app).key("note")).value == "Long story"
    assert widget(app, draft(app).key("minutes-other")).value == 2000
    assert widget(app, draft(app).key("incident_number")).value == "HB-9"
    fill(app, purpose=Purpose.crisis, outcome=Outcome.reached, minutes__other=40)
    press(app)
    assert "“On-scene co-response” needs a person. Choose one, or add somebody new." in said(app)
    assert "An on-scene co-response needs its disposition. Choose exactly one." in said(app)
    fill(app, person_id=known(demo_city)[0], disposition=Disposition.resolved)
    press(app)
    assert len(entries(demo_city)) == before + 1
    assert entries(demo_city)[-1].incident_number == "HB-9"


def test_the_same_submission_twice_is_stored_once(app: AppTest, demo_city: Engine) -> None:
    person = known(demo_city)[0]
    before = len(entries(demo_city))
    fill(app, person_id=person, **USUAL)
    key = draft(app).key_of_save
    press(app)
    fill(app, person_id=person, **USUAL)
    draft(app).key_of_save = key  # as the second click of a double click carries it
    press(app)
    assert len(entries(demo_city)) == before + 1


def test_undo_takes_it_out_and_is_offered_for_a_minute(app: AppTest, demo_city: Engine) -> None:
    press(fill(app, person_id=known(demo_city)[0], **USUAL))
    number = entries(demo_city)[-1].id
    widget(app, f"undo-{number}").click().run()
    assert not app.error
    assert entries(demo_city)[-1].void_reason == "Undone within a minute"
    assert not [s for s in app.success if "Saved" in s.value]


def test_a_typo_offers_who_is_meant(app: AppTest, demo_city: Engine) -> None:
    person, _, name = known(demo_city)
    typo = name[:2] + name[3:]  # a letter forgotten
    type_a_name(app, typo)
    close = widget(app, draft(app).key("close"))
    assert person in close.options or any(name in str(option) for option in close.options)
    close.set_value(person)
    run(app)
    press(fill(app, **USUAL))
    assert entries(demo_city)[-1].person_id == person


def test_somebody_new_comes_with_the_work(app: AppTest, demo_city: Engine) -> None:
    type_a_name(app, "Zebedee Quillfeather-Xu")
    press(fill(app, **USUAL))
    assert not app.error, [e.value for e in app.error]
    number = entries(demo_city)[-1].person_id
    with aggregate_session(demo_city) as session:
        identity = session.get(Identity, number)
        assert identity is not None
        assert identity.name == "Zebedee Quillfeather-Xu"


def test_a_person_twice_is_said_and_can_be_confirmed(app: AppTest, demo_city: Engine) -> None:
    _, code, name = known(demo_city)
    typo = name[:2] + name[3:]
    type_a_name(app, typo)
    widget(app, draft(app).key("close")).set_value(0)
    run(app)
    press(fill(app, **USUAL))
    assert f"is probably {code}" in said(app)
    press(fill(app, new__other=True))
    assert not app.error, [e.value for e in app.error]
    with aggregate_session(demo_city) as session:
        identity = session.get(Identity, entries(demo_city)[-1].person_id)
        assert identity is not None
        assert identity.name == typo


def test_outreach_asks_for_a_provider_and_for_nobody(app: AppTest, demo_city: Engine) -> None:
    fill(app, mode=Mode.outreach, purpose=Purpose.relationship, minutes=45, outcome=Outcome.reached)
    keys = {widget.key for widget in (*app.selectbox, *app.pills)}
    assert draft(app).key("provider_id") in keys
    assert not keys & {draft(app).key("needs"), draft(app).key("person_id")}
    press(app)
    assert (entries(demo_city)[-1].person_id, entries(demo_city)[-1].mode) == (None, Mode.outreach)


def test_ones_latest_entries_stand_beside_the_form(app: AppTest, demo_city: Engine) -> None:
    _, code, name = known(demo_city)
    press(fill(app, person_id=known(demo_city)[0], **USUAL))
    assert f"**{code} · {name}**  \nPhone or video · 30 min  \nEngaged, accepted help" in said(app)


def test_the_last_entry_is_repeated_and_a_timer_measures(app: AppTest, demo_city: Engine) -> None:
    person, code, _ = known(demo_city)
    fill(app, person_id=person, **{**USUAL, "minutes": "Other"}, needs=[Need.legal])
    press(fill(app, minutes__other=25))
    widget(app, "repeat-last").click()
    run(app)
    stands = {name: widget(app, draft(app).key(name)).value for name in ("mode", "minutes-other", "needs", "person_id")}
    assert stands == {"mode": Mode.phone_video, "minutes-other": 25, "needs": [Need.legal], "person_id": person}
    assert widget(app, draft(app).key("outcome")).value is None  # what came of it is asked anew
    widget(app, "timer-start").click()
    run(app)
    assert draft(app).kept("timer") is not None
    fill(app, minutes=None, outcome=Outcome.no_contact)
    press(app)  # saved while it runs: its minutes count
    assert not app.error, [e.value for e in app.error]
    row = entries(demo_city)[-1]
    assert (row.minutes, row.person_id, row.outcome) == (1, person, Outcome.no_contact)
    assert draft(app).kept("timer") is None
    # a voided entry stays readable among the latest, and says why
    widget(app, f"void-why-{row.id}").set_value("Typed twice")
    run(app)
    widget(app, f"void-{row.id}").click()
    run(app)
    assert "Voided: Typed twice" in said(app)
    fill(app, person_id=person)
    widget(app, "whose-log").set_value(f"About {code}")
    run(app)
    assert said(app).count(code) >= 2


def test_the_address_opens_it_for_a_person_a_referral_or_an_entry(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    with aggregate_session(demo_city) as session:
        sent = session.scalars(
            select(Referral).where(Referral.person_id.is_not(None)).order_by(Referral.id.desc()).limit(1)
        ).one()
        person = session.get_one(Person, sent.person_id)
        needs = {need.need for need in sent.needs}
        old = session.scalars(select(Intervention).where(Intervention.voided_at.is_(None)).limit(1)).one()
    app = signed_in("clinician")
    app.query_params["referral"] = str(sent.id)
    app.switch_page(str(VIEWS / "log.py")).run()
    form = app.session_state[f"tandem.form.log-{person.code}-r{sent.id}"]
    assert widget(app, form.key("person_id")).value == person.id
    assert set(widget(app, form.key("needs")).value) == needs
    assert any("Answers the referral" in info.value for info in app.info)
    for nonsense in ({"person": "P-9999"}, {"referral": "x"}, {"entry": "99999999999"}, {"entry": "0"}):
        app.query_params.clear()
        for name, value in nonsense.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        assert STATE in app.session_state
    app.query_params.clear()
    app.query_params["entry"] = str(old.id)
    app.run()
    form = app.session_state[f"tandem.form.entry-{old.id}"]
    assert widget(app, form.key("mode")).value == old.mode
    widget(app, form.key("reason")).set_value("Typed wrong")
    widget(app, form.key("purpose")).set_value(Purpose.advocacy)
    app.run()
    widget(app, form.key("save")).click()
    app.run()
    assert not app.error, [e.value for e in app.error]
    assert next(i for i in entries(demo_city) if i.id == old.id).purpose is Purpose.advocacy


def test_a_ticked_referral_is_not_silently_left_out(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    with aggregate_session(demo_city) as session:
        rows = session.scalars(
            select(Referral).where(
                Referral.status.in_((ReferralStatus.new, ReferralStatus.accepted)), Referral.person_id.is_not(None)
            )
        ).all()
        alone = [r for r in rows if [other.person_id for other in rows].count(r.person_id) == 1]
        sent = max(alone, key=lambda row: row.received_at)
        code = session.get_one(Person, sent.person_id).code
        day = sent.received_at.date() - timedelta(days=2)
        before = len(session.scalars(select(Intervention.id)).all())
    app = signed_in("clinician")
    app.query_params["person"] = code
    app.switch_page(str(VIEWS / "log.py")).run()
    form = app.session_state[f"tandem.form.log-{code}"]
    for name, value in (USUAL | {"at": "Another day"}).items():
        widget(app, form.key(name)).set_value(value)
    app.run()
    widget(app, form.key("at-day")).set_value(day)
    app.run()
    widget(app, form.key("save")).click().run()
    assert "is before the referral was received" in said(app)
    with aggregate_session(demo_city) as session:
        assert len(session.scalars(select(Intervention.id)).all()) == before
