"""An uploaded finance export while its columns are mapped: what was found out about it is found out once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from streamlit.typing import UploadedFile

from dashboard.ui import session
from db.access import Viewer
from db.cad.names import folded_name
from db.cad.profile import Layout, drift
from db.cad.sniff import CadFile, open_file
from db.commands.statement import as_mapping, lines_of
from db.engine import record_session
from db.errors import Unreadable
from db.models import StatementMapping
from db.statement.mapping import StatementColumns
from db.statement.propose import StatementProposal, propose_statement
from db.statement.read import StatementRead, read_statement

KEPT = "statement.upload"
LARGEST_MB = 20


@dataclass
class Opened:
    """One uploaded file and what is known of it. ``lines``: the budget's, by id."""

    source: UploadedFile
    file: CadFile
    lines: Mapping[int, str]
    _proposals: dict[str, StatementProposal] = field(default_factory=dict)
    _reads: dict[tuple[str, str, str, bool], StatementRead] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """For widget keys: another content, other widgets."""
        return self.file.sha256[:8]

    def proposal(self, sheet: str = "") -> StatementProposal:
        """What ``sheet`` seems to hold; "": the sheet that looks most like a ledger. Raises Unreadable."""
        if sheet not in self._proposals:
            found = propose_statement(self.file, self.lines, sheet=sheet or None)
            self._proposals[sheet] = self._proposals[found.sheet] = found
        return self._proposals[sheet]

    def read(self, mapping: StatementColumns, sheet: str) -> StatementRead:
        """The file under ``mapping``, whatever its accounts are: every one of them is among the unknown."""
        asked = (sheet, mapping.text(), mapping.date_format, mapping.reversed_signs)
        if asked not in self._reads:
            bare = StatementColumns(mapping.columns, {}, mapping.date_format, mapping.reversed_signs)
            self._reads[asked] = read_statement(self.file, bare, sheet or None)
        return self._reads[asked]


def opened(chosen: UploadedFile, viewer: Viewer) -> Opened:
    """The file that stands in the uploader, opened when it is new. Raises Unreadable."""
    known = session.recall(KEPT)
    if isinstance(known, Opened) and known.source == chosen:
        return known
    if chosen.size > LARGEST_MB << 20:
        raise Unreadable(f"{chosen.name} has more than {LARGEST_MB} MB. Export one year, or load it in a shell.")
    with record_session(session.bind(), viewer) as database:
        lines = lines_of(database)
    found = Opened(chosen, open_file(chosen, chosen.name), lines)
    session.remember(KEPT, found)
    return found


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved mapping whose columns this file has. ``drift``: what else changed, in a sentence."""

    name: str
    mapping: StatementColumns
    layout: Layout
    drift: str


def saved_mappings(viewer: Viewer, names: tuple[str, ...]) -> list[Saved]:
    """The saved mappings that fit a file of these ``names``, those that nothing changed for first."""
    here = {folded_name(name): name for name in reversed(names)}
    found: list[Saved] = []
    with record_session(session.bind(), viewer) as database:
        for row in database.scalars(select(StatementMapping).order_by(StatementMapping.name)):
            mapping, layout = as_mapping(row)
            change = drift(mapping, layout, names)
            if not change.broken:
                spelled = {of: tuple(here[folded_name(n)] for n in cols) for of, cols in mapping.columns.items()}
                as_here = StatementColumns(spelled, mapping.accounts, mapping.date_format, mapping.reversed_signs)
                found.append(Saved(row.name, as_here, layout, change.sentence()))
    return sorted(found, key=lambda saved: (saved.drift != "", saved.name))
