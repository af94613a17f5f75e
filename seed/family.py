"""Around the city's people: households, supports, alerts, consents, corrections, who is twice, links to calls.

Made from the rows of the care they go with, so that nothing here changes a figure: family members that are
added were never contacted, and what is confirmed or agreed to is dated after what it rests on.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from db.forms.people import RECIPIENT_OF, SCOPE_OF
from db.models import (
    Call,
    CallLink,
    Connection,
    Consent,
    Disclosure,
    Household,
    HouseholdMember,
    Identity,
    Intervention,
    Merge,
    Person,
    PersonChange,
    PersonNeed,
    PersonProfile,
    Referral,
    ReferralNeed,
    SafetyAlert,
)
from db.vocab import AgeBand, Language, Need, Sex
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, DisclosureKind
from db.vocab.family import HouseholdRole
from seed import reference
from seed.bulk import Row, Rows
from seed.roster import ACCOUNT, CLINICIAN, SOCIAL_WORKER
from seed.story import Clock, stream

PROGRAM = "Harbor co-response pilot"
DESK = (ACCOUNT[CLINICIAN], ACCOUNT[SOCIAL_WORKER])


def family_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """What stands around the people of ``rows``; tables that have rows already come back with more of them."""
    return _Family(rows, clock, seed).made


class _Family:
    def __init__(self, rows: Rows, clock: Clock, seed: int) -> None:
        self.rows, self.clock = rows, clock
        self.random: Random = stream(seed, "family")
        self.made: Rows = {
            Person: list(rows[Person]),
            Identity: list(rows[Identity]),
            Consent: list(rows.get(Consent, [])),
            Disclosure: list(rows.get(Disclosure, [])),
            **{model: [] for model in _OWN},
        }
        self.identity = {row["person_id"]: row for row in rows[Identity]}
        self.now = clock.at(clock.cut - 1, 1080)
        self._given = reference.names("given")
        self._households()
        self._profiles()
        self._alerts()
        self._consents()
        self._corrections()
        self._twice()
        self._links()

    def _next(self, model: type) -> int:
        return max((row["id"] for row in self.made[model]), default=0) + 1

    def _add(self, model: type, **values: Any) -> Row:
        row = {"id": self._next(model), **values}
        self.made[model].append(row)
        return row

    def _new_person(self, name: str, at: datetime, **values: Any) -> int:
        number = self._next(Person)
        plain = {"age_band": AgeBand.unknown, "sex": Sex.unknown, "language": Language.unknown, "language_met": None}
        known = {"code": f"P-{number:04d}", "created_at": at, "created_by": DESK[0]}
        self._add(Person, **(plain | known | {k: v for k, v in values.items() if k in _OF_PERSON}))
        identity = {k: v for k, v in values.items() if k not in _OF_PERSON}
        self.made[Identity].append({"person_id": number, "name": name, **identity})
        return number

    def _some(self, share: float) -> list[Row]:
        """A share of the people, the same ones on any date."""
        return [row for row in self.rows[Person] if self.random.random() < share]

    def _needs(self) -> dict[int, set[Need]]:
        whose = {row["id"]: row["person_id"] for row in self.rows[Referral]}
        found: dict[int, set[Need]] = {}
        for row in self.rows[ReferralNeed]:
            found.setdefault(whose[row["referral_id"]] or 0, set()).add(row["need"])
        return found

    def _households(self) -> None:
        """Families of those whose needs speak of one: a partner, children, a grandparent; a victim among them."""
        needs = self._needs()
        near = {Need.child_family, Need.domestic_violence, Need.older_adult}
        heads = [row for row in self.rows[Person] if needs.get(row["id"], set()) & near]
        for head in [row for row in heads if self.random.random() < 0.55][:26]:
            self._household(head, needs[head["id"]])

    def _household(self, head: Row, needs: set[Need]) -> None:
        at = self._after(head["created_at"], 2)
        household = self._add(Household, created_at=at, created_by=DESK[0])["id"]
        violent = Need.domestic_violence in needs
        family = self.identity[head["id"]]["name"].split()[-1]
        home = self.identity[head["id"]]["address"]
        own = [HouseholdRole.partner, HouseholdRole.victim] if violent else [HouseholdRole.parent]
        if Need.older_adult in needs and not violent:
            own = [HouseholdRole.grandparent]
        self._enter(household, head["id"], own, at)
        others: list[list[HouseholdRole]] = [[HouseholdRole.partner]] if violent or self.random.random() < 0.5 else []
        others += [[HouseholdRole.child]] * self.random.choice((0, 1, 1, 2) if others else (1, 1, 2))
        for roles in others:
            child = roles == [HouseholdRole.child]
            born = self.clock.day(-self.random.randint(2000, 5800)).isoformat() if child else None
            person = self._new_person(
                self._name(family),
                at,
                born_on=born,
                address=home,
                age_band=AgeBand.under_18 if child else AgeBand.a26_44,
                language=head["language"],
            )
            self._enter(household, person, roles, at)

    def _name(self, family: str) -> str:
        """A name of that family that nobody has yet, so that nobody seems to be twice by chance."""
        taken = {row["name"] for row in self.made[Identity]}
        free = [name for given in self._given if (name := f"{given} {family}") not in taken]
        return self.random.choice(free) if free else f"{self.random.choice(self._given)} {family} Junior"

    def _enter(self, household: int, person: int, roles: Iterable[HouseholdRole], at: datetime) -> None:
        for role in roles:
            self._add(
                HouseholdMember,
                household_id=household,
                person_id=person,
                role=role,
                created_at=at,
                created_by=DESK[0],
            )

    def _after(self, at: datetime, days: int) -> datetime:
        """Some days later, and never after the day on which the city stands."""
        return min(at + timedelta(days=self.random.randint(0, days), minutes=self.random.randint(5, 90)), self.now)

    def _profiles(self) -> None:
        for row in self._some(0.45):
            supports = self.random.choice(_SUPPORTS) if self.random.random() < 0.8 else None
            gaps = self.random.choice(_GAPS) if supports is None or self.random.random() < 0.7 else None
            self.made[PersonProfile].append({"person_id": row["id"], "supports": supports, "gaps": gaps})
        for row in self._some(0.08):
            need = self.random.choice([Need.employment, Need.benefits, Need.medical])
            self.made[PersonNeed].append({"person_id": row["id"], "need": need})

    def _alerts(self) -> None:
        people = self.random.sample(self.rows[Person], min(14, len(self.rows[Person])))
        for number, row in enumerate(people):
            at = self._after(max(row["created_at"], self.now - timedelta(days=200)), 120)
            ended = self._after(at, 40) if number % 5 == 0 else None
            self._add(
                SafetyAlert,
                person_id=row["id"],
                text=_ALERTS[number % len(_ALERTS)],
                expires_on=(at + timedelta(days=90)).date(),
                created_at=at,
                created_by=self.random.choice(DESK),
                ended_at=ended,
                ended_by=DESK[0] if ended else None,
            )

    # consents

    def _consents(self) -> None:
        """Most who were connected agreed to it that day; of those an officer sent, a third agreed that he may know."""
        first: dict[int, Row] = {}
        for row in self.rows[Connection]:
            if row["provider_id"]:
                first.setdefault(row["person_id"], row)
        for person, row in sorted(first.items()):
            if self.random.random() < 0.78:
                form = ConsentForm.signed if self.random.random() < 0.9 else ConsentForm.verbal
                given = self._consent(person, row["opened_on"], ConsentPurpose.referral_to_provider, form)
                if self.random.random() < 0.25:
                    self._told(given, row)
        for row in self.rows[Referral]:
            if row["referred_by"] and row["person_id"] and row["decided_at"] and self.random.random() < 0.35:
                on = self._after(row["decided_at"], 6).date()
                form = ConsentForm.verbal if self.random.random() < 0.6 else ConsentForm.signed
                self._consent(row["person_id"], on, ConsentPurpose.tell_referrer, form)
        for row in self._some(0.05):
            on = self._after(row["created_at"], 20).date()
            self._consent(row["id"], on, ConsentPurpose.family_involvement, ConsentForm.signed, "Sister")

    def _consent(
        self, person: int, on: Any, purpose: ConsentPurpose, form: ConsentForm, recipient: str | None = None
    ) -> Row:
        days = self.random.choice((180, 365, 365, None))
        at = min(self.clock.at((on - self.clock.launch).days, 700), self.now)
        revoked = self._after(at, 60) if self.random.random() < 0.05 else None
        return self._add(
            Consent,
            person_id=person,
            discloser=PROGRAM,
            recipient_kind=RECIPIENT_OF[purpose],
            recipient=recipient,
            purpose=purpose,
            scope=SCOPE_OF.get(purpose, ConsentScope.summary),
            form=form,
            starts_on=on,
            until=on + timedelta(days=days) if days else None,
            revoked_at=revoked,
            revoked_by=DESK[0] if revoked else None,
            created_at=at,
            created_by=self.random.choice(DESK),
        )

    def _told(self, given: Row, connection: Row) -> None:
        """The appointment was made by phone: the provider was told on the same day."""
        self._add(
            Disclosure,
            at=given["created_at"] + timedelta(minutes=20),
            person_id=given["person_id"],
            consent_id=given["id"],
            kind=DisclosureKind.call_or_visit,
            recipient="Intake desk",
            what="code, need, appointment",
            connection_id=connection["id"],
            user_id=given["created_by"],
        )

    def _corrections(self) -> None:
        for row in self._some(0.1):
            new = self.identity[row["id"]]["phone"]
            if new is None:
                continue
            self._add(
                PersonChange,
                at=self._after(row["created_at"], 90),
                person_id=row["id"],
                field="phone",
                old=f"555-01{self.random.randint(0, 99):02d}",
                new=new,
                by=self.random.choice(DESK),
            )

    # who is twice, and whose calls are whose

    def _twice(self) -> None:
        """Three people entered twice with a slip in the name, nobody merged them yet; one was merged in spring."""
        born = [row for row in self.rows[Person] if self.identity[row["id"]]["born_on"]]
        for number, row in enumerate(self.random.sample(born, min(4, len(born)))):
            mine = self.identity[row["id"]]
            at = self._after(row["created_at"], 30)
            slip = _slip(mine["name"], self.random)
            again = self._new_person(slip, at, born_on=mine["born_on"], language=row["language"])
            if number == 3:
                self._merged(row["id"], again, self._after(at, 10))

    def _merged(self, kept: int, gone: int, at: datetime) -> None:
        row = next(row for row in self.made[Person] if row["id"] == gone)
        row["merged_into_id"] = kept
        change = {
            "table": "person",
            "key": {"id": gone},
            "old": {"merged_into_id": None},
            "new": {"merged_into_id": kept},
        }
        self._add(Merge, kept_id=kept, gone_id=gone, at=at, by=DESK[0], undone_at=None, changes=json.dumps([change]))

    def _links(self) -> None:
        """Of the calls that a referral or a contact names, older ones were looked at; the last weeks' wait."""
        calls = {row["identity_key"]: row for row in self.rows[Call]}
        named = [(r["person_id"], r["incident_number"], r["decided_at"]) for r in self.rows[Referral]]
        named += [(r["person_id"], r["incident_number"], r["created_at"]) for r in self.rows[Intervention]]
        seen: set[tuple[int, str]] = set()
        for person, number, at in named:
            call = calls.get(number or "")
            if call is None or person is None or (person, number) in seen:
                continue
            seen.add((person, number))
            waits = at > self.now - timedelta(days=16) or self.random.random() < 0.02
            refused = self.random.random() < 0.05
            if waits:
                continue
            self._add(
                CallLink,
                person_id=person,
                call_key=call["identity_key"],
                incident_number=number,
                person_key=call["person_key"],
                confirmed=not refused,
                decided_at=self._after(at, 8),
                decided_by=self.random.choice(DESK),
            )


