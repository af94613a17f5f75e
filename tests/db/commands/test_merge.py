"""Two codes, one person: everything moves, undo puts every row back, whatever refers to a person is thought of."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands import care, consents
from db.commands.connections import record_connection
from db.commands.desk import Saved
from db.commands.merge import PEOPLE, STAY, likely_pairs, merge_people, merges_of, not_twice, references, undo_merge
from db.commands.people import add_person, everyone, likely_twice, search
from db.commands.referrals import record_referral
from db.commands.work import record_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms import checked
from db.forms.people import AlertForm, ConsentGiven, MemberForm, ProfileForm
from db.forms.work import ConnectionForm, PersonForm, ReferralForm
from db.models import Base, Episode, Intervention, Person, PersonNeed, PersonProfile
from db.vocab import EpisodeEnd, Language, Need, Role, Urgency
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, Recipient
from db.vocab.family import HouseholdRole
from tests.conftest import TODAY, add_small_pilot
from tests.db.desk_world import at, intervention, log, settle, who

CLINICIAN = who(Role.clinician)
BESIDE = {"audit", "change", "merge"}
"""Tables that a merge and its undo write to as well."""


def run(bind: Engine, command: Callable[..., Saved], *what: Any, viewer: Viewer = CLINICIAN) -> Saved:
    with record_session(bind, viewer) as session:
        return command(session, viewer, *what)


def everything(bind: Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that a merge may touch."""
    with aggregate_session(bind) as session:
        return {
            table.name: [
                dict(row._mapping) for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in BESIDE
        }


def lived(bind: Engine) -> None:
    """Both people have a bit of everything; of two overlapping episodes one was closed."""
    for person in (1, 2):
        run(bind, record_referral, checked(ReferralForm, {
            "person_id": person, "needs": [Need.housing], "urgency": Urgency.soon, "incident_number": f"HB-{person}",
            "received_at": at("2026-11-01 15:00"),
        }))  # fmt: skip
        log(bind, CLINICIAN, person_id=person, at=at(f"2026-11-0{person + 2} 15:00"), note="Short")
        run(bind, record_connection, checked(ConnectionForm, {
            "person_id": person, "need": Need.housing, "provider_id": 1, "opened_on": date(2026, 11, 6),
        }))  # fmt: skip
        run(bind, consents.record_consent, checked(ConsentGiven, {
            "person_id": person, "discloser": "Harbor pilot", "recipient_kind": Recipient.provider,
            "purpose": ConsentPurpose.referral_to_provider, "scope": ConsentScope.referral_facts,
            "form": ConsentForm.signed, "starts_on": TODAY,
        }))  # fmt: skip
        run(bind, care.add_alert, person, AlertForm(text=f"Dog {person}", expires_on=TODAY))
    with aggregate_session(bind) as session:
        row = session.scalars(select(Episode).where(Episode.person_id == 2)).one()
        row.closed_on, row.close_reason = date(2026, 11, 12), EpisodeEnd.moved
        session.add(PersonProfile(person_id=1, supports="Sister"))
        session.add(PersonProfile(person_id=2, supports="Neighbor", gaps="No phone"))
        session.add_all(
            PersonNeed(person_id=p, need=n) for p, n in ((1, Need.legal), (2, Need.legal), (2, Need.medical))
        )
        session.get_one(Person, 2).language = Language.spanish
        session.commit()
    new = run(bind, add_person, checked(PersonForm, {"name": "Zed Quill"})).id
    for person in (1, 2):
        run(bind, care.add_member, MemberForm(
            person_id=new, member_id=person, roles=frozenset({HouseholdRole.partner}),
        ))  # fmt: skip


def test_everything_moves_and_undoing_puts_every_row_back(desk: Engine) -> None:
    lived(desk)
    before = everything(desk)
    merge = run(desk, merge_people, 1, 2).id
    with record_session(desk, CLINICIAN) as session:
        gone = session.get_one(Person, 2)
        assert (gone.merged_into_id, gone.code) == (1, "P-0002")
        assert [p.code for p in everyone(session)] == ["P-0001", "P-0003"]
        assert {i.person_id for i in session.scalars(select(Intervention))} == {1}
        episode = session.scalars(select(Episode)).one()
        assert (episode.opened_on, episode.closed_on) == (date(2026, 11, 3), None)
        kept = care.dossier(session, 1)
        assert (kept.values["supports"], kept.values["gaps"]) == ("Sister; Neighbor", "No phone")
        assert (kept.values["language"], kept.values["alias"]) == ("spanish", "Mari")
        assert next(m.roles for m in care.household_of(session, 1)) == (HouseholdRole.partner,)
        assert [a.text for a in care.alerts_of(session, 1, TODAY)] == ["Dog 2", "Dog 1"]
        assert [(m.kept, m.gone, m.undone_at) for m in merges_of(session, 2)] == [("P-0001", "P-0002", None)]
        assert [k.code for k in search(session, "O'Brien")] == ["P-0001"]  # the old name still finds them
        assert search(session, "P-0002")[0].former == "P-0002"
        again = likely_twice(session, "James OBrien", None, None)  # so somebody who types it again is told
        assert again is not None
        assert again.code == "P-0001"
    run(desk, undo_merge, merge)
    after = everything(desk)
    assert {name for name in before if before[name] != after[name]} == set()
    with pytest.raises(Conflict, match="was undone on 14 Nov 2026"):
        run(desk, undo_merge, merge)


def test_every_table_about_a_person_moves_or_says_why_not() -> None:
    about = {table.name for table, _ in references(PEOPLE)}
    assert about >= STAY - {"person"} | {"referral", "intervention", "episode", "connection", "consent", "disclosure"}
    # A table that keeps two people in one row, or nothing but the person as its key, has to be thought of.
    keyed = {t.name for t, column in references(PEOPLE) if [c.name for c in t.primary_key] == [column]}
    assert keyed <= STAY


def test_work_added_since_stays_and_a_change_since_is_not_lost(desk: Engine) -> None:
    log(desk, CLINICIAN, person_id=2)
    merge = run(desk, merge_people, 1, 2).id
    added = log(desk, CLINICIAN, person_id=1, at=at("2026-11-13 17:00"))
    with pytest.raises(Conflict, match="P-0002 was merged into P-0001, so nothing new is stored under it"):
        log(desk, CLINICIAN, person_id=2)
    other = run(desk, add_person, checked(PersonForm, {"name": "Zed Quill"})).id
    later = run(desk, merge_people, other, 1).id
    with pytest.raises(Conflict, match="P-0001 was itself merged into P-0003 since"):
        run(desk, undo_merge, merge)
    run(desk, undo_merge, later)
    run(desk, undo_merge, merge)
    with aggregate_session(desk) as session:
        assert session.get_one(Intervention, added).person_id == 1
        assert sorted(i.person_id or 0 for i in session.scalars(select(Intervention))) == [1, 2]


def test_an_undo_that_would_lose_something_is_refused(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    with aggregate_session(sqlite) as session:
        session.get_one(Person, 2).language = Language.spanish
        session.commit()
    merge = run(sqlite, merge_people, 1, 2).id
    with record_session(sqlite, CLINICIAN) as session:
        kept = care.dossier(session, 1)
    values = {n: v for n, v in kept.values.items() if v is not None} | {"language": "portuguese", "seen": kept.seen}
    run(sqlite, care.edit_person, 1, checked(ProfileForm, values))
    with pytest.raises(Conflict, match=r"The person was changed since the merge \(language\)"):
        run(sqlite, undo_merge, merge)
    with aggregate_session(sqlite) as session:
        assert session.get_one(Person, 2).merged_into_id == 1  # nothing half undone


def test_the_same_twice_or_a_merged_code_again_is_refused(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    with pytest.raises(Invalid, match="Both are the same person"):
        run(sqlite, merge_people, 1, 1)
    run(sqlite, merge_people, 1, 2)
    with pytest.raises(Conflict, match="P-0002 was merged into P-0001"):
        run(sqlite, merge_people, 2, 1)


def test_likely_pairs_are_listed_until_the_desk_says_they_are_two(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    run(
        sqlite,
        add_person,
        checked(PersonForm, {"name": "Maria Lopes", "born_on": date(1987, 5, 3), "confirmed_other": True}),
    )
    run(
        sqlite,
        add_person,
        checked(PersonForm, {"name": "María López", "born_on": date(1991, 1, 1), "confirmed_other": True}),
    )
    with record_session(sqlite, CLINICIAN) as session:
        assert [(p.first.code, p.second.code, p.why) for p in likely_pairs(session)] == [
            ("P-0001", "P-0003", "same birth date, alike name")
        ]
    run(sqlite, not_twice, 3, 1)
    with record_session(sqlite, CLINICIAN) as session:
        assert likely_pairs(session) == []


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.clinician, Role.social_worker)])
def test_only_the_desk_merges(sqlite: Engine, role: Role) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    merge = run(sqlite, merge_people, 1, 2).id
    for command, what in ((merge_people, (1, 2)), (undo_merge, (merge,)), (not_twice, (1, 2))):
        with pytest.raises(Forbidden):
            run(sqlite, command, *what, viewer=who(role))
    with record_session(sqlite, who(role)) as session:
        assert likely_pairs(session) == []
        assert merges_of(session, 1) == []


def test_merging_and_logging_at_once_leaves_no_work_behind(desk: Engine) -> None:
    gate = Barrier(2)

    def act(command: Callable[..., Saved], *what: Any) -> Saved | Exception:
        gate.wait()
        try:
            return run(desk, command, *what)
        except Exception as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        merged = pool.submit(act, merge_people, 1, 2)
        logged = pool.submit(act, record_intervention, intervention(person_id=2))
        assert isinstance(merged.result(), Saved), merged.result()
        assert isinstance(logged.result(), Saved | Conflict), logged.result()
    with aggregate_session(desk) as session:
        assert {i.person_id for i in session.scalars(select(Intervention))} <= {1}
        assert {e.person_id for e in session.scalars(select(Episode))} <= {1}
