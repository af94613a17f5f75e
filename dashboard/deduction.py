"""What somebody with a pencil can work out from published counts: each one's least and greatest possible value.

Facts are linear: a sum of cells is a number, lies between two, or is not shown. Cells are counts, so never below
zero. The least and the greatest value that the facts leave to a cell come from a linear programme (HiGHS in scipy).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from scipy.optimize import linprog

MOST = 1e6
"""No count of one city is greater: it keeps every programme bounded."""
NEAR = 1e-6
NOW, BEFORE = "now", "before"


@dataclass(frozen=True, slots=True)
class Span:
    """What was counted of one kind from the day after ``after`` through ``through``."""

    stream: str
    after: date
    through: date


@dataclass(frozen=True, slots=True)
class Part:
    """One cell of one table, or a number that it leaves out."""

    table: str
    column: str
    row: str = ""


Cell = Span | Part
Terms = tuple[tuple[float, Cell], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """The sum of ``terms`` lies between ``low`` and ``high``, both inclusive, as ``measure`` tells."""

    measure: str
    terms: Terms
    low: float = 0.0
    high: float = MOST
    hidden: bool = False
    """A count that is not shown: it must stay unknown."""
    rest: bool = False
    """A count that no table has, left over by those that do: it must stay unknown where it is small."""
    loose: bool = False
    """Two tables that count the same by different ways (sheet and log): dropped where they contradict each other."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the facts leave to one count."""

    fact: Fact
    what: frozenset[tuple["Term", float]]
    low: float
    high: float
    measures: frozenset[str]
    """All whose figures are bound up with it."""

    def leaks(self, threshold: int) -> bool:
        """Whether a count that must not be known is known to within less than ``threshold``.

        A hidden one that can only be zero tells nothing: zero is shown anyway. One that no table has matters
        only where it may be small.
        """
        if self.high - self.low >= threshold - NEAR or self.high < NEAR:
            return False
        return self.fact.hidden or self.low < threshold - NEAR


class Contradiction(Exception):
    """The facts cannot all be true: late entries or corrections, so nobody can reason from all of them."""


Term = tuple[str, Cell]
Line = tuple[dict[Term, float], Fact]


class System:
    """The facts of one edition, or of two in a row: what was counted before is part of what is counted now."""

    def __init__(self, now: Iterable[Fact], before: Iterable[Fact] = ()) -> None:
        self.facts = [(NOW, fact) for fact in now] + [(BEFORE, fact) for fact in before]
        cuts: dict[str, set[date]] = defaultdict(set)
        for _, fact in self.facts:
            for _, cell in fact.terms:
                if isinstance(cell, Span):
                    cuts[cell.stream] |= {cell.after, cell.through}
        self.cuts = {stream: sorted(days) for stream, days in cuts.items()}

    def atoms(self, cell: Cell) -> list[Cell]:
        """``cell`` as the smallest spans that any table tells apart."""
        if isinstance(cell, Part):
            return [cell]
        days = [day for day in self.cuts[cell.stream] if cell.after <= day <= cell.through]
        return [Span(cell.stream, a, b) for a, b in pairwise(days)]

    def terms(self, edition: str, fact: Fact) -> dict[Term, float]:
        found: dict[Term, float] = defaultdict(float)
        for factor, cell in fact.terms:
            for atom in self.atoms(cell):
                found[edition, atom] += factor
        return found

    @cached_property
    def rows(self) -> list[Line]:
        """Without those of no day at all, as of a month whose last week was the month's before."""
        told = [(self.terms(edition, fact), fact) for edition, fact in self.facts]
        return [(terms, fact) for terms, fact in told if terms]

    @cached_property
    def links(self) -> list[Line]:
        """What is new in each cell since the edition before: a count as well, and small more often than not."""
        by_edition: dict[str, set[Cell]] = {NOW: set(), BEFORE: set()}
        told: dict[Cell, str] = {}
        for terms, fact in self.rows:
            for edition, cell in terms:
                by_edition[edition].add(cell)
                told.setdefault(cell, fact.measure)
        both = by_edition[NOW] & by_edition[BEFORE]
        return [
            ({(NOW, cell): 1.0, (BEFORE, cell): -1.0}, Fact(told[cell], ((1.0, cell),), rest=True, loose=True))
            for cell in sorted(both, key=repr)
        ]

    def parts(self) -> list[list[Line]]:
        """The facts in groups that have no cell in common."""
        leader: dict[Term, Term] = {}

        def lead(term: Term) -> Term:
            while leader.setdefault(term, term) != term:
                leader[term] = leader[leader[term]]
                term = leader[term]
            return term

        everything = self.rows + self.links
        for terms, _ in everything:
            first, *others = terms
            for other in others:
                leader[lead(other)] = lead(first)
        grouped: dict[Term, list[Line]] = defaultdict(list)
        for terms, fact in everything:
            grouped[lead(next(iter(terms)))].append((terms, fact))
        return list(grouped.values())

    def known(self, only: frozenset[tuple[Term, float]] | None = None) -> list[Known]:
        """Every count that must not be known (or the one asked for), with what the facts leave to it."""
        return [
            known
            for part in self.parts()
            for known in _believed(tuple((tuple(terms.items()), fact) for terms, fact in part), only)
        ]


