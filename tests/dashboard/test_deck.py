"""The deck: every slide has a claim, a source and a note, in both languages, for the public only."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard import deck
from dashboard.bodies import BODIES, CARDS, DEFINED, LETTERS, ROWS
from dashboard.deck import LANGS, SLIDES, computed
from dashboard.export.html import page, policy
from dashboard.frozen import Asked, Correction, Frozen, Gap
from dashboard.leaf import Leaf, Material, Row
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Audience, Estimate, Filters
from db.access import Viewer, viewer_for
from db.engine import aggregate_session
from db.errors import Forbidden
from db.pilot import the_pilot
from db.vocab import Lang, Role, keys, text
from tests.conftest import NOW, add_small_pilot, fresh_sqlite

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


# --- what a slide says where it cannot show --------------------------------------------------------------


@pytest.fixture(scope="module")
def content(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """The figures of a pilot without any work; the tests put others in their place."""
    for bind in fresh_sqlite(sqlite_template, tmp_path_factory.mktemp("deck")):
        add_small_pilot(bind)
        with aggregate_session(bind) as session:
            filters = pilot_to_date(the_pilot(session), NOW.date())
        council = viewer_for(
            Role.council, name="council", now=NOW, today=NOW.date(), user_id=None, staff_id=None, address="127.0.0.1"
        )
        return computed(bind, council, filters)
    raise AssertionError("no database")


def changed(content: Frozen, key: str, **changes: object) -> Frozen:
    """``content`` with another Result under ``key``, in both languages."""
    results = {lang: {**found, key: replace(found[key], **changes)} for lang, found in content.results.items()}
    return replace(content, results=results)


def by_key(content: Frozen, lang: Lang = "en", **material: Any) -> dict[str, Leaf]:
    return {leaf.key: leaf for leaf in deck.leaves(Material(content, **material), lang)}


def test_an_empty_pilot_withholds_its_pictures(content: Frozen) -> None:
    found = by_key(content)
    assert found["work"].sentence == "There is nothing to show here yet."
    assert found["work"].more == "No intervention is recorded in this period."
    assert found["people"].sentence.startswith("0 people had direct contact"), "zero is shown, and is a claim"
    assert found["effect"].sentence.startswith("No behavioral-health calls have been loaded yet")
    for leaf in found.values():
        assert leaf.withheld == (leaf.figure is None and not leaf.rows and not leaf.cards and leaf.key != "title")
        assert leaf.drawn is None or not leaf.bare


def test_too_few_people_are_not_shown(content: Frozen) -> None:
    """A headline that the rule hides takes claim and picture with it, and the slide of what is not known names it."""
    few = {"display": text("measures.hidden"), "table": pd.DataFrame({"period": [], "value": []})}
    found = by_key(changed(content, "people_served", **few))
    people = found["people"]
    assert people.sentence == "This cannot be shown: it rests on a count of people under 11, or would give one away."
    assert (people.withheld, people.more, people.drawn, people.figure) == (True, "", None, None)
    assert found["pilot"].sentence.endswith("the people served are too few to show.")
    hidden = next(row for row in found["unknown"].rows if row.head == "Too few to show")
    assert hidden.body == "People served."


def test_a_number_whose_parts_are_hidden_stands_alone(content: Frozen) -> None:
    shown = pd.DataFrame(
        {"by": ["Need"] * 2, "group": ["Housing", "Legal"], "value": [40, pd.NA], "hidden": [False, True]}
    )
    said = {"display": "58", "sentence": text("measures.hidden_sentence", t=11), "table": shown}
    gaps = by_key(changed(content, "service_gaps", **said))["gaps"]
    assert (gaps.sentence, gaps.withheld) == ("Service gaps: 58. Some of it is hidden.", False)
    assert "small counts hidden" in gaps.source


def test_the_effect_waits_for_its_first_month(content: Frozen) -> None:
    early = "It is too early to say whether repeat calls fell. 3 full months after the start can be judged."
    months = pd.DataFrame({"month": [date(2026, 2, 1)], "observed": [90], "expected": [100.0]})
    found = by_key(changed(content, "repeat_call_effect", sentence=early, marks={"verdict": "too_early"}, table=months))
    assert found["effect"].sentence == "It is too early to say whether repeat calls fell."
    assert found["effect"].more == "3 full months after the start can be judged."
    assert found["effect"].figure is None
    assert found["unknown"].rows[0] == Row("Did repeat calls fall?", early)


@pytest.mark.parametrize(
    ("verdict", "high", "words"),
    [
        ("falling", 0.9, "The figures show that they changed."),
        ("no_sign", 1.1, "A small change may hide"),
        ("inconclusive", 1.1, "the calls so far fit a fall, and they fit no fall"),
        ("inconclusive", 0.9, "calls of other kinds fell as well"),
    ],
)
def test_what_the_verdict_leaves_open(content: Frozen, verdict: str, high: float, words: str) -> None:
    state = {"marks": {"verdict": verdict}, "estimate": Estimate(0.8, 0.7, high)}
    assert words in by_key(changed(content, "repeat_call_effect", **state))["unknown"].rows[0].body


def test_an_edition_without_a_figure_says_so(content: Frozen) -> None:
    old = {lang: {k: r for k, r in found.items() if k != "burn"} for lang, found in content.results.items()}
    money = by_key(replace(content, results=old), "es")["money"]
    assert money.withheld
    assert money.sentence == "Esta edición se preparó sin estas cifras."


# --- answers, corrections, order -------------------------------------------------------------------------

ASKED = (
    Asked("2026-10-15", "What does a night shift cost?", "Ms. Reyes", "Chief", date(2026, 12, 1)),
    Asked("2026-10-15", "Is 262 the same as last month?", answer="No: it was 241."),
    Asked("2026-10-15", "Who pays after June?"),
)
CORRECTED = Correction(
    "spent", "", "$1", "$2", "correction", {"en": "Spent was $1 and is $2.", "es": "Era $1 y es $2."}
)


def test_the_deck_opens_with_answers(content: Frozen) -> None:
    content = replace(content, questions=ASKED)
    answers = deck.leaves(Material(content), "en")[1]
    assert (answers.key, answers.sentence) == ("answers", "1 of 3 questions from last time is answered.")
    assert answers.rows == (
        Row("Is 262 the same as last month?", "No: it was 241.", "answered"),
        Row("What does a night shift cost? (Ms. Reyes)", "Chief looks after it, by 1 Dec 2026.", "open"),
        Row("Who pays after June?", "Nobody has been named yet.", "open"),
    )
    assert "No: it was 241." in answers.note
    es = deck.leaves(Material(replace(content, questions=ASKED[1:2])), "es")[1]
    assert (es.sentence, es.rows[0].mark) == ("La pregunta de la última vez está respondida.", "respondida")


def test_more_rows_than_can_be_read_go_to_the_notes(content: Frozen) -> None:
    asked = tuple(Asked("2026-10-15", f"Question {k}?", answer="word " * 200) for k in range(12))
    answers = deck.leaves(Material(replace(content, questions=asked)), "en")[1]
    assert len(answers.rows) == ROWS
    assert answers.rows[-1].head == "And 6 more, in the notes."
    assert answers.rows[0].body.endswith("word …")
    assert len(answers.rows[0].body) <= LETTERS + 2
    assert answers.note.count("word ") >= 12 * 199
    one = deck.leaves(Material(replace(content, questions=(Asked("2026-10-15", "x" * 2_000),))), "en")[1]
    assert len(one.rows[0].head) == LETTERS + 2


def test_corrections_cannot_be_left_out(content: Frozen) -> None:
    content = replace(content, corrections=(CORRECTED,))
    assert deck.default_order(content)[:3] == ("title", "corrections", "pilot")
    chosen = by_key(content, order=("title", "money"))
    assert list(chosen) == ["title", "corrections", "money"]
    assert chosen["corrections"].rows == (Row("Spent was $1 and is $2.", "", "correction"),)
    assert list(by_key(content, order=("money", "corrections"))) == ["money", "corrections"]
    assert list(by_key(content, order=("money",))) == ["corrections", "money"]


def test_a_slide_that_was_chosen_is_shown_though_it_has_nothing(content: Frozen) -> None:
    found = by_key(content, order=("answers", "corrections", "no such slide", "title"))
    assert list(found) == ["answers", "corrections", "title"]
    assert found["answers"].sentence == "No question is waiting from the last meeting."
    assert found["corrections"].sentence == "No published figure was corrected since the last meeting."


def test_what_is_not_judged_yet_is_said_and_no_footnote_in_its_place(content: Frozen) -> None:
    rule = text("measures.hidden_note", t=11)
    for caveats, told in ((("Not judged yet: 61.", rule), True), ((rule,), False), ((), False)):
        rows = by_key(changed(content, "connection_rate", caveats=caveats))["unknown"].rows
        assert (Row("Will newer connections hold?", "Not judged yet: 61.") in rows) is told
        assert not any(rule in row.body for row in rows)


def test_gaps_are_said(content: Frozen) -> None:
    gaps = tuple(Gap("week", {"en": f"Week {k} is not certified.", "es": f"Falta la semana {k}."}) for k in range(3))
    unknown = by_key(replace(content, gaps=gaps))["unknown"]
    assert unknown.rows[-1].body == "Week 0 is not certified. And 2 more."
    assert "Week 2 is not certified." in unknown.note
    assert unknown.sentence.startswith(f"{len(unknown.rows)} things")


# --- somebody's own words --------------------------------------------------------------------------------


def test_own_words_are_marked_and_the_figures_stay_beside_them(content: Frozen) -> None:
    own = {"people": {"sentence": {"en": "  We reached many. "}, "title": {"en": "People"}, "note": {"en": "Slowly."}}}
    claim = by_key(content)["people"].sentence
    people = by_key(content, words=own)["people"]
    assert (people.title, people.sentence, people.computed) == ("People", "We reached many.", claim)
    assert people.own == f"In the chief’s own words. The figures say: {claim}"
    assert people.note.startswith(f"In the chief’s own words: Slowly.\n{people.own}\n")
    assert by_key(content, "es", words=own)["people"].own == ""


def test_a_slide_that_only_has_another_title_says_that(content: Frozen) -> None:
    money = by_key(content, words={"money": {"title": {"en": "Our money"}}})["money"]
    assert (money.own, money.computed) == ("The heading is in the chief’s own words.", "")
    same = by_key(content, words={"money": {"title": {"en": "The money and the clock"}}})["money"]
    assert same.own == ""


def test_spanish_is_marked_until_a_person_has_signed(content: Frozen) -> None:
    for leaf in by_key(content, "es").values():
        assert leaf.source.endswith("español aún sin revisar"), leaf.key
    assert "español aún sin revisar" in by_key(content, "es")["title"].more
    signed = by_key(content, "es", spanish_reviewed=True)
    assert not any("sin revisar" in leaf.source + leaf.more for leaf in signed.values())
    assert not any("reviewed" in leaf.source for leaf in by_key(content).values())


def test_the_first_slide_has_the_meeting_s_own_title(content: Frozen) -> None:
    title = by_key(content, title="Public Safety Committee")["title"]
    assert title.sentence == "Public Safety Committee"
    assert str(content.facts["pilot"]) in title.more
    assert by_key(content)["title"].sentence == content.facts["pilot"]


# --- what is drawn, what is explained --------------------------------------------------------------------


def test_a_long_breakdown_is_drawn_in_part_and_kept_whole(content: Frozen) -> None:
    rows = [("How", f"Mode {k}", k) for k in range(4)] + [("Purpose", f"Purpose {k}", k) for k in range(12)]
    table = pd.DataFrame(rows, columns=["by", "group", "value"])
    work = by_key(changed(content, "interventions", table=table))["work"]
    assert work.drawn is not None
    assert work.result is not None
    assert list(work.drawn.table["group"]) == ["Mode 0", "Mode 1", "Mode 2", "Mode 3"]
    assert len(work.result.table) == len(table)
    both = replace(work, parts=(0, 1)).drawn
    assert both is not None
    assert len(both.table) == len(table) - 2, "of more than ten bars those that are zero are left out"


def test_changed_call_rules_stand_on_pictures_of_calls_alone(content: Frozen) -> None:
    day = date(2026, 3, 11)
    marks = {"breaks": [day], "events": [(day, "Call rules"), (date(2026, 4, 1), "Training")], "verdict": "falling"}
    for key, slide, kept in (("people_served", "people", False), ("repeat_call_effect", "effect", True)):
        table = pd.DataFrame({"period": [day], "value": [5], "observed": [5]})
        drawn = by_key(changed(content, key, marks=marks, table=table))[slide].drawn
        assert drawn is not None
        assert bool(drawn.marks["breaks"]) is kept
        assert ((day, "Call rules") in drawn.marks["events"]) is kept
        assert (date(2026, 4, 1), "Training") in drawn.marks["events"]


def test_every_measure_on_a_slide_is_explained() -> None:
    shown = {slide.measure for slide in SLIDES if slide.measure} | set(CARDS)
    explained = {key for keys in DEFINED.values() for key in keys}
    assert shown == explained
    assert set(DEFINED) == {slide.key for slide in SLIDES if slide.body == "definitions"}
    assert all(len(keys) <= ROWS for keys in DEFINED.values())


def test_definitions_name_rule_and_source(content: Frozen) -> None:
    found = by_key(content)
    spent = found["definitions_money"].rows[0]
    assert (spent.head, spent.body.endswith("Source: Ledger")) == ("Spent", True)
    assert found["definitions_money"].rows[-1].body.startswith("A count of people from 1 to 10 is not shown")
    for lang in LANGS:
        for leaf in by_key(content, lang).values():
            assert not any(row.body.endswith("…") for row in leaf.rows), f"{leaf.key} in {lang} is cut"
