"""What kind of file this is, and its rows as text: CSV in any common encoding, gzip or zip of one, Excel.

The first bytes decide, never the name. A file is walked once before it is read (hash, encoding, number
of lines), so that a bad byte at the end is known before anything is loaded.
"""

import codecs
import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from python_calamine import CalamineError, CalamineWorkbook

from db.errors import Unreadable

DELIMITERS = ",\t;|"
_LINE_END = re.compile(r"\r\n|\r|\n")
HEADER_WITHIN = 30
"""The header is looked for in this many first rows."""
_FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"{": "a JSON file",
}

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


@dataclass(slots=True)
class CadFile:
    """A file as it was found: its name, the hash of its bytes, and its sheets (a CSV has one)."""

    name: str
    sha256: str
    kind: str
    sheets: list[Sheet]


def open_file(source: Path | BinaryIO, name: str = "") -> CadFile:
    """Look at ``source`` (a path, or an open binary file such as an upload). Raises :class:`Unreadable`."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as handle:
                return _opened(handle, name or source.name, source)
        except IsADirectoryError:
            raise Unreadable(f"{source} is a folder. Name the file in it.") from None
        except FileNotFoundError:
            raise Unreadable(f"There is no file {source}. Check the path.") from None
        except PermissionError:
            raise Unreadable(f"{source} may not be read by this user. Check its permissions.") from None
        except OSError as error:
            raise Unreadable(f"{source} cannot be read ({error.strerror}). Copy it elsewhere and try again.") from None
    return _opened(source, name or Path(getattr(source, "name", "") or "upload").name, source)


def _opened(handle: BinaryIO, name: str, source: Path | BinaryIO) -> CadFile:
    handle.seek(0)
    digest = hashlib.file_digest(cast(Any, handle), "sha256").hexdigest()
    handle.seek(0)
    start = handle.read(16)
    if not start:
        raise Unreadable(f"{name} is empty.")
    for magic, kind in _FOREIGN.items():
        if start.startswith(magic):
            raise Unreadable(f"{name} is {kind}, whatever its name says. Export the calls as CSV or Excel.")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return CadFile(name, digest, "Excel", _excel(handle, name))
    if start.startswith(b"PK\x03\x04"):
        return _zipped(handle, name, digest)
    if start.startswith(b"\x1f\x8b"):
        return CadFile(name, digest, "CSV", [_text(lambda: cast(BinaryIO, gzip.open(_again(source))), name)])
    return CadFile(name, digest, "CSV", [_text(lambda: _again(source), name)])


def _again(source: Path | BinaryIO) -> BinaryIO:
    """The bytes from the start. An upload is rewound behind a wrapper that does not close it."""
    if isinstance(source, Path):
        return source.open("rb")
    source.seek(0)
    return cast(BinaryIO, _Unclosed(source))


class _Unclosed(io.RawIOBase):
    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _zipped(handle: BinaryIO, name: str, digest: str) -> CadFile:
    handle.seek(0)
    try:
        archive = zipfile.ZipFile(handle)
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    except zipfile.BadZipFile:
        raise Unreadable(f"{name} is a damaged zip or Excel file. Export it again.") from None
    if any(m.filename.startswith(("xl/", "content.xml")) for m in members):
        handle.seek(0)
        return CadFile(name, digest, "Excel", _excel(handle, name))
    if len(members) != 1:
        raise Unreadable(f"{name} holds {len(members)} files. Take out the one with the calls.")
    inner = archive.read(members[0])
    return CadFile(name, digest, "CSV", open_file(io.BytesIO(inner), members[0].filename).sheets)


def _excel(handle: BinaryIO, name: str) -> list[Sheet]:
    handle.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(handle.read()))
        sheets = [book.get_sheet_by_name(sheet) for sheet in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(f"{name} begins like an Excel file but cannot be read ({error}). Export it again.") from None

    def walker(sheet: Any) -> Any:
        def walk(size: int = CHUNK) -> Rows:
            cells, first = sheet.iter_rows(), 1 + (sheet.start or (0, 0))[0]
            while rows := [[_cell(value) for value in row] for row in islice(cells, size)]:
                yield _filled(range(first, first + len(rows)), rows)
                first += len(rows)

        return walk

    return [Sheet(s.name, s.height, "Excel", "", walker(s)) for s in sheets if s.height]


def _cell(value: Any) -> str:
    """A cell as the text a CSV export of it would hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def _text(opened: Any, name: str) -> Sheet:
    encoding, lines = _encoding(opened, name)
    with _decoded(opened, encoding) as text:
        sample = text.read(65_536)
    delimiter = _delimiter(sample)

    def walk(size: int = CHUNK) -> Rows:
        with _decoded(opened, encoding) as text:
            reader = csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t")
            first = 1
            try:
                while rows := list(islice(reader, size)):
                    yield _filled(_starts(first, reader.line_num, rows), rows)
                    first = reader.line_num + 1
            except csv.Error as error:
                raise Unreadable(
                    f"{name} cannot be read near line {first:,} ({error}). A quote may be open from there on: mend it."
                ) from None

    return Sheet("", lines, encoding, delimiter, walk)


def _filled(lines: Sequence[int], rows: list[list[str]]) -> tuple[Sequence[int], list[list[str]]]:
    """Without the rows that hold nothing at all."""
    if all(map(any, rows)):
        return lines, rows
    kept = [k for k, row in enumerate(rows) if any(row)]
    return [lines[k] for k in kept], [rows[k] for k in kept]


def _starts(first: int, last: int, rows: list[list[str]]) -> Sequence[int]:
    """The line each row begins on: one after another, unless quoted cells run over several lines."""
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    lengths = (1 + sum(len(_LINE_END.findall(cell)) for cell in row) for row in rows)
    return list(accumulate(lengths, initial=first))[:-1]


def text_of(data: bytes, name: str) -> str:
    """A small text file as text, in whichever of the encodings it is. Raises :class:`Unreadable` for a binary one."""
    encoding, _ = _encoding(lambda: io.BytesIO(data), name)
    return data.decode(encoding, errors="replace")


def _decoded(opened: Any, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(opened(), 1 << 20), encoding=encoding, newline="")


def _encoding(opened: Any, name: str) -> tuple[str, int]:
    """(encoding, number of line ends). UTF-8 where the whole file is, else Windows-1252 or Latin-1."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    valid, undefined, lines, first = True, False, 1, b""
    try:
        with opened() as handle:
            while block := handle.read(1 << 20):
                first = first or block[:4096]
                lines += block.count(b"\n")
                undefined = undefined or any(byte in block for byte in b"\x81\x8d\x8f\x90\x9d")
                if valid:
                    try:
                        utf8.decode(block)
                    except UnicodeDecodeError:
                        valid = False
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{name} is a damaged archive ({error}). Export it again.") from None
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", lines
    if b"\0" in first:
        halves = first[0::2].count(0), first[1::2].count(0)
        if max(halves) > len(first) // 4 and min(halves) == 0:
            return ("utf-16-le" if halves[1] else "utf-16-be"), lines
        raise Unreadable(f"{name} is neither CSV nor Excel: it holds binary data. Export the calls as CSV or Excel.")
    if valid:
        return "utf-8-sig", lines
    return ("latin-1" if undefined else "cp1252"), lines


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the most first rows into the same, largest number of fields."""
    lines = sample.splitlines()[:-1][:50] or sample.splitlines()

    def score(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(fields) for fields in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if fields]
        except csv.Error:
            return 0, 0
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) if usual > 1 else 0), usual

    return max(DELIMITERS, key=score)
