"""What calls mean, as the analyst owns it: rules, their order and dates, institutions, the codebook; and undoing it.

Every change counts anew what it moves (``db.cad.current``), stands in the list of changes, and, where it changes
what a series counts, draws a break line (an :class:`~db.models.Event` of kind *definition*): at the day from which a
dated rule counts otherwise, else on the day of the change.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad import current
from db.cad.meaning import falls_in
from db.cad.rule_effects import COUNTED, Judged, Move, draw_breaks, explained, judged, moves
from db.cad.rules import apply_rules, folded, valid_rules
from db.commands.base import Note, write
from db.engine import raise_version
from db.errors import Conflict, Invalid, NotFound
from db.forms import day as day_text
from db.forms.calls import RuleForm
from db.models import Call, CallRule, CallRuleChange, CallType, Event, Location
from db.vocab import CallCategory, EventKind, RuleKind, Scope, label
from db.vocab.rules import RuleAction

CHANGED = "rule change"
"""``Event.source`` of the line on the day somebody changed a rule that has no dates."""
STEP = 10


# --- rules -----------------------------------------------------------------------------------------------


@current.reading_ahead
def assign_categories(
    session: Session, viewer: Viewer, type_ids: Sequence[int], category: CallCategory
) -> list[CallRule]:
    """An exact rule for each of these call types, before all others; an undated exact rule there is, is changed."""
    with write(session, viewer, Permission.import_calls, "assign call type", Scope.calls) as note:
        kinds = {kind.id: kind for kind in session.scalars(select(CallType).where(CallType.id.in_(type_ids)))}
        if missing := [type_id for type_id in type_ids if type_id not in kinds]:
            raise NotFound(f"There is no call type {missing[0]}.")
        then, made = judged(session), []
        for type_id in type_ids:
            made.append((type_id, *_exactly(session, kinds[type_id].name, category)))
        moved, now = _recount(session, viewer, then)
        for type_id, _, change in made:
            mine = [move for move in moved if move.type_id == type_id]
            change.types, change.calls = len({m.type_id for m in mine}), sum(m.calls for m in mine)
            _record(session, viewer, note, change, breaks=_breaks(mine, now))
        return [rule for _, rule, _ in made]


def _exactly(session: Session, name: str, category: CallCategory) -> tuple[CallRule, CallRuleChange]:
    """The undated exact rule of a type, new or changed, before all others."""
    exact = select(CallRule).where(CallRule.kind == RuleKind.exact, CallRule.valid_from.is_(None))
    rules = [r for r in session.scalars(exact) if folded(r.value) == folded(name) and r.valid_until is None]
    rule, position = next(iter(rules), None), _before_all(session)
    before = _kept(rule) if rule is not None and rule.removed_at is None else None
    if rule is None:
        rule = CallRule(kind=RuleKind.exact, value=name)
    rule.removed_at, rule.position, rule.category = None, position, category
    session.add(rule)
    session.flush()
    action = RuleAction.edited if before else RuleAction.added
    return rule, CallRuleChange(action=action, rule_id=rule.id, subject=named(rule), before=before, after=_kept(rule))


@current.reading_ahead
def add_rule(session: Session, viewer: Viewer, form: RuleForm) -> CallRule:
    """A new rule, before all others. Raises :class:`Invalid` where the same is there for some of the same days."""
    with write(session, viewer, Permission.import_calls, "add call rule", Scope.calls) as note:
        _unlike_others(session, form, None)
        then = judged(session)
        twin = select(CallRule).where(CallRule.kind == form.kind, CallRule.value == form.value)
        rule = session.scalar(
            twin.where(CallRule.removed_at.is_not(None), CallRule.valid_from.is_not_distinct_from(form.valid_from))
        )
        position = _before_all(session)
        if rule is None:
            rule = CallRule(kind=form.kind, value=form.value)
        rule.removed_at, rule.position = None, position
        _fill(rule, form)
        session.add(rule)
        session.flush()
        change = CallRuleChange(action=RuleAction.added, rule_id=rule.id, subject=named(rule), after=_kept(rule))
        _settle(session, viewer, note, then, change)
        return rule


@current.reading_ahead
def edit_rule(session: Session, viewer: Viewer, rule_id: int, form: RuleForm, *, first: bool = False) -> CallRule:
    """Change a rule's text, kind, category, dates or note; ``first`` also puts it before all others."""
    with write(session, viewer, Permission.import_calls, "change call rule", Scope.calls) as note:
        rule = _rule(session, rule_id)
        _unlike_others(session, form, rule)
        then, before = judged(session), _kept(rule)
        rule.kind, rule.value = form.kind, form.value
        _fill(rule, form)
        if first:
            rule.position = _before_all(session)
        session.flush()
        change = CallRuleChange(
            action=RuleAction.edited, rule_id=rule_id, subject=named(rule), before=before, after=_kept(rule)
        )
        if before != change.after:
            _settle(session, viewer, note, then, change)
        return rule


