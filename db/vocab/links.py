"""The directory and the loop: what a provider may answer through a link, what came of a call to one."""

from enum import StrEnum

from db.vocab import ConnectionEnd, Step


class LinkAnswer(StrEnum):
    """The buttons of the provider's page."""

    appointment = "appointment"
    attended = "attended"
    missed = "missed"  # did not come; the connection stays open and the desk is told
    declined = "declined"
    waitlisted = "waitlisted"
    not_eligible = "not_eligible"
    no_capacity = "no_capacity"


ANSWERED_STEP = {LinkAnswer.appointment: Step.appointment, LinkAnswer.attended: Step.attended}
ANSWERED_END = {
    LinkAnswer.declined: ConnectionEnd.declined,
    LinkAnswer.waitlisted: ConnectionEnd.waitlisted,
    LinkAnswer.not_eligible: ConnectionEnd.not_eligible,
    LinkAnswer.no_capacity: ConnectionEnd.no_capacity,
}


class CallOutcome(StrEnum):
    """What came of a call or visit to a provider about a connection."""

    spoke = "spoke"
    left_message = "left_message"
    no_answer = "no_answer"


class OpenWhen(StrEnum):
    """When a provider has to be open, for the directory's filter."""

    now = "now"
    evening = "evening"
    weekend = "weekend"
