"""A file of one person's record, for whoever a consent names: one page, no more than the consent covers.

Never in it: notes, safety alerts, the household, links to calls. With the scope "referral facts" no name either.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db.access import Viewer
from db.commands.care import GROUPS, IDENTITY, TITLES, dossier, in_words
from db.consents import REDISCLOSURE_NOTICE
from db.forms import clock, day
from db.models import Connection, Consent, Episode, Intervention, Person, Pilot, Provider, Referral
from db.needs import needs_of
from db.pilot import local_day
from db.vocab import Step, label
from db.vocab.care import ConsentScope

_TEMPLATE = Path(__file__).resolve().parent / "templates" / "person.html"
LEFT_OUT = "Tandem is not the clinical record. Notes and everything about other people are left out of this file."


def record_file(session: Session, person: Person, consent: Consent, to: str, pilot: Pilot, viewer: Viewer) -> bytes:
    """The page in UTF-8, of what stands now. The disclosure is accounted for by ``export_person``, before."""
    summary = consent.scope is ConsentScope.summary
    parts = [_identity(session, person)] if summary else []
    parts += [_needs(session, person, consent), _connections(session, person, consent)]
    if summary:
        zone = pilot.time_zone
        parts += [_episodes(session, person), _referrals(session, person, zone), _contacts(session, person, zone)]
    until = f", until {day(consent.until)}" if consent.until else ""
    origin = (
        f"{consent.discloser} · made for {to} on {clock(viewer.now, pilot.time_zone)} · "
        f"consent no. {consent.id} of {day(consent.starts_on)}{until}: {label(consent.purpose).lower()}"
    )
    page = Template(_TEMPLATE.read_text("utf-8")).substitute(
        title=escape(f"Record of {person.code}"),
        origin=escape(origin),
        notice=escape(REDISCLOSURE_NOTICE),
        parts="\n".join(part for part in parts if part),
        left_out=escape(LEFT_OUT),
    )
    return page.encode()


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<h2>{escape(title)}</h2>\n<table>\n<tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def _identity(session: Session, person: Person) -> str:
    values = dossier(session, person.id).values
    names = (*IDENTITY, *GROUPS, "supports")
    known = [n for n in names if values[n] and values[n] != "unknown" and not (n == "age_band" and values["born_on"])]
    return _table("Who it is", ("Field", "As recorded"), [(TITLES[n], in_words(n, values[n])) for n in known])


def _needs(session: Session, person: Person, consent: Consent) -> str:
    if consent.provider_id is not None and consent.scope is ConsentScope.referral_facts:
        return ""  # a provider learns the needs of its own connections: they stand there
    return _table("Needs", ("Need",), [(label(row.need),) for row in needs_of(session, person.id)])


def _connections(session: Session, person: Person, consent: Consent) -> str:
    query = (
        select(Connection, Provider.name)
        .outerjoin(Provider, Provider.id == Connection.provider_id)
        .where(Connection.person_id == person.id, Connection.voided_at.is_(None))
        .order_by(Connection.opened_on, Connection.id)
        .options(selectinload(Connection.steps))
    )
    if consent.provider_id is not None and consent.scope is ConsentScope.referral_facts:
        query = query.where(Connection.provider_id == consent.provider_id)
    rows = [(label(row.need), provider or "No provider", _steps(row)) for row, provider in session.execute(query)]
    return _table("Connections", ("Need", "Provider", "Steps"), rows)


def _steps(row: Connection) -> str:
    order = list(Step)
    steps = [f"{label(s.step)} {day(s.on_date)}" for s in sorted(row.steps, key=lambda s: order.index(s.step))]
    if row.ended_on is not None and row.end_reason is not None:
        steps.append(f"Closed {day(row.ended_on)}: {label(row.end_reason).lower()}")
    return ", ".join(steps)


def _episodes(session: Session, person: Person) -> str:
    rows = session.scalars(select(Episode).where(Episode.person_id == person.id).order_by(Episode.opened_on))
    return _table("Episodes of care", ("From", "To", "Ended because"), [_episode(row) for row in rows])


def _episode(row: Episode) -> tuple[str, str, str]:
    return (
        day(row.opened_on),
        day(row.closed_on) if row.closed_on else "open",
        label(row.close_reason) if row.close_reason else "",
    )


def _referrals(session: Session, person: Person, zone: str) -> str:
    rows = session.scalars(
        select(Referral)
        .where(Referral.person_id == person.id)
        .order_by(Referral.received_at)
        .options(selectinload(Referral.needs))
    )
    told = [
        (_day(row.received_at, zone), label(row.source), ", ".join(label(n.need) for n in row.needs)) for row in rows
    ]
    return _table("Referrals received", ("Day", "From", "Needs"), told)


def _contacts(session: Session, person: Person, zone: str) -> str:
    rows = session.scalars(
        select(Intervention)
        .where(Intervention.person_id == person.id, Intervention.voided_at.is_(None))
        .order_by(Intervention.at)
    )
    told = [
        (_day(row.at, zone), label(row.mode), label(row.purpose), label(row.outcome), str(row.minutes)) for row in rows
    ]
    return _table("Contacts", ("Day", "How", "What for", "Outcome", "Minutes"), told)


def _day(moment: datetime, zone: str) -> str:

    return day(local_day(moment, zone))
