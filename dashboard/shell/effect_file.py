"""A CSV file with one row a period, as an analyst has it: which column is which, how dates and numbers are written.

Nothing is guessed silently: what cannot be read is refused with its line and value.
"""

import io
import re
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.periods import Floats
from db.errors import Unreadable

MISSING = {"", "na", "n/a", "nan", "null", "none", ".", "-", "–", "—"}
"""Written like this, a cell is empty: a gap, not a zero."""
LONGEST = 20_000_000
"""Bytes of a file that is still read."""
FORMATS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}", ("%Y",)),
    (r"\d{6}", ("%Y%m",)),
    (r"\d{8}", ("%Y%m%d",)),
    (r"\d{4}-\d{1,2}", ("%Y-%m",)),
    (r"\d{4}/\d{1,2}", ("%Y/%m",)),
    (r"\d{4}\.\d{1,2}", ("%Y.%m",)),
    (r"\d{4}m\d{1,2}", ("%Ym%m",)),
    (r"\d{1,2}/\d{4}", ("%m/%Y",)),
    (r"\d{1,2}-\d{4}", ("%m-%Y",)),
    (r"[a-z]+ \d{4}", ("%b %Y", "%B %Y")),
    (r"[a-z]+-\d{4}", ("%b-%Y", "%B-%Y")),
    (r"[a-z]+-\d{2}", ("%b-%y",)),
    (r"[a-z]+ \d{2}", ("%b %y",)),
    (r"\d{4} [a-z]+", ("%Y %b", "%Y %B")),
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"\d{1,2} [a-z]+ \d{4}", ("%d %b %Y", "%d %B %Y")),
    (r"\d{1,2}-[a-z]+-\d{4}", ("%d-%b-%Y",)),
    (r"\d{1,2}-[a-z]+-\d{2}", ("%d-%b-%y",)),
    (r"[a-z]+ \d{1,2}, \d{4}", ("%b %d, %Y", "%B %d, %Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%m/%d/%Y", "%d/%m/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%m-%d-%Y", "%d-%m-%Y")),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%m/%d/%y", "%d/%m/%y")),
)
"""How all dates of a column look → how they are read. Of two readings the one with a single day of the month wins."""


