"""Around a person: corrections of their data, safety alerts, the household. Every change keeps what stood there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.commands.people import age_band, insert_person
from db.errors import Conflict, Invalid, NotFound
from db.forms import Now, day
from db.forms.people import AlertForm, MemberForm, ProfileForm
from db.models import (
    Household,
    HouseholdMember,
    Identity,
    Person,
    PersonChange,
    PersonNeed,
    PersonProfile,
    Referral,
    ReferralDetail,
    SafetyAlert,
    User,
)
from db.vocab import AgeBand, Language, LanguageMet, Need, RaceEthnicity, ReferralStatus, Scope, Sex, label
from db.vocab.family import HouseholdRole

IDENTITY = ("name", "alias", "born_on", "phone", "address")
GROUPS = ("age_band", "sex", "race_ethnicity", "language", "language_met")
TITLES: Mapping[str, str] = {
    "name": "Name",
    "alias": "Alias",
    "born_on": "Birth date",
    "phone": "Phone",
    "address": "Address",
    "age_band": "Age band",
    "sex": "Sex",
    "race_ethnicity": "Race or ethnicity",
    "language": "Language",
    "language_met": "Language need",
    "supports": "Existing supports",
    "gaps": "Gaps",
    "needs": "Needs",
    "household": "Household",
    "episode": "Episode",
    "alert": "Safety alert",
}
"""Fields of the record, as a history of corrections names them."""
_WORDS: Mapping[str, type[StrEnum]] = {
    "age_band": AgeBand,
    "sex": Sex,
    "race_ethnicity": RaceEthnicity,
    "language": Language,
    "language_met": LanguageMet,
    "needs": Need,
}


@dataclass(frozen=True, slots=True)
class Dossier:
    """What stands in a person's record now, field by field, as text; ``seen`` is the last correction."""

    person: Person
    values: Mapping[str, str | None]
    seen: int


