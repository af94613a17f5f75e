"""A table of text, whatever file it stands in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

HEADER_WITHIN = 30
"""The header is looked for in this many first rows."""
CHUNK = 20_000
Rows = Iterator[tuple[Sequence[int], list[list[str]]]]
"""(lines, rows) by the chunk. A line is where its row begins, counted from 1 as an editor or Excel shows it."""


@dataclass(slots=True)
class Sheet:
    """A table of text that can be walked again and again. ``about`` is its length in lines."""

    name: str
    about: int
    encoding: str
    delimiter: str
    walk: Any
    """(size of a chunk) → Rows: every row from the top, blank ones left out."""

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
