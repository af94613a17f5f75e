"""Editions above the database: the figures of a meeting are computed once, frozen, and read back for every outlet."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Engine

from dashboard import deck, frozen, gaps, holding
from dashboard.compare import Comparison, compare
from dashboard.definitions import definitions
from dashboard.document import Document
from dashboard.frozen import Asked, Frozen
from dashboard.leaf import Material
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Filters
from dashboard.published import PUBLISHED
from db.access import Permission, Viewer
from db.commands import editions
from db.commands.desk import Saved, now_of
from db.engine import record_session
from db.errors import Invalid
from db.forms import day
from db.forms.meetings import EditionForm
from db.models import Edition, Question

Progress = Callable[[float, str], None]
"""Called with the share that is done and what is being done."""


def prepare(bind: Engine, viewer: Viewer, form: EditionForm, progress: Progress = lambda share, words: None) -> Saved:
    """Freeze every public figure as of ``form.as_of`` (the day itself inclusive) under a new number.

    The period ends with the newest week that everybody certified; ``form.with_provisional`` takes all weeks. What
    rests on a week that is not certified is marked. Raises Invalid, Forbidden, Conflict (a later meeting was told).
    """
    viewer.must(Permission.prepare_meeting)
    progress(0.0, "Looking for what is missing")
    with record_session(bind, viewer) as session:
        form.check(now_of(session, viewer))
        previous = editions.before(session, form.meeting_on)
    stands = gaps.ground(bind, form.as_of or viewer.today)
    filters = period(stands, form.with_provisional)
    missing = gaps.found(bind, stands, filters.last, form.with_provisional)
    progress(0.1, "Computing the figures")
    figures = deck.computed(bind, viewer, filters, PUBLISHED)
    progress(0.7, "Holding back what would tell too few")
    last, number = (content(previous), previous.number) if previous else (None, "")
    results, held = holding.hold(last, figures.results, stands.pilot.small_count_threshold, number=number)
    with record_session(bind, viewer) as session:
        figures = replace(
            figures,
            results=results,
            held=held,
            definitions=definitions(session, results["en"], filters),
            gaps=missing,
            questions=tuple(_asked(row) for row in editions.questions_for(session, form.meeting_on, previous)),
        )
    progress(0.9, "Comparing with the edition before")
    figures = replace(figures, corrections=compare(last, figures, number, "").corrections if last else ())
    written = frozen.freeze(figures)
    with record_session(bind, viewer) as session:
        return editions.keep_edition(
            session,
            viewer,
            form,
            filters.first,
            filters.last,
            written,
            previous.id if previous else None,
        )


def period(stands: gaps.Ground, with_provisional: bool) -> Filters:
    """From the pilot's first day to the last certified one, or to the as-of day. Raises Invalid without any."""
    whole = pilot_to_date(stands.pilot, stands.as_of)
    if with_provisional:
        return whole
    last = stands.certified_to
    if last is None:
        raise Invalid(
            {
                "with_provisional": f"No week of the pilot is certified by everybody up to {day(stands.as_of)}. "
                "Have the first weeks certified, or take provisional figures, which are marked."
            }
        )
    return replace(whole, last=max(whole.first, min(whole.last, last)))


def compared(old: Edition, new: Edition) -> Comparison:
    """What became of the figures of one edition in another. Raises Conflict where one was altered."""
    return compare(content(old), content(new), old.number, new.number)


def _asked(row: Question) -> Asked:
    return Asked(row.edition.number, row.asked, row.asked_by, row.owner, row.due_on, row.answer or "")


def content(row: Edition) -> Frozen:
    """Its frozen figures. Raises Conflict where they are not what was frozen."""
    editions.untouched(row)
    return frozen.thaw(row.figures)


def material(row: Edition, found: Frozen | None = None, *, whole: bool = False) -> Material:
    """What the deck of ``row`` is made of; ``whole``: with the slides that are left out."""
    own = {slide["key"]: slide for slide in row.deck}
    order = tuple(slide.key for slide in deck.SLIDES if whole) or tuple(s["key"] for s in row.deck if s["shown"])
    return Material(found or content(row), row.number, own, order, row.spanish_signed_at is not None, row.title)


def document(row: Edition) -> Document:
    """All that a file of the edition holds."""
    found = content(row)
    made_of = material(row, found)
    return Document(
        name=f"edition-{row.number}",
        number=row.number,
        title=row.title,
        place=str(found.facts["city"]),
        as_of=row.as_of,
        made_at=row.prepared_at,
        decks={lang: deck.leaves(made_of, lang) for lang in deck.LANGS},
        results={lang: found.results[lang] for lang in deck.LANGS},
        approved=row.approved_at is not None,
        is_demo=bool(found.facts["is_demo"]),
        spanish_reviewed=row.spanish_signed_at is not None,
        facts=found.facts,
    )
