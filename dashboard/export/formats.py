"""Every kind of file that a document can become. A format is one row here: shell, routes and pages read this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dashboard.document import Document
from dashboard.export import book, html, machine, opendata, png, portable, slides_pdf, slides_pptx, workbook
from db.errors import NotFound
from db.vocab import Lang

Write = Callable[[Document, Lang], bytes]


def _nothing_missing() -> str:
    return ""


def _fits_all(document: Document) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. ``write(document, lang)`` → its bytes; raises Setup where the machine lacks something."""

    key: str
    label: str
    ending: str
    media_type: str
    write: Write
    languages: bool = False
    """Whether it is made in one language (PDF, PPTX) or holds both."""
    missing: Callable[[], str] = _nothing_missing
    """What this machine lacks for it, as a sentence with the way out; empty where nothing."""
    refuses: Callable[[Document], str] = _fits_all
    """Why there is none of a document, as a sentence; empty where there is."""


PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
FORMATS: Mapping[str, Format] = {
    each.key: each
    for each in (
        Format("html", "Slides that run offline (HTML)", "html", "text/html", html.write),
        Format("pptx", "Slides to edit (PowerPoint)", "pptx", PPTX, slides_pptx.write, True),
        Format("pdf", "Slides on paper (PDF)", "pdf", "application/pdf", slides_pdf.write, True, machine.no_pango),
        Format("xlsx", "Workbook with every table (XLSX)", "xlsx", workbook.MIME, book.write, languages=True),
        Format("zip", "Tables and data dictionary (CSV in a ZIP)", "zip", "application/zip", opendata.write),
        Format(
            "json",
            "For another city (JSON)",
            "json",
            "application/json",
            portable.write,
            refuses=portable.refuses,
        ),
        Format(
            "png", "Pictures of the charts (PNG)", "charts.zip", "application/zip", png.write, True, machine.no_browser
        ),
    )
}


def of(key: str) -> Format:
    """The format of that key. Raises NotFound, with the keys there are."""
    try:
        return FORMATS[key]
    except KeyError:
        raise NotFound(f"There is no format “{key}”. There are {', '.join(FORMATS)}.") from None
