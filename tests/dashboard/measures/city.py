"""Rows for the tests of measures, added through the models: small enough to count on fingers."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from dashboard.measures.compute import compute
from dashboard.model import Filters, Result
from db import access
from db.engine import aggregate_session
from db.models import (
    Attempt,
    Connection,
    ConnectionStep,
    Episode,
    Event,
    Intervention,
    Person,
    Provider,
    Referral,
    Tally,
    TallyValue,
    Target,
)
from db.vocab import (
    AgeBand,
    AttemptMode,
    ConnectionEnd,
    EventKind,
    Language,
    Mode,
    Need,
    Outcome,
    ProviderKind,
    Purpose,
    RaceEthnicity,
    ReferralStatus,
    Sex,
    Source,
    Step,
    TallyItem,
    TallyStatus,
)
from tests.conftest import NOW

WEEK = date(2026, 2, 2)
TODAY = NOW.date()
WHOLE = Filters(date(2026, 1, 12), TODAY, TODAY)
"""The pilot to date, on Saturday 14 Nov 2026."""
SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)


def ask(bind: Engine, key: str, filters: Filters = WHOLE) -> Result:
    return compute(bind, SHELL, key, filters)


def row(result: Result, name: str, value: object) -> dict[str, object]:
    """The one row of the table whose column ``name`` is ``value``."""
    found = result.table[result.table[name] == value].to_dict("records")
    assert len(found) == 1
    return {str(key): cell for key, cell in found[0].items()}


def at(day: date, hour: int = 15) -> datetime:
    """A moment of that day; 15:00 UTC is forenoon in New York, the same local day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def person(session: Session, number: int, **fields: Any) -> Person:
    row = Person(id=number, code=f"P-{number:04}", created_at=at(date(2026, 1, 12)), **fields)
    session.add(row)
    session.flush()
    return row


def intervention(session: Session, when: datetime | date, person_id: int | None, **fields: Any) -> Intervention:
    moment = when if isinstance(when, datetime) else at(when)
    plain: dict[str, Any] = {
        "staff_id": 1,
        "mode": Mode.in_person,
        "purpose": Purpose.follow_up,
        "outcome": Outcome.reached,
        "minutes": 30,
        "created_at": moment,
    }
    row = Intervention(at=moment, person_id=person_id, **(plain | fields))
    session.add(row)
    session.flush()
    return row


def referral(session: Session, when: datetime, person_id: int | None = None, **fields: Any) -> Referral:
    plain: dict[str, Any] = {"source": Source.officer, "status": ReferralStatus.new, "created_at": when}
    row = Referral(received_at=when, person_id=person_id, **(plain | fields))
    session.add(row)
    session.flush()
    return row


def attempt(session: Session, referral_id: int, when: datetime, reached: bool) -> None:
    session.add(Attempt(referral_id=referral_id, at=when, mode=AttemptMode.phone, reached=reached, staff_id=1))
    session.flush()


def provider(session: Session, number: int = 1, **fields: Any) -> Provider:
    row = Provider(id=number, name=f"Provider {number}", kind=ProviderKind.mental_health, **fields)
    session.add(row)
    session.flush()
    return row


def connection(
    session: Session, person_id: int, steps: dict[Step, date], provider_id: int | None = 1, **fields: Any
) -> Connection:
    plain: dict[str, Any] = {"need": Need.mental_health, "staff_id": 1, "opened_on": min(steps.values())}
    row = Connection(person_id=person_id, provider_id=provider_id, **(plain | fields))
    row.steps = [ConnectionStep(step=step, on_date=day) for step, day in steps.items()]
    session.add(row)
    session.flush()
    return row


def tally(
    session: Session,
    week: date,
    figures: dict[TallyItem, int | None],
    staff_id: int = 1,
    status: TallyStatus = TallyStatus.certified,
    certified_at: datetime | None = None,
) -> Tally:
    """A sheet whose items are ``figures``; None is a blank."""
    when = None if status is TallyStatus.draft else certified_at or at(week + timedelta(days=7))
    row = Tally(staff_id=staff_id, week=week, status=status, certified_at=when)
    row.values = [
        TallyValue(item=item, reported=None if value is None else Decimal(value), log=Decimal(0))
        for item, value in figures.items()
    ]
    session.add(row)
    session.flush()
    return row


