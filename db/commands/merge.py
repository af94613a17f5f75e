"""Two codes, one person: merging them so that every row follows, and undoing it so that every row goes back.

Nothing here lists tables: whatever refers to a person by a foreign key moves. A row that the other person has
already (the same role in the same household, say) is taken out and kept in ``Merge.changes``, with which the
undo puts everything back exactly. The code that goes stays readable as "merged into".
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.process import cdist
from sqlalchemy import (
    Column,
    Date,
    Enum,
    Numeric,
    Table,
    UniqueConstraint,
    and_,
    delete,
    insert,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.care import GROUPS
from db.commands.desk import Saved, hold, now_of
from db.commands.people import SAME_BIRTHDAY, Known, alike, everyone, fold
from db.errors import Conflict, Invalid
from db.models import (
    Base,
    CallLink,
    Episode,
    Identity,
    Merge,
    NotTwice,
    Person,
    PersonProfile,
    User,
)
from db.types import Moment, Money
from db.vocab import Scope

STAY = frozenset({"person", "identity", "person_profile", "merge", "not_twice"})
"""Tables about a person whose rows do not move: what they say is filled in, or is about the two codes themselves."""
_FILLED = ("alias", "born_on", "phone", "address")
Row = dict[str, Any]


def _table(model: type[Base]) -> Table:
    return inspect(model).local_table  # type: ignore[return-value]


PEOPLE, EPISODES = _table(Person), _table(Episode)


def merge_people(session: Session, viewer: Viewer, kept_id: int, gone_id: int) -> Saved:
    """Move everything of ``gone_id`` to ``kept_id``. Returns the id of the merge, for its undo.

    Overlapping episodes become one; what the kept record lacks is filled in from the other. Raises Invalid
    for the same person twice, Conflict for a code that was merged already.
    """
    with write(session, viewer, Permission.log_work, "merge people", Scope.work) as note:
        if kept_id == gone_id:
            raise Invalid({"gone_id": "Both are the same person. Choose two different codes."})
        both = {key: hold(session, Person, key, "person") for key in sorted((kept_id, gone_id))}
        kept, gone = both[kept_id], both[gone_id]
        ledger = _Ledger(session)
        for table, column in references(PEOPLE):
            if table.name not in STAY:
                ledger.move(table, column, gone.id, kept.id)
        _fill(session, ledger, kept, gone)
        _join_episodes(session, ledger, kept.id)
        ledger.set(PEOPLE, {"id": gone.id}, {"merged_into_id": kept.id})
        row = Merge(
            kept_id=kept.id, gone_id=gone.id, at=viewer.now, by=viewer.user_id, changes=json.dumps(ledger.entries)
        )
        session.add(row)
        session.flush()
        note.subject, note.detail = f"person {kept.code}", {"merged": gone.code, "rows": len(ledger.entries)}
        session.expire_all()
    return Saved(row.id)


def undo_merge(session: Session, viewer: Viewer, merge_id: int) -> Saved:
    """Put every row back as it was before the merge; what was added to the kept person since stays there.

    Raises Conflict where something the merge changed was changed again since: undoing would lose that.
    """
    with write(session, viewer, Permission.log_work, "undo merge", Scope.work) as note:
        row = hold(session, Merge, merge_id, "merge")
        if row.undone_at is not None:
            raise Conflict(f"This merge was undone on {now_of(session, viewer).local(row.undone_at)}. Reload the page.")
        for key in sorted((row.kept_id, row.gone_id)):
            session.get(Person, key, with_for_update=True, populate_existing=True)
        kept, gone = session.get_one(Person, row.kept_id), session.get_one(Person, row.gone_id)
        if kept.merged_into_id is not None:
            into = session.get_one(Person, kept.merged_into_id).code
            raise Conflict(f"{kept.code} was itself merged into {into} since. Undo that merge first.")
        ledger = _Ledger(session)
        for entry in reversed(json.loads(row.changes)):
            ledger.undo(entry)
        row.undone_at, row.undone_by = viewer.now, viewer.user_id
        note.subject, note.detail = f"person {kept.code}", {"separated": gone.code}
        session.flush()
        session.expire_all()
    return Saved(row.id)


def references(table: Table) -> Iterator[tuple[Table, str]]:
    """(table, column) of every foreign key to the ``id`` of ``table``."""
    for other in Base.metadata.sorted_tables:
        for column in other.columns:
            if any(key.column.table is table for key in column.foreign_keys):
                yield other, column.name


class _Ledger:
    """What was changed, in order, as JSON can hold it: enough to change it back."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.entries: list[Mapping[str, Any]] = []

    def move(self, table: Table, column: str, old: int, new: int) -> None:
        """Rows of ``table`` that refer to ``old`` refer to ``new``; one that is there already is taken out."""
        for row in self._rows(table, table.c[column] == old):
            if self._there(table, column, row | {column: new}):
                self.take_out(table, row)
            else:
                self.set(table, _key(table, row), {column: new})

    def set(self, table: Table, key: Row, values: Row) -> None:
        """Change one row, remembering what stood there."""
        row = self._rows(table, _is(table, key))[0]
        old = {name: row[name] for name in values}
        if old == values:
            return
        self.session.execute(update(table).where(_is(table, key)).values(**values))
        moved = {name: values.get(name, value) for name, value in key.items()}
        self.entries.append({"table": table.name, "key": _out(moved), "old": _out(old), "new": _out(values)})

    def take_out(self, table: Table, row: Row) -> None:
        """Delete one row, remembering all of it."""
        self.session.execute(delete(table).where(_is(table, _key(table, row))))
        self.entries.append({"table": table.name, "row": _out(row)})

    def make(self, table: Table, row: Row) -> None:
        """Insert one row, remembering its key."""
        self.session.execute(insert(table).values(**row))
        self.entries.append({"table": table.name, "made": _out(_key(table, row))})

    def undo(self, entry: Mapping[str, Any]) -> None:
        table = Base.metadata.tables[entry["table"]]
        if "made" in entry:
            self.session.execute(delete(table).where(_is(table, _in(table, entry["made"]))))
            return
        if "row" in entry:
            self.session.execute(insert(table).values(**_in(table, entry["row"])))
            return
        key, old, new = (_in(table, entry[part]) for part in ("key", "old", "new"))
        there = self._rows(table, _is(table, key))
        if not there:
            return  # it was taken out since by its own command (an attempt of a voided entry): nothing to put back
        if any(there[0][name] != value for name, value in new.items()):
            what = ", ".join(name.replace("_", " ") for name in new)
            raise Conflict(
                f"The {table.name.replace('_', ' ')} was changed since the merge ({what}). "
                "Undoing would lose that: change it back first, then undo."
            )
        self.session.execute(update(table).where(_is(table, key)).values(**old))

    def _rows(self, table: Table, where: Any) -> list[Row]:
        order = [table.c[column.name] for column in table.primary_key]
        return [dict(row._mapping) for row in self.session.execute(select(table).where(where).order_by(*order))]

    def _there(self, table: Table, column: str, row: Row) -> bool:
        """Whether a row that may stand there once only stands there already."""
        unique = [tuple(c.name for c in table.primary_key)]
        unique += [
            tuple(c.name for c in rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)
        ]
        unique += [tuple(c.name for c in index.columns) for index in table.indexes if index.unique]
        same = [
            and_(*(table.c[name].is_not_distinct_from(row[name]) for name in names))
            for names in unique
            if column in names
        ]
        return bool(same) and self.session.execute(select(table).where(or_(*same))).first() is not None


