"""Which column holds what. Written ``received=COL,type=COL,location=COL+COL``; quotes protect commas and pluses."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from db.cad.names import folded_name, header_names
from db.cad.sniff import CadFile, Sheet
from db.cad.table import find_table
from db.errors import Unreadable

FIELDS: Mapping[str, str] = {
    "received": "Received (date, or date + time)",
    "type": "Call type",
    "incident": "Incident number",
    "location": "Location (one or several columns)",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "disposition": "Disposition",
    "person": "Person key",
    "unit": "Unit (where there is one row per unit)",
    "dispatched": "Dispatched",
    "arrived": "Arrived on scene",
    "cleared": "Cleared (available again)",
    "ready_minutes": "Minutes until ready again",
}
"""What a column can be, in the order of the form, with the form's labels."""
REQUIRED = ("received", "type")
SEVERAL = ("received", "location", "dispatched", "arrived", "cleared")
"""Fields that may be put together from more than one column (a date and a time, the parts of an address)."""
MOMENTS = ("received", "dispatched", "arrived", "cleared")
"""Fields that hold a date and time. A time of day alone is dated by ``received``; it may run past midnight."""
TOGETHER = ("latitude", "longitude")
"""They come as a pair. They stand in where there is no location or its cell is blank."""


class Mapped(Protocol):
    """Whatever says which columns of a file it wants: a mapping of calls, or of a finance statement."""

    @property
    def columns(self) -> Mapping[str, tuple[str, ...]]: ...


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Field → names of columns. Only fields of :data:`FIELDS`; the required ones are always there."""

    columns: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        for field, names in self.columns.items():
            if field not in FIELDS:
                raise Unreadable(f"The mapping names “{field}”. It may name: {', '.join(FIELDS)}.")
            if len(names) > 1 and field not in SEVERAL:
                raise Unreadable(f"“{field}” takes one column, not {len(names)} ({' + '.join(names)}).")
        for one, other in (TOGETHER, TOGETHER[::-1]):
            if self.columns.get(one) and not self.columns.get(other):
                raise Unreadable(f"The mapping has “{one}” and no “{other}”. Add {other}=COLUMN.")
        for field in REQUIRED:
            if not self.columns.get(field):
                raise Unreadable(f"The mapping does not say which column is “{field}”. Add {field}=COLUMN.")

    def text(self) -> str:
        """The mapping as it is written on the command line."""
        return columns_text(self.columns)

    def stored(self) -> dict[str, list[str]]:
        return {field: list(names) for field, names in self.columns.items()}

    @classmethod
    def of(cls, stored: Mapping[str, Sequence[str]]) -> "ColumnMapping":
        return cls({field: tuple(names) for field, names in stored.items() if names})


def columns_text(columns: Mapping[str, Sequence[str]]) -> str:
    """What :func:`parse_columns` reads as the same columns."""
    return ",".join(f"{field}={'+'.join(map(_quoted, names))}" for field, names in columns.items())


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r'[,+="]|^\s|\s$', name) else name


def parse_mapping(text: str) -> ColumnMapping:
    """Read ``received=COL,type="Call Type, Final",location=Number+Street``. Raises :class:`Unreadable`."""
    return ColumnMapping(parse_columns(text))


def parse_columns(text: str) -> dict[str, tuple[str, ...]]:
    """Field → names of columns, of a mapping that may lack required fields. Raises :class:`Unreadable`."""
    columns: dict[str, tuple[str, ...]] = {}
    for part in _split(text, ","):
        field, sign, rest = part.partition("=")
        field = field.strip().casefold()
        if not part.strip():
            continue
        if not sign or not rest.strip():
            raise Unreadable(f"“{part.strip()}” in the mapping is not of the form field=COLUMN.")
        if field in columns:
            raise Unreadable(f"The mapping says “{field}” twice. Join columns with +.")
        columns[field] = tuple(_unquoted(name) for name in _split(rest, "+"))
    return columns


def _split(text: str, mark: str) -> list[str]:
    """Cut at ``mark`` outside double quotes."""
    parts, quoted = [""], False
    for letter in text:
        quoted ^= letter == '"'
        if letter == mark and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    if quoted:
        raise Unreadable('A double quote (") in the mapping is not closed.')
    return parts


def _unquoted(name: str) -> str:
    name = name.strip()
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name


@dataclass(frozen=True, slots=True)
class Header:
    """A sheet with its header row, and where each mapped field stands in it."""

    sheet: Sheet
    line: int
    names: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]


def find_header(file: CadFile, mapping: Mapped, sheet: str | None = None) -> Header:
    """The first sheet and row that hold every mapped column. Raises :class:`Unreadable`, naming what is missing."""
    wanted = [s for s in file.sheets if sheet is None or s.name.casefold() == sheet.casefold()]
    names = ", ".join(f"“{s.name}”" for s in file.sheets)
    if not wanted:
        raise Unreadable(
            f"{file.name} has no sheet “{sheet}”. Its sheets: {names}." if file.sheets else f"{file.name} is empty."
        )
    if all(re.fullmatch(r"column \d+", name) for names in mapping.columns.values() for name in names):
        for table in filter(None, map(find_table, wanted)):
            if not table.headed and (found := _placed(mapping, table.names)):
                return Header(table.sheet, table.line, table.names, found)
    best: tuple[int, Sheet, tuple[str, ...], list[str]] | None = None
    for candidate in wanted:
        for line, fields in candidate.top():
            header = header_names(fields)
            places = {field: tuple(_place(n, header) for n in cols) for field, cols in mapping.columns.items()}
            missing = [
                n for field, cols in mapping.columns.items() for n, k in zip(cols, places[field], strict=True) if k < 0
            ]
            if not missing:
                return Header(candidate, line, header, places)
            if best is None or (len(missing), -len(header)) < (len(best[3]), -len(best[2])):
                best = (line, candidate, header, missing)
    if best is None:
        raise Unreadable(f"{file.name} holds no rows.")
    raise Unreadable(_missing(file, best[1], best[2], best[3]))


def _placed(mapping: Mapped, header: Sequence[str]) -> dict[str, tuple[int, ...]] | None:
    """Where each mapped column stands; None where one is missing."""
    places = {field: tuple(_place(name, header) for name in names) for field, names in mapping.columns.items()}
    return None if any(k < 0 for ks in places.values() for k in ks) else places


def _place(name: str, header: Sequence[str]) -> int:
    """Where a column stands: by its exact name, then with case, spaces and underscores folded; -1 if nowhere."""
    exact = " ".join(name.split())
    if exact in header:
        return header.index(exact)
    folded = [folded_name(h) for h in header]
    return folded.index(folded_name(name)) if folded_name(name) in folded else -1


def _missing(file: CadFile, sheet: Sheet, header: Sequence[str], missing: Sequence[str]) -> str:
    where = f"Sheet “{sheet.name}” of {file.name}" if len(file.sheets) > 1 else file.name
    noun = "column" if len(missing) == 1 else "columns"
    near = difflib.get_close_matches(missing[0], header, n=1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    sheets = ", ".join(f"“{s.name}”" for s in file.sheets if s is not sheet)
    others = f" Its other sheets: {sheets}." if sheets else ""
    wanted = ", ".join(f"“{name}”" for name in missing)
    there = ", ".join(name if len(name) <= 50 else f"{name[:49]}…" for name in header)
    return f"{where} has no {noun} {wanted}.{hint} Its columns are: {there}.{others}"
