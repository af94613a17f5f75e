"""A codebook: a small table of call type codes and what they mean (“5150 · MENTAL CASE”)."""

from pathlib import Path
from typing import BinaryIO

from db.cad.names import folded_name
from db.cad.normalise import tidy
from db.cad.sniff import open_file
from db.cad.table import find_table
from db.errors import Unreadable

_LARGEST = 20_000


def read_codebook(source: Path | BinaryIO, name: str = "") -> dict[str, str]:
    """Code → description, from the first column that holds codes and the first beside it that holds words.

    Empty columns, banners and a header are no matter. Raises :class:`Unreadable` where no two columns are found.
    """
    file = open_file(source, name)
    for table in filter(None, map(find_table, file.sheets)):
        _, rows = table.sample(_LARGEST)
        told = [k for k in range(len(table.names)) if sum(bool(row[k].strip()) for row in rows) * 2 > len(rows)]
        if len(told) < 2:
            continue
        code, said = told[0], max(told[1:4], key=lambda k: sum(len(row[k]) for row in rows))
        return {tidy(row[code]): tidy(row[said]) for row in rows if row[code].strip() and row[said].strip()}
    raise Unreadable(f"{file.name} is no codebook: it needs a column of codes and one of what they mean.")


def looks_like_codebook(names: tuple[str, ...]) -> bool:
    """Whether a header is one of a codebook rather than of calls."""
    folded = [folded_name(name) for name in names]
    return len([name for name in folded if name and not name.startswith("column ")]) == 2 and any(
        word in name for name in folded for word in ("desc", "meaning", "text")
    )
