"""A table of text, whatever file it stands in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from db.cad.chunks import Columns

HEADER_WITHIN = 30
"""The header is looked for in this many first rows."""
CHUNK = 20_000
Rows = Iterator[tuple[Sequence[int], list[list[str]]]]
"""(lines, rows) by the chunk. A line is where its row begins, counted from 1 as an editor or Excel shows it."""
ByColumns = Iterator[tuple[Sequence[int], list[list[str]] | Columns]]
"""As :data:`Rows`, but what allows it comes by columns."""


@dataclass(slots=True)
class Sheet:
    """A table of text that can be walked again and again. ``about`` is its length in lines."""

    name: str
    about: int
    encoding: str
    delimiter: str
    walk: Any
    """(size of a chunk) → Rows: every row from the top, blank ones left out."""
    by_columns: Callable[[int, int, Sequence[int]], ByColumns] | None = None
    """(line of the header, its width, columns wanted) → the rows below it; None: ``walk`` is the only way."""

    def below(self, header: int, width: int, places: Sequence[int]) -> ByColumns:
        """The rows below the line ``header``, in whichever way is faster; at least the columns ``places``."""
        if self.by_columns is not None:
            yield from self.by_columns(header, width, places)
            return
        for lines, rows in self.walk():
            above = 0 if not lines or lines[0] > header else sum(1 for line in lines if line <= header)
            yield (lines[above:], rows[above:]) if above else (lines, rows)

    def top(self, count: int = HEADER_WITHIN) -> list[tuple[int, list[str]]]:
        """The first rows with their lines, the header or a banner among them."""
        found: list[tuple[int, list[str]]] = []
        for lines, rows in self.walk(count):
            found += zip(lines, rows, strict=True)
            if len(found) >= count:
                break
        return found[:count]


def filled(lines: Sequence[int], rows: list[list[str]]) -> tuple[Sequence[int], list[list[str]]]:
    """Without the rows that hold nothing at all."""
    if all(map(any, rows)):
        return lines, rows
    kept = [k for k, row in enumerate(rows) if any(row)]
    return [lines[k] for k in kept], [rows[k] for k in kept]
