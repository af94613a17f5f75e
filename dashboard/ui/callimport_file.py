"""An uploaded export while its columns are being mapped: what was found out about it is found out once.

The file is walked when it arrives, not again at each click: a proposal, the reading of a date column and the first
rows as they will be stored are kept with the upload, for this browser tab, until another file is chosen.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from streamlit.typing import UploadedFile

from dashboard.ui import session
from db.access import Viewer
from db.cad.mapping import FIELDS, ColumnMapping, find_header
from db.cad.moments import judge_order, read_day, year_last
from db.cad.names import folded_name
from db.cad.profile import Drift, Layout, drift
from db.cad.propose import DateReading, Proposal, StoredRow, first_rows, propose
from db.cad.read import day_counts
from db.cad.sniff import CadFile, open_file
from db.engine import record_session
from db.models import Mapping as SavedMapping

KEPT = "calls.upload"


@dataclass
class Opened:
    """One uploaded file and what is known of it."""

    source: UploadedFile
    file: CadFile
    zone: str
    _proposals: dict[str, Proposal] = field(default_factory=dict)
    _dates: dict[tuple[str, tuple[str, ...]], DateReading] = field(default_factory=dict)
    _rows: dict[tuple[str, str, str, int], tuple[StoredRow, ...]] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """For widget keys: another content, other widgets."""
        return self.file.sha256[:8]

    def proposal(self, sheet: str = "") -> Proposal:
        """What ``sheet`` seems to hold; "": the sheet that looks most like calls. Raises Unreadable."""
        if sheet not in self._proposals:
            found = propose(self.file, sheet=sheet or None, zone=self.zone)
            self._proposals[sheet] = self._proposals[found.sheet] = found
        return self._proposals[sheet]

    def dates(self, sheet: str, received: tuple[str, ...]) -> DateReading:
        """How the chosen received columns write their dates, from the whole column."""
        proposal = self.proposal(sheet)
        if received == proposal.columns.get("received"):
            return proposal.date
        if (sheet, received) not in self._dates:
            columns = ColumnMapping({"received": received, "type": received[:1]})
            days = day_counts(find_header(self.file, columns, sheet or None))
            self._dates[sheet, received] = _reading(days)
        return self._dates[sheet, received]

    def rows(
        self, mapping: ColumnMapping, sheet: str, order: str, codes: Mapping[str, str] | None
    ) -> tuple[StoredRow, ...]:
        """The first rows as they will be stored under ``mapping``. Raises Unreadable."""
        asked = (sheet, mapping.text(), order, len(codes or ()))
        if asked not in self._rows:
            # where the order makes no difference any will do, and the column need not be walked for it again
            self._rows[asked] = first_rows(
                self.file,
                mapping,
                sheet=sheet or None,
                date_format=order or "month-first",
                zone=self.zone,
                codes=codes,
            )
        return self._rows[asked]


def _reading(days: Mapping[str, int]) -> DateReading:
    found = judge_order(days)
    if not (found.mixed or found.ambiguous):
        example = next((text for text in days if text.strip()), "")
        day = read_day(example, found.order)
        return DateReading(found.order, False, example, (f"{day:%-d %b %Y}",) if day else ())
    example = found.doubtful or next((text for text in days if year_last(text)), "")
    both = (read_day(example, "month-first"), read_day(example, "day-first"))
    return DateReading(ambiguous=True, example=example, readings=tuple(f"{day:%-d %b %Y}" for day in both if day))


def opened(chosen: UploadedFile, zone: str) -> Opened:
    """The file that stands in the uploader, opened when it is new. Raises Unreadable."""
    known = session.recall(KEPT)
    if isinstance(known, Opened) and known.source == chosen:
        return known
    found = Opened(chosen, open_file(chosen, chosen.name), zone)
    session.remember(KEPT, found)
    return found


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved mapping, and how this file differs from the one it was made for."""

    name: str
    mapping: ColumnMapping
    layout: Layout
    drift: Drift

    @property
    def fits(self) -> bool:
        return not self.drift.broken

    def columns(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Its columns as this file spells them; fields with a column that is gone are left out."""
        here = {folded_name(name): name for name in reversed(names)}
        kept: dict[str, tuple[str, ...]] = {}
        for of, columns in self.mapping.columns.items():
            spelled = tuple(here.get(folded_name(name), "") for name in columns)
            if all(spelled):
                kept[of] = spelled
        return kept


def saved_mappings(viewer: Viewer, names: tuple[str, ...]) -> list[Saved]:
    """The saved mappings with something to say about a file of these ``names``, the best fitting first."""
    found: list[Saved] = []
    with record_session(session.bind(), viewer) as database:
        for row in database.scalars(select(SavedMapping).order_by(SavedMapping.name)):
            mapping, layout = ColumnMapping.of(row.columns), Layout.of(row.layout)
            found.append(Saved(row.name, mapping, layout, drift(mapping, layout, names)))
    likely = [saved for saved in found if 2 * len(saved.columns(names)) > len(saved.mapping.columns)]
    return sorted(likely, key=lambda saved: (len(saved.drift.broken), len(saved.drift.gone) + len(saved.drift.new)))


_WORDS: tuple[tuple[str, str], ...] = (
    (r"The mapping does not say which column is “(\w+)”\. Add .*",
     "Choose a column for “{}”: without it nothing can be counted."),
    (r"The mapping has “(\w+)” and no “\w+”\. Add .*", "Latitude and longitude go together: choose both, or no “{}”."),
    (r",? ?(or )?[Ss]ay which counts with --date-format[^.]*\.", ", or say below which counts."),
    (r"Say (which with )?--date-format[^.]*\.", "Say which under “Day and month”."),
    (r": give it with --codebook beside the file of calls\.",
     ". Choose the export of the calls here; the codebook has a switch of its own under “Columns”."),
    (r"Say which with --sheet;", "Choose one under “Sheet”;"),
    (r",? with --map (?:auto,)?\w+=\w+:", ":"),
    (r"two, joined with \+,", "two, chosen one after the other,"),
    (r"Say --map (?:auto,)?\w+=[^;.]*; it may be ", "It may be "),
    (r"Say --map (?:auto,)?\w+=(COLUMN\.?|…)", "Choose the column below."),
)  # fmt: skip


def for_page(sentence: str) -> str:
    """What a command line would be told, in the words of the page."""
    for pattern, words in _WORDS:
        found = re.search(pattern, sentence)
        if found:
            name = FIELDS.get(found[1], found[1]) if "{}" in words else ""
            sentence = sentence[: found.start()] + words.format(name) + sentence[found.end() :]
    return sentence
