"""What a file seems to hold, from its names and values: for an analyst to correct, or for ``--map auto`` to take."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from db.cad import compose
from db.cad.columns import columns_of
from db.cad.compose import Choice, Question
from db.cad.mapping import FIELDS, ColumnMapping, Header, find_header
from db.cad.moments import judge_order, order_question, read_day, year_last
from db.cad.read import NEVER, Reading, Rows, day_counts
from db.cad.sniff import CadFile, Sheet
from db.cad.table import Table, find_table
from db.errors import Unreadable

FIRST_ROWS = 20
DEFAULT_ZONE = "America/New_York"


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
    file: CadFile, *, sheet: str | None = None, date_format: str | None = None, zone: str = DEFAULT_ZONE
) -> Proposal:
    """Look at ``file`` and say what it seems to hold.

    ``sheet`` and ``date_format`` answer those questions beforehand. The whole received column is walked for the order
    of day and month; of the rest, the first rows. Raises :class:`Unreadable` where there is no table at all.
    """
    table, choices, asked = _best_table(file, sheet)
    notes = list(compose.remarks(table, choices))
    date = DateReading()
    if "received" in choices:
        date, question, said = _dates(table, choices["received"].columns, date_format)
        asked += [question] if question else []
        notes += said
    mapping = {name: choice.columns for name, choice in choices.items()}
    rows: tuple[StoredRow, ...] = ()
    if all(name in mapping for name in ("received", "type")):
        order = date_format or date.order or ("month-first" if date.ambiguous else None)
        rows = _stored_rows(compose.header(table, mapping), ColumnMapping(mapping), order, zone, FIRST_ROWS)
    return Proposal(
        file_name=file.name,
        kind=file.kind,
        sheet=table.sheet.name,
        sheets=tuple(s.name for s in file.sheets),
        encoding=table.sheet.encoding,
        delimiter=table.sheet.delimiter,
        header_line=table.line if table.headed else 0,
        names=table.names,
        choices=choices,
        date=date,
        one_row_per_unit=compose.one_row_per_unit(table, choices),
        asked=tuple(asked),
        notes=tuple(notes),
        rows=rows,
    )


def _best_table(file: CadFile, sheet: str | None) -> tuple[Table, dict[str, Choice], list[Question]]:
    """The sheet that holds calls, what its columns are, and what must be asked about them."""
    wanted = [s for s in file.sheets if sheet is None or s.name.casefold() == sheet.strip().casefold()]
    if not wanted:
        names = ", ".join(f"“{s.name}”" for s in file.sheets)
        raise Unreadable(
            f"{file.name} has no sheet “{sheet}”. Its sheets: {names}." if names else f"{file.name} is empty."
        )
    found = []
    for table in filter(None, map(find_table, wanted)):
        choices, asked = compose.choose(table, columns_of(table))
        whole = sum(name in choices for name in ("received", "type"))
        found.append((whole, len(choices), table, choices, asked))
    if not found:
        raise Unreadable(f"{file.name} holds no table: no row has as many cells as the others.")
    _, _, table, choices, asked = max(found, key=lambda one: (one[0], one[1], one[2].sheet.about))
    alike = [t.sheet.name for whole, _, t, _, _ in found if whole == 2]
    if len(alike) > 1:
        names = ", ".join(f"“{name}”" for name in alike)
        asked.insert(
            0,
            Question(
                "sheet",
                f"{len(alike)} sheets hold calls: {names}. Say which with --sheet; load the others after it.",
                tuple(alike),
            ),
        )
    return table, choices, asked


def _dates(
    table: Table, columns: Sequence[str], date_format: str | None
) -> tuple[DateReading, Question | None, list[str]]:
    """How the whole received column writes its dates, and the question it leaves open."""
    header = compose.header(table, {"received": tuple(columns)})
    if date_format and "%" in date_format:
        return DateReading(forms=(date_format,)), None, []
    days = day_counts(header)
    forms: dict[str, tuple[int, str]] = {}
    for text, rows in days.items():
        shape = re.sub(r"[A-Za-z]+", "a", re.sub(r"\d", "9", re.sub(r"\b\d\b", "99", text)))
        count, example = forms.get(shape, (0, text))
        forms[shape] = (count + rows, example)
    usual = sorted(((count, example) for count, example in forms.values() if example), reverse=True)
    shown = tuple(example for count, example in usual[:3] if count * 1000 > sum(days.values()))
    found = judge_order(days)
    notes = _swapped(days, table) + (
        [f"Dates are written in {len(shown)} ways: {'; '.join(shown)}."] if len(shown) > 1 else []
    )
    if date_format:
        return DateReading(order=date_format, example=shown[0] if shown else "", forms=shown), None, notes
    if found.mixed or found.ambiguous:
        example = found.doubtful or next((text for text in days if year_last(text)), "")
        readings = tuple(
            f"{day:%-d %b %Y}" for order in ("month-first", "day-first") if (day := read_day(example, order))
        )  # type: ignore[arg-type]
        question = Question("received", order_question(found), ("month-first", "day-first"))
        return DateReading(ambiguous=True, example=example, readings=readings, forms=shown), question, notes
    example = shown[0] if shown else ""
    day = read_day(example, found.order)
    return DateReading(found.order, False, example, (f"{day:%-d %b %Y}",) if day else (), shown), None, notes


def _swapped(days: Mapping[str, int], table: Table) -> list[str]:
    """A spreadsheet that took 03/04 for a date of its own order and left 13/04 a text: the scar can be seen."""
    if table.sheet.encoding != "Excel":
        return []
    own = [day for text in days if re.match(r"\d{4}-\d\d-\d\d$", text) and (day := read_day(text, None))]
    texts = [found for text in days if (found := year_last(text))]
    if len(own) < 10 or len(texts) < 10 or any(day.day > 12 for day in own):
        return []
    if all(int(found[1]) > 12 or int(found[3]) > 12 for found in texts):
        return [
            "Excel has read a part of the dates itself (all on days 1 to 12) and left the others as text: day and "
            "month of those it read are probably swapped. Ask for a CSV export."
        ]
    return []


def first_rows(
    file: CadFile,
    mapping: ColumnMapping,
    *,
    sheet: str | None = None,
    date_format: str | None = None,
    zone: str = DEFAULT_ZONE,
    codes: Mapping[str, str] | None = None,
    count: int = FIRST_ROWS,
) -> tuple[StoredRow, ...]:
    """The first ``count`` rows as they would be stored under ``mapping``: for a form whose boxes were changed.

    Where the order of day and month is open, the month is read first. Raises :class:`Unreadable` as loading would.
    """
    header = find_header(file, mapping, sheet)
    if date_format is None:
        found = judge_order(day_counts(header))
        date_format = found.order or ("month-first" if found.ambiguous else None)
    return _stored_rows(header, mapping, date_format, zone, count, codes)


def _stored_rows(
    header: Header,
    mapping: ColumnMapping,
    date_format: str | None,
    zone: str,
    count: int,
    codes: Mapping[str, str] | None = None,
) -> tuple[StoredRow, ...]:
    top = _Top(header.sheet, header.line, count)
    short = Sheet(header.sheet.name, count, header.sheet.encoding, header.sheet.delimiter, top.walk)
    reading = Reading(Header(short, header.line, header.names, header.places), mapping, zone, date_format, codes=codes)
    rows: list[StoredRow] = []
    try:
        for chunk in reading:
            rows += [StoredRow(int(chunk.line[k]), _texts(chunk, k, reading, zone)) for k in range(len(chunk))]
    except Unreadable:
        pass  # not one row can be read: the refusals below say why
    rows += [StoredRow(refusal.line, {}, refusal.reason) for refusal in reading.refused]
    return tuple(sorted(rows, key=lambda row: row.line))


@dataclass(frozen=True, slots=True)
class _Top:
    """The first rows of a sheet below its header."""

    sheet: Sheet
    line: int
    count: int

    def walk(self, _size: int = 0) -> object:
        left = self.count
        for lines, rows in self.sheet.walk(self.count + 30):
            keep = [k for k, line in enumerate(lines) if line > self.line][:left]
            left -= len(keep)
            yield [lines[k] for k in keep], [rows[k] for k in keep]
            if not left:
                return


def _texts(chunk: Rows, k: int, reading: Reading, zone: str) -> dict[str, str]:
    """One row as texts, by field; only what says something."""
    named = {
        "received": _local(chunk.utc[k], zone),
        "type": reading.types[chunk.type[k]],
        "incident": chunk.incident[k],
        "location": _named(reading.places, chunk.location[k]),
        "disposition": _named(reading.dispositions, chunk.disposition[k]),
        "person": "a keyed hash" if chunk.person[k] >= 0 else "",
        "unit": _named(reading.units, chunk.unit[k]),
        **{name: _local(getattr(chunk, name)[k], zone) for name in ("dispatched", "arrived", "cleared")},
    }
    return {name: text for name, text in named.items() if text}


def _named(texts: Sequence[str], code: int | np.integer) -> str:
    return texts[int(code)] if code >= 0 else ""


def _local(utc: int | np.integer, zone: str) -> str:
    if utc == NEVER:
        return ""
    return f"{datetime.fromtimestamp(int(utc), UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def taken(proposal: Proposal) -> ColumnMapping:
    """The mapping of a proposal that leaves nothing open. Raises :class:`Unreadable`, listing what must be answered."""
    if proposal.asked:
        raise Unreadable(f"{proposal.file_name} leaves something open. " + " ".join(proposal.questions))
    return proposal.mapping


def auto(
    file: CadFile,
    *,
    given: Mapping[str, tuple[str, ...]] | None = None,
    sheet: str | None = None,
    date_format: str | None = None,
    zone: str = DEFAULT_ZONE,
) -> tuple[ColumnMapping, Proposal]:
    """``--map auto``: the proposal's own mapping, and the proposal to say what was taken.

    ``given`` columns (``--map auto,received=COLUMN``) replace the proposed ones and answer the questions about them.
    Raises :class:`Unreadable`, listing what is open.
    """
    proposal = propose(file, sheet=sheet, date_format=date_format, zone=zone)
    if not given:
        return taken(proposal), proposal
    names = {name for columns in given.values() for name in columns}
    kept = {of: choice for of, choice in proposal.choices.items() if of not in given and not names & {*choice.columns}}
    kept |= {of: Choice(of, columns, 1.0, "as you said") for of, columns in given.items() if columns}
    if "latitude" not in kept or "longitude" not in kept:
        kept = {of: choice for of, choice in kept.items() if of not in ("latitude", "longitude")}
    asked = tuple(question for question in proposal.asked if question.field not in given)
    corrected = replace(proposal, choices={of: kept[of] for of in FIELDS if of in kept}, asked=asked)
    return taken(corrected), corrected


def sentences(choices: Sequence[Choice]) -> list[str]:
    """“received ← date_time (named like it; …)”, one for each field."""
    return [f"{choice.field} ← {' + '.join(choice.columns)} ({choice.why})" for choice in choices]
