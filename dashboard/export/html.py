"""The deck as one self-contained page: its own fonts, pictures, script and keys, no request to anywhere.

It goes on when the server is gone. Every picture is drawn ahead, so the next slide is there at once. Served by
the meeting's route it may send one thing back, and only there: what a member asked.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from dashboard.document import Document
from dashboard.export.sheets import Said, sections
from dashboard.leaf import Leaf
from db.vocab import Lang, keys, text

HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "static"
SCRIPTS = ("deck.js", "questions.js", "presenter.js", "keys.js")
"""In this order: each knows those before it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a deck is handed out. ``ask``: questions may be taken; ``post``: where they are sent, empty for a file."""

    notes: bool = True
    ask: bool = False
    post: str = ""


FILE = Way(ask=True)
LINK = Way(notes=False)
"""Whoever holds a link is no speaker: no notes, no second window, nothing to send."""


def served(number: str) -> Way:
    """The way of somebody who is signed in."""
    return Way(ask=True, post=f"/meeting/{number}/questions")


def page(
    decks: Mapping[Lang, Sequence[Leaf]],
    *,
    title: str,
    lang: Lang = "en",
    number: str = "",
    said: Mapping[Lang, Said] | None = None,
    way: Way = LINK,
) -> str:
    """The whole page, opening in ``lang``; L changes between ``decks``."""
    scripts = [_template(name) for name in SCRIPTS]
    style = _template("deck.css")
    told = said or {}
    slides = [line for name, leaves in decks.items() for line in sections(leaves, name, told.get(name, Said()))]
    return Template(_template("deck.html")).substitute(
        title=escape(title),
        lang=lang,
        policy=escape(_policy(scripts, (fonts(), style), bool(way.post)), quote=True),
        fonts=fonts(),
        style=style,
        slides="\n".join(slides),
        data=_inside_script(json.dumps(_settings(decks, number, way), ensure_ascii=False)),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def of(document: Document, lang: Lang, way: Way) -> str:
    """The deck of ``document``, opening in ``lang``. Questions are taken of an approved edition only."""
    said: dict[Lang, Said] = {
        each: Said(
            document.stamp(each), warning(document, each), bool(document.number) and not document.approved, way.notes
        )
        for each in document.decks
    }
    if not (document.approved and document.number):
        way = Way(notes=way.notes)
    title = " · ".join(filter(None, (document.title, document.number)))
    return page(document.decks, title=title, lang=lang, number=document.number, said=said, way=way)


def write(document: Document, lang: Lang) -> bytes:
    """The deck of ``document`` as one file, opening in ``lang``."""
    return of(document, lang, FILE).encode()


def warning(document: Document, lang: Lang) -> str:
    """What stands beside the stamp: Spanish that nobody has signed says so."""
    return text("slide.not_reviewed", lang) if lang == "es" and not document.spanish_reviewed else ""


def policy(html: str) -> str:
    """The content security policy under which ``html`` runs whole and nothing else can: no address is allowed.

    That of a deck is the one it carries itself, with hashes of its styles; other pages of ours may style freely.
    """
    if own := re.search(r'<meta http-equiv="content-security-policy" content="([^"]*)">', html):
        return f"{own[1].replace('&#x27;', chr(39))}; frame-ancestors 'self'"
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def _policy(scripts: Sequence[str], styles: Sequence[str], sends: bool) -> str:
    run, look = (" ".join(f"'sha256-{digest(each)}'" for each in part) for part in (scripts, styles))
    asks = "connect-src 'self'; " if sends else ""
    return (
        f"default-src 'none'; script-src {run}; style-src {look}; font-src data:; img-src data:; {asks}"
        "base-uri 'none'; form-action 'none'"
    )


@cache
def digest(source: str) -> str:
    """How a content security policy names a script or a style: base64 of its SHA-256."""
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


@cache
def _template(name: str) -> str:
    return (HERE / "templates" / name).read_text("utf-8")


def _settings(decks: Mapping[Lang, Sequence[Leaf]], number: str, way: Way) -> dict[str, object]:
    own = [key for key in keys() if key.startswith("stage.")]
    return {
        "number": number,
        "langs": list(decks),
        "notes": way.notes,
        "ask": way.ask,
        "post": way.post,
        "words": {name: {key.removeprefix("stage."): text(key, name) for key in own} for name in decks},
    }


def _inside_script(data: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def fonts() -> str:
    """The bundled typeface as style rules that need no request."""
    faces = []
    for weight in (400, 600, 700):
        data = base64.b64encode((FONTS / f"public-sans-latin-{weight}-normal.woff2").read_bytes()).decode()
        source = f"url(data:font/woff2;base64,{data}) format('woff2')"
        faces.append(f"@font-face{{font-family:'Public Sans';font-weight:{weight};src:{source}}}")
    return "".join(faces)