def dossier(session: Session, person_id: int) -> Dossier:
    """The record of a person. Raises NotFound where there is none for this viewer."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(f"There is no person {person_id} here. Go back to the list and open it again.")
    return Dossier(person, _values(session, person), seen_at(session, person_id))


def seen_at(session: Session, person_id: int, at: datetime | None = None) -> int:
    """The last correction there is; with ``at`` the last that stood there then, which a form opened then had seen."""
    last = select(func.max(PersonChange.id)).where(PersonChange.person_id == person_id)
    if at is not None:
        last = last.where(PersonChange.at <= at)
    return session.scalar(last) or 0


def _values(session: Session, person: Person) -> dict[str, str | None]:
    identity = session.get(Identity, person.id)
    profile = session.get(PersonProfile, person.id)
    needs = session.scalars(select(PersonNeed.need).where(PersonNeed.person_id == person.id)).all()
    values: dict[str, str | None] = {name: getattr(identity, name) if identity else None for name in IDENTITY}
    for name in GROUPS:
        member = getattr(person, name)
        values[name] = member.value if member is not None else None
    for name in ("supports", "gaps"):
        values[name] = getattr(profile, name) if profile else None
    values["needs"] = _needs(needs)
    return values


def _needs(needs: Iterable[Need]) -> str | None:
    return ",".join(need.value for need in sorted(needs)) or None


def in_words(name: str, value: str | None) -> str:
    """A stored value as people read it: “Spanish”, “3 May 1987”, “nothing”."""
    if not value:
        return "nothing"
    if name in _WORDS:
        return ", ".join(label(_WORDS[name](part)) for part in value.split(","))
    return day(date.fromisoformat(value)) if name == "born_on" else value


def edit_person(session: Session, viewer: Viewer, person_id: int, form: ProfileForm) -> Saved:
    """Correct what the desk keeps about a person: every changed field with what stood there, who and when.

    Raises Invalid, with both versions, where somebody else saved another value since the form was opened.
    """
    with write(session, viewer, Permission.log_work, "edit person", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        if form.born_on:
            form = form.model_copy(update={"age_band": age_band(form.born_on, now.today)})
        person = hold(session, Person, person_id, "person")
        old, new = _values(session, person), _wanted(form)
        changed = [name for name in new if new[name] != old[name]]
        _not_stale(session, person, form, now, new, changed)
        for name in changed:
            record(session, viewer, person.id, name, old[name], new[name])
        _store(session, person, form)
        note.subject, note.detail = f"person {person.code}", {"fields": ", ".join(changed)}
    return Saved(person.id)


def _wanted(form: ProfileForm) -> dict[str, str | None]:
    values: dict[str, Any] = {name: getattr(form, name) for name in (*IDENTITY, *GROUPS, "supports", "gaps")}
    values["needs"] = _needs(form.needs)
    return {
        name: v.isoformat() if isinstance(v, date) else v.value if isinstance(v, StrEnum) else v
        for name, v in values.items()
    }


def _not_stale(
    session: Session,
    person: Person,
    form: ProfileForm,
    now: Now,
    new: Mapping[str, str | None],
    changed: Sequence[str],
) -> None:
    since = session.execute(
        select(PersonChange, User.name)
        .outerjoin(User, User.id == PersonChange.by)
        .where(
            PersonChange.person_id == person.id, PersonChange.id > form.seen, PersonChange.field.in_(changed or [""])
        )
        .order_by(PersonChange.id)
    ).all()
    if not since:
        return
    theirs = {
        row.field: f"{by or 'Somebody'} saved “{in_words(row.field, row.new)}” on {now.local(row.at)}; "
        f"you have “{in_words(row.field, new[row.field])}”. Save again to keep yours, or change it."
        for row, by in since
    }
    raise Stale(theirs, max(row.id for row, _ in since))


class Stale(Invalid):
    """Somebody else saved meanwhile. ``seen``: the correction the next save may replace."""

    def __init__(self, errors: dict[str, str], seen: int) -> None:
        super().__init__(errors)
        self.seen = seen


def _store(session: Session, person: Person, form: ProfileForm) -> None:
    identity = session.get(Identity, person.id) or Identity(person_id=person.id, name=form.name)
    for name in IDENTITY:
        value = getattr(form, name)
        setattr(identity, name, value.isoformat() if isinstance(value, date) else value)
    session.add(identity)
    for name in GROUPS:
        setattr(person, name, getattr(form, name))
    profile = session.get(PersonProfile, person.id) or PersonProfile(person_id=person.id)
    profile.supports, profile.gaps = form.supports, form.gaps
    session.add(profile)
    there = {row.need: row for row in session.scalars(select(PersonNeed).where(PersonNeed.person_id == person.id))}
    for need in there.keys() - form.needs:
        session.delete(there[need])
    session.add_all(PersonNeed(person_id=person.id, need=need) for need in form.needs - there.keys())
    session.flush()


def record(session: Session, viewer: Viewer, person_id: int, name: str, old: str | None, new: str | None) -> None:
    """One line of the history of a person's record, inside the command's transaction."""
    session.add(PersonChange(at=viewer.now, person_id=person_id, field=name, old=old, new=new, by=viewer.user_id))


# safety alerts


@dataclass(frozen=True, slots=True)
class Shown:
    """A safety alert as it is shown: whose, by whom, until when."""

    id: int
    person_id: int
    code: str
    text: str
    by: str
    created_at: datetime
    expires_on: date
    ended_at: datetime | None


def alerts_of(session: Session, person_id: int, today: date, *, past: bool = False) -> list[Shown]:
    """The alerts of a person and of everybody in their household that hold on ``today``; or those that are over."""
    together = _household_ids(session, person_id)
    whose = {person_id}
    if together and not past:
        members = select(HouseholdMember.person_id).where(HouseholdMember.household_id.in_(together))
        whose |= set(session.scalars(members))
    over = or_(SafetyAlert.expires_on < today, SafetyAlert.ended_at.is_not(None))
    rows = session.execute(
        select(SafetyAlert, Person.code, User.name)
        .join(Person, Person.id == SafetyAlert.person_id)
        .outerjoin(User, User.id == SafetyAlert.created_by)
        .where(SafetyAlert.person_id.in_(whose), over if past else ~over)
        .order_by(SafetyAlert.created_at.desc(), SafetyAlert.id.desc())
    )
    found = [
        Shown(a.id, a.person_id, code, a.text, by or "the desk", a.created_at, a.expires_on, a.ended_at)
        for a, code, by in rows
    ]
    return sorted(found, key=lambda a: a.person_id != person_id)


def told_by_referrers(session: Session, person_id: int) -> list[tuple[datetime, str]]:
    """(received, safety note) of the person's open referrals: what a referrer said, and nobody made an alert of yet."""
    rows = session.execute(
        select(Referral.received_at, ReferralDetail.safety_note)
        .join(ReferralDetail, ReferralDetail.referral_id == Referral.id)
        .where(Referral.person_id == person_id, Referral.status.in_((ReferralStatus.new, ReferralStatus.accepted)))
        .order_by(Referral.received_at.desc())
    )
    kept = {
        text.strip().casefold()
        for text in session.scalars(select(SafetyAlert.text).where(SafetyAlert.person_id == person_id))
    }
    return [(at, note) for at, note in rows if note and note.strip().casefold() not in kept]


