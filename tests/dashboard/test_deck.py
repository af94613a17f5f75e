"""The deck: every slide has a claim, a source and a note, in both languages, for the public only."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from dashboard import deck
from dashboard.bodies import BODIES
from dashboard.deck import LANGS, SLIDES, computed
from dashboard.export.html import page, policy
from dashboard.leaf import Leaf, Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Audience, Filters
from db.access import Viewer
from db.engine import aggregate_session
from db.errors import Forbidden
from db.pilot import the_pilot
from db.vocab import Lang, Role, keys

Who = Callable[..., Viewer]


@pytest.fixture
def filters(small_pilot: Engine, viewer: Who) -> Filters:
    with aggregate_session(small_pilot) as session:
        return pilot_to_date(the_pilot(session), viewer(Role.council).today)


def build(bind: Engine, viewer: Viewer, filters: Filters, lang: Lang = "en") -> tuple[Leaf, ...]:
    return deck.leaves(Material(computed(bind, viewer, filters)), lang)


def in_both_languages(bind: Engine, viewer: Viewer, filters: Filters) -> dict[Lang, tuple[Leaf, ...]]:
    material = Material(computed(bind, viewer, filters))
    return {lang: deck.leaves(material, lang) for lang in LANGS}


def test_slides_rest_on_measures_and_words_that_exist() -> None:
    assert {slide.measure for slide in SLIDES if slide.measure} <= set(MEASURES)
    assert {slide.body for slide in SLIDES if not slide.measure} == set(BODIES)
    assert {slide.title for slide in SLIDES} <= set(keys())


def test_an_empty_pilot_still_has_an_honest_deck(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    for lang, leaves in in_both_languages(small_pilot, viewer(Role.council), filters).items():
        assert [leaf.key for leaf in leaves] == [s.key for s in SLIDES if s.key not in ("answers", "corrections")]
        for leaf in leaves:
            assert leaf.sentence, leaf.key
            assert leaf.source, leaf.key
            assert leaf.note, leaf.key
            assert "14 Nov 2026" in leaf.source or "14 nov 2026" in leaf.source
            assert leaf.lang == lang


def test_claims_differ_between_the_languages(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    decks = in_both_languages(small_pilot, viewer(Role.council), filters)
    assert all(en.title != es.title for en, es in zip(decks["en"], decks["es"], strict=True))


def test_the_deck_is_public(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    leaves = build(small_pilot, viewer(Role.council), filters)
    assert {leaf.result.audience for leaf in leaves if leaf.result} == {Audience.public}


def test_who_may_not_see_public_figures_gets_no_deck(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    with pytest.raises(Forbidden):
        build(small_pilot, viewer(Role.officer), filters)


def test_the_page_asks_nobody_for_anything(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    leaves = build(small_pilot, viewer(Role.council), filters)
    html = page({"en": leaves}, title="Harbor")
    ours = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""(?:src|href)\s*=|https?://|@import|url\((?!data:|#)""", ours)
    rules = policy(html)
    assert "default-src 'none'" in rules
    assert "connect-src" not in rules
    assert "unsafe" not in rules
    assert rules.count("'sha256-") == html.count("<script>") + html.count("<style>")


def test_words_cannot_break_out_of_the_page(small_pilot: Engine, viewer: Who, filters: Filters) -> None:
    leaf = build(small_pilot, viewer(Role.council), filters)[0]
    evil = replace(leaf, sentence="</script><script>alert(1)</script>")
    html = page({"en": (evil,)}, title="</title><script>alert(2)</script>")
    assert "alert(1)</script>" not in html
    assert "<script>alert(2)" not in html
