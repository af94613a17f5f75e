"""The story of care made into rows: relative time becomes dates, what has not happened yet is left out."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from db.models import (
    Attempt,
    Connection,
    ConnectionStep,
    Episode,
    Identity,
    Intervention,
    InterventionNeed,
    InterventionNote,
    Person,
    Referral,
    ReferralDetail,
    ReferralNeed,
)
from db.vocab import (
    AgeBand,
    AttemptMode,
    Disposition,
    Language,
    LanguageMet,
    Mode,
    Outcome,
    RaceEthnicity,
    ReferralStatus,
    Sex,
    Urgency,
)
from seed import reference
from seed.bulk import Row, Rows
from seed.care import Care, choose
from seed.parts import Contact, Link, Sent, Somebody, Tried
from seed.roster import ACCOUNT, When
from seed.story import Clock, stream

OFFICER_ACCOUNT = 3


def care_rows(care: Care, clock: Clock, seed: int) -> Rows:
    """Everything of the story that happened before the day on which the city stands."""
    return _Rows(care, clock, seed).rows


@dataclass
class _Rows:
    care: Care
    clock: Clock
    seed: int
    rows: Rows = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)
    """``id()`` of somebody → the id of the row."""
    somebody: dict[int, tuple[Row, Row]] = field(default_factory=dict)
    """``id()`` of somebody → identity and person, known to the desk or not."""
    referrals: dict[int, int] = field(default_factory=dict)
    episodes: dict[int, int] = field(default_factory=dict)
    contacts: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for model in _MODELS:
            self.rows[model] = []
        self._people()
        self._referrals()
        self._episodes()
        self._interventions()
        self._attempts()
        self._connections()

    def _past(self, at: When) -> bool:
        return at[0] < self.clock.cut

    # people

    def _people(self) -> None:
        """Who is known: a referral was accepted, or there was a contact. Numbered in the order of becoming known."""
        random = stream(self.seed, "identities")
        names = [f"{g} {f}" for f in reference.names("family") for g in reference.names("given")]
        random.shuffle(names)
        streets = [street.title() for street in reference.names("street")]
        for name, person in zip(names, sorted(self.care.people, key=lambda p: p.since), strict=False):
            self.somebody[id(person)] = _somebody(name, random.choice(streets), self.clock, random)
        known = _known_since(self.care)
        for number, person in enumerate(sorted(known, key=lambda p: known[p]), start=1):
            if self._past(known[person]):
                self._person(number, person, known[person])

    def _person(self, number: int, person: Somebody, since: When) -> None:
        identity, row = self.somebody[id(person)]
        self.people[id(person)] = number
        key = {"id": number, "code": f"P-{number:04d}", "created_at": self.clock.at(*since), "created_by": 1}
        self.rows[Person].append(row | key)
        self.rows[Identity].append(identity | {"person_id": number})

    # referrals and attempts

    def _referrals(self) -> None:
        random = stream(self.seed, "referrals")
        sent_in_order = sorted(self.care.referrals, key=lambda s: s.at)
        for number, sent in enumerate(sent_in_order, start=1):
            self.referrals[id(sent)] = number
            row = self._referral(number, sent, random)
            if not self._past(sent.at):
                continue
            self.rows[Referral].append(row)
            needs = sent.person.needs[:2]
            self.rows[ReferralNeed] += [{"referral_id": number, "need": need} for need in needs]
            if sent.by_officer:
                self.rows[ReferralDetail].append(self._detail(number, sent))

    def _referral(self, number: int, sent: Sent, random: Random) -> Row:
        clock = self.clock
        urgency = choose({Urgency.routine: 62, Urgency.soon: 28, Urgency.urgent: 10}, random)
        decided = sent.decided if sent.decided and self._past(sent.decided) else None
        status = ReferralStatus.accepted if decided else ReferralStatus.new
        if decided and sent.declined:
            status = ReferralStatus.declined
        elif decided and sent.settled is not None and sent.settled < clock.cut:
            status = ReferralStatus.closed
        return {
            "id": number,
            "received_at": clock.at(*sent.at),
            "source": sent.source,
            "referred_by": OFFICER_ACCOUNT if sent.by_officer else None,
            "person_id": None if sent.declined or not decided else self.people.get(id(sent.person)),
            "incident_number": sent.incident,
            "urgency": urgency,
            "status": status,
            "staff_id": sent.staff if decided else None,
            "decided_at": clock.at(*decided) if decided else None,
            "decline_reason": sent.declined if decided else None,
            "created_at": clock.at(*sent.at),
            "created_by": OFFICER_ACCOUNT if sent.by_officer else ACCOUNT[sent.staff],
        }

    def _detail(self, number: int, sent: Sent) -> Row:
        """What the officer told; of every fifth he did not know the name."""
        identity, _ = self.somebody[id(sent.person)]
        born = identity["born_on"]
        return {
            "referral_id": number,
            "name": identity["name"] if number % 5 else None,
            "approximate_age": str(round((self.clock.launch - date.fromisoformat(born)).days / 365.25))
            if born
            else None,
            "place": identity["address"],
            "happened_at": self.clock.at(*sent.at) - timedelta(minutes=40),
            "agreed": True if number % 3 else None,
        }

    def _attempts(self) -> None:
        made = [(tried, sent) for sent in self.care.referrals for tried in sent.attempts if self._past(tried.at)]
        made.sort(key=lambda pair: (pair[0].at, self.referrals[id(pair[1])]))
        for number, (tried, sent) in enumerate(made, start=1):
            self.rows[Attempt].append(self._attempt(number, tried, self.referrals[id(sent)]))

    def _attempt(self, number: int, tried: Tried, referral: int) -> Row:
        mode = AttemptMode.phone if tried.mode is Mode.phone_video else AttemptMode.in_person
        return {
            "id": number,
            "referral_id": referral,
            "at": self.clock.at(*tried.at),
            "mode": mode,
            "reached": tried.reached,
            "staff_id": tried.staff,
            "intervention_id": self.contacts[id(tried.contact)] if tried.contact else None,
        }

    # care

    def _episodes(self) -> None:
        in_order = sorted(self.care.stretches, key=lambda s: (s.opened, s.person.since))
        for number, stretch in enumerate(in_order, start=1):
            self.episodes[id(stretch)] = number
            if stretch.opened >= self.clock.cut:
                continue
            closed = stretch.closed if stretch.closed < self.clock.cut else None
            self.rows[Episode].append(
                {
                    "id": number,
                    "person_id": self.people[id(stretch.person)],
                    "staff_id": stretch.staff,
                    "opened_on": self.clock.day(stretch.opened),
                    "closed_on": None if closed is None else self.clock.day(closed),
                    "close_reason": None if closed is None else stretch.reason,
                }
            )

    def _interventions(self) -> None:
        random = stream(self.seed, "interventions")
        in_order = sorted(self.care.contacts, key=lambda c: (c.at, c.staff))
        for number, contact in enumerate(in_order, start=1):
            self.contacts[id(contact)] = number
            row = self._intervention(number, contact) | _scene(contact, random)
            note = random.choice(_NOTES) if random.random() < 0.3 else None
            if not self._past(contact.at):
                continue
            self.rows[Intervention].append(row)
            self.rows[InterventionNeed] += [
                {"intervention_id": number, "need": need} for need in dict.fromkeys(contact.needs)
            ]
            if note:
                self.rows[InterventionNote].append({"intervention_id": number, "text": note})
        self._void(random)

    def _intervention(self, number: int, contact: Contact) -> Row:
        at = self.clock.at(*contact.at)
        return {
            "id": number,
            "at": at,
            "staff_id": contact.staff,
            "person_id": self.people.get(id(contact.person)) if contact.person else None,
            "referral_id": self.referrals[id(contact.referral)] if contact.referral else None,
            "episode_id": self.episodes[id(contact.stretch)] if contact.stretch else None,
            "provider_id": contact.provider,
            "mode": contact.mode,
            "purpose": contact.purpose,
            "outcome": contact.outcome,
            "minutes": contact.minutes,
            "incident_number": contact.incident,
            "created_at": at + timedelta(minutes=contact.minutes + 12),
            "created_by": ACCOUNT[contact.staff],
        }

    def _void(self, random: Random) -> None:
        """Three records made by mistake: a second click that once came through, a wrong person."""
        spare = [r for r in self.rows[Intervention] if r["mode"] is Mode.family][5:35:12]
        for row in spare:
            row |= {
                "voided_at": row["created_at"] + timedelta(days=1),
                "voided_by": row["created_by"],
                "void_reason": random.choice(("Entered twice", "Wrong person")),
            }
            row["voided_at"] = min(row["voided_at"], self.clock.at(self.clock.cut - 1, 1200))

    def _connections(self) -> None:
        in_order = sorted(self.care.links, key=lambda link: (link.opened, self.contacts[id(link.contact)]))
        for number, link in enumerate(in_order, start=1):
            if link.opened >= self.clock.cut:
                continue
            ended = link.ended if link.ended is not None and link.ended < self.clock.cut else None
            self.rows[Connection].append(
                {
                    "id": number,
                    "person_id": self.people[id(link.person)],
                    "need": link.need,
                    "provider_id": link.provider,
                    "staff_id": link.staff,
                    "intervention_id": self.contacts[id(link.contact)],
                    "opened_on": self.clock.day(link.opened),
                    "ended_on": None if ended is None else self.clock.day(ended),
                    "end_reason": None if ended is None else link.end,
                }
            )
            self.rows[ConnectionStep] += self._steps(number, link)

    def _steps(self, number: int, link: Link) -> list[Row]:
        return [
            {"connection_id": number, "step": step, "on_date": self.clock.day(day)}
            for step, day in link.steps.items()
            if day < self.clock.cut
        ]


_MODELS = (
    Person,
    Identity,
    Referral,
    ReferralNeed,
    ReferralDetail,
    Attempt,
    Episode,
    Intervention,
    InterventionNeed,
    InterventionNote,
    Connection,
    ConnectionStep,
)
_NOTES = (
    "Agreed to a call next week; prefers mornings.",
    "Spoke in the hallway, asked about the shelter's hours.",
    "Left the slip with a neighbor, as agreed.",
    "Would like somebody to come along to the first visit.",
    "Phone was off twice; reached on the third ring.",
    "Sister is a good contact, with consent.",
    "Medication ran out last week; clinic told.",
    "Rather not be visited in uniform company.",
)


def _known_since(care: Care) -> dict[Somebody, When]:
    """Somebody → when a referral was first accepted, or they were first met."""
    times = [(s.person, s.decided) for s in care.referrals if s.decided and not s.declined]
    times += [(c.person, c.at) for c in care.contacts if c.person]
    known: dict[Somebody, When] = {}
    for person, at in times:
        known[person] = min(known.get(person, at), at)
    return known


def _somebody(name: str, street: str, clock: Clock, random: Random) -> tuple[Row, Row]:
    """Identity and person; the draws are the same on any date."""
    age = choose({random.randint(13, 17): 5, random.randint(18, 25): 15, random.randint(26, 44): 37,
                  random.randint(45, 64): 30, random.randint(65, 88): 13}, random)  # fmt: skip
    born = clock.day(-random.randint(age * 365 + age // 4 + 320, age * 365 + age // 4 + 364))
    language = choose(
        {"english": 60, "spanish": 27, "haitian_creole": 6, "portuguese": 3, "other": 2, "unknown": 2}, random
    )
    identity = {
        "name": name,
        "alias": name.split()[0][:4] if random.random() < 0.12 else None,
        "born_on": born.isoformat() if random.random() < 0.93 else None,
        "phone": f"555-01{random.randint(0, 99):02d}" if random.random() < 0.8 else None,
        "address": f"{random.randint(1, 240)} {street}" if random.random() < 0.78 else None,
    }
    row = {
        "age_band": _age_band(age) if random.random() < 0.97 else AgeBand.unknown,
        "sex": choose({Sex.female: 46, Sex.male: 49, Sex.other: 2, Sex.unknown: 3}, random),
        "race_ethnicity": choose(_RACES, random),
        "language": Language(language),
        "language_met": _language_met(language, random),
    }
    return identity, row


def _age_band(age: int) -> AgeBand:
    bands = ((17, AgeBand.under_18), (25, AgeBand.a18_25), (44, AgeBand.a26_44), (64, AgeBand.a45_64))
    return next((band for last, band in bands if age <= last), AgeBand.a65_over)


_RACES = {
    RaceEthnicity.hispanic: 29,
    RaceEthnicity.white: 40,
    RaceEthnicity.black: 17,
    RaceEthnicity.asian: 3,
    RaceEthnicity.several: 4,
    RaceEthnicity.middle_eastern: 1,
    RaceEthnicity.unknown: 6,
}


def _language_met(language: str, random: Random) -> LanguageMet | None:
    if language == "unknown":
        return None
    if language == "english":
        return LanguageMet.not_needed
    if language == "spanish":  # both members of staff speak it
        return LanguageMet.staff
    return choose({LanguageMet.interpreter: 65, LanguageMet.unmet: 35}, random)


def _scene(contact: Contact, random: Random) -> Row:
    """What is recorded of an encounter on scene, with the police."""
    if contact.mode is not Mode.on_scene:
        return {}
    eligible, intended = random.random() < 0.24, random.random() < 0.4
    arrested = random.random() < 0.16 if eligible else None
    avoided = random.random() < 0.55 if intended else None
    if arrested:
        disposition = Disposition.arrest
    elif contact.outcome is Outcome.declined:
        disposition = Disposition.declined
    elif intended and not avoided:
        disposition = choose(
            {
                Disposition.voluntary_transport: 50,
                Disposition.involuntary_examination: 27,
                Disposition.emergency_department: 23,
            },
            random,
        )
    else:
        disposition = choose({Disposition.resolved: 86, Disposition.crisis_centre: 10, Disposition.summons: 4}, random)
    return {
        "disposition": disposition,
        "arrest_eligible": eligible,
        "arrested": arrested,
        "transport_intended": intended,
        "transport_avoided": avoided,
        "force_used": random.random() < 0.02,
        "injury": random.random() < 0.02,
    }