def add_alert(session: Session, viewer: Viewer, person_id: int, form: AlertForm) -> Saved:
    """Warn whoever goes to this person, until a day."""
    with write(session, viewer, Permission.log_work, "add safety alert", Scope.work) as note:
        form.check(now_of(session, viewer))
        person = hold(session, Person, person_id, "person")
        row = SafetyAlert(person_id=person.id, created_at=viewer.now, created_by=viewer.user_id, **form.model_dump())
        session.add(row)
        session.flush()
        note.subject, note.detail = f"person {person.code}", {"alert": row.id, "until": str(row.expires_on)}
    return Saved(row.id)


def renew_alert(session: Session, viewer: Viewer, alert_id: int, expires_on: date) -> Saved:
    """Show an alert longer: somebody looked, and it still holds."""
    with write(session, viewer, Permission.log_work, "renew safety alert", Scope.work) as note:
        row = _running(session, alert_id)
        AlertForm(text=row.text, expires_on=expires_on).check(now_of(session, viewer))
        record(session, viewer, row.person_id, "alert", f"until {day(row.expires_on)}", f"until {day(expires_on)}")
        row.expires_on = expires_on
        note.subject, note.detail = f"alert {row.id}", {"until": str(expires_on)}
    return Saved(row.id)


def end_alert(session: Session, viewer: Viewer, alert_id: int) -> Saved:
    """The danger is over: the alert is not shown any more, and stays in the record."""
    with write(session, viewer, Permission.log_work, "end safety alert", Scope.work) as note:
        row = _running(session, alert_id)
        row.ended_at, row.ended_by = max(viewer.now, row.created_at), viewer.user_id
        record(session, viewer, row.person_id, "alert", row.text, "ended")
        note.subject = f"alert {row.id}"
    return Saved(row.id)


def _running(session: Session, alert_id: int) -> SafetyAlert:
    row = hold(session, SafetyAlert, alert_id, "safety alert")
    if row.ended_at is not None:
        raise Conflict("This alert was ended already. Reload the page.")
    return row


# the household


@dataclass(frozen=True, slots=True)
class Member:
    household_id: int
    person_id: int
    code: str
    name: str
    roles: tuple[HouseholdRole, ...]


def household_of(session: Session, person_id: int) -> list[Member]:
    """Everybody who lives with a person, the person first; empty for somebody of whom that is not known."""
    rows = session.execute(
        select(HouseholdMember, Person.code, Identity.name)
        .join(Person, Person.id == HouseholdMember.person_id)
        .outerjoin(Identity, Identity.person_id == Person.id)
        .where(HouseholdMember.household_id.in_(_household_ids(session, person_id)))
        .order_by(HouseholdMember.id)
    )
    found: dict[tuple[int, int], Member] = {}
    for row, code, name in rows:
        key = (row.household_id, row.person_id)
        roles = (*(found[key].roles if key in found else ()), *([row.role] if row.role else []))
        found[key] = Member(row.household_id, row.person_id, code, name or "Name unknown", roles)
    return sorted(found.values(), key=lambda m: (m.household_id, m.person_id != person_id))


