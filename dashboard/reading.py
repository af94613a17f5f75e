"""How hard public text is to read: a list of warnings for whoever prepares a meeting, never a gate.

English: Flesch–Kincaid grade (Kincaid et al. 1975), the school year that reads it. Spanish: Fernández-Huerta (1959),
from 0, very hard, to 100, very easy. Words of the field (``glossary.*`` of the vocabulary) are left out of the count:
they are explained where they stand, and no shorter word means the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from dashboard.leaf import Leaf
from db.vocab import Lang, keys, text

GRADE = 8.0
"""English is easy up to this school year, inclusive."""
EASE = 60.0
"""Spanish is easy from this value on, inclusive."""
WORDS = 5
"""A shorter run of words is a heading or a number: the formulas say nothing of it."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
DECIMALS = re.compile(r"(?<=\d)[.,](?=\d)")


@dataclass(frozen=True, slots=True)
class Reading:
    """The score of one text. ``words``: how many were counted; under ``WORDS`` nothing is said, and it is not hard."""

    score: float
    lang: Lang
    words: int

    @property
    def hard(self) -> bool:
        if self.words < WORDS:
            return False
        return self.score < EASE if self.lang == "es" else self.score > GRADE


def level(said: str, lang: Lang) -> Reading:
    """How hard ``said`` is: a grade in English, an ease in Spanish."""
    from textstat.textstat import textstatistics  # here: it takes more than a second, which no page may wait for

    plain = " ".join(_terms(lang).sub(" ", DECIMALS.sub("", said)).split())
    scale = textstatistics()
    scale.set_lang(lang)
    score = scale.fernandez_huerta(plain) if lang == "es" else scale.flesch_kincaid_grade(plain)
    return Reading(round(float(score), 1), lang, len(re.findall(r"[^\W\d_]+", plain)))


def hard(leaves: Iterable[Leaf], lang: Lang) -> list[tuple[str, str, float]]:
    """(slide, sentence, score) of every sentence on ``leaves`` that is hard to read, as the slides stand."""
    found = []
    for leaf in leaves:
        for said in _sentences(leaf):
            reading = level(said, lang)
            if reading.hard:
                found.append((leaf.key, said, reading.score))
    return found


def _sentences(leaf: Leaf) -> list[str]:
    """What the slide says, sentence by sentence."""
    texts = [leaf.title, leaf.sentence, leaf.more, *(part for row in leaf.rows for part in (row.head, row.body))]
    return [said for whole in texts for said in SENTENCE_END.split(whole) if said]


@cache
def _terms(lang: Lang) -> re.Pattern[str]:
    """The words of the field, the longest first."""
    found = {term for key in keys() if key.startswith("glossary.") for term in text(key, lang).split("|")}
    longest = sorted(found, key=lambda term: (-len(term), term))
    return re.compile("|".join(rf"(?<!\w){re.escape(term)}(?!\w)" for term in longest), re.IGNORECASE)
