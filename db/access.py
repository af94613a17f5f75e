"""Who may do what, and who may see which rows. A role is one row in ``ROLES``.

Two ways to read: a **record** session adds the viewer's criteria to every ORM select, and without a
viewer shows no row of a protected table at all; an **aggregate** session sees all rows and is opened
by ``dashboard.measures.compute`` alone, which lets out only what has passed disclosure control.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, false, true

from db.errors import Forbidden
from db.models import (
    AmendmentRequest,
    AmendmentRequestLine,
    Attempt,
    AuditEntry,
    BudgetChange,
    Call,
    CallLink,
    CallMatch,
    CallReview,
    CallReviewAside,
    CallUnit,
    Connection,
    ConnectionStep,
    Consent,
    Contract,
    Disclosure,
    Draft,
    Edition,
    EditionLink,
    Episode,
    FollowUp,
    Household,
    HouseholdMember,
    Identity,
    Intervention,
    InterventionNeed,
    InterventionNote,
    InterventionRevision,
    Invoice,
    InvoicePart,
    LedgerEntry,
    LineTransfer,
    Merge,
    NotTwice,
    Payee,
    PeerEdition,
    Person,
    PersonChange,
    PersonNeed,
    PersonProfile,
    ProviderCall,
    ProviderNote,
    ProviderReport,
    ProviderToken,
    QuarterFiling,
    Question,
    Referral,
    ReferralClosing,
    ReferralDetail,
    ReferralNeed,
    ReportField,
    SafetyAlert,
    Scenario,
    Statement,
    StatementMapping,
    StatementRow,
    StatusShown,
    Tally,
    TallyAcceptance,
    TallyAmendment,
    TallyComment,
    TallyValue,
)
from db.vocab import Role


class Permission(StrEnum):
    """What a command, a page or a measure asks for."""

    see_people = "see_people"
    log_work = "log_work"
    refer = "refer"
    answer_link = "answer_link"  # who holds a provider's link; no role has it
    certify_tally = "certify_tally"
    accept_tally = "accept_tally"
    see_tallies = "see_tallies"
    see_figures = "see_figures"  # aggregates of the desk's work, internal audience
    see_overview = "see_overview"  # all other aggregates, internal audience
    see_public = "see_public"  # aggregates, public audience
    see_calls = "see_calls"
    import_calls = "import_calls"
    see_money = "see_money"
    write_money = "write_money"
    approve_transfers = "approve_transfers"
    see_lines = "see_lines"  # totals by budget line; the desk without those that pay people, unless allowed
    write_scenarios = "write_scenarios"  # what the year after the pilot might cost: the chief's and finance's to try
    present = "present"  # open an approved edition, take down what is asked
    prepare_meeting = "prepare_meeting"
    approve_meeting = "approve_meeting"
    open_link = "open_link"  # who holds a link to one edition; no role has it
    manage_users = "manage_users"
    manage_setup = "manage_setup"
    see_audit = "see_audit"


P = Permission
_DESK = frozenset(
    {P.see_people, P.log_work, P.refer, P.certify_tally, P.see_tallies, P.see_figures, P.see_public, P.see_lines}
)

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.clinician: _DESK,
    Role.social_worker: _DESK,
    Role.officer: frozenset({P.refer}),
    Role.chief: frozenset(
        {
            P.see_figures,
            P.see_overview,
            P.see_public,
            P.see_tallies,
            P.accept_tally,
            P.see_money,
            P.approve_transfers,
            P.write_scenarios,
            P.see_lines,
            P.see_calls,
            P.present,
            P.prepare_meeting,
            P.approve_meeting,
        }
    ),
    Role.analyst: frozenset(
        {
            P.see_figures,
            P.see_overview,
            P.see_public,
            P.see_tallies,
            P.see_calls,
            P.import_calls,
            P.present,
            P.prepare_meeting,
        }
    ),
    Role.council: frozenset({P.see_public, P.present, P.see_lines}),
    Role.finance: frozenset({P.see_money, P.write_money, P.write_scenarios, P.see_lines}),
    Role.admin: frozenset({P.manage_users, P.manage_setup, P.see_audit}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and when. ``now`` is the injected moment (UTC): nothing below reads a clock."""

    name: str
    """What the audit shows: the username, or ``shell:<os user>``."""
    role: Role | None
    permissions: frozenset[Permission]
    now: datetime
    today: date
    """``now`` as a day in the pilot's time zone."""
    user_id: int | None = None
    staff_id: int | None = None
    address: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def must(self, permission: Permission) -> None:
        """Raise :class:`Forbidden` unless permitted."""
        if permission not in self.permissions:
            raise Forbidden(f"Your role does not allow this ({permission.value.replace('_', ' ')}).")


