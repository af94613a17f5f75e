"""Some rows of a table, as lists of cells or by columns: what reading them asks of either."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
import pyarrow as pa


class Texts:
    """A column as codes into its distinct texts. ``clean`` brings different writings together; None is code -1."""

    def __init__(self, clean: Callable[[Any], str | None]) -> None:
        self._raw: defaultdict[Any, int] = defaultdict()
        self._raw.default_factory = self._raw.__len__
        self._clean = clean
        self._to = array("i")
        self._codes: dict[str, int] = {}
        self.texts: list[str] = []
        """The distinct clean texts. The list grows; a code keeps its meaning."""

    def add(self, cells: Iterable[Any], count: int) -> np.ndarray:
        """Codes (int32) of ``count`` more cells."""
        raw = np.fromiter(map(self._raw.__getitem__, cells), np.int32, count)
        for cell in islice(self._raw, len(self._to), None):
            text = self._clean(cell)
            if text is None:
                self._to.append(-1)
                continue
            if text not in self._codes:
                self._codes[text] = len(self.texts)
                self.texts.append(text)
            self._to.append(self._codes[text])
        return np.frombuffer(self._to, np.int32)[raw] if count else np.empty(0, np.int32)


class Chunk(Protocol):
    """Rows of one width; columns are counted from 0."""

    def __len__(self) -> int: ...

    def column(self, place: int) -> list[str]:
        """The cells of one column."""
        ...

    def codes(self, texts: Texts, places: Sequence[int]) -> np.ndarray:
        """The codes of one column, or of several taken together as tuples."""
        ...

    def letters(self, place: int, width: int) -> np.ndarray | None:
        """A column as bytes, rows × ``width``, where every cell has just so many and all are ASCII; else None."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows as lists of cells."""

    rows: list[list[str]]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, place: int) -> list[str]:
        return list(map(itemgetter(place), self.rows))

    def codes(self, texts: Texts, places: Sequence[int]) -> np.ndarray:
        return texts.add(map(itemgetter(*places), self.rows), len(self.rows))

    def letters(self, place: int, width: int) -> np.ndarray | None:
        return None


@dataclass(frozen=True, slots=True)
class Columns:
    """Only the columns that were asked for, each an Arrow array of texts: a cell is no Python object until needed."""

    arrays: dict[int, pa.StringArray]
    rows: int

    def __len__(self) -> int:
        return self.rows

    def column(self, place: int) -> list[str]:
        return self.arrays[place].to_pylist()  # type: ignore[return-value]

    def codes(self, texts: Texts, places: Sequence[int]) -> np.ndarray:
        found = [self.arrays[place].dictionary_encode() for place in places]
        if len(found) == 1:
            distinct = found[0].dictionary.to_pylist()
            return texts.add(distinct, len(distinct))[found[0].indices.to_numpy()]
        together = np.zeros(self.rows, np.int64)
        for one in found:
            together = together * len(one.dictionary) + one.indices.to_numpy()
        _, first, codes = np.unique(together, return_index=True, return_inverse=True)
        order = np.argsort(first)  # as they were met, so that codes do not depend on how a file is read
        cells = (self.arrays[place].take(pa.array(first[order])).to_pylist() for place in places)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return texts.add(zip(*cells, strict=True), len(order))[rank[codes]]

    def letters(self, place: int, width: int) -> np.ndarray | None:
        ends, text = offsets(self.arrays[place]), self.arrays[place].buffers()[2]
        if text is None or not (np.diff(ends) == width).all():
            return None
        letters = np.frombuffer(text, np.uint8)[ends[0] : ends[-1]]
        return letters.reshape(-1, width) if letters.max(initial=0) < 128 else None

    def part(self, start: int, count: int) -> "Columns":
        """``count`` rows from ``start`` on, or as many as there are."""
        arrays = {place: each.slice(start, count) for place, each in self.arrays.items()}
        return Columns(arrays, min(count, self.rows - start))

    def blank(self) -> np.ndarray:
        """Which rows hold nothing in any of these columns."""
        return np.logical_and.reduce([np.diff(offsets(each)) == 0 for each in self.arrays.values()])


def offsets(texts: pa.StringArray) -> np.ndarray:
    """Where each text begins among the array's bytes, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]  # type: ignore[arg-type]
