"""The deck on paper, read back: every slide's words, the figures behind them, tags, bookmarks, the stamp."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from dashboard.document import Document
from dashboard.export import machine, slides, slides_pdf
from db.errors import Setup
from db.vocab import text

pytestmark = pytest.mark.skipif(bool(machine.no_pango()), reason="no pango on this machine")


@pytest.fixture(scope="module")
def opened(demo_document: Document) -> PdfReader:
    return PdfReader(io.BytesIO(slides_pdf.write(demo_document, "en")))


@pytest.fixture(scope="module")
def pages(opened: PdfReader) -> list[str]:
    return [plain(page.extract_text()) for page in opened.pages]


def plain(words: str) -> str:
    """Without spaces: where lines break is not what is said."""
    return re.sub(r"\s+", "", words)


def tags(node: Any) -> Iterator[Any]:
    """Every element of the structure tree."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for each in node:
            yield from tags(each)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from tags(node["/K"])


def test_a_page_a_slide_with_its_words_its_place_and_the_stamp(pages: list[str], demo_document: Document) -> None:
    leaves = demo_document.decks["en"]
    for number, (leaf, told) in enumerate(zip(leaves, pages, strict=False), 1):
        for words in (leaf.title, leaf.sentence, leaf.source, slides.foot(demo_document, "en")):
            assert plain(words) in told, leaf.key
        assert plain(slides.counter(number, leaves)) in told
    assert len(pages) > len(leaves)


def test_every_page_carries_the_stamp_and_the_last_ones_their_number(pages: list[str], demo_document: Document) -> None:
    stamp = plain(demo_document.stamp("en"))
    assert all(stamp in told for told in pages)
    for number in range(len(demo_document.decks["en"]) + 1, len(pages) + 1):
        assert str(number) in pages[number - 1]


def test_charts_say_on_paper_what_the_figures_say(pages: list[str], demo_document: Document) -> None:
    for leaf, told in zip(demo_document.decks["en"], pages, strict=False):
        if not slides.drawn(leaf):
            continue
        figure: Any = leaf.figure
        said = {line for note in figure.layout.annotations for line in re.split(r"<[^>]*>", note.text) if line}
        missing = {line for line in said if plain(line.replace("&amp;", "&")) not in told}
        assert not missing, leaf.key


def test_the_figures_behind_a_slide_are_all_there(pages: list[str], demo_document: Document) -> None:
    leaves = demo_document.decks["en"]
    behind = "".join(pages[len(leaves) :]).replace(plain(slides.foot(demo_document, "en")), "")
    for leaf in leaves:
        for row in slides.told(leaf)[1:]:
            cells = [plain(cell) for cell in row]
            assert "".join(cells) in behind or all(cell in behind for cell in cells), (leaf.key, row)


def test_a_hidden_figure_reads_hidden(pages: list[str], demo_document: Document) -> None:
    leaves = demo_document.decks["en"]
    behind = "".join(pages[len(leaves) :])
    rows = [row for leaf in leaves for row in slides.told(leaf)[1:] if "hidden" in row]
    assert len(rows) > 3
    assert behind.count("hidden") >= sum(row.count("hidden") for row in rows if len(row) > 1) * 0.9


def test_definitions_stand_at_the_end(pages: list[str], demo_document: Document) -> None:
    end = "".join(pages[-6:])
    for key in {leaf.result.key for leaf in demo_document.decks["en"] if leaf.result}:
        assert plain(text(f"measure.{key}.title")) in end


def test_it_is_tagged_in_its_language_and_pictures_are_told(opened: PdfReader, demo_document: Document) -> None:
    root: Any = opened.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == "en"
    assert bool(root["/ViewerPreferences"]["/DisplayDocTitle"])
    found = list(tags(root["/StructTreeRoot"]))
    alts = [str(tag["/Alt"]) for tag in found if tag["/S"] == "/Figure"]
    shown = [leaf for leaf in demo_document.decks["en"] if leaf.figure is not None]
    assert alts == [slides.alt(leaf) for leaf in shown]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= {str(tag["/S"]) for tag in found}


def test_every_slide_has_a_bookmark(opened: PdfReader, demo_document: Document) -> None:
    first: list[Any] = [mark for mark in opened.outline if not isinstance(mark, list)]
    titles = [leaf.title for leaf in demo_document.decks["en"]]
    assert [mark.title for mark in first] == [*titles, text("file.tables"), text("file.definitions")]
    places = [opened.get_destination_page_number(mark) for mark in first]
    assert places[: len(titles)] == list(range(len(titles)))


def test_the_file_says_what_it_is(opened: PdfReader, demo_document: Document) -> None:
    about = opened.metadata
    assert about is not None
    assert about.title == f"Council meeting · {demo_document.stamp('en')}"
    assert (about.author, about.subject) == ("Harbor", slides.foot(demo_document, "en"))


def test_an_empty_pilot_still_has_an_honest_deck_in_spanish(small_document: Document) -> None:
    read = PdfReader(io.BytesIO(slides_pdf.write(small_document, "es")))
    root: Any = read.trailer["/Root"]
    assert root["/Lang"] == "es"
    told = [plain(page.extract_text()) for page in read.pages]
    for leaf, words in zip(small_document.decks["es"], told, strict=False):
        assert plain(leaf.sentence) in words
        assert plain(text("file.unreviewed", "es")) in words


def test_nothing_is_asked_from_anywhere(demo_document: Document) -> None:
    page = slides_pdf.html(demo_document, "en").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\((?!data:|#)", page)


def test_without_pango_it_says_what_to_install(demo_document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_library", lambda name: None)
    with pytest.raises(Setup, match=r"libpango-1\.0-0"):
        slides_pdf.write(demo_document, "en")
