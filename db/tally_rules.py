"""The checks of the weekly tally. What they are stands in ``tally_rules.csv``; here is only how each kind is read.

A row is: ``rule`` (its name), ``level`` (:class:`Level`), ``kind``, ``left`` and ``right``, ``factor``, ``least``
and the ``sentence``. ``left`` and ``right`` are a number, ``contract_hours``, ``busiest_day`` or items: a sum
written with ``+``, or several judged one by one, written with ``|`` (``*``: all of them).

===================  =================================================================================
explained            a number that is not the log's has a reason
at_most              left ≤ right × factor; ``at_most_each``: for each item of left; ``at_least``: left ≥ …
together             where left is more than zero, right is too
near_history         not beyond all weeks before *and* ``factor`` robust spreads from their median;
                     asks for ``least`` weeks. The spread is 1.4826 × the median distance, at least 1
not_suddenly_zero    not 0 where each of at least ``least`` weeks before had more
filled               not blank
===================  =================================================================================

A blank is not recorded, so a sum with a blank is only a lower limit: it can be too much, never too little.
Of two rules of one kind about the same left side the first one broken speaks: a stricter one stands before.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from statistics import median

from db.forms import day
from db.vocab import TallyItem, label
from db.vocab.tally import Level

SPREAD = Decimal("1.4826")
"""Median distance from the median → standard deviation, for a normal distribution."""
FULL_TIME_HOURS = 40


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    rule: str
    level: Level
    kind: str
    left: str
    right: str
    factor: Decimal
    least: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. ``items``: the cells it is about, empty where the log itself is wrong."""

    level: Level
    rule: str
    items: tuple[TallyItem, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What the checks look at. ``history``: the figures that counted in the weeks before, oldest first."""

    reported: Mapping[TallyItem, Decimal | None]
    log: Mapping[TallyItem, Decimal]
    reasons: Mapping[TallyItem, str | None] = field(default_factory=dict)
    history: Mapping[TallyItem, Sequence[Decimal | None]] = field(default_factory=dict)
    contract_hours: Decimal = Decimal(FULL_TIME_HOURS)
    busiest_day: tuple[date, Decimal] | None = None
    """The day of the week with most logged hours."""


@cache
def rules() -> tuple[Rule, ...]:
    """The table, in its order. Raises ValueError or KeyError for a row that cannot be read."""
    text = files("db").joinpath("tally_rules.csv").read_text(encoding="utf-8")
    found = []
    for row in csv.DictReader(text.splitlines()):
        if row["kind"] not in _KINDS:
            raise ValueError(f"tally_rules.csv: {row['rule']} is of the unknown kind {row['kind']!r}")
        factor = Decimal(row.pop("factor") or 1)
        rule = Rule(level=Level(row.pop("level")), factor=factor, least=int(row.pop("least") or 0), **row)
        for side in (rule.left, rule.right):
            _ = [_known(part) for part in side.replace("|", "+").split("+") if part]
        found.append(rule)
    return tuple(found)


def check(figures: Figures) -> list[Finding]:
    """Every broken rule, most serious first, in the order of the table within a level."""
    spoken: set[tuple[str, str]] = set()
    found: list[Finding] = []
    for rule in rules():
        broken = list(_KINDS[rule.kind](rule, figures))
        if rule.kind in ("at_most", "at_least"):
            if (rule.kind, rule.left) in spoken:
                continue
            if broken:
                spoken.add((rule.kind, rule.left))
        found += broken
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def must_fix(findings: Sequence[Finding]) -> dict[str, str]:
    """The findings that refuse certifying, as the errors of a form: the first item → sentences."""
    errors: dict[str, str] = {}
    for finding in findings:
        if finding.level is Level.must_fix:
            field = finding.items[0].value if finding.items else ""
            errors[field] = f"{errors[field]} {finding.sentence}" if field in errors else finding.sentence
    return errors


def plain(value: Decimal | None) -> str:
    """“12.5”, “1,204”, “blank”."""
    if value is None:
        return "blank"
    return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,f}"


# --- reading a side ------------------------------------------------------------------------------


def _known(part: str) -> str:
    if part not in ("*", "contract_hours", "busiest_day") and not _is_number(part):
        TallyItem(part)  # raises ValueError
    return part


def _is_number(part: str) -> bool:
    return part.replace(".", "", 1).isdigit()


def _each(side: str) -> tuple[TallyItem, ...]:
    return tuple(TallyItem) if side == "*" else tuple(TallyItem(part) for part in side.split("|"))


def _cells(side: str) -> tuple[TallyItem, ...]:
    return tuple(TallyItem(part) for part in side.split("+") if part in set(TallyItem))


def _sum(side: str, figures: Figures, *, whole: bool) -> Decimal | None:
    """The side's value. With ``whole`` a blank makes it unknown (None); without, the rest is a lower limit."""
    if side == "contract_hours":
        return figures.contract_hours
    if side == "busiest_day":
        return figures.busiest_day[1] if figures.busiest_day else None
    if _is_number(side):
        return Decimal(side)
    values = [figures.reported.get(item) for item in _cells(side)]
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known and (len(known) == len(values) or not whole) else None


# --- kinds ---------------------------------------------------------------------------------------


def _finding(rule: Rule, figures: Figures, items: tuple[TallyItem, ...], **values: object) -> Finding:
    known = {
        "contract": plain(figures.contract_hours),
        "day": day(figures.busiest_day[0]) if figures.busiest_day else "",
        "name": label(items[0]) if items else "",
    }
    return Finding(rule.level, rule.rule, items, rule.sentence.format(**known | values))


def _explained(rule: Rule, figures: Figures) -> Iterator[Finding]:
    for item in _each(rule.left):
        reported, log = figures.reported.get(item), figures.log.get(item, Decimal(0))
        if figures.reasons.get(item) or reported == log or (reported is None and not log):
            continue
        finding = _finding(rule, figures, (item,), left=plain(reported), log=plain(log))
        if reported is None:
            way_out = f"Say why it is not recorded, or report {plain(log)}."
            finding = Finding(rule.level, rule.rule, (item,), finding.sentence.replace("Say why it differs.", way_out))
        yield finding


def _compared(rule: Rule, figures: Figures, *, more_is_wrong: bool) -> Iterator[Finding]:
    left = _sum(rule.left, figures, whole=not more_is_wrong)
    right = _sum(rule.right, figures, whole=more_is_wrong)
    if left is None or right is None:
        return
    limit = right * rule.factor
    if left > limit if more_is_wrong else left < limit:
        yield _finding(rule, figures, (*_cells(rule.left), *_cells(rule.right)), left=plain(left), right=plain(limit))


def _at_most(rule: Rule, figures: Figures) -> Iterator[Finding]:
    return _compared(rule, figures, more_is_wrong=True)


def _at_least(rule: Rule, figures: Figures) -> Iterator[Finding]:
    return _compared(rule, figures, more_is_wrong=False)


def _at_most_each(rule: Rule, figures: Figures) -> Iterator[Finding]:
    limit = Decimal(rule.right)
    for item in _each(rule.left):
        value = figures.reported.get(item)
        if value is not None and value > limit:
            yield _finding(rule, figures, (item,), left=plain(value), right=plain(limit))


def _together(rule: Rule, figures: Figures) -> Iterator[Finding]:
    left, right = (_sum(side, figures, whole=side is rule.right) for side in (rule.left, rule.right))
    if left and right == 0:
        yield _finding(rule, figures, (*_cells(rule.left), *_cells(rule.right)), left=plain(left), right="0")


def _near_history(rule: Rule, figures: Figures) -> Iterator[Finding]:
    for item in _each(rule.left):
        value = figures.reported.get(item)
        before = [past for past in figures.history.get(item, ()) if past is not None]
        if value is None or len(before) < max(rule.least, 1):
            continue
        middle = median(before)
        spread = max(SPREAD * median(abs(past - middle) for past in before), Decimal(1))
        outside = not min(before) <= value <= max(before)
        if outside and abs(value - middle) > rule.factor * spread:
            said = {"left": plain(value), "low": plain(min(before)), "high": plain(max(before))}
            yield _finding(rule, figures, (item,), weeks=len(before), **said)


def _not_suddenly_zero(rule: Rule, figures: Figures) -> Iterator[Finding]:
    for item in _each(rule.left):
        before = [past for past in figures.history.get(item, ()) if past is not None]
        if figures.reported.get(item) == 0 and len(before) >= rule.least and all(past > 0 for past in before):
            yield _finding(rule, figures, (item,), weeks=len(before))


def _filled(rule: Rule, figures: Figures) -> Iterator[Finding]:
    if blank := tuple(item for item in _each(rule.left) if figures.reported.get(item) is None):
        yield _finding(rule, figures, blank, names=", ".join(f"“{label(item)}”" for item in blank))


_KINDS = {
    "explained": _explained,
    "at_most": _at_most,
    "at_least": _at_least,
    "at_most_each": _at_most_each,
    "together": _together,
    "near_history": _near_history,
    "not_suddenly_zero": _not_suddenly_zero,
    "filled": _filled,
}
