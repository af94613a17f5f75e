"""Around a person: corrections with what stood there, alerts with an end, households, episodes; the desk only."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands import care, episodes
from db.commands.desk import Saved
from db.commands.referrals import record_referral
from db.commands.work import undo_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.people import AlertForm, EpisodeCloseForm, EpisodeOpenForm, MemberForm, ProfileForm
from db.forms.work import ReferralForm
from db.models import AuditEntry, Episode, HouseholdMember, Person, PersonChange, PersonNeed
from db.timeline import timeline
from db.vocab import AgeBand, EpisodeEnd, Language, Need, Role
from db.vocab.family import HouseholdRole, Trace
from tests.conftest import NOW, TODAY
from tests.db.desk_world import at, log, who

CLINICIAN, SOCIAL_WORKER = who(Role.clinician), who(Role.social_worker)


def run(bind: Engine, command: Callable[..., Saved], *what: Any, viewer: Viewer = CLINICIAN) -> Saved:
    with record_session(bind, viewer) as session:
        return command(session, viewer, *what)


def profile(bind: Engine, person: int = 1, **changes: Any) -> ProfileForm:
    """The form as it opens on what stands, with ``changes`` typed."""
    with record_session(bind, CLINICIAN) as session:
        kept = care.dossier(session, person)
    values = {name: value for name, value in kept.values.items() if value is not None and name != "needs"}
    typed: dict[str, Any] = {**values, "needs": (kept.values["needs"] or "").split(",") if kept.values["needs"] else []}
    return checked(ProfileForm, typed | {"seen": kept.seen} | changes)


def test_a_correction_keeps_what_stood_there_who_and_when(desk: Engine) -> None:
    form = profile(desk, phone="203 555 0100", born_on=date(1960, 1, 2), needs=[Need.housing], supports="Sister")
    run(desk, care.edit_person, 1, form)
    with record_session(desk, CLINICIAN) as session:
        kept = care.dossier(session, 1)
        assert kept.person.age_band is AgeBand.a65_over
        assert (kept.values["phone"], kept.values["needs"], kept.values["supports"]) == (
            "203 555 0100", "housing", "Sister",
        )  # fmt: skip
        changes = session.scalars(select(PersonChange).order_by(PersonChange.field)).all()
        told = {c.field: (c.old, c.new, c.by, c.at) for c in changes}
        assert told["born_on"] == ("1987-05-03", "1960-01-02", 1, NOW)
        assert told["phone"] == (None, "203 555 0100", 1, NOW)
        assert set(told) == {"born_on", "age_band", "phone", "needs", "supports"}
        stored = session.connection().exec_driver_sql("SELECT new FROM person_change").scalars()
        assert not any(b"0100" in bytes(value) for value in stored if value)
    with aggregate_session(desk) as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.subject, "phone" in entry.detail["fields"], "0100" in str(entry.detail)) == (
            "person P-0001", True, False,
        )  # fmt: skip
    run(desk, care.edit_person, 1, profile(desk, needs=[Need.legal]))
    with aggregate_session(desk) as session:
        assert session.scalars(select(PersonNeed.need)).all() == [Need.legal]


def test_a_stale_correction_shows_both_and_can_be_saved_again(desk: Engine) -> None:
    mine, theirs = profile(desk, phone="111"), profile(desk, phone="222", language=Language.spanish)
    run(desk, care.edit_person, 1, theirs, viewer=SOCIAL_WORKER)
    with pytest.raises(care.Stale) as error:
        run(desk, care.edit_person, 1, mine)
    assert error.value.errors["phone"] == (
        "Social Worker saved “222” on 14 Nov 2026, 10:00; you have “111”. Save again to keep yours, or change it."
    )
    run(desk, care.edit_person, 1, mine.model_copy(update={"seen": error.value.seen}))
    with record_session(desk, CLINICIAN) as session:
        assert care.dossier(session, 1).values["phone"] == "111"


def test_an_alert_is_shown_until_its_day_to_the_household_as_well(desk: Engine) -> None:
    run(desk, care.add_member, MemberForm(person_id=1, member_id=2))
    number = run(desk, care.add_alert, 1, AlertForm(text="Dog", expires_on=TODAY)).id

    def shown(person: int, on: date) -> list[str]:
        with record_session(desk, SOCIAL_WORKER) as session:
            return [f"{a.code}: {a.text}" for a in care.alerts_of(session, person, on)]

    assert shown(1, TODAY) == shown(2, TODAY) == ["P-0001: Dog"]
    assert shown(1, TODAY + timedelta(days=1)) == []
    run(desk, care.renew_alert, number, TODAY + timedelta(days=30))
    assert shown(1, TODAY + timedelta(days=1)) == ["P-0001: Dog"]
    run(desk, care.end_alert, number)
    assert shown(1, TODAY) == []
    with record_session(desk, CLINICIAN) as session:
        assert [a.text for a in care.alerts_of(session, 1, TODAY, past=True)] == ["Dog"]
    with pytest.raises(Conflict, match="ended already"):
        run(desk, care.end_alert, number)


def test_what_a_referrer_said_is_shown_until_it_is_an_alert(one: Engine) -> None:
    sent = {"person_id": 1, "needs": [Need.housing], "urgency": "soon", "safety_note": "Dog, not tied"}
    run(one, record_referral, checked(ReferralForm, sent))
    with record_session(one, CLINICIAN) as session:
        assert [note for _, note in care.told_by_referrers(session, 1)] == ["Dog, not tied"]
        assert care.told_by_referrers(session, 2) == []
    run(one, care.add_alert, 1, AlertForm(text="Dog, not tied", expires_on=TODAY))
    with record_session(one, CLINICIAN) as session:
        assert care.told_by_referrers(session, 1) == []


@pytest.mark.parametrize(
    ("text", "expires_on", "sentence"),
    [
        ("", TODAY, "The alert says nothing. Write what whoever goes there must know."),
        ("Dog", date(2026, 11, 13), "13 Nov 2026 is over. Choose a day from today on."),
        (
            "Dog",
            date(2028, 1, 1),
            "1 Jan 2028 is more than a year away. Choose an earlier day, and renew the alert then.",
        ),
        ("Dog", None, "The alert has no last day. Choose until when it is shown."),
    ],
)
def test_an_alert_without_an_end_is_refused(one: Engine, text: str, expires_on: Any, sentence: str) -> None:
    with pytest.raises(Invalid) as error:
        run(one, care.add_alert, 1, checked(AlertForm, {"text": text, "expires_on": expires_on}))
    assert sentence in error.value.errors.values()


def test_a_household_with_roles_somebody_new_and_somebody_leaving(desk: Engine) -> None:
    child = {"name": "Rosa López", "born_on": date(2018, 2, 3)}
    rosa = run(
        desk,
        care.add_member,
        checked(
            MemberForm,
            {"person_id": 1, "new_person": child, "roles": [HouseholdRole.child],
             "own_roles": [HouseholdRole.partner, HouseholdRole.victim]},
        ),
    ).id  # fmt: skip
    run(desk, care.add_member, MemberForm(person_id=1, member_id=2, roles=frozenset({HouseholdRole.partner})))
    with record_session(desk, CLINICIAN) as session:
        told = [(m.code, sorted(m.roles)) for m in care.household_of(session, rosa)]
    assert told == [("P-0003", ["child"]), ("P-0001", ["partner", "victim"]), ("P-0002", ["partner"])]
    with pytest.raises(Invalid, match="P-0002 is in this household already"):
        run(desk, care.add_member, MemberForm(person_id=rosa, member_id=2))
    household = care.household_of(record_session(desk, CLINICIAN), 1)[0].household_id
    run(desk, care.set_roles, household, 2, frozenset({HouseholdRole.roommate}))
    run(desk, care.leave_household, household, 2)
    with pytest.raises(Conflict, match="does not live in that household any more"):
        run(desk, care.leave_household, household, 2)
    with record_session(desk, CLINICIAN) as session:
        assert [m.code for m in care.household_of(session, 1)] == ["P-0001", "P-0003"]
        history = [line.more for line in timeline(session, 2, "America/New_York") if line.kind is Trace.record]
    assert any("left" in more for more in history)


def test_somebody_alone_or_nobody_is_no_household(one: Engine) -> None:
    with pytest.raises(Invalid, match="This is the person themself"):
        run(one, care.add_member, MemberForm(person_id=1, member_id=1))
    with pytest.raises(Invalid, match="Nobody is chosen yet"):
        run(one, care.add_member, MemberForm(person_id=1))
    with pytest.raises(Invalid, match="is probably P-0001"):
        run(one, care.add_member, checked(MemberForm, {"person_id": 2, "new_person": {"name": "Maria Lopez"}}))
    with aggregate_session(one) as session:
        assert session.scalars(select(HouseholdMember)).all() == []


def test_an_episode_is_closed_with_a_reason_reopened_and_told(desk: Engine) -> None:
    log(desk, CLINICIAN, at=at("2026-11-10 15:00"))
    number = aggregate_session(desk).scalars(select(Episode.id)).one()
    early = EpisodeCloseForm(closed_on=date(2026, 11, 9), reason=EpisodeEnd.goals_met)
    with pytest.raises(Invalid, match="9 Nov 2026 is before it was opened, 10 Nov 2026"):
        run(desk, episodes.close_episode, number, early)
    log(desk, CLINICIAN, at=at("2026-11-12 15:00"))
    with pytest.raises(Invalid, match="11 Nov 2026 is before the last contact, 12 Nov 2026"):
        run(desk, episodes.close_episode, number, early.model_copy(update={"closed_on": date(2026, 11, 11)}))
    with pytest.raises(Conflict, match="has an open episode since 10 Nov 2026"):
        run(desk, episodes.open_episode, 1, EpisodeOpenForm(opened_on=TODAY))
    close = EpisodeCloseForm(closed_on=date(2026, 11, 12), reason=EpisodeEnd.goals_met)
    run(desk, episodes.close_episode, number, close)
    with pytest.raises(Conflict, match="was closed on 12 Nov 2026"):
        run(desk, episodes.close_episode, number, close)
    with pytest.raises(Invalid, match="An episode lasted until 12 Nov 2026"):
        run(desk, episodes.open_episode, 1, EpisodeOpenForm(opened_on=date(2026, 11, 12)))
    second = run(desk, episodes.open_episode, 1, EpisodeOpenForm(opened_on=date(2026, 11, 13)))
    assert "No direct contact is logged yet" in second.doubts[0]
    with pytest.raises(Conflict, match="A later episode began on 13 Nov 2026"):
        run(desk, episodes.reopen_episode, number)
    again = EpisodeCloseForm(closed_on=TODAY, reason=EpisodeEnd.moved)
    run(desk, episodes.close_episode, second.id, again)
    run(desk, episodes.reopen_episode, second.id)
    with record_session(desk, CLINICIAN) as session:
        assert [(e.closed_on, e.close_reason) for e in session.scalars(select(Episode).order_by(Episode.id))] == [
            (date(2026, 11, 12), EpisodeEnd.goals_met),
            (None, None),
        ]
        changes = session.scalars(select(PersonChange.new).order_by(PersonChange.id)).all()
    assert changes == [
        "closed 12 Nov 2026: goals met",
        "opened 13 Nov 2026",
        "closed 14 Nov 2026: moved away",
        "reopened",
    ]


def test_undoing_the_only_contact_says_in_the_audit_that_the_episode_went(one: Engine) -> None:
    number = log(one, CLINICIAN)
    run(one, undo_intervention, number)
    with aggregate_session(one) as session:
        assert session.scalars(select(Episode)).all() == []
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert "episode" in str(entry.detail), entry.detail


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.clinician, Role.social_worker)])
def test_nobody_but_the_desk_changes_or_reads_anything_of_it(one: Engine, role: Role) -> None:
    other = who(role)
    run(one, care.add_alert, 1, AlertForm(text="Dog", expires_on=TODAY))
    acts: list[tuple[Callable[..., Saved], tuple[Any, ...]]] = [
        (care.edit_person, (1, profile(one, phone="1"))),
        (care.add_alert, (1, AlertForm(text="Dog", expires_on=TODAY))),
        (care.renew_alert, (1, TODAY)),
        (care.end_alert, (1,)),
        (care.add_member, (MemberForm(person_id=1, member_id=2),)),
        (care.set_roles, (1, 1, frozenset())),
        (care.leave_household, (1, 1)),
        (episodes.open_episode, (1, EpisodeOpenForm(opened_on=TODAY))),
        (episodes.close_episode, (1, EpisodeCloseForm(closed_on=TODAY, reason=EpisodeEnd.moved))),
        (episodes.reopen_episode, (1,)),
    ]
    for command, what in acts:
        with pytest.raises(Forbidden):
            run(one, command, *what, viewer=other)
    with record_session(one, other) as session:
        assert care.alerts_of(session, 1, TODAY) == []
        assert care.household_of(session, 1) == []
        assert timeline(session, 1, "America/New_York") == []
        with pytest.raises((Conflict, NotFound)):
            care.dossier(session, 1)
    with aggregate_session(one) as session:
        assert session.get_one(Person, 1).merged_into_id is None
