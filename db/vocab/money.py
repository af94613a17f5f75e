"""Closed vocabularies of awards, payees and transfers (measures.md, section 6)."""

from enum import StrEnum


class AwardKind(StrEnum):
    """How the money is obligated, in the Treasury's words."""

    contract = "contract"
    subaward = "subaward"
    direct_payment = "direct_payment"


class PayeeKind(StrEnum):
    subrecipient = "subrecipient"
    contractor = "contractor"
    beneficiary = "beneficiary"


class TransferDecision(StrEnum):
    approved = "approved"
    declined = "declined"


class FundingKind(StrEnum):
    """Who might pay for the years after the pilot."""

    operating = "operating"
    state = "state"
    federal = "federal"
    other = "other"
