"""One slide filled in, and all that a deck is made of: what every outlet shows, word for word."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.charts import bare, draw
from dashboard.export.tables import readable
from dashboard.frozen import Frozen
from dashboard.measures import MEASURES
from dashboard.model import Result
from db.vocab import Lang, Scope, text

FEW = 10
"""Bars that a slide shows at a size that can be read at eight metres."""


@dataclass(frozen=True, slots=True)
class Card:
    """One number: its plain name, the number as it is shown, and against what."""

    label: str
    display: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a slide that is a list. ``mark``: a word in front ("open", "answered", "correction"), or empty."""

    head: str
    body: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Leaf:
    """One slide, filled in. It has a picture (``result``), or cards, or rows; the title has none of them."""

    key: str
    title: str
    """The question, or on the title slide the occasion."""
    sentence: str
    """The claim: one sentence, the largest words of the slide."""
    more: str
    """What qualifies the claim."""
    source: str
    """Source, period, as-of day, what is hidden: at the foot of every slide."""
    note: str
    """For the speaker: what was written for this meeting, then what the figures say."""
    lang: Lang
    result: Result | None = None
    cards: tuple[Card, ...] = ()
    rows: tuple[Row, ...] = ()
    parts: tuple[int, ...] = ()
    """Of a Result that breaks a count down in several ways those that are drawn (0: the first); empty: all."""
    withheld: bool = False
    """It cannot honestly be shown (too few, too early): the sentence says why, and there is no picture."""
    computed: str = ""
    """The computed claim where ``sentence`` is somebody's own words; empty otherwise. Every outlet marks it."""
    retitled: bool = False
    """The title is somebody's own words."""

    @property
    def own(self) -> str:
        """What every outlet shows under the claim where words are not computed: whose they are, and the computed claim.

        Empty where nobody wrote their own.
        """
        if self.computed:
            return text("slide.own.sentence", self.lang, computed=self.computed)
        return text("slide.own.title", self.lang) if self.retitled else ""

    @cached_property
    def drawn(self) -> Result | None:
        """The Result as it is drawn: of a long breakdown the chosen parts, without the bars that are zero.

        A day on which the call rules changed stands on pictures of calls alone: nothing else was redefined.
        None where there is no picture. The table keeps every row.
        """
        if self.result is None or self.withheld or MEASURES[self.result.key].chart is None:
            return None
        result, breaks = self.result, self.result.marks.get("breaks") or ()
        if breaks and Scope.calls.value not in MEASURES[result.key].scopes:
            events = [(day, said) for day, said in result.marks.get("events") or () if day not in breaks]
            result = replace(result, marks={**result.marks, "breaks": [], "events": events})
        table = result.table
        if not self.parts or "by" not in table:
            return result
        ways = list(dict.fromkeys(table["by"]))
        kept = table[table["by"].isin([ways[k] for k in self.parts if k < len(ways)])]
        if len(kept) > FEW:
            kept = kept[kept["value"].isna() | (kept["value"] != 0)]
        return replace(result, table=kept.reset_index(drop=True))

    @cached_property
    def figure(self) -> go.Figure | None:
        """The chart at a slide's size (1760 × 730 of a stage of 1920 × 1080)."""
        if self.drawn is None:
            return None
        measure = MEASURES[self.drawn.key]
        unit = text(f"measure.{measure.key}.unit", self.lang)
        return draw(self.drawn, str(measure.chart), unit=unit, size="slide")

    @property
    def bare(self) -> bool:
        """Whether the picture is an empty frame with a sentence in it."""
        return self.result is not None and bare(self.result, str(MEASURES[self.result.key].chart))

    @property
    def table(self) -> pd.DataFrame | None:
        """The figures behind the chart, as text."""
        return None if self.result is None else readable(self.result, MEASURES[self.result.key])


@dataclass(frozen=True)
class Material:
    """What a deck is made of: the frozen figures, and the words somebody wrote for this meeting."""

    content: Frozen
    number: str = ""
    """The edition's; empty for a draft that nobody kept."""
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Key of the slide → {"title" | "sentence" | "note": {language: text}}, where somebody wrote their own."""
    order: tuple[str, ...] = ()
    """Keys of the slides that are shown, in order; empty: those of ``deck.default_order``."""
    spanish_reviewed: bool = False
    """A person has read the Spanish and vouches for it."""
    title: str = ""
    """What stands on the first slide; empty: the pilot's name."""

    def unread(self, lang: Lang) -> bool:
        """Whether what is said in ``lang`` must be marked as not yet reviewed."""
        return lang == "es" and not self.spanish_reviewed

    def result(self, key: str, lang: Lang) -> Result | None:
        return self.content.results.get(lang, {}).get(key)

    def own(self, slide: str, what: str, lang: Lang) -> str:
        """Somebody's own ``what`` for a slide, stripped; empty where there is none."""
        return str(self.words.get(slide, {}).get(what, {}).get(lang, "")).strip()
