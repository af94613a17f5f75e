"""The slides of a meeting: a title, then one claim and one picture each, through the one disclosure rule.

``build`` gives leaves: what every outlet (screen, self-contained page, files) shows, word for word.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import plotly.graph_objects as go
from sqlalchemy import Engine

from dashboard import words
from dashboard.charts import bare, draw
from dashboard.export.tables import readable, source_line
from dashboard.measures import MEASURES
from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result, Slide
from db.access import Viewer
from db.engine import aggregate_session
from db.models import Pilot
from db.pilot import pilot_week, pilot_weeks, the_pilot
from db.vocab import Lang, text

SLIDES: tuple[Slide, ...] = (
    Slide("title", "slide.title", None, "slide.title.note"),
    Slide("caseload", "measure.caseload.question", "caseload"),
    Slide("referrals", "measure.referral_flow.question", "referral_flow"),
    Slide("effect", "measure.repeat_call_effect.question", "repeat_call_effect"),
    Slide("money", "measure.burn.question", "burn"),
    Slide("clock", "measure.pilot_clock.question", "pilot_clock"),
    Slide("bought", "measure.what_it_bought.question", "what_it_bought"),
)
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-ZÁÉÍÓÚ¿])")


@dataclass(frozen=True)
class Leaf:
    """One slide, filled in. ``figure`` and ``table`` are None on the title."""

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
    """For the speaker."""
    lang: Lang
    result: Result | None = None

    @cached_property
    def figure(self) -> go.Figure | None:
        """The chart at a slide's size (1760 × 730 of a stage of 1920 × 1080)."""
        if self.result is None:
            return None
        measure = MEASURES[self.result.key]
        unit = text(f"measure.{measure.key}.unit", self.lang)
        return draw(self.result, str(measure.chart), unit=unit, size="slide")

    @property
    def bare(self) -> bool:
        """Whether the picture is an empty frame with a sentence in it."""
        return self.result is not None and bare(self.result, str(MEASURES[self.result.key].chart))

    @property
    def table(self) -> pd.DataFrame | None:
        """The figures behind the chart, as text."""
        return None if self.result is None else readable(self.result, MEASURES[self.result.key])


def build(
    bind: Engine,
    viewer: Viewer,
    filters: Filters,
    audience: Audience = Audience.public,
    slides: tuple[Slide, ...] = SLIDES,
) -> tuple[Leaf, ...]:
    """All slides for one audience, in the language of ``filters``. Raises Forbidden like ``compute``."""
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    return tuple(
        _title(slide, pilot, filters)
        if slide.measure is None
        else _claim(slide, compute(bind, viewer, slide.measure, filters, audience))
        for slide in slides
    )


def in_both_languages(bind: Engine, viewer: Viewer, filters: Filters) -> dict[Lang, tuple[Leaf, ...]]:
    """The public deck in English and in Spanish, of the same moment."""
    return {lang: build(bind, viewer, replace(filters, lang=lang)) for lang in ("en", "es")}


def _title(slide: Slide, pilot: Pilot, filters: Filters) -> Leaf:
    lang = _lang(filters)
    weeks = len(pilot_weeks(pilot))
    values = {
        "pilot": pilot.name,
        "city": pilot.city,
        "week": min(pilot_week(pilot, filters.as_of), weeks),
        "weeks": weeks,
        "day": words.day(filters.as_of, lang),
        "t": pilot.small_count_threshold,
    }
    demo = text("demo.banner", lang) if pilot.is_demo else ""
    return Leaf(
        key=slide.key,
        title=text("slide.title.over", lang, **values),
        sentence=text("slide.title", lang, **values),
        more=demo,
        source=text("slide.title.source", lang, **values),
        note=text(slide.notes, lang, **values),
        lang=lang,
    )


def _claim(slide: Slide, result: Result) -> Leaf:
    lang, measure = _lang(result.filters), MEASURES[result.key]
    first, *more = SENTENCE_END.split(result.sentence)
    definition = text(f"measure.{measure.key}.definition", lang)
    return Leaf(
        key=slide.key,
        title=text(slide.title, lang),
        sentence=first,
        more=" ".join(more),
        source=" · ".join([source_line(result, measure), *_footnotes(result, lang)]),
        note="\n".join([result.sentence, definition, *result.caveats]),
        lang=lang,
        result=result,
    )


def _footnotes(result: Result, lang: Lang) -> list[str]:
    notes = [text("slide.provisional", lang)] if result.provisional else []
    hidden = "hidden" in result.table and bool(result.table["hidden"].any())
    return [*notes, text("slide.hidden", lang)] if hidden else notes


def _lang(filters: Filters) -> Lang:
    return "es" if filters.lang == "es" else "en"
