"""What makes a call behavioural-health: the analyst's rules, applied to the distinct types and days, never to calls."""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.models import CallRule, CallType, CallTypeSpan
from db.vocab import CallCategory, RuleKind


def folded(name: str) -> str:
    """A type's name for comparison: case, spacing and underscores do not count."""
    return " ".join(name.replace("_", " ").split()).casefold()


def install_default_rules(session: Session) -> int:
    """Add the rules of common dispatch vocabularies where there are no rules yet; apply them. How many were added.

    Does not commit. Order in the file is order of precedence: what is no call for service comes first,
    then behavioural health, then the comparison types.
    """
    if session.scalar(select(func.count(CallRule.id))):
        return 0
    session.add_all(CallRule(**values) for values in default_rules())
    session.flush()
    apply_rules(session)
    return len(default_rules())


def default_rules() -> list[dict[str, object]]:
    """The rules that come with the product, as columns of :class:`CallRule`."""
    text = files("db.cad").joinpath("default_rules.csv").read_text(encoding="utf-8")
    return [
        {
            "position": 10 * k,
            "kind": RuleKind(row["kind"]),
            "value": row["value"],
            "category": CallCategory(row["category"]),
            "note": row["why"],
        }
        for k, row in enumerate(csv.DictReader(text.splitlines()), start=1)
    ]


def valid_rules(session: Session, today: date | None = None) -> list[CallRule]:
    """The rules in order of precedence; with ``today`` only those valid on that day (both ends inclusive)."""
    asked = select(CallRule).where(CallRule.removed_at.is_(None)).order_by(CallRule.position, CallRule.id)
    return [rule for rule in session.scalars(asked) if today is None or holds_on(rule, today)]


def holds_on(rule: CallRule, day: date) -> bool:
    """Whether the rule is valid on ``day``; both ends are."""
    return (rule.valid_from or date.min) <= day <= (rule.valid_until or date.max)


# --- from rules to meanings ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both inclusive, and the rule that decides a type on them (None: uncovered)."""

    first: date
    last: date
    rule: CallRule | None

    @property
    def category(self) -> CallCategory | None:
        return self.rule.category if self.rule else None


Type = tuple[str, str | None]
"""A type's name and its description."""


def timeline(rules: Sequence[CallRule]) -> Callable[[Type], tuple[Span, ...]]:
    """A function from a type to the rule that decides it on each day there is: spans in order, without holes."""
    starts = {date.min, *(rule.valid_from for rule in rules if rule.valid_from)}
    starts |= {r.valid_until + timedelta(days=1) for r in rules if r.valid_until and r.valid_until < date.max}
    begins = sorted(starts)
    ends = [*(begin - timedelta(days=1) for begin in begins[1:]), date.max]
    deciders = [decider([rule for rule in rules if holds_on(rule, begin)]) for begin in begins]

    def of(kind: Type) -> tuple[Span, ...]:
        spans: list[Span] = []
        for begin, end, decide in zip(begins, ends, deciders, strict=True):
            rule = decide(*kind)
            if spans and spans[-1].rule is rule:
                spans[-1] = Span(spans[-1].first, end, rule)
            else:
                spans.append(Span(begin, end, rule))
        return tuple(spans)

    return of


def apply_rules(session: Session, today: date | None = None) -> int:
    """Judge every call type anew, on every day. How many types mean something else now. No commit.

    ``CallType.category`` is what the type means ``today`` (None: once every dated rule has begun or ended);
    other days' meanings are kept as spans.
    """
    judged = timeline(valid_rules(session))
    day = today or date.max
    before = _spans(session)
    changed, rows = 0, []
    for kind in session.scalars(select(CallType)):
        spans = judged((kind.name, kind.description))
        category = next(span.category for span in spans if span.first <= day <= span.last)
        other = merged([span for span in spans if span.category != category])
        changed += kind.category != category or before.get(kind.id, []) != other
        kind.category = category
        rows += [{"type_id": kind.id, "first_day": a, "last_day": b, "category": c} for a, b, c in other]
    if before:
        session.execute(delete(CallTypeSpan), execution_options={"synchronize_session": False})
    session.flush()
    if rows:
        session.execute(insert(CallTypeSpan), rows)
    return changed


Stretch = tuple[date, date, CallCategory | None]
"""Days, both inclusive, on which a type is of one category."""


def merged(spans: Iterable[Span]) -> list[Stretch]:
    """Neighboring spans of one category as one."""
    merged: list[Stretch] = []
    for span in spans:
        if merged and merged[-1][2] is span.category and merged[-1][1] + timedelta(days=1) == span.first:
            merged[-1] = (merged[-1][0], span.last, span.category)
        else:
            merged.append((span.first, span.last, span.category))
    return merged


def _spans(session: Session) -> dict[int, list[Stretch]]:
    found: dict[int, list[Stretch]] = {}
    for span in session.scalars(select(CallTypeSpan).order_by(CallTypeSpan.type_id, CallTypeSpan.first_day)):
        found.setdefault(span.type_id, []).append((span.first_day, span.last_day, span.category))
    return found


# --- which rule fits -------------------------------------------------------------------------------------


def decider(rules: Iterable[CallRule]) -> Callable[..., CallRule | None]:
    """A function from a type's name (and description) to the first of ``rules`` that fits it, dates aside."""
    tests = [(_fit(rule), rule) for rule in rules]

    def decide(name: str, description: str | None = None) -> CallRule | None:
        told = folded(name), folded(description or "")
        return next((rule for fits, rule in tests if fits(told)), None)

    return decide


def _fit(rule: CallRule) -> Callable[[tuple[str, str]], bool]:
    """An exact rule is the whole name. A pattern is looked for in the name, then in the description.

    It sees underscores as spaces ("121C_Mental Disorder"); one that is no regular expression fits nothing.
    """
    if rule.kind is RuleKind.exact:
        whole = folded(rule.value)
        return lambda told: told[0] == whole
    search = _compiled(rule.value)
    if search is None:
        return lambda told: False
    return lambda told: bool(search(told[0]) or (told[1] and search(told[1])))


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> Callable[[str], re.Match[str] | None] | None:
    try:
        return re.compile(pattern.replace("_", " "), re.IGNORECASE).search
    except re.error:
        return None
