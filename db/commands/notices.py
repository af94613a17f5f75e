"""Notices by e-mail: a daily digest and an urgent referral, counts and a link only, and never in anybody's way.

A notice is written down before it is sent. An urgent referral writes its notices after it is stored and hands
them to a thread, so that a slow or broken mail server neither delays nor fails it; what did not go out is
tried again by the next ``tandem notices send`` and stands in ``tandem doctor``.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from db import mail
from db.access import ROLES, Permission, Viewer, viewer_for
from db.commands import desk_lists
from db.commands.base import write
from db.engine import aggregate_session, record_session
from db.errors import Invalid, NotFound, Setup, TandemError
from db.mail import Server, Unsent
from db.models import Notice, NoticeChoice, Referral, User
from db.settings import wall_clock
from db.vocab import Role, Scope, Urgency
from db.vocab.desk import NoticeKind, NoticeState

MOST_TRIES = 5
KEPT = timedelta(days=400)
STUCK = timedelta(minutes=15)
_LOG = logging.getLogger("tandem.notices")
_SENDING = threading.Lock()


# --- who gets what ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's switches, and the address they are for (None: nobody set one)."""

    email: str | None
    digest: bool
    urgent: bool


def choice(session: Session, viewer: Viewer) -> Choice:
    """The viewer's own switches."""
    user = session.get(User, viewer.user_id) if viewer.user_id is not None else None
    if user is None:
        raise NotFound("There is no account to set notices for.")
    row = session.get(NoticeChoice, user.id)
    return Choice(user.email, row.digest if row else True, row.urgent if row else True)


def choose(session: Session, viewer: Viewer, digest: bool, urgent: bool) -> Choice:
    """Set the viewer's own switches."""
    with write(session, viewer, Permission.log_work, "choose notices", Scope.setup) as note:
        if viewer.user_id is None:
            raise NotFound("There is no account to set notices for.")
        row = session.get(NoticeChoice, viewer.user_id)
        if row is None:
            row = NoticeChoice(user_id=viewer.user_id)
            session.add(row)
        row.digest, row.urgent = digest, urgent
        note.subject, note.detail = f"account {viewer.user_id}", {"digest": digest, "urgent": urgent}
    return choice(session, viewer)


def recipients(session: Session, kind: NoticeKind) -> list[User]:
    """Active people of the desk with an address who did not switch this kind off."""
    column = NoticeChoice.digest if kind is NoticeKind.digest else NoticeChoice.urgent
    desk = [role for role in Role if Permission.log_work in ROLES[role]]
    query = (
        select(User)
        .outerjoin(NoticeChoice, NoticeChoice.user_id == User.id)
        .where(User.active, User.role.in_(desk), User.email.is_not(None), func.coalesce(column, True))
        .order_by(User.id)
    )
    return list(session.scalars(query))


# --- an urgent referral ----------------------------------------------------------------------------------


def tell_urgent(bind: Engine, viewer: Viewer, referral_id: int) -> threading.Thread | None:
    """Tell the desk that an urgent referral has come, in a thread of its own. Never raises; None where it is off."""
    try:
        to = mail.server()
    except TandemError as error:
        _LOG.warning("urgent notice not sent: %s", error)
        return None
    if to is None:
        return None
    thread = threading.Thread(target=_tell, args=(bind, viewer, referral_id, to), name="urgent-notice", daemon=True)
    thread.start()
    return thread


def _tell(bind: Engine, viewer: Viewer, referral_id: int, to: Server) -> None:
    try:
        with aggregate_session(bind) as session:
            row = session.get(Referral, referral_id)
            if row is None or row.urgency is not Urgency.urgent:
                return
            others = [user for user in recipients(session, NoticeKind.urgent) if user.id != viewer.user_id]
            written = _write(session, others, NoticeKind.urgent, viewer.today)
        for notice_id in written:
            deliver(bind, to, notice_id)
    except Exception:
        _LOG.exception("urgent notice not sent")


def _write(session: Session, users: Sequence[User], kind: NoticeKind, on_date: date) -> list[int]:
    rows = [Notice(kind=kind, user_id=user.id, on_date=on_date, at=wall_clock()) for user in users]
    session.commit()  # ends what was read: a writer begins anew
    session.connection(execution_options={"tandem_writer": True})
    session.add_all(rows)
    session.commit()
    return [row.id for row in rows]


# --- sending ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did: notices sent, failed, and people to whom nothing was due."""

    sent: int = 0
    failed: int = 0
    nothing: int = 0


def send_due(bind: Engine, now: datetime, today: date, *, dry_run: bool = False) -> Outcome:
    """Today's digests, and everything that waits or failed before. One digest a person and day, however often.

    Raises Setup where the mail server is not configured.
    """
    to = mail.server()
    if to is None:
        raise Setup("Notices are off: set TANDEM_SMTP and TANDEM_MAIL_FROM, see the README.")
    nothing, wanted = 0, []
    with aggregate_session(bind) as session:
        users = recipients(session, NoticeKind.digest)
        had = set(
            session.scalars(select(Notice.user_id).where(Notice.kind == NoticeKind.digest, Notice.on_date == today))
        )
    for user in users:
        if user.id in had:
            continue
        if digest(bind, user, now, today):
            wanted.append(user)
        else:
            nothing += 1
    if dry_run:
        return Outcome(len(wanted), 0, nothing)
    with aggregate_session(bind) as session:
        _write(session, wanted, NoticeKind.digest, today)
        session.connection(execution_options={"tandem_writer": True})
        session.execute(delete(Notice).where(Notice.at < wall_clock() - KEPT))
        session.commit()
        waiting = session.scalars(
            select(Notice.id)
            .where(
                Notice.state != NoticeState.sent, Notice.tries < MOST_TRIES, Notice.on_date >= today - timedelta(days=1)
            )
            .order_by(Notice.id)
        ).all()
    done = [deliver(bind, to, notice_id, now) for notice_id in waiting]
    return Outcome(sum(done), len(done) - sum(done), nothing)