def add_member(session: Session, viewer: Viewer, form: MemberForm) -> Saved:
    """Somebody known or new lives with a person; the household begins with the two. Returns the added person's id."""
    with write(session, viewer, Permission.log_work, "add household member", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        if form.new_person is not None:
            member = insert_person(session, viewer, form.new_person, now, field="new_person.name")
            person = hold(session, Person, form.person_id, "person")
        else:
            ids = sorted({form.person_id, form.member_id or 0})  # always in this order: two at once cannot lock up
            rows = {key: hold(session, Person, key, "person") for key in ids}
            person, member = rows[form.person_id], rows[form.member_id or 0]
        household = _household(session, viewer, form, person)
        if member.id in {m.person_id for m in household_of(session, person.id) if m.household_id == household}:
            raise Invalid({"person_id": f"{member.code} is in this household already. Change the roles there."})
        _enter(session, viewer, household, member.id, form.roles)
        told = _told(form.roles)
        record(session, viewer, person.id, "household", None, f"{member.code}{told}")
        record(session, viewer, member.id, "household", None, f"with {person.code}{told}")
        note.subject, note.detail = f"person {person.code}", {"member": member.code}
    return Saved(member.id)


def set_roles(
    session: Session, viewer: Viewer, household_id: int, person_id: int, roles: frozenset[HouseholdRole]
) -> Saved:
    """What somebody is in the household, anew."""
    with write(session, viewer, Permission.log_work, "set household roles", Scope.work) as note:
        person = hold(session, Person, person_id, "person")
        old = _leave(session, household_id, person)
        _enter(session, viewer, household_id, person.id, roles)
        record(session, viewer, person.id, "household", _told(old, "") or None, _told(roles, "") or None)
        note.subject, note.detail = f"person {person.code}", {"roles": ", ".join(sorted(roles))}
    return Saved(person.id)


def leave_household(session: Session, viewer: Viewer, household_id: int, person_id: int) -> Saved:
    """Somebody does not live there any more. The history of the record says so."""
    with write(session, viewer, Permission.log_work, "leave household", Scope.work) as note:
        person = hold(session, Person, person_id, "person")
        others = [m.code for m in household_of(session, person_id) if m.person_id != person_id]
        old = _leave(session, household_id, person)
        record(session, viewer, person.id, "household", f"with {', '.join(others)}{_told(old)}", "left")
        note.subject = f"person {person.code}"
    return Saved(person.id)


def _household_ids(session: Session, person_id: int) -> Sequence[int]:
    return session.scalars(
        select(HouseholdMember.household_id)
        .where(HouseholdMember.person_id == person_id)
        .distinct()
        .order_by(HouseholdMember.household_id)
    ).all()


def _household(session: Session, viewer: Viewer, form: MemberForm, person: Person) -> int:
    if there := _household_ids(session, person.id):
        return there[0]
    household = Household(created_at=viewer.now, created_by=viewer.user_id)
    session.add(household)
    session.flush()
    _enter(session, viewer, household.id, person.id, form.own_roles)
    return household.id


def _enter(session: Session, viewer: Viewer, household: int, person_id: int, roles: Iterable[HouseholdRole]) -> None:
    for role in sorted(roles) or [None]:
        session.add(
            HouseholdMember(
                household_id=household,
                person_id=person_id,
                role=role,
                created_at=viewer.now,
                created_by=viewer.user_id,
            )
        )
    session.flush()


def _leave(session: Session, household_id: int, person: Person) -> list[HouseholdRole]:
    mine = (HouseholdMember.household_id == household_id, HouseholdMember.person_id == person.id)
    rows = session.scalars(select(HouseholdMember).where(*mine)).all()
    if not rows:
        raise Conflict(f"{person.code} does not live in that household any more. Reload the page.")
    for row in rows:
        session.delete(row)
    session.flush()
    return [row.role for row in rows if row.role is not None]


def _told(roles: Iterable[HouseholdRole], before: str = ", ") -> str:
    words = ", ".join(label(role).lower() for role in sorted(roles))
    return f"{before}{words}" if words else ""
