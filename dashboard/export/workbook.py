"""Excel workbooks: text stays text, amounts are exact numbers, nothing runs as a formula, same content same bytes."""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet as Sheet

from db.cells import harmless

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Value = str | int | float | Decimal | date | bool | None
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel knows no zones, and this one says nothing
_CHANGED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
SMALL = Font(size=8, color="8A8F94")
_HEAD = PatternFill("solid", fgColor="1F4E79")
_NARROW, _WIDE = 12, 60
"""Characters: how narrow and how wide a column gets."""


def book() -> Workbook:
    """An empty workbook without sheets."""
    made = Workbook()
    made.remove(made.worksheets[0])
    made.properties.creator = "Tandem"
    made.properties.created = _MADE
    return made


def sheet(
    made: Workbook, title: str, above: Sequence[str], head: Sequence[str], rows: Iterable[Sequence[Value]]
) -> Sheet:
    """A sheet: lines ``above``, the header, the rows. The header stays in sight."""
    page = made.create_sheet(title[:31])
    for line in above:
        page.append([safe(line)])
    if above:
        page.cell(1, 1).font = Font(bold=True, color="B7791F" if "DRAFT" in above[0] else "1F4E79")
    page.append([safe(word) for word in head])
    top = page.max_row
    for cell in page[top]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for values in rows:
        page.append([safe(value) for value in values])
        for cell, value in zip(page[page.max_row], values, strict=True):
            _dress(cell, value)
    page.freeze_panes = page.cell(top + 1, 1)
    for number in range(1, page.max_column + 1):
        page.column_dimensions[get_column_letter(number)].width = _width(page, number, top)
    return page


def packed(made: Workbook) -> bytes:
    """The file. The same content gives the same bytes: no moment of writing stands in it."""
    raw, steady = io.BytesIO(), io.BytesIO()
    made.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "docProps/core.xml":
                content = _CHANGED.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(item.filename, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return steady.getvalue()


def safe(value: Value) -> Value:
    """What a cell may hold: no text that runs as a formula, no character that Excel cannot read."""
    if not isinstance(value, str):
        return value
    return str(harmless(ILLEGAL_CHARACTERS_RE.sub("", value)))


def _dress(cell: Cell, value: Value) -> None:
    cell.alignment = Alignment(wrap_text=isinstance(value, str), vertical="top")
    if isinstance(value, Decimal):
        cell.number_format = "0.00"
    elif isinstance(value, date):
        cell.number_format = "mm/dd/yyyy"
    elif isinstance(value, str):
        cell.number_format = "@"


def _width(page: Sheet, number: int, top: int) -> float:
    longest = max((len(str(page.cell(row, number).value or "")) for row in range(top, page.max_row + 1)), default=0)
    return min(max(longest + 2, _NARROW), _WIDE)
