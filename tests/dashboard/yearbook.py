"""A year of work at the desk, done through the commands and written down beside them in plain Python.

``play(bind)`` makes the year and returns the :class:`Book`: what the script itself did, in lists. Nothing in
the book is read from the database (but for the numbers that commands give out), so figures counted from it
by hand (``byhand``) are a second opinion on every measure.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from db.access import Viewer
from db.commands.amend import amend_tally
from db.commands.connections import end_connection, record_connection, record_step, void_connection
from db.commands.episodes import close_episode
from db.commands.people import add_person
from db.commands.referrals import close_referral, decide_referral, record_attempt, record_referral, tie_referral
from db.commands.tally import certify_tally, form_of, save_tally, sheet
from db.commands.work import edit_intervention, record_intervention, void_intervention
from db.engine import aggregate_session, record_session
from db.forms import checked
from db.forms.flow import ReferralEndForm
from db.forms.people import EpisodeCloseForm
from db.forms.tally import AmendmentForm, TallyCell
from db.forms.work import (
    AttemptForm,
    ConnectionEndForm,
    ConnectionForm,
    DecisionForm,
    EditForm,
    InterventionForm,
    PersonForm,
    ReferralForm,
    StepForm,
    VoidForm,
)
from db.models import Episode, Provider, ProviderService
from db.vocab import (
    AgeBand,
    AttemptMode,
    ConnectionEnd,
    DeclineReason,
    Disposition,
    EpisodeEnd,
    Language,
    LanguageMet,
    Mode,
    Need,
    Outcome,
    ProviderKind,
    Purpose,
    RaceEthnicity,
    Role,
    Sex,
    Source,
    Step,
    TallyItem,
    Urgency,
)
from db.vocab.desk import ReferralEnd
from tests.dashboard import byhand
from tests.dashboard.book import Bond, Book, Care, Sent, Sheet, Work
from tests.db.desk_world import settle, who

ZONE = ZoneInfo("America/New_York")
FIRST, LAST = date(2026, 1, 12), date(2026, 11, 13)
SECOND_HIRE = date(2026, 6, 1)
PEOPLE = 45
IN_TOWN, ELSEWHERE = (1, 3), (4,)
"""Providers of the desk's world, and one outside the city."""


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of the pilot's own clock, in UTC."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