def table(path: Path) -> pd.DataFrame:
    """All cells as text, stripped; rows without any are left out. The index is the line in the file."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LONGEST and not path.is_dir() else b""
    except OSError as problem:
        raise Unreadable(f"{path} cannot be opened: {problem.strerror or problem}.") from None
    if path.is_dir() or size > LONGEST:
        raise Unreadable(f"{path} is {'a folder' if path.is_dir() else f'{size:,} bytes long'}: name one CSV file.")
    text = _decoded(raw, path)
    first, head = next(((n, line) for n, line in enumerate(text.splitlines()) if line.strip()), (0, ""))
    if not head:
        raise Unreadable(f"{path.name} is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else cells beyond the header are dropped
            cells = pd.read_csv(
                io.StringIO(text),
                sep=max(",;\t|", key=head.count),
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                index_col=False,
                header=first,
            )
    except pd.errors.ParserWarning:
        raise Unreadable(
            f"The rows of {path.name} hold more cells than its header: is there a comma inside a number?"
        ) from None
    except (ValueError, pd.errors.ParserError) as problem:
        said = re.sub(r".*(Expected \d+ fields in line \d+, saw \d+).*", r"\1", str(problem).strip(), flags=re.DOTALL)
        raise Unreadable(f"{path.name} is not a table of equal rows: {said.rstrip('.')}.") from None
    cells.columns = [str(name).strip() for name in cells.columns]
    cells = cells.apply(lambda column: column.fillna("").str.strip())
    cells.index = pd.RangeIndex(first + 2, first + 2 + len(cells))
    filled = cells.loc[(cells != "").any(axis=1)]
    if filled.empty:
        raise Unreadable(f"{path.name} has a header and no rows.")
    return filled


def _decoded(raw: bytes, path: Path) -> str:
    if b"\0" in raw[:4096]:
        raise Unreadable(f"{path.name} is not a text file. Save the sheet as CSV and try again.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def column(cells: pd.DataFrame, name: str, option: str) -> pd.Series:
    """The column of that name; case and blanks at its ends do not matter."""
    same = [place for place, each in enumerate(cells.columns) if each == name.strip()]
    same = same or [p for p, each in enumerate(cells.columns) if each.casefold() == name.strip().casefold()]
    if len(same) == 1:
        return cells.iloc[:, same[0]]
    has = ", ".join(map(str, cells.columns))
    problem = "There are several columns" if same else "There is no column"
    raise Unreadable(f"{problem} “{name}” (after {option}). The file has: {has}.")


def numbers(cells: pd.DataFrame, name: str, option: str) -> Floats:
    """The column as numbers; an empty cell is NaN."""
    return np.array([_number(text, line, name) for line, text in column(cells, name, option).items()], float)


def _number(text: str, line: object, name: str) -> float:
    if text.casefold() in MISSING:
        return np.nan
    plain = text.replace("\u00a0", "").replace(" ", "")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[+-]?\d+,\d+", plain):
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        raise Unreadable(f"“{text}” in line {line}, column {name}, is not a number.") from None


def dates(cells: pd.DataFrame, name: str, option: str) -> list[date]:
    """The column as days. ``name`` may be two or three columns, year first: "year,month"."""
    parts = name.split(",")
    if len(parts) > 1 and name not in cells.columns:
        texts = column(cells, parts[0], option)
        for part in parts[1:3]:
            texts = texts.str.cat(column(cells, part, option).str.removesuffix(".0"), sep="-")
    else:
        texts = column(cells, name, option)
    empty = [line for line, text in texts.items() if text.casefold() in MISSING]
    if empty:
        raise Unreadable(f"Line {empty[0]} has no date in column {name}.")
    return parsed(list(texts), list(texts.index), name)


def parsed(texts: list[str], lines: list[int], name: str) -> list[date]:
    """All texts by one rule. Raises :class:`Unreadable` for the first one that does not follow it."""
    plain = [re.sub(r"[T ]\d{1,2}:\d{2}.*$", "", text).replace("\u00a0", " ").strip() for text in texts]
    plain = [text[:-2] if re.fullmatch(r"\d{4,8}\.0", text) else text for text in plain]  # a number, as pandas saves it
    for read in (_quarter, _week):
        if read(plain[0]):
            found = [read(text) for text in plain]
            return _complete(found, texts, lines, name)
    looks = next((formats for look, formats in FORMATS if re.fullmatch(look, plain[0], re.IGNORECASE)), ())
    readings = [pd.to_datetime(pd.Series(plain), format=form, errors="coerce") for form in looks]
    if not readings:
        raise Unreadable(f"“{texts[0]}” in line {lines[0]}, column {name}, is not a date. Write it like 2026-11-14.")
    whole = [reading for reading in readings if reading.notna().all()] or [max(readings, key=lambda r: r.notna().sum())]
    best = min(whole, key=lambda reading: reading.dt.day.nunique() > 1)
    return _complete([None if pd.isna(at) else at.date() for at in best], texts, lines, name)


def _complete(found: list[date | None], texts: list[str], lines: list[int], name: str) -> list[date]:
    for text, line, day in zip(texts, lines, found, strict=True):
        if day is None:
            raise Unreadable(f"“{text}” in line {line}, column {name}, is not a date written like “{texts[0]}”.")
    return [day for day in found if day is not None]


def _quarter(text: str) -> date | None:
    """2005Q1, 2005-Q1, Q1 2005."""
    found = re.fullmatch(r"(\d{4})[- ]?q([1-4])", text.casefold())
    year, quarter = found.groups() if found else (None, None)
    if found is None and (turned := re.fullmatch(r"q([1-4])[- /]?(\d{4})", text.casefold())):
        quarter, year = turned.groups()
    return date(int(year), int(quarter) * 3 - 2, 1) if year and quarter else None


def _week(text: str) -> date | None:
    """2005-W03: the Monday of that ISO week."""
    found = re.fullmatch(r"(\d{4})-?w(\d{1,2})", text.casefold())
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        return None


def one_day(text: str, option: str) -> date:
    """A day given on the command line: 2026-11-14, or the first of 2026-11, 2026, 2026Q4, 2026-W46."""
    short = re.fullmatch(r"\d{4}(-\d{1,2}){0,2}", text.strip()) or _quarter(text.strip()) or _week(text.strip())
    try:
        if not short:
            raise Unreadable("")
        return parsed([text.strip()], [0], option)[0]
    except Unreadable:
        raise Unreadable(f"“{text}” after {option} is not a date. Write it like 2026-11-14.") from None
