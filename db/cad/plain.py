"""Plain CSV read by columns, an order of magnitude faster than row by row.

Arrow's reader (pandas and Streamlit bring it) takes a block where every row has the header's width and nothing needs
care: no quote, no lone carriage return, no NUL, no cell beyond measure. Any other block is read as ``db.cad.text``
reads it, and from the first quote on all the rest is.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
from pyarrow import csv as arrow

from db.cad.chunks import Columns
from db.cad.sheet import CHUNK, ByColumns, Rows, filled

_BLOCK = 2 << 20
_END = "the end of this block"
_SINGLE = ("cp1252", "latin-1")
_TEXT = pa.string()
Skipped = Callable[[], BinaryIO]


class Plain:
    """How one file is read by columns. ``opened`` gives its bytes behind any marks of byte order.

    ``carefully(line)``: its rows from a line on, as they are read elsewhere; ``longest``: the longest cell there is.
    """

    def __init__(
        self, opened: Skipped, encoding: str, delimiter: str, longest: int, carefully: Callable[[int], Rows]
    ) -> None:
        self._opened, self._encoding, self._delimiter = opened, encoding, delimiter
        self._longest, self._carefully = longest, carefully

    def __call__(self, header: int, width: int, places: Sequence[int]) -> ByColumns:
        """(lines, rows) below the line ``header``: of ``width`` cells each the columns ``places``, or lists of all."""
        with self._opened() as data:
            top = b"".join(data.readline(self._longest) for _ in range(header))
            first = 1 + header
            if top.count(b"\n") != header or _lone_returns(top) or (top and self._alone(top) is None):
                yield from self._below(header, self._carefully(1))
                return
            for block in _blocks(data):
                if block is None or b'"' in block:  # what a quote means may hang on the lines before and behind it
                    yield from self._carefully(first)
                    return
                if (columns := self._columns(block, width, places)) is not None:
                    for start in range(0, len(columns), CHUNK):
                        part = columns.part(start, CHUNK)
                        yield range(first + start, first + start + len(part)), part
                    first += len(columns)
                    continue
                rows = self._alone(block)
                if rows is None:
                    yield from self._carefully(first)
                    return
                for start in range(0, len(rows), CHUNK):
                    part = rows[start : start + CHUNK]
                    yield filled(range(first + start, first + start + len(part)), part)
                first += len(rows)

    @staticmethod
    def _below(header: int, walked: Rows) -> Rows:
        for lines, rows in walked:
            above = sum(1 for line in lines if line <= header)
            yield lines[above:], rows[above:]

    def _columns(self, block: bytes, width: int, places: Sequence[int]) -> Columns | None:
        """None where the block is not as plain as all that."""
        if b"\0" in block or _lone_returns(block):
            return None
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
        if np.diff(ends, prepend=-1).max() > self._longest:
            return None
        if self._encoding in _SINGLE and not block.isascii():
            block = block.decode(self._encoding, "replace").encode()
        names = [str(place) for place in range(width)]
        wanted = [names[place] for place in places]
        try:
            table = arrow.read_csv(
                pa.BufferReader(block),
                arrow.ReadOptions(use_threads=False, column_names=names, block_size=len(block) + 1),
                arrow.ParseOptions(
                    delimiter=self._delimiter, quote_char=False, escape_char=False, ignore_empty_lines=False
                ),
                arrow.ConvertOptions(
                    column_types=dict.fromkeys(wanted, _TEXT), include_columns=wanted, strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:  # a row of another width, or bytes that are no text
            return None
        arrays = [table.column(name).combine_chunks() for name in wanted]
        if self._delimiter != "\t" and (
            f"{self._delimiter} ".encode() in block or b"\n " in block or block[:1] == b" "
        ):
            arrays = [compute.call_function("utf8_ltrim", [each], compute.TrimOptions(" ")) for each in arrays]
        columns = Columns(dict(zip(places, arrays, strict=True)), table.num_rows)
        return columns if len(columns) == len(ends) and not columns.blank().any() else None

    def _alone(self, block: bytes) -> list[list[str]] | None:
        """The rows of a block without quotes, one a line; None where they are not."""
        text = block.decode(self._encoding, "tandem-cp1252")
        text = text if text.endswith(("\n", "\r")) else f"{text}\n"
        source = io.StringIO(f"{text}{_END}", newline="")
        reader = csv.reader(source, delimiter=self._delimiter, skipinitialspace=self._delimiter != "\t")
        try:
            rows = list(reader)
        except csv.Error:
            return None
        return rows[:-1] if reader.line_num == len(rows) and rows[-1] == [_END] else None


def _lone_returns(block: bytes) -> bool:
    return b"\r" in block and block.count(b"\r") != block.count(b"\r\n")


def _blocks(data: BinaryIO) -> Iterator[bytes | None]:
    """Whole lines, about :data:`_BLOCK` bytes at a time; None, and no more, where no line ends."""
    rest = b""
    while read := data.read(_BLOCK):
        whole, end, after = read.rpartition(b"\n")
        if not end:
            if len(rest) > _BLOCK:
                yield None
                return
            rest += read
            continue
        yield rest + whole + end
        rest = after
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def may_be_plain(encoding: str, delimiter: str) -> bool:
    """Whether lines and cells of the file can be told apart byte by byte."""
    return codecs.lookup(encoding).name in ("utf-8", "cp1252", "iso8859-1") and len(delimiter.encode()) == 1
