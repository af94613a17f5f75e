"""What members of the council ask at a meeting: taken down once, looked after, answered, or removed and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.commands.editions import by_number
from db.errors import Conflict, Invalid, TandemError
from db.forms import checked
from db.forms.questions import AnswerForm, CareForm, QuestionForm
from db.models import Question
from db.vocab import Scope

MOST = 200
"""Questions that may be sent at once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of questions that were sent together: their send keys."""

    stored: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    """Had been stored before; nothing was added."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Send key (or “question 3” where it has none) → why, and the way out."""


def take(session: Session, viewer: Viewer, edition_number: str, form: QuestionForm) -> Saved:
    """Store one question, once for its ``send_key``. Raises Forbidden, NotFound, Invalid, Conflict (a draft)."""
    stored = select(Question.id).where(Question.send_key == form.send_key)
    if viewer.may(Permission.present) and (found := session.scalar(stored)) is not None:
        return Saved(found, again=True)
    try:
        return _store(session, viewer, edition_number, form)
    except Conflict:
        if (found := session.scalar(stored)) is not None:  # both windows sent it at the same moment
            return Saved(found, again=True)
        raise


def take_many(session: Session, viewer: Viewer, edition_number: str, items: Sequence[Mapping[str, Any]]) -> Taken:
    """Store what a deck sends or a file holds. One that cannot be stored does not keep the others from it.

    Raises Forbidden, NotFound (no such edition) and Invalid (more than ``MOST``) for all of them.
    """
    if len(items) > MOST:
        raise Invalid({"questions": f"{len(items)} questions are too many for once: {MOST} fit. Split the file."})
    viewer.must(Permission.present)
    by_number(session, edition_number)
    stored, again, refused = [], [], {}
    for place, item in enumerate(items, 1):
        key = str(item.get("send_key") or f"question {place}")
        try:
            saved = take(session, viewer, edition_number, checked(QuestionForm, dict(item)))
        except TandemError as error:
            refused[key] = str(error)
        else:
            (again if saved.again else stored).append(key)
    return Taken(tuple(stored), tuple(again), refused)


def answer(session: Session, viewer: Viewer, question_id: int, form: AnswerForm) -> Saved:
    """The answer, which the next deck opens with. Given again it replaces the first; the audit has both days."""
    with write(session, viewer, Permission.prepare_meeting, "answer question", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        row = _hold(session, question_id)
        note.subject, note.detail = f"question {row.id}", {"again": row.answer is not None}
        row.answer, row.answered_at, row.answered_by = form.answer, viewer.now, viewer.name
    return Saved(question_id)


def edit(session: Session, viewer: Viewer, question_id: int, form: CareForm) -> Saved:
    """Who answers it, and by when."""
    with write(session, viewer, Permission.prepare_meeting, "assign question", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        row = _hold(session, question_id)
        row.owner, row.due_on = form.owner, form.due_on
        due = form.due_on.isoformat() if form.due_on else None
        note.subject, note.detail = f"question {row.id}", {"due_on": due}
    return Saved(question_id)


def remove(session: Session, viewer: Viewer, question_id: int) -> Saved:
    """Taken off the list; the row stays, and so does the audit entry. Sent again it does not come back."""
    with write(session, viewer, Permission.prepare_meeting, "remove question", Scope.meetings) as note:
        row = _hold(session, question_id)
        row.removed_at = viewer.now
        note.subject = f"question {row.id}"
    return Saved(question_id)


def questions(session: Session, viewer: Viewer, edition_number: str | None = None) -> tuple[Question, ...]:
    """Those that were not removed, of one edition or of all, in the order they were asked."""
    viewer.must(Permission.present)
    wanted = select(Question).where(Question.removed_at.is_(None)).order_by(Question.asked_at, Question.id)
    if edition_number is not None:
        wanted = wanted.where(Question.edition_id == by_number(session, edition_number).id)
    return tuple(session.scalars(wanted))


def _store(session: Session, viewer: Viewer, edition_number: str, form: QuestionForm) -> Saved:
    with write(session, viewer, Permission.present, "take question", Scope.meetings) as note:
        form.check(now_of(session, viewer))
        edition = by_number(session, edition_number)
        if edition.approved_at is None:
            raise Conflict(f"Edition {edition.number} is a draft: nobody has been shown it. Approve it first.")
        row = Question(
            edition_id=edition.id,
            slide=form.slide,
            asked=form.asked,
            asked_by=form.asked_by,
            owner=form.owner,
            due_on=form.due_on,
            asked_at=form.moment(viewer.now),
            taken_by=viewer.name,
            send_key=form.send_key,
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"question {row.id}", {"edition": edition.number, "slide": form.slide}
        return Saved(row.id)


def _hold(session: Session, question_id: int) -> Question:
    row = hold(session, Question, question_id, "question")
    if row.removed_at is not None:
        raise Conflict(f"Question {row.id} was removed. Nothing was changed.")
    return row
