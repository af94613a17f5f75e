"""Closing the loop: what providers charge and serve, slips and links, answers, calls, notes.

Nothing here changes what happened: steps and ends are the story's, this says by which way they became known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from db.models import (
    Connection,
    ConnectionStep,
    Consent,
    Disclosure,
    Provider,
    ProviderCall,
    ProviderNote,
    ProviderReport,
    ProviderToken,
)
from db.vocab import Step
from db.vocab.care import ConsentPurpose, DisclosureKind
from db.vocab.links import CallOutcome, LinkAnswer
from seed import reference
from seed.bulk import Row, Rows
from seed.roster import ACCOUNT, CLINICIAN
from seed.story import Clock, stream

LINKS_FROM = 12
"""The pilot's week in which slips began to carry a link."""
LINK_DAYS = 45
_SAID = (
    "Intake calls back on Thursdays.",
    "Ask for the front desk, not the nurse line.",
    "They hold a place until Friday.",
    "Paperwork is missing; bring it to the visit.",
)
_LEARNED = (
    "Bring proof of address, or they send people away.",
    "The side door is open after five.",
    "Intake in Spanish on Tuesdays and Thursdays.",
    "Call before noon: the afternoon line is never answered.",
    "Dogs are allowed in the courtyard.",
    "First visit takes two hours; warn people.",
    "They keep a list by the door; names are called at half past four.",
)


def link_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """The tables of the loop, and the connections and providers of ``rows`` with what it adds to them."""
    return _Loop(rows, clock, stream(seed, "links")).made()


