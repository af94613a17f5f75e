"""What a file is made of: slides and Results of one edition, or of what one page shows; every format reads this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dashboard import words
from dashboard.leaf import Leaf
from dashboard.model import Audience, Result
from db.vocab import Lang, text


@dataclass(frozen=True)
class Document:
    """Slides and Results, and what every page of a file says about them."""

    name: str
    """Of the file, without its ending: "edition-2026-11-19", "overview-2026-11-14"."""
    number: str
    """The edition's; empty for a page's selection."""
    title: str
    place: str
    as_of: date
    made_at: datetime
    decks: Mapping[Lang, tuple[Leaf, ...]]
    results: Mapping[Lang, Mapping[str, Result]]
    """Language → key of the measure → Result: those behind the slides, and any more of the edition."""
    audience: Audience = Audience.public
    approved: bool = False
    is_demo: bool = False
    spanish_reviewed: bool = False
    chosen: Mapping[Lang, str] = field(default_factory=dict)
    """Of a page's selection: the slice that the page showed, in words."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of an edition: what it says of the pilot beside the measures (see ``deck.facts``)."""

    def stamp(self, lang: Lang) -> str:
        """Stands on every page, slide and sheet: number (or "not an edition"), state, as-of day, and whether it is
        internal."""
        day = words.day(self.as_of, lang)
        if not self.number:
            said = text("document.selection", lang, day=day)
            internal = text("document.internal", lang) if self.audience is Audience.internal else ""
            return " · ".join(filter(None, (internal, said, self.chosen.get(lang, ""))))
        key = "document.edition" if self.approved else "document.draft"
        return text(key, lang, number=self.number, day=day)
