"""The pilot's people: who was sent, tried, reached, helped, and what came of it. All in relative time.

The story runs six weeks beyond the 44th, so that on "today" everything is in mid-flight; what has not
happened yet is left out when rows are made of it (``seed.care_rows``).
"""

from random import Random

from db.vocab import DeclineReason, EpisodeEnd, Mode, Need, Outcome, Purpose, Source
from seed.calls import Happening
from seed.directory import Directory
from seed.parts import Contact, Link, Sent, Somebody, Stretch, Tried
from seed.roster import CLINICIAN, SOCIAL_WORKER, Roster, When
from seed.story import TRUTHS, WEEKS_IN, monday_of, stream

LAST_WEEK = WEEKS_IN + 6


_NEEDS = {
    Need.mental_health: 30,
    Need.substance_use: 16,
    Need.housing: 12,
    Need.basic_needs: 9,
    Need.medical: 7,
    Need.benefits: 7,
    Need.legal: 4,
    Need.domestic_violence: 5,
    Need.older_adult: 4,
    Need.child_family: 5,
    Need.employment: 3,
    Need.transport: 6,
}
_SOURCES = {
    Source.officer: 46,
    Source.call_review: 18,
    Source.dispatch: 9,
    Source.self_family: 12,
    Source.hospital: 7,
    Source.school: 3,
    Source.other: 5,
}
_MINUTES = {
    Mode.on_scene: (35, 110),
    Mode.in_person: (30, 90),
    Mode.phone_video: (10, 40),
    Mode.office: (30, 60),
    Mode.family: (10, 40),
    Mode.consultation: (10, 25),
    Mode.outreach: (30, 120),
}


