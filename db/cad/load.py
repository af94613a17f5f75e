"""From readable rows to calls: the same call once, whatever file tells of it, stored in bulk.

Two rows tell of the same call when they have the same incident number and were received within
:data:`SAME_CALL_DAYS` of each other (some departments use a number again); without a number, when
moment, type and place are the same. All of it happens in the caller's transaction.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from typing import cast as cast_to

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    Column,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    cast,
    delete,
    extract,
    func,
    select,
)
from sqlalchemy.orm import Session

from db.cad.read import NO_TYPE, Parsed, Progress, Refusal, silent, unswept
from db.cad.report import EPOCH, missing_days
from db.cad.rules import folded
from db.models import Call, CallGap, CallType, Location

SAME_CALL_DAYS = 7
BATCH = 20_000
DERIVED_GAP = "no call in the data"
_LONGEST_NUMBER = 40


@dataclass(slots=True)
class Distinct:
    """The file's calls: ``calls`` as in :class:`Parsed` plus ``key``, one row per call, in order of line."""

    calls: pd.DataFrame
    merged: int
    refused: list[Refusal]
    notes: list[str]


def distinct_calls(parsed: Parsed) -> Distinct:
    """Bring the rows that tell of one call together. The earliest row speaks; others fill its blanks."""
    calls, refused = parsed.calls, []
    lengths = np.fromiter(map(len, calls["incident"]), np.int64, len(calls))
    if (too_long := lengths > _LONGEST_NUMBER).any():
        refused = [
            Refusal(int(line), f"the incident number “{number[:30]}…” is longer than {_LONGEST_NUMBER} characters")
            for line, number in calls.loc[too_long, ["line", "incident"]].itertuples(index=False)
        ]
        calls = calls[~too_long].reset_index(drop=True)
    calls = calls.assign(key=_keys(calls, parsed))
    repeated = _perhaps_repeated(calls["key"])
    if not repeated.any():
        return Distinct(calls, 0, refused, [])
    several, notes = _merged(calls[repeated].assign(code=pd.factorize(calls.loc[repeated, "key"])[0]), parsed)
    kept = pd.concat([calls[~repeated], several], ignore_index=True).sort_values("line", ignore_index=True)
    return Distinct(kept, len(calls) - len(kept), refused, notes)


def _perhaps_repeated(keys: pd.Series) -> np.ndarray:
    """Rows whose key, or by rare chance only its hash, occurs again: a number per row instead of a text."""
    hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
    return pd.Series(hashes).duplicated(keep=False).to_numpy()


def _keys(calls: pd.DataFrame, parsed: Parsed) -> pd.Series:
    """The incident number, or “~” with the moment and a hash of type and place. Never a person key."""
    keys = calls["incident"].copy()
    without = keys.eq("").to_numpy()
    if without.any():
        rows = calls.loc[without, ["utc", "type", "location"]]
        pairs, codes = np.unique(rows[["type", "location"]].to_numpy(), axis=0, return_inverse=True)
        places = [*parsed.places, ""]
        hashes = [
            hashlib.blake2b(f"{folded(parsed.types[t])}\0{places[p]}".encode(), digest_size=10).hexdigest()
            for t, p in pairs.tolist()
        ]
        moments = rows["utc"].tolist()
        keys[without] = [f"~{moment:x}-{hashes[code]}" for moment, code in zip(moments, codes.ravel(), strict=True)]
    return keys


