"""Tables, by subject. Importing this package registers them all on ``Base.metadata``.

What stands here is what the product uses today. The remaining objects of the design are additions,
none of them changes a column below:

- calls: materialised monthly counts.
- money: Invoice (number unique per payee; ledger entries point to it), transfer, quarter filing.
- admin: Edition, Question.
"""

from db.models.admin import (
    AuditEntry,
    Change,
    EffectPlan,
    Event,
    Grant,
    Pilot,
    Shift,
    SignInAttempt,
    SignInTicket,
    Staff,
    Target,
    User,
    WebSession,
)
from db.models.base import Base
from db.models.call_counts import CallCounts, CallDay, CallRepeat
from db.models.call_loads import CallChange, CallReviewAside
from db.models.call_rules import CallRuleChange, CallTypeSpan
from db.models.calls import Call, CallGap, CallRule, CallType, CallUnit, Import, ImportRefusal, Location, Mapping
from db.models.care import Consent, Disclosure
from db.models.desk import CallMatch, CallReview, FollowUp, Notice, NoticeChoice, ReferralClosing, StatusShown
from db.models.directory import ProviderCall, ProviderNote, ProviderReport, ProviderToken
from db.models.drafts import Draft, InterventionRevision
from db.models.family import (
    CallLink,
    Household,
    HouseholdMember,
    Merge,
    NotTwice,
    PersonChange,
    PersonNeed,
    PersonProfile,
    SafetyAlert,
)
from db.models.money import BudgetLine, LedgerEntry, MonthClose, PlanMonth
from db.models.people import Identity, Person
from db.models.tallies import (
    AmendmentRequest,
    AmendmentRequestLine,
    TallyAcceptance,
    TallyAmendment,
    TallyComment,
)
from db.models.work import (
    Attempt,
    Connection,
    ConnectionStep,
    Episode,
    Intervention,
    InterventionNeed,
    InterventionNote,
    Provider,
    ProviderService,
    Referral,
    ReferralDetail,
    ReferralNeed,
    Tally,
    TallyValue,
)

__all__ = [
    "AmendmentRequest",
    "AmendmentRequestLine",
    "Attempt",
    "AuditEntry",
    "Base",
    "BudgetLine",
    "Call",
    "CallChange",
    "CallCounts",
    "CallDay",
    "CallGap",
    "CallLink",
    "CallMatch",
    "CallRepeat",
    "CallReview",
    "CallReviewAside",
    "CallRule",
    "CallRuleChange",
    "CallType",
    "CallTypeSpan",
    "CallUnit",
    "Change",
    "Connection",
    "ConnectionStep",
    "Consent",
    "Disclosure",
    "Draft",
    "EffectPlan",
    "Episode",
    "Event",
    "FollowUp",
    "Grant",
    "Household",
    "HouseholdMember",
    "Identity",
    "Import",
    "ImportRefusal",
    "Intervention",
    "InterventionNeed",
    "InterventionNote",
    "InterventionRevision",
    "LedgerEntry",
    "Location",
    "Mapping",
    "Merge",
    "MonthClose",
    "NotTwice",
    "Notice",
    "NoticeChoice",
    "Person",
    "PersonChange",
    "PersonNeed",
    "PersonProfile",
    "Pilot",
    "PlanMonth",
    "Provider",
    "ProviderCall",
    "ProviderNote",
    "ProviderReport",
    "ProviderService",
    "ProviderToken",
    "Referral",
    "ReferralClosing",
    "ReferralDetail",
    "ReferralNeed",
    "SafetyAlert",
    "Shift",
    "SignInAttempt",
    "SignInTicket",
    "Staff",
    "StatusShown",
    "Tally",
    "TallyAcceptance",
    "TallyAmendment",
    "TallyComment",
    "TallyValue",
    "Target",
    "User",
    "WebSession",
]
