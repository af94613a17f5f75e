"""What a change of the rules would do, or did: the calls it moves, what each rule catches, where series break."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import vocab
from db.cad.rules import Span, Stretch, decider, merged, timeline, valid_rules
from db.models import Call, CallRule, CallType, Event
from db.vocab import CallCategory, EventKind

COUNTED = (CallCategory.behavioural_health, CallCategory.control)
"""A call that joins or leaves one of these changes a series."""
DATED = "rule dates"
"""``Event.source`` of a break line where a dated rule begins or ends."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Move:
    """Calls of one type on days (both inclusive) that are of another category than before."""

    type_id: int
    name: str
    first: date
    last: date
    was: CallCategory | None
    now: CallCategory | None
    calls: int

    @property
    def counts(self) -> bool:
        """Whether it changes a series."""
        return bool(self.calls) and (self.was in COUNTED or self.now in COUNTED)


@dataclass(frozen=True, slots=True)
class Catch:
    """What one rule decides: its calls, its types by volume, and the types another rule takes before it."""

    rule: CallRule
    calls: int
    types: tuple[tuple[str, int], ...]
    taken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeVolume:
    """How many calls of one type the rules make one category (None: uncovered), each by its own day."""

    type_id: int
    name: str
    calls: int
    category: CallCategory | None
    description: str | None = None


Judged = Mapping[int, tuple[Stretch, ...]]
"""Type id → what it is on all days there are."""


def judged(session: Session, rules: Sequence[CallRule] | None = None) -> Judged:
    """Every type under ``rules`` (None: those there are), each stretch of one category as one."""
    spans = timeline(valid_rules(session) if rules is None else rules)
    return {kind.id: tuple(merged(spans((kind.name, kind.description)))) for kind in session.scalars(select(CallType))}


def moves(session: Session, before: Judged, after: Judged) -> list[Move]:
    """What differs between two judgements, with the calls that it concerns, most first."""
    found: list[tuple[int, date, date, CallCategory | None, CallCategory | None]] = []
    for type_id, now in after.items():
        for first, last, category in now:
            for begin, end, was in before.get(type_id, ((date.min, date.max, None),)):
                a, b = max(first, begin), min(last, end)
                if a <= b and was is not category:
                    found.append((type_id, a, b, was, category))
    calls = _counted(session, {(t, a, b) for t, a, b, _, _ in found})
    names = _names(session)
    each = [Move(t, names[t], a, b, was, now, calls.get((t, a, b), 0)) for t, a, b, was, now in found]
    return sorted(each, key=lambda move: (-move.calls, move.name, move.first))


def trial(session: Session, rule: CallRule, rule_id: int | None = None, place: int | None = None) -> list[Move]:
    """What would move if ``rule`` (not stored) stood before all others, or in the place of ``rule_id``.

    ``place``, counted from 1: where it would stand instead.
    """
    rules = valid_rules(session)
    was = next((k for k, each in enumerate(rules) if each.id == rule_id), None)
    then = [each for each in rules if was is None or each.id != rule_id]
    then.insert((was or 0) if place is None else place - 1, rule)
    return moves(session, judged(session, rules), judged(session, then))


def catches(session: Session, rules: Sequence[CallRule] | None = None) -> tuple[list[Catch], list[tuple[str, int]]]:
    """What each rule decides, in the rules' order; and the uncovered (type, calls), most first."""
    rules = valid_rules(session) if rules is None else list(rules)
    spans, kinds = timeline(rules), list(session.scalars(select(CallType)))
    by_type: dict[int, tuple[Span, ...]] = {kind.id: spans((kind.name, kind.description)) for kind in kinds}
    wanted = {(type_id, span.first, span.last) for type_id, mine in by_type.items() for span in mine}
    calls = _counted(session, wanted)
    caught: dict[int, dict[str, int]] = {}
    uncovered: dict[str, int] = {}
    for kind in kinds:
        for span in by_type[kind.id]:
            if count := calls.get((kind.id, span.first, span.last), 0):
                into = uncovered if span.rule is None else caught.setdefault(id(span.rule), {})
                into[kind.name] = into.get(kind.name, 0) + count
    alone = [(rule, decider([rule])) for rule in rules]
    used = {type_id for type_id, _, _ in calls}
    found = []
    for rule, decide in alone:
        mine = caught.get(id(rule), {})
        fits = [kind.name for kind in kinds if kind.id in used and decide(kind.name, kind.description)]
        taken = tuple(sorted(name for name in fits if name not in mine))
        found.append(Catch(rule, sum(mine.values()), _most(mine), taken))
    return found, list(_most(uncovered))


