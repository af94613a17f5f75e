"""Editions for tests: the public Results of a day, held against the day before, and one kept and approved."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from dashboard import deck, frozen
from dashboard.frozen import Frozen
from dashboard.holding import hold
from dashboard.measures.compute import pilot_to_date, several
from dashboard.model import Audience, Result
from dashboard.published import PUBLISHED, about_people
from db import access
from db.commands import editions
from db.engine import aggregate_session, record_session
from db.forms.meetings import EditionForm
from db.pilot import the_pilot
from tests.conftest import TODAY

PEOPLE = tuple(key for key in PUBLISHED if about_people(key))


def shell(day: date) -> access.Viewer:
    return access.shell_viewer("tester", now=datetime(day.year, day.month, day.day, 15, tzinfo=UTC), today=day)


@dataclass(frozen=True)
class Day:
    """One edition about people: the figures as they are, what passed disclosure, and what is published."""

    inside: dict[str, Result]
    """As they are; empty where a test does not ask."""
    disclosed: dict[str, Result]
    published: Frozen


def edition_of(bind: Engine, day: date, previous: Frozen | None, *, inside: bool) -> Day:
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    filters = pilot_to_date(pilot, day)
    seen = several(bind, shell(day), PEOPLE, filters) if inside else {}
    disclosed = several(bind, shell(day), PEOPLE, filters, Audience.public)
    results, held = hold(previous, {"en": disclosed}, pilot.small_count_threshold, number="before")
    return Day(seen, disclosed, Frozen(results, deck.facts(pilot, filters), held=held))


def publish(bind: Engine, *keys: str, day: date = TODAY) -> str:
    """An approved edition that holds ``keys``, as of ``day``; its number."""
    chief = shell(day)
    with aggregate_session(bind) as session:
        filters = pilot_to_date(the_pilot(session), day)
    written = frozen.freeze(deck.computed(bind, chief, filters, keys))
    form = EditionForm(meeting_on=day, title="Council")
    with record_session(bind, chief) as session:
        saved = editions.keep_edition(session, chief, form, filters.first, filters.last, written, None)
    with record_session(bind, chief) as session:
        editions.approve(session, chief, saved.id)
    return day.isoformat()
