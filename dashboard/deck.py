"""The slides of a meeting: one claim and one picture each, of figures that have passed the disclosure rule.

``leaves`` gives what every outlet (screen, self-contained page, files) shows, word for word.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Engine

from dashboard.bodies import BODIES, USED, absent, claim, hidden, source
from dashboard.export.tables import source_line
from dashboard.frozen import Frozen
from dashboard.holding import WITHHELD, footnote
from dashboard.leaf import Leaf, Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import in_languages
from dashboard.model import Audience, Filters, Result, Slide
from dashboard.verdict import Verdict
from db.access import Viewer
from db.engine import aggregate_session
from db.models import Pilot
from db.pilot import pilot_week, pilot_weeks, the_pilot
from db.vocab import Lang, text

SLIDES: tuple[Slide, ...] = (
    Slide("title", "slide.title", None, "slide.title.note", body="title"),
    Slide("answers", "slide.answers", None, "slide.answers.note", body="answers"),
    Slide("corrections", "slide.corrections", None, "slide.corrections.note", body="corrections"),
    Slide("pilot", "slide.pilot", None, "slide.pilot.note", body="pilot"),
    Slide("people", "measure.people_served.question", "people_served"),
    Slide("first_weeks", "measure.first_weeks.question", "first_weeks"),
    Slide("work", "measure.interventions.question", "interventions", parts=(0,)),
    Slide("ladder", "measure.connection_ladder.question", "connection_ladder"),
    Slide("wait", "measure.time_to_first_contact.question", "time_to_first_contact"),
    Slide("effect", "measure.repeat_call_effect.question", "repeat_call_effect"),
    Slide("coverage", "measure.call_coverage.question", "call_coverage"),
    Slide("faces", "measure.familiar_faces.question", "familiar_faces"),
    Slide("money", "slide.money", "burn"),
    Slide("bought", "measure.what_it_bought.question", "what_it_bought"),
    Slide("gaps", "measure.service_gaps.question", "service_gaps", parts=(0, 2)),
    Slide("unknown", "slide.unknown", None, "slide.unknown.note", body="unknown"),
    Slide("after_pilot", "measure.after_pilot.question", "after_pilot"),
    Slide("definitions", "slide.definitions", None, "slide.definitions.note", body="definitions"),
    Slide("definitions_care", "slide.definitions_care", None, "slide.definitions.note", body="definitions"),
    Slide("definitions_calls", "slide.definitions_calls", None, "slide.definitions.note", body="definitions"),
    Slide("definitions_money", "slide.definitions_money", None, "slide.definitions.note", body="definitions"),
)
BY_KEY: Mapping[str, Slide] = {slide.key: slide for slide in SLIDES}
NEEDED = tuple(dict.fromkeys((*(slide.measure for slide in SLIDES if slide.measure), *USED)))
"""The measures that the slides speak of."""
LANGS: tuple[Lang, ...] = ("en", "es")


def leaves(material: Material, lang: Lang) -> tuple[Leaf, ...]:
    """The slides of ``material`` that are shown, in order, in one language."""
    shown = _with_corrections(material.order or default_order(material.content), material.content)
    return tuple(_leaf(BY_KEY[key], material, lang) for key in shown if key in BY_KEY)


def default_order(content: Frozen) -> tuple[str, ...]:
    """Keys of the slides that are shown where nobody chose: without those that have nothing to tell."""
    empty = {"answers": not content.questions, "corrections": not content.corrections}
    return tuple(slide.key for slide in SLIDES if not empty.get(slide.key))


def _with_corrections(order: tuple[str, ...], content: Frozen) -> tuple[str, ...]:
    """Corrections may be moved, not left out: a figure that was published is not changed in silence."""
    if not content.corrections or "corrections" in order:
        return order
    place = 1 if order[:1] == ("title",) else 0
    return (*order[:place], "corrections", *order[place:])


def computed(bind: Engine, viewer: Viewer, filters: Filters, keys: tuple[str, ...] = ()) -> Frozen:
    """The public figures of ``keys`` (``NEEDED`` without) as of now, in both languages; nothing is kept.

    Raises Forbidden like ``compute``.
    """
    wanted = keys or NEEDED
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
        "population": pilot.population,
    }


def _leaf(slide: Slide, material: Material, lang: Lang) -> Leaf:
    result = material.result(slide.measure, lang) if slide.measure else None
    if slide.measure is None:
        leaf = BODIES[slide.body](slide, material, lang)
    elif result is None:
        leaf = absent(Leaf(slide.key, text(slide.title, lang), "", "", source(material, lang), "", lang))
    else:
        leaf = _claim(slide, result, material)
        still = footnote(material.content.held, result.key, lang)
        leaf = replace(leaf, source=" · ".join(filter(None, (leaf.source, still))))
    if material.unread(lang):
        leaf = replace(leaf, source=f"{leaf.source} · {text('slide.not_reviewed', lang)}")
    return _in_own_words(leaf, material)


def _in_own_words(leaf: Leaf, material: Material) -> Leaf:
    """With what somebody wrote for this meeting. What the figures say stays beside it."""
    title, sentence, note = (material.own(leaf.key, what, leaf.lang) for what in ("title", "sentence", "note"))
    if title and title != leaf.title:
        leaf = replace(leaf, title=title, retitled=True)
    if sentence and sentence != leaf.sentence:
        leaf = replace(leaf, sentence=sentence, computed=leaf.sentence)
    spoken = text("slide.own.note", leaf.lang, note=note) if note else ""
    return replace(leaf, note="\n".join(filter(None, (spoken, leaf.own, leaf.note))))


def _claim(slide: Slide, result: Result, material: Material) -> Leaf:
    measure, lang = MEASURES[result.key], _lang(result)
    first, more = claim(result)
    leaf = Leaf(
        key=slide.key,
        title=text(slide.title, lang),
        sentence=first,
        more=more,
        source=" · ".join([source_line(result, measure), *_footnotes(result, lang)]),
        note="\n".join([result.sentence, text(f"measure.{measure.key}.definition", lang), *result.caveats]),
        lang=lang,
        result=result,
        parts=slide.parts,
        withheld=bool(result.marks.get(WITHHELD)),
    )
    threshold = material.content.facts["threshold"]
    if hidden(result, lang):
        return _withheld(leaf, "few", t=threshold)
    if result.marks.get("verdict") == Verdict.too_early:
        return replace(leaf, withheld=True)  # the sentence says so, and what is wanting
    if leaf.bare:
        return replace(_withheld(leaf, "none"), more=result.sentence)
    if result.sentence == text("measures.hidden_sentence", lang, t=threshold):  # the number stands, what it is of not
        partly = text("slide.partly", lang, title=text(f"measure.{measure.key}.title", lang), display=result.display)
        return replace(leaf, sentence=partly)
    return leaf


def _withheld(leaf: Leaf, why: str, **values: object) -> Leaf:
    said = text(f"slide.withheld.{why}", leaf.lang, **values)
    return replace(leaf, sentence=said, more="", withheld=True)


def _lang(result: Result) -> Lang:
    return "es" if result.filters.lang == "es" else "en"


def _footnotes(result: Result, lang: Lang) -> list[str]:
    notes = [text("slide.provisional", lang)] if result.provisional else []
    gone = "hidden" in result.table and bool(result.table["hidden"].any())
    return [*notes, text("slide.hidden", lang)] if gone else notes