def add_one_of_everything(bind: Engine) -> None:
    """One person, referral, attempt, episode, intervention, connection, tally, target and event, all of staff 1."""
    first = date(2026, 2, 3)
    with aggregate_session(bind) as session:
        person(session, 1)
        provider(session)
        one = referral(session, at(first), 1, status=ReferralStatus.accepted, decided_at=at(first, 16), staff_id=1)
        attempt(session, one.id, at(first, 20), True)
        session.add(Episode(person_id=1, staff_id=1, opened_on=first))
        intervention(session, at(first, 20), 1, referral_id=one.id)
        intervention(session, first, 1, mode=Mode.family, purpose=Purpose.family_support)
        connection(session, 1, {Step.offered: first, Step.accepted: first, Step.attended: first + timedelta(days=9)})
        tally(session, date(2026, 2, 2), {TallyItem.referrals_received: 1, TallyItem.in_person: 1})
        session.add(Target(measure="people_served", value=300, by_date=date(2027, 1, 11)))
        session.add(Event(on_date=first, kind=EventKind.training, label="Training"))
        session.commit()


def add_small_counts(bind: Engine) -> None:
    """Forty people with many small cells: three in the first quarter, twelve in the second, twenty-five in the third.

    Two are under 18, one is of unknown sex, four speak Portuguese; each is referred, most are tried, reached,
    seen twice and connected.
    """
    days = [date(2026, 2, 3)] * 3 + [date(2026, 5, 5)] * 12 + [date(2026, 8, 4)] * 25
    with aggregate_session(bind) as session:
        for number in (1, 2, 3):
            provider(session, number, in_city=number != 3)
        for number, day in enumerate(days, 1):
            person(
                session,
                number,
                age_band=AgeBand.under_18 if number <= 2 else AgeBand.a26_44,
                sex=Sex.unknown if number == 5 else Sex.female if number % 2 else Sex.male,
                race_ethnicity=RaceEthnicity.white if number % 4 else RaceEthnicity.unknown,
                language=Language.portuguese if number > 36 else Language.english,
            )
            sent = referral(
                session,
                at(day),
                number,
                source=Source.school if number < 4 else Source.officer,
                status=ReferralStatus.accepted,
                decided_at=at(day),
                staff_id=1,
                incident_number=f"26-{number}",
            )
            if number > 3:
                attempt(session, sent.id, at(day) + timedelta(hours=10 if number % 9 else 60), number % 7 != 0)
            mode = Mode.on_scene if number < 6 else Mode.in_person
            intervention(session, day + timedelta(days=1), number, mode=mode, referral_id=sent.id)
            intervention(session, day + timedelta(days=8), number, mode=Mode.phone_video)
            session.add(Episode(person_id=number, staff_id=1, opened_on=day))
            steps = {Step.offered: day, Step.accepted: day}
            if number % 5:
                steps[Step.attended] = day + timedelta(days=number % 40)
            connection(session, number, steps, provider_id=1 + number % 3 if number > 4 else 1)
            if number < 8:
                gap = {"ended_on": day, "end_reason": ConnectionEnd.no_provider, "need": Need.transport}
                connection(session, number, {Step.offered: day}, provider_id=None, **gap)
        tally(session, date(2026, 2, 2), {TallyItem.referrals_received: 4, TallyItem.in_person: 3})
        session.commit()


def three_referrals(bind: Engine) -> None:
    with aggregate_session(bind) as session:
        for hour in (14, 15, 16):
            referral(session, at(WEEK, hour), staff_id=1)
        session.commit()


def certify(bind: Engine, value: int | None, status: TallyStatus = TallyStatus.certified) -> None:
    with aggregate_session(bind) as session:
        tally(session, WEEK, {TallyItem.referrals_received: value}, status=status)
        session.commit()
