"""python-pptx's empty presentation made ours: 16:9, two layouts, theme of our typeface and colours, foot, language."""

from copy import deepcopy
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml.ns import qn
from pptx.util import Inches

from dashboard.charts.theme import LIGHT

WIDE, HIGH = Inches(13.333), Inches(7.5)
LEFT, WIDTH = Inches(0.67), Inches(12.0)
KEPT = {"Title Slide": "Opening", "Section Header": "Claim"}
"""The layouts that stay, and their names here."""
NAVY, TEAL, QUIET = LIGHT.observed.lstrip("#"), LIGHT.pilot_text.lstrip("#"), LIGHT.quiet.lstrip("#")
COLORS = {
    "dk1": LIGHT.text, "lt1": "#FFFFFF", "dk2": LIGHT.observed, "lt2": "#F4F3EF", "hlink": LIGHT.observed,
    "folHlink": LIGHT.quiet, **{f"accent{k}": color for k, color in enumerate(LIGHT.categorical, 1)},
}  # fmt: skip
TYPEFACE, LIKE = "Public Sans", "020B0604020202020204"
"""LIKE: what a program puts in its place where it is not installed, a plain sans serif."""


def dress(file: Any) -> None:
    """The look of every slide to come."""
    file.slide_width, file.slide_height = WIDE, HIGH
    _layouts(file)
    _theme(file.slide_master)
    for shape in list(file.slide_master.placeholders):
        _within(shape)
    opening, claim = file.slide_layouts
    for layout, title, body in (
        (
            opening,
            (Inches(1.0), Inches(2.2), Inches(11.3), Inches(0.6)),
            (Inches(1.0), Inches(2.85), Inches(11.3), Inches(1.4)),
        ),
        (claim, (LEFT, Inches(0.33), WIDTH, Inches(0.38)), (LEFT, Inches(0.74), WIDTH, Inches(0.9))),
    ):
        for place, box in ((0, title), (1, body)):
            _put(next(p for p in layout.placeholders if p.placeholder_format.idx == place), box)
    _text(opening.placeholders[0], 22, "D5E7E5", True)
    _text(opening.placeholders[1], 54, "FFFFFF", True)
    _text(claim.placeholders[0], 17, TEAL, True)
    _text(claim.placeholders[1], 27, NAVY, True)
    opening.background.fill.solid()
    opening.background.fill.fore_color.rgb = RGBColor.from_string(NAVY)
    for layout, color in ((opening, LIGHT.pilot.lstrip("#")), (claim, NAVY)):
        _stripe(layout, color)
        for shape in layout.placeholders:
            if shape.placeholder_format.idx in (11, 12):
                ink = "FFFFFF" if layout is opening else QUIET
                _foot(shape, shape.placeholder_format.idx == 12, ink)


def _layouts(file: Any) -> None:
    """All but two are dropped: nobody picks a layout that is not ours."""
    for layout in list(file.slide_layouts):
        if layout.name not in KEPT:
            file.slide_layouts.remove(layout)
    for layout in file.slide_layouts:
        layout._element.cSld.set("name", KEPT[layout.name])
        for shape in list(layout.placeholders):
            if shape.placeholder_format.idx == 10:  # the date stands in the stamp
                shape._element.getparent().remove(shape._element)


def _theme(master: Any) -> None:
    part = master.part.part_related_by(RT.THEME)
    root = etree.fromstring(part.blob)
    for name, color in COLORS.items():
        slot = root.find(f".//{qn('a:clrScheme')}/{qn(f'a:{name}')}")
        for child in list(slot):
            slot.remove(child)
        etree.SubElement(slot, qn("a:srgbClr")).set("val", color.lstrip("#"))
    for kind in ("a:majorFont", "a:minorFont"):
        latin = root.find(f".//{qn(kind)}/{qn('a:latin')}")
        latin.set("typeface", TYPEFACE)
        latin.set("panose", LIKE)
        latin.set("pitchFamily", "34")
    root.set("name", "Tandem")
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _within(shape: Any) -> None:
    """The default's places are those of a 4:3 page."""
    if shape.left + shape.width > Inches(10):
        shape.left = Inches(10) - shape.width
    scale = WIDE / Inches(10)
    shape.left, shape.width = int(shape.left * scale), int(shape.width * scale)


def _put(shape: Any, box: tuple[int, int, int, int]) -> None:
    shape.left, shape.top, shape.width, shape.height = box


