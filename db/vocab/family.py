"""The people around a person: roles in a household, and what a line of a timeline is about."""

from enum import StrEnum


class HouseholdRole(StrEnum):
    """What somebody is in a household. One person may be several: a partner, and a victim."""

    parent = "parent"
    partner = "partner"
    child = "child"
    sibling = "sibling"
    grandparent = "grandparent"
    relative = "relative"
    caregiver = "caregiver"
    roommate = "roommate"
    victim = "victim"


class Trace(StrEnum):
    """What a line of a person's timeline is about."""

    contact = "contact"
    referral = "referral"
    connection = "connection"
    call = "call"
    follow_up = "follow_up"
    record = "record"  # episodes, consents, alerts, corrections, merges
