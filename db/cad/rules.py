"""What makes a call type behavioural-health: the rules, applied to the distinct types, never to calls."""

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Call, CallRule, CallType
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
    text = files("db.cad").joinpath("default_rules.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    session.add_all(
        CallRule(
            position=10 * k, kind=RuleKind(row["kind"]), value=row["value"], category=CallCategory(row["category"])
        )
        for k, row in enumerate(rows, start=1)
    )
    session.flush()
    apply_rules(session)
    return len(rows)


def valid_rules(session: Session, today: date | None = None) -> list[CallRule]:
    """The rules in order of precedence; with ``today`` only those valid on that day (both ends inclusive)."""
    rules = session.scalars(select(CallRule).order_by(CallRule.position, CallRule.id)).all()
    return [
        rule
        for rule in rules
        if today is None
        or (
            (rule.valid_from is None or rule.valid_from <= today)
            and (rule.valid_until is None or today <= rule.valid_until)
        )
    ]


def apply_rules(session: Session, today: date | None = None) -> int:
    """Give every call type the category of the first rule that matches it. How many types changed. No commit."""
    decide = decider(valid_rules(session, today))
    changed = 0
    for kind in session.scalars(select(CallType)):
        rule = decide(kind.name)
        category = rule.category if rule else None
        if kind.category != category:
            kind.category = category
            changed += 1
    session.flush()
    return changed


def decider(rules: Iterable[CallRule]) -> Callable[[str], CallRule | None]:
    """A function from a type's name to the first of ``rules`` that matches it.

    A pattern sees underscores as spaces ("121C_Mental Disorder"); one that is no regular expression matches nothing.
    """
    tests: list[tuple[Callable[[str], object], CallRule]] = []
    for rule in rules:
        if rule.kind is RuleKind.exact:
            tests.append((folded(rule.value).__eq__, rule))
        else:
            try:
                tests.append((re.compile(rule.value.replace("_", " "), re.IGNORECASE).search, rule))
            except re.error:
                continue
    return lambda name: next((rule for test, rule in tests if test(folded(name))), None)


@dataclass(frozen=True, slots=True)
class TypeVolume:
    """A call type, how many calls have it, and the rule that decides it (None: uncovered)."""

    type_id: int
    name: str
    calls: int
    category: CallCategory | None
    rule: CallRule | None


def type_volumes(session: Session, today: date | None = None) -> list[TypeVolume]:
    """Every call type that has calls, by volume, largest first."""
    decide = decider(valid_rules(session, today))
    counts = (
        select(CallType.id, CallType.name, CallType.category, func.count(Call.id).label("calls"))
        .join(Call, Call.type_id == CallType.id)
        .group_by(CallType.id, CallType.name, CallType.category)
    )
    volumes = [TypeVolume(r.id, r.name, r.calls, r.category, decide(r.name)) for r in session.execute(counts)]
    return sorted(volumes, key=lambda v: (-v.calls, v.name))
