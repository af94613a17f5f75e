"""What the officer learns of referrals of their own: received, reviewed, and more only under a consent.

Whether there is a consent is itself no officer's business: the decision is made here, over all rows, and
only the answer leaves. Each status that is shown stands in the accounting of disclosures, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, selectinload

from db.access import Permission, Viewer
from db.commands.base import write
from db.consents import covering, disclose
from db.engine import aggregate_session
from db.errors import Conflict
from db.models import Consent, Referral, StatusShown, User
from db.vocab import ReferralStatus, Scope
from db.vocab.care import ConsentPurpose, ConsentScope, DisclosureKind
from db.vocab.desk import ShownStatus


@dataclass(frozen=True, slots=True)
class Sent:
    """What an officer may know of a referral of their own. ``told`` is empty without a consent."""

    received_at: datetime
    incident_number: str | None
    reviewed: bool
    told: tuple[ShownStatus, ...] = ()


_Owed = tuple[Referral, Consent, ShownStatus]


def sent_by(bind: Engine, viewer: Viewer, limit: int = 20) -> list[Sent]:
    """The viewer's own referrals, newest first, with what they may know of each; accounted for before it is shown.

    A consent that is revoked, over or not yet begun hides *contacted* and *closed* again.
    """
    viewer.must(Permission.refer)
    with aggregate_session(bind) as session:
        rows, owed = _told(session, viewer, limit)
        if any(not _stands(session, *one) for one in owed):
            try:
                _account(session, viewer, owed)
            except Conflict:  # another screen of the same officer was faster
                session.expire_all()
            rows, owed = _told(session, viewer, limit)
        told: dict[int, list[ShownStatus]] = {}
        for referral, consent, status in owed:
            if _stands(session, referral, consent, status):
                told.setdefault(referral.id, []).append(status)
    return [
        Sent(row.received_at, row.incident_number, row.decided_at is not None, tuple(told.get(row.id, ())))
        for row in rows
    ]


def _told(session: Session, viewer: Viewer, limit: int) -> tuple[Sequence[Referral], list[_Owed]]:
    rows = session.scalars(
        select(Referral)
        .where(Referral.referred_by == viewer.user_id, Referral.referred_by.is_not(None))
        .order_by(Referral.received_at.desc(), Referral.id.desc())
        .limit(limit)
        .options(selectinload(Referral.attempts))
        .execution_options(populate_existing=True)
    ).all()
    found: list[_Owed] = []
    for row in rows:
        statuses = _statuses(row)
        if not statuses or row.person_id is None:
            continue
        consent = covering(
            session,
            row.person_id,
            ConsentPurpose.tell_referrer,
            viewer.today,
            viewer.now,
            needs=ConsentScope.status_only,
            user_id=viewer.user_id,
        )
        if consent is not None:
            found += [(row, consent, status) for status in statuses]
    return rows, found


def _statuses(row: Referral) -> list[ShownStatus]:
    contacted = any(attempt.reached for attempt in row.attempts)
    closed = row.status is ReferralStatus.closed
    return [ShownStatus.contacted] * contacted + [ShownStatus.closed] * closed


def _stands(session: Session, referral: Referral, consent: Consent, status: ShownStatus) -> bool:
    return session.get(StatusShown, (referral.id, consent.id, status)) is not None


def _account(session: Session, viewer: Viewer, owed: Sequence[_Owed]) -> None:
    """Write what is about to be shown into the accounting list, each status of a referral once a consent."""
    keys = [(referral.id, consent.id, status) for referral, consent, status in owed]
    with write(session, viewer, Permission.refer, "show status", Scope.work) as note:
        officer = session.get(User, viewer.user_id)
        shown = []
        for referral_id, consent_id, status in keys:
            consent = session.get(Consent, consent_id, with_for_update=True, populate_existing=True)
            if consent is None or session.get(StatusShown, (referral_id, consent_id, status)) is not None:
                continue
            if consent.revoked_at is not None and consent.revoked_at <= viewer.now:
                continue  # revoked since it was read
            line = disclose(
                session,
                consent,
                DisclosureKind.referrer_status,
                officer.name if officer else viewer.name,
                f"Referral {referral_id}: status “{status.value}”",
                viewer.now,
                user_id=viewer.user_id,
            )
            session.add(
                StatusShown(referral_id=referral_id, consent_id=consent_id, status=status, disclosure_id=line.id)
            )
            session.flush()
            shown.append(f"referral {referral_id} {status.value}")
        note.subject, note.detail = f"{len(shown)} statuses", {"shown": shown}
