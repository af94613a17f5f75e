"""Editing an entry: what it said stays readable, what follows from it follows, two editors do not overwrite."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands.drafts import drop_draft, keep_draft, kept_draft, kept_drafts
from db.commands.revisions import Stale, history, in_words, latest, same_values, snapshot
from db.commands.work import edit_intervention, record_intervention, undo_intervention, void_intervention
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.work import EditForm, VoidForm
from db.models import (
    Attempt,
    AuditEntry,
    Draft,
    Episode,
    Intervention,
    InterventionRevision,
    Referral,
)
from db.vocab import AttemptMode, Mode, Need, Outcome, Purpose, ReferralStatus, Role, Scope, Source
from tests.conftest import NOW
from tests.db.commands.test_at_once import at_once
from tests.db.desk_world import at, intervention, log, who

CLINICIAN, WORKER = who(Role.clinician), who(Role.social_worker)


def edit(bind: Engine, number: int, viewer: Viewer = CLINICIAN, **changes: Any) -> tuple[str, ...]:
    """Edit an entry as :func:`intervention` makes it, changed as said; the doubts."""
    base = intervention().model_dump(exclude={"submit_key", "new_person", "connection", "link_referral"})
    form = checked(EditForm, base | {"reason": "Typed wrong"} | changes)
    with record_session(bind, viewer) as session:
        return edit_intervention(session, viewer, number, form).doubts


def the(bind: Engine, table: type[Any], number: int) -> Any:
    with aggregate_session(bind) as session:
        return session.get(table, number)


def refer(bind: Engine, number: int, received: str, person_id: int = 1) -> None:
    with aggregate_session(bind) as session:
        session.add(
            Referral(id=number, received_at=at(received), source=Source.officer, person_id=person_id, created_at=NOW)
        )
        session.commit()


def test_an_edit_keeps_old_and_new_who_when_and_why(desk: Engine) -> None:
    number = log(desk, CLINICIAN, note="First")
    before = data_version(desk)
    later = who(Role.social_worker, now=NOW + timedelta(minutes=5))
    edit(desk, number, later, minutes=45, needs=[Need.housing], note="Second", purpose=Purpose.advocacy, reason="Slip")
    edit(desk, number, CLINICIAN, minutes=45, note=None, mode=Mode.office, seen=1, reason="It was here")
    with record_session(desk, CLINICIAN) as session:
        first, second = history(session, number)
        assert (first.number, first.by, first.reason, first.at) == (1, "Social Worker", "Slip", later.now)
        assert first.fields == {
            "purpose": ("follow_up", "advocacy"),
            "minutes": (30, 45),
            "needs": ([], ["housing"]),
            "note": ("First", "Second"),
        }
        assert second.fields["mode"] == ("phone_video", "office")
        assert second.fields["note"] == ("Second", None)
        said = [in_words(session, "needs", v, "America/New_York") for v in second.fields["needs"]]
        assert said == ["Housing or shelter", "nothing"]
        row = session.get_one(Intervention, number)
        assert (row.staff_id, row.minutes, row.mode, row.created_by) == (1, 45, Mode.office, CLINICIAN.user_id)
    with record_session(desk, who(Role.chief)) as session:
        assert history(session, number) == []
    with aggregate_session(desk) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "edit intervention")).first()
        assert entry is not None
        assert entry.detail == {"revision": 1, "fields": ["minutes", "needs", "note", "purpose"]}
        raw = session.connection().exec_driver_sql("SELECT changes FROM intervention_revision").scalars().all()
        assert not any(b"Second" in bytes(cell) for cell in raw)
    assert data_version(desk)[Scope.work] == before[Scope.work] + 2


def test_a_stale_edit_is_shown_both_and_nothing_is_lost(desk: Engine) -> None:
    number = log(desk, CLINICIAN)
    edit(desk, number, WORKER, minutes=60, reason="Longer")
    mine = checked(
        EditForm,
        intervention().model_dump(exclude={"submit_key", "new_person", "connection", "link_referral"})
        | {"minutes": 20, "outcome": Outcome.reached, "reason": "Shorter"},
    )
    with record_session(desk, CLINICIAN) as session, pytest.raises(Stale) as told:
        edit_intervention(session, CLINICIAN, number, mine)
    assert str(told.value) == (
        "Social Worker changed this entry on 14 Nov 2026, 10:00, while you had it open. Nothing was saved yet."
    )
    assert (told.value.newest, told.value.theirs[0].fields["minutes"]) == (1, (30, 60))
    assert same_values(mine)["minutes"] == 20
    assert the(desk, Intervention, number).minutes == 60
    edit(desk, number, minutes=20, seen=1)
    assert the(desk, Intervention, number).minutes == 20


def test_of_two_edits_at_once_the_second_is_told(desk: Engine) -> None:
    number = log(desk, CLINICIAN)

    def save(viewer: Viewer, length: int) -> Any:
        form = checked(
            EditForm,
            intervention().model_dump(exclude={"submit_key", "new_person", "connection", "link_referral"})
            | {"minutes": length, "reason": "At once"},
        )
        with record_session(desk, viewer) as session:
            return edit_intervention(session, viewer, number, form)

    ended = at_once(lambda: save(CLINICIAN, 40), lambda: save(WORKER, 50))
    assert sorted(type(end).__name__ for end in ended) == ["Saved", "Stale"]
    with aggregate_session(desk) as session:
        assert latest(session, number) == 1


def test_episode_and_attempt_follow_the_edit(one: Engine) -> None:
    refer(one, 7, "2026-11-12 12:00")
    number = log(one, CLINICIAN)
    with aggregate_session(one) as session:
        row = session.get_one(Intervention, number)
        episode = row.episode_id
        tried = session.scalars(select(Attempt)).one()
        assert (row.referral_id, tried.reached, tried.mode) == (7, True, AttemptMode.phone)
    # the day moves, the episode with it; the try follows
    edit(one, number, at=at("2026-11-12 15:00"), referral_id=7, mode=Mode.in_person)
    with aggregate_session(one) as session:
        assert str(session.get_one(Episode, episode).opened_on) == "2026-11-12"
        tried = session.scalars(select(Attempt)).one()
        assert (tried.at, tried.mode, tried.reached) == (at("2026-11-12 15:00"), AttemptMode.in_person, True)
    # before the referral: refused, nothing changed
    with pytest.raises(Invalid, match="is before the referral was received"):
        edit(one, number, at=at("2026-11-11 15:00"), referral_id=7, seen=1)
    # nobody was reached after all: no episode, said in the audit; the try was one all the same
    edit(one, number, at=at("2026-11-12 15:00"), outcome=Outcome.no_contact, referral_id=7, seen=1)
    with aggregate_session(one) as session:
        assert session.get(Episode, episode) is None
        assert session.get_one(Intervention, number).episode_id is None
        assert session.scalars(select(Attempt.reached)).all() == [False]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.detail["episode removed"] == episode
        assert entry.detail["opened"] == "2026-11-12"
    # to somebody else: the referral is new again, theirs is the episode
    edit(one, number, person_id=2, seen=2, reason="It was James")
    with aggregate_session(one) as session:
        assert session.scalars(select(Attempt)).all() == []
        assert session.get_one(Referral, 7).status is ReferralStatus.new
        assert session.scalars(select(Episode.person_id)).all() == [2]
        assert session.get_one(Intervention, number).referral_id is None
    # and to nobody: outreach
    edit(one, number, person_id=None, mode=Mode.outreach, provider_id=1, seen=3)
    with aggregate_session(one) as session:
        assert session.scalars(select(Episode)).all() == []
        assert session.scalar(select(Intervention.provider_id)) == 1


def test_a_second_contact_keeps_its_episode_and_a_closed_one_stays_closed(one: Engine) -> None:
    first = log(one, CLINICIAN, at=at("2026-10-01 15:00"))
    second = log(one, CLINICIAN, at=at("2026-10-20 15:00"))
    with aggregate_session(one) as session:
        number = session.scalars(select(Episode.id)).one()
        episode = session.get_one(Episode, number)
        episode.closed_on, episode.close_reason = at("2026-10-25 15:00").date(), "goals_met"  # type: ignore[assignment]
        session.commit()
    edit(one, first, at=at("2026-10-22 15:00"))
    assert str(the(one, Episode, number).opened_on) == "2026-10-20"
    edit(one, second, at=at("2026-11-02 15:00"))  # after the end: a new stretch of care
    with aggregate_session(one) as session:
        spans = [(str(e.opened_on), str(e.closed_on)) for e in session.scalars(select(Episode).order_by(Episode.id))]
    assert spans == [("2026-10-22", "2026-10-25"), ("2026-11-02", "None")]


def test_what_an_edit_refuses(one: Engine) -> None:
    number = log(one, CLINICIAN, connection={"need": "housing", "provider_id": 1, "reached": "accepted"})
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "Nothing was changed"),
        ({"person_id": 2}, "Connection 1 was made with this entry. Void the entry and log it anew instead."),
        ({"outcome": Outcome.no_contact}, "Connection 1 was made with this entry"),
        ({"minutes": 0}, "0 minutes is not between 1 and 1,440"),
        ({"reason": " "}, "Say why it is changed"),
        ({"person_id": None}, "“Phone or video” needs a person"),
        ({"provider_id": 99}, "There is no provider 99"),
        ({"at": at("2026-12-24 10:00")}, "is in the future"),
        ({"new_person": {"name": "Somebody New"}, "person_id": None}, "An entry is moved to somebody known"),
        ({"connection": {"need": "housing", "gap_reason": "no_provider"}}, "A connection is added under Connections"),
    ]
    for changes, sentence in cases:
        with pytest.raises((Invalid, Conflict), match=sentence):
            edit(one, number, **changes)
    log(one, CLINICIAN, minutes=1400, at=at("2026-11-13 12:00"))
    with pytest.raises(Invalid, match=r"13 Nov 2026 would have 24\.2 hours"):
        edit(one, number, minutes=50)
    edit(one, number, minutes=40)  # its own thirty minutes do not count against it
    with record_session(one, CLINICIAN) as session:
        void_intervention(session, CLINICIAN, number, VoidForm(reason="Twice"))
    with pytest.raises(Conflict, match="was voided and is not edited any more"):
        edit(one, number, minutes=20)
    with pytest.raises(NotFound):
        edit(one, 99, minutes=20)
    for role in (Role.officer, Role.chief, Role.admin, Role.finance):
        with pytest.raises(Forbidden):
            edit(one, number, who(role), minutes=20)
    with aggregate_session(one) as session:
        assert len(session.scalars(select(InterventionRevision)).all()) == 1


def test_what_an_undo_takes_back_stands_in_the_audit(one: Engine) -> None:
    refer(one, 7, "2026-11-12 12:00")
    number = log(one, CLINICIAN)
    with record_session(one, CLINICIAN) as session:
        episode = session.get_one(Intervention, number).episode_id
        undo_intervention(session, CLINICIAN, number)
    with aggregate_session(one) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "undo intervention")).one()
        assert entry.detail["episode removed"] == episode
        assert entry.detail["opened"] == "2026-11-13"
        assert entry.detail["referral new again"] == 7


def test_another_time_zone_or_lost_seconds_are_no_change(one: Engine) -> None:
    moment = at("2026-11-13 15:00") + timedelta(seconds=42)
    number = log(one, CLINICIAN, at=moment)
    with pytest.raises(Conflict, match="Nothing was changed"):
        edit(one, number, at=at("2026-11-13 15:00"))
    with pytest.raises(Conflict, match="Nothing was changed"):
        edit(one, number, at=moment.astimezone(ZoneInfo("America/New_York")))
    edit(one, number, minutes=31, at=at("2026-11-13 15:00"))
    with aggregate_session(one) as session:
        assert list(history(session, number)[0].fields) == ["minutes"]


def test_snapshot_and_form_say_the_same(one: Engine) -> None:
    form = intervention(needs=["housing"], note="Short", incident_number="26-1", provider_id=1)
    with record_session(one, CLINICIAN) as session:
        number = record_intervention(session, CLINICIAN, form).id
        assert snapshot(session, session.get_one(Intervention, number)) == same_values(form)


def test_a_draft_is_its_users_alone_and_the_last_word_counts(desk: Engine) -> None:
    with record_session(desk, CLINICIAN) as session:
        keep_draft(session, CLINICIAN, "log", '{"note": "a secret"}')
        keep_draft(session, CLINICIAN, "log", '{"note": "newer"}')
        keep_draft(session, CLINICIAN, "log-P-0001", "{}")
        kept = kept_draft(session, CLINICIAN, "log")
        assert kept is not None
        assert (kept.content, kept.saved_at) == ('{"note": "newer"}', NOW)
        assert [k.form for k in kept_drafts(session, CLINICIAN, "log")] == ["log-P-0001", "log"]
    with record_session(desk, WORKER) as session:
        assert kept_draft(session, WORKER, "log") is None
        assert session.scalars(select(Draft)).all() == []
        drop_draft(session, WORKER, "log")
    at_once(*[lambda text=text: _keep(desk, text) for text in "ab"])
    with aggregate_session(desk) as session:
        assert session.scalars(select(Draft.form).order_by(Draft.form)).all() == ["log", "log-P-0001", "refer"]
        assert session.scalars(select(AuditEntry)).all() == []  # nobody's record
    with record_session(desk, CLINICIAN) as session:
        drop_draft(session, CLINICIAN, "log")
        assert kept_draft(session, CLINICIAN, "log") is None
        with pytest.raises(Conflict, match="200,000 fit"):
            keep_draft(session, CLINICIAN, "log", "x" * 200_001)
    later = who(Role.clinician, now=NOW + timedelta(days=91))
    with record_session(desk, later) as session:
        keep_draft(session, later, "tally", "{}")
        assert [k.form for k in kept_drafts(session, later, "")] == ["tally"]


def _keep(bind: Engine, text: str) -> Any:
    with record_session(bind, CLINICIAN) as session:
        keep_draft(session, CLINICIAN, "refer", text)
