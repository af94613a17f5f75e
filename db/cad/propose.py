"""What a file seems to hold, from its names and its values, for an analyst to correct and for ``--map auto`` to take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.cad.mapping import ColumnMapping, guess, header_names
from db.cad.sniff import CadFile
from db.errors import Unreadable

FIRST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """The column (or columns, in order) proposed for one field."""

    field: str
    columns: tuple[str, ...]
    confidence: float
    """0 to 1: from 0.8 on the names and the values agree."""
    why: str
    """One clause for the form: “named like it; 98 % of its cells are dates with a time”."""
    others: tuple[str, ...] = ()
    """Columns that would do as well, likeliest first."""


@dataclass(frozen=True, slots=True)
class DateReading:
    """How the received column writes its dates, found from the whole column."""

    order: str | None = None
    """“month-first”, “day-first”; None where it makes no difference, or where nothing tells."""
    ambiguous: bool = False
    example: str = ""
    """A cell of the column; if ``ambiguous``, one that can be read both ways."""
    readings: tuple[str, ...] = ()
    """The example as it would be stored; two of them (month first, day first) if ``ambiguous``."""
    forms: tuple[str, ...] = ()
    """The writings found, commonest first (“12/31/2022 11:59:00 PM”)."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that must be answered before loading. ``field`` is the box of the form that answers it."""

    field: str
    sentence: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One of the first rows as it will be stored: texts for a table, by field; "" where blank. ``refused``: why not."""

    line: int
    cells: Mapping[str, str]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What :func:`propose` found. It may be loaded as it is when ``asked`` is empty."""

    file_name: str
    kind: str
    sheet: str
    sheets: tuple[str, ...]
    encoding: str
    delimiter: str
    header_line: int
    """0: the file has no header row; its columns are called “column 1” and so on."""
    names: tuple[str, ...]
    """Every column there is to choose from."""
    choices: Mapping[str, Choice]
    date: DateReading = field(default_factory=DateReading)
    one_row_per_unit: bool = False
    asked: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    """What was found odd or was decided on the way, in sentences."""
    rows: tuple[StoredRow, ...] = ()

    @property
    def questions(self) -> list[str]:
        """Precise sentences that must be answered before loading; empty: it may load."""
        return [question.sentence for question in self.asked]

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Field → names of columns, to prefill a form with."""
        return {name: choice.columns for name, choice in self.choices.items()}

    @property
    def mapping(self) -> ColumnMapping:
        """The proposal as a mapping. Raises :class:`Unreadable` where a required field found no column."""
        return ColumnMapping(self.columns)


def propose(
    file: CadFile, *, sheet: str | None = None, date_format: str | None = None, zone: str = "America/New_York"
) -> Proposal:
    """Look at ``file`` and say what it seems to hold. ``sheet`` and ``date_format`` answer those questions beforehand."""
    wanted = [s for s in file.sheets if sheet is None or s.name.casefold() == sheet.casefold()]
    if not wanted:
        raise Unreadable(f"{file.name} has no sheet “{sheet}”.")
    found = max(wanted, key=lambda s: max((len(row) for _, row in s.top()), default=0))
    line, fields = found.top()[0]
    names = header_names(fields)
    choices = {name: Choice(name, columns, 0.5, "named like it") for name, columns in guess(names).items()}
    return Proposal(
        file_name=file.name,
        kind=file.kind,
        sheet=found.name,
        sheets=tuple(s.name for s in file.sheets),
        encoding=found.encoding,
        delimiter=found.delimiter,
        header_line=line,
        names=names,
        choices=choices,
    )


def first_rows(
    file: CadFile,
    mapping: ColumnMapping,
    *,
    sheet: str | None = None,
    date_format: str | None = None,
    zone: str = "America/New_York",
    count: int = FIRST_ROWS,
) -> tuple[StoredRow, ...]:
    """The first ``count`` rows as they would be stored under ``mapping``: for a form whose boxes were changed."""
    return ()


def taken(proposal: Proposal) -> ColumnMapping:
    """The mapping of a proposal that leaves nothing open. Raises :class:`Unreadable`, listing what must be answered."""
    if proposal.asked:
        raise Unreadable(f"{proposal.file_name} leaves something open. " + " ".join(proposal.questions))
    return proposal.mapping


def auto(
    file: CadFile, *, sheet: str | None = None, date_format: str | None = None, zone: str = "America/New_York"
) -> tuple[ColumnMapping, Proposal]:
    """``--map auto``: the proposal's own mapping, and the proposal to say what was taken."""
    proposal = propose(file, sheet=sheet, date_format=date_format, zone=zone)
    return taken(proposal), proposal


def sentences(choices: Sequence[Choice]) -> list[str]:
    """“received ← date_time (named like it; …)”, one for each field."""
    return [f"{choice.field} ← {' + '.join(choice.columns)} ({choice.why})" for choice in choices]