def _text(shape: Any, size: float, color: str, bold: bool) -> None:
    """How a placeholder's words look, for every slide that uses the layout."""
    frame = shape.text_frame
    frame.vertical_anchor, frame.word_wrap = MSO_ANCHOR.TOP, True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    body = frame._txBody
    styles = body.find(qn("a:lstStyle"))
    for child in list(styles):
        styles.remove(child)
    level = etree.SubElement(styles, qn("a:lvl1pPr"), marL="0", indent="0", algn="l")
    etree.SubElement(etree.SubElement(level, qn("a:spcBef")), qn("a:spcPts")).set("val", "0")
    etree.SubElement(level, qn("a:buNone"))
    run = etree.SubElement(level, qn("a:defRPr"), sz=str(int(size * 100)), b="1" if bold else "0", cap="none")
    etree.SubElement(etree.SubElement(run, qn("a:solidFill")), qn("a:srgbClr")).set("val", color)


def _stripe(layout: Any, color: str) -> None:
    """A band at the left edge: decoration, so it has no alternative text."""
    tree = layout.shapes._spTree
    tree.append(
        etree.fromstring(
            f'<p:sp xmlns:p="{P}" xmlns:a="{A}"><p:nvSpPr><p:cNvPr id="90" name="Band" descr=""/><p:cNvSpPr/>'
            '<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/>'
            f'<a:ext cx="{Inches(0.12)}" cy="{HIGH}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
            f'<a:solidFill><a:srgbClr val="{color}"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr>'
            "<p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:endParaRPr/></a:p></p:txBody></p:sp>"
        )
    )


P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _foot(shape: Any, number: bool, ink: str) -> None:
    box = (
        (Inches(11.67), Inches(7.02), Inches(1.0), Inches(0.3))
        if number
        else (LEFT, Inches(7.02), Inches(10.8), Inches(0.3))
    )
    _put(shape, box)
    _text(shape, 12 if number else 10.5, ink, True)
    if number:
        shape.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT


def footer(slide: Any, words: str, counter: str, opening: bool) -> None:
    """The layout's own footer and slide number on ``slide``: the stamp, and "3 / 12" whose first part counts itself."""
    for shape in slide.slide_layout.placeholders:
        place = shape.placeholder_format.idx
        if place not in (11, 12):
            continue
        mine = deepcopy(shape._element)
        mine.nvSpPr.cNvPr.set("id", str(max(s.shape_id for s in slide.shapes) + 1))
        for style in mine.txBody.find(qn("a:lstStyle")):
            mine.txBody.find(qn("a:lstStyle")).remove(style)
        for paragraph in mine.txBody.findall(qn("a:p")):
            mine.txBody.remove(paragraph)
        paragraph = etree.SubElement(mine.txBody, qn("a:p"))
        slide.shapes._spTree.append(mine)
        if place == 11:
            etree.SubElement(etree.SubElement(paragraph, qn("a:r")), qn("a:t")).text = words
            continue
        etree.SubElement(paragraph, qn("a:pPr")).set("algn", "r")
        now, of = counter.split(" ", 1)
        field = etree.SubElement(paragraph, qn("a:fld"), id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", type="slidenum")
        etree.SubElement(field, qn("a:rPr"))
        etree.SubElement(field, qn("a:t")).text = now
        etree.SubElement(etree.SubElement(paragraph, qn("a:r")), qn("a:t")).text = f" {of}"


def describe(frame: Any, alt: str, name: str) -> None:
    """Alternative text and name of a table's or chart's frame."""
    about = frame._element.nvGraphicFramePr.cNvPr
    about.set("descr", alt)
    about.set("name", name)


def speak(file: Any, language: str) -> None:
    """Every word of the file is in ``language``: readers pronounce it so, programs check its spelling so."""
    for slide in file.slides:
        pages = [slide._element, slide.notes_slide._element]
        pages += [shape.chart._chartSpace for shape in slide.shapes if shape.has_chart]
        for page in pages:
            for run in page.iter(qn("a:r"), qn("a:fld")):
                look = run.find(qn("a:rPr"))
                if look is None:
                    look = etree.Element(qn("a:rPr"))
                    run.insert(0, look)
                look.set("lang", language)
            for look in page.iter(qn("a:defRPr"), qn("a:endParaRPr")):
                look.set("lang", language)