@dataclass
class _Loop:
    rows: Rows
    clock: Clock
    random: Random
    consents: dict[int, list[Row]] = field(default_factory=dict)
    """Person → what they agreed a provider may know."""
    tables: Rows = field(default_factory=dict)

    def made(self) -> Rows:
        for model in (ProviderToken, ProviderReport, ProviderCall, ProviderNote):
            self.tables[model] = []
        self.tables[Disclosure] = list(self.rows.get(Disclosure, []))
        for row in self.rows.get(Consent, []):
            if row["purpose"] is ConsentPurpose.referral_to_provider:
                self.consents.setdefault(row["person_id"], []).append(row)
        self._details()
        steps: dict[int, dict[Step, date]] = {}
        for step in self.rows[ConnectionStep]:
            steps.setdefault(step["connection_id"], {})[step["step"]] = step["on_date"]
        for link in self.rows[Connection]:
            if link["provider_id"] is not None:
                self._one(link, steps.get(link["id"], {}))
        self._notes()
        return self.tables

    def _details(self) -> None:
        known = {row["name"]: row for row in reference.table("provider_details")}
        for provider in self.rows[Provider]:
            for name, value in known[provider["name"]].items():
                if name == "name" or not value:
                    continue
                provider[name] = int(value) if name.endswith("_age") else value

    def _one(self, link: Row, steps: Mapping[Step, date]) -> None:
        """The draws are the same whatever day the city stands on."""
        told, called, late = (self.random.random() for _ in range(3))
        wait, hour = self.random.randint(4, 24), self.random.randint(9, 15)
        if (made := steps.get(Step.appointment)) is not None:
            link["appointment_on"] = steps.get(Step.attended, made + timedelta(days=wait))
        if told < 0.8 and (consent := self._covering(link, link["opened_on"])) is not None:
            self._slip(link, steps, consent, told, hour)
        if called < 0.3 and Step.accepted in steps:
            self._call(link, steps[Step.accepted] + timedelta(days=5 + int(late * 9)), late, hour)

    def _covering(self, link: Row, day: date) -> Row | None:
        """The consent under which the provider may be told on ``day``; a revoked one covers nothing any more."""
        for row in self.consents.get(link["person_id"], []):
            over = row.get("until") is not None and row["until"] < day
            if row["starts_on"] <= day and not over and row.get("revoked_at") is None:
                return row
        return None

    def _slip(self, link: Row, steps: Mapping[Step, date], consent: Row, told: float, hour: int) -> None:
        opened: date = link["opened_on"]
        relative = (opened - self.clock.launch).days
        at, with_link = self.clock.at(relative, hour * 60 + 20), relative >= (LINKS_FROM - 1) * 7
        until = opened + timedelta(days=LINK_DAYS)
        self._told(link, consent, DisclosureKind.slip, at, "code, need and appointment, on a slip handed to the person")
        if not with_link:
            return
        answered = steps.get(Step.attended)
        by_link = answered is not None and told < 0.4 and answered <= until
        token: Row = {
            "id": len(self.tables[ProviderToken]) + 1,
            "connection_id": link["id"],
            "consent_id": consent["id"],
            "token_hash": f"{self.random.getrandbits(256):064x}",
            "created_at": at,
            "created_by": ACCOUNT[link["staff_id"]],
            "expires_at": self.clock.at(relative + LINK_DAYS + 1, 0),
        }
        self.tables[ProviderToken].append(token)
        if not by_link or answered is None:
            return
        when = self.clock.at((answered - self.clock.launch).days, 16 * 60 + hour)
        token["spent_at"] = when
        fresh = (self.clock.today - answered).days <= 3
        self.tables[ProviderReport].append(
            {
                "id": len(self.tables[ProviderReport]) + 1,
                "token_id": token["id"],
                "connection_id": link["id"],
                "answer": LinkAnswer.attended,
                "on_date": answered,
                "at": when,
                "address": "192.0.2.17",
                "seen_at": None if fresh else when + timedelta(hours=18),
                "seen_by": None if fresh else ACCOUNT[CLINICIAN],
            }
        )

    def _call(self, link: Row, day: date, luck: float, hour: int) -> None:
        """A call about a connection that was still open then, and reached its provider or did not."""
        if day >= self.clock.today or (link["ended_on"] is not None and day >= link["ended_on"]):
            return
        outcome = CallOutcome.spoke if luck < 0.5 else CallOutcome.left_message if luck < 0.8 else CallOutcome.no_answer
        consent = self._covering(link, day)
        if outcome is CallOutcome.spoke and consent is None:
            outcome = CallOutcome.left_message
        at = self.clock.at((day - self.clock.launch).days, hour * 60 + 5)
        self.tables[ProviderCall].append(
            {
                "id": len(self.tables[ProviderCall]) + 1,
                "connection_id": link["id"],
                "at": at,
                "user_id": ACCOUNT[link["staff_id"]],
                "outcome": outcome,
                "note": _SAID[link["id"] % len(_SAID)] if outcome is CallOutcome.spoke else None,
            }
        )
        if outcome is CallOutcome.spoke and consent is not None:
            what = "code, need and appointment, by telephone or in person"
            self._told(link, consent, DisclosureKind.call_or_visit, at, what)

    def _told(self, link: Row, consent: Row, kind: DisclosureKind, at: object, what: str) -> None:
        rows = self.tables[Disclosure]
        provider = next(p for p in self.rows[Provider] if p["id"] == link["provider_id"])
        rows.append(
            {
                "id": 1 + (rows[-1]["id"] if rows else 0),
                "at": at,
                "person_id": link["person_id"],
                "consent_id": consent["id"],
                "kind": kind,
                "recipient": provider["name"],
                "what": what,
                "connection_id": link["id"],
                "user_id": ACCOUNT[link["staff_id"]],
            }
        )

    def _notes(self) -> None:
        providers = [p["id"] for p in self.rows[Provider]]
        for number, words in enumerate(_LEARNED, start=1):
            day = self.random.randint(20, 280)
            self.tables[ProviderNote].append(
                {
                    "id": number,
                    "provider_id": self.random.choice(providers),
                    "at": self.clock.at(day, 16 * 60),
                    "user_id": ACCOUNT[CLINICIAN],
                    "text": words,
                }
            )
