"""Everything that happened with one person, in one list: what a timeline shows, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from db.commands.calllinks import calls_of
from db.commands.care import TITLES, in_words
from db.commands.merge import merges_of
from db.forms import day
from db.models import (
    Attempt,
    Connection,
    Consent,
    Disclosure,
    Episode,
    FollowUp,
    Intervention,
    InterventionNote,
    PersonChange,
    Provider,
    Referral,
    SafetyAlert,
    Staff,
    User,
)
from db.pilot import local_day
from db.vocab import Mode, Step, label
from db.vocab.family import Trace


@dataclass(frozen=True, slots=True)
class Line:
    """One line: on which day (in the pilot's zone), at which moment if known, what, by whom, and more."""

    on: date
    at: datetime | None
    kind: Trace
    icon: str
    what: str
    more: str = ""
    by: str = ""
    note: str = ""
    referral_id: int | None = None


def timeline(session: Session, person_id: int, zone: str) -> list[Line]:
    """All lines of a person, newest first; those without a time of day stand before the others of their day."""
    staff = {row.id: row.name for row in session.execute(select(Staff.id, Staff.name))}
    users = {row.id: row.name for row in session.execute(select(User.id, User.name))}
    lines = [
        *_referrals(session, person_id, zone, staff),
        *_interventions(session, person_id, zone, staff),
        *_connections(session, person_id, staff),
        *_follow_ups(session, person_id, staff),
        *_episodes(session, person_id, staff),
        *_calls(session, person_id, zone),
        *_papers(session, person_id, zone, users),
        *_corrections(session, person_id, zone, users),
    ]
    return sorted(
        lines, key=lambda line: (line.on, line.at is None, line.at.timestamp() if line.at else 0), reverse=True
    )


def _referrals(session: Session, person_id: int, zone: str, staff: dict[int, str]) -> Iterator[Line]:
    rows = session.scalars(
        select(Referral)
        .where(Referral.person_id == person_id)
        .options(selectinload(Referral.needs), selectinload(Referral.attempts))
    )
    for row in rows:
        needs = ", ".join(label(n.need).lower() for n in row.needs)
        number = f"incident {row.incident_number}" if row.incident_number else ""
        yield Line(
            local_day(row.received_at, zone),
            row.received_at,
            Trace.referral,
            "inbox",
            f"Referral from {label(row.source).lower()} ({label(row.status).lower()})",
            " · ".join(part for part in (needs, number) if part),
            referral_id=row.id,
        )
        for attempt in row.attempts:
            if attempt.intervention_id is None:  # else the intervention itself stands here
                yield _attempt(attempt, zone, staff)


def _attempt(row: Attempt, zone: str, staff: dict[int, str]) -> Line:
    return Line(
        local_day(row.at, zone),
        row.at,
        Trace.referral,
        "phone_forwarded",
        f"Attempt: {label(row.mode).lower()}, {'reached' if row.reached else 'not reached'}",
        by=staff.get(row.staff_id, ""),
        referral_id=row.referral_id,
    )


_LADDER = tuple(Step)
_ICONS = {
    Mode.on_scene: "local_police",
    Mode.in_person: "home",
    Mode.phone_video: "call",
    Mode.office: "meeting_room",
    Mode.consultation: "forum",
    Mode.family: "family_restroom",
    Mode.outreach: "handshake",
}


def _interventions(session: Session, person_id: int, zone: str, staff: dict[int, str]) -> Iterator[Line]:
    rows = session.execute(
        select(Intervention, InterventionNote.text)
        .outerjoin(InterventionNote, InterventionNote.intervention_id == Intervention.id)
        .where(Intervention.person_id == person_id, Intervention.voided_at.is_(None))
        .options(selectinload(Intervention.needs))
    )
    for row, note in rows:
        parts = [
            label(row.outcome),
            f"{row.minutes} min",
            ", ".join(label(n.need).lower() for n in row.needs),
            label(row.disposition) if row.disposition else "",
        ]
        yield Line(
            local_day(row.at, zone),
            row.at,
            Trace.contact,
            _ICONS[row.mode],
            f"{label(row.mode)}: {label(row.purpose).lower()}",
            " · ".join(part for part in parts if part),
            staff.get(row.staff_id, ""),
            note or "",
            row.referral_id,
        )


def _connections(session: Session, person_id: int, staff: dict[int, str]) -> Iterator[Line]:
    rows = session.execute(
        select(Connection, Provider.name)
        .outerjoin(Provider, Provider.id == Connection.provider_id)
        .where(Connection.person_id == person_id, Connection.voided_at.is_(None))
        .options(selectinload(Connection.steps))
    )
    for row, provider in rows:
        what, by = label(row.need), staff.get(row.staff_id, "")
        for step in sorted(row.steps, key=lambda s: _LADDER.index(s.step), reverse=True):
            yield Line(
                step.on_date, None, Trace.connection, "link", f"{what}: {label(step.step).lower()}", provider or "", by
            )
        if row.ended_on is not None and row.end_reason is not None:
            end = label(row.end_reason).lower()
            words = f"{what}: service gap, {end}" if row.provider_id is None else f"{what}: closed, {end}"
            yield Line(row.ended_on, None, Trace.connection, "link_off", words, provider or "", by)


def _follow_ups(session: Session, person_id: int, staff: dict[int, str]) -> Iterator[Line]:
    mine = select(Referral.id).where(Referral.person_id == person_id)
    rows = session.scalars(select(FollowUp).where(or_(FollowUp.person_id == person_id, FollowUp.referral_id.in_(mine))))
    for row in rows:
        end = f" ({label(row.end_reason).lower()})" if row.end_reason else ""
        yield Line(
            row.due_on,
            None,
            Trace.follow_up,
            "event",
            f"Follow-up due{end}",
            row.what or "",
            staff.get(row.staff_id, ""),
        )


def _episodes(session: Session, person_id: int, staff: dict[int, str]) -> Iterator[Line]:
    for row in session.scalars(select(Episode).where(Episode.person_id == person_id)):
        yield Line(row.opened_on, None, Trace.record, "play_circle", "Episode opened", by=staff.get(row.staff_id, ""))
        if row.closed_on is not None and row.close_reason is not None:
            yield Line(
                row.closed_on, None, Trace.record, "stop_circle", f"Episode closed: {label(row.close_reason).lower()}"
            )


def _calls(session: Session, person_id: int, zone: str) -> Iterator[Line]:
    for call in calls_of(session, person_id):
        if call.confirmed and call.received_at is not None:
            yield Line(
                local_day(call.received_at, zone),
                call.received_at,
                Trace.call,
                "local_phone",
                f"Call for service: “{call.type}”",
                " · ".join(part for part in (call.incident_number, call.place) if part),
            )


def _papers(session: Session, person_id: int, zone: str, users: dict[int, str]) -> Iterator[Line]:
    for row in session.scalars(select(Consent).where(Consent.person_id == person_id)):
        what = label(row.purpose)[0].lower() + label(row.purpose)[1:]
        by = users.get(row.created_by or 0, "")
        yield Line(row.starts_on, None, Trace.record, "contract", f"Consent: {what}", label(row.form).lower(), by)
        if row.revoked_at is not None:
            by = users.get(row.revoked_by or 0, "")
            yield Line(
                local_day(row.revoked_at, zone),
                row.revoked_at,
                Trace.record,
                "contract_delete",
                "Consent revoked",
                what,
                by,
            )
    for row in session.scalars(select(Disclosure).where(Disclosure.person_id == person_id)):
        yield Line(
            local_day(row.at, zone),
            row.at,
            Trace.record,
            "outgoing_mail",
            f"Disclosed: {label(row.kind).lower()}",
            f"{row.what}, to {row.recipient}",
            users.get(row.user_id or 0, ""),
        )
    for row in session.scalars(select(SafetyAlert).where(SafetyAlert.person_id == person_id)):
        yield Line(
            local_day(row.created_at, zone),
            row.created_at,
            Trace.record,
            "warning",
            "Safety alert",
            f"{row.text} (until {day(row.expires_on)})",
            users.get(row.created_by or 0, ""),
        )
    for merge in merges_of(session, person_id):
        back = f", undone {day(local_day(merge.undone_at, zone))}" if merge.undone_at else ""
        yield Line(
            local_day(merge.at, zone),
            merge.at,
            Trace.record,
            "merge",
            f"{merge.gone} merged into {merge.kept}{back}",
            by=merge.by,
        )


def _corrections(session: Session, person_id: int, zone: str, users: dict[int, str]) -> Iterator[Line]:
    """Corrections of the record. Those of episodes say more than the episode's own row: who reopened it, when."""
    for row in session.scalars(select(PersonChange).where(PersonChange.person_id == person_id)):
        old, new = in_words(row.field, row.old), in_words(row.field, row.new)
        yield Line(
            local_day(row.at, zone),
            row.at,
            Trace.record,
            "edit",
            f"{TITLES.get(row.field, row.field)} changed",
            f"{old} → {new}",
            users.get(row.by or 0, ""),
        )