def _key(table: Table, row: Row) -> Row:
    return {column.name: row[column.name] for column in table.primary_key}


def _is(table: Table, key: Row) -> Any:
    return and_(*(table.c[name] == value for name, value in key.items()))


def _out(row: Row) -> Row:
    def plain(value: Any) -> Any:
        if isinstance(value, StrEnum):
            return value.value
        if isinstance(value, date):  # a datetime is one as well
            return value.isoformat()
        return str(value) if isinstance(value, Decimal) else value

    return {name: plain(value) for name, value in row.items()}


def _in(table: Table, row: Row) -> Row:
    def typed(column: Column[Any], value: Any) -> Any:
        if value is None:
            return None
        if isinstance(column.type, Enum) and column.type.enum_class is not None:
            return column.type.enum_class(value)
        if isinstance(column.type, Moment):
            return datetime.fromisoformat(value)
        if isinstance(column.type, Date):
            return date.fromisoformat(value)
        return Decimal(value) if isinstance(column.type, Money | Numeric) else value

    return {name: typed(table.c[name], value) for name, value in row.items()}


def _fill(session: Session, ledger: _Ledger, kept: Person, gone: Person) -> None:
    """What the kept record does not know and the other does; supports and gaps of both, one after the other."""
    other = {name: getattr(gone, name) for name in GROUPS}
    told = {n: v for n, v in other.items() if _unknown(getattr(kept, n)) and not _unknown(v)}
    if told:
        ledger.set(PEOPLE, {"id": kept.id}, told)
    mine, theirs = session.get(Identity, kept.id), session.get(Identity, gone.id)
    if mine is not None and theirs is not None:
        told = {n: getattr(theirs, n) for n in _FILLED if not getattr(mine, n) and getattr(theirs, n)}
        if not (mine.alias or told.get("alias")) and not alike((mine.name, None, None), (theirs.name, None, None)):
            told["alias"] = theirs.name
        if told:
            ledger.set(_table(Identity), {"person_id": kept.id}, told)
    profile = session.get(PersonProfile, gone.id)
    if profile is None:
        return
    if session.get(PersonProfile, kept.id) is None:
        ledger.make(_table(PersonProfile), {"person_id": kept.id})
    mine = session.get_one(PersonProfile, kept.id)
    told = {}
    for name in ("supports", "gaps"):
        parts = [text for text in (getattr(mine, name), getattr(profile, name)) if text]
        if parts and "; ".join(parts) != getattr(mine, name):
            told[name] = "; ".join(dict.fromkeys(parts))
    if told:
        ledger.set(_table(PersonProfile), {"person_id": kept.id}, told)