def deliver(bind: Engine, to: Server, notice_id: int, now: datetime | None = None) -> bool:
    """Try one notice once, and write down how it went. The connection to the database is given back meanwhile."""
    with _SENDING, aggregate_session(bind) as session:
        row = session.get(Notice, notice_id)
        user = session.get(User, row.user_id) if row else None
        if row is None or user is None or row.state is NoticeState.sent:
            return row is not None and row.state is NoticeState.sent
        kind, on_date, address = row.kind, row.on_date, user.email
        session.expunge_all()
        session.rollback()
        try:
            if not address or not user.active:
                raise Unsent("The account has no e-mail address, or is disabled.")
            subject, text = _words(bind, kind, user, now or wall_clock(), on_date)
            mail.send(to, address, subject, text)
        except TandemError as error:
            problem: str | None = str(error)[:200]
        except Exception as error:  # whatever a mail server thinks of: it is written down, not raised
            problem = f"{type(error).__name__} while sending"[:200]
        else:
            problem = None
        session.connection(execution_options={"tandem_writer": True})
        row = session.get_one(Notice, notice_id, populate_existing=True)
        row.tries += 1
        row.error = problem
        row.state = NoticeState.failed if problem else NoticeState.sent
        row.sent_at = None if problem else wall_clock()
        session.commit()
    return problem is None


def send_trial(address: str) -> None:
    """One test message to ``address``. Raises Setup or :class:`db.mail.Unsent`."""
    to = mail.server()
    if to is None:
        raise Setup("Notices are off: set TANDEM_SMTP and TANDEM_MAIL_FROM, see the README.")
    if "@" not in address or any(c in address for c in "\r\n "):
        raise Invalid({"address": f"“{address}” is not an e-mail address. Write it like name@city.gov."})
    mail.send(to, address, "Tandem: test message", f"Notices from Tandem reach you.\n{_link('')}")


# --- what it says: counts and a link ---------------------------------------------------------------------


def _words(bind: Engine, kind: NoticeKind, user: User, now: datetime, today: date) -> tuple[str, str]:
    if kind is NoticeKind.urgent:
        text = "1 referral marked urgent has come in. Sign in to see it.\n" + _link("/desk") + _FOOT
        return "Tandem: 1 urgent referral", text
    lines = digest(bind, user, now, today)
    total = sum(count for count, _ in lines)
    told = "\n".join(f"{count:>5,}  {words}" for count, words in lines) or "    0  nothing waits"
    subject = f"Tandem: {total:,} on your desk"
    return subject, f"On your desk this morning:\n\n{told}\n\n{_link('/desk')}{_FOOT}"


_FOOT = "\nThis message holds counts only. Switch it off in Tandem under My account.\n"


def _link(path: str) -> str:
    address = mail.address_of_tandem()
    return f"{address}{path}\n" if address else "Open Tandem as usual.\n"


def digest(bind: Engine, user: User, now: datetime, today: date) -> list[tuple[int, str]]:
    """(count, what) of every list of this person's desk that is not empty."""
    viewer = viewer_for(user.role, name=user.username, now=now, today=today, user_id=user.id, staff_id=user.staff_id)
    with record_session(bind, viewer) as session:
        desk = desk_lists.desk(session, viewer)
    stale = sum(viewer.now - row.received_at >= desk_lists.STALE for row in desk.new)
    lines = [
        (len(desk.new), f"new referrals ({stale} older than 48 hours)" if stale else "new referrals"),
        (len(desk.untried), "accepted referrals without an attempt"),
        (len(desk.due), "follow-ups due"),
        (len(desk.weeks), "weeks not certified"),
        (desk.answers, "answers of providers to read"),
        (sum(p.overdue(today) for p in desk.pending), "connections to ask a provider about"),
        (len(desk.quiet), "open episodes without contact for 60 days"),
        (desk.calls, "calls without follow-up"),
    ]
    return [(count, words) for count, words in lines if count]


# --- what doctor asks ------------------------------------------------------------------------------------


def troubles(session: Session, now: datetime) -> list[tuple[str, int]]:
    """(why, how many) of the notices of the last seven days that did not go out."""
    rows = session.execute(
        select(Notice.state, Notice.error, Notice.at).where(
            Notice.state != NoticeState.sent, Notice.at >= now - timedelta(days=7)
        )
    ).all()
    why: dict[str, int] = {}
    for state, error, at in rows:
        if state is NoticeState.waiting and at > now - STUCK:
            continue
        words = error or "it was interrupted before it was sent"
        why[words] = why.get(words, 0) + 1
    return sorted(why.items())


def last_sent(session: Session) -> datetime | None:
    """When the latest notice went out."""
    return session.scalar(select(func.max(Notice.sent_at)))
