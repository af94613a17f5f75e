"""What every file of slides says beside the figures: counter, foot, alternative text, what is spoken."""

from dashboard.charts.rows import Rows
from dashboard.document import Document
from dashboard.export.tables import readable
from dashboard.leaf import Leaf
from dashboard.measures import MEASURES
from db.vocab import Lang, text

TITLE = "title"
"""Key of the slide that opens a deck: it has a face of its own."""


def counter(number: int, leaves: tuple[Leaf, ...]) -> str:
    """ "3 / 12"; 1 is the first."""
    return f"{number} / {len(leaves)}"


def foot(document: Document, lang: Lang) -> str:
    """The stamp, and what else every page must own up to: fictional people, Spanish that nobody has read yet."""
    said = [document.stamp(lang)]
    said += [text("demo.banner", lang)] if document.is_demo else []
    said += [text("file.unreviewed", lang)] if lang == "es" and not document.spanish_reviewed else []
    return " · ".join(said)


def alt(leaf: Leaf) -> str:
    """For who cannot see the picture: its question and its answer, the computed one."""
    return " ".join(filter(None, (leaf.title, leaf.computed or leaf.sentence, leaf.more)))


def own_words(leaf: Leaf) -> str:
    """Says that the claim is somebody's own, and what the figures say; empty for a computed claim."""
    return text("file.own", leaf.lang, computed=leaf.computed) if leaf.computed else ""


def spoken(leaf: Leaf) -> str:
    """The speaker's notes: what was written for this meeting, then what the figures say."""
    claim = leaf.computed or leaf.sentence
    return leaf.note if claim in leaf.note else "\n".join(filter(None, (leaf.note, claim)))


def drawn(leaf: Leaf) -> bool:
    """Whether the slide has a picture with something in it."""
    return leaf.figure is not None and not leaf.bare


def told(leaf: Leaf) -> list[list[str]]:
    """Heads, then the rows of the table behind the picture, as text; empty where there is none."""
    if leaf.table is None or leaf.withheld:
        return []
    return [list(map(str, leaf.table.columns)), *leaf.table.to_numpy().tolist()]


def hidden_rows(leaf: Leaf) -> str:
    """Which rows hide a figure: "hidden: Feb 2026, Mar 2026"; empty where none does."""
    if leaf.result is None or not any(Rows(leaf.result).hidden):
        return ""
    table = readable(leaf.result, MEASURES[leaf.result.key])
    first = table.columns[0]
    names = [str(name) for name, gone in zip(table[first], Rows(leaf.result).hidden, strict=True) if gone]
    return text("file.hidden", leaf.lang, list="; ".join(dict.fromkeys(names)))
