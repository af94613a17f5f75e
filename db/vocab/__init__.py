"""One vocabulary: the closed lists that forms offer, CHECKs enforce and legends show, and every public word.

The words themselves stand in ``db/words/*.csv`` (columns ``key,en,es``; rows may be added in any of
the files). An enum member's key is ``EnumName.value``: ``Mode.on_scene``. A sentence template is
looked up by a dotted key and filled with already formatted values: ``text("verdict.falling", "es", low="3 %")``.
"""

import csv
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Literal

Lang = Literal["en", "es"]
LANGUAGES: dict[Lang, str] = {"en": "English", "es": "Español"}


class Role(StrEnum):
    clinician = "clinician"
    social_worker = "social_worker"
    officer = "officer"
    chief = "chief"
    analyst = "analyst"
    council = "council"
    finance = "finance"
    admin = "admin"


class Mode(StrEnum):
    """How an intervention happened (measures.md, section 2)."""

    on_scene = "on_scene"
    in_person = "in_person"
    phone_video = "phone_video"
    office = "office"
    consultation = "consultation"
    family = "family"
    outreach = "outreach"


DIRECT_MODES = (Mode.on_scene, Mode.in_person, Mode.phone_video, Mode.office)
"""A direct contact is one of these with an outcome other than ``no_contact``."""

PERSONAL_MODES = (*DIRECT_MODES, Mode.family)
"""Modes that need a person; a consultation may have one, outreach to a provider has none."""


class Purpose(StrEnum):
    crisis = "crisis"
    follow_up = "follow_up"
    assessment = "assessment"
    navigation = "navigation"  # finding resources
    handover = "handover"  # warm handover, accompanying to an appointment
    advocacy = "advocacy"
    family_support = "family_support"
    consultation = "consultation"
    relationship = "relationship"  # building connections with providers
    other = "other"


class WorkKind(StrEnum):
    """The kinds of hours of ``work_hours``."""

    direct = "direct"
    finding_resources = "finding_resources"
    outreach = "outreach"
    other = "other"


def work_kind(mode: Mode, purpose: Purpose) -> WorkKind:
    """Which kind of hours an intervention's minutes are. Exactly one; purpose *navigation* comes first."""
    if purpose is Purpose.navigation:
        return WorkKind.finding_resources
    if mode in PERSONAL_MODES:
        return WorkKind.direct
    return WorkKind.outreach if mode is Mode.outreach else WorkKind.other


class Outcome(StrEnum):
    reached = "reached"
    engaged = "engaged"  # accepted help or a plan
    declined = "declined"  # was reached and declined
    no_contact = "no_contact"


class Need(StrEnum):
    mental_health = "mental_health"
    substance_use = "substance_use"
    housing = "housing"
    basic_needs = "basic_needs"
    medical = "medical"
    benefits = "benefits"
    legal = "legal"
    domestic_violence = "domestic_violence"
    older_adult = "older_adult"
    child_family = "child_family"
    employment = "employment"
    transport = "transport"


class Source(StrEnum):
    officer = "officer"
    dispatch = "dispatch"
    call_review = "call_review"
    self_family = "self_family"
    school = "school"
    hospital = "hospital"
    other = "other"


class Urgency(StrEnum):
    routine = "routine"
    soon = "soon"
    urgent = "urgent"


class ReferralStatus(StrEnum):
    new = "new"
    accepted = "accepted"
    declined = "declined"
    closed = "closed"


class DeclineReason(StrEnum):
    """Why the desk did not accept a referral."""

    duplicate = "duplicate"
    no_behavioural_health_need = "no_behavioural_health_need"
    served_elsewhere = "served_elsewhere"
    outside_city = "outside_city"
    cannot_be_identified = "cannot_be_identified"
    unsafe = "unsafe"
    other = "other"


class AttemptMode(StrEnum):
    in_person = "in_person"
    phone = "phone"
    message = "message"
    through_family = "through_family"


class EpisodeEnd(StrEnum):
    goals_met = "goals_met"
    connected = "connected"
    declined = "declined"
    lost_contact = "lost_contact"
    moved = "moved"
    deceased = "deceased"
    other = "other"


class Step(StrEnum):
    """The connection ladder, in order."""

    offered = "offered"
    accepted = "accepted"
    appointment = "appointment"
    attended = "attended"
    retained = "retained"


class ConnectionEnd(StrEnum):
    declined = "declined"
    could_not_reach = "could_not_reach"
    waitlisted = "waitlisted"
    not_eligible = "not_eligible"
    no_capacity = "no_capacity"
    no_provider = "no_provider"


class Disposition(StrEnum):
    resolved = "resolved"
    voluntary_transport = "voluntary_transport"
    involuntary_examination = "involuntary_examination"
    emergency_department = "emergency_department"
    crisis_centre = "crisis_centre"
    arrest = "arrest"
    summons = "summons"
    declined = "declined"
    gone = "gone"


