"""A saved mapping with the layout of the file it was made for, so that next month's file imports by itself.

Where a header drifted it says precisely which: “date_time is gone; new: call_datetime”.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.cad.mapping import Mapped, find_header
from db.cad.names import folded_name
from db.cad.sniff import CadFile
from db.cad.table import find_table
from db.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Layout:
    """What else a mapping needs to read a file: its header's names, the sheet, how dates are written."""

    header: tuple[str, ...] = ()
    sheet: str = ""
    date_format: str = ""
    """“month-first”, “day-first” or a pattern; "" where the dates tell."""
    codes: Mapping[str, str] | None = None
    """Call type → description, from a codebook."""

    def stored(self) -> dict[str, Any]:
        """For :attr:`db.models.Mapping.layout`."""
        kept = {"header": list(self.header), "sheet": self.sheet, "date_format": self.date_format}
        return kept | ({"codes": dict(self.codes)} if self.codes else {})

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Layout":
        stored = stored or {}
        return cls(
            header=tuple(map(str, stored.get("header", ()))),
            sheet=str(stored.get("sheet", "")),
            date_format=str(stored.get("date_format", "")),
            codes=stored.get("codes"),
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """How a header differs from the one a mapping was made for. ``broken``: mapped columns that are gone."""

    broken: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.broken or self.gone or self.new)

    def sentence(self) -> str:
        """“date_time is gone; new: call_datetime”; "" where nothing drifted."""
        gone = tuple(dict.fromkeys((*self.broken, *self.gone)))
        parts = [f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone"] if gone else []
        parts += [f"new: {', '.join(self.new)}"] if self.new else []
        return "; ".join(parts)


def drift(mapping: Mapped, layout: Layout, header: tuple[str, ...]) -> Drift:
    """Compare a file's ``header`` with the one ``mapping`` was made for. Case, spaces and underscores do not count."""
    now = {folded_name(name) for name in header}
    before = {folded_name(name) for name in layout.header}
    mapped = dict.fromkeys(name for names in mapping.columns.values() for name in names)
    return Drift(
        broken=tuple(name for name in mapped if folded_name(name) not in now),
        gone=tuple(name for name in layout.header if folded_name(name) not in now),
        new=tuple(name for name in header if folded_name(name) not in before) if layout.header else (),
    )


def layout_of(
    file: CadFile,
    mapping: Mapped,
    sheet: str = "",
    date_format: str = "",
    codes: Mapping[str, str] | None = None,
) -> Layout:
    """The layout to keep beside a mapping. Raises :class:`Unreadable` where the file lacks a mapped column."""
    header = find_header(file, mapping, sheet or None)
    return Layout(header.names, sheet, date_format, codes)


def check(file: CadFile, mapping: Mapped, layout: Layout, name: str) -> list[str]:
    """What to say about a file under a saved mapping: new columns, perhaps. [] where it is as it was.

    Raises :class:`Unreadable`, naming precisely which header drifted, where a mapped column is gone.
    """
    sheets = [sheet for sheet in file.sheets if sheet.name.casefold() == layout.sheet.casefold()] or file.sheets
    tables = [table for table in map(find_table, sheets) if table]
    found = [drift(mapping, layout, table.names) for table in tables]
    if not found:
        raise Unreadable(f"{file.name} holds no table.")
    best = min(found, key=lambda one: (len(one.broken), len(one.gone) + len(one.new)))
    if not best.broken:
        return [f"the header changed since “{name}” was saved: {best.sentence()}"] if best else []
    try:  # a header further down, or a row the eye would not take for one
        find_header(file, mapping, layout.sheet if len(sheets) < len(file.sheets) else None)
    except Unreadable:
        raise Unreadable(
            f"{file.name} does not fit the saved mapping “{name}”: {best.sentence()}. Say the columns anew with --map "
            f"and keep them with --save-as {_shell(name)}."
        ) from None
    return []


def _shell(name: str) -> str:
    return f'"{name}"' if " " in name else name
