"""The fictional city: as large as planned, the same on any date, within every rule, on both databases."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import bcrypt
import pytest
from sqlalchemy import Date, Engine, func, select

import seed
from db.calls_unmatched import lacks_its_call, likely
from db.engine import aggregate_session, data_version
from db.errors import Setup
from db.models import (
    Attempt,
    Base,
    BudgetLine,
    Call,
    CallUnit,
    Connection,
    ConnectionStep,
    Episode,
    Grant,
    Identity,
    Intervention,
    Invoice,
    InvoicePart,
    LedgerEntry,
    Location,
    MonthClose,
    Person,
    Pilot,
    PlanMonth,
    Provider,
    Referral,
    Shift,
    Tally,
    TallyValue,
    User,
)
from db.pilot import monday, the_pilot
from db.types import Moment
from db.vocab import DIRECT_MODES, Outcome, Role, Step
from seed import reference
from seed.bulk import Rows
from seed.roster import ACCOUNT, days_off
from seed.story import WEEKS_IN, ZONE, Clock
from seed.world import rows_of
from tests.conftest import NOW
from tests.seed.conftest import PINNED

City = Callable[..., Engine]
TODAY = PINNED[0]


def test_the_year_is_as_large_as_planned(harbor: City) -> None:
    with aggregate_session(harbor()) as session:

        def count(column: Any, *where: Any) -> int:
            return session.scalar(select(func.count(column.distinct())).where(*where)) or 0

        served = Intervention.mode.in_(DIRECT_MODES), Intervention.outcome != Outcome.no_contact
        sizes = {
            "people": (count(Intervention.person_id, *served), 250, 275),
            "interventions": (count(Intervention.id), 670, 740),
            "referrals": (count(Referral.id), 335, 365),
            "connections": (count(Connection.id), 570, 630),
            "providers": (count(Provider.id), 25, 25),
            "calls": (count(Call.id), 29_000, 31_000),
            "lines": (count(BudgetLine.id), 5, 5),
            "open": (count(Episode.id, Episode.closed_on.is_(None)), 30, 45),
            "institutions": (count(Location.id, Location.is_institution), 4, 4),
            "incidents on referrals": (count(Referral.id, Referral.incident_number.is_not(None)), 150, 300),
        }
        pilot = the_pilot(session)
        assert pilot.is_demo
        assert (monday(TODAY) - monday(pilot.starts_on)).days // 7 + 1 == WEEKS_IN
        assert 41 <= (pilot.starts_on - pilot.baseline_starts_on).days / 30.44 <= 43.5
    assert {k: v for k, v in sizes.items() if not v[1] <= v[0] <= v[2]} == {}


@pytest.mark.parametrize("other", PINNED[1:])
def test_the_same_seed_is_the_same_city_on_any_date(other: date) -> None:
    """Both dates are Saturdays of the 44th week: seen from launch, wall clock by wall clock, nothing differs."""
    here, there = _relative(rows_of(TODAY), TODAY), _relative(rows_of(other), other)
    assert here.keys() == there.keys()
    for model in here:
        assert here[model] == there[model], model.__name__


def test_on_an_earlier_day_of_the_week_there_is_less_of_the_same_city() -> None:
    tuesday = TODAY - timedelta(days=4)
    less, more = _relative(rows_of(tuesday), tuesday), _relative(rows_of(TODAY), TODAY)
    assert 0 < len(more[Call]) - len(less[Call]) < 150
    for model in (Call, Person, Identity, Intervention):
        common = len(less[model])
        assert less[model][: common - 60] == more[model][: common - 60]


def test_another_seed_is_another_city() -> None:
    ours, other = rows_of(TODAY), rows_of(TODAY, seed=7)
    assert [r["name"] for r in ours[Identity]] != [r["name"] for r in other[Identity]]


def _relative(rows: Rows, today: date) -> dict[type[Base], list[dict[str, Any]]]:
    """Rows with dates and wall clocks counted from launch, units' times from their call's.

    Left out: money, which goes by calendar months, and the grant, whose dates are ends of months; accounts,
    whose hash has a new salt each time.
    """
    launch = Clock(today).launch
    received = {r["id"]: r["received_at"] for r in rows[Call]}
    kept = {
        m: r
        for m, r in rows.items()
        if m not in (Grant, PlanMonth, Invoice, InvoicePart, LedgerEntry, MonthClose, User, CallUnit)
    }
    seen = {model: [{k: _since(v, launch) for k, v in row.items()} for row in found] for model, found in kept.items()}
    seen[CallUnit] = [
        {k: v - received[row["call_id"]] if isinstance(v, datetime) else v for k, v in row.items()}
        for row in rows[CallUnit]
    ]
    return seen


def _since(value: Any, launch: date) -> Any:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(ZONE))
        # two nights a year some wall clocks do not exist, or twice
        return (local.date() - launch).days, local.time() if local.hour > 3 else "night"
    if isinstance(value, date):
        return (value - launch).days
    if isinstance(value, str) and value.startswith("cad_2"):
        return "a file named after its date"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return (date.fromisoformat(value) - launch).days
    return value


PLANNED = {
    ("consent", "until"),
    ("safety_alert", "expires_on"),
    ("follow_up", "due_on"),
    ("connection", "appointment_on"),
    ("provider_token", "expires_at"),
    ("contract", "ends_on"),
    ("invoice", "due_on"),
}
"""Columns that say until when, or when next."""


def test_nothing_lies_in_the_future(harbor: City) -> None:
    """But for plans: the pilot, the grant, targets, the plan of spending, shifts without an end, what is promised."""
    bind = harbor()
    start = Clock(TODAY).at(Clock(TODAY).cut, 0)
    planned = {"pilot", "award", "target", "plan_month", "audit"}
    late = []
    with bind.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if (table.name, column.name) in PLANNED:
                    continue
                if not isinstance(column.type, Date | Moment) or table.name in planned:
                    continue
                latest = connection.scalar(select(func.max(column)))
                limit = start if hasattr(latest, "hour") else TODAY
                if latest is not None and latest > limit:
                    late.append((table.name, column.name, latest))
    assert late == []


def test_it_stands_on_both_databases_and_goes_on_from_there(bind: Engine) -> None:
    before = data_version(bind)
    counts = seed.build(bind, TODAY)
    after = data_version(bind)
    assert all(after[scope] > before[scope] for scope in after)
    with aggregate_session(bind) as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in {"change", "call_counts", "call_day", "call_repeat"}:  # made from the rows, not rows
                assert session.scalar(select(func.count()).select_from(table)) == counts[table.name], table.name
        people = session.scalar(select(func.max(Person.id)))
        last = session.scalar(select(func.max(Call.id)))
        person = Person(code="P-9999", created_at=NOW, identity=Identity(name="Ardo Newcomer"))
        kind = session.scalar(select(Call.type_id))
        call = Call(identity_key="new", received_at=NOW, received_on=TODAY, type_id=kind)
        session.add_all([person, call])
        session.commit()
        assert people is not None
        assert last is not None
        assert (person.id, call.id) == (people + 1, last + 1)
        assert session.scalar(select(Identity.name).where(Identity.person_id == person.id)) == "Ardo Newcomer"
    with pytest.raises(Setup, match="holds a pilot already"):
        seed.build(bind, TODAY)
    with aggregate_session(bind) as session:
        assert session.scalar(select(func.count(Pilot.id))) == 1


def test_the_demo_accounts_can_sign_in(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        users = session.scalars(select(User)).all()
    assert {u.username for u in users} == {
        "clinician", "socialworker", "officer", "chief", "analyst", "council", "finance", "admin",
    }  # fmt: skip
    assert {u.role for u in users} == set(Role)
    assert all(u.active and not u.must_change and u.locked_at is None for u in users)
    assert all(bcrypt.checkpw(b"tandem-demo-2026", h.encode()) for h in {u.password_hash for u in users})
    assert {u.staff_id: u.id for u in users if u.staff_id} == ACCOUNT


def test_work_is_done_on_shift_and_never_twice_at_once(harbor: City) -> None:
    zone = ZoneInfo(ZONE)
    with aggregate_session(harbor()) as session:
        shifts = {(s.staff_id, s.weekday): s for s in session.scalars(select(Shift))}
        launch = the_pilot(session).starts_on
        busy: dict[tuple[int, date], list[tuple[int, int]]] = defaultdict(list)
        for at, staff, minutes in session.execute(
            select(Intervention.at, Intervention.staff_id, Intervention.minutes).order_by(Intervention.at)
        ):
            local = at.astimezone(zone)
            shift = shifts[staff, local.isoweekday()]
            ends = (local + timedelta(minutes=minutes)).time()
            assert shift.starts_at <= local.time() < ends <= shift.ends_at
            assert local.date() >= shift.valid_from
            assert (local.date() - launch).days not in days_off(staff)
            start = local.hour * 60 + local.minute
            busy[staff, local.date()].append((start, start + minutes))
    for spans in busy.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_an_episode_begins_with_the_first_direct_contact(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        direct: dict[int, date] = {}
        rows = session.execute(
            select(Intervention.episode_id, Intervention.at).where(
                Intervention.mode.in_(DIRECT_MODES),
                Intervention.outcome != Outcome.no_contact,
                Intervention.episode_id.is_not(None),
            )
        )
        for episode, at in rows:
            assert episode is not None
            day = at.astimezone(ZoneInfo(ZONE)).date()
            direct[episode] = min(direct.get(episode, day), day)
        assert direct == {e.id: e.opened_on for e in session.scalars(select(Episode))}


def test_the_caseload_grows_into_its_band(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        episodes = session.execute(select(Episode.opened_on, Episode.closed_on)).all()
        launch = the_pilot(session).starts_on

    def open_on(day: date) -> int:
        return sum(opened <= day and (closed is None or closed > day) for opened, closed in episodes)

    weeks = [open_on(launch + timedelta(weeks=k, days=6)) for k in range(WEEKS_IN - 1)]
    assert max(weeks[:6]) < 10
    assert max(weeks) <= 45
    assert min(weeks[25:]) >= 28


def test_the_ladder_climbs_and_attempts_follow_referrals(harbor: City) -> None:
    order = {step: k for k, step in enumerate(Step)}
    with aggregate_session(harbor()) as session:
        ladders = defaultdict(list)
        for key, step, day in session.execute(
            select(ConnectionStep.connection_id, ConnectionStep.step, ConnectionStep.on_date)
        ):
            ladders[key].append((order[step], day))
        for rungs in ladders.values():
            days = [day for _, day in sorted(rungs)]
            assert days == sorted(days)
            assert [place for place, _ in sorted(rungs)] == list(range(len(rungs)))
        early = select(func.count(Attempt.id)).join(Referral, Attempt.referral_id == Referral.id)
        assert session.scalar(early.where(Attempt.at < Referral.decided_at)) == 0
        tied = select(func.count(Attempt.id)).where(Attempt.intervention_id.is_not(None))
        assert session.scalar(tied) == session.scalar(
            select(func.count(Intervention.id)).where(Intervention.referral_id.is_not(None))
        )


def test_tallies_are_corrected_only_with_a_reason(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        certified = select(TallyValue).join(Tally).where(Tally.certified_at.is_not(None))
        values = session.scalars(certified).all()
        drafts = session.scalars(select(Tally.week).where(Tally.certified_at.is_(None))).all()
    different = [v for v in values if v.reported is not None and v.reported != v.log]
    assert 3 <= len(different) <= 20
    assert all(v.reason for v in different)
    assert all(v.log == 0 for v in values if v.reported is None)
    assert set(drafts) == {monday(TODAY)}


def test_every_name_is_made_up() -> None:
    people = {r["name"] for r in rows_of(TODAY)[Identity]}
    made_up = {f"{g} {f}" for g in reference.names("given") for f in reference.names("family")}
    assert people <= made_up


def test_four_numbers_were_typed_wrong_and_the_calls_meant_are_found_for_three(harbor: City) -> None:
    with aggregate_session(harbor()) as session:
        lost = session.scalars(select(Referral).where(lacks_its_call(Referral)).order_by(Referral.received_at)).all()
        found = [likely(session, row.incident_number, row.received_at) for row in lost]
    assert [calls[0].why if calls else "" for calls in found] == [
        "its beginning is missing",
        "one character missing",
        "one character too many",
        "",
    ]