def _merged(rows: pd.DataFrame, parsed: Parsed) -> tuple[pd.DataFrame, list[str]]:
    rows = rows.sort_values(["code", "utc", "line"], kind="stable", ignore_index=True)
    new_code = rows["code"].diff().ne(0)
    far = rows["utc"].diff().gt(SAME_CALL_DAYS * 86_400) & ~new_code
    call = (new_code | far).cumsum()
    fills = ["type", "location", "disposition", "person"]
    told = rows[fills].where(rows[fills] >= 0)
    if NO_TYPE in parsed.types:
        told["type"] = told["type"].where(told["type"] != parsed.types.index(NO_TYPE))
    first = rows.groupby(call, sort=False).head(1).reset_index(drop=True)
    told = told.groupby(call, sort=False).first().reset_index(drop=True)
    fallback = first[fills]
    first[fills] = told.where(told.notna(), fallback).astype(np.int32)
    again = far.groupby(call, sort=False).first().to_numpy()
    first.loc[again, "key"] = [dated_key(k, d) for k, d in zip(first["key"][again], first["day"][again], strict=True)]
    notes = []
    if again.any():
        example = first.loc[again, "incident"].iloc[0]
        notes.append(
            f"{int(again.sum()):,} incident numbers are used again more than {SAME_CALL_DAYS} days later "
            f"(such as {example}): kept as calls of their own."
        )
    return first.drop(columns="code"), notes


def dated_key(number: str, day: int) -> str:
    """The key of a later call under a number that was used before."""
    return f"{number}@{EPOCH + timedelta(days=int(day)):%Y%m%d}"


def already_there(session: Session, calls: pd.DataFrame) -> tuple[np.ndarray, pd.Series]:
    """(which of ``calls`` the database holds, the keys under which the others are to be stored)."""
    keys, there = calls["key"].copy(), np.zeros(len(calls), bool)
    if session.scalar(select(Call.id).limit(1)) is None:
        return there, keys
    rows, stored = _same_keys(session, keys.tolist())
    moments = calls["utc"].to_numpy()[rows]
    near = np.abs(stored - moments) <= SAME_CALL_DAYS * 86_400
    there[rows[near]] = True
    for row in rows[~near]:
        there[row], keys.iloc[row] = _used_again(session, calls.iloc[row])
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


def _used_again(session: Session, call: pd.Series) -> tuple[bool, str]:
    """A number the database has for another call, long before or after: look for this one under its dated keys."""
    number, days = call["incident"], range(-SAME_CALL_DAYS, SAME_CALL_DAYS + 1)
    names = [number] + [dated_key(number, call["day"] + away) for away in days]
    moments = session.scalars(
        select(cast(extract("epoch", Call.received_at), BigInteger)).where(Call.identity_key.in_(names))
    )
    there = any(abs(moment - call["utc"]) <= SAME_CALL_DAYS * 86_400 for moment in moments)
    return there, dated_key(number, call["day"])


def store(session: Session, parsed: Parsed, calls: pd.DataFrame, import_id: int, progress: Progress = silent) -> None:
    """Add ``calls`` (with their final ``key``), their types and places. Does not commit."""
    types = _type_ids(session, parsed.types, np.unique(calls["type"]))
    places = _place_ids(session, parsed.places, np.unique(calls["location"]))
    dialect = session.get_bind().dialect.name
    with _indexes_later(session, len(calls)), unswept():
        for start in range(0, len(calls), BATCH):
            part = calls.iloc[start : start + BATCH]
            bulk_insert(session, Call.__table__, COLUMNS, _tuples(part, parsed, types, places, import_id, dialect))
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
    connection.exec_driver_sql("PRAGMA cache_size = -131072")  # else index pages are written out again and again
    table = cast_to(Table, Call.__table__)
    outweighs = rows >= BATCH and rows > (session.scalar(select(func.max(Call.id))) or 0)
    indexes = sorted(table.indexes, key=lambda index: str(index.name)) if outweighs else []
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


COLUMNS = (
    "identity_key", "incident_number", "received_at", "received_on", "type_id", "location_id", "person_key",
    "disposition", "import_id",
)  # fmt: skip


