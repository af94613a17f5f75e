"""Slides that rest on no measure of their own: the title, and what stands around the figures."""

from collections.abc import Callable, Mapping

from dashboard import words
from dashboard.leaf import Leaf, Material
from dashboard.model import Slide
from db.vocab import Lang, text


def title(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """Which pilot, which week of it, figures to which day."""
    facts = material.content.facts
    values = {
        "pilot": facts["pilot"],
        "city": facts["city"],
        "week": facts["week"],
        "weeks": facts["weeks"],
        "day": words.day(facts["as_of"], lang),
        "t": facts["threshold"],
    }
    return Leaf(
        key=slide.key,
        title=text("slide.title.over", lang, **values),
        sentence=text("slide.title", lang, **values),
        more=text("demo.banner", lang) if facts["is_demo"] else "",
        source=text("slide.title.source", lang, **values),
        note=text(slide.notes, lang, **values),
        lang=lang,
    )


BODIES: Mapping[str, Callable[[Slide, Material, Lang], Leaf]] = {"title": title}
