"""Consents and disclosures: the words of 42 CFR Part 2 that the desk's forms offer."""

from enum import StrEnum


class ConsentPurpose(StrEnum):
    """What the person agreed to. One consent is one purpose."""

    referral_to_provider = "referral_to_provider"
    tell_referrer = "tell_referrer"  # the referring officer may learn "contacted" and "closed"
    coordinate_care = "coordinate_care"
    family_involvement = "family_involvement"
    other = "other"


class Recipient(StrEnum):
    """To whom something may be disclosed."""

    provider = "provider"
    officer = "officer"
    family = "family"
    other = "other"


class ConsentScope(StrEnum):
    """How much may be disclosed: each holds the ones before it."""

    status_only = "status_only"  # that the person was contacted, and that the matter is closed
    referral_facts = "referral_facts"  # code, need, appointment and its outcome
    summary = "summary"  # a summary of the work as well


class ConsentForm(StrEnum):
    signed = "signed"
    verbal = "verbal"


class DisclosureKind(StrEnum):
    """By which way something left the desk."""

    slip = "slip"
    link = "link"
    referrer_status = "referrer_status"
    person_export = "person_export"
    call_or_visit = "call_or_visit"
