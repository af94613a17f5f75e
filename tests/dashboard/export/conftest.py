"""Documents that become files: one of the demo city, with a slide for every form of chart, one of an empty pilot."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard import deck
from dashboard.document import Document
from dashboard.export.tables import source_line
from dashboard.frozen import Frozen
from dashboard.leaf import Card, Leaf, Material, Row
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Result
from db import access
from db.engine import aggregate_session
from db.pilot import the_pilot
from db.vocab import Lang, Role, text
from tests.conftest import NOW, TODAY, add_small_pilot, create_engine_at

MORE = (
    "connection_ladder", "familiar_faces", "family_contacts", "cost_per_person", "people_by_group", "budget_lines",
    "effect_axis", "effect_detectable", "effect_residuals", "call_coverage", "after_coverage",
)  # fmt: skip
"""With the slides of every deck: each form of chart, and several that hide something."""


def claim(result: Result, lang: Lang) -> Leaf:
    measure = MEASURES[result.key]
    title = text(f"measure.{result.key}.question", lang)
    return Leaf(result.key, title, result.sentence, "", source_line(result, measure), "Say this.", lang, result)


def leaves(found: Frozen, lang: Lang) -> tuple[Leaf, ...]:
    """The deck as it stands, the other forms, and the kinds of slide that have no chart."""
    usual = deck.leaves(Material(found), lang)
    pictured = next(leaf for leaf in usual if leaf.drawn is not None and not leaf.bare)
    plain = replace(usual[0], result=None, more="", note="Say this.")
    cards = (Card("People served", "263", "target 300"), Card("Spent", "$177,000", "of $216,000"))
    rows = (Row("Did it fall?", "See the slide.", "answered"), Row("What next?", "", "open"))
    return (
        *usual,
        *(claim(found.results[lang][key], lang) for key in MORE),
        replace(plain, key="cards", title="All in one", sentence="Two numbers.", cards=cards),
        replace(plain, key="rows", title="Asked last time", sentence="One of two is answered.", rows=rows),
        replace(pictured, key="early", sentence="It is too early.", withheld=True),
        replace(pictured, key="own", sentence="She carries a full load.", computed=pictured.sentence),
    )


def document(bind: Engine, keys: tuple[str, ...], *, every_kind: bool) -> Document:
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    viewer = access.viewer_for(
        Role.chief, name="chief", now=NOW, today=TODAY, user_id=None, staff_id=None, address="127.0.0.1"
    )
    found = deck.computed(bind, viewer, pilot_to_date(pilot, TODAY), keys)
    made: dict[Lang, tuple[Leaf, ...]] = {
        lang: leaves(found, lang) if every_kind else deck.leaves(Material(found), lang) for lang in deck.LANGS
    }
    return Document(
        name="edition-2026-11-14",
        number="2026-11-14",
        title="Council meeting",
        place="Harbor",
        as_of=TODAY,
        made_at=datetime(2026, 11, 14, 15, tzinfo=UTC),
        decks=made,
        results={lang: found.results[lang] for lang in deck.LANGS},
        approved=True,
        is_demo=pilot.is_demo,
    )


@pytest.fixture(scope="session")
def small_document(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    """Of a pilot in which nothing has been done yet."""
    path = tmp_path_factory.mktemp("small") / "tandem.db"
    shutil.copy(sqlite_template, path)
    bind = create_engine_at(path)
    add_small_pilot(bind)
    yield document(bind, (), every_kind=False)
    bind.dispose()


@pytest.fixture(scope="session")
def demo_document(demo_database: Path) -> Iterator[Document]:
    """Of the demo city: read only, so that the city may be shared."""
    bind = create_engine_at(demo_database)
    usual = tuple(slide.measure for slide in deck.SLIDES if slide.measure)
    yield document(bind, tuple(dict.fromkeys((*usual, *MORE))), every_kind=True)
    bind.dispose()
