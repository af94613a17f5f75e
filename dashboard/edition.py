"""Editions above the database: the figures of a meeting are computed once, frozen, and read back for every outlet."""

from collections.abc import Callable

from sqlalchemy import Engine

from dashboard import deck, frozen
from dashboard.document import Document
from dashboard.frozen import Frozen
from dashboard.leaf import Material
from dashboard.measures.compute import pilot_to_date
from db.access import Permission, Viewer
from db.commands import editions
from db.commands.desk import Saved
from db.engine import record_session
from db.errors import Conflict
from db.forms.meetings import EditionForm
from db.models import Edition
from db.pilot import the_pilot

Progress = Callable[[float, str], None]
"""Called with the share that is done and what is being done."""


def prepare(bind: Engine, viewer: Viewer, form: EditionForm, progress: Progress = lambda share, words: None) -> Saved:
    """Freeze every public figure as of ``form.as_of`` under a new number. Raises Invalid, Forbidden."""
    viewer.must(Permission.prepare_meeting)
    with record_session(bind, viewer) as session:
        pilot = the_pilot(session)
        previous = editions.in_force(session)
    filters = pilot_to_date(pilot, form.as_of or viewer.today)
    progress(0.1, "Computing")
    written = frozen.freeze(deck.computed(bind, viewer, filters))
    with record_session(bind, viewer) as session:
        return editions.keep_edition(
            session,
            viewer,
            form,
            filters.first,
            filters.last,
            written,
            frozen.digest(written),
            previous.id if previous else None,
        )


def content(row: Edition) -> Frozen:
    """Its frozen figures. Raises Conflict where they are not what was frozen."""
    if frozen.digest(row.figures) != row.digest:
        raise Conflict(
            f"The figures of edition {row.number} are not those that were frozen: somebody changed the database by "
            "hand. It is not shown. Restore the database, or withdraw the edition."
        )
    return frozen.thaw(row.figures)


def material(row: Edition, found: Frozen | None = None) -> Material:
    """What the deck of ``row`` is made of."""
    own = {slide["key"]: slide for slide in row.deck}
    order = tuple(slide["key"] for slide in row.deck if slide["shown"])
    return Material(found or content(row), row.number, own, order)


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
