"""From readable rows to calls: the same call once, whatever file tells of it, stored in bulk.

Two rows tell of the same call when they have the same incident number and were received within
:data:`SAME_CALL_DAYS` of each other (some departments use a number again); without a number, when
moment, type and place are the same. All of it happens in the caller's transaction.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from typing import cast as cast_to

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    cast,
    extract,
    func,
    select,
)
from sqlalchemy.orm import Session

from db.cad.bulk import bulk_insert
from db.cad.read import NO_TYPE, Parsed, Progress, Refusal, Rows, silent, unswept
from db.cad.report import EPOCH
from db.cad.rules import folded
from db.models import Call, CallType, Location

SAME_CALL_DAYS = 7
BATCH = 20_000
_LONGEST_NUMBER = 40


@dataclass(slots=True)
class Distinct:
    """The file's calls, one row each with its ``key``, in order of line."""

    calls: Rows
    merged: int
    refused: list[Refusal]
    notes: list[str]


def distinct_calls(parsed: Parsed) -> Distinct:
    """Bring the rows that tell of one call together. The earliest row speaks; others fill its blanks."""
    calls, refused = _short_numbers(parsed.calls)
    calls = replace(calls, key=_keys(calls, parsed))
    repeated = np.flatnonzero(_perhaps_repeated(calls.key))
    if not len(repeated):
        return Distinct(calls, 0, refused, [])
    speaking, told, notes = _merged(calls.at(repeated), parsed)
    keep = np.ones(len(calls), bool)
    keep[repeated] = False
    keep[repeated[speaking]] = True
    for column, values in told.items():
        getattr(calls, column)[repeated[speaking]] = values
    return Distinct(calls if keep.all() else calls.at(keep), int((~keep).sum()), refused, notes)


def _short_numbers(calls: Rows) -> tuple[Rows, list[Refusal]]:
    lengths = np.fromiter(map(len, calls.incident), np.int64, len(calls))
    too_long = lengths > _LONGEST_NUMBER
    if not too_long.any():
        return calls, []
    refused = [
        Refusal(line, f"the incident number “{number[:30]}…” is longer than {_LONGEST_NUMBER} characters")
        for line, number in zip(calls.line[too_long].tolist(), calls.incident[too_long], strict=True)
    ]
    return calls.at(~too_long), refused


def _perhaps_repeated(keys: np.ndarray) -> np.ndarray:
    """Rows whose key, or by rare chance only its hash, occurs again: a number per row instead of a text."""
    hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
    return pd.Series(hashes).duplicated(keep=False).to_numpy()


def _keys(calls: Rows, parsed: Parsed) -> np.ndarray:
    """The incident number, or “~” with the moment and a hash of type and place. Never a person key."""
    keys = calls.incident.copy()
    without = keys == ""
    if without.any():
        rows = calls.at(without)
        pairs, codes = np.unique(np.column_stack([rows.type, rows.location]), axis=0, return_inverse=True)
        places = [*parsed.places, ""]
        hashes = [
            hashlib.blake2b(f"{folded(parsed.types[t])}\0{places[p]}".encode(), digest_size=10).hexdigest()
            for t, p in pairs.tolist()
        ]
        made = zip(rows.utc.tolist(), codes.ravel().tolist(), strict=True)
        keys[without] = [f"~{moment:x}-{hashes[code]}" for moment, code in made]
    return keys


def _merged(rows: Rows, parsed: Parsed) -> tuple[np.ndarray, dict[str, np.ndarray], list[str]]:
    """Of rows that share their key: which row speaks for each call, what it tells now, and what to say."""
    codes = pd.factorize(rows.key)[0]
    order = np.lexsort((rows.line, rows.utc, codes))
    rows, codes = rows.at(order), codes[order]
    other_key = np.diff(codes, prepend=-1) != 0
    later = ~other_key & (np.diff(rows.utc, prepend=0) > SAME_CALL_DAYS * 86_400)
    starts = np.flatnonzero(other_key | later)
    keys, again = rows.key[starts], np.flatnonzero(later[starts])
    for k in again:
        keys[k] = dated_key(keys[k], int(rows.day[starts[k]]))
    no_type = parsed.types.index(NO_TYPE) if NO_TYPE in parsed.types else -1
    told = {
        "key": keys,
        "type": _first_told(rows.type, starts, no_type),
        "location": _first_told(rows.location, starts),
        "disposition": _first_told(rows.disposition, starts),
        "person": _first_told(rows.person, starts),
    }
    notes = []
    if len(again):
        numbers = "1 incident number is" if len(again) == 1 else f"{len(again):,} incident numbers are"
        example = rows.incident[starts[again[0]]]
        notes = [
            f"{numbers} used again more than {SAME_CALL_DAYS} days later (such as {example}): "
            "kept as calls of their own."
        ]
    return order[starts], told, notes


