"""What kind of file this is, and its rows as text: CSV in any common encoding, gzip or zip of one, Excel.

The first bytes decide, never the name. A file is walked once before it is read (hash, encoding, number
of lines), so that a bad byte at the end is known before anything is loaded.
"""

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from python_calamine import CalamineError, CalamineWorkbook

from db.cad.sheet import CHUNK, Rows, Sheet, filled
from db.cad.text import text_sheet, unpacked
from db.errors import Unreadable

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
            raise Unreadable(f"{name} is {kind}, whatever its name says. Export the table as CSV or Excel.")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return CadFile(name, digest, "Excel", _excel(handle, name))
    if start.startswith(b"PK\x03\x04"):
        return _zipped(handle, name, digest, source)
    if start.startswith(b"\x1f\x8b"):
        return CadFile(name, digest, "CSV", [text_sheet(lambda: cast(BinaryIO, gzip.open(_again(source))), name)])
    return CadFile(name, digest, "CSV", [text_sheet(lambda: _again(source), name)])


def _again(source: Path | BinaryIO) -> BinaryIO:
    """The bytes from the start. An upload is rewound behind a wrapper that does not close it."""
    if isinstance(source, Path):
        return source.open("rb")
    return cast(BinaryIO, _Unclosed(source))


class _Unclosed(io.RawIOBase):
    """A reader of an open file with a place of its own, so that several may read it by turns."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner, self._at = inner, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._inner.seek(self._at)
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _zipped(handle: BinaryIO, name: str, digest: str, source: Path | BinaryIO) -> CadFile:
    handle.seek(0)
    try:
        with zipfile.ZipFile(handle) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not _JUNK.search(m.filename)]
            if any(m.filename.startswith(("xl/", "content.xml")) for m in members):
                handle.seek(0)
                return CadFile(name, digest, "Excel", _excel(handle, name))
            tables = [m for m in members if m.filename.lower().endswith(_TABLES)]
            members = tables if len(tables) == 1 else members
            if len(members) != 1:
                raise Unreadable(f"{name} holds {len(members)} files. Take out the one to load.")
            member = members[0]
            with archive.open(member) as inner:
                start = inner.read(16)
            if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", *_FOREIGN)):
                if member.file_size > _LARGEST_BOOK:
                    raise Unreadable(f"{member.filename} in {name} is too large to open in there. Take it out first.")
                packed = open_file(io.BytesIO(archive.read(member)), member.filename)
                return CadFile(name, digest, packed.kind, packed.sheets)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        if "encrypted" in str(error):
            raise Unreadable(f"{name} is locked with a password. Unpack it and choose the file inside.") from None
        raise Unreadable(f"{name} is a damaged zip or Excel file. Export it again.") from None
    if not start:
        raise Unreadable(f"{member.filename} in {name} is empty.")
    return CadFile(
        name, digest, "CSV", [text_sheet(lambda: cast(BinaryIO, zipfile.ZipFile(_seekable(source)).open(member)), name)]
    )


_JUNK = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.I)
_TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".csv.gz")
_LARGEST_BOOK = 1 << 30


def _seekable(source: Path | BinaryIO) -> Any:
    """What zipfile can seek in: the file opened anew, or a copy of an upload's bytes."""
    if isinstance(source, Path):
        return source
    source.seek(0)
    return io.BytesIO(source.read())


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
                yield filled(range(first, first + len(rows)), rows)
                first += len(rows)

        return walk

    return [unpacked(Sheet(s.name, s.height, "Excel", "", walker(s))) for s in sheets if s.height]


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
