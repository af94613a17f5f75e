"""The demo city has met its council before: an approved edition with questions, and a draft for the next meeting.

Made through the commands that people use, by the demo's own accounts, on the days on which they would have done it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Engine, select

from dashboard import edition
from db import access
from db.commands import edition_links, editions, questions
from db.engine import aggregate_session, record_session
from db.forms.meetings import EditionForm
from db.forms.questions import AnswerForm, QuestionForm
from db.models import Edition, User
from db.vocab import Role

TITLE = "Harbor co-response pilot"
ANSWERED = (
    "Do people go to the appointments that are made for them, or only say they will?",
    "Council Member Undara Wharfinger",
    "Orlick Saltwick",
    "We ask the providers. The slide on the first appointment now counts who went within 30 days.",
)
OPEN = (
    "What would it cost to have somebody on Friday and Saturday nights?",
    "Council Member Thessaly Brinewood",
    "Chief Hesperil Lanternsby",
)
LINK = "Council members, October packet"


def meetings(today: date) -> tuple[date, date]:
    """The council meets on third Thursdays: the last one before ``today``, and the next, which may be today."""
    this = third_thursday(today.year, today.month)
    if this >= today:
        before = today.replace(day=1) - timedelta(days=1)
        return third_thursday(before.year, before.month), this
    after = today.replace(day=28) + timedelta(days=4)
    return this, third_thursday(after.year, after.month)


def third_thursday(year: int, month: int) -> date:
    """The third Thursday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 14)


def add_meetings(bind: Engine, today: date) -> None:
    """The last meeting and what came of it, and the draft of the next one. Deterministic for one ``today``."""
    last, following = meetings(today)
    as_of = last - timedelta(days=6)
    who = _people(bind)
    told = _prepared(bind, who(Role.analyst, as_of), last)
    with record_session(bind, chief := who(Role.chief, last - timedelta(days=3))) as session:
        editions.approve(session, chief, told)
        edition_links.create_link(session, chief, told, LINK, last)
        number = session.get_one(Edition, told).number
    with record_session(bind, taker := who(Role.analyst, last)) as session:
        first = questions.take(session, taker, number, _question(1, last, *ANSWERED[:3], None))
        questions.take(session, taker, number, _question(2, last, *OPEN, following))
    answered_on = min(today, last + timedelta(days=18))
    with record_session(bind, answering := who(Role.chief, answered_on)) as session:
        questions.answer(session, answering, first.id, AnswerForm(answer=ANSWERED[3]))
    _prepared(bind, who(Role.analyst, today), following)


def _prepared(bind: Engine, viewer: access.Viewer, meeting_on: date) -> int:
    """With the weeks that are not certified: one is missing since summer, and the figures would end there."""
    form = EditionForm(meeting_on=meeting_on, title=TITLE, as_of=viewer.today, with_provisional=True)
    return edition.prepare(bind, viewer, form).id


def _question(number: int, on: date, asked: str, asked_by: str, owner: str, due_on: date | None) -> QuestionForm:
    key = str(UUID(int=number, version=4))
    slides = {1: "referrals", 2: "after"}
    asked_at = datetime.combine(on, time(15), UTC)
    return QuestionForm(
        send_key=key,
        asked=asked,
        slide=slides[number],
        asked_by=asked_by,
        owner=owner,
        due_on=due_on,
        asked_at=asked_at,
    )


def _people(bind: Engine) -> Callable[[Role, date], access.Viewer]:
    with aggregate_session(bind) as session:
        users = {user.role: (user.id, user.username) for user in session.scalars(select(User).order_by(User.id))}

    def of(role: Role, on: date) -> access.Viewer:
        """That role's demo account at eleven o'clock in Harbor, or near it."""
        number, name = users[role]
        now = datetime.combine(on, time(15), UTC)
        return access.viewer_for(role, name=name, now=now, today=on, user_id=number, staff_id=None)

    return of
