"""What one page shows now as a Document: the same files as an edition, stamped as none and with the page's slice."""

import re
from collections.abc import Mapping
from dataclasses import replace

from dashboard import words
from dashboard.document import Document
from dashboard.export.tables import source_line
from dashboard.leaf import Leaf
from dashboard.measures import MEASURES
from dashboard.model import Audience, Filters, Result
from db.access import Viewer
from db.models import Pilot
from db.vocab import Lang, text

SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-ZÁÉÍÓÚ¿])")


def document(
    viewer: Viewer,
    pilot: Pilot,
    name: str,
    title: str,
    results: Mapping[str, Result],
    filters: Filters,
    audience: Audience,
    also: str = "",
) -> Document:
    """``results`` as the page has them, in its order. ``also``: what else was chosen there, in words.

    Raises ValueError where an internal Result would go into a public document.
    """
    if audience is Audience.public and any(result.audience is not Audience.public for result in results.values()):
        raise ValueError(f"the page “{title}” hands internal figures to a public file")
    lang: Lang = "es" if filters.lang == "es" else "en"
    span = text(
        "selection.span",
        lang,
        first=words.day(filters.first, lang),
        last=words.day(min(filters.last, filters.as_of), lang),
    )
    made = Document(
        name=f"{name}-{filters.as_of.isoformat()}",
        number="",
        title=f"{pilot.name}: {title}",
        place=pilot.city,
        as_of=filters.as_of,
        made_at=viewer.now,
        decks={},
        results={lang: dict(results)},
        audience=audience,
        is_demo=pilot.is_demo,
        chosen={lang: " · ".join(filter(None, (span, also)))},
    )
    stamp = made.stamp(lang)
    leaves = (_cover(made, stamp, lang), *(_leaf(result, stamp, lang) for result in results.values()))
    return replace(made, decks={lang: leaves})


def _cover(made: Document, stamp: str, lang: Lang) -> Leaf:
    banner = text("demo.banner", lang) if made.is_demo else ""
    return Leaf("title", made.place, made.title, banner, stamp, text("selection.note", lang), lang)


def _leaf(result: Result, stamp: str, lang: Lang) -> Leaf:
    first, *more = SENTENCE_END.split(result.sentence)
    definition = text(f"measure.{result.key}.definition", lang)
    return Leaf(
        key=result.key,
        title=text(f"measure.{result.key}.question", lang),
        sentence=first,
        more=" ".join(more),
        source=" · ".join([source_line(result, MEASURES[result.key]), *_footnotes(result, lang)]),
        note="\n".join([stamp, result.sentence, definition, *result.caveats]),
        lang=lang,
        result=result,
    )


def _footnotes(result: Result, lang: Lang) -> list[str]:
    notes = [text("slide.provisional", lang)] if result.provisional else []
    hidden = "hidden" in result.table and bool(result.table["hidden"].any())
    return [*notes, text("slide.hidden", lang)] if hidden else notes
