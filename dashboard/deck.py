"""The slides of a meeting: one claim and one picture each, of figures that have passed the disclosure rule.

``leaves`` gives what every outlet (screen, self-contained page, files) shows, word for word.
"""

import re
from dataclasses import replace

from sqlalchemy import Engine

from dashboard.bodies import BODIES
from dashboard.export.tables import source_line
from dashboard.frozen import Frozen
from dashboard.holding import WITHHELD, footnote
from dashboard.leaf import Leaf, Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import in_languages
from dashboard.model import Audience, Filters, Result, Slide
from db.access import Viewer
from db.engine import aggregate_session
from db.models import Pilot
from db.pilot import pilot_week, pilot_weeks, the_pilot
from db.vocab import Lang, text

SLIDES: tuple[Slide, ...] = (
    Slide("title", "slide.title", None, "slide.title.note", body="title"),
    Slide("caseload", "measure.caseload.question", "caseload"),
    Slide("referrals", "measure.referral_flow.question", "referral_flow"),
    Slide("effect", "measure.repeat_call_effect.question", "repeat_call_effect"),
    Slide("money", "measure.burn.question", "burn"),
    Slide("clock", "measure.pilot_clock.question", "pilot_clock"),
    Slide("bought", "measure.what_it_bought.question", "what_it_bought"),
    Slide("after", "measure.after_pilot.question", "after_pilot"),
)
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-ZÁÉÍÓÚ¿])")
LANGS: tuple[Lang, ...] = ("en", "es")


def leaves(material: Material, lang: Lang) -> tuple[Leaf, ...]:
    """The slides of ``material`` that are shown, in order, in one language."""
    known = {slide.key: slide for slide in SLIDES}
    shown = material.order or tuple(known)
    return tuple(_leaf(known[key], material, lang) for key in shown if key in known)


def computed(bind: Engine, viewer: Viewer, filters: Filters, keys: tuple[str, ...] = ()) -> Frozen:
    """The public figures of ``keys`` (those of the slides without) as of now, in both languages; nothing is kept.

    Raises Forbidden like ``compute``.
    """
    wanted = keys or tuple(slide.measure for slide in SLIDES if slide.measure)
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    found = in_languages(bind, viewer, wanted, filters, LANGS, Audience.public)
    return Frozen(found, facts=facts(pilot, filters))


def facts(pilot: Pilot, filters: Filters) -> dict[str, object]:
    """What slides say of the pilot beside the measures."""
    weeks = len(pilot_weeks(pilot))
    return {
        "pilot": pilot.name,
        "city": pilot.city,
        "is_demo": pilot.is_demo,
        "starts_on": pilot.starts_on,
        "ends_on": pilot.ends_on,
        "week": min(pilot_week(pilot, filters.as_of), weeks),
        "weeks": weeks,
        "first": filters.first,
        "last": filters.last,
        "as_of": filters.as_of,
        "threshold": pilot.small_count_threshold,
    }


def _leaf(slide: Slide, material: Material, lang: Lang) -> Leaf:
    if slide.measure is None:
        leaf = BODIES[slide.body](slide, material, lang)
    else:
        leaf = _claim(slide, material.content.results[lang][slide.measure])
        still = footnote(material.content.held, slide.measure, lang)
        leaf = replace(leaf, source=" · ".join(filter(None, (leaf.source, still))))
    title, sentence = (material.own(slide.key, what, lang) for what in ("title", "sentence"))
    note = "\n".join(filter(None, (material.own(slide.key, "note", lang), leaf.note)))
    if sentence and sentence != leaf.sentence:
        leaf = replace(leaf, sentence=sentence, computed=leaf.sentence)
    return replace(leaf, title=title or leaf.title, note=note)


def _claim(slide: Slide, result: Result) -> Leaf:
    measure = MEASURES[result.key]
    lang: Lang = "es" if result.filters.lang == "es" else "en"
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
        withheld=bool(result.marks.get(WITHHELD)),
    )


def _footnotes(result: Result, lang: Lang) -> list[str]:
    notes = [text("slide.provisional", lang)] if result.provisional else []
    hidden = "hidden" in result.table and bool(result.table["hidden"].any())
    return [*notes, text("slide.hidden", lang)] if hidden else notes