@current.reading_ahead
def end_rule(session: Session, viewer: Viewer, rule_id: int, last_day: date) -> CallRule:
    """Let a rule count up to ``last_day``, inclusive; calls before keep their meaning."""
    with write(session, viewer, Permission.import_calls, "end call rule", Scope.calls) as note:
        rule = _rule(session, rule_id)
        if rule.valid_from and last_day < rule.valid_from:
            raise Invalid(
                {"valid_until": f"{day_text(last_day)} is before the rule begins ({day_text(rule.valid_from)})."}
            )
        then, before = judged(session), _kept(rule)
        rule.valid_until = last_day
        session.flush()
        change = CallRuleChange(
            action=RuleAction.ended, rule_id=rule_id, subject=named(rule), before=before, after=_kept(rule)
        )
        _settle(session, viewer, note, then, change)
        return rule


@current.reading_ahead
def move_rule(session: Session, viewer: Viewer, rule_id: int, place: int) -> None:
    """Put a rule at ``place`` in the order, counted from 1; the first rule that fits decides."""
    with write(session, viewer, Permission.import_calls, "order call rules", Scope.calls) as note:
        rule, then = _rule(session, rule_id), judged(session)
        order = [each.id for each in valid_rules(session)]
        if not 1 <= place <= len(order):
            raise Invalid({"place": f"There is no place {place}: the rules stand at 1 to {len(order)}."})
        now = [each for each in order if each != rule_id]
        now.insert(place - 1, rule_id)
        if now == order:
            return
        _put_in_order(session, now)
        change = CallRuleChange(
            action=RuleAction.moved,
            rule_id=rule_id,
            subject=f"{named(rule)}: from place {order.index(rule_id) + 1} to {place}"[:200],
            before={"order": order},
            after={"order": now},
        )
        _settle(session, viewer, note, then, change)


@current.reading_ahead
def remove_rule(session: Session, viewer: Viewer, rule_id: int) -> int:
    """Drop a rule; its types fall to the next rule that fits, or to none. How many types changed."""
    with write(session, viewer, Permission.import_calls, "remove call rule", Scope.calls) as note:
        rule, then = _rule(session, rule_id), judged(session)
        change = CallRuleChange(action=RuleAction.removed, rule_id=rule_id, subject=named(rule), before=_kept(rule))
        rule.removed_at = viewer.now
        _settle(session, viewer, note, then, change)
        return change.types


# --- institutions and codebook ---------------------------------------------------------------------------


@current.reading_ahead
def mark_institutions(session: Session, viewer: Viewer, marks: Mapping[int, bool]) -> int:
    """Say which places are shelters, hospitals or stations (True) or are not: how many changed.

    Calls there are neither counted as repeat calls nor judged. Everything is counted anew once.
    """
    changed = 0
    with write(session, viewer, Permission.import_calls, "mark institutions", Scope.calls) as note:
        found = {place.id: place for place in session.scalars(select(Location).where(Location.id.in_(marks)))}
        if missing := sorted(set(marks) - set(found)):
            raise NotFound(f"There is no location {missing[0]}.")
        for action, wanted in ((RuleAction.marked, True), (RuleAction.unmarked, False)):
            places = [found[k] for k in sorted(marks) if marks[k] is wanted and found[k].is_institution is not wanted]
            if places:
                _mark(session, viewer, note, action, places, wanted)
                changed += len(places)
        if changed:
            current.refresh(session)
    return changed


def _mark(
    session: Session, viewer: Viewer, note: Note, action: RuleAction, places: Sequence[Location], wanted: bool
) -> None:
    ids = [place.id for place in places]
    calls = session.scalar(select(func.count(Call.id)).where(Call.location_id.in_(ids), falls_in(*COUNTED))) or 0
    for place in places:
        place.is_institution = wanted
    names = ", ".join(place.name for place in places)
    change = CallRuleChange(
        action=action, subject=_short(names, 200), after={"locations": ids}, calls=calls, types=0, before=None
    )
    _record(session, viewer, note, change, breaks=calls > 0)


@current.reading_ahead
def describe_types(session: Session, viewer: Viewer, codes: Mapping[str, str]) -> int:
    """Write what codes mean beside the types (code → description): how many types got one. Patterns look there too."""
    with write(session, viewer, Permission.import_calls, "read codebook", Scope.calls) as note:
        then = judged(session)
        wanted = {folded(code): " ".join(text.split())[:200] for code, text in codes.items() if text.strip()}
        before: dict[str, str | None] = {}
        for kind in session.scalars(select(CallType)):
            text = wanted.get(folded(kind.name))
            if text and text != kind.description:
                before[str(kind.id)] = kind.description
                kind.description = text
        session.flush()
        if before:
            subject = f"{len(before)} types described"
            after = {"of": len(before)}
            change = CallRuleChange(
                action=RuleAction.described, subject=subject, before={"descriptions": before}, after=after
            )
            _settle(session, viewer, note, then, change)
        return len(before)


