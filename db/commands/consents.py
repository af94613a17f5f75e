"""Consents given and revoked, and what is told under one: each way out of the desk, accounted."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.consents import disclose, in_force
from db.errors import Conflict, Invalid
from db.forms import Now, day
from db.forms.people import ConsentGiven, ToldForm
from db.models import Consent, Disclosure, Person, Provider, User
from db.vocab import Role, Scope, label
from db.vocab.care import ConsentScope, DisclosureKind, Recipient

CONTENTS = {
    ConsentScope.referral_facts: "code, needs, connections and their outcome",
    ConsentScope.summary: "identity, needs, referrals, contacts, connections and episodes",
}
"""What a file of the record holds, by how much may be told."""


@dataclass(frozen=True, slots=True)
class Given:
    """A consent as the desk reads it."""

    row: Consent
    to: str
    in_force: bool
    recorded_by: str
    revoked_by: str


def consents_of(session: Session, viewer: Viewer, person_id: int) -> list[Given]:
    """All consents of a person, those that hold first, then the newest."""
    holds = in_force(viewer.today, viewer.now)
    rows = session.execute(select(Consent, holds).where(Consent.person_id == person_id))
    names = _names(session)
    providers = _providers(session)
    found = [
        Given(
            row,
            _to(row, names, providers),
            holding,
            names.get(row.created_by or 0, "the desk"),
            names.get(row.revoked_by or 0, "the desk"),
        )
        for row, holding in rows
    ]
    return sorted(found, key=lambda g: (not g.in_force, -g.row.starts_on.toordinal(), -g.row.id))


def _names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(User.id, User.name))}


def _providers(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(Provider.id, Provider.name))}


def _to(row: Consent, names: dict[int, str], providers: dict[int, str]) -> str:
    if row.recipient_kind is Recipient.provider:
        return providers.get(row.provider_id, "") if row.provider_id else "Any provider the person is referred to"
    if row.recipient_kind is Recipient.officer:
        return names.get(row.user_id, "") if row.user_id else "Whoever referred the person"
    return row.recipient or label(row.recipient_kind)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the accounting of disclosures."""

    row: Disclosure
    by: str


def disclosures_of(session: Session, person_id: int) -> Sequence[Told]:
    """The accounting of disclosures of a person, newest first."""
    rows = session.execute(
        select(Disclosure, User.name)
        .outerjoin(User, User.id == Disclosure.user_id)
        .where(Disclosure.person_id == person_id)
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
    )
    return [Told(row, by or "a provider's link") for row, by in rows]


def record_consent(session: Session, viewer: Viewer, form: ConsentGiven) -> Saved:
    """Keep what a person agreed to. Raises Invalid for a recipient that is not there, or the same consent twice."""
    with write(session, viewer, Permission.log_work, "record consent", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        person = hold(session, Person, form.person_id, "person")
        _there(session, form)
        _not_twice(session, viewer, form)
        row = Consent(**form.model_dump(), created_at=viewer.now, created_by=viewer.user_id)
        session.add(row)
        session.flush()
        note.subject, note.detail = f"consent {row.id}", {"person": person.code, "purpose": row.purpose.value}
    return Saved(row.id, tuple(form.doubts(now)))


def revoke_consent(session: Session, viewer: Viewer, consent_id: int) -> Saved:
    """From this moment on it covers nothing. What was told before stays in the accounting."""
    with write(session, viewer, Permission.log_work, "revoke consent", Scope.work) as note:
        now = now_of(session, viewer)
        row = hold(session, Consent, consent_id, "consent")
        if row.revoked_at is not None:
            raise Conflict(f"This consent was revoked on {now.local(row.revoked_at)} already. Reload the page.")
        row.revoked_at, row.revoked_by = viewer.now, viewer.user_id
        note.subject, note.detail = f"consent {row.id}", {"purpose": row.purpose.value}
    return Saved(row.id)


def tell(session: Session, viewer: Viewer, form: ToldForm) -> Saved:
    """Account for something told by phone or in person. Raises Conflict where the consent does not hold now."""
    with write(session, viewer, Permission.log_work, "tell under consent", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        consent = _holding(session, viewer, form.consent_id, now)
        row = disclose(
            session,
            consent,
            DisclosureKind.call_or_visit,
            form.recipient,
            form.what,
            viewer.now,
            user_id=viewer.user_id,
        )
        note.subject = f"disclosure {row.id}"
    return Saved(row.id)


def export_person(session: Session, viewer: Viewer, consent_id: int) -> Saved:
    """Account for a file of the person's record made under a consent; the file itself is made from what stands now.

    Raises Conflict where the consent does not hold, or covers no more than that the person was contacted.
    """
    with write(session, viewer, Permission.log_work, "export person", Scope.work) as note:
        now = now_of(session, viewer)
        consent = _holding(session, viewer, consent_id, now)
        what = CONTENTS.get(consent.scope)
        if what is None:
            raise Conflict(
                "This consent covers only that the person was contacted. "
                "A file of the record needs one that covers more."
            )
        to = _to(consent, _names(session), _providers(session))
        row = disclose(session, consent, DisclosureKind.person_export, to, what, viewer.now, user_id=viewer.user_id)
        note.subject, note.detail = f"disclosure {row.id}", {"consent": consent.id}
    return Saved(row.id)


def _holding(session: Session, viewer: Viewer, consent_id: int, now: Now) -> Consent:
    """The consent, if it covers anything at this moment; held, so that nobody revokes it meanwhile."""
    row = hold(session, Consent, consent_id, "consent")
    hold(session, Person, row.person_id, "person")
    if row.revoked_at is not None and row.revoked_at <= viewer.now:
        raise Conflict(f"This consent was revoked on {now.local(row.revoked_at)}: nothing may be told under it.")
    if row.starts_on > viewer.today:
        raise Conflict(f"This consent begins on {day(row.starts_on)}: nothing may be told under it before.")
    if row.until is not None and row.until < viewer.today:
        raise Conflict(f"This consent ended on {day(row.until)}: record a new one first.")
    return row


def _there(session: Session, form: ConsentGiven) -> None:
    if form.provider_id is not None and session.get(Provider, form.provider_id) is None:
        raise Invalid({"provider_id": f"There is no provider {form.provider_id}. Choose one from the list."})
    if form.user_id is not None:
        user = session.get(User, form.user_id)
        if user is None or user.role is not Role.officer:
            raise Invalid({"user_id": "Whoever is named is not an officer here. Choose one from the list."})


def _not_twice(session: Session, viewer: Viewer, form: ConsentGiven) -> None:
    same = ("purpose", "scope", "recipient_kind", "provider_id", "user_id", "recipient", "form", "until")
    running = session.scalars(
        select(Consent).where(Consent.person_id == form.person_id, in_force(viewer.today, viewer.now))
    )
    for row in running:
        if all(getattr(row, name) == getattr(form, name) for name in same):
            raise Invalid({"purpose": f"The same consent is recorded already, from {day(row.starts_on)}."})
