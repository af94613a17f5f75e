"""CSV as it is met: any encoding, any delimiter, quotes that are not closed, a table packed into one column.

Own code, after trying the maintained sniffers on the real exports: clevercsv found the same delimiters, slower and
for 9 MB of packages; charset-normalizer took Windows-1252 for cp775 and a file's first block for ASCII.
"""

import codecs
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import BinaryIO
from zipfile import BadZipFile

from db.cad.plain import Plain, may_be_plain
from db.cad.sheet import CHUNK, Rows, Sheet, filled
from db.errors import Unreadable

DELIMITERS = ",\t;|^~\x1f\x01"
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEP = re.compile(r'"?sep=(.)"?\s*$', re.I)
_BOMS = (b"\xef\xbb\xbf", b"\xc3\xaf\xc2\xbb\xc2\xbf")
"""UTF-8's mark, and the same encoded twice."""
_LONGEST_CELL = 131_072
_LONGEST_ROW = 100
"""Lines a row may run over before its open quote is taken for a stray one."""
_CONTROLS = [bytes([byte]) for byte in range(32) if byte not in b"\t\n\r\x0c\x1a\x1f\x01"]
_MOST = 16 << 30
"""Bytes a file may unpack to."""
Opened = Callable[[], BinaryIO]


def text_sheet(opened: Opened, name: str) -> Sheet:
    """The one sheet of a CSV. ``opened`` gives its bytes from the start, every time anew."""
    encoding, lines = find_encoding(opened, name)
    with _decoded(opened, encoding) as text:
        sample = text.read(65_536)
    delimiter, width = find_delimiter(_sample_lines(sample))

    def walk(size: int = CHUNK, first: int = 1) -> Rows:
        spaces = delimiter != "\t"
        with _decoded(opened, encoding) as text:
            reader = csv.reader(islice(text, first - 1, None), delimiter=delimiter, skipinitialspace=spaces)
            above = first - 1
            try:
                while rows := list(islice(reader, size)):
                    last = above + reader.line_num
                    if last - first + 1 != len(rows) and _runs_away(rows, width, delimiter):
                        break
                    yield filled(_starts(first, last, rows), rows)
                    first = last + 1
                else:
                    return
            except csv.Error:
                pass  # a cell beyond all measure: a quote is open
        yield from _mended(opened, encoding, delimiter, width, first, size, name)

    sheet = Sheet("", lines, encoding, delimiter, walk)
    if may_be_plain(encoding, delimiter):
        sheet.by_columns = Plain(
            lambda: _marks_skipped(opened, encoding), encoding, delimiter, _LONGEST_CELL, lambda at: walk(CHUNK, at)
        )
    return unpacked(sheet)


def _sample_lines(sample: str) -> list[str]:
    lines = io.StringIO(sample, newline=None).read().split("\n")
    return [line for line in lines[:-1][:200] or lines if line.strip()]


def find_delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """(delimiter, usual number of fields): what cuts the most first rows into the same, largest number of fields."""
    if lines and (stated := _SEP.match(lines[0])):
        return stated[1], _usual(lines[1:], stated[1], csv.QUOTE_MINIMAL)[1]
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):  # quotes that are not closed hide the rows behind them
        found = {delimiter: _usual(lines, delimiter, quoting) for delimiter in DELIMITERS}
        best = max(DELIMITERS, key=found.__getitem__)
        if found[best][0] > 0.5 * found[best][2] and found[best][2] * 8 > len(lines):
            break
    if found[best][1] < 2:
        return ",", 1
    return best, found[best][1]


def _usual(lines: Sequence[str], delimiter: str, quoting: int) -> tuple[int, int, int]:
    """(rows that have it, the usual number of fields, rows in all)."""
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, quoting=quoting))  # type: ignore[arg-type]
    except csv.Error:
        return 0, 0, 0
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0, 1, len(rows)
    usual = max(widths, key=lambda width: (widths[width], width))
    return widths[usual], usual, len(rows)


def _runs_away(rows: Sequence[Sequence[str]], width: int, delimiter: str) -> bool:
    """Whether a cell over several lines seems to have swallowed other rows: a quote was opened and never closed."""
    for row in rows:
        for cell in row:
            if "\n" in cell or "\r" in cell:
                if cell.count("\n") > _LONGEST_ROW or (len(row) != width and width > 1):
                    return True
                if cell.count(delimiter) >= max(width - 1, 2):
                    return True
    return False


def _mended(opened: Opened, encoding: str, delimiter: str, width: int, first: int, size: int, name: str) -> Rows:
    """Rows from line ``first`` on, read line by line: a quote that no later line closes stands for itself."""
    with _decoded(opened, encoding) as text:
        source = _Lines(chain(islice(text, first - 1, None)))
        lines: list[int] = []
        rows: list[list[str]] = []
        at = first
        while source.peek(0) is not None:
            taken, row = _next_row(source, delimiter, width)
            if any(len(cell) > _LONGEST_CELL for cell in row):
                raise Unreadable(
                    f"{name} cannot be read near line {at:,} (a cell of more than {_LONGEST_CELL:,} characters). "
                    "A quote may be open from there on: mend it."
                )
            if any(row):
                lines.append(at)
                rows.append(row)
            at += taken
            if len(rows) >= size:
                yield lines, rows
                lines, rows = [], []
        if rows:
            yield lines, rows


