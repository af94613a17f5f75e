"""The workbook of a document: a cover, one sheet for each measure with real numbers and dates, the definitions.

No text in it is a formula; the same document gives the same bytes.
"""

import re
from collections.abc import Sequence

from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet as Sheet

from dashboard import words
from dashboard.document import Document
from dashboard.export import workbook
from dashboard.export.tables import Blank, Column, columns, source_line
from dashboard.leaf import Leaf
from dashboard.measures import MEASURES
from dashboard.model import Audience, Measure, Result
from db.vocab import Lang, text

NAVY, QUIET = "1F4E79", "8A8F94"
TITLE = 31
"""Letters that Excel allows in a sheet's name."""
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
ABREAST = 6
"""Columns that a line of text spans at least."""
FOOT = 200
"""Letters of a stamp at the foot of a printed page: Excel takes 255 with all that stands there."""
DAY, MONTH = "d mmm yyyy", "mmm yyyy"
DEFINED = ("question", "definition", "counts", "leaves_out", "unit", "source")


def write(document: Document, lang: Lang) -> bytes:
    """The workbook in one language: cover, one sheet a measure in the order of the slides, definitions."""
    results = _in_order(document, lang)
    names = _sheet_names(results, lang)
    made = workbook.book()
    made.properties.title = f"{document.title} · {document.stamp(lang)}"
    made.properties.language = lang
    _cover(made.create_sheet(text("book.cover", lang)), document, results, names, lang)
    said = {leaf.result.key: leaf for leaf in document.decks.get(lang, ()) if leaf.result and leaf.computed}
    for result in results:
        page = _measure(made, names[result.key], document, result, lang, said.get(result.key))
        _print(page, document, lang)
    _definitions(made, document, results, names, lang)
    return workbook.packed(made)


def _in_order(document: Document, lang: Lang) -> list[Result]:
    """Those of the slides first, as they are shown, then the others."""
    found = document.results.get(lang) or next(iter(document.results.values()), {})
    shown = [leaf.result.key for leaf in document.decks.get(lang, ()) if leaf.result is not None]
    return [found[key] for key in dict.fromkeys([*shown, *found]) if key in found]


def _sheet_names(results: Sequence[Result], lang: Lang) -> dict[str, str]:
    """A name for each sheet that Excel takes and that no other has."""
    taken = {text("book.cover", lang).lower(), text("book.definitions", lang).lower()}
    names: dict[str, str] = {}
    for result in results:
        whole = FORBIDDEN.sub(" ", text(f"measure.{result.key}.title", lang)).strip()
        name, again = whole[:TITLE].strip(), 2
        while name.lower() in taken:
            ending = f" {again}"
            name, again = whole[: TITLE - len(ending)].strip() + ending, again + 1
        taken.add(name.lower())
        names[result.key] = name
    return names


# --- the cover -------------------------------------------------------------------------------------------


