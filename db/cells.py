"""Cells of a CSV or Excel file that leaves here: no text in one may run as a formula in a spreadsheet."""

_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula; the full-width ones too, which some spreadsheets take for the plain ones."""
_BREAKS = ("\t", "\r", "\n")
"""After one of these at its start, a spreadsheet may read the rest of a cell as a cell of its own."""


def harmless(value: object) -> object:
    """A text that a spreadsheet might take for a formula gets an apostrophe before it; all else stays as it is."""
    return f"'{value}" if isinstance(value, str) and _could_run(value) else value


def bare(cell: str) -> str:
    """The text that :func:`harmless` was given, for a file that comes in again."""
    return cell[1:] if cell.startswith("'") and _could_run(cell[1:]) else cell


def _could_run(text: str) -> bool:
    return text.startswith(_BREAKS) or text.lstrip().startswith(_SIGNS)
