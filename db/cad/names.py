"""Names of columns: as they are shown to choose by, and as they are compared."""

import re
from collections.abc import Sequence


def header_names(fields: Sequence[str]) -> tuple[str, ...]:
    """Names to choose columns by: trimmed; an unnamed one is “column 3”, a repeated one “Type (2)”."""
    names: list[str] = []
    taken: set[str] = set()
    for number, field in enumerate(fields, start=1):
        plain = " ".join(field.replace("\ufeff", "").removeprefix("ï»¿").split()).strip('"') or f"column {number}"
        name, again = plain, 1
        while name in taken:
            again += 1
            name = f"{plain} ({again})"
        taken.add(name)
        names.append(name)
    return tuple(names)


def folded_name(name: str) -> str:
    """A header's name for comparison: case, spaces and underscores do not count."""
    return re.sub(r"[\s_]+", " ", name).strip().casefold()