def _cover(page: Sheet, document: Document, results: Sequence[Result], names: dict[str, str], lang: Lang) -> None:
    page.append([workbook.safe(document.title)])
    page.cell(1, 1).font = Font(bold=True, size=18, color=NAVY)
    for label, said in _facts(document, results, lang):
        page.append([label, workbook.safe(said)])
        page.cell(page.max_row, 1).font = Font(bold=True)
        for cell in page[page.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    head = page.max_row + 2
    for column, word in enumerate(("contents", "answer"), 1):
        page.cell(head, column, text(f"book.{word}", lang))
    for cell in page[head]:
        cell.font = Font(bold=True, color=NAVY)
    for row, result in enumerate(results, head + 1):
        page.cell(row, 1, names[result.key])
        _link(page, row, names[result.key])
        page.cell(row, 2, workbook.safe(result.sentence)).alignment = Alignment(wrap_text=True, vertical="top")
    page.cell(page.max_row + 1, 1, text("book.definitions", lang))
    _link(page, page.max_row, text("book.definitions", lang))
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 34, 100
    page.sheet_view.showGridLines = False
    _print(page, document, lang)


def _facts(document: Document, results: Sequence[Result], lang: Lang) -> list[tuple[str, str]]:
    """What the cover says of the whole file: label and words."""
    public = document.audience is Audience.public
    notes = [text("demo.banner", lang)] if document.is_demo else []
    if lang == "es" and public and not document.spanish_reviewed:
        notes.append(text("book.unreviewed", lang))
    if not results:
        notes.append(text("book.no_results", lang))
    return [
        (document.place, ". ".join(notes)),
        (text("book.state", lang), document.stamp(lang)),
        (text("book.as_of", lang), words.day(document.as_of, lang)),
        (text("book.made", lang), words.day(document.made_at.date(), lang)),
        (text("book.hidden", lang), text("book.hidden_public" if public else "book.hidden_internal", lang)),
    ]


def _link(page: Sheet, row: int, sheet: str, column: int = 1) -> None:
    cell = page.cell(row, column)
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1")
    cell.font = Font(color=NAVY, underline="single")
    cell.alignment = Alignment(wrap_text=True, vertical="top")


# --- one measure -----------------------------------------------------------------------------------------


def _measure(
    made: "workbook.Workbook", name: str, document: Document, result: Result, lang: Lang, said: Leaf | None
) -> Sheet:
    measure, table = MEASURES[result.key], columns(result, MEASURES[result.key])
    above = (
        text(f"measure.{result.key}.question", lang),
        result.sentence,
        _headline(result, lang),
        document.stamp(lang),
    )
    rows = [_row(cells, lang) for cells in zip(*(column.cells for column in table), strict=True)]
    page = workbook.sheet(made, name, above, [column.label for column in table], rows)
    top = len(above) + 1
    for number, column in enumerate(table, 1):
        for row in range(top + 1, top + 1 + len(rows)):
            _form(page, row, number, column)
    wide = max(len(table), ABREAST)
    for row in range(1, top):
        _spread(page, row, wide)
    page.cell(1, 1).font = Font(bold=True, size=14, color=NAVY)
    page.cell(3, 1).font = Font(bold=True)
    page.cell(4, 1).font = Font(size=9, color=QUIET)
    below = top + len(rows) + 2
    for row, line in enumerate(_below(result, measure, rows, said, lang), below):
        page.cell(row, 1, workbook.safe(line))
        _spread(page, row, wide)
        page.cell(row, 1).font = Font(size=9, color=QUIET)
    page.cell(page.max_row + 2, 1, text("book.back", lang))
    _link(page, page.max_row, text("book.cover", lang))
    page.print_title_rows = f"{top}:{top}"
    return page


def _headline(result: Result, lang: Lang) -> str:
    """The figure, against what, its interval and what it rests on, in one line."""
    estimate = result.estimate
    parts = [result.display, result.context]
    if estimate.low is not None and estimate.high is not None:
        digits = 0 if max(abs(estimate.low), abs(estimate.high)) >= 10 else 2
        low, high = (words.number(limit, lang, digits) for limit in (estimate.low, estimate.high))
        parts.append(text("book.interval", lang, low=low, high=high))
    if estimate.n is not None:
        parts.append(text("book.n", lang, n=words.number(estimate.n, lang)))
    if result.provisional:
        parts.append(text("book.provisional", lang))
    return " · ".join(filter(None, parts))


def _row(cells: Sequence[object], lang: Lang) -> list[workbook.Value]:
    return [_plain(cell, lang) for cell in cells]


def _plain(cell: object, lang: Lang) -> workbook.Value:
    if isinstance(cell, Blank):
        return text("measures.hidden", lang) if cell is Blank.hidden else None
    return cell  # type: ignore[return-value]


def _form(page: Sheet, row: int, number: int, column: Column) -> None:
    """How the number or day of a cell is shown; what it is does not change."""
    cell, there = page.cell(row, number), [v for v in column.cells if not isinstance(v, Blank)]
    if isinstance(cell.value, str):
        if column.kind != "text":
            cell.alignment = Alignment(horizontal="right")
            cell.font = Font(italic=True, color=QUIET)
        return
    if column.kind == "date":
        cell.number_format = MONTH if column.name == "month" else DAY
        cell.alignment = Alignment(horizontal="left")
    elif column.kind == "percent":
        cell.number_format = "0.0 %"
    else:
        whole = all(isinstance(value, int) for value in there)
        small = not whole and all(abs(value) < 10 for value in there if isinstance(value, int | float))
        digits = "" if whole else ".00" if small or column.kind == "money" else ".0"
        cell.number_format = ("$" if column.kind == "money" else "") + "#,##0" + digits


def _below(result: Result, measure: Measure, rows: Sequence[object], said: Leaf | None, lang: Lang) -> list[str]:
    lines = [] if rows else [text("book.empty", lang)]
    if said is not None:
        lines.append(f"{text('book.own_words', lang)}: {said.sentence}")
    lines += result.caveats
    lines.append(f"{text('book.definition', lang)}: {text(f'measure.{measure.key}.definition', lang)}")
    return [*lines, source_line(result, measure)]


def _spread(page: Sheet, row: int, wide: int) -> None:
    """A line of text across the table, as high as it needs."""
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=wide)
    cell = page.cell(row, 1)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    widths = [page.column_dimensions[get_column_letter(k)].width for k in range(1, wide + 1)]
    lines = -(-len(str(cell.value or "")) // max(1, int(sum(widths))))
    page.row_dimensions[row].height = 16 * max(1, lines) + (6 if row == 1 else 0)


# --- definitions and paper -------------------------------------------------------------------------------


def _definitions(
    made: "workbook.Workbook", document: Document, results: Sequence[Result], names: dict[str, str], lang: Lang
) -> None:
    head = [text(f"book.{word}", lang) for word in ("measure", *DEFINED, "people", "key")]
    rows = []
    for result in results:
        measure = MEASURES[result.key]
        told = [text(f"measure.{measure.key}.{word}", lang) for word in DEFINED]
        people = text("book.yes" if measure.about_people else "book.no", lang)
        rows.append([text(f"measure.{measure.key}.title", lang), *told, people, measure.key])
    page = workbook.sheet(made, text("book.definitions", lang), (document.stamp(lang),), head, rows)
    for row, result in enumerate(results, 3):
        _link(page, row, names[result.key])
    page.freeze_panes = "B3"
    for letter in "BCDEG":
        page.column_dimensions[letter].width = 44
    _print(page, document, lang)


def _print(page: Sheet, document: Document, lang: Lang) -> None:
    """On paper: landscape, one page wide, the stamp and the number at the foot of each."""
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", "1"  # US Letter
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    stamp = f"{document.stamp(lang)} · {document.title}"[:FOOT].replace("&", "&&")
    number = f"{text('book.page', lang)} &P / &N"
    page.HeaderFooter.oddFooter = HeaderFooterItem(_HeaderFooterPart(stamp), None, _HeaderFooterPart(number))