def choose(weights: dict, random: Random):
    """One key, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]


def arrivals(week: int) -> float:
    """People sent for the first time in a week, about: few at the start, fewer in holiday weeks."""
    if week <= TRUTHS.startup_weeks:
        return (0, 1, 2, 3, 4, 5)[week - 1]
    usual = 8.2 if week < TRUTHS.part_time_from else 9.8
    quiet = any(week == holiday for holiday, _, _ in TRUTHS.holidays)
    return usual * (0.75 if quiet else 0.7 if week == TRUTHS.vacation_week else 1)


class Care:
    """Runs the story once; afterwards its lists hold everything that happened."""

    def __init__(self, seed: int, calls: list[Happening], directory: Directory) -> None:
        self.random = stream(seed, "care")  # of ten draws the one whose totals lie nearest to what the city should be
        self.directory = directory
        self.roster = Roster(stream(seed, "roster"))
        self.people: list[Somebody] = []
        self.referrals: list[Sent] = []
        self.contacts: list[Contact] = []
        self.stretches: list[Stretch] = []
        self.links: list[Link] = []
        self._calls = [c for c in calls if c.day >= 0 and c.subject and c.health]
        self._known: set[int] = set()
        for week in range(1, LAST_WEEK + 1):
            self._week(week)

    def _week(self, week: int) -> None:
        monday = monday_of(week)
        expected = arrivals(week)
        count = int(expected) + (self.random.random() < expected % 1) + self.random.choice((-1, 0, 0, 1))
        for _ in range(max(count, 0) if expected else 0):
            day = monday + self.random.choices(range(7), (6, 6, 6, 6, 6, 2, 2))[0]
            self._arrive((day, self.random.randint(420, 1290)), week)
        self._around(week, monday)

    def _arrive(self, at: When, week: int) -> None:
        person = Somebody(at, self._draw_needs())
        joint = week > 8 and self.random.random() < 0.05 + 0.003 * week
        if joint and (contact := self._on_scene(person, at[0])):
            person.since = contact.at
            self.people.append(person)
            self._stretch(self._add(contact))
            return
        self.people.append(person)
        self.refer(person, at)

    def _draw_needs(self) -> list[Need]:
        wanted = 1 + (self.random.random() < 0.62) + (self.random.random() < 0.3)
        needs: list[Need] = []
        while len(needs) < wanted:
            if (need := choose(_NEEDS, self.random)) not in needs:
                needs.append(need)
        return needs

    # who comes, and how

    def _call_near(self, at: When) -> Happening | None:
        """A behavioural-health call of the three days before, of a subject nobody has referred yet."""
        found = [
            c
            for c in self._calls
            if at[0] - 3 <= c.day and (c.day, c.minute + 30) < at and c.subject not in self._known
        ]
        if not found:
            return None
        call = self.random.choices(found, [3 if c.repeat else 1 for c in found])[0]
        self._known.add(call.subject or 0)
        return call

    def _staff(self, when: When) -> int:
        if self.roster.works(SOCIAL_WORKER, when) and not self.roster.works(CLINICIAN, when):
            return SOCIAL_WORKER
        late = when[0] >= monday_of(TRUTHS.part_time_from)
        away = TRUTHS.vacation_week == when[0] // 7 + 1
        return SOCIAL_WORKER if late and self.random.random() < (0.8 if away else 0.27) else CLINICIAN

    def refer(self, person: Somebody, at: When) -> None:
        source = choose(_SOURCES, self.random)
        sent = Sent(at, person, source, self._staff(at))
        if source in (Source.officer, Source.call_review, Source.dispatch) and self.random.random() < 0.9:
            call = self._call_near(at) if person.subject is None else None
            if call:
                person.subject, sent.incident = call.subject, call.incident
        sent.by_officer = source is Source.officer and self.random.random() < 0.55
        self.referrals.append(sent)
        sent.decided = self.roster.book(sent.staff, (at[0], at[1] + 10), 5)
        if self.random.random() < 0.06:
            sent.declined = self.random.choice(list(DeclineReason))
            return
        if self.random.random() < 0.035:
            sent.settled = at[0] + 40  # accepted, never tried: the backlog shows it until somebody closes it
            return
        self._try(sent)

    def _try(self, sent: Sent) -> None:
        assert sent.decided
        wait = choose({0: 88, 1: 5, 2: 3, 4: 2, 7: 2}, self.random)
        when = (sent.decided[0] + wait, sent.decided[1] + 5 if wait == 0 else 0)
        for number in range(self.random.choice((2, 3, 3, 4))):
            mode = choose({Mode.phone_video: 50, Mode.in_person: 38, Mode.office: 12}, self.random)
            minutes = self._minutes(mode)
            reached = self.random.random() < (0.53 if number == 0 else 0.37)
            at = self.roster.book(sent.staff, when, minutes if reached else 15)
            tried = Tried(at, mode, reached, sent.staff)
            sent.attempts.append(tried)
            if reached:
                tried.contact = self._first_contact(sent, at, mode, minutes)
                return
            if self.random.random() < 0.16:
                tried.contact = self._add(
                    Contact(at, sent.staff, mode, Purpose.follow_up, Outcome.no_contact, 15, sent.person, sent)
                )
            when = (at[0] + self.random.choice((1, 2, 3, 4, 6)), 0)
        sent.settled = sent.attempts[-1].at[0] + 10

    # what follows

    def _first_contact(self, sent: Sent, at: When, mode: Mode, minutes: int) -> Contact:
        refused = self.random.random() < 0.09
        outcome = Outcome.declined if refused else choose({Outcome.engaged: 70, Outcome.reached: 30}, self.random)
        contact = Contact(at, sent.staff, mode, Purpose.assessment, outcome, minutes, sent.person, sent)
        contact.incident = sent.incident if self.random.random() < 0.4 else None
        self._stretch(self._add(contact))
        assert contact.stretch
        sent.settled = contact.stretch.closed
        return contact

    def _on_scene(self, person: Somebody, day: int) -> Contact | None:
        """She meets somebody beside the officers, at a call of the next days that falls in a free hour of hers."""
        minutes = self._minutes(Mode.on_scene)
        for call in self._calls:
            if not day <= call.day <= day + 2 or call.subject in self._known:
                continue
            at = (call.day, -(-(call.minute + 12) // 5) * 5)
            staff = next((s for s in (CLINICIAN, SOCIAL_WORKER) if self.roster.claim(s, at, minutes)), None)
            if staff:
                self._known.add(call.subject or 0)
                person.subject = call.subject
                outcome = choose({Outcome.engaged: 60, Outcome.reached: 30, Outcome.declined: 10}, self.random)
                return Contact(
                    at, staff, Mode.on_scene, Purpose.crisis, outcome, minutes, person, incident=call.incident
                )
        return None

    def _stretch(self, first: Contact) -> None:
        """The episode that a first direct contact opens: follow-ups, family, connections, the end."""
        person = first.person
        assert person
        stretch = Stretch(person, first.staff, first.at[0])
        self.stretches.append(stretch)
        first.stretch = stretch
        self._connect(first)
        last = first
        more = 0 if first.outcome is Outcome.declined else choose({0: 52, 1: 24, 2: 12, 3: 7, 5: 5}, self.random)
        for _ in range(more):
            last = self._follow_up(last, stretch)
        quiet = self.random.random()
        lag = self.random.randint(4, 16) if quiet < 0.7 else self.random.randint(16, 42)
        stretch.closed = last.at[0] + (lag if quiet < 0.93 else self.random.randint(75, 110))
        stretch.reason = self._why(first, lag, quiet)
        if self.random.random() < 0.2:
            again = stretch.closed + self.random.randint(5, 90)
            self.refer(person, (again, self.random.randint(480, 1200)))

    def _why(self, first: Contact, lag: int, quiet: float) -> EpisodeEnd:
        if first.outcome is Outcome.declined:
            return EpisodeEnd.declined
        if quiet >= 0.7:
            return choose({EpisodeEnd.lost_contact: 80, EpisodeEnd.moved: 17, EpisodeEnd.deceased: 3}, self.random)
        return choose({EpisodeEnd.connected: 55, EpisodeEnd.goals_met: 40, EpisodeEnd.other: 5}, self.random)

    def _follow_up(self, last: Contact, stretch: Stretch) -> Contact:
        mode = choose({Mode.phone_video: 42, Mode.in_person: 36, Mode.office: 22}, self.random)
        purpose = choose(
            {Purpose.follow_up: 45, Purpose.navigation: 27, Purpose.handover: 14, Purpose.advocacy: 14}, self.random
        )
        day = last.at[0] + max(round(self.random.gammavariate(2.5, 5)), 1)
        staff = stretch.staff if self.random.random() < 0.85 else self._staff((day, 600))
        minutes = self._minutes(mode)
        at = self.roster.book(staff, (day, 0), minutes)
        outcome = choose({Outcome.engaged: 72, Outcome.reached: 20, Outcome.no_contact: 8}, self.random)
        contact = self._add(Contact(at, staff, mode, purpose, outcome, minutes, stretch.person, stretch=stretch))
        if outcome is Outcome.engaged and self.random.random() < 0.55:
            self._connect(contact)
        if self.random.random() < 0.26:
            self._family(contact, stretch)
        return contact

    def _family(self, contact: Contact, stretch: Stretch) -> None:
        minutes = self._minutes(Mode.family)
        at = self.roster.book(contact.staff, (contact.at[0] + self.random.randint(0, 4), contact.at[1] + 60), minutes)
        purpose = choose({Purpose.family_support: 75, Purpose.follow_up: 25}, self.random)
        self._add(
            Contact(at, contact.staff, Mode.family, purpose, Outcome.reached, minutes, stretch.person, stretch=stretch)
        )

    def _around(self, week: int, monday: int) -> None:
        """Work without a person in care: outreach to providers (most of the first weeks), advice to officers."""
        early = week <= TRUTHS.startup_weeks
        for _ in range(self.random.randint(4, 7) if early else self.random.choice((0, 0, 1, 1, 2))):
            self._work(monday, Mode.outreach, Purpose.relationship, self.random.choice(self.directory.ids))
        for _ in range(self.random.choice((0, 1)) if early else self.random.choice((0, 0, 1, 1, 2))):
            self._work(monday, Mode.consultation, Purpose.consultation, None)

    def _work(self, monday: int, mode: Mode, purpose: Purpose, provider: int | None) -> None:
        minutes = self._minutes(mode)
        day = monday + self.random.randrange(5)
        staff = self._staff((day, 600))
        at = self.roster.book(staff, (day, 0), minutes)
        self._add(Contact(at, staff, mode, purpose, Outcome.reached, minutes, provider=provider))

    def _connect(self, contact: Contact) -> None:
        """Connections that come of one contact: each met by a provider, or a service gap."""
        person = contact.person
        if person is None or contact.outcome in (Outcome.no_contact, Outcome.declined):
            return
        done = {(link.need) for link in self.links if link.person is person and link.end is None}
        for need in person.needs:
            again = need in done
            if self.random.random() < (0.34 if again else 0.97):
                self.links.append(self.directory.connect(person, need, contact))
                contact.needs.append(need)

    def _minutes(self, mode: Mode) -> int:
        low, high = _MINUTES[mode]
        return self.random.randint(low // 5, high // 5) * 5

    def _add(self, contact: Contact) -> Contact:
        if contact.person and not contact.needs and contact.mode is not Mode.family:
            contact.needs = contact.person.needs[:1]
        self.contacts.append(contact)
        return contact
