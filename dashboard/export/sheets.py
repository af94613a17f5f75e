"""One slide as HTML on a stage of 1920 × 1080: its claim, its picture drawn ahead, and its table for who cannot see it.

Nothing here needs a script: without one, and on paper, the slides stand one below the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

import pandas as pd

from dashboard.charts import draw
from dashboard.charts.axes import width_of
from dashboard.charts.svg import svg
from dashboard.charts.theme import Size
from dashboard.leaf import Card, Leaf, Row
from dashboard.measures import MEASURES
from db.vocab import Lang, text

WIDTH, HEIGHT = 1760, 1080
"""What may be written on, and the whole stage, in pixels."""
CLAIM, BODY, HEAD = 60, 30, 36
"""Sizes of type in pixels: 44 pt is 59 of them, and nothing is smaller than ``SMALL``."""
SMALL = 28
EDGE, GAP = 44, 16
PHONE = 358
LOWEST = 340
"""A picture is never lower than this: the words above it give way by wrapping less, not by covering it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What every slide of one deck says about itself, in one language."""

    stamp: str = ""
    warning: str = ""
    """“Not yet reviewed”, beside the stamp; empty where there is nothing to warn of."""
    draft: bool = False
    """Nobody has approved it: the stamp says so, and stands out."""
    notes: bool = True
    """Whether the speaker's notes go with the deck."""


def sections(leaves: Sequence[Leaf], lang: Lang, said: Said) -> Iterator[str]:
    """Each slide as a ``<section>``; a list too long for one goes on in a second of the same number."""
    for place, leaf in enumerate(leaves, 1):
        parts = _parts(leaf, said)
        for part, rows in enumerate(parts):
            yield _section(leaf, lang, said, f"{place} / {len(leaves)}", part, len(parts), rows)


def _section(leaf: Leaf, lang: Lang, said: Said, number: str, part: int, parts: int, rows: Sequence[Row]) -> str:
    count = number if parts == 1 else text("stage.part", lang, number=number, part=part + 1, parts=parts)
    kind = kind_of(leaf)
    more = f'<p class="more">{escape(leaf.more)}</p>' if leaf.more else ""
    own = f'<p class="own">{escape(leaf.own)}</p>' if leaf.own else ""
    note = f'<aside class="note" hidden>{escape(leaf.note)}</aside>' if said.notes else ""
    label = escape(f"{count}: {leaf.title}")
    return (
        f'<section class="slide {kind}" lang="{lang}" data-key="{escape(leaf.key)}" data-part="{part}" '
        f'data-number="{escape(count)}" aria-label="{label}">'
        f'<p class="over">{escape(leaf.title)}</p><h1>{escape(leaf.sentence)}</h1>{own}{more}'
        f"{_body(leaf, lang, kind, said, part, rows)}{_foot(leaf, said, count)}{note}</section>"
    )


def kind_of(leaf: Leaf) -> str:
    """How the slide is laid out: "withheld" (also where there is nothing to draw yet), "cards", "rows", "picture"
    or "title"."""
    if leaf.withheld or (leaf.result is not None and MEASURES[leaf.result.key].chart is not None and leaf.bare):
        return "withheld"
    if leaf.cards:
        return "cards"
    if leaf.rows:
        return "rows"
    return "picture" if leaf.result is not None else "title"


def _foot(leaf: Leaf, said: Said, count: str) -> str:
    warning = f'<span class="warning">{escape(said.warning)}</span>' if said.warning else ""
    kind = "stamp draft" if said.draft else "stamp"
    source = " · ".join(
        part for part in leaf.source.split(" · ") if part != said.warning
    )  # said once, where it is seen
    return (
        f'<footer class="foot"><p class="source">{escape(source)}</p>'
        f'<p class="under"><span class="{kind}">{escape(said.stamp)}</span>{warning}'
        f'<span class="number">{escape(count)}</span></p></footer>'
    )


def _body(leaf: Leaf, lang: Lang, kind: str, said: Said, part: int, rows: Sequence[Row]) -> str:
    if kind == "picture":
        return _picture(leaf, lang, room(leaf, said))
    if kind == "cards":
        return f'<ul class="cards of{len(leaf.cards)}">{"".join(_card(card) for card in leaf.cards)}</ul>'
    if kind == "rows":
        return f'<ul class="rows">{"".join(_row(row) for row in rows)}</ul>'
    return ""