class _Lines:
    """Lines with a look ahead."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._ahead: list[str] = []

    def peek(self, k: int) -> str | None:
        while len(self._ahead) <= k:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[k]

    def take(self, count: int) -> str:
        taken, self._ahead = self._ahead[:count], self._ahead[count:]
        return "".join(taken)


def _next_row(source: _Lines, delimiter: str, width: int) -> tuple[int, list[str]]:
    """(lines it took, the row)."""
    line = source.peek(0) or ""
    if line.count('"') % 2 == 0:
        return 1, _parsed(source.take(1), delimiter)
    alone = _literal(line, delimiter)
    following = _literal(source.peek(1) or "", delimiter)
    if len(alone) < width or len(following) < width:  # else this line and the next are whole rows: the quote is a stray
        text = line
        for k in range(1, _LONGEST_ROW):
            more = source.peek(k)
            if more is None or len(text) > _LONGEST_CELL:
                break
            text += more
            if text.count('"') % 2 == 0 and len(row := _parsed(text, delimiter)) == width:
                source.take(k + 1)
                return k + 1, row
    source.take(1)
    return 1, alone


def _parsed(text: str, delimiter: str) -> list[str]:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t"))
    return rows[0] if len(rows) == 1 else ([] if not rows else _literal(text, delimiter))


def _literal(line: str, delimiter: str) -> list[str]:
    """The fields with quotes as they stand, but for those around a field or left alone at one end of it."""
    return [cell.strip().strip('"').replace('""', '"') for cell in line.rstrip("\r\n").split(delimiter)]


def _starts(first: int, last: int, rows: list[list[str]]) -> Sequence[int]:
    """The line each row begins on: one after another, unless quoted cells run over several lines."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    lengths = (1 + sum(len(_LINE_END.findall(cell)) for cell in row) for row in rows)
    return list(accumulate(lengths, initial=first))[:-1]


def unpacked(sheet: Sheet) -> Sheet:
    """The sheet itself, or, where all of it stands in one column with delimiters inside, the table that this hides."""
    top = sheet.top(50)
    alone = [row[0] for _, row in top if row and not any(cell.strip() for cell in row[1:])]
    if len(alone) * 5 < len(top) * 4 or len(alone) < 2:
        return sheet
    delimiter, width = find_delimiter(alone)
    if width < 2 or _usual(alone, delimiter, csv.QUOTE_NONE)[0] * 2 < len(alone):
        return sheet

    def cut(cell: str) -> list[str]:
        fields = _literal(cell, delimiter)
        if len(fields) == width or delimiter == "\t" or '"' not in cell:
            return fields
        parsed = _parsed(cell, delimiter)
        return parsed if len(parsed) == width else fields

    def walk(size: int = CHUNK) -> Rows:
        for lines, rows in sheet.walk(size):
            yield lines, [cut(row[0]) + row[1:] if any(row[1:]) else cut(row[0]) for row in rows]

    return Sheet(sheet.name, sheet.about, sheet.encoding, delimiter, walk)


def _decoded(opened: Opened, encoding: str) -> io.TextIOWrapper:
    """The text without its marks of byte order, however often they stand there."""
    return io.TextIOWrapper(_marks_skipped(opened, encoding), encoding=encoding, errors="tandem-cp1252", newline="")


def _marks_skipped(opened: Opened, encoding: str) -> io.BufferedReader:
    data = io.BufferedReader(opened(), 1 << 20)  # type: ignore[arg-type]
    if encoding == "utf-8":
        start = data.peek(64)
        skip = 0
        while mark := next((mark for mark in _BOMS if start.startswith(mark, skip)), None):
            skip += len(mark)
        data.read(skip)
    return data


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 in a file that otherwise is: what Windows means by it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("tandem-cp1252", _as_windows)


def find_encoding(opened: Opened, name: str) -> tuple[str, int]:
    """(encoding, number of line ends). UTF-8 where the file is (but for slips), else Windows-1252 or Latin-1.

    All of it is read, so a damaged archive is known here. Raises :class:`Unreadable` for that and for binary data.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    undefined, lines, first, size, wide, slips = False, 1, b"", 0, 0, 0
    try:
        with opened() as handle:
            while block := handle.read(1 << 20):
                first = first or block[:4096]
                lines += block.count(b"\n")
                size += len(block)
                if not block.isascii():
                    undefined = undefined or any(byte in block for byte in b"\x81\x8d\x8f\x90\x9d")
                    wide += len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]", block))
                    slips += utf8.decode(block).count("\ufffd")
                if size > _MOST:
                    raise Unreadable(f"{name} unpacks to more than {_MOST >> 30} GiB. Export a shorter time.")
    except (OSError, EOFError, zlib.error, BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Unreadable(f"{name} is a damaged archive ({error}). Export it again.") from None
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32", lines
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", lines
    if b"\0" in first:
        halves = first[0::2].count(0), first[1::2].count(0)
        if max(halves) > len(first) // 4 and min(halves) * 10 < max(halves):
            return ("utf-16-le" if halves[1] > halves[0] else "utf-16-be"), lines
    if sum(map(first.count, _CONTROLS)) * 50 > len(first):
        raise Unreadable(f"{name} is neither CSV nor Excel: it holds binary data. Export the table as CSV or Excel.")
    if slips * 10 <= wide:
        return "utf-8", lines
    return ("latin-1" if undefined else "cp1252"), lines


def text_of(data: bytes, name: str) -> str:
    """A small text file as text, in whichever of the encodings it is. Raises :class:`Unreadable` for a binary one."""
    encoding, _ = find_encoding(lambda: io.BytesIO(data), name)
    with _decoded(lambda: io.BytesIO(data), encoding) as text:
        return text.read()
