"""The deck as one self-contained page: its own fonts, script and keys, no request to anywhere.

It goes on when the server is gone. Charts are drawn ahead, so the next slide is there at once.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from plotly.offline import get_plotlyjs

from dashboard.deck import Leaf
from db.vocab import Lang, text

HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "static"
CONTROLS = ("previous", "next", "fullscreen", "notes", "language", "keys")


def page(decks: Mapping[Lang, Sequence[Leaf]], *, title: str, lang: Lang = "en", start: int = 1) -> str:
    """The whole page, opening at slide ``start`` (1 is the first) in ``lang``; L changes between ``decks``."""
    deck = {
        "lang": lang,
        "start": start,
        "slides": {name: [_slide(leaf) for leaf in leaves] for name, leaves in decks.items()},
        "words": {name: {key: text(f"deck.{key}", name) for key in CONTROLS} for name in decks},
    }
    return Template((HERE / "templates" / "deck.html").read_text("utf-8")).substitute(
        title=escape(title),
        lang=lang,
        fonts=fonts(),
        style=(HERE / "templates" / "deck.css").read_text("utf-8"),
        plotly=get_plotlyjs(),
        data=_inside_script(json.dumps(deck, ensure_ascii=False)),
        script=(HERE / "templates" / "deck.js").read_text("utf-8"),
    )


def policy(html: str) -> str:
    """The content security policy under which ``html`` runs whole and nothing else can: no address is allowed."""
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


@cache
def digest(source: str) -> str:
    """How a content security policy names a script or a style: base64 of its SHA-256."""
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _slide(leaf: Leaf) -> dict[str, object]:
    figure = leaf.figure
    return {
        "key": leaf.key,
        "title": leaf.title,
        "sentence": leaf.sentence,
        "more": leaf.more,
        "source": leaf.source,
        "note": leaf.note,
        "figure": None if figure is None else json.loads(str(figure.to_json())),
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