def _tuples(
    part: pd.DataFrame, parsed: Parsed, types: np.ndarray, places: np.ndarray, import_id: int, dialect: str
) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver takes them. Moments are texts in the very form SQLAlchemy's types store."""
    received = _moment_texts(part["utc"].to_numpy(), ".000000" if dialect == "sqlite" else "+00")
    days = np.datetime_as_string(part["day"].to_numpy().astype("datetime64[D]")).tolist()
    where: list[int | None] = [*places.tolist(), None]
    how: list[str | None] = [*parsed.dispositions, None]
    who: list[str | None] = [*parsed.persons, None]
    return zip(
        part["key"].tolist(),
        [number or None for number in part["incident"].tolist()],
        received,
        days,
        types[part["type"].to_numpy()].tolist(),
        [where[code] for code in part["location"].tolist()],
        [who[code] for code in part["person"].tolist()],
        [how[code] for code in part["disposition"].tolist()],
        [import_id] * len(part),
        strict=True,
    )


def _moment_texts(utc: np.ndarray, tail: str) -> list[str]:
    """“2018-01-01 18:19:00” and the tail, made by the column: the T in the middle is overwritten in place."""
    texts = np.datetime_as_string(utc.astype("datetime64[s]")).astype("S19")
    letters = texts.view(np.uint8).reshape(len(texts), 19)
    whole = np.empty((len(texts), 19 + len(tail)), np.uint8)
    whole[:, :19], whole[:, 10], whole[:, 19:] = letters, ord(" "), np.frombuffer(tail.encode(), np.uint8)
    return whole.view(f"S{19 + len(tail)}").ravel().astype(str).tolist()


def bulk_insert(session: Session, table: FromClause, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert tuples as fast as the driver can: executemany on SQLite, COPY on PostgreSQL."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        statement = table.insert().compile(dialect=connection.dialect, column_keys=list(columns))
        if waiting := list(rows):
            connection.exec_driver_sql(str(statement), waiting)
        return
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)


def _type_ids(session: Session, names: Sequence[str], used: np.ndarray) -> np.ndarray:
    """Ids by code. Types are the same when case, spacing and underscores are; the first spelling stays."""
    known = {folded(name): type_id for name, type_id in session.execute(select(CallType.name, CallType.id)).tuples()}
    new = {folded(names[k]): names[k] for k in used if folded(names[k]) not in known}
    if new:
        added = [CallType(name=name) for name in new.values()]
        session.add_all(added)
        session.flush()
        known |= {folded(kind.name): kind.id for kind in added}
    return np.array([known.get(folded(name), -1) for name in names], np.int64)


def _place_ids(session: Session, names: Sequence[str], used: np.ndarray) -> np.ndarray:
    wanted = [names[k] for k in used if k >= 0]
    newest = session.scalar(select(func.max(Location.id))) or 0
    known: dict[str, int] = {}
    for start in range(0, len(wanted) if newest else 0, _NAMES):
        part = Location.name.in_(wanted[start : start + _NAMES])
        known |= dict(session.execute(select(Location.name, Location.id).where(part)).tuples().all())
    new = [(name, False) for name in wanted if name not in known]
    bulk_insert(session, Location.__table__, ("name", "is_institution"), new)
    added = select(Location.name, Location.id).where(Location.id > newest)
    known |= dict(session.execute(added).tuples().all())
    return np.array([known.get(name, -1) for name in names], np.int64)


_NAMES = 5_000


def mark_gaps(session: Session) -> int:
    """Write down anew which days the stored calls leave out; gaps a person entered stay. How many runs of days."""
    rows = session.execute(
        select(Call.received_on, func.count()).group_by(Call.received_on).order_by(Call.received_on)
    ).tuples()
    counted = [((day - EPOCH).days, count) for day, count in rows]
    days, counts = (np.array(column) for column in zip(*counted, strict=True)) if counted else (np.empty(0),) * 2
    session.execute(delete(CallGap).where(CallGap.reason == DERIVED_GAP))
    runs = missing_days(days, counts)
    session.add_all(CallGap(first_day=as_day(first), last_day=as_day(last), reason=DERIVED_GAP) for first, last in runs)
    session.flush()
    return len(runs)


def as_day(number: int) -> date:
    """A day from its number since 1970-01-01."""
    return EPOCH + timedelta(days=int(number))
