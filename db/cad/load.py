"""Storing a file's calls in bulk, within the caller's transaction: types, places, calls, units. Nothing commits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from typing import Any
from typing import cast as cast_to

import numpy as np
from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from db.cad import current
from db.cad.bulk import bulk_insert
from db.cad.gather import Calls, Gathered, Units, parts, texts_of
from db.cad.meaning import meanings
from db.cad.read import NEVER, NO_TYPE, Progress, silent, unswept
from db.cad.report import EPOCH
from db.cad.rules import folded
from db.models import Call, CallType, CallUnit, Location

BATCH = 20_000
_NAMES = 5_000


class Ids:
    """The database's ids of a file's types and places, by code; -1 for one that the database does not have."""

    def __init__(self, session: Session, gathered: Gathered) -> None:
        reading = gathered.reading
        self.types = _type_ids(session, reading.types)
        self.places = _place_ids(session, reading.places)
        self.added = 0
        """Types that were new to the database."""
        self.silent_type = reading.types.index(NO_TYPE) if NO_TYPE in reading.types else -1

    def add_missing(self, session: Session, gathered: Gathered) -> None:
        """Store the types and places the calls name and the database lacks."""
        reading, calls = gathered.reading, gathered.calls
        used = np.unique(calls.type)
        new = {folded(reading.types[k]): reading.types[k] for k in used.tolist() if self.types[k] < 0}
        if new:
            session.add_all(CallType(name=name, description=reading.described.get(name)) for name in new.values())
            session.flush()
            self.types = _type_ids(session, reading.types)
        places = np.unique(calls.location[calls.location >= 0])
        missing = places[self.places[places] < 0]
        if len(missing):
            rows = ((reading.places[k], False) for k in missing.tolist())
            bulk_insert(session, cast_to(Table, Location.__table__), ("name", "is_institution"), rows)
            self.places[missing] = _place_ids(session, [reading.places[k] for k in missing.tolist()])
        self.added = len(new)


def _type_ids(session: Session, names: Sequence[str]) -> np.ndarray:
    """Types are the same when case, spacing and underscores are; the first spelling stays."""
    known = {folded(row.name): row.id for row in session.execute(select(CallType.name, CallType.id))}
    return np.array([known.get(folded(name), -1) for name in names], np.int64)


def _place_ids(session: Session, names: Sequence[str]) -> np.ndarray:
    known: dict[str, int] = {}
    if names and session.scalar(select(Location.id).limit(1)) is not None:
        for part in parts(len(names), _NAMES):
            asked = select(Location.name, Location.id).where(Location.name.in_(names[part]))
            known |= dict(session.execute(asked).all())
    return np.array([known.get(name, -1) for name in names], np.int64)


def store(
    session: Session, gathered: Gathered, new: np.ndarray, ids: Ids, import_id: int, progress: Progress = silent
) -> None:
    """Add the calls that the mask ``new`` picks, with their units."""
    calls = gathered.calls if new.all() else gathered.calls.at(new)
    if not len(calls):
        return
    first = _reserve(session, len(calls))
    table, dialect = cast_to(Table, Call.__table__), session.get_bind().dialect.name
    columns = [name for name in COLUMNS if name not in ("person_key", "disposition") or _told(calls, name)]
    with _indexes_later(session, len(calls)), unswept():
        for part in parts(len(calls), BATCH):
            told = _columns(calls.at(part), gathered, ids, import_id, first + part.start, dialect)
            bulk_insert(session, table, columns, zip(*(told[name]() for name in columns), strict=True))
            progress("storing", part.stop, len(calls))
    if len(gathered.units):
        place = np.cumsum(new) - 1
        units = gathered.units.at(new[gathered.units.call])
        add_units(session, units, first + place[units.call], gathered.reading.units)


def add_units(session: Session, units: Units, call_ids: np.ndarray, names: list[str]) -> None:
    """Store units of the calls that have these ids."""
    table, dialect = cast_to(Table, CallUnit.__table__), session.get_bind().dialect.name
    columns = ("call_id", "unit", "dispatched_at", "arrived_at", "cleared_at")
    for part in parts(len(units), BATCH):
        told = texts_of(units.unit[part], names)
        times = (moment_texts(each[part], dialect) for each in (units.dispatched, units.arrived, units.cleared))
        rows = zip(call_ids[part].tolist(), (name or UNNAMED for name in told), *times, strict=True)
        bulk_insert(session, table, columns, rows)


UNNAMED = ""
"""The unit of times that an export tells of the call as a whole."""

COLUMNS = (
    "id", "identity_key", "incident_number", "received_at", "received_on", "type_id", "location_id", "person_key",
    "disposition", "import_id",
)  # fmt: skip


def _told(calls: Calls, name: str) -> bool:
    return bool((getattr(calls, "person" if name == "person_key" else name) >= 0).any())


def _columns(part: Calls, gathered: Gathered, ids: Ids, import_id: int, first: int, dialect: str) -> dict[str, Any]:
    """Each column of a batch, as the driver takes it, when it is called for."""
    reading = gathered.reading
    places = np.concatenate([ids.places.astype(object), np.array([None], dtype=object)])  # code -1 picks the last one
    plain = part.numbered.all() and not part.dated.any()
    keys: list[str] = part.key.tolist()
    return {
        "id": lambda: range(first, first + len(part)),
        "identity_key": lambda: keys,
        "incident_number": lambda: keys if plain else part.numbers(),
        "received_at": lambda: moment_texts(part.utc, dialect),
        "received_on": lambda: _day_texts(part.day).tolist(),
        "type_id": lambda: ids.types[part.type].tolist(),
        "location_id": lambda: places[part.location].tolist(),
        "person_key": lambda: texts_of(part.person, reading.persons),
        "disposition": lambda: texts_of(part.disposition, reading.dispositions),
        "import_id": lambda: [import_id] * len(part),
    }


def _reserve(session: Session, count: int) -> int:
    """The first of ``count`` ids for new calls. Nobody else adds calls until the transaction ends."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE call IN SHARE ROW EXCLUSIVE MODE"))  # readers go on
    first = (session.scalar(select(func.max(Call.id))) or 0) + 1
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.setval(func.pg_get_serial_sequence("call", "id"), first + count - 1)))
    return first


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
        connection.exec_driver_sql("PRAGMA cache_size = -2000")  # sorting in small pieces takes half as long
        for index in indexes:
            index.create(connection)
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {int(usual)}")