# --- undo ------------------------------------------------------------------------------------------------


@current.reading_ahead
def undo_change(session: Session, viewer: Viewer, change_id: int) -> CallRuleChange:
    """Put back what stood before a change; its break line goes. Raises :class:`Conflict` where it was changed since."""
    with write(session, viewer, Permission.import_calls, "undo call rule change", Scope.calls) as note:
        change = session.get(CallRuleChange, change_id)
        if change is None:
            raise NotFound(f"There is no change {change_id}.")
        if change.undone_at is not None:
            raise Conflict(f"This was undone on {day_text(change.undone_at.date())} by {change.undone_by}.")
        if newer := _newer(session, change):
            raise Conflict(f"“{newer.subject}” was changed again after this. Undo that first.")
        then = judged(session)
        _put_back(session, viewer, change)
        session.flush()
        change.undone_at, change.undone_by = viewer.now, viewer.name
        _recount(session, viewer, then, whole=change.action in (RuleAction.marked, RuleAction.unmarked))
        event, change.event_id = change.event_id, None
        session.flush()
        if event is not None:
            _without_line(session, event)
        note.subject = f"call_rule_change {change_id}"
        return change


def _newer(session: Session, change: CallRuleChange) -> CallRuleChange | None:
    """A later change, not undone, of the same thing."""
    later = (
        select(CallRuleChange)
        .where(CallRuleChange.id > change.id, CallRuleChange.undone_at.is_(None))
        .order_by(CallRuleChange.id.desc())
    )
    if change.action in (RuleAction.marked, RuleAction.unmarked):
        mine = set((change.after or {}).get("locations", ()))
        marks = later.where(CallRuleChange.action.in_((RuleAction.marked, RuleAction.unmarked)))
        return next((c for c in session.scalars(marks) if mine & set((c.after or {}).get("locations", ()))), None)
    if change.action in (RuleAction.moved, RuleAction.described):
        return session.scalar(later.where(CallRuleChange.action == change.action).limit(1))
    return session.scalar(later.where(CallRuleChange.rule_id == change.rule_id).limit(1))


def _put_back(session: Session, viewer: Viewer, change: CallRuleChange) -> None:
    before = change.before or {}
    if change.action in (RuleAction.marked, RuleAction.unmarked):
        for place in session.scalars(select(Location).where(Location.id.in_((change.after or {})["locations"]))):
            place.is_institution = change.action is RuleAction.unmarked
    elif change.action is RuleAction.described:
        for kind in session.scalars(select(CallType).where(CallType.id.in_(map(int, before["descriptions"])))):
            kind.description = before["descriptions"][str(kind.id)]
    elif change.action is RuleAction.moved:
        there = [rule.id for rule in valid_rules(session)]
        _put_in_order(
            session, [*(r for r in there if r not in before["order"]), *(r for r in before["order"] if r in there)]
        )
    else:
        rule = session.get_one(CallRule, change.rule_id)
        if change.action is RuleAction.added:
            rule.removed_at = viewer.now
        else:
            _restore(session, rule, before)


def _restore(session: Session, rule: CallRule, before: Mapping[str, Any]) -> None:
    rule.kind, rule.value = RuleKind(before["kind"]), before["value"]
    rule.category, rule.position, rule.note = CallCategory(before["category"]), before["position"], before["note"]
    rule.valid_from, rule.valid_until = _day(before["valid_from"]), _day(before["valid_until"])
    rule.removed_at = None
    twins = [r for r in valid_rules(session) if r is not rule and (r.kind, r.value) == (rule.kind, rule.value)]
    if any(_overlap(rule.valid_from, rule.valid_until, twin) for twin in twins):
        raise Conflict(f"There is another rule “{rule.value}” for the same days now. Remove that one first.")


# --- the parts of a change -------------------------------------------------------------------------------


def _settle(session: Session, viewer: Viewer, note: Note, then: Judged, change: CallRuleChange) -> None:
    """Judge and count anew, and write the change down with what it moved."""
    moved, now = _recount(session, viewer, then)
    change.types = len({move.type_id for move in moved})
    change.calls = sum(move.calls for move in moved)
    _record(session, viewer, note, change, breaks=_breaks(moved, now))


def _breaks(moved: Sequence[Move], now: Judged) -> bool:
    """Whether today needs a line: a series changes, and no line of a dated rule says where."""
    return any(move.counts and not explained(move, now) for move in moved)


