"""How hard public text is: the published formulas, the words of the field left out, a list and no gate."""

import pytest

from dashboard import deck, reading
from dashboard.leaf import Leaf, Row
from dashboard.measures import MEASURES
from db.vocab import Lang, text

CAT = "The cat sat on the mat."  # 6 words of one syllable in one sentence
GATO = "El gato come en la casa."  # 6 words of 9 syllables in one sentence


@pytest.mark.parametrize(
    ("said", "lang", "score"),
    [
        (CAT, "en", 0.39 * 6 + 11.8 * 6 / 6 - 15.59),  # Kincaid, Fishburne, Rogers and Chissom 1975
        (f"{CAT} {CAT}", "en", 0.39 * 6 + 11.8 * 6 / 6 - 15.59),
        (GATO, "es", 206.84 - 60 * 9 / 6 - 1.02 * 6),  # Fernández Huerta 1959
    ],
)
def test_the_published_formulas(said: str, lang: Lang, score: float) -> None:
    assert reading.level(said, lang).score == pytest.approx(score, abs=0.05)


def test_lincoln_is_for_grown_ups() -> None:
    """30 words of 48 syllables in one breath; dictionaries differ by a syllable or two ("our", "years")."""
    said = (
        "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in "
        "Liberty, and dedicated to the proposition that all men are created equal."
    )
    found = reading.level(said, "en")
    assert found.words == 30
    assert found.score == pytest.approx(0.39 * 30 + 11.8 * 48 / 30 - 15.59, abs=0.8)
    assert found.hard


def test_words_of_the_field_do_not_count() -> None:
    term = "The team met the behavioral-health provider on the day of the call."
    assert reading.level(term, "en") == reading.level("The team met the on the day of the call.", "en")
    es = "El equipo habló de salud mental con el proveedor ese día de la semana."
    assert reading.level(es, "es") == reading.level("El equipo habló de con el ese día de la semana.", "es")
    assert reading.level("Providers of unproviderly things come here now.", "en").words == 6  # whole words alone


def test_a_heading_or_a_number_is_never_hard() -> None:
    for said in ("Organizational accountability", "$152,005", ""):
        assert not reading.level(said, "en").hard
        assert not reading.level(said, "es").hard
    assert reading.level("An organizational accountability determination necessitates documentation.", "en").hard
    assert reading.level("La responsabilidad organizacional necesita documentación administrativa.", "es").hard


def test_hard_sentences_are_named_with_their_slide() -> None:
    bad = "Interdepartmental communication necessitates administrative coordination."
    leaf = Leaf("people", "Who?", f"The cat sat on the mat. {bad}", "", "", "", "en", rows=(Row("Why", bad),))
    found = reading.hard((leaf,), "en")
    assert [(slide, said) for slide, said, _ in found] == [("people", bad)] * 2
    assert all(score > reading.GRADE for _, _, score in found)
    assert reading.hard((Leaf("people", "Who?", CAT, "", "", "", "en"),), "en") == []


@pytest.mark.parametrize("lang", ["en", "es"])
def test_what_the_slides_ask_is_easy(lang: Lang) -> None:
    """Titles and questions are the same in every city: they are written once, plainly."""
    keys = [slide.title for slide in deck.SLIDES]
    keys += [f"measure.{key}.question" for key in deck.NEEDED if key in MEASURES]
    assert [said for key in keys if reading.level(said := text(key, lang, pilot="Harbor"), lang).hard] == []
