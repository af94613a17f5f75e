"""Words of the weekly tally: how serious a finding of its checks is, and how an asked-for amendment ended."""

from enum import StrEnum


class Level(StrEnum):
    """How serious a broken rule is, most serious first."""

    must_fix = "must_fix"  # refuses certifying
    check = "check"  # may be right, is worth a look
    note = "note"


class AmendmentStatus(StrEnum):
    """An accepted week is amended only after the chief said yes."""

    asked = "asked"
    approved = "approved"
    refused = "refused"
    withdrawn = "withdrawn"