def _recount(session: Session, viewer: Viewer, then: Judged, *, whole: bool = False) -> tuple[list[Move], Judged]:
    apply_rules(session, viewer.today)
    now = judged(session)
    moved = moves(session, then, now)
    if draw_breaks(session):
        raise_version(session, Scope.setup)
    first = min((move.first for move in moved if move.calls), default=None)
    if whole:
        current.refresh(session)
    elif first is not None:
        joined = {category for move in moved if move.calls for category in (move.was, move.now)}
        current.refresh(session, since=None if first == date.min else first, moved=[c for c in COUNTED if c in joined])
    return moved, now


def _record(session: Session, viewer: Viewer, note: Note, change: CallRuleChange, *, breaks: bool) -> None:
    change.at, change.by = viewer.now, viewer.name
    if breaks:
        change.event_id = _line(session, viewer.today).id
    session.add(change)
    session.flush()
    if breaks:
        _relabel(session, session.get_one(Event, change.event_id))
        raise_version(session, Scope.setup)
    note.subject = f"call_rule {change.rule_id}" if change.rule_id else "institutions"
    note.detail = {"action": change.action.value, "types": change.types, "calls": change.calls}


def _line(session: Session, today: date) -> Event:
    """Today's break line: one, however many rules change today."""
    line = session.scalar(select(Event).where(Event.source == CHANGED, Event.on_date == today))
    if line is None:
        line = Event(on_date=today, kind=EventKind.definition, label="Call rules changed", source=CHANGED)
        session.add(line)
        session.flush()
    return line


def _relabel(session: Session, line: Event) -> None:
    mine = select(CallRuleChange).where(CallRuleChange.event_id == line.id, CallRuleChange.undone_at.is_(None))
    changes = session.scalars(mine).all()
    one = f"Call rules: {changes[0].subject}" if changes else "Call rules changed"
    line.label = _short(one, 80) if len(changes) < 2 else f"Call rules: {len(changes)} changes"


def _without_line(session: Session, event_id: int) -> None:
    """The line goes with the last change that drew it."""
    line = session.get_one(Event, event_id)
    if session.scalar(select(CallRuleChange.id).where(CallRuleChange.event_id == event_id).limit(1)) is None:
        session.delete(line)
    else:
        _relabel(session, line)
    session.flush()
    raise_version(session, Scope.setup)


def _unlike_others(session: Session, form: RuleForm, but: CallRule | None) -> None:
    for rule in valid_rules(session):
        same = rule.kind is form.kind and folded(rule.value) == folded(form.value)
        if rule is not but and same and _overlap(form.valid_from, form.valid_until, rule):
            days = f" for {_days(rule)}" if rule.valid_from or rule.valid_until else ""
            raise Invalid({"value": f"There is a rule “{form.value}” already{days}. Change or remove that one."})


def _overlap(first: date | None, last: date | None, other: CallRule) -> bool:
    starts = max(first or date.min, other.valid_from or date.min)
    return starts <= min(last or date.max, other.valid_until or date.max)


def _fill(rule: CallRule, form: RuleForm) -> None:
    rule.category, rule.note = form.category, form.note
    rule.valid_from, rule.valid_until = form.valid_from, form.valid_until


def _put_in_order(session: Session, ids: Sequence[int]) -> None:
    rules = {rule.id: rule for rule in valid_rules(session)}
    for place, rule_id in enumerate(ids, start=1):
        rules[rule_id].position = STEP * place
    session.flush()


def _rule(session: Session, rule_id: int) -> CallRule:
    rule = session.get(CallRule, rule_id)
    if rule is None or rule.removed_at is not None:
        raise NotFound(f"There is no call rule {rule_id}. It may have been removed a moment ago.")
    return rule


def _before_all(session: Session) -> int:
    return (session.scalar(select(func.min(CallRule.position))) or 0) - 1


def named(rule: CallRule) -> str:
    """“noise”: comparison type, from 1 Jan 2026."""
    dates = f", {_days(rule)}" if rule.valid_from or rule.valid_until else ""
    return _short(f"“{_short(rule.value, 100)}”: {label(rule.category).lower()}{dates}", 200)


def _days(rule: CallRule) -> str:
    parts = [f"from {day_text(rule.valid_from)}" if rule.valid_from else ""]
    parts.append(f"until {day_text(rule.valid_until)}" if rule.valid_until else "")
    return " ".join(filter(None, parts))


def _kept(rule: CallRule) -> dict[str, Any]:
    return {
        "position": rule.position,
        "kind": rule.kind.value,
        "value": rule.value,
        "category": rule.category.value,
        "valid_from": rule.valid_from.isoformat() if rule.valid_from else None,
        "valid_until": rule.valid_until.isoformat() if rule.valid_until else None,
        "note": rule.note,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 2]} …"