@lru_cache(maxsize=1_000)
def _believed(
    told: tuple[tuple[tuple[tuple[Term, float], ...], Fact], ...], only: frozenset[tuple[Term, float]] | None
) -> list[Known]:
    """What a part tells; where it contradicts itself, without its loose facts, and else table by table.

    After late entries and corrections nobody knows which of the published numbers to reason from. Kept, since
    most parts stay as they are while the tables of one of them yield.
    """
    part: list[Line] = [(dict(terms), fact) for terms, fact in told]
    firm = [(terms, fact) for terms, fact in part if not fact.loose]
    tables = {(fact.measure, edition) for terms, fact in firm for edition, _ in list(terms)[:1]}
    single = [[line for line in firm if (line[1].measure, next(iter(line[0]))[0]) == table] for table in tables]
    for tried in ([part], [firm], single):
        try:
            return [known for lines in tried for known in _known(lines, only)]
        except Contradiction:
            continue
    return []


def _known(part: Sequence[Line], only: frozenset[tuple[Term, float]] | None) -> list[Known]:
    asked = [line for line in _with_atoms(part) if line[1].hidden or line[1].rest]
    asked = [line for line in asked if only is None or frozenset(line[0].items()) == only]
    if not asked:
        return []
    places = {term: place for place, term in enumerate({term: None for terms, _ in part for term in terms})}
    matrix = np.array([_row(terms, places) for terms, _ in part])
    low, high = (np.array([getattr(fact, end) for _, fact in part]) for end in ("low", "high"))
    exact = low == high
    limits = {
        "A_eq": matrix[exact] if exact.any() else None,
        "b_eq": low[exact] if exact.any() else None,
        "A_ub": np.vstack([matrix[~exact], -matrix[~exact]]) if not exact.all() else None,
        "b_ub": np.concatenate([high[~exact], -low[~exact]]) if not exact.all() else None,
        "bounds": (0, MOST),
        "method": "highs",
    }
    measures = frozenset(fact.measure for _, fact in part)
    found = []
    for terms, fact in asked:
        aim = _row(terms, places)
        least, most = _least(aim, limits), -_least(-aim, limits)
        found.append(Known(fact, frozenset(terms.items()), least, most, measures))
    return found


def _with_atoms(part: Sequence[Line]) -> list[Line]:
    """And each span between two cuts by itself: no table has it, two of them may."""
    single = {next(iter(terms)) for terms, _ in part if len(terms) == 1}
    rests: dict[Term, Fact] = {}
    for terms, fact in part:
        for term in terms:
            if isinstance(term[1], Span) and term not in single:
                rests.setdefault(term, Fact(fact.measure, ((1.0, term[1]),), rest=True))
    return [*part, *(({term: 1.0}, fact) for term, fact in rests.items())]


def _row(terms: Mapping[Term, float], places: Mapping[Term, int]) -> np.ndarray:
    row = np.zeros(len(places))
    for term, factor in terms.items():
        row[places[term]] = factor
    return row


def _least(aim: np.ndarray, limits: Mapping[str, object]) -> float:
    solved = linprog(aim, **limits)  # pyright: ignore[reportArgumentType]
    if solved.status != 0:
        raise Contradiction(solved.message)
    return float(solved.fun)