def _first_told(codes: np.ndarray, starts: np.ndarray, nothing: int = -1) -> np.ndarray:
    """For each run that begins at ``starts`` its first code that says something; its first one where none does."""
    far = len(codes)
    told = np.where((codes >= 0) & (codes != nothing), np.arange(far), far)
    first = np.minimum.reduceat(told, starts)
    return codes[np.where(first < far, first, starts)]


def dated_key(number: str, day: int | np.integer) -> str:
    """The key of a later call under a number that was used before."""
    return f"{number}@{EPOCH + timedelta(days=int(day)):%Y%m%d}"


def already_there(session: Session, calls: Rows) -> tuple[np.ndarray, np.ndarray]:
    """(which of ``calls`` the database holds, the keys under which the others are to be stored)."""
    keys, there = calls.key.copy(), np.zeros(len(calls), bool)
    if session.scalar(select(Call.id).limit(1)) is None:
        return there, keys
    rows, stored = _same_keys(session, keys.tolist())
    near = np.abs(stored - calls.utc[rows]) <= SAME_CALL_DAYS * 86_400
    there[rows[near]] = True
    again = np.flatnonzero((calls.key != calls.incident) & (calls.incident != "") & ~there)  # dated keys
    for row in {*rows[~near].tolist(), *again.tolist()}:
        there[row], keys[row] = _used_again(session, str(calls.incident[row]), int(calls.utc[row]), int(calls.day[row]))
    return there, keys


_INCOMING = Table(
    "incoming_call",
    MetaData(),
    Column("row", Integer, nullable=False),
    Column("key", String(80), nullable=False),
    prefixes=["TEMPORARY"],
)


