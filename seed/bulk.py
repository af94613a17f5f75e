"""Rows in, tables filled: Core inserts with the ids the city chose, and sequences that go on after them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from db.models import Base

Row = dict[str, Any]
Rows = dict[type[Base], list[Row]]


def fill(connection: Connection, rows: Rows) -> dict[str, int]:
    """Insert everything in the order of the foreign keys; returns rows per table."""
    by_table: dict[Table, list[Row]] = {model.__table__: found for model, found in rows.items()}  # type: ignore[misc]
    counts: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        if found := by_table.get(table):
            connection.execute(insert(table), list(_whole(table, found)))
            counts[table.name] = len(found)
    if connection.dialect.name == "postgresql":
        _move_sequences(connection, by_table)
    return counts


def _whole(table: Table, rows: list[Row]) -> Iterable[Row]:
    """Each row with the same keys, as one statement for many needs: what a row leaves out is its default."""
    keys = {key for row in rows for key in row}
    unknown = keys - {column.key for column in table.columns}
    if unknown:
        raise KeyError(f"{table.name} has no column {sorted(unknown)}")
    blank = {key: _default(table, key) for key in keys}
    for row in rows:
        yield {**blank, **row}


def _default(table: Table, key: str) -> Any:
    default = table.columns[key].default
    return default.arg if default is not None and default.is_scalar else None  # type: ignore[attr-defined]


def _move_sequences(connection: Connection, by_table: Mapping[Table, list[Row]]) -> None:
    """The next id of each table is one more than the largest given."""
    for table in by_table:
        if "id" not in table.columns:
            continue
        name = connection.scalar(text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": f'"{table.name}"'})
        if name:
            largest = connection.scalar(select(func.max(table.columns.id)))
            connection.execute(select(func.setval(name, largest)))