def viewer_for(
    role: Role, *, name: str, now: datetime, today: date, user_id: int | None, staff_id: int | None, address: str = ""
) -> Viewer:
    """A signed-in person's viewer: permissions come from ``ROLES`` and nowhere else."""
    return Viewer(name, role, ROLES[role], now, today, user_id, staff_id, address)


def shell_viewer(os_user: str, *, now: datetime, today: date) -> Viewer:
    """Whoever holds a shell on the server holds the database: all permissions, named in the audit."""
    return Viewer(f"shell:{os_user}", None, frozenset(Permission), now, today)


Criterion = Callable[[Viewer], ColumnElement[bool]]


def _only(*permissions: Permission) -> Criterion:
    """Any one of ``permissions`` opens all rows."""
    return lambda viewer: true() if any(viewer.may(p) for p in permissions) else false()


def _own_referrals(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.may(P.see_people) else Referral.referred_by == viewer.user_id


def _editions(viewer: Viewer) -> ColumnElement[bool]:
    """Who presents sees what was approved; who prepares sees all."""
    if viewer.may(P.prepare_meeting):
        return true()
    return Edition.approved_at.is_not(None) if viewer.may(P.present) else false()


def _own_drafts(viewer: Viewer) -> ColumnElement[bool]:
    return false() if viewer.user_id is None else Draft.user_id == viewer.user_id


ROW_SCOPE: Mapping[type, Criterion] = {
    Person: _only(P.see_people),
    Identity: _only(P.see_people),
    Episode: _only(P.see_people),
    Intervention: _only(P.see_people),
    InterventionNeed: _only(P.see_people),
    InterventionNote: _only(P.see_people),
    InterventionRevision: _only(P.see_people),
    Draft: _own_drafts,
    Connection: _only(P.see_people),
    ConnectionStep: _only(P.see_people),
    Consent: _only(P.see_people),
    Disclosure: _only(P.see_people),
    ProviderToken: _only(P.see_people),
    ProviderReport: _only(P.see_people),
    ProviderCall: _only(P.see_people),
    ProviderNote: _only(P.see_people),
    Attempt: _only(P.see_people),
    CallLink: _only(P.see_people),
    Household: _only(P.see_people),
    HouseholdMember: _only(P.see_people),
    Merge: _only(P.see_people),
    NotTwice: _only(P.see_people),
    PersonChange: _only(P.see_people),
    PersonNeed: _only(P.see_people),
    PersonProfile: _only(P.see_people),
    SafetyAlert: _only(P.see_people),
    Referral: _own_referrals,
    ReferralDetail: _only(P.see_people),
    ReferralNeed: _only(P.see_people),
    Tally: _only(P.see_tallies),
    TallyValue: _only(P.see_tallies),
    TallyAmendment: _only(P.see_tallies),
    AmendmentRequest: _only(P.see_tallies),
    AmendmentRequestLine: _only(P.see_tallies),
    TallyAcceptance: _only(P.see_tallies),
    TallyComment: _only(P.see_tallies),
    FollowUp: _only(P.see_people),
    ReferralClosing: _only(P.see_people),
    StatusShown: _only(P.see_people),
    CallReview: _only(P.see_people),
    CallReviewAside: _only(P.see_people),
    CallMatch: _only(P.see_people),
    Call: _only(P.see_calls, P.see_people),  # the desk reviews calls and links them to people
    CallUnit: _only(P.see_calls),
    LedgerEntry: _only(P.see_money),
    Contract: _only(P.see_money),
    Invoice: _only(P.see_money),
    InvoicePart: _only(P.see_money),
    LineTransfer: _only(P.see_money),
    Payee: _only(P.see_money),
    QuarterFiling: _only(P.see_money),
    ReportField: _only(P.see_money),
    Scenario: _only(P.see_money),
    Statement: _only(P.see_money),
    StatementMapping: _only(P.see_money),
    StatementRow: _only(P.see_money),
    BudgetChange: _only(P.see_money),
    Edition: _editions,
    EditionLink: _only(P.prepare_meeting),
    Question: _only(P.present),
    PeerEdition: _only(P.present),
    AuditEntry: _only(P.see_audit),
}
"""Protected tables. A record session without a viewer sees none of their rows."""
