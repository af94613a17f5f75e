"""“My desk” without a browser: what comes first, one action a row, calls answered in bulk, links that lead on."""

from collections.abc import Callable

from sqlalchemy import Engine, func, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.exhibit import plain
from db.commands import desk_lists, reviews
from db.commands.notices import Choice, choice
from db.engine import aggregate_session, record_session
from db.models import Call, CallMatch, CallReview, FollowUp, NoticeChoice, Referral
from db.vocab import ReferralStatus, Role
from db.vocab.desk import CallReason, FollowUpEnd, NoCallReason
from tests.conftest import NOW, TODAY
from tests.dashboard.views.asking import said, widget
from tests.db.desk_world import at, who

CLINICIAN = who(Role.clinician)


def found(bind: Engine) -> desk_lists.Desk:
    with record_session(bind, CLINICIAN) as session:
        return desk_lists.desk(session, CLINICIAN)


def test_the_first_page_says_three_things_and_each_row_has_its_action(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    desk = found(demo_city)
    app = signed_in("clinician")  # the desk is where a clinician lands
    assert app.title[0].value.endswith("3 things first:")
    assert len([b for b in app.button if (b.key or "").startswith("first-")]) == 3
    for title, rows in (
        ("New referrals", desk.new),
        ("Accepted, nobody tried yet", desk.untried),
        ("Follow-ups due", [*desk.due, *desk.soon]),
        ("Waiting on a provider", desk.pending),
        ("No contact for 60 days", desk.quiet),
        ("Weeks to certify", desk.weeks),
    ):
        assert f"**{title}** · {len(rows)}" in said(app), title
    assert f"**Calls without follow-up** · {desk.calls}" in said(app)
    number = desk.new[0].id
    widget(app, f"accept-desk-{number}").click().run()
    with aggregate_session(demo_city) as session:
        assert session.get_one(Referral, number).status is ReferralStatus.accepted
    follow_up = desk.due[0].row.id
    widget(app, f"end-{follow_up}").click(FollowUpEnd.done).run()
    with aggregate_session(demo_city) as session:
        assert session.get_one(FollowUp, follow_up).end_reason is FollowUpEnd.done
    widget(app, "undo-desk").click().run()
    with aggregate_session(demo_city) as session:
        assert session.get_one(FollowUp, follow_up).ended_at is None
    quiet = desk.quiet[0].episode
    days = widget(app, f"quiet-{quiet.id}")
    assert days.options[0] == "Next working day, Mon 16 Nov"
    days.click_index(1).run()
    with aggregate_session(demo_city) as session:
        made = session.scalars(select(FollowUp).order_by(FollowUp.id.desc())).first()
        assert made is not None
        assert (made.person_id, str(made.due_on)) == (quiet.person_id, "2026-11-17")
    assert not app.error
    assert NOW.date() == TODAY


def test_calls_are_taken_answered_and_left_off_shift_in_bulk(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    with record_session(demo_city, CLINICIAN) as session:
        calls = reviews.calls_waiting(session, CLINICIAN)
    off = [left for left in calls if not left.on_shift]
    app = signed_in("clinician", "desk.py")
    app.query_params["list"] = "calls"
    app.run()
    assert f"**{len(calls)}** calls, oldest first" in said(app)
    first, second, third = (left.call.id for left in calls[:3])
    widget(app, f"take-{first}").click().run()
    widget(app, f"tick-{second}").check()
    widget(app, f"tick-{third}").check().run()
    bulk = widget(app, "calls-bulk")
    assert bulk.label == "Answer the 2 ticked"
    bulk.click(CallReason.not_found).run()
    assert plain("2 calls: person not found.") in said(app)
    widget(app, "undo-calls").click().run()
    left_off = [left for left in off if left.call.id != first]
    widget(app, "calls-off").click().run()
    assert plain(f"{len(left_off)} calls: off shift.") in said(app)
    with aggregate_session(demo_city) as session:
        assert session.get_one(CallReview, first).referral_id is not None
        assert session.get(CallReview, second) is None or second in {left.call.id for left in left_off}
        given = session.scalar(select(func.count()).where(CallReview.call_id.in_([left.call.id for left in left_off])))
        assert given == len(left_off)
    assert not app.error


def test_a_person_sets_their_own_notices(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("clinician", "account.py")
    widget(app, "notice-urgent").set_value(False).run()
    with record_session(demo_city, CLINICIAN) as session:
        assert choice(session, CLINICIAN) == Choice(None, True, False)
        assert session.get_one(NoticeChoice, CLINICIAN.user_id).urgent is False
    chief = signed_in("chief", "account.py")
    assert not [t for t in chief.toggle if (t.key or "").startswith("notice-")]


def test_a_record_without_its_call_is_matched_by_one_tap_or_answered(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    with aggregate_session(demo_city) as session:
        asked = select(Referral).join(Call, Call.identity_key == Referral.incident_number)
        row = session.scalars(asked.where(Call.received_at > at("2026-10-01 00:00")).limit(1)).one()
        key, right = row.id, row.incident_number or ""
        row.incident_number = wrong = right + "9"
        call = session.scalars(select(Call.id).where(Call.identity_key == right)).one()
        session.commit()
    app = signed_in("clinician", "desk.py")
    assert "**Records without their call · 5**" in said(app)
    app.query_params["list"] = "unmatched"
    app.run()
    assert plain("one character too many") in said(app)
    widget(app, f"unmatched-use-referral-{key}-{call}").click().run()
    assert plain(f"incident {right} now.") in said(app)
    widget(app, "undo-unmatched").click().run()
    widget(app, f"unmatched-none-referral-{key}").click(NoCallReason.other_agency).run()
    with aggregate_session(demo_city) as session:
        assert session.get_one(Referral, key).incident_number == wrong
        match = session.scalars(select(CallMatch)).one()
        assert (match.was, match.reason) == (wrong, NoCallReason.other_agency)
    widget(app, f"unmatched-undo-{match.id}").click().run()
    assert plain("one character too many") in said(app)
    assert not app.error