def moment_texts(utc: np.ndarray, dialect: str) -> list[str | None]:
    """Moments in the very form SQLAlchemy's types store; None for :data:`NEVER`."""
    days, seconds = np.divmod(np.where(utc == NEVER, 0, utc), 86_400)
    told = _day_texts(days) + _clock_texts(".000000" if dialect == "sqlite" else "+00")[seconds]
    told[utc == NEVER] = None
    return told.tolist()


def _day_texts(days: np.ndarray) -> np.ndarray:
    """“2018-01-01” for each, made once for each distinct day."""
    distinct, codes = np.unique(days, return_inverse=True)
    return np.datetime_as_string(distinct.astype("datetime64[D]")).astype(object)[codes]


@cache
def _clock_texts(tail: str) -> np.ndarray:
    """“ 18:19:00” and the tail, for each second of a day."""
    seconds = range(86_400)
    return np.array([f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}{tail}" for s in seconds], dtype=object)


def facts(session: Session, gathered: Gathered, ids: Ids) -> current.Facts:
    """The file's calls for counting, where they are all the calls there are."""
    calls = gathered.calls
    places = np.append(ids.places, -1)[calls.location]
    institutions = session.scalars(select(Location.id).where(Location.is_institution)).all()
    return current.Facts(
        utc=calls.utc,
        day=calls.day,
        kind=meanings(session).kinds(ids.types[calls.type], calls.day),
        person=calls.person,
        location=places,
        institution=np.isin(places, institutions),
    )


def as_day(number: int | np.integer) -> date:
    """A day from its number since 1970-01-01."""
    return EPOCH + timedelta(days=int(number))
