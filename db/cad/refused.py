"""The refused rows of a file as a CSV to mend and load again: as they stand there, with the line and the reason."""

import csv
import io
from collections.abc import Iterator, Sequence

from db.cad.mapping import Mapped, find_header
from db.cad.read import Refusal
from db.cad.sniff import CadFile
from db.cells import harmless

ADDED = ("refused_line", "refused_reason")
"""The columns put before the file's own, so that a row with surplus cells keeps its place."""


def refused_csv(file: CadFile, mapping: Mapped, refusals: Sequence[Refusal], sheet: str | None = None) -> Iterator[str]:
    """The lines of the CSV, header first. The file is walked once more; no more than a part of it is held."""
    header = find_header(file, mapping, sheet)
    reasons = {refusal.line: refusal.reason for refusal in refusals}
    yield _line([*ADDED, *header.names])
    if not reasons:
        return
    for lines, rows in header.sheet.walk():
        for line, row in zip(lines, rows, strict=True):
            if line in reasons:
                yield _line([str(line), reasons[line], *map(_harmless, row)])


def _harmless(cell: str) -> object:
    """As in every file that goes out, but a plain number or dash stays one: the file comes in again."""
    return harmless(cell) if any(letter.isalpha() or letter in "(|" for letter in cell) else cell


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
