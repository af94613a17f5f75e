"""Editions of a meeting: kept, their slides put in order and in words, approved by the chief, withdrawn with a reason.

Figures are computed above (``dashboard.edition``) and never change once kept. A draft may be discarded.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.errors import Conflict, Invalid, NotFound
from db.forms.meetings import DeckForm, EditionForm, SignForm, WithdrawForm
from db.models import Edition, EditionLink, Question
from db.sealed import digest
from db.vocab import LANGUAGES, Lang, Scope

_AGAIN = "bcdefghijklmnopqrstuvwxyz"


def keep_edition(
    session: Session,
    viewer: Viewer,
    form: EditionForm,
    first: date,
    last: date,
    figures: Mapping[str, Any],
    previous_id: int | None,
) -> Saved:
    """A new draft with its frozen ``figures``. Its number is the meeting's day, with a letter where that is taken."""
    sealed = digest(figures)
    with write(session, viewer, Permission.prepare_meeting, "prepare meeting", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        row = Edition(
            number=_free_number(session, form.meeting_on),
            title=form.title,
            meeting_on=form.meeting_on,
            as_of=form.as_of or viewer.today,
            first=first,
            last=last,
            with_provisional=form.with_provisional,
            prepared_at=viewer.now,
            prepared_by=viewer.name,
            figures=dict(figures),
            digest=sealed,
            previous_id=previous_id,
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"edition {row.number}", {"as_of": row.as_of.isoformat(), "digest": sealed}
        return Saved(row.id)


def set_deck(session: Session, viewer: Viewer, edition_id: int, form: DeckForm) -> Saved:
    """The slides of a draft: which, in what order, with whose words. Spanish words that change are not signed."""
    with write(session, viewer, Permission.prepare_meeting, "arrange slides", Scope.meetings) as note:
        row = hold_draft(session, edition_id)
        form.check(now_of(session, viewer))
        wanted = [slide.model_dump() for slide in form.slides]
        if row.spanish_signed_at is not None and _own(wanted, "es") != _own(row.deck, "es"):
            row.spanish_signed_at = row.spanish_signed_by = None
        row.deck = wanted
        note.subject = f"edition {row.number}"
    return Saved(edition_id)


def approve(session: Session, viewer: Viewer, edition_id: int) -> Saved:
    """The chief stands behind it: from now on nothing in it changes, and the council may open it.

    Raises Conflict where the figures are not those that were frozen, Invalid where a slide's words are not complete.
    """
    with write(session, viewer, Permission.approve_meeting, "approve edition", Scope.meetings) as note:
        row = hold_draft(session, edition_id)
        untouched(row)
        newest = in_force(session)
        if (newest.id if newest else None) != row.previous_id:
            other = f"edition {newest.number}" if newest else "no edition"
            raise Conflict(
                f"Edition {row.number} was held against {row.previous.number if row.previous else 'none'}, and {other} "
                "is in force now: its corrections and what it hides may be wrong. Prepare the meeting anew."
            )
        if missing := missing_words(row):
            raise Invalid({"slides": " ".join(missing)})
        row.approved_at, row.approved_by = viewer.now, viewer.name
        note.subject, note.detail = f"edition {row.number}", {"digest": row.digest}
    return Saved(edition_id)


def withdraw_edition(session: Session, viewer: Viewer, edition_id: int, form: WithdrawForm) -> Saved:
    """It stands no longer, and says why wherever it was. Figures and slides stay. Conflict for a draft."""
    with write(session, viewer, Permission.approve_meeting, "withdraw edition", Scope.meetings) as note:
        row = hold(session, Edition, edition_id, "edition")
        form.check(now_of(session, viewer))
        if row.withdrawn_at is not None:
            raise Conflict(f"Edition {row.number} was withdrawn already: {row.withdraw_reason}")
        if row.approved_at is None:
            raise Conflict(f"Edition {row.number} is a draft, which nobody was shown. Discard it instead.")
        row.withdrawn_at, row.withdrawn_by, row.withdraw_reason = viewer.now, viewer.name, form.reason
        note.subject, note.detail = f"edition {row.number}", {"digest": row.digest}
    return Saved(edition_id)


def discard_draft(session: Session, viewer: Viewer, edition_id: int) -> Saved:
    """A draft goes, with its links; the audit keeps its number and digest. Conflict where a question was asked."""
    with write(session, viewer, Permission.prepare_meeting, "discard draft", Scope.meetings) as note:
        row = hold_draft(session, edition_id)
        note.subject, note.detail = f"edition {row.number}", {"as_of": row.as_of.isoformat(), "digest": row.digest}
        asked = select(func.count()).where(Question.edition_id == edition_id)
        if count := session.scalar(asked.where(Question.removed_at.is_(None))):
            raise Conflict(
                f"{count} {'question was' if count == 1 else 'questions were'} asked about edition {row.number}. "
                "Remove them first, or keep the draft."
            )
        for belongs in (Question, EditionLink):
            session.execute(delete(belongs).where(belongs.edition_id == edition_id))
        session.delete(row)
    return Saved(edition_id)


def sign_spanish(session: Session, viewer: Viewer, edition_id: int, form: SignForm) -> Saved:
    """Somebody read the Spanish and vouches for it: it is not marked any more. Before or after the approval."""
    with write(session, viewer, Permission.approve_meeting, "sign Spanish", Scope.meetings) as note:
        row = hold(session, Edition, edition_id, "edition")
        form.check(now_of(session, viewer))
        if row.withdrawn_at is not None:
            raise Conflict(f"Edition {row.number} was withdrawn. There is nothing to sign.")
        if row.spanish_signed_at is not None:
            raise Conflict(f"The Spanish of edition {row.number} is signed already, by {row.spanish_signed_by}.")
        row.spanish_signed_at, row.spanish_signed_by = viewer.now, form.name
        note.subject = f"edition {row.number}"
    return Saved(edition_id)


def untouched(row: Edition) -> None:
    """Raises Conflict where the figures are not those that were frozen."""
    if digest(row.figures) != row.digest:
        raise Conflict(
            f"The figures of edition {row.number} are not those that were frozen: somebody changed the database by "
            "hand. It is not shown. Restore the database, or withdraw the edition."
        )


def missing_words(row: Edition) -> list[str]:
    """What keeps a draft from being approved: a sentence for each title or claim written in one language only."""
    found = []
    for slide in row.deck:
        for part, name in (("title", "title"), ("sentence", "claim")):
            written: list[Lang] = [
                lang for lang in LANGUAGES if slide.get("shown") and slide.get(part, {}).get(lang, "").strip()
            ]
            if len(written) == 1:
                other: Lang = "es" if written[0] == "en" else "en"
                found.append(
                    f"Slide “{slide['key']}” has its own {name} in {LANGUAGES[written[0]]} and none in "
                    f"{LANGUAGES[other]}. Write it in both, or in neither."
                )
    if row.deck and not any(slide.get("shown") for slide in row.deck):
        found.append("No slide is shown. Show at least one.")
    return found


def hold_draft(session: Session, edition_id: int) -> Edition:
    """The edition, locked. Raises Conflict where it is approved or withdrawn."""
    row = hold(session, Edition, edition_id, "edition")
    if row.withdrawn_at is not None:
        raise Conflict(f"Edition {row.number} was withdrawn. Prepare the meeting anew.")
    if row.approved_at is not None:
        raise Conflict(f"Edition {row.number} is approved and does not change. Withdraw it, or prepare another one.")
    return row


def editions(session: Session) -> tuple[Edition, ...]:
    """Those the viewer may see, the newest meeting first."""
    return tuple(session.scalars(select(Edition).order_by(Edition.meeting_on.desc(), Edition.id.desc())))


def by_number(session: Session, number: str) -> Edition:
    """Raises NotFound, which names what there is, for a number that nobody may see here."""
    found = session.scalar(select(Edition).where(Edition.number == number))
    if found is None:
        there = ", ".join(row.number for row in editions(session)[:5]) or "none yet"
        raise NotFound(f"There is no edition “{number}”. There are: {there}.")
    return found


def in_force(session: Session, before: Edition | None = None) -> Edition | None:
    """The newest approved one that stands; with ``before`` the newest of an earlier meeting than that one."""
    wanted = select(Edition).where(Edition.approved_at.is_not(None), Edition.withdrawn_at.is_(None))
    if before is not None:
        wanted = wanted.where(Edition.id != before.id, Edition.approved_at < before.prepared_at)
    return session.scalars(wanted.order_by(Edition.meeting_on.desc(), Edition.id.desc()).limit(1)).first()


def before(session: Session, meeting_on: date) -> Edition | None:
    """The approved one in force, which a new one of that meeting is held against.

    Raises Conflict where it is of a later meeting: what came between the two would be told backwards.
    """
    row = in_force(session)
    if row is not None and row.meeting_on > meeting_on:
        raise Conflict(
            f"Edition {row.number} of a later meeting is approved already. Choose {row.meeting_on.isoformat()} or a "
            "later day, or withdraw that edition."
        )
    return row


def questions_for(session: Session, meeting_on: date, previous: Edition | None) -> tuple[Question, ...]:
    """What was asked at meetings before that day: all that is open, and what was answered since ``previous``."""
    wanted = (
        select(Question)
        .join(Edition, Edition.id == Question.edition_id)
        .where(Question.removed_at.is_(None), Edition.meeting_on < meeting_on)
    )
    if previous is not None:
        wanted = wanted.where(Question.answered_at.is_(None) | (Question.answered_at > previous.prepared_at))
    return tuple(session.scalars(wanted.order_by(Question.asked_at, Question.id)))


def _own(slides: Sequence[Mapping[str, Any]], lang: str) -> list[tuple[str, ...]]:
    """The words somebody wrote in one language, whatever the order of the slides."""
    parts = ("title", "sentence", "note")
    written = [(slide["key"], *(slide.get(part, {}).get(lang, "") for part in parts)) for slide in slides]
    return sorted(each for each in written if any(each[1:]))


def _free_number(session: Session, meeting_on: date) -> str:
    day = meeting_on.isoformat()
    taken = set(session.scalars(select(Edition.number).where(Edition.meeting_on == meeting_on)))
    for number in (day, *(day + letter for letter in _AGAIN)):
        if number not in taken:
            return number
    raise Conflict(f"{day} has {len(taken)} editions already. Discard one first.")
