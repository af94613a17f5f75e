"""Cells as exports write them, before they mean something: dates and times cut apart, coordinates, minutes, lists."""

import re
from collections.abc import Sequence

import numpy as np

from db.cad.moments import cut, joined
from db.cad.normalise import blank, tidy

_LISTED = re.compile(r"[^=,;]+=\s*([^,;]*)")
_STRETCH = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2})(?:\.\d+)?$")


def cut_column(
    columns: Sequence[list[str]], *, whole_cells: bool = False, last: bool = False
) -> tuple[list[str], list[str]]:
    """The dates and the times of a chunk, from one column or from a date and a time column.

    Of a list of units in one cell (“E1=06:51:33, E2=07:05:17”) the first time is taken, or with ``last`` the last.
    """
    cells = columns[0]
    common = not whole_cells and len(columns) == 1 and set(map(len, cells)) == {19}
    if common and {c[10] for c in cells} <= {" ", "T"} and {c[4] + c[7] for c in cells} <= {"--", "//"}:
        return [c[:10] for c in cells], [c[11:] for c in cells]  # 2018-01-01 18:19:00
    cells = _plain(cells, last)
    for extra in columns[1:]:
        clocks = _military(_plain(extra, last))
        cells = [joined(a, b) for a, b in zip(cells, clocks, strict=True)]
    pieces = [(cell, "") for cell in cells] if whole_cells else [cut(cell) for cell in cells]
    return [day for day, _ in pieces], [clock for _, clock in pieces]


def _plain(cells: Sequence[str], last: bool) -> list[str]:
    """Spaces made single, NULL and the like made blank, a list of units brought down to one time."""
    plain = [" ".join(cell.replace("\0", " ").split()) for cell in cells]
    listed = [k for k, cell in enumerate(plain) if "=" in cell]
    for k in listed:
        if found := _LISTED.findall(plain[k]):
            plain[k] = found[-1 if last else 0].strip()
    if any(len(cell) < 13 and blank(cell) for cell in set(plain)):
        plain = ["" if len(cell) < 13 and cell != "0" and blank(cell) else cell for cell in plain]
    return plain


def _military(clocks: list[str]) -> list[str]:
    """1405 as it is, and 905 or 5 with the zeros that a spreadsheet took away: 0905, 0005. Likewise 90500."""
    digits = [len(clock) for clock in clocks if clock.isdigit()]
    if not digits or min(digits) == max(digits) > 3 or max(digits) > 6:
        return clocks
    width = 6 if max(digits) > 4 else 4
    return [clock.zfill(width) if clock.isdigit() else clock for clock in clocks]


def coordinates(latitude: str, longitude: str) -> str | None:
    """“38.98589, -76.98814”, as exact as the export is; None for what is no place on earth, or 0, 0, or -1, -1."""
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        return None
    if not (abs(north) <= 90 and abs(east) <= 180) or (north == int(north) and east == int(east)):
        return None
    return f"{north!r}, {east!r}"


def minutes(cells: Sequence[str]) -> np.ndarray:
    """Lengths of time in minutes: 12.5, 0:12:30 or a list of units (the longest); -1 where there is none."""
    return np.array([_minutes(cell) for cell in cells])


def _minutes(cell: str) -> float:
    if "=" in cell:
        return max((_minutes(part) for part in _LISTED.findall(cell)), default=-1.0)
    text = tidy(cell)
    if found := _STRETCH.match(text):
        hours, middle, end = (int(part or 0) for part in found.groups())
        return hours * 60 + middle + end / 60 if found[1] else middle * 60.0 + end
    try:
        number = float(text.removesuffix("min").strip().replace(",", ""))
    except ValueError:
        return -1.0
    return number if 0 <= number < 100_000 else -1.0


def is_crossing(name: str) -> bool:
    """Whether a column of a location holds the crossing street."""
    return any(word in name.casefold() for word in ("intersect", "cross"))
