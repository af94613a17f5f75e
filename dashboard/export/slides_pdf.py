"""The deck on paper: one landscape page a slide, then the figures behind them, definitions and sources.

Tagged and titled as PDF/UA asks, with a bookmark for every slide, alternative text for every picture, and the
stamp on every page. Charts are drawn without a browser.
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from dashboard.charts.svg import svg
from dashboard.charts.theme import SLIDE
from dashboard.document import Document
from dashboard.export import machine, slides
from dashboard.export.html import fonts
from dashboard.leaf import Leaf
from db.errors import Setup
from db.vocab import Lang, text

TEMPLATE = Path(__file__).resolve().parent / "templates" / "slides.html"
VARIANT = "pdf/ua-1"
PIECE = 27
"""Rows of a table that stand below each other; what follows stands beside them."""
ABREAST = {2: 4, 3: 3, 4: 2, 5: 2}
"""Columns of a table → how many pieces of it a page holds side by side."""
PARTS = ("definition", "counts", "leaves_out", "source")


def write(document: Document, lang: Lang) -> bytes:
    """The deck of ``document`` in ``lang`` as PDF. Raises Setup where pango is missing."""
    if missing := machine.no_pango():
        raise Setup(missing)
    from weasyprint import HTML, URLFetcher

    here = URLFetcher(allowed_protocols=("data",))  # nothing is read but what stands in the page itself
    page = HTML(string=html(document, lang), url_fetcher=here)
    return page.write_pdf(pdf_variant=VARIANT, pdf_tags=True) or b""


def html(document: Document, lang: Lang) -> str:
    """The page that becomes the PDF: self-contained, its pictures inside."""
    leaves, foot = document.decks[lang], slides.foot(document, lang)
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        lang=lang,
        title=escape(f"{document.title} · {document.stamp(lang)}"),
        subject=escape(foot),
        author=escape(document.place),
        made=document.made_at.isoformat(),
        fonts=fonts(),
        running=_quoted(foot),
        slides="\n".join(_slide(leaf, k, leaves, foot) for k, leaf in enumerate(leaves, 1)),
        tables="".join(_tables(leaves, lang)),
        definitions="".join(_definitions(leaves, lang)),
    )


def _quoted(words: str) -> str:
    """As a string of a style sheet, inside a page."""
    return '"' + escape(words.replace("\\", "").replace('"', "”"), quote=False) + '"'


# --- slides ----------------------------------------------------------------------------------------------


def _slide(leaf: Leaf, number: int, leaves: tuple[Leaf, ...], foot: str) -> str:
    own = slides.own_words(leaf)
    parts = [
        f"<h1>{escape(leaf.title)}</h1>",
        f'<p class="claim">{escape(leaf.sentence)}</p>',
        f'<p class="own">{escape(own)}</p>' if own else "",
        f'<p class="more">{escape(leaf.more)}</p>' if leaf.more else "",
        f'<div class="body">{_body(leaf)}</div>',
    ]
    behind = slides.drawn(leaf) and slides.told(leaf)
    link = f'<a class="to" href="#t-{leaf.key}">{escape(text("file.table_page", leaf.lang))}</a>' if behind else ""
    place = f'<span class="place">{slides.counter(number, leaves)}</span>'
    parts.append(
        f'<div class="foot"><p class="source">{escape(leaf.source)} {link}</p>'
        f'<p class="stamp">{escape(foot)} {place}</p></div>'
    )
    kind = "slide opening" if leaf.key == slides.TITLE else "slide"
    return f'<section class="{kind}" id="s-{leaf.key}">{"".join(parts)}</section>'


def _body(leaf: Leaf) -> str:
    if leaf.withheld:
        return f'<p class="withheld">{escape(text("file.withheld", leaf.lang))}</p>'
    if leaf.cards:
        return f'<div class="cards">{"".join(map(_card, leaf.cards))}</div>'
    if leaf.rows:
        dense = " dense" if len(leaf.rows) > 6 else ""
        return f'<ul class="rows{dense}">{"".join(map(_row, leaf.rows))}</ul>'
    if leaf.figure is None:
        return ""
    picture = svg(leaf.figure, width=SLIDE.width, alt=slides.alt(leaf))
    return f'<div class="figure" style="height:{_room(leaf)}px">{picture}</div>'


def _room(leaf: Leaf) -> int:
    """Pixels of the page's 720 that are left for the picture below the words."""
    words = ((leaf.sentence, 70, 36), (slides.own_words(leaf), 165, 25), (leaf.more, 145, 29))
    return min(473, 562 - sum(-(-len(said) // letters) * high for said, letters, high in words))


def _card(card: object) -> str:
    label, display, context = (escape(str(getattr(card, name))) for name in ("label", "display", "context"))
    return f'<div class="card"><p>{label}</p><p class="big">{display}</p><p class="context">{context}</p></div>'


def _row(row: object) -> str:
    head, body, mark = (escape(str(getattr(row, name))) for name in ("head", "body", "mark"))
    told = f'<span class="mark">{mark}</span> ' if mark else ""
    return f"<li>{told}<b>{head}</b>{f'<br>{body}' if body else ''}</li>"


# --- what stands behind them -----------------------------------------------------------------------------


def _tables(leaves: Sequence[Leaf], lang: Lang) -> Iterator[str]:
    behind = {leaf.key: leaf for leaf in leaves if slides.told(leaf)}
    if not behind:
        return
    yield f"<h1>{escape(text('file.tables', lang))}</h1>"
    for leaf in behind.values():
        yield f'<div class="behind" id="t-{leaf.key}"><h2>{escape(leaf.title)}</h2>'
        yield f'<p class="answer">{escape(leaf.computed or leaf.sentence)}</p>'
        yield from _shelves(slides.told(leaf), lang)
        yield f'<p class="source">{escape(leaf.source)}</p></div>'


def _shelves(told: list[list[str]], lang: Lang) -> Iterator[str]:
    """The table in pieces that stand side by side, so that a long one does not take ten pages."""
    heads, rows = told[0], told[1:]
    if not rows:
        yield f"<p>{escape(text('file.no_rows', lang))}</p>"
        return
    abreast = ABREAST.get(len(heads), 4 if len(heads) < 2 else 1)
    piece = min(PIECE, -(-len(rows) // abreast)) if len(rows) > 12 else PIECE
    pieces = [rows[k : k + piece] for k in range(0, len(rows), piece)]
    for k in range(0, len(pieces), abreast):
        yield '<div class="shelf">'
        yield from (_table(heads, some) for some in pieces[k : k + abreast])
        yield "</div>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _definitions(leaves: Sequence[Leaf], lang: Lang) -> Iterator[str]:
    keys = dict.fromkeys(leaf.result.key for leaf in leaves if leaf.result is not None)
    if not keys:
        return
    yield f"<h1>{escape(text('file.definitions', lang))}</h1>"
    for key in keys:
        yield f"<h2>{escape(text(f'measure.{key}.title', lang))}</h2><dl>"
        for part in PARTS:
            said = text(f"measure.{key}.{part}", lang)
            yield f"<dt>{escape(text(f'file.{part}', lang))}</dt><dd>{escape(said)}</dd>"
        yield "</dl>"
