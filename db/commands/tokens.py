"""Closing the loop with a provider: the slip and its link, what comes back through it, calls, what waits.

A link is 192 random bits; the database holds their keyed hash. Looking at it changes nothing. Each answer
counts once; after the first appointment was attended, or the provider said no, the link is spent.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import consents
from db.access import Permission, Viewer
from db.commands.base import Note, write
from db.commands.connections import LADDER, climb, finish, hold_open
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict, Invalid, NotFound
from db.forms import day, quoted
from db.forms.connections import AnswerForm, CallForm, SlipForm
from db.forms.work import StepForm
from db.models import Connection, Consent, Provider, ProviderCall, ProviderReport, ProviderToken
from db.pilot import local_day, the_pilot
from db.types import keyed_hash
from db.vocab import Need, Scope, Step
from db.vocab.care import ConsentPurpose, DisclosureKind
from db.vocab.links import ANSWERED_END, ANSWERED_STEP, CallOutcome, LinkAnswer

LINK_LASTS = timedelta(days=45)
"""A first appointment counts within 30 days of the connection; the answer may come a little later."""


class NoConsent(Invalid):
    """Nothing may be told: no consent in force covers it. ``person_code`` is whose consent is missing."""

    def __init__(self, person_code: str, provider: str) -> None:
        self.person_code = person_code
        super().__init__(
            {
                "consent": f"No consent in force covers telling {provider} about {person_code}. "
                f"Ask {person_code}, record the consent, then try again."
            }
        )


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on a referral slip. Never a name: a line is left for it, to be written by hand."""

    connection_id: int
    code: str
    need: Need
    provider: Provider
    opened_on: date
    appointment_on: date | None
    consent: Consent
    lang: str
    made_on: date
    token: str | None = None
    """The link's secret part, told this once; None where outside access is off."""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What the page behind a link shows."""

    code: str
    need: Need
    provider: str
    opened_on: date
    appointment_on: date | None
    steps: tuple[tuple[Step, date], ...]
    answered: tuple[tuple[LinkAnswer, date], ...]
    offers: tuple[LinkAnswer, ...]
    """The answers that are still open, in the order of the buttons."""
    expires_on: date


def consent_for(session: Session, viewer: Viewer, row: Connection) -> Consent | None:
    """The consent under which this connection's provider may be told code, need and appointment."""
    if row.provider_id is None:
        return None
    for purpose in (ConsentPurpose.referral_to_provider, ConsentPurpose.coordinate_care):
        found = consents.covering(
            session, row.person_id, purpose, viewer.today, viewer.now, provider_id=row.provider_id
        )
        if found is not None:
            return found
    return None


def preview_slip(session: Session, viewer: Viewer, form: SlipForm) -> Slip:
    """What the slip would say. Nothing is written; raises as :func:`make_slip` does."""
    viewer.must(Permission.log_work)
    row = session.get(Connection, form.connection_id)
    if row is None:
        raise NotFound(f"There is no connection {form.connection_id} here. Go back to the list and open it again.")
    return _slip(row, *_open_with_consent(session, viewer, row), form, viewer.today)


def make_slip(session: Session, viewer: Viewer, form: SlipForm, *, with_link: bool) -> Slip:
    """A slip, its line in the accounting list and, ``with_link``, a new link; older links of it stop working."""
    with write(session, viewer, Permission.log_work, "make referral slip", Scope.work) as note:
        row = hold_open(session, form.connection_id)
        provider, consent = _open_with_consent(session, viewer, row)
        slip = _slip(row, provider, consent, form, viewer.today)
        _revoke_all(session, row.id, viewer.now)
        what = "code, need and appointment, on a slip handed to the person"
        expires = None
        if with_link:
            token, expires = _new_link(session, viewer, row, consent)
            slip = replace(slip, token=token, expires_on=viewer.today + LINK_LASTS)
            what += f"; a link until {day(viewer.today + LINK_LASTS)}"
        consents.disclose(
            session,
            consent,
            DisclosureKind.slip,
            slip.provider.name,
            what,
            viewer.now,
            user_id=viewer.user_id,
            connection_id=row.id,
        )
        note.subject = f"connection {row.id}"
        note.detail = {"link": with_link, "expires": expires.isoformat() if expires else None}
    return slip