def _unknown(value: Any) -> bool:
    return value is None or value.value == "unknown"


def _join_episodes(session: Session, ledger: _Ledger, person_id: int) -> None:
    """Stretches of care that overlap are one: from the first day of both to the last; the work follows."""
    rows = session.execute(
        select(EPISODES).where(EPISODES.c.person_id == person_id).order_by(EPISODES.c.opened_on, EPISODES.c.id)
    )
    last: Row | None = None
    for row in [dict(r._mapping) for r in rows]:
        if last is None or (last["closed_on"] is not None and last["closed_on"] < row["opened_on"]):
            last = row
            continue
        if last["closed_on"] is not None and (row["closed_on"] is None or row["closed_on"] > last["closed_on"]):
            end = {"closed_on": row["closed_on"], "close_reason": row["close_reason"]}
            ledger.set(EPISODES, {"id": last["id"]}, end)
            last |= end
        for table, column in references(EPISODES):
            ledger.move(table, column, row["id"], last["id"])
        ledger.take_out(EPISODES, row)


# who may be twice, and what was merged


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who may be one, and why."""

    first: Known
    second: Known
    why: str


def likely_pairs(session: Session, people: Sequence[Known] | None = None) -> list[Pair]:
    """Everybody who is probably twice, likest first: an alike name, or the same subject of linked calls.

    Pairs of which the desk said that they are two people are left out. ``people``: everybody, where known already.
    """
    people = everyone(session) if people is None else people
    known = {person.id: person for person in people}
    apart = {tuple(row) for row in session.execute(select(NotTwice.first_id, NotTwice.second_id))}
    pairs = {(a.id, b.id): (score, why) for a, b, score, why in _alike(people)}
    for one, other in _same_subject(session):
        pairs.setdefault((one, other), (100.0, "linked to the same subject of calls"))
    found = [
        (score, Pair(known[one], known[other], why))
        for (one, other), (score, why) in pairs.items()
        if (one, other) not in apart and one in known and other in known
    ]
    return [pair for _, pair in sorted(found, key=lambda f: (-f[0], f[1].first.code))]


def _alike(people: Iterable[Known]) -> Iterator[tuple[Known, Known, float, str]]:
    """Everybody against everybody: all names in one matrix, and only what is near is looked at again."""
    rows = sorted(people, key=lambda p: p.id)
    texts = [(row, _sorted(text)) for row in rows for text in (row.name, row.alias) if text]
    if not texts:
        return
    words = [text for _, text in texts]
    near = cdist(words, words, scorer=fuzz.ratio, score_cutoff=SAME_BIRTHDAY, dtype=np.uint8)
    seen: set[tuple[int, int]] = set()
    for left, right in np.argwhere(near):
        one, other = texts[left][0], texts[right][0]
        if one.id >= other.id or (one.id, other.id) in seen:
            continue
        seen.add((one.id, other.id))
        if score := alike((one.name, one.alias, one.born_on), (other.name, other.alias, other.born_on)):
            yield one, other, score, "same birth date, alike name" if one.born_on and other.born_on else "alike name"


def _sorted(text: str) -> str:
    return " ".join(sorted(fold(text).split()))


def _same_subject(session: Session) -> Iterator[tuple[int, int]]:
    rows = session.execute(
        select(CallLink.person_key, CallLink.person_id)
        .where(CallLink.confirmed, CallLink.person_key.is_not(None))
        .distinct()
        .order_by(CallLink.person_id)
    )
    whose: dict[str | None, list[int]] = {}
    for key, person in rows:
        whose.setdefault(key, []).append(person)
    for ids in whose.values():
        yield from ((one, other) for place, one in enumerate(ids) for other in ids[place + 1 :])


def not_twice(session: Session, viewer: Viewer, one: int, other: int) -> Saved:
    """Two people who look like one are two: the desk is not asked again."""
    with write(session, viewer, Permission.log_work, "keep people apart", Scope.work) as note:
        first, second = (hold(session, Person, key, "person") for key in sorted((one, other)))
        if session.get(NotTwice, (first.id, second.id)) is None:
            session.add(NotTwice(first_id=first.id, second_id=second.id, at=viewer.now, by=viewer.user_id))
        note.subject, note.detail = f"person {first.code}", {"other": second.code}
    return Saved(first.id)


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as the desk reads it."""

    id: int
    kept: str
    gone: str
    at: datetime
    by: str
    undone_at: datetime | None


def merges_of(session: Session, person_id: int) -> list[Merged]:
    """Merges a person was part of, on either side, newest first."""
    kept, gone = aliased(Person), aliased(Person)
    rows = session.execute(
        select(Merge, kept.code, gone.code, User.name)
        .join(kept, kept.id == Merge.kept_id)
        .join(gone, gone.id == Merge.gone_id)
        .outerjoin(User, User.id == Merge.by)
        .where(or_(Merge.kept_id == person_id, Merge.gone_id == person_id))
        .order_by(Merge.at.desc(), Merge.id.desc())
    )
    return [Merged(row.id, into, code, row.at, by or "the desk", row.undone_at) for row, into, code, by in rows]
