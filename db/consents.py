"""Is there a consent that covers this disclosure? One place for every way something leaves the desk."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from db.models import Consent, Disclosure
from db.vocab.care import ConsentPurpose, ConsentScope, DisclosureKind, Recipient

_DEPTH = tuple(ConsentScope)

REDISCLOSURE_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
"""The short form of the notice that accompanies each disclosure (42 CFR 2.32(a)(2))."""


def in_force(on: date, at: datetime) -> ColumnElement[bool]:
    """The criterion of consents that cover something on the local day ``on``, at the moment ``at``."""
    return and_(
        Consent.starts_on <= on,
        or_(Consent.until.is_(None), Consent.until >= on),
        or_(Consent.revoked_at.is_(None), Consent.revoked_at > at),
    )


def covering(
    session: Session,
    person_id: int,
    purpose: ConsentPurpose,
    on: date,
    at: datetime,
    *,
    needs: ConsentScope = ConsentScope.referral_facts,
    provider_id: int | None = None,
    user_id: int | None = None,
) -> Consent | None:
    """The consent under which ``needs`` may be disclosed for ``purpose``, newest first; None where there is none.

    With ``provider_id`` (or ``user_id``, an officer) one that names somebody else does not cover; one that
    names nobody covers all of that kind.
    """
    kind = Recipient.provider if provider_id is not None else Recipient.officer if user_id is not None else None
    query = (
        select(Consent)
        .where(Consent.person_id == person_id, Consent.purpose == purpose, in_force(on, at))
        .order_by(Consent.starts_on.desc(), Consent.id.desc())
    )
    if kind is not None:
        query = query.where(
            Consent.recipient_kind == kind,
            or_(Consent.provider_id.is_(None), Consent.provider_id == provider_id),
            or_(Consent.user_id.is_(None), Consent.user_id == user_id),
        )
    deep = (c for c in session.scalars(query) if _DEPTH.index(c.scope) >= _DEPTH.index(needs))
    return next(deep, None)


def disclose(
    session: Session,
    consent: Consent,
    kind: DisclosureKind,
    recipient: str,
    what: str,
    at: datetime,
    *,
    user_id: int | None = None,
    connection_id: int | None = None,
) -> Disclosure:
    """Add the line of the accounting list, inside the command's transaction."""
    row = Disclosure(
        at=at,
        person_id=consent.person_id,
        consent_id=consent.id,
        kind=kind,
        recipient=recipient,
        what=what,
        user_id=user_id,
        connection_id=connection_id,
    )
    session.add(row)
    session.flush()
    return row
