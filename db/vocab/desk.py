"""The desk's own lists: follow-ups, calls nobody took up, how a referral ended, notices."""

from enum import StrEnum


class CallReason(StrEnum):
    """Why an eligible call has no follow-up (measures.md, section 4, ``eligible_served``)."""

    off_shift = "off_shift"  # derived from the roster: nobody may claim it of a call that came during a shift
    busy = "busy"
    unsafe = "unsafe"
    not_asked = "not_asked"
    not_found = "not_found"
    served_elsewhere = "served_elsewhere"
    no_need = "no_need"


TAPPED_REASONS = tuple(reason for reason in CallReason if reason is not CallReason.off_shift)
"""What a person may answer by hand."""


class NoCallReason(StrEnum):
    """Why no loaded call belongs to a referral or an intervention that ought to have one."""

    no_call = "no_call"
    other_agency = "other_agency"
    left_out = "left_out"
    not_found = "not_found"


class ReferralEnd(StrEnum):
    """Why an accepted referral is closed."""

    helped = "helped"
    not_reached = "not_reached"
    refused = "refused"
    served_elsewhere = "served_elsewhere"
    moved = "moved"
    duplicate = "duplicate"
    other = "other"


class FollowUpEnd(StrEnum):
    """How a follow-up ended by hand; one that was met by a contact has none of these."""

    done = "done"
    not_needed = "not_needed"


class ShownStatus(StrEnum):
    """What the referring officer may be told under a consent, beyond received and reviewed."""

    contacted = "contacted"
    closed = "closed"


class NoticeKind(StrEnum):
    digest = "digest"
    urgent = "urgent"
    trial = "trial"


class NoticeState(StrEnum):
    waiting = "waiting"
    sent = "sent"
    failed = "failed"