class AgeBand(StrEnum):
    under_18 = "under_18"
    a18_25 = "a18_25"
    a26_44 = "a26_44"
    a45_64 = "a45_64"
    a65_over = "a65_over"
    unknown = "unknown"


class Sex(StrEnum):
    female = "female"
    male = "male"
    other = "other"
    unknown = "unknown"


class RaceEthnicity(StrEnum):
    """OMB SPD 15 (2024), one combined question; ``several`` stands for more than one answer."""

    american_indian = "american_indian"
    asian = "asian"
    black = "black"
    hispanic = "hispanic"
    middle_eastern = "middle_eastern"
    pacific_islander = "pacific_islander"
    white = "white"
    several = "several"
    unknown = "unknown"


class Language(StrEnum):
    english = "english"
    spanish = "spanish"
    haitian_creole = "haitian_creole"
    portuguese = "portuguese"
    other = "other"
    unknown = "unknown"


class LanguageMet(StrEnum):
    staff = "staff"
    interpreter = "interpreter"
    unmet = "unmet"
    not_needed = "not_needed"


class ProviderKind(StrEnum):
    mental_health = "mental_health"
    substance_use = "substance_use"
    crisis = "crisis"
    hospital = "hospital"
    shelter = "shelter"
    food = "food"
    health_centre = "health_centre"
    legal_aid = "legal_aid"
    victim_services = "victim_services"
    aging = "aging"
    family = "family"
    benefits = "benefits"
    employment = "employment"
    transport = "transport"


class TallyStatus(StrEnum):
    draft = "draft"
    certified = "certified"
    accepted = "accepted"


class TallyItem(StrEnum):
    """What a weekly tally reports (measures.md, section 3), in the order of the form."""

    referrals_received = "referrals_received"
    referrals_accepted = "referrals_accepted"
    on_scene = "on_scene"
    in_person = "in_person"
    phone_video = "phone_video"
    office = "office"
    consultation = "consultation"
    outreach = "outreach"
    family_contacts = "family_contacts"
    connections_made = "connections_made"
    connections_attended = "connections_attended"
    hours_direct = "hours_direct"
    hours_finding_resources = "hours_finding_resources"
    hours_outreach = "hours_outreach"
    hours_other = "hours_other"
    people_seen = "people_seen"
    people_first_seen = "people_first_seen"


PEOPLE_ITEMS = (TallyItem.people_seen, TallyItem.people_first_seen)
"""A check on the log only: unduplicated people never come from tallies."""

HOUR_ITEMS = (
    TallyItem.hours_direct,
    TallyItem.hours_finding_resources,
    TallyItem.hours_outreach,
    TallyItem.hours_other,
)
"""Reported in hours with up to two decimals; all other items are whole counts."""


class CallCategory(StrEnum):
    """What a call rule makes of a call type."""

    behavioural_health = "behavioural_health"
    control = "control"  # the comparison series of the effect
    excluded = "excluded"  # no call for service of a subject: test, administrative, traffic stop


class RuleKind(StrEnum):
    exact = "exact"  # the whole type, case and spacing folded
    pattern = "pattern"  # a regular expression, searched, case folded


class ImportStatus(StrEnum):
    done = "done"
    taken_back = "taken_back"


class EntryKind(StrEnum):
    obligation = "obligation"
    expenditure = "expenditure"
    adjustment = "adjustment"


class EventKind(StrEnum):
    launch = "launch"
    hire = "hire"
    training = "training"
    holiday = "holiday"
    definition = "definition"
    data = "data"
    other = "other"


class Scope(StrEnum):
    """One change counter each (the ``change`` table): what a write can alter on other screens."""

    work = "work"
    calls = "calls"
    money = "money"
    setup = "setup"
    meetings = "meetings"


@cache
def _words() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {}
    for file in sorted(files("db").joinpath("words").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".csv"):
            continue
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            if row["key"] in words:
                raise ValueError(f"{row['key']!r} stands twice in db/words ({file.name})")
            words[row["key"]] = row
    return words


def keys() -> tuple[str, ...]:
    """Every key of the vocabulary, for tests and translators."""
    return tuple(_words())


def text(key: str, lang: Lang = "en", /, **values: object) -> str:
    """The words of ``key``, its ``{placeholders}`` filled. KeyError for a key nobody wrote.

    “{n:call is|calls are}” is the first where ``n`` is one, else the second.
    """
    words = _words()[key][lang]
    return _COUNTING.vformat(words, (), values) if values else words


def counted(n: int, one: str, many: str) -> str:
    """“1 call is”, “1,001 calls are”: the number with the words that agree with it, in staff-only sentences."""
    return f"{n:,} {one if n == 1 else many}"


class _Counting(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        one, between, many = format_spec.partition("|")
        if between:
            return one if str(value) == "1" else many
        return super().format_field(value, format_spec)


_COUNTING = _Counting()


def label(member: StrEnum, lang: Lang = "en") -> str:
    """A member's plain name, as it stands on forms and in legends."""
    return text(f"{type(member).__name__}.{member.value}", lang)