class Year:
    """The script: a queue of things to do, in the order of their moments."""

    def __init__(self, bind: Engine, seed: int) -> None:
        self.bind, self.random, self.book = bind, Random(seed), Book()
        self.queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.order = count()

    def later(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        if moment <= at(LAST, 18):
            heapq.heappush(self.queue, (moment, next(self.order), act))

    def run(self) -> Book:
        while self.queue:
            moment, _, act = heapq.heappop(self.queue)
            act(moment)
        return self.book

    def on_duty(self, moment: datetime) -> int:
        there = (1, 1, 2) if moment >= at(SECOND_HIRE, 0) else (1,)
        return self.random.choice(there)

    def do(self, staff: int, moment: datetime, command: Callable[..., Any], *given: Any) -> int:
        """Run a command as that member of staff, ten minutes after the thing itself."""
        return self.as_(desk(staff, moment + timedelta(minutes=10)), command, *given)

    def as_(self, viewer: Viewer, command: Callable[..., Any], *given: Any) -> int:
        with record_session(self.bind, viewer) as session:
            return command(session, viewer, *given).id

    # --- who ---

    def meet_everybody(self) -> None:
        pick = self.random.choice
        for number in range(PEOPLE):
            form = PersonForm(
                name="".join(pick("bdfgklmnprstvz") + pick("aeiou") for _ in range(5)).title() + f" {number}",
                age_band=pick(list(AgeBand)),
                sex=pick(list(Sex)),
                race_ethnicity=pick(list(RaceEthnicity)),
                language=pick(list(Language)),
                language_met=pick([*LanguageMet, None]),
                confirmed_other=True,
            )
            self.book.people[self.do(1, at(FIRST, 8), add_person, form)] = form

    def somebody(self) -> int:
        return self.random.choice(list(self.book.people))

    # --- referrals ---

    def refer(self, moment: datetime) -> None:
        source = self.random.choice([Source.officer, Source.officer, *Source])
        plain: dict[str, Any] = {"needs": {Need.mental_health}, "urgency": Urgency.routine, "confirmed_other": True}
        if source is Source.officer:
            officer = who(Role.officer, now=moment)
            sent = Sent(
                self.as_(officer, record_referral, checked(ReferralForm, plain | {"place": "Pier"})), moment, source
            )
        else:
            person = self.somebody()
            form = checked(ReferralForm, plain | {"source": source, "received_at": moment, "person_id": person})
            sent = Sent(self.do(1, moment, record_referral, form), moment, source, person)
        self.book.sent.append(sent)
        fate = self.random.random()
        if fate < 0.12:
            self.later(moment + timedelta(hours=self.random.randint(1, 60)), lambda m: self.decline(sent, m))
        elif fate > 0.25:
            delay = timedelta(
                hours=self.random.choice((2, 20, 46, 47, 49, 70, 200)), minutes=self.random.randint(0, 59)
            )
            if self.random.random() < 0.7:
                self.later(moment + delay / 2, lambda m: self.accept(sent, m))
            self.later(moment + delay, lambda m: self.attempt(sent, m))

    def decline(self, sent: Sent, moment: datetime) -> None:
        form = DecisionForm(accept=False, reason=DeclineReason.other)
        self.do(self.on_duty(moment), moment, decide_referral, sent.id, form)
        sent.declined, sent.decided = True, moment + timedelta(minutes=10)

    def accept(self, sent: Sent, moment: datetime) -> None:
        staff = self.on_duty(moment)
        self.do(staff, moment, decide_referral, sent.id, DecisionForm(accept=True))
        sent.staff, sent.decided = staff, moment + timedelta(minutes=10)

    def attempt(self, sent: Sent, moment: datetime) -> None:
        """A try, alone or as an intervention; another one later; closed in the end, or not."""
        staff, reached = self.on_duty(moment), self.random.random() < 0.55
        if sent.staff is None:
            sent.staff, sent.decided = staff, moment + timedelta(minutes=10)
        if sent.person is not None and self.random.random() < 0.5:
            outcome = Outcome.engaged if reached else Outcome.no_contact
            more = {"referral_id": sent.id, "outcome": outcome, "mode": Mode.phone_video}
            self.log(moment, staff, sent.person, **more)
        else:
            form = AttemptForm(referral_id=sent.id, at=moment, mode=AttemptMode.phone, reached=reached)
            self.do(staff, moment, record_attempt, form)
        sent.tries.append((moment, reached))
        if reached and sent.person is None:
            sent.person = self.somebody()
            self.do(staff, moment, tie_referral, sent.id, sent.person)
        fate = self.random.random()
        if not reached and fate < 0.6:
            self.later(moment + timedelta(hours=self.random.randint(5, 90)), lambda m: self.attempt(sent, m))
        elif fate < 0.8:
            self.later(moment + timedelta(days=self.random.randint(1, 20)), lambda m: self.close(sent, m))

    def close(self, sent: Sent, moment: datetime) -> None:
        form = ReferralEndForm(reason=self.random.choice(list(ReferralEnd)))
        self.do(self.on_duty(moment), moment, close_referral, sent.id, form)
        sent.closed = moment + timedelta(minutes=10)

    # --- work ---

    def work(self, moment: datetime) -> None:
        mode = self.random.choice([*Mode, Mode.phone_video, Mode.in_person])
        nobody = mode is Mode.outreach or (mode is Mode.consultation and self.random.random() < 0.6)
        entry = self.log(moment, self.on_duty(moment), None if nobody else self.somebody(), mode=mode)
        fate = self.random.random()
        if fate < 0.05 and not self.is_first(entry):
            self.later(moment + timedelta(days=self.random.randint(1, 12)), lambda m: self.void(entry, m))
        elif fate < 0.12:
            self.later(moment + timedelta(days=self.random.randint(1, 12)), lambda m: self.edit(entry, m))

    def log(self, moment: datetime, staff: int, person: int | None, **more: Any) -> Work:
        pick = self.random.choice
        said: dict[str, Any] = {
            "person_id": person,
            "at": moment,
            "purpose": pick(list(Purpose)),
            "outcome": pick([*Outcome, Outcome.engaged, Outcome.reached]),
            "minutes": pick((5, 10, 20, 25, 40, 50, 75)),
            "link_referral": False,
        } | more
        if said["mode"] is Mode.on_scene:
            said |= self.on_scene(said["outcome"])
        work = Work(self.do(staff, moment, record_intervention, checked(InterventionForm, said)), moment, staff, said)
        self.book.work.append(work)
        if work.direct and person is not None:
            self.take_into_care(work, person)
        return work

    def on_scene(self, outcome: Outcome) -> dict[str, Any]:
        """What was attested there; nothing that the form would call a contradiction."""
        pick = self.random.choice
        eligible, intended = pick((True, False, None)), pick((True, False, None))
        arrested = self.random.random() < 0.4 if eligible else None
        avoided = not arrested and self.random.random() < 0.6 if intended else None
        disposition = Disposition.arrest if arrested else pick((Disposition.resolved, Disposition.declined))
        if outcome is Outcome.no_contact and not arrested:
            disposition = Disposition.gone
        return {
            "disposition": disposition,
            "arrest_eligible": eligible,
            "arrested": arrested,
            "transport_intended": intended,
            "transport_avoided": avoided,
            "force_used": pick((True, False, False, None)),
            "injury": pick((True, False, False, None)),
        }

    def take_into_care(self, work: Work, person: int) -> None:
        on = byhand.local(work.at)
        if not any(c.person == person and (c.closed is None or c.closed >= on) for c in self.book.care):
            care = Care(person, work.staff, on)
            self.book.care.append(care)
            if self.random.random() < 0.7:
                days = self.random.randint(20, 120)
                self.later(work.at + timedelta(days=days), lambda m: self.end_care(care, m))

    def is_first(self, work: Work) -> bool:
        """Whether an episode rests on it: those stay, or it would have to be told again whom it holds."""
        return any(c.person == work.said["person_id"] and c.opened == byhand.local(work.at) for c in self.book.care)

    def end_care(self, care: Care, moment: datetime) -> None:
        viewer = desk(self.on_duty(moment), moment)
        with record_session(self.bind, viewer) as session:
            row = session.query(Episode).filter_by(person_id=care.person, opened_on=care.opened).one()
            form = EpisodeCloseForm(closed_on=byhand.local(moment), reason=EpisodeEnd.goals_met)
            close_episode(session, viewer, row.id, form)
        care.closed = byhand.local(moment)

    def void(self, work: Work, moment: datetime) -> None:
        self.do(work.staff, moment, void_intervention, work.id, VoidForm(reason="Typed twice"))
        work.voided = True

    def edit(self, work: Work, moment: datetime) -> None:
        changed = work.said | {"minutes": 33, "purpose": Purpose.navigation}
        self.do(
            work.staff, moment, edit_intervention, work.id, checked(EditForm, changed | {"reason": "Wrong purpose"})
        )
        work.said = changed

    # --- connections ---

    def connect(self, moment: datetime) -> None:
        pick, staff, day = self.random.choice, self.on_duty(moment), byhand.local(moment)
        person, need, provider = self.somebody(), pick((Need.housing, Need.medical, Need.legal)), pick((1, 3, 4, None))
        if provider and any((b.person, b.need, b.provider) == (person, need, provider) for b in self.book.bonds):
            return
        plain: dict[str, Any] = {"person_id": person, "need": need, "opened_on": day, "provider_id": provider}
        bond = Bond(0, person, need, provider, staff, day, {})
        if provider is None:
            bond.ended, bond.reason = day, pick((ConnectionEnd.no_provider, ConnectionEnd.waitlisted))
            plain["gap_reason"] = bond.reason
        else:
            plain["reached"] = pick((Step.offered, Step.accepted, Step.accepted))
            rungs = list(Step)[: list(Step).index(plain["reached"]) + 1]
            bond.steps = dict.fromkeys(rungs, day)
            days = self.random.choice((1, 4, 9, 14, 29))
            self.later(moment + timedelta(days=days), lambda m: self.climb(bond, m))
        bond.id = self.do(staff, moment, record_connection, checked(ConnectionForm, plain))
        self.book.bonds.append(bond)

    def climb(self, bond: Bond, moment: datetime) -> None:
        day, staff, fate = byhand.local(moment), self.on_duty(moment), self.random.random()
        if fate < 0.04:
            self.do(staff, moment, void_connection, bond.id, VoidForm(reason="Never was"))
            bond.voided = True
        elif fate < 0.2:
            reason = self.random.choice((ConnectionEnd.declined, ConnectionEnd.could_not_reach))
            form = ConnectionEndForm(connection_id=bond.id, reason=reason, on_date=day)
            self.do(staff, moment, end_connection, form)
            bond.ended, bond.reason = day, reason
        else:
            step = next(step for step in Step if step not in bond.steps)
            self.do(staff, moment, record_step, StepForm(connection_id=bond.id, step=step, on_date=day))
            bond.steps[step] = day
            if step is not Step.retained:  # retained is said 30 days after the appointment, not before
                days = self.random.choice((30, 45) if step is Step.attended else (3, 8, 30))
                self.later(moment + timedelta(days=days), lambda m: self.climb(bond, m))

    # --- weeks ---

    def report(self, staff: int, week: date, moment: datetime) -> None:
        """Certify a week: as it is logged, with one figure changed, with a blank; or leave it a draft."""
        viewer, fate = desk(staff, moment), self.random.random()
        log = byhand.logged(self.book)
        reported: dict[TallyItem, Decimal | None] = {i: log.get((week, staff, i)) for i in TallyItem}
        changes: dict[TallyItem, TallyCell] = {}
        if self.random.random() < 0.5:  # what the log does not hold: reported as zero, or left blank
            changes = {item: TallyCell(reported=Decimal(0)) for item in TallyItem if reported[item] is None}
        if fate < 0.5:
            item = self.random.choice((TallyItem.outreach, TallyItem.referrals_received, TallyItem.family_contacts))
            more = max(Decimal(0), (reported[item] or Decimal(0)) + self.random.choice((-1, 1, 2)))
            changes[item] = TallyCell(reported=more, reason="Told by telephone")
        if fate < 0.2:
            changes[TallyItem.connections_made] = TallyCell(reported=None, reason="Not kept that week")
        with record_session(self.bind, viewer) as session:
            opened = sheet(session, viewer, staff, week)
            answers = {"confirmed_blanks": frozenset(TallyItem), "weekend_confirmed": True}
            command = save_tally if 0.5 < fate < 0.6 else certify_tally
            command(session, viewer, form_of(opened, changes, **answers))
        if command is certify_tally:
            reported |= {item: cell.reported for item, cell in changes.items()}
            self.book.sheets.append(Sheet(staff, week, moment, reported))
            if fate > 0.95:
                self.later(moment + timedelta(days=3), lambda m: self.amend(self.book_sheet(staff, week), m))

    def book_sheet(self, staff: int, week: date) -> Sheet:
        return next(s for s in self.book.sheets if (s.staff, s.week) == (staff, week))

    def amend(self, reported: Sheet, moment: datetime) -> None:
        viewer = desk(reported.staff, moment)
        new = (reported.reported[TallyItem.outreach] or Decimal(0)) + 3
        with record_session(self.bind, viewer) as session:
            opened = sheet(session, viewer, reported.staff, reported.week)
            form = AmendmentForm(
                staff_id=reported.staff,
                week=reported.week,
                revision=opened.revision,
                values={TallyItem.outreach: new},
                why="Three visits found in the diary",
            )
            amend_tally(session, viewer, form)
        reported.reported[TallyItem.outreach] = new


def desk(staff: int, moment: datetime) -> Viewer:
    return who(Role.clinician if staff == 1 else Role.social_worker, now=moment)


def play(bind: Engine, seed: int = 2026) -> Book:
    """The whole year, up to Friday 13 Nov 2026; ``bind`` holds the small pilot and nothing else."""
    settle(bind)
    with aggregate_session(bind) as session:
        far = Provider(id=4, name="Far Shore", kind=ProviderKind.health_centre, in_city=False, active=True)
        far.services = [ProviderService(need=Need.medical)]
        session.add(far)
        session.commit()
    year = Year(bind, seed)
    year.meet_everybody()
    days = [FIRST + timedelta(days=k) for k in range((LAST - FIRST).days + 1)]
    for day in days:
        if year.random.random() < 0.3:
            hour = year.random.choice((9, 12, 16, 23))  # late on a Sunday is Monday elsewhere
            year.later(at(day, hour, year.random.randint(0, 59)), year.refer)
        for _ in range(year.random.choice((0, 1, 1, 2)) if day.weekday() < 5 else year.random.choice((0, 0, 0, 1))):
            year.later(at(day, year.random.choice((0, 10, 14, 17, 23)), year.random.randint(0, 59)), year.work)
        if year.random.random() < 0.25:
            year.later(at(day, 15), year.connect)
        if day.weekday() == 0 and day > FIRST:
            for staff in (1, 2):
                week = day - timedelta(days=7)
                if (staff == 1 or week >= SECOND_HIRE) and year.random.random() < 0.85:
                    late = year.random.random() < 0.15
                    moment = at(day + timedelta(days=2 if late else 0), 11)
                    year.later(moment, lambda m, staff=staff, week=week: year.report(staff, week, m))
    return year.run()
