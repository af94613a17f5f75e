"""The deck as an editable presentation: native charts with their workbooks, notes, alternative text, 16:9, our look."""

import io
from collections.abc import Sequence
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from dashboard.charts.theme import LIGHT
from dashboard.document import Document
from dashboard.export import native, office_chart, office_look, slides
from dashboard.leaf import Leaf
from dashboard.measures import MEASURES
from db.vocab import Lang, text

SPOKEN = {"en": "en-US", "es": "es-US"}
NAVY, TEAL, INK, QUIET, AMBER, PAPER, WHITE = (
    RGBColor.from_string(color.lstrip("#"))
    for color in (LIGHT.observed, LIGHT.pilot_text, LIGHT.text, LIGHT.quiet, LIGHT.attention_text, "#FAF9F6", "#FFFFFF")
)
LEFT, WIDTH = office_look.LEFT, office_look.WIDTH
FLOOR = Inches(6.62)
"""Where the picture ends and the foot begins."""
Box = tuple[int, int, int, int]


def write(document: Document, lang: Lang) -> bytes:
    """The deck of ``document`` in ``lang``. Needs nothing from the system."""
    file: Any = Presentation()
    office_look.dress(file)
    leaves, foot = document.decks[lang], slides.foot(document, lang)
    for number, leaf in enumerate(leaves, 1):
        _slide(file, leaf, slides.counter(number, leaves), foot)
    _properties(file, document, lang)
    office_look.speak(file, SPOKEN[lang])
    written = io.BytesIO()
    file.save(written)
    return written.getvalue()


def _properties(file: Any, document: Document, lang: Lang) -> None:
    about = file.core_properties
    about.title, about.subject, about.author = document.title, document.stamp(lang), document.place
    about.language, about.last_modified_by, about.keywords = SPOKEN[lang], "Tandem", document.number
    about.created = about.modified = document.made_at.replace(tzinfo=None)
    about.comments = slides.foot(document, lang)


def _slide(file: Any, leaf: Leaf, counter: str, foot: str) -> None:
    opening = leaf.key == slides.TITLE
    slide = file.slides.add_slide(file.slide_layouts[0 if opening else 1])
    slide.shapes.title.text_frame.text = leaf.title
    slide.placeholders[1].text_frame.text = leaf.sentence
    top = _words(slide, leaf, opening)
    if not opening:
        _body(slide, leaf, (LEFT, top, WIDTH, FLOOR - top))
    ink = WHITE if opening else QUIET
    _text(slide, leaf.source, (LEFT, Inches(6.72), WIDTH, Inches(0.3)), 10, ink, name="Source")
    office_look.footer(slide, foot, counter, opening)
    slide.notes_slide.notes_text_frame.text = slides.spoken(leaf)


def _words(slide: Any, leaf: Leaf, opening: bool) -> int:
    """The claim at its height, and what stands under it. Returns where the picture may begin."""
    if opening:
        _text(slide, leaf.more, (LEFT, Inches(4.4), WIDTH, Inches(0.5)), 18, WHITE, name="More")
        return FLOOR
    claim = slide.placeholders[1]
    high = Inches(0.44) * _rows(leaf.sentence, 60) + Inches(0.06)
    claim.left, claim.top, claim.width, claim.height = LEFT, Inches(0.74), WIDTH, Emu(high)
    top = Inches(0.74) + high
    for words, ink, name in ((slides.own_words(leaf), AMBER, "Own words"), (leaf.more, INK, "More")):
        if words:
            high = Inches(0.26) * _rows(words, 135) + Inches(0.06)
            _text(slide, words, (LEFT, top, WIDTH, high), 14, ink, name=name)
            top += high
    return Emu(top + Inches(0.12))