_OWN = (
    Household,
    HouseholdMember,
    PersonProfile,
    PersonNeed,
    SafetyAlert,
    PersonChange,
    Merge,
    CallLink,
)
_OF_PERSON = ("age_band", "sex", "language", "language_met")


def _slip(name: str, random: Random) -> str:
    """A letter doubled or left out, as a hurried hand writes it."""
    place = random.choice([k for k in range(2, len(name) - 1) if name[k] != " "])
    return name[:place] + name[place] + name[place:] if random.random() < 0.5 else name[:place] + name[place + 1 :]


_SUPPORTS = (
    "Sister lives two streets away",
    "Caseworker at the health center",
    "Neighbor looks in every day",
    "Sponsor, meets weekly",
    "School counselor knows the family",
    "Church group, brings meals on Sundays",
    "Adult daughter, by phone",
)
_GAPS = (
    "No phone of their own",
    "Lost the housing voucher in spring",
    "No ride to the clinic",
    "Benefits ended, not renewed",
    "Nobody to watch the children during appointments",
    "No primary care doctor",
)
_ALERTS = (
    "Large dog in the yard, not tied",
    "Go in pairs; ex-partner may be there",
    "Ring at the side door, do not use the stairs at the back",
    "Was upset by uniforms on the last visit; call ahead",
    "Knife collection in the living room",
    "Somebody else in the house threatened a visitor in the past",
)