def revoke_link(session: Session, viewer: Viewer, connection_id: int) -> Saved:
    """The slip was lost, or the person changed their mind: its link stops at once."""
    with write(session, viewer, Permission.log_work, "revoke provider link", Scope.work) as note:
        row = hold(session, Connection, connection_id, "connection")
        if not _revoke_all(session, row.id, viewer.now):
            raise Conflict("No link of this connection is open. Nothing was changed.")
        note.subject = f"connection {row.id}"
    return Saved(connection_id)


def log_call(session: Session, viewer: Viewer, form: CallForm) -> Saved:
    """A call to the provider; what they said moves the ladder. Speaking of the person needs a consent."""
    with write(session, viewer, Permission.log_work, "log call to provider", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        row = hold_open(session, form.connection_id)
        if row.provider is None:
            raise Conflict("This is a service gap: there is no provider to call.")
        if now.local_day(form.at) < row.opened_on:
            raise Invalid({"at": f"The call is before the connection began, {day(row.opened_on)}. Check the day."})
        session.add(
            ProviderCall(connection_id=row.id, at=form.at, user_id=viewer.user_id, outcome=form.outcome, note=form.note)
        )
        if form.outcome is CallOutcome.spoke:
            provider, consent = _open_with_consent(session, viewer, row)
            consents.disclose(
                session,
                consent,
                DisclosureKind.call_or_visit,
                provider.name,
                "code, need and appointment, by telephone or in person",
                form.at,
                user_id=viewer.user_id,
                connection_id=row.id,
            )
        if form.answer is not None:
            _apply(row, form.answer)
            if form.answer.ends_it:
                _revoke_all(session, row.id, viewer.now)
        note.subject = f"connection {row.id}"
        note.detail = {"outcome": form.outcome.value, "answer": form.answer.answer.value if form.answer else None}
    return Saved(row.id)


def see_reports(session: Session, viewer: Viewer, connection_id: int) -> Saved:
    """The desk has read what the provider answered."""
    with write(session, viewer, Permission.log_work, "see provider answer", Scope.work) as note:
        session.execute(
            update(ProviderReport)
            .where(ProviderReport.connection_id == connection_id, ProviderReport.seen_at.is_(None))
            .values(seen_at=viewer.now, seen_by=viewer.user_id)
        )
        note.subject = f"connection {connection_id}"
    return Saved(connection_id)


# --- behind the link: nobody is signed in, the token is the key ----------------------------------


def look(session: Session, viewer: Viewer, token: str) -> Page | None:
    """What the link shows now; None for one that is unknown, expired, spent, revoked or no longer consented to.

    Nothing is written. ``session`` sees all rows: the token alone says which one is told.
    """
    viewer.must(Permission.answer_link)
    link = _living(session, viewer, token)
    return None if link is None else _page(session, link)


def answer_link(session: Session, viewer: Viewer, token: str, form: AnswerForm) -> Page | None:
    """Store one answer, once. None as for :func:`look`; Invalid for a date that cannot be."""
    if look(session, viewer, token) is None:
        return None  # a guess writes nothing, neither audit nor counter
    with write(session, viewer, Permission.answer_link, "answer provider link", Scope.work) as note:
        session.expire_all()  # what was looked at a moment ago may have changed
        form.check(now_of(session, viewer))
        link = _living(session, viewer, token, held=True)
        if link is None:
            raise Conflict("This link was used a moment ago. Nothing was stored twice.")
        page = _page(session, link)
        row = hold_open(session, link.connection_id)
        if form.answer not in page.offers:
            said = next((on for answer, on in page.answered if answer is form.answer), None)
            told = f", on {day(said)}" if said else ""
            raise Conflict(f"{quoted(form.answer)} was recorded already{told}.")
        if form.on_date < row.opened_on:
            raise Invalid(
                {"on_date": f"{day(form.on_date)} is before the referral, {day(row.opened_on)}. Check the date."}
            )
        _apply(row, form)
        session.add(
            ProviderReport(
                token_id=link.id,
                connection_id=row.id,
                answer=form.answer,
                on_date=form.on_date,
                at=viewer.now,
                address=viewer.address,
            )
        )
        if form.ends_it:
            link.spent_at = viewer.now
        session.flush()
        _note_answer(note, row, form)
        page = _page(session, link)
    return page


def _note_answer(note: Note, row: Connection, form: AnswerForm) -> None:
    note.subject = f"connection {row.id}"
    note.detail = {"answer": form.answer.value, "on_date": form.on_date.isoformat()}


def link_viewer(address: str, now: datetime, today: date) -> Viewer:
    """Whoever holds a link: may answer it, and nothing else."""
    return Viewer("provider link", None, frozenset({Permission.answer_link}), now, today, address=address)


def _living(session: Session, viewer: Viewer, token: str, *, held: bool = False) -> ProviderToken | None:
    query = select(ProviderToken).where(ProviderToken.token_hash == _hashed(token))
    link = session.scalars(query.with_for_update() if held else query).first()
    if link is None or link.revoked_at is not None or link.spent_at is not None or link.expires_at <= viewer.now:
        return None
    row = link.connection
    if row.voided_at is not None or row.ended_on is not None or row.provider is None:
        return None
    return link if consent_for(session, viewer, row) is not None else None


def _page(session: Session, link: ProviderToken) -> Page:
    row = link.connection
    steps = {step.step: step.on_date for step in row.steps}
    reports = session.scalars(
        select(ProviderReport).where(ProviderReport.token_id == link.id).order_by(ProviderReport.id)
    ).all()
    answered = tuple((report.answer, report.on_date) for report in reports)
    done = {answer for answer, _ in answered}
    closed = link.spent_at is not None
    offers = tuple(a for a in LinkAnswer if not closed and a not in done and ANSWERED_STEP.get(a) not in steps)
    if Step.attended in steps:  # recorded by the desk meanwhile
        offers = ()
    return Page(
        code=row.person.code,
        need=row.need,
        provider=row.provider.name if row.provider else "",
        opened_on=row.opened_on,
        appointment_on=row.appointment_on,
        steps=tuple((step, steps[step]) for step in LADDER if step in steps),
        answered=answered,
        offers=offers,
        expires_on=local_day(link.expires_at - timedelta(minutes=1), the_pilot(session).time_zone),
    )


def _apply(row: Connection, form: AnswerForm) -> None:
    """What the provider said, on the ladder. “Did not come” moves nothing."""
    if (step := ANSWERED_STEP.get(form.answer)) is not None:
        climb(
            row,
            StepForm(
                connection_id=row.id, step=step, on_date=form.on_date, appointment_on=form.appointment_on, fill=True
            )
            if step is Step.appointment
            else StepForm(connection_id=row.id, step=step, on_date=form.on_date, fill=True),
        )
    elif (reason := ANSWERED_END.get(form.answer)) is not None:
        finish(row, form.on_date, reason)


def _open_with_consent(session: Session, viewer: Viewer, row: Connection) -> tuple[Provider, Consent]:
    if row.provider is None:
        raise Conflict("This is a service gap: there is no provider to hand a slip for.")
    if row.voided_at is not None or (row.ended_on is not None and row.end_reason is not None):
        raise Conflict("This connection is closed. Reopen it, or make a new one.")
    consent = consent_for(session, viewer, row)
    if consent is None:
        raise NoConsent(row.person.code, row.provider.name)
    return row.provider, consent


def _slip(row: Connection, provider: Provider, consent: Consent, form: SlipForm, today: date) -> Slip:
    assert row.provider is not None
    return Slip(
        connection_id=row.id,
        code=row.person.code,
        need=row.need,
        provider=provider,
        opened_on=row.opened_on,
        appointment_on=row.appointment_on,
        consent=consent,
        lang=form.lang,
        made_on=today,
    )


def _new_link(session: Session, viewer: Viewer, row: Connection, consent: Consent) -> tuple[str, datetime]:
    token = secrets.token_urlsafe(24)
    zone = ZoneInfo(the_pilot(session).time_zone)
    expires = datetime.combine(viewer.today + LINK_LASTS + timedelta(days=1), time(), zone)  # that day included
    session.add(
        ProviderToken(
            connection_id=row.id,
            consent_id=consent.id,
            token_hash=_hashed(token),
            created_at=viewer.now,
            created_by=viewer.user_id,
            expires_at=expires,
        )
    )
    session.flush()
    return token, expires


def _revoke_all(session: Session, connection_id: int, at: datetime) -> int:
    open_links = session.scalars(
        select(ProviderToken).where(
            ProviderToken.connection_id == connection_id,
            ProviderToken.revoked_at.is_(None),
            ProviderToken.spent_at.is_(None),
            ProviderToken.expires_at > at,
        )
    ).all()
    for link in open_links:
        link.revoked_at = at
    return len(open_links)


def _hashed(token: str) -> str:
    return keyed_hash(token, "provider link")