def _rows(words: str, letters: int) -> int:
    return -(-len(words) // letters)


def _text(
    slide: Any, words: str, box: Sequence[int], size: float, ink: RGBColor, *, name: str, bold: bool = False
) -> Any:
    """A text box; nothing where there are no words."""
    if not words:
        return None
    shape = slide.shapes.add_textbox(*box)
    shape.name = name
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    _say(frame.paragraphs[0], words, size, ink, bold)
    return shape


def _say(paragraph: Any, words: str, size: float, ink: RGBColor, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = words
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, ink


# --- the picture -----------------------------------------------------------------------------------------


def _body(slide: Any, leaf: Leaf, box: Box) -> None:
    if leaf.withheld:
        _notice(slide, text("file.withheld", leaf.lang), box)
    elif leaf.cards:
        _cards(slide, leaf, box)
    elif leaf.rows:
        _rows_table(slide, leaf, box)
    elif leaf.result is not None:
        _picture(slide, leaf, box)


def _picture(slide: Any, leaf: Leaf, box: Box) -> None:
    """A native chart; else the hours of a week as shaded cells, or the table."""
    result = leaf.result
    if result is None or not slides.drawn(leaf):
        _notice(slide, text("chart.nothing", leaf.lang), box)
        return
    hidden, alt = slides.hidden_rows(leaf), slides.alt(leaf)
    if hidden:
        left, top, width, height = box
        high = Inches(0.2) * _rows(hidden, 150)
        height -= high + Inches(0.06)
        _text(slide, hidden, (left, top + height, width, high), 11, QUIET, name="Hidden")
        box = (left, top, width, height)
    made = native.native(result, MEASURES[result.key])
    if made is not None:
        office_chart.add(slide.shapes, made, box, alt, f"Chart: {leaf.title}")
    elif MEASURES[result.key].chart == "heat":
        _heat(slide, leaf, box)
    else:
        _table(slide, slides.told(leaf), box, alt)


def _notice(slide: Any, words: str, box: Box) -> None:
    left, top, width, _ = box
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, left, top + Inches(0.8), width, Inches(1.8))
    shape.name = "Notice"
    shape.fill.solid()
    shape.fill.fore_color.rgb = PAPER
    shape.line.color.rgb = AMBER
    shape.shadow.inherit = False
    shape.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    shape.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
    _say(shape.text_frame.paragraphs[0], words, 22, AMBER, bold=True)


def _cards(slide: Any, leaf: Leaf, box: Box) -> None:
    """Three abreast at most, as large as there is room."""
    left, top, width, height = box
    abreast = min(3, len(leaf.cards))
    gap, shelves = Inches(0.25), -(-len(leaf.cards) // abreast)
    wide = (width - gap * (abreast - 1)) // abreast
    high = min((height - gap * (shelves - 1)) // shelves, Inches(2.3))
    for k, card in enumerate(leaf.cards):
        x, y = left + (wide + gap) * (k % abreast), top + (high + gap) * (k // abreast)
        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, x, y, wide, high)
        shape.name = f"Card: {card.label}"
        shape.fill.solid()
        shape.fill.fore_color.rgb = PAPER
        shape.line.color.rgb = TEAL
        shape.shadow.inherit = False
        frame = shape.text_frame
        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
        frame.margin_left = frame.margin_right = Inches(0.2)
        parts = ((card.label, 16, INK, True), (card.display, 36, NAVY, True), (card.context, 14, QUIET, False))
        for n, (words, size, ink, bold) in enumerate(parts):
            paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
            paragraph.alignment = PP_ALIGN.LEFT
            _say(paragraph, words, size, ink, bold)


def _rows_table(slide: Any, leaf: Leaf, box: Box) -> None:
    """The mark, then the line's head and body."""
    marked = any(row.mark for row in leaf.rows)
    left, top, width, height = box
    columns = 2 if marked else 1
    size = 16 if len(leaf.rows) <= 6 else 12 if len(leaf.rows) <= 12 else 9
    high = min(height // len(leaf.rows), Inches(0.75))
    frame = slide.shapes.add_table(len(leaf.rows), columns, left, top, width, high * len(leaf.rows))
    office_look.describe(frame, slides.alt(leaf), f"List: {leaf.title}")
    table = frame.table
    table.first_row = table.horz_banding = False
    if marked:
        table.columns[0].width, table.columns[1].width = Inches(1.5), width - Inches(1.5)
    for k, row in enumerate(leaf.rows):
        table.rows[k].height = high
        cells = [table.cell(k, n) for n in range(columns)]
        if marked:
            _fill(cells[0], row.mark, size - 3, TEAL, PAPER, bold=True)
        _fill(cells[-1], row.head, size, INK, WHITE, bold=True)
        if row.body:
            _say(cells[-1].text_frame.add_paragraph(), row.body, size - 2, QUIET)


def _fill(cell: Any, words: str, size: float, ink: RGBColor, ground: RGBColor, *, bold: bool = False) -> None:
    cell.fill.solid()
    cell.fill.fore_color.rgb = ground
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.margin_top = cell.margin_bottom = Inches(0.02)
    _say(cell.text_frame.paragraphs[0], words, size, ink, bold)


def _table(slide: Any, told: list[list[str]], box: Box, alt: str) -> None:
    """Heads and rows, as many as fit; the workbook has the rest."""
    left, top, width, height = box
    rows = told[: max(2, int(height // Inches(0.24)))]
    frame = slide.shapes.add_table(len(rows), len(rows[0]), left, top, width, Inches(0.24) * len(rows))
    office_look.describe(frame, alt, "Table")
    for k, row in enumerate(rows):
        for n, words in enumerate(row):
            ink, ground = (WHITE, NAVY) if k == 0 else (INK, PAPER if k % 2 else WHITE)
            _fill(frame.table.cell(k, n), words, 10, ink, ground, bold=k == 0)


def _heat(slide: Any, leaf: Leaf, box: Box) -> None:
    """Weekday by hour as a table: each cell its count, the darker the more."""
    figure: Any = leaf.figure
    squares = next(trace for trace in figure.data if trace.type == "heatmap")
    days, most = figure.layout.yaxis.ticktext, max(max(row) for row in squares.z) or 1
    left, top, width, height = box
    high = min(height // 8, Inches(0.55))
    frame = slide.shapes.add_table(8, 25, left, top, width, high * 8)
    office_look.describe(frame, slides.alt(leaf), f"Table: {leaf.title}")
    table, first = frame.table, Inches(0.75)
    table.columns[0].width = first
    for n in range(24):
        table.columns[n + 1].width = (width - first) // 24
        _fill(table.cell(0, n + 1), str(n), 10, QUIET, WHITE)
    _fill(table.cell(0, 0), "", 10, QUIET, WHITE)
    for k, (day, row) in enumerate(zip(days, squares.z, strict=True), 1):
        table.rows[k].height = high
        _fill(table.cell(k, 0), day, 12, INK, WHITE, bold=True)
        for n, count in enumerate(row, 1):
            share = float(count) / float(most)
            ground = RGBColor(*(round(255 + (part - 255) * share) for part in NAVY))
            _fill(table.cell(k, n), f"{count:g}", 10, WHITE if share > 0.5 else INK, ground)
    for cell in (table.cell(k, n) for k in range(8) for n in range(25)):
        cell.margin_left = cell.margin_right = Inches(0.03)
        cell.text_frame.paragraphs[0].alignment = PP_ALIGN.CENTER
