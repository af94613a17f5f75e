"""What a file is made of: slides and Results of one edition, or of what one page shows; every format reads this."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

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

    def stamp(self, lang: Lang) -> str:
        """Stands on every page, slide and sheet: number (or "not an edition"), state, as-of day."""
        day = words.day(self.as_of, lang)
        if not self.number:
            return text("document.selection", lang, day=day)
        key = "document.edition" if self.approved else "document.draft"
        return text(key, lang, number=self.number, day=day)
