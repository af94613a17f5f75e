"""Where the table begins in a sheet: below banners, under its header row, or without one."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from db.cad.moments import cut, read_clock, read_day
from db.cad.names import header_names
from db.cad.normalise import blank
from db.cad.sniff import Sheet

SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet's table. ``line`` is the header's line; without a header, the last line above the data (0: none)."""

    sheet: Sheet
    line: int
    names: tuple[str, ...]
    headed: bool

    def sample(self, count: int = SAMPLE) -> tuple[list[int], list[list[str]]]:
        """(lines, rows) of the first ``count`` rows below the header, each as wide as the header."""
        lines: list[int] = []
        rows: list[list[str]] = []
        width = len(self.names)
        for chunk_lines, chunk in self.sheet.walk(count):
            for line, row in zip(chunk_lines, chunk, strict=True):
                if line > self.line and len(rows) < count:
                    lines.append(line)
                    rows.append((row + [""] * width)[:width])
            if len(rows) >= count:
                break
        return lines, rows


def find_table(sheet: Sheet) -> Table | None:
    """The table of a sheet, from its first rows; None where there is nothing like one."""
    top = sheet.top()
    told = [sum(1 for cell in row if cell.strip()) for _, row in top]
    if not top or max(told) == 0:
        return None
    width = _usual_width(told)
    wide = [k for k, count in enumerate(told) if count * 2 >= width and (count > 1 or width == 1)]
    if not wide:
        return None
    data = next((k for k in wide if _is_data(top[k][1])), None)
    if data is not None and not any(k < data for k in wide):
        above = [line for line, _ in top[:data]]
        return Table(sheet, above[-1] if above else 0, _numbered(top[data:]), headed=False)
    above = [k for k in wide if data is None or k < data]
    # of several rows of text the header is the fullest, and of equals the one nearest to the data,
    # unless nothing tells data from text: then it is the first
    chosen = max(above, key=lambda k: (_distinct(top[k][1]), k)) if data is not None else wide[0]
    widest = max(len(row) for _, row in top[chosen:])
    header = list(top[chosen][1])
    while len(header) > widest or (header and not header[-1].strip() and _unused(top[chosen + 1 :], len(header) - 1)):
        header.pop()
    return Table(sheet, top[chosen][0], header_names(header), headed=True)


def _usual_width(told: Sequence[int]) -> int:
    counts = Counter(count for count in told if count > 1)
    if not counts:
        return 1
    return max(counts, key=lambda count: (counts[count], count))


def _unused(rows: Sequence[tuple[int, list[str]]], column: int) -> bool:
    return all(len(row) <= column or not row[column].strip() for _, row in rows)


def _distinct(row: Sequence[str]) -> int:
    return len({cell.strip().casefold() for cell in row if cell.strip()})


def _numbered(rows: Sequence[tuple[int, list[str]]]) -> tuple[str, ...]:
    return tuple(f"column {k}" for k in range(1, 1 + max(len(row) for _, row in rows)))


def _is_data(row: Sequence[str]) -> bool:
    """Whether a row holds values, not names: a date or a time, or mostly numbers."""
    told = [cell.strip() for cell in row if cell.strip()]
    if not told:
        return False
    if any(is_moment(cell) for cell in told):
        return True
    numbers = sum(1 for cell in told if _NUMBER.fullmatch(cell))
    return numbers * 3 > len(told) and numbers > 1


_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?")


def is_moment(cell: str) -> bool:
    """Whether a cell is a date (with or without a time) or a time of day; bare numbers are neither."""
    text = " ".join(cell.split())
    if len(text) < 4 or len(text) > 60 or text.replace(".", "").isdigit() or not any(map(str.isdigit, text)):
        return False
    day, clock = cut(text)
    if day == "":
        return ":" in text and read_clock(clock) is not None
    known = read_day(day, "month-first") or read_day(day, "day-first")
    return known is not None and (clock == "" or read_clock(clock) is not None)


def said(cells: Sequence[str]) -> list[str]:
    """The cells that say something."""
    return [cell for cell in cells if not blank(cell) or cell.strip() == "0"]