def _same_keys(session: Session, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(rows of ``keys`` that the database has, when those calls were received in UTC seconds)."""
    connection = session.connection()
    _INCOMING.create(connection)
    try:
        bulk_insert(session, _INCOMING, ("row", "key"), enumerate(keys))
        found = session.execute(
            select(_INCOMING.c.row, cast(extract("epoch", Call.received_at), BigInteger)).join(
                Call, Call.identity_key == _INCOMING.c.key
            )
        ).all()
    finally:
        _INCOMING.drop(connection)
    both = np.array([tuple(row) for row in found], np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _used_again(session: Session, number: str, utc: int, day: int) -> tuple[bool, str]:
    """A number the database has for another call, long before or after: look for this one under its dated keys."""
    days = range(day - SAME_CALL_DAYS, day + SAME_CALL_DAYS + 1)
    names = [number, *(dated_key(number, k) for k in days)]
    moments = session.scalars(
        select(cast(extract("epoch", Call.received_at), BigInteger)).where(Call.identity_key.in_(names))
    )
    return any(abs(moment - utc) <= SAME_CALL_DAYS * 86_400 for moment in moments), dated_key(number, day)


def store(session: Session, parsed: Parsed, calls: Rows, import_id: int, progress: Progress = silent) -> None:
    """Add ``calls`` (with their final ``key``), their types and places. Does not commit."""
    types = _type_ids(session, parsed.types, np.unique(calls.type))
    places = _place_ids(session, parsed.places, np.unique(calls.location))
    table = cast_to(Table, Call.__table__)
    dialect = session.get_bind().dialect.name
    with _indexes_later(session, len(calls)), unswept():
        for start in range(0, len(calls), BATCH):
            part = calls.at(slice(start, start + BATCH))
            bulk_insert(session, table, COLUMNS, _tuples(part, parsed, types, places, import_id, dialect))
            progress("storing", min(start + BATCH, len(calls)), len(calls))


@contextmanager
def _indexes_later(session: Session, rows: int) -> Iterator[None]:
    """On SQLite, a load that outweighs what is there makes the indexes at its end, in the same transaction.

    PostgreSQL would lock readers out meanwhile, so there they stay.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    table = cast_to(Table, Call.__table__)
    outweighs = rows >= BATCH and rows > (session.scalar(select(func.max(Call.id))) or 0)
    indexes = sorted(table.indexes, key=lambda index: str(index.name)) if outweighs else []
    usual = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql("PRAGMA cache_size = -131072")  # else index pages are written out again and again
    try:
        for index in indexes:
            index.drop(connection)
        yield
        for index in indexes:
            index.create(connection)
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {int(usual)}")


COLUMNS = (
    "identity_key", "incident_number", "received_at", "received_on", "type_id", "location_id", "person_key",
    "disposition", "import_id",
)  # fmt: skip


def _tuples(
    part: Rows, parsed: Parsed, types: np.ndarray, places: np.ndarray, import_id: int, dialect: str
) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver takes them. Moments are texts in the very form SQLAlchemy's types store."""
    days, seconds = np.divmod(part.utc, 86_400)
    received = _day_texts(days) + _clock_texts(".000000" if dialect == "sqlite" else "+00")[seconds]
    nobody = np.array([None], dtype=object)  # code -1 picks the last one
    where = np.concatenate([places.astype(object), nobody])
    how = np.concatenate([np.array(parsed.dispositions, dtype=object), nobody])
    who = np.concatenate([np.array(parsed.persons, dtype=object), nobody])
    return zip(
        part.key.tolist(),
        [number or None for number in part.incident.tolist()],
        received.tolist(),
        _day_texts(part.day).tolist(),
        types[part.type].tolist(),
        where[part.location].tolist(),
        who[part.person].tolist(),
        how[part.disposition].tolist(),
        [import_id] * len(part),
        strict=True,
    )


def _day_texts(days: np.ndarray) -> np.ndarray:
    """“2018-01-01” for each, made once for each distinct day."""
    distinct, codes = np.unique(days, return_inverse=True)
    return np.datetime_as_string(distinct.astype("datetime64[D]")).astype(object)[codes]


@cache
def _clock_texts(tail: str) -> np.ndarray:
    """“ 18:19:00” and the tail, for each second of a day."""
    seconds = range(86_400)
    return np.array([f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}{tail}" for s in seconds], dtype=object)


def _type_ids(session: Session, names: Sequence[str], used: np.ndarray) -> np.ndarray:
    """Ids by code. Types are the same when case, spacing and underscores are; the first spelling stays."""
    known = {folded(row.name): row.id for row in session.execute(select(CallType.name, CallType.id))}
    new = {folded(names[k]): names[k] for k in map(int, used) if folded(names[k]) not in known}
    if new:
        added = [CallType(name=name) for name in new.values()]
        session.add_all(added)
        session.flush()
        known |= {folded(kind.name): kind.id for kind in added}
    return np.array([known.get(folded(name), -1) for name in names], np.int64)


def _place_ids(session: Session, names: Sequence[str], used: np.ndarray) -> np.ndarray:
    wanted = [names[k] for k in map(int, used) if k >= 0]
    newest = session.scalar(select(func.max(Location.id))) or 0
    known: dict[str, int] = {}
    for start in range(0, len(wanted) if newest else 0, _NAMES):
        part = Location.name.in_(wanted[start : start + _NAMES])
        known |= dict(session.execute(select(Location.name, Location.id).where(part)).all())
    new = [(name, False) for name in wanted if name not in known]
    bulk_insert(session, cast_to(Table, Location.__table__), ("name", "is_institution"), new)
    added = select(Location.name, Location.id).where(Location.id > newest)
    known |= dict(session.execute(added).all())
    return np.array([known.get(name, -1) for name in names], np.int64)


_NAMES = 5_000


def as_day(number: int | np.integer) -> date:
    """A day from its number since 1970-01-01."""
    return EPOCH + timedelta(days=int(number))