def type_volumes(session: Session) -> list[TypeVolume]:
    """What the calls of every type are under the rules, most calls first; a type stands under each category it has."""
    kinds = {kind.id: kind for kind in session.scalars(select(CallType))}
    stretches = [(type_id, *stretch) for type_id, mine in judged(session).items() for stretch in mine]
    calls = _counted(session, {(type_id, first, last) for type_id, first, last, _ in stretches})
    counts: dict[tuple[int, CallCategory | None], int] = {}
    for type_id, first, last, category in stretches:
        if count := calls.get((type_id, first, last), 0):
            counts[type_id, category] = counts.get((type_id, category), 0) + count
    volumes = [
        TypeVolume(type_id, kinds[type_id].name, count, category, kinds[type_id].description)
        for (type_id, category), count in counts.items()
    ]
    return sorted(volumes, key=lambda v: (-v.calls, v.name))


def _names(session: Session) -> dict[int, str]:
    return dict(session.execute(select(CallType.id, CallType.name)).all())


def _most(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _counted(session: Session, wanted: Iterable[tuple[int, date, date]]) -> dict[tuple[int, date, date], int]:
    """Calls of a type on days (both inclusive); none is left out. One query for each distinct stretch of days."""
    stretches: dict[tuple[date, date], list[int]] = {}
    for type_id, first, last in wanted:
        stretches.setdefault((first, last), []).append(type_id)
    found: dict[tuple[int, date, date], int] = {}
    for (first, last), types in stretches.items():
        asked = select(Call.type_id, func.count()).group_by(Call.type_id)
        if len(types) < _MANY:
            asked = asked.where(Call.type_id.in_(types))
        if first > date.min:
            asked = asked.where(Call.received_on >= first)
        if last < date.max:
            asked = asked.where(Call.received_on <= last)
        mine = set(types)
        found |= {(t, first, last): int(count) for t, count in session.execute(asked) if t in mine}
    return found


_MANY = 500


# --- break lines -----------------------------------------------------------------------------------------


def draw_breaks(session: Session) -> bool:
    """A dated event wherever a dated rule changes what a series counts; others of this source go. Whether one moved.

    A type without a call breaks no series. So this runs when rules change, and when calls come or go. No commit.
    Every time axis draws dated events.
    """
    wanted = _breaks(session, judged(session))
    there = {(e.on_date, e.label): e for e in session.scalars(select(Event).where(Event.source == DATED))}
    for key, event in there.items():
        if key not in wanted:
            session.delete(event)
    new = [key for key in sorted(wanted) if key not in there]
    session.add_all(Event(on_date=d, kind=EventKind.definition, label=text, source=DATED) for d, text in new)
    session.flush()
    return bool(new) or len(there) > len(wanted)


def _breaks(session: Session, now: Judged) -> set[tuple[date, str]]:
    names = _names(session)
    by_day: dict[date, list[str]] = {}
    used = _with_calls(session, [type_id for type_id, stretches in now.items() if len(stretches) > 1])
    for type_id, stretches in now.items():
        if type_id not in used:
            continue
        for (_, _, was), (first, _, category) in pairwise(stretches):
            if was in COUNTED or category in COUNTED:
                is_now = vocab.label(category).lower() if category else "not covered"
                by_day.setdefault(first, []).append(f"{names[type_id]}: {is_now}")
    return {(day, _label(said)) for day, said in by_day.items()}


def _with_calls(session: Session, type_ids: Sequence[int]) -> set[int]:
    """Those of the types that any call is of. One look into the index for each: a count would read millions."""
    return {t for t in type_ids if session.scalars(select(Call.id).where(Call.type_id == t).limit(1)).first()}


def _label(said: Sequence[str]) -> str:
    if len(said) > 1:
        return f"Call rules: {len(said)} types change meaning"
    return f"Call rules: {said[0]}"[:80]


def explained(move: Move, now: Judged) -> bool:
    """Whether a line stands where the move begins or ends, because a dated rule does."""
    edges = {first for first, _, _ in now.get(move.type_id, ()) if first > date.min}
    return move.first in edges or (move.last < date.max and move.last + _DAY in edges)