def _card(card: Card) -> str:
    context = f'<span class="context">{escape(card.context)}</span>' if card.context else ""
    long = ' class="long"' if len(card.display) > 9 else ""
    return f'<li><span class="label">{escape(card.label)}</span><strong{long}>{escape(card.display)}</strong>{context}'


def _row(row: Row) -> str:
    mark = f'<span class="mark">{escape(row.mark)}</span>' if row.mark else ""
    body = f'<span class="said">{escape(row.body)}</span>' if row.body else ""
    return f'<li><span class="head">{mark}{escape(row.head)}</span>{body}</li>'


# --- pictures ------------------------------------------------------------------------------------


def _picture(leaf: Leaf, lang: Lang, height: int) -> str:
    """The chart twice, for the wall and for a phone, and its figures as a table; the table alone where no chart is."""
    drawn = [_svg(leaf, "slide", WIDTH, height), _svg(leaf, "exhibit", PHONE, 300)]
    shown = leaf.table
    caption = text("stage.table_of", lang, title=leaf.title)
    figures = "" if shown is None else table(shown, caption)
    region = f'role="region" aria-label="{escape(caption)}"'
    if not all(drawn):
        return f'<div class="figures always" {region}>{figures}</div>'
    wide, small = drawn
    return (
        f'<div class="chart"><div class="wide">{wide}</div><div class="small">{small}</div></div>'
        f'<div class="figures" {region}>{figures}</div>'
    )


def _svg(leaf: Leaf, size: Size, width: int, height: int) -> str:
    """Empty where the measure has no chart, or one that cannot be drawn without a browser."""
    if leaf.drawn is None:
        return ""
    measure = MEASURES[leaf.drawn.key]
    unit = text(f"measure.{measure.key}.unit", leaf.lang)
    figure = draw(leaf.drawn, str(measure.chart), unit=unit, size=size, height=height)
    try:
        made = svg(figure, width=width, alt=f"{leaf.title} {leaf.sentence}")
    except ValueError:
        return ""
    own = f"{leaf.lang}-{leaf.key}-{size}-"  # names in one page may not meet
    return made.replace(' id="', f' id="{own}').replace("url(#", f"url(#{own}")


def table(figures: pd.DataFrame, caption: str) -> str:
    """Cells as they are read; the first column heads its rows."""
    heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in figures.columns)
    lines = "".join(_line([str(cell) for cell in cells]) for cells in figures.itertuples(index=False))
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _line(cells: Sequence[str]) -> str:
    first, *rest = [escape(cell) for cell in cells]
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'


# --- what fits -----------------------------------------------------------------------------------


def room(leaf: Leaf, said: Said) -> int:
    """Pixels between the words above and the foot: charts are drawn for it, so that type keeps its size."""
    used = EDGE + 40 + lines(leaf.sentence, CLAIM, bold=True) * 67 + GAP
    used += lines(leaf.own, SMALL) * 36 + 12 if leaf.own else 0
    used += lines(leaf.more, BODY) * 39 + 12 if leaf.more else 0
    used += GAP + lines(leaf.source, SMALL) * 34 + 34 + 20
    return max(LOWEST, HEIGHT - used)


def lines(words: str, size: int, *, bold: bool = False) -> int:
    """How many lines ``words`` take at ``size`` pixels, rather one too many: of thin type more letters fit."""
    return ceil(width_of(words, size) * (0.97 if bold else 0.88) / WIDTH) if words else 0


def _parts(leaf: Leaf, said: Said) -> list[Sequence[Row]]:
    """The rows in as many slides as they need; one slide of none for everything else."""
    if kind_of(leaf) != "rows":
        return [()]
    parts: list[list[Row]] = [[]]
    free = full = room(leaf, said)
    for row in leaf.rows:
        high = lines(f"{row.mark} {row.head}", HEAD, bold=True) * 45 + lines(row.body, SMALL) * 37 + 25
        if parts[-1] and high > free:
            parts.append([])
            free = full
        parts[-1].append(row)
        free -= high
    return list(parts)
